//! In-place resize of pods, the server's side: admission, and what a pod has while that is not what it asks for.
//! Upstream: plugin/pkg/admission/podresize, limitranger `SupportsAttributes`, quota/v1 evaluator core `Handles`.

use std::sync::Arc;

use crate::api::{Reason, Status, admission};
use crate::engine::SimTime;
use crate::model::object::{PodId, TemplateId};
use crate::model::pod::Granted;
use crate::model::pod_template::PodTemplate;
use crate::model::resize::{asks_same, most_of};
use crate::model::resources::Resources;

use super::Cluster;

impl Cluster {
    /// May the pod be resized to what this template asks for?
    ///
    /// # Errors
    /// Its node has not as much, or a LimitRange or ResourceQuota stands against it.
    pub fn check_resize(&self, pod: PodId, wanted: &PodTemplate) -> Result<(), Status> {
        let row = self.pod(pod);
        let refused =
            |why: String| Status::new(Reason::Forbidden, format!("pods \"{}\" is forbidden: {why}", row.name));
        if asks_same(&self.template(row.template).spec, &wanted.spec) {
            return Ok(());
        }
        admission::check_limits(&wanted.raw["spec"], &self.limit_ranges_in(row.namespace)).map_err(refused)?;
        if row.node.is_some()
            && let Some(columns) = self.node(row.node).body.as_node()
        {
            if let Some(os) = self.node(row.node).meta.labels.get("kubernetes.io/os").filter(|os| *os != "linux") {
                let name = self.node_name(row.node);
                return Err(refused(format!("pod resize is only supported on linux nodes, node {name:?} is {os:?}")));
            }
            exceeds(&wanted.requests, &columns.allocatable_resources).map_or(Ok(()), |why| Err(refused(why)))?;
        }
        Ok(())
    }

    /// Resizes a pod: its specification asks for what the template says, and the quotas of its namespace are charged.
    ///
    /// # Errors
    /// As `check_resize`.
    pub fn resize(&mut self, now: SimTime, pod: PodId, wanted: Arc<PodTemplate>) -> Result<bool, Status> {
        self.check_resize(pod, &wanted)?;
        self.charge_resize(now, pod, &wanted)?;
        let template = self.intern_template(wanted);
        Ok(self.set_pod_template(now, pod, template))
    }

    /// A pod whose specification asks for something else than before goes on with what it had until its kubelet says
    /// otherwise.
    pub(super) fn keep_granted(&mut self, pod: PodId, before: TemplateId) {
        let row = self.pod(pod);
        let (after, containers) = (row.template, self.template(row.template).spec.containers.len());
        let granted = match &row.status.granted {
            Some(granted) => Some((granted.allocated, granted.actual.clone(), granted.generation)),
            None if row.node.is_some() && !asks_same(&self.template(before).spec, &self.template(after).spec) => {
                Some((before, vec![before; containers].into(), row.generation))
            }
            None => None,
        };
        let granted =
            granted.and_then(|(allocated, actual, generation)| self.granted(pod, allocated, &actual, generation));
        self.pods.row_mut(pod).status.granted = granted;
    }

    /// What the status of a pod says of its resources, `None` where it is what the specification asks for.
    pub fn granted(
        &mut self,
        pod: PodId,
        allocated: TemplateId,
        actual: &[TemplateId],
        generation: u32,
    ) -> Option<Box<Granted>> {
        let row = self.pod(pod);
        let (namespace, template) = (row.namespace, row.template);
        let wanted = self.shared_template(template);
        let differs = |other: TemplateId| other != template && !asks_same(&self.template(other).spec, &wanted.spec);
        if !differs(allocated) && !actual.iter().any(|one| differs(*one)) {
            return None;
        }
        let specs: Vec<_> = actual.iter().map(|one| &self.template(*one).spec).collect();
        let most = most_of(&wanted, &self.template(allocated).spec, &specs);
        let counted = most.map_or(template, |most| self.intern_template(Arc::new(most)));
        self.learn_template(namespace, counted);
        Some(Box::new(Granted { allocated, actual: actual.into(), counted, generation }))
    }
}

/// Upstream: podresize `validateRequestsWithinAllocatable`.
fn exceeds(requests: &Resources, allocatable: &Resources) -> Option<String> {
    let short: Vec<String> = ["cpu", "memory"]
        .into_iter()
        .filter(|name| requests.get(name) > allocatable.get(name))
        .map(|name| format!("{name}, requested: {}, allocatable: {}", requests.get(name), allocatable.get(name)))
        .collect();
    let listed = short.join("; ");
    (!short.is_empty()).then(|| format!("node didn't have enough allocatable resources: {listed}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::convert::pod_template;

    fn template(sidecar: &str, main: &str) -> PodTemplate {
        let container =
            |name: &str, cpu: &str| json!({"name": name, "image": "x", "resources": {"requests": {"cpu": cpu}}});
        let mut first = container("sidecar", sidecar);
        first["restartPolicy"] = json!("Always");
        pod_template(
            &json!({"metadata": {}, "spec": {"initContainers": [first], "containers": [container("main", main)]}}),
        )
    }

    #[test]
    fn the_most_counts_container_by_container() {
        let (wanted, had) = (template("100m", "500m"), template("300m", "200m"));
        let most = most_of(&wanted, &had.spec, &[&had.spec, &had.spec]).unwrap();
        assert_eq!(most.requests.cpu_milli, 800, "more than either of the sums, 600m and 500m");
        assert_eq!(most.raw["spec"]["containers"][0]["resources"]["requests"], json!({"cpu": "500m"}));
        assert!(most_of(&wanted, &template("50m", "500m").spec, &[]).is_none(), "less than what is wanted");
    }

    #[test]
    fn a_node_must_have_what_is_asked_for() {
        let requests = Resources { cpu_milli: 5000, memory: 3, ..Resources::default() };
        let allocatable = Resources { cpu_milli: 4000, memory: 2, ..Resources::default() };
        let why = "node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: 4000; memory, requested: 3, allocatable: 2";
        assert_eq!(exceeds(&requests, &allocatable).as_deref(), Some(why));
        assert!(exceeds(&allocatable, &allocatable).is_none());
    }
}
