//! Volumes and their mounts.

use serde_json::Value;

use super::super::value::{flag, int32, is_nil, items, members, short, text};
use super::quantity;
use crate::model::Text;
use crate::model::volume::{DownwardFile, FieldSource, KeyToPath, ProjectedSource, Volume, VolumeMount, VolumeSource};

/// A volume of a pod with this spec. Upstream: volume/util `GetPodVolumeNames`.
pub(super) fn volume(value: &Value, spec: &Value) -> Volume {
    let source = members(value)
        .find(|(key, source)| *key != "name" && !is_nil(source))
        .map_or(VolumeSource::EmptyDir { medium: Text::default(), size_limit: None }, |(key, source)| {
            self::source(key, source)
        });
    let name = short(&value["name"]);
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let is_used = lists.into_iter().flat_map(|list| items(&spec[list])).any(|container| {
        let uses = |member: &str| items(&container[member]).iter().any(|used| used["name"] == name.as_str());
        uses("volumeMounts") || uses("volumeDevices")
    });
    Volume { name, source, is_used }
}

fn source(kind: &str, value: &Value) -> VolumeSource {
    let default_mode = int32(&value["defaultMode"]);
    let optional = flag(&value["optional"]);
    match kind {
        "emptyDir" => VolumeSource::EmptyDir {
            medium: short(&value["medium"]),
            size_limit: quantity(&value["sizeLimit"]).map(|quantity| quantity.value()),
        },
        "hostPath" => VolumeSource::HostPath { path: short(&value["path"]), kind: short(&value["type"]) },
        "configMap" => VolumeSource::ConfigMap {
            name: short(&value["name"]),
            items: keys(&value["items"]),
            optional,
            default_mode,
        },
        "secret" => VolumeSource::Secret {
            name: short(&value["secretName"]),
            items: keys(&value["items"]),
            optional,
            default_mode,
        },
        "downwardAPI" => VolumeSource::DownwardApi { items: downward(&value["items"]), default_mode },
        "projected" => {
            VolumeSource::Projected { sources: items(&value["sources"]).iter().map(projected).collect(), default_mode }
        }
        "persistentVolumeClaim" => {
            VolumeSource::Claim { claim: short(&value["claimName"]), read_only: flag(&value["readOnly"]) }
        }
        "ephemeral" => VolumeSource::Ephemeral,
        "image" => VolumeSource::Image {
            reference: short(&value["reference"]),
            pull_policy: super::container::pull_policy(text(&value["pullPolicy"])),
        },
        _ => VolumeSource::Other { kind: kind.into(), id: identity(kind, value), read_only: flag(&value["readOnly"]) },
    }
}

/// What makes two volumes of an in-tree kind the same one. Upstream: plugins/volumerestrictions `isVolumeConflict`.
fn identity(kind: &str, value: &Value) -> Text {
    match kind {
        "gcePersistentDisk" => short(&value["pdName"]),
        "awsElasticBlockStore" | "cinder" => short(&value["volumeID"]),
        "azureDisk" => short(&value["diskName"]),
        "iscsi" => short(&value["iqn"]),
        "rbd" => Text::from(format!("{}/{}", text(&value["pool"]), text(&value["image"]))),
        "csi" => short(&value["driver"]),
        _ => Text::default(),
    }
}

fn keys(value: &Value) -> Vec<KeyToPath> {
    items(value)
        .iter()
        .map(|item| KeyToPath {
            key: short(&item["key"]),
            path: short(&item["path"]),
            mode: item["mode"].as_i64().map(|mode| mode as i32),
        })
        .collect()
}

fn downward(value: &Value) -> Vec<DownwardFile> {
    items(value)
        .iter()
        .filter_map(|item| {
            let mode = item["mode"].as_i64().map(|mode| mode as i32);
            Some(DownwardFile { path: short(&item["path"]), source: field_source(item)?, mode })
        })
        .collect()
}

/// `fieldRef` or `resourceFieldRef`.
pub(super) fn field_source(value: &Value) -> Option<FieldSource> {
    let (field, resource) = (&value["fieldRef"], &value["resourceFieldRef"]);
    if !is_nil(field) {
        Some(FieldSource::Field(short(&field["fieldPath"])))
    } else if !is_nil(resource) {
        // The default divisor "0" means 1.
        let divisor = if text(&resource["divisor"]) == "0" { Text::default() } else { short(&resource["divisor"]) };
        Some(FieldSource::Resource {
            container: short(&resource["containerName"]),
            resource: short(&resource["resource"]),
            divisor,
        })
    } else {
        None
    }
}

fn projected(value: &Value) -> ProjectedSource {
    let Some((kind, source)) = members(value).find(|(_, source)| !is_nil(source)) else {
        return ProjectedSource::Other;
    };
    let (name, optional) = (short(&source["name"]), flag(&source["optional"]));
    match kind {
        "configMap" => ProjectedSource::ConfigMap { name, items: keys(&source["items"]), optional },
        "secret" => ProjectedSource::Secret { name, items: keys(&source["items"]), optional },
        "downwardAPI" => ProjectedSource::DownwardApi(downward(&source["items"])),
        "serviceAccountToken" => ProjectedSource::ServiceAccountToken(short(&source["path"])),
        _ => ProjectedSource::Other,
    }
}

pub(super) fn mount(value: &Value) -> VolumeMount {
    VolumeMount {
        name: short(&value["name"]),
        mount_path: short(&value["mountPath"]),
        sub_path: short(&value["subPath"]),
        sub_path_expr: short(&value["subPathExpr"]),
        read_only: flag(&value["readOnly"]),
    }
}
