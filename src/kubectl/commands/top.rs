//! `kubectl top nodes` and `kubectl top pods`: what metrics-server serves.
//! Upstream: kubectl cmd/top, metricsutil/metrics_printer.go.

use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::resources::Resources;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::super::printers::table::Table;
use super::Outcome;
use super::information::words;

/// Pods younger than this may have no metrics yet. Upstream: top_pod.go `metricsCreationDelay`.
const CREATION_DELAY: SimDuration = SimDuration::from_secs(120);

/// Millicores and bytes; `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts {
    cpu_milli: Option<u64>,
    memory: Option<u64>,
}

impl Amounts {
    fn add(&mut self, cpu_milli: Option<u64>, memory: Option<u64>) {
        let sum = |known: Option<u64>, more: Option<u64>| match (known, more) {
            (Some(known), Some(more)) => Some(known + more),
            (known, more) => known.or(more),
        };
        self.cpu_milli = sum(self.cpu_milli, cpu_milli);
        self.memory = sum(self.memory, memory);
    }

    /// Upstream: `printSingleResourceUsage`: what is absent is zero in its quantity.
    fn cells(self) -> [String; 2] {
        [format!("{}m", self.cpu_milli.unwrap_or(0)), format!("{}Mi", self.memory.unwrap_or(0) >> 20)]
    }
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Name,
    Cpu,
    Memory,
}

fn order(line: &CommandLine) -> Result<Order, Failure> {
    match line.flags.text("sort-by") {
        "" => Ok(Order::Name),
        "cpu" => Ok(Order::Cpu),
        "memory" => Ok(Order::Memory),
        _ => Err(Failure::error("--sort-by accepts only cpu or memory".to_owned())),
    }
}

/// The greatest first; equal ones and those without an order by name.
fn sort<T>(rows: &mut [(String, Amounts, T)], order: Order) {
    rows.sort_by(|(left_name, left, _), (right_name, right, _)| {
        let by = match order {
            Order::Name => std::cmp::Ordering::Equal,
            Order::Cpu => right.cpu_milli.cmp(&left.cpu_milli),
            Order::Memory => right.memory.cmp(&left.memory),
        };
        by.then_with(|| left_name.cmp(right_name))
    });
}

/// Upstream: cmd/top `TopPodOptions.Validate`, `TopNodeOptions.Validate`.
fn only_one_of(line: &CommandLine) -> Result<(), Failure> {
    if !line.arguments.is_empty() && (line.flags.has("selector") || line.flags.has("field-selector")) {
        return Err(Failure::error("only one of NAME or selector can be provided"));
    }
    Ok(())
}

/// What the containers of each node use, of its allocatable or its capacity.
pub(super) fn top_nodes(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let order = order(line)?;
    if line.arguments.len() > 1 {
        return Err(Failure::usage("top node", "node [NAME | -l label]"));
    }
    only_one_of(line)?;
    if !call.cluster.metrics.is_up() {
        return Err(Failure::error("Metrics API not available"));
    }
    let mut nodes = listing::list(call.cluster, Kind::NODE, None, &Filter::of(line, Kind::NODE)?);
    if let Some(name) = line.arguments.first() {
        nodes = vec![call.find(Kind::NODE, "", name)?];
    }
    let mut rows: Vec<(String, Amounts, NodeId)> = Vec::new();
    for node in nodes {
        let id = NodeId(node.id);
        // The node's own numbers come from the same scrapes as its pods'.
        let up_for_two_scrapes = call.cluster.metrics.has_scraped_twice(call.now);
        if !up_for_two_scrapes || !call.machines.has_machine(id) {
            continue;
        }
        let mut amounts = Amounts { cpu_milli: Some(0), memory: Some(0) };
        for pod in call.cluster.pods_on(id) {
            for sample in call.cluster.metrics.sample(call.now, pod).into_iter().flat_map(|sample| sample.containers) {
                amounts.add(sample.cpu_milli(), sample.memory);
            }
        }
        rows.push((call.cluster.identity(node).1.to_owned(), amounts, id));
    }
    if rows.is_empty() {
        return Err(match line.arguments.first() {
            Some(name) => {
                Failure::plain(format!("Error from server (NotFound): nodemetrics.metrics.k8s.io \"{name}\" not found"))
            }
            None => Failure::error("metrics not available yet".to_owned()),
        });
    }
    sort(&mut rows, order);
    let header = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"];
    let mut table = Table { headers: words(&header), rows: Vec::new() };
    for (name, amounts, node) in rows {
        let Some(columns) = call.cluster.body(ObjectRef::node(node)).as_node() else { continue };
        let whole = if line.flags.is_on("show-capacity", false) {
            Resources::from_list(&columns.capacity)
        } else {
            columns.allocatable_resources.clone()
        };
        let [cpu, memory] = amounts.cells();
        let share = |part: Option<u64>, whole: i64| percent(part.unwrap_or(0), whole);
        table.rows.push(vec![
            name,
            cpu,
            share(amounts.cpu_milli, whole.cpu_milli),
            memory,
            share(amounts.memory, whole.memory),
        ]);
    }
    table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    Ok(Outcome::Done)
}

