//! `kubectl expose` and `kubectl autoscale`.

use serde_json::{Map, Value, json};

use crate::api::patch::merge_patch;
use crate::model::kind::Kind;
use crate::model::quantity::Quantity;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing::{self, Target};
use super::super::output::Printed;
use super::super::requests::DryRun;
use super::super::resources;
use super::Outcome;
use super::create::{Wording, send};
use super::run::pairs;

/// Upstream: apimachinery util/validation `DNS1035LabelMaxLength`.
const LONGEST_NAME: usize = 63;

pub(super) fn expose(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let named = call.named(&line.arguments)?;
    let mut failures = Vec::new();
    for target in listing::targets(call, line, &named, printed)? {
        let sent = service_for(line, &target)
            .and_then(|service| send(call, line, service, "exposed", Wording::Server, printed));
        failures.extend(sent.err());
    }
    printed.fail_all(failures);
    Ok(Outcome::Done)
}

fn service_for(line: &CommandLine, target: &Target) -> Result<Value, Failure> {
    let (kind, view) = (target.kind, &target.value);
    refuse_unexposable(kind)?;
    let affinity = line.flags.text("session-affinity");
    if !["", "None", "ClientIP"].contains(&affinity) {
        return Err(Failure::error(format!("unknown session affinity: {affinity}")));
    }
    let selector = match line.flags.text("selector") {
        "" => selector_of(kind, view)?,
        given => pairs(given)?,
    };
    let labels = match line.flags.text("labels") {
        "" => view["metadata"]["labels"].as_object().cloned().unwrap_or_default(),
        given => pairs(given)?,
    };
    let name = match line.flags.text("name") {
        "" => view["metadata"]["name"].as_str().unwrap_or_default().chars().take(LONGEST_NAME).collect(),
        given => given.to_owned(),
    };
    let headless = line.flags.text("cluster-ip") == "None";
    let ports = ports(line, kind, view, headless)?;
    let mut spec = json!({"ports": ports, "selector": selector});
    for (flag, field) in [
        ("type", "type"),
        ("cluster-ip", "clusterIP"),
        ("session-affinity", "sessionAffinity"),
        ("external-ip", "externalIP"),
        ("load-balancer-ip", "loadBalancerIP"),
    ] {
        let is_meant = flag != "load-balancer-ip" || line.flags.text("type") == "LoadBalancer";
        if line.flags.has(flag) && is_meant {
            spec[field] = json!(line.flags.text(flag));
        }
    }
    if let Some(address) = spec.as_object_mut().and_then(|spec| spec.remove("externalIP")) {
        spec["externalIPs"] = json!([address]);
    }
    if spec["ports"].as_array().is_some_and(Vec::is_empty) {
        spec.as_object_mut().map(|spec| spec.remove("ports"));
    }
    let mut metadata = json!({"name": name});
    if !labels.is_empty() {
        metadata["labels"] = Value::Object(labels);
    }
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec,
        "status": {"loadBalancer": {}},
    });
    let overrides = line.flags.text("overrides");
    if overrides.is_empty() {
        return Ok(service);
    }
    let overrides = serde_json::from_str(overrides).map_err(|_| Failure::error("Invalid JSON Patch"))?;
    Ok(merge_patch(&service, &overrides))
}

/// Upstream: kubectl polymorphichelpers `mapBasedSelectorForObject`.
fn selector_of(kind: Kind, view: &Value) -> Result<Map<String, Value>, Failure> {
    let none = |text: &str| {
        Failure::error(format!("couldn't retrieve selectors via --selector flag or introspection: {text}"))
    };
    match kind {
        Kind::POD => view["metadata"]["labels"]
            .as_object()
            .filter(|labels| !labels.is_empty())
            .cloned()
            .ok_or_else(|| none("the pod has no labels and cannot be exposed")),
        Kind::SERVICE | Kind::REPLICATION_CONTROLLER => {
            view["spec"]["selector"].as_object().cloned().ok_or_else(|| none("the service has no pod selector set"))
        }
        Kind::DEPLOYMENT | Kind::REPLICA_SET => {
            let selector = &view["spec"]["selector"];
            if selector["matchExpressions"].as_array().is_some_and(|list| !list.is_empty()) {
                return Err(none("couldn't convert expressions - \"matchExpressions\" to map-based selector format"));
            }
            Ok(selector["matchLabels"].as_object().cloned().unwrap_or_default())
        }
        _ => Ok(Map::new()),
    }
}

/// Upstream: kubectl polymorphichelpers `canBeExposed`.
fn refuse_unexposable(kind: Kind) -> Result<(), Failure> {
    let known =
        [Kind::REPLICATION_CONTROLLER, Kind::SERVICE, Kind::POD, Kind::DEPLOYMENT, Kind::REPLICA_SET].contains(&kind);
    if known {
        return Ok(());
    }
    let version = kind.api_version();
    let group = version.split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
    Err(Failure::error(format!("cannot expose a {}{group}", kind.name())))
}

