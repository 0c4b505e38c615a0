//! What `${name…}` does with a value: parts of it, replacements, upper and lower case.

use brush_parser::word::SubstringMatchKind;

use super::super::code::{Action, Word};
use super::super::pattern;
use super::{Expanded, Expander};

impl Expander<'_, '_> {
    pub(super) fn transform(&mut self, action: &Action, value: String) -> Expanded<String> {
        Ok(match action {
            Action::Length => value.chars().count().to_string(),
            Action::RemovePrefix { longest, pattern } => {
                let pattern = self.pattern(pattern)?;
                pattern::remove_prefix(&value, &pattern, *longest).to_owned()
            }
            Action::RemoveSuffix { longest, pattern } => {
                let pattern = self.pattern(pattern)?;
                pattern::remove_suffix(&value, &pattern, *longest).to_owned()
            }
            Action::Substring { offset, length } => {
                let (offset, length) = self.bounds(offset, length.as_ref())?;
                substring(&value, offset, length)
            }
            Action::Replace { pattern, replacement, kind } => {
                let (pattern, replacement) = (self.pattern(pattern)?, self.single(replacement)?);
                replace(&value, &pattern, &replacement, kind)
            }
            Action::Case { upper, all } => {
                let count = if *all { usize::MAX } else { 1 };
                let change = |(index, character): (usize, char)| match (index < count, upper) {
                    (false, _) => character.to_string(),
                    (true, true) => character.to_uppercase().to_string(),
                    (true, false) => character.to_lowercase().to_string(),
                };
                value.chars().enumerate().map(change).collect()
            }
            _ => value,
        })
    }

    /// The numbers of `${name:offset:length}`.
    pub(super) fn bounds(&mut self, offset: &Word, length: Option<&Word>) -> Expanded<(i64, Option<i64>)> {
        let mut number = |word: &Word| {
            let text = self.single(word)?;
            self.arithmetic(&text)
        };
        Ok((number(offset)?, length.map(number).transpose()?))
    }
}

/// `${x:offset:length}`; negative numbers count from the end.
fn substring(value: &str, offset: i64, length: Option<i64>) -> String {
    let count = value.chars().count() as i64;
    let start = if offset < 0 { count.saturating_add(offset) } else { offset };
    if start < 0 || start > count {
        return String::new();
    }
    let end = match length {
        None => count,
        Some(length) if length < 0 => count.saturating_add(length),
        Some(length) => start.saturating_add(length).min(count),
    };
    value.chars().skip(start as usize).take((end - start).max(0) as usize).collect()
}

fn replace(value: &str, pattern: &str, replacement: &str, kind: &SubstringMatchKind) -> String {
    match kind {
        SubstringMatchKind::Prefix => {
            let rest = pattern::remove_prefix(value, pattern, true);
            if rest.len() == value.len() { value.to_owned() } else { format!("{replacement}{rest}") }
        }
        SubstringMatchKind::Suffix => {
            let rest = pattern::remove_suffix(value, pattern, true);
            if rest.len() == value.len() { value.to_owned() } else { format!("{rest}{replacement}") }
        }
        SubstringMatchKind::FirstOccurrence | SubstringMatchKind::Anywhere => {
            let (mut out, mut at) = (String::new(), 0);
            while let Some((start, end)) = pattern::find(value, pattern, at).filter(|(start, end)| end > start) {
                out.push_str(&value[at..start]);
                out.push_str(replacement);
                at = end;
                if matches!(kind, SubstringMatchKind::FirstOccurrence) {
                    break;
                }
            }
            out.push_str(&value[at..]);
            out
        }
    }
}
