//! What a run shows while it goes on: on a terminal a bar with virtual time, events and speed-up, and the transcript
//! as it happens; into a pipe plain lines.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::time::NANOS_PER_MILLI;
use crate::engine::{SimDuration, SimTime};
use crate::simulation::Observer;

use super::printer::Printer;

/// Real time since the run began. The one place that looks at the wall clock, and only for the terminal.
pub(super) struct Stopwatch {
    #[expect(clippy::disallowed_types, reason = "cli measures real time for the terminal; no result holds it")]
    started: std::time::Instant,
}

impl Stopwatch {
    #[expect(clippy::disallowed_types, reason = "cli measures real time for the terminal; no result holds it")]
    pub(super) fn start() -> Self {
        Self { started: std::time::Instant::now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Shows a run on the terminal.
pub(super) struct LiveView<'a> {
    printer: &'a mut Printer,
    bar: Option<ProgressBar>,
    watch: Stopwatch,
    origin: SimTime,
}

impl<'a> LiveView<'a> {
    /// A view of a run whose t=0 is `origin`.
    pub(super) fn new(printer: &'a mut Printer, name: &str, origin: SimTime) -> Self {
        let bar = printer.may_animate().then(|| {
            let style = ProgressStyle::with_template("{spinner} {prefix}  {msg}").expect("the template is a constant");
            ProgressBar::new_spinner().with_style(style).with_prefix(name.to_owned())
        });
        Self { printer, bar, watch: Stopwatch::start(), origin }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for LiveView<'_> {
    fn transcript(&mut self, at: SimTime, command: &str, output: &str) {
        let text = format!("[{}] $ {command}\n{output}", milliseconds(at.since(self.origin)));
        match &self.bar {
            Some(bar) => bar.suspend(|| self.printer.say(text.trim_end())),
            None => self.printer.say(text.trim_end()),
        }
    }

    fn began(&mut self, origin: SimTime) {
        self.origin = origin;
    }

    fn progress(&mut self, now: SimTime, events: u64) {
        let Some(bar) = &self.bar else { return };
        let wall = self.watch.elapsed().as_secs_f64().max(1e-9);
        let simulated = now.since(self.origin);
        let whole = SimDuration::from_secs(simulated.as_secs());
        bar.set_message(format!("t={whole}  {events} events  {:.0}× real time", simulated.as_secs_f64() / wall));
        bar.tick();
    }
}

/// Cut to milliseconds, which is as much as anybody reads.
fn milliseconds(time: SimDuration) -> SimDuration {
    SimDuration(time.0 / NANOS_PER_MILLI * NANOS_PER_MILLI)
}
