//! What a pickle means: the machine that a pickle is a program for, with nodes for objects.

use num_bigint::BigInt;

use super::constructors::{Made, made_by};
use super::disassemble::{Argument, Instruction, disassemble};
use super::error::{PickleError, Reason};
use super::literal;
use super::memory::{Memory, check_limit};
use super::opcode::Opcode;
use crate::notation::{Construction, Graph, Node, NodeId, Object, Text};

/// The highest protocol there is.
const HIGHEST_PROTOCOL: u64 = 5;

/// How much a pickle may ask for. Reading takes time and memory in proportion to the pickle in any case,
/// except for decimal integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Objects.
    pub nodes: usize,
    /// Objects on the stack at one time.
    pub stack: usize,
    /// Places of the memo.
    pub memo: usize,
    /// Decimal digits of one integer.
    pub digits: usize,
}

impl Default for Limits {
    /// 2**24 of everything, 100,000 digits.
    fn default() -> Self {
        Self {
            nodes: 1 << 24,
            stack: 1 << 24,
            memo: 1 << 24,
            digits: 100_000,
        }
    }
}

/// What [`read`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The object.
    pub graph: Graph,
    /// The highest protocol that one of the opcodes needs.
    pub protocol: u8,
    /// The protocol that `PROTO` announces, which pickles of protocol 0 and 1 lack.
    pub announced: Option<u8>,
    /// How many bytes there are up to and with `STOP`.
    pub consumed: usize,
    /// How many objects and marks are left on the stack below the object. Unpicklers do not mind, and picklers
    /// leave none.
    pub left_over: usize,
}

/// Finds out which object a pickle means. Nothing is imported, called or built: what would be is a
/// [`Node::Global`] or a [`Node::Object`] in the graph.
///
/// - The strings of protocols 0 to 2 are `str`, as in Python 2. Python 3 never writes them.
/// - `LONG`, `LONG1` and `LONG4` are `long` in a pickle of protocol 0 to 2, as in Python 2, and `int` in one
///   that announces a later protocol. `INT` beyond 64 bits is like them.
/// - Calls that make a plain value are that value: `set`, `frozenset`, `complex`, `bytearray`, `bytes`, in
///   the forms that Python writes; so is `copy_reg.__newobj__`.
/// - Keyword arguments of `NEWOBJ_EX` make it a call of `copyreg.__newobj_ex__`, which means the same.
pub fn read(pickle: &[u8], limits: &Limits) -> Result<Reading, PickleError> {
    let mut machine = Machine {
        memory: Memory::new(limits),
        buffers: 0,
        announced: None,
    };
    let mut protocol = 0;
    for instruction in disassemble(pickle) {
        let instruction = instruction?;
        let Instruction { offset, opcode, .. } = instruction;
        let at = |reason| PickleError { offset, reason };
        protocol = protocol.max(opcode.protocol());
        match opcode {
            Opcode::Stop => {
                let root = machine.memory.pop(opcode).map_err(at)?;
                let left_over = machine.memory.height();
                let graph = Graph {
                    root,
                    nodes: machine.memory.nodes,
                }
                .compact();
                let announced = machine.announced;
                return Ok(Reading {
                    graph,
                    protocol,
                    announced,
                    consumed: offset + 1,
                    left_over,
                });
            }
            Opcode::Frame => {
                let left = pickle.len() - offset - 9;
                match instruction.argument {
                    Argument::Unsigned(length) if length > left as u64 => {
                        return Err(at(Reason::Announced(opcode, length)));
                    }
                    _ => {}
                }
            }
            _ => machine.step(&instruction).map_err(at)?,
        }
    }
    unreachable!("instructions end with STOP or an error")
}

struct Machine<'a> {
    memory: Memory<'a>,
    buffers: usize,
    announced: Option<u8>,
}

