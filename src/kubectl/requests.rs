//! Requests to the API server that commands share: create and update from JSON objects.

use serde_json::Value;

use crate::api::decode::decode_with_warnings;
use crate::api::{DecodeError, FieldValidation, Reason, Status};
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef};

use super::Call;
use super::command_line::CommandLine;
use super::errors::Failure;
use super::output::Printed;

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

impl Call<'_> {
    /// Creates an object from its JSON form; warnings go to standard error.
    pub(crate) fn create(
        &mut self,
        value: Value,
        namespace: &str,
        fields: FieldValidation,
        printed: &mut Printed,
    ) -> Result<ObjectRef, DecodeError> {
        let (decoded, warnings) = decode_with_warnings(value, namespace, fields, self.cache)?;
        for warning in warnings {
            printed.err_line(format!("Warning: {warning}"));
        }
        Ok(self.cluster.create(self.now, decoded)?)
    }

    /// Checks an object as `create` would, without storing it.
    pub(crate) fn check(&mut self, value: Value, namespace: &str) -> Result<(), DecodeError> {
        let (decoded, _) = decode_with_warnings(value, namespace, FieldValidation::Strict, self.cache)?;
        let namespace = self.cluster.namespace(&decoded.namespace).unwrap_or_default();
        match self.cluster.find(decoded.kind, namespace, &decoded.name) {
            Some(_) => Err(Status::already_exists(&decoded.kind.resource(), &decoded.name).into()),
            None => Ok(()),
        }
    }

    /// Replaces an object by its JSON form. Returns whether that changed anything, and the server's warnings.
    pub(crate) fn update(&mut self, object: ObjectRef, value: Value) -> Result<(bool, Vec<String>), Status> {
        let (decoded, warnings) =
            decode_with_warnings(value, "", FieldValidation::Warn, self.cache).map_err(|error| match error {
                DecodeError::Server(status) => status,
                other => Status::new(Reason::BadRequest, other.to_string()),
            })?;
        let changed = self.cluster.update(self.now, object, decoded)?;
        Ok((changed, warnings))
    }

    /// A live object by name in a namespace, or the server's refusal.
    pub(crate) fn find(&self, kind: Kind, namespace: &str, name: &str) -> Result<ObjectRef, Status> {
        let namespace = self.scope(kind, namespace).ok_or_else(|| Status::not_found("namespaces", namespace))?;
        self.cluster.get(kind, namespace, name)
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
