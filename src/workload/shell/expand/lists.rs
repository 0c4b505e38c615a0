//! Parameters that are lists: arguments, elements of arrays and their keys; and how an element is named.

use super::super::array::{Array, Key};
use super::super::code::{Action, Dialect, Expansion, Parameter, Word};
use super::{Expanded, Expander, Fields, Stop};

/// The end of an argument among others; no text of a shell holds it.
const END: &str = "\0";

impl Expander<'_, '_> {
    /// Sets an element of an array as a part of an expansion.
    pub fn assign_element(&mut self, name: &str, key: Key, value: String) -> Expanded<()> {
        self.change(name, |shell| shell.set_element(name, key, value))
    }

    /// Makes a variable an array as a part of an expansion.
    pub fn assign_array(&mut self, name: &str, array: Array) -> Expanded<()> {
        self.change(name, |shell| shell.set_array(name, array))
    }

    /// The key that an index means in an assignment: a number to be calculated, or a name. None where there can be no such
    /// element.
    pub fn key(&mut self, name: &str, is_named: bool, index: &Word) -> Expanded<Option<Key>> {
        let index = self.single(index)?;
        if is_named || self.shell.array(name).is_named {
            return Ok(Some(Key::named(&index)));
        }
        let number = self.arithmetic(&index)?;
        Ok(self.shell.array(name).key_of(number))
    }

    /// The key that an index means where an element is read: of a variable that is no array nothing counts from the end.
    pub fn key_to_read(&mut self, name: &str, index: &str) -> Expanded<Option<Key>> {
        let array = self.shell.array(name);
        if array.is_named {
            return Ok(Some(Key::named(index)));
        }
        let number = self.arithmetic(index)?;
        let is_known = number >= 0 || self.shell.is_array(name);
        Ok(array.key_of(number).filter(|_| is_known))
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
            action if self.shell.dialect != Dialect::Bash => {
                // To ash and dash the arguments are one text, in which they still know where each ends.
                let text = self.transform(action, list.join(END))?;
                list = if list.is_empty() { list } else { text.split(END).map(str::to_owned).collect() };
                if matches!(action, Action::Length) {
                    self.value(&text, is_quoted, out);
                    return Ok(());
                }
            }
            Action::Length => {
                self.value(&list.len().to_string(), is_quoted, out);
                return Ok(());
            }
            Action::Substring { offset, length } if self.is_sliced(&expansion.parameter) => {
                let (offset, length) = self.bounds(offset, length.as_ref())?;
                if let Some(length) = length.filter(|length| *length < 0) {
                    return Err(Stop::Fail(format!("{length}: substring expression < 0"), 1));
                }
                list = self.slice(&expansion.parameter, list, offset);
                list.truncate(length.map_or(usize::MAX, |length| length as usize));
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

    /// Are its items taken by their place? Of a variable that is no array it is characters.
    fn is_sliced(&self, parameter: &Parameter) -> bool {
        match parameter {
            Parameter::Elements { name, .. } => self.shell.is_array(name) || self.shell.get(name).is_none(),
            _ => true,
        }
    }

    /// The items from `offset` on; a negative one counts from the end.
    fn slice(&self, parameter: &Parameter, mut list: Vec<String>, offset: i64) -> Vec<String> {
        let array = match parameter {
            Parameter::Elements { name, .. } => Some(self.shell.array(name)),
            _ => None,
        };
        let end = match &array {
            // Those that have names are counted from 1.
            Some(array) if array.is_named => list.len() as u64 + 1,
            Some(array) => array.end(),
            None => {
                // Arguments are counted from `$0`.
                list.insert(0, self.shell.name.clone());
                list.len() as u64
            }
        };
        let start = if offset < 0 { end.checked_add_signed(offset) } else { u64::try_from(offset).ok() };
        let Some(start) = start.filter(|start| offset >= 0 || array.is_some() || *start > 0) else { return Vec::new() };
        let skipped = match &array {
            Some(array) if array.is_named => start.saturating_sub(1),
            Some(array) => array.elements.range(..Key::Index(start)).count() as u64,
            None => start,
        };
        list.drain(..(skipped as usize).min(list.len()));
        list
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
