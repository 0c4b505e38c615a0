//! What kubectl prints when the API server accepts or refuses a manifest. A small client over `kubelapse::api` stands in
//! for kubectl and the cluster: create, apply and replace of objects in an empty namespace.

use std::path::Path;

use kubelapse::api::admission::{self, AdmissionInput, LimitRange, PriorityClassView, ServiceAccountView};
use kubelapse::api::decode::decode_with_warnings;
use kubelapse::api::patch;
use kubelapse::api::{
    DecodeCache, DecodeError, Decoded, DecodedBody, FieldValidation, Reason, Status, validation, yaml,
};
use kubelapse::model::kind::Kind;
use kubelapse::model::object::Body;
use serde_json::{Value, json};

use super::suite::{Outcome, json_lines};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "api", "validation")?;
    Some(cases.iter().map(|case| (case["name"].as_str().unwrap_or_default().to_owned(), one(case))).collect())
}

/// Runs the manifests of a corpus with `kubectl apply --dry-run=server`, as `expected-apply.jsonl` recorded it.
pub fn check_corpus(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "", "expected-apply")?;
    Some(cases.iter().map(|case| (text(case, "file").to_owned(), file(root, case))).collect())
}

fn file(root: &Path, case: &Value) -> Result<(), String> {
    let name = text(case, "file");
    let manifest = std::fs::read_to_string(root.join(name)).map_err(|error| error.to_string())?;
    let call = Call { command: "apply", file: name, flags: vec!["--dry-run=server"] };
    compare(&Server::default().run(&call, &manifest), case)
}

#[derive(Default)]
struct Server {
    objects: Vec<(Kind, String, Value)>,
    limit_ranges: Vec<LimitRange>,
    priority_classes: Vec<PriorityClassView>,
    draws: std::cell::Cell<u8>,
}

#[derive(Default)]
struct Output {
    stdout: String,
    stderr: String,
    errors: Vec<String>,
}

