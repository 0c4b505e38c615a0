//! Objects as Go's encoder prints its own structures: members in the order of declaration, where a decoded tree prints
//! them sorted. Upstream: encoding/json `Marshal`, cli-runtime printers `JSONPrinter`.

use serde_json::Value;

use super::decode::spec_type;
use super::go_types::pod::OBJECT_META;
use super::go_types::{GoStruct, GoType};
use super::value::go_json;
use crate::model::kind::Kind;

/// Members of an object itself, in the order in which all kinds declare those that they have.
const TOP: [&str; 20] = [
    "kind",
    "apiVersion",
    "metadata",
    "immutable",
    "data",
    "binaryData",
    "stringData",
    "type",
    "rules",
    "aggregationRule",
    "subjects",
    "roleRef",
    "value",
    "globalDefault",
    "description",
    "preemptionPolicy",
    "secrets",
    "imagePullSecrets",
    "spec",
    "status",
];
const INDENT: usize = 4;

/// On one line.
pub fn compact(kind: Kind, object: &Value) -> String {
    let mut out = String::new();
    Writer { out: &mut out, indents: false }.object(kind, object);
    out
}

/// Indented by 4, as `-o json`.
pub fn indented(kind: Kind, object: &Value) -> String {
    let mut out = String::new();
    Writer { out: &mut out, indents: true }.object(kind, object);
    out
}

struct Writer<'a> {
    out: &'a mut String,
    indents: bool,
}

impl Writer<'_> {
    fn object(&mut self, kind: Kind, object: &Value) {
        let place = |key: &str| TOP.iter().position(|known| *known == key).unwrap_or(TOP.len());
        let mut members: Vec<(&String, &Value)> = object.as_object().into_iter().flatten().collect();
        members.sort_by_key(|(key, _)| place(key));
        let typed = members.into_iter().map(|(key, value)| {
            let structure = match key.as_str() {
                "metadata" => Some(&OBJECT_META),
                "spec" => spec_type(kind),
                _ => None,
            };
            (key.as_str(), value, structure.map(Type::Struct))
        });
        self.members(typed.collect(), 0);
    }

    fn members(&mut self, members: Vec<(&str, &Value, Option<Type>)>, depth: usize) {
        if members.is_empty() {
            self.out.push_str("{}");
            return;
        }
        self.out.push('{');
        for (index, (key, value, kind)) in members.into_iter().enumerate() {
            self.separate(index, depth + 1);
            self.out.push_str(&go_json(&Value::from(key)));
            self.out.push_str(if self.indents { ": " } else { ":" });
            self.value(value, kind, depth + 1);
        }
        self.line(depth);
        self.out.push('}');
    }

    fn value(&mut self, value: &Value, kind: Option<Type>, depth: usize) {
        match (value, kind) {
            (Value::Object(_), Some(Type::Struct(structure))) => {
                let mut members = Vec::new();
                gather(value, structure, &mut members);
                let known = members.len();
                if known == value.as_object().map_or(0, serde_json::Map::len) {
                    self.members(members, depth);
                } else {
                    self.value(value, None, depth);
                }
            }
            (Value::Object(entries), _) => {
                self.members(entries.iter().map(|(key, value)| (key.as_str(), value, None)).collect(), depth);
            }
            (Value::Array(items), kind) if !items.is_empty() => {
                let of_item = match kind {
                    Some(Type::List(item)) => Type::of(item),
                    _ => None,
                };
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index, depth + 1);
                    self.value(item, of_item, depth + 1);
                }
                self.line(depth);
                self.out.push(']');
            }
            _ => self.out.push_str(&go_json(value)),
        }
    }

    fn separate(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.line(depth);
    }

    fn line(&mut self, depth: usize) {
        if self.indents {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(INDENT * depth));
        }
    }
}

/// What orders the members of a value.
#[derive(Clone, Copy)]
enum Type {
    Struct(&'static GoStruct),
    List(&'static GoType),
}

impl Type {
    fn of(kind: &'static GoType) -> Option<Self> {
        match kind {
            GoType::Struct(structure) => Some(Self::Struct(structure)),
            GoType::Pointer(inner) => Self::of(inner),
            GoType::Slice(item) => Some(Self::List(item)),
            _ => None,
        }
    }
}

/// The members that are there, in order; those of embedded structures stand among them.
fn gather<'a>(value: &'a Value, structure: &'static GoStruct, members: &mut Vec<(&'a str, &'a Value, Option<Type>)>) {
    for field in structure.fields {
        if field.json.is_empty() {
            if let GoType::Struct(inner) = &field.kind {
                gather(value, inner, members);
            }
        } else if let Some((key, member)) = value.as_object().and_then(|members| members.get_key_value(field.json)) {
            members.push((key.as_str(), member, Type::of(&field.kind)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_stand_in_the_order_of_their_declaration() {
        let container = json!({"image": "nginx", "name": "web", "resources": {}});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"run": "web"}, "name": "web", "creationTimestamp": null},
            "spec": {"dnsPolicy": "ClusterFirst", "containers": [container], "restartPolicy": "Always"}, "status": {},
        });
        assert_eq!(
            compact(Kind::POD, &pod),
            "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"web\",\"creationTimestamp\":null,\"labels\":{\"run\":\"web\"}},\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"nginx\",\"resources\":{}}],\"restartPolicy\":\"Always\",\"dnsPolicy\":\"ClusterFirst\"},\"status\":{}}"
        );
        assert!(indented(Kind::POD, &pod).starts_with("{\n    \"kind\": \"Pod\",\n"));
    }
}
