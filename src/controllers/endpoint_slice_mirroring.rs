//! EndpointSlices of Endpoints that users keep for a Service without a selector.
//! Upstream: endpointslicemirroring `Controller.syncEndpoints`, `reconciler.reconcile`.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::api::{DecodeCache, FieldValidation, decode};
use crate::cluster::{Change, Cluster, DeleteOptions, EventType};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::calls::event;
use super::plan::{Call, Plan};
use super::runner::Controller;
use super::work_queue::WorkQueue;

const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// Annotations that are not mirrored.
const NOT_MIRRORED: [&str; 2] =
    ["endpoints.kubernetes.io/last-change-trigger-time", "kubectl.kubernetes.io/last-applied-configuration"];
/// Addresses of a subset. Upstream: flag `--mirroring-max-endpoints-per-subset`.
const MOST: usize = 1000;

/// The controller. Keys are Endpoints.
#[derive(Debug, Default)]
pub(super) struct EndpointSliceMirroringController;

/// A slice that should be.
#[derive(Debug, PartialEq)]
struct Wanted {
    family: &'static str,
    ports: Value,
    endpoints: Vec<Value>,
}

/// What a sync finds out.
#[derive(Debug, Default)]
struct Mirrored {
    slices: Vec<Wanted>,
    invalid: usize,
    skipped: usize,
}

impl Controller for EndpointSliceMirroringController {
    type Draft = ();

    const COMPONENT: &'static str = "endpoint-slice-mirroring-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let endpoints = match change.object.kind {
            Kind::ENDPOINTS => change.object,
            Kind::ENDPOINT_SLICE => cluster.meta(change.object).controller(),
            _ => {
                let (namespace, name) = cluster.identity(change.object);
                cluster.find(Kind::ENDPOINTS, namespace, name).unwrap_or(ObjectRef::NONE)
            }
        };
        let concerned = endpoints.is_some() && endpoints.kind == Kind::ENDPOINTS;
        if concerned && (is_mirrored(endpoints, cluster) || slices(endpoints, cluster).next().is_some()) {
            queue.add(endpoints);
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        let mut known: Vec<ObjectRef> = slices(key, cluster).collect();
        let mut plan = Plan::done();
        if is_mirrored(key, cluster) {
            let mirrored = mirrored(&cluster.object(key).raw);
            warn(key, &mirrored, &mut plan);
            for wanted in mirrored.slices {
                let place = known.iter().position(|slice| has_key(*slice, &wanted, cluster));
                let slice = place.map(|place| known.remove(place));
                plan.push_together(write(key, slice, &wanted, cluster).into_iter().collect());
            }
        }
        for object in known {
            plan.push(Call::Delete { object, options: DeleteOptions::default() });
        }
        plan
    }
}

/// The mirrored slices of Endpoints.
fn slices(endpoints: ObjectRef, cluster: &Cluster) -> impl Iterator<Item = ObjectRef> + '_ {
    cluster.owned(endpoints, Kind::ENDPOINT_SLICE).filter(|slice| cluster.meta(*slice).deletion.is_none())
}

/// Are these Endpoints to be mirrored? Their Service is there and selects nothing.
fn is_mirrored(endpoints: ObjectRef, cluster: &Cluster) -> bool {
    let meta = cluster.meta(endpoints);
    if !cluster.is_live(endpoints)
        || meta.deletion.is_some()
        || meta.labels.get(SKIP) == Some("true")
        || meta.annotations.get(LEADER).is_some()
    {
        return false;
    }
    let service = cluster.find(Kind::SERVICE, meta.namespace, &meta.name);
    service.and_then(|service| cluster.body(service).as_service()).is_some_and(|service| service.selector.is_none())
}

fn mirrored(endpoints: &Value) -> Mirrored {
    let mut mirrored = Mirrored::default();
    for subset in endpoints["subsets"].as_array().into_iter().flatten() {
        let ports: Value = subset["ports"].as_array().into_iter().flatten().map(port).collect();
        let mut left = MOST;
        for (list, ready) in [("addresses", true), ("notReadyAddresses", false)] {
            for address in subset[list].as_array().into_iter().flatten() {
                let Some(ip) = address["ip"].as_str().and_then(|ip| ip.parse::<IpAddr>().ok()) else {
                    mirrored.invalid += 1;
                    continue;
                };
                if left == 0 {
                    mirrored.skipped += 1;
                    continue;
                }
                left -= 1;
                mirrored.add(ip, &ports, endpoint(ip, address, ready));
            }
        }
    }
    mirrored
}

impl Mirrored {
    fn add(&mut self, ip: IpAddr, ports: &Value, endpoint: Value) {
        let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
        let place = self.slices.iter().position(|slice| slice.family == family && slice.ports == *ports);
        let place = place.unwrap_or_else(|| {
            self.slices.push(Wanted { family, ports: ports.clone(), endpoints: Vec::new() });
            self.slices.len() - 1
        });
        self.slices[place].endpoints.push(endpoint);
    }
}

/// Upstream: endpointslicemirroring `epPortsToEpsPorts`.
fn port(port: &Value) -> Value {
    let name = port["name"].as_str().unwrap_or_default();
    let mut made = json!({"name": name, "port": port["port"], "protocol": port["protocol"]});
    if port["appProtocol"].is_string() {
        made["appProtocol"] = port["appProtocol"].clone();
    }
    made
}

