//! The verb *evict*: a deletion that disruption budgets may refuse.
//! Upstream: registry/core/pod `EvictionREST.Create`.

use std::sync::Arc;

use serde_json::Value;

use crate::api::convert::label_selector;
use crate::api::{Reason, Status};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::pod::PodPhase;

use super::Cluster;
use super::delete::DeleteOptions;

impl Cluster {
    /// Evicts a pod, if the budgets that select it allow a disruption, which is then taken from them.
    ///
    /// # Errors
    /// TooManyRequests: a budget allows none. NotFound: the pod is gone.
    pub fn evict(&mut self, now: SimTime, pod: PodId, options: DeleteOptions) -> Result<(), Status> {
        let object = ObjectRef::pod(pod);
        if !self.is_live(object) {
            return Err(Status::not_found("pods", &self.pod(pod).name));
        }
        let row = self.pod(pod);
        // Upstream `canIgnorePDB`: no budget counts these pods.
        let ignored = row.status.phase.is_terminal() || row.status.phase == PodPhase::Pending || row.deletion.is_some();
        if !ignored {
            self.take_disruption(now, pod)?;
        }
        self.delete(now, object, options)
    }

    fn take_disruption(&mut self, now: SimTime, pod: PodId) -> Result<(), Status> {
        let budgets = self.budgets_of(pod);
        if budgets.len() > 1 {
            let text =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Status::new(Reason::InternalError, text));
        }
        let Some(budget) = budgets.first().copied() else { return Ok(()) };
        let Body::Plain { status } = self.body(budget) else { return Ok(()) };
        let number = |field: &str| status[field].as_i64().unwrap_or(0);
        let healthy = number("currentHealthy") >= number("desiredHealthy") && number("desiredHealthy") > 0;
        if !self.pod(pod).is_ready() && healthy {
            return Ok(());
        }
        let allowed = number("disruptionsAllowed");
        if allowed <= 0 {
            let text = "Cannot evict pod as it would violate the pod's disruption budget.";
            return Err(Status::new(Reason::TooManyRequests, text));
        }
        let mut changed = (**status).clone();
        changed["disruptionsAllowed"] = Value::from(allowed - 1);
        self.modify_status(now, budget, |body| {
            *body = Body::Plain { status: Arc::new(changed) };
            true
        });
        Ok(())
    }

    fn budgets_of(&self, pod: PodId) -> Vec<ObjectRef> {
        let namespace = self.pod(pod).namespace;
        let labels = &self.template_of(pod).labels;
        self.list(Kind::POD_DISRUPTION_BUDGET)
            .filter(|budget| self.identity(*budget).0 == namespace)
            .filter(|budget| {
                let raw = &self.object(*budget).raw;
                label_selector(&raw["spec"]["selector"]).is_some_and(|selector| selector.matches(labels))
            })
            .collect()
    }
}
