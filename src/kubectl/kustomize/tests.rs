//! Whole directories: what `kubectl kustomize` v5.5 printed of them is recorded in the conformance suite; here is what
//! it was not asked.

use std::collections::BTreeMap;

use super::super::{FileError, Files};
use super::build;
use crate::api::view;

struct Tree(BTreeMap<&'static str, &'static str>);

impl Files for Tree {
    fn read(&self, path: &str) -> Result<Vec<(String, String)>, FileError> {
        if let Some(text) = self.0.get(path) {
            return Ok(vec![(path.to_owned(), (*text).to_owned())]);
        }
        let folder = format!("{path}/");
        let inside: Vec<_> = self
            .0
            .iter()
            .filter(|(name, _)| name.starts_with(&folder) && !name[folder.len()..].contains('/'))
            .collect();
        if inside.is_empty() {
            Err(FileError::Missing)
        } else {
            Ok(inside.into_iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
        }
    }
}

fn built(files: &[(&'static str, &'static str)], directory: &str) -> Result<String, String> {
    let tree = Tree(files.iter().copied().collect());
    let (objects, _) = build(&tree, directory, false);
    let objects = objects.map_err(|failure| failure.to_string())?;
    Ok(objects.iter().map(view::to_yaml).collect::<Vec<_>>().join("---\n"))
}

#[test]
fn a_directory_that_names_itself_is_refused() {
    let files = [("a/kustomization.yaml", "resources: [../b]"), ("b/kustomization.yaml", "resources: [../a]")];
    assert!(built(&files, "a").unwrap_err().contains("cycle detected"));
}

#[test]
fn files_from_elsewhere_need_a_word() {
    let config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n";
    let files = [("a/kustomization.yaml", "resources: [../r.yaml]"), ("r.yaml", config_map)];
    assert!(built(&files, "a").unwrap_err().contains("security; file 'r.yaml' is not in or below 'a'"));
    let (objects, _) = super::build_unrestricted(&Tree(files.into_iter().collect()), "a");
    assert_eq!(objects.unwrap().len(), 1);
}

#[test]
fn what_needs_a_network_or_programs_is_refused() {
    let remote = [("a/kustomization.yaml", "resources: [https://example.com/x.yaml]")];
    assert!(built(&remote, "a").unwrap_err().contains("remote resources are not supported"));
    let helm = [("a/kustomization.yaml", "helmCharts: [{name: x}]")];
    assert!(built(&helm, "a").unwrap_err().contains("`helmCharts` of a kustomization is not supported"));
}

#[test]
fn a_patch_that_leaves_no_object_is_refused() {
    for (path, value) in [("/metadata", "x"), ("", "x"), ("/kind", "{}")] {
        let patches = format!(
            "resources: [r.yaml]\nnamespace: space\nnamePrefix: p-\npatches:\n- target: {{kind: ConfigMap}}\n  patch: '[{{\"op\": \"replace\", \"path\": \"{path}\", \"value\": {}}}]'\n",
            if value == "x" { "\"x\"" } else { value }
        );
        let patches: &'static str = Box::leak(patches.into_boxed_str());
        let config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n";
        let files = [("a/kustomization.yaml", patches), ("a/r.yaml", config_map)];
        let refused = built(&files, "a").unwrap_err();
        assert!(refused.contains("missing Resource metadata"), "{path}: {refused}");
    }
    let merged = "resources: [r.yaml]\nnamespace: space\npatches:\n- target: {kind: ConfigMap}\n  patch: '{\"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"m\", \"$patch\": \"replace\"}}'\n";
    let files = [
        ("a/kustomization.yaml", merged),
        ("a/r.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, labels: {a: b}}\n"),
    ];
    assert!(built(&files, "a").unwrap().contains("name: m"));
}

#[test]
fn a_replacement_sets_part_of_a_text() {
    let files = [
        (
            "a/kustomization.yaml",
            "resources: [r.yaml]\nreplacements:\n- source: {kind: ConfigMap, fieldPath: data.host}\n  targets:\n  - select: {kind: Pod}\n    fieldPaths: ['spec.containers.[name=c].image']\n    options: {delimiter: /, index: 0}\n",
        ),
        (
            "a/r.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {host: quay.io}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: docker.io/nginx}]}\n",
        ),
    ];
    assert!(built(&files, "a").unwrap().contains("image: quay.io/nginx"));
}

#[test]
fn two_bases_keep_their_references_apart() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, envFrom: [{configMapRef: {name: m}}]}]}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n";
    let files = [
        ("a/kustomization.yaml", "namePrefix: a-\nresources: [r.yaml]"),
        ("b/kustomization.yaml", "namePrefix: b-\nresources: [r.yaml]"),
        ("a/r.yaml", pod),
        ("b/r.yaml", pod),
        ("c/kustomization.yaml", "nameSuffix: -c\nresources: [../a, ../b]"),
    ];
    let text = built(&files, "c").unwrap();
    assert_eq!(text.matches("name: a-m-c").count(), 2, "{text}");
    assert_eq!(text.matches("name: b-m-c").count(), 2, "{text}");
}
