//! UIDs: computed from an object's identity and the seed, never stored, and read back when a manifest names an owner.

use crate::model::kind::{KINDS, Kind};
use crate::model::object::ObjectRef;

/// An odd constant, so that multiplying by it can be undone.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
/// Its inverse modulo 2⁶⁴.
const INVERSE: u64 = 0xf1de_83e1_9937_733d;

/// The UID of an object under a seed: a UUID of version 4, as a number.
pub(super) fn uid(seed_mask: u64, object: ObjectRef) -> u128 {
    let plain = u64::from(object.kind.0) << 32 | u64::from(object.id);
    let high = scramble(plain ^ seed_mask ^ MULTIPLIER);
    let low = scramble(high ^ seed_mask.rotate_left(17) ^ plain);
    // 60 bits of `high` and 4 of `low` carry the identity; version and variant take their fixed places.
    let first = (high >> 16) << 16 | 0x4000 | high >> 4 & 0xfff;
    let second = (0x8000 | (high & 0xf) << 8 | low >> 56) << 48 | low & 0xffff_ffff_ffff;
    u128::from(first) << 64 | u128::from(second)
}

/// A UID as the API shows it.
pub(super) fn text(uid: u128) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (place, byte) in uid.to_be_bytes().into_iter().enumerate() {
        at += usize::from(matches!(place, 4 | 6 | 8 | 10));
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 0xf)];
        at += 2;
    }
    // Digits and dashes only.
    std::str::from_utf8(&text).unwrap_or_default().to_owned()
}

/// The object of a UID made by `uid` under the same seed.
pub(super) fn object(seed_mask: u64, text: &str) -> Option<ObjectRef> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let number = (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()?;
    let first = (number >> 80) as u64;
    let second = (number >> 64) as u64 & 0xfff;
    let last = (number >> 56) as u64 & 0xf;
    let high = first << 16 | second << 4 | last;
    let plain = unscramble(high) ^ seed_mask ^ MULTIPLIER;
    let kind = plain >> 32;
    let object = ObjectRef { kind: Kind(u32::try_from(kind).ok()?), id: plain as u32 };
    ((object.kind.0 as usize) < KINDS.len() && self::text(uid(seed_mask, object)) == text).then_some(object)
}

fn scramble(value: u64) -> u64 {
    let mixed = value.wrapping_mul(MULTIPLIER);
    let folded = mixed ^ mixed >> 32;
    folded.wrapping_mul(MULTIPLIER)
}

fn unscramble(value: u64) -> u64 {
    let folded = value.wrapping_mul(INVERSE);
    let mixed = folded ^ folded >> 32;
    mixed.wrapping_mul(INVERSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_names_one_object_and_reads_back() {
        for seed in [0, 7, u64::MAX] {
            for object_ref in [
                ObjectRef::new(Kind::POD, 0),
                ObjectRef::new(Kind::DEPLOYMENT, 123_456),
                ObjectRef::new(Kind::NODE, u32::MAX - 1),
            ] {
                let text = text(uid(seed, object_ref));
                assert_eq!(text.len(), 36, "{text}");
                assert_eq!(object(seed, &text), Some(object_ref), "{text}");
            }
        }
        assert_eq!(object(0, "00000000-0000-4000-8000-000000000000"), None);
        assert_eq!(object(0, "x"), None);
    }
}
