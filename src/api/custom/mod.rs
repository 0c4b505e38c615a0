//! Kinds that CustomResourceDefinitions define: which a server serves, under which names, with which schema and columns.
//! Upstream: apiextensions-apiserver `customresource_handler`, `customresource/tableconvertor`.

mod composed;
mod list_types;
mod rules;
mod schema;

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use super::value::{flag, is_nil, items, text};
use crate::model::custom_kind::KindNames;
use crate::model::kind::Kind;

/// What a column shows; a value of another type shows as nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// A truth value.
    Boolean,
    /// An instant, of which the age is shown.
    Date,
    /// A number without its fraction.
    Integer,
    /// A number.
    Number,
    /// Anything, objects and lists as JSON.
    Text,
}

/// A column of `kubectl get` beside the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterColumn {
    /// Its name as written.
    pub name: String,
    /// Where its value stands (`.spec.replicas`).
    pub json_path: String,
    /// What it shows.
    pub shows: ColumnType,
    /// Does it stand in `-o wide` only?
    pub wide: bool,
}

/// A served version.
#[derive(Clone, Debug)]
struct Version {
    name: String,
    /// `openAPIV3Schema`, null for none.
    schema: Value,
    columns: Vec<PrinterColumn>,
    /// Is `status` written by its own endpoint only?
    has_status: bool,
    /// Fields that `--field-selector` knows beside those of the metadata (`spec.size`).
    selectable: Vec<String>,
    scale: Option<ScalePaths>,
}

/// `subresources.scale`: where the scale of an object stands, as JSON pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// Replicas that are wanted (`/spec/replicas`).
    pub spec: String,
    /// Replicas that there are.
    pub status: String,
    /// A label selector as text, if there is one.
    pub selector: Option<String>,
}

/// A kind that is not built in, as a server serves it.
#[derive(Clone, Debug)]
pub struct CustomKind {
    /// The kind.
    pub kind: Kind,
    singular: String,
    categories: Vec<String>,
    versions: Vec<Version>,
}

impl CustomKind {
    /// What a CustomResourceDefinition defines; nothing if it serves no version.
    pub fn of_definition(definition: &Value) -> Option<Self> {
        let spec = &definition["spec"];
        let served = items(&spec["versions"]).iter().filter(|version| flag(&version["served"]));
        let mut versions: Vec<Version> = served.map(version).collect();
        versions.sort_by_key(|version| Reverse(priority(&version.name)));
        let names = &spec["names"];
        let all = |list: &Value| items(list).iter().map(|name| text(name).to_owned()).collect();
        let kind_names = KindNames {
            group: text(&spec["group"]).to_owned(),
            versions: versions.iter().map(|version| version.name.clone()).collect(),
            name: text(&names["kind"]).to_owned(),
            plural: text(&names["plural"]).to_owned(),
            short: all(&names["shortNames"]),
            namespaced: text(&spec["scope"]) == "Namespaced",
        };
        (!versions.is_empty()).then(|| Self {
            kind: Kind::custom(&kind_names),
            singular: text(&names["singular"]).to_owned(),
            categories: all(&names["categories"]),
            versions,
        })
    }

    /// A kind of which nothing is known but an object. Upstream: apimachinery `UnsafeGuessKindToResource`.
    pub fn of_object(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let singular = kind.to_lowercase();
        let plural = match singular.chars().last() {
            Some('s') => format!("{singular}es"),
            Some('y') => format!("{}ies", &singular[..singular.len() - 1]),
            _ => format!("{singular}s"),
        };
        let names = KindNames {
            group: group.to_owned(),
            versions: vec![version.to_owned()],
            name: kind.to_owned(),
            plural,
            short: Vec::new(),
            namespaced: true,
        };
        let version = Version {
            name: version.to_owned(),
            schema: Value::Null,
            columns: age_column(),
            has_status: false,
            selectable: Vec::new(),
            scale: None,
        };
        Self { kind: Kind::custom(&names), singular, categories: Vec::new(), versions: vec![version] }
    }

    fn version(&self, api_version: &str) -> Option<&Version> {
        let (group, name) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        self.versions.iter().find(|version| self.kind.info().group == group && version.name == name)
    }

    /// Columns beside the name, of the preferred version.
    pub fn columns(&self) -> &[PrinterColumn] {
        &self.versions[0].columns
    }

    /// Fields of the preferred version that `--field-selector` knows beside those of the metadata (`spec.size`).
    /// Upstream: apiextensions-apiserver registry/customresource `prepareSelectableFields`.
    pub fn selectable_fields(&self) -> &[String] {
        &self.versions[0].selectable
    }

    /// Is `status` of an object written in that version its own business, which manifests do not touch?
    pub fn has_status_endpoint(&self, api_version: &str) -> bool {
        self.version(api_version).is_some_and(|version| version.has_status)
    }

