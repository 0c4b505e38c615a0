//! Names inside of resources that follow the names of those that they mean.
//! Upstream: kustomize api/filters/nameref `Filter`, api/internal/accumulator `nameReferenceTransformer`.

use serde_json::Value;

use super::field_specs::{Spec, visit};
use super::reference_table::{Reference, TABLE};
use super::resource::{Gvk, Id, Resource};

/// Renames what is referred to.
pub(super) fn fix(resources: &mut [Resource]) -> Result<(), String> {
    for place in 0..resources.len() {
        let referrer = resources[place].clone();
        let id = referrer.id();
        let mut value = referrer.value.clone();
        for reference in TABLE {
            for path in reference.fields(&id.gvk.kind) {
                let is_role = path.ends_with("roleRef/name");
                let search = Search { resources, referrer: &referrer, id: &id, reference, is_role };
                visit(&mut value, &path, (false, &Value::Null), &mut |found| search.set(found))
                    .map_err(|text| format!("updating name reference in '{path}' field of '{}': {text}", id.shown()))?;
            }
        }
        resources[place].value = value;
    }
    Ok(())
}

struct Search<'a> {
    resources: &'a [Resource],
    referrer: &'a Resource,
    id: &'a Id,
    reference: &'static Reference,
    is_role: bool,
}

impl Search<'_> {
    fn set(&self, place: &mut Value) -> Result<(), String> {
        match place {
            Value::String(name) => {
                if let Some(found) = self.referral(name, None)? {
                    found.name().clone_into(name);
                }
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.set(item)),
            Value::Object(members) => {
                let Some(name) = members.get("name").and_then(Value::as_str) else {
                    return Err("path config error; no 'name' field in node".to_owned());
                };
                let namespace = members.get("namespace").and_then(Value::as_str);
                let Some(found) = self.referral(name, namespace)? else { return Ok(()) };
                let (new, space) = (Value::from(found.name()), found.id().namespace);
                members.insert("name".to_owned(), new);
                if !space.is_empty() {
                    members.insert("namespace".to_owned(), Value::from(space));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The resource that a name means. Upstream: `selectReferral`.
    fn referral(&self, name: &str, namespace: Option<&str>) -> Result<Option<&Resource>, String> {
        let role = &self.referrer.value["roleRef"];
        let role = self.is_role.then(|| Gvk {
            group: role["apiGroup"].as_str().unwrap_or_default().to_owned(),
            version: String::new(),
            kind: role["kind"].as_str().unwrap_or_default().to_owned(),
        });
        let in_space = |resource: &&Resource| {
            namespace.is_none_or(|namespace| {
                resource.original().namespace == namespace
                    || resource.original().effective_namespace() == namespace
                    || resource.id().namespace == namespace
            })
        };
        let is_meant = |resource: &&Resource| {
            let previous = &resource.previous;
            previous.iter().any(|id| id.name == name)
                && previous.iter().any(|id| self.reference.names(&id.gvk))
                && role.as_ref().is_none_or(|role| {
                    let spec = Spec::of(&role.group, &role.kind, "", false);
                    previous.iter().any(|id| spec.selects(&id.gvk))
                })
                && self.same_namespace(resource)
        };
        let mut found: Vec<&Resource> = self.resources.iter().filter(in_space).filter(is_meant).collect();
        if found.len() > 1 {
            found.retain(|resource| same_affixes(resource, self.referrer, true));
        }
        if found.len() > 1 {
            found.retain(|resource| same_affixes(resource, self.referrer, false));
        }
        let Some(first) = found.first().copied() else { return Ok(None) };
        let same = |other: &&Resource| {
            other.name() == first.name() && (namespace.is_none() || other.id().namespace == first.id().namespace)
        };
        if found.iter().all(same) {
            return Ok(Some(first));
        }
        let ids: Vec<String> = found.iter().map(|resource| resource.id().shown()).collect();
        Err(format!("found multiple possible referrals: {}", ids.join(", ")))
    }

    fn same_namespace(&self, resource: &Resource) -> bool {
        let other = resource.id();
        self.id.gvk.is_cluster_scoped()
            || other.gvk.is_cluster_scoped()
            || other.gvk.kind == "ServiceAccount"
            || self.id.effective_namespace() == other.effective_namespace()
    }
}

/// Upstream: `Resource.PrefixesSuffixesEquals`.
fn same_affixes(one: &Resource, other: &Resource, allow_empty: bool) -> bool {
    let same = |one: &[String], other: &[String]| {
        let either_empty = one.is_empty() || other.is_empty();
        allow_empty && either_empty || {
            // Upstream: `SameEndingSubarray`.
            let shorter = one.len().min(other.len());
            (shorter > 0 || one.len() == other.len()) && one[one.len() - shorter..] == other[other.len() - shorter..]
        }
    };
    same(&one.prefixes, &other.prefixes) && same(&one.suffixes, &other.suffixes)
}
