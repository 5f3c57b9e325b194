//! The machine that runs the program in a pickle, with nodes in place of objects.

use std::collections::{HashMap, HashSet};

use super::containers::Containers;
use super::error::{PickleError, Reason};
use super::memory::{Common, Memory};
use super::opcode::Opcode;
use super::reading::{Limits, Need, Reading};
use super::scan::{Raw, Scan};
use super::unpickler::{Place, Reader};
use crate::notation::{Graph, Node, NodeId};

/// The number of elements and bytes that calls may copy from one object to another, in addition to four for each byte
/// of the pickle. Without a limit, a few bytes could convert a long list to a set again and again.
const COPIES: usize = 1 << 16;

/// Runs a pickle up to `STOP` or the first error.
pub(super) fn run(pickle: &[u8], reader: Reader, limits: &Limits) -> Result<Reading, PickleError> {
    let copies = COPIES + 4 * pickle.len();
    let mut machine = Machine {
        reader,
        memory: Memory::new(limits, reader),
        containers: Containers::default(),
        buffers: 0,
        announced: None,
        needs: HashMap::new(),
        called: HashSet::new(),
        copies,
        copies_left: copies,
        offset: 0,
    };
    let mut protocol = 0;
    for raw in Scan::new(pickle) {
        let raw = raw?;
        machine.offset = raw.offset;
        protocol = protocol.max(raw.opcode.protocol());
        let left = pickle.len() - raw.offset - 1;
        let at = |reason| PickleError {
            offset: raw.offset,
            reason,
        };
        if raw.opcode == Opcode::Stop {
            let root = machine.memory.pop(raw.opcode).map_err(at)?;
            return Ok(machine.reading(root, protocol));
        }
        machine.step(&raw, left).map_err(at)?;
    }
    unreachable!("instructions end with STOP or an error")
}

pub(super) struct Machine<'a> {
    pub(super) reader: Reader,
    pub(super) memory: Memory<'a>,
    pub(super) containers: Containers,
    /// The number of out-of-band buffers that have been requested.
    pub(super) buffers: usize,
    /// The protocol of the last `PROTO`.
    pub(super) announced: Option<u8>,
    /// Everything that is needed, with the offset at which it is needed first.
    needs: HashMap<Need, usize>,
    /// Classes and functions that are needed because they are called. Their names can be long.
    pub(super) called: HashSet<NodeId>,
    /// The number of elements and bytes that calls may still copy.
    copies_left: usize,
    /// The number that they may copy in total.
    copies: usize,
    /// The offset of the current instruction.
    offset: usize,
}

impl Machine<'_> {
    /// Counts the elements and bytes that a call copies.
    pub(super) fn charge(&mut self, copies: usize) -> Result<(), Reason> {
        self.copies_left = self.copies_left.checked_sub(copies).ok_or(Reason::Limit {
            what: "elements and bytes copied by calls",
            limit: self.copies,
        })?;
        Ok(())
    }

    fn step(&mut self, raw: &Raw, left: usize) -> Result<(), Reason> {
        let opcode = raw.opcode;
        if opcode.protocol() > self.reader.highest_protocol() {
            return Err(Reason::UnknownOpcode(opcode.byte()));
        }
        if let Some(common) = common(raw) {
            return self.memory.push_common(common);
        }
        if let Some(node) = self.value(raw)? {
            return self.memory.push_new(node);
        }
        match opcode {
            Opcode::Proto => self.announce(raw.operand),
            Opcode::Frame => {
                let length = raw.unsigned();
                if length > left.saturating_sub(8) as u64 {
                    return Err(Reason::Announced(opcode, length));
                }
                Ok(())
            }
            Opcode::Get | Opcode::BinGet | Opcode::LongBinGet => {
                let place = self.place(raw)?;
                self.memory.recall(opcode, &place)
            }
            Opcode::Put | Opcode::BinPut | Opcode::LongBinPut => {
                let place = self.place(raw)?;
                self.memory.memoize(opcode, place)
            }
            Opcode::Memoize => {
                let place = Place::Number(self.memory.memo_len());
                self.memory.memoize(opcode, place)
            }
            Opcode::Mark => self.memory.mark(),
            Opcode::Pop => self.memory.pop_or_unmark(opcode),
            Opcode::PopMark => self.memory.pop_to_mark(opcode).map(drop),
            Opcode::Dup => {
                let top = self.memory.top(opcode)?;
                self.memory.push(top)
            }
            Opcode::Tuple
            | Opcode::Tuple1
            | Opcode::Tuple2
            | Opcode::Tuple3
            | Opcode::List
            | Opcode::Dict
            | Opcode::FrozenSet
            | Opcode::Append
            | Opcode::Appends
            | Opcode::AddItems
            | Opcode::SetItem
            | Opcode::SetItems => self.container(opcode),
            _ => self.object(raw),
        }
    }

    fn place(&self, raw: &Raw) -> Result<Place, Reason> {
        match raw.opcode {
            Opcode::Get | Opcode::Put => self.reader.place(raw.opcode, raw.operand),
            _ => Ok(Place::Number(raw.unsigned())),
        }
    }

    fn announce(&mut self, operand: &[u8]) -> Result<(), Reason> {
        match operand {
            &[protocol] if protocol <= self.reader.highest_protocol() => {
                self.announced = Some(protocol);
                Ok(())
            }
            _ => {
                let protocol = operand.first().copied().unwrap_or_default();
                Err(Reason::Announced(Opcode::Proto, protocol.into()))
            }
        }
    }

    /// Records that something is needed beyond the pickle, and where.
    pub(super) fn need(&mut self, need: Need) {
        self.needs.entry(need).or_insert(self.offset);
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.memory.nodes[id]
    }

    fn reading(self, root: NodeId, protocol: u8) -> Reading {
        let mut needs: Vec<_> = self
            .needs
            .into_iter()
            .map(|(need, offset)| (offset, need))
            .collect();
        needs.sort_unstable();
        let left_over = self.memory.height();
        Reading {
            graph: Graph {
                root,
                nodes: self.memory.nodes,
            }
            .compact(),
            protocol,
            announced: self.announced,
            consumed: self.offset + 1,
            left_over,
            needs,
        }
    }
}

fn common(raw: &Raw) -> Option<Common> {
    Some(match (raw.opcode, raw.operand) {
        (Opcode::None, _) => Common::None,
        (Opcode::NewTrue, _) => Common::Bool(true),
        (Opcode::NewFalse, _) => Common::Bool(false),
        (Opcode::BinInt1, &[byte]) => Common::Byte(byte),
        _ => return None,
    })
}
