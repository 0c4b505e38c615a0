//! Shell patterns: `*`, `?`, `[…]`, with a backslash before what stands for itself. Used by `case`, `${x#…}`,
//! file names and `find -name`.

/// Puts a backslash before everything that a pattern would read.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// Would the text, read as a pattern, match anything but itself?
pub(super) fn is_pattern(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '*' | '?' => return true,
            // A bracket that is never closed is itself: `[` is also the name of a command.
            '[' if characters.as_str().contains(']') => return true,
            _ => {}
        }
    }
    false
}

/// The text without the backslashes of `quote`.
pub(super) fn unquote(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            _ => out.push(character),
        }
    }
    out
}

/// Does all of `text` match?
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    matches_characters(&pattern, &text)
}

/// Linear but for one star: only the last star is ever taken back to.
pub(super) fn matches_characters(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, read));
                at += 1;
                continue;
            }
            Some(_) => one(&pattern[at..], text[read]),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => {
                at += length;
                read += 1;
            }
            (None, Some((after, from))) => {
                at = after;
                read = from + 1;
                star = Some((after, from + 1));
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|character| *character == '*')
}

/// Characters of the pattern that match one character of text.
fn one(pattern: &[char], character: char) -> Option<usize> {
    match pattern[0] {
        '?' => Some(1),
        '\\' if pattern.len() > 1 => (pattern[1] == character).then_some(2),
        '[' => match bracket(pattern, character) {
            Some((length, true)) => Some(length),
            Some((_, false)) => None,
            None => (character == '[').then_some(1),
        },
        other => (other == character).then_some(1),
    }
}

/// `[…]` at the start of `pattern`: its length and whether the character is in it; none where it is not closed.
fn bracket(pattern: &[char], character: char) -> Option<(usize, bool)> {
    let mut at = 1;
    let is_negated = matches!(pattern.get(at), Some('!' | '^'));
    at += usize::from(is_negated);
    let first = at;
    let mut is_in = false;
    loop {
        let mut low = *pattern.get(at)?;
        if low == ']' && at > first {
            return Some((at + 1, is_in != is_negated));
        }
        if low == '[' && pattern.get(at + 1) == Some(&':') {
            let end = at + 2 + pattern[at + 2..].iter().position(|c| *c == ':')?;
            let name: String = pattern[at + 2..end].iter().collect();
            is_in |= class(&name, character);
            at = end + 2;
            continue;
        }
        if low == '\\' {
            at += 1;
            low = *pattern.get(at)?;
        }
        at += 1;
        if pattern.get(at) == Some(&'-') && pattern.get(at + 1).is_some_and(|next| *next != ']') {
            let high = pattern[at + 1];
            is_in |= (low..=high).contains(&character);
            at += 2;
        } else {
            is_in |= low == character;
        }
    }
}

/// Is the character in `[:name:]`?
pub(super) fn class(name: &str, character: char) -> bool {
    match name {
        "alpha" => character.is_ascii_alphabetic(),
        "digit" => character.is_ascii_digit(),
        "alnum" => character.is_ascii_alphanumeric(),
        "upper" => character.is_ascii_uppercase(),
        "lower" => character.is_ascii_lowercase(),
        "space" => character.is_ascii_whitespace() || character == '\u{b}',
        "blank" => matches!(character, ' ' | '\t'),
        "punct" => character.is_ascii_punctuation(),
        "print" => !character.is_ascii_control(),
        "cntrl" => character.is_ascii_control(),
        "xdigit" => character.is_ascii_hexdigit(),
        _ => false,
    }
}

/// `${x#p}`, `${x##p}`: the text without the shortest or longest matching beginning.
pub(super) fn remove_prefix<'a>(text: &'a str, pattern: &str, longest: bool) -> &'a str {
    let mut ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    if longest {
        ends.reverse();
    }
    ends.into_iter().find(|end| matches(pattern, &text[..*end])).map_or(text, |end| &text[end..])
}

/// `${x%p}`, `${x%%p}`: the text without the shortest or longest matching end.
pub(super) fn remove_suffix<'a>(text: &'a str, pattern: &str, longest: bool) -> &'a str {
    let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    if !longest {
        starts.reverse();
    }
    starts.into_iter().find(|start| matches(pattern, &text[*start..])).map_or(text, |start| &text[..start])
}

/// First match of the pattern at or behind `from`, the longest there: start and end.
pub(super) fn find(text: &str, pattern: &str, from: usize) -> Option<(usize, usize)> {
    let bounds: Vec<usize> =
        text.char_indices().map(|(at, _)| at).chain([text.len()]).filter(|at| *at >= from).collect();
    for (index, start) in bounds.iter().enumerate() {
        for end in bounds[index..].iter().rev() {
            if matches(pattern, &text[*start..*end]) {
                return Some((*start, *end));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_the_shell() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("?", "é", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("[[:digit:]]*", "7z", true),
            ("[", "[", true),
            ("*a*b*", "xxaxxbxx", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn prefixes_and_suffixes_are_removed() {
        assert_eq!(remove_prefix("a/b/c", "*/", false), "b/c");
        assert_eq!(remove_prefix("a/b/c", "*/", true), "c");
        assert_eq!(remove_suffix("a.b.c", ".*", false), "a.b");
        assert_eq!(remove_suffix("a.b.c", ".*", true), "a");
        assert_eq!(remove_suffix("abc", "x", true), "abc");
    }
}
