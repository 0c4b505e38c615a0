//! The texts in which kubectl reports failures. Upstream: kubectl cmd/util `CheckErr`, `StandardErrorMessage`.

use std::fmt;

use crate::api::Status;

/// A command's failure as kubectl prints it, without the final newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    text: String,
}

impl Failure {
    /// `error: TEXT`.
    pub(crate) fn error(text: impl fmt::Display) -> Self {
        Self { text: format!("error: {text}") }
    }

    /// The text alone.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// Wrong arguments. Upstream: cmd/util `UsageErrorf`.
    pub(crate) fn usage(command: &str, text: impl fmt::Display) -> Self {
        Self { text: format!("error: {text}\nSee 'kubectl {command} -h' for help and examples") }
    }

    /// Wrong flags. Upstream: cmd/util `BehaviorOnFatal` with cobra's flag error function.
    pub(crate) fn flag(command: &str, text: impl fmt::Display) -> Self {
        if command == "diff" {
            // Upstream: cmd/diff sets a flag error function of its own.
            return Self::usage(command, text);
        }
        Self { text: format!("error: {text}\nSee 'kubectl {command} --help' for usage.") }
    }

    /// A part of kubectl that is not simulated.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self { text: format!("error: {what} is not supported by kubelapse yet") }
    }

    /// The server's refusal of a request that names no file.
    pub(crate) fn server(status: &Status) -> Self {
        Self { text: server_text(status, "") }
    }

    /// The server's refusal of a manifest: `error when creating "F": `.
    pub(crate) fn server_with_file(status: &Status, verb: &str, file: &str) -> Self {
        Self { text: server_text(status, &format!("error when {verb} \"{file}\": ")) }
    }

    /// The same without `error: `, as several failures of one command are printed.
    pub(crate) fn without_prefix(self) -> Self {
        Self { text: self.text.strip_prefix("error: ").unwrap_or(&self.text).to_owned() }
    }

    /// The text without the words that tell whose it is, as it is printed among a command's output.
    pub(crate) fn message(&self) -> &str {
        let text = self.text.strip_prefix("error: ").unwrap_or(&self.text);
        let server = text.strip_prefix("Error from server (").and_then(|rest| rest.split_once("): "));
        server.map_or(text, |(_, message)| message)
    }

    /// No resources were named.
    pub(crate) fn no_resources() -> Self {
        Self::error(
            "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::server(&status)
    }
}

/// `The Pod "x" is invalid: …` for 422, else `Error from server (Reason): [context]message`.
fn server_text(status: &Status, context: &str) -> String {
    status
        .invalid_text()
        .unwrap_or_else(|| format!("Error from server ({}): {context}{}", status.reason.name(), status.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_read_as_kubectl_words_them() {
        assert_eq!(
            Failure::server(&Status::not_found("pods", "x")).to_string(),
            "Error from server (NotFound): pods \"x\" not found"
        );
        let causes = vec!["spec.replicas: Invalid value: -1".to_owned()];
        let invalid = Status::invalid("apps", "Deployment", "web", causes);
        assert_eq!(
            Failure::server(&invalid).to_string(),
            "The Deployment \"web\" is invalid: spec.replicas: Invalid value: -1"
        );
        assert_eq!(
            Failure::server_with_file(&Status::already_exists("configmaps", "dup"), "creating", "f.yaml").to_string(),
            "Error from server (AlreadyExists): error when creating \"f.yaml\": configmaps \"dup\" already exists"
        );
    }
}
