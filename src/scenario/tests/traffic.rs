//! `spec.traffic` from text to loads, and what is refused in it.

use super::*;
use crate::scenario::plan::traffic::Entry;

fn traffic(entries: &str) -> String {
    spec(&format!("  traffic:\n{entries}"))
}

#[test]
fn loads_have_curves_names_and_indexes() {
    let plan = plan(&traffic(
        "    - name: shoppers\n      service: shop/front\n      rps: { sum: [ 10, { steps: [ [ 0s, 0 ], [ 1m, 5 ] ] } ] }\n      \
         cost: { cpu: 4ms }\n      calls: [ { service: cart, per: 2 }, { service: other/db } ]\n    \
         - { name: cart, service: shop/cart, rps: 0, latency: 5ms }\n    \
         - { name: orders, target: other/statefulset/worker, backlog: { external: waiting }, rps: 3 }\n",
    ));
    let names: Vec<&str> = plan.traffic.iter().map(|load| load.name.as_str()).collect();
    assert_eq!(names, ["shoppers", "cart", "orders", "other/db"]);
    let shoppers = &plan.traffic[0];
    assert_eq!(shoppers.entry, Entry::Service("shop".to_owned(), "front".to_owned()));
    assert_eq!(shoppers.calls, [(1, 2.0), (3, 1.0)]);
    assert_eq!((shoppers.rate.value_at(0.0), shoppers.rate.value_at(60.0)), (10.0, 15.0));
    assert_eq!((shoppers.cpu, shoppers.latency.mean()), (0.004, 0.004));
    assert!(matches!(&plan.traffic[2].entry, Entry::Consumers { namespace, metric: Some(metric), .. }
        if namespace == "other" && metric == "waiting"));
    assert_eq!((plan.traffic[2].concurrency, shoppers.concurrency), (Some(1.0), None));
    assert_eq!(plan.traffic[1].line, 12);
}

#[test]
fn circles_are_refused_once_with_their_way() {
    let found = errors(&traffic(
        "    - { name: a, service: a, rps: 1, calls: [ { service: b } ] }\n    \
         - { name: b, service: b, rps: 0, calls: [ { service: c } ] }\n    \
         - { name: c, service: c, rps: 0, calls: [ { service: a }, { service: d } ] }\n",
    ));
    let circles: Vec<&String> = found.iter().filter(|error| error.contains("E0026")).collect();
    assert_eq!(circles.len(), 1, "{found:?}");
    assert!(circles[0].contains("a → b → c → a"), "{}", circles[0]);
    assert!(circles[0].contains("web.yaml:7"), "{}", circles[0]);
}

#[test]
fn rates_that_make_no_sense_are_errors_at_their_place() {
    for (entry, words) in [
        ("{ name: a, service: a, rps: -5 }", "negative"),
        ("{ name: a, service: a, rps: { sine: { mean: 5, amplitude: 10, period: 1h } } }", "falls to -5"),
        ("{ name: a, service: a, rps: { uniform: { min: 1, max: 2 } } }", "a number or a curve"),
        ("{ name: a, service: a, rps: { steps: [ [ 0s, 1 ] ], since: container } }", "from the start of the run"),
        ("{ name: a, service: a, rps: { csv: rates-without-header.csv } }", "expected `time_s,rps`"),
        ("{ name: a, service: a, rps: { csv: missing.csv } }", "missing.csv"),
        ("{ name: a, service: a, rps: { prometheus: rates-without-header.csv } }", "no answer of Prometheus"),
        ("{ name: a, service: a/b/c, rps: 1 }", "is not [namespace/]name"),
        ("{ name: a, target: worker, rps: 1 }", "is not [namespace/]kind/name"),
        ("{ name: a, target: service/worker, rps: 1 }", "no kind whose pods can take messages"),
        ("{ name: a, service: a, rps: 1, backlog: { external: x } }", "wait at its pods"),
        ("{ name: a, target: deployment/a, rps: 1, retries: 2 }", "nobody sends them again"),
        ("{ name: a, rps: 1 }", "service"),
    ] {
        let found = errors(&traffic(&format!("    - {entry}\n")));
        assert!(found.iter().any(|error| error.contains(words)), "{entry}: {found:?}");
        assert!(found.iter().all(|error| error.contains("web.yaml:7")), "{entry}: {found:?}");
    }
}

#[test]
fn rates_come_from_files() {
    let plan = plan(&traffic("    - { name: a, service: a, rps: { csv: { file: rates.csv, join: linear } } }\n"));
    // In requests a minute.
    assert_eq!((plan.traffic[0].rate.value_at(0.0), plan.traffic[0].rate.value_at(30.0)), (10.0, 15.0));
}
