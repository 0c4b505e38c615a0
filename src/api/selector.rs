//! Selectors as kubectl's `-l` writes them and as objects, with upstream's complaints.
//! Upstream: apimachinery labels `Parse`, meta/v1 `LabelSelectorAsSelector`, component-helpers nodeaffinity.

mod lexer;
mod object;

use serde_json::{Value, json};

use self::lexer::{Lexer, Token};
use super::validation::names;
use crate::model::Text;
use crate::model::selector::{LabelSelector, Operator, Requirement};

pub use object::{label_selector, node_selector_error};

/// How a requirement was written; only printing tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Equals,
    DoubleEquals,
    NotEquals,
    Other,
}

/// A parsed selector.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedSelector {
    entries: Vec<(Spelling, Requirement)>,
}

impl ParsedSelector {
    /// Reads the `-l` syntax; an empty text selects everything.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { lexer: Lexer::new(text) };
        let mut entries = parser.requirements()?;
        entries.sort_by(|left, right| left.1.key.cmp(&right.1.key));
        Ok(Self { entries })
    }

    /// The labels that it wants, if it says nothing else. Upstream: apimachinery meta/v1 `ParseToLabelSelector`.
    ///
    /// # Errors
    /// It wants more than labels with values.
    pub fn match_labels(&self) -> Result<Vec<(String, String)>, String> {
        let (mut pairs, mut others) = (Vec::new(), Vec::new());
        for (spelling, requirement) in &self.entries {
            let (key, values) = (requirement.key.to_string(), &requirement.values);
            let operator = match (spelling, requirement.operator) {
                (Spelling::Equals | Spelling::DoubleEquals, _) => {
                    pairs.push((key, values.first().map(Text::to_string).unwrap_or_default()));
                    continue;
                }
                (Spelling::NotEquals, _) => "!=",
                (_, Operator::Gt) => "gt",
                (_, Operator::Lt) => "lt",
                (_, operator) => {
                    others.push(format!("{{{key} {operator:?} [{}]}}", values.join(" ")));
                    continue;
                }
            };
            return Err(format!("{operator:?} is not a valid label selector operator"));
        }
        if others.is_empty() {
            return Ok(pairs);
        }
        Err(format!("match expression [{}] not supported on this object", others.join(" ")))
    }

    /// The `metav1.LabelSelector` that says the same. Upstream: apimachinery meta/v1 `ParseToLabelSelector`.
    ///
    /// # Errors
    /// It compares in a way that such an object does not know.
    pub fn to_object(&self) -> Result<Value, String> {
        let mut object = json!({});
        for (spelling, requirement) in &self.entries {
            let key = requirement.key.as_str();
            let operator = match (spelling, requirement.operator) {
                (Spelling::Equals | Spelling::DoubleEquals, _) => {
                    object["matchLabels"][key] = Value::from(requirement.values.first().map_or("", Text::as_str));
                    continue;
                }
                (Spelling::NotEquals, _) => return Err("\"!=\" is not a valid label selector operator".to_owned()),
                (_, Operator::Gt) => return Err("\"gt\" isn't supported in label selectors".to_owned()),
                (_, Operator::Lt) => return Err("\"lt\" isn't supported in label selectors".to_owned()),
                (_, Operator::In) => "In",
                (_, Operator::NotIn) => "NotIn",
                (_, Operator::Exists) => "Exists",
                (_, Operator::DoesNotExist) => "DoesNotExist",
            };
            let mut expression = json!({"key": key, "operator": operator});
            if !requirement.values.is_empty() {
                expression["values"] = requirement.values.iter().map(|value| Value::from(value.as_str())).collect();
            }
            match object["matchExpressions"].as_array_mut() {
                Some(list) => list.push(expression),
                None => object["matchExpressions"] = Value::Array(vec![expression]),
            }
        }
        Ok(object)
    }

    /// For matching.
    pub fn to_selector(&self) -> LabelSelector {
        LabelSelector { requirements: self.entries.iter().map(|(_, requirement)| requirement.clone()).collect() }
    }
}

