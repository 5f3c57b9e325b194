//! The checks, and how they compare.

use std::collections::HashSet;
use std::panic::catch_unwind;

use num_bigint::BigInt;
use processing_conformance::notation::{
    Construction, Fidelity, Graph, Node, NodeId, Text, compare,
};
use processing_conformance::pickle::{
    self, Argument, Instruction, Limits, Need, Opcode, Reading, Unpickler,
};
use processing_connection::object;

use crate::python2::Answer;
use crate::testimony::{Listing, Loaded, Testimony};

/// A comparison of two readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Check {
    /// `pickle::disassemble` and `pickletools.genops` of CPython 3
    Genops3,
    /// `pickle::well_formed` and `pickletools.dis` of CPython 3
    Dis3,
    /// `pickle::loadable` and the unpickler in C of CPython 3
    Loads3,
    /// `pickle::disassemble` and `pickletools.genops` of CPython 2.7
    Genops2,
    /// `pickle::loadable` and cPickle of CPython 2.7
    Loads2,
    /// serde-pickle, if it reads the pickle, and `pickle::read`
    SerdePickle,
    /// The reference, if it reads the pickle, and `pickle::read`
    Reference,
    /// The unpicklers of CPython 3 in Python and in C
    Pure3,
    /// The unpicklers of CPython 2.7 in Python and in C
    Pure2,
}

impl Check {
    pub(crate) const ALL: [Self; 9] = [
        Self::Genops3,
        Self::Dis3,
        Self::Loads3,
        Self::Genops2,
        Self::Loads2,
        Self::SerdePickle,
        Self::Reference,
        Self::Pure3,
        Self::Pure2,
    ];
}

/// The outcome of a check.
pub(crate) enum Agreement {
    Agreed,
    /// One of the readers does not claim to read the pickle, or the results of its calls cannot be known.
    NotCompared,
    /// How they differ: in short, and in detail for this case.
    Differed(&'static str, String),
}

use Agreement::{Agreed, Differed, NotCompared};

/// A pickle, and what the readers report about it.
pub(crate) struct Subject<'a> {
    pub(crate) pickle: &'a [u8],
    pub(crate) python_3: &'a Testimony,
    pub(crate) python_2: Option<&'a Answer>,
}

