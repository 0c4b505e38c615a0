//! Loads alone, without a cluster: what comes is served, dropped or waits, whatever happens.

use proptest::prelude::*;

use super::endpoints::Reach;
use super::load::Load;
use super::settings::{Call, LoadSettings};
use super::site::Site;
use super::totals::Reason;
use super::*;
use crate::engine::distribution::Distribution;

const RUN: ContainerId = ContainerId(0);

/// A load of this many requests a second at pods of one core each; a request takes 40 ms, 10 ms of it CPU.
fn load(rate: f64, pods: u32, change: impl Fn(&mut LoadSettings)) -> Load {
    let mut settings = LoadSettings::at_service("load", "default", "web");
    (settings.cpu, settings.latency) = (0.01, Distribution::Constant(0.04));
    change(&mut settings);
    let mut load = Load::new(settings, SimDuration::ZERO, SimTime::ZERO);
    load.own = rate;
    load.sites = (0..pods).map(|pod| Site::new(PodId(pod), Reach::Serving(RUN, pod + 1))).collect();
    look(&mut load, 1.0);
    load
}

/// Works the load out anew, with so many cores a pod.
fn look(load: &mut Load, cores: f64) {
    let mut sites = std::mem::take(&mut load.sites);
    let common = load.common();
    for site in &mut sites {
        site.equip(cores, &common);
    }
    load.sites = sites;
    load.resolve();
}

/// Lets time pass, with a look whenever a queue reaches its end.
fn pass(load: &mut Load, seconds: f64, cores: f64) {
    let end = load.at + SimDuration::from_secs_f64(seconds);
    while load.at < end {
        let lasts = load.queues().map(|site| site.course.lasts).fold(f64::INFINITY, f64::min);
        let step =
            if lasts.is_finite() { SimDuration(SimDuration::from_secs_f64(lasts).0 + 1) } else { SimDuration::MAX };
        let next = if step.0 < end.since(load.at).0 { load.at + step } else { end };
        load.advance(next);
        look(load, cores);
    }
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} {expected}");
}

#[test]
fn an_overload_waits_then_times_out_and_drains() {
    // 250 a second at two pods that serve 100 each; clients give up after 2 s.
    let mut load = load(250.0, 2, |settings| settings.timeout = 2.0);
    near(load.rates.served, 200.0, 1e-9);
    near(load.rates.dropped(), 0.0, 1e-9);
    // Room for 1.96 s × 200/s, filled by 50/s.
    pass(&mut load, 1.96 * 200.0 / 50.0, 1.0);
    near(load.backlog(), 392.0, 1e-6);
    near(load.rates.dropped(), 50.0, 1e-3);
    pass(&mut load, 10.0, 1.0);
    near(load.counts.dropped[Reason::Timeout as usize], 500.0, 0.1);
    assert!(load.response > 1.9 && load.response <= 2.0, "{}", load.response);
    load.own = 100.0;
    look(&mut load, 1.0);
    pass(&mut load, 3.92, 1.0);
    near(load.backlog(), 0.0, 1e-6);
    assert!(load.response < 0.05, "{}", load.response);
}

#[test]
fn retries_multiply_what_an_overload_brings() {
    let overloaded = |retries| {
        let change = |settings: &mut LoadSettings| (settings.queue, settings.retries) = (0.0, retries);
        load(300.0, 2, change)
    };
    let (once, again) = (overloaded(0), overloaded(3));
    // Without retries 300 tries; with three of them 300 (1 + p + p² + p³) with p = 1 − 200/a, about: more tries, hardly
    // more served.
    near(once.attempts, 300.0, 1e-9);
    assert!(again.attempts > 450.0, "{}", again.attempts);
    near(again.rates.requests, 300.0, 1e-6);
    near(again.rates.served + again.rates.dropped(), 300.0, 1e-6);
    near(again.attempts - again.rates.retries, 300.0, 1e-6);
    assert!(again.rates.served >= once.rates.served - 1e-9 && again.rates.served <= 200.0);
}

#[test]
fn a_pod_that_refuses_fails_its_share_unless_clients_try_again() {
    let half = |retries| {
        let mut load = load(50.0, 2, |settings| settings.retries = retries);
        load.sites[1].reach = Reach::Refused;
        look(&mut load, 1.0);
        load
    };
    let (once, again) = (half(0), half(2));
    near(once.rates.dropped[Reason::Refused as usize], 25.0, 1e-9);
    // One in eight is refused three times.
    near(again.rates.dropped[Reason::Refused as usize], 50.0 / 8.0, 1e-6);
    near(again.attempts, 50.0 * 1.75, 1e-6);
}

