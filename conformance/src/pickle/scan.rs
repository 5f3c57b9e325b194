//! Where each instruction of a pickle begins and ends, regardless of what its argument means.
//!
//! Readers of pickles differ in how they interpret an argument (`pickletools` and `cPickle` read different forms of a
//! decimal integer), but not in where it ends.

use super::error::{PickleError, Reason};
use super::opcode::{ArgumentKind, Opcode};

/// An instruction, with its argument unchanged from the pickle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    /// The offset at which it begins.
    pub(super) offset: usize,
    /// The operation.
    pub(super) opcode: Opcode,
    /// The bytes of the argument, without the length before it and without the end of the line after it. If there are
    /// two lines, the end of the first one is included.
    pub(super) operand: &'a [u8],
}

/// The instructions of a pickle, up to `STOP` or the first error.
#[derive(Clone, Debug)]
pub(super) struct Scan<'a> {
    pickle: &'a [u8],
    /// The offset of the next instruction; after `STOP`, the length of the pickle.
    pub(super) position: usize,
    over: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(pickle: &'a [u8]) -> Self {
        Self {
            pickle,
            position: 0,
            over: false,
        }
    }

    #[inline]
    fn instruction(&mut self) -> Result<Raw<'a>, Reason> {
        let offset = self.position;
        let rest = self.pickle.get(offset..).unwrap_or_default();
        let (&byte, rest) = rest.split_first().ok_or(Reason::NoStop)?;
        let opcode = Opcode::from_byte(byte).ok_or(Reason::UnknownOpcode(byte))?;
        let (operand, after) = match opcode.argument() {
            ArgumentKind::None => (&rest[..0], rest),
            ArgumentKind::Unsigned(width) => take(opcode, rest, width)?,
            ArgumentKind::Signed4 => take(opcode, rest, 4)?,
            ArgumentKind::Double => take(opcode, rest, 8)?,
            ArgumentKind::TwosComplement(width)
            | ArgumentKind::Bytes(width)
            | ArgumentKind::Text(width) => counted(opcode, rest, width)?,
            ArgumentKind::Decimal
            | ArgumentKind::DecimalLong
            | ArgumentKind::FloatLine
            | ArgumentKind::Line
            | ArgumentKind::Quoted
            | ArgumentKind::RawUnicode => line(opcode, rest)?,
            ArgumentKind::TwoLines => {
                let (first, after) = line(opcode, rest)?;
                let (second, after) = line(opcode, after)?;
                (&rest[..first.len() + 1 + second.len()], after)
            }
        };
        self.position = self.pickle.len() - after.len();
        Ok(Raw {
            offset,
            opcode,
            operand,
        })
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Result<Raw<'a>, PickleError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let offset = self.position;
        let instruction = self.instruction();
        self.over = !matches!(&instruction, Ok(raw) if raw.opcode != Opcode::Stop);
        Some(instruction.map_err(|reason| PickleError { offset, reason }))
    }
}

impl<'a> Raw<'a> {
    /// An unsigned integer of up to eight bytes, little-endian.
    #[inline]
    pub(super) fn unsigned(&self) -> u64 {
        little_endian(self.operand)
    }

    /// A signed integer of four bytes, little-endian.
    #[inline]
    pub(super) fn signed(&self) -> i32 {
        i32::from_le_bytes(self.operand.try_into().unwrap_or_default())
    }

    /// Both of two lines.
    pub(super) fn lines(&self) -> (&'a [u8], &'a [u8]) {
        let end = memchr::memchr(b'\n', self.operand).unwrap_or(self.operand.len());
        let second = self.operand.get(end + 1..).unwrap_or_default();
        (&self.operand[..end], second)
    }
}

#[inline]
fn take(opcode: Opcode, rest: &[u8], length: usize) -> Result<(&[u8], &[u8]), Reason> {
    rest.split_at_checked(length)
        .ok_or(Reason::Truncated(opcode))
}

/// Bytes after their length.
#[inline]
fn counted(opcode: Opcode, rest: &[u8], width: usize) -> Result<(&[u8], &[u8]), Reason> {
    let (length, rest) = take(opcode, rest, width)?;
    let length = little_endian(length);
    let signed = matches!(opcode, Opcode::BinString | Opcode::Long4);
    if signed && length > u64::from(i32::MAX.unsigned_abs()) {
        return Err(Reason::Negative(opcode));
    }
    let length = usize::try_from(length).map_err(|_| Reason::Truncated(opcode))?;
    take(opcode, rest, length)
}

fn line(opcode: Opcode, rest: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    let end = memchr::memchr(b'\n', rest).ok_or(Reason::Truncated(opcode))?;
    Ok((&rest[..end], &rest[end + 1..]))
}

#[inline]
fn little_endian(bytes: &[u8]) -> u64 {
    match *bytes {
        [byte] => byte.into(),
        [low, high] => u16::from_le_bytes([low, high]).into(),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]).into(),
        _ => u64::from_le_bytes(bytes.try_into().unwrap_or_default()),
    }
}
