//! Programs of opcodes: random ones, and ones that keep track of the stack.

use processing_conformance::pickle::Opcode;

use crate::arguments::instruction;

const LONGEST: usize = 40;

/// Opcodes in any order.
pub(crate) fn random(rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut pickle = Vec::new();
    for _ in 0..rng.usize(1..LONGEST) {
        let opcode = Opcode::ALL[rng.usize(..Opcode::ALL.len())];
        instruction(rng, opcode, &mut pickle);
    }
    pickle.push(Opcode::Stop.byte());
    pickle
}

/// Opcodes that mostly find what they need on the stack and in the memo.
pub(crate) fn sensible(rng: &mut fastrand::Rng) -> Vec<u8> {
    let highest = [2, 2, 5, 5, 5, 0, 1, 3, 4][rng.usize(..9)];
    let opcodes: Vec<Opcode> = Opcode::ALL
        .iter()
        .copied()
        .filter(|opcode| opcode.protocol() <= highest && *opcode != Opcode::Stop)
        .collect();
    let mut program = Program::default();
    if highest >= 2 && rng.u8(..10) > 0 {
        program.pickle.extend([Opcode::Proto.byte(), highest]);
    }
    let length = rng.usize(1..LONGEST);
    while program.instructions < length {
        let opcode = opcodes[rng.usize(..opcodes.len())];
        if rng.u8(..200) == 0 || program.suits(rng, opcode) {
            program.add(rng, opcode);
        }
        if highest < 5 || rng.u8(..20) > 0 {
            continue;
        }
        program.call(rng);
    }
    program.finish(rng)
}

/// An object on the stack, as far as it matters for the opcodes that follow.
#[derive(Clone, Copy, PartialEq)]
enum Thing {
    Atom,
    Text,
    List,
    Tuple,
    Dict,
    Set,
    Bytearray,
    Buffer,
    /// A class or function
    Callable,
    /// An object that a stand-in made
    Object,
    Mark,
}

#[derive(Default)]
struct Program {
    pickle: Vec<u8>,
    instructions: usize,
    stack: Vec<Thing>,
    memo: Vec<(u8, Thing)>,
}

impl Program {
    /// The number of things above the topmost mark.
    fn reach(&self) -> usize {
        let mark = self.stack.iter().rposition(|&thing| thing == Thing::Mark);
        self.stack.len() - mark.map_or(0, |mark| mark + 1)
    }

    /// The n-th thing from the top.
    fn thing(&self, n: usize) -> Option<Thing> {
        self.stack
            .len()
            .checked_sub(n + 1)
            .map(|place| self.stack[place])
    }

    /// The thing below the topmost mark.
    fn below_mark(&self) -> Option<Thing> {
        self.thing(self.reach() + 1)
    }

    fn marked(&self) -> bool {
        self.stack.contains(&Thing::Mark)
    }

