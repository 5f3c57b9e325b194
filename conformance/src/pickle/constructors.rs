//! Calls that only make a plain value.
//!
//! Pickles have no opcode for some types, so Python makes these with a call: `set`, `frozenset`, `complex` and
//! `bytearray` in Python 2.7 and, up to protocol 3 or 4, in Python 3; and `bytes` when Python 3 pickles for Python 2.
//! Each form below is written by cPickle 2.7.18 or Python 3.13.

use super::unpickler::{Reader, Unpickler};
use crate::notation::{Node, NodeId, Text};

/// The result of a known call.
pub(super) enum Made {
    /// A plain value
    Value(Node),
    /// `bytes` of Python 3
    Bytes(Vec<u8>),
    /// An empty set or frozenset, and the elements to add to it
    Set(Node, Vec<NodeId>),
    /// The result of `class.__new__(class, *arguments)`
    Instance {
        class: NodeId,
        arguments: Vec<NodeId>,
    },
}

/// Whether the effect of calling a class or function is known, and the reader can find it: Python 3 looks for the
/// modules of Python 2 only in pickles of Python 2's protocols.
pub(super) fn is_known(module: &str, name: &str, reader: Reader, announced: Option<u8>) -> bool {
    let found = match (module, reader) {
        ("__builtin__" | "copy_reg", Reader::As(Unpickler::Python3)) => announced < Some(3),
        ("builtins" | "copyreg", Reader::As(Unpickler::Python2)) => false,
        _ => true,
    };
    found
        && matches!(
            (module, name),
            (
                "__builtin__" | "builtins",
                "set" | "frozenset" | "complex" | "bytearray" | "bytes"
            ) | ("_codecs", "encode")
                | ("copy_reg" | "copyreg", "__newobj__")
        )
}

/// The result of a call, if the call is known.
pub(super) fn made_by(nodes: &[Node], callable: NodeId, arguments: &[NodeId]) -> Option<Made> {
    let Node::Global { module, name } = &nodes[callable] else {
        return None;
    };
    let value = match (module.as_str(), name.as_str()) {
        ("__builtin__" | "builtins", "set") => {
            return Some(Made::Set(
                Node::Set(Vec::new()),
                elements(nodes, arguments)?,
            ));
        }
        ("__builtin__" | "builtins", "frozenset") => {
            return Some(Made::Set(
                Node::FrozenSet(Vec::new()),
                elements(nodes, arguments)?,
            ));
        }
        ("__builtin__" | "builtins", "complex") => complex(nodes, arguments)?,
        ("__builtin__" | "builtins", "bytearray") => Node::ByteArray(bytearray(nodes, arguments)?),
        ("__builtin__" | "builtins", "bytes") if arguments.is_empty() => {
            return Some(Made::Bytes(Vec::new()));
        }
        ("_codecs", "encode") => return Some(Made::Bytes(encoded(nodes, arguments)?)),
        ("copy_reg" | "copyreg", "__newobj__") => {
            let (&class, arguments) = arguments.split_first()?;
            return Some(Made::Instance {
                class,
                arguments: arguments.to_vec(),
            });
        }
        _ => return None,
    };
    Some(Made::Value(value))
}

fn elements(nodes: &[Node], arguments: &[NodeId]) -> Option<Vec<NodeId>> {
    match arguments {
        [] => Some(Vec::new()),
        &[iterable] => match &nodes[iterable] {
            Node::List(elements) | Node::Tuple(elements) => Some(elements.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn complex(nodes: &[Node], arguments: &[NodeId]) -> Option<Node> {
    let &[real, imaginary] = arguments else {
        return None;
    };
    match (&nodes[real], &nodes[imaginary]) {
        (&Node::Float(real), &Node::Float(imaginary)) => Some(Node::Complex(real, imaginary)),
        _ => None,
    }
}

fn bytearray(nodes: &[Node], arguments: &[NodeId]) -> Option<Vec<u8>> {
    match arguments {
        [] => Some(Vec::new()),
        &[content] => match &nodes[content] {
            Node::Bytes(bytes) | Node::Str(bytes) => Some(bytes.clone()),
            _ => None,
        },
        _ => encoded(nodes, arguments),
    }
}

/// The result of `_codecs.encode` for a text and the name of Latin-1.
fn encoded(nodes: &[Node], arguments: &[NodeId]) -> Option<Vec<u8>> {
    let &[text, encoding] = arguments else {
        return None;
    };
    let encoding = match &nodes[encoding] {
        Node::Str(name) => name,
        Node::Unicode(name) => name.as_surrogatepass(),
        _ => return None,
    };
    match &nodes[text] {
        Node::Unicode(text) if matches!(encoding, b"latin1" | b"latin-1") => Text::to_latin1(text),
        _ => None,
    }
}
