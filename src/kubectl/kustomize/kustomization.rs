//! A kustomization file as typed. Upstream: kustomize api/types `Kustomization`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// What a directory builds, and how.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Kustomization {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) metadata: Value,
    pub(super) resources: Vec<String>,
    pub(super) bases: Option<Vec<String>>,
    pub(super) components: Vec<String>,
    pub(super) crds: Vec<String>,
    pub(super) name_prefix: String,
    pub(super) name_suffix: String,
    pub(super) namespace: String,
    pub(super) common_labels: Option<BTreeMap<String, String>>,
    pub(super) labels: Vec<Labels>,
    pub(super) common_annotations: BTreeMap<String, String>,
    pub(super) images: Vec<Image>,
    pub(super) image_tags: Option<Vec<Image>>,
    pub(super) replicas: Vec<Replica>,
    pub(super) patches: Vec<Patch>,
    pub(super) patches_strategic_merge: Option<Vec<String>>,
    #[serde(rename = "patchesJson6902")]
    pub(super) patches_json6902: Option<Vec<Patch>>,
    pub(super) config_map_generator: Vec<Generator>,
    pub(super) secret_generator: Vec<Generator>,
    pub(super) generator_options: Option<GeneratorOptions>,
    pub(super) replacements: Vec<Replacement>,
    pub(super) vars: Option<Vec<Value>>,
    pub(super) sort_options: Option<SortOptions>,
    pub(super) build_metadata: Vec<String>,
    pub(super) configurations: Vec<String>,
    pub(super) generators: Vec<String>,
    pub(super) transformers: Vec<String>,
    pub(super) validators: Vec<String>,
    pub(super) openapi: Option<Value>,
    pub(super) helm_globals: Option<Value>,
    pub(super) helm_charts: Vec<Value>,
    pub(super) helm_chart_inflation_generator: Vec<Value>,
}

/// Labels for all resources.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Labels {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
    pub(super) fields: Vec<FieldSpec>,
}

/// A field of some kinds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct FieldSpec {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) path: String,
    pub(super) create: bool,
}

/// What an image becomes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: String,
    pub(super) new_tag: String,
    pub(super) tag_suffix: String,
    pub(super) digest: String,
}

/// How many replicas a workload has.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) count: i64,
}

/// A patch, strategic or a list of operations.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Patch {
    pub(super) path: String,
    #[serde(rename = "patch")]
    pub(super) text: String,
    pub(super) target: Option<Selector>,
    pub(super) options: BTreeMap<String, bool>,
}

/// Which resources are meant; texts are patterns.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Selector {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
    #[serde(rename = "labelSelector")]
    pub(super) labels: String,
    #[serde(rename = "annotationSelector")]
    pub(super) annotations: String,
}

/// A ConfigMap or Secret from literals and files.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Generator {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) behavior: String,
    pub(super) literals: Vec<String>,
    pub(super) files: Vec<String>,
    pub(super) envs: Vec<String>,
    pub(super) env: String,
    #[serde(rename = "type")]
    pub(super) secret_type: String,
    pub(super) options: Option<GeneratorOptions>,
}

/// How resources are generated.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct GeneratorOptions {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) disable_name_suffix_hash: bool,
    pub(super) immutable: bool,
}

/// A value that is copied from one field to others.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Replacement {
    pub(super) path: String,
    pub(super) source: Option<ReplacementSource>,
    pub(super) source_value: Option<String>,
    pub(super) targets: Vec<ReplacementTarget>,
}

/// Where the value comes from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ReplacementSource {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) field_path: String,
    pub(super) options: Option<FieldOptions>,
}

/// Where it goes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ReplacementTarget {
    pub(super) select: Option<Selector>,
    pub(super) reject: Vec<Selector>,
    pub(super) field_paths: Vec<String>,
    pub(super) options: Option<FieldOptions>,
}

/// Which part of a text.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct FieldOptions {
    pub(super) delimiter: String,
    pub(super) index: i64,
    pub(super) encoding: String,
    pub(super) create: bool,
}

/// How the result is sorted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct SortOptions {
    pub(super) order: String,
    pub(super) legacy_sort_options: Option<LegacySortOptions>,
}

