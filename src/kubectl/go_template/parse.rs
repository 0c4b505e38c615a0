//! The parser of Go templates. Upstream: text/template/parse.

use std::collections::BTreeMap;

use serde_json::Value;

use super::functions;
use super::{Command, Node, Operand, Pipeline, Place, Word};

/// Blocks or parentheses inside one another: more than any template has, less than a stack holds.
const DEEPEST: usize = 100;

type Named = BTreeMap<String, Vec<Node>>;

/// Reads a whole template: its nodes, and those of the templates that it defines.
pub(super) fn template(text: &str) -> Result<(Vec<Node>, Named), String> {
    let mut parser = Parser {
        text,
        pieces: Vec::new(),
        next: 0,
        named: Named::new(),
        variables: vec!["$".to_owned()],
        at: 0,
        depth: 0,
    };
    let result = parser.whole();
    let line = 1 + text[..parser.at.min(text.len())].matches('\n').count();
    result.map(|nodes| (nodes, parser.named)).map_err(|reason| format!("template: output:{line}: {reason}"))
}

/// Text, or the inside of an action and where it begins.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Action { offset: usize, text: String },
}

struct Parser<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
    next: usize,
    named: Named,
    /// Variables that are known here.
    variables: Vec<String>,
    /// How far it is.
    at: usize,
    /// Blocks around it.
    depth: usize,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<Vec<Node>, String> {
        self.split()?;
        let (nodes, end) = self.nodes()?;
        match end {
            None => Ok(nodes),
            Some(word) => Err(format!("unexpected {{{{{word}}}}}")),
        }
    }

    /// Splits at `{{` and `}}`; `{{-` and `-}}` trim blanks.
    fn split(&mut self) -> Result<(), String> {
        let (mut place, mut trim_next) = (0, false);
        loop {
            let rest = &self.text[place..];
            let open = rest.find("{{");
            let mut plain = &rest[..open.unwrap_or(rest.len())];
            if std::mem::take(&mut trim_next) {
                plain = plain.trim_start();
            }
            let Some(open) = open else {
                self.pieces.push(Piece::Text(plain.to_owned()));
                return Ok(());
            };
            let mut offset = place + open + 2;
            self.at = offset;
            let close = closing(&self.text[offset..]).ok_or("unclosed action")?;
            let end = offset + close;
            let mut action = &self.text[offset..end];
            if action.starts_with("- ") {
                plain = plain.trim_end();
                action = &action[2..];
                offset += 2;
            }
            if let Some(trimmed) = action.strip_suffix(" -") {
                trim_next = true;
                action = trimmed;
            }
            self.pieces.push(Piece::Text(plain.to_owned()));
            offset += action.len() - action.trim_start().len();
            let action = action.trim();
            if !action.starts_with("/*") {
                self.pieces.push(Piece::Action { offset, text: action.to_owned() });
            }
            place = end + 2;
        }
    }

    /// Nodes up to `end` or `else`, which is returned.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<String>), String> {
        let mut nodes = Vec::new();
        if self.depth > DEEPEST {
            return Err(format!("more than {DEEPEST} blocks inside one another"));
        }
        while let Some(piece) = self.pieces.get(self.next).cloned() {
            self.next += 1;
            let (offset, action) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action { offset, text } => (offset, text),
            };
            self.at = offset;
            let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((&action, ""));
            let inner = offset + action.len() - rest.len();
            match word {
                "end" | "else" => return Ok((nodes, Some(action))),
                "if" => nodes.push(self.block((inner, rest), "if", Node::If)?),
                "with" => nodes.push(self.block((inner, rest), "with", Node::With)?),
                "range" => nodes.push(self.block((inner, rest), "range", Node::Range)?),
                "break" => nodes.push(Node::Break),
                "continue" => nodes.push(Node::Continue),
                "define" | "block" | "template" => nodes.extend(self.named_template(word, (inner, rest), &action)?),
                _ => nodes.push(Node::Action(self.pipeline((offset, &action), "command")?)),
            }
        }
        self.at = self.text.len();
        Ok((nodes, None))
    }

    /// `define "a"`, `block "a" pipeline`, `template "a" [pipeline]`.
    fn named_template(
        &mut self,
        word: &str,
        (offset, rest): (usize, &str),
        action: &str,
    ) -> Result<Option<Node>, String> {
        let trimmed = rest.trim_start();
        let quote = trimmed.chars().next().filter(|c| ['"', '`'].contains(c));
        let quote = quote.ok_or_else(|| format!("unexpected {trimmed:?} in {word} clause"))?;
        let (name, used) = quoted(trimmed, quote)?;
        let name_at = offset + rest.len() - trimmed.len();
        let after = trimmed[used..].trim_start();
        let after_at = name_at + trimmed.len() - after.len();
        let pipeline =
            if after.is_empty() { None } else { Some(self.pipeline((after_at, after), &format!("{word} clause"))?) };
        if word != "template" {
            if word == "block" && pipeline.is_none() {
                return Err("missing value for block clause".to_owned());
            }
            let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
            self.depth += 1;
            let (nodes, end) = self.nodes()?;
            self.depth -= 1;
            self.variables = outer;
            if end.as_deref() != Some("end") {
                return Err("unexpected EOF".to_owned());
            }
            self.named.insert(name.clone(), nodes);
            if word == "define" {
                return Ok(None);
            }
        }
        let text = if word == "block" { action.replacen("block", "template", 1) } else { action.to_owned() };
        let place = Place { offset: name_at, text: format!("{{{{{text}}}}}") };
        Ok(Some(Node::Template(place, name, pipeline)))
    }

    fn block(
        &mut self,
        condition: (usize, &str),
        word: &str,
        make: fn(Pipeline, Vec<Node>, Vec<Node>) -> Node,
    ) -> Result<Node, String> {
        let depth = self.variables.len();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("more than {DEEPEST} blocks inside one another"));
        }
        let pipeline = self.pipeline(condition, word)?;
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
            Some(found) => {
                let inner = self.at + "else ".len();
                if let Some(condition) = found.strip_prefix("else if ") {
                    vec![self.block((inner + 3, condition), "if", Node::If)?]
                } else if let Some(condition) = found.strip_prefix("else with ") {
                    vec![self.block((inner + 5, condition), "with", Node::With)?]
                } else {
                    return Err(format!("unexpected {found}"));
                }
            }
            None => return Err("unexpected EOF".to_owned()),
        };
        self.variables.truncate(depth);
        self.depth -= 1;
        Ok(make(pipeline, then, otherwise))
    }

    fn pipeline(&mut self, (offset, text): (usize, &str), context: &str) -> Result<Pipeline, String> {
        let tokens = tokens(offset, text)?;
        let opened = |token: &Token| token.kind == Kind::Open;
        if tokens.iter().filter(|token| opened(token)).count() > DEEPEST {
            return Err(format!("more than {DEEPEST} parentheses in {context}"));
        }
        let mut reader = Reader { tokens: &tokens, place: 0, variables: &mut self.variables };
        let pipeline = reader.pipeline(context)?;
        if reader.place == tokens.len() {
            Ok(pipeline)
        } else {
            Err(format!("unexpected {:?} in {context}", tokens[reader.place].text))
        }
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

#[derive(Clone, Debug, PartialEq)]
enum Kind {
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

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    /// Where Go says that it stands: of several fields, at the second one.
    offset: usize,
    start: usize,
    text: String,
}

struct Reader<'a> {
    tokens: &'a [Token],
    place: usize,
    variables: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn pipeline(&mut self, context: &str) -> Result<Pipeline, String> {
        let mut pipeline = Pipeline { variables: Vec::new(), assigns: false, commands: Vec::new() };
        let rest = &self.tokens[self.place..];
        let declared = rest.iter().position(|token| matches!(token.kind, Kind::Declare | Kind::Assign));
        if let Some(at) = declared.filter(|at| rest[..*at].iter().all(|token| is_variable_list(&token.kind))) {
            pipeline.assigns = rest[at].kind == Kind::Assign;
            for token in &rest[..at] {
                if let Kind::Word(Operand::Variable(name, _)) = &token.kind {
                    pipeline.variables.push(name.clone());
                }
            }
            self.place += at + 1;
        }
        let mut words: Vec<Word> = Vec::new();
        while let Some(token) = self.tokens.get(self.place) {
            self.place += 1;
            match &token.kind {
                Kind::Word(operand) => {
                    self.check(operand)?;
                    let place = Place { offset: token.offset, text: token.text.clone() };
                    words.push(Word { place, operand: operand.clone() });
                }
                Kind::Pipe => {
                    pipeline.commands.push(command(std::mem::take(&mut words), context)?);
                }
                Kind::Open => words.push(self.nested(token.start)?),
                Kind::Close => {
                    self.place -= 1;
                    break;
                }
                Kind::Chain(_) | Kind::Comma | Kind::Declare | Kind::Assign => {
                    return Err(format!("unexpected {:?} in operand", token.text));
                }
            }
        }
        if words.is_empty() && !pipeline.commands.is_empty() {
            return Err("missing value for command".to_owned());
        }
        pipeline.commands.push(command(words, context)?);
        self.variables.extend(pipeline.variables.iter().filter(|_| !pipeline.assigns).cloned());
        Ok(pipeline)
    }

    fn nested(&mut self, start: usize) -> Result<Word, String> {
        let inner = self.pipeline("parenthesized pipeline")?;
        if self.tokens.get(self.place).map(|token| &token.kind) != Some(&Kind::Close) {
            return Err("unclosed left paren".to_owned());
        }
        self.place += 1;
        let shown: Vec<&str> = inner.commands.iter().map(|command| command.place.text.as_str()).collect();
        let mut place = Place { offset: start, text: format!("({})", shown.join(" | ")) };
        let mut chain = Vec::new();
        if let Some(Token { kind: Kind::Chain(fields), offset, text, .. }) = self.tokens.get(self.place) {
            self.place += 1;
            chain.clone_from(fields);
            place = Place { offset: *offset, text: place.text + text };
        }
        Ok(Word { place, operand: Operand::Nested(Box::new(inner), chain) })
    }

    fn check(&self, operand: &Operand) -> Result<(), String> {
        match operand {
            Operand::Name(name) if !functions::is_known(name) => Err(format!("function {name:?} not defined")),
            Operand::Variable(name, _) if !self.variables.contains(name) => Err(format!("undefined variable {name:?}")),
            _ => Ok(()),
        }
    }
}

