//! `kubectl apply --prune`: what was applied before and is not in the files any more goes.
//! Upstream: kubectl cmd/apply `pruner`, `defaultNamespacedPruneResources`.

use std::collections::BTreeSet;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing::{self, Filter};
use super::super::log_prefix;
use super::super::manifests::{self, Document};
use super::super::output::Printed;
use super::super::requests::{DryRun, ENDPOINTS_DEPRECATED, printed_name};
use crate::api::patch::LAST_APPLIED;
use crate::cluster::DeleteOptions;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

/// Kinds that are looked through, in this order.
const KINDS: [Kind; 16] = [
    Kind::CONFIG_MAP,
    Kind::ENDPOINTS,
    Kind::PERSISTENT_VOLUME_CLAIM,
    Kind::POD,
    Kind::REPLICATION_CONTROLLER,
    Kind::SECRET,
    Kind::SERVICE,
    Kind::JOB,
    Kind::CRON_JOB,
    Kind::INGRESS,
    Kind::DAEMON_SET,
    Kind::DEPLOYMENT,
    Kind::REPLICA_SET,
    Kind::STATEFUL_SET,
    Kind::NAMESPACE,
    Kind::PERSISTENT_VOLUME,
];

const WITHOUT_LIST: &str = "prune.go:71] Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.";

/// The kinds of `--prune-allowlist`, if it is given. Upstream: kubectl pkg/util/prune `ParseResources`.
pub(super) fn allow_list(call: &Call<'_>, line: &CommandLine) -> Result<Option<Vec<Kind>>, Failure> {
    let entries: Vec<&str> = line.flags.all("prune-allowlist").chain(line.flags.all("prune-whitelist")).collect();
    let mut kinds = Vec::new();
    for entry in &entries {
        let parts: Vec<&str> = entry.split('/').collect();
        let [group, version, kind] = parts.as_slice() else {
            return Err(Failure::error(format!(
                "invalid GroupVersionKind format: {entry}, please follow <group/version/kind>"
            )));
        };
        let group = if *group == "core" { "" } else { group };
        let full = if group.is_empty() { (*version).to_owned() } else { format!("{group}/{version}") };
        let known = Kind::from_manifest(&full, kind)
            .or_else(|| call.cluster.custom.kinds().find(|known| known.name() == *kind && known.api_version() == full));
        let known =
            known.ok_or_else(|| Failure::error(format!("no matches for kind \"{kind}\" in version \"{full}\"")))?;
        kinds.push(known);
    }
    Ok((!entries.is_empty()).then_some(kinds))
}

/// Deletes applied objects of the namespaces of the files that no file names.
pub(super) fn run(
    call: &mut Call<'_>,
    line: &CommandLine,
    documents: &[Document],
    allowed: Option<Vec<Kind>>,
    printed: &mut Printed,
) -> Result<(), Failure> {
    let dry_run = DryRun::of(line)?;
    for object in doomed(call, line, documents, allowed, printed)? {
        if dry_run == DryRun::None {
            call.cluster.delete(call.now, object, DeleteOptions::default())?;
        }
        let name = printed_name(object.kind, call.cluster.identity(object).1);
        printed.line(if line.flags.text("output") == "name" {
            name
        } else {
            format!("{name} pruned{}", dry_run.suffix())
        });
    }
    Ok(())
}

/// The objects that a prune deletes.
pub(super) fn doomed(
    call: &Call<'_>,
    line: &CommandLine,
    documents: &[Document],
    allowed: Option<Vec<Kind>>,
    printed: &mut Printed,
) -> Result<Vec<ObjectRef>, Failure> {
    if allowed.is_none() {
        printed.err_line(format!("{} {WITHOUT_LIST}", log_prefix(*call.cluster.clock(), call.now)));
        printed.warn_once(ENDPOINTS_DEPRECATED);
    }
    let mut kept: BTreeSet<ObjectRef> = BTreeSet::new();
    let mut namespaces: BTreeSet<String> = BTreeSet::new();
    for document in documents {
        let Ok(kind) = call.identify(&document.value) else { continue };
        let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
        let name = document.value["metadata"]["name"].as_str().unwrap_or_default();
        kept.extend(call.find(kind, &namespace, name));
        if kind.is_namespaced() {
            namespaces.insert(namespace);
        }
    }
    let mut doomed = Vec::new();
    for kind in allowed.unwrap_or_else(|| KINDS.to_vec()) {
        let scopes: Vec<Option<&str>> = if kind.is_namespaced() {
            namespaces.iter().map(|namespace| Some(namespace.as_str())).collect()
        } else {
            vec![None]
        };
        let filter = Filter::of_any(call, line, kind)?;
        let found = scopes.into_iter().flat_map(|scope| listing::list(call.cluster, kind, scope, &filter));
        doomed.extend(found.filter(|object| {
            !kept.contains(object) && !call.cluster.view(*object)["metadata"]["annotations"][LAST_APPLIED].is_null()
        }));
    }
    Ok(doomed)
}
