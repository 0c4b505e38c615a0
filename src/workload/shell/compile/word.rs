//! Words: quotes, `$name`, `${…}`, `$(…)`, `$((…))`, `~` → parts to expand. Everything nested is compiled here once,
//! so that expansion never parses (arithmetic excepted: its text is known only then).

use std::sync::Arc;

use brush_parser::ParserOptions;
use brush_parser::word::{
    Parameter as Parsed, ParameterExpr, ParameterTransformOp, SpecialParameter, TildeExpr, WordPiece,
    WordPieceWithSource,
};

use super::super::brush;
use super::super::code::{Action, Dialect, Expansion, Parameter, Part, Word};
use super::{Compiled, SyntaxError, compile, word_options};

/// Compiles a word as typed.
pub(super) fn word(text: &str, dialect: Dialect) -> Compiled<Word> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+:,@%=".contains(&byte)) {
        return Ok(Word { parts: vec![Part::Text(text.to_owned())] });
    }
    let pieces = match brush::word(text, &word_options(dialect)) {
        Ok(pieces) => pieces,
        Err(_) if text.contains("${") => return Ok(Word { parts: vec![Part::Bad] }),
        Err(error) => return Err(SyntaxError::Syntax(error)),
    };
    Ok(Word { parts: parts(&pieces, false, dialect)? })
}

/// Compiles an arithmetic expression, in which a tilde is an operator.
pub(super) fn arithmetic(text: &str, dialect: Dialect) -> Compiled<Word> {
    let options = ParserOptions { tilde_expansion_at_word_start: false, ..word_options(dialect) };
    let pieces = brush::word(text, &options).map_err(SyntaxError::Syntax)?;
    Ok(Word { parts: parts(&pieces, false, dialect)? })
}

/// Compiles the text of a here-document, in which quotes mean nothing.
pub(super) fn here_document(text: &str, dialect: Dialect) -> Compiled<Word> {
    let pieces = brush::here_document(text, &word_options(dialect)).map_err(SyntaxError::Syntax)?;
    let quoted = Part::DoubleQuoted(parts(&pieces, true, dialect)?);
    Ok(Word { parts: vec![quoted] })
}

/// A word that stands for itself.
pub(super) fn literal_word(text: &str) -> Word {
    Word { parts: vec![Part::Quoted(text.to_owned())] }
}

fn parts(pieces: &[WordPieceWithSource], is_quoted: bool, dialect: Dialect) -> Compiled<Vec<Part>> {
    pieces.iter().map(|piece| part(&piece.piece, is_quoted, dialect)).collect()
}

fn part(piece: &WordPiece, is_quoted: bool, dialect: Dialect) -> Compiled<Part> {
    Ok(match piece {
        WordPiece::Text(text) if is_quoted => Part::Quoted(text.clone()),
        WordPiece::Text(text) => Part::Text(text.clone()),
        WordPiece::SingleQuotedText(text) => Part::Quoted(text.clone()),
        WordPiece::AnsiCQuotedText(text) if dialect == Dialect::Dash => Part::Quoted(format!("${text}")),
        WordPiece::AnsiCQuotedText(text) => Part::Quoted(super::super::escapes::ansi_c(text)),
        WordPiece::DoubleQuotedSequence(pieces) | WordPiece::GettextDoubleQuotedSequence(pieces) => {
            Part::DoubleQuoted(parts(pieces, true, dialect)?)
        }
        WordPiece::TildeExpansion(TildeExpr::Home) => Part::Tilde(None),
        WordPiece::TildeExpansion(TildeExpr::UserHome(user)) => Part::Tilde(Some(user.clone())),
        WordPiece::TildeExpansion(_) => return Err(SyntaxError::Unsupported("`~+`, `~-` and `~N`")),
        WordPiece::ParameterExpansion(expression) if is_unknown(expression, dialect) => Part::Bad,
        WordPiece::ParameterExpansion(expression) => {
            Part::Parameter(Arc::new(expansion(expression, is_quoted, dialect)?))
        }
        WordPiece::CommandSubstitution(script) => Part::Command(compile(script, dialect)?),
        WordPiece::BackquotedCommandSubstitution(script) => Part::Command(compile(&unescape(script), dialect)?),
        WordPiece::EscapeSequence(text) => {
            // A backslash before a newline joins lines.
            let escaped = text.strip_prefix('\\').unwrap_or(text);
            Part::Quoted(if escaped == "\n" { String::new() } else { escaped.to_owned() })
        }
        WordPiece::ArithmeticExpression(expression) => {
            Part::Arithmetic(Arc::new(arithmetic(&expression.value, dialect)?))
        }
    })
}

/// An expansion that the shell does not know.
fn is_unknown(expression: &ParameterExpr, dialect: Dialect) -> bool {
    use ParameterExpr as E;
    let only_dash = matches!(expression, E::Substring { .. } | E::ReplaceSubstring { .. });
    if dialect == Dialect::Bash || only_dash {
        return only_dash && dialect == Dialect::Dash;
    }
    matches!(
        expression,
        E::UppercaseFirstChar { .. }
            | E::UppercasePattern { .. }
            | E::LowercaseFirstChar { .. }
            | E::LowercasePattern { .. }
            | E::Transform { .. }
            | E::VariableNames { .. }
            | E::MemberKeys { .. }
            | E::Parameter { parameter: Parsed::NamedWithIndex { .. } | Parsed::NamedWithAllIndices { .. }, .. }
            | E::ParameterLength { parameter: Parsed::NamedWithIndex { .. } | Parsed::NamedWithAllIndices { .. }, .. }
    )
}

/// Inside backquotes a backslash quotes `$`, the backquote and itself.
fn unescape(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut characters = script.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some('$' | '`' | '\\')) => out.extend(characters.next()),
            _ => out.push(character),
        }
    }
    out
}

