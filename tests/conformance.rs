//! Conformance: recordings of the real components against the model, one line a suite.
//!
//! `KUBELAPSE_GOLDEN` names further roots (colon-separated) whose failing cases are counted, not fatal;
//! `KUBELAPSE_VERBOSE=1` lists each failing case with its first difference.

mod conformance {
    pub mod api_commands;
    pub mod api_defaults;
    pub mod api_print;
    pub mod api_quantities;
    pub mod api_selectors;
    pub mod api_validation;
    pub mod command_world;
    pub mod hpa;
    pub mod live;
    pub mod live_compare;
    pub mod live_history;
    pub mod live_scenario;
    pub mod live_states;
    pub mod masks;
    pub mod preemption;
    pub mod recorded_cluster;
    pub mod scheduler;
    pub mod sequence;
    pub mod shell_world;
    pub mod suite;
    pub mod workload_shell;
}

use conformance::suite::{Suite, run};
use conformance::{
    api_commands, api_defaults, api_print, api_quantities, api_selectors, api_validation, hpa, live, preemption,
    scheduler, sequence, workload_shell,
};

fn main() -> std::process::ExitCode {
    run(&[
        Suite { name: "api.quantities", check: api_quantities::check, floor: usize::MAX },
        Suite { name: "api.selectors", check: api_selectors::check, floor: usize::MAX },
        Suite { name: "api.defaults", check: api_defaults::check, floor: usize::MAX },
        Suite { name: "api.validation", check: api_validation::check, floor: usize::MAX },
        Suite { name: "api.corpus", check: api_validation::check_corpus, floor: usize::MAX },
        Suite { name: "api.print", check: api_print::check, floor: usize::MAX },
        Suite { name: "scheduler", check: scheduler::check, floor: usize::MAX },
        Suite { name: "preemption", check: preemption::check, floor: usize::MAX },
        Suite { name: "sequence", check: sequence::check, floor: usize::MAX },
        Suite { name: "hpa", check: hpa::check, floor: usize::MAX },
        Suite { name: "api.commands", check: api_commands::check, floor: usize::MAX },
        Suite { name: "workload.shell", check: workload_shell::check, floor: 1423 },
        Suite { name: "live.kubelet", check: live::check_kubelet, floor: usize::MAX },
        Suite { name: "live.controllers", check: live::check_controllers, floor: usize::MAX },
    ])
}