    /// Paths of fields that the schema does not know; objects are stored without them.
    pub fn unknown_fields(&self, object: &Value) -> Vec<String> {
        self.schema_of(object).map_or_else(Vec::new, |schema| schema::unknown_fields(schema, object))
    }

    /// Applies the schema's defaults.
    pub fn apply_defaults(&self, object: &mut Value) {
        if let Some(schema) = self.schema_of(object) {
            schema::apply_defaults(schema, object);
        }
    }

    /// What the schema finds wrong, as `path: Type: value: detail`. `old` is the object before an update.
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        self.schema_of(object).map_or_else(Vec::new, |schema| schema::validate(schema, object, old))
    }

    /// Where the scale of an object stands, if the kind can be scaled.
    pub fn scale(&self) -> Option<&ScalePaths> {
        self.versions[0].scale.as_ref()
    }

    fn schema_of(&self, object: &Value) -> Option<&Value> {
        self.version(text(&object["apiVersion"])).map(|version| &version.schema).filter(|schema| !is_nil(schema))
    }
}

fn version(version: &Value) -> Version {
    let stated = items(&version["additionalPrinterColumns"]);
    let columns = stated.iter().map(|column| PrinterColumn {
        name: text(&column["name"]).to_owned(),
        json_path: text(&column["jsonPath"]).to_owned(),
        shows: match text(&column["type"]) {
            "boolean" => ColumnType::Boolean,
            "date" => ColumnType::Date,
            "integer" => ColumnType::Integer,
            "number" => ColumnType::Number,
            _ => ColumnType::Text,
        },
        wide: column["priority"].as_i64().unwrap_or(0) > 0,
    });
    let selectable = items(&version["selectableFields"]).iter().map(|field| text(&field["jsonPath"]));
    Version {
        name: text(&version["name"]).to_owned(),
        schema: version["schema"]["openAPIV3Schema"].clone(),
        columns: if stated.is_empty() { age_column() } else { columns.collect() },
        has_status: version["subresources"]["status"].is_object(),
        selectable: selectable.map(|path| path.trim_start_matches('.').to_owned()).collect(),
        scale: scale_paths(&version["subresources"]["scale"]),
    }
}

fn scale_paths(scale: &Value) -> Option<ScalePaths> {
    let path = |member: &str| scale[member].as_str().map(|path| path.replace('.', "/"));
    Some(ScalePaths {
        spec: path("specReplicasPath")?,
        status: path("statusReplicasPath").unwrap_or_default(),
        selector: path("labelSelectorPath"),
    })
}

fn age_column() -> Vec<PrinterColumn> {
    vec![PrinterColumn {
        name: "Age".to_owned(),
        json_path: ".metadata.creationTimestamp".to_owned(),
        shows: ColumnType::Date,
        wide: false,
    }]
}

/// Which version is preferred: `v2` before `v1` before `v1beta2` before `v1alpha1` before all others.
/// Upstream: apimachinery `version.CompareKubeAwareVersionStrings`.
fn priority(version: &str) -> (u8, u32, u32, Reverse<String>) {
    let other = (0, 0, 0, Reverse(version.to_owned()));
    let Some(rest) = version.strip_prefix('v') else { return other };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let Ok(major) = rest[..digits].parse::<u32>() else { return other };
    let (stage, minor) = match &rest[digits..] {
        "" => (3, ""),
        tail if tail.starts_with("beta") => (2, &tail[4..]),
        tail if tail.starts_with("alpha") => (1, &tail[5..]),
        _ => return other,
    };
    let minor = if stage == 3 { Ok(0) } else { minor.parse::<u32>() };
    minor.map_or(other, |minor| (stage, major, minor, Reverse(String::new())))
}

/// The kinds beside the built-in ones that a server serves. Clones are cheap.
#[derive(Clone, Debug, Default)]
pub struct CustomKinds {
    list: Arc<Vec<Arc<CustomKind>>>,
    /// Are objects of kinds that nobody defined stored as they are?
    pub store_unknown: bool,
}

impl CustomKinds {
    /// Serves a kind, in place of the one of that group and name. Such a one keeps its number: objects of it may be there.
    pub fn define(&mut self, mut new: CustomKind) {
        let list = Arc::make_mut(&mut self.list);
        let info = new.kind.info();
        let same = |known: &&mut Arc<CustomKind>| {
            let known = known.kind.info();
            known.group == info.group && known.name == info.name
        };
        match list.iter_mut().find(same) {
            Some(known) => {
                new.kind = known.kind;
                *known = Arc::new(new);
            }
            None => list.push(Arc::new(new)),
        }
    }

    /// Ceases to serve a kind.
    pub fn remove(&mut self, kind: Kind) {
        Arc::make_mut(&mut self.list).retain(|known| known.kind != kind);
    }

    /// A kind that is served.
    pub fn get(&self, kind: Kind) -> Option<&CustomKind> {
        self.list.iter().find(|known| known.kind == kind).map(|known| &**known)
    }

