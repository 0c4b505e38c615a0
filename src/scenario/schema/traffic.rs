//! `spec.traffic` and `spec.metrics`: load on Services, and numbers that autoscalers read.

use std::collections::BTreeMap;

use super::amounts::{RandomDuration, Varying};
use super::amounts_table::{RANDOM_DURATION, VARYING};
use super::leaves::{Amount, DURATION, Duration, QUANTITY};
use super::objects;
use super::shape::Type;

objects! {
    /// Requests to a Service, or messages for consumers.
    Traffic TRAFFIC ["service", "target"] {
        "name" name: String = Type::Text, "how expressions, paths and reports call it", required();
        "service" service: Option<String> = Type::Text, "[namespace/]name of the Service";
        "target" target: Option<String> = Type::Text, "consumers: [namespace/]kind/name, such as deployment/worker";
        "backlog" backlog: Option<Backlog> = Type::Object(&BACKLOG), "how the messages that wait for consumers can be seen";
        "rps" rps: Varying = VARYING, "requests a second", required();
        "cost" cost: Option<Cost> = Type::Object(&COST), "what a request costs the pod that serves it";
        "latency" latency: Option<RandomDuration> = RANDOM_DURATION, "time of a request on an idle pod", default("what it costs in CPU");
        "timeout" timeout: Option<Duration> = Type::Leaf(&DURATION), "after which a client gives up", default("never");
        "concurrency" concurrency: Option<u32> = Type::Integer(1, 1_000_000), "requests served at once by a pod; further ones queue", default("any number; 1 for consumers");
        "queue" queue: Option<u32> = Type::Integer(0, 1_000_000_000), "requests that wait at a pod (or in the backlog); further ones are dropped", default("any number");
        "retries" retries: Option<u32> = Type::Integer(0, 100), "how often a client tries again", default("0");
        #[serde(default)]
        "calls" calls: Vec<Call> = Type::List(&Type::Object(&CALL)), "requests that a request causes further on";
    }

    /// Where messages wait.
    Backlog BACKLOG {
        "external" external: String = Type::Text, "name of the external metric that shows how many", required();
    }

    /// What a request costs.
    Cost COST {
        "cpu" cpu: Option<Duration> = Type::Leaf(&DURATION), "time of one CPU";
        "memory" memory: Option<Amount> = Type::Leaf(&QUANTITY), "memory while it is served";
    }

    /// A request caused by another.
    Call CALL {
        "service" service: String = Type::Text, "[namespace/]name of the Service; the namespace of the caller if none is given", required();
        "per" per: Option<f64> = Type::Number(0.0), "how many for each request", default("1");
    }

    /// A metric that is not CPU or memory.
    Metric METRIC {
        "name" name: String = Type::Text, "as a HorizontalPodAutoscaler names it", required();
        "kind" kind: String = Type::Keyword(&["custom", "object", "external"]), "which metrics API serves it", required();
        "namespace" namespace: Option<String> = Type::Text, "namespace of what it describes", default("default");
        "object" object: Option<String> = Type::Text, "kind/name of what an object metric describes";
        #[serde(default)]
        "labels" labels: BTreeMap<String, String> = Type::Map(&Type::Text), "labels: of the pods (custom) or of the metric (external)";
        "value" value: Varying = VARYING, "its value", required();
    }
}
