//! Scripts that were parsed once and are run many times: the pods of a workload share the code of their command.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::code::{Code, Dialect};
use super::compile::{Compiled, compile};

/// Texts kept at most; what comes later is parsed each time. Scripts that make scripts must not fill the memory.
const TEXTS_MAX: usize = 4096;

/// Parsed scripts by their text. Makes nothing but time: with or without it, all results are the same.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    ash: FxHashMap<Box<str>, Compiled<Arc<Code>>>,
    dash: FxHashMap<Box<str>, Compiled<Arc<Code>>>,
    bash: FxHashMap<Box<str>, Compiled<Arc<Code>>>,
}

impl Programs {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The code of a script, or why it is none.
    pub(super) fn get(&mut self, script: &str, dialect: Dialect) -> Compiled<Arc<Code>> {
        let known = match dialect {
            Dialect::Ash => &mut self.ash,
            Dialect::Dash => &mut self.dash,
            Dialect::Bash => &mut self.bash,
        };
        if let Some(code) = known.get(script) {
            return code.clone();
        }
        let code = compile(script, dialect);
        if known.len() < TEXTS_MAX {
            known.insert(script.into(), code.clone());
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_parsed_once_for_each_dialect() {
        let mut programs = Programs::new();
        let first = programs.get("echo {a,b}", Dialect::Ash).expect("a script");
        assert!(Arc::ptr_eq(&first, &programs.get("echo {a,b}", Dialect::Ash).expect("a script")));
        assert!(!Arc::ptr_eq(&first, &programs.get("echo {a,b}", Dialect::Bash).expect("a script")));
        assert!(programs.get("if true", Dialect::Ash).is_err());
        assert_eq!(programs.get("if true", Dialect::Ash).err(), compile("if true", Dialect::Ash).err());
    }

    #[test]
    fn no_more_than_a_limit_of_texts_is_kept() {
        let mut programs = Programs::new();
        for number in 0..=TEXTS_MAX {
            programs.get(&format!("echo {number}"), Dialect::Ash).expect("a script");
        }
        assert_eq!(programs.ash.len(), TEXTS_MAX);
    }
}
