//! The EndpointSlice controller: which pods stand behind a Service.
//!
//! Each sync looks only at the pods that changed since the last one; where every pod's endpoint is, the controller
//! remembers. Upstream (endpointslice, k8s.io/endpointslice `Reconciler`) lists all pods each time, to the same result.

pub(super) mod endpoints;
mod packing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::json;
use smallvec::SmallVec;

use crate::api::{Decoded, DecodedBody, OwnerClaim};
use crate::cluster::{Change, Cluster, DeleteOptions, Fields, Verb};
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::service::{EndpointSlice, Service, ServiceType};

use super::plan::{Call, Outcome, Plan};
use super::runner::{Controller, News, Profile};
use super::selector_index::SelectorIndex;
use super::work_queue::{RateLimiter, WorkQueue};

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// The controller.
#[derive(Debug, Default)]
pub(super) struct EndpointSliceController {
    selectors: SelectorIndex,
    services: BTreeMap<ObjectRef, Known>,
    /// Services whose slices a pod was ever put into; asked when its labels change.
    of_pod: FxHashMap<PodId, SmallVec<[ObjectRef; 1]>>,
}

/// What the controller remembers of a Service.
#[derive(Debug, Default)]
struct Known {
    /// In which slice a pod's endpoint is.
    places: BTreeMap<PodId, ObjectRef>,
    /// Pods to look at in the next sync.
    changed: BTreeSet<PodId>,
    /// The Service itself changed: all pods are to be looked at.
    stale: bool,
}

/// Upstream: endpointslice `NewController`: 1 s doubling to 1000 s, given up after 15 retries.
pub(super) fn profile() -> Profile {
    let limiter = RateLimiter::exponential(SimDuration::from_secs(1), SimDuration::from_secs(1000)).with_overall();
    Profile { limiter, retries: Some(super::FEW_RETRIES), ..Profile::with_workers(5) }
}

impl Controller for EndpointSliceController {
    type Draft = ();

    const COMPONENT: &'static str = "endpoint-slice-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        let relevant = Fields::READY | Fields::STATUS | Fields::PHASE | Fields::DELETION | Fields::LABELS;
        // Of a pod that no Service selects any more something may still be remembered.
        let is_watched = !self.selectors.is_empty() || !self.of_pod.is_empty();
        news.touches(relevant) && (is_watched || !news.is_of_pod())
    }

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        match change.object.kind {
            Kind::SERVICE => self.observe_service(change.object, cluster, queue),
            Kind::ENDPOINT_SLICE if change.verb == Verb::Deleted => {
                self.observe_lost_slice(change.object, cluster, queue);
            }
            _ => {
                if let Some(pod) = change.object.as_pod() {
                    self.observe_pod(pod, change, cluster, queue);
                }
            }
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        let Some(service) = serving(key, cluster) else { return Plan::done() };
        let Some(known) = self.services.get_mut(&key) else { return Plan::done() };
        let slices: Vec<ObjectRef> = cluster.owned(key, Kind::ENDPOINT_SLICE).collect();
        let labels = slice_labels(key, service, cluster);
        if std::mem::take(&mut known.stale) {
            known.remember_all(key, service, &slices, cluster);
        }
        let changed = std::mem::take(&mut known.changed);
        let wanted = changed.into_iter().map(|pod| (pod, endpoints::wanted(pod, key, service, cluster)));
        let packed = packing::repack(&slices, wanted, known, key, cluster);
        plan_of(packed, key, &labels, cluster).resume_with(())
    }

    fn resume(&mut self, _now: SimTime, key: ObjectRef, (): (), outcome: &Outcome, _cluster: &mut Cluster) -> Plan<()> {
        if outcome.refusal.is_none() || outcome.is_namespace_terminating() {
            return Plan::done();
        }
        if let Some(known) = self.services.get_mut(&key) {
            known.stale = true;
        }
        Plan::done().fail()
    }

    fn wrote(&mut self, object: ObjectRef, cluster: &Cluster) {
        // Where the endpoints of a new or changed slice are.
        let Some(slice) = (object.kind == Kind::ENDPOINT_SLICE && cluster.is_live(object))
            .then(|| cluster.body(object).as_endpoint_slice())
            .flatten()
        else {
            return;
        };
        if let Some(known) = self.services.get_mut(&slice.service) {
            for endpoint in &slice.endpoints {
                if known.places.insert(endpoint.pod, object).is_none() {
                    let services = self.of_pod.entry(endpoint.pod).or_default();
                    if !services.contains(&slice.service) {
                        services.push(slice.service);
                    }
                }
            }
        }
    }
}

impl EndpointSliceController {
    fn observe_service(&mut self, key: ObjectRef, cluster: &Cluster, queue: &mut WorkQueue) {
        let namespace = cluster.meta(key).namespace;
        let selector = serving(key, cluster).and_then(|service| service.selector.as_ref());
        self.selectors.set(namespace, key, selector);
        if selector.is_none() {
            self.services.remove(&key);
            return;
        }
        self.services.entry(key).or_default().stale = true;
        queue.add(key);
    }

