//! Arguments of every subcommand, exactly as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Kubernetes in time-lapse: a deterministic simulator of a whole Kubernetes v1.36 cluster.
#[derive(Debug, Parser)]
#[command(name = "kubelapse", version, about, propagate_version = true, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run scenario files or plain manifests and write their results
    Run(RunArguments),
    /// Run a scenario with every combination of settings and every seed
    Sweep(SweepArguments),
    /// Put the results of a sweep's shards together
    Merge(MergeArguments),
    /// Show a scenario's cluster at a time, as kubectl prints it
    Kubectl(KubectlArguments),
    /// Say why a pod goes where it goes, or why it cannot go anywhere
    Explain(ExplainArguments),
    /// Search for the nodes that a scenario needs, their price and their headroom
    Capacity(CapacityArguments),
    /// Make a scenario of the dump of a real cluster, or of a trace
    Import(ImportArguments),
    /// Check files and manifests as the API server would, and say what has no effect
    Validate(ValidateArguments),
    /// Run a scenario with two sets of manifests and say what differs, for a pull request
    Compare(CompareArguments),
    /// Say what changed between two results folders (exit 1 if anything did)
    Diff(DiffArguments),
    /// Draw the charts and the page of a results folder again
    Report(ReportArguments),
    /// Print the JSON Schema of kubelapse's own kinds
    Schema(SchemaArguments),
    /// Print the completion script of a shell
    Completions(CompletionsArguments),
}

/// Files and what is changed in them.
#[derive(Args, Debug)]
pub(super) struct PlanArguments {
    /// A manifest to add; may be given again
    #[arg(short = 'f', long = "filename", value_name = "MANIFEST")]
    pub(super) manifests: Vec<PathBuf>,
    /// Seed of all random numbers, in place of the scenario's
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Set a field of the scenario, or of a manifest (`Deployment/web:spec.replicas=3`); may be given again
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,
    /// When the run ends: a duration or `idle`, in place of the scenario's
    #[arg(long, value_name = "T")]
    pub(super) until: Option<String>,
}

/// `kubelapse run`.
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// Scenario files or manifests; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    /// Folder for results; each run gets a folder of its name in it
    #[arg(long, default_value = "results", value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Treat warnings as failures (exit 1)
    #[arg(long)]
    pub(super) strict: bool,
    /// Write what was expected and what failed as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Print errors only
    #[arg(long)]
    pub(super) quiet: bool,
}

/// `kubelapse sweep`.
#[derive(Args, Debug)]
pub(super) struct SweepArguments {
    /// File with a Sweep; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    /// Runs at once; the machine's cores if absent. No result depends on it
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
    /// Run one part of N: I/N, or N where JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID or CI_NODE_INDEX says which
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<String>,
    /// Go on with what an interrupted call has run
    #[arg(long)]
    pub(super) resume: bool,
    /// Most runs that are begun
    #[arg(long, value_name = "N", default_value_t = crate::sweep::RUNS_MAX)]
    pub(super) max_runs: usize,
    #[command(flatten)]
    pub(super) verdict: VerdictArguments,
}

/// `kubelapse merge`.
#[derive(Args, Debug)]
pub(super) struct MergeArguments {
    /// Results folders of all shards of a sweep
    #[arg(required = true, value_name = "DIR")]
    pub(super) folders: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) verdict: VerdictArguments,
}

/// Where results of a sweep go, and what makes it fail.
#[derive(Args, Debug)]
pub(super) struct VerdictArguments {
    /// Folder for results; the sweep gets a folder of its name in it
    #[arg(long, default_value = "results", value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Treat warnings as failures (exit 1)
    #[arg(long)]
    pub(super) strict: bool,
    /// Write runs and asserts as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Print errors only
    #[arg(long)]
    pub(super) quiet: bool,
}

/// `kubelapse kubectl`.
#[derive(Args, Debug)]
pub(super) struct KubectlArguments {
    /// Scenario file or manifests
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    /// Virtual time at which the command is typed
    #[arg(long, value_name = "T")]
    pub(super) at: String,
    /// The command, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(super) command: Vec<String>,
}

