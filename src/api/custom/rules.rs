//! `x-kubernetes-validations`: rules in CEL, each about the value of its schema, which it calls `self`.
//!
//! Upstream: apiextensions-apiserver `pkg/apiserver/schema/cel`. The rules of a value are looked at in order, its own before
//! those of its members. Rules that name `oldSelf` are about changes: they hold where there is no old value. Rules with
//! functions of Kubernetes' own libraries that are not here (`quantity`, `url`, `ip`, `cidr`, `format`) are left out.

use std::sync::{Arc, LazyLock};

use cel::extractors::This;
use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Value as Cel, extensions};
use serde_json::Value;

use super::super::validation::Errors;
use super::super::value::{flag, items, text};
use super::schema::{correlated, join};

const RULES: &str = "x-kubernetes-validations";

/// The functions that rules may use.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(true);
    for extension in [extensions::strings, extensions::lists, extensions::math] {
        // Each declares names of its own.
        let _ = env.add_extension(extension);
    }
    Arc::new(env)
});

/// Has a schema rules anywhere?
pub(super) fn are_there(schema: &Value) -> bool {
    match schema {
        Value::Object(object) => object.contains_key(RULES) || object.values().any(are_there),
        Value::Array(list) => list.iter().any(are_there),
        _ => false,
    }
}

/// What the rules of a schema find wrong with a value. `old` is what it was before an update.
pub(super) fn check(schema: &Value, value: &Value, old: Option<&Value>, path: &str, errors: &mut Errors) {
    for rule in items(&schema[RULES]) {
        check_rule(rule, schema, value, old, path, errors);
    }
    match value {
        Value::Object(object) => {
            for (key, member) in object {
                let declared = &schema["properties"][key];
                let declared = if declared.is_object() { declared } else { &schema["additionalProperties"] };
                if declared.is_object() {
                    check(declared, member, old.and_then(|old| old.get(key)), &join(path, key), errors);
                }
            }
        }
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                let old = old.and_then(|old| correlated(schema, item, old));
                check(&schema["items"], item, old, &format!("{path}[{index}]"), errors);
            }
        }
        _ => {}
    }
}

fn check_rule(rule: &Value, schema: &Value, value: &Value, old: Option<&Value>, path: &str, errors: &mut Errors) {
    let Ok(program) = ENVIRONMENT.compile(text(&rule["rule"])) else { return };
    let references = program.references();
    let is_transition = references.has_variable("oldSelf");
    if is_transition && old.is_none() && !flag(&rule["optionalOldSelf"]) {
        return;
    }
    // What an update leaves alone may go on breaking a rule. Upstream: `Validator.validateExpressions`, `addErr`.
    if !is_transition && old == Some(value) {
        return;
    }
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    declare(&mut context);
    context.add_variable_from_value("self", to_cel(schema, value));
    if let Some(old) = old {
        let old = to_cel(schema, old);
        if flag(&rule["optionalOldSelf"]) {
            context.add_variable_from_value("before", old);
            let Some(optional) = evaluate("optional.of(before)", &context) else { return };
            context.add_variable_from_value("oldSelf", optional);
        } else {
            context.add_variable_from_value("oldSelf", old);
        }
    } else if is_transition {
        let Some(none) = evaluate("optional.none()", &context) else { return };
        context.add_variable_from_value("oldSelf", none);
    }
    let detail = match program.execute(&context) {
        Ok(Cel::Bool(true)) | Err(ExecutionError::UndeclaredReference(_) | ExecutionError::NoSuchOverload(_)) => return,
        Ok(_) => message(rule, &context),
        Err(error) => format!("rule evaluation error: {}", words(&error)),
    };
    let path = format!("{path}{}", text(&rule["fieldPath"]));
    let path = path.trim_start_matches('.');
    let shown = if path.is_empty() { "<nil>" } else { path };
    let kind = super::schema::type_name(value);
    let fault = match text(&rule["reason"]) {
        "FieldValueForbidden" => "Forbidden".to_owned(),
        "FieldValueRequired" => "Required value".to_owned(),
        "FieldValueDuplicate" => format!("Duplicate value: {kind:?}"),
        _ => format!("Invalid value: {kind:?}"),
    };
    errors.extend(vec![format!("{shown}: {fault}: {detail}")]);
}

/// A rule's words for what is wrong. Upstream: schema/cel `Validator.validateExpressions`, `ruleMessageOrDefault`.
fn message(rule: &Value, context: &Context<'_, '_>) -> String {
    let computed = rule["messageExpression"].as_str().and_then(|expression| match evaluate(expression, context) {
        Some(Cel::String(message)) if !message.trim().is_empty() && !message.contains('\n') => {
            Some(message.to_string())
        }
        _ => None,
    });
    computed.unwrap_or_else(|| match text(&rule["message"]).trim() {
        "" => format!("failed rule: {}", text(&rule["rule"]).trim()),
        message => message.to_owned(),
    })
}

/// As cel-go says it.
fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        other => other.to_string(),
    }
}

fn evaluate(expression: &str, context: &Context<'_, '_>) -> Option<Cel> {
    ENVIRONMENT.compile(expression).ok()?.execute(context).ok()
}

/// Functions of Kubernetes' own library of lists. Upstream: apiserver cel/library `lists.go`.
fn declare(context: &mut Context<'_, '_>) {
    let is_sorted = |This(list): This<Arc<Vec<Cel>>>| list.windows(2).all(|pair| pair[0] <= pair[1]);
    // Nothing of that name is there before.
    let _ = context.add_function("isSorted", is_sorted);
    let sum = |This(list): This<Arc<Vec<Cel>>>| -> Result<Cel, ExecutionError> {
        list.iter().try_fold(Cel::Int(0), |sum, item| match (sum, item) {
            (Cel::Int(sum), Cel::Int(item)) => Ok(Cel::Int(sum.saturating_add(*item))),
            (Cel::Int(0), Cel::Float(item)) => Ok(Cel::Float(*item)),
            (Cel::Float(sum), Cel::Float(item)) => Ok(Cel::Float(sum + item)),
            _ => Err(ExecutionError::function_error("sum", "no such overload")),
        })
    };
    let _ = context.add_function("sum", sum);
}