impl Subject<'_> {
    /// Whether this opcode is in the listing of CPython 3.
    pub(crate) fn lists(&self, opcode: Opcode) -> bool {
        let mut places = self.python_3.genops.places.iter().skip(1).step_by(2);
        places.any(|&byte| byte == usize::from(opcode.byte()))
    }

    pub(crate) fn check(&self, check: Check) -> Agreement {
        let python_2 = match self.python_2 {
            Some(Ok(testimony)) => Some(testimony),
            Some(Err(_)) if matches!(check, Check::Genops2) => {
                return Differed("crashed", "Python 2 crashed".to_owned());
            }
            _ => None,
        };
        match (check, python_2) {
            (Check::Genops3, _) => self.genops(&self.python_3.genops, Unpickler::Python3),
            (Check::Dis3, _) => self.dis(),
            (Check::Loads3, _) => self.loads(self.python_3, Unpickler::Python3),
            (Check::Pure3, _) => pure(self.python_3),
            (Check::SerdePickle, _) => self.serde_pickle(),
            (Check::Reference, _) => self.reference(),
            (Check::Genops2, Some(python_2)) => self.genops(&python_2.genops, Unpickler::Python2),
            (Check::Loads2, Some(python_2)) => self.loads(python_2, Unpickler::Python2),
            (Check::Pure2, Some(python_2)) => pure(python_2),
            (Check::Genops2 | Check::Loads2 | Check::Pure2, None) => NotCompared,
        }
    }

    /// Whether a place of the memo is filled again.
    pub(crate) fn fills_a_place_twice(&self) -> bool {
        let mut seen = HashSet::new();
        pickle::disassemble(self.pickle)
            .flatten()
            .any(|instruction| {
                let place = match (instruction.opcode, instruction.argument) {
                    (Opcode::BinPut | Opcode::LongBinPut, Argument::Unsigned(place)) => {
                        place.to_string()
                    }
                    (Opcode::Put, Argument::Decimal(place)) => decimal(place).to_string(),
                    (Opcode::Memoize, _) => seen.len().to_string(),
                    _ => return false,
                };
                !seen.insert(place)
            })
    }

    /// Whether `INT` has a blank and one digit. An unpickler that uses `strtol` reads these two bytes as a truth value.
    pub(crate) fn has_a_blank_before_a_digit(&self) -> bool {
        let lines = [b"I 0\n", b"I 1\n"];
        self.pickle
            .windows(4)
            .any(|bytes| lines.iter().any(|line| *line == bytes))
    }

    /// Whether something is put into the memo right after it was taken from there.
    pub(crate) fn gives_two_places(&self) -> bool {
        use Opcode::{BinGet, BinPut, Get, LongBinGet, LongBinPut, Memoize, Put};
        let opcodes: Vec<_> = pickle::disassemble(self.pickle)
            .flatten()
            .map(|instruction| instruction.opcode)
            .collect();
        opcodes.windows(2).any(|two| {
            matches!(
                two,
                [
                    Get | BinGet | LongBinGet,
                    Put | BinPut | LongBinPut | Memoize
                ]
            )
        })
    }

    fn genops(&self, theirs: &Listing, unpickler: Unpickler) -> Agreement {
        let highest = if unpickler == Unpickler::Python2 {
            2
        } else {
            5
        };
        let mut places = Vec::new();
        let mut nodes = vec![Node::None];
        let mut error = None;
        for instruction in pickle::disassemble(self.pickle) {
            match instruction {
                Ok(instruction) if instruction.opcode.protocol() <= highest => {
                    places.extend([instruction.offset, instruction.opcode.byte().into()]);
                    nodes.extend(argument(self.pickle, &instruction, unpickler));
                }
                Ok(_) => {
                    error = Some("an opcode of a later protocol".to_owned());
                    break;
                }
                Err(reason) => error = Some(reason.to_string()),
            }
        }
        if places != theirs.places || error.is_some() != theirs.error.is_some() {
            let ours = error.unwrap_or_else(|| "no error".to_owned());
            let theirs_error = theirs.error.as_deref().unwrap_or("no error");
            let (few, many) = (places.len() / 2, theirs.places.len() / 2);
            let short = if few > many {
                "only ours reads on"
            } else {
                "only theirs reads on"
            };
            return Differed(
                short,
                format!("{few} instructions and {ours}, {many} and {theirs_error} expected"),
            );
        }
        nodes[0] = Node::List((1..nodes.len()).collect());
        let ours = Graph { root: 0, nodes };
        // In Python 2, the result may be an int or a long.
        let fidelity = if highest == 2 {
            Fidelity::Values
        } else {
            Fidelity::Graph
        };
        same(&theirs.arguments, &ours, fidelity)
    }

    fn dis(&self) -> Agreement {
        let theirs = &self.python_3.dis;
        match (pickle::well_formed(self.pickle), theirs.protocol) {
            (Ok(ours), Some(protocol)) if ours.protocol == protocol => Agreed,
            (Err(_), None) => Agreed,
            (Ok(ours), Some(protocol)) => Differed(
                "another protocol",
                format!("protocol {}, expected {protocol}", ours.protocol),
            ),
            (Ok(_), None) => Differed(
                "only ours accepts",
                theirs.error.clone().unwrap_or_default(),
            ),
            (Err(error), Some(_)) => Differed("only theirs accepts", error.to_string()),
        }
    }

    fn loads(&self, python: &Testimony, unpickler: Unpickler) -> Agreement {
        let ours = pickle::loadable(self.pickle, unpickler, &Limits::default());
        if out_of_memory(&python.c) {
            return NotCompared;
        }
        if ours.as_ref().is_ok_and(|ours| !is_determined(ours)) {
            return NotCompared;
        }
        let alone = ours.as_ref().is_ok_and(|ours| ours.needs.is_empty());
        if python.loads.is_some_and(|loads| loads != alone) {
            let ours = ours.map(|ours| ours.graph.to_string());
            return Differed("the function loads", format!("ours: {ours:?}"));
        }
        match (ours, &python.c.object) {
            (Ok(ours), Some(object)) => {
                let mut needs: Vec<_> = ours.needs.iter().map(|(_, need)| spelled(need)).collect();
                needs.sort_unstable();
                if needs != python.c.needs {
                    return Differed(
                        "needs",
                        format!("needs {needs:?}, expected {:?}", python.c.needs),
                    );
                }
                same(
                    object,
                    &as_described(ours.graph, unpickler),
                    Fidelity::Graph,
                )
            }
            (Err(_), None) => Agreed,
            (Ok(ours), None) => {
                let error = python.c.error.clone().unwrap_or_default();
                Differed(
                    "only ours accepts",
                    format!("{} instead of {error}", ours.graph),
                )
            }
            (Err(error), Some(object)) => Differed(
                "only theirs accepts",
                format!("{error} instead of {object}"),
            ),
        }
    }

    fn serde_pickle(&self) -> Agreement {
        let pickle = self.pickle;
        let Ok(read) =
            catch_unwind(|| serde_pickle::value_from_slice(pickle, serde_pickle::DeOptions::new()))
        else {
            return Differed("panics", "a panic".to_owned());
        };
        self.as_a_value(read.ok().as_ref())
    }

    fn reference(&self) -> Agreement {
        let pickle = self.pickle;
        let Ok(read) =
            catch_unwind(|| object::loads(pickle, &processing_connection::Limits::default()))
        else {
            return Differed("panics", "a panic".to_owned());
        };
        self.as_a_value(read.ok().as_ref())
    }

    /// The object that was read, in profile `serde`.
    fn as_a_value(&self, value: Option<&serde_pickle::Value>) -> Agreement {
        let Some(value) = value else {
            return NotCompared;
        };
        let python_2 = self.python_2.and_then(|answer| answer.as_ref().ok());
        let accepted = self.python_3.c.object.is_some()
            || python_2.is_some_and(|python| python.c.object.is_some());
        match pickle::read(self.pickle, &Limits::default()) {
            _ if !accepted => {
                let error = self.python_3.c.error.as_deref().unwrap_or_default();
                Differed(
                    "reads what no Python does",
                    format!("{error} expected, not {}", Graph::from(value)),
                )
            }
            Ok(ours) if !is_determined(&ours) => NotCompared,
            Ok(ours) => same(&ours.graph, &Graph::from(value), Fidelity::Values),
            Err(error) => Differed("reads what the suite does not", error.to_string()),
        }
    }
}

