//! Graphs as pickles.

use std::collections::HashMap;

use thiserror::Error;

use super::assemble::Assembler;
use super::opcode::Opcode;
use crate::notation::{Construction, Graph, Node, NodeId, Object};

/// The number of elements that cPickle gives to one `APPENDS` or `SETITEMS`.
const BATCH: usize = 1000;

/// Why a graph has no pickle.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// Python 2 has only protocols 0 to 2.
    #[error("protocol {0} is not one of Python 2's")]
    Protocol(u8),
    /// There is no way to write this node.
    #[error("node {node} {reason}")]
    Node {
        /// The node.
        node: NodeId,
        /// Why it cannot be written.
        reason: &'static str,
    },
}

/// Pickles an object with protocol 0, 1 or 2, with the same instructions as cPickle in Python 2.7.18: containers, calls
/// and strings of two characters or more are put into the memo. (cPickle does not put an object there if nothing else
/// refers to it at that moment, which depends on the program.) In protocol 0, floats have the shortest digits, as in
/// Python 3.
///
/// Types that Python 2 does not have are written as Python 3 writes them for Python 2: `bytes` as a call of
/// `_codecs.encode`. An instance in protocol 0 or 1 is a call of `copy_reg.__newobj__`.
pub fn write(graph: &Graph, protocol: u8) -> Result<Vec<u8>, EncodeError> {
    if protocol > 2 {
        return Err(EncodeError::Protocol(protocol));
    }
    let mut encoder = Encoder {
        graph,
        out: Assembler::new(protocol),
        unshared_arguments: unshared_arguments(graph),
        memo: HashMap::new(),
        entered: HashMap::new(),
        pending: vec![Step::Save(graph.root)],
    };
    while let Some(step) = encoder.pending.pop() {
        match step {
            Step::Save(id) => encoder.save(id)?,
            Step::Write(opcode) => encoder.out.opcode(opcode),
            Step::Close(id) => encoder.close(id),
        }
    }
    encoder.out.opcode(Opcode::Stop);
    Ok(encoder.out.pickle)
}

/// The tuples that Python makes only for a call, and does not keep.
fn unshared_arguments(graph: &Graph) -> Vec<bool> {
    let mut references = vec![0usize; graph.nodes.len()];
    graph
        .nodes
        .iter()
        .flat_map(Node::references)
        .for_each(|id| references[id] += 1);
    let mut unshared = vec![false; graph.nodes.len()];
    for node in &graph.nodes {
        if let Node::Object(object) = node {
            unshared[object.arguments] = references[object.arguments] == 1;
        }
    }
    unshared
}

/// A step that is still to be done.
#[derive(Clone, Copy)]
enum Step {
    Save(NodeId),
    Write(Opcode),
    /// Make the node from its parts, which are on the stack.
    Close(NodeId),
}

struct Encoder<'a> {
    graph: &'a Graph,
    out: Assembler<'a>,
    unshared_arguments: Vec<bool>,
    memo: HashMap<NodeId, u32>,
    /// Nodes that are not made yet and whose members are being written, with the size of the memo at that time. If such
    /// a node occurs inside itself and the memo has not grown, the recursion never ends.
    entered: HashMap<NodeId, usize>,
    /// The steps that are still to be done; the last one is next.
    pending: Vec<Step>,
}

