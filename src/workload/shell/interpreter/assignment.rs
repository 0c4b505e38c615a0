//! `name=value`, `name[index]=value`, `name=(value …)`: what they come to, and what they do.

use super::super::array::{Array, Key};
use super::super::code::{AssignedValue, Assignment, Dialect, Word};
use super::super::context::Context;
use super::super::expand::{Expanded, Expander, Stop};
use super::super::kernel::{ELEMENTS_MAX, Run, TEXT_MAX, Wait};
use super::super::shell::Shell;

/// An assignment whose value is known.
#[derive(Clone, Debug)]
pub(super) struct Assigned {
    pub name: String,
    pub content: Content,
    /// As it was typed, for `set -x`.
    pub typed: String,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Text(String),
    Element(Key, String),
    /// Elements of an array, in place of those that it has or (`append`) beside them.
    List {
        is_named: bool,
        append: bool,
        elements: Vec<(Key, String)>,
    },
}

impl Assigned {
    /// Bytes of its texts.
    fn length(&self) -> usize {
        match &self.content {
            Content::Text(value) | Content::Element(_, value) => value.len(),
            Content::List { elements, .. } => elements.iter().map(|(_, value)| value.len()).sum(),
        }
    }
}

impl Shell {
    /// Carries out the assignments of a command that is nothing else.
    pub(super) fn assign_all(&mut self, context: &mut Context<'_>, values: Vec<Assigned>) -> Option<Run> {
        for value in values {
            let (name, length) = (value.name.clone(), value.length());
            let is_allowed = length > TEXT_MAX || self.assign(value);
            if length > TEXT_MAX || self.array_length(&name) > ELEMENTS_MAX {
                context.kernel.is_out_of_bounds = true;
                return Some(Run::Block(Wait::Forever));
            }
            if !is_allowed {
                context.complain(&self.read_only(None, &name));
                let status = if self.dialect == Dialect::Bash { 1 } else { 2 };
                return self.exit(context, status);
            }
        }
        self.status = self.capture_status.take().unwrap_or(0);
        self.pc += 1;
        self.check_failure(context)
    }

    /// Carries out an assignment; false where the variable is read-only.
    pub(super) fn assign(&mut self, assigned: Assigned) -> bool {
        let name = &assigned.name;
        match assigned.content {
            Content::Text(value) => self.set(name, value),
            Content::Element(key, value) => self.set_element(name, key, value),
            Content::List { append: true, elements, .. } if self.is_array(name) => {
                elements.into_iter().all(|(key, value)| self.set_element(name, key, value))
            }
            Content::List { is_named, append, elements } => {
                let mut array = if append { (*self.array(name)).clone() } else { Array::default() };
                array.is_named = is_named;
                array.elements.extend(elements);
                self.set_array(name, array)
            }
        }
    }

    /// Gives an array that was declared its elements, also where it is never to change from then on.
    pub(super) fn declare(&mut self, assigned: Assigned) {
        let name = assigned.name.clone();
        let is_read_only = self.variables.get(&name).is_some_and(|variable| variable.is_read_only);
        if is_read_only {
            self.mark(&name, |variable| variable.is_read_only = false);
        }
        self.assign(assigned);
        if is_read_only {
            self.mark(&name, |variable| variable.is_read_only = true);
        }
    }
}

impl Expander<'_, '_> {
    /// The value of an assignment; `is_named`: to an array that is about to be declared with names.
    pub(super) fn assigned(&mut self, assignment: &Assignment, is_named: bool) -> Expanded<Assigned> {
        let name = &assignment.name;
        let content = match (&assignment.value, &assignment.index) {
            (AssignedValue::Text(word), None) => {
                let mut value = self.single(word)?;
                if assignment.append {
                    value.insert_str(0, self.shell.get(name).unwrap_or_default());
                }
                Content::Text(value)
            }
            (AssignedValue::Text(word), Some(index)) => {
                let Some(key) = self.key(name, is_named, index)? else {
                    let message = format!("{name}[{}]: bad array subscript", self.single(index)?);
                    return Err(Stop::Fail(message, 1));
                };
                let mut value = self.single(word)?;
                if assignment.append {
                    let before = self.shell.array(name);
                    value.insert_str(0, before.elements.get(&key).map_or("", String::as_str));
                }
                Content::Element(key, value)
            }
            (AssignedValue::List(list), _) => {
                let (append, before) = (assignment.append, self.shell.array(name));
                let is_named = is_named || before.is_named;
                let mut next = if append { before.end() } else { 0 };
                let mut elements = Vec::new();
                for (key, words) in list {
                    next = self.add_elements((name, is_named), &mut elements, (key.as_ref(), words), next)?;
                }
                Content::List { is_named, append, elements }
            }
        };
        Ok(Assigned { name: name.clone(), content, typed: assignment.typed.clone() })
    }

    /// Elements of a list: one with its key, or the fields of words from `next` on. Returns where the next one goes.
    fn add_elements(
        &mut self,
        (name, is_named): (&str, bool),
        elements: &mut Vec<(Key, String)>,
        (key, words): (Option<&Word>, &[Word]),
        next: u64,
    ) -> Expanded<u64> {
        let Some(key) = key else {
            let fields = self.fields(words)?;
            let end = next + fields.len() as u64;
            elements.extend((next..).map(Key::Index).zip(fields));
            return Ok(end);
        };
        let Some(key) = self.key(name, is_named, key)? else { return Ok(next) };
        let mut value = String::new();
        for word in words {
            value.push_str(&self.single(word)?);
        }
        let next = if let Key::Index(index) = &key { index.saturating_add(1) } else { next };
        elements.push((key, value));
        Ok(next)
    }
}
