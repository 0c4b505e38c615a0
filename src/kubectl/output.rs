//! What a command has printed so far.

use super::Output;
use super::errors::Failure;
use super::kubeconfig::KubeConfig;

/// Both streams and whether anything failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printed {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) failed: bool,
    /// Whole objects printed so far.
    pub(crate) documents: u32,
    /// Exit status, where it is a container's.
    pub(crate) status: Option<i32>,
    /// The kubeconfig from now on.
    pub(crate) kubeconfig: Option<KubeConfig>,
}

impl Printed {
    /// A line on standard output.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        self.out.push_str(line.as_ref());
        self.out.push('\n');
    }

    /// A line on standard error that is no failure.
    pub(crate) fn err_line(&mut self, line: impl AsRef<str>) {
        self.err.push_str(line.as_ref());
        self.err.push('\n');
    }

    /// A warning that the client prints only once. Upstream: client-go rest `WarningWriterOptions.Deduplicate`.
    pub(crate) fn warn_once(&mut self, warning: &str) {
        if !self.err.lines().any(|line| line == warning) {
            self.err_line(warning);
        }
    }

    /// A failure: its text, and the exit status 1. The command may go on.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        self.failed = true;
        let text = failure.to_string();
        if !text.is_empty() {
            self.err_line(text);
        }
    }

    /// Failures of several objects: what one alone is, but several are printed without the word `error`.
    /// Upstream: cmd/util `CheckErr` of an aggregate.
    pub(crate) fn fail_all(&mut self, failures: Vec<Failure>) {
        let alone = failures.len() == 1;
        for failure in failures {
            self.fail(&if alone { failure } else { failure.without_prefix() });
        }
    }

    /// The end.
    pub(crate) fn into_output(self) -> Output {
        Output { stdout: self.out, stderr: self.err, exit: self.status.unwrap_or(i32::from(self.failed)) }
    }
}
