//! bash's arrays: elements by number or, where `declare -A` says so, by name.

use std::collections::BTreeMap;

/// What names an element.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Index(u64),
    Name {
        /// Place in bash's table of 1,024, in whose order the elements come.
        place: u32,
        name: String,
    },
}

impl Key {
    /// A name. Its place is bash's: lib/hash `hash_string` (FNV-1).
    pub fn named(name: &str) -> Self {
        let hash = name.bytes().fold(2_166_136_261_u32, |hash, byte| hash.wrapping_mul(16_777_619) ^ u32::from(byte));
        Self::Name { place: hash % 1024, name: name.to_owned() }
    }

    /// As `${!array[@]}` shows it.
    pub fn text(&self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Name { name, .. } => name.clone(),
        }
    }
}

/// The value of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Array {
    /// Do names tell its elements apart?
    pub is_named: bool,
    pub elements: BTreeMap<Key, String>,
}

impl Array {
    /// An array of these elements, from 0 on.
    pub fn of(values: impl IntoIterator<Item = String>) -> Self {
        let elements = (0..).map(Key::Index).zip(values).collect();
        Self { is_named: false, elements }
    }

    /// The key of what the array's name alone stands for.
    pub fn first(&self) -> Key {
        if self.is_named { Key::named("0") } else { Key::Index(0) }
    }

    /// One more than the last number.
    pub fn end(&self) -> u64 {
        match self.elements.last_key_value() {
            Some((Key::Index(last), _)) => last.saturating_add(1),
            _ => 0,
        }
    }

    /// The key of a number; negative ones count from the end. None where that is before the first.
    pub fn key_of(&self, number: i64) -> Option<Key> {
        let index = if number < 0 { self.end().checked_add_signed(number) } else { u64::try_from(number).ok() };
        index.map(Key::Index)
    }

    /// As `set` and `readonly` show it.
    pub fn shown(&self) -> String {
        let elements: Vec<String> =
            self.elements.iter().map(|(key, value)| format!("[{}]={}", key.text(), quoted(value))).collect();
        // Behind those that have names, bash leaves a space.
        let end = if self.is_named && !elements.is_empty() { " " } else { "" };
        format!("({}{end})", elements.join(" "))
    }
}

/// A value in quotes, as bash shows those of variables. Upstream: bash lib/sh/shquote.c `sh_double_quote`, strtrans.c `ansic_quote`.
pub(super) fn quoted(value: &str) -> String {
    if !value.contains(char::is_control) {
        let escaped = |character: char| {
            matches!(character, '"' | '$' | '`' | '\\').then_some('\\').into_iter().chain([character])
        };
        return format!("\"{}\"", value.chars().flat_map(escaped).collect::<String>());
    }
    let shown = |character: char| match character {
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\r' => "\\r".to_owned(),
        '\x07' => "\\a".to_owned(),
        '\x08' => "\\b".to_owned(),
        '\x0b' => "\\v".to_owned(),
        '\x0c' => "\\f".to_owned(),
        '\x1b' => "\\E".to_owned(),
        '\'' | '\\' => format!("\\{character}"),
        _ if character.is_control() => format!("\\{:03o}", u32::from(character)),
        _ => character.to_string(),
    };
    format!("$'{}'", value.chars().map(shown).collect::<String>())
}
