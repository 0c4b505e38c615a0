//! The parser of JSONPath templates.

use serde_json::Value;

use super::Step;

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Text outside braces, or a quoted text inside.
    Text(String),
    /// A path.
    Path(Vec<Step>),
    /// `{range PATH}` with everything to its `{end}`.
    Range(Vec<Step>, Vec<Node>),
}

/// `[?(left operator right)]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    pub(crate) left: Operand,
    pub(crate) comparison: Option<(String, Operand)>,
}

/// A side of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Path(Vec<Step>),
    Literal(Value),
}

/// Reads a whole template.
pub(super) fn template(text: &str) -> Result<Vec<Node>, String> {
    let mut rest = text;
    let mut stack: Vec<(Vec<Step>, Vec<Node>)> = Vec::new();
    let mut nodes: Vec<Node> = Vec::new();
    while !rest.is_empty() {
        let Some(open) = rest.find('{') else {
            nodes.push(Node::Text(rest.to_owned()));
            break;
        };
        if open > 0 {
            nodes.push(Node::Text(rest[..open].to_owned()));
        }
        let close = closing_brace(&rest[open + 1..]).ok_or("unclosed action")?;
        let action = rest[open + 1..open + 1 + close].trim();
        rest = &rest[open + close + 2..];
        if action == "end" {
            let (steps, outer) = stack.pop().ok_or("not in range, nothing to end")?;
            let body = std::mem::replace(&mut nodes, outer);
            nodes.push(Node::Range(steps, body));
        } else if let Some(path) = action.strip_prefix("range") {
            stack.push((steps(path.trim())?, std::mem::take(&mut nodes)));
        } else {
            actions(action, &mut nodes)?;
        }
    }
    if stack.is_empty() { Ok(nodes) } else { Err("unclosed range, missing {end}".to_owned()) }
}

/// The brace that closes an action, quotes and brackets respected.
fn closing_brace(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (place, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '}' => return Some(place),
            None => {}
        }
    }
    None
}

/// An action holds one path or text, or several separated by blanks.
fn actions(action: &str, nodes: &mut Vec<Node>) -> Result<(), String> {
    let mut rest = action;
    while !rest.is_empty() {
        if rest.starts_with(['"', '\'']) {
            let (text, tail) = quoted(rest)?;
            nodes.push(Node::Text(text));
            rest = tail.trim_start();
        } else {
            let (steps, tail) = path(rest)?;
            nodes.push(Node::Path(steps));
            rest = tail.trim_start();
        }
    }
    Ok(())
}

/// A whole path.
fn steps(text: &str) -> Result<Vec<Step>, String> {
    let (steps, rest) = path(text)?;
    if rest.is_empty() { Ok(steps) } else { Err(format!("unrecognized character in action: {rest}")) }
}

fn path(text: &str) -> Result<(Vec<Step>, &str), String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '$' => {
                steps.push(Step::Root);
                rest = &rest[1..];
            }
            '@' => {
                steps.push(Step::Current);
                rest = &rest[1..];
            }
            '.' if rest.starts_with("..") => {
                steps.push(Step::Descend);
                // What follows may be a name or another step.
                let (name, tail) = name(&rest[2..]);
                if !name.is_empty() {
                    steps.push(if name == "*" { Step::All } else { Step::Field(name) });
                }
                rest = tail;
            }
            '.' => {
                let (name, tail) = name(&rest[1..]);
                if !name.is_empty() {
                    steps.push(if name == "*" { Step::All } else { Step::Field(name) });
                }
                rest = tail;
            }
            '[' => {
                let close = closing_bracket(&rest[1..]).ok_or("unterminated array")?;
                steps.push(bracket(rest[1..=close].trim())?);
                rest = &rest[close + 2..];
            }
            _ if steps.is_empty() => {
                let (name, tail) = name(rest);
                if name.is_empty() {
                    return Err(format!("unrecognized character in action: {c:?}"));
                }
                return Err(format!("unrecognized identifier {name}{}", &tail[..0]));
            }
            _ => break,
        }
    }
    Ok((steps, rest))
}

/// A field name; dots after a backslash belong to it.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((place, c)) = chars.next() {
        if c == '\\' {
            if let Some((_, next)) = chars.next() {
                name.push(next);
            }
            continue;
        }
        if ".[] \t\n(){}=!<>,\"'".contains(c) {
            return (name, &text[place..]);
        }
        name.push(c);
    }
    (name, "")
}

fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut quote = None;
    for (place, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '[' || c == '(' => depth += 1,
            None if c == ')' => depth -= 1,
            None if c == ']' && depth > 0 => depth -= 1,
            None if c == ']' => return Some(place),
            None => {}
        }
    }
    None
}

fn bracket(text: &str) -> Result<Step, String> {
    if text == "*" {
        return Ok(Step::All);
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return self::filter(filter.trim()).map(Step::Filter);
    }
    if text.starts_with(['"', '\'']) {
        return quoted(text).map(|(name, _)| Step::Field(name));
    }
    let number = |text: &str| -> Result<Option<i64>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| format!("invalid array index {text}"))
    };
    if text.contains(':') {
        let parts: Vec<&str> = text.split(':').collect();
        let at = |place: usize| parts.get(place).map_or(Ok(None), |part| number(part));
        return Ok(Step::Slice(at(0)?, at(1)?, at(2)?.unwrap_or(1)));
    }
    let indices = text
        .split(',')
        .map(|part| number(part)?.ok_or_else(|| "invalid array index".to_owned()))
        .collect::<Result<Vec<i64>, String>>()?;
    Ok(Step::Items(indices))
}

fn filter(text: &str) -> Result<Filter, String> {
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if let Some(place) = find_outside_quotes(text, operator) {
            let right = text[place + operator.len()..].trim();
            return Ok(Filter {
                left: operand(text[..place].trim())?,
                comparison: Some((operator.to_owned(), operand(right)?)),
            });
        }
    }
    Ok(Filter { left: operand(text)?, comparison: None })
}

fn find_outside_quotes(text: &str, wanted: &str) -> Option<usize> {
    let mut quote = None;
    for (place, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if text[place..].starts_with(wanted) => return Some(place),
            None => {}
        }
    }
    None
}

fn operand(text: &str) -> Result<Operand, String> {
    if text.starts_with(['"', '\'']) {
        return quoted(text).map(|(text, _)| Operand::Literal(Value::from(text)));
    }
    if let Ok(value) = serde_json::from_str::<Value>(text)
        && (value.is_number() || value.is_boolean())
    {
        return Ok(Operand::Literal(value));
    }
    steps(text).map(Operand::Path)
}

/// A quoted text and what follows it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next().ok_or("unterminated quoted string")?;
    let mut out = String::new();
    while let Some((place, c)) = chars.next() {
        if c == quote {
            return Ok((out, &text[place + c.len_utf8()..]));
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => out.push('\n'),
            Some((_, 't')) => out.push('\t'),
            Some((_, 'r')) => out.push('\r'),
            Some((_, other)) => out.push(other),
            None => break,
        }
    }
    Err("unterminated quoted string".to_owned())
}
