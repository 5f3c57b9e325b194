//! From bytes to instructions.

use super::error::{PickleError, Reason};
use super::literal;
use super::opcode::{ArgumentKind, Opcode};
use crate::notation::{Float, check_surrogatepass};

/// One instruction of a pickle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instruction<'a> {
    /// Where it begins.
    pub offset: usize,
    /// What is to be done.
    pub opcode: Opcode,
    /// With what.
    pub argument: Argument<'a>,
}

/// What follows an opcode. What is borrowed is as it stands in the pickle, and was checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument<'a> {
    /// Nothing.
    None,
    /// An unsigned integer.
    Unsigned(u64),
    /// A signed integer.
    Signed(i32),
    /// An integer in decimal; for [`Opcode::Int`] perhaps `00` or `01`, which stand for false and true.
    Decimal(&'a [u8]),
    /// An integer in two's complement, little-endian. No bytes are zero.
    TwosComplement(&'a [u8]),
    /// A float.
    Float(Float),
    /// A line.
    Line(&'a str),
    /// Module and name.
    Names(&'a str, &'a str),
    /// A string literal without its quotes.
    Quoted(&'a [u8]),
    /// Text in `raw-unicode-escape`.
    RawUnicode(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// UTF-8 with `surrogatepass`.
    Text(&'a [u8]),
}

/// The instructions of a pickle, up to `STOP` or the first error.
///
/// What is accepted is what `pickletools.genops` accepts, of Python 3.13 and, for the bytes of `STRING`,
/// of 2.7. Names may be UTF-8, as Python 3 itself has it. It is not checked whether the instructions make
/// sense one after the other: that is for [`read`](super::read).
pub fn disassemble(pickle: &[u8]) -> Disassembly<'_> {
    Disassembly {
        pickle,
        position: 0,
        over: false,
    }
}

/// Iterator over the instructions of a pickle. See [`disassemble`].
#[derive(Clone, Debug)]
pub struct Disassembly<'a> {
    pickle: &'a [u8],
    position: usize,
    over: bool,
}

impl Disassembly<'_> {
    /// Where the next instruction begins. After `STOP`: the length of the pickle.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Disassembly<'a> {
    type Item = Result<Instruction<'a>, PickleError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let offset = self.position;
        let instruction = self.instruction();
        self.over = !matches!(&instruction, Ok(instruction) if instruction.opcode != Opcode::Stop);
        Some(instruction.map_err(|reason| PickleError { offset, reason }))
    }
}

impl<'a> Disassembly<'a> {
    fn instruction(&mut self) -> Result<Instruction<'a>, Reason> {
        let offset = self.position;
        let &byte = self.pickle.get(offset).ok_or(Reason::NoStop)?;
        let opcode = Opcode::from_byte(byte).ok_or(Reason::UnknownOpcode(byte))?;
        let mut input = Input {
            rest: &self.pickle[offset + 1..],
            opcode,
        };
        let argument = input.argument()?;
        self.position = self.pickle.len() - input.rest.len();
        Ok(Instruction {
            offset,
            opcode,
            argument,
        })
    }
}

/// What comes after the opcode.
struct Input<'a> {
    rest: &'a [u8],
    opcode: Opcode,
}

impl<'a> Input<'a> {
    fn argument(&mut self) -> Result<Argument<'a>, Reason> {
        let opcode = self.opcode;
        Ok(match opcode.argument() {
            ArgumentKind::None => Argument::None,
            ArgumentKind::Unsigned(width) => Argument::Unsigned(self.unsigned(width)?),
            ArgumentKind::Signed4 => Argument::Signed(i32::from_le_bytes(self.array()?)),
            ArgumentKind::Decimal => Argument::Decimal(self.decimal(false)?),
            ArgumentKind::DecimalLong => Argument::Decimal(self.decimal(true)?),
            ArgumentKind::TwosComplement(width) => Argument::TwosComplement(self.counted(width)?),
            ArgumentKind::FloatLine => {
                Argument::Float(literal::float(self.line()?).ok_or(Reason::Number(opcode))?)
            }
            ArgumentKind::Double => {
                Argument::Float(Float::from_bits(u64::from_be_bytes(self.array()?)))
            }
            ArgumentKind::Line => Argument::Line(self.name()?),
            ArgumentKind::TwoLines => Argument::Names(self.name()?, self.name()?),
            ArgumentKind::Quoted => Argument::Quoted(self.quoted()?),
            ArgumentKind::RawUnicode => {
                let line = self.line()?;
                literal::raw_unicode(line).map_err(|error| Reason::Text(opcode, error))?;
                Argument::RawUnicode(line)
            }
            ArgumentKind::Bytes(width) => Argument::Bytes(self.counted(width)?),
            ArgumentKind::Text(width) => {
                let text = self.counted(width)?;
                check_surrogatepass(text).map_err(|error| Reason::Text(opcode, error))?;
                Argument::Text(text)
            }
        })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Reason::Truncated(self.opcode))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        Ok(self.take(N)?.try_into().expect("as many were taken"))
    }

    fn unsigned(&mut self, width: usize) -> Result<u64, Reason> {
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(bytes))
    }

    /// Bytes after their length.
    fn counted(&mut self, width: usize) -> Result<&'a [u8], Reason> {
        let length = self.unsigned(width)?;
        let signed = matches!(self.opcode, Opcode::BinString | Opcode::Long4);
        if signed && length > u64::from(i32::MAX.unsigned_abs()) {
            return Err(Reason::Negative(self.opcode));
        }
        self.take(usize::try_from(length).map_err(|_| Reason::Truncated(self.opcode))?)
    }

    fn line(&mut self) -> Result<&'a [u8], Reason> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(end.ok_or(Reason::Truncated(self.opcode))?)?;
        self.take(1)?;
        Ok(line)
    }

    fn name(&mut self) -> Result<&'a str, Reason> {
        let line = self.line()?;
        str::from_utf8(line).map_err(|error| {
            Reason::Text(
                self.opcode,
                crate::notation::NotText::Utf8(error.valid_up_to()),
            )
        })
    }

    fn decimal(&mut self, long: bool) -> Result<&'a [u8], Reason> {
        let line = self.line()?;
        let digits = if long {
            line.strip_suffix(b"L").unwrap_or(line)
        } else {
            line
        };
        literal::integer(digits).ok_or(Reason::Number(self.opcode))?;
        Ok(digits)
    }

    fn quoted(&mut self) -> Result<&'a [u8], Reason> {
        let content = literal::unquote(self.line()?).ok_or(Reason::Literal(self.opcode))?;
        literal::unescape(content).ok_or(Reason::Literal(self.opcode))?;
        Ok(content)
    }
}