    fn suits(&self, rng: &mut fastrand::Rng, opcode: Opcode) -> bool {
        let (reach, top) = (self.reach(), self.thing(0));
        let is_callable = |thing| matches!(thing, Some(Thing::Callable | Thing::Object));
        let anything = rng.u8(..4) == 0;
        let is_key = |thing| anything || matches!(thing, Some(Thing::Atom | Thing::Text));
        match opcode {
            Opcode::Mark => self.stack.len() < 30 && rng.bool(),
            Opcode::Pop | Opcode::PopMark => !self.stack.is_empty() && rng.u8(..4) == 0,
            Opcode::Dup
            | Opcode::Tuple1
            | Opcode::BinPersId
            | Opcode::Put
            | Opcode::BinPut
            | Opcode::LongBinPut
            | Opcode::Memoize => reach >= 1,
            Opcode::Tuple2 => reach >= 2,
            Opcode::Tuple3 => reach >= 3,
            Opcode::Tuple | Opcode::List | Opcode::Inst => self.marked(),
            Opcode::FrozenSet => self.marked() && (0..reach).all(|n| is_key(self.thing(n))),
            Opcode::Dict => {
                self.marked()
                    && reach.is_multiple_of(2)
                    && (0..reach / 2).all(|n| is_key(self.thing(2 * n + 1)))
            }
            Opcode::Append => {
                reach >= 2
                    && matches!(
                        self.thing(1),
                        Some(Thing::List | Thing::Object | Thing::Bytearray)
                    )
            }
            Opcode::Appends => matches!(
                self.below_mark(),
                Some(Thing::List | Thing::Object | Thing::Bytearray)
            ),
            Opcode::AddItems => {
                self.below_mark() == Some(Thing::Set) && (0..reach).all(|n| is_key(self.thing(n)))
            }
            Opcode::SetItem => {
                reach >= 3
                    && matches!(
                        self.thing(2),
                        Some(Thing::Dict | Thing::Object | Thing::List)
                    )
                    && is_key(self.thing(1))
            }
            Opcode::SetItems => {
                matches!(
                    self.below_mark(),
                    Some(Thing::Dict | Thing::Object | Thing::List)
                ) && reach.is_multiple_of(2)
                    && (0..reach / 2).all(|n| is_key(self.thing(2 * n + 1)))
            }
            Opcode::Build => reach >= 2 && self.thing(1) == Some(Thing::Object),
            Opcode::Reduce | Opcode::NewObj => {
                reach >= 2 && top == Some(Thing::Tuple) && is_callable(self.thing(1))
            }
            Opcode::NewObjEx => {
                reach >= 3
                    && top == Some(Thing::Dict)
                    && self.thing(1) == Some(Thing::Tuple)
                    && is_callable(self.thing(2))
            }
            Opcode::Obj => reach >= 1 && self.marked() && is_callable(self.thing(reach - 1)),
            Opcode::StackGlobal => {
                reach >= 2 && top == Some(Thing::Text) && self.thing(1) == Some(Thing::Text)
            }
            Opcode::ReadonlyBuffer => {
                reach >= 1 && matches!(top, Some(Thing::Buffer | Thing::Bytearray))
            }
            Opcode::Get | Opcode::BinGet | Opcode::LongBinGet => !self.memo.is_empty(),
            _ => true,
        }
    }

    fn add(&mut self, rng: &mut fastrand::Rng, opcode: Opcode) {
        self.instructions += 1;
        match opcode {
            Opcode::Put | Opcode::BinPut | Opcode::LongBinPut => return self.put(rng, opcode),
            Opcode::Get | Opcode::BinGet | Opcode::LongBinGet if !self.memo.is_empty() => {
                let (place, thing) = self.memo[rng.usize(..self.memo.len())];
                self.place(opcode, place);
                return self.stack.push(thing);
            }
            _ => instruction(rng, opcode, &mut self.pickle),
        }
        if opcode == Opcode::Memoize {
            let place = u8::try_from(self.memo.len()).unwrap_or(u8::MAX);
            return self
                .memo
                .push((place, self.thing(0).unwrap_or(Thing::Atom)));
        }
        let effect = opcode.stack_effect();
        let top = self.thing(0).unwrap_or(Thing::Atom);
        if effect.to_mark || (opcode == Opcode::Pop && top == Thing::Mark) {
            let mark = self.stack.len().saturating_sub(self.reach() + 1);
            self.stack.truncate(mark);
        } else if opcode == Opcode::Pop {
            self.stack.pop();
            return;
        }
        let keeps = match opcode {
            Opcode::Append | Opcode::Build => 1,
            Opcode::SetItem => 2,
            Opcode::Appends | Opcode::AddItems | Opcode::SetItems | Opcode::Dup => 0,
            _ => {
                self.stack
                    .truncate(self.stack.len().saturating_sub(effect.pops));
                if opcode == Opcode::Mark {
                    self.stack.push(Thing::Mark);
                }
                if effect.pushes == 1 {
                    self.stack.push(made_by(opcode));
                }
                return;
            }
        };
        self.stack.truncate(self.stack.len().saturating_sub(keeps));
        if opcode == Opcode::Dup {
            self.stack.push(top);
        }
    }