    /// All, in the order of their definition.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        self.list.iter().map(|known| known.kind)
    }

    /// The kind of a manifest's `apiVersion` and `kind`, built in or not.
    pub fn of_manifest(&self, api_version: &str, kind: &str) -> Option<Kind> {
        Kind::from_manifest(api_version, kind).or_else(|| {
            let known =
                self.list.iter().find(|known| known.kind.name() == kind && known.version(api_version).is_some());
            known.map(|known| known.kind)
        })
    }

    /// The kind that kubectl means by `widgets`, `wd`, `Widget` or `widgets.example.com`, built in or not.
    pub fn of_argument(&self, argument: &str) -> Option<Kind> {
        let is_singular = |known: &&Arc<CustomKind>| {
            let (name, group) = argument.split_once('.').unwrap_or((argument, known.kind.info().group));
            known.singular == name && known.kind.info().group == group
        };
        Kind::from_argument(argument)
            .or_else(|| self.kinds().find(|kind| kind.answers_to(argument)))
            .or_else(|| self.list.iter().find(is_singular).map(|known| known.kind))
    }

    /// The kinds of a category (`all`), in the order of their definition.
    pub fn of_category<'a>(&'a self, category: &'a str) -> impl Iterator<Item = Kind> + 'a {
        let is_in = move |known: &&Arc<CustomKind>| known.categories.iter().any(|known| known == category);
        self.list.iter().filter(is_in).map(|known| known.kind)
    }
}

/// What is wrong with a default of a schema, in words that begin with `path`.
/// Upstream: apiextensions-apiserver `pkg/apiserver/schema/defaulting`, where the value has no name of its own.
pub(super) fn default_errors(schema: &Value, default: &Value, path: &str) -> Vec<String> {
    let mut errors = super::validation::Errors::default();
    schema::check(schema, default, None, "", &mut errors);
    errors
        .into_list()
        .into_iter()
        .map(|error| {
            let dot = if error.starts_with(':') || error.starts_with('[') { "" } else { "." };
            format!("{path}{dot}{error}")
        })
        .collect()
}

/// The status of a CustomResourceDefinition whose names were accepted.
/// Upstream: apiextensions-apiserver `pkg/controller/status` (NamingConditionController), `pkg/controller/establish`.
pub fn definition_status(definition: &Value, timestamp: &str) -> Value {
    let spec = &definition["spec"];
    let stored = items(&spec["versions"]).iter().filter(|version| flag(&version["storage"]));
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": timestamp,
        })
    };
    json!({
        "acceptedNames": spec["names"],
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "storedVersions": stored.map(|version| version["name"].clone()).collect::<Vec<Value>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Value {
        json!({"spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {
                "kind": "Widget", "plural": "widgets", "singular": "gadget", "shortNames": ["wd"], "categories": ["all"],
            },
            "versions": [
                {"name": "v1beta1", "served": true},
                {"name": "v2", "served": false},
                {"name": "v1", "served": true, "storage": true, "selectableFields": [
                    {"jsonPath": ".spec.size"},
                ], "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1},
                ]},
            ],
        }})
    }

    #[test]
    fn a_definition_names_its_kind() {
        let mut kinds = CustomKinds::default();
        kinds.define(CustomKind::of_definition(&definition()).unwrap());
        let kind = kinds.of_argument("wd").unwrap();
        assert_eq!(kind.api_version(), "example.com/v1");
        for argument in ["widgets", "Widget", "widget", "gadget", "widgets.example.com", "widgets.v1.example.com"] {
            assert_eq!(kinds.of_argument(argument), Some(kind), "{argument}");
        }
        assert_eq!(kinds.of_argument("widgets.apps"), None);
        assert_eq!(kinds.of_manifest("example.com/v1beta1", "Widget"), Some(kind));
        assert_eq!(kinds.of_manifest("example.com/v2", "Widget"), None);
        assert_eq!(kinds.of_manifest("v1", "Pod"), Some(Kind::POD));
        assert!(kinds.get(kind).unwrap().columns()[0].wide);
        assert_eq!(kinds.get(kind).unwrap().selectable_fields(), ["spec.size"]);
        assert_eq!(kinds.of_category("all").collect::<Vec<_>>(), [kind]);
    }

    #[test]
    fn a_changed_definition_keeps_its_objects() {
        let mut kinds = CustomKinds::default();
        kinds.define(CustomKind::of_definition(&definition()).unwrap());
        let before = kinds.of_argument("widgets");
        let mut changed = definition();
        changed["spec"]["names"]["shortNames"] = json!([]);
        kinds.define(CustomKind::of_definition(&changed).unwrap());
        assert_eq!((kinds.of_argument("widgets"), kinds.kinds().count()), (before, 1));
    }

    #[test]
    fn names_of_unknown_kinds_are_guessed() {
        let plural = |kind: &str| CustomKind::of_object("example.com/v1", kind).kind.plural();
        assert_eq!(["Widget", "Policy", "Bus"].map(plural), ["widgets", "policies", "buses"]);
    }
}