fn command(words: Vec<Word>, context: &str) -> Result<Command, String> {
    let Some(first) = words.first() else { return Err(format!("missing value for {context}")) };
    let texts: Vec<&str> = words.iter().map(|word| word.place.text.as_str()).collect();
    let place = Place { offset: first.place.offset, text: texts.join(" ") };
    Ok(Command { place, words })
}

fn is_variable_list(kind: &Kind) -> bool {
    matches!(kind, Kind::Word(Operand::Variable(_, path)) if path.is_empty()) || *kind == Kind::Comma
}

fn tokens(offset: usize, text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut place = text.len() - text.trim_start().len();
    while let Some(c) = text[place..].chars().next() {
        let rest = &text[place..];
        let simple = |kind: Kind, used: usize| (kind, used, 0);
        let (kind, used, inside) = match c {
            '(' => simple(Kind::Open, 1),
            ')' => simple(Kind::Close, 1),
            '|' => simple(Kind::Pipe, 1),
            ',' => simple(Kind::Comma, 1),
            ':' if rest.starts_with(":=") => simple(Kind::Declare, 2),
            '=' => simple(Kind::Assign, 1),
            '"' | '`' => {
                let (value, used) = quoted(rest, c)?;
                simple(Kind::Word(Operand::Literal(Value::from(value))), used)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()|,=:\"`".contains(c)).unwrap_or(rest.len());
                let after_paren = place > 0 && text[..place].ends_with(')');
                if c == '.' && after_paren {
                    (Kind::Chain(chain(&rest[..end])), end, 0)
                } else {
                    // Of several fields Go names the place of the second one.
                    let has_fields = c == '.' || c == '$';
                    let inside = if has_fields { rest[1..end].find('.').map_or(0, |dot| dot + 1) } else { 0 };
                    (Kind::Word(word(&rest[..end])?), end, inside)
                }
            }
        };
        if used == 0 {
            return Err(format!("unexpected {c:?} in operand"));
        }
        let start = offset + place;
        tokens.push(Token { kind, offset: start + inside, start, text: rest[..used].to_owned() });
        place += used;
        let next = &text[place..];
        place += next.len() - next.trim_start().len();
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
    if text.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c))
        && let Ok(number) = text.parse::<f64>()
    {
        return Ok(Operand::Literal(Value::from(number)));
    }
    match text {
        "true" => Ok(Operand::Literal(Value::from(true))),
        "false" => Ok(Operand::Literal(Value::from(false))),
        "nil" => Ok(Operand::Nil),
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
