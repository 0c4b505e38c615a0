//! Scenario files: what a user wrote (`schema`) is loaded, checked rule by rule and made a [`Plan`] that
//! is plain data and valid by construction. Reads files before the run; runs nothing and knows no component.
//!
//! The way of a file: `source` (bytes to text) → `documents` (ours or a manifest) → `tree` (values) → `setting`
//! (`--set`) → `schema::check` (fields and types, all errors at once) → `checks` (one file a rule) → `plan::build`.
//! Places in the file are looked up (`locate`) only when there is something to report.

pub mod capacity_case;
pub mod checks;
pub mod diagnostics;
mod documents;
pub mod evaluation;
pub mod expressions;
mod field_path;
pub mod inventory;
mod load;
mod locate;
mod manifests;
mod overrides;
pub mod plan;
pub mod schema;
pub mod setting;
mod source;
mod suggest;
mod template;
mod tree;
mod typed;

pub use capacity_case::{CapacityCase, load_capacity, load_capacity_source};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use field_path::FieldPath;
pub use load::{LoadOptions, load, load_source, source_of_text};
pub use plan::{ManifestSource, Plan};
pub use source::SourceFile;
pub use template::Template;
pub use typed::{Located, kinds, load_capacity_plans, load_sweeps};

#[cfg(test)]
mod tests;
