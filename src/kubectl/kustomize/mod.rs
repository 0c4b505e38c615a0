//! `kubectl kustomize` and `-k`: a directory with a kustomization file becomes manifests.
//!
//! Upstream: kustomize api/internal/target `KustTarget` as kubectl 1.32 embeds it (v5.5). Helm charts, remote
//! resources and plugins need programs or a network, which a run has not: they are refused.

mod accumulate;
mod field_specs;
mod generators;
mod images;
mod kustomization;
mod labels;
mod names;
mod order;
mod patches;
mod reference_table;
mod references;
mod replacements;
mod resource;
mod selector;

use serde_json::Value;

use super::Files;
use super::errors::Failure;
use accumulate::Builder;

/// What `-k` says of a file that states an order, because it sorts itself too.
/// Upstream: kustomize api/krusty `Kustomizer.applySortOrder`.
pub(crate) const TWO_ORDERS: &str = "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag ('--reorder'). Using the kustomization file over the CLI flag.";

/// Builds a directory, for `kubectl kustomize` or for `-k`. Warnings are there whether it fails or not.
pub(crate) fn build(
    files: &dyn Files,
    directory: &str,
    is_command: bool,
) -> (Result<Vec<Value>, Failure>, Vec<String>) {
    let mut builder = Builder::new(files);
    let result = builder.build(directory, is_command).map_err(Failure::error);
    (result, builder.warnings)
}

/// As `build` for `kubectl kustomize`, of directories that may load files from everywhere.
/// Upstream: kustomize api/types `LoadRestrictionsNone`.
pub(crate) fn build_unrestricted(files: &dyn Files, directory: &str) -> (Result<Vec<Value>, Failure>, Vec<String>) {
    let mut builder = Builder::new(files);
    builder.is_restricted = false;
    let result = builder.build(directory, true).map_err(Failure::error);
    (result, builder.warnings)
}

#[cfg(test)]
mod tests;
