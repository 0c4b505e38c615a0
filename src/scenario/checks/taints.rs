//! E0013: a taint is written as kubectl takes it, `key=value:Effect` or `key:Effect`.

use crate::model::taint::{Taint, TaintEffect};
use crate::scenario::schema::shape::Flaw;
use crate::scenario::suggest;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// Reads a taint.
///
/// # Errors
/// What is missing or unknown in it.
pub fn parse(text: &str) -> Result<Taint, Flaw> {
    let Some((what, effect)) = text.rsplit_once(':') else {
        return Err(Flaw::new(format!("`{text}` has no effect")).hint("write it as key=value:NoSchedule"));
    };
    let Some(effect) = TaintEffect::from_name(effect) else {
        let mut flaw = Flaw::new(format!("`{effect}` is not an effect of taints"));
        flaw.hint = suggest::hint(effect, EFFECTS);
        flaw.offset = Some(what.chars().count() + 1);
        return Err(flaw);
    };
    let (key, value) = what.split_once('=').unwrap_or((what, ""));
    if key.is_empty() {
        return Err(Flaw::new(format!("`{text}` has no key")));
    }
    Ok(Taint { key: key.into(), value: value.into(), effect })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_are_read_with_and_without_a_value() {
        let taint = parse("dedicated=ml:NoSchedule").unwrap();
        assert_eq!((taint.key.as_str(), taint.value.as_str()), ("dedicated", "ml"));
        assert_eq!(parse("gpu:NoExecute").unwrap().effect, TaintEffect::NoExecute);
    }

    #[test]
    fn a_wrong_effect_gets_the_nearest_one() {
        assert_eq!(parse("a=b:NoSchedul").unwrap_err().hint, "did you mean `NoSchedule`?");
        assert!(parse("a=b").is_err());
        assert!(parse("=b:NoExecute").is_err());
    }
}
