//! Strict decoding: drives the k8s-openapi types over a JSON value and reports what the API server's decoder would:
//! a wrong JSON type in Go's words, unknown fields by their full path. Builds nothing; the model reads the value itself.
//! Upstream: apimachinery runtime/serializer/json `Serializer.Decode` with the Strict option, sigs.k8s.io/json.

mod access;
mod element;
mod error;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::Value;

use self::access::{Items, Members, StructMembers};
pub use self::error::DecodeError;
use crate::api::go_types::names::{EMBEDDED, NAMED};
use crate::model::quantity::Quantity;

/// Where the decoder is, and the unknown fields it has met.
#[derive(Debug, Default)]
struct Walk<'de> {
    /// Field names and list indices from the root.
    path: Vec<Segment<'de>>,
    /// Go structures around the current value, the outermost first.
    structs: Vec<&'static str>,
    /// Paths of unknown fields.
    unknown: Vec<String>,
}

#[derive(Debug)]
enum Segment<'de> {
    /// A field, and the structure it belongs to.
    Field(&'de str, &'static str),
    Key(&'de str),
    Index(usize),
}

impl Walk<'_> {
    /// `ContainerPort.spec.containers.ports.containerPort`: the innermost structure, then the path without indices.
    fn go_field(&self) -> String {
        let mut text = String::from(self.structs.last().copied().unwrap_or_default());
        for segment in &self.path {
            if let Segment::Field(name, owner) = segment {
                if let Some(embedded) = look_up(EMBEDDED, owner, name) {
                    text.push('.');
                    text.push_str(embedded);
                }
                text.push('.');
                text.push_str(name);
            }
        }
        text
    }

    /// The Go type of the current value where k8s-openapi knows only what it is made of.
    fn named_type(&self) -> Option<&'static str> {
        let (place, (name, owner)) = self.path.iter().enumerate().rev().find_map(|(place, segment)| match segment {
            Segment::Field(name, owner) => Some((place, (*name, *owner))),
            _ => None,
        })?;
        let whole = look_up(NAMED, owner, name)?;
        match self.path.len() - place {
            1 => Some(whole),
            2 => whole.strip_prefix("[]").or_else(|| whole.strip_prefix("map[string]")),
            _ => None,
        }
    }

    /// `spec.containers[0].ports`, with `name` after it.
    fn full_path(&self, name: &str) -> String {
        let mut text = String::new();
        for segment in &self.path {
            match segment {
                Segment::Field(name, _) | Segment::Key(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Segment::Index(index) => {
                    text.push('[');
                    text.push_str(&index.to_string());
                    text.push(']');
                }
            }
        }
        if !text.is_empty() {
            text.push('.');
        }
        text + name
    }

    fn wrong_type(&self, value: &Value, go_type: &str) -> DecodeError {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
            // A number that would do as a number, but not as this one, is quoted.
            Value::Number(number) if go_type.starts_with("int") => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
        };
        DecodeError::Message(format!(
            "json: cannot unmarshal {found} into Go struct field {} of type {}",
            self.go_field(),
            self.named_type().unwrap_or(go_type)
        ))
    }
}

/// What a table of structures says of a field.
fn look_up(table: &[(&str, &'static [(&str, &'static str)])], owner: &str, name: &str) -> Option<&'static str> {
    let place = table.binary_search_by_key(&owner, |(structure, _)| structure).ok()?;
    table[place].1.iter().find(|(field, _)| *field == name).map(|(_, text)| *text)
}

/// Checks `value` against the type `T` and returns the paths of its unknown fields, sorted by path.
pub fn check<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<Vec<String>, DecodeError> {
    let mut walk = Walk::default();
    T::deserialize(Node { value, walk: &mut walk })?;
    Ok(walk.unknown)
}

/// What a visitor says that it expects.
struct Expected<'a, V>(&'a V);

impl<'de, V: Visitor<'de>> std::fmt::Display for Expected<'_, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.expecting(f)
    }
}

/// A value of the tree and the walk that came to it.
struct Node<'de, 'w> {
    value: &'de Value,
    walk: &'w mut Walk<'de>,
}

