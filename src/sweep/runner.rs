//! One function for many inputs on several threads; results in the order of the inputs, or as they arrive. Which thread
//! does what, and in which order they end, shows in nothing but the time it takes.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

/// How many inputs are worked on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs(pub NonZeroUsize);

impl Default for Jobs {
    /// As many as the machine has cores that this process may use.
    fn default() -> Self {
        Self(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}

/// A result that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Go on.
    Continue,
    /// Begin no further input; those that are worked on still arrive.
    Stop,
}

/// Calls `work` for each of `inputs` and `deliver` with each result, in the order of the inputs, on the thread that
/// called. A panic of `work` is a panic here: `simulate` turns those of a run into values.
pub fn in_order<I: Sync, T: Send>(
    jobs: Jobs,
    inputs: &[I],
    work: impl Fn(&I) -> T + Sync,
    mut deliver: impl FnMut(&I, T),
) {
    let mut waiting: BTreeMap<usize, T> = BTreeMap::new();
    let mut next = 0;
    on_arrival(
        jobs,
        inputs.len(),
        |index| work(&inputs[index]),
        |index, result| {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&next) {
                deliver(&inputs[next], result);
                next += 1;
            }
            Arrival::Continue
        },
    );
}

/// Calls `work` for each index below `count` and `arrive` with each result as soon as it is there, on the thread that
/// called. Inputs are begun in their order.
pub fn on_arrival<T: Send>(
    jobs: Jobs,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    mut arrive: impl FnMut(usize, T) -> Arrival,
) {
    let threads = jobs.0.get().min(count.max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("run-{index}"))
        .build()
        .expect("the machine can start threads");
    let stopped = AtomicBool::new(false);
    // Bounded, so that a caller that is slower than the runs does not fill the memory with their results.
    let (sender, receiver) = mpsc::sync_channel(threads * 4);
    pool.in_place_scope_fifo(|scope| {
        for index in 0..count {
            let (sender, work, stopped) = (sender.clone(), &work, &stopped);
            scope.spawn_fifo(move |_| {
                if !stopped.load(Ordering::Relaxed) {
                    // The receiver is there until every sender is gone.
                    let _ = sender.send((index, work(index)));
                }
            });
        }
        drop(sender);
        for (index, result) in receiver {
            if arrive(index, result) == Arrival::Stop {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(number: usize) -> Jobs {
        Jobs(NonZeroUsize::new(number).unwrap())
    }

    #[test]
    fn results_come_in_the_order_of_the_inputs_whatever_takes_long() {
        let inputs: Vec<u64> = (0..200).collect();
        // The first ones take the longest.
        let work = |input: &u64| (input * 500..100_000).fold(*input, |_, step| std::hint::black_box(step)).min(*input);
        for threads in [1, 2, 7] {
            let mut seen = Vec::new();
            in_order(jobs(threads), &inputs, work, |input, result| {
                assert_eq!(*input, result);
                seen.push(result);
            });
            assert_eq!(seen, inputs);
        }
    }

    #[test]
    fn after_a_stop_nothing_more_is_begun() {
        let mut arrived = 0;
        on_arrival(
            jobs(2),
            10_000,
            |index| index,
            |_, _| {
                arrived += 1;
                Arrival::Stop
            },
        );
        assert!((1..1_000).contains(&arrived), "{arrived}");
    }

    #[test]
    fn no_inputs_are_no_results() {
        in_order(jobs(4), &[] as &[u8], |_| (), |_, ()| panic!("there is nothing to deliver"));
    }
}
