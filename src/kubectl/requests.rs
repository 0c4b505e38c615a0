//! Requests to the API server that commands share: create and update from JSON objects.

use std::sync::Arc;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::decode::{
    Subresource, completed, decode_subresource, decode_update, decode_with_warnings, identify_among, known_fields,
};
use crate::api::patch::fields;
use crate::api::{DecodeError, DecodedBody, FieldValidation, Reason, Status};
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef, PodId};

use super::Call;
use super::command_line::CommandLine;
use super::errors::Failure;
use super::output::Printed;
use super::resources::{self, Named};

/// What `--dry-run` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DryRun {
    /// Do it.
    None,
    /// Only print what would be sent.
    Client,
    /// Let the server check it.
    Server,
}

impl DryRun {
    /// Reads the flag.
    pub(crate) fn of(line: &CommandLine) -> Result<Self, Failure> {
        match line.flags.text("dry-run") {
            "" | "none" | "false" => Ok(Self::None),
            "client" | "true" | "unchanged" => Ok(Self::Client),
            "server" => Ok(Self::Server),
            other => Err(Failure::error(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// What follows the verb in messages.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }
}

/// What became of a request to create an object.
#[derive(Clone, Debug)]
pub(crate) enum Created {
    /// It was not sent: a dry run of the client.
    Unsent,
    /// The server answered what it would have stored: a dry run of its own.
    Checked(Box<Value>),
    /// It is stored.
    Stored(ObjectRef),
}

impl Created {
    /// The object, if it is stored.
    pub(crate) fn stored(&self) -> Option<ObjectRef> {
        match self {
            Self::Stored(object) => Some(*object),
            _ => None,
        }
    }

    /// The object as the server answers it; `built` is what the client has.
    pub(crate) fn view(self, call: &Call<'_>, built: impl FnOnce() -> Value) -> Value {
        match self {
            Self::Stored(object) => call.cluster.view(object),
            Self::Checked(view) => *view,
            Self::Unsent => built(),
        }
    }
}

/// How a request is to be carried out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// What to do with unknown fields.
    pub(crate) fields: FieldValidation,
    /// Are unknown fields dropped without a word (`--validate=false`)?
    pub(crate) silent: bool,
    /// Without effect?
    pub(crate) dry_run: DryRun,
    /// Does it go to a part of a pod?
    pub(crate) subresource: Option<Subresource>,
}

impl Manner {
    /// A patch: unknown fields are warned of and have no effect.
    pub(crate) const PATCH: Self =
        Self { fields: FieldValidation::Warn, silent: false, dry_run: DryRun::None, subresource: None };
    /// A whole object: unknown fields are refused.
    pub(crate) const OBJECT: Self =
        Self { fields: FieldValidation::Strict, silent: false, dry_run: DryRun::None, subresource: None };

    /// Of a command that sends whole objects: `--validate`, `--dry-run`.
    pub(crate) fn of(line: &CommandLine) -> Result<Self, Failure> {
        let dry_run = DryRun::of(line)?;
        let (fields, silent) = match line.flags.text("validate") {
            "warn" => (FieldValidation::Warn, false),
            "false" | "ignore" => (FieldValidation::Warn, true),
            "" | "true" | "strict" => (FieldValidation::Strict, false),
            other => {
                return Err(Failure::error(format!(
                    "invalid - validate option {other:?}; must be one of: strict (or true), warn, ignore (or false)"
                )));
            }
        };
        Ok(Self { fields, silent, dry_run, subresource: subresource(line) })
    }

    /// Of a command that changes objects: `--dry-run`.
    pub(crate) fn patch(line: &CommandLine) -> Result<Self, Failure> {
        Ok(Self { dry_run: DryRun::of(line)?, subresource: subresource(line), ..Self::PATCH })
    }
}

fn subresource(line: &CommandLine) -> Option<Subresource> {
    (line.flags.text("subresource") == "resize").then_some(Subresource::Resize)
}

fn warn(warnings: &[String], manner: Manner, printed: &mut Printed) {
    for warning in warnings.iter().filter(|warning| !manner.silent || !warning.starts_with("unknown field")) {
        printed.err_line(format!("Warning: {warning}"));
    }
}

/// What the server says of every request for Endpoints.
pub(crate) const ENDPOINTS_DEPRECATED: &str =
    "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

/// Kinds that are on their way out are warned of whatever comes of the request.
fn deprecated(value: &Value, printed: &mut Printed) {
    if value["kind"] == "Endpoints" && value["apiVersion"] == "v1" {
        printed.warn_once(ENDPOINTS_DEPRECATED);
    }
}

/// Who types the commands, as the kubeconfig of kubeadm says.
pub(crate) const USER: &str = "kubernetes-admin";
/// The groups of that user.
pub(crate) const GROUPS: [&str; 2] = ["kubeadm:cluster-admins", "system:authenticated"];

impl Call<'_> {
    /// Creates an object from its JSON form, or asks the server whether it could; warnings go to standard error.
    pub(crate) fn create(
        &mut self,
        value: Value,
        namespace: &str,
        manner: Manner,
        printed: &mut Printed,
    ) -> Result<Created, DecodeError> {
        if manner.dry_run == DryRun::Client {
            return Ok(Created::Unsent);
        }
        self.learn_kinds();
        if value["kind"] == "Job" {
            self.cache.next_job_uid = self.cluster.next_uid(Kind::JOB);
        }
        deprecated(&value, printed);
        let value = Self::signed(value);
        let (decoded, warnings) = decode_with_warnings(value, namespace, manner.fields, self.cache)?;
        let (unknown, doubtful): (Vec<_>, Vec<_>) =
            warnings.into_iter().partition(|warning| warning.starts_with("unknown field"));
        warn(&unknown, manner, printed);
        let created = if manner.dry_run == DryRun::Server {
            self.cluster
                .check_create(&decoded)
                .map(|()| Created::Checked(Box::new(self.cluster.dry_view(self.now, decoded))))
        } else {
            self.cluster.create(self.now, decoded).map(Created::Stored)
        };
        if let Ok(Created::Stored(object)) = &created
            && !self.manager.is_empty()
        {
            let set = fields(object.kind, &self.cluster.view(*object)).into_keys().collect();
            self.cluster.note_update(*object, (&self.manager, ""), set, &BTreeSet::new());
        }
        // What admission refuses before validation comes to no further warnings.
        let is_early = |status: &Status| {
            let of_quota = status.message.contains("exceeded quota") || status.message.contains("failed quota");
            matches!(status.reason, Reason::NotFound | Reason::Forbidden) && !of_quota
        };
        if !created.as_ref().is_err_and(is_early) {
            warn(&doubtful, manner, printed);
        }
        Ok(created?)
    }

    /// Who asks for a certificate is known to the server. Upstream: registry/certificates `csrStrategy.PrepareForCreate`.
    fn signed(mut value: Value) -> Value {
        if value["kind"] == "CertificateSigningRequest" && value["spec"].is_object() {
            value["spec"]["username"] = Value::from(USER);
            value["spec"]["groups"] = Value::from(GROUPS.to_vec());
        }
        value
    }

    /// The kinds that the server serves now.
    fn learn_kinds(&mut self) {
        self.cache.custom = self.cluster.custom.clone();
    }

    /// The kind of a manifest, or what kubectl says of it.
    pub(crate) fn identify(&self, value: &Value) -> Result<Kind, DecodeError> {
        identify_among(value, &self.cluster.custom)
    }

    /// What the arguments of a command name, in the words that the server knows.
    pub(crate) fn named(&self, arguments: &[String]) -> Result<Named, Failure> {
        resources::named_among(arguments, &self.cluster.custom)
    }

    /// Replaces an object by its JSON form, or asks the server whether it could. Returns whether that changes anything.
    pub(crate) fn update(
        &mut self,
        object: ObjectRef,
        value: Value,
        manner: Manner,
        printed: &mut Printed,
    ) -> Result<bool, Status> {
        let stored = self.cluster.view(object);
        if manner.dry_run == DryRun::Client {
            return Ok(value != stored);
        }
        self.learn_kinds();
        if manner.subresource.is_some() && object.as_pod().is_none() {
            return Err(Status::new(Reason::NotFound, "the server could not find the requested resource"));
        }
        let cluster = &*self.cluster;
        let restore = |value: &mut Value| {
            if let Some(pod) = object.as_pod() {
                cluster.without_row(pod, value);
            }
        };
        deprecated(&value, printed);
        // Unknown fields are warned of even where the rest is refused.
        let warns = manner.fields == FieldValidation::Warn && !manner.silent;
        let given = warns.then(|| value.clone());
        let decoded = match manner.subresource {
            Some(part) => decode_subresource(part, value, &stored, manner.fields, self.cache, &restore),
            None => decode_update(value, &stored, manner.fields, self.cache, &restore),
        };
        let (decoded, warnings) = decoded.map_err(|error| {
            if let Some(Ok((_, unknown))) = given.map(known_fields) {
                let texts: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
                warn(&texts, manner, printed);
            }
            match error {
                DecodeError::Server(status) => status,
                other => Status::new(Reason::BadRequest, other.to_string()),
            }
        })?;
        warn(&warnings, manner, printed);
        let is_resize = manner.subresource == Some(Subresource::Resize);
        if let (Some(pod), DecodedBody::Pod(template), true) = (object.as_pod(), &decoded.body, is_resize) {
            return match manner.dry_run {
                DryRun::Server => {
                    self.cluster.check_resize(pod, template).map(|()| template.raw != self.cluster.template_of(pod).raw)
                }
                _ => self.cluster.resize(self.now, pod, Arc::clone(template)),
            };
        }
        if manner.dry_run == DryRun::Server {
            self.cluster.check_update(object, &decoded)?;
            return Ok(match &decoded.body {
                DecodedBody::Pod(template) => template.raw != self.cluster.template_of(PodId(object.id)).raw,
                DecodedBody::Other { .. } => decoded.raw != self.cluster.object(object).raw,
            });
        }
        let changed = self.cluster.update(self.now, object, decoded)?;
        if changed {
            self.note_update(object, &stored);
        }
        Ok(changed)
    }

    /// What the server would answer to an update. Upstream: a request with `dryRun=All`.
    pub(crate) fn check_update(
        &mut self,
        object: ObjectRef,
        value: Value,
        manner: Manner,
        printed: &mut Printed,
    ) -> Result<Value, Status> {
        let before = self.cluster.view(object);
        let changed = self.update(object, value.clone(), Manner { dry_run: DryRun::Server, ..manner }, printed)?;
        let mut view =
            completed(value, self.cache).map_err(|error| Status::new(Reason::BadRequest, error.to_string()))?;
        for key in ["uid", "resourceVersion", "creationTimestamp", "generation", "namespace"] {
            if let Some(kept) = before["metadata"].get(key) {
                view["metadata"][key] = kept.clone();
            }
        }
        if let Some(status) = before.get("status") {
            view["status"] = status.clone();
        }
        let counts = before["metadata"]["generation"].as_i64();
        if let (true, Some(generation)) = (changed && view.get("spec") != before.get("spec"), counts) {
            view["metadata"]["generation"] = Value::from(generation + 1);
        }
        Ok(view)
    }

    /// Who owns what an update has changed.
    fn note_update(&mut self, object: ObjectRef, before: &Value) {
        if self.manager.is_empty() || object.kind == Kind::EVENT || !self.cluster.is_live(object) {
            return;
        }
        let after = fields(object.kind, &self.cluster.view(object));
        let before = fields(object.kind, before);
        let set = after.iter().filter(|(path, value)| before.get(*path) != Some(*value));
        let set = set.map(|(path, _)| path.clone()).collect();
        let removed = before.into_keys().filter(|path| !after.contains_key(path)).collect();
        self.cluster.note_update(object, (&self.manager, ""), set, &removed);
    }

    /// A live object by name in a namespace, or the server's refusal.
    pub(crate) fn find(&self, kind: Kind, namespace: &str, name: &str) -> Result<ObjectRef, Status> {
        let namespace = self.scope(kind, namespace).ok_or_else(|| Status::not_found("namespaces", namespace))?;
        self.cluster.get(kind, namespace, name)
    }

    /// As `find`, of a request that is sent without a look at its object: only that look tells a namespace that is
    /// missing from an object that is. Upstream: cli-runtime resource `Info.Get`.
    pub(crate) fn find_unseen(&self, kind: Kind, namespace: &str, name: &str) -> Result<ObjectRef, Status> {
        let row = self.scope(kind, namespace).ok_or_else(|| Status::not_found(&kind.resource(), name))?;
        self.cluster.get(kind, row, name)
    }

    /// The namespace's row for a kind; `None` if it does not exist.
    pub(crate) fn scope(&self, kind: Kind, namespace: &str) -> Option<NamespaceId> {
        if kind.is_namespaced() { self.cluster.namespace(namespace) } else { Some(NamespaceId::NONE) }
    }
}

/// `pod/x`, `deployment.apps/web`.
pub(crate) fn printed_name(kind: Kind, name: &str) -> String {
    format!("{}/{name}", kind.printed())
}
