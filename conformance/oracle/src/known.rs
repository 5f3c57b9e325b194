//! Differences that are known, each with its reason. What is not in this table is an error of the suite.

use processing_conformance::pickle::Opcode;

use crate::check::{Check, Subject};

/// A difference that stays.
pub(crate) struct Known {
    pub(crate) check: Check,
    pub(crate) reason: &'static str,
    /// Whether this is it: what is asked about, in short how they differ, and how in this case.
    pub(crate) applies: fn(&Subject, &str, &str) -> bool,
}

pub(crate) const KNOWN: &[Known] = &[
    Known {
        check: Check::Genops3,
        reason: "genops takes names, persistent ids and STRING for ASCII; Python 3 itself reads UTF-8 in names, and \
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
        reason: "genops takes a lone quote for an empty STRING, which no unpickler does",
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
        reason: "genops of 2.7 takes a lone quote for an empty STRING, too",
        applies: |_, short, detail| {
            short == "only theirs reads on"
                && detail.contains("STRING with a malformed string literal")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "genops of 2.7 wants an L after LONG; that of 3 does not, and it is what the suite lists",
        applies: |_, short, detail| {
            short == "only ours reads on" && detail.contains("trailing 'L' required")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "Python 2.7 has no underscores in numbers, and none of 3's blanks before the L of LONG",
        applies: |_, short, detail| {
            short == "only ours reads on" && detail.contains("invalid literal for")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "int() and long() of Python 2.7 take blanks after the sign",
        applies: |_, short, detail| {
            short == "only theirs reads on" && detail.contains("with a malformed number")
        },
    },
    Known {
        check: Check::Genops2,
        reason: "names and persistent ids of Python 2 are any bytes; the notation has text for them",
        applies: |_, short, detail| {
            short == "only theirs reads on" && detail.contains("malformed text: invalid UTF-8")
        },
    },
    Known {
        check: Check::Loads3,
        reason: "whether a persistent object, class, function or buffer takes items or a state, or what a call made takes \
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
        reason: "READONLY_BUFFER makes a memoryview of a bytearray, for which the notation has no word",
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
        reason: "serde-pickle puts the state of BUILD in the place of whatever it is given to, values and classes included",
        applies: |subject, short, detail| {
            subject.lists(Opcode::Build)
                && (short == "another object" && detail.contains("is None, expected ")
                    || short == "reads what the suite does not"
                        && detail.contains("BUILD applied to "))
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle passes over a key without a value in DICT, as cPickle does",
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
        reason: "serde-pickle copies what DUP doubles, which is then filled once",
        applies: |subject, short, _| short == "another object" && subject.lists(Opcode::Dup),
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle takes what was put to a place of the memo for what is put there later, and copies what has \
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
        reason: "serde-pickle takes STRING in other forms than Python: without quotes, and with blanks around them",
        applies: |_, short, detail| {
            short.starts_with("reads what ")
                && (detail.contains("STRING") || detail.contains("the STRING opcode"))
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle takes FLOAT, INT and LONG in other forms than Python",
        applies: |_, short, detail| short == "reads what no Python does" && is_number(detail),
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle reads strings of Python 2 that are not ASCII as bytes, in pickles of Python 3, too",
        applies: |_, short, detail| {
            short == "reads what no Python does" && detail.contains("UnicodeDecodeError('ascii'")
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle passes over FRAME, however long it says that it is",
        applies: |subject, short, detail| {
            short == "reads what no Python does"
                && detail.contains("truncated")
                && subject.pickle.contains(&0x95)
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "serde-pickle does not look at what it has no use for: names, memo places, persistent ids, classes, states",
        applies: |_, short, _| short == "reads what no Python does",
    },
    Known {
        check: Check::Reference,
        reason: "the reference reads octal and hexadecimal LONG and INT as decimal, or not at all",
        applies: other_number,
    },
    Known {
        check: Check::Reference,
        reason: "the reference takes FLOAT, INT and LONG in other forms than Python",
        applies: |_, short, detail| short == "reads what no Python does" && is_number(detail),
    },
    Known {
        check: Check::Reference,
        reason: "the reference takes blanks around the quotes of STRING",
        applies: |_, short, detail| short.starts_with("reads what ") && detail.contains("STRING"),
    },
    Known {
        check: Check::Reference,
        reason: "the reference reads strings of Python 2 that are not ASCII as bytes, in pickles of Python 3, too",
        applies: |_, short, detail| {
            short == "reads what no Python does" && detail.contains("UnicodeDecodeError('ascii'")
        },
    },
    Known {
        check: Check::Reference,
        reason: "the reference joins surrogates to the character that they stand for: Rust has no others",
        applies: |_, short, detail| short == "another object" && detail.contains("\\ud"),
    },
    Known {
        check: Check::Genops3,
        reason: "genops undoes escapes in names, although it calls them noescape; no unpickler does",
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
        reason: "INT of a blank and 0 or 1 is a bool to the one in C, and an int to the one in Python",
        applies: |subject, short, _| {
            short == "another object" && subject.has_a_blank_before_a_digit()
        },
    },
    Known {
        check: Check::Pure2,
        reason: "INT of a blank and 0 or 1 is a bool to cPickle, and an int to pickle.py",
        applies: |subject, short, _| {
            short == "another object" && subject.has_a_blank_before_a_digit()
        },
    },
    Known {
        check: Check::Reference,
        reason: "INT of a blank and 0 or 1 is a bool to CPython, and an int to the reference",
        applies: |subject, short, _| {
            short == "another object" && subject.has_a_blank_before_a_digit()
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the one in Python takes any iterable as the arguments of REDUCE",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("argument list must be a tuple")
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the one in Python gives an empty state to what takes none",
        applies: |_, short, detail| short == "only Python accepts" && is_about_state(detail),
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py takes any iterable as the arguments of REDUCE",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("argument list must be a tuple")
        },
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py gives an empty state to what takes none",
        applies: |_, short, detail| short == "only Python accepts" && is_about_state(detail),
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py has its marks on the stack, where opcodes take them for objects, and reach below them; so does cPickle, \
                 which has them on a stack of their own, but not for the same objects",
        applies: |subject, _, _| subject.pickle.contains(&b'('),
    },
    Known {
        check: Check::Pure3,
        reason: "the unpickler in Python keeps to FRAME, the one in C passes over it",
        applies: |_, short, detail| {
            short == "only C accepts"
                && (detail.contains("end of frame") || detail.contains("end of current frame"))
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the one in C reads numbers with strtol and up to a NUL, the one in Python with int() and float()",
        applies: |_, short, detail| {
            short == "only C accepts"
                && (detail.contains("invalid literal for int") || detail.contains("to float"))
        },
    },
    Known {
        check: Check::Pure3,
        reason: "float() and int() take blanks, underscores, leading zeros and what overflows; the one in C does not",
        applies: |_, short, detail| {
            short == "only Python accepts"
                && (detail.contains("float") || detail.contains("to int"))
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the one in C wants something on each line, the one in Python does not",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("pickle data was truncated")
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the one in Python takes any sequence as the arguments of NEWOBJ",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("args argument must be a tuple")
        },
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle takes blanks and control characters after the literal of STRING",
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
        reason: "the memo of cPickle has text for GET and PUT, and numbers for the others: they do not find each other's",
        applies: |subject, short, detail| {
            short == "only Python accepts" && detail.contains("BadPickleGet")
                || short == "another object"
                    && (subject.pickle.contains(&b'g') || subject.pickle.contains(&b'p'))
        },
    },
    Known {
        check: Check::Pure2,
        reason: "float() and int() take blanks, underscores, leading zeros and what overflows; cPickle does not",
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
        reason: "cPickle wants something on each line, pickle.py does not",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("pickle data was truncated")
        },
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle makes a long of INT where blanks follow the number, and reads octal ones; pickle.py does not",
        applies: |_, short, detail| {
            short == "another object"
                && ["expected long", "expected int"]
                    .iter()
                    .any(|words| detail.contains(words))
        },
    },
    Known {
        check: Check::Reference,
        reason: "the reference does not look at what it has no use for, and takes a bytearray of text or as an element",
        applies: |_, short, _| short == "reads what no Python does",
    },
    Known {
        check: Check::Pure3,
        reason: "the one in C does not ask what it is to append nothing to",
        applies: |_, short, detail| short == "only C accepts" && is_about_appending(detail),
    },
    Known {
        check: Check::Pure2,
        reason: "cPickle does not ask what it is to append nothing to",
        applies: |_, short, detail| short == "only C accepts" && is_about_appending(detail),
    },
    Known {
        check: Check::Pure2,
        reason: "pickle.py takes any sequence as the arguments of NEWOBJ",
        applies: |_, short, detail| {
            short == "only Python accepts" && detail.contains("NEWOBJ expected an arg tuple")
        },
    },
    Known {
        check: Check::SerdePickle,
        reason: "str and unicode of ASCII are one key to Python 2, and two to serde-pickle",
        applies: |_, short, detail| {
            short == "another object" && detail.contains("expected nothing there")
        },
    },
    Known {
        check: Check::Reference,
        reason: "str and unicode of ASCII are one key to Python 2, and two to the reference",
        applies: |_, short, detail| {
            short == "another object" && detail.contains("expected nothing there")
        },
    },
    Known {
        check: Check::Pure3,
        reason: "the memo of the one in Python has a place for any number",
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

/// A state that is nothing, for what takes none.
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
