//! Images and replicas by name. Upstream: kustomize api/filters/imagetag, api/internal/image,
//! api/internal/builtins `ReplicaCountTransformer.go`.

use serde_json::Value;

use super::field_specs::visit;
use super::kustomization::{Image, Replica};
use super::resource::Resource;

/// Gives images of a name another one, tag or digest.
pub(super) fn replace(resources: &mut [Resource], image: &Image) {
    for resource in resources.iter_mut().filter(|resource| resource.id().gvk.kind != "CustomResourceDefinition") {
        in_containers(&mut resource.value, &mut |text| {
            if let Some(replaced) = replaced(text, image) {
                *text = replaced;
            }
        });
    }
}

/// Calls `change` with the image of each container, wherever the list is. Upstream: `findAndReplaceImage`.
fn in_containers(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if let ("containers" | "initContainers", Value::Array(items)) = (key.as_str(), &mut *member) {
                    for item in items {
                        if let Some(Value::String(text)) = item.get_mut("image") {
                            change(text);
                        }
                    }
                } else {
                    in_containers(member, change);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| in_containers(item, change)),
        _ => {}
    }
}

/// The image's new name, if it is meant. Upstream: image `IsImageMatched`.
fn replaced(text: &str, image: &Image) -> Option<String> {
    let (name, mut tag, mut digest) = split(text);
    let fits = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "_.{}-".contains(c));
    if name != image.name
        || !fits(tag)
        || !digest.strip_prefix("sha256:").unwrap_or(digest).chars().all(|c| fits(&c.to_string()))
    {
        return None;
    }
    let mut name = name.to_owned();
    if !image.new_name.is_empty() {
        name.clone_from(&image.new_name);
    }
    let suffixed = format!("{tag}{}", image.tag_suffix);
    match (image.new_tag.is_empty(), image.digest.is_empty(), image.tag_suffix.is_empty()) {
        (false, false, _) => (tag, digest) = (&image.new_tag, &image.digest),
        (false, true, _) => (tag, digest) = (&image.new_tag, ""),
        (true, false, _) => (tag, digest) = ("", &image.digest),
        (true, true, false) => (tag, digest) = (&suffixed, ""),
        (true, true, true) => {}
    }
    if !tag.is_empty() {
        name = format!("{name}:{tag}");
    }
    if !digest.is_empty() {
        name = format!("{name}@{digest}");
    }
    Some(name)
}

/// Name, tag and digest. Upstream: image `Split`.
fn split(image: &str) -> (&str, &str, &str) {
    let host = image.find('/').unwrap_or(0);
    let (tag, digest) = (image[host..].find(':').map(|at| at + host), image[host..].find('@').map(|at| at + host));
    match (tag, digest) {
        (None, None) => (image, "", ""),
        (tag, Some(digest)) if tag.is_none_or(|tag| digest < tag) => (&image[..digest], "", &image[digest + 1..]),
        (Some(tag), Some(digest)) => (&image[..tag], &image[tag + 1..digest], &image[digest + 1..]),
        (Some(tag), None) => (&image[..tag], &image[tag + 1..], ""),
        (None, Some(digest)) => (&image[..digest], "", &image[digest + 1..]),
    }
}

/// Sets how many replicas the workloads of a name have.
pub(super) fn scale(resources: &mut [Resource], replica: &Replica) -> Result<(), String> {
    const KINDS: [&str; 4] = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];
    let mut found = false;
    for resource in resources.iter_mut() {
        let is_meant = resource.ids().iter().any(|id| id.name == replica.name && KINDS.contains(&id.gvk.kind.as_str()));
        if is_meant {
            found = true;
            visit(&mut resource.value, "spec/replicas", (true, &Value::from(0)), &mut |place| {
                *place = Value::from(replica.count);
                Ok(())
            })?;
        }
    }
    if found {
        return Ok(());
    }
    let kinds = KINDS.map(|kind| format!("{kind}.[noVer].[noGrp]")).join(" ");
    Err(format!("resource with name {} does not match a config with the following GVK [{kinds}]", replica.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_matched_by_their_whole_name() {
        let image = Image { name: "nginx".into(), new_tag: "9".into(), ..Image::default() };
        assert_eq!(replaced("nginx:1", &image).as_deref(), Some("nginx:9"));
        assert_eq!(replaced("nginx@sha256:ab", &image).as_deref(), Some("nginx:9"));
        assert_eq!(replaced("quay.io/nginx:1", &image), None);
        assert_eq!(split("host:5000/a/b:1@sha256:c"), ("host:5000/a/b", "1", "sha256:c"));
        assert_eq!(split("host:5000/a"), ("host:5000/a", "", ""));
    }
}
