//! `kubectl config` commands that change the kubeconfig, which later steps then use. Upstream: kubectl cmd/config.

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::kubeconfig::{self, Entries, KubeConfig};
use super::super::output::Printed;
use super::Outcome;

type Result<T> = std::result::Result<T, Failure>;

/// The command's only argument. Upstream: kubectl cmd/config `helpErrorf`.
fn one<'a>(line: &'a CommandLine, what: &str) -> Result<&'a str> {
    let [name] = line.arguments.as_slice() else {
        return Err(Failure::error(format!("Unexpected args: [{}]", line.arguments.join(" "))));
    };
    if name.is_empty() {
        return Err(Failure::error(format!("you must specify a non-empty {what} name")));
    }
    Ok(name)
}

/// Says what was done, and that later commands have this kubeconfig.
#[expect(clippy::unnecessary_wraps, reason = "the end of every command")]
fn done(config: KubeConfig, text: impl AsRef<str>, printed: &mut Printed) -> Result<Outcome> {
    printed.line(text);
    printed.kubeconfig = Some(config);
    Ok(Outcome::Done)
}

pub(super) fn use_context(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let [name] = line.arguments.as_slice() else {
        return Err(Failure::error(format!("Unexpected args: [{}]", line.arguments.join(" "))));
    };
    if name.is_empty() {
        return Err(Failure::error("empty context names are not allowed"));
    }
    if !call.kubeconfig.contexts.contains_key(name) {
        return Err(Failure::error(format!("no context exists with the name: {name:?}")));
    }
    let config = KubeConfig { current: name.clone(), ..call.kubeconfig.clone() };
    done(config, format!("Switched to context {name:?}."), printed)
}

/// Sets what the flags name: members of one entry. An entry that was not there is made.
fn set(entries: &mut Entries, name: &str, line: &CommandLine, flags: &[(&str, &str)]) {
    let mut entry = entries.get(name).cloned().unwrap_or_else(|| json!({}));
    for (flag, member) in flags {
        if line.flags.has(flag) {
            assign(&mut entry, member, line.flags.text(flag));
        }
    }
    entries.insert(name.to_owned(), entry);
}

/// A member that is empty is not written.
fn assign(entry: &mut Value, member: &str, text: &str) {
    let Some(members) = entry.as_object_mut() else { return };
    if text.is_empty() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), json!(text));
    }
}

pub(super) fn set_context(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let mut config = call.kubeconfig.clone();
    let is_current = line.flags.is_on("current", false);
    let name = match line.arguments.as_slice() {
        [] if !is_current => return Err(Failure::error("you must specify a non-empty context name or --current")),
        [] if config.current.is_empty() => return Err(Failure::error("no current context is set")),
        [] => config.current.clone(),
        [_] if is_current => {
            return Err(Failure::error("you cannot specify both a context name and --current"));
        }
        [name] => name.clone(),
        names => return Err(Failure::error(format!("Unexpected args: [{}]", names.join(" ")))),
    };
    let verb = if config.contexts.contains_key(&name) { "modified" } else { "created" };
    let flags = ["cluster", "user", "namespace"].map(|flag| (flag, flag));
    set(&mut config.contexts, &name, line, &flags);
    done(config, format!("Context {name:?} {verb}."), printed)
}

pub(super) fn set_cluster(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    line.refuse(&["embed-certs"])?;
    let name = one(line, "cluster")?;
    let is_insecure = line.flags.is_on("insecure-skip-tls-verify", false);
    let authority = line.flags.text("certificate-authority");
    if is_insecure && !authority.is_empty() {
        let text = "you cannot specify a certificate authority and insecure mode at the same time";
        return Err(Failure::error(text));
    }
    let mut config = call.kubeconfig.clone();
    let members = ["server", "tls-server-name", "certificate-authority", "proxy-url"].map(|flag| (flag, flag));
    set(&mut config.clusters, name, line, &members);
    let entry = &mut config.clusters[name];
    if is_insecure {
        assign(entry, "certificate-authority", "");
        entry["insecure-skip-tls-verify"] = json!(true);
    }
    if is_insecure || !authority.is_empty() {
        assign(entry, "certificate-authority-data", "");
    }
    if !is_insecure && (!authority.is_empty() || line.flags.has("insecure-skip-tls-verify")) {
        assign(entry, "insecure-skip-tls-verify", "");
    }
    done(config, format!("Cluster {name:?} set."), printed)
}

pub(super) fn set_credentials(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    line.refuse(&["embed-certs", "auth-provider", "auth-provider-arg", "exec-command", "exec-arg", "exec-env"])?;
    let name = one(line, "user")?;
    let given = |flag| !line.flags.text(flag).is_empty();
    let (has_token, has_password) = (given("token"), given("username") || given("password"));
    if has_token && has_password {
        return Err(Failure::error(
            "you cannot specify more than one authentication method at the same time: --token, --username/--password",
        ));
    }
    let mut config = call.kubeconfig.clone();
    let members = ["client-certificate", "client-key", "token", "username", "password"].map(|flag| (flag, flag));
    set(&mut config.users, name, line, &members);
    let entry = &mut config.users[name];
    for (flag, data) in [("client-certificate", "client-certificate-data"), ("client-key", "client-key-data")] {
        if given(flag) {
            assign(entry, data, "");
        }
    }
    // One way to say who one is takes the place of the other.
    if has_password {
        assign(entry, "token", "");
    } else if has_token {
        assign(entry, "username", "");
        assign(entry, "password", "");
    }
    done(config, format!("User {name:?} set."), printed)
}