fn parameter(parsed: &Parsed, indirect: bool, dialect: Dialect) -> Compiled<Parameter> {
    Ok(match parsed {
        Parsed::Named(name) if indirect => Parameter::Indirect(name.clone()),
        Parsed::Named(name) => Parameter::Named(name.clone()),
        Parsed::Positional(number) => Parameter::Positional(*number as usize),
        Parsed::Special(special) => match special {
            SpecialParameter::AllPositionalParameters { concatenate: false } => Parameter::All,
            SpecialParameter::AllPositionalParameters { concatenate: true } => Parameter::Joined,
            SpecialParameter::PositionalParameterCount => Parameter::Count,
            SpecialParameter::LastExitStatus => Parameter::Status,
            SpecialParameter::CurrentOptionFlags => Parameter::Options,
            SpecialParameter::ProcessId => Parameter::ProcessId,
            SpecialParameter::LastBackgroundProcessId => Parameter::Background,
            SpecialParameter::ShellName => Parameter::ShellName,
        },
        Parsed::NamedWithIndex { .. } | Parsed::NamedWithAllIndices { .. } if indirect => {
            return Err(SyntaxError::Unsupported("references to elements of arrays"));
        }
        Parsed::NamedWithIndex { name, index } => Parameter::Element(name.clone(), Arc::new(word(index, dialect)?)),
        Parsed::NamedWithAllIndices { name, concatenate } => {
            Parameter::Elements { name: name.clone(), joined: *concatenate }
        }
    })
}

fn expansion(expression: &ParameterExpr, is_quoted: bool, dialect: Dialect) -> Compiled<Expansion> {
    use ParameterExpr as E;
    let operand = |text: &Option<String>| match text {
        None => Ok(Word::default()),
        // Within double quotes single quotes are text.
        Some(text) if is_quoted && !text.contains('"') => here_document(text, dialect),
        Some(text) => word(text, dialect),
    };
    let pattern = |text: &Option<String>| word(text.as_deref().unwrap_or_default(), dialect);
    let (named, indirect, action) = match expression {
        E::Parameter { parameter, indirect } => (parameter, *indirect, Action::Plain),
        E::UseDefaultValues { parameter, indirect, test_type, default_value } => {
            (parameter, *indirect, Action::Default(test_type.clone(), operand(default_value)?))
        }
        E::AssignDefaultValues { parameter, indirect, test_type, default_value } => {
            (parameter, *indirect, Action::Assign(test_type.clone(), operand(default_value)?))
        }
        E::IndicateErrorIfNullOrUnset { parameter, indirect, test_type, error_message } => {
            let message = error_message.is_some().then(|| operand(error_message)).transpose()?;
            (parameter, *indirect, Action::Error(test_type.clone(), message))
        }
        E::UseAlternativeValue { parameter, indirect, test_type, alternative_value } => {
            (parameter, *indirect, Action::Alternative(test_type.clone(), operand(alternative_value)?))
        }
        E::ParameterLength { parameter, indirect } => (parameter, *indirect, Action::Length),
        E::RemoveSmallestSuffixPattern { parameter, indirect, pattern: text } => {
            (parameter, *indirect, Action::RemoveSuffix { longest: false, pattern: pattern(text)? })
        }
        E::RemoveLargestSuffixPattern { parameter, indirect, pattern: text } => {
            (parameter, *indirect, Action::RemoveSuffix { longest: true, pattern: pattern(text)? })
        }
        E::RemoveSmallestPrefixPattern { parameter, indirect, pattern: text } => {
            (parameter, *indirect, Action::RemovePrefix { longest: false, pattern: pattern(text)? })
        }
        E::RemoveLargestPrefixPattern { parameter, indirect, pattern: text } => {
            (parameter, *indirect, Action::RemovePrefix { longest: true, pattern: pattern(text)? })
        }
        E::Substring { parameter, indirect, offset, length } => {
            let offset = word(&offset.value, dialect)?;
            let length = length.as_ref().map(|length| word(&length.value, dialect)).transpose()?;
            (parameter, *indirect, Action::Substring { offset, length })
        }
        E::ReplaceSubstring { parameter, indirect, pattern, replacement, match_kind } => {
            let pattern = word(pattern, dialect)?;
            let replacement = operand(replacement)?;
            (parameter, *indirect, Action::Replace { pattern, replacement, kind: match_kind.clone() })
        }
        E::UppercaseFirstChar { parameter, indirect, .. } => {
            (parameter, *indirect, Action::Case { upper: true, all: false })
        }
        E::UppercasePattern { parameter, indirect, .. }
        | E::Transform { parameter, indirect, op: ParameterTransformOp::ToUpperCase } => {
            (parameter, *indirect, Action::Case { upper: true, all: true })
        }
        E::LowercaseFirstChar { parameter, indirect, .. } => {
            (parameter, *indirect, Action::Case { upper: false, all: false })
        }
        E::LowercasePattern { parameter, indirect, .. }
        | E::Transform { parameter, indirect, op: ParameterTransformOp::ToLowerCase } => {
            (parameter, *indirect, Action::Case { upper: false, all: true })
        }
        E::Transform { .. } => return Err(SyntaxError::Unsupported("`${name@…}` expansions")),
        E::VariableNames { .. } => return Err(SyntaxError::Unsupported("`${!name*}` expansions")),
        E::MemberKeys { variable_name, concatenate } => {
            let parameter = Parameter::Keys { name: variable_name.clone(), joined: *concatenate };
            return Ok(Expansion { parameter, action: Action::Plain });
        }
    };
    Ok(Expansion { parameter: parameter(named, indirect, dialect)?, action })
}
