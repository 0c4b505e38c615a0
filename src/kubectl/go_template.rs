//! Go templates on JSON objects, as far as kubectl's users write them: fields, variables, pipelines, range, if, with,
//! and the usual functions. Upstream: text/template with kubectl's `exists` and `base64decode`.

mod functions;
mod parse;

use serde_json::Value;

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    nodes: Vec<Node>,
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
}

/// `$k, $v := command | command`.
#[derive(Clone, Debug, PartialEq)]
struct Pipeline {
    variables: Vec<String>,
    /// Does it set variables that exist (`=`) instead of new ones (`:=`)?
    assigns: bool,
    commands: Vec<Vec<Operand>>,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    /// `.a.b`, from dot.
    Field(Vec<String>),
    /// `$x.a.b`.
    Variable(String, Vec<String>),
    Literal(Value),
    /// A function.
    Name(String),
    /// `(pipeline).a.b`.
    Nested(Box<Pipeline>, Vec<String>),
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { nodes: parse::template(text)? })
    }

    /// What it prints of a value.
    pub(crate) fn print(&self, root: &Value) -> Result<String, String> {
        let mut scope = Scope { variables: vec![("$".to_owned(), Some(root.clone()))], out: String::new() };
        scope.nodes(&self.nodes, Some(root))?;
        Ok(scope.out)
    }
}

/// Variables and output. A missing value is `None`.
struct Scope {
    variables: Vec<(String, Option<Value>)>,
    out: String,
}

impl Scope {
    fn nodes(&mut self, nodes: &[Node], dot: Option<&Value>) -> Result<(), String> {
        nodes.iter().try_for_each(|node| self.node(node, dot))
    }

    fn node(&mut self, node: &Node, dot: Option<&Value>) -> Result<(), String> {
        let depth = self.variables.len();
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Action(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.variables.is_empty() {
                    self.out.push_str(&functions::printed(value.as_ref()));
                }
                // Variables that were made here live on in the block.
                return Ok(());
            }
            Node::If(pipeline, then, otherwise) => {
                let value = self.pipeline(pipeline, dot)?;
                self.nodes(if functions::is_true(value.as_ref()) { then } else { otherwise }, dot)?;
            }
            Node::With(pipeline, then, otherwise) => {
                let value = self.pipeline(pipeline, dot)?;
                if functions::is_true(value.as_ref()) {
                    self.nodes(then, value.as_ref())?;
                } else {
                    self.nodes(otherwise, dot)?;
                }
            }
            Node::Range(pipeline, body, otherwise) => self.range(pipeline, body, otherwise, dot)?,
        }
        self.variables.truncate(depth);
        Ok(())
    }

    fn range(
        &mut self,
        pipeline: &Pipeline,
        body: &[Node],
        otherwise: &[Node],
        dot: Option<&Value>,
    ) -> Result<(), String> {
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
            self.nodes(body, Some(&item))?;
            self.variables.truncate(depth);
        }
        Ok(())
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
        command: &[Operand],
        dot: Option<&Value>,
        piped: Option<Option<Value>>,
    ) -> Result<Option<Value>, String> {
        let Some((first, rest)) = command.split_first() else { return Err("missing value for command".to_owned()) };
        let Operand::Name(function) = first else {
            if !rest.is_empty() || piped.is_some() {
                return Err("can't give argument to non-function".to_owned());
            }
            return self.operand(first, dot);
        };
        let mut arguments =
            rest.iter().map(|operand| self.operand(operand, dot)).collect::<Result<Vec<_>, String>>()?;
        arguments.extend(piped);
        functions::call(function, &arguments)
    }

    fn operand(&mut self, operand: &Operand, dot: Option<&Value>) -> Result<Option<Value>, String> {
        match operand {
            Operand::Literal(value) => Ok(Some(value.clone())),
            Operand::Field(path) => fields(dot.cloned(), path),
            Operand::Variable(name, path) => {
                let found = self.variables.iter().rev().find(|(candidate, _)| candidate == name);
                let (_, value) = found.ok_or_else(|| format!("undefined variable \"{name}\""))?;
                fields(value.clone(), path)
            }
            Operand::Nested(pipeline, path) => {
                let value = self.pipeline(pipeline, dot)?;
                fields(value, path)
            }
            Operand::Name(function) => functions::call(function, &[]),
        }
    }
}

/// Fields of a map; what is missing stays missing.
fn fields(value: Option<Value>, path: &[String]) -> Result<Option<Value>, String> {
    let mut value = value;
    for name in path {
        value = match value {
            Some(Value::Object(mut members)) => members.remove(name),
            None | Some(Value::Null) => None,
            Some(other) => {
                return Err(format!("can't evaluate field {name} in type {}", functions::type_name(&other)));
            }
        };
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_print_as_go_prints_them() {
        let root = json!({
            "items": [{"name": "a", "ip": "1"}, {"name": "b"}], "data": {"k": "djE=", "l": "djI="}, "n": 3, "on": true,
        });
        for (template, text) in [
            ("{{.n}}", "3"),
            ("{{.nope.more}}", "<no value>"),
            ("{{range .items}}{{.name}} {{.ip}}{{\"\\n\"}}{{end}}", "a 1\nb <no value>\n"),
            ("{{range $k,$v := .data}}{{$k}}={{$v}};{{end}}", "k=djE=;l=djI=;"),
            ("{{.data.k | base64decode}}", "v1"),
            ("{{if .on}}yes{{else}}no{{end}}", "yes"),
            ("{{if eq .n 4}}four{{else if eq .n 3}}three{{end}}", "three"),
            ("{{ $x := .n -}}  {{ printf \"%s-%d\" \"a\" $x }}", "a-3"),
            ("{{index .items 1 \"name\"}} {{len .items}}", "b 2"),
            ("{{with .data}}{{.k}}{{end}}", "djE="),
            ("{{.data}}", "map[k:djE= l:djI=]"),
        ] {
            assert_eq!(Template::parse(template).unwrap().print(&root).as_deref(), Ok(text), "{template}");
        }
    }
}
