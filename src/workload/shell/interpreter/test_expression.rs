//! `[[ … ]]`: its operators on expanded words. What they share with `test` is in `test_command`.

use super::super::array::Array;
use super::super::code::TestExpression;
use super::super::expand::{Expanded, Expander};
use super::super::pattern;
use super::super::test_command;

impl Expander<'_, '_> {
    /// `[[ … ]]`
    pub(super) fn test(&mut self, expression: &TestExpression) -> Expanded<bool> {
        Ok(match expression {
            TestExpression::And(left, right) => self.test(left)? && self.test(right)?,
            TestExpression::Or(left, right) => self.test(left)? || self.test(right)?,
            TestExpression::Not(inner) => !self.test(inner)?,
            TestExpression::Unary("-v", word) => {
                let name = self.single(word)?;
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
                test_command::unary(self.context, &self.shell.cwd, operator, &operand)
            }
            TestExpression::Matches(word, pattern, is_negated) => {
                let (text, pattern) = (self.single(word)?, self.pattern(pattern)?);
                pattern::matches(&pattern, &text) != *is_negated
            }
            TestExpression::Regex(word, pattern) => {
                let (text, pattern) = (self.single(word)?, self.single(pattern)?);
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
                if operator.starts_with('-') && !matches!(*operator, "-nt" | "-ot") {
                    let (left, right) = (self.arithmetic(&left)?, self.arithmetic(&right)?);
                    return Ok(test_command::compare(operator, left, right));
                }
                test_command::binary(self.context, &self.shell.cwd, operator, &left, &right, false).unwrap_or(false)
            }
        })
    }
}
