//! The pickle machine, which runs the opcodes and builds the graph of objects that they describe.
//! Nothing that a pickle names is ever called; only a few constructors of plain values are
//! imitated.

use std::collections::HashMap;

use super::graph::{Body, Constructor, Item, Object};
use super::opcode::{self as op, name};
use super::reader::Reader;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Runs a pickle up to its STOP, and returns its objects and the one that is the result. Bytes
/// after STOP are ignored, as in `cPickle.loads`.
pub(super) fn run<'p>(payload: &'p [u8], limits: &Limits) -> Result<(Vec<Object<'p>>, Item<'p>)> {
    let mut machine = Machine {
        reader: Reader::new(payload),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        objects: Vec::new(),
        copied: 0,
        copies_allowed: limits.pickle_growth.saturating_add(payload.len() as u64),
        limits: *limits,
    };
    loop {
        match machine.reader.opcode()? {
            op::STOP => {
                let result = machine.pop()?;
                return Ok((machine.objects, result));
            }
            opcode => machine.step(opcode)?,
        }
    }
}

pub(super) struct Machine<'p> {
    pub(super) reader: Reader<'p>,
    stack: Vec<Item<'p>>,
    /// The heights of the stack at which the marks are.
    marks: Vec<usize>,
    memo: HashMap<u64, Item<'p>>,
    pub(super) objects: Vec<Object<'p>>,
    /// The weight of the items and bytes that constructors copied from one object to another.
    copied: u64,
    copies_allowed: u64,
    pub(super) limits: Limits,
}

impl<'p> Machine<'p> {
    /// Runs the opcodes of the stack and the memo.
    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            op::PROTO => self.check_protocol()?,
            op::FRAME => self.check_frame()?,

            op::MARK => self.marks.push(self.stack.len()),
            op::POP if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
            op::POP => drop(self.pop()?),
            op::POP_MARK => drop(self.pop_to_mark()?),
            op::DUP => self.stack.push(self.top()?),

            op::PUT => {
                let slot = self.slot_in_line()?;
                self.put(slot)?;
            }
            op::BINPUT => {
                let slot = self.reader.u8()?.into();
                self.put(slot)?;
            }
            op::LONG_BINPUT => {
                let slot = self.reader.u32()?.into();
                self.put(slot)?;
            }
            op::MEMOIZE => self.put(self.memo.len() as u64)?,
            op::GET => {
                let slot = self.slot_in_line()?;
                self.get(slot)?;
            }
            op::BINGET => {
                let slot = self.reader.u8()?.into();
                self.get(slot)?;
            }
            op::LONG_BINGET => {
                let slot = self.reader.u32()?.into();
                self.get(slot)?;
            }

