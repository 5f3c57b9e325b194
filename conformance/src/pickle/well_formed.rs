//! The rules that picklers follow, whatever a pickle means.

use std::collections::HashSet;

use num_bigint::BigInt;

use super::disassemble::{Argument, Instruction, disassemble};
use super::error::{PickleError, Reason};
use super::literal;
use super::opcode::Opcode;

/// The longest line that can name a memo slot. Python 3.13 converts no more decimal digits.
const MOST_DIGITS: usize = 4300;

/// The result of [`well_formed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WellFormed {
    /// The highest protocol that any of the opcodes needs.
    pub protocol: u8,
    /// The number of bytes up to and including `STOP`.
    pub consumed: usize,
}

/// Checks that a pickle follows the rules that `pickletools.dis` of Python 3.13 enforces and that every pickler
/// follows: arguments can be read, no opcode takes more from the stack than it holds, nothing is left on the stack at
/// the end, and each memo slot is filled only once, before it is recalled.
///
/// A well-formed pickle can be meaningless (if it appends a number to a number), and a pickle that is not well formed
/// may still be loaded (unpicklers ignore what is left on the stack). [`loadable`](super::loadable) checks the latter.
pub fn well_formed(pickle: &[u8]) -> Result<WellFormed, PickleError> {
    let mut stack = Stack::default();
    let mut protocol = 0;
    for instruction in disassemble(pickle) {
        let instruction = instruction?;
        let at = |reason| PickleError {
            offset: instruction.offset,
            reason,
        };
        stack.step(&instruction).map_err(at)?;
        protocol = protocol.max(instruction.opcode.protocol());
        if instruction.opcode == Opcode::Stop {
            return match stack.items.len() {
                0 => Ok(WellFormed {
                    protocol,
                    consumed: instruction.offset + 1,
                }),
                left => Err(at(Reason::LeftOnStack(left))),
            };
        }
    }
    unreachable!("instructions end with STOP or an error")
}

#[derive(Clone, Copy, PartialEq)]
enum Item {
    Object,
    Mark,
}

/// The stack in the model of `pickletools`: it holds the marks, and opcodes that need objects take marks as well.
#[derive(Default)]
struct Stack {
    items: Vec<Item>,
    /// The number of marks that no opcode has used yet.
    marks: usize,
    memo: HashSet<Place>,
}

/// A memo slot: `PUT` can name any integer.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    Small(u64),
    Other(BigInt),
}

impl Stack {
    fn step(&mut self, instruction: &Instruction) -> Result<(), Reason> {
        let opcode = instruction.opcode;
        let mut effect = opcode.stack_effect();
        if opcode == Opcode::Pop && self.items.last() == Some(&Item::Mark) {
            effect.to_mark = true;
            effect.pops = 0;
        }
        if effect.to_mark {
            self.marks = self.marks.checked_sub(1).ok_or(Reason::NoMark(opcode))?;
            // The mark itself may have been taken as an object before.
            while self.items.pop().ok_or(Reason::NoMark(opcode))? != Item::Mark {}
        }
        match opcode {
            Opcode::Put | Opcode::BinPut | Opcode::LongBinPut => {
                self.memoize(opcode, place(opcode, instruction.argument)?)?;
            }
            Opcode::Memoize => self.memoize(opcode, Place::Small(self.memo.len() as u64))?,
            Opcode::Get | Opcode::BinGet | Opcode::LongBinGet => {
                let place = place(opcode, instruction.argument)?;
                if !self.memo.contains(&place) {
                    return Err(Reason::NotInMemo(opcode, place.to_string()));
                }
            }
            _ => {}
        }
        let rest = self.items.len().checked_sub(effect.pops);
        self.items
            .truncate(rest.ok_or(Reason::StackUnderflow(opcode))?);
        if opcode == Opcode::Mark {
            self.marks += 1;
            self.items.push(Item::Mark);
        }
        let height = self.items.len() + effect.pushes;
        self.items.resize(height, Item::Object);
        Ok(())
    }

    fn memoize(&mut self, opcode: Opcode, place: Place) -> Result<(), Reason> {
        if self.memo.contains(&place) {
            return Err(Reason::TwiceInMemo(opcode, place.to_string()));
        }
        if self.items.last() != Some(&Item::Object) {
            return Err(Reason::StackUnderflow(opcode));
        }
        self.memo.insert(place);
        Ok(())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Small(place) => place.fmt(f),
            Self::Other(place) => place.fmt(f),
        }
    }
}

fn place(opcode: Opcode, argument: Argument) -> Result<Place, Reason> {
    match argument {
        Argument::Unsigned(place) => Ok(Place::Small(place)),
        Argument::Decimal(digits) if digits.len() > MOST_DIGITS => Err(Reason::Number(opcode)),
        Argument::Decimal(digits) => {
            let place = literal::big_integer(digits).ok_or(Reason::Number(opcode))?;
            Ok(match u64::try_from(&place) {
                Ok(place) => Place::Small(place),
                Err(_) => Place::Other(place),
            })
        }
        _ => Err(Reason::Number(opcode)),
    }
}
