//! ResourceQuotas: what an object uses, which quotas it falls under, and what they say when there is no room.
//! Pure arithmetic; `cluster::quota` looks objects up and charges them, the controller counts them again.
//! Upstream: pkg/quota/v1/evaluator/core, apiserver/pkg/quota/v1, apiserver/pkg/admission/plugin/resourcequota.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::kind::Kind;
use crate::model::pod_spec::{Container, ContainerKind, PodSpec};
use crate::model::pod_template::{PodTemplate, QosClass, pod_requests};
use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;
use crate::model::service::{Service, ServiceType};

/// Amounts by resource name.
pub type Usage = BTreeMap<String, Quantity>;

/// Resources that every container has to state once a quota limits them. Upstream: core `validationSet`.
const COMPULSORY: [&str; 6] = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

/// A ResourceQuota in numbers.
#[derive(Clone, Debug, Default)]
pub struct Quota {
    /// `metadata.name`.
    pub name: String,
    /// `spec.hard`.
    pub hard: Usage,
    /// `status.hard`: what admission goes by; `None` before the controller has counted for the first time.
    pub enforced: Option<Usage>,
    /// `status.used`.
    pub used: Usage,
    scopes: Vec<Scope>,
}

/// A scope that objects have to be in.
#[derive(Clone, Debug)]
struct Scope {
    name: String,
    operator: String,
    values: Vec<String>,
}

