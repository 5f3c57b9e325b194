//! Known differences, each with its reason. Any difference that is not in this table is an error in the suite.

use processing_conformance::pickle::Opcode;

use crate::check::{Check, Subject};

/// A difference that is accepted.
pub(crate) struct Known {
    pub(crate) check: Check,
    pub(crate) reason: &'static str,
    /// Whether a difference is this one. The arguments are the pickle, the difference in short, and its details.
    pub(crate) applies: fn(&Subject, &str, &str) -> bool,
}

pub(crate) const KNOWN: &[Known] = &[
    Known {
        check: Check::Genops3,
        reason: "genops reads names, persistent ids and STRING as ASCII; Python 3 itself reads UTF-8 in names, and \
                 Python 2 any bytes in STRING: the suite lists both",
        applies: |_, short, detail| {
            short == "only ours reads on" && detail.contains("UnicodeDecodeError('ascii'")
        },
    },
    Known {
        check: Check::Dis3,
        reason: "as for genops: names, persistent ids and STRING that are not ASCII",
        applies: |_, short, detail| {
            short == "only ours accepts"
                && detail.starts_with("UnicodeDecodeError: UnicodeDecodeError('ascii'")
        },
    },
    Known {
        check: Check::Genops3,
        reason: "genops accepts a lone quote as an empty STRING, which no unpickler does",
        applies: |_, short, detail| {
            short == "only theirs reads on"
                && detail.contains("STRING with a malformed string literal")
        },
    },
    Known {
        check: Check::Dis3,
        reason: "as for genops: a lone quote",
        applies: |_, short, detail| {
            short == "only theirs accepts"
                && detail.contains("STRING with a malformed string literal")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "genops of 2.7 also accepts a lone quote as an empty STRING",
        applies: |_, short, detail| {
            short == "only theirs reads on"
                && detail.contains("STRING with a malformed string literal")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "genops of 2.7 requires an L after LONG; that of 3, which the suite follows, does not",
        applies: |_, short, detail| {
            short == "only ours reads on" && detail.contains("trailing 'L' required")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "Python 2.7 accepts neither underscores in numbers nor blanks before the L of LONG, as 3 does",
        applies: |_, short, detail| {
            short == "only ours reads on" && detail.contains("invalid literal for")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "int() and long() of Python 2.7 accept blanks after the sign",
        applies: |_, short, detail| {
            short == "only theirs reads on" && detail.contains("with a malformed number")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "names and persistent ids of Python 2 can be any bytes; the notation requires text",
        applies: |_, short, detail| {
            short == "only theirs reads on" && detail.contains("malformed text: invalid UTF-8")
        },
    },
    Known {
        check: Check::Loads3,
        reason: "whether a persistent object, class, function or buffer takes items or a state, or the result of a call takes \
                 elements, only its owner knows; the notation has no place for them, so that the suite refuses it",
        applies: applied_to_the_unknown,
    },
    Known {
        check: Check::Loads2,
        reason: "as for CPython 3: items or a state of a persistent object, class or function",
        applies: applied_to_the_unknown,
    },
    Known {
        check: Check::Loads3,
        reason: "READONLY_BUFFER makes a memoryview of a bytearray, which the notation cannot express",
        applies: |_, _, detail| {
            detail.contains("READONLY_BUFFER applied to")
                || detail.contains("Misapplied(ReadonlyBuffer")
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle reads an instance as its state (its documentation says so)",
        applies: |_, short, detail| {
            short == "another object"
                && (detail.contains("expected instance ") || detail.contains("expected reduce "))
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle replaces any object with the state that BUILD gives to it, including values and classes",
        applies: |subject, short, detail| {
            subject.lists(Opcode::Build)
                && (short == "another object" && detail.contains("is None, expected ")
                    || short == "reads what the suite does not"
                        && detail.contains("BUILD applied to "))
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle ignores a key without a value in DICT, as cPickle does",
        applies: |_, short, detail| {
            short == "reads what the suite does not" && detail.contains("DICT finds a key without")
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle loses what was before the mark of OBJ: a bug",
        applies: |subject, short, _| short == "another object" && subject.lists(Opcode::Obj),
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle loses a carriage return at the end of UNICODE: a bug",
        applies: |subject, short, _| {
            short == "another object" && subject.pickle.windows(2).any(|bytes| bytes == b"\r\n")
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle copies an object that DUP duplicates, and then fills only one copy",
        applies: |subject, short, _| short == "another object" && subject.lists(Opcode::Dup),
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle confuses an object in the memo with one that is put in the same place later, and copies what has \
                 two places: bugs",
        applies: |subject, short, _| {
            short == "another object"
                && (subject.fills_a_place_twice() || subject.gives_two_places())
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle reads octal and hexadecimal LONG and INT as decimal, or not at all",
        applies: other_number,
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle accepts STRING in forms that Python does not: without quotes, or with blanks around them",
        applies: |_, short, detail| {
            short.starts_with("reads what ")
                && (detail.contains("STRING") || detail.contains("the STRING opcode"))
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle accepts FLOAT, INT and LONG in forms that Python does not",
        applies: |_, short, detail| short == "reads what no Python does" && is_number(detail),
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle reads strings of Python 2 that are not ASCII as bytes, even in pickles of Python 3",
        applies: |_, short, detail| {
            short == "reads what no Python does" && detail.contains("UnicodeDecodeError('ascii'")
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle ignores FRAME, whatever length it announces",
        applies: |subject, short, detail| {
            short == "reads what no Python does"
                && detail.contains("truncated")
                && subject.pickle.contains(&0x95)
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle does not check what it does not use: names, memo slots, persistent ids, classes, states",
        applies: |_, short, _| short == "reads what no Python does",
    },
    Known {
        check: Check::Reference,
        reason: "the reference reads octal and hexadecimal LONG and INT as decimal, or not at all",
        applies: other_number,
    },
    Known {
        check: Check::Reference,
        reason: "the reference accepts FLOAT, INT and LONG in forms that Python does not",
        applies: |_, short, detail| short == "reads what no Python does" && is_number(detail),
    },
    Known {
        check: Check::Reference,
        reason: "the reference accepts blanks around the quotes of STRING",
        applies: |_, short, detail| short.starts_with("reads what ") && detail.contains("STRING"),
    },
    Known {
        check: Check::Reference,
        reason: "the reference reads strings of Python 2 that are not ASCII as bytes, even in pickles of Python 3",
        applies: |_, short, detail| {
            short == "reads what no Python does" && detail.contains("UnicodeDecodeError('ascii'")
        },
    },
    Known {
        check: Check::Reference,
        reason: "the reference combines surrogates into the character that they mean, because Rust has no surrogates",
        applies: |_, short, detail| short == "another object" && detail.contains("\\ud"),
    },
    Known {
        check: Check::Genops3,
        reason: "genops decodes escapes in names, although it calls them noescape; no unpickler does",
        applies: escaped_name,
    },
    Known {
        check: Check::Dis3,
        reason: "as for genops: escapes in names",
        applies: escaped_name,
    },
    Known {
        check: Check::Genops2,
        reason: "genops of 2.7 reads the place of LONG_BINPUT and LONG_BINGET as a signed number",
        applies: |_, short, detail| short == "another object" && detail.contains("expected int -"),
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in C reads INT with a blank and 0 or 1 as a bool, the one in Python reads it as an int",
        applies: |subject, short, _| {
            short == "another object" && subject.has_a_blank_before_a_digit()
        },
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle reads INT with a blank and 0 or 1 as a bool, pickle.py reads it as an int",
        applies: |subject, short, _| {
            short == "another object" && subject.has_a_blank_before_a_digit()
        },
    },
    Known {
        check: Check::Reference,
        reason: "CPython reads INT with a blank and 0 or 1 as a bool, the reference reads it as an int",
        applies: |subject, short, _| {
            short == "another object" && subject.has_a_blank_before_a_digit()
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in Python accepts any iterable as the arguments of REDUCE",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("argument list must be a tuple")
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in Python gives an empty state to objects that accept no state",
        applies: |_, short, detail| short == "only Python accepts" && is_about_state(detail),
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py accepts any iterable as the arguments of REDUCE",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("argument list must be a tuple")
        },
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py gives an empty state to objects that accept no state",
        applies: |_, short, detail| short == "only Python accepts" && is_about_state(detail),
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py keeps its marks on the stack, where opcodes take them for objects and reach below them; in cPickle, \
                 which keeps them on a separate stack, opcodes also reach below them, but get other objects",
        applies: |subject, _, _| subject.pickle.contains(&b'('),
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in Python follows FRAME, the one in C ignores it",
        applies: |_, short, detail| {
            short == "only C accepts"
                && (detail.contains("end of frame") || detail.contains("end of current frame"))
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in C reads numbers with strtol up to a NUL, the one in Python with int() and float()",
        applies: |_, short, detail| {
            short == "only C accepts"
                && (detail.contains("invalid literal for int") || detail.contains("to float"))
        },
    },
    Known {
        check: Check::Pure3,
        reason: "float() and int() accept blanks, underscores, leading zeros and overflow; the unpickler in C does not",
        applies: |_, short, detail| {
            short == "only Python accepts"
                && (detail.contains("float") || detail.contains("to int"))
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in C rejects empty lines, the one in Python does not",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("pickle data was truncated")
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in Python accepts any sequence as the arguments of NEWOBJ",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("args argument must be a tuple")
        },
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle accepts blanks and control characters after the literal of STRING",
        applies: |_, short, detail| {
            short == "only C accepts" && detail.contains("insecure string pickle")
        },
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle reads numbers with strtol and up to a NUL, pickle.py with int() and long()",
        applies: |_, short, detail| {
            short == "only C accepts"
                && (detail.contains("invalid literal for") || detail.contains("null byte"))
        },
    },
    Known {
        check: Check::Pure2,
        reason: "the memo of cPickle uses text for GET and PUT and numbers for the others: they do not share places",
        applies: |subject, short, detail| {
            short == "only Python accepts" && detail.contains("BadPickleGet")
                || short == "another object"
                    && (subject.pickle.contains(&b'g') || subject.pickle.contains(&b'p'))
        },
    },
    Known {
        check: Check::Pure2,
        reason: "float() and int() accept blanks, underscores, leading zeros and overflow; cPickle does not",
        applies: |_, short, detail| {
            short == "only Python accepts"
                && (detail.contains("float") || detail.contains("to int"))
        },
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py returns a mark as an object",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("bad pickle data")
        },
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle rejects empty lines, pickle.py does not",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("pickle data was truncated")
        },
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle reads INT as a long if blanks follow the number, and accepts octal ones; pickle.py does not",
        applies: |_, short, detail| {
            short == "another object"
                && ["expected long", "expected int"]
                    .iter()
                    .any(|words| detail.contains(words))
        },
    },
    Known {
        check: Check::Reference,
        reason: "the reference does not check what it does not use, and accepts a bytearray of text or as an element",
        applies: |_, short, _| short == "reads what no Python does",
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in C does not check the target if there is nothing to append",
        applies: |_, short, detail| short == "only C accepts" && is_about_appending(detail),
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle does not check the target if there is nothing to append",
        applies: |_, short, detail| short == "only C accepts" && is_about_appending(detail),
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py accepts any sequence as the arguments of NEWOBJ",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("NEWOBJ expected an arg tuple")
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "str and unicode of ASCII are one key for Python 2, and two for serde-pickle",
        applies: |_, short, detail| {
            short == "another object" && detail.contains("expected nothing there")
        },
    },
    Known {
        check: Check::Reference,
        reason: "str and unicode of ASCII are one key for Python 2, and two for the reference",
        applies: |_, short, detail| {
            short == "another object" && detail.contains("expected nothing there")
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the memo of the unpickler in Python has a place for any number",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("int too large to convert")
        },
    },
];

fn applied_to_the_unknown(_: &Subject, short: &str, detail: &str) -> bool {
    let unknown = ["persistent", "global", "extension", "buffer"];
    let applied = |what: &str| detail.contains(&format!(" applied to {what}"));
    short == "only theirs accepts"
        && (unknown.iter().any(|kind| applied(kind))
            || applied("reduce") && detail.contains("ADDITEMS"))
}

fn is_number(detail: &str) -> bool {
    ["to float", "to int", "invalid literal for int"]
        .iter()
        .any(|words| detail.contains(words))
}

fn is_about_appending(detail: &str) -> bool {
    ["'append'", "'extend'", "'add'"]
        .iter()
        .any(|method| detail.contains(method))
}

/// The difference is about an empty state for an object that accepts no state.
fn is_about_state(detail: &str) -> bool {
    detail.contains("'__dict__'") || detail.contains("state is not a dictionary")
}

fn other_number(_: &Subject, short: &str, detail: &str) -> bool {
    short == "another object"
        && (detail.contains("expected long") || detail.contains("expected int"))
}

fn escaped_name(subject: &Subject, _: &str, detail: &str) -> bool {
    let escapes = ["Trailing", "escape at position", "is unicode"];
    subject.pickle.contains(&b'\\') && escapes.iter().any(|escape| detail.contains(escape))
}
