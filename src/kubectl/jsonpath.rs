//! JSONPath templates as kubectl evaluates them. Upstream: client-go util/jsonpath `JSONPath`.

mod compare;
mod parse;

use std::fmt::Write as _;

use serde_json::Value;

use crate::api::value::go_json;

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Text, a number or a truth value.
    Literal(Value),
    /// What stands between two braces: each node works on what the one before it found.
    List(Vec<Node>),
    /// `.name`, `['name']`.
    Field(String),
    /// `[from:to:step]`; a single index is a range of one.
    Array([Parameter; 3]),
    /// `[?(left operator right)]`.
    Filter { left: Vec<Node>, operator: String, right: Vec<Node> },
    /// `*`
    Wildcard,
    /// `..`
    Recursive,
    /// `[a,b]`
    Union(Vec<Vec<Node>>),
    /// `range`, `end`.
    Identifier(String),
}

/// A number between the colons of brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameter {
    value: i64,
    known: bool,
    /// Does it follow from the one before it?
    derived: bool,
}

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
        if text.is_empty() {
            return Self::parse(text);
        }
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let path = inner.strip_prefix('.').unwrap_or(inner);
        if path.is_empty() || path.contains(['{', '}']) {
            return Err(
                "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
                    .to_owned(),
            );
        }
        Self::parse(&format!("{{.{path}}}"))
    }

    /// What each node of the template leads to; a node within a range is there once for each item.
    pub(crate) fn results<'a>(&'a self, root: &'a Value, allow_missing: bool) -> Result<Vec<Vec<&'a Value>>, String> {
        let mut walk = Walk { allow_missing, begin_range: 0, in_range: 0, end_range: 0, last_end: 0 };
        walk.results(&self.nodes, 0, root)
    }

    /// The values that the template leads to, as far as it can be followed.
    pub(crate) fn find(&self, root: &Value) -> Vec<Value> {
        self.results(root, true).unwrap_or_default().into_iter().flatten().cloned().collect()
    }

    /// What the template prints.
    pub(crate) fn print(&self, root: &Value, allow_missing: bool) -> Result<String, String> {
        let mut out = String::new();
        for results in self.results(root, allow_missing)? {
            let words: Vec<String> = results.into_iter().map(text_of).collect();
            out.push_str(&words.join(" "));
        }
        Ok(out)
    }
}

/// A value as it prints: scalars bare, everything else as JSON. Upstream: `evalToText`.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => go_json(other),
    }
}

/// A value in the notation of Go's `%#v`, as failed templates print it.
pub(crate) fn go_syntax(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("interface {}(nil)"),
        Value::Array(items) => {
            out.push_str("[]interface {}{");
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                go_syntax(item, out);
            }
            out.push('}');
        }
        Value::Object(members) => {
            out.push_str("map[string]interface {}{");
            for (place, (key, member)) in members.iter().enumerate() {
                write!(out, "{}{key:?}:", if place > 0 { ", " } else { "" }).expect("a String takes everything");
                go_syntax(member, out);
            }
            out.push('}');
        }
        Value::String(text) => write!(out, "{text:?}").expect("a String takes everything"),
        other => out.push_str(&other.to_string()),
    }
}

/// Ranges inside one another. One that is not ended is gone through twice by upstream's rule, so that many of them would
/// take for ever.
const DEEPEST: usize = 12;

/// Where an evaluation stands among ranges.
struct Walk {
    allow_missing: bool,
    /// Ranges that were opened and not entered yet.
    begin_range: usize,
    in_range: usize,
    end_range: usize,
    /// The place of the `end` that was met last.
    last_end: usize,
}

type Values<'a> = Vec<&'a Value>;

impl Walk {
    /// `first` is the place of the first node in the whole template. Upstream: `FindResults`.
    fn results<'a>(&mut self, nodes: &'a [Node], first: usize, data: &'a Value) -> Result<Vec<Values<'a>>, String> {
        let mut all = Vec::new();
        let mut place = 0;
        while let Some(node) = nodes.get(place) {
            let results = self.node(&[data], node)?;
            if self.end_range > 0 && self.end_range <= self.in_range {
                self.end_range -= 1;
                self.last_end = first + place;
                break;
            }
            if self.begin_range > 0 {
                self.begin_range -= 1;
                self.in_range += 1;
                if self.in_range > DEEPEST {
                    return Err(format!("more than {DEEPEST} ranges inside one another"));
                }
                let body = &nodes[place + 1..];
                for item in &results {
                    all.extend(self.results(body, first + place + 1, item)?);
                }
                if results.is_empty() {
                    // Only to come to its end.
                    self.results(body, first + place + 1, &Value::Null)?;
                }
                self.in_range -= 1;
                // On after the end that was met last; a range without one is gone through again.
                if self.last_end > first + place && self.last_end < first + nodes.len() {
                    place = self.last_end - first;
                }
                place += 1;
                continue;
            }
            all.push(results);
            place += 1;
        }
        Ok(all)
    }

