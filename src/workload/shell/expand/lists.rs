//! Parameters that are lists: arguments, elements of arrays and their keys; and how an element is named.

use super::super::array::{Array, Key};
use super::super::code::{Action, Expansion, Parameter, Word};
use super::{Expanded, Expander, Fields, Stop};

impl Expander<'_, '_> {
    /// Sets an element of an array as a part of an expansion.
    pub fn assign_element(&mut self, name: &str, key: Key, value: String) -> Expanded<()> {
        self.change(name, |shell| shell.set_element(name, key, value))
    }

    /// Makes a variable an array as a part of an expansion.
    pub fn assign_array(&mut self, name: &str, array: Array) -> Expanded<()> {
        self.change(name, |shell| shell.set_array(name, array))
    }

    /// The key that an index means: a number to be calculated, or a name. None where there can be no such element.
    pub fn key(&mut self, name: &str, is_named: bool, index: &Word) -> Expanded<Option<Key>> {
        let text = self.single(index)?;
        self.key_of_text(name, is_named, &text)
    }

    /// The same of an index that has been expanded.
    pub fn key_of_text(&mut self, name: &str, is_named: bool, index: &str) -> Expanded<Option<Key>> {
        if is_named || self.shell.array(name).is_named {
            return Ok(Some(Key::Name(index.to_owned())));
        }
        let number = self.arithmetic(index)?;
        Ok(self.shell.array(name).key_of(number))
    }

    /// The parameters that are lists: arguments, elements of arrays and their keys.
    pub(super) fn list(&self, parameter: &Parameter) -> Option<Vec<String>> {
        Some(match parameter {
            Parameter::All | Parameter::Joined => self.shell.positional.to_vec(),
            Parameter::Elements { name, .. } => self.shell.array(name).elements.values().cloned().collect(),
            Parameter::Keys { name, .. } => self.shell.array(name).elements.keys().map(Key::text).collect(),
            _ => return None,
        })
    }

    /// What stands between the items of a list that becomes one text.
    pub(super) fn separator(&self, parameter: &Parameter) -> String {
        if is_joined(parameter) {
            self.shell.get("IFS").unwrap_or(" ").chars().take(1).collect()
        } else {
            " ".to_owned()
        }
    }

    /// A list, of which each item is changed, or some are taken.
    pub(super) fn listed(
        &mut self,
        expansion: &Expansion,
        mut list: Vec<String>,
        is_quoted: bool,
        out: &mut Fields,
    ) -> Expanded<()> {
        match &expansion.action {
            Action::Plain => {}
            Action::Length => {
                self.value(&list.len().to_string(), is_quoted, out);
                return Ok(());
            }
            Action::Substring { offset, length } => {
                let text = self.single(offset)?;
                let offset = self.arithmetic(&text)?;
                if matches!(expansion.parameter, Parameter::All | Parameter::Joined) {
                    // Arguments are counted from `$0`.
                    list.insert(0, self.shell.name.clone());
                    if offset < 0 && offset.unsigned_abs() >= list.len() as u64 {
                        list.clear();
                    }
                }
                let count = list.len() as i64;
                let start = if offset < 0 { count.saturating_add(offset) } else { offset };
                let length = match length {
                    Some(length) => {
                        let text = self.single(length)?;
                        self.arithmetic(&text)?
                    }
                    None => i64::MAX,
                };
                if length < 0 {
                    return Err(Stop::Fail(format!("{length}: substring expression < 0"), 1));
                }
                let skipped = usize::try_from(start).unwrap_or(usize::MAX);
                list = list.into_iter().skip(skipped).take(length as usize).collect();
            }
            action => {
                for item in &mut list {
                    *item = self.transform(action, std::mem::take(item))?;
                }
            }
        }
        self.items(&expansion.parameter, &list, is_quoted, out);
        Ok(())
    }

    /// Items of a list as fields, or as one text where they are joined.
    pub(super) fn items(&mut self, parameter: &Parameter, list: &[String], is_quoted: bool, out: &mut Fields) {
        if out.is_single || is_quoted && is_joined(parameter) {
            if !list.is_empty() {
                self.value(&list.join(&self.separator(parameter)), is_quoted, out);
            }
            return;
        }
        for (index, item) in list.iter().enumerate() {
            if index > 0 {
                out.end_field();
            }
            if is_quoted {
                out.text("");
            }
            self.value(item, is_quoted, out);
        }
    }
}

/// Is the quoted list one text?
fn is_joined(parameter: &Parameter) -> bool {
    matches!(
        parameter,
        Parameter::Joined | Parameter::Elements { joined: true, .. } | Parameter::Keys { joined: true, .. }
    )
}

/// Does it change the items of a list, or take some?
pub(super) fn changes_items(action: &Action) -> bool {
    !matches!(action, Action::Default(..) | Action::Assign(..) | Action::Error(..) | Action::Alternative(..))
}

/// Is it a list of which each item becomes a field, also in quotes, so that there may be none?
pub(super) fn is_list_of_fields(expansion: &Expansion) -> bool {
    let is_list = matches!(
        expansion.parameter,
        Parameter::All | Parameter::Elements { joined: false, .. } | Parameter::Keys { joined: false, .. }
    );
    let may_be_nothing = changes_items(&expansion.action) || matches!(expansion.action, Action::Alternative(..));
    is_list && may_be_nothing && !matches!(expansion.action, Action::Length)
}