impl<'a> Encoder<'a> {
    fn save(&mut self, id: NodeId) -> Result<(), EncodeError> {
        if let Some(&place) = self.memo.get(&id) {
            self.out.get(place);
            return Ok(());
        }
        let graph = self.graph;
        match &graph.nodes[id] {
            Node::None => self.out.opcode(Opcode::None),
            Node::Bool(value) => self.out.bool(*value),
            Node::Int(value) => self.out.int(value),
            Node::Long(value) => self.out.long(value),
            Node::Float(value) => self.out.float(*value),
            Node::Str(bytes) => {
                check_length(id, bytes)?;
                self.out.str(bytes);
                if bytes.len() > 1 {
                    self.put(id);
                }
            }
            Node::Unicode(text) => {
                check_length(id, text.as_surrogatepass())?;
                self.out.unicode(text);
                if text.code_points().nth(1).is_some() {
                    self.put(id);
                }
            }
            Node::Bytes(bytes) => {
                check_length(id, bytes)?;
                self.out.bytes(bytes);
                self.put(id);
            }
            Node::ByteArray(bytes) => {
                check_length(id, bytes)?;
                self.out.bytearray(bytes);
                self.put(id);
            }
            Node::Complex(real, imaginary) => {
                self.out.complex(*real, *imaginary);
                self.put(id);
            }
            Node::List(elements) => {
                self.out.empty(Opcode::List, Opcode::EmptyList);
                self.put(id);
                let steps = self.appending(elements);
                self.queue(steps);
            }
            Node::Dict(pairs) => {
                self.out.empty(Opcode::Dict, Opcode::EmptyDict);
                self.put(id);
                let steps = self.setting(pairs);
                self.queue(steps);
            }
            Node::Tuple(members) if members.is_empty() => {
                self.out.empty(Opcode::Tuple, Opcode::EmptyTuple);
            }
            Node::Tuple(members) => {
                self.enter(id)?;
                if self.out.tuple_opcode(members.len()) == Opcode::Tuple {
                    self.out.opcode(Opcode::Mark);
                }
                self.queue(
                    members
                        .iter()
                        .map(|&id| Step::Save(id))
                        .chain([Step::Close(id)])
                        .collect(),
                );
            }
            Node::Set(elements) => self.save_set(id, "set", elements)?,
            Node::FrozenSet(elements) => self.save_set(id, "frozenset", elements)?,
            Node::Global { module, name } => {
                check_name(id, module)?;
                check_name(id, name)?;
                self.out.global(module, name);
            }
            Node::Object(object) => self.save_object(id, object)?,
            Node::Persistent(persistent) => self.save_persistent(id, *persistent)?,
            Node::Extension(code) => {
                if self.out.protocol < 2 {
                    return Err(unwritable(
                        id,
                        "is an extension code, which protocol 2 introduced",
                    ));
                }
                if i32::try_from(*code).is_err() {
                    return Err(unwritable(id, "is an extension code beyond 31 bits"));
                }
                self.out.extension(*code);
            }
            Node::Buffer(_) => {
                return Err(unwritable(
                    id,
                    "is an out-of-band buffer, which protocol 5 introduced",
                ));
            }
            Node::Unpicklable(_) => return Err(unwritable(id, "cannot be pickled")),
        }
        Ok(())
    }

    /// Writes a set or frozenset as a call with a list.
    fn save_set(
        &mut self,
        id: NodeId,
        name: &'static str,
        elements: &[NodeId],
    ) -> Result<(), EncodeError> {
        self.enter(id)?;
        self.out.global("__builtin__", name);
        let tuple = self.out.tuple_opcode(1);
        if tuple == Opcode::Tuple {
            self.out.opcode(Opcode::Mark);
        }
        self.out.empty(Opcode::List, Opcode::EmptyList);
        if !elements.is_empty() {
            self.out.put();
        }
        let mut steps = self.appending(elements);
        steps.extend([Step::Write(tuple), Step::Close(id)]);
        self.queue(steps);
        Ok(())
    }

    fn save_object(&mut self, id: NodeId, object: &'a Object) -> Result<(), EncodeError> {
        self.enter(id)?;
        let Object {
            construction,
            callable,
            arguments,
            ..
        } = *object;
        let Node::Tuple(members) = &self.graph.nodes[arguments] else {
            return Err(unwritable(id, "has arguments that are not a tuple"));
        };
        let members = members.iter().map(|&id| Step::Save(id));
        let mut steps = Vec::new();
        match (construction, self.out.protocol) {
            (Construction::Call, _) | (Construction::New, 2) => {
                steps.extend([Step::Save(callable), Step::Save(arguments)]);
            }
            (Construction::New, _) => {
                self.out.global("copy_reg", "__newobj__");
                self.out.opcode(Opcode::Mark);
                steps.push(Step::Save(callable));
                steps.extend(members);
                steps.push(Step::Write(Opcode::Tuple));
            }
            (Construction::Old, 0) => {
                let Node::Global { module, name } = &self.graph.nodes[callable] else {
                    return Err(unwritable(id, "is of a class that protocol 0 cannot name"));
                };
                check_name(callable, module)?;
                check_name(callable, name)?;
                self.out.opcode(Opcode::Mark);
                steps.extend(members);
            }
            (Construction::Old, _) => {
                self.out.opcode(Opcode::Mark);
                steps.push(Step::Save(callable));
                steps.extend(members);
            }
        }
        steps.push(Step::Close(id));
        self.queue(steps);
        Ok(())
    }

    fn save_persistent(&mut self, id: NodeId, persistent: NodeId) -> Result<(), EncodeError> {
        if self.out.protocol > 0 {
            self.enter(id)?;
            self.queue(vec![Step::Save(persistent), Step::Close(id)]);
            return Ok(());
        }
        match &self.graph.nodes[persistent] {
            Node::Str(line) if str::from_utf8(line).is_ok() && !line.contains(&b'\n') => {
                self.out.persistent(line);
                Ok(())
            }
            _ => Err(unwritable(
                id,
                "has a persistent id that is not one line of text",
            )),
        }
    }