impl Machine<'_> {
    fn step(&mut self, instruction: &Instruction) -> Result<(), Reason> {
        let opcode = instruction.opcode;
        if let Some(node) = self.value(opcode, instruction.argument)? {
            return self.memory.push_new(node);
        }
        match (opcode, instruction.argument) {
            (Opcode::Proto, Argument::Unsigned(protocol)) => self.announce(protocol),
            (Opcode::Get, Argument::Decimal(digits)) => {
                let place = place(opcode, digits)?;
                self.memory.recall(opcode, place)
            }
            (Opcode::BinGet | Opcode::LongBinGet, Argument::Unsigned(place)) => {
                self.memory.recall(opcode, place)
            }
            (Opcode::Put, Argument::Decimal(digits)) => {
                let place = place(opcode, digits)?;
                self.memory.memoize(opcode, place)
            }
            (Opcode::BinPut | Opcode::LongBinPut, Argument::Unsigned(place)) => {
                self.memory.memoize(opcode, place)
            }
            (Opcode::Memoize, _) => self.memory.memoize(opcode, self.memory.memo_len()),
            (Opcode::Inst, Argument::Names(module, name)) => self.inst(opcode, module, name),
            _ => self.stack_step(opcode),
        }
    }

    /// The node that an opcode pushes which needs nothing from the stack.
    fn value(&mut self, opcode: Opcode, argument: Argument) -> Result<Option<Node>, Reason> {
        Ok(Some(match (opcode, argument) {
            (Opcode::None, _) => Node::None,
            (Opcode::NewTrue, _) | (Opcode::Int, Argument::Decimal(b"01")) => Node::Bool(true),
            (Opcode::NewFalse, _) | (Opcode::Int, Argument::Decimal(b"00")) => Node::Bool(false),
            (Opcode::Int, Argument::Decimal(digits)) => {
                let value = self.decimal(opcode, digits)?;
                if i64::try_from(&value).is_ok() {
                    Node::Int(value)
                } else {
                    self.long(value)
                }
            }
            (Opcode::Long, Argument::Decimal(digits)) => {
                let value = self.decimal(opcode, digits)?;
                self.long(value)
            }
            (_, Argument::TwosComplement(bytes)) => self.long(BigInt::from_signed_bytes_le(bytes)),
            (Opcode::BinInt, Argument::Signed(value)) => Node::Int(value.into()),
            (Opcode::BinInt1 | Opcode::BinInt2, Argument::Unsigned(value)) => {
                Node::Int(value.into())
            }
            (_, Argument::Float(value)) => Node::Float(value),
            (_, Argument::Quoted(content)) => {
                Node::Str(literal::unescape(content).ok_or(Reason::Literal(opcode))?)
            }
            (Opcode::BinString | Opcode::ShortBinString, Argument::Bytes(bytes)) => {
                Node::Str(bytes.to_vec())
            }
            (Opcode::ByteArray8, Argument::Bytes(bytes)) => Node::ByteArray(bytes.to_vec()),
            (_, Argument::Bytes(bytes)) => Node::Bytes(bytes.to_vec()),
            (_, Argument::RawUnicode(line)) => Node::Unicode(
                literal::raw_unicode(line).map_err(|error| Reason::Text(opcode, error))?,
            ),
            (_, Argument::Text(text)) => Node::Unicode(
                Text::from_surrogatepass(text).map_err(|error| Reason::Text(opcode, error))?,
            ),
            (Opcode::Global, Argument::Names(module, name)) => global(module, name),
            (Opcode::PersId, Argument::Line(id)) => {
                Node::Persistent(self.memory.add(Node::Str(id.as_bytes().to_vec()))?)
            }
            (Opcode::Ext1 | Opcode::Ext2, Argument::Unsigned(code)) => {
                extension(opcode, i64::try_from(code).unwrap_or(0))?
            }
            (Opcode::Ext4, Argument::Signed(code)) => extension(opcode, code.into())?,
            (Opcode::EmptyList, _) => Node::List(Vec::new()),
            (Opcode::EmptyTuple, _) => Node::Tuple(Vec::new()),
            (Opcode::EmptyDict, _) => Node::Dict(Vec::new()),
            (Opcode::EmptySet, _) => Node::Set(Vec::new()),
            (Opcode::NextBuffer, _) => {
                self.buffers += 1;
                Node::Buffer(self.buffers - 1)
            }
            _ => return Ok(None),
        }))
    }

    /// What works on the stack alone.
    fn stack_step(&mut self, opcode: Opcode) -> Result<(), Reason> {
        match opcode {
            Opcode::Mark => self.memory.mark(),
            Opcode::Pop => self.memory.pop_or_unmark(opcode),
            Opcode::PopMark => self.memory.pop_to_mark(opcode).map(drop),
            Opcode::Dup => {
                let top = self.memory.top(opcode)?;
                self.memory.push(top)
            }
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
            Opcode::FrozenSet => {
                let elements = self.memory.pop_to_mark(opcode)?;
                self.memory.push_new(Node::FrozenSet(elements))
            }
            Opcode::Dict => {
                let pairs = self.memory.pop_pairs(opcode)?;
                self.memory.push_new(Node::Dict(pairs))
            }
            Opcode::Append => {
                let element = self.memory.pop(opcode)?;
                self.append(opcode, vec![element])
            }
            Opcode::Appends | Opcode::AddItems => {
                let elements = self.memory.pop_to_mark(opcode)?;
                self.append(opcode, elements)
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
            Opcode::BinPersId => {
                let id = self.memory.pop(opcode)?;
                self.memory.push_new(Node::Persistent(id))
            }
            Opcode::ReadonlyBuffer => {
                let top = self.memory.top(opcode)?;
                match &self.memory.nodes[top] {
                    Node::Buffer(_) => Ok(()),
                    other => Err(Reason::Misapplied(opcode, other.kind())),
                }
            }
            _ => self.object_step(opcode),
        }
    }

    /// What makes objects of classes and functions.
    fn object_step(&mut self, opcode: Opcode) -> Result<(), Reason> {
        match opcode {
            Opcode::StackGlobal => {
                let name = self.memory.pop_name(opcode)?;
                let module = self.memory.pop_name(opcode)?;
                self.memory.push_new(global(&module, &name))
            }
            Opcode::Reduce => self.reduce(opcode),
            Opcode::NewObj => {
                let arguments = self.memory.pop_arguments(opcode)?;
                let class = self.memory.pop(opcode)?;
                self.push_object(Construction::New, class, arguments)
            }
            Opcode::NewObjEx => self.new_with_keywords(opcode),
            Opcode::Obj => {
                let members = self.memory.pop_to_mark(opcode)?;
                let (&class, arguments) = members
                    .split_first()
                    .ok_or(Reason::StackUnderflow(opcode))?;
                let arguments = self.memory.add(Node::Tuple(arguments.to_vec()))?;
                self.push_object(Construction::Old, class, arguments)
            }
            Opcode::Build => {
                let state = self.memory.pop(opcode)?;
                let top = self.memory.top(opcode)?;
                match &mut self.memory.nodes[top] {
                    Node::Object(object) => object.state.push(state),
                    other => return Err(Reason::Misapplied(opcode, other.kind())),
                }
                Ok(())
            }
            _ => unreachable!("{} was done before", opcode.name()),
        }
    }

    fn inst(&mut self, opcode: Opcode, module: &str, name: &str) -> Result<(), Reason> {
        let arguments = self.memory.pop_to_mark(opcode)?;
        let arguments = self.memory.add(Node::Tuple(arguments))?;
        let class = self.memory.add(global(module, name))?;
        self.push_object(Construction::Old, class, arguments)
    }

    fn reduce(&mut self, opcode: Opcode) -> Result<(), Reason> {
        let arguments = self.memory.pop_arguments(opcode)?;
        let callable = self.memory.pop(opcode)?;
        let Node::Tuple(members) = &self.memory.nodes[arguments] else {
            unreachable!("arguments are a tuple")
        };
        match made_by(&self.memory.nodes, callable, members) {
            None => self.push_object(Construction::Call, callable, arguments),
            Some(Made::Value(node)) => self.memory.push_new(node),
            Some(Made::Instance { class, arguments }) => {
                let arguments = self.memory.add(Node::Tuple(arguments))?;
                self.push_object(Construction::New, class, arguments)
            }
        }
    }

    fn new_with_keywords(&mut self, opcode: Opcode) -> Result<(), Reason> {
        let keywords = self.memory.pop(opcode)?;
        let arguments = self.memory.pop_arguments(opcode)?;
        let class = self.memory.pop(opcode)?;
        match &self.memory.nodes[keywords] {
            Node::Dict(pairs) if pairs.is_empty() => {
                self.push_object(Construction::New, class, arguments)
            }
            Node::Dict(_) => {
                let callable = self.memory.add(global("copyreg", "__newobj_ex__"))?;
                let arguments = self
                    .memory
                    .add(Node::Tuple(vec![class, arguments, keywords]))?;
                self.push_object(Construction::Call, callable, arguments)
            }
            other => Err(Reason::Misapplied(opcode, other.kind())),
        }
    }

    fn append(&mut self, opcode: Opcode, elements: Vec<NodeId>) -> Result<(), Reason> {
        let top = self.memory.top(opcode)?;
        match &mut self.memory.nodes[top] {
            Node::List(list) if opcode != Opcode::AddItems => list.extend(elements),
            Node::Object(object) if opcode != Opcode::AddItems => object.items.extend(elements),
            Node::Set(set) if opcode == Opcode::AddItems => set.extend(elements),
            other => return Err(Reason::Misapplied(opcode, other.kind())),
        }
        Ok(())
    }

    fn set_items(&mut self, opcode: Opcode, pairs: &[(NodeId, NodeId)]) -> Result<(), Reason> {
        let top = self.memory.top(opcode)?;
        match &mut self.memory.nodes[top] {
            Node::Dict(dict) => dict.extend(pairs),
            Node::Object(object) => object.pairs.extend(pairs),
            other => return Err(Reason::Misapplied(opcode, other.kind())),
        }
        Ok(())
    }

    fn announce(&mut self, protocol: u64) -> Result<(), Reason> {
        if protocol > HIGHEST_PROTOCOL {
            return Err(Reason::Announced(Opcode::Proto, protocol));
        }
        self.announced = u8::try_from(protocol).ok();
        Ok(())
    }

    fn decimal(&self, opcode: Opcode, digits: &[u8]) -> Result<BigInt, Reason> {
        check_limit("digits", digits.len(), self.memory.limits.digits)?;
        literal::big_integer(digits).ok_or(Reason::Number(opcode))
    }

    /// What the opcodes for `long` make.
    fn long(&self, value: BigInt) -> Node {
        match self.announced {
            Some(3..) => Node::Int(value),
            _ => Node::Long(value),
        }
    }

    fn tuple(&mut self, opcode: Opcode, length: usize) -> Result<(), Reason> {
        let mut members = (0..length)
            .map(|_| self.memory.pop(opcode))
            .collect::<Result<Vec<_>, _>>()?;
        members.reverse();
        self.memory.push_new(Node::Tuple(members))
    }

    fn push_object(
        &mut self,
        construction: Construction,
        callable: NodeId,
        arguments: NodeId,
    ) -> Result<(), Reason> {
        self.memory.push_new(Node::Object(Box::new(Object::new(
            construction,
            callable,
            arguments,
        ))))
    }
}

fn global(module: &str, name: &str) -> Node {
    Node::Global {
        module: module.to_owned(),
        name: name.to_owned(),
    }
}

fn extension(opcode: Opcode, code: i64) -> Result<Node, Reason> {
    match u32::try_from(code) {
        Ok(code) if code > 0 => Ok(Node::Extension(code)),
        _ => Err(Reason::ExtensionCode(opcode, code)),
    }
}

/// The place of the memo that `GET` and `PUT` mean.
fn place(opcode: Opcode, digits: &[u8]) -> Result<u64, Reason> {
    let digits = literal::integer(digits).ok_or(Reason::Number(opcode))?;
    if digits.starts_with('-') {
        return Err(Reason::Negative(opcode));
    }
    digits.parse().map_err(|_| Reason::Number(opcode))
}
