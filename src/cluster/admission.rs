//! Admission of pods: done once for each template and namespace, then shared.
//! The rules are `api::admission`'s; here is only what they look up, and for how long an outcome holds.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::api::admission::{self, AdmissionInput, LimitRange, PriorityClassView, ServiceAccountView};
use crate::api::convert::label_selector;
use crate::api::{Reason, Status};
use crate::model::kind::Kind;
use crate::model::object::{Body, NamespaceId, ObjectRef, PodId, TemplateId};
use crate::model::selector::LabelSelector;

use super::Cluster;

/// Templates after admission, by template and namespace before it.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    by_template: FxHashMap<(TemplateId, NamespaceId), TemplateId>,
    /// PodDisruptionBudgets with what they select, by namespace; made when an eviction asks for them.
    budgets: Option<FxHashMap<NamespaceId, Vec<(ObjectRef, LabelSelector)>>>,
}

impl Admitted {
    /// Forgets what was decided where an object of this kind could have decided otherwise.
    pub(super) fn object_changed(&mut self, kind: Kind) {
        if matches!(kind, Kind::PRIORITY_CLASS | Kind::LIMIT_RANGE | Kind::SERVICE_ACCOUNT | Kind::RUNTIME_CLASS) {
            self.by_template.clear();
        }
        if kind == Kind::POD_DISRUPTION_BUDGET {
            self.budgets = None;
        }
    }
}

impl Cluster {
    /// The template of a pod after admission (service account, priority, tolerations, limit ranges).
    pub(super) fn admit_pod(
        &mut self,
        namespace: NamespaceId,
        template: TemplateId,
        name: &str,
    ) -> Result<TemplateId, Status> {
        if let Some(admitted) = self.admitted.by_template.get(&(template, namespace)) {
            return Ok(*admitted);
        }
        let before = self.template(template);
        let limit_ranges = self.limit_ranges_in(namespace);
        let priority_classes = self.priority_class_views();
        let runtime_classes: Vec<(String, Value)> = self
            .list(Kind::RUNTIME_CLASS)
            .map(|object| {
                let overhead = self.object(object).raw["overhead"]["podFixed"].clone();
                (self.meta(object).name.to_string(), overhead)
            })
            .collect();
        let input = AdmissionInput {
            namespace: self.namespace_name(namespace),
            not_ready_seconds: Some(self.settings.not_ready_toleration_seconds),
            unreachable_seconds: Some(self.settings.unreachable_toleration_seconds),
            priority_classes: &priority_classes,
            service_account: self.service_account_view(namespace, &before.spec.service_account),
            limit_ranges: &limit_ranges,
            runtime_classes: &runtime_classes,
        };
        let admitted = admission::pod_admission(before, &input)
            .map_err(|reason| Status::new(Reason::Forbidden, format!("pods \"{name}\" is forbidden: {reason}")))?;
        let admitted = self.intern_template(Arc::new(admitted));
        self.admitted.by_template.insert((template, namespace), admitted);
        // A pod that is written again in its admitted form stays what it is.
        self.admitted.by_template.insert((admitted, namespace), admitted);
        Ok(admitted)
    }

    /// The items of the LimitRanges of a namespace.
    pub(super) fn limit_ranges_in(&self, namespace: NamespaceId) -> Vec<LimitRange> {
        let ranges = self.list(Kind::LIMIT_RANGE).filter(|object| self.identity(*object).0 == namespace);
        ranges.flat_map(|object| LimitRange::from_object(&self.object(object).raw)).collect()
    }

    /// There is at most one default class. Upstream: plugin/pkg/admission/priority `validatePriorityClass`.
    pub(super) fn admit_priority_class(&self, name: &str, body: &Body) -> Result<(), Status> {
        let Body::PriorityClass { global_default: true, .. } = body else { return Ok(()) };
        let other = self.priority_class_views().into_iter().find(|class| class.global_default && class.name != name);
        other.map_or(Ok(()), |other| {
            let message = format!(
                "priorityclasses.scheduling.k8s.io \"{name}\" is forbidden: PriorityClass {} is already marked as default. Only one default can exist",
                other.name
            );
            Err(Status::new(Reason::Forbidden, message))
        })
    }

    /// The budgets that select a pod.
    pub(super) fn budgets_of(&mut self, pod: PodId) -> Vec<ObjectRef> {
        if self.admitted.budgets.is_none() {
            let mut budgets: FxHashMap<NamespaceId, Vec<(ObjectRef, LabelSelector)>> = FxHashMap::default();
            for budget in self.list(Kind::POD_DISRUPTION_BUDGET) {
                let object = self.object(budget);
                if let Some(selector) = label_selector(&object.raw["spec"]["selector"]) {
                    budgets.entry(object.meta.namespace).or_default().push((budget, selector));
                }
            }
            self.admitted.budgets = Some(budgets);
        }
        let labels = &self.template_of(pod).labels;
        let of_namespace = self.admitted.budgets.as_ref().and_then(|budgets| budgets.get(&self.pod(pod).namespace));
        let selecting = of_namespace.into_iter().flatten().filter(|(_, selector)| selector.matches(labels));
        selecting.map(|(budget, _)| *budget).collect()
    }

    fn priority_class_views(&self) -> Vec<PriorityClassView> {
        self.list(Kind::PRIORITY_CLASS)
            .filter_map(|object| match *self.body(object) {
                Body::PriorityClass { value, global_default, preempts } => Some(PriorityClassView {
                    name: self.meta(object).name.to_string(),
                    value,
                    global_default,
                    preempts,
                }),
                _ => None,
            })
            .collect()
    }

    /// The account `default` is in every namespace, whether or not its object is.
    fn service_account_view(&self, namespace: NamespaceId, name: &str) -> Option<ServiceAccountView> {
        let name = if name.is_empty() { "default" } else { name };
        let Some(object) = self.find(Kind::SERVICE_ACCOUNT, namespace, name) else {
            return (name == "default").then(ServiceAccountView::default);
        };
        let raw = &self.object(object).raw;
        let secrets = raw["imagePullSecrets"].as_array().into_iter().flatten();
        Some(ServiceAccountView {
            automount: raw["automountServiceAccountToken"].as_bool(),
            image_pull_secrets: secrets.filter_map(|secret| secret["name"].as_str().map(str::to_owned)).collect(),
        })
    }
}
