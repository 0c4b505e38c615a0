//! Commands that take virtual time: what they wait for, and how they go on.

use crate::cluster::Change;
use crate::engine::SimTime;

use super::Call;
use super::commands::{self, Outcome};
use super::errors::Failure;
use super::legacy;
use super::output::Printed;

/// A command that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    state: Box<State>,
}

/// What it has printed, until when and what for it waits.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) deadline: SimTime,
    pub(crate) printed: Printed,
    pub(crate) pending: Pending,
}

/// What a command waits for.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    /// `delete`: the objects' end.
    Gone(commands::delete::Gone),
    /// `replace --force`: the objects' end, then their creation.
    Replace(commands::replace::Replacement),
    /// `rollout status`: its completion.
    Rollout(commands::rollout::Watch),
    /// `wait`: a condition.
    Condition(commands::wait::Wait),
    /// `scale --timeout`: as many replicas as there should be.
    Scaling(Box<commands::scale::Scaling>),
    /// `drain`: evictions and the pods' end.
    Drain(commands::drain::Drain),
    /// `logs -f`: the end of containers.
    Follow(commands::log_streams::Follows),
    /// `rolling-update`: its next look.
    RollingUpdate(Box<legacy::rolling_update::RollingUpdate>),
    /// `run --attach`: the pod's start, its output, its end.
    Attached(Box<commands::attached::Attached>),
    /// `get -w`: changes, until its time is up.
    Watch(Box<commands::watch::Watch>),
}

impl Waiting {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Box::new(state) }
    }

    pub(crate) fn into_state(self) -> State {
        *self.state
    }

    /// When it gives up or looks again; `SimTime::NEVER` if it only waits for changes.
    pub fn deadline(&self) -> SimTime {
        self.state.deadline
    }

    /// Does it only look on (`get -w`, `logs -f`)? Such a command keeps no run alive and ends with it.
    pub fn looks_on(&self) -> bool {
        matches!(self.state.pending, Pending::Follow(_) | Pending::Watch(_) | Pending::Attached(_))
    }

    /// What it has printed so far: the end of a command that would wait for ever (`get -w`, `logs -f`) when the run
    /// ends, as an interrupt does.
    pub fn interrupt(self) -> super::Output {
        self.state.printed.into_output()
    }

    /// Might a change end the waiting? Cheap; `poll` decides.
    pub fn touches(&self, change: &Change) -> bool {
        match &self.state.pending {
            Pending::Gone(gone) => gone.touches(change),
            Pending::Replace(replacement) => replacement.gone.touches(change),
            Pending::Rollout(watch) => watch.touches(change),
            Pending::Condition(wait) => wait.touches(change),
            Pending::Scaling(scaling) => scaling.touches(change),
            Pending::Drain(drain) => drain.touches(change),
            Pending::Follow(follows) => follows.touches(change),
            Pending::Attached(attached) => attached.touches(change),
            // It looks at its own times only, as the client polls.
            Pending::RollingUpdate(_) => false,
            Pending::Watch(watch) => watch.touches(change),
        }
    }
}

/// Looks whether the waiting is over.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    deadline: SimTime,
    pending: Pending,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    match pending {
        Pending::Gone(gone) => commands::delete::go_on(call, deadline, gone, printed),
        Pending::Replace(replacement) => commands::replace::go_on(call, deadline, replacement, printed),
        Pending::Rollout(watch) => commands::rollout::go_on(call, deadline, watch, printed),
        Pending::Condition(wait) => commands::wait::go_on(call, deadline, wait, printed),
        Pending::Scaling(scaling) => commands::scale::go_on(call, deadline, *scaling, printed),
        Pending::Drain(drain) => commands::drain::go_on(call, drain, printed),
        Pending::Follow(follows) => commands::log_streams::go_on(call, deadline, follows, printed),
        Pending::Attached(attached) => commands::attached::go_on(call, *attached, printed),
        Pending::Watch(watch) => commands::watch::go_on(call, deadline, watch, printed),
        Pending::RollingUpdate(update) => legacy::rolling_update::go_on(call, *update, printed),
    }
}
