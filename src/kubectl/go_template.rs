//! Go templates on JSON objects: fields, variables, pipelines, range, if, with, define, and the functions.
//! Upstream: text/template with kubectl's `exists` and `base64decode`.

mod functions;
mod parse;

use std::collections::BTreeMap;

use serde_json::Value;

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    nodes: Vec<Node>,
    /// What `define` and `block` name.
    named: BTreeMap<String, Vec<Node>>,
    text: String,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    /// Prints a pipeline, or sets a variable to it.
    Action(Pipeline),
    If(Pipeline, Vec<Node>, Vec<Node>),
    With(Pipeline, Vec<Node>, Vec<Node>),
    Range(Pipeline, Vec<Node>, Vec<Node>),
    /// `{{template "name" pipeline}}`.
    Template(Place, String, Option<Pipeline>),
    Break,
    Continue,
}

/// Where something stands in the template, and how Go writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    offset: usize,
    text: String,
}

/// `$k, $v := command | command`.
#[derive(Clone, Debug, PartialEq)]
struct Pipeline {
    variables: Vec<String>,
    /// Does it set variables that exist (`=`) instead of new ones (`:=`)?
    assigns: bool,
    commands: Vec<Command>,
}

/// An operand, or a function and its arguments.
#[derive(Clone, Debug, PartialEq)]
struct Command {
    place: Place,
    words: Vec<Word>,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq)]
struct Word {
    place: Place,
    operand: Operand,
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    /// `.a.b`, from dot.
    Field(Vec<String>),
    /// `$x.a.b`.
    Variable(String, Vec<String>),
    Literal(Value),
    /// `nil`.
    Nil,
    /// A function.
    Name(String),
    /// `(pipeline).a.b`.
    Nested(Box<Pipeline>, Vec<String>),
}

/// How a block goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

impl Template {
    /// Reads a template. Errors read as Go's: `template: output:1: …`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (nodes, named) = parse::template(text)?;
        Ok(Self { nodes, named, text: text.to_owned() })
    }

    /// What it prints of a value, as far as it came, and why it went no further.
    pub(crate) fn print(&self, root: &Value, allow_missing: bool) -> (String, Result<(), String>) {
        let mut scope = Scope {
            template: self,
            allow_missing,
            variables: vec![("$".to_owned(), Some(root.clone()))],
            out: String::new(),
            at: Place::default(),
            depth: 0,
        };
        let result = scope.nodes(&self.nodes, Some(root)).map(|_| ());
        let result = result.map_err(|reason| {
            // Upstream: text/template/parse `Tree.ErrorContext`.
            let before = &self.text[..scope.at.offset.min(self.text.len())];
            let column = before.rfind('\n').map_or(before.len(), |end| before.len() - end - 1);
            let line = before.matches('\n').count() + 1;
            format!("template: output:{line}:{column}: executing \"output\" at <{}>: {reason}", scope.at.text)
        });
        (scope.out, result)
    }
}

/// Templates that call one another end here. Upstream: text/template `maxExecDepth`, which is as deep as memory goes.
const DEEPEST: usize = 100;

/// Variables and output. A missing value is `None`.
struct Scope<'a> {
    template: &'a Template,
    allow_missing: bool,
    variables: Vec<(String, Option<Value>)>,
    out: String,
    /// What is being evaluated.
    at: Place,
    depth: usize,
}

