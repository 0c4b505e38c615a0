//! JSONPath templates as kubectl evaluates them. Upstream: client-go util/jsonpath.

mod parse;

use serde_json::Value;

pub(crate) use parse::{Filter, Node, Operand};

/// A parsed template: text and actions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    nodes: Vec<Node>,
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { nodes: parse::template(text)? })
    }

    /// Reads a single path without or with braces, as `--sort-by` and custom columns take it: `.a.b`, `{.a.b}`, `a.b`.
    /// Upstream: kubectl cmd/get `RelaxedJSONPathExpression`.
    pub(crate) fn parse_relaxed(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let dotted = if inner.starts_with('.') || inner.starts_with('[') || inner.starts_with('$') {
            inner.to_owned()
        } else {
            format!(".{inner}")
        };
        Self::parse(&format!("{{{dotted}}}"))
    }

    /// The values that the paths of the template lead to.
    pub(crate) fn find(&self, root: &Value) -> Vec<Value> {
        let mut found = Vec::new();
        for node in &self.nodes {
            if let Node::Path(steps) = node {
                found.extend(walk(steps, root, root));
            }
        }
        found
    }

    /// What the template prints.
    pub(crate) fn print(&self, root: &Value) -> String {
        let mut out = String::new();
        print_nodes(&self.nodes, root, root, &mut out);
        out
    }
}

fn print_nodes(nodes: &[Node], current: &Value, root: &Value, out: &mut String) {
    let mut place = 0;
    while let Some(node) = nodes.get(place) {
        place += 1;
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Path(steps) => {
                let words: Vec<String> = walk(steps, current, root).iter().map(text_of).collect();
                out.push_str(&words.join(" "));
            }
            Node::Range(steps, body) => {
                for item in walk(steps, current, root) {
                    print_nodes(body, &item, root, out);
                }
            }
        }
    }
}

/// A value as it prints: scalars bare, everything else as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => crate::api::value::go_json(other),
    }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// `.name`, `["name"]`.
    Field(String),
    /// `*`, `[*]`.
    All,
    /// `[2]`, `[-1]`, `[1,3]`.
    Items(Vec<i64>),
    /// `[1:3:1]`.
    Slice(Option<i64>, Option<i64>, i64),
    /// `..`
    Descend,
    /// `[?(…)]`.
    Filter(Filter),
    /// A quoted text.
    Literal(String),
    /// `$`
    Root,
    /// `@`
    Current,
}

/// The values a path leads to from `current`.
pub(crate) fn walk(steps: &[Step], current: &Value, root: &Value) -> Vec<Value> {
    let mut values = vec![current.clone()];
    for step in steps {
        values = values.iter().flat_map(|value| take(step, value, root)).collect();
    }
    values
}

fn take(step: &Step, value: &Value, root: &Value) -> Vec<Value> {
    match step {
        Step::Current => vec![value.clone()],
        Step::Root => vec![root.clone()],
        Step::Literal(text) => vec![Value::from(text.as_str())],
        Step::Field(name) => value.get(name).cloned().into_iter().collect(),
        Step::All => children(value),
        Step::Items(indices) => {
            let Some(items) = value.as_array() else { return Vec::new() };
            indices.iter().filter_map(|index| items.get(position(*index, items.len())?).cloned()).collect()
        }
        Step::Slice(from, to, step) => slice(value, *from, *to, *step),
        Step::Descend => {
            let mut all = Vec::new();
            descend(value, &mut all);
            all
        }
        Step::Filter(filter) => {
            let Some(items) = value.as_array() else { return Vec::new() };
            items.iter().filter(|item| filter.admits(item, root)).cloned().collect()
        }
    }
}

fn position(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index + length as i64 } else { index };
    usize::try_from(index).ok()
}

fn children(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Object(members) => members.values().cloned().collect(),
        _ => Vec::new(),
    }
}

fn slice(value: &Value, from: Option<i64>, to: Option<i64>, step: i64) -> Vec<Value> {
    let Some(items) = value.as_array() else { return Vec::new() };
    let from = position(from.unwrap_or(0), items.len()).unwrap_or(0);
    let to = to.map_or(items.len(), |to| position(to, items.len()).unwrap_or(0)).min(items.len());
    let step = usize::try_from(step).unwrap_or(1).max(1);
    (from..to).step_by(step).map(|place| items[place].clone()).collect()
}

/// A value and everything in it, the outermost first.
fn descend(value: &Value, all: &mut Vec<Value>) {
    all.push(value.clone());
    for child in children(value) {
        descend(&child, all);
    }
}

impl Filter {
    /// Does an item pass? Upstream: jsonpath `evalFilter`.
    fn admits(&self, item: &Value, root: &Value) -> bool {
        let Some((operator, right)) = &self.comparison else {
            return !self.left.values(item, root).is_empty();
        };
        let (left, right) = (self.left.values(item, root), right.values(item, root));
        let ([left], [right]) = (left.as_slice(), right.as_slice()) else { return false };
        let order = match (left, right) {
            (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
            _ => Some(text_of(left).cmp(&text_of(right))),
        };
        let Some(order) = order else { return false };
        match operator.as_str() {
            "==" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            _ => false,
        }
    }
}

impl Operand {
    fn values(&self, item: &Value, root: &Value) -> Vec<Value> {
        match self {
            Self::Path(steps) => walk(steps, item, root),
            Self::Literal(value) => vec![value.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_print_as_kubectl_prints_them() {
        let root = json!({"items": [
            {"name": "a", "labels": {"x": "1"}, "n": 5, "on": true},
            {"name": "b", "labels": {}, "n": 7, "list": [1, 2, 3]},
        ]});
        for (template, text) in [
            ("{.items[*].name}", "a b"),
            ("{range .items[*]}{.name}{\"\\t\"}{.n}{\"\\n\"}{end}", "a\t5\nb\t7\n"),
            ("{.items[0].labels}", "{\"x\":\"1\"}"),
            ("{.items[?(@.name==\"b\")].n}", "7"),
            ("{.items[?(@.n>5)].name}", "b"),
            ("{.items[-1].list[0:2]}", "1 2"),
            ("{..name}", "a b"),
            ("{.items[0].nope}", ""),
            ("{.items[0].name} and {.items[1].name}", "a and b"),
            ("{.items[0]['name']}", "a"),
            ("{range.items[*]}{.name};{end}", "a;b;"),
        ] {
            assert_eq!(Template::parse(template).unwrap().print(&root), text, "{template}");
        }
    }
}
