//! The end of a run: what is still missing in its record, and the warnings that nothing went unnoticed.

use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::record::collector::RunEnd;
use crate::record::{Amounts, Moment, Record, Step};
use crate::scenario::plan::faults::{Fault, Target};
use crate::scenario::plan::{Action, Plan, Warmup};

use super::event::Event;
use super::stop::Ending;
use super::{Simulation, components, imports};

impl Simulation {
    /// The instant of the scenario's t=0.
    pub fn origin(&self) -> SimTime {
        self.origin
    }

    /// An instant as results show it.
    pub(super) fn moment(&self, at: SimTime) -> Moment {
        Moment(at.0 as i64 - self.origin.0 as i64)
    }

    /// Closes the record. Returns it with the commands that failed.
    pub fn finish(mut self, plan: &Plan, ending: Ending) -> (Record, Vec<String>) {
        self.close_expectations();
        let unfinished: Vec<_> = self.steps.unfinished().collect();
        let mut failures = std::mem::take(&mut self.steps.failures);
        for waiting in unfinished {
            let start = self.moment(waiting.started);
            if !waiting.may_fail {
                failures.push(format!("`{}` (from {start}s) still waited when the run ended", waiting.command));
            }
            self.recording.collector.step(Step {
                number: waiting.number,
                name: waiting.name,
                command: waiting.command,
                start,
                end: Moment::NEVER,
                exit: None,
                output: String::new(),
            });
        }
        let warnings = self.warnings(plan, ending);
        self.finish_traffic();
        let (containers, containers_assumed) = self.machines.coverage();
        let facts = RunEnd {
            digest: self.recording.digest.finish_hex(),
            events: self.events_handled,
            changes: self.recording.changes,
            containers,
            containers_assumed,
        };
        let t0 = self.cluster.clock().timestamp(self.origin);
        let mut record = self.recording.collector.finish(self.now, facts);
        if plan.warmup == Some(Warmup::Idle) {
            record.run.start = t0;
        }
        record.warnings.extend(warnings);
        (record, failures)
    }

    fn warnings(&self, plan: &Plan, ending: Ending) -> Vec<String> {
        let mut warnings: Vec<String> = plan
            .warnings
            .iter()
            .chain(&plan.without_effect)
            .map(|warning| format!("{}: {}", warning.place(), warning.message))
            .collect();
        for (index, (behavior, used)) in plan.behaviors.iter().zip(self.workload.behaviours_used()).enumerate() {
            if *used == 0 {
                let name = if behavior.name.is_empty() { String::new() } else { format!(" (`{}`)", behavior.name) };
                warnings.push(format!("spec.behaviors[{index}]{name} matched no container"));
            }
        }
        warnings.extend(self.steps.never_ran());
        for field in &self.settings.kubelet.without_effect {
            warnings.push(format!("spec.cluster.components.kubelet: `{field}` has no effect in the model"));
        }
        for step in &plan.steps {
            if let Action::Fault(Fault { target: Target::Registry(host), .. }) = &step.action
                && !self.machines.registry.knows_host(host)
            {
                warnings.push(format!("spec.steps[{}]: no image comes from the registry `{host}`", step.index));
            }
        }
        warnings.extend(self.metric_warnings(plan));
        warnings.extend(self.traffic_warnings(plan));
        warnings.extend(components::warnings(plan));
        warnings.extend(imports::warnings(plan));
        if ending == Ending::Cut {
            warnings.push(format!(
                "the run was cut at maxTime ({}): the cluster was not idle",
                self.now.since(self.origin)
            ));
        }
        let pods = self.cluster.list(Kind::POD).count();
        let bound = self
            .cluster
            .list(Kind::POD)
            .filter_map(super::super::model::object::ObjectRef::as_pod)
            .filter(|pod| self.cluster.pod(*pod).node.is_some())
            .count();
        if pods > 0 && bound == 0 {
            warnings.push(format!("none of the {pods} pods was placed on a node"));
        }
        warnings
    }

    /// Plans a sample at the next instant of the grid if its outcome would differ from the last one.
    pub(super) fn plan_sample(&mut self) {
        let due = self.recording.collector.is_sample_due();
        if self.recording.sampling || self.sample.0 == 0 || !due {
            return;
        }
        let grid = if self.origin == SimTime::NEVER { SimTime::ZERO } else { self.origin };
        let next = SimTime(self.now.0 + 1).next_on_grid(grid, self.sample);
        self.recording.sampling = true;
        self.queue.push_late(next, Event::Sample);
    }

    /// A sample is due.
    pub(super) fn take_sample(&mut self) {
        let recording = &mut self.recording;
        recording.sampling = false;
        let machines = &self.machines;
        recording.collector.sample(self.now, |node| Amounts {
            cpu_milli: machines.cpu_used(node),
            memory_bytes: machines.memory_used(node),
        });
        recording.last_change = self.now;
    }
}
