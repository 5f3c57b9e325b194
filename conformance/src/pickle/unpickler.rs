//! How unpicklers interpret arguments, and other differences between them.
//!
//! The sources are `Modules/cPickle.c` of Python 2.7.18 and `Modules/_pickle.c` of 3.13, and the oracle's observations
//! of both.

use num_bigint::BigInt;

use super::error::Reason;
use super::literal;
use super::opcode::Opcode;
use crate::notation::{Float, Node, NotText, Text};

/// An unpickler that is used in practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display)]
pub enum Unpickler {
    /// `cPickle.loads` of Python 2.7: protocols 0 to 2.
    #[strum(to_string = "Python 2")]
    Python2,
    /// `pickle.loads` of Python 3.13, in C and with default arguments: protocols 0 to 5.
    #[strum(to_string = "Python 3")]
    Python3,
}

/// The reader of a pickle: one of the unpicklers, or the suite, which accepts what either of them accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Either,
    As(Unpickler),
}

/// The greatest number of decimal digits that Python has converted since 3.11 (`sys.set_int_max_str_digits`).
const DIGITS_OF_PYTHON_3: usize = 4300;

impl Reader {
    /// The highest protocol whose opcodes the reader knows.
    pub(super) fn highest_protocol(self) -> u8 {
        match self {
            Self::As(Unpickler::Python2) => 2,
            Self::Either | Self::As(Unpickler::Python3) => 5,
        }
    }

    /// Whether objects below a mark cannot be reached before the mark is used. cPickle can reach them, because it keeps
    /// its marks on a separate stack.
    pub(super) fn fences_marks(self) -> bool {
        self != Self::As(Unpickler::Python2)
    }

    /// Whether a key without a value is ignored, as cPickle does for `DICT`.
    pub(super) fn passes_over_odd_key(self, opcode: Opcode) -> bool {
        self == Self::As(Unpickler::Python2) && opcode == Opcode::Dict
    }

    /// The object that `LONG`, `LONG1` and `LONG4` make, and `INT` beyond 64 bits.
    pub(super) fn long(self, value: BigInt, announced: Option<u8>) -> Node {
        match (self, announced) {
            (Self::As(Unpickler::Python3), _) | (Self::Either, Some(3..)) => Node::Int(value),
            _ => Node::Long(value),
        }
    }

    /// The object that `INT` makes.
    pub(super) fn int(self, line: &[u8], announced: Option<u8>) -> Result<Node, Reason> {
        let number = match self {
            Self::As(Unpickler::Python3) => literal::strtol_up_to_nul(line),
            _ => literal::strtol(line),
        };
        match (line, number) {
            ([], _) => Err(Reason::Empty(Opcode::Int)),
            ([_, _], Some(value @ (0 | 1))) => Ok(Node::Bool(value == 1)),
            (_, Some(value)) => Ok(Node::Int(value.into())),
            (_, None) => Ok(self.long(self.integer(Opcode::Int, line)?, announced)),
        }
    }

    /// The integer in the argument of `LONG`.
    pub(super) fn decimal_long(self, line: &[u8]) -> Result<BigInt, Reason> {
        match self {
            Self::As(Unpickler::Python2) => self.integer(Opcode::Long, line),
            Self::As(Unpickler::Python3) => {
                self.integer(Opcode::Long, line.strip_suffix(b"L").unwrap_or(line))
            }
            Self::Either => Self::As(Unpickler::Python2)
                .decimal_long(line)
                .or_else(|_| Self::As(Unpickler::Python3).decimal_long(line)),
        }
    }

    /// An integer in the base that its prefix specifies.
    fn integer(self, opcode: Opcode, line: &[u8]) -> Result<BigInt, Reason> {
        match self {
            Self::As(Unpickler::Python2) => literal::integer_of_python_2(line),
            Self::As(Unpickler::Python3) => {
                literal::integer_of_python_3(line, 0, DIGITS_OF_PYTHON_3)
            }
            Self::Either => literal::integer_of_python_2(line)
                .or_else(|| literal::integer_of_python_3(line, 0, usize::MAX)),
        }
        .ok_or(Reason::Number(opcode))
    }