    /// Puts the top of the stack into the memo, mostly at a new place.
    fn put(&mut self, rng: &mut fastrand::Rng, opcode: Opcode) {
        let place = match rng.u8(..8) {
            0 => rng.u8(..4),
            _ => u8::try_from(self.memo.len()).unwrap_or(u8::MAX),
        };
        self.place(opcode, place);
        self.memo
            .push((place, self.thing(0).unwrap_or(Thing::Atom)));
    }

    fn place(&mut self, opcode: Opcode, place: u8) {
        self.pickle.push(opcode.byte());
        match opcode {
            Opcode::Get | Opcode::Put => self.pickle.extend(format!("{place}\n").bytes()),
            Opcode::BinGet | Opcode::BinPut => self.pickle.push(place),
            _ => self.pickle.extend(u32::from(place).to_le_bytes()),
        }
    }

    /// Calls a class with the top of the stack, as picklers do.
    fn call(&mut self, rng: &mut fastrand::Rng) {
        if self.reach() == 0 {
            return;
        }
        let (module, name) = [
            ("builtins", "set"),
            ("builtins", "frozenset"),
            ("builtins", "bytearray"),
            ("m", "C"),
        ][rng.usize(..4)];
        let argument = self.stack.pop().unwrap_or(Thing::Atom);
        // The class must be below its arguments, which are therefore put aside.
        let place = 200;
        self.place(Opcode::BinPut, place);
        self.pickle.push(Opcode::Pop.byte());
        self.pickle.extend(format!("c{module}\n{name}\n").bytes());
        self.place(Opcode::BinGet, place);
        self.pickle
            .extend([Opcode::Tuple1.byte(), Opcode::Reduce.byte()]);
        self.memo.push((place, argument));
        self.stack.push(match name {
            "set" => Thing::Set,
            "bytearray" => Thing::Bytearray,
            "C" => Thing::Object,
            _ => Thing::Atom,
        });
    }

    /// Usually combines everything into one thing, because a pickler leaves nothing on the stack.
    fn finish(mut self, rng: &mut fastrand::Rng) -> Vec<u8> {
        if rng.u8(..8) > 0 {
            while self.marked() {
                self.add(rng, Opcode::Tuple);
            }
            while self.stack.len() > 1 {
                let opcode = if self.stack.len() > 2 {
                    Opcode::Tuple3
                } else {
                    Opcode::Tuple2
                };
                self.add(rng, opcode);
            }
        }
        if self.stack.is_empty() {
            self.add(rng, Opcode::None);
        }
        self.pickle.push(Opcode::Stop.byte());
        self.pickle
    }
}

fn made_by(opcode: Opcode) -> Thing {
    match opcode {
        Opcode::EmptyList | Opcode::List => Thing::List,
        Opcode::EmptyTuple | Opcode::Tuple | Opcode::Tuple1 | Opcode::Tuple2 | Opcode::Tuple3 => {
            Thing::Tuple
        }
        Opcode::EmptyDict | Opcode::Dict => Thing::Dict,
        Opcode::EmptySet => Thing::Set,
        Opcode::ByteArray8 => Thing::Bytearray,
        Opcode::NextBuffer | Opcode::ReadonlyBuffer => Thing::Buffer,
        Opcode::Global | Opcode::StackGlobal | Opcode::Ext1 | Opcode::Ext2 | Opcode::Ext4 => {
            Thing::Callable
        }
        Opcode::Reduce
        | Opcode::NewObj
        | Opcode::NewObjEx
        | Opcode::Inst
        | Opcode::Obj
        | Opcode::PersId
        | Opcode::BinPersId => Thing::Object,
        Opcode::Unicode | Opcode::BinUnicode | Opcode::ShortBinUnicode | Opcode::BinUnicode8 => {
            Thing::Text
        }
        _ => Thing::Atom,
    }
}
