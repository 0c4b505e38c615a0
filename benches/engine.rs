//! How fast the event queue is alone: schedule one event and fire one, with many pending, against the standard
//! library's heap and the `priority-queue` crate in the same run. `benches/README.md` holds the figures.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use kubelapse::engine::event_queue::EventQueue;
use kubelapse::engine::time::{SimDuration, SimTime};
use priority_queue::PriorityQueue;
use rustc_hash::FxBuildHasher;

/// As large as the simulation's own event may be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Event {
    kind: u32,
    object: u32,
    generation: u64,
}

const TIMER: u32 = 0;
const CASCADE: u32 = 1;

/// What the three queues have in common. Equal times fire in the order of insertion in each.
trait Queue {
    const NAME: &'static str;
    fn new() -> Self;
    fn push(&mut self, at: SimTime, event: Event);
    fn pop(&mut self) -> Option<(SimTime, Event)>;
}

impl Queue for EventQueue<Event> {
    const NAME: &'static str = "engine";
    fn new() -> Self {
        Self::new()
    }
    fn push(&mut self, at: SimTime, event: Event) {
        Self::push(self, at, event);
    }
    fn pop(&mut self) -> Option<(SimTime, Event)> {
        Self::pop(self)
    }
}

struct StandardHeap {
    heap: BinaryHeap<Reverse<(SimTime, u64, Event)>>,
    sequence: u64,
}

impl Queue for StandardHeap {
    const NAME: &'static str = "BinaryHeap";
    fn new() -> Self {
        Self { heap: BinaryHeap::new(), sequence: 0 }
    }
    fn push(&mut self, at: SimTime, event: Event) {
        self.sequence += 1;
        self.heap.push(Reverse((at, self.sequence, event)));
    }
    fn pop(&mut self) -> Option<(SimTime, Event)> {
        self.heap.pop().map(|Reverse((at, _, event))| (at, event))
    }
}

struct KeyedQueue {
    queue: PriorityQueue<(u64, Event), Reverse<(SimTime, u64)>, FxBuildHasher>,
    sequence: u64,
}

impl Queue for KeyedQueue {
    const NAME: &'static str = "priority-queue";
    fn new() -> Self {
        Self { queue: PriorityQueue::with_default_hasher(), sequence: 0 }
    }
    fn push(&mut self, at: SimTime, event: Event) {
        self.sequence += 1;
        self.queue.push((self.sequence, event), Reverse((at, self.sequence)));
    }
    fn pop(&mut self) -> Option<(SimTime, Event)> {
        self.queue.pop().map(|((_, event), Reverse((at, _)))| (at, event))
    }
}

/// How a fired timer goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    /// It sets itself again.
    Timers,
    /// It also causes an event at the same instant, as a write wakes a watcher.
    HalfNow,
}

/// Delays up to an hour: SplitMix64, cheap enough not to be what is measured.
struct Delays(u64);

impl Delays {
    fn next(&mut self) -> SimDuration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let hour = SimDuration::from_secs(3600).0;
        SimDuration(((u128::from(bits) * u128::from(hour)) >> 64) as u64 + 1)
    }
}

/// A queue in which `pending` timers always wait.
struct Hold<Q> {
    queue: Q,
    delays: Delays,
    checksum: u64,
}

impl<Q: Queue> Hold<Q> {
    fn new(pending: u32) -> Self {
        let mut hold = Self { queue: Q::new(), delays: Delays(1), checksum: 0 };
        for object in 0..pending {
            let at = SimTime::ZERO + hold.delays.next();
            hold.queue.push(at, Event { kind: TIMER, object, generation: 0 });
        }
        hold
    }

    fn fire(&mut self, events: u64, load: Load) {
        for _ in 0..events {
            let (now, event) = self.queue.pop().expect("timers are always pending");
            self.checksum = self.checksum.rotate_left(5) ^ now.0 ^ u64::from(event.object);
            if event.kind == TIMER {
                if load == Load::HalfNow {
                    self.queue.push(now, Event { kind: CASCADE, ..event });
                }
                self.queue.push(now + self.delays.next(), Event { generation: event.generation + 1, ..event });
            }
        }
    }
}

const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];
const LOADS: [(Load, &str); 2] = [(Load::Timers, "timers"), (Load::HalfNow, "half now")];

/// CPU time of this thread, so that other work on the machine does not count; wall time where the system has no
/// such file.
fn busy_seconds() -> f64 {
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = scheduled.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    nanoseconds.map_or_else(wall_seconds, |nanoseconds| nanoseconds as f64 / 1e9)
}

#[expect(clippy::disallowed_types, reason = "a benchmark measures real time")]
fn wall_seconds() -> f64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed().as_secs_f64()
}

/// Best of five stretches of at least 0.2 s, in million events a second, and a checksum of the first million of
/// events, which proves the order.
fn rate<Q: Queue>(pending: u32, load: Load) -> (f64, u64) {
    let mut hold = Hold::<Q>::new(pending);
    hold.fire(1_000_000, load);
    let order = hold.checksum;
    let mut best: f64 = 0.0;
    for _ in 0..5 {
        let begin = busy_seconds();
        let mut events = 0;
        let mut busy = 0.0;
        while busy < 0.2 {
            hold.fire(100_000, load);
            events += 100_000;
            busy = busy_seconds() - begin;
        }
        best = best.max(f64::from(events) / busy / 1e6);
    }
    black_box(hold.checksum);
    (best, order)
}

#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn print_ratios() {
    println!("million events a second, and how many times faster than the others (thread CPU time, best of 5)\n");
    println!(
        "{:<9} {:>9} {:>9} {:>12} {:>16} {:>14} {:>18}",
        "load", "pending", "engine", "BinaryHeap", "priority-queue", "x BinaryHeap", "x priority-queue"
    );
    for (load, name) in LOADS {
        for pending in SIZES {
            let (engine, order) = rate::<EventQueue<Event>>(pending, load);
            let (heap, heap_order) = rate::<StandardHeap>(pending, load);
            let (keyed, keyed_order) = rate::<KeyedQueue>(pending, load);
            assert!(order == heap_order && order == keyed_order, "the queues disagree on the order");
            println!(
                "{name:<9} {pending:>9} {engine:>9.1} {heap:>12.1} {keyed:>16.1} {:>14.1} {:>18.1}",
                engine / heap,
                engine / keyed
            );
        }
    }
    println!();
}

fn measure<Q: Queue>(criterion: &mut Criterion) {
    for (load, name) in LOADS {
        let mut group = criterion.benchmark_group(format!("{}/{name}", Q::NAME));
        group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
        group.throughput(Throughput::Elements(100_000));
        for pending in SIZES {
            let mut hold = Hold::<Q>::new(pending);
            group.bench_function(BenchmarkId::from_parameter(pending), |bencher| {
                bencher.iter(|| hold.fire(black_box(100_000), load));
            });
            black_box(hold.checksum);
        }
        group.finish();
    }
}

/// `cargo bench --bench engine` prints the ratios; with `-- --criterion` it also measures with criterion, which
/// compares with its last run.
fn main() {
    let with_criterion = std::env::args().any(|argument| argument == "--criterion");
    print_ratios();
    if with_criterion {
        let mut criterion = Criterion::default();
        measure::<EventQueue<Event>>(&mut criterion);
        measure::<StandardHeap>(&mut criterion);
        measure::<KeyedQueue>(&mut criterion);
        criterion.final_summary();
    }
}
