//! `kubectl get --raw /apis/metrics.k8s.io/v1beta1/…`: what metrics-server answers.
//! Upstream: metrics-server pkg/api `podMetrics.List`, `nodeMetrics.List`, pkg/storage `resourceUsage`.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::errors::Failure;
use super::super::listing::{self, Filter};
use crate::api::Status;
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::quantity::Quantity;

/// The API's group and version.
pub(super) const API_VERSION: &str = "metrics.k8s.io/v1beta1";

/// The answer to a path below the API's own, as it is printed; `None` for one that does not exist.
pub(super) fn get(call: &Call<'_>, path: &[&str]) -> Result<Option<String>, Failure> {
    if !call.cluster.metrics.is_up() {
        let text = "Error from server (ServiceUnavailable): the server is currently unable to handle the request";
        return Err(Failure::plain(text));
    }
    let of_pods = |namespace: Option<&str>| {
        let pods = listing::list(call.cluster, Kind::POD, namespace, &Filter::default());
        list("PodMetrics", pods.into_iter().filter_map(ObjectRef::as_pod).filter_map(|pod| of_pod(call, pod)))
    };
    Ok(Some(match path {
        ["pods"] => of_pods(None),
        ["namespaces", namespace, "pods"] => of_pods(Some(*namespace)),
        ["namespaces", namespace, "pods", name] => {
            let pod = call.find(Kind::POD, namespace, name)?.as_pod();
            let item = pod.and_then(|pod| of_pod(call, pod));
            single("PodMetrics", item.ok_or_else(|| not_found("podmetrics", &format!("{namespace}/{name}")))?)
        }
        ["nodes"] => {
            let nodes = listing::list(call.cluster, Kind::NODE, None, &Filter::default());
            list("NodeMetrics", nodes.into_iter().filter_map(|node| of_node(call, node)))
        }
        ["nodes", name] => {
            let item = of_node(call, call.find(Kind::NODE, "", name)?);
            single("NodeMetrics", item.ok_or_else(|| not_found("nodemetrics", name))?)
        }
        _ => return Ok(None),
    }))
}

fn not_found(plural: &str, name: &str) -> Failure {
    Failure::server(&Status::not_found(&format!("{plural}.metrics.k8s.io"), name))
}

