//! The parser of Go templates.

use serde_json::Value;

use super::{Node, Operand, Pipeline};

/// Reads a whole template.
pub(super) fn template(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { pieces: pieces(text)?, next: 0 };
    let (nodes, end) = parser.nodes()?;
    match end {
        None => Ok(nodes),
        Some(word) => Err(format!("unexpected {{{{{word}}}}}")),
    }
}

/// Text, or the inside of an action.
enum Piece {
    Text(String),
    Action(String),
}

/// Splits at `{{` and `}}`; `{{-` and `-}}` trim blanks.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut trim_next = false;
    loop {
        let open = rest.find("{{");
        let mut plain = &rest[..open.unwrap_or(rest.len())];
        if std::mem::take(&mut trim_next) {
            plain = plain.trim_start();
        }
        let Some(open) = open else {
            pieces.push(Piece::Text(plain.to_owned()));
            return Ok(pieces);
        };
        let after = &rest[open + 2..];
        let close = closing(after).ok_or("unclosed action")?;
        let mut action = &after[..close];
        if let Some(trimmed) = action.strip_prefix("- ") {
            plain = plain.trim_end();
            action = trimmed;
        }
        if let Some(trimmed) = action.strip_suffix(" -") {
            trim_next = true;
            action = trimmed;
        }
        pieces.push(Piece::Text(plain.to_owned()));
        let action = action.trim();
        if !action.starts_with("/*") {
            pieces.push(Piece::Action(action.to_owned()));
        }
        rest = &after[close + 2..];
    }
}

/// Where `}}` closes an action, quotes respected.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (place, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if text[place..].starts_with("}}") => return Some(place),
            None => {}
        }
    }
    None
}

struct Parser {
    pieces: Vec<Piece>,
    next: usize,
}

impl Parser {
    /// Nodes up to `end` or `else`, which is returned.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<String>), String> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.get(self.next) {
            self.next += 1;
            let action = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text.clone()));
                    continue;
                }
                Piece::Action(action) => action.clone(),
            };
            let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((&action, ""));
            match word {
                "end" | "else" => return Ok((nodes, Some(action))),
                "if" => nodes.push(self.block(rest, Node::If)?),
                "with" => nodes.push(self.block(rest, Node::With)?),
                "range" => nodes.push(self.block(rest, Node::Range)?),
                _ => nodes.push(Node::Action(pipeline(&action)?)),
            }
        }
        Ok((nodes, None))
    }

    fn block(&mut self, condition: &str, make: fn(Pipeline, Vec<Node>, Vec<Node>) -> Node) -> Result<Node, String> {
        let pipeline = pipeline(condition)?;
        let (then, end) = self.nodes()?;
        let otherwise = match end.as_deref() {
            Some("end") => Vec::new(),
            Some("else") => {
                let (nodes, end) = self.nodes()?;
                if end.as_deref() != Some("end") {
                    return Err("unexpected EOF".to_owned());
                }
                nodes
            }
            Some(word) => match word.strip_prefix("else if ") {
                Some(condition) => vec![self.block(condition, Node::If)?],
                None => return Err(format!("unexpected {word}")),
            },
            None => return Err("unexpected EOF".to_owned()),
        };
        Ok(make(pipeline, then, otherwise))
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A name, field chain, number or quoted text.
    Word(Operand),
    Open,
    Close,
    /// Fields right after a closing parenthesis.
    Chain(Vec<String>),
    Pipe,
    Comma,
    Declare,
    Assign,
}

fn pipeline(text: &str) -> Result<Pipeline, String> {
    let tokens = tokens(text)?;
    let (pipeline, used) = read_pipeline(&tokens)?;
    if used == tokens.len() { Ok(pipeline) } else { Err(format!("unexpected token in {text}")) }
}