pub(super) fn rename_context(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let [old, new] = line.arguments.as_slice() else {
        return Err(Failure::error(format!("Unexpected args: [{}]", line.arguments.join(" "))));
    };
    if new.is_empty() {
        return Err(Failure::error("You must specify a new non-empty context name"));
    }
    let file = kubeconfig::FILE;
    let mut config = call.kubeconfig.clone();
    let Some(entry) = config.contexts.get(old).cloned() else {
        return Err(Failure::error(format!("cannot rename the context {old:?}, it's not in {file}")));
    };
    if config.contexts.contains_key(new) {
        let text = format!("cannot rename the context {old:?}, the context {new:?} already exists in {file}");
        return Err(Failure::error(text));
    }
    config.contexts.remove(old);
    config.contexts.insert(new.clone(), entry);
    if config.current == *old {
        config.current.clone_from(new);
    }
    done(config, format!("Context {old:?} renamed to {new:?}."), printed)
}

pub(super) fn delete(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let what = line.command.path.rsplit('-').next().unwrap_or_default();
    let [name] = line.arguments.as_slice() else {
        return Err(match what {
            "user" => Failure::usage("config delete-user", "user to delete is required"),
            // Upstream prints the help text and succeeds.
            _ => Failure::unsupported(format!("the help text of kubectl {}", line.command.path)),
        });
    };
    let mut config = call.kubeconfig.clone();
    let entries = match what {
        "context" => &mut config.contexts,
        "cluster" => &mut config.clusters,
        _ => &mut config.users,
    };
    let file = kubeconfig::FILE;
    if entries.remove(name).is_none() {
        return Err(Failure::error(format!("cannot delete {what} {name}, not in {file}")));
    }
    if what == "context" && config.current == *name {
        printed.err_line(
            "warning: this removed your active context, use \"kubectl config use-context\" to select a different one",
        );
    }
    done(config, format!("deleted {what} {name} from {file}"), printed)
}

/// What a property's path names. Upstream: kubectl cmd/config `newNavigationSteps`.
struct Property<'a> {
    entries: &'a mut Entries,
    /// May hold dots.
    name: String,
    member: Option<String>,
}

/// Members of the entries that may stand after a name.
const MEMBERS: [(&str, &[&str]); 3] = [
    ("contexts", &["cluster", "user", "namespace"]),
    ("clusters", &["server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority", "proxy-url"]),
    ("users", &["client-certificate", "client-key", "token", "username", "password"]),
];

impl<'a> Property<'a> {
    fn find(config: &'a mut KubeConfig, line: &CommandLine, path: &str) -> Result<Self> {
        let unsupported = || Failure::unsupported(format!("kubectl {} {path}", line.command.path));
        let (group, rest) = path.split_once('.').ok_or_else(unsupported)?;
        let (_, members) = MEMBERS.iter().find(|(known, _)| *known == group).ok_or_else(unsupported)?;
        let parts: Vec<&str> = rest.split('.').collect();
        let place = parts.iter().skip(1).position(|part| members.contains(part)).map(|place| place + 1);
        let named = place.unwrap_or(parts.len());
        if named + 1 < parts.len() {
            return Err(unsupported());
        }
        let entries = match group {
            "contexts" => &mut config.contexts,
            "clusters" => &mut config.clusters,
            _ => &mut config.users,
        };
        let member = place.map(|place| parts[place].to_owned());
        Ok(Self { entries, name: parts[..named].join("."), member })
    }
}

const CURRENT: &str = "current-context";

pub(super) fn set_property(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let [path, value] = line.arguments.as_slice() else {
        return Err(Failure::error(format!("Unexpected args: [{}]", line.arguments.join(" "))));
    };
    if value.is_empty() {
        return Err(Failure::error("you cannot use set to unset a property"));
    }
    if path.is_empty() {
        return Err(Failure::error("you must specify a property"));
    }
    let mut config = call.kubeconfig.clone();
    if path == CURRENT {
        config.current.clone_from(value);
    } else {
        let Property { entries, name, member } = Property::find(&mut config, line, path)?;
        // Upstream ends with a dump of a Go structure here.
        let Some(member) = member else { return Err(Failure::unsupported(format!("kubectl config set {path}"))) };
        let entry = entries.entry(name).or_insert_with(|| json!({}));
        match value.as_str() {
            "true" | "false" if member == "insecure-skip-tls-verify" => entry[member] = json!(value == "true"),
            value => assign(entry, &member, value),
        }
    }
    done(config, format!("Property {path:?} set."), printed)
}

