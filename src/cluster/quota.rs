//! ResourceQuotas: found by namespace, charged by admission, counted again for the controller.
//! Upstream: apiserver/pkg/admission/plugin/resourcequota, apiserver/pkg/quota/v1 `CalculateUsage`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::quota::{self, Quota, Usage};
use crate::api::{Reason, Status};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{Body, NamespaceId, ObjectRef, PodId, TemplateId};
use crate::model::pod_template::PodTemplate;
use crate::model::quantity::Quantity;

use super::Cluster;

/// The quotas of each namespace.
#[derive(Debug, Default)]
pub(super) struct QuotaIndex {
    by_namespace: BTreeMap<NamespaceId, Vec<ObjectRef>>,
}

impl QuotaIndex {
    pub(super) fn insert(&mut self, namespace: NamespaceId, object: ObjectRef) {
        if object.kind == Kind::RESOURCE_QUOTA {
            self.by_namespace.entry(namespace).or_default().push(object);
        }
    }

    pub(super) fn remove(&mut self, namespace: NamespaceId, object: ObjectRef) {
        if let Some(quotas) = self.by_namespace.get_mut(&namespace).filter(|_| object.kind == Kind::RESOURCE_QUOTA) {
            quotas.retain(|known| *known != object);
        }
    }
}

/// The status that an admitted object gives to a quota.
#[derive(Debug)]
pub(super) struct Charge {
    quota: ObjectRef,
    hard: Usage,
    used: Usage,
}

impl Cluster {
    /// Is there a quota in any namespace?
    pub fn has_quotas(&self) -> bool {
        !self.quotas.by_namespace.is_empty()
    }

    /// The quotas of a namespace, oldest first.
    pub fn quotas_in(&self, namespace: NamespaceId) -> &[ObjectRef] {
        self.quotas.by_namespace.get(&namespace).map_or(&[], Vec::as_slice)
    }

    /// A quota in numbers.
    pub fn quota(&self, object: ObjectRef) -> Quota {
        let row = self.object(object);
        match &row.body {
            Body::Plain { status } => Quota::read(&row.meta.name, &row.raw, status),
            _ => Quota::read(&row.meta.name, &row.raw, &serde_json::Value::Null),
        }
    }

    /// Charges a new pod to the quotas of its namespace.
    pub(super) fn charge_pod(
        &mut self,
        now: SimTime,
        namespace: NamespaceId,
        template: TemplateId,
        name: &str,
    ) -> Result<(), Status> {
        let charge = self.pod_charge(namespace, template, name)?;
        self.write_charge(now, charge);
        Ok(())
    }

    /// Charges a new object other than a pod.
    pub(super) fn charge_object(
        &mut self,
        now: SimTime,
        kind: Kind,
        namespace: NamespaceId,
        name: &str,
        object: (&serde_json::Value, &Body),
    ) -> Result<(), Status> {
        let charge = self.object_charge(kind, namespace, name, object)?;
        self.write_charge(now, charge);
        Ok(())
    }

    /// Charges what a resized pod uses more than before.
    pub(super) fn charge_resize(&mut self, now: SimTime, pod: PodId, wanted: &PodTemplate) -> Result<(), Status> {
        let row = self.pod(pod);
        let (namespace, before) = (row.namespace, quota::pod_usage(self.template(row.counted()), false));
        if self.quotas_in(namespace).is_empty() {
            return Ok(());
        }
        let mut more = quota::pod_usage(wanted, false);
        for (name, amount) in &mut more {
            amount.nano -= before.get(name).map_or(0, |before| before.nano);
        }
        more.retain(|_, amount| amount.nano > 0);
        let charge = self
            .charge(namespace, &more, &|quota| quota.covers_pod(wanted), &|limited| quota::unstated(wanted, limited))
            .map_err(|reason| {
                let name = &self.pod(pod).name;
                Status::new(Reason::Forbidden, format!("pods \"{name}\" is forbidden: {reason}"))
            })?;
        self.write_charge(now, charge);
        Ok(())
    }

