//! Reads the text of a record into the types that derive how they are read.
//!
//! serde_json's own reader takes every struct as a list too, and has words for whatever is wrong: a tenth of
//! `itsm-callbacks.wasm`, for a text that no person wrote and whose every fault gets the same words here.

use crate::domain::json::Json;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// The text is not of the form that was expected.
#[derive(Debug)]
pub(super) struct Unreadable;

/// What the text says.
pub(super) fn read<'de, T: Deserialize<'de>>(text: Json<'de>) -> Result<T, Unreadable> {
    T::deserialize(Text(text))
}

#[derive(Clone, Copy)]
struct Text<'de>(Json<'de>);

impl<'de> Text<'de> {
    fn members(self) -> Result<Vec<(String, Self)>, Unreadable> {
        let object = self.0.object("a record").map_err(Unreadable::custom)?;
        Ok(object.members().map(|(name, value)| (name.to_owned(), Self(value))).collect())
    }

    fn rows(self) -> Result<Vec<Self>, Unreadable> {
        let mut rows = Vec::new();
        let read = self.0.each_row("a list", |row| {
            rows.push(Self(row));
            Ok(())
        });
        read.map_err(Unreadable::custom)?;
        Ok(rows)
    }

    fn string(self) -> Result<String, Unreadable> {
        self.0.string().map(Into::into).ok_or(Unreadable)
    }
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Unreadable;

    /// A record holds no value whose kind is not known beforehand.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_map(MapDeserializer::new(self.members()?.into_iter()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    /// A case without values is its name, another one an object with one member.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        if let Ok(name) = self.string() {
            return visitor.visit_enum(name.into_deserializer());
        }
        let members = self.members()?;
        if members.len() != 1 {
            return Err(Unreadable);
        }
        visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(members.into_iter())))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(SeqDeserializer::new(self.rows()?.into_iter()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_string(self.string()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_bool(self.0.boolean().ok_or(Unreadable)?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let number = self.0.number().and_then(|number| number.parse().ok());
        visitor.visit_u64(number.ok_or(Unreadable)?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str bytes byte_buf unit unit_struct tuple
        tuple_struct identifier
    }
}

impl<'de> IntoDeserializer<'de, Unreadable> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the text is not of the form that was expected")
    }
}

impl std::error::Error for Unreadable {}
