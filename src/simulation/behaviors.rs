//! A plan's behaviours in the words of the workload.

use crate::engine::SimTime;
use crate::model::container_matcher::Matcher;
use crate::scenario::plan::behaviors::{self as plan, Behavior};
use crate::scenario::plan::{Plan, Usage};
use crate::scenario::schema::amounts::Since as PlanSince;
use crate::workload::behaviour::{
    BehaviourTable, ContainerBehaviour, Needs, OnTerm, Run, RunLength, Since, Startup, UsageSource, Window,
};

/// The table of a plan, in its order.
pub(super) fn table(plan: &Plan) -> BehaviourTable {
    BehaviourTable::new(plan.behaviors.iter().map(|behavior| (matcher(behavior), convert(behavior))).collect())
}

fn matcher(behavior: &Behavior) -> Matcher {
    let Some(of) = &behavior.matches else { return Matcher::default() };
    Matcher {
        image: of.image.clone(),
        container: of.container.clone(),
        pod: of.pod.clone(),
        namespace: of.namespace.clone(),
        labels: of.labels.clone().into_iter().collect(),
    }
}

/// An entry in the workload's words.
pub(super) fn convert(behavior: &Behavior) -> ContainerBehaviour {
    ContainerBehaviour {
        name: behavior.name.clone(),
        startup: behavior.startup.as_ref().map(|startup| match startup {
            plan::Startup::Time(seconds) => Startup::Time(seconds.clone()),
            plan::Startup::Cpu(work) => Startup::Cpu(*work),
        }),
        run: behavior.run.as_ref().map(|run| Run {
            length: match &run.length {
                plan::RunLength::Time(seconds) => RunLength::Time(seconds.clone()),
                plan::RunLength::CpuSeconds(work) => RunLength::CpuSeconds(*work),
            },
            exit: i32::from(run.exit),
        }),
        on_term: behavior.on_term.as_ref().map(|on_term| match on_term {
            plan::OnTerm::Ignore => OnTerm::Ignore,
            plan::OnTerm::Exit { after, exit } => OnTerm::Exit { after: after.clone(), exit: i32::from(*exit) },
        }),
        cpu: behavior.cpu.as_ref().map(usage),
        memory: behavior.memory.as_ref().map(usage),
        disk: behavior.disk.as_ref().map(usage),
        files: behavior.files.as_ref().map(usage),
        processes: behavior.processes.as_ref().map(usage),
        logs: behavior.logs.clone(),
        needs: behavior.needs.as_ref().map(|needs| Needs {
            services: needs.services.clone(),
            otherwise: (needs.after.clone(), i32::from(needs.exit)),
        }),
        answer: behavior.probes.as_ref().and_then(|probes| probes.answer.clone()),
        under_load: behavior.probes.as_ref().and_then(|probes| probes.under_load),
        unready: behavior.unready.iter().map(window).collect(),
        dead: behavior.dead.iter().map(window).collect(),
    }
}

fn window(typed: &crate::scenario::schema::behaviors::Window) -> Window {
    Window { from: typed.from.0, to: typed.to.map_or(SimTime::NEVER, |to| SimTime(to.0.0)) }
}

fn usage(usage: &Usage) -> UsageSource {
    match usage {
        Usage::Drawn(amount) => UsageSource::Drawn(amount.clone()),
        Usage::Curve(curve) => UsageSource::Curve {
            curve: curve.curve.clone(),
            since: match curve.since {
                PlanSince::Start => Since::Start,
                PlanSince::Container => Since::Container,
            },
        },
    }
}
