//! CustomResourceDefinitions: names, versions, columns, subresources, conversion. Their schemas are in
//! `definition_schema`. Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation `ValidateCustomResourceDefinition`.

use serde_json::{Value, json};

use super::super::value::{flag, is_nil, items, text};
use super::{Errors, definition_schema, names};

/// Types and formats that a column may have.
const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 9] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password", "uuid"];
/// As `MaxSelectableFields`.
const SELECTABLE_MAX: usize = 8;

/// All rules but those of the metadata that every object has.
pub(super) fn definition(object: &Value, errors: &mut Errors) {
    let spec = &object["spec"];
    let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
    let name = text(&object["metadata"]["name"]);
    if name != format!("{plural}.{group}") {
        errors.invalid_text("metadata.name", name, "must be spec.names.plural+\".\"+spec.group");
    }
    group_and_scope(spec, errors);
    // What all versions have alike stands above them. Upstream: apiextensions/v1 conversion.
    let versions = items(&spec["versions"]);
    let common = |field: &str| -> Option<&Value> {
        let first = versions.first().map(|version| &version[field]).filter(|value| !is_nil(value))?;
        versions.iter().all(|version| version[field] == *first).then_some(first)
    };
    let has_schema = |version: &Value| !is_nil(&version["schema"]["openAPIV3Schema"]);
    for (index, _) in versions.iter().enumerate().filter(|(_, version)| !has_schema(version)) {
        errors.required(format!("spec.versions[{index}].schema.openAPIV3Schema"), "");
    }
    for (index, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{index}]");
        errors_of_label(text(&version["name"]), &format!("{path}.name"), errors);
        deprecation(version, &path, errors);
        let own = |field: &str| if common(field).is_some() { &Value::Null } else { &version[field] };
        let has_status = !is_nil(&version["subresources"]["status"]);
        part(&own("schema")["openAPIV3Schema"], has_status, &format!("{path}.schema"), errors);
        subresources(own("subresources"), &path, errors);
        columns(own("additionalPrinterColumns"), &path, errors);
        selectable(own("selectableFields"), &version["schema"]["openAPIV3Schema"], &path, errors);
    }
    marks(spec, errors);
    kind_names(&spec["names"], errors);
    if let Some(schema) = common("schema") {
        let has_status = versions.iter().any(|version| !is_nil(&version["subresources"]["status"]));
        part(&schema["openAPIV3Schema"], has_status, "spec.validation", errors);
    }
    subresources(common("subresources").unwrap_or(&Value::Null), "spec", errors);
    columns(common("additionalPrinterColumns").unwrap_or(&Value::Null), "spec", errors);
    let schema = common("schema").map_or(&Value::Null, |schema| &schema["openAPIV3Schema"]);
    selectable(common("selectableFields").unwrap_or(&Value::Null), schema, "spec", errors);
    conversion(spec, errors);
    if versions.iter().filter(|version| flag(&version["storage"])).count() == 0 {
        errors.invalid("status.storedVersions", &Value::Null, "must have at least one stored version");
    }
    if flag(&spec["preserveUnknownFields"]) {
        let detail =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.invalid("spec.preserveUnknownFields", &json!(true), detail);
    }
}

fn part(schema: &Value, has_status: bool, path: &str, errors: &mut Errors) {
    if !is_nil(schema) {
        definition_schema::schema(schema, has_status, &format!("{path}.openAPIV3Schema"), errors);
    }
}

fn group_and_scope(spec: &Value, errors: &mut Errors) {
    let group = text(&spec["group"]);
    if group.is_empty() {
        errors.required("spec.group", "");
    } else if let Some(wrong) = names::subdomain(group).first() {
        errors.invalid_text("spec.group", group, wrong);
    } else if !group.contains('.') {
        errors.invalid_text("spec.group", group, "should be a domain with at least one dot");
    }
    match text(&spec["scope"]) {
        "" => errors.required("spec.scope", ""),
        "Cluster" | "Namespaced" => {}
        other => errors.unsupported("spec.scope", other, &["Cluster", "Namespaced"]),
    }
}

fn errors_of_label(label: &str, path: &str, errors: &mut Errors) {
    let wrong = names::label_1035(label);
    if !wrong.is_empty() {
        errors.invalid_text(path, label, &wrong.join(","));
    }
}

