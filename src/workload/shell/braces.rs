//! `{a,b}` and `{1..3}` of bash, before any other expansion. ash has none: there the word stays as it is.

use brush_parser::word::{BraceExpressionMember as Member, BraceExpressionOrText as Piece};

use super::brush;
use super::code::Dialect;
use super::compile::options;

/// Words one word may become; beyond it stays as typed.
const WORDS_MAX: usize = 100_000;

/// The words that `text` stands for; itself where there is nothing to expand.
pub(super) fn expand(text: &str, dialect: Dialect) -> Vec<String> {
    let unchanged = || vec![text.to_owned()];
    // The parser cannot read numbers beyond 64 bits.
    let has_long_number = text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 18);
    if dialect != Dialect::Bash || !text.contains('{') || text.contains("${") || has_long_number {
        return unchanged();
    }
    match brush::braces(text, &options(dialect)) {
        Ok(Some(pieces)) => product(&pieces).unwrap_or_else(unchanged),
        _ => unchanged(),
    }
}

fn product(pieces: &[Piece]) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    for piece in pieces {
        let choices = match piece {
            Piece::Text(text) => vec![text.clone()],
            Piece::Expr(members) => {
                let mut choices = Vec::new();
                for member in members {
                    choices.extend(member_words(member)?);
                }
                choices
            }
        };
        if words.len().saturating_mul(choices.len()) > WORDS_MAX {
            return None;
        }
        words = words.iter().flat_map(|start| choices.iter().map(move |choice| format!("{start}{choice}"))).collect();
    }
    Some(words)
}

fn member_words(member: &Member) -> Option<Vec<String>> {
    match member {
        Member::Child(pieces) => product(pieces),
        Member::NumberSequence { start, end, increment } => {
            Some(sequence(*start, *end, *increment)?.map(|number| number.to_string()).collect())
        }
        Member::CharSequence { start, end, increment } => {
            let letters = sequence(i64::from(u32::from(*start)), i64::from(u32::from(*end)), *increment)?;
            letters.map(|code| u32::try_from(code).ok().and_then(char::from_u32).map(String::from)).collect()
        }
    }
}

/// From `start` to `end`, both included, in either direction.
fn sequence(start: i64, end: i64, increment: i64) -> Option<impl Iterator<Item = i64>> {
    let step = i64::try_from(increment.unsigned_abs().max(1)).ok()?;
    let count = (end - start).abs() / step + 1;
    let direction = if end < start { -step } else { step };
    (count <= WORDS_MAX as i64).then(move || (0..count).map(move |index| start + index * direction))
}
