//! Pods that never are: what a scheduler is asked about when somebody wants to know whether another form of a pod would fit.

use super::Cluster;
use crate::model::object::{PodId, TemplateId};

impl Cluster {
    /// The row of a pod like this one, without a node and with another template. It is in no list and no log.
    pub fn hypothetical_pod(&mut self, like: PodId, template: TemplateId) -> PodId {
        let mut row = self.pod(like).clone();
        // No name of an object has a question mark.
        row.name = format!("{}?", row.name).into();
        row.template = template;
        row.node = crate::model::object::NodeId::NONE;
        row.nominated = crate::model::object::NodeId::NONE;
        let pod = self.pods.insert(row);
        self.pods.remove(pod);
        pod
    }
}
