//! `-l` and `--field-selector`. Upstream: apimachinery labels and fields `ParseSelector`.

use std::borrow::Cow;

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::ObjectRef;
use crate::model::selector::{LabelSelector, Operator, Requirement};

/// Reads the `-l` syntax. The error is the library's text.
pub(crate) fn labels(text: &str) -> Result<LabelSelector, String> {
    let mut lexer = Lexer { rest: text };
    let mut requirements = Vec::new();
    if lexer.peek() == Token::End {
        return Ok(LabelSelector { requirements });
    }
    loop {
        requirements.push(requirement(&mut lexer)?);
        match lexer.next() {
            Token::End => break,
            Token::Comma => match lexer.peek() {
                Token::Word(_) | Token::Symbol("!") => {}
                other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
            },
            other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
        }
    }
    Ok(LabelSelector { requirements })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Symbol(&'static str),
    Comma,
    End,
}

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Word(word) => word,
            Self::Symbol(symbol) => symbol,
            Self::Comma => ",",
            Self::End => "",
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    fn peek(&self) -> Token<'a> {
        Self { rest: self.rest }.next()
    }

    fn next(&mut self) -> Token<'a> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        for symbol in ["==", "!=", "=", "!", "(", ")", ">", "<"] {
            if let Some(rest) = self.rest.strip_prefix(symbol) {
                self.rest = rest;
                return Token::Symbol(symbol);
            }
        }
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            return Token::Comma;
        }
        let end = self.rest.find([' ', '\t', '\r', '\n', ',', '=', '!', '(', ')', '>', '<']).unwrap_or(self.rest.len());
        if end == 0 {
            return Token::End;
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Token::Word(word)
    }
}

fn requirement(lexer: &mut Lexer<'_>) -> Result<Requirement, String> {
    let negated = lexer.peek() == Token::Symbol("!");
    if negated {
        lexer.next();
    }
    let key = match lexer.next() {
        Token::Word(key) => key,
        other => return Err(format!("unable to parse requirement: found '{}', expected: identifier", other.text())),
    };
    let make = |operator: Operator, mut values: Vec<Text>| {
        values.sort();
        Requirement { key: key.into(), operator, values: values.into() }
    };
    if negated {
        return Ok(make(Operator::DoesNotExist, Vec::new()));
    }
    let operator = match lexer.peek() {
        Token::End | Token::Comma => return Ok(make(Operator::Exists, Vec::new())),
        Token::Symbol("=" | "==") | Token::Word("in") => Operator::In,
        Token::Symbol("!=") | Token::Word("notin") => Operator::NotIn,
        Token::Symbol(">") => Operator::Gt,
        Token::Symbol("<") => Operator::Lt,
        other => {
            return Err(format!(
                "unable to parse requirement: found '{}', expected: in, notin, =, ==, !=, gt, lt",
                other.text()
            ));
        }
    };
    let listed = matches!(lexer.next(), Token::Word(_));
    let values = if listed { value_list(lexer)? } else { vec![single_value(lexer)?] };
    Ok(make(operator, values))
}

fn single_value(lexer: &mut Lexer<'_>) -> Result<Text, String> {
    match lexer.peek() {
        Token::End | Token::Comma => Ok(Text::default()),
        Token::Word(word) => {
            lexer.next();
            Ok(word.into())
        }
        Token::Symbol(symbol) => Err(format!("unable to parse requirement: found '{symbol}', expected: identifier")),
    }
}

fn value_list(lexer: &mut Lexer<'_>) -> Result<Vec<Text>, String> {
    match lexer.next() {
        Token::Symbol("(") => {}
        other => return Err(format!("unable to parse requirement: found '{}' expected: '('", other.text())),
    }
    let mut values = Vec::new();
    let mut expects_value = true;
    loop {
        match lexer.next() {
            Token::Word(word) => {
                values.push(Text::from(word));
                expects_value = false;
            }
            Token::Comma => {
                if expects_value {
                    values.push(Text::default());
                }
                expects_value = true;
            }
            Token::Symbol(")") => {
                if expects_value {
                    values.push(Text::default());
                }
                return Ok(values);
            }
            other => {
                return Err(format!("unable to parse requirement: found '{}', expected: ',' or ')'", other.text()));
            }
        }
    }
}

/// One `--field-selector` requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldRequirement {
    pub(crate) path: String,
    pub(crate) equal: bool,
    pub(crate) value: String,
}

