//! The objects of opcodes that need nothing from the stack.

use num_bigint::BigInt;

use super::error::Reason;
use super::literal;
use super::machine::Machine;
use super::memory::check_limit;
use super::opcode::Opcode;
use super::reading::Need;
use super::scan::Raw;
use crate::notation::{Node, Text};

impl Machine<'_> {
    /// The node that an opcode pushes, if the opcode needs nothing from the stack.
    pub(super) fn value(&mut self, raw: &Raw) -> Result<Option<Node>, Reason> {
        let Raw {
            opcode, operand, ..
        } = *raw;
        Ok(Some(match opcode {
            Opcode::BinInt2 => Node::Int(raw.unsigned().into()),
            Opcode::BinInt => Node::Int(raw.signed().into()),
            Opcode::Int => {
                self.check_digits(operand)?;
                self.reader.int(operand, self.announced)?
            }
            Opcode::Long => {
                self.check_digits(operand)?;
                let value = self.reader.decimal_long(operand)?;
                self.reader.long(value, self.announced)
            }
            Opcode::Long1 | Opcode::Long4 => self
                .reader
                .long(BigInt::from_signed_bytes_le(operand), self.announced),
            Opcode::BinFloat => Node::Float(literal::double(operand)),
            Opcode::Float => Node::Float(self.reader.float(operand)?),
            Opcode::String => {
                let content = self.reader.literal(operand)?;
                self.reader.string(opcode, content)?
            }
            Opcode::BinString | Opcode::ShortBinString => {
                self.reader.string(opcode, operand.to_vec())?
            }
            Opcode::BinBytes | Opcode::ShortBinBytes | Opcode::BinBytes8 => {
                Node::Bytes(operand.to_vec())
            }
            Opcode::ByteArray8 => Node::ByteArray(operand.to_vec()),
            Opcode::Unicode => Node::Unicode(
                literal::raw_unicode(operand).map_err(|error| Reason::Text(opcode, error))?,
            ),
            Opcode::BinUnicode | Opcode::ShortBinUnicode | Opcode::BinUnicode8 => Node::Unicode(
                Text::from_surrogatepass(operand).map_err(|error| Reason::Text(opcode, error))?,
            ),
            Opcode::EmptyList => Node::List(Vec::new()),
            Opcode::EmptyTuple => Node::Tuple(Vec::new()),
            Opcode::EmptyDict => Node::Dict(Vec::new()),
            Opcode::EmptySet => Node::Set(Vec::new()),
            Opcode::Global => {
                let (module, name) = raw.lines();
                let module = self.reader.name(opcode, module)?;
                let name = self.reader.name(opcode, name)?;
                self.global(module, name)
            }
            Opcode::Ext1 | Opcode::Ext2 => self.extension(opcode, raw.unsigned().cast_signed())?,
            Opcode::Ext4 => self.extension(opcode, raw.signed().into())?,
            Opcode::PersId => {
                self.need(Need::PersistentIds);
                let id = self.reader.persistent_id(operand)?;
                Node::Persistent(self.memory.add(id)?)
            }
            Opcode::NextBuffer => {
                self.need(Need::Buffers);
                self.buffers += 1;
                Node::Buffer(self.buffers - 1)
            }
            _ => return Ok(None),
        }))
    }

    fn extension(&mut self, opcode: Opcode, code: i64) -> Result<Node, Reason> {
        match u32::try_from(code) {
            Ok(code) if code > 0 => {
                self.need(Need::Extension(code));
                Ok(Node::Extension(code))
            }
            _ => Err(Reason::ExtensionCode(opcode, code)),
        }
    }

    fn check_digits(&self, digits: &[u8]) -> Result<(), Reason> {
        check_limit("digits", digits.len(), self.memory.limits.digits)
    }
}
