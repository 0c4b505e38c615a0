//! The verb *evict*: a deletion that disruption budgets may refuse.
//! Upstream: registry/core/pod `EvictionREST.Create`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::{Reason, Status};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::pod::{PodCondition, PodConditionType, PodPhase, Why};

use super::Cluster;
use super::delete::DeleteOptions;

/// Evictions that the disruption controller has not seen through. Upstream: pod/rest `MaxDisruptedPodSize`.
const DISRUPTED_MAX: usize = 2000;
const REFUSAL: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

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
            self.modify_pod_status(now, pod, |status| {
                status.set_condition(PodCondition::new(
                    PodConditionType::DisruptionTarget,
                    ConditionStatus::True,
                    Why::new(Text::const_new("EvictionByEvictionAPI"), Text::const_new("Eviction API: evicting")),
                    now,
                ));
            });
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
        if !self.pod(pod).is_ready() {
            // Nothing counts on a pod that is not ready; whether it may go is a matter of policy.
            let always = self.object(budget).raw["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
            let healthy = number("currentHealthy") >= number("desiredHealthy") && number("desiredHealthy") > 0;
            if always || healthy {
                return Ok(());
            }
        }
        self.check_budget(budget, status)?;
        let mut changed = (**status).clone();
        changed["disruptionsAllowed"] = Value::from(number("disruptionsAllowed") - 1);
        if !changed["disruptedPods"].is_object() {
            changed["disruptedPods"] = json!({});
        }
        changed["disruptedPods"][self.pod(pod).name.as_str()] = Value::from(self.clock().timestamp(now));
        self.modify_status(now, budget, |body| {
            *body = Body::Plain { status: Arc::new(changed) };
            true
        });
        Ok(())
    }

    /// Upstream: pod/rest `EvictionREST.checkAndDecrement`.
    fn check_budget(&self, budget: ObjectRef, status: &Value) -> Result<(), Status> {
        let meta = self.meta(budget);
        let forbidden = |reason: &str| {
            let message = format!("poddisruptionbudget.policy \"{}\" is forbidden: {reason}", meta.name);
            Err(Status::new(Reason::Forbidden, message))
        };
        if status["observedGeneration"].as_i64().unwrap_or(0) < meta.generation {
            return Err(Status::new(Reason::TooManyRequests, REFUSAL));
        }
        let allowed = status["disruptionsAllowed"].as_i64().unwrap_or(0);
        if allowed < 0 {
            return forbidden("pdb disruptions allowed is negative");
        }
        if status["disruptedPods"].as_object().is_some_and(|pods| pods.len() > DISRUPTED_MAX) {
            return forbidden("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        }
        if allowed == 0 {
            return Err(Status::new(Reason::TooManyRequests, REFUSAL));
        }
        Ok(())
    }
}