    fn list<'a>(&mut self, input: &[&'a Value], nodes: &'a [Node]) -> Result<Values<'a>, String> {
        let mut values = input.to_vec();
        for node in nodes {
            values = self.node(&values, node)?;
        }
        Ok(values)
    }

    fn node<'a>(&mut self, input: &[&'a Value], node: &'a Node) -> Result<Values<'a>, String> {
        match node {
            Node::Literal(text @ Value::String(_)) => Ok(vec![text]),
            Node::Literal(value) => Ok(vec![value; input.len()]),
            Node::List(nodes) => self.list(input, nodes),
            Node::Field(name) => self.field(input, name),
            Node::Array(parameters) => array(input, *parameters),
            Node::Filter { left, operator, right } => self.filter(input, left, operator, right),
            Node::Wildcard => Ok(input.iter().flat_map(|value| children(value)).collect()),
            Node::Recursive => {
                let mut all = Vec::new();
                for value in input {
                    descend(value, &mut all);
                }
                Ok(all)
            }
            Node::Union(lists) => {
                let mut all = Vec::new();
                for list in lists {
                    all.extend(self.list(input, list)?);
                }
                Ok(all)
            }
            Node::Identifier(name) => self.identifier(input, name),
        }
    }

    /// Upstream: `evalIdentifier`.
    fn identifier<'a>(&mut self, input: &[&'a Value], name: &str) -> Result<Values<'a>, String> {
        match name {
            "range" => {
                self.begin_range += 1;
                Ok(input.to_vec())
            }
            "end" if self.in_range > 0 => {
                self.end_range += 1;
                Ok(Vec::new())
            }
            "end" => Err("not in range, nothing to end".to_owned()),
            other => Err(format!("unrecognized identifier {other}")),
        }
    }

    /// Upstream: `evalField`.
    fn field<'a>(&self, input: &[&'a Value], name: &str) -> Result<Values<'a>, String> {
        let found: Values<'a> = input.iter().filter_map(|value| value.as_object()?.get(name)).collect();
        if found.is_empty() && !input.is_empty() && !self.allow_missing {
            return Err(format!("{name} is not found"));
        }
        Ok(found)
    }

    /// Upstream: `evalFilter`.
    fn filter<'a>(
        &mut self,
        input: &[&'a Value],
        left: &'a [Node],
        operator: &str,
        right: &'a [Node],
    ) -> Result<Values<'a>, String> {
        let mut passed = Vec::new();
        for value in input {
            let Value::Array(items) = value else {
                let shown = crate::api::value::go_map(value);
                return Err(format!("{shown} is not array or slice and cannot be filtered"));
            };
            for item in items {
                let lefts = self.list(&[item], left);
                if operator == "exists" {
                    passed.extend(lefts.is_ok_and(|lefts| !lefts.is_empty()).then_some(item));
                    continue;
                }
                let Some(left) = single(&lefts?)? else { continue };
                let Some(right) = single(&self.list(&[item], right)?)? else { continue };
                if compare::holds(left, operator, right)? {
                    passed.push(item);
                }
            }
        }
        Ok(passed)
    }
}

fn single<'a>(values: &[&'a Value]) -> Result<Option<&'a Value>, String> {
    match values {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err("can only compare one element at a time".to_owned()),
    }
}

/// Upstream: `evalArray`.
fn array<'a>(input: &[&'a Value], parameters: [Parameter; 3]) -> Result<Values<'a>, String> {
    let mut found = Vec::new();
    for value in input {
        let items = match value {
            Value::Array(items) => items,
            Value::Null => continue,
            other => return Err(format!("{} is not array or slice", go_type(other))),
        };
        let length = items.len() as i64;
        let [from, to, step] = parameters;
        let mut start = if from.known { from.value } else { 0 };
        if start < 0 {
            start = start.wrapping_add(length);
        }
        let mut end = if to.known { to.value } else { length };
        if end < 0 || end == 0 && to.derived {
            end = end.wrapping_add(length);
        }
        if start == end {
            return Ok(found);
        }
        if start >= length || start < 0 {
            return Err(format!("array index out of bounds: index {start}, length {length}"));
        }
        if end > length || end < 0 {
            return Err(format!("array index out of bounds: index {}, length {length}", end.wrapping_sub(1)));
        }
        if start > end {
            return Err(format!("starting index {start} is greater than ending index {end}"));
        }
        if step.known && step.value <= 0 {
            return Err("step must be > 0".to_owned());
        }
        let step = if step.known { step.value as usize } else { 1 };
        found.extend(items[start as usize..end as usize].iter().step_by(step));
    }
    Ok(found)
}

/// What Go calls the type of a value.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Members in the order of their keys, where Go takes any.
fn children(value: &Value) -> Values<'_> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

/// A value and everything in it that holds something, the outermost first. Upstream: `evalRecursive`.
fn descend<'a>(value: &'a Value, all: &mut Values<'a>) {
    let children = children(value);
    if !children.is_empty() || value.as_str().is_some_and(|text| !text.is_empty()) {
        all.push(value);
        for child in children {
            descend(child, all);
        }
    }
}

#[cfg(test)]
mod tests;