/// Sorted by key, values sorted. Upstream: `labels.Requirement.String`.
impl std::fmt::Display for ParsedSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entries: Vec<String> = self.entries.iter().map(|(spelling, entry)| print(*spelling, entry)).collect();
        f.write_str(&entries.join(","))
    }
}

fn print(spelling: Spelling, requirement: &Requirement) -> String {
    let key = &requirement.key;
    let first = requirement.values.first().map(Text::as_str).unwrap_or_default();
    match (spelling, requirement.operator) {
        (Spelling::Equals, _) => format!("{key}={first}"),
        (Spelling::DoubleEquals, _) => format!("{key}=={first}"),
        (Spelling::NotEquals, _) => format!("{key}!={first}"),
        (_, Operator::In) => format!("{key} in ({})", requirement.values.join(",")),
        (_, Operator::NotIn) => format!("{key} notin ({})", requirement.values.join(",")),
        (_, Operator::Exists) => key.to_string(),
        (_, Operator::DoesNotExist) => format!("!{key}"),
        (_, Operator::Gt) => format!("{key}>{first}"),
        (_, Operator::Lt) => format!("{key}<{first}"),
    }
}

/// Checks a requirement; `values_path` and `key_path` are how the caller names them.
/// Upstream: `labels.NewRequirement`.
fn check(requirement: &Requirement, key_path: &str, values_path: &str) -> Result<(), String> {
    if let Some(wrong) = names::qualified(&requirement.key).into_iter().next() {
        return Err(format!("{key_path}: Invalid value: {:?}: {wrong}", requirement.key.as_str()));
    }
    let listed = || if requirement.values.is_empty() { "null".to_owned() } else { go_list(&requirement.values) };
    match requirement.operator {
        Operator::In | Operator::NotIn if requirement.values.is_empty() => {
            return Err(format!(
                "{values_path}: Invalid value: {}: for 'in', 'notin' operators, values set can't be empty",
                listed()
            ));
        }
        Operator::Exists | Operator::DoesNotExist if !requirement.values.is_empty() => {
            return Err(format!(
                "{values_path}: Invalid value: {}: values set must be empty for exists and does not exist",
                listed()
            ));
        }
        Operator::Gt | Operator::Lt => {
            if requirement.values.len() != 1 {
                return Err(format!(
                    "{values_path}: Invalid value: {}: for 'Gt', 'Lt' operators, exactly one value is required",
                    listed()
                ));
            }
            if requirement.values[0].parse::<i64>().is_err() {
                return Err(format!(
                    "{values_path}[0]: Invalid value: {:?}: for 'Gt', 'Lt' operators, the value must be an integer",
                    requirement.values[0].as_str()
                ));
            }
        }
        _ => {}
    }
    for (index, value) in requirement.values.iter().enumerate() {
        if let Some(wrong) = names::label_value(value).into_iter().next() {
            let key = &requirement.key;
            return Err(format!("{values_path}[{index}][{key}]: Invalid value: {:?}: {wrong}", value.as_str()));
        }
    }
    Ok(())
}

fn go_list(values: &[Text]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("{:?}", value.as_str())).collect();
    format!("[{}]", quoted.join(","))
}

struct Parser<'a> {
    lexer: Lexer<'a>,
}

