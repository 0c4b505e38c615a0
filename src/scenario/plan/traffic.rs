//! `spec.traffic`, ready: rates as curves, names resolved, calls as indexes. Loads that only others cause, and of which
//! the scenario says nothing itself, are added at the end.

use super::amounts::{Context, Usage};
use crate::engine::curve::Curve;
use crate::engine::distribution::Distribution;
use crate::model::kind::Kind;
use crate::scenario::checks;
use crate::scenario::field_path::FieldPath;
use crate::scenario::schema::amounts::Since;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::leaves::{Amount, Duration};
use crate::scenario::schema::traffic as typed;

/// Kinds whose pods can take messages.
pub const CONSUMER_KINDS: [Kind; 6] = [
    Kind::DEPLOYMENT,
    Kind::REPLICA_SET,
    Kind::STATEFUL_SET,
    Kind::DAEMON_SET,
    Kind::REPLICATION_CONTROLLER,
    Kind::JOB,
];

/// Salts of the noise of rates: apart from those of behaviours.
const SALT: u64 = 1 << 32;

/// Where requests go.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// To a Service: namespace and name.
    Service(String, String),
    /// To consumers.
    Consumers {
        /// Their kind.
        kind: Kind,
        /// Their namespace.
        namespace: String,
        /// Their name.
        name: String,
        /// The external metric that shows their backlog.
        metric: Option<String>,
    },
}

/// One load, ready. Numbers are in base units: seconds, bytes, requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Its name.
    pub name: String,
    /// Where requests go.
    pub entry: Entry,
    /// Requests a second, from t=0 on.
    pub rate: Curve,
    /// CPU seconds of a request.
    pub cpu: f64,
    /// Bytes of a request.
    pub memory: f64,
    /// Seconds of a request on an idle pod.
    pub latency: Distribution,
    /// After which a client gives up.
    pub timeout: Option<f64>,
    /// Requests that a pod serves at once.
    pub concurrency: Option<f64>,
    /// Requests that wait.
    pub queue: Option<f64>,
    /// How often a client tries again.
    pub retries: u32,
    /// Loads that each request causes: indexes, and how many requests.
    pub calls: Vec<(usize, f64)>,
    /// Its line in the file, 0 for a load that only others cause.
    pub line: usize,
}

/// `[namespace/]name` in parts.
pub fn service_name<'a>(text: &'a str, namespace: &'a str) -> (&'a str, &'a str) {
    text.split_once('/').unwrap_or((namespace, text))
}

/// `[namespace/]kind/name` in parts.
///
/// # Errors
/// In words.
pub fn target_name(text: &str) -> Result<(&str, Kind, &str), String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (namespace, kind, name) = match parts.as_slice() {
        [kind, name] => ("default", *kind, *name),
        [namespace, kind, name] => (*namespace, *kind, *name),
        _ => return Err(format!("`{text}` is not [namespace/]kind/name, such as deployment/worker")),
    };
    let known = Kind::from_argument(kind).filter(|kind| CONSUMER_KINDS.contains(kind));
    let kind = known.ok_or_else(|| {
        let names: Vec<String> = CONSUMER_KINDS.iter().map(|kind| kind.name().to_ascii_lowercase()).collect();
        format!("`{kind}` is no kind whose pods can take messages ({})", names.join(", "))
    })?;
    Ok((namespace, kind, name))
}

/// Builds all loads; what is wrong with their amounts becomes findings.
pub fn build(
    traffic: &[typed::Traffic],
    amounts: &Context<'_>,
    line_of: &dyn Fn(&FieldPath) -> usize,
    findings: &mut Vec<Finding>,
) -> Vec<Load> {
    let path = FieldPath::of(&["spec", "traffic"]);
    let mut loads = Vec::new();
    for (index, entry) in traffic.iter().enumerate() {
        let own = path.index(index);
        let salt = SALT + index as u64;
        match build_one(entry, amounts, salt) {
            Ok(load) => loads.push(Load { line: line_of(&own), ..load }),
            Err((field, reason)) => findings.push(Finding::value(&checks::BAD_AMOUNT, own.key(field), reason)),
        }
    }
    if loads.len() == traffic.len() {
        for (index, entry) in traffic.iter().enumerate() {
            loads[index].calls = entry.calls.iter().map(|call| called(call, index, &mut loads)).collect();
        }
    }
    loads
}

