//! Imitates the few constructors that make plain values, without calling them.

use super::graph::{Body, Constructor, Item};
use super::machine::Machine;
use super::text::latin1;
use crate::error::Result;

/// The weight of copying one item, where copying one byte has the weight 1: an item takes 24 bytes,
/// but as few as five bytes in a pickle that contains it once.
const ITEM_WEIGHT: usize = 4;

impl<'p> Machine<'p> {
    pub(super) fn construct(
        &mut self,
        constructor: Constructor,
        arguments: &[Item<'p>],
    ) -> Result<Item<'p>> {
        let body = match (constructor, arguments) {
            (Constructor::Set, _) => Body::Set(self.members(constructor, arguments)?),
            (Constructor::FrozenSet, _) => Body::FrozenSet(self.members(constructor, arguments)?),
            (Constructor::List, _) => Body::List(self.members(constructor, arguments)?),
            (Constructor::Int, [integer]) if self.is_integer(*integer) => return Ok(*integer),
            (Constructor::Bytes | Constructor::ByteArray, []) => return Ok(Item::Bytes(&[])),
            (Constructor::ByteArray, [bytes]) if self.bytes(*bytes).is_some() => return Ok(*bytes),
            (Constructor::ByteArray | Constructor::Encode, [text, encoding])
                if self.is_latin1(*encoding) =>
            {
                let text = self.text(*text).map(str::to_owned);
                let text = text.ok_or_else(|| self.unsupported(constructor))?;
                self.charge(text.len())?;
                let bytes = latin1(&text)
                    .ok_or_else(|| self.reader.not_a_pickle("text that is not Latin-1"))?;
                Body::Bytes(bytes)
            }
            (Constructor::Reconstructor, _) => {
                return Err(self.reader.needs_class(constructor.name()));
            }
            _ => return Err(self.unsupported(constructor)),
        };
        Ok(self.object(body))
    }

    /// Returns the items of the container that is the only argument.
    fn members(
        &mut self,
        constructor: Constructor,
        arguments: &[Item<'p>],
    ) -> Result<Vec<Item<'p>>> {
        let [argument] = arguments else {
            return if arguments.is_empty() {
                Ok(vec![])
            } else {
                Err(self.unsupported(constructor))
            };
        };
        match self.body(*argument) {
            Some(
                Body::List(items) | Body::Tuple(items) | Body::Set(items) | Body::FrozenSet(items),
            ) => {
                let items = items.clone();
                self.charge(items.len().saturating_mul(ITEM_WEIGHT))?;
                Ok(items)
            }
            _ => Err(self.unsupported(constructor)),
        }
    }

    pub(super) fn text(&self, item: Item<'p>) -> Option<&str> {
        match (item, self.body(item)) {
            (Item::Text(text), _) => Some(text),
            (_, Some(Body::Text(text))) => Some(text),
            _ => None,
        }
    }

    fn bytes(&self, item: Item<'p>) -> Option<&[u8]> {
        match (item, self.body(item)) {
            (Item::Bytes(bytes), _) => Some(bytes),
            (_, Some(Body::Bytes(bytes))) => Some(bytes),
            _ => None,
        }
    }

    fn is_integer(&self, item: Item<'p>) -> bool {
        matches!(item, Item::Int(_)) || matches!(self.body(item), Some(Body::Long(_)))
    }

    /// Python 3 names the encoding as text, Python 2 as a `str`.
    fn is_latin1(&self, item: Item<'p>) -> bool {
        let name = self
            .text(item)
            .map(str::as_bytes)
            .or_else(|| self.bytes(item));
        matches!(name, Some(b"latin1" | b"latin-1"))
    }

    fn unsupported(&self, constructor: Constructor) -> crate::Error {
        let reason = format!(
            "a call of {} with unsupported arguments",
            constructor.name()
        );
        self.reader.unrepresentable(reason)
    }
}