/// Upstream: kubectl cmd/expose `ExposeServiceOptions.createService`.
fn ports(line: &CommandLine, kind: Kind, view: &Value, headless: bool) -> Result<Vec<Value>, Failure> {
    let own = own_ports(kind, view);
    let numbers: Vec<&str> = match line.flags.text("port") {
        "" => own.iter().map(|(number, _)| number.as_str()).collect(),
        given => given.split(',').collect(),
    };
    if numbers.is_empty() && !headless {
        return Err(Failure::error("couldn't find port via --port flag or introspection"));
    }
    let (protocol, target) = (line.flags.text("protocol"), line.flags.text("target-port"));
    let mut entries = Vec::new();
    for (place, number) in numbers.iter().enumerate() {
        let Ok(port) = number.parse::<i64>() else {
            return Err(Failure::error(format!("strconv.Atoi: parsing \"{number}\": invalid syntax")));
        };
        let known = own.iter().find(|(known, _)| known == number);
        let protocols: Vec<&str> = match known {
            Some((_, protocols)) if protocol.is_empty() => protocols.iter().map(String::as_str).collect(),
            _ => vec![if protocol.is_empty() { "TCP" } else { protocol }],
        };
        for protocol in &protocols {
            let target = if target.is_empty() { number } else { target };
            let target = target.parse::<i64>().map_or_else(|_| json!(target), |number| json!(number));
            let mut entry = json!({"port": port, "protocol": protocol, "targetPort": target});
            if protocols.len() > 1 {
                entry["name"] = json!(format!("port-{}-{}", place + 1, protocol.to_lowercase()));
            } else if numbers.len() > 1 {
                entry["name"] = json!(format!("port-{}", place + 1));
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// The ports of what is exposed, each with its protocols. Upstream: kubectl polymorphichelpers `portsForObject`,
/// `multiProtocolsForObject`.
fn own_ports(kind: Kind, view: &Value) -> Vec<(String, Vec<String>)> {
    let spec = if kind == Kind::POD { &view["spec"] } else { &view["spec"]["template"]["spec"] };
    let (lists, number): (Vec<&Value>, &str) = if kind == Kind::SERVICE {
        (vec![&view["spec"]["ports"]], "port")
    } else {
        let containers = spec["containers"].as_array().into_iter().flatten();
        (containers.map(|container| &container["ports"]).collect(), "containerPort")
    };
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for port in lists.into_iter().filter_map(Value::as_array).flatten() {
        let (number, protocol) = (port[number].to_string(), port["protocol"].as_str().unwrap_or("TCP").to_owned());
        match found.iter_mut().find(|(known, _)| *known == number) {
            Some((_, protocols)) => protocols.push(protocol),
            None => found.push((number, vec![protocol])),
        }
    }
    found
}

pub(super) fn autoscale(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let (minimum, maximum) = (line.flags.number("min").unwrap_or(-1), line.flags.number("max").unwrap_or(-1));
    if maximum < 1 {
        return Err(Failure::error(format!("--max=MAXPODS is required and must be at least 1, max: {maximum}")));
    }
    if maximum < minimum {
        return Err(Failure::error(format!(
            "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {maximum}, min: {minimum}"
        )));
    }
    let named = call.named(&line.arguments)?;
    for Target { kind, name, .. } in listing::targets(call, line, &named, printed)? {
        if !Kind::SCALABLE.contains(&kind) {
            let version = resources::group_version(&kind.api_version());
            return Err(Failure::error(format!(
                "cannot autoscale a {}: could not find scale subresource for {version}, Resource={} in discovery information",
                kind.name(),
                kind.plural()
            )));
        }
        let own_name = line.flags.text("name");
        let mut spec = json!({
            "maxReplicas": maximum,
            "scaleTargetRef": {"apiVersion": kind.api_version(), "kind": kind.name(), "name": name},
        });
        if minimum >= 1 {
            spec["minReplicas"] = json!(minimum);
        }
        let metrics = metric_targets(line)?;
        if !metrics.is_empty() {
            spec["metrics"] = Value::Array(metrics);
        } else if let Some(percent) = line.flags.number("cpu-percent").filter(|percent| *percent >= 0) {
            spec["targetCPUUtilizationPercentage"] = json!(percent);
        }
        let version = if spec["metrics"].is_array() { "autoscaling/v2" } else { "autoscaling/v1" };
        let autoscaler = json!({
            "apiVersion": version, "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": if own_name.is_empty() { name.as_str() } else { own_name }}, "spec": spec,
            "status": {"currentReplicas": 0, "desiredReplicas": 0},
        });
        let verb = if DryRun::of(line)? == DryRun::Client { "created" } else { "autoscaled" };
        send(call, line, autoscaler, verb, Wording::Server, printed)?;
    }
    Ok(Outcome::Done)
}

/// `--cpu` and `--memory`: a percentage of the requests, or an average amount (of millicores and MiB without a unit).
/// Upstream: kubectl cmd/autoscale `createHorizontalPodAutoscalerV2`, `parseResourceInput`.
fn metric_targets(line: &CommandLine) -> Result<Vec<Value>, Failure> {
    let mut metrics = Vec::new();
    for (resource, unit) in [("cpu", "m"), ("memory", "Mi")] {
        let given = line.flags.text(resource);
        if given.is_empty() {
            continue;
        }
        let target = if let Some(percent) = given.strip_suffix('%') {
            let percent: i32 = percent.parse().ok().filter(|percent| *percent > 0).ok_or_else(|| {
                Failure::error(format!("invalid value for {resource} target: {given}: must be a positive percentage"))
            })?;
            json!({"type": "Utilization", "averageUtilization": percent})
        } else {
            let bare = given.bytes().all(|byte| byte.is_ascii_digit());
            let amount = if bare { format!("{given}{unit}") } else { given.to_owned() };
            if Quantity::parse(&amount).is_none_or(|quantity| quantity.nano <= 0) {
                return Err(Failure::error(format!("invalid value for {resource} target: {given}")));
            }
            json!({"type": "AverageValue", "averageValue": amount})
        };
        metrics.push(json!({"type": "Resource", "resource": {"name": resource, "target": target}}));
    }
    Ok(metrics)
}
