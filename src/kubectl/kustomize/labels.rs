//! Labels and annotations for all resources, their selectors and templates.
//! Upstream: kustomize api/internal/konfig/builtinpluginconsts `commonlabels.go`, `commonannotations.go`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::field_specs::{Spec, visit};
use super::kustomization::Kustomization;
use super::resource::Resource;

const METADATA: Spec<'static> = Spec::of("", "", "metadata/labels", true);

/// Templates of pods and claims.
const TEMPLATES: [Spec<'static>; 9] = [
    Spec { version: "v1", ..Spec::of("", "ReplicationController", "spec/template/metadata/labels", true) },
    Spec::of("", "Deployment", "spec/template/metadata/labels", true),
    Spec::of("", "ReplicaSet", "spec/template/metadata/labels", true),
    Spec::of("", "DaemonSet", "spec/template/metadata/labels", true),
    Spec::of("apps", "StatefulSet", "spec/template/metadata/labels", true),
    Spec::of("apps", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
    Spec::of("batch", "Job", "spec/template/metadata/labels", true),
    Spec::of("batch", "CronJob", "spec/jobTemplate/metadata/labels", true),
    Spec::of("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", true),
];

const POD: &str = "spec/template/spec/";

/// Selectors at the top of a kind.
const SELECTORS: [Spec<'static>; 12] = [
    Spec { version: "v1", ..Spec::of("", "Service", "spec/selector", true) },
    Spec { version: "v1", ..Spec::of("", "ReplicationController", "spec/selector", true) },
    Spec::of("", "Deployment", "spec/selector/matchLabels", true),
    Spec::of("", "ReplicaSet", "spec/selector/matchLabels", true),
    Spec::of("", "DaemonSet", "spec/selector/matchLabels", true),
    Spec::of("apps", "StatefulSet", "spec/selector/matchLabels", true),
    Spec::of("batch", "Job", "spec/selector/matchLabels", false),
    Spec::of("batch", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    Spec::of("policy", "PodDisruptionBudget", "spec/selector/matchLabels", false),
    Spec::of("networking.k8s.io", "NetworkPolicy", "spec/podSelector/matchLabels", false),
    Spec::of("networking.k8s.io", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", false),
    Spec::of("networking.k8s.io", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false),
];

/// Selectors inside of templates of Deployments and StatefulSets.
const TEMPLATE_SELECTORS: [&str; 5] = [
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "topologySpreadConstraints/labelSelector/matchLabels",
];

/// Puts the labels of a kustomization on its resources.
pub(super) fn label(kustomization: &Kustomization, resources: &mut [Resource]) -> Result<(), String> {
    for labels in &kustomization.labels {
        let mut specs: Vec<Spec<'_>> = labels.fields.iter().map(Spec::typed).collect();
        if labels.include_selectors {
            put_everywhere(resources, &labels.pairs)?;
        } else {
            if labels.include_templates {
                specs.extend(TEMPLATES);
            }
            specs.push(METADATA);
        }
        put(resources, &specs, &labels.pairs)?;
    }
    match &kustomization.common_labels {
        Some(pairs) => put_everywhere(resources, pairs),
        None => Ok(()),
    }
}

/// Puts the annotations of a kustomization on its resources and their templates.
pub(super) fn annotate(kustomization: &Kustomization, resources: &mut [Resource]) -> Result<(), String> {
    let paths: Vec<String> = TEMPLATES.iter().map(|spec| spec.path.replace("labels", "annotations")).collect();
    let mut specs = vec![Spec::of("", "", "metadata/annotations", true)];
    for (spec, path) in TEMPLATES.iter().zip(&paths).filter(|(_, path)| !path.contains("[]")) {
        // Here StatefulSets of any group count.
        let group = if spec.kind == "StatefulSet" { "" } else { spec.group };
        specs.push(Spec { group, path, ..*spec });
    }
    put(resources, &specs, &kustomization.common_annotations)
}

fn put_everywhere(resources: &mut [Resource], pairs: &BTreeMap<String, String>) -> Result<(), String> {
    let inner: Vec<String> = TEMPLATE_SELECTORS.iter().map(|path| format!("{POD}{path}")).collect();
    let mut specs = vec![METADATA];
    specs.extend(TEMPLATES);
    specs.extend(SELECTORS);
    for kind in ["Deployment", "StatefulSet"] {
        specs.extend(inner.iter().map(|path| Spec::of("apps", kind, path, false)));
    }
    put(resources, &specs, pairs)
}

fn put(resources: &mut [Resource], specs: &[Spec<'_>], pairs: &BTreeMap<String, String>) -> Result<(), String> {
    if pairs.is_empty() {
        return Ok(());
    }
    for resource in resources {
        let gvk = resource.id().gvk;
        for spec in specs.iter().filter(|spec| spec.selects(&gvk)) {
            visit(&mut resource.value, spec.path, (spec.create, &json!({})), &mut |place| {
                if !place.is_object() {
                    *place = json!({});
                }
                for (key, value) in pairs {
                    place[key] = Value::from(value.as_str());
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}