/// Upstream: endpointslicemirroring `addressToEndpoint`.
fn endpoint(ip: IpAddr, address: &Value, ready: bool) -> Value {
    let mut made = json!({"addresses": [ip.to_string()], "conditions": {"ready": ready}});
    for field in ["targetRef", "nodeName", "hostname"] {
        if !address[field].is_null() {
            made[field] = address[field].clone();
        }
    }
    made
}

fn has_key(slice: ObjectRef, wanted: &Wanted, cluster: &Cluster) -> bool {
    let raw = &cluster.object(slice).raw;
    raw["addressType"] == wanted.family && raw["ports"] == wanted.ports
}

/// Makes a slice, or writes its endpoints where they differ.
fn write(key: ObjectRef, slice: Option<ObjectRef>, wanted: &Wanted, cluster: &Cluster) -> Option<Call> {
    if slice.is_some_and(|slice| cluster.object(slice).raw["endpoints"] == json!(wanted.endpoints)) {
        return None;
    }
    let meta = cluster.meta(key);
    let mut labels = texts(meta.labels.iter());
    labels.insert("kubernetes.io/service-name".to_owned(), json!(meta.name));
    labels.insert("endpointslice.kubernetes.io/managed-by".to_owned(), json!(MANAGER));
    let annotations = texts(meta.annotations.iter().filter(|(name, _)| !NOT_MIRRORED.contains(name)));
    let mut metadata = json!({
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": [{
            "apiVersion": "v1", "kind": "Endpoints", "name": meta.name, "uid": cluster.uid(key),
            "controller": true, "blockOwnerDeletion": true,
        }],
    });
    match slice {
        Some(slice) => metadata["name"] = json!(cluster.meta(slice).name),
        None => metadata["generateName"] = json!(format!("{}-", meta.name)),
    }
    let manifest = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata,
        "addressType": wanted.family, "ports": wanted.ports, "endpoints": wanted.endpoints,
    });
    let namespace = cluster.namespace_name(meta.namespace);
    let decoded = Box::new(decode(manifest, namespace, FieldValidation::Warn, &mut DecodeCache::default()).ok()?);
    Some(match slice {
        Some(object) => Call::Update { object, decoded },
        None => Call::Create(decoded),
    })
}

fn texts<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    pairs.map(|(name, text)| (name.to_owned(), json!(text))).collect()
}

/// Events about addresses that are left out.
fn warn(key: ObjectRef, mirrored: &Mirrored, plan: &mut Plan<()>) {
    let mut push = |why, message: String| {
        let draft = event(key, EventType::Warning, why, message, EndpointSliceMirroringController::COMPONENT);
        plan.push(Call::Event(Box::new(draft)));
    };
    if mirrored.invalid > 0 {
        let invalid = mirrored.invalid;
        push("InvalidIPAddress", format!("Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices"));
    }
    if mirrored.skipped > 0 {
        let skipped = mirrored.skipped + mirrored.invalid;
        let text = format!(
            "A max of {MOST} addresses can be mirrored to EndpointSlices per Endpoints subset. {skipped} addresses were skipped"
        );
        push("TooManyAddressesToMirror", text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::World;
    use super::*;
    use crate::engine::SimDuration;

    fn slices(world: &World) -> Vec<Value> {
        world.cluster.list(Kind::ENDPOINT_SLICE).map(|slice| (*world.cluster.object(slice).raw).clone()).collect()
    }

    fn endpoints(subsets: &Value) -> Value {
        let metadata = json!({"name": "db", "labels": {"tier": "data"}});
        json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets})
    }

    #[test]
    fn endpoints_of_a_service_without_a_selector_are_mirrored() {
        let mut world = World::new(0);
        let ports = json!([{"port": 5432}]);
        world.apply(endpoints(&json!([{"addresses": [{"ip": "192.0.2.1"}], "ports": ports}])));
        world.run(SimDuration::from_secs(2));
        assert!(slices(&world).is_empty(), "there is no Service");
        let spec = json!({"ports": [{"port": 5432}]});
        let metadata = json!({"name": "db"});
        world.apply(json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}));
        world.run(SimDuration::from_secs(2));
        let made = slices(&world);
        assert_eq!(made.len(), 1, "{made:?}");
        assert_eq!(made[0]["endpoints"], json!([{"addresses": ["192.0.2.1"], "conditions": {"ready": true}}]));
        assert_eq!(made[0]["ports"], json!([{"name": "", "port": 5432, "protocol": "TCP"}]));
        let slice = world.cluster.list(Kind::ENDPOINT_SLICE).next().unwrap();
        let labels = &world.cluster.meta(slice).labels;
        assert_eq!((labels.get("tier"), labels.get("kubernetes.io/service-name")), (Some("data"), Some("db")));
        assert!(world.cluster.meta(slice).name.starts_with("db-"));
        let both =
            json!([{"addresses": [{"ip": "2001:db8::1"}], "notReadyAddresses": [{"ip": "192.0.2.2"}], "ports": ports}]);
        let key = world.apply(endpoints(&both));
        world.run(SimDuration::from_secs(2));
        let made = slices(&world);
        assert_eq!(made.len(), 2, "{made:?}");
        assert!(world.cluster.is_live(slice), "the slice of these ports and this family is kept");
        assert_eq!(made[0]["endpoints"], json!([{"addresses": ["192.0.2.2"], "conditions": {"ready": false}}]));
        world.act(|now, cluster| cluster.delete(now, key, DeleteOptions::default())).unwrap();
        world.run(SimDuration::from_secs(2));
        assert!(slices(&world).is_empty());
    }
}
