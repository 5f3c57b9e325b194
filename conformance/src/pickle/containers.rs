//! Containers, and how they are filled.

use std::collections::HashMap;

use num_traits::ToPrimitive;

use super::equality::{Class, Equality, Unhashable};
use super::error::Reason;
use super::machine::Machine;
use super::opcode::Opcode;
use super::unpickler::{Reader, Unpickler};
use crate::notation::{Node, NodeId};

/// What is known about dicts and sets apart from their content.
#[derive(Default)]
pub(super) struct Containers {
    equality: Equality,
    /// The place of each key in its dict, and of each element in its set.
    places: HashMap<(NodeId, Class), usize>,
}

impl Machine<'_> {
    /// Makes or fills a list, tuple, dict or set.
    pub(super) fn container(&mut self, opcode: Opcode) -> Result<(), Reason> {
        match opcode {
            Opcode::Tuple => {
                let members = self.memory.pop_to_mark(opcode)?;
                self.memory.push_new(Node::Tuple(members))
            }
            Opcode::Tuple1 => self.tuple(opcode, 1),
            Opcode::Tuple2 => self.tuple(opcode, 2),
            Opcode::Tuple3 => self.tuple(opcode, 3),
            Opcode::List => {
                let elements = self.memory.pop_to_mark(opcode)?;
                self.memory.push_new(Node::List(elements))
            }
            Opcode::Dict => {
                let pairs = self.memory.pop_pairs(opcode)?;
                self.memory.push_new(Node::Dict(Vec::new()))?;
                self.set_items(opcode, &pairs)
            }
            Opcode::FrozenSet => {
                let elements = self.memory.pop_to_mark(opcode)?;
                self.push_set(opcode, Node::FrozenSet(Vec::new()), &elements)
            }
            Opcode::Append => {
                let element = self.memory.pop(opcode)?;
                self.append(opcode, &[element])
            }
            Opcode::SetItem => {
                let value = self.memory.pop(opcode)?;
                let key = self.memory.pop(opcode)?;
                self.set_items(opcode, &[(key, value)])
            }
            Opcode::SetItems => {
                let pairs = self.memory.pop_pairs(opcode)?;
                self.set_items(opcode, &pairs)
            }
            Opcode::AddItems => {
                let elements = self.memory.pop_to_mark(opcode)?;
                let top = self.memory.top(opcode)?;
                match self.node(top) {
                    _ if elements.is_empty() => Ok(()),
                    Node::Set(_) => self.add_all(opcode, top, &elements),
                    other => Err(Reason::Misapplied(opcode, other.kind())),
                }
            }
            _ => {
                let elements = self.memory.pop_to_mark(opcode)?;
                self.append(opcode, &elements)
            }
        }
    }

    fn tuple(&mut self, opcode: Opcode, length: usize) -> Result<(), Reason> {
        let mut members = (0..length)
            .map(|_| self.memory.pop(opcode))
            .collect::<Result<Vec<_>, _>>()?;
        members.reverse();
        self.memory.push_new(Node::Tuple(members))
    }

    /// Pushes a new set or frozenset of these elements.
    pub(super) fn push_set(
        &mut self,
        opcode: Opcode,
        empty: Node,
        elements: &[NodeId],
    ) -> Result<(), Reason> {
        self.memory.push_new(empty)?;
        let set = self.memory.top(opcode)?;
        self.add_all(opcode, set, elements)
    }

    /// Adds elements to a set or frozenset.
    fn add_all(&mut self, opcode: Opcode, set: NodeId, elements: &[NodeId]) -> Result<(), Reason> {
        for &element in elements {
            let class = self.class(opcode, element)?;
            if let Node::Set(members) | Node::FrozenSet(members) = &mut self.memory.nodes[set] {
                self.containers
                    .places
                    .entry((set, class))
                    .or_insert_with(|| {
                        members.push(element);
                        members.len() - 1
                    });
            }
        }
        Ok(())
    }

    /// Appends to the top of the stack: lists accept anything, and bytearrays accept small integers. If there is
    /// nothing to append, Python does not check what it would append to.
    fn append(&mut self, opcode: Opcode, elements: &[NodeId]) -> Result<(), Reason> {
        let top = self.memory.top(opcode)?;
        let bytes = match self.node(top) {
            Node::ByteArray(_) => self.bytes(opcode, elements)?,
            _ => Vec::new(),
        };
        match &mut self.memory.nodes[top] {
            _ if elements.is_empty() => {}
            Node::List(list) => list.extend(elements),
            Node::Object(object) => object.items.extend(elements),
            Node::ByteArray(content) => content.extend(bytes),
            other => return Err(Reason::Misapplied(opcode, other.kind())),
        }
        Ok(())
    }

    /// Sets items of the top of the stack, which is a dict, or a list or bytearray with indices as keys.
    fn set_items(&mut self, opcode: Opcode, pairs: &[(NodeId, NodeId)]) -> Result<(), Reason> {
        let top = self.memory.top(opcode)?;
        for &(key, value) in pairs {
            match self.node(top) {
                Node::Dict(_) => self.insert(opcode, top, key, value)?,
                Node::List(_) | Node::ByteArray(_) => self.replace(opcode, top, key, value)?,
                Node::Object(_) => {}
                other => return Err(Reason::Misapplied(opcode, other.kind())),
            }
        }
        if let Node::Object(object) = &mut self.memory.nodes[top] {
            object.pairs.extend(pairs);
        }
        Ok(())
    }

    fn insert(
        &mut self,
        opcode: Opcode,
        dict: NodeId,
        key: NodeId,
        value: NodeId,
    ) -> Result<(), Reason> {
        let class = self.class(opcode, key)?;
        let Node::Dict(pairs) = &mut self.memory.nodes[dict] else {
            return Ok(());
        };
        let end = pairs.len();
        let place = *self.containers.places.entry((dict, class)).or_insert(end);
        match pairs.get_mut(place) {
            Some(pair) => pair.1 = value,
            None => pairs.push((key, value)),
        }
        Ok(())
    }

    fn replace(
        &mut self,
        opcode: Opcode,
        sequence: NodeId,
        index: NodeId,
        value: NodeId,
    ) -> Result<(), Reason> {
        let index = match self.node(index) {
            Node::Int(index) | Node::Long(index) => index.to_isize(),
            Node::Bool(index) => Some((*index).into()),
            other => return Err(Reason::Misapplied(opcode, other.kind())),
        };
        let bytes = match self.node(sequence) {
            Node::ByteArray(_) => self.bytes(opcode, &[value])?,
            _ => Vec::new(),
        };
        let place = |length: usize| match index {
            Some(index @ ..0) => length.checked_sub(index.unsigned_abs()),
            index => index.map(isize::unsigned_abs),
        };
        let replaced = match &mut self.memory.nodes[sequence] {
            Node::List(elements) => place(elements.len())
                .and_then(|place| elements.get_mut(place))
                .map(|element| *element = value),
            Node::ByteArray(content) => place(content.len())
                .and_then(|place| content.get_mut(place))
                .zip(bytes.first())
                .map(|(byte, value)| *byte = *value),
            _ => None,
        };
        replaced.ok_or(Reason::OutOfRange(opcode))
    }

    /// The bytes that a bytearray makes from elements.
    fn bytes(&self, opcode: Opcode, elements: &[NodeId]) -> Result<Vec<u8>, Reason> {
        let strings = self.reader != Reader::As(Unpickler::Python3);
        elements
            .iter()
            .map(|&element| {
                match self.node(element) {
                    Node::Int(value) | Node::Long(value) => value.to_u8(),
                    Node::Bool(value) => Some((*value).into()),
                    Node::Str(bytes) if strings && bytes.len() == 1 => bytes.first().copied(),
                    _ => None,
                }
                .ok_or(Reason::Misapplied(opcode, self.node(element).kind()))
            })
            .collect()
    }

    fn class(&mut self, opcode: Opcode, id: NodeId) -> Result<Class, Reason> {
        let class = self.containers.equality.class(&self.memory.nodes, id);
        class.map_err(|Unhashable(id)| Reason::Unhashable(opcode, self.node(id).kind()))
    }
}
