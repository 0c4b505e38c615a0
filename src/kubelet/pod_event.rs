//! Kubernetes Events about pods, in 1.36's words.

use super::{Hubs, Kubelets};
use crate::cluster::{EventDraft, EventType, Said};
use crate::model::Text;
use crate::model::object::{NodeId, ObjectRef, PodId};

impl Kubelets {
    /// Records an Event about a pod, or about one of its containers.
    pub(super) fn event(
        &self,
        hubs: &mut Hubs<'_>,
        pod: PodId,
        slot: Option<u8>,
        kind: EventType,
        reason: &'static str,
        message: Said,
    ) {
        let host: NodeId = self.workers.get(pod).map_or_else(|| hubs.cluster.pod(pod).node, |worker| worker.node);
        if !hubs.machines.is_reachable(host) {
            // Upstream's recorder tries again for about two minutes and then drops it.
            return;
        }
        let reason = Text::const_new(reason);
        let draft = EventDraft {
            object: ObjectRef::pod(pod),
            container: slot,
            kind,
            reason,
            message,
            component: "kubelet",
            host,
        };
        hubs.cluster.record_event(hubs.now, draft);
    }

    pub(super) fn normal(
        &self,
        hubs: &mut Hubs<'_>,
        pod: PodId,
        slot: Option<u8>,
        reason: &'static str,
        message: impl Into<Said>,
    ) {
        self.event(hubs, pod, slot, EventType::Normal, reason, message.into());
    }

    pub(super) fn warning(
        &self,
        hubs: &mut Hubs<'_>,
        pod: PodId,
        slot: Option<u8>,
        reason: &'static str,
        message: impl Into<Said>,
    ) {
        self.event(hubs, pod, slot, EventType::Warning, reason, message.into());
    }

    /// `NAME_NAMESPACE(UID)`. Upstream: kubelet util/format `Pod`.
    pub(super) fn full_name(hubs: &Hubs<'_>, pod: PodId) -> String {
        let (namespace, name) = hubs.cluster.identity(ObjectRef::pod(pod));
        let namespace = hubs.cluster.namespace_name(namespace);
        format!("{name}_{namespace}({})", hubs.cluster.uid(ObjectRef::pod(pod)))
    }
}