pub(super) fn unset_property(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let [path] = line.arguments.as_slice() else {
        return Err(Failure::error(format!("Unexpected args: [{}]", line.arguments.join(" "))));
    };
    let mut config = call.kubeconfig.clone();
    match path.as_str() {
        "" => return Err(Failure::error("you must specify a property")),
        CURRENT => config.current.clear(),
        "contexts" => config.contexts.clear(),
        "clusters" => config.clusters.clear(),
        "users" => config.users.clear(),
        path => match Property::find(&mut config, line, path)? {
            Property { entries, name, member: None } => drop(entries.remove(&name)),
            Property { entries, name, member: Some(member) } => match entries.get_mut(&name) {
                Some(entry) => assign(entry, &member, ""),
                None => return Err(Failure::error(format!("current map key `{name}` is invalid"))),
            },
        },
    }
    done(config, format!("Property {path:?} unset."), printed)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::Bench;

    #[test]
    fn a_context_with_a_namespace_is_what_later_commands_use() {
        let mut bench = Bench::new();
        bench.out("kubectl create namespace development");
        let made =
            bench.out("kubectl config set-context dev --namespace=development --cluster=kubelapse --user=kubelapse");
        assert_eq!(made, "Context \"dev\" created.\n");
        bench.out("kubectl create configmap in-default");
        bench.out("kubectl create configmap beside --context=dev");
        assert_eq!(bench.out("kubectl config use-context dev"), "Switched to context \"dev\".\n");
        assert_eq!(bench.out("kubectl config current-context"), "dev\n");
        assert_eq!(bench.out("kubectl get configmaps -o name"), "configmap/beside\n");
        assert_eq!(bench.out("kubectl get configmaps -o name --context kubelapse"), "configmap/in-default\n");
        let rows = bench.out("kubectl config get-contexts --no-headers");
        let words: Vec<Vec<&str>> = rows.lines().map(|row| row.split_whitespace().collect()).collect();
        assert_eq!(
            words,
            [vec!["*", "dev", "kubelapse", "kubelapse", "development"], vec!["kubelapse", "kubelapse", "kubelapse"]]
        );
        let view = "kubectl config view --minify -o jsonpath={..namespace}";
        assert_eq!(bench.out(view), "development");
    }

    #[test]
    fn a_context_that_leads_nowhere_is_refused_where_it_is_used() {
        let mut bench = Bench::new();
        bench.out("kubectl config set-context lost --cluster=elsewhere");
        assert_eq!(bench.err("kubectl get pods --context=lost"), "error: cluster \"elsewhere\" does not exist\n");
        bench.out("kubectl config set-cluster elsewhere --server=https://1.2.3.4 --certificate-authority=fake-ca-file");
        let text = "Unable to connect to the server: dial tcp 1.2.3.4:443: i/o timeout\n";
        assert_eq!(bench.err("kubectl get pods --context=lost"), text);
        assert_eq!(bench.err("kubectl get pods --context=none"), "error: context \"none\" does not exist\n");
        bench.out("kubectl config set-credentials ann --username=ann --password=secret");
        let password = "kubectl config view -o 'jsonpath={.users[?(@.name==\"ann\")].user.password}'";
        assert_eq!(bench.out(password), "REDACTED");
        assert_eq!(bench.out("kubectl config get-users"), "NAME\nann\nkubelapse\n");
    }

    #[test]
    fn contexts_are_renamed_changed_and_deleted() {
        let mut bench = Bench::new();
        let renamed = bench.out("kubectl config rename-context kubelapse lab");
        assert_eq!(renamed, "Context \"kubelapse\" renamed to \"lab\".\n");
        assert_eq!(
            bench.err("kubectl config rename-context old new"),
            "error: cannot rename the context \"old\", it's not in /root/.kube/config\n"
        );
        bench.out("kubectl create namespace apps");
        let set = bench.out("kubectl config set contexts.lab.namespace apps");
        assert_eq!(set, "Property \"contexts.lab.namespace\" set.\n");
        bench.out("kubectl create configmap a");
        assert_eq!(bench.out("kubectl get configmap a -n apps -o name"), "configmap/a\n");
        assert_eq!(
            bench.out("kubectl config unset contexts.lab.namespace"),
            "Property \"contexts.lab.namespace\" unset.\n"
        );
        assert!(bench.err("kubectl get configmap a").contains("not found"));
        let deleted = bench.output("kubectl config delete-context lab", "");
        assert_eq!(deleted.stdout, "deleted context lab from /root/.kube/config\n");
        assert!(deleted.stderr.starts_with("warning: this removed your active context"), "{}", deleted.stderr);
        assert_eq!(bench.err("kubectl get pods"), "error: context \"lab\" does not exist\n");
        bench.out("kubectl config unset current-context");
        assert_eq!(bench.err("kubectl config current-context"), "error: current-context is not set\n");
        let text =
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?\n";
        assert_eq!(bench.err("kubectl get pods"), text);
    }
}