/// The load that a call goes to: the first one at its Service, or a new one that costs nothing.
fn called(call: &typed::Call, caller: usize, loads: &mut Vec<Load>) -> (usize, f64) {
    let from = match &loads[caller].entry {
        Entry::Service(namespace, _) | Entry::Consumers { namespace, .. } => namespace.clone(),
    };
    let (namespace, name) = service_name(&call.service, &from);
    let entry = Entry::Service(namespace.to_owned(), name.to_owned());
    let found = loads.iter().position(|load| load.entry == entry).unwrap_or_else(|| {
        loads.push(Load { name: call.service.clone(), ..Load::free(entry) });
        loads.len() - 1
    });
    (found, call.per.unwrap_or(1.0))
}

fn build_one(typed: &typed::Traffic, amounts: &Context<'_>, salt: u64) -> Result<Load, (&'static str, String)> {
    let rate = match amounts.usage(&typed.rps, salt).map_err(|reason| ("rps", reason))? {
        Usage::Drawn(Distribution::Constant(rate)) => Curve::Constant(rate),
        Usage::Drawn(_) => {
            let reason = "a rate is a number or a curve: a distribution would be drawn for no container";
            return Err(("rps", reason.to_owned()));
        }
        Usage::Curve(curve) if curve.since == Since::Container => {
            return Err(("rps", "the times of a rate count from the start of the run".to_owned()));
        }
        Usage::Curve(curve) => curve.curve,
    };
    if let Some(lowest) = negative(&rate) {
        return Err((
            "rps",
            format!("the rate falls to {lowest} requests a second: a wave's amplitude is greater than its mean"),
        ));
    }
    let cost = typed.cost.as_ref();
    let cpu = cost.and_then(|cost| cost.cpu).map_or(0.0, |Duration(cpu)| cpu.as_secs_f64());
    let latency = match &typed.latency {
        Some(latency) => amounts.duration(latency).map_err(|reason| ("latency", reason))?,
        None => Distribution::Constant(cpu),
    };
    let entry = match (&typed.service, &typed.target) {
        (Some(service), _) => {
            let (namespace, name) = service_name(service, "default");
            Entry::Service(namespace.to_owned(), name.to_owned())
        }
        (None, target) => {
            let (namespace, kind, name) =
                target_name(target.as_deref().unwrap_or_default()).map_err(|reason| ("target", reason))?;
            let metric = typed.backlog.as_ref().map(|backlog| backlog.external.clone());
            Entry::Consumers { kind, namespace: namespace.to_owned(), name: name.to_owned(), metric }
        }
    };
    let at_once = matches!(entry, Entry::Consumers { .. }).then_some(1.0);
    Ok(Load {
        name: typed.name.clone(),
        rate,
        cpu,
        memory: cost.and_then(|cost| cost.memory).map_or(0.0, Amount::units),
        latency,
        timeout: typed.timeout.map(|Duration(timeout)| timeout.as_secs_f64()),
        concurrency: typed.concurrency.map(f64::from).or(at_once),
        queue: typed.queue.map(f64::from),
        retries: typed.retries.unwrap_or(0),
        ..Load::free(entry)
    })
}

/// The lowest rate, if it is below zero for certain. (The parts of a sum need not be lowest at once.)
fn negative(rate: &Curve) -> Option<f64> {
    match rate {
        Curve::Sum(_) => None,
        Curve::Noisy { curve, .. } => negative(curve),
        other => Some(other.lower_bound()).filter(|lowest| *lowest < 0.0),
    }
}

impl Load {
    /// Nothing by itself, and requests that cost nothing.
    fn free(entry: Entry) -> Self {
        Self {
            name: String::new(),
            entry,
            rate: Curve::Constant(0.0),
            cpu: 0.0,
            memory: 0.0,
            latency: Distribution::Constant(0.0),
            timeout: None,
            concurrency: None,
            queue: None,
            retries: 0,
            calls: Vec::new(),
            line: 0,
        }
    }
}
