//! tr: replaces, deletes and squeezes bytes.

use super::super::super::escapes::{Octal, unescape};
use super::super::super::pattern;

#[derive(Clone, Debug)]
pub(super) struct Translate {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    pub deletes: bool,
    pub squeezes: bool,
    pub is_complement: bool,
    pub last: Option<u8>,
}

impl Translate {
    pub(super) fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            let place = self.from.iter().position(|from| from == byte);
            let is_in = place.is_some() != self.is_complement;
            if self.deletes && is_in {
                continue;
            }
            let mapped = match (is_in && !self.deletes, place) {
                (true, Some(place)) if !self.to.is_empty() => self.to[place.min(self.to.len() - 1)],
                (true, None) if !self.to.is_empty() => self.to[self.to.len() - 1],
                _ => *byte,
            };
            let squeezed = if self.to.is_empty() { is_in } else { self.to.contains(&mapped) };
            if self.squeezes && squeezed && self.last == Some(mapped) {
                continue;
            }
            self.last = Some(mapped);
            out.push(mapped);
        }
    }
}

/// `a-z`, `[:digit:]`, `\n` as bytes.
pub(super) fn character_set(text: &str) -> Vec<u8> {
    let mut text = text.to_owned();
    for name in ["alpha", "digit", "alnum", "upper", "lower", "space", "blank", "punct"] {
        let members: String = (1..128u8).map(char::from).filter(|c| pattern::class(name, *c)).collect();
        text = text.replace(&format!("[:{name}:]"), &members.replace('\\', "\\\\").replace('-', "\\055"));
    }
    let bytes = unescape(&text, Octal::Bare).0;
    let mut set = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes.get(at + 1) == Some(&b'-') && bytes.get(at + 2).is_some_and(|end| *end >= bytes[at]) {
            set.extend(bytes[at]..=bytes[at + 2]);
            at += 3;
        } else {
            set.push(bytes[at]);
            at += 1;
        }
    }
    set
}
