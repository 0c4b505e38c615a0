//! The controller of legacy Endpoints, which kube-controller-manager still keeps beside EndpointSlices.
//! Upstream: endpoint `Controller.syncService`, api/v1/endpoints `RepackSubsets`.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::api::{Decoded, DecodedBody};
use crate::cluster::{Change, Cluster, DeleteOptions, Fields, Verb};
use crate::engine::{Significance, SimTime};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::service::{Service, ServiceType};

use super::endpoint_slice::endpoints::{Ports, ports};
use super::plan::{Call, Plan};
use super::runner::{Controller, News};
use super::selector_index::SelectorIndex;
use super::work_queue::WorkQueue;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const MANAGER: &str = "endpoint-controller";
const HEADLESS: &str = "service.kubernetes.io/headless";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// Addresses in one object. Upstream: endpoint `maxCapacity`.
const CAPACITY: usize = 1000;

/// The controller.
#[derive(Debug, Default)]
pub(super) struct EndpointsController {
    selectors: SelectorIndex,
    /// Services whose Endpoints are kept.
    services: BTreeSet<ObjectRef>,
}

/// Addresses with the same ports.
#[derive(Debug)]
struct Subset {
    ports: Ports,
    ready: Vec<Value>,
    not_ready: Vec<Value>,
}

impl Controller for EndpointsController {
    type Draft = ();

    const COMPONENT: &'static str = "endpoint-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        let relevant = Fields::READY | Fields::STATUS | Fields::PHASE | Fields::DELETION | Fields::LABELS;
        news.touches(relevant) && (!self.selectors.is_empty() || !news.is_of_pod())
    }

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(pod) = change.object.as_pod() {
            let row = cluster.pod(pod);
            let relevant = Fields::READY | Fields::STATUS | Fields::PHASE | Fields::DELETION | Fields::LABELS;
            if row.status.pod_ip != 0 && change.fields.intersects(relevant) {
                let labels = &cluster.template(row.template).labels;
                self.selectors.matching(row.namespace, labels).into_iter().for_each(|service| queue.add(service));
            }
            return;
        }
        let (namespace, name) = cluster.identity(change.object);
        if change.object.kind == Kind::SERVICE {
            let selector = serving(change.object, cluster).and_then(|service| service.selector.as_ref());
            self.selectors.set(namespace, change.object, selector);
            if selector.is_some() && self.services.insert(change.object) || self.services.contains(&change.object) {
                queue.add(change.object);
            }
        } else if change.verb == Verb::Deleted
            && let Some(service) = cluster.find(Kind::SERVICE, namespace, name)
        {
            queue.add(service);
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        let (namespace, name) = cluster.identity(key);
        let current = cluster.find(Kind::ENDPOINTS, namespace, name);
        if !cluster.is_live(key) {
            self.services.remove(&key);
            let replaced = cluster.find(Kind::SERVICE, namespace, name).is_some();
            return match current.filter(|_| !replaced) {
                Some(object) => Plan::of(Call::Delete { object, options: DeleteOptions::default() }),
                None => Plan::done(),
            };
        }
        let Some(service) = serving(key, cluster) else { return Plan::done() };
        let wanted = object(key, service, subsets(key, service, cluster), cluster);
        match current {
            None => Plan::of(Call::Create(Box::new(wanted))),
            Some(object) => {
                let row = cluster.object(object);
                let same = row.raw.get("subsets") == wanted.raw.get("subsets")
                    && row.meta.labels == wanted.labels
                    && row.meta.annotations == wanted.annotations;
                if same { Plan::done() } else { Plan::of(Call::Update { object, decoded: Box::new(wanted) }) }
            }
        }
    }

    fn significance(&self, _key: ObjectRef, _cluster: &Cluster) -> Significance {
        Significance::Live
    }
}

/// A live Service with a selector that is not an ExternalName.
fn serving(key: ObjectRef, cluster: &Cluster) -> Option<&Service> {
    let service = cluster.body(key).as_service().filter(|_| cluster.is_live(key))?;
    (service.selector.is_some() && service.kind != ServiceType::ExternalName).then_some(service)
}

/// Pods in the order of their addresses as text, in groups of equal ports.
fn subsets(key: ObjectRef, service: &Service, cluster: &Cluster) -> Vec<Subset> {
    let Some(selector) = &service.selector else { return Vec::new() };
    let mut found: Vec<(String, PodId)> = cluster
        .pods_matching(cluster.meta(key).namespace, selector)
        .into_iter()
        .filter(|pod| {
            let row = cluster.pod(*pod);
            let leaving = row.deletion.is_some() && !service.publish_not_ready;
            row.status.pod_ip != 0 && !row.status.phase.is_terminal() && !leaving
        })
        .map(|pod| (Ipv4Addr::from_bits(cluster.pod(pod).status.pod_ip).to_string(), pod))
        .collect();
    found.sort();
    let mut subsets: Vec<Subset> = Vec::new();
    for (address, pod) in found {
        let row = cluster.pod(pod);
        let template = cluster.template(row.template);
        let ports = ports(service, template);
        if ports.is_empty() && !(service.headless && service.ports.is_empty()) {
            continue;
        }
        let mut entry = json!({
            "ip": address,
            "targetRef": {
                "kind": "Pod", "name": row.name, "namespace": cluster.namespace_name(row.namespace),
                "uid": cluster.uid(ObjectRef::pod(pod)),
            },
        });
        if row.node.is_some() {
            entry["nodeName"] = json!(cluster.node_name(row.node));
        }
        let named = !template.spec.hostname.is_empty() && template.spec.subdomain == cluster.meta(key).name;
        if named {
            entry["hostname"] = json!(template.spec.hostname);
        }
        let place = subsets.iter().position(|subset| subset.ports == ports).unwrap_or_else(|| {
            subsets.push(Subset { ports, ready: Vec::new(), not_ready: Vec::new() });
            subsets.len() - 1
        });
        let subset = &mut subsets[place];
        if row.is_ready() || service.publish_not_ready { &mut subset.ready } else { &mut subset.not_ready }.push(entry);
    }
    subsets
}

