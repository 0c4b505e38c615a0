//! agnhost, the image of Kubernetes' own tests, whose first argument says what it does.

use std::sync::Arc;

use crate::engine::{SimDuration, SimTime};
use crate::model::pod_spec::Container;
use crate::workload::behaviour::Window;

/// The subcommand and its arguments, if the container runs agnhost.
pub(in crate::workload) fn agnhost_command(container: &Container) -> Option<Vec<String>> {
    let repository = crate::machines::repository_of(&container.image);
    if repository.rsplit('/').next() != Some("agnhost") {
        return None;
    }
    let mut words: Vec<String> = container.command.iter().chain(&container.args).map(ToString::to_string).collect();
    if words.first().is_some_and(|word| word.rsplit('/').next() == Some("agnhost")) {
        words.remove(0);
    } else if !container.command.is_empty() {
        return None;
    }
    Some(words)
}

/// What a subcommand serves, and when it answers badly.
pub(in crate::workload) fn apply_agnhost(words: &[String], ports: &mut Option<Arc<[u16]>>, dead: &mut Box<[Window]>) {
    let option = |name: &str| {
        words.iter().enumerate().find_map(|(at, word)| {
            let rest = word.strip_prefix(name)?;
            let value = rest.strip_prefix('=').map(str::to_owned).or_else(|| words.get(at + 1).cloned())?;
            value.parse::<u16>().ok()
        })
    };
    match words.first().map(String::as_str) {
        Some("liveness") => {
            *ports = Some([8080].into());
            // It counts ten seconds from its start, then answers 500.
            *dead = [Window { from: SimDuration::from_secs(10), to: SimTime::NEVER }].into();
        }
        Some("netexec") => *ports = Some([option("--http-port").unwrap_or(8080)].into()),
        Some("serve-hostname") => *ports = Some([option("--port").unwrap_or(9376)].into()),
        Some("test-webserver") => *ports = Some([80].into()),
        Some("echo" | "grpc-health-checking") => *ports = Some([5000, 8080].into()),
        _ => {}
    }
}