/// A value as its schema means it: numbers are whole or not, names of fields are such that CEL can say them.
fn to_cel(schema: &Value, value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(truth) => Cel::Bool(*truth),
        Value::Number(number) => match number.as_i64().filter(|_| text(&schema["type"]) != "number") {
            Some(whole) => Cel::Int(whole),
            None => Cel::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(list) => Cel::List(Arc::new(list.iter().map(|item| to_cel(&schema["items"], item)).collect())),
        Value::Object(object) => {
            let member = |(key, member): (&String, &Value)| {
                let declared = &schema["properties"][key];
                if declared.is_object() || schema["additionalProperties"].is_null() {
                    (Key::String(Arc::new(escaped(key))), to_cel(declared, member))
                } else {
                    (Key::String(Arc::new(key.clone())), to_cel(&schema["additionalProperties"], member))
                }
            };
            Cel::Map(Map { map: Arc::new(object.iter().map(member).collect()) })
        }
    }
}

/// A field's name as rules say it. Upstream: apiserver cel/common `Escape`.
fn escaped(name: &str) -> String {
    const RESERVED: [&str; 21] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn errors(rules: &Value, value: &Value, old: Option<&Value>) -> Vec<String> {
        let schema = json!({"type": "object", "properties": {"spec": {
            "type": "object", "x-kubernetes-validations": rules, "properties": {
                "min": {"type": "integer"}, "max": {"type": "integer"}, "share": {"type": "number"},
                "my-name": {"type": "string"}, "names": {"type": "array", "items": {"type": "string"}},
                "ports": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                    "items": {"type": "object", "properties": {"name": {"type": "string"}, "port": {
                        "type": "integer",
                        "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "ports stay"}],
                    }}},
                },
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }}});
        let mut errors = Errors::default();
        check(&schema, &json!({"spec": value}), old.map(|old| json!({"spec": old})).as_ref(), "", &mut errors);
        errors.into_list()
    }

    #[test]
    fn a_rule_that_does_not_hold_has_its_message_or_its_text() {
        let value = json!({"min": 5, "max": 3, "share": 2, "my-name": "x", "names": ["b", "a"]});
        for (rule, expected) in [
            (
                json!({"rule": "self.min <= self.max", "message": "too small"}),
                "spec: Invalid value: \"object\": too small",
            ),
            (
                json!({"rule": "self.min <= self.max"}),
                "spec: Invalid value: \"object\": failed rule: self.min <= self.max",
            ),
            (
                json!({"rule": "self.min < 5", "messageExpression": "'min is ' + string(self.min)", "fieldPath": ".min"}),
                "spec.min: Invalid value: \"object\": min is 5",
            ),
            (
                json!({"rule": "self.names.isSorted()", "message": "sort them", "reason": "FieldValueForbidden"}),
                "spec: Forbidden: sort them",
            ),
            (
                json!({"rule": "self.labels.a == 'b'"}),
                "spec: Invalid value: \"object\": rule evaluation error: no such key: labels",
            ),
        ] {
            assert_eq!(errors(&json!([rule]), &value, None), [expected]);
        }
        for rule in [
            "self.share > 1.5",
            "self.my__dash__name.startsWith('x')",
            "!has(self.labels)",
            "self.names.all(n, n.size() == 1) && self.names.exists(n, n == 'a')",
            "self.my__dash__name.upperAscii() == 'X'",
            "self.names.map(n, size(n)).sum() == 2",
            "quantity('1Gi').isGreaterThan(quantity('1Mi'))",
        ] {
            assert_eq!(errors(&json!([{"rule": rule}]), &value, None), Vec::<String>::new(), "{rule}");
        }
    }

    #[test]
    fn rules_about_changes_need_something_that_changed() {
        let rules = json!([{"rule": "self.min >= oldSelf.min", "message": "it may only grow"}]);
        assert_eq!(errors(&rules, &json!({"min": 1}), None), Vec::<String>::new());
        assert_eq!(errors(&rules, &json!({"min": 2}), Some(&json!({"min": 1}))), Vec::<String>::new());
        assert_eq!(
            errors(&rules, &json!({"min": 1}), Some(&json!({"min": 2}))),
            ["spec: Invalid value: \"object\": it may only grow"]
        );
        let least = json!([{"rule": "self.min > 1"}]);
        assert_eq!(errors(&least, &json!({"min": 1}), Some(&json!({"min": 1}))), Vec::<String>::new());
        assert_eq!(errors(&least, &json!({"min": 1}), Some(&json!({"min": 0}))).len(), 1);
        let ports = |ports: Value| json!({"ports": ports});
        let old = ports(json!([{"name": "a", "port": 1}, {"name": "b", "port": 2}]));
        let new = ports(json!([{"name": "b", "port": 3}, {"name": "c", "port": 4}]));
        assert_eq!(
            errors(&json!([]), &new, Some(&old)),
            ["spec.ports[0].port: Invalid value: \"integer\": ports stay"]
        );
        let optional = json!([{"rule": "!oldSelf.hasValue() || oldSelf.value().min == 1", "optionalOldSelf": true}]);
        assert_eq!(errors(&optional, &json!({}), None), Vec::<String>::new());
        assert_eq!(errors(&optional, &json!({}), Some(&json!({"min": 2}))).len(), 1);
    }
}