fn out_of_memory(loaded: &Loaded) -> bool {
    loaded
        .error
        .as_deref()
        .is_some_and(|error| error.starts_with("MemoryError"))
}

fn pure(python: &Testimony) -> Agreement {
    match (&python.c.object, &python.pure.object) {
        _ if out_of_memory(&python.c) || out_of_memory(&python.pure) => NotCompared,
        (Some(c), Some(pure)) => same(c, pure, Fidelity::Graph),
        (None, None) => Agreed,
        (Some(_), None) => Differed(
            "only C accepts",
            python.pure.error.clone().unwrap_or_default(),
        ),
        (None, Some(_)) => Differed(
            "only Python accepts",
            python.c.error.clone().unwrap_or_default(),
        ),
    }
}

fn same(expected: &Graph, actual: &Graph, fidelity: Fidelity) -> Agreement {
    match compare(expected, actual, fidelity) {
        Ok(()) => Agreed,
        Err(difference) => Differed("another object", difference.to_string()),
    }
}

/// Whether the object can be known without any call: nothing in it is made by a constructor of plain values in a way
/// that only Python knows.
fn is_determined(reading: &Reading) -> bool {
    !reading.needs.iter().any(|(_, need)| match need {
        Need::Global(name) => {
            let (module, name) = name.rsplit_once('.').unwrap_or_default();
            matches!(
                (module, name),
                (
                    "__builtin__" | "builtins",
                    "set" | "frozenset" | "complex" | "bytearray" | "bytes"
                ) | ("_codecs", "encode")
                    | ("copy_reg" | "copyreg", "__newobj__")
            )
        }
        _ => false,
    })
}

