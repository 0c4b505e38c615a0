//! How many more pods of a kind fit.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Asked;
use crate::api::{DecodeCache, Decoded, DecodedBody, FieldValidation, decode};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::PodId;

/// What placing pods one after another came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitCount {
    /// How many fitted.
    pub fitted: usize,
    /// How many on each node, in order of their names.
    pub by_node: BTreeMap<String, usize>,
    /// Why the next one did not; empty if there was no need to try.
    pub message: String,
}

impl Asked<'_> {
    /// Adds a pod from a manifest (or from the template of a workload), admitted as the API server would.
    ///
    /// # Errors
    /// What the API server says of it.
    pub fn add_pod(&mut self, manifest: Value) -> Result<PodId, String> {
        let manifest = pod_of(manifest)?;
        let decoded = decode(manifest, "default", FieldValidation::Strict, &mut DecodeCache::default());
        let decoded = decoded.map_err(|error| error.to_string())?;
        self.admit(decoded)
    }

    fn admit(&mut self, mut decoded: Decoded) -> Result<PodId, String> {
        let DecodedBody::Pod(template) = &decoded.body else { return Err("this is no pod".to_owned()) };
        let account = template.spec.service_account.clone();
        let account = if account.is_empty() { Text::const_new("default") } else { account };
        let namespace = self.cluster.namespace(&decoded.namespace);
        let namespace = namespace.ok_or_else(|| format!("namespaces \"{}\" not found", decoded.namespace))?;
        if self.cluster.find(Kind::SERVICE_ACCOUNT, namespace, &account).is_none() {
            // A dump hardly ever holds service accounts; nothing here depends on them.
            let metadata = json!({ "name": account.as_str(), "namespace": decoded.namespace.as_str() });
            let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata });
            let imported = self.cluster.import(self.now, account, &mut DecodeCache::default());
            imported.map_err(|error| error.to_string())?;
        }
        // One that is there already (explained again, say) is looked at beside it.
        while self.cluster.find(Kind::POD, namespace, &decoded.name).is_some() {
            decoded.name.push_str("-again");
        }
        let pod = self.cluster.create(self.now, decoded).map_err(|status| status.to_string())?;
        pod.as_pod().ok_or_else(|| "this is no pod".to_owned())
    }

    /// Places copies of a pod one after another until one does not fit, or `most` are placed.
    ///
    /// # Errors
    /// What the API server says of the manifest.
    pub fn count_fitting(&mut self, manifest: Value, most: usize) -> Result<FitCount, String> {
        let manifest = pod_of(manifest)?;
        let mut cache = DecodeCache::default();
        let mut count = FitCount { fitted: 0, by_node: BTreeMap::new(), message: String::new() };
        let base = manifest["metadata"]["name"].as_str().unwrap_or("pod").to_owned();
        while count.fitted < most {
            let mut copy = manifest.clone();
            copy["metadata"]["name"] = format!("{base}-{}", count.fitted + 1).into();
            let decoded =
                decode(copy, "default", FieldValidation::Strict, &mut cache).map_err(|error| error.to_string())?;
            let pod = match self.admit(decoded) {
                Ok(pod) => pod,
                // A quota ends it too, though not the first one.
                Err(message) if count.fitted > 0 => {
                    count.message = message;
                    break;
                }
                Err(message) => return Err(message),
            };
            match self.scheduler.place(self.now, self.cluster, pod)? {
                Ok(node) => {
                    count.fitted += 1;
                    *count.by_node.entry(self.cluster.node_name(node).to_owned()).or_default() += 1;
                }
                Err(message) => {
                    count.message = message;
                    break;
                }
            }
        }
        Ok(count)
    }
}

/// The manifest itself, or a pod of the workload's template.
fn pod_of(manifest: Value) -> Result<Value, String> {
    if manifest["kind"] == "Pod" {
        let mut pod = manifest;
        // A dumped pod is looked at as one that has no node yet.
        if let Some(object) = pod.as_object_mut() {
            object.remove("status");
        }
        if let Some(spec) = pod["spec"].as_object_mut() {
            spec.remove("nodeName");
        }
        return Ok(pod);
    }
    let kind = manifest["kind"].as_str().unwrap_or_default();
    let spec = &manifest["spec"];
    let template =
        [&spec["template"], &spec["jobTemplate"]["spec"]["template"]].into_iter().find(|one| one.is_object());
    let Some(template) = template else { return Err(format!("a {kind} has no pod")) };
    let mut pod = template.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    let metadata = &manifest["metadata"];
    pod["metadata"]["name"] = format!("{}-0", metadata["name"].as_str().unwrap_or("pod")).into();
    if !metadata["namespace"].is_null() {
        pod["metadata"]["namespace"] = metadata["namespace"].clone();
    }
    Ok(pod)
}