/// Upstream: `validateDeprecationWarning`.
fn deprecation(version: &Value, path: &str, errors: &mut Errors) {
    let Some(warning) = version["deprecationWarning"].as_str() else { return };
    let path = format!("{path}.deprecationWarning");
    if !flag(&version["deprecated"]) {
        errors.invalid_text(path, warning, "can only be set for deprecated versions");
        return;
    }
    if warning.len() > 256 {
        errors.invalid_text(&path, warning, "must be <= 256 characters long");
    }
    if warning.is_empty() {
        errors.invalid_text(&path, warning, "must not be an empty string");
    }
    if let Some((index, _)) = warning.char_indices().find(|(_, c)| c.is_control()) {
        let detail =
            format!("must only contain printable UTF-8 characters; non-printable character found at index {index}");
        errors.invalid_text(&path, warning, &detail);
    }
}

/// Names and storage of the versions.
fn marks(spec: &Value, errors: &mut Errors) {
    let versions = items(&spec["versions"]);
    let name = |version: &Value| text(&version["name"]).to_owned();
    let twice = versions
        .iter()
        .enumerate()
        .any(|(index, version)| versions[..index].iter().any(|other| name(other) == name(version)));
    let storing = versions.iter().filter(|version| flag(&version["storage"])).count();
    if !twice && storing == 1 {
        return;
    }
    let list = if versions.is_empty() { "null".to_owned() } else { internal(versions) };
    if twice {
        errors.invalid_raw("spec.versions", &list, "must contain unique version names");
    }
    if storing != 1 {
        errors.invalid_raw("spec.versions", &list, "must have exactly one version marked as storage version");
    }
}

/// The versions as Go's internal type prints as JSON. What single versions have of their own is left out.
fn internal(versions: &[Value]) -> String {
    let shown = |version: &Value| {
        format!(
            "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}}",
            json!(text(&version["name"])),
            flag(&version["served"]),
            flag(&version["storage"]),
            flag(&version["deprecated"]),
            version["deprecationWarning"]
        )
    };
    format!("[{}]", versions.iter().map(shown).collect::<Vec<_>>().join(","))
}

/// Upstream: `ValidateCustomResourceDefinitionNames`.
fn kind_names(given: &Value, errors: &mut Errors) {
    for field in ["plural", "singular", "kind", "listKind"] {
        if text(&given[field]).is_empty() {
            errors.required(format!("spec.names.{field}"), "");
        }
    }
    for field in ["plural", "singular"] {
        let name = text(&given[field]);
        if !name.is_empty() {
            errors_of_label(name, &format!("spec.names.{field}"), errors);
        }
    }
    for field in ["kind", "listKind"] {
        let name = text(&given[field]);
        let wrong = names::label_1035(&name.to_lowercase());
        if !name.is_empty() && !wrong.is_empty() {
            let detail = format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
            errors.invalid_text(format!("spec.names.{field}"), name, &detail);
        }
    }
    for (index, name) in items(&given["shortNames"]).iter().enumerate() {
        errors_of_label(text(name), &format!("spec.names.shortNames[{index}]"), errors);
    }
    let kind = text(&given["kind"]);
    if !kind.is_empty() && kind == text(&given["listKind"]) {
        errors.invalid_text("spec.names.listKind", kind, "kind and listKind may not be the same");
    }
    for (index, name) in items(&given["categories"]).iter().enumerate() {
        errors_of_label(text(name), &format!("spec.names.categories[{index}]"), errors);
    }
}

/// Upstream: `ValidateCustomResourceDefinitionSubresources`.
fn subresources(given: &Value, path: &str, errors: &mut Errors) {
    let scale = &given["scale"];
    if is_nil(scale) {
        return;
    }
    for (field, below) in [("specReplicasPath", "spec"), ("statusReplicasPath", "status")] {
        let (path, value) = (format!("{path}.subresources.scale.{field}"), text(&scale[field]));
        if value.is_empty() {
            errors.required(path, "");
        } else if is_simple(value, &path, errors) && !value.starts_with(&format!(".{below}.")) {
            errors.invalid_text(path, value, &format!("should be a json path under .{below}"));
        }
    }
    let (path, value) = (format!("{path}.subresources.scale.labelSelectorPath"), text(&scale["labelSelectorPath"]));
    let inside = value.starts_with(".spec.") || value.starts_with(".status.");
    if !value.is_empty() && is_simple(value, &path, errors) && !inside {
        errors.invalid_text(path, value, "should be a json path under either .spec or .status");
    }
}