    fn close(&mut self, id: NodeId) {
        self.entered.remove(&id);
        let graph = self.graph;
        match &graph.nodes[id] {
            Node::Tuple(members) => {
                match (self.memo.get(&id), self.out.tuple_opcode(members.len())) {
                    (None, opcode) => {
                        self.out.opcode(opcode);
                        if !self.unshared_arguments[id] {
                            self.put(id);
                        }
                    }
                    (Some(&place), opcode) => {
                        self.drop_members(members.len(), opcode);
                        self.out.get(place);
                    }
                }
            }
            Node::Set(_) | Node::FrozenSet(_) => {
                self.out.opcode(Opcode::Reduce);
                self.put_or_get(id);
            }
            Node::Object(object) => {
                self.make(object);
                if self.put_or_get(id) {
                    let mut steps = self.appending(&object.items);
                    steps.extend(self.setting(&object.pairs));
                    for &state in &object.state {
                        steps.extend([Step::Save(state), Step::Write(Opcode::Build)]);
                    }
                    self.queue(steps);
                }
            }
            _ => self.out.opcode(Opcode::BinPersId),
        }
    }

    fn make(&mut self, object: &Object) {
        match (object.construction, self.out.protocol) {
            (Construction::New, 2) => self.out.opcode(Opcode::NewObj),
            (Construction::New | Construction::Call, _) => self.out.opcode(Opcode::Reduce),
            (Construction::Old, 0) => {
                if let Node::Global { module, name } = &self.graph.nodes[object.callable] {
                    self.out.names(Opcode::Inst, module, name);
                }
            }
            (Construction::Old, _) => self.out.opcode(Opcode::Obj),
        }
    }

    /// Drops the members of a tuple that was made while its own members were being made.
    fn drop_members(&mut self, count: usize, opcode: Opcode) {
        match (self.out.protocol, opcode) {
            (1.., Opcode::Tuple) => self.out.opcode(Opcode::PopMark),
            (0, _) => (0..=count).for_each(|_| self.out.opcode(Opcode::Pop)),
            _ => (0..count).for_each(|_| self.out.opcode(Opcode::Pop)),
        }
    }

    /// Puts a completed object into the memo. If the object was already made while its parts were being made, that
    /// earlier object is used instead, and the result is false.
    fn put_or_get(&mut self, id: NodeId) -> bool {
        let before = self.memo.get(&id).copied();
        match before {
            None => self.put(id),
            Some(place) => {
                self.out.opcode(Opcode::Pop);
                self.out.get(place);
            }
        }
        before.is_none()
    }

    fn put(&mut self, id: NodeId) {
        let place = self.out.put();
        self.memo.insert(id, place);
    }

    fn enter(&mut self, id: NodeId) -> Result<(), EncodeError> {
        match self.entered.insert(id, self.memo.len()) {
            Some(before) if before == self.memo.len() => Err(unwritable(
                id,
                "contains itself without anything mutable in between",
            )),
            _ => Ok(()),
        }
    }

    fn appending(&self, elements: &[NodeId]) -> Vec<Step> {
        self.filling(elements, [Opcode::Append, Opcode::Appends], |&id, steps| {
            steps.push(Step::Save(id));
        })
    }

    fn setting(&self, pairs: &[(NodeId, NodeId)]) -> Vec<Step> {
        self.filling(
            pairs,
            [Opcode::SetItem, Opcode::SetItems],
            |&(key, value), steps| {
                steps.extend([Step::Save(key), Step::Save(value)]);
            },
        )
    }

    /// Fills a container one member at a time in protocol 0, and in batches from protocol 1 on.
    fn filling<T>(
        &self,
        members: &[T],
        [one, many]: [Opcode; 2],
        save: impl Fn(&T, &mut Vec<Step>),
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for batch in members.chunks(if self.out.protocol == 0 { 1 } else { BATCH }) {
            if batch.len() > 1 {
                steps.push(Step::Write(Opcode::Mark));
            }
            for member in batch {
                save(member, &mut steps);
            }
            steps.push(Step::Write(if batch.len() > 1 { many } else { one }));
        }
        steps
    }

    fn queue(&mut self, steps: Vec<Step>) {
        self.pending.extend(steps.into_iter().rev());
    }
}

fn check_length(node: NodeId, bytes: &[u8]) -> Result<(), EncodeError> {
    // Some bytes of Latin-1 take two bytes as text.
    match i32::try_from(bytes.len().saturating_mul(2)) {
        Ok(_) => Ok(()),
        Err(_) => Err(unwritable(node, "is longer than a gigabyte")),
    }
}

fn check_name(node: NodeId, name: &str) -> Result<(), EncodeError> {
    if name.is_empty() {
        Err(unwritable(node, "has an empty name"))
    } else if name.contains('\n') {
        Err(unwritable(node, "has a name of more than one line"))
    } else {
        Ok(())
    }
}

fn unwritable(node: NodeId, reason: &'static str) -> EncodeError {
    EncodeError::Node { node, reason }
}
