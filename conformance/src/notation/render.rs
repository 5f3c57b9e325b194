//! Graphs in a form for people to read: Python's syntax, with Lisp's notation for shared objects.

use std::fmt::{self, Write};

use num_bigint::BigInt;

use super::{Construction, Graph, Node, NodeId, Object};

/// The number of bytes after which `Display` stops.
const DISPLAY_LENGTH: usize = 1000;
/// The number of bytes of one string or number that are shown.
const ATOM_LENGTH: usize = 80;
/// The number of bits above which an integer is not converted to decimal.
const INTEGER_BITS: u64 = 1 << 15;

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.python(DISPLAY_LENGTH))
    }
}

impl Graph {
    /// The object as Python 2 would show it, cut off with `...` after about `length` bytes.
    ///
    /// A shared container is `#1=[…]` where it first appears, and `#1#` after that. `b'…'` is Python 3 `bytes`, and
    /// `new` and `old` mark objects that are made without a call of their class.
    pub fn python(&self, length: usize) -> String {
        self.python_from(self.root, length)
    }

    /// [`Graph::python`] for a node other than the root.
    pub(crate) fn python_from(&self, root: NodeId, length: usize) -> String {
        let mut rendering = Rendering {
            graph: self,
            shared: shared_from(self, root),
            labels: 0,
            out: String::new(),
            pending: vec![Piece::Node(root)],
            length,
        };
        rendering.run();
        rendering.out
    }
}

/// Whether a node is shared: it is referred to at most once; it is referred to again and needs a label; or it already
/// has a label.
#[derive(Clone, Copy, PartialEq)]
enum Shared {
    No,
    Unlabelled,
    Label(usize),
}

fn shared_from(graph: &Graph, root: NodeId) -> Vec<Shared> {
    let mut met = vec![false; graph.nodes.len()];
    let mut shared = vec![Shared::No; graph.nodes.len()];
    let mut pending = vec![root];
    while let Some(id) = pending.pop() {
        if std::mem::replace(&mut met[id], true) {
            if graph.nodes[id].has_identity() {
                shared[id] = Shared::Unlabelled;
            }
        } else {
            pending.extend(graph.nodes[id].references());
        }
    }
    shared
}

/// A part that is still to be written.
enum Piece {
    Node(NodeId),
    Text(&'static str),
}

struct Rendering<'a> {
    graph: &'a Graph,
    shared: Vec<Shared>,
    labels: usize,
    out: String,
    /// The parts that are still to be written; the last one is next.
    pending: Vec<Piece>,
    length: usize,
}

impl<'a> Rendering<'a> {
    fn run(&mut self) {
        while let Some(piece) = self.pending.pop() {
            if self.out.len() > self.length {
                self.out.push_str("...");
                return;
            }
            match piece {
                Piece::Text(text) => self.out.push_str(text),
                Piece::Node(id) => self.node(id),
            }
        }
    }

    fn node(&mut self, id: NodeId) {
        match self.shared[id] {
            Shared::No => {}
            Shared::Unlabelled => {
                self.labels += 1;
                let label = self.labels;
                self.shared[id] = Shared::Label(label);
                self.push(format_args!("#{label}="));
            }
            Shared::Label(label) => return self.push(format_args!("#{label}#")),
        }
        match &self.graph.nodes[id] {
            Node::List(elements) => self.sequence("[", elements, "]"),
            Node::Tuple(elements) if elements.len() == 1 => self.sequence("(", elements, ",)"),
            Node::Tuple(elements) => self.sequence("(", elements, ")"),
            Node::Set(elements) if elements.is_empty() => self.out.push_str("set()"),
            Node::Set(elements) => self.sequence("{", elements, "}"),
            Node::FrozenSet(elements) if elements.is_empty() => self.out.push_str("frozenset()"),
            Node::FrozenSet(elements) => self.sequence("frozenset({", elements, "})"),
            Node::Dict(pairs) => {
                self.out.push('{');
                self.pending.push(Piece::Text("}"));
                self.pairs(pairs);
            }
            Node::Object(object) => self.object(object),
            Node::Persistent(id) => {
                self.out.push_str("<persistent ");
                self.pending.extend([Piece::Text(">"), Piece::Node(*id)]);
            }
            atom => self.atom(atom),
        }
    }

    fn sequence(&mut self, open: &str, elements: &[NodeId], close: &'static str) {
        self.out.push_str(open);
        self.pending.push(Piece::Text(close));
        self.elements(elements);
    }

    /// Queues the elements, but no more of them than can be shown.
    fn elements(&mut self, elements: &[NodeId]) {
        for &element in elements[1.min(elements.len())..]
            .iter()
            .take(self.length)
            .rev()
        {
            self.pending
                .extend([Piece::Node(element), Piece::Text(", ")]);
        }
        self.pending
            .extend(elements.first().map(|&element| Piece::Node(element)));
    }

