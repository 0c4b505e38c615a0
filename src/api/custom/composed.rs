//! `allOf`, `anyOf`, `oneOf`, `not` and `format` of a schema.
//! Upstream: kube-openapi `pkg/validation/validate` (schemaPropsValidator), `pkg/validation/strfmt`.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::super::validation::Errors;
use super::super::value::{items, text};
use super::schema;

/// Checks a value against the schemas that a schema is composed of.
pub(super) fn check(schema: &Value, value: &Value, path: &str, errors: &mut Errors) {
    // These errors name no field.
    let mut wrong = |what: String| errors.extend(vec![format!("<nil>: Invalid value: \"\": {path:?} must {what}")]);
    let mut inner = Vec::new();
    let list = |name: &str| items(&schema[name]).iter().map(|part| flaws(part, value, path)).collect::<Vec<_>>();
    let any = list("anyOf");
    if !any.is_empty() && any.iter().all(|flaws| !flaws.is_empty()) {
        wrong("validate at least one schema (anyOf)".to_owned());
        inner.extend(nearest(any));
    }
    let one = list("oneOf");
    let valid = one.iter().filter(|flaws| flaws.is_empty()).count();
    if !one.is_empty() && valid != 1 {
        let found =
            if valid == 0 { "Found none valid".to_owned() } else { format!("Found {valid} valid alternatives") };
        wrong(format!("validate one and only one schema (oneOf). {found}"));
        inner.extend(nearest(one));
    }
    let all = list("allOf");
    let valid = all.iter().filter(|flaws| flaws.is_empty()).count();
    if valid != all.len() {
        wrong(format!("validate all the schemas (allOf){}", if valid == 0 { ". None validated" } else { "" }));
        inner.extend(all.into_iter().flatten());
    }
    if schema["not"].is_object() && flaws(&schema["not"], value, path).is_empty() {
        wrong("not validate the schema (not)".to_owned());
    }
    errors.extend(inner);
}

fn flaws(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut errors = Errors::default();
    schema::check(schema, value, None, path, &mut errors);
    errors.into_list()
}

/// The flaws of the alternative that lacks least.
fn nearest(alternatives: Vec<Vec<String>>) -> Vec<String> {
    alternatives.into_iter().min_by_key(Vec::len).unwrap_or_default()
}

/// Is a text of the format that its schema names? Formats that are not known allow everything.
pub(super) fn has_format(schema: &Value, value: &str) -> bool {
    let is_hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text(&schema["format"]) {
        "date-time" => value.parse::<jiff::Timestamp>().is_ok(),
        "date" => value.len() == 10 && value.parse::<jiff::civil::Date>().is_ok(),
        "duration" => crate::engine::SimDuration::parse(value).is_ok(),
        "email" => value.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.len() > 1),
        "hostname" => is_hostname(value),
        "ipv4" => value.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => value.parse::<Ipv6Addr>().is_ok(),
        "cidr" => value.split_once('/').is_some_and(|(address, length)| {
            let bits = if address.parse::<Ipv4Addr>().is_ok() { 32 } else { 128 };
            (bits == 32 || address.parse::<Ipv6Addr>().is_ok())
                && length.parse::<u8>().is_ok_and(|length| length <= bits)
        }),
        "mac" => value.split([':', '-']).count() == 6 && value.split([':', '-']).all(|part| is_hex(part, 2)),
        "uri" => value.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty() && !value.contains(' ')
        }),
        "uuid" | "uuid3" | "uuid4" | "uuid5" => {
            let parts: Vec<&str> = value.split('-').collect();
            is_hex(value, 32)
                || parts.len() == 5 && parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| is_hex(part, length))
        }
        "byte" => {
            let digits = value.trim_end_matches('=');
            let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
            value.len().is_multiple_of(4) && value.len() - digits.len() <= 2 && digits.bytes().all(is_digit)
        }
        _ => true,
    }
}

fn is_hostname(value: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    value.len() <= 255 && value.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_composed_with_the_servers_words() {
        let (a, b) = (json!({"required": ["a"]}), json!({"required": ["b"]}));
        let found = |schema: Value, value: Value| {
            let mut errors = Errors::default();
            check(&schema, &value, "spec", &mut errors);
            errors.into_list()
        };
        let one = json!({"oneOf": [a, b]});
        assert_eq!(found(one.clone(), json!({"a": 1})), Vec::<String>::new());
        assert_eq!(
            found(one.clone(), json!({"a": 1, "b": 1})),
            [
                "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
            ]
        );
        assert_eq!(
            found(one, json!({})),
            [
                "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid",
                "spec.a: Required value",
            ]
        );
        assert_eq!(
            found(json!({"anyOf": [a, b]}), json!({}))[0],
            "<nil>: Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)"
        );
        assert_eq!(
            found(json!({"allOf": [a, b]}), json!({"a": 1})),
            ["<nil>: Invalid value: \"\": \"spec\" must validate all the schemas (allOf)", "spec.b: Required value",]
        );
        assert_eq!(
            found(json!({"not": a}), json!({"a": 1})),
            ["<nil>: Invalid value: \"\": \"spec\" must not validate the schema (not)"]
        );
    }

    #[test]
    fn formats_are_checked_and_unknown_ones_allow_everything() {
        for (format, good, bad) in [
            ("date-time", "2026-01-01T00:00:00Z", "yesterday"),
            ("date", "2026-01-01", "2026-13-01"),
            ("duration", "1h30m", "long"),
            ("ipv4", "10.0.0.1", "10.0.0"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/40"),
            ("uuid", "d9607e19-f88f-11e6-a518-42010a800195", "d9607e19"),
            ("uri", "https://example.com", "example com"),
            ("email", "a@example.com", "a.example.com"),
            ("hostname", "a-b.example.com", "-a.example.com"),
            ("byte", "aGVsbG8=", "a"),
            ("mac", "00:11:22:aa:bb:cc", "00:11"),
        ] {
            let schema = json!({"format": format});
            assert!(has_format(&schema, good) && !has_format(&schema, bad), "{format}");
        }
        assert!(has_format(&json!({"format": "int-or-string"}), "anything"));
    }
}
