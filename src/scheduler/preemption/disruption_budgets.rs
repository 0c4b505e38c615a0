//! PodDisruptionBudgets as preemption reads them. Upstream: `filterPodsWithPDBViolation`.

use crate::api::convert;
use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{Body, NamespaceId, PodId};
use crate::model::selector::LabelSelector;

/// One budget.
#[derive(Clone, Debug)]
struct Budget {
    namespace: NamespaceId,
    selector: LabelSelector,
    allowed: i64,
    /// Pods whose eviction it has counted already.
    disrupted: Vec<String>,
}

/// All budgets.
#[derive(Debug)]
pub struct DisruptionBudgets {
    budgets: Vec<Budget>,
}

impl DisruptionBudgets {
    /// Those of a cluster.
    pub fn of(cluster: &Cluster) -> Self {
        let budgets = cluster.list(Kind::POD_DISRUPTION_BUDGET).filter_map(|object| {
            let row = cluster.object(object);
            // An empty selector selects nothing here.
            let selector = convert::label_selector(&row.raw["spec"]["selector"])?;
            let Body::Plain { status } = &row.body else { return None };
            let disrupted = status["disruptedPods"].as_object();
            Some(Budget {
                namespace: row.meta.namespace,
                selector,
                allowed: status["disruptionsAllowed"].as_i64().unwrap_or(0),
                disrupted: disrupted.map(|pods| pods.keys().cloned().collect()).unwrap_or_default(),
            })
        });
        Self { budgets: budgets.filter(|budget| !budget.selector.is_empty()).collect() }
    }

    /// Which of these pods, in order of importance, would violate a budget if all of them went.
    pub fn violations(&self, cluster: &Cluster, pods: &[PodId]) -> Vec<bool> {
        let mut allowed: Vec<i64> = self.budgets.iter().map(|budget| budget.allowed).collect();
        pods.iter()
            .map(|pod| {
                let row = cluster.pod(*pod);
                let labels: &Labels = &cluster.template_of(*pod).labels;
                let mut violates = false;
                if labels.is_empty() {
                    return false;
                }
                for (budget, allowed) in self.budgets.iter().zip(&mut allowed) {
                    let is_counted = budget.disrupted.iter().any(|name| *name == row.name);
                    if budget.namespace == row.namespace && budget.selector.matches(labels) && !is_counted {
                        *allowed -= 1;
                        violates |= *allowed < 0;
                    }
                }
                violates
            })
            .collect()
    }
}