    /// The number in the argument of `FLOAT`. A number that is too large for a double is refused.
    pub(super) fn float(self, line: &[u8]) -> Result<Float, Reason> {
        let number = match self {
            Self::As(Unpickler::Python2) => line,
            _ => literal::up_to_nul(line),
        };
        literal::bare_float(number).ok_or(Reason::Number(Opcode::Float))
    }

    /// The content of the string literal of `STRING`, with its escapes decoded.
    pub(super) fn literal(self, line: &[u8]) -> Result<Vec<u8>, Reason> {
        let line = match self {
            Self::As(Unpickler::Python2) => literal::without_trailing_controls(line),
            _ => line,
        };
        literal::unquote(line)
            .and_then(literal::unescape)
            .ok_or(Reason::Literal(Opcode::String))
    }

    /// The object that `STRING`, `BINSTRING` and `SHORT_BINSTRING` make from their bytes.
    pub(super) fn string(self, opcode: Opcode, bytes: Vec<u8>) -> Result<Node, Reason> {
        match self {
            Self::As(Unpickler::Python3) => ascii(opcode, &bytes).map(Node::Unicode),
            _ => Ok(Node::Str(bytes)),
        }
    }

    /// The object that a call of `_codecs.encode` or `bytes` makes.
    pub(super) fn bytes(self, bytes: Vec<u8>) -> Node {
        match self {
            Self::As(Unpickler::Python2) => Node::Str(bytes),
            _ => Node::Bytes(bytes),
        }
    }

    /// The id in the argument of `PERSID`.
    pub(super) fn persistent_id(self, line: &[u8]) -> Result<Node, Reason> {
        match self {
            Self::As(Unpickler::Python3) => ascii(Opcode::PersId, line).map(Node::Unicode),
            Self::As(Unpickler::Python2) if line.is_empty() => Err(Reason::Empty(Opcode::PersId)),
            _ => Ok(Node::Str(line.to_vec())),
        }
    }

    /// A module, or a name in it. Python 3 accepts UTF-8, except for `INST`.
    pub(super) fn name(self, opcode: Opcode, line: &[u8]) -> Result<String, Reason> {
        if line.is_empty() {
            return Err(Reason::Empty(opcode));
        }
        if self == Self::As(Unpickler::Python3) && opcode == Opcode::Inst {
            ascii(opcode, line)?;
        }
        str::from_utf8(line)
            .map(str::to_owned)
            .map_err(|error| Reason::Text(opcode, NotText::Utf8(error.valid_up_to())))
    }

    /// The memo slot that `GET` and `PUT` name. cPickle uses the line itself as the name, whatever it contains, so the
    /// slot differs from that of `BINGET` and `BINPUT` with the same number.
    pub(super) fn place(self, opcode: Opcode, line: &[u8]) -> Result<Place, Reason> {
        if line.is_empty() {
            return Err(Reason::Empty(opcode));
        }
        if self == Self::As(Unpickler::Python2) {
            return Ok(Place::Line(line.into()));
        }
        let number = literal::integer_of_python_3(line, 10, DIGITS_OF_PYTHON_3)
            .ok_or(Reason::Number(opcode))?;
        if number.sign() == num_bigint::Sign::Minus {
            return Err(Reason::Negative(opcode));
        }
        let number = i64::try_from(number).map_err(|_| Reason::Number(opcode))?;
        Ok(Place::Number(number.unsigned_abs()))
    }
}

/// A memo slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Number(u64),
    Line(Box<[u8]>),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Number(place) => place.fmt(f),
            Self::Line(place) => {
                crate::notation::Shortened(&place.escape_ascii().to_string()).fmt(f)
            }
        }
    }
}

fn ascii(opcode: Opcode, bytes: &[u8]) -> Result<Text, Reason> {
    match bytes.iter().position(|byte| !byte.is_ascii()) {
        None => Ok(Text::from_latin1(bytes)),
        Some(at) => Err(Reason::NotAscii(opcode, at)),
    }
}