/// Kinds that come first and last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct LegacySortOptions {
    pub(super) order_first: Vec<String>,
    pub(super) order_last: Vec<String>,
}

/// What the fields that went out of use are followed by.
const EDIT_FIX: &str = "Run 'kustomize edit fix' to update your Kustomization automatically.";

impl Kustomization {
    /// From the file's document. The error is in the words of Go's decoder as far as they are simple.
    pub(super) fn read(value: Value) -> Result<Self, String> {
        // Go takes null for an empty value.
        let value = without_nulls(value);
        serde_json::from_value(value).map_err(|error| {
            let text = error.to_string();
            match text.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
                Some((field, _)) => format!("invalid Kustomization: json: unknown field \"{field}\""),
                None => format!("invalid Kustomization: json: {text}"),
            }
        })
    }

    /// Upstream: `CheckDeprecatedFields`.
    pub(super) fn warnings(&self) -> Vec<String> {
        let fields = [
            (self.bases.is_some(), "bases", "resources", ""),
            (self.common_labels.is_some(), "commonLabels", "labels", ""),
            (self.image_tags.is_some(), "imageTags", "images", ""),
            (self.patches_json6902.is_some(), "patchesJson6902", "patches", ""),
            (self.patches_strategic_merge.is_some(), "patchesStrategicMerge", "patches", ""),
            (self.vars.is_some(), "vars", "replacements", "[EXPERIMENTAL] "),
        ];
        let given = fields.into_iter().filter(|(given, ..)| *given);
        given
            .map(|(_, old, new, how)| {
                format!("# Warning: '{old}' is deprecated. Please use '{new}' instead. {how}{EDIT_FIX}")
            })
            .collect()
    }

    /// Moves what old fields say to the new ones, and says what is wrong. Upstream: `FixKustomization`,
    /// `CheckEmpty`, `EnforceFields`.
    /// `says_something` is whether the file has fields, be they empty.
    pub(super) fn fix(&mut self, directory: &str, says_something: bool) -> Result<(), String> {
        let typed = Self { api_version: self.api_version.clone(), kind: self.kind.clone(), ..Self::default() };
        self.resources.extend(self.bases.take().unwrap_or_default());
        self.images.extend(self.image_tags.take().unwrap_or_default());
        for generator in self.config_map_generator.iter_mut().chain(&mut self.secret_generator) {
            if !generator.env.is_empty() {
                generator.envs.push(std::mem::take(&mut generator.env));
            }
        }
        if *self == typed && !says_something {
            return Err("kustomization.yaml is empty".to_owned());
        }
        let is_component = self.kind == "Component";
        let mut flaws = Vec::new();
        if !["", "Kustomization", "Component"].contains(&self.kind.as_str()) {
            flaws.push("kind should be Kustomization or Component".to_owned());
        }
        let version = if is_component { "kustomize.config.k8s.io/v1alpha1" } else { "kustomize.config.k8s.io/v1beta1" };
        if !self.api_version.is_empty() && self.api_version != version {
            let kind = if self.kind.is_empty() { "Kustomization" } else { &self.kind };
            flaws.push(format!("apiVersion for {kind} should be {version}"));
        }
        if !flaws.is_empty() {
            let text = flaws.join("\n");
            return Err(format!("Failed to read kustomization file under {directory}:\n{text}"));
        }
        Ok(())
    }

    /// The first part that needs what a run has not.
    pub(super) fn unsupported(&self) -> Option<&'static str> {
        let parts = [
            (!self.helm_charts.is_empty() || !self.helm_chart_inflation_generator.is_empty(), "helmCharts"),
            (!self.generators.is_empty(), "generators"),
            (!self.transformers.is_empty(), "transformers"),
            (!self.validators.is_empty(), "validators"),
            (!self.configurations.is_empty(), "configurations"),
            (!self.build_metadata.is_empty(), "buildMetadata"),
            (self.vars.as_ref().is_some_and(|vars| !vars.is_empty()), "vars"),
        ];
        parts.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(key, member)| (key, without_nulls(member)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
