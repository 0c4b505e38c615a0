//! How much CPU a container could have if it asked for all it can get, and how many requests a pod can serve with it.

use crate::engine::NonNegative;
use crate::machines::{ContainerId, Machines};

use super::service_time::ServiceTime;
use super::station::Station;

/// Cores that a container could use for requests now: what it would get if it asked for all it may have, less what it
/// uses for itself.
pub(super) fn ceiling(machines: &Machines, container: ContainerId) -> f64 {
    let row = machines.container(container);
    // Until its first request a container of which nobody knows better counts as using what it requests.
    let own = if row.measured.cpu { u64::from(row.cpu_demand.base) } else { 0 };
    machines.cpu_ceiling(container).saturating_sub(own) as f64 / 1000.0
}

/// A pod with `cores` as it serves requests that cost `cpu` seconds each, at most `concurrency` at once, and cause others
/// that take `calls` seconds. The second number tells how many times as long service takes as on an idle pod.
///
/// So many requests are served at once without slowing down as the cores can feed: each of them uses `cpu` seconds
/// while it is in service. More than these at once share the cores and take longer, which is in throughput and mean
/// response the same as if they waited for them (processor sharing against first come first served).
pub(super) fn station(service: &ServiceTime, cores: f64, cpu: f64, concurrency: f64, calls: f64) -> (Station, f64) {
    let seconds = service.mean + calls;
    let variation = if seconds > 0.0 { service.variation * (service.mean / seconds).powi(2) } else { 0.0 };
    let fed = if cpu > 0.0 { cores.non_negative() * seconds / cpu } else { f64::INFINITY };
    let servers = fed.min(concurrency);
    if servers <= 0.0 {
        return (Station { servers: 0.0, service: seconds.max(cpu), variation }, 1.0);
    }
    if servers < 1.0 {
        // Less than one core for one request: it is slower from the start.
        let service = seconds / servers;
        let stretch = if seconds > 0.0 { (service - calls).non_negative() / (seconds - calls).max(1e-12) } else { 1.0 };
        return (Station { servers: 1.0, service, variation }, stretch);
    }
    (Station { servers, service: seconds, variation }, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_is_what_cores_or_concurrency_allow() {
        let service = ServiceTime::constant(0.04);
        // 4 ms of CPU a request: half a core serves 125 a second, five at once.
        let (station, stretch) = station(&service, 0.5, 0.004, 64.0, 0.0);
        assert!((station.servers - 5.0).abs() < 1e-12 && (station.capacity() - 125.0).abs() < 1e-9);
        assert!((stretch - 1.0).abs() < 1e-12);
        // With 64 cores concurrency is what bounds it: 64 / 40 ms.
        let (station, _) = super::station(&service, 64.0, 0.004, 64.0, 0.0);
        assert!((station.capacity() - 1600.0).abs() < 1e-9);
    }

    #[test]
    fn too_little_cpu_for_one_request_stretches_it() {
        let service = ServiceTime::constant(0.05);
        let (station, stretch) = station(&service, 0.1, 0.05, 64.0, 0.0);
        assert!((station.servers - 1.0).abs() < 1e-12 && (station.service - 0.5).abs() < 1e-12);
        assert!((stretch - 10.0).abs() < 1e-9);
        let (none, _) = super::station(&service, 0.0, 0.05, 64.0, 0.0);
        assert!(none.capacity() <= 0.0);
    }

    #[test]
    fn requests_that_wait_for_others_hold_their_place() {
        let service = ServiceTime::constant(0.01);
        let (alone, _) = station(&service, f64::INFINITY, 0.0, 10.0, 0.0);
        let (calling, _) = station(&service, f64::INFINITY, 0.0, 10.0, 0.09);
        assert!((alone.capacity() - 1000.0).abs() < 1e-9);
        assert!((calling.capacity() - 100.0).abs() < 1e-9);
    }
}