    fn pairs(&mut self, pairs: &[(NodeId, NodeId)]) {
        for (place, &(key, value)) in pairs.iter().enumerate().take(self.length).rev() {
            self.pending
                .extend([Piece::Node(value), Piece::Text(": "), Piece::Node(key)]);
            if place > 0 {
                self.pending.push(Piece::Text(", "));
            }
        }
    }

    /// `datetime.date('…')`, or `<new argparse.Namespace() state {…}>`.
    fn object(&mut self, object: &'a Object) {
        let plain = object.construction == Construction::Call
            && object.state.is_empty()
            && object.items.is_empty()
            && object.pairs.is_empty();
        self.out.push_str(match object.construction {
            Construction::New => "<new ",
            Construction::Old => "<old ",
            Construction::Call if plain => "",
            Construction::Call => "<",
        });
        self.pending.push(Piece::Text(if plain { "" } else { ">" }));
        if !object.pairs.is_empty() {
            self.pending.push(Piece::Text("}"));
            self.pairs(&object.pairs);
            self.pending.push(Piece::Text(" pairs {"));
        }
        if !object.items.is_empty() {
            self.pending.push(Piece::Text("]"));
            self.elements(&object.items);
            self.pending.push(Piece::Text(" items ["));
        }
        for &state in object.state.iter().rev() {
            self.pending
                .extend([Piece::Node(state), Piece::Text(" state ")]);
        }
        if let Node::Tuple(arguments) = &self.graph.nodes[object.arguments] {
            self.pending.push(Piece::Text(")"));
            self.elements(arguments);
            self.pending.push(Piece::Text("("));
        }
        self.pending.push(Piece::Node(object.callable));
    }

    fn atom(&mut self, atom: &Node) {
        match atom {
            Node::None => self.out.push_str("None"),
            Node::Bool(true) => self.out.push_str("True"),
            Node::Bool(false) => self.out.push_str("False"),
            Node::Int(value) => self.push(Integer(value)),
            Node::Long(value) => self.push(format_args!("{}L", Integer(value))),
            Node::Float(value) => self.push(format_args!("{:?}", value.value())),
            Node::Complex(real, imaginary) => {
                self.push(format_args!(
                    "complex({:?}, {:?})",
                    real.value(),
                    imaginary.value()
                ));
            }
            Node::Str(bytes) => self.push(Quoted(bytes)),
            Node::Bytes(bytes) => self.push(format_args!("b{}", Quoted(bytes))),
            Node::ByteArray(bytes) => self.push(format_args!("bytearray({})", Quoted(bytes))),
            Node::Unicode(text) => self.push(format_args!("u'{}'", Shortened(&text.escaped()))),
            Node::Global { module, name } => {
                self.push(format_args!("{}.{}", Shortened(module), Shortened(name)));
            }
            Node::Extension(code) => self.push(format_args!("<extension {code}>")),
            Node::Buffer(place) => self.push(format_args!("<buffer {place}>")),
            Node::Unpicklable(what) => {
                self.push(format_args!("<unpicklable: {}>", Shortened(what)));
            }
            _ => unreachable!("{} is a container", atom.kind()),
        }
    }

    fn push(&mut self, text: impl fmt::Display) {
        write!(self.out, "{text}").expect("a String takes any text");
    }
}

/// An integer in decimal, unless the conversion would take long: its time grows with the square of the length.
struct Integer<'a>(&'a BigInt);

impl fmt::Display for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0.bits() {
            0..=INTEGER_BITS => Shortened(&self.0.to_string()).fmt(f),
            bits => write!(f, "<an integer of {bits} bits>"),
        }
    }
}

/// Text with control characters escaped, cut off after [`ATOM_LENGTH`] bytes of the escaped text.
pub(crate) struct Shortened<'a>(pub(crate) &'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut shown = 0;
        for (at, char) in self.0.char_indices() {
            let escape = char.is_control().then(|| char.escape_default());
            shown += match &escape {
                Some(escape) => escape.len(),
                None => char.len_utf8(),
            };
            if shown > ATOM_LENGTH {
                return write!(f, "...<{} more>", self.0.len() - at);
            }
            match escape {
                Some(escape) => write!(f, "{escape}")?,
                None => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

/// Bytes in quotes, cut off after [`ATOM_LENGTH`] bytes.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let shown = self.0.len().min(ATOM_LENGTH);
        f.write_str(&quote(&self.0[..shown]))?;
        match self.0.len() - shown {
            0 => Ok(()),
            more => write!(f, "...<{more} more>"),
        }
    }
}

/// The `repr` of a `str` in Python 2.7: in single quotes, unless the string contains these and no double quotes.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let delimiter = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push(delimiter);
    for &byte in bytes {
        match byte {
            b'\t' => quoted.push_str("\\t"),
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\\' => quoted.push_str("\\\\"),
            b' '..=b'~' if char::from(byte) == delimiter => quoted.extend(['\\', delimiter]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => write!(quoted, "\\x{byte:02x}").expect("a String takes any text"),
        }
    }
    quoted.push(delimiter);
    quoted
}