/// The object in the form of the witness, whose classes are those of a running Python.
fn as_described(mut graph: Graph, unpickler: Unpickler) -> Graph {
    let empty = |graph: &Graph, id: NodeId| graph.nodes[id] == Node::Tuple(Vec::new());
    for id in 0..graph.nodes.len() {
        let construction = match &graph.nodes[id] {
            Node::Object(object) if object.construction == Construction::Old => {
                if unpickler == Unpickler::Python3 && empty(&graph, object.arguments) {
                    Construction::New
                } else {
                    Construction::Call
                }
            }
            Node::Object(object) => object.construction,
            _ => Construction::New,
        };
        match &mut graph.nodes[id] {
            Node::Object(object) => object.construction = construction,
            Node::Global { module, name } => match (unpickler, module.as_str(), name.as_str()) {
                (Unpickler::Python2, "__builtin__", "bytes") => "str".clone_into(name),
                (
                    Unpickler::Python3,
                    "__builtin__",
                    "set" | "frozenset" | "complex" | "bytearray" | "bytes",
                ) => "builtins".clone_into(module),
                (Unpickler::Python3, "copy_reg", "__newobj__") => "copyreg".clone_into(module),
                _ => {}
            },
            _ => {}
        }
    }
    graph
}

/// An argument in the form of `genops`.
fn argument(pickle: &[u8], instruction: &Instruction, unpickler: Unpickler) -> Option<Node> {
    let string = |bytes: &[u8]| match unpickler {
        Unpickler::Python2 => Node::Str(bytes.to_vec()),
        Unpickler::Python3 => Node::Unicode(Text::from_latin1(bytes)),
    };
    let name = |text: String| match unpickler {
        Unpickler::Python2 => Node::Str(text.into_bytes()),
        Unpickler::Python3 => Node::Unicode(text.into()),
    };
    Some(match instruction.argument {
        Argument::None => return None,
        Argument::Unsigned(value) => Node::Int(value.into()),
        Argument::Signed(value) => Node::Int(value.into()),
        // This is also used for PUT and GET.
        Argument::Decimal(b"00") if instruction.opcode != Opcode::Long => Node::Bool(false),
        Argument::Decimal(b"01") if instruction.opcode != Opcode::Long => Node::Bool(true),
        Argument::Decimal(digits) => Node::Int(decimal(digits)),
        Argument::TwosComplement(bytes) => Node::Int(BigInt::from_signed_bytes_le(bytes)),
        Argument::Float(value) => Node::Float(value),
        Argument::Line(line) => name(line.to_owned()),
        Argument::Names(module, member) => name(format!("{module} {member}")),
        Argument::Bytes(bytes) => match instruction.opcode {
            Opcode::BinString | Opcode::ShortBinString => string(bytes),
            Opcode::ByteArray8 => Node::ByteArray(bytes.to_vec()),
            _ => Node::Bytes(bytes.to_vec()),
        },
        Argument::Quoted(_) | Argument::RawUnicode(_) => match alone(pickle, instruction.offset) {
            Node::Str(bytes) => string(&bytes),
            other => other,
        },
        Argument::Text(text) => {
            Node::Unicode(Text::from_surrogatepass(text).expect("the text was checked"))
        }
    })
}

fn decimal(digits: &[u8]) -> BigInt {
    let digits = String::from_utf8_lossy(digits).trim().replace('_', "");
    digits.parse().expect("the digits were checked")
}

/// The text that a line means by itself, with its escapes decoded.
fn alone(pickle: &[u8], offset: usize) -> Node {
    let rest = &pickle[offset..];
    let end = rest
        .iter()
        .position(|&byte| byte == b'\n')
        .expect("the line was checked");
    let program = [&rest[..=end], b"."].concat();
    let reading = pickle::read(&program, &Limits::default());
    reading.map_or(Node::None, |reading| reading.graph.root().clone())
}

/// What is needed, in the form of the witness: with full names.
fn spelled(need: &Need) -> String {
    match need {
        Need::Global(name) => name.clone(),
        other => other.to_string(),
    }
}