impl Scope<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: Option<&Value>) -> Result<Flow, String> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, node: &Node, dot: Option<&Value>) -> Result<Flow, String> {
        let depth = self.variables.len();
        let mut flow = Flow::On;
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Action(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.variables.is_empty() {
                    self.out.push_str(&functions::printed(value.as_ref()));
                }
                // Variables that were made here live on in the block.
                return Ok(Flow::On);
            }
            Node::If(pipeline, then, otherwise) => {
                let value = self.pipeline(pipeline, dot)?;
                flow = self.nodes(if functions::is_true(value.as_ref()) { then } else { otherwise }, dot)?;
            }
            Node::With(pipeline, then, otherwise) => {
                let value = self.pipeline(pipeline, dot)?;
                flow = if functions::is_true(value.as_ref()) {
                    self.nodes(then, value.as_ref())?
                } else {
                    self.nodes(otherwise, dot)?
                };
            }
            Node::Range(pipeline, body, otherwise) => flow = self.range(pipeline, body, otherwise, dot)?,
            Node::Template(place, name, pipeline) => self.named(place, name, pipeline.as_ref(), dot)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        self.variables.truncate(depth);
        Ok(flow)
    }

    /// Another template, which sees nothing but its own dot.
    fn named(
        &mut self,
        place: &Place,
        name: &str,
        pipeline: Option<&Pipeline>,
        dot: Option<&Value>,
    ) -> Result<(), String> {
        let template = self.template;
        let Some(nodes) = template.named.get(name) else {
            self.at.clone_from(place);
            return Err(format!("template {name:?} not defined"));
        };
        if self.depth >= DEEPEST {
            return Err(format!("exceeded maximum template depth ({DEEPEST})"));
        }
        let value = pipeline.map(|pipeline| self.pipeline(pipeline, dot)).transpose()?.flatten();
        let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), value.clone())]);
        self.depth += 1;
        let result = self.nodes(nodes, value.as_ref());
        self.depth -= 1;
        self.variables = outer;
        result.map(|_| ())
    }

    fn range(
        &mut self,
        pipeline: &Pipeline,
        body: &[Node],
        otherwise: &[Node],
        dot: Option<&Value>,
    ) -> Result<Flow, String> {
        let plain = Pipeline { variables: Vec::new(), ..pipeline.clone() };
        let items: Vec<(Value, Value)> = match self.pipeline(&plain, dot)? {
            Some(Value::Array(items)) => {
                items.into_iter().enumerate().map(|(place, item)| (Value::from(place), item)).collect()
            }
            Some(Value::Object(members)) => members.into_iter().map(|(key, item)| (Value::from(key), item)).collect(),
            None | Some(Value::Null) => Vec::new(),
            Some(other) => return Err(format!("range can't iterate over {}", functions::printed(Some(&other)))),
        };
        if items.is_empty() {
            return self.nodes(otherwise, dot);
        }
        let depth = self.variables.len();
        for (key, item) in items {
            match pipeline.variables.as_slice() {
                [] => {}
                [value] => self.variables.push((value.clone(), Some(item.clone()))),
                [first, second, ..] => {
                    self.variables.push((first.clone(), Some(key)));
                    self.variables.push((second.clone(), Some(item.clone())));
                }
            }
            let flow = self.nodes(body, Some(&item))?;
            self.variables.truncate(depth);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: Option<&Value>) -> Result<Option<Value>, String> {
        let mut last: Option<Option<Value>> = None;
        for command in &pipeline.commands {
            last = Some(self.command(command, dot, last)?);
        }
        let value = last.flatten();
        if let Some(name) = pipeline.variables.first() {
            let known = self.variables.iter_mut().rev().find(|(candidate, _)| candidate == name);
            match known.filter(|_| pipeline.assigns) {
                Some((_, variable)) => variable.clone_from(&value),
                None => self.variables.push((name.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    /// A function with its arguments, the value piped into it last; or a single operand.
    #[expect(clippy::option_option, reason = "nothing piped in, no value piped in, a value piped in")]
    fn command(
        &mut self,
        command: &Command,
        dot: Option<&Value>,
        piped: Option<Option<Value>>,
    ) -> Result<Option<Value>, String> {
        let Some((first, rest)) = command.words.split_first() else {
            return Err("missing value for command".to_owned());
        };
        let Operand::Name(function) = &first.operand else {
            if !rest.is_empty() || piped.is_some() {
                self.at.clone_from(&first.place);
                return Err(format!("can't give argument to non-function {}", first.place.text));
            }
            return self.word(first, dot);
        };
        self.at.clone_from(&first.place);
        functions::check_count(function, rest.len() + usize::from(piped.is_some()))?;
        let mut arguments = Vec::with_capacity(rest.len() + 1);
        for word in rest {
            let value = self.word(word, dot)?;
            // These two stop where the answer is known. Upstream: text/template `evalCall`.
            let decided = match function.as_str() {
                "and" => !functions::is_true(value.as_ref()),
                "or" => functions::is_true(value.as_ref()),
                _ => false,
            };
            if decided {
                return Ok(value);
            }
            arguments.push(value);
        }
        arguments.extend(piped);
        if function == "call" {
            self.at.clone_from(&command.place);
            let shown = rest.first().map_or("", |word| word.place.text.as_str());
            let kind = arguments.first().and_then(Option::as_ref).map_or("nil", functions::type_name);
            return Err(format!("error calling call: non-function {shown} of type {kind}"));
        }
        functions::call(function, &arguments).map_err(|reason| {
            self.at.clone_from(&command.place);
            format!("error calling {function}: {reason}")
        })
    }

    fn word(&mut self, word: &Word, dot: Option<&Value>) -> Result<Option<Value>, String> {
        self.at.clone_from(&word.place);
        match &word.operand {
            Operand::Literal(value) => Ok(Some(value.clone())),
            Operand::Nil => Ok(None),
            Operand::Field(path) => self.fields(dot.cloned(), path),
            Operand::Variable(name, path) => {
                let found = self.variables.iter().rev().find(|(candidate, _)| candidate == name);
                let value = found.and_then(|(_, value)| value.clone());
                self.fields(value, path)
            }
            Operand::Nested(pipeline, path) => {
                let value = self.pipeline(pipeline, dot)?;
                self.at.clone_from(&word.place);
                self.fields(value, path)
            }
            Operand::Name(function) => {
                functions::check_count(function, 0)?;
                functions::call(function, &[]).map_err(|reason| format!("error calling {function}: {reason}"))
            }
        }
    }

    /// Fields of a map; what is missing stays missing.
    fn fields(&self, value: Option<Value>, path: &[String]) -> Result<Option<Value>, String> {
        let mut value = value;
        for name in path {
            value = match value {
                Some(Value::Object(mut members)) => {
                    let found = members.remove(name);
                    if found.is_none() && !self.allow_missing {
                        return Err(format!("map has no entry for key {name:?}"));
                    }
                    found
                }
                None if !self.allow_missing => return Err(format!("nil data; no entry for key {name:?}")),
                None => None,
                Some(Value::Null) => return Err(format!("nil pointer evaluating interface {{}}.{name}")),
                Some(_) => return Err(format!("can't evaluate field {name} in type interface {{}}")),
            };
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
