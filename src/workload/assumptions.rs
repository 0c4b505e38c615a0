//! Which containers will run on assumed behaviour although they name a command: what `validate` tells.

use super::Workload;
use super::catalogue;
use super::process::{is_understood, understanding};
use super::shell::Understanding;
use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, TemplateId};

/// Kinds whose pods nobody else makes.
const KINDS: [Kind; 6] =
    [Kind::POD, Kind::DEPLOYMENT, Kind::STATEFUL_SET, Kind::DAEMON_SET, Kind::JOB, Kind::REPLICA_SET];

impl Workload {
    /// For each container whose command is nothing that the shell knows, a sentence.
    pub fn assumptions(&self, cluster: &Cluster) -> Vec<String> {
        let mut found = Vec::new();
        for kind in KINDS {
            for object in cluster.list(kind) {
                let Some(template) = template_of(cluster, object) else { continue };
                let (namespace, name) = cluster.identity(object);
                let owner = format!("{}/{}/{name}", cluster.namespace_name(namespace), kind.name().to_lowercase());
                for container in &cluster.template(template).spec.containers {
                    let unknown = match understanding(container) {
                        Some(Understanding::UnknownProgram(program)) => format!("calls `{program}`"),
                        Some(Understanding::Unparsable(why) | Understanding::Broken(why)) => {
                            format!("does not parse ({why})")
                        }
                        Some(Understanding::NeedsFile(file)) => format!("is the file `{file}`"),
                        Some(Understanding::Yes) | None => continue,
                    };
                    if is_understood(container) || catalogue::agnhost_command(container).is_some() {
                        continue;
                    }
                    found.push(format!(
                        "{owner}: the command of container `{}` {unknown}, which the built-in shell does not know: unless `behaviors` say otherwise it runs until it is stopped",
                        container.name
                    ));
                }
            }
        }
        found
    }
}

fn template_of(cluster: &Cluster, object: ObjectRef) -> Option<TemplateId> {
    if let Some(pod) = object.as_pod() {
        return Some(cluster.pod(pod).template);
    }
    Some(match cluster.body(object) {
        Body::Deployment(deployment) => deployment.template,
        Body::ReplicaSet(replica_set) => replica_set.template,
        Body::StatefulSet(stateful_set) => stateful_set.template,
        Body::DaemonSet(daemon_set) => daemon_set.template,
        Body::Job(job) => job.template,
        _ => return None,
    })
}
