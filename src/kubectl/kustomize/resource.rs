//! A resource under construction: its manifest, and the names that it has had.
//! Upstream: kustomize api/resource `Resource`, kyaml/resid `ResId`.

use serde_json::Value;

use crate::model::kind::Kind;

/// Group, version and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gvk {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
}

impl Gvk {
    /// Of an `apiVersion` and a kind.
    pub(super) fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Is the kind known to be outside of namespaces?
    pub(super) fn is_cluster_scoped(&self) -> bool {
        Kind::from_manifest(&self.api_version(), &self.kind).is_some_and(|kind| !kind.is_namespaced())
    }

    /// `Deployment.v1.apps`. Upstream: `Gvk.StringWoEmptyField` with its defaults.
    fn shown(&self) -> String {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        format!("{}.{}.{}", or(&self.kind, "[noKind]"), or(&self.version, "[noVer]"), or(&self.group, "[noGrp]"))
    }
}

/// What a resource is known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) gvk: Gvk,
    pub(super) name: String,
    pub(super) namespace: String,
}

impl Id {
    /// Of a manifest.
    pub(super) fn of(manifest: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            gvk: Gvk::new(&text(&manifest["apiVersion"]), &text(&manifest["kind"])),
            name: text(&manifest["metadata"]["name"]),
            namespace: text(&manifest["metadata"]["namespace"]),
        }
    }

    /// The namespace that counts. Upstream: `EffectiveNamespace`.
    pub(super) fn effective_namespace(&self) -> &str {
        if self.gvk.is_cluster_scoped() {
            "_non_namespaceable_"
        } else if self.namespace.is_empty() {
            "default"
        } else {
            &self.namespace
        }
    }

    /// Upstream: `ResId.Equals`.
    pub(super) fn equals(&self, other: &Self) -> bool {
        self.gvk == other.gvk && self.name == other.name && self.effective_namespace() == other.effective_namespace()
    }

    /// `Deployment.v1.apps/web.[noNs]`.
    pub(super) fn shown(&self) -> String {
        let namespace = if self.namespace.is_empty() { "[noNs]" } else { &self.namespace };
        let name = if self.name.is_empty() { "[noName]" } else { &self.name };
        format!("{}/{name}.{namespace}", self.gvk.shown())
    }
}

/// What a generator does where a resource of its name is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Behavior {
    /// It must not be.
    #[default]
    Create,
    /// It goes.
    Replace,
    /// Both are united.
    Merge,
}

/// A resource.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) value: Value,
    /// The names that it had, first to last.
    pub(super) previous: Vec<Id>,
    /// Prefixes that were put before its name, inner to outer.
    pub(super) prefixes: Vec<String>,
    /// Suffixes that were put after its name, inner to outer.
    pub(super) suffixes: Vec<String>,
    /// Does its name get a hash of its content?
    pub(super) needs_hash: bool,
    pub(super) behavior: Behavior,
}

impl Resource {
    pub(super) fn new(value: Value) -> Self {
        Self {
            value,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            needs_hash: false,
            behavior: Behavior::Create,
        }
    }

    /// What it is known by now.
    pub(super) fn id(&self) -> Id {
        Id::of(&self.value)
    }

    /// Is it known by that? As `id().equals(…)`, without making one for each comparison.
    pub(super) fn is(&self, id: &Id) -> bool {
        self.value["kind"] == id.gvk.kind.as_str() && self.name() == id.name && self.id().equals(id)
    }

    /// Whether it still is an object with metadata, which a patch may have replaced by anything.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn check_shape(&self) -> Result<(), String> {
        if self.value["metadata"].is_object() && self.value["kind"].is_string() {
            return Ok(());
        }
        Err(format!("missing Resource metadata in object {}", self.value))
    }

    /// What it was known by at first.
    pub(super) fn original(&self) -> Id {
        self.previous.first().cloned().unwrap_or_else(|| self.id())
    }

    /// All that it was and is known by.
    pub(super) fn ids(&self) -> Vec<Id> {
        let mut ids = self.previous.clone();
        ids.push(self.id());
        ids
    }

    /// Keeps its name of now as one that it had. Upstream: `StorePreviousId`.
    pub(super) fn remember(&mut self) {
        let id = self.id();
        self.previous.push(id);
    }

    pub(super) fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }

    pub(super) fn set_name(&mut self, name: String) {
        self.value["metadata"]["name"] = Value::from(name);
    }
}
