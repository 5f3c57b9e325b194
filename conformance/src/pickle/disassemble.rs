//! Splits the bytes of a pickle into instructions.

use super::error::{PickleError, Reason};
use super::literal;
use super::opcode::{ArgumentKind, Opcode};
use super::scan::{Raw, Scan};
use crate::notation::{Float, NotText, check_surrogatepass};

/// One instruction of a pickle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instruction<'a> {
    /// The offset at which it begins.
    pub offset: usize,
    /// The operation.
    pub opcode: Opcode,
    /// The argument of the operation.
    pub argument: Argument<'a>,
}

/// The argument that follows an opcode. Borrowed arguments are unchanged from the pickle, and have been checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument<'a> {
    /// Nothing.
    None,
    /// An unsigned integer.
    Unsigned(u64),
    /// A signed integer.
    Signed(i32),
    /// An integer in decimal. For [`Opcode::Int`] it can be `00` or `01`, which mean false and true.
    Decimal(&'a [u8]),
    /// An integer in two's complement, little-endian. It is zero if there are no bytes.
    TwosComplement(&'a [u8]),
    /// A float.
    Float(Float),
    /// A line.
    Line(&'a str),
    /// A module and a name.
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

/// Returns the instructions of a pickle, up to `STOP` or the first error.
///
/// This accepts what `pickletools.genops` accepts in Python 3.13 and, for the bytes of `STRING`, in 2.7. Names may be
/// UTF-8, as in Python 3 itself. Whether the instructions make sense in this order is not checked:
/// [`well_formed`](super::well_formed()), [`loadable`](super::loadable) and [`read`](super::read) do that.
pub fn disassemble(pickle: &[u8]) -> Disassembly<'_> {
    Disassembly {
        scan: Scan::new(pickle),
        over: false,
    }
}

/// Iterator over the instructions of a pickle. See [`disassemble`].
#[derive(Clone, Debug)]
pub struct Disassembly<'a> {
    scan: Scan<'a>,
    over: bool,
}

impl Disassembly<'_> {
    /// The offset of the next instruction. After `STOP` it is the end of the pickle; after an error, it is the
    /// beginning of the instruction that could not be read.
    pub fn position(&self) -> usize {
        self.scan.position
    }
}

impl<'a> Iterator for Disassembly<'a> {
    type Item = Result<Instruction<'a>, PickleError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let raw = match self.scan.next()? {
            Ok(raw) => raw,
            Err(error) => return Some(Err(error)),
        };
        match argument(&raw) {
            Ok(argument) => Some(Ok(Instruction {
                offset: raw.offset,
                opcode: raw.opcode,
                argument,
            })),
            Err(reason) => {
                self.over = true;
                self.scan.position = raw.offset;
                Some(Err(PickleError {
                    offset: raw.offset,
                    reason,
                }))
            }
        }
    }
}

/// The meaning of the bytes after an opcode.
#[inline]
fn argument<'a>(raw: &Raw<'a>) -> Result<Argument<'a>, Reason> {
    let Raw {
        opcode, operand, ..
    } = *raw;
    Ok(match opcode.argument() {
        ArgumentKind::None => Argument::None,
        ArgumentKind::Unsigned(_) => Argument::Unsigned(raw.unsigned()),
        ArgumentKind::Signed4 => Argument::Signed(raw.signed()),
        ArgumentKind::TwosComplement(_) => Argument::TwosComplement(operand),
        ArgumentKind::Double => Argument::Float(literal::double(operand)),
        ArgumentKind::Bytes(_) => Argument::Bytes(operand),
        ArgumentKind::Text(_) => {
            check_surrogatepass(operand).map_err(|error| Reason::Text(opcode, error))?;
            Argument::Text(operand)
        }
        _ => line_argument(raw)?,
    })
}

/// The meaning of the lines after an opcode.
fn line_argument<'a>(raw: &Raw<'a>) -> Result<Argument<'a>, Reason> {
    let Raw {
        opcode, operand, ..
    } = *raw;
    Ok(match opcode.argument() {
        ArgumentKind::Decimal => Argument::Decimal(decimal(opcode, operand)?),
        ArgumentKind::DecimalLong => {
            let digits = operand.strip_suffix(b"L").unwrap_or(operand);
            Argument::Decimal(decimal(opcode, digits)?)
        }
        ArgumentKind::FloatLine => {
            Argument::Float(literal::float(operand).ok_or(Reason::Number(opcode))?)
        }
        ArgumentKind::TwoLines => {
            let (module, name) = raw.lines();
            Argument::Names(text(opcode, module)?, text(opcode, name)?)
        }
        ArgumentKind::Quoted => {
            let content = literal::unquote(operand).ok_or(Reason::Literal(opcode))?;
            literal::unescape(content).ok_or(Reason::Literal(opcode))?;
            Argument::Quoted(content)
        }
        ArgumentKind::RawUnicode => {
            literal::raw_unicode(operand).map_err(|error| Reason::Text(opcode, error))?;
            Argument::RawUnicode(operand)
        }
        _ => Argument::Line(text(opcode, operand)?),
    })
}

fn text(opcode: Opcode, line: &[u8]) -> Result<&str, Reason> {
    str::from_utf8(line).map_err(|error| Reason::Text(opcode, NotText::Utf8(error.valid_up_to())))
}

fn decimal(opcode: Opcode, digits: &[u8]) -> Result<&[u8], Reason> {
    literal::integer(digits).ok_or(Reason::Number(opcode))?;
    Ok(digits)
}