/// `kubelapse explain`.
#[derive(Args, Debug)]
#[command(
    override_usage = "kubelapse explain FILE --at T pod/NAME|deployment/NAME|hpa/NAME|--pending\n       kubelapse explain FILE --at T --pod FILE [--count]\n       kubelapse explain --cluster DUMP pod/NAME|deployment/NAME|hpa/NAME|--pending\n       kubelapse explain --cluster DUMP --pod FILE [--count]"
)]
pub(super) struct ExplainArguments {
    /// A scenario file and pod/NAME, a workload's KIND/NAME or hpa/NAME; with --cluster only the latter
    #[arg(value_name = "FILE|KIND/NAME", num_args = 0..=2)]
    pub(super) targets: Vec<String>,
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    /// Virtual time at which to look at the scenario
    #[arg(long, value_name = "T")]
    pub(super) at: Option<String>,
    /// Every pod that waits for a node, by reason, with the smallest change that would place it
    #[arg(long)]
    pub(super) pending: bool,
    /// Namespace of what is named
    #[arg(short, long, default_value = "default", value_name = "NAMESPACE")]
    pub(super) namespace: String,
    /// Output of `kubectl get nodes,pods,… -A -o yaml` (or json, .gz): the cluster to look at; may be given again
    #[arg(long, value_name = "DUMP")]
    pub(super) cluster: Vec<PathBuf>,
    /// Manifest of a pod (or of a workload with a template) to be placed
    #[arg(long, value_name = "FILE")]
    pub(super) pod: Option<PathBuf>,
    /// How many such pods would fit
    #[arg(long, requires = "pod")]
    pub(super) count: bool,
    /// KubeSchedulerConfiguration of the dumped cluster
    #[arg(long, value_name = "FILE", requires = "cluster")]
    pub(super) scheduler_config: Option<PathBuf>,
    /// How the answer is printed
    #[arg(short, long, default_value = "table", value_enum)]
    pub(super) output: OutputFormat,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OutputFormat {
    /// For people
    Table,
    /// For programs
    Json,
}

/// `kubelapse capacity`.
#[derive(Args, Debug)]
pub(super) struct CapacityArguments {
    /// Files with a CapacityPlan; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    /// Folder for results; each plan gets a folder of its name in it
    #[arg(long, default_value = "results", value_name = "DIR")]
    pub(super) out: PathBuf,
    /// How many runs go on at once; as many as there are cores if absent
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
    /// Treat warnings as failures (exit 1)
    #[arg(long)]
    pub(super) strict: bool,
    /// Print the table and errors only
    #[arg(long)]
    pub(super) quiet: bool,
}

/// `kubelapse import`.
#[derive(Args, Debug)]
pub(super) struct ImportArguments {
    /// Output of `kubectl get nodes,pods,deployments,… -A -o json` (or yaml, .gz); `-` is standard input
    #[arg(required = true, value_name = "DUMP")]
    pub(super) dumps: Vec<PathBuf>,
    /// Output of `kubectl get events -A -o json`, if it was dumped apart; may be given again
    #[arg(long, value_name = "FILE")]
    pub(super) events: Vec<PathBuf>,
    /// Usage: the metrics API's pods (`kubectl get --raw /apis/metrics.k8s.io/v1beta1/pods`) or the JSON of a Prometheus
    /// range query; may be given again
    #[arg(long, value_name = "FILE")]
    pub(super) usage: Vec<PathBuf>,
    /// What DUMP is
    #[arg(long, default_value = "kubernetes", value_enum)]
    pub(super) format: ImportFormat,
    /// What is not redacted; may be given again
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(super) keep: Vec<ImportKeep>,
    /// Run the dump's last hour again and compare its delays with the recorded ones
    #[arg(long)]
    pub(super) backtest: bool,
    /// Folder of the scenario
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

/// What a dump is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ImportFormat {
    /// Objects as kubectl shows them
    Kubernetes,
    /// The two CSVs of Alibaba's cluster-trace-gpu-v2023, or their folder
    AlibabaOpenb,
}

/// What an import may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ImportKeep {
    /// Values of Secrets
    Secrets,
    /// Values of environment variables
    Env,
    /// Annotations
    Annotations,
}

/// `kubelapse validate`.
#[derive(Args, Debug)]
pub(super) struct ValidateArguments {
    /// Scenario files or manifests; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    /// Treat warnings as failures (exit 1)
    #[arg(long)]
    pub(super) strict: bool,
}

/// `kubelapse compare`.
#[derive(Args, Debug)]
pub(super) struct CompareArguments {
    /// Scenario file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Manifests without the change: a folder or a file
    #[arg(long, value_name = "DIR")]
    pub(super) base: PathBuf,
    /// Manifests with the change
    #[arg(long, value_name = "DIR")]
    pub(super) head: PathBuf,
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    /// Runs on each side, each with a seed of its own
    #[arg(long, default_value = "10", value_name = "N")]
    pub(super) seeds: std::num::NonZeroU64,
    /// Runs at once; the machine's cores if absent. No result depends on it
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
    /// Fail (exit 1) if this is true, such as `cost.relative > 0.1`; may be given again
    #[arg(long, value_name = "EXPR")]
    pub(super) fail_if: Vec<String>,
    /// Write a comment for a pull request; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) markdown: Option<PathBuf>,
    /// Write `--fail-if` and expectations as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Draw both sides over time and the change of each figure (.svg or .png)
    #[arg(long, value_name = "FILE")]
    pub(super) picture: Option<PathBuf>,
    /// How the answer is printed
    #[arg(short, long, default_value = "table", value_enum)]
    pub(super) output: OutputFormat,
}

/// `kubelapse diff`.
#[derive(Args, Debug)]
pub(super) struct DiffArguments {
    /// A results folder, or a summary.json
    #[arg(value_name = "RESULTS_A")]
    pub(super) a: PathBuf,
    /// Another one
    #[arg(value_name = "RESULTS_B")]
    pub(super) b: PathBuf,
    /// How the differences are printed
    #[arg(short, long, default_value = "table", value_enum)]
    pub(super) output: OutputFormat,
}

/// `kubelapse report`.
#[derive(Args, Debug)]
pub(super) struct ReportArguments {
    /// A results folder
    #[arg(value_name = "RESULTS")]
    pub(super) results: PathBuf,
    /// Write trace.json as well
    #[arg(long)]
    pub(super) trace: bool,
    /// Write metrics.om as well
    #[arg(long)]
    pub(super) metrics: bool,
}

/// `kubelapse schema`.
#[derive(Args, Debug)]
pub(super) struct SchemaArguments {
    /// Scenario, Sweep or CapacityPlan; all of them if absent
    pub(super) kind: Option<String>,
}

/// `kubelapse completions`.
#[derive(Args, Debug)]
pub(super) struct CompletionsArguments {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}