/// Members in the order in which Go declares them; items of a list do not repeat what they are.
fn list(kind: &str, items: impl Iterator<Item = Vec<(&'static str, Value)>>) -> String {
    let items: Vec<String> = items.map(|item| format!("{{{}}}", members(item))).collect();
    format!(
        "{{\"kind\":\"{kind}List\",\"apiVersion\":\"{API_VERSION}\",\"metadata\":{{}},\"items\":[{}]}}",
        items.join(",")
    )
}

fn single(kind: &str, item: Vec<(&'static str, Value)>) -> String {
    format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{API_VERSION}\",{}}}", members(item))
}

fn members(item: Vec<(&'static str, Value)>) -> String {
    let written: Vec<String> =
        item.into_iter().map(|(key, value)| format!("\"{key}\":{}", written(key, &value))).collect();
    written.join(",")
}

/// Name, namespace, time, labels is the order of an `ObjectMeta`; the rest is sorted as it is.
fn written(key: &str, value: &Value) -> String {
    let (Value::Object(object), "metadata") = (value, key) else { return value.to_string() };
    let order = ["name", "namespace", "creationTimestamp", "labels"];
    let members = order.iter().filter_map(|key| object.get(*key).map(|value| format!("\"{key}\":{value}")));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn of_pod(call: &Call<'_>, pod: PodId) -> Option<Vec<(&'static str, Value)>> {
    let sample = call.cluster.metrics.sample(call.now, pod)?;
    let containers = &call.cluster.template_of(pod).spec.containers;
    let usages = sample.containers.iter().map(|one| {
        json!({"name": containers[usize::from(one.container)].name.as_str(), "usage": usage(one.cpu_nano, one.memory)})
    });
    let usages: Vec<Value> = usages.collect();
    let mut item = head(call, ObjectRef::pod(pod), sample.timestamp, sample.window);
    item.push(("containers", Value::from(usages)));
    Some(item)
}

/// What a node's pods use: the system's own use is not modelled.
fn of_node(call: &Call<'_>, node: ObjectRef) -> Option<Vec<(&'static str, Value)>> {
    let (id, metrics) = (NodeId(node.id), &call.cluster.metrics);
    if !metrics.has_scraped_twice(call.now) || !call.machines.has_machine(id) {
        return None;
    }
    let (mut cpu, mut memory) = (0, 0);
    for sample in call.cluster.pods_on(id).filter_map(|pod| metrics.sample(call.now, pod)) {
        for one in sample.containers {
            cpu += one.cpu_nano.unwrap_or(0);
            memory += one.memory.unwrap_or(0);
        }
    }
    let settings = metrics.settings();
    let before = settings.resolution.0 + settings.age.0;
    let taken = SimTime(metrics.next_scrape(call.now).0.saturating_sub(before));
    let mut item = head(call, node, taken, settings.resolution);
    item.push(("usage", usage(Some(cpu), Some(memory))));
    Some(item)
}

fn head(call: &Call<'_>, object: ObjectRef, at: SimTime, window: SimDuration) -> Vec<(&'static str, Value)> {
    let clock = call.cluster.clock();
    let view = call.cluster.view(object);
    let mut metadata = Map::new();
    for key in ["name", "namespace", "labels"] {
        if let Some(value) = view["metadata"].get(key) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    metadata.insert("creationTimestamp".to_owned(), Value::from(clock.timestamp(call.now)));
    vec![
        ("metadata", Value::Object(metadata)),
        ("timestamp", Value::from(clock.timestamp(at))),
        ("window", Value::from(window.to_string())),
    ]
}

/// Billionths of a core and bytes as quantities.
fn usage(cpu_nano: Option<u64>, memory: Option<u64>) -> Value {
    let mut usage = Map::new();
    if let Some(cpu) = cpu_nano.and_then(|nano| Quantity::parse(&format!("{nano}n"))) {
        usage.insert("cpu".to_owned(), Value::from(cpu.to_string()));
    }
    if let Some(bytes) = memory {
        let bytes = Quantity::from_bytes(i64::try_from(bytes).unwrap_or(i64::MAX));
        usage.insert("memory".to_owned(), Value::from(bytes.to_string()));
    }
    Value::Object(usage)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::Bench;
    use super::*;
    use crate::cluster::metrics::KnownUsage;

    #[test]
    fn metrics_are_answered_as_metrics_server_writes_them() {
        let mut bench = Bench::new();
        bench.out("kubectl run web --image=nginx --labels=app=web");
        let namespace = bench.cluster.namespace("default").expect("it is there");
        let pod = bench.cluster.get(Kind::POD, namespace, "web").ok().and_then(ObjectRef::as_pod).expect("it was made");
        let usage = KnownUsage { cpu_milli: Some(250), memory: Some(64 << 20) };
        let started = SimTime::from_secs(10);
        bench.cluster.metrics.container_uses(started, pod, 0, started, usage);
        bench.now = SimTime::from_secs(100);
        let item = concat!(
            r#""metadata":{"name":"web","namespace":"default","creationTimestamp":"2026-01-01T00:01:40Z","labels":{"app":"web"}},"#,
            r#""timestamp":"2026-01-01T00:01:30Z","window":"15s","#,
            r#""containers":[{"name":"web","usage":{"cpu":"250m","memory":"64Mi"}}]"#,
        );
        let head = r#""apiVersion":"metrics.k8s.io/v1beta1","#;
        let path = "get --raw /apis/metrics.k8s.io/v1beta1";
        assert_eq!(
            bench.out(&format!("{path}/pods")),
            format!("{{\"kind\":\"PodMetricsList\",{head}\"metadata\":{{}},\"items\":[{{{item}}}]}}\n")
        );
        assert_eq!(
            bench.out(&format!("{path}/namespaces/default/pods/web")),
            format!("{{\"kind\":\"PodMetrics\",{head}{item}}}\n")
        );
        assert_eq!(
            bench.err(&format!("{path}/namespaces/default/pods/none")),
            "Error from server (NotFound): pods \"none\" not found\n"
        );
        bench.cluster.metrics.set_up(false);
        assert!(bench.err(&format!("{path}/nodes")).contains("(ServiceUnavailable)"));
    }
}
