//! Numbers, text and bytes.

use num_bigint::BigInt;

use super::graph::{Body, Item};
use super::machine::Machine;
use super::opcode as op;
use super::text::{Undecodable, unescaped, unquoted};
use crate::error::{Error, Result};

impl<'p> Machine<'p> {
    pub(super) fn scalar(&mut self, opcode: u8) -> Result<Item<'p>> {
        Ok(match opcode {
            op::NONE => Item::None,
            op::NEWTRUE => Item::Bool(true),
            op::NEWFALSE => Item::Bool(false),

            op::BININT => Item::Int(i32::from_le_bytes(self.reader.array()?).into()),
            op::BININT1 => Item::Int(self.reader.u8()?.into()),
            op::BININT2 => Item::Int(u16::from_le_bytes(self.reader.array()?).into()),
            op::LONG1 => {
                let bytes = self.reader.bytes1()?;
                self.integer(BigInt::from_signed_bytes_le(bytes))
            }
            op::LONG4 => {
                let bytes = self.reader.bytes4_signed()?;
                self.integer(BigInt::from_signed_bytes_le(bytes))
            }
            op::INT => match self.reader.text_line()? {
                "00" => Item::Bool(false),
                "01" => Item::Bool(true),
                digits => self.decimal(digits)?,
            },
            op::LONG => {
                let line = self.reader.text_line()?;
                self.decimal(line.strip_suffix('L').unwrap_or(line))?
            }
            op::BINFLOAT => Item::Float(f64::from_be_bytes(self.reader.array()?)),
            op::FLOAT => {
                let line = self.reader.text_line()?;
                let float = line.parse();
                Item::Float(float.map_err(|_| self.reader.not_a_pickle("not a float"))?)
            }

            op::SHORT_BINSTRING | op::SHORT_BINBYTES => Item::Bytes(self.reader.bytes1()?),
            op::BINSTRING => Item::Bytes(self.reader.bytes4_signed()?),
            op::BINBYTES => Item::Bytes(self.reader.bytes4()?),
            op::BINBYTES8 | op::BYTEARRAY8 => Item::Bytes(self.reader.bytes8()?),
            op::STRING => {
                let line = self.reader.line()?.trim_ascii();
                let bytes = unquoted(line)
                    .ok_or_else(|| self.reader.not_a_pickle("not a quoted string"))?;
                self.object(Body::Bytes(bytes))
            }

            op::SHORT_BINUNICODE => {
                let bytes = self.reader.bytes1()?;
                Item::Text(self.reader.utf8(bytes)?)
            }
            op::BINUNICODE => {
                let bytes = self.reader.bytes4()?;
                Item::Text(self.reader.utf8(bytes)?)
            }
            op::BINUNICODE8 => {
                let bytes = self.reader.bytes8()?;
                Item::Text(self.reader.utf8(bytes)?)
            }
            op::UNICODE => {
                let line = self.reader.line()?;
                let text = unescaped(line).map_err(|error| match error {
                    Undecodable::Escape => self.reader.not_a_pickle("invalid escape"),
                    Undecodable::LoneSurrogate => self.reader.lone_surrogate(),
                })?;
                self.object(Body::Text(text))
            }

            unknown => {
                return Err(self
                    .reader
                    .not_a_pickle(format!("{unknown:#04x} is not an opcode")));
            }
        })
    }

    fn decimal(&mut self, digits: &str) -> Result<Item<'p>> {
        let allowed = self.limits.integer_digits;
        if digits.len() > allowed.saturating_add(1) {
            return Err(Error::PickleLimit {
                limit: "integer_digits",
                allowed: allowed as u64,
                offset: self.reader.at,
            });
        }
        match BigInt::parse_bytes(digits.as_bytes(), 10) {
            Some(integer) => Ok(self.integer(integer)),
            None => Err(self.reader.not_a_pickle("not a decimal integer")),
        }
    }

    fn integer(&mut self, integer: BigInt) -> Item<'p> {
        match i64::try_from(&integer) {
            Ok(integer) => Item::Int(integer),
            Err(_) => self.object(Body::Long(integer)),
        }
    }
}