    /// What a new pod would add to the quotas of its namespace, or the refusal.
    pub(super) fn pod_charge(
        &self,
        namespace: NamespaceId,
        template: TemplateId,
        name: &str,
    ) -> Result<Vec<Charge>, Status> {
        if self.quotas_in(namespace).is_empty() {
            return Ok(Vec::new());
        }
        let template = self.template(template);
        let usage = quota::pod_usage(template, false);
        let covered = |quota: &Quota| quota.covers_pod(template);
        self.charge(namespace, &usage, &covered, &|limited| quota::unstated(template, limited))
            .map_err(|reason| Status::new(Reason::Forbidden, format!("pods \"{name}\" is forbidden: {reason}")))
    }

    /// The same for an object other than a pod.
    pub(super) fn object_charge(
        &self,
        kind: Kind,
        namespace: NamespaceId,
        name: &str,
        (raw, body): (&serde_json::Value, &Body),
    ) -> Result<Vec<Charge>, Status> {
        if self.quotas_in(namespace).is_empty() {
            return Ok(Vec::new());
        }
        let usage = quota::object_usage(kind, raw, body.as_service());
        self.charge(namespace, &usage, &|quota| !quota.has_scopes(), &|_| None).map_err(|reason| {
            Status::new(Reason::Forbidden, format!("{} \"{name}\" is forbidden: {reason}", kind.resource()))
        })
    }

    fn charge(
        &self,
        namespace: NamespaceId,
        usage: &Usage,
        covered: &dyn Fn(&Quota) -> bool,
        unstated: &dyn Fn(&[&str]) -> Option<String>,
    ) -> Result<Vec<Charge>, String> {
        let mut charged = Vec::new();
        for object in self.quotas_in(namespace) {
            let quota = self.quota(*object);
            if !covered(&quota) {
                continue;
            }
            if let Some(used) = quota.charge(usage, unstated) {
                charged.push(Charge { quota: *object, hard: quota.enforced.unwrap_or_default(), used: used? });
            }
        }
        Ok(charged)
    }

    fn write_charge(&mut self, now: SimTime, charge: Vec<Charge>) {
        for Charge { quota, hard, used } in charge {
            self.write_quota_status(now, quota, &hard, &used);
        }
    }

    fn write_quota_status(&mut self, now: SimTime, object: ObjectRef, hard: &Usage, used: &Usage) {
        let wanted = Arc::new(quota::status_value(hard, used));
        self.modify_status(now, object, |body| {
            let Body::Plain { status } = body else { return false };
            let changed = *status != wanted;
            *status = wanted;
            changed
        });
    }

    /// What the objects of a namespace use of a quota's resources. Upstream: quota/v1 `CalculateUsage`.
    pub fn quota_usage(&self, now: SimTime, namespace: NamespaceId, quota: &Quota) -> Usage {
        let mut total = Usage::new();
        for name in quota.hard.keys() {
            total.insert(name.clone(), Quantity::ZERO);
        }
        for pod in self.pods_matching(namespace, &crate::model::selector::LabelSelector::default()) {
            let template = self.template(self.pod(pod).counted());
            if quota.covers_pod(template) {
                add_masked(&mut total, &quota::pod_usage(template, self.is_over(now, pod)));
            }
        }
        if !quota.has_scopes() {
            let mut kinds: Vec<Kind> = quota.hard.keys().filter_map(|name| quota::counted_kind(name)).collect();
            kinds.retain(|kind| *kind != Kind::POD);
            kinds.sort_unstable();
            kinds.dedup();
            for kind in kinds {
                for object in self.list(kind).filter(|object| self.meta(*object).namespace == namespace) {
                    let row = self.object(object);
                    add_masked(&mut total, &quota::object_usage(kind, &row.raw, row.body.as_service()));
                }
            }
        }
        total
    }

    /// Has a pod ended, or should it have? Upstream: core `QuotaV1Pod`, the other way round.
    fn is_over(&self, now: SimTime, pod: PodId) -> bool {
        let row = self.pod(pod);
        row.status.phase.is_terminal() || row.deletion.is_some_and(|deletion| now > deletion.timestamp)
    }
}

fn add_masked(total: &mut Usage, usage: &Usage) {
    let known: Usage = usage
        .iter()
        .filter(|(name, _)| total.contains_key(*name))
        .map(|(name, amount)| (name.clone(), *amount))
        .collect();
    quota::add(total, &known);
}