/// Reads the `--field-selector` syntax for a kind.
pub(crate) fn fields(text: &str, kind: Kind) -> Result<Vec<FieldRequirement>, String> {
    let mut requirements = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (path, equal, value) = if let Some((path, value)) = part.split_once("!=") {
            (path, false, value)
        } else if let Some((path, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            (path, true, value)
        } else {
            return Err(format!("invalid selector: '{part}'; can't understand '{part}'"));
        };
        if !known_field(kind, path) {
            return Err(format!("field label not supported: {path}"));
        }
        requirements.push(FieldRequirement { path: path.to_owned(), equal, value: value.to_owned() });
    }
    Ok(requirements)
}

fn known_field(kind: Kind, path: &str) -> bool {
    let more: &[&str] = match kind {
        Kind::POD => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        Kind::NODE => &["spec.unschedulable"],
        Kind::EVENT => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        Kind::NAMESPACE => &["status.phase"],
        Kind::SECRET => &["type"],
        Kind::SERVICE => &["spec.clusterIP", "spec.type"],
        Kind::REPLICATION_CONTROLLER | Kind::REPLICA_SET => &["status.replicas"],
        Kind::JOB => &["status.successful"],
        _ => &[],
    };
    path == "metadata.name" || path == "metadata.namespace" || more.contains(&path)
}

/// Does an object satisfy all requirements? Pods are asked by their columns, other objects by their fields.
pub(crate) fn fields_match(cluster: &Cluster, object: ObjectRef, requirements: &[FieldRequirement]) -> bool {
    requirements.iter().all(|requirement| {
        let value = field(cluster, object, &requirement.path);
        (value == requirement.value) == requirement.equal
    })
}

fn field(cluster: &Cluster, object: ObjectRef, path: &str) -> String {
    let (namespace, name) = cluster.identity(object);
    match path {
        "metadata.name" => return name.to_owned(),
        "metadata.namespace" => return cluster.namespace_name(namespace).to_owned(),
        _ => {}
    }
    let Some(pod) = object.as_pod() else { return plain_field(cluster, object, path) };
    let (row, spec) = (cluster.pod(pod), &cluster.template_of(pod).spec);
    match path {
        "spec.nodeName" => cluster.node_name(row.node).to_owned(),
        "spec.restartPolicy" => spec.restart_policy.name().to_owned(),
        "spec.schedulerName" => spec.scheduler_name.to_string(),
        "spec.serviceAccountName" => spec.service_account.to_string(),
        "spec.hostNetwork" => spec.host_network.to_string(),
        "status.phase" => row.status.phase.name().to_owned(),
        "status.podIP" | "status.podIPs" => super::printers::address(row.status.pod_ip),
        "status.nominatedNodeName" => cluster.node_name(row.nominated).to_owned(),
        _ => String::new(),
    }
}

fn plain_field(cluster: &Cluster, object: ObjectRef, path: &str) -> String {
    // The selector's name differs from the field's.
    let path = if path == "status.successful" { "status.succeeded" } else { path };
    let view = cluster.view(object);
    let found = path.split('.').try_fold(&view, |value, key| value.get(key));
    match found {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Null) | None => match path {
            "spec.unschedulable" => "false".to_owned(),
            "status.succeeded" | "status.replicas" => "0".to_owned(),
            _ => String::new(),
        },
        Some(other) => other.to_string(),
    }
}

/// Labels of any object.
pub(crate) fn labels_of(cluster: &Cluster, object: ObjectRef) -> Cow<'_, Labels> {
    cluster.labels(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_syntax_reads_as_in_kubectl() {
        let selector = labels("app in (web,api),!tier,env!=prod,x").unwrap();
        assert_eq!(selector.requirements.len(), 4);
        assert!(selector.matches(&Labels::from_pairs([("app", "web"), ("x", "1")])));
        assert!(!selector.matches(&Labels::from_pairs([("app", "web"), ("tier", "a"), ("x", "1")])));
    }

    #[test]
    fn wrong_selectors_are_refused_in_the_librarys_words() {
        for (text, error) in [
            ("app=web,", "found '', expected: identifier after ','"),
            ("app in web", "unable to parse requirement: found 'web' expected: '('"),
            ("app=web tier=x", "found 'tier', expected: ',' or 'end of string'"),
        ] {
            assert_eq!(labels(text).unwrap_err(), error, "{text}");
        }
    }
}