fn percent(part: u64, whole: i64) -> String {
    let whole = u64::try_from(whole).unwrap_or(0);
    format!("{}%", (part * 100).checked_div(whole).unwrap_or(0))
}

/// What pods, or with `--containers` their containers, use.
pub(super) fn top_pods(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let order = order(line)?;
    only_one_of(line)?;
    if !call.cluster.metrics.is_up() {
        return Err(Failure::error("Metrics API not available"));
    }
    let everywhere = line.flags.is_on("all-namespaces", false);
    let containers = line.flags.is_on("containers", false);
    let namespace = line.namespace(call.context_namespace).to_owned();
    let scope = (!everywhere).then_some(namespace.as_str());
    let mut pods = listing::list(call.cluster, Kind::POD, scope, &Filter::of(line, Kind::POD)?);
    if let Some(name) = line.arguments.first() {
        pods = vec![call.find(Kind::POD, &namespace, name)?];
    }
    let pods: Vec<PodId> = pods.into_iter().filter_map(ObjectRef::as_pod).collect();
    let mut rows = pod_rows(call, &pods);
    if rows.is_empty() {
        if let Some(name) = line.arguments.first() {
            let text =
                format!("Error from server (NotFound): podmetrics.metrics.k8s.io \"{namespace}/{name}\" not found");
            return Err(Failure::plain(text));
        }
        check_ages(call, &pods)?;
        printed.err_line(if everywhere {
            "No resources found".to_owned()
        } else {
            format!("No resources found in {namespace} namespace.")
        });
        return Ok(Outcome::Done);
    }
    sort(&mut rows, order);
    let mut table = Table { headers: headers(everywhere, containers), rows: Vec::new() };
    let mut total = Amounts::default();
    for (_, amounts, (pod, own)) in rows {
        total.add(amounts.cpu_milli, amounts.memory);
        let row = call.cluster.pod(pod);
        let mut begin = Vec::new();
        if everywhere {
            begin.push(call.cluster.namespace_name(row.namespace).to_owned());
        }
        begin.push(row.name.to_string());
        if containers {
            let mut own: Vec<(String, Amounts, ())> =
                own.into_iter().map(|(name, amounts)| (name, amounts, ())).collect();
            sort(&mut own, order);
            for (name, amounts, ()) in own {
                table.rows.push([begin.clone(), vec![name], amounts.cells().to_vec()].concat());
            }
        } else {
            table.rows.push([begin, amounts.cells().to_vec()].concat());
        }
    }
    if line.flags.is_on("sum", false) {
        // Upstream: metricsutil `printPodResourcesSum`.
        let blank = vec![String::new(); table.headers.len() - 2];
        table.rows.push([blank.clone(), words(&["________", "________"])].concat());
        table.rows.push([blank, total.cells().to_vec()].concat());
    }
    table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    Ok(Outcome::Done)
}

fn headers(everywhere: bool, containers: bool) -> Vec<String> {
    let mut headers = Vec::new();
    if everywhere {
        headers.push("NAMESPACE");
    }
    headers.extend(if containers { ["POD", "NAME"].as_slice() } else { ["NAME"].as_slice() });
    headers.extend(["CPU(cores)", "MEMORY(bytes)"]);
    words(&headers)
}

type Containers = Vec<(String, Amounts)>;

/// Pods with metrics: their name for sorting, their sums, their containers.
fn pod_rows(call: &Call<'_>, pods: &[PodId]) -> Vec<(String, Amounts, (PodId, Containers))> {
    let row = |pod: &PodId| {
        let sample = call.cluster.metrics.sample(call.now, *pod)?;
        let containers = &call.cluster.template_of(*pod).spec.containers;
        let (mut sum, mut own) = (Amounts::default(), Vec::new());
        for sample in sample.containers {
            sum.add(sample.cpu_milli(), sample.memory);
            let amounts = Amounts { cpu_milli: sample.cpu_milli(), memory: sample.memory };
            own.push((containers[usize::from(sample.container)].name.to_string(), amounts));
        }
        let row = call.cluster.pod(*pod);
        let name = format!("{}/{}", call.cluster.namespace_name(row.namespace), row.name);
        Some((name, sum, (*pod, own)))
    };
    pods.iter().filter_map(row).collect()
}

/// Upstream: `verifyEmptyMetrics`, `checkPodAge`.
fn check_ages(call: &Call<'_>, pods: &[PodId]) -> Result<(), Failure> {
    for pod in pods {
        let row = call.cluster.pod(*pod);
        let age = call.now.since(SimTime::from_secs(row.created.as_secs()));
        if age > CREATION_DELAY {
            let namespace = call.cluster.namespace_name(row.namespace);
            return Err(Failure::error(format!("Metrics not available for pod {namespace}/{}, age: {age}", row.name)));
        }
    }
    Ok(())
}
