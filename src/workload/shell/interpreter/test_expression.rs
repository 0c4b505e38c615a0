//! `[[ … ]]`: its operators on expanded words. What they share with `test` is in `test_command`.

use super::super::array::Array;
use super::super::code::{Dialect, TestExpression};
use super::super::expand::{Expanded, Expander};
use super::super::pattern;
use super::super::test_command;

impl Expander<'_, '_> {
    /// `[[ … ]]`
    pub(super) fn test(&mut self, expression: &TestExpression) -> Expanded<bool> {
        self.test_behind("", expression)
    }

    /// A test with what stands before it, for `set -x`.
    fn test_behind(&mut self, mark: &str, expression: &TestExpression) -> Expanded<bool> {
        Ok(match expression {
            TestExpression::And(left, right) => self.test(left)? && self.test(right)?,
            TestExpression::Or(left, right) => self.test(left)? || self.test(right)?,
            TestExpression::Not(inner) => !self.test_behind("! ", inner)?,
            TestExpression::Unary("-v", word) => {
                let name = self.single(word)?;
                self.trace_test(&[mark, "-v", &name]);
                match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
                    Some((name, index)) => {
                        let key = self.key_to_read(name, index)?;
                        key.is_some_and(|key| self.shell.array(name).elements.contains_key(&key))
                    }
                    None => self.named(&name).is_some(),
                }
            }
            TestExpression::Unary(operator, word) => {
                let operand = self.single(word)?;
                self.trace_test(&[mark, operator, &operand]);
                test_command::unary(self.context, &self.shell.cwd, operator, &operand)
            }
            TestExpression::Matches(word, pattern, is_negated) => {
                let text = self.single(word)?;
                let pattern = if self.traces_tests() { self.shown_pattern(pattern)? } else { self.pattern(pattern)? };
                self.trace_test(&[mark, &text, if *is_negated { "!=" } else { "==" }, &pattern]);
                pattern::matches(&pattern, &text) != *is_negated
            }
            TestExpression::Regex(word, pattern) => {
                let (text, pattern) = (self.single(word)?, self.single(pattern)?);
                self.trace_test(&[mark, &text, "=~", &pattern]);
                let found = regex::Regex::new(&pattern).ok().and_then(|regex| {
                    let groups = regex.captures(&text)?;
                    Some(Array::of(groups.iter().map(|group| group.map_or("", |group| group.as_str()).to_owned())))
                });
                let matches = found.is_some();
                self.assign_array("BASH_REMATCH", found.unwrap_or_default())?;
                matches
            }
            TestExpression::Binary(operator, left, right) => {
                let (left, right) = (self.single(left)?, self.single(right)?);
                self.trace_test(&[mark, &left, operator, &right]);
                if operator.starts_with('-') && !matches!(*operator, "-nt" | "-ot") {
                    let (left, right) = (self.arithmetic(&left)?, self.arithmetic(&right)?);
                    return Ok(test_command::compare(operator, left, right));
                }
                test_command::binary(self.context, &self.shell.cwd, operator, &left, &right, false).unwrap_or(false)
            }
        })
    }

    fn traces_tests(&self) -> bool {
        self.shell.options.xtrace && self.shell.dialect == Dialect::Bash
    }

    /// `set -x` shows each test that is made: the mark before it, then its words.
    fn trace_test(&mut self, words: &[&str]) {
        if let [mark, words @ ..] = words
            && self.traces_tests()
        {
            let shown: Vec<&str> = words.iter().map(|word| if word.is_empty() { "''" } else { word }).collect();
            let line = format!("{}[[ {mark}{} ]]", self.shell.trace_mark(), shown.join(" "));
            self.context.complain(&line);
        }
    }
}