            _ => return self.build(opcode),
        }
        Ok(())
    }

    /// Runs the opcodes that make and fill containers.
    fn build(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            op::EMPTY_LIST => self.push_object(Body::List(Vec::new())),
            op::EMPTY_TUPLE => self.push_object(Body::Tuple(Vec::new())),
            op::EMPTY_DICT => self.push_object(Body::Dict(Vec::new())),
            op::EMPTY_SET => self.push_object(Body::Set(Vec::new())),
            op::LIST => {
                let items = self.pop_to_mark()?;
                self.push_object(Body::List(items));
            }
            op::TUPLE => {
                let items = self.pop_to_mark()?;
                self.push_object(Body::Tuple(items));
            }
            op::FROZENSET => {
                let items = self.pop_to_mark()?;
                self.push_object(Body::FrozenSet(items));
            }
            op::DICT => {
                let items = self.pop_pairs()?;
                self.push_object(Body::Dict(items));
            }
            op::TUPLE1 => self.push_tuple(1)?,
            op::TUPLE2 => self.push_tuple(2)?,
            op::TUPLE3 => self.push_tuple(3)?,

            op::APPEND => {
                let item = self.pop()?;
                let items = self.list()?;
                if items.is_empty() {
                    // Most nested lists have one item; with room for four, most of their memory
                    // would be unused.
                    items.reserve_exact(1);
                }
                items.push(item);
            }
            op::APPENDS => {
                let items = self.pop_to_mark()?;
                self.list()?.extend(items);
            }
            op::SETITEM => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.dict()?.extend([key, value]);
            }
            op::SETITEMS => {
                let items = self.pop_pairs()?;
                self.dict()?.extend(items);
            }
            op::ADDITEMS => {
                let items = self.pop_to_mark()?;
                self.set()?.extend(items);
            }

            _ => return self.call(opcode),
        }
        Ok(())
    }

    /// Runs the opcodes that call constructors of values, and refuses all others that would run
    /// code.
    fn call(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            op::GLOBAL => {
                let module = self.reader.name()?;
                let name = self.reader.name()?;
                self.push_global(module, name)?;
            }
            op::STACK_GLOBAL => self.stack_global()?,
            op::REDUCE => self.reduce()?,
            op::INST => {
                let module = self.reader.name()?;
                let name = self.reader.name()?;
                return Err(self.reader.needs_class(format!("{module}.{name}")));
            }
            op::OBJ | op::NEWOBJ | op::NEWOBJ_EX => {
                return Err(self.instance(opcode));
            }
            op::BUILD => return Err(self.reader.unrepresentable("an instance with state")),
            op::EXT1 => {
                let code = self.reader.u8()?.into();
                return Err(self.extension(code));
            }
            op::EXT2 => {
                let code = u16::from_le_bytes(self.reader.array()?).into();
                return Err(self.extension(code));
            }
            op::EXT4 => {
                let code = i32::from_le_bytes(self.reader.array()?).into();
                return Err(self.extension(code));
            }
            op::PERSID | op::BINPERSID => {
                return Err(self.reader.unrepresentable("a persistent id"));
            }
            op::NEXT_BUFFER | op::READONLY_BUFFER => {
                return Err(self.reader.unrepresentable("an out-of-band buffer"));
            }
            _ => {
                let item = self.scalar(opcode)?;
                self.stack.push(item);
            }
        }
        Ok(())
    }

    /// Refuses to make an instance. Classes other than the known ones were refused where they were
    /// named.
    fn instance(&self, opcode: u8) -> Error {
        let place = match opcode {
            op::OBJ => Some(self.floor()),
            op::NEWOBJ => self.stack.len().checked_sub(2),
            _ => self.stack.len().checked_sub(3),
        };
        if let Some(Item::Constructor(constructor)) = place.and_then(|place| self.stack.get(place))
        {
            return self.reader.needs_class(constructor.name());
        }
        let reason = format!(
            "{} of something that is not a class",
            name(opcode).unwrap_or_default()
        );
        self.reader.unrepresentable(reason)
    }

    fn extension(&self, code: i64) -> Error {
        self.reader
            .needs_class(format!("the class of copy_reg's extension code {code}"))
    }

    fn check_protocol(&mut self) -> Result<()> {
        match self.reader.u8()? {
            0..=5 => Ok(()),
            protocol => Err(self
                .reader
                .not_a_pickle(format!("there is no pickle protocol {protocol}"))),
        }
    }

    fn check_frame(&mut self) -> Result<()> {
        let length = u64::from_le_bytes(self.reader.array()?);
        self.reader.check_left(length)
    }

    pub(super) fn object(&mut self, body: Body<'p>) -> Item<'p> {
        self.objects.push(Object {
            at: self.reader.at,
            body,
        });
        Item::Object(self.objects.len() - 1)
    }

    pub(super) fn body(&self, item: Item<'p>) -> Option<&Body<'p>> {
        match item {
            Item::Object(index) => Some(&self.objects[index].body),
            _ => None,
        }
    }

    fn push_object(&mut self, body: Body<'p>) {
        let item = self.object(body);
        self.stack.push(item);
    }

    fn push_tuple(&mut self, length: usize) -> Result<()> {
        let floor = self
            .stack
            .len()
            .checked_sub(length)
            .filter(|floor| *floor >= self.floor());
        let floor = floor.ok_or_else(|| self.underflow())?;
        let items = self.stack.split_off(floor);
        self.push_object(Body::Tuple(items));
        Ok(())
    }

    fn stack_global(&mut self) -> Result<()> {
        let name = self.pop()?;
        let module = self.pop()?;
        let texts = self.text(module).zip(self.text(name));
        match texts.map(|(module, name)| (module.to_owned(), name.to_owned())) {
            Some((module, name)) => self.push_global(&module, &name),
            None => Err(self.reader.not_a_pickle("the name of a global is not text")),
        }
    }

    fn push_global(&mut self, module: &str, name: &str) -> Result<()> {
        let constructor = Constructor::find(module, name)
            .ok_or_else(|| self.reader.needs_class(format!("{module}.{name}")))?;
        self.stack.push(Item::Constructor(constructor));
        Ok(())
    }

    fn reduce(&mut self) -> Result<()> {
        let arguments = self.pop()?;
        let Item::Constructor(constructor) = self.pop()? else {
            return Err(self
                .reader
                .not_a_pickle("REDUCE of something that is not callable"));
        };
        let Some(Body::Tuple(arguments)) = self.body(arguments) else {
            return Err(self
                .reader
                .not_a_pickle("REDUCE with arguments that are not a tuple"));
        };
        // The constructors that are imitated take at most two arguments.
        let result = match arguments[..] {
            [] => self.construct(constructor, &[]),
            [one] => self.construct(constructor, &[one]),
            [one, two] => self.construct(constructor, &[one, two]),
            _ if constructor == Constructor::Reconstructor => {
                Err(self.reader.needs_class(constructor.name()))
            }
            _ => Err(self
                .reader
                .not_a_pickle(format!("{} with too many arguments", constructor.name()))),
        };
        self.stack.push(result?);
        Ok(())
    }

    /// Counts what a constructor copies, since a few bytes of a pickle can ask for a copy again and
    /// again.
    pub(super) fn charge(&mut self, weight: usize) -> Result<()> {
        self.copied = self.copied.saturating_add(weight as u64);
        if self.copied <= self.copies_allowed {
            return Ok(());
        }
        Err(Error::PickleLimit {
            limit: "pickle_growth",
            allowed: self.limits.pickle_growth,
            offset: self.reader.at,
        })
    }

    fn list(&mut self) -> Result<&mut Vec<Item<'p>>> {
        self.container(
            "APPEND to something that is not a list",
            |body| match body {
                Body::List(items) => Some(items),
                _ => None,
            },
        )
    }

    fn dict(&mut self) -> Result<&mut Vec<Item<'p>>> {
        self.container(
            "SETITEM on something that is not a dict",
            |body| match body {
                Body::Dict(items) => Some(items),
                _ => None,
            },
        )
    }

    fn set(&mut self) -> Result<&mut Vec<Item<'p>>> {
        self.container(
            "ADDITEMS to something that is not a set",
            |body| match body {
                Body::Set(items) => Some(items),
                _ => None,
            },
        )
    }

    fn container(
        &mut self,
        otherwise: &str,
        select: for<'a> fn(&'a mut Body<'p>) -> Option<&'a mut Vec<Item<'p>>>,
    ) -> Result<&mut Vec<Item<'p>>> {
        let top = self.top()?;
        let Self {
            objects, reader, ..
        } = self;
        let object = match top {
            Item::Object(index) => Some(&mut objects[index]),
            _ => None,
        };
        object
            .and_then(|object| select(&mut object.body))
            .ok_or_else(|| reader.not_a_pickle(otherwise))
    }

    fn put(&mut self, slot: u64) -> Result<()> {
        let item = self.top()?;
        self.memo.insert(slot, item);
        Ok(())
    }

    fn get(&mut self, slot: u64) -> Result<()> {
        match self.memo.get(&slot) {
            Some(item) => {
                self.stack.push(*item);
                Ok(())
            }
            None => Err(self
                .reader
                .not_a_pickle(format!("memo slot {slot} is empty"))),
        }
    }

    fn slot_in_line(&mut self) -> Result<u64> {
        let slot = self.reader.text_line()?.parse();
        slot.map_err(|_| self.reader.not_a_pickle("not a memo slot number"))
    }

    /// Returns the height of the stack at the last mark, below which nothing may be popped.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Item<'p>> {
        match self.stack.last() {
            Some(item) if self.stack.len() > self.floor() => Ok(*item),
            _ => Err(self.underflow()),
        }
    }

    fn pop(&mut self) -> Result<Item<'p>> {
        let item = self.top()?;
        self.stack.pop();
        Ok(item)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Item<'p>>> {
        let mark = self.marks.pop();
        let mark = mark.ok_or_else(|| self.reader.not_a_pickle("there is no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn pop_pairs(&mut self) -> Result<Vec<Item<'p>>> {
        let items = self.pop_to_mark()?;
        if items.len() % 2 == 0 {
            Ok(items)
        } else {
            Err(self.reader.not_a_pickle("a key has no value"))
        }
    }

    fn underflow(&self) -> Error {
        self.reader.not_a_pickle("the stack is empty")
    }
}