    /// Somebody deleted a slice: it is made again.
    fn observe_lost_slice(&mut self, slice: ObjectRef, cluster: &Cluster, queue: &mut WorkQueue) {
        let service = cluster.meta(slice).controller();
        if let Some(known) = self.services.get_mut(&service)
            && cluster.is_live(service)
            && known.places.values().any(|place| *place == slice)
        {
            known.stale = true;
            queue.add(service);
        }
    }

    /// Upstream: endpointslice `addPod`, `updatePod`, `deletePod`; k8s.io/endpointslice/util `podEndpointsChanged`.
    fn observe_pod(&mut self, pod: PodId, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let row = cluster.pod(pod);
        let relevant = Fields::READY | Fields::STATUS | Fields::PHASE | Fields::DELETION | Fields::LABELS;
        if row.status.pod_ip == 0 || !change.fields.intersects(relevant) {
            return;
        }
        let relabelled = change.verb == Verb::Modified && change.fields.contains(Fields::LABELS);
        if relabelled {
            // It may have been selected before.
            for service in self.of_pod.get(&pod).into_iter().flatten() {
                if let Some(known) = self.services.get_mut(service)
                    && known.places.contains_key(&pod)
                {
                    known.changed.insert(pod);
                    queue.add(*service);
                }
            }
        }
        if change.verb == Verb::Deleted {
            self.of_pod.remove(&pod);
        }
        for service in self.selectors.matching(row.namespace, &cluster.template(row.template).labels) {
            self.services.entry(service).or_default().changed.insert(pod);
            queue.add(service);
        }
    }
}

impl Known {
    /// After a change of the Service, or a lost slice: every pod that is or should be an endpoint is looked at.
    fn remember_all(&mut self, key: ObjectRef, service: &Service, slices: &[ObjectRef], cluster: &Cluster) {
        self.places.clear();
        for slice in slices {
            let endpoints = cluster.body(*slice).as_endpoint_slice().into_iter().flat_map(|body| &body.endpoints);
            self.places.extend(endpoints.map(|endpoint| (endpoint.pod, *slice)));
        }
        self.changed.extend(self.places.keys().copied());
        if let Some(selector) = &service.selector {
            self.changed.extend(cluster.pods_matching(cluster.meta(key).namespace, selector));
        }
    }
}

/// A live Service that has endpoints of this controller: with a selector, and not ExternalName.
fn serving(key: ObjectRef, cluster: &Cluster) -> Option<&Service> {
    let service = cluster.body(key).as_service().filter(|_| cluster.is_live(key))?;
    (service.selector.is_some() && service.kind != ServiceType::ExternalName).then_some(service)
}

/// Upstream: k8s.io/endpointslice `setEndpointSliceLabels`.
fn slice_labels(key: ObjectRef, service: &Service, cluster: &Cluster) -> Arc<Labels> {
    let meta = cluster.meta(key);
    let labels = meta.labels.with(SERVICE_NAME, &meta.name).with(MANAGED_BY, MANAGER);
    Arc::new(if service.headless { labels.with(HEADLESS, "") } else { labels.without(HEADLESS) })
}

fn plan_of(packed: packing::Packed, key: ObjectRef, labels: &Arc<Labels>, cluster: &Cluster) -> Plan<()> {
    let mut plan = Plan::done();
    for slice in packed.created {
        plan.push(Call::Create(Box::new(new_slice(slice, key, labels, cluster))));
    }
    for (object, slice) in packed.updated {
        plan.push(Call::UpdateEndpointSlice { object, labels: Arc::clone(labels), slice: Box::new(slice) });
    }
    for object in packed.deleted {
        plan.push(Call::Delete { object, options: DeleteOptions::default() });
    }
    for object in packed.untouched {
        if cluster.meta(object).labels != *labels
            && let Some(slice) = cluster.body(object).as_endpoint_slice()
        {
            let slice = Box::new(slice.clone());
            plan.push(Call::UpdateEndpointSlice { object, labels: Arc::clone(labels), slice });
        }
    }
    plan
}

fn new_slice(slice: EndpointSlice, key: ObjectRef, labels: &Arc<Labels>, cluster: &Cluster) -> Decoded {
    let meta = cluster.meta(key);
    let namespace = cluster.namespace_name(meta.namespace);
    let raw = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"generateName": format!("{}-", meta.name), "namespace": namespace},
        "addressType": "IPv4",
    });
    Decoded {
        kind: Kind::ENDPOINT_SLICE,
        namespace: namespace.into(),
        name: Text::default(),
        generate_name: Text::from(format!("{}-", meta.name)),
        labels: Arc::clone(labels),
        annotations: Labels::empty(),
        finalizers: Vec::new(),
        owners: vec![OwnerClaim { uid: cluster.uid(key).into(), controller: true, block_owner_deletion: true }],
        resource_version: Text::default(),
        raw: Arc::new(raw),
        body: DecodedBody::Other { body: Body::EndpointSlice(Box::new(slice)), template: None },
    }
}