impl Parser<'_> {
    /// Upstream: `Parser.parse`.
    fn requirements(&mut self) -> Result<Vec<(Spelling, Requirement)>, String> {
        let mut entries = Vec::new();
        loop {
            match self.lexer.peek() {
                (Token::Identifier | Token::Not, _) => {
                    let entry = self.requirement().map_err(|error| format!("unable to parse requirement: {error}"))?;
                    entries.push(entry);
                    match self.lexer.next() {
                        (Token::End, _) => return Ok(entries),
                        (Token::Comma, _) => {
                            let (token, literal) = self.lexer.peek();
                            if token != Token::Identifier && token != Token::Not {
                                return Err(format!("found '{literal}', expected: identifier after ','"));
                            }
                        }
                        (_, literal) => return Err(format!("found '{literal}', expected: ',' or 'end of string'")),
                    }
                }
                (Token::End, _) => return Ok(entries),
                (_, literal) => {
                    return Err(format!("found '{literal}', expected: !, identifier, or 'end of string'"));
                }
            }
        }
    }

    /// Upstream: `Parser.parseRequirement`.
    fn requirement(&mut self) -> Result<(Spelling, Requirement), String> {
        let negated = self.lexer.peek().0 == Token::Not;
        if negated {
            self.lexer.next();
        }
        let (token, key) = self.lexer.next();
        if token != Token::Identifier {
            return Err(format!("found '{key}', expected: identifier"));
        }
        let key_only = |operator| Requirement { key: key.as_str().into(), operator, values: [].into() };
        if let Some(wrong) = names::qualified(&key).into_iter().next() {
            return Err(format!("<nil>: Invalid value: {key:?}: {wrong}"));
        }
        if negated {
            return Ok((Spelling::Other, key_only(Operator::DoesNotExist)));
        }
        if matches!(self.lexer.peek().0, Token::End | Token::Comma) {
            return Ok((Spelling::Other, key_only(Operator::Exists)));
        }
        let (token, literal) = self.lexer.next_operator();
        let (spelling, operator) = match token {
            Token::In => (Spelling::Other, Operator::In),
            Token::NotIn => (Spelling::Other, Operator::NotIn),
            Token::Equals => (Spelling::Equals, Operator::In),
            Token::DoubleEquals => (Spelling::DoubleEquals, Operator::In),
            Token::NotEquals => (Spelling::NotEquals, Operator::NotIn),
            Token::Greater => (Spelling::Other, Operator::Gt),
            Token::Less => (Spelling::Other, Operator::Lt),
            _ => return Err(format!("found '{literal}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        let mut values =
            if matches!(token, Token::In | Token::NotIn) { self.values()? } else { vec![self.exact_value()?] };
        values.sort();
        values.dedup();
        let requirement = Requirement { key: key.as_str().into(), operator, values: values.into() };
        check(&requirement, "<nil>", "values")?;
        Ok((spelling, requirement))
    }

    /// Upstream: `Parser.parseValues`.
    fn values(&mut self) -> Result<Vec<Text>, String> {
        let (token, literal) = self.lexer.next();
        if token != Token::Open {
            return Err(format!("found '{literal}' expected: '('"));
        }
        match self.lexer.peek_value() {
            (Token::Identifier | Token::Comma, _) => {}
            (Token::Close, _) => {
                self.lexer.next_value();
                return Ok(vec![Text::default()]);
            }
            (_, literal) => return Err(format!("found '{literal}', expected: ',', ')' or identifier")),
        }
        let mut values = Vec::new();
        loop {
            match self.lexer.next_value() {
                (Token::Identifier, literal) => {
                    values.push(Text::from(literal));
                    match self.lexer.peek_value() {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => break,
                        (_, literal) => return Err(format!("found '{literal}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.push(Text::default());
                    }
                    match self.lexer.peek_value().0 {
                        Token::Close => {
                            values.push(Text::default());
                            break;
                        }
                        Token::Comma => {
                            self.lexer.next_value();
                            values.push(Text::default());
                        }
                        _ => {}
                    }
                }
                (_, literal) => return Err(format!("found '{literal}', expected: ',', or identifier")),
            }
        }
        self.lexer.next_value();
        Ok(values)
    }

    /// Upstream: `Parser.parseExactValue`.
    fn exact_value(&mut self) -> Result<Text, String> {
        match self.lexer.peek_value() {
            (Token::End | Token::Comma, _) => Ok(Text::default()),
            (Token::Identifier, literal) => {
                self.lexer.next_value();
                Ok(Text::from(literal))
            }
            (_, literal) => Err(format!("found '{literal}', expected: identifier")),
        }
    }
}