fn read_pipeline(tokens: &[Token]) -> Result<(Pipeline, usize), String> {
    let mut pipeline = Pipeline { variables: Vec::new(), assigns: false, commands: Vec::new() };
    let mut place = 0;
    let declared = tokens.iter().position(|token| matches!(token, Token::Declare | Token::Assign));
    if let Some(at) = declared.filter(|at| tokens[..*at].iter().all(is_variable_list)) {
        pipeline.assigns = tokens[at] == Token::Assign;
        pipeline.variables = tokens[..at]
            .iter()
            .filter_map(|token| match token {
                Token::Word(Operand::Variable(name, _)) => Some(name.clone()),
                _ => None,
            })
            .collect();
        place = at + 1;
    }
    let mut command = Vec::new();
    while let Some(token) = tokens.get(place) {
        place += 1;
        match token {
            Token::Word(operand) => command.push(operand.clone()),
            Token::Pipe => pipeline.commands.push(std::mem::take(&mut command)),
            Token::Open => {
                let (nested, used) = read_pipeline(&tokens[place..])?;
                place += used;
                if tokens.get(place) != Some(&Token::Close) {
                    return Err("unclosed left paren".to_owned());
                }
                place += 1;
                let chain = match tokens.get(place) {
                    Some(Token::Chain(chain)) => {
                        place += 1;
                        chain.clone()
                    }
                    _ => Vec::new(),
                };
                command.push(Operand::Nested(Box::new(nested), chain));
            }
            Token::Close => {
                place -= 1;
                break;
            }
            Token::Chain(_) | Token::Comma | Token::Declare | Token::Assign => {
                return Err("unexpected token".to_owned());
            }
        }
    }
    if command.is_empty() {
        return Err("missing value for command".to_owned());
    }
    pipeline.commands.push(command);
    Ok((pipeline, place))
}

fn is_variable_list(token: &Token) -> bool {
    matches!(token, Token::Word(Operand::Variable(_, path)) if path.is_empty()) || *token == Token::Comma
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let used = match c {
            '(' => {
                tokens.push(Token::Open);
                1
            }
            ')' => {
                tokens.push(Token::Close);
                let end = rest[1..]
                    .find(|c: char| !(c.is_alphanumeric() || "_.".contains(c)))
                    .map_or(rest.len(), |end| end + 1);
                if rest[1..].starts_with('.') {
                    tokens.push(Token::Chain(chain(&rest[1..end])));
                    end
                } else {
                    1
                }
            }
            '|' => {
                tokens.push(Token::Pipe);
                1
            }
            ',' => {
                tokens.push(Token::Comma);
                1
            }
            ':' if rest.starts_with(":=") => {
                tokens.push(Token::Declare);
                2
            }
            '=' => {
                tokens.push(Token::Assign);
                1
            }
            '"' | '`' => {
                let (value, used) = quoted(rest, c)?;
                tokens.push(Token::Word(Operand::Literal(Value::from(value))));
                used
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()|,=:\"`".contains(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(word(&rest[..end])?));
                end
            }
        };
        if used == 0 {
            return Err(format!("unexpected {c:?} in operand"));
        }
        rest = rest[used..].trim_start();
    }
    Ok(tokens)
}

fn chain(text: &str) -> Vec<String> {
    text.split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn word(text: &str) -> Result<Operand, String> {
    if text.starts_with('.') {
        return Ok(Operand::Field(chain(text)));
    }
    if text.starts_with('$') {
        let (name, path) = text.split_once('.').map_or((text, ""), |(name, path)| (name, path));
        return Ok(Operand::Variable(name.to_owned(), chain(path)));
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Operand::Literal(Value::from(number)));
    }
    if let Ok(number) = text.parse::<f64>() {
        return Ok(Operand::Literal(Value::from(number)));
    }
    match text {
        "true" => Ok(Operand::Literal(Value::from(true))),
        "false" => Ok(Operand::Literal(Value::from(false))),
        _ if text.chars().all(|c| c.is_alphanumeric() || c == '_') => Ok(Operand::Name(text.to_owned())),
        _ => Err(format!("unexpected {text:?} in operand")),
    }
}

/// A quoted text and the bytes it takes.
fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((place, c)) = chars.next() {
        if c == quote {
            return Ok((out, place + 1));
        }
        if c != '\\' || quote == '`' {
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