impl Quota {
    /// Reads a stored quota: its manifest and its status.
    pub fn read(name: &str, raw: &Value, status: &Value) -> Self {
        let plain = raw["spec"]["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let plain =
            plain.map(|name| Scope { name: name.to_owned(), operator: "Exists".to_owned(), values: Vec::new() });
        let selected = raw["spec"]["scopeSelector"]["matchExpressions"].as_array().into_iter().flatten();
        let selected = selected.map(|term| Scope {
            name: term["scopeName"].as_str().unwrap_or_default().to_owned(),
            operator: term["operator"].as_str().unwrap_or_default().to_owned(),
            values: term["values"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        });
        Self {
            name: name.to_owned(),
            hard: usage_of(&raw["spec"]["hard"]),
            enforced: status["hard"].is_object().then(|| usage_of(&status["hard"])),
            used: usage_of(&status["used"]),
            scopes: plain.chain(selected).collect(),
        }
    }

    /// Is a pod of this template in all scopes? Upstream: core `podMatchesScopeFunc`.
    pub fn covers_pod(&self, template: &PodTemplate) -> bool {
        self.scopes.iter().all(|scope| covers(scope, template))
    }

    /// Objects other than pods are under quotas without scopes only.
    pub fn has_scopes(&self) -> bool {
        !self.scopes.is_empty()
    }

    /// What `usage` adds to the quota: the new `status.used`, or the refusal's text; `None` where the quota does not
    /// speak of these resources. Upstream: resourcequota `CheckRequest`.
    pub fn charge(&self, usage: &Usage, unstated: &dyn Fn(&[&str]) -> Option<String>) -> Option<Result<Usage, String>> {
        let hard = self.enforced.as_ref()?;
        let concerned: Vec<&str> = hard.keys().map(String::as_str).filter(|name| usage.contains_key(*name)).collect();
        if let Some(missing) = unstated(&hard.keys().map(String::as_str).collect::<Vec<_>>()) {
            return Some(Err(format!("failed quota: {}: must specify {missing}", self.name)));
        }
        if concerned.is_empty() {
            return None;
        }
        if concerned.iter().any(|name| !self.used.contains_key(*name)) {
            return Some(Err(format!("status unknown for quota: {}, resources: {}", self.name, concerned.join(","))));
        }
        let mut used = self.used.clone();
        let mut exceeded = Vec::new();
        for name in &concerned {
            let sum = plus(self.used[*name], usage[*name]);
            if sum.nano > hard[*name].nano {
                exceeded.push(*name);
            }
            used.insert((*name).to_owned(), sum);
        }
        if exceeded.is_empty() {
            return Some(Ok(used));
        }
        let list =
            |of: &Usage| exceeded.iter().map(|name| format!("{name}={}", of[*name])).collect::<Vec<_>>().join(",");
        let (requested, used, limited) = (list(usage), list(&self.used), list(hard));
        Some(Err(format!("exceeded quota: {}, requested: {requested}, used: {used}, limited: {limited}", self.name)))
    }
}

fn usage_of(list: &Value) -> Usage {
    let entries = list.as_object().into_iter().flatten();
    entries
        .filter_map(|(name, amount)| {
            let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
            Some((name.clone(), Quantity::parse(&text)?))
        })
        .collect()
}

/// `status` of a quota.
pub fn status_value(hard: &Usage, used: &Usage) -> Value {
    serde_json::json!({"hard": usage_value(hard), "used": usage_value(used)})
}

fn usage_value(usage: &Usage) -> Value {
    Value::Object(usage.iter().map(|(name, amount)| (name.clone(), Value::from(amount.to_string()))).collect())
}

/// Upstream: `Quantity.Add`: a zero takes the format of what is added.
fn plus(one: Quantity, other: Quantity) -> Quantity {
    let format = if one.nano == 0 { other.format } else { one.format };
    Quantity { nano: one.nano + other.nano, format }
}

/// Adds a usage to another one.
pub fn add(total: &mut Usage, usage: &Usage) {
    for (name, amount) in usage {
        let sum = total.get(name).map_or(*amount, |known| plus(*known, *amount));
        total.insert(name.clone(), sum);
    }
}

fn covers(scope: &Scope, template: &PodTemplate) -> bool {
    let spec = &template.spec;
    let terminating = spec.active_deadline_seconds.is_some_and(|seconds| seconds >= 0);
    match scope.name.as_str() {
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "BestEffort" => template.qos == QosClass::BestEffort,
        "NotBestEffort" => template.qos != QosClass::BestEffort,
        "PriorityClass" => {
            let class = spec.priority_class.as_str();
            let listed = scope.values.iter().any(|value| value == class);
            match scope.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "DoesNotExist" => class.is_empty(),
                _ => !class.is_empty(),
            }
        }
        "CrossNamespacePodAffinity" => crosses_namespaces(&template.raw["spec"]["affinity"]),
        _ => false,
    }
}

/// Upstream: core `usesCrossNamespacePodAffinity`.
fn crosses_namespaces(affinity: &Value) -> bool {
    let crosses = |term: &Value| {
        term["namespaces"].as_array().is_some_and(|names| !names.is_empty()) || !term["namespaceSelector"].is_null()
    };
    ["podAffinity", "podAntiAffinity"].into_iter().any(|kind| {
        let required = affinity[kind]["requiredDuringSchedulingIgnoredDuringExecution"].as_array();
        let preferred = affinity[kind]["preferredDuringSchedulingIgnoredDuringExecution"].as_array();
        required.into_iter().flatten().any(crosses)
            || preferred.into_iter().flatten().any(|term| crosses(&term["podAffinityTerm"]))
    })
}

/// What a pod uses. One that has ended, or should have by now, only counts as an object.
/// Upstream: core `PodUsageFunc`, `podComputeUsageHelper`.
pub fn pod_usage(template: &PodTemplate, is_over: bool) -> Usage {
    let mut usage = Usage::from([("count/pods".to_owned(), Quantity::from_whole(1))]);
    if !is_over {
        usage.insert("pods".to_owned(), Quantity::from_whole(1));
        put_compute(&pod_requests(&template.spec), &pod_limits(&template.spec), &mut usage);
    }
    usage
}

fn put_compute(requests: &ResourceList, limits: &ResourceList, usage: &mut Usage) {
    for (name, amount) in &requests.entries {
        let native = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
        if native {
            usage.insert(name.to_string(), *amount);
        }
        if native || name.contains('/') {
            usage.insert(format!("requests.{name}"), *amount);
        }
    }
    for (name, amount) in &limits.entries {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            usage.insert(format!("limits.{name}"), *amount);
        }
    }
}

