//! The parser of JSONPath templates. Upstream: client-go util/jsonpath `Parser`.

use serde_json::Value;

use super::{Node, Parameter};

/// Reads a whole template.
pub(super) fn template(text: &str) -> Result<Vec<Node>, String> {
    let mut nodes = Vec::new();
    let mut rest = text;
    loop {
        let Some(open) = rest.find('{') else {
            if !rest.is_empty() {
                nodes.push(Node::Literal(Value::from(rest)));
            }
            return Ok(nodes);
        };
        if open > 0 {
            nodes.push(Node::Literal(Value::from(&rest[..open])));
        }
        let mut parser = Parser { text: &rest[open + 1..], nodes: Vec::new() };
        parser.action()?;
        nodes.push(Node::List(parser.nodes));
        rest = parser.text;
    }
}

/// The nodes of a text that stands inside an action. Upstream: `parseAction`.
fn nested(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { text: &format!("{text}}}"), nodes: Vec::new() };
    parser.action()?;
    Ok(parser.nodes)
}

struct Parser<'a> {
    /// What is not read yet.
    text: &'a str,
    nodes: Vec<Node>,
}

/// What ends a name.
fn ends_name(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

impl<'a> Parser<'a> {
    /// Reads to the brace that closes the action. Upstream: `parseInsideAction`.
    fn action(&mut self) -> Result<(), String> {
        loop {
            if let Some(rest) = self.text.strip_prefix('}') {
                self.text = rest;
                return Ok(());
            }
            if let Some(rest) = self.text.strip_prefix("[?(") {
                self.text = rest;
                self.filter()?;
                continue;
            }
            if let Some(rest) = self.text.strip_prefix("..") {
                self.text = rest;
                self.recursive()?;
                continue;
            }
            let Some(c) = self.text.chars().next() else { return Err("unclosed action".to_owned()) };
            match c {
                '\r' | '\n' => return Err("unclosed action".to_owned()),
                ' ' | '@' | '$' => self.text = &self.text[1..],
                '[' => self.array()?,
                '"' | '\'' => self.quote(c)?,
                '.' => {
                    self.text = &self.text[1..];
                    self.field();
                }
                '+' | '-' => self.number()?,
                _ if c.is_ascii_digit() => self.number()?,
                _ if c == '_' || c.is_alphanumeric() => self.identifier(),
                _ => return Err(format!("unrecognized character in action: U+{:04X} '{c}'", c as u32)),
            }
        }
    }

    /// Takes so many bytes.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.text.split_at(length);
        self.text = rest;
        taken
    }

    fn identifier(&mut self) {
        let end = self.text.find(ends_name).unwrap_or(self.text.len());
        let word = self.take(end);
        self.nodes.push(match word {
            "true" | "false" => Node::Literal(Value::from(word == "true")),
            _ => Node::Identifier(word.to_owned()),
        });
    }

    fn recursive(&mut self) -> Result<(), String> {
        if self.nodes.last() == Some(&Node::Recursive) {
            return Err("invalid multiple recursive descent".to_owned());
        }
        self.nodes.push(Node::Recursive);
        if self.text.starts_with(|c: char| c == '_' || c.is_alphanumeric()) {
            self.field();
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        let sign = usize::from(self.text.starts_with(['+', '-']));
        let end = self.text[sign..].find(|c: char| c != '.' && !c.is_ascii_digit());
        let word = self.take(end.map_or(self.text.len(), |end| end + sign));
        let value = word.trim_start_matches('+');
        let value = match value.parse::<i64>() {
            Ok(number) => Value::from(number),
            Err(_) => match value.parse::<f64>() {
                Ok(number) => Value::from(number),
                Err(_) => return Err(format!("cannot parse number {word}")),
            },
        };
        self.nodes.push(Node::Literal(value));
        Ok(())
    }

    /// A name to the next character that ends it; what follows a backslash belongs to it.
    fn field(&mut self) {
        let mut escaped = false;
        let end = self.text.find(|c: char| {
            let ends = !escaped && ends_name(c);
            escaped = !escaped && c == '\\';
            ends
        });
        let name = self.take(end.unwrap_or(self.text.len()));
        self.nodes.push(if name == "*" { Node::Wildcard } else { Node::Field(name.replace('\\', "")) });
    }

    fn quote(&mut self, quote: char) -> Result<(), String> {
        let mut before = quote;
        let end = self.text[1..].find(|c: char| {
            let ends = c == '\n' || c == quote && before != '\\';
            before = c;
            ends
        });
        let end = end.filter(|end| !self.text[1 + end..].starts_with('\n'));
        let end = end.ok_or("unterminated quoted string")?;
        let text = self.take(end + 2);
        let inner = &text[1..text.len() - 1];
        let value = unquoted(inner, quote).ok_or_else(|| format!("unquote string {text} error invalid syntax"))?;
        self.nodes.push(Node::Literal(Value::from(value)));
        Ok(())
    }

    /// Upstream: `parseArray`.
    fn array(&mut self) -> Result<(), String> {
        let end = self.text.find([']', '\n']).filter(|end| self.text[*end..].starts_with(']'));
        let text = self.take(end.ok_or("unterminated array")? + 1);
        let inner = &text[1..text.len() - 1];
        let inner = if inner == "*" { ":" } else { inner };
        if inner.contains(',') {
            let lists = inner.split(',').map(|part| nested(&format!("[{}]", part.trim_matches(' '))));
            self.nodes.push(Node::Union(lists.collect::<Result<_, String>>()?));
            return Ok(());
        }
        let key = inner.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
        if let Some(key) = key.filter(|key| !key.contains('\'')) {
            self.nodes.extend(nested(&format!(".{key}"))?);
            return Ok(());
        }
        self.nodes.push(Node::Array(parameters(inner)?));
        Ok(())
    }

    /// Upstream: `parseFilter`.
    fn filter(&mut self) -> Result<(), String> {
        let (mut begun, mut ended, mut pair, mut before) = (false, false, ' ', ' ');
        let mut close = None;
        for (place, c) in self.text.char_indices() {
            match c {
                '\n' => break,
                '"' | '\'' if !begun => {
                    begun = true;
                    pair = c;
                }
                '"' | '\'' if before != '\\' && c == pair => ended = true,
                ')' if begun == ended => {
                    close = Some(place);
                    break;
                }
                _ => {}
            }
            before = c;
        }
        let text = self.take(close.ok_or("unterminated filter")?);
        self.text = self.text[1..].strip_prefix(']').ok_or("unclosed array expect ]")?;
        let is_operator = |c: char| "!<>=".contains(c);
        let at = text.find(is_operator).filter(|at| *at > 0);
        let end = at.and_then(|at| text[at..].find(|c| !is_operator(c)).map(|length| at + length));
        let (Some(at), Some(end)) = (at, end) else {
            self.nodes.push(Node::Filter { left: nested(text)?, operator: "exists".to_owned(), right: Vec::new() });
            return Ok(());
        };
        self.nodes.push(Node::Filter {
            left: nested(&text[..at])?,
            operator: text[at..end].to_owned(),
            right: nested(&text[end..])?,
        });
        Ok(())
    }
}

/// `from:to:step`. Upstream: `sliceOperatorRex`.
fn parameters(text: &str) -> Result<[Parameter; 3], String> {
    let wrong = || format!("invalid array index {text}");
    let mut parameters = [Parameter::default(); 3];
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return Err(wrong());
    }
    for (place, part) in parts.iter().enumerate() {
        let digits = part.strip_prefix('-').unwrap_or(part);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        if !part.is_empty() {
            let value = part.parse().map_err(|_| format!("array index {part} is not a number"))?;
            parameters[place] = Parameter { value, known: true, derived: false };
        }
    }
    if parts.len() == 1 {
        parameters[1] = Parameter { value: parameters[0].value.wrapping_add(1), known: true, derived: true };
    }
    Ok(parameters)
}

/// The text between quotes. Upstream: `UnquoteExtend`.
fn unquoted(text: &str, quote: char) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'v' => '\x0b',
            '\\' => '\\',
            other if other == quote => other,
            'x' => hex(&mut chars, 2)?,
            'u' => hex(&mut chars, 4)?,
            'U' => hex(&mut chars, 8)?,
            _ => return None,
        });
    }
    Some(out)
}

fn hex(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let mut number = 0_u32;
    for _ in 0..digits {
        number = number.checked_mul(16)? + chars.next()?.to_digit(16)?;
    }
    char::from_u32(number)
}
