//! Converts a value to any type that serde can deserialize.
//!
//! serde-pickle can do the same, except for integers of 2^63 and above.

use num_bigint::BigInt;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserializer, EnumAccess, Error as _, IntoDeserializer, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_pickle::Value;
use std::fmt;

/// Why a value is not of the requested type.
#[derive(Debug)]
pub(super) struct Mismatch(String);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A value to deserialize from.
pub(super) struct Source(pub(super) Value);

impl IntoDeserializer<'_, Mismatch> for Source {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Source {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::None => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::I64(value) => visitor.visit_i64(value),
            Value::Int(value) => visit_integer(&value, visitor),
            Value::F64(value) => visitor.visit_f64(value),
            Value::Bytes(value) => visitor.visit_byte_buf(value),
            Value::String(value) => visitor.visit_string(value),
            Value::List(items) | Value::Tuple(items) => visit_sequence(items.into_iter(), visitor),
            Value::Set(items) | Value::FrozenSet(items) => visit_sequence(
                items
                    .into_iter()
                    .map(serde_pickle::HashableValue::into_value),
                visitor,
            ),
            Value::Dict(items) => {
                let pairs = items
                    .into_iter()
                    .map(|(key, value)| (Self(key.into_value()), Self(value)));
                let mut map = MapDeserializer::new(pairs);
                let visited = visitor.visit_map(&mut map)?;
                map.end()?;
                Ok(visited)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::None => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    /// Reads enums as serde-pickle writes them: `'Unit'`, or `{'Variant': content}`; or, as older
    /// versions did, `('Unit',)` and `('Variant', content)`.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let not_an_enum = || Mismatch::custom("an enum must be a string or a dict with one item");
        let (variant, content) = match self.0 {
            Value::String(_) | Value::Bytes(_) => (self.0, None),
            Value::Dict(items) if items.len() == 1 => {
                let (variant, content) = items.into_iter().next().ok_or_else(not_an_enum)?;
                (variant.into_value(), Some(content))
            }
            Value::Tuple(items) if matches!(items.len(), 1 | 2) => {
                let mut items = items.into_iter();
                (items.next().ok_or_else(not_an_enum)?, items.next())
            }
            _ => return Err(not_an_enum()),
        };
        visitor.visit_enum(Variant {
            variant,
            content: Content(content),
        })
    }

    forward_to_deserialize_any! {
        bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 char str string unit seq
        bytes byte_buf map unit_struct tuple_struct struct identifier tuple ignored_any
    }
}

fn visit_integer<'de, V: Visitor<'de>>(value: &BigInt, visitor: V) -> Result<V::Value, Mismatch> {
    if let Ok(value) = u64::try_from(value) {
        visitor.visit_u64(value)
    } else if let Ok(value) = i128::try_from(value) {
        visitor.visit_i128(value)
    } else if let Ok(value) = u128::try_from(value) {
        visitor.visit_u128(value)
    } else {
        Err(Mismatch::invalid_value(
            Unexpected::Other("an integer of more than 128 bits"),
            &visitor,
        ))
    }
}

fn visit_sequence<'de, V: Visitor<'de>>(
    items: impl Iterator<Item = Value>,
    visitor: V,
) -> Result<V::Value, Mismatch> {
    let mut sequence = SeqDeserializer::new(items.map(Source));
    let visited = visitor.visit_seq(&mut sequence)?;
    sequence.end()?;
    Ok(visited)
}

struct Variant {
    variant: Value,
    content: Content,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Mismatch;
    type Variant = Content;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content), Mismatch> {
        Ok((seed.deserialize(Source(self.variant))?, self.content))
    }
}

struct Content(Option<Value>);

impl Content {
    fn source(self) -> Result<Source, Mismatch> {
        self.0
            .map(Source)
            .ok_or_else(|| Mismatch::custom("the variant has no content"))
    }
}

impl<'de> VariantAccess<'de> for Content {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        match self.0 {
            None => Ok(()),
            Some(_) => Err(Mismatch::custom("a unit variant cannot have content")),
        }
    }

    fn newtype_variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, Mismatch> {
        seed.deserialize(self.source()?)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.source()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.source()?.deserialize_any(visitor)
    }
}
