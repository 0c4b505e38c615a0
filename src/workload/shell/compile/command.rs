//! Simple commands of the parser's tree: words, assignments, redirections.

use brush_parser::ast;

use super::super::braces;
use super::super::code::{AssignedValue, Assignment, Dialect, Part, Redirect, RedirectKind, SimpleCommand, Word};
use super::word::{here_document, literal_word, word};
use super::{Compiled, SyntaxError};

fn declares(name: &str) -> bool {
    matches!(name, "export" | "local" | "readonly" | "declare" | "typeset")
}

pub(super) fn simple_command(command: &ast::SimpleCommand, dialect: Dialect) -> Compiled<SimpleCommand> {
    let mut simple = SimpleCommand::default();
    let mut redirects = Vec::new();
    let prefix = command.prefix.iter().flat_map(|prefix| &prefix.0);
    for item in prefix {
        command_item(item, dialect, true, &mut simple, &mut redirects)?;
    }
    if let Some(name) = &command.word_or_name {
        simple.line = name.loc.as_ref().map_or(1, |loc| loc.start.line);
        braced(name, dialect, &mut simple.words)?;
    }
    for item in command.suffix.iter().flat_map(|suffix| &suffix.0) {
        command_item(item, dialect, false, &mut simple, &mut redirects)?;
    }
    simple.redirects = redirects.into();
    Ok(simple)
}

fn command_item(
    item: &ast::CommandPrefixOrSuffixItem,
    dialect: Dialect,
    is_prefix: bool,
    simple: &mut SimpleCommand,
    redirects: &mut Vec<Redirect>,
) -> Compiled<()> {
    match item {
        ast::CommandPrefixOrSuffixItem::IoRedirect(item) => redirect(item, dialect, redirects)?,
        ast::CommandPrefixOrSuffixItem::Word(text) => braced(text, dialect, &mut simple.words)?,
        ast::CommandPrefixOrSuffixItem::AssignmentWord(assignment, text)
            if is_prefix && assignment.append && dialect != Dialect::Bash =>
        {
            // Only bash knows `+=`: to the others it is a command of that name.
            braced(text, dialect, &mut simple.words)?;
        }
        ast::CommandPrefixOrSuffixItem::AssignmentWord(assignment, text) if is_prefix => {
            simple.assignments.push(compiled(assignment, &text.value, dialect)?);
        }
        ast::CommandPrefixOrSuffixItem::AssignmentWord(assignment, text) => {
            let is_declared = simple.words.first().and_then(Word::literal).is_some_and(|name| declares(&name));
            let is_text = matches!(
                (&assignment.name, &assignment.value),
                (ast::AssignmentName::VariableName(_), ast::AssignmentValue::Scalar(_))
            );
            if is_declared && !is_text && dialect == Dialect::Bash {
                let assignment = compiled(assignment, &text.value, dialect)?;
                simple.words.push(literal_word(&assignment.name));
                simple.declared.push(assignment);
                return Ok(());
            }
            let mut argument = word(&text.value, dialect)?;
            if is_declared {
                // The value of `export name=$value` is not split.
                argument.parts = vec![Part::DoubleQuoted(argument.parts)];
            }
            simple.words.push(argument);
        }
        ast::CommandPrefixOrSuffixItem::ProcessSubstitution(..) => {
            return Err(SyntaxError::Unsupported("process substitutions"));
        }
    }
    Ok(())
}

/// `name=value`, `name[index]=value`, `name=(value …)`.
fn compiled(assignment: &ast::Assignment, typed: &str, dialect: Dialect) -> Compiled<Assignment> {
    let (name, index) = match &assignment.name {
        ast::AssignmentName::VariableName(name) => (name, None),
        _ if dialect != Dialect::Bash => return Err(SyntaxError::Unsupported("arrays")),
        ast::AssignmentName::ArrayElementName(name, index) => (name, Some(word(index, dialect)?)),
    };
    let value = match &assignment.value {
        ast::AssignmentValue::Scalar(value) => AssignedValue::Text(word(&value.value, dialect)?),
        _ if dialect != Dialect::Bash => return Err(SyntaxError::Unsupported("arrays")),
        ast::AssignmentValue::Array(elements) => {
            let element = |(key, value): &(Option<ast::Word>, ast::Word)| {
                let key = key.as_ref().map(|key| word(&key.value, dialect)).transpose()?;
                let mut words = Vec::new();
                braced(value, dialect, &mut words)?;
                Ok((key, words))
            };
            AssignedValue::List(elements.iter().map(element).collect::<Compiled<_>>()?)
        }
    };
    Ok(Assignment { name: name.clone(), index, value, append: assignment.append, typed: typed.to_owned() })
}

/// A word of a command, after `{a,b}` and `{1..3}`.
pub(super) fn braced(text: &ast::Word, dialect: Dialect, words: &mut Vec<Word>) -> Compiled<()> {
    for expanded in braces::expand(&text.value, dialect) {
        words.push(word(&expanded, dialect)?);
    }
    Ok(())
}

pub(super) fn redirect(item: &ast::IoRedirect, dialect: Dialect, out: &mut Vec<Redirect>) -> Compiled<()> {
    let (fd, kind) = match item {
        ast::IoRedirect::File(fd, kind, target) => {
            let target = match target {
                ast::IoFileRedirectTarget::Filename(name) | ast::IoFileRedirectTarget::Duplicate(name) => {
                    word(&name.value, dialect)?
                }
                ast::IoFileRedirectTarget::Fd(number) => literal_word(&number.to_string()),
                ast::IoFileRedirectTarget::ProcessSubstitution(..) => {
                    return Err(SyntaxError::Unsupported("process substitutions"));
                }
            };
            let (default, kind) = match kind {
                ast::IoFileRedirectKind::Read => (0, RedirectKind::Read(target)),
                ast::IoFileRedirectKind::Write => (1, RedirectKind::Write(target)),
                ast::IoFileRedirectKind::Clobber => (1, RedirectKind::Clobber(target)),
                ast::IoFileRedirectKind::Append => (1, RedirectKind::Append(target)),
                ast::IoFileRedirectKind::ReadAndWrite => (0, RedirectKind::ReadWrite(target)),
                ast::IoFileRedirectKind::DuplicateInput => (0, RedirectKind::Duplicate(target)),
                ast::IoFileRedirectKind::DuplicateOutput => (1, RedirectKind::Duplicate(target)),
            };
            (fd.unwrap_or(default), kind)
        }
        ast::IoRedirect::HereDocument(fd, document) => {
            let text = if document.requires_expansion {
                here_document(&document.doc.value, dialect)?
            } else {
                literal_word(&document.doc.value)
            };
            (fd.unwrap_or(0), RedirectKind::Text(text))
        }
        ast::IoRedirect::HereString(fd, text) => {
            let mut text = word(&text.value, dialect)?;
            text.parts.push(Part::Quoted("\n".to_owned()));
            (fd.unwrap_or(0), RedirectKind::Text(text))
        }
        ast::IoRedirect::OutputAndError(target, append) => {
            (1, RedirectKind::Both { target: word(&target.value, dialect)?, append: *append })
        }
    };
    out.push(Redirect { fd, kind });
    Ok(())
}