struct Call<'a> {
    command: &'a str,
    file: &'a str,
    flags: Vec<&'a str>,
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn one(case: &Value) -> Result<(), String> {
    let mut server = Server::default();
    if let Some(setup) = case["setup"].as_str() {
        let call = Call { command: text(case, "setup_command"), file: text(case, "file"), flags: Vec::new() };
        server.run(&call, setup);
    }
    let flags = case["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let call = Call { command: text(case, "command"), file: text(case, "file"), flags };
    compare(&server.run(&call, text(case, "manifest")), case)
}

fn compare(output: &Output, case: &Value) -> Result<(), String> {
    let (found, expected) = (mask(&output.stderr), mask(text(case, "stderr")));
    if found != expected {
        return Err(format!("stderr {found:?} expected {expected:?}"));
    }
    let (found, expected) = (mask(&output.stdout), mask(text(case, "stdout")));
    if found == expected { Ok(()) } else { Err(format!("stdout {found:?} expected {expected:?}")) }
}

/// Diffs of internal structures are compared up to their first hunk.
fn mask(output: &str) -> String {
    let end = output.find("\n@@").unwrap_or(output.len());
    output[..end].trim_end().to_owned()
}

impl Server {
    fn run(&mut self, call: &Call<'_>, manifest: &str) -> Output {
        let mut output = Output::default();
        let documents = yaml::read(manifest);
        let none = documents.manifests.is_empty();
        for document in documents.manifests {
            if self.document(call, &document.value, &mut output).is_err() {
                break;
            }
        }
        if let Some(error) = documents.error {
            output.errors.push(format!("error: error parsing {}: {error}", call.file));
        } else if none && output.errors.is_empty() {
            output.errors.push(format!("error: no objects passed to {}", call.command));
        }
        for error in &output.errors {
            output.stderr.push_str(error);
            output.stderr.push('\n');
        }
        output
    }

    /// `Err` ends the file.
    fn document(&mut self, call: &Call<'_>, value: &Value, output: &mut Output) -> Result<(), ()> {
        let file = call.file;
        let loose = call.flags.iter().any(|flag| matches!(*flag, "--validate=warn" | "--validate=false"));
        let fields = if loose { FieldValidation::Warn } else { FieldValidation::Strict };
        let given = value["metadata"]["namespace"].as_str().unwrap_or_default();
        if call.flags.contains(&"-n") && !given.is_empty() && given != "default" {
            output.errors.push(format!(
                "error: the namespace from the provided object \"{given}\" does not match the namespace \"default\". You must pass '--namespace={given}' to perform this operation."
            ));
            return Ok(());
        }
        let mut submitted = value.clone();
        if call.command == "apply" && value["metadata"].is_object() {
            submitted = patch::with_last_applied(value, "default");
        }
        match self.submit(call, value, &submitted, fields, output) {
            Ok(()) => Ok(()),
            Err(DecodeError::NotSet(message)) => {
                let unset = "if you choose to ignore these errors, turn validation off with --validate=false";
                output.errors.push(if call.flags.contains(&"--validate=false") {
                    format!("error: unable to decode \"{file}\": Object 'Kind' is missing in '{value}'")
                } else {
                    format!("error: error validating \"{file}\": error validating data: {message}; {unset}")
                });
                Err(())
            }
            Err(DecodeError::Metadata(message)) => {
                output.errors.push(format!("error: unable to decode \"{file}\": {message}"));
                Ok(())
            }
            Err(error @ DecodeError::NoMatch { .. }) => {
                let name = value["metadata"]["name"].as_str().unwrap_or_default();
                output.errors.push(format!(
                    "error: resource mapping not found for name: \"{name}\" namespace: \"{given}\" from \"{file}\": {error}\nensure CRDs are installed first"
                ));
                Ok(())
            }
            Err(DecodeError::Server(status)) => {
                output.errors.push(status.invalid_text().unwrap_or_else(|| {
                    let doing = match call.command {
                        "replace" => "replacing",
                        _ => "creating",
                    };
                    format!("Error from server ({}): error when {doing} \"{file}\": {status}", status.reason.name())
                }));
                Ok(())
            }
        }
    }

    fn submit(
        &mut self,
        call: &Call<'_>,
        manifest: &Value,
        submitted: &Value,
        fields: FieldValidation,
        output: &mut Output,
    ) -> Result<(), DecodeError> {
        let mut cache = DecodeCache::default();
        let kind = kubelapse::api::decode::identify(manifest)?;
        let name = manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let base = manifest["metadata"]["generateName"].as_str().unwrap_or_default();
        if call.command == "apply" && name.is_empty() && !base.is_empty() {
            output.errors.push(format!("error: from {base}: cannot use generate name with apply"));
            return Ok(());
        }
        if call.flags.contains(&"--dry-run=client") {
            output.stdout.push_str(&format!("{}/{name} created (dry run)\n", kind.printed()));
            return Ok(());
        }
        let existing = self.objects.iter().position(|(other, known, _)| *other == kind && *known == name);
        let mut verb = if call.command == "replace" { "replaced" } else { "created" };
        let mut input = submitted.clone();
        if let (Some(found), "apply") = (existing, call.command) {
            let current = self.objects[found].2.clone();
            let original = patch::last_applied(&current);
            if original.is_none() {
                output.stderr.push_str(&format!(
                    "Warning: resource {}/{name} is missing the {} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n",
                    kind.plural(), patch::LAST_APPLIED
                ));
            }
            let applied = patch::three_way(Some(kind), original.as_ref(), submitted, &current);
            if !applied.changed {
                output.stdout.push_str(&format!("{}/{name} unchanged\n", kind.printed()));
                return Ok(());
            }
            verb = "configured";
            input = applied.object;
        }
        let (decoded, warnings) = decode_with_warnings(input, "default", fields, &mut cache)?;
        let namespace = decoded.namespace.as_str();
        let admitted = self.admit(&decoded);
        let quiet = call.flags.contains(&"--validate=false");
        for warning in warnings.iter().filter(|warning| !quiet || !warning.starts_with("unknown field")) {
            output.stderr.push_str(&format!("Warning: {warning}\n"));
        }
        let known = ["", "default", "kube-system", "kube-public", "kube-node-lease"].contains(&namespace);
        if !known && !self.objects.iter().any(|(kind, name, _)| *kind == Kind::NAMESPACE && name == namespace) {
            return Err(Status::not_found("namespaces", namespace).into());
        }
        let stored = admitted?;
        let forced = call.flags.contains(&"--force");
        match existing {
            Some(_) if call.command == "create" => {
                return Err(Status::already_exists(&kind.resource(), &name).into());
            }
            None if call.command == "replace" && !forced => {
                return Err(Status::not_found(&kind.resource(), &name).into());
            }
            Some(_) if forced => output.stdout.push_str(&format!("{} \"{name}\" deleted\n", kind.printed())),
            Some(found) => {
                let errors = validation::validate_update(kind, &self.objects[found].2, &stored);
                if !errors.is_empty() {
                    return Err(Status::invalid(kind.info().group, kind.name(), &name, errors).into());
                }
            }
            None => {}
        }
        let suffix = if call.flags.contains(&"--dry-run=server") { " (server dry run)" } else { "" };
        let shown =
            if decoded.generate_name.is_empty() { name.clone() } else { format!("{}<SUFFIX>", decoded.generate_name) };
        output.stdout.push_str(&format!("{}/{shown} {verb}{suffix}\n", kind.printed()));
        if !suffix.is_empty() {
            return Ok(());
        }
        match existing {
            Some(found) => self.objects[found].2 = stored,
            None => self.objects.push((kind, name, stored)),
        }
        self.note(&decoded);
        Ok(())
    }

    fn note(&mut self, decoded: &Decoded) {
        if decoded.kind == Kind::LIMIT_RANGE {
            self.limit_ranges.extend(LimitRange::from_object(&decoded.raw));
        }
        if let DecodedBody::Other { body: Body::PriorityClass { value, global_default, preempts }, .. } = &decoded.body
        {
            self.priority_classes.push(PriorityClassView {
                name: decoded.name.to_string(),
                value: *value,
                global_default: *global_default,
                preempts: *preempts,
            });
        }
    }

    /// The object as stored, after admission.
    fn admit(&self, decoded: &Decoded) -> Result<Value, DecodeError> {
        let DecodedBody::Pod(template) = &decoded.body else { return Ok((*decoded.raw).clone()) };
        let account = (template.spec.service_account.is_empty() || template.spec.service_account == "default")
            .then(ServiceAccountView::default);
        let input = AdmissionInput {
            namespace: &decoded.namespace,
            priority_classes: &self.priority_classes,
            service_account: account,
            limit_ranges: &self.limit_ranges,
            ..AdmissionInput::default()
        };
        let admitted = admission::pod_admission(template, &input).map_err(|message| {
            let name = &decoded.name;
            Status::new(Reason::Forbidden, format!("pods \"{name}\" is forbidden: {message}"))
        })?;
        let mut stored = (*admitted.raw).clone();
        stored["apiVersion"] = json!("v1");
        stored["kind"] = json!("Pod");
        stored["metadata"]["name"] = json!(decoded.name.as_str());
        stored["metadata"]["namespace"] = json!(decoded.namespace.as_str());
        // Each admission draws a suffix of its own.
        let suffix = format!("\"kube-api-access-{}\"", self.objects.len() + usize::from(self.draws.get()));
        self.draws.set(self.draws.get() + 1);
        let text = stored.to_string().replace("\"kube-api-access-\"", &suffix);
        Ok(serde_json::from_str(&text).expect("still JSON"))
    }
}
