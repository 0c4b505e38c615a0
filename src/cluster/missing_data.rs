//! What is not there of a ConfigMap or Secret that a volume or a variable shows.

use super::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{Body, PodId};
use crate::model::volume::KeyToPath;

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingData {
    /// The object.
    Object,
    /// One of its keys.
    Key(Text),
}

impl Cluster {
    /// What is missing of a ConfigMap or Secret in a pod's namespace that has to be there.
    /// Upstream: volume configmap and secret `SetUpAt`, `MakePayload`.
    pub fn missing_data(
        &self,
        pod: PodId,
        (kind, name): (Kind, &str),
        items: &[KeyToPath],
        optional: bool,
    ) -> Option<MissingData> {
        if optional {
            return None;
        }
        let Some(object) = self.find(kind, self.pod(pod).namespace, name) else { return Some(MissingData::Object) };
        let Body::Data(data) = self.body(object) else { return None };
        let absent = items.iter().find(|item| !data.iter().any(|(key, _)| *key == item.key))?;
        Some(MissingData::Key(absent.key.clone()))
    }
}
