//! Which objects Python considers to be the same key.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use num_bigint::BigInt;
use num_traits::FromPrimitive;

use crate::notation::{Float, Node, NodeId};

/// A class of equal objects, named by the first of them.
pub(super) type Class = NodeId;

/// An object that cannot be a key, because it is mutable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unhashable(pub(super) NodeId);

/// Sorts objects into classes of equal ones. Each tuple and frozenset is examined only once, however often its class is
/// needed. Otherwise a key of shared tuples would take exponential time, as it does in Python.
#[derive(Default)]
pub(super) struct Equality {
    hasher: RandomState,
    /// The first object of each class that is neither a tuple nor a frozenset, by its hash.
    atoms: HashTable<(u64, NodeId)>,
    /// The first tuple or frozenset of each class.
    composites: HashMap<Composite, NodeId>,
    /// The classes of the tuples and frozensets that have been examined.
    classes: HashMap<NodeId, Class>,
}

/// The value that decides whether two objects without members are equal.
#[derive(PartialEq, Eq, Hash)]
enum Atom<'n> {
    None,
    Integer(Cow<'n, BigInt>),
    /// The bits of a float that is not an integer
    Fraction(u64),
    Complex(Box<[Atom<'n>; 2]>),
    /// ASCII text, which is equal as `str` and as `unicode` in Python 2; Python 3 reads both as one type.
    Ascii(&'n [u8]),
    Str(&'n [u8]),
    Bytes(&'n [u8]),
    Unicode(&'n [u8]),
    Global(&'n str, &'n str),
    Extension(u32),
    /// An object that is equal only to itself: a NaN, or an object whose own class decides about equality
    Identity(NodeId),
}

/// The value that decides whether two tuples or two frozensets are equal.
#[derive(PartialEq, Eq, Hash)]
enum Composite {
    Tuple(Vec<Class>),
    /// In ascending order
    FrozenSet(Vec<Class>),
}

impl Equality {
    /// The class of an object.
    pub(super) fn class(&mut self, nodes: &[Node], id: NodeId) -> Result<Class, Unhashable> {
        let Some(outermost) = members(&nodes[id]) else {
            return self.class_of_atom(nodes, id);
        };
        let mut pending = vec![(id, outermost)];
        while let Some(&(id, of_it)) = pending.last() {
            let before = pending.len();
            if !self.classes.contains_key(&id) {
                let unknown = |&member: &NodeId| {
                    let known = self.classes.contains_key(&member);
                    members(&nodes[member])
                        .filter(|_| !known)
                        .map(|inner| (member, inner))
                };
                pending.extend(of_it.iter().filter_map(unknown));
            }
            if pending.len() == before {
                self.class_of_composite(nodes, id, of_it)?;
                pending.pop();
            }
        }
        Ok(self.classes[&id])
    }

    /// Finds the class of a tuple or frozenset, after those of the tuples and frozensets in it.
    fn class_of_composite(
        &mut self,
        nodes: &[Node],
        id: NodeId,
        members: &[NodeId],
    ) -> Result<(), Unhashable> {
        if self.classes.contains_key(&id) {
            return Ok(());
        }
        let mut classes = members
            .iter()
            .map(|member| match self.classes.get(member) {
                Some(&class) => Ok(class),
                None => self.class_of_atom(nodes, *member),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let composite = if let Node::Tuple(_) = nodes[id] {
            Composite::Tuple(classes)
        } else {
            classes.sort_unstable();
            Composite::FrozenSet(classes)
        };
        let class = *self.composites.entry(composite).or_insert(id);
        self.classes.insert(id, class);
        Ok(())
    }

    fn class_of_atom(&mut self, nodes: &[Node], id: NodeId) -> Result<Class, Unhashable> {
        let atom = Atom::of(nodes, id)?;
        let hash = self.hasher.hash_one(&atom);
        let equal =
            |&(_, other): &(u64, NodeId)| Atom::of(nodes, other).is_ok_and(|other| other == atom);
        let entry = self.atoms.entry(hash, equal, |&(hash, _)| hash);
        Ok(entry.or_insert((hash, id)).get().1)
    }
}

impl<'n> Atom<'n> {
    fn of(nodes: &'n [Node], id: NodeId) -> Result<Self, Unhashable> {
        Ok(match &nodes[id] {
            Node::None => Self::None,
            Node::Bool(value) => Self::Integer(Cow::Owned(BigInt::from(*value))),
            Node::Int(value) | Node::Long(value) => Self::Integer(Cow::Borrowed(value)),
            Node::Float(value) => Self::float(*value, id),
            Node::Complex(real, imaginary) if imaginary.value() == 0.0 => Self::float(*real, id),
            Node::Complex(real, imaginary) => {
                match [*real, *imaginary].map(|part| Self::float(part, id)) {
                    [Self::Identity(_), _] | [_, Self::Identity(_)] => Self::Identity(id),
                    parts => Self::Complex(Box::new(parts)),
                }
            }
            Node::Str(bytes) if bytes.is_ascii() => Self::Ascii(bytes),
            Node::Str(bytes) => Self::Str(bytes),
            Node::Unicode(text) => match text.as_surrogatepass() {
                ascii if ascii.is_ascii() => Self::Ascii(ascii),
                text => Self::Unicode(text),
            },
            Node::Bytes(bytes) => Self::Bytes(bytes),
            Node::Global { module, name } => Self::Global(module, name),
            Node::Extension(code) => Self::Extension(*code),
            Node::ByteArray(_) | Node::List(_) | Node::Set(_) | Node::Dict(_) => {
                return Err(Unhashable(id));
            }
            _ => Self::Identity(id),
        })
    }

    fn float(value: Float, id: NodeId) -> Self {
        let value = value.value();
        match BigInt::from_f64(value) {
            _ if value.is_nan() => Self::Identity(id),
            Some(integer) if value.fract() == 0.0 => Self::Integer(Cow::Owned(integer)),
            _ => Self::Fraction(value.to_bits()),
        }
    }
}

/// The members of a tuple or frozenset.
fn members(node: &Node) -> Option<&[NodeId]> {
    match node {
        Node::Tuple(members) | Node::FrozenSet(members) => Some(members),
        _ => None,
    }
}
