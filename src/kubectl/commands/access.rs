//! `kubectl create role`, `clusterrole`, `rolebinding`, `clusterrolebinding` and `ingress`.
//! Upstream: kubectl cmd/create.

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::resources;
use super::Outcome;
use super::create::{Wording, name_argument, send};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Verbs that need no warning. Upstream: create_role.go `validResourceVerbs`.
const VERBS: [&str; 14] = [
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];

pub(super) fn role(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let is_cluster = line.command.path == "create clusterrole";
    let name = name_argument(line)?.to_owned();
    let verbs: Vec<&str> = unique(line.flags.all("verb"));
    let urls: Vec<&str> = unique(line.flags.all("non-resource-url"));
    let mut role = json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": if is_cluster { "ClusterRole" } else { "Role" },
        "metadata": {"name": name},
    });
    if line.flags.has("aggregation-rule") {
        let labels = super::run::pairs(line.flags.text("aggregation-rule"))?;
        role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
        // What the server stores of an empty list.
        role["rules"] = Value::Null;
    } else {
        role["rules"] = Value::Array(rules(line, &verbs, &urls, printed)?);
    }
    let what = if is_cluster { "clusterrole" } else { "role" };
    send(call, line, role, "created", Wording::Failed(what), printed)?;
    Ok(Outcome::Done)
}

fn unique<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for value in values {
        // A star stands for all others.
        if value == "*" {
            return vec!["*"];
        }
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// Upstream: create_role.go `generateResourcePolicyRules`: one rule an API group.
fn rules(line: &CommandLine, verbs: &[&str], urls: &[&str], printed: &mut Printed) -> Result<Vec<Value>, Failure> {
    if verbs.is_empty() {
        return Err(Failure::error("at least one verb must be specified"));
    }
    let named: Vec<&str> = line.flags.all("resource").collect();
    if named.is_empty() && urls.is_empty() {
        let more = if line.command.path == "create role" { "" } else { " or nonResourceURL" };
        return Err(Failure::error(format!("at least one resource{more} must be specified")));
    }
    if !urls.is_empty() {
        return Ok(vec![json!({"nonResourceURLs": urls, "verbs": verbs})]);
    }
    for verb in verbs.iter().filter(|verb| !VERBS.contains(verb)) {
        printed.err_line(format!("Warning: '{verb}' is not a standard resource verb"));
    }
    let names: Vec<&str> = line.flags.all("resource-name").collect();
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for argument in named {
        let (resource, sub) = argument.split_once('/').map_or((argument, ""), |(resource, sub)| (resource, sub));
        let (group, plural) = if resource == "*" {
            ("", "*")
        } else {
            let kind = resources::kind(resource).map_err(Failure::without_prefix)?;
            (kind.info().group, kind.plural())
        };
        let full = if sub.is_empty() { plural.to_owned() } else { format!("{plural}/{sub}") };
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, list)) if list.contains(&full) => {}
            Some((_, list)) => list.push(full),
            None => groups.push((group, vec![full])),
        }
    }
    let rule = |(group, resources): (&str, Vec<String>)| {
        let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rule
    };
    Ok(groups.into_iter().map(rule).collect())
}

pub(super) fn binding(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let is_cluster = line.command.path == "create clusterrolebinding";
    let name = name_argument(line)?.to_owned();
    let (role, cluster_role) = (line.flags.text("role"), line.flags.text("clusterrole"));
    if !is_cluster && role.is_empty() == cluster_role.is_empty() {
        return Err(Failure::error("exactly one of clusterrole or role must be specified"));
    }
    let (kind, target) = if role.is_empty() { ("ClusterRole", cluster_role) } else { ("Role", role) };
    let subjects = subjects(line, None)?;
    let mut binding = json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": if is_cluster { "ClusterRoleBinding" } else { "RoleBinding" },
        "metadata": {"name": name}, "roleRef": {"apiGroup": RBAC, "kind": kind, "name": target},
    });
    if !subjects.is_empty() {
        binding["subjects"] = Value::Array(subjects);
    }
    let what = if is_cluster { "clusterrolebinding" } else { "rolebinding" };
    send(call, line, binding, "created", Wording::Failed(what), printed)?;
    Ok(Outcome::Done)
}