impl<'de> Node<'de, '_> {
    fn integer<V: Visitor<'de>>(self, visitor: V, go_type: &str, range: (i64, i64)) -> Result<V::Value, DecodeError> {
        match self.value.as_i64() {
            Some(number) if (range.0..=range.1).contains(&number) => visitor.visit_i64(number),
            _ => Err(self.walk.wrong_type(self.value, go_type)),
        }
    }

    /// Quantities may be written as numbers, and their texts are checked while decoding.
    fn quantity<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let text = match self.value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            other => other.to_string(),
        };
        if let Err(error) = Quantity::parse_checked(&text) {
            return Err(DecodeError::Message(error.to_string()));
        }
        visitor.visit_newtype_struct(serde::de::value::StringDeserializer::<DecodeError>::new(text))
    }

    fn time<V: Visitor<'de>>(self, visitor: V, layout: &str) -> Result<V::Value, DecodeError> {
        let Value::String(text) = self.value else {
            return Err(self.walk.wrong_type(self.value, "string"));
        };
        if text.parse::<jiff::Timestamp>().is_err() {
            // Go names the first part of the layout that does not fit; a year of four digits does.
            let fits = text.len() > 4 && text.bytes().take(4).all(|byte| byte.is_ascii_digit());
            let (rest, part) = if fits { (&text[4..], "-") } else { (text.as_str(), "2006") };
            return Err(DecodeError::Message(format!(
                "parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {part:?}"
            )));
        }
        visitor.visit_newtype_struct(self)
    }
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let is_int = self.value.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
        if !is_int
            && !self.value.is_string()
            && !self.value.is_null()
            && Expected(&visitor).to_string() == "IntOrString"
        {
            return Err(self.walk.wrong_type(self.value, "int32"));
        }
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => visitor.visit_seq(Items::new(items, self.walk)),
            Value::Object(members) => visitor.visit_map(Members::new(members, self.walk)),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => visitor.visit_i64(integer),
                (None, float) => visitor.visit_f64(float.unwrap_or_default()),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Object(members) => {
                self.walk.structs.push(name);
                let result = visitor.visit_map(StructMembers::new(members, fields, &mut *self.walk));
                // On an error the walk ends here, and its place is of no more use.
                self.walk.structs.pop();
                result
            }
            Value::Null => visitor.visit_map(StructMembers::empty(self.walk)),
            other => Err(self.walk.wrong_type(other, &element::qualified(name))),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match name {
            "Quantity" => self.quantity(visitor),
            "Time" => self.time(visitor, "2006-01-02T15:04:05Z07:00"),
            "MicroTime" => self.time(visitor, "2006-01-02T15:04:05.000000Z07:00"),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            other => Err(self.walk.wrong_type(other, "bool")),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.integer(visitor, "int32", (i64::from(i32::MIN), i64::from(i32::MAX)))
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.integer(visitor, "int64", (i64::MIN, i64::MAX))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value.as_f64() {
            Some(number) => visitor.visit_f64(number),
            None => Err(self.walk.wrong_type(self.value, "float64")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::String(text) => visitor.visit_str(text).map_err(|_: DecodeError| DecodeError::illegal_base64(text)),
            // A null item or member reads as the zero value.
            Value::Null => visitor.visit_str(""),
            other => Err(self.walk.wrong_type(other, "string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Array(items) => visitor.visit_seq(Items::new(items, self.walk)),
            other => Err(self.walk.wrong_type(other, &format!("[]{}", element::of_seq(visitor)))),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Object(members) => visitor.visit_map(Members::new(members, self.walk)),
            other => Err(self.walk.wrong_type(other, &format!("map[string]{}", element::of_map(visitor)))),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
        ignored_any
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::{ConfigMap, Pod};
    use serde_json::json;

    use super::*;

    fn pod_error(value: &Value) -> String {
        check::<Pod>(value).unwrap_err().to_string()
    }

    #[test]
    fn unknown_fields_are_listed_with_their_path() {
        let value = json!({"spec": {"containers": [{"name": "a", "images": "x", "ports": [{"port": 1}]}]}, "specs": 1});
        assert_eq!(
            check::<Pod>(&value).unwrap(),
            ["spec.containers[0].images", "spec.containers[0].ports[0].port", "specs"]
        );
    }

    #[test]
    fn wrong_types_name_the_innermost_go_structure() {
        assert_eq!(
            pod_error(&json!({"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}})),
            "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32"
        );
        assert_eq!(
            pod_error(&json!({"spec": {"containers": {}}})),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"
        );
        assert_eq!(
            pod_error(&json!({"spec": "x"})),
            "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec"
        );
        let value = json!({"spec": {"replicas": 1.5}});
        assert_eq!(
            check::<Deployment>(&value).unwrap_err().to_string(),
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"
        );
    }

    #[test]
    fn map_keys_are_no_part_of_the_path() {
        let value = json!({"data": {"a": 1}});
        assert_eq!(
            check::<ConfigMap>(&value).unwrap_err().to_string(),
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"
        );
    }

    #[test]
    fn data_that_is_not_base64_names_the_byte() {
        let value = json!({"binaryData": {"a": "abcd_"}});
        assert_eq!(check::<ConfigMap>(&value).unwrap_err().to_string(), "illegal base64 data at input byte 4");
    }
}
