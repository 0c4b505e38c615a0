//! Which Go type the elements of a list or map have: asked of the visitor by offering it one element.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// `v1.Container` for `Container`; types of other packages by theirs.
pub(super) fn qualified(name: &str) -> String {
    match name {
        "Quantity" => "resource.Quantity".to_owned(),
        "IntOrString" => "intstr.IntOrString".to_owned(),
        "HorizontalPodAutoscalerSpec" | "MetricSpec" | "HPAScalingRules" | "HorizontalPodAutoscalerBehavior" => {
            format!("v2.{name}")
        }
        _ => format!("v1.{name}"),
    }
}

/// The element type of the list that `visitor` reads.
pub(super) fn of_seq<'de, V: Visitor<'de>>(visitor: V) -> String {
    visitor.visit_seq(One).err().map_or_else(String::new, |found| found.0)
}

/// The element type of the map that `visitor` reads.
pub(super) fn of_map<'de, V: Visitor<'de>>(visitor: V) -> String {
    visitor.visit_map(One).err().map_or_else(String::new, |found| found.0)
}

/// The type that was asked for, travelling as an error.
#[derive(Debug)]
struct Found(String);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Found {}

impl serde::de::Error for Found {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A list or map of one element, of whatever type is wanted.
struct One;

impl<'de> SeqAccess<'de> for One {
    type Error = Found;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Found> {
        seed.deserialize(Asked).map(Some)
    }
}

impl<'de> MapAccess<'de> for One {
    type Error = Found;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Found> {
        seed.deserialize(StrDeserializer::<Found>::new("")).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Found> {
        seed.deserialize(Asked)
    }
}

/// Answers every request with its name.
struct Asked;

macro_rules! answer {
    ($($method:ident $text:literal)*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Found> {
            Err(Found($text.to_owned()))
        })*
    };
}

impl<'de> Deserializer<'de> for Asked {
    type Error = Found;

    answer! {
        deserialize_any "interface {}" deserialize_bool "bool" deserialize_i32 "int32" deserialize_i64 "int64"
        deserialize_f64 "float64" deserialize_str "string" deserialize_string "string"
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        visitor.visit_some(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(self, name: &'static str, _: &[&str], _: V) -> Result<V::Value, Found> {
        Err(Found(qualified(name)))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, _: V) -> Result<V::Value, Found> {
        Err(Found(qualified(name)))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        Err(Found(format!("[]{}", of_seq(visitor))))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        Err(Found(format!("map[string]{}", of_map(visitor))))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
        ignored_any
    }
}
