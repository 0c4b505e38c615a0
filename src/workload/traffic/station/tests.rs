//! The formulas against numbers worked out by hand, and against queues simulated request by request.

use std::collections::VecDeque;

use super::*;
use crate::engine::random::{Stream, Streams};

fn station(servers: f64, service: f64, variation: f64) -> Station {
    Station { servers, service, variation }
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} {expected}");
}

#[test]
fn one_server_waits_as_the_textbooks_say() {
    // M/M/1 with a utilisation of 0.8 and services of 1 s: W = ρ/(1−ρ) S = 4 s, 80 % wait.
    let settled = station(1.0, 1.0, 1.0).settled(0.8, Room::Unbounded);
    near(settled.wait.mean(), 4.0, 1e-12);
    assert!(matches!(settled.wait, Wait::Random { share, .. } if (share - 0.8).abs() < 1e-12));
    // M/D/1: half of it (Pollaczek and Khinchine).
    near(station(1.0, 1.0, 0.0).settled(0.8, Room::Unbounded).wait.mean(), 2.0, 1e-12);
}

#[test]
fn several_servers_come_near_erlang() {
    // M/M/2 with ρ = 0.75: Erlang's C is 0.642857, W = C / (2μ − λ) = 1.285714 s.
    let settled = station(2.0, 1.0, 1.0).settled(1.5, Room::Unbounded);
    near(settled.wait.mean(), 1.285_714, 0.04);
    // M/M/10 with ρ = 0.9: C = 0.668732, W = 0.668732 s.
    near(station(10.0, 1.0, 1.0).settled(9.0, Room::Unbounded).wait.mean(), 0.668_732, 0.02);
}

#[test]
fn limited_room_loses_what_the_textbooks_say() {
    // M/M/1/2 (one served, one waits) with ρ = 0.5: ρ²(1−ρ)/(1−ρ³) = 1/7.
    near(station(1.0, 1.0, 1.0).settled(0.5, Room::Queue(1.0)).loss, 1.0 / 7.0, 1e-9);
    // The same with ρ = 2: 4 (−1)/(1 − 8) = 4/7; at ρ = 1: 1/3.
    near(station(1.0, 1.0, 1.0).settled(2.0, Room::Queue(1.0)).loss, 4.0 / 7.0, 1e-9);
    near(station(1.0, 1.0, 1.0).settled(1.0, Room::Queue(1.0)).loss, 1.0 / 3.0, 1e-6);
    // M/M/1 with a patience of 2 s, ρ = 1: 1/(2 + μτ) = 1/4 (Barrer's formula in the limit).
    near(station(1.0, 1.0, 1.0).settled(1.0, Room::Patience(2.0)).loss, 0.25, 1e-6);
    // ρ = 0.5, τ = 2: (1−ρ)ρE/(1−ρ²E) with E = e^−1.
    let e = libm::exp(-1.0);
    near(station(1.0, 1.0, 1.0).settled(0.5, Room::Patience(2.0)).loss, 0.25 * e / (1.0 - 0.25 * e), 1e-12);
}

#[test]
fn an_overload_loses_what_exceeds_capacity() {
    for room in [Room::Queue(10_000.0), Room::Patience(3_000.0)] {
        let settled = station(8.0, 0.04, 0.3).settled(1000.0, room);
        near(settled.loss, 0.8, 1e-9);
        // All that are served have waited nearly as long as one may.
        assert!(settled.wait.mean() > 0.98 * settled.wait.longest());
    }
}

#[test]
fn nothing_waits_where_nothing_comes_or_nothing_takes_time() {
    assert_eq!(station(4.0, 1.0, 1.0).settled(0.0, Room::Unbounded).wait, Wait::None);
    near(station(4.0, 0.0, 0.0).settled(1e9, Room::Queue(0.0)).loss, 0.0, 0.0);
    near(station(0.0, 1.0, 0.0).settled(1.0, Room::Queue(5.0)).loss, 1.0, 0.0);
}

#[test]
fn loss_and_wait_grow_with_the_load() {
    for room in [Room::Unbounded, Room::Queue(7.0), Room::Patience(0.3)] {
        let mut before = Settled { loss: 0.0, wait: Wait::None };
        for step in 1..400 {
            let settled = station(3.3, 0.05, 0.4).settled(f64::from(step) * 0.5, room);
            assert!(settled.loss >= before.loss - 1e-12 && settled.loss <= 1.0, "{room:?} {step}");
            assert!(settled.wait.mean() >= before.wait.mean() - 1e-9, "{room:?} {step}");
            before = settled;
        }
    }
}