/// Upstream: `validateSimpleJSONPath`.
fn is_simple(path: &str, field: &str, errors: &mut Errors) -> bool {
    if path.starts_with('.') {
        return true;
    }
    errors.invalid_text(field, path, "must be a simple json path starting with .");
    false
}

/// Upstream: `ValidateCustomResourceColumnDefinition`.
fn columns(given: &Value, path: &str, errors: &mut Errors) {
    for (index, column) in items(given).iter().enumerate() {
        let path = format!("{path}.additionalPrinterColumns[{index}]");
        if text(&column["name"]).is_empty() {
            errors.required(format!("{path}.name"), "");
        }
        let one_of = |known: &[&str]| format!("must be one of {}", known.join(","));
        match text(&column["type"]) {
            "" => errors.required(format!("{path}.type"), &one_of(&COLUMN_TYPES)),
            known if COLUMN_TYPES.contains(&known) => {}
            other => errors.invalid_text(format!("{path}.type"), other, &one_of(&COLUMN_TYPES)),
        }
        let format = text(&column["format"]);
        if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
            errors.invalid_text(format!("{path}.format"), format, &one_of(&COLUMN_FORMATS));
        }
        let json_path = text(&column["jsonPath"]);
        if json_path.is_empty() {
            errors.required(format!("{path}.JSONPath"), "");
        } else {
            is_simple(json_path, &format!("{path}.JSONPath"), errors);
        }
    }
}

/// Upstream: `ValidateCustomResourceSelectableFields`.
fn selectable(given: &Value, schema: &Value, path: &str, errors: &mut Errors) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, field) in items(given).iter().enumerate() {
        let (at, json_path) = (format!("{path}.selectableFields[{index}].jsonPath"), text(&field["jsonPath"]));
        if json_path.is_empty() {
            errors.required(at, "");
            continue;
        }
        let parts: Vec<&str> = json_path.trim_start_matches('.').split('.').collect();
        let found = parts.iter().try_fold(schema, |schema, part| {
            let next = &schema["properties"][*part];
            let next = if is_nil(next) { &schema["additionalProperties"] } else { next };
            (!is_nil(next)).then_some(next)
        });
        let Some(found) = found else {
            errors.invalid_text(at, json_path, "is an invalid path: does not refer to a valid field");
            continue;
        };
        if parts.first() == Some(&"metadata") {
            errors.invalid_text(&at, json_path, "must not point to fields in metadata");
        }
        if !["string", "boolean", "integer"].contains(&text(&found["type"])) {
            let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
            errors.invalid_text(&at, json_path, detail);
        }
        if seen.contains(&json_path) {
            errors.duplicate(at, json_path);
        } else {
            seen.push(json_path);
        }
    }
    errors.at_most(format!("{path}.selectableFields"), seen.len(), SELECTABLE_MAX);
}

/// Upstream: `validateCustomResourceConversion`; here with the internal names of the fields.
fn conversion(spec: &Value, errors: &mut Errors) {
    let given = &spec["conversion"];
    if is_nil(given) {
        return;
    }
    let strategy = text(&given["strategy"]);
    match strategy {
        "" => errors.required("spec.conversion.strategy", ""),
        "None" | "Webhook" => {}
        other => errors.unsupported("spec.conversion.strategy", other, &["None", "Webhook"]),
    }
    let webhook = &given["webhook"];
    let (client, reviews) = (&webhook["clientConfig"], items(&webhook["conversionReviewVersions"]));
    if strategy != "Webhook" {
        if !is_nil(client) {
            let detail = "should not be set when strategy is not set to Webhook";
            errors.forbidden("spec.conversion.webhookClientConfig", detail);
        }
        if !reviews.is_empty() {
            let detail = "should not be set when strategy is not set to Webhook";
            errors.forbidden("spec.conversion.conversionReviewVersions", detail);
        }
        return;
    }
    if is_nil(client) {
        errors.required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook");
    } else if is_nil(&client["url"]) == is_nil(&client["service"]) {
        errors.required("spec.conversion.webhookClientConfig", "exactly one of url or service is required");
    }
    if reviews.is_empty() {
        errors.required("spec.conversion.conversionReviewVersions", "");
    } else if !reviews.iter().any(|version| ["v1", "v1beta1"].contains(&text(version))) {
        let given = Value::Array(reviews.to_vec());
        let detail = "must include at least one of v1, v1beta1";
        errors.invalid("spec.conversion.conversionReviewVersions", &given, detail);
    }
}