#[test]
fn less_cpu_is_less_served_and_more_latency() {
    let mut load = load(80.0, 1, |_| ());
    let fast = load.response;
    look(&mut load, 0.5);
    near(load.rates.served, 50.0, 1e-9);
    pass(&mut load, 10.0, 0.5);
    near(load.backlog(), 300.0, 1e-6);
    assert!(load.response > 5.0 && fast < 0.06, "{fast} {}", load.response);
    let common = load.common();
    near(load.sites[0].cores_used(&common), 0.5, 1e-9);
    // 302 requests, a quarter of a core each.
    near(load.sites[0].cores_wanted(&common), 302.0 / 4.0, 1e-6);
}

#[test]
fn requests_of_a_pod_that_is_gone_are_lost() {
    let mut load = load(150.0, 1, |_| ());
    pass(&mut load, 4.0, 1.0);
    let (waiting, in_service) = (load.sites[0].backlog, load.sites[0].in_service());
    near(waiting, 200.0, 1e-6);
    near(in_service, 4.0, 1e-9);
    let served = load.counts.served;
    load.sites.clear();
    load.lose(waiting, in_service);
    load.resolve();
    near(load.counts.dropped[Reason::Killed as usize], 204.0, 1e-6);
    near(load.counts.served, served - 4.0, 1e-6);
    near(load.rates.dropped[Reason::NoEndpoints as usize], 150.0, 1e-9);
}

#[test]
fn consumers_share_one_backlog() {
    let mut settings = LoadSettings::at_service("orders", "default", "x");
    let (namespace, name, metric) = ("default".to_owned(), "worker".to_owned(), "orders".to_owned());
    settings.entry = Entry::Consumers { kind: Kind::DEPLOYMENT, namespace, name, metric };
    (settings.latency, settings.concurrency) = (Distribution::Constant(0.5), 1.0);
    let mut load = Load::new(settings, SimDuration::ZERO, SimTime::ZERO);
    load.own = 10.0;
    look(&mut load, 1.0);
    pass(&mut load, 60.0, 1.0);
    near(load.backlog(), 600.0, 1e-6);
    // Eight workers take 16 a second.
    load.sites = (0..8).map(|pod| Site::new(PodId(pod), Reach::Serving(RUN, pod + 1))).collect();
    look(&mut load, 1.0);
    near(load.rates.served, 16.0, 1e-9);
    near(load.sites[3].course.served, 2.0, 1e-9);
    pass(&mut load, 100.0, 1.0);
    near(load.backlog(), 0.0, 1e-6);
    near(load.counts.served, 1600.0, 1e-3);
}

#[test]
fn callers_come_before_those_they_call() {
    let mut loads: Vec<LoadSettings> =
        ["db", "cart", "front"].iter().map(|name| LoadSettings::at_service(name, "default", name)).collect();
    loads[1].calls.push(Call { load: 0, per: 2.0 });
    loads[2].calls.extend([Call { load: 0, per: 1.0 }, Call { load: 1, per: 1.0 }]);
    assert_eq!(callers_first(&loads), [2, 1, 0]);
}

proptest! {
    #[test]
    fn what_came_is_served_dropped_or_waits(
        deeds in proptest::collection::vec((0.0..400.0f64, 0.0..2.0f64, 0.0..20.0f64, 0u32..4), 1..12),
        timeout in prop_oneof![Just(f64::INFINITY), 0.01..4.0f64],
        queue in prop_oneof![Just(f64::INFINITY), 0.0..300.0f64],
        retries in 0u32..4,
        random in any::<bool>(),
    ) {
        let mut load = load(0.0, 3, |settings| {
            (settings.timeout, settings.queue, settings.retries) = (timeout, queue, retries);
            if random {
                settings.latency = Distribution::exponential(0.05).unwrap();
            }
        });
        let mut came = 0.0;
        for (rate, cores, seconds, deed) in deeds {
            load.own = rate;
            match deed {
                0 => load.sites[0].reach = Reach::Refused,
                1 => load.sites[0].reach = Reach::Serving(RUN, 1),
                _ => {}
            }
            if deed == 0 {
                let (waiting, in_service) = (load.sites[0].backlog, load.sites[0].in_service());
                load.sites[0].backlog = 0.0;
                load.lose(waiting, in_service);
            }
            look(&mut load, cores);
            pass(&mut load, seconds, cores);
            came += rate * seconds;
        }
        let counts = load.counts;
        let known = counts.served + counts.dropped() + load.backlog();
        prop_assert!((counts.requests - came).abs() <= 1e-6 * came.max(1.0), "{} {}", counts.requests, came);
        prop_assert!((known - came).abs() <= 1e-6 * came.max(1.0), "{} {}", known, came);
        prop_assert!(counts.served >= -1e-6 && counts.retries >= -1e-6);
        prop_assert!(counts.dropped.iter().all(|count| *count >= -1e-6));
        prop_assert!(load.latency.max() <= timeout + 1e-6 || timeout.is_infinite());
    }
}