/// `--user`, `--group`, `--serviceaccount`; `namespace` is that of accounts that name none.
pub(super) fn subjects(line: &CommandLine, namespace: Option<&str>) -> Result<Vec<Value>, Failure> {
    let of = |kind: &str, name: &str| json!({"apiGroup": RBAC, "kind": kind, "name": name});
    let mut subjects: Vec<Value> = line.flags.all("user").map(|user| of("User", user)).collect();
    subjects.extend(line.flags.all("group").map(|group| of("Group", group)));
    for account in line.flags.all("serviceaccount") {
        let parts: Vec<&str> = account.split(':').collect();
        let named = match parts.as_slice() {
            [_, ""] => None,
            ["", account] => namespace.map(|namespace| (namespace, *account)),
            [own, account] => Some((*own, *account)),
            _ => None,
        };
        let Some((namespace, account)) = named else {
            return Err(Failure::error("serviceaccount must be <namespace>:<name>"));
        };
        subjects.push(json!({"kind": "ServiceAccount", "name": account, "namespace": namespace}));
    }
    Ok(subjects)
}

pub(super) fn ingress(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let name = name_argument(line)?.to_owned();
    let written: Vec<&str> = line.flags.all("rule").collect();
    let default = line.flags.text("default-backend");
    if written.is_empty() && default.is_empty() {
        return Err(Failure::error(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
        ));
    }
    let mut ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": {},
    });
    for pair in line.flags.all("annotation") {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Failure::error(format!("annotation {pair} is invalid and should be in the format key=[value]"))
        })?;
        ingress["metadata"]["annotations"][key] = json!(value);
    }
    if line.flags.has("class") {
        ingress["spec"]["ingressClassName"] = json!(line.flags.text("class"));
    }
    if !default.is_empty() {
        ingress["spec"]["defaultBackend"] = backend(default).ok_or_else(|| {
            Failure::error(format!("default-backend should be in format servicename:serviceport, got {default}"))
        })?;
    }
    let mut rules: Vec<(String, Vec<Value>)> = Vec::new();
    let mut tls: Vec<Value> = Vec::new();
    for rule in written {
        let (host, path, secret) = parse_rule(rule)?;
        if let Some(secret) = secret {
            let mut entry = json!({"hosts": [host]});
            if !secret.is_empty() {
                entry["secretName"] = json!(secret);
            }
            tls.push(entry);
        }
        match rules.iter_mut().find(|(known, _)| *known == host) {
            Some((_, paths)) => paths.push(path),
            None => rules.push((host, vec![path])),
        }
    }
    if !rules.is_empty() {
        ingress["spec"]["rules"] = rules
            .into_iter()
            .map(|(host, paths)| {
                let http = json!({"paths": paths});
                if host.is_empty() { json!({"http": http}) } else { json!({"host": host, "http": http}) }
            })
            .collect();
    }
    if !tls.is_empty() {
        ingress["spec"]["tls"] = Value::Array(tls);
    }
    send(call, line, ingress, "created", Wording::Failed("ingress"), printed)?;
    Ok(Outcome::Done)
}

/// `service:port`, the port a number or a name.
fn backend(text: &str) -> Option<Value> {
    let (service, port) = text.split_once(':').filter(|(service, port)| !service.is_empty() && !port.is_empty())?;
    let port = port.parse::<u16>().map_or_else(|_| json!({"name": port}), |number| json!({"number": number}));
    Some(json!({"service": {"name": service, "port": port}}))
}

/// `host/path=service:port[,tls[=secret]]`; a path that ends in `*` is a prefix. The last part is the secret of TLS.
fn parse_rule(rule: &str) -> Result<(String, Value, Option<String>), Failure> {
    let wrong = || {
        Failure::error(format!(
            "rule {rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
        ))
    };
    let (front, tls) = match rule.split_once(",tls") {
        Some((front, "")) => (front, Some(String::new())),
        Some((front, secret)) => (front, Some(secret.strip_prefix('=').ok_or_else(wrong)?.to_owned())),
        None => (rule, None),
    };
    let (place, to) = front.split_once('=').ok_or_else(wrong)?;
    let (host, path) = place.split_once('/').ok_or_else(wrong)?;
    let full = format!("/{path}");
    let (path, kind) = full.strip_suffix('*').map_or((full.as_str(), "Exact"), |path| (path, "Prefix"));
    let backend = backend(to).ok_or_else(wrong)?;
    Ok((host.to_owned(), json!({"path": path, "pathType": kind, "backend": backend}), tls))
}