#[test]
fn the_histogram_of_a_wait_has_its_mean() {
    for wait in [
        Wait::Random { share: 0.4, decay: 3.0, longest: f64::INFINITY },
        Wait::Random { share: 0.4, decay: 3.0, longest: 0.5 },
        Wait::Random { share: 0.9, decay: -8.0, longest: 2.0 },
        Wait::Between(0.2, 1.7),
    ] {
        let mut histogram = Histogram::default();
        wait.add_to(&mut histogram, 0.1, 5.0);
        near(histogram.weight(), 5.0, 1e-9);
        near(histogram.mean(), 0.1 + wait.mean(), 2e-3);
    }
}

/// What a simulation counts: share lost, mean wait of the others, share of those above a bound.
struct Counted {
    loss: f64,
    wait: f64,
    above: f64,
}

/// A queue with whole servers, request by request, first come first served.
fn simulate(servers: usize, arrivals: f64, room: Room, bound: f64, draw: impl Fn(&mut Stream) -> f64) -> Counted {
    let mut stream = Streams::new(11).stream("test/queue", servers as u64);
    let mut free_at = vec![0.0f64; servers];
    let mut starts: VecDeque<f64> = VecDeque::new();
    let (mut now, mut lost, mut waited, mut above, mut served) = (0.0, 0u32, 0.0, 0u32, 0u32);
    let requests = 400_000;
    for _ in 0..requests {
        now += stream.exponential(1.0 / arrivals);
        while starts.front().is_some_and(|start| *start <= now) {
            starts.pop_front();
        }
        let first = (0..servers).min_by(|a, b| free_at[*a].total_cmp(&free_at[*b])).unwrap();
        let start = free_at[first].max(now);
        let wait = start - now;
        let full = match room {
            Room::Unbounded => false,
            Room::Queue(most) => wait > 0.0 && starts.len() as f64 >= most,
            Room::Patience(most) => wait > most,
        };
        if full {
            lost += 1;
            continue;
        }
        free_at[first] = start + draw(&mut stream);
        if wait > 0.0 {
            starts.push_back(start);
        }
        served += 1;
        waited += wait;
        above += u32::from(wait > bound);
    }
    Counted {
        loss: f64::from(lost) / f64::from(requests),
        wait: waited / f64::from(served),
        above: f64::from(above) / f64::from(served),
    }
}

fn share_above(wait: Wait, bound: f64) -> f64 {
    let mut histogram = Histogram::default();
    wait.add_to(&mut histogram, 1.0, 1.0);
    // By bisection on the quantile.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if histogram.quantile(middle) > 1.0 + bound { high = middle } else { low = middle }
    }
    1.0 - low
}

#[test]
fn formulas_agree_with_queues_simulated_request_by_request() {
    let exponential = |stream: &mut Stream| stream.exponential(0.1);
    let constant = |_: &mut Stream| 0.1;
    for (servers, arrivals, room) in [
        (1, 8.0, Room::Unbounded),
        (4, 34.0, Room::Unbounded),
        (16, 140.0, Room::Unbounded),
        (1, 9.0, Room::Queue(5.0)),
        (4, 38.0, Room::Queue(10.0)),
        (4, 60.0, Room::Queue(10.0)),
        (1, 9.0, Room::Patience(0.5)),
        (4, 38.0, Room::Patience(0.4)),
        (4, 60.0, Room::Patience(0.4)),
        (16, 150.0, Room::Patience(0.2)),
    ] {
        for variation in [1.0, 0.0] {
            let counted = if variation > 0.5 {
                simulate(servers, arrivals, room, 0.1, exponential)
            } else {
                simulate(servers, arrivals, room, 0.1, constant)
            };
            let settled = station(servers as f64, 0.1, variation).settled(arrivals, room);
            let what = format!("{servers} servers, {arrivals}/s, {room:?}, variation {variation}");
            // Two in a hundred requests lost, eight in a hundred in the tail; a fifth of the wait or four milliseconds.
            assert!((settled.loss - counted.loss).abs() < 0.02, "{what}: loss {} {}", settled.loss, counted.loss);
            let mean = settled.wait.mean();
            let near = (mean - counted.wait).abs() < (0.2 * counted.wait).max(0.004);
            assert!(near, "{what}: wait {mean} {}", counted.wait);
            let tail = share_above(settled.wait, 0.1);
            assert!((tail - counted.above).abs() < 0.08, "{what}: above {tail} {}", counted.above);
        }
    }
}
