//! The list of field errors. Upstream: apimachinery util/validation/field.

use std::fmt::Display;

use serde_json::Value;

/// Errors in the order they were found.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    list: Vec<String>,
}

impl Errors {
    /// `path: Required value[: detail]`.
    pub fn required(&mut self, path: impl Display, detail: &str) {
        self.list.push(if detail.is_empty() {
            format!("{path}: Required value")
        } else {
            format!("{path}: Required value: {detail}")
        });
    }

    /// `path: Invalid value: value: detail`, the value as JSON.
    pub fn invalid(&mut self, path: impl Display, value: &Value, detail: &str) {
        self.list.push(format!("{path}: Invalid value: {value}: {detail}"));
    }

    /// As `invalid`, for a text.
    pub fn invalid_text(&mut self, path: impl Display, value: &str, detail: &str) {
        self.list.push(format!("{path}: Invalid value: {value:?}: {detail}"));
    }

    /// As `invalid_text`, once for each detail.
    pub fn invalid_texts(&mut self, path: impl Display, value: &str, details: Vec<String>) {
        for detail in details {
            self.invalid_text(&path, value, &detail);
        }
    }

    /// As `invalid`, without a value.
    pub fn invalid_whole(&mut self, path: impl Display, detail: &str) {
        self.list.push(format!("{path}: Invalid value: {detail}"));
    }

    /// `path: Invalid value: value`, without a reason.
    pub fn invalid_raw_whole(&mut self, path: impl Display, value: &str) {
        self.list.push(format!("{path}: Invalid value: {value}"));
    }

    /// `path: Too many: N: must have at most M items`.
    pub fn at_most(&mut self, path: impl Display, count: usize, most: usize) {
        if count > most {
            self.list.push(format!("{path}: Too many: {count}: must have at most {most} items"));
        }
    }

    /// As `invalid`, for a value that was written out already.
    pub fn invalid_raw(&mut self, path: impl Display, value: &str, detail: &str) {
        self.list.push(format!("{path}: Invalid value: {value}: {detail}"));
    }

    /// `path: Unsupported value: "x": supported values: "A", "B"`.
    pub fn unsupported(&mut self, path: impl Display, value: &str, supported: &[&str]) {
        self.unsupported_raw(path, &format!("{value:?}"), supported);
    }

    /// As `unsupported`, for a value that was written out already.
    pub fn unsupported_raw(&mut self, path: impl Display, value: &str, supported: &[&str]) {
        let listed: Vec<String> = supported.iter().map(|name| format!("{name:?}")).collect();
        self.list.push(format!("{path}: Unsupported value: {value}: supported values: {}", listed.join(", ")));
    }

    /// `path: Duplicate value: value`.
    pub fn duplicate(&mut self, path: impl Display, value: &str) {
        self.list.push(format!("{path}: Duplicate value: {value:?}"));
    }

    /// As `duplicate`, for a value that was written out already.
    pub fn duplicate_raw(&mut self, path: impl Display, value: &str) {
        self.list.push(format!("{path}: Duplicate value: {value}"));
    }

    /// `path: Not found: "x"`.
    pub fn not_found(&mut self, path: impl Display, value: &str) {
        self.list.push(format!("{path}: Not found: {value:?}"));
    }

    /// `path: Forbidden: detail`.
    pub fn forbidden(&mut self, path: impl Display, detail: &str) {
        self.list.push(format!("{path}: Forbidden: {detail}"));
    }

    /// `path: Too long: may not be more than N bytes`.
    pub fn too_long(&mut self, path: impl Display, bytes: usize) {
        self.list.push(format!("{path}: Too long: may not be more than {bytes} bytes"));
    }

    /// `path: Not found: "x": detail`.
    pub fn not_found_because(&mut self, path: impl Display, value: &str, detail: &str) {
        self.list.push(format!("{path}: Not found: {value:?}: {detail}"));
    }

    /// One of a set, by `Unsupported value`.
    pub fn one_of(&mut self, path: impl Display, value: &str, supported: &[&str]) {
        if !supported.contains(&value) {
            self.unsupported(path, value, supported);
        }
    }

    /// Takes over errors found elsewhere.
    pub fn extend(&mut self, errors: Vec<String>) {
        self.list.extend(errors);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The errors.
    pub fn into_list(self) -> Vec<String> {
        self.list
    }
}
