//! The memory of a pickle machine: its objects, its stack with the marks, and its memo.

use std::collections::HashMap;

use super::error::Reason;
use super::opcode::Opcode;
use super::reading::Limits;
use super::unpickler::{Place, Reader};
use crate::notation::{Node, NodeId};

pub(super) struct Memory<'a> {
    pub(super) limits: &'a Limits,
    pub(super) nodes: Vec<Node>,
    reader: Reader,
    stack: Vec<NodeId>,
    /// The heights of the stack at which there are marks. Where marks are not fences, the stack can be lower by now.
    marks: Vec<usize>,
    memo: HashMap<Place, NodeId>,
    /// The nodes of `None`, the truth values and the integers of one byte. These have no identity, so one node for each
    /// is enough.
    common: HashMap<Common, NodeId>,
}

/// An object that has only one node, however often it is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Common {
    None,
    Bool(bool),
    Byte(u8),
}

impl<'a> Memory<'a> {
    pub(super) fn new(limits: &'a Limits, reader: Reader) -> Self {
        Self {
            limits,
            nodes: Vec::new(),
            reader,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            common: HashMap::new(),
        }
    }

    /// The number of objects and marks on the stack.
    pub(super) fn height(&self) -> usize {
        self.stack.len() + self.marks.len()
    }

    pub(super) fn mark(&mut self) -> Result<(), Reason> {
        self.marks.push(self.stack.len());
        check_limit("marks", self.marks.len(), self.limits.stack)
    }

    /// The number of memo slots that are in use.
    pub(super) fn memo_len(&self) -> u64 {
        self.memo.len() as u64
    }

    pub(super) fn recall(&mut self, opcode: Opcode, place: &Place) -> Result<(), Reason> {
        match self.memo.get(place) {
            Some(&id) => self.push(id),
            None => Err(Reason::NotInMemo(opcode, place.to_string())),
        }
    }

    pub(super) fn memoize(&mut self, opcode: Opcode, place: Place) -> Result<(), Reason> {
        let top = self.top(opcode)?;
        self.memo.insert(place, top);
        check_limit("memo slots", self.memo.len(), self.limits.memo)
    }

    pub(super) fn push_new(&mut self, node: Node) -> Result<(), Reason> {
        let id = self.add(node)?;
        self.push(id)
    }

    pub(super) fn push_common(&mut self, common: Common) -> Result<(), Reason> {
        if let Some(&id) = self.common.get(&common) {
            return self.push(id);
        }
        let id = self.add(match common {
            Common::None => Node::None,
            Common::Bool(value) => Node::Bool(value),
            Common::Byte(value) => Node::Int(value.into()),
        })?;
        self.common.insert(common, id);
        self.push(id)
    }

    pub(super) fn add(&mut self, node: Node) -> Result<NodeId, Reason> {
        self.nodes.push(node);
        check_limit("objects", self.nodes.len(), self.limits.nodes)?;
        Ok(self.nodes.len() - 1)
    }

    pub(super) fn push(&mut self, id: NodeId) -> Result<(), Reason> {
        self.stack.push(id);
        check_limit("objects on the stack", self.stack.len(), self.limits.stack)
    }

    /// The height of the stack below which objects cannot be reached.
    fn fence(&self) -> usize {
        match self.marks.last() {
            Some(&mark) if self.reader.fences_marks() => mark,
            _ => 0,
        }
    }

    pub(super) fn top(&self, opcode: Opcode) -> Result<NodeId, Reason> {
        self.stack[self.fence()..]
            .last()
            .copied()
            .ok_or(Reason::StackUnderflow(opcode))
    }

    pub(super) fn pop(&mut self, opcode: Opcode) -> Result<NodeId, Reason> {
        let top = self.top(opcode)?;
        self.stack.pop();
        Ok(top)
    }

    pub(super) fn pop_to_mark(&mut self, opcode: Opcode) -> Result<Vec<NodeId>, Reason> {
        let mark = self.marks.pop().ok_or(Reason::NoMark(opcode))?;
        if mark <= self.stack.len() {
            Ok(self.stack.split_off(mark))
        } else if matches!(opcode, Opcode::Dict | Opcode::PopMark) {
            // cPickle counts the objects above the mark, and accepts a negative number.
            Ok(Vec::new())
        } else {
            Err(Reason::StackUnderflow(opcode))
        }
    }

    pub(super) fn pop_pairs(&mut self, opcode: Opcode) -> Result<Vec<(NodeId, NodeId)>, Reason> {
        let members = self.pop_to_mark(opcode)?;
        let (pairs, rest) = members.as_chunks::<2>();
        if !rest.is_empty() && !self.reader.passes_over_odd_key(opcode) {
            return Err(Reason::OddPairs(opcode));
        }
        Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
    }

    pub(super) fn pop_arguments(&mut self, opcode: Opcode) -> Result<NodeId, Reason> {
        let id = self.pop(opcode)?;
        match &self.nodes[id] {
            Node::Tuple(_) => Ok(id),
            other => Err(Reason::Misapplied(opcode, other.kind())),
        }
    }

    pub(super) fn pop_name(&mut self, opcode: Opcode) -> Result<String, Reason> {
        let id = self.pop(opcode)?;
        let node = &self.nodes[id];
        match node {
            Node::Unicode(text) => text.to_utf8().map(str::to_owned),
            // Python 3 reads it as text, so it must be UTF-8.
            Node::Str(bytes) if bytes.is_ascii() => String::from_utf8(bytes.clone()).ok(),
            _ => None,
        }
        .ok_or(Reason::Misapplied(opcode, node.kind()))
    }

    /// Removes the mark if it is on top, as Python does, and otherwise the object on top.
    pub(super) fn pop_or_unmark(&mut self, opcode: Opcode) -> Result<(), Reason> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            Ok(())
        } else {
            self.pop(opcode).map(drop)
        }
    }
}

pub(super) fn check_limit(what: &'static str, count: usize, limit: usize) -> Result<(), Reason> {
    if count > limit {
        Err(Reason::Limit { what, limit })
    } else {
        Ok(())
    }
}