/// Limits of a whole pod. Upstream: component-helpers `resource.PodLimits`.
fn pod_limits(spec: &PodSpec) -> ResourceList {
    let mut total = ResourceList::default();
    for container in spec.main_containers() {
        total.add(&container.limits);
    }
    let mut sidecars = ResourceList::default();
    let mut peak = ResourceList::default();
    for (index, container) in spec.init_containers().iter().enumerate() {
        if spec.container_kind(index) == ContainerKind::Sidecar {
            total.add(&container.limits);
            sidecars.add(&container.limits);
            peak.max(&sidecars);
        } else {
            let mut running = container.limits.clone();
            running.add(&sidecars);
            peak.max(&running);
        }
    }
    total.max(&peak);
    for (name, quantity) in &spec.pod_limits.entries {
        total.set(name, *quantity);
    }
    for (name, quantity) in &spec.overhead.entries {
        if let Some(known) = total.get(name).filter(|known| known.nano != 0) {
            total.set(name, plus(known, *quantity));
        }
    }
    total
}

/// Compulsory resources of a quota that containers leave out: `limits.cpu for: a,b; memory for: a`.
/// Upstream: core `podEvaluator.Constraints`.
pub fn unstated(template: &PodTemplate, limited: &[&str]) -> Option<String> {
    let spec = &template.spec;
    if !spec.pod_requests.entries.is_empty() || !spec.pod_limits.entries.is_empty() {
        return None;
    }
    let wanted: Vec<&str> = COMPULSORY.into_iter().filter(|name| limited.contains(name)).collect();
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for container in &spec.containers {
        let stated = container_usage(container);
        for name in wanted.iter().filter(|name| !stated.contains_key(**name)) {
            missing.entry(name).or_default().insert(&container.name);
        }
    }
    if missing.is_empty() {
        return None;
    }
    let lines = missing
        .into_iter()
        .map(|(name, containers)| format!("{name} for: {}", containers.into_iter().collect::<Vec<_>>().join(",")));
    Some(lines.collect::<Vec<_>>().join("; "))
}

fn container_usage(container: &Container) -> Usage {
    let mut usage = Usage::new();
    put_compute(&container.requests, &container.limits, &mut usage);
    usage
}

/// What a Service uses. Upstream: core `serviceEvaluator.Usage`.
fn service_usage(service: &Service, usage: &mut Usage) {
    usage.insert("services".to_owned(), Quantity::from_whole(1));
    let ports = Quantity::from_whole(service.ports.len() as i64);
    match service.kind {
        ServiceType::NodePort => {
            usage.insert("services.nodeports".to_owned(), ports);
        }
        ServiceType::LoadBalancer => {
            usage.insert("services.nodeports".to_owned(), ports);
            usage.insert("services.loadbalancers".to_owned(), Quantity::from_whole(1));
        }
        _ => {}
    }
}

/// What an object other than a pod uses. Upstream: core `NewEvaluators`, generic `objectCountEvaluator`.
pub fn object_usage(kind: Kind, raw: &Value, service: Option<&Service>) -> Usage {
    let one = Quantity::from_whole(1);
    let mut usage = Usage::from([(format!("count/{}", kind.resource()), one)]);
    match kind {
        Kind::CONFIG_MAP | Kind::SECRET | Kind::RESOURCE_QUOTA | Kind::REPLICATION_CONTROLLER => {
            usage.insert(kind.resource(), one);
        }
        Kind::SERVICE => {
            if let Some(service) = service {
                service_usage(service, &mut usage);
            }
        }
        Kind::PERSISTENT_VOLUME_CLAIM => {
            usage.insert(kind.resource(), one);
            let storage = raw["spec"]["resources"]["requests"]["storage"].as_str().and_then(Quantity::parse);
            let class = raw["spec"]["storageClassName"].as_str().filter(|class| !class.is_empty());
            let of_class = |name: &str| class.map(|class| format!("{class}.storageclass.storage.k8s.io/{name}"));
            usage.extend(of_class("persistentvolumeclaims").map(|name| (name, one)));
            if let Some(storage) = storage {
                usage.insert("requests.storage".to_owned(), storage);
                usage.extend(of_class("requests.storage").map(|name| (name, storage)));
            }
        }
        _ => {}
    }
    usage
}