/// Ready addresses first, then others, up to the capacity. Upstream: endpoint `truncateEndpoints`, which shares the
/// capacity out between subsets in proportion; there is hardly ever more than one. Returns whether any was cut.
fn truncate(subsets: &mut Vec<Subset>) -> bool {
    let mut left = CAPACITY;
    let mut cut = false;
    for of_ready in [true, false] {
        for subset in &mut *subsets {
            let list = if of_ready { &mut subset.ready } else { &mut subset.not_ready };
            cut |= list.len() > left;
            list.truncate(left);
            left -= list.len();
        }
    }
    subsets.retain(|subset| !subset.ready.is_empty() || !subset.not_ready.is_empty());
    cut
}

fn object(key: ObjectRef, service: &Service, mut subsets: Vec<Subset>, cluster: &Cluster) -> Decoded {
    let meta = cluster.meta(key);
    let cut = truncate(&mut subsets);
    let labels = meta.labels.with(MANAGED_BY, MANAGER);
    let labels = if service.headless { labels.with(HEADLESS, "") } else { labels.without(HEADLESS) };
    let annotations = if cut { Labels::from_pairs([(OVER_CAPACITY, "truncated")]) } else { Labels::default() };
    let namespace = cluster.namespace_name(meta.namespace);
    let mut raw = json!({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": meta.name, "namespace": namespace},
    });
    if !subsets.is_empty() {
        raw["subsets"] = subsets.into_iter().map(subset_value).collect();
    }
    Decoded {
        kind: Kind::ENDPOINTS,
        namespace: namespace.into(),
        name: meta.name.clone(),
        generate_name: Text::default(),
        labels: Arc::new(labels),
        annotations: Arc::new(annotations),
        finalizers: Vec::new(),
        owners: Vec::new(),
        resource_version: Text::default(),
        raw: Arc::new(raw),
        body: DecodedBody::Other { body: Body::default(), template: None },
    }
}

fn subset_value(subset: Subset) -> Value {
    let mut out = Map::new();
    if !subset.ready.is_empty() {
        out.insert("addresses".to_owned(), subset.ready.into());
    }
    if !subset.not_ready.is_empty() {
        out.insert("notReadyAddresses".to_owned(), subset.not_ready.into());
    }
    let ports = subset.ports.into_iter().map(|(name, protocol, port, app_protocol)| {
        let mut out = json!({"port": port, "protocol": protocol.name()});
        if !name.is_empty() {
            out["name"] = json!(name);
        }
        if !app_protocol.is_empty() {
            out["appProtocol"] = json!(app_protocol);
        }
        out
    });
    let ports: Vec<Value> = ports.collect();
    if !ports.is_empty() {
        out.insert("ports".to_owned(), ports.into());
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, deployment};
    use super::*;
    use crate::engine::SimDuration;

    fn service(extra: &Value) -> Value {
        let mut manifest = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        });
        for (field, value) in extra.as_object().unwrap() {
            manifest["spec"][field] = value.clone();
        }
        manifest
    }

    fn addresses(world: &World, list: &str) -> usize {
        let object = world.find(Kind::ENDPOINTS, "web");
        let subsets = world.cluster.object(object).raw["subsets"].as_array().cloned().unwrap_or_default();
        subsets.iter().map(|subset| subset[list].as_array().map_or(0, Vec::len)).sum()
    }

    #[test]
    fn ready_and_unready_pods_are_listed_apart_and_leaving_ones_not_at_all() {
        let mut world = World::new(0);
        let key = world.apply(deployment("web", 3, "nginx:1.25"));
        let service = world.apply(service(&json!({})));
        world.run(SimDuration::from_secs(5));
        assert_eq!(addresses(&world, "addresses"), 3);
        let set = world.cluster.owned(key, Kind::REPLICA_SET).next().unwrap();
        let pods = world.pods_of(set);
        world.set_ready(pods[0], false);
        world.starts = false;
        world.act(|now, cluster| cluster.delete(now, ObjectRef::pod(pods[1]), DeleteOptions::default())).unwrap();
        world.run(SimDuration::from_secs(5));
        assert_eq!((addresses(&world, "addresses"), addresses(&world, "notReadyAddresses")), (1, 1));
        world.act(|now, cluster| cluster.delete(now, service, DeleteOptions::default())).unwrap();
        world.run(SimDuration::from_secs(5));
        assert_eq!(world.cluster.count(Kind::ENDPOINTS), 0);
    }

    #[test]
    fn a_service_without_pods_has_empty_endpoints_and_may_publish_unready_ones() {
        let mut world = World::new(0);
        world.apply(service(&json!({"publishNotReadyAddresses": true})));
        world.run(SimDuration::from_secs(5));
        assert_eq!(addresses(&world, "addresses"), 0);
        let key = world.apply(deployment("web", 1, "nginx:1.25"));
        world.run(SimDuration::from_secs(5));
        let set = world.cluster.owned(key, Kind::REPLICA_SET).next().unwrap();
        world.set_ready(world.pods_of(set)[0], false);
        world.run(SimDuration::from_secs(5));
        assert_eq!((addresses(&world, "addresses"), addresses(&world, "notReadyAddresses")), (1, 0));
    }
}
