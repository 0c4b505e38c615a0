//! What the node-local plugins read of a pod. Pods of equal shape get equal verdicts and scores on a node, whatever
//! their names and labels, so these are kept by shape.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use crate::model::Text;
use crate::model::affinity::NodeAffinity;
use crate::model::object::TemplateId;
use crate::model::pod_spec::{PodSpec, RestartRule};
use crate::model::pod_template::{Assumed, HostPort, PodTemplate, assumed_requests};
use crate::model::resources::Resources;
use crate::model::taint::Toleration;
use crate::model::volume::VolumeSource;
use crate::scheduler::plugins::volume_restrictions::Disk;
use crate::scheduler::plugins::volumes;

/// The part of a pod that node-local plugins read.
#[derive(Clone, Debug, PartialEq)]
pub struct PodShape {
    /// Requests as they are counted against allocatable.
    pub requests: Resources,
    /// Requests as NodeResourcesFit scores them: containers without a request count 100m and 200Mi, pod-level
    /// requests are not read. Upstream: noderesources.NewFit builds its scorer without the pod-level flag.
    pub scored_requests: Resources,
    /// Host ports.
    pub host_ports: Vec<HostPort>,
    /// `spec.nodeName` as written.
    pub node_name: Text,
    /// `spec.nodeSelector`.
    pub node_selector: Vec<(Text, Text)>,
    /// `spec.affinity.nodeAffinity`.
    pub node_affinity: Option<NodeAffinity>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Images of all containers, with a tag.
    pub images: Vec<Text>,
    /// Images that are mounted as volumes, with a tag.
    pub image_volumes: Vec<Text>,
    /// Features that its node has to declare.
    pub features: Vec<Text>,
    /// Disks that exclude others.
    pub disks: Vec<Disk>,
    /// Has it resource claims?
    pub has_resource_claims: bool,
    /// Has it volumes that claims stand behind?
    pub uses_claims: bool,
}

impl PodShape {
    /// The shape of a template.
    pub fn of(template: &PodTemplate) -> Self {
        let spec = &template.spec;
        Self {
            requests: template.requests.clone(),
            scored_requests: scored_requests(template),
            host_ports: template.host_ports.clone(),
            node_name: spec.node_name.clone(),
            node_selector: spec.node_selector.clone(),
            node_affinity: spec.affinity.as_ref().and_then(|affinity| affinity.node.clone()),
            tolerations: spec.tolerations.clone(),
            images: spec.containers.iter().map(|container| normalized_image(&container.image)).collect(),
            image_volumes: image_volumes(spec),
            features: required_features(template),
            disks: Disk::of(&spec.volumes).collect(),
            has_resource_claims: template.has_resource_claims,
            uses_claims: volumes::claim_uses(template, "").next().is_some(),
        }
    }

    /// Does it want nothing of the node's resources?
    pub fn is_best_effort(&self) -> bool {
        let Resources { cpu_milli, memory, ephemeral_storage, others } = &self.requests;
        *cpu_milli == 0 && *memory == 0 && *ephemeral_storage == 0 && others.iter().all(|(_, amount)| *amount == 0)
    }

    fn content_hash(&self) -> u64 {
        let mut hasher = FxHasher::default();
        (&self.requests, &self.host_ports, &self.node_name, &self.node_selector).hash(&mut hasher);
        (&self.tolerations, &self.images, &self.disks, self.uses_claims, &self.image_volumes).hash(&mut hasher);
        let required = self.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
        required.hash(&mut hasher);
        hasher.finish()
    }
}

fn image_volumes(spec: &PodSpec) -> Vec<Text> {
    let references = spec.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Image { reference, .. } => Some(reference),
        _ => None,
    });
    references.map(|reference| normalized_image(reference)).collect()
}

/// Upstream: component-helpers/nodedeclaredfeatures `InferForPodScheduling`.
fn required_features(template: &PodTemplate) -> Vec<Text> {
    let (spec, raw) = (&template.spec, &template.raw["spec"]);
    let rules = spec.containers.iter().flat_map(|container| &container.restart_rules);
    let mut features = Vec::new();
    if rules.into_iter().any(RestartRule::restarts_all_containers) {
        features.push(Text::const_new("RestartAllContainersOnContainerExits"));
    }
    if spec.host_network && raw["hostUsers"] == false {
        features.push(Text::const_new("UserNamespacesHostNetworkSupport"));
    }
    features
}

fn scored_requests(template: &PodTemplate) -> Resources {
    if template.spec.pod_requests.entries.is_empty() {
        return template.nonzero_requests.clone();
    }
    let mut spec: PodSpec = template.spec.clone();
    spec.pod_requests.entries.clear();
    Resources::from_list(&assumed_requests(&spec, Assumed::BOTH))
}

/// Upstream: imagelocality.normalizedImageName: a name without a tag means `latest`.
fn normalized_image(image: &str) -> Text {
    let has_tag = match (image.rfind(':'), image.rfind('/')) {
        (Some(colon), Some(slash)) => colon > slash,
        (colon, _) => colon.is_some(),
    };
    if has_tag { image.into() } else { compact_str::format_compact!("{image}:latest") }
}

/// A shape's place in `Shapes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(pub u32);

/// All shapes seen, each stored once.
#[derive(Debug, Default)]
pub struct Shapes {
    rows: Vec<PodShape>,
    by_content: FxHashMap<u64, Vec<ShapeId>>,
    by_template: FxHashMap<TemplateId, ShapeId>,
}

impl Shapes {
    /// The shape of pods of a template.
    pub fn of(&mut self, id: TemplateId, template: &PodTemplate) -> ShapeId {
        if let Some(known) = self.by_template.get(&id) {
            return *known;
        }
        let shape = PodShape::of(template);
        let same = self.by_content.entry(shape.content_hash()).or_default();
        let found = same.iter().copied().find(|known| self.rows[known.0 as usize] == shape);
        let shape_id = found.unwrap_or_else(|| {
            let new = ShapeId(self.rows.len() as u32);
            same.push(new);
            self.rows.push(shape);
            new
        });
        self.by_template.insert(id, shape_id);
        shape_id
    }

    /// The shape of a template that was seen before.
    pub fn known(&self, template: TemplateId) -> Option<ShapeId> {
        self.by_template.get(&template).copied()
    }

    /// A shape.
    pub fn get(&self, shape: ShapeId) -> &PodShape {
        &self.rows[shape.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_is_the_latest() {
        for (image, normalized) in [
            ("nginx", "nginx:latest"),
            ("nginx:1.27", "nginx:1.27"),
            ("registry:5000/nginx", "registry:5000/nginx:latest"),
            ("registry:5000/nginx:1", "registry:5000/nginx:1"),
        ] {
            assert_eq!(normalized_image(image), normalized);
        }
    }
}