/// The kind whose objects a resource of a quota counts, if it is one that is counted by object.
pub fn counted_kind(resource: &str) -> Option<Kind> {
    let name = match resource {
        "services.nodeports" | "services.loadbalancers" => "services",
        "requests.storage" => "persistentvolumeclaims",
        _ => match resource.split_once(".storageclass.storage.k8s.io/") {
            Some(_) => "persistentvolumeclaims",
            None => resource.strip_prefix("count/").unwrap_or(resource),
        },
    };
    Kind::all().find(|kind| kind.is_namespaced() && kind.resource() == name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn quota(used: &Value) -> Quota {
        let hard = json!({"pods": "2", "requests.cpu": "500m"});
        Quota::read("compute", &json!({"spec": {"hard": hard}}), &json!({"hard": hard, "used": used}))
    }

    fn template(resources: &Value) -> PodTemplate {
        let raw =
            json!({"metadata": {}, "spec": {"containers": [{"name": "main", "image": "x", "resources": resources}]}});
        crate::api::convert::pod_template(&raw)
    }

    fn answer(quota: &Quota, template: &PodTemplate) -> Option<Result<Usage, String>> {
        quota.charge(&pod_usage(template, false), &|limited| unstated(template, limited))
    }

    #[test]
    fn a_refusal_names_what_is_exceeded_only() {
        let pod = template(&json!({"requests": {"cpu": "100m"}}));
        let room = quota(&json!({"pods": "1", "requests.cpu": "200m"}));
        let used = answer(&room, &pod).unwrap().unwrap();
        assert_eq!(usage_value(&used), json!({"pods": "2", "requests.cpu": "300m"}));
        let full = quota(&json!({"pods": "2", "requests.cpu": "300m"}));
        let refusal = "exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2";
        assert_eq!(answer(&full, &pod).unwrap(), Err(refusal.to_owned()));
    }

    #[test]
    fn a_container_has_to_state_what_is_limited() {
        let refusal = "failed quota: compute: must specify requests.cpu for: main";
        let room = quota(&json!({"pods": "0", "requests.cpu": "0"}));
        assert_eq!(answer(&room, &template(&json!({}))).unwrap(), Err(refusal.to_owned()));
    }

    #[test]
    fn a_quota_that_was_never_counted_refuses_nothing_yet() {
        let fresh = Quota::read("compute", &json!({"spec": {"hard": {"pods": "0"}}}), &json!({}));
        assert!(answer(&fresh, &template(&json!({}))).is_none());
        let half = Quota::read("q", &json!({}), &json!({"hard": {"pods": "1"}, "used": {}}));
        let refusal = "status unknown for quota: q, resources: pods";
        assert_eq!(answer(&half, &template(&json!({}))).unwrap(), Err(refusal.to_owned()));
    }

    #[test]
    fn scopes_choose_pods() {
        let scoped = |scope: &str| Quota::read("q", &json!({"spec": {"scopes": [scope]}}), &json!({}));
        let (plain, asking) = (template(&json!({})), template(&json!({"requests": {"cpu": "1"}})));
        assert!(scoped("BestEffort").covers_pod(&plain) && !scoped("BestEffort").covers_pod(&asking));
        assert!(scoped("NotTerminating").covers_pod(&plain) && !scoped("Terminating").covers_pod(&plain));
        assert!(!scoped("PriorityClass").covers_pod(&plain));
    }

    #[test]
    fn claims_and_services_are_counted_by_what_they_ask_for() {
        let claim = json!({"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "5Gi"}}}});
        let usage = object_usage(Kind::PERSISTENT_VOLUME_CLAIM, &claim, None);
        assert_eq!(usage["fast.storageclass.storage.k8s.io/requests.storage"], Quantity::parse("5Gi").unwrap());
        assert_eq!(counted_kind("count/deployments.apps"), Some(Kind::DEPLOYMENT));
        assert_eq!(counted_kind("services.nodeports"), Some(Kind::SERVICE));
        assert_eq!(counted_kind("requests.cpu"), None);
    }
}
