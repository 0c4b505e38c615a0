//! Commands that are run beside a container's own (probes, hooks, exec): does the built-in shell run them, are they programs
//! of the image that nobody can see into, or is it known that there is no such program?

use super::catalogue;
use super::shell::{FileSystem, Links, Process, Understanding};
use crate::cluster::Cluster;
use crate::engine::random::Stream;
use crate::machines::{ContainerId, ExecPurpose, Machines};
use crate::model::Text;
use crate::model::expansion;
use crate::model::pod_spec::EnvSource;
use crate::model::probe::{Handler, Probe};

/// Where the program of a command line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The built-in shell runs it.
    InShell,
    /// In the image, for all that anybody knows.
    InImage,
    /// Nowhere, and the runtime says so in these words.
    Nowhere(String),
}

/// The words of a command that somebody asked for.
pub(super) fn words(
    purpose: ExecPurpose,
    cluster: &Cluster,
    machines: &Machines,
    container: ContainerId,
) -> Vec<String> {
    let row = machines.container(container);
    let definition = &cluster.template_of(row.pod).spec.containers[usize::from(row.index)];
    let of = |handler: Option<&Handler>| match handler {
        Some(Handler::Exec { command }) => command.iter().map(Text::to_string).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    // Probes know variables with a value of their own only, those from elsewhere are empty.
    // Upstream: kubelet container `ExpandContainerCommandOnlyStatic`.
    let fixed = |name: &str| {
        let found = definition.env.iter().rev().find(|variable| variable.name == name)?;
        Some(if let EnvSource::Value(text) = &found.source { text.as_str() } else { "" })
    };
    let probe = |probe: &Option<Probe>| {
        let words = of(probe.as_ref().map(|probe| &probe.handler));
        words.iter().map(|word| expansion::expand(word, fixed)).collect()
    };
    match purpose {
        ExecPurpose::StartupProbe => probe(&definition.startup_probe),
        ExecPurpose::ReadinessProbe => probe(&definition.readiness_probe),
        ExecPurpose::LivenessProbe => probe(&definition.liveness_probe),
        ExecPurpose::PostStart => of(definition.lifecycle.post_start.as_ref()),
        ExecPurpose::PreStop => of(definition.lifecycle.pre_stop.as_ref()),
        ExecPurpose::Command(words) => words.iter().map(Text::to_string).collect(),
    }
}

/// Looks for the program of a command line in a container of `image` with these files.
pub(super) fn look(argv: &[String], image: &str, files: &impl FileSystem) -> Found {
    let Some(program) = argv.first() else { return Found::Nowhere("exec: no command".to_owned()) };
    let is_there = |path: &str| files.stat(path, Links::Follow).is_ok();
    let all_known = catalogue::knows_programs(image);
    if program.contains('/') {
        if all_known && catalogue::lacks_program(image, usual_name(program)) && !is_there(program) {
            return Found::Nowhere(format!("exec: \"{program}\": stat {program}: no such file or directory"));
        }
    } else if catalogue::lacks_program(image, program) {
        return Found::Nowhere(format!("exec: \"{program}\": executable file not found in $PATH"));
    }
    match Process::understands(argv, catalogue::userland(image)) {
        Understanding::Yes | Understanding::Broken(_) => Found::InShell,
        // In an image of which all programs are known the script finds out itself what is missing: status 127.
        Understanding::UnknownProgram(_) | Understanding::Unparsable(_) if all_known => Found::InShell,
        Understanding::NeedsFile(file) if all_known || is_there(&file) => Found::InShell,
        Understanding::UnknownProgram(_) | Understanding::Unparsable(_) | Understanding::NeedsFile(_) => Found::InImage,
    }
}

/// `/bin/cat` → `cat`; a path elsewhere stays as it is.
fn usual_name(path: &str) -> &str {
    const FOLDERS: [&str; 6] = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];
    FOLDERS.iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path)
}

/// The runtime's answer to a request for a command that it cannot start; it names each by a random id.
/// containerd: internal/cri/server `execInContainer`; runc: `exec`.
pub(super) fn runtime_error(draws: &mut Stream, why: &str) -> String {
    let id: String = (0..4).map(|_| format!("{:016x}", draws.next_u64())).collect();
    format!(
        "rpc error: code = Unknown desc = failed to exec in container: failed to start exec \"{id}\": OCI runtime exec failed: exec failed: unable to start container process: {why}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;
    use crate::workload::shell::MemoryFs;

    fn found(words: &[&str], image: &str) -> Found {
        let argv: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        look(&argv, image, &MemoryFs::default())
    }

    #[test]
    fn what_an_image_is_known_to_lack_cannot_be_run_and_what_nobody_knows_can() {
        let missing = Found::Nowhere("exec: \"curl\": executable file not found in $PATH".to_owned());
        assert_eq!(found(&["curl", "localhost"], "busybox:1.36"), missing);
        let missing = Found::Nowhere("exec: \"/app/check\": stat /app/check: no such file or directory".to_owned());
        assert_eq!(found(&["/app/check"], "busybox"), missing);
        assert_eq!(found(&["/bin/cat", "/tmp/x"], "busybox"), Found::InShell);
        assert_eq!(found(&["sh", "-c", "nosuch x"], "busybox"), Found::InShell);
        assert_eq!(found(&["sh", "-c", "/app/check"], "busybox"), Found::InShell);
        assert_eq!(found(&["/app/check"], "own/app:1"), Found::InImage);
        assert_eq!(found(&["sh", "-c", "/app/check && true"], "own/app:1"), Found::InImage);
        assert_eq!(found(&["redis-cli", "ping"], "redis:7"), Found::InImage);
        assert_eq!(found(&["curl", "localhost"], "own/app:1"), Found::InShell);
    }

    #[test]
    fn a_script_that_lies_in_a_volume_is_run() {
        let mut files = MemoryFs::default();
        files.put_file("/app/check", b"exit 3", 0o755, SimTime::ZERO);
        let argv = ["sh".to_owned(), "/app/check".to_owned()];
        assert_eq!(look(&argv, "own/app:1", &files), Found::InShell);
    }
}
