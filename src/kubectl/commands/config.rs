//! `kubectl create configmap`, `create secret` and `create service`.

use serde_json::{Map, Value, json};

use crate::api::convert::base64_encode;

use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::{Call, FileError};
use super::Outcome;
use super::create::{Wording, name_argument, send};

type Result<T> = std::result::Result<T, Failure>;

/// Keys with their bytes, in the order given.
struct Sources {
    kind: &'static str,
    name: String,
    data: Vec<(String, String)>,
}

impl Sources {
    fn add(&mut self, key: &str, value: String) -> Result<()> {
        let valid = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !valid {
            // Of Secrets upstream words both refusals otherwise.
            let (what, colon) = if self.kind == "Secret" { ("not valid", "") } else { ("not a valid", ":") };
            return Err(Failure::error(format!(
                "\"{key}\" is {what} key name for a {}{colon} a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
                self.kind
            )));
        }
        if self.data.iter().any(|(known, _)| known == key) {
            if self.kind == "Secret" {
                let text = format!("cannot add key {key}, another key by that name already exists");
                return Err(Failure::error(text));
            }
            return Err(Failure::error(format!(
                "cannot add key \"{key}\", another key by that name already exists in Data for {} \"{}\"",
                self.kind, self.name
            )));
        }
        self.data.push((key.to_owned(), value));
        Ok(())
    }
}

/// `--from-file`, `--from-literal`, `--from-env-file`.
fn sources(call: &Call<'_>, line: &CommandLine, kind: &'static str, name: &str) -> Result<Vec<(String, String)>> {
    let from_env = line.flags.has("from-env-file");
    if from_env && (line.flags.has("from-file") || line.flags.has("from-literal")) {
        return Err(Failure::error("from-env-file cannot be combined with from-file or from-literal"));
    }
    let mut sources = Sources { kind, name: name.to_owned(), data: Vec::new() };
    for source in line.flags.all("from-file") {
        from_file(call, source, &mut sources)?;
    }
    for literal in line.flags.all("from-literal") {
        let (key, value) = literal
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Failure::error(format!("invalid literal source {literal}, expected key=value")))?;
        sources.add(key, value.to_owned())?;
    }
    for path in line.flags.all("from-env-file") {
        for (_, text) in read(call, path)? {
            from_env_text(&text, &mut sources)?;
        }
    }
    Ok(sources.data)
}

fn read(call: &Call<'_>, path: &str) -> Result<Vec<(String, String)>> {
    call.files.read(path).map_err(|error| match error {
        FileError::Missing => Failure::error(format!("error reading {path}: {error}")),
        FileError::NotText => Failure::unsupported("a file that is not text"),
    })
}

fn from_file(call: &Call<'_>, source: &str, sources: &mut Sources) -> Result<()> {
    let (key, path) = match source.split_once('=') {
        Some(("", path)) => return Err(Failure::error(format!("key name for file path {path} missing"))),
        Some((key, "")) => return Err(Failure::error(format!("file path for key name {key} missing"))),
        Some((key, path)) => (Some(key), path),
        None => (None, source),
    };
    for (name, text) in read(call, path)? {
        let base = name.rsplit('/').next().unwrap_or(&name);
        sources.add(key.unwrap_or(base), text)?;
    }
    Ok(())
}

/// Lines `KEY=value`; comments and blank lines are skipped. Upstream: kubectl cmd/util `AddFromEnvFile`.
fn from_env_text(text: &str, sources: &mut Sources) -> Result<()> {
    for line in text.lines() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let starts = key.chars().next().is_some_and(|c| !c.is_ascii_digit());
        if !starts || !key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
            return Err(Failure::error(format!(
                "\"{key}\" is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
            )));
        }
        sources.add(key, value.to_owned())?;
    }
    Ok(())
}

pub(super) fn config_map(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let data: Map<String, Value> =
        sources(call, line, "ConfigMap", name)?.into_iter().map(|(key, value)| (key, json!(value))).collect();
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    if !data.is_empty() {
        object["data"] = Value::Object(data);
    }
    send(call, line, object, "created", Wording::Failed("configmap"), printed)?;
    Ok(Outcome::Done)
}

pub(super) fn generic_secret(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let data: Map<String, Value> = sources(call, line, "Secret", name)?
        .into_iter()
        .map(|(key, value)| (key, json!(base64_encode(value.as_bytes()))))
        .collect();
    let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
    if !data.is_empty() {
        object["data"] = Value::Object(data);
    }
    if line.flags.has("type") {
        object["type"] = json!(line.flags.text("type"));
    }
    send(call, line, object, "created", Wording::Failed("secret"), printed)?;
    Ok(Outcome::Done)
}

pub(super) fn docker_secret(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    if line.flags.has("from-file") {
        return docker_secret_of_files(call, line, name, printed);
    }
    let (user, password) = (line.flags.text("docker-username"), line.flags.text("docker-password"));
    let server = line.flags.text("docker-server");
    if user.is_empty() || password.is_empty() {
        return Err(Failure::error(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
        ));
    }
    let server = if server.is_empty() { "https://index.docker.io/v1/" } else { server };
    let mut entry = json!({
        "username": user, "password": password, "auth": base64_encode(format!("{user}:{password}").as_bytes()),
    });
    if line.flags.has("docker-email") {
        entry["email"] = json!(line.flags.text("docker-email"));
    }
    // Go writes the members in the order of its structure.
    let member = |key: &str| entry[key].to_string();
    let mut members =
        vec![format!("\"username\":{}", member("username")), format!("\"password\":{}", member("password"))];
    if entry["email"].is_string() {
        members.push(format!("\"email\":{}", member("email")));
    }
    members.push(format!("\"auth\":{}", member("auth")));
    let config = format!("{{\"auths\":{{{}:{{{}}}}}}}", json!(server), members.join(","));
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
        "data": {".dockerconfigjson": base64_encode(config.as_bytes())}, "type": "kubernetes.io/dockerconfigjson",
    });
    send(call, line, object, "created", Wording::Failed("secret"), printed)?;
    Ok(Outcome::Done)
}

/// A registry's credentials as a file that the user has already.
fn docker_secret_of_files(
    call: &mut Call<'_>,
    line: &CommandLine,
    name: &str,
    printed: &mut Printed,
) -> Result<Outcome> {
    let data: Map<String, Value> = sources(call, line, "Secret", name)?
        .into_iter()
        .map(|(key, value)| (key, json!(base64_encode(value.as_bytes()))))
        .collect();
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data,
        "type": "kubernetes.io/dockerconfigjson",
    });
    send(call, line, object, "created", Wording::Failed("secret"), printed)?;
    Ok(Outcome::Done)
}

pub(super) fn tls_secret(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let mut data = Map::new();
    if line.flags.text("cert").is_empty() || line.flags.text("key").is_empty() {
        return Err(Failure::error("key and cert must be specified"));
    }
    for (flag, key) in [("cert", "tls.crt"), ("key", "tls.key")] {
        let path = line.flags.text(flag);
        let files = call
            .files
            .read(path)
            .map_err(|error| Failure::error(format!("Cannot read file {path}, open {path}: {error}")))?;
        let text: String = files.into_iter().map(|(_, text)| text).collect();
        data.insert(key.to_owned(), json!(base64_encode(text.as_bytes())));
    }
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data, "type": "kubernetes.io/tls",
    });
    send(call, line, object, "created", Wording::Failed("secret"), printed)?;
    Ok(Outcome::Done)
}

pub(super) fn service(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = name_argument(line)?;
    let kind = match line.command.path {
        "create service clusterip" => "ClusterIP",
        "create service nodeport" => "NodePort",
        "create service loadbalancer" => "LoadBalancer",
        _ => "ExternalName",
    };
    let headless = line.flags.text("clusterip") == "None";
    let ports = line.flags.all("tcp").map(|spec| port(spec, line)).collect::<Result<Vec<Value>>>()?;
    if ports.is_empty() && !headless && kind != "ExternalName" {
        return Err(Failure::error("at least one tcp port specifier must be provided"));
    }
    let labels = json!({"app": name});
    let mut spec = json!({"selector": labels, "type": kind});
    if !ports.is_empty() {
        spec["ports"] = json!(ports);
    }
    if line.flags.has("clusterip") {
        spec["clusterIP"] = json!(line.flags.text("clusterip"));
    }
    if kind == "ExternalName" {
        let target = line.flags.text("external-name");
        if !crate::api::validation::names::subdomain(target).is_empty() {
            return Err(Failure::error(format!("invalid service external name {target}")));
        }
        spec["externalName"] = json!(target);
    }
    let object = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels}, "spec": spec,
    });
    send(call, line, object, "created", Wording::Failed(&format!("{kind} service")), printed)?;
    Ok(Outcome::Done)
}

/// `80:8080`. Upstream: kubectl cmd/create `parsePorts`.
fn port(spec: &str, line: &CommandLine) -> Result<Value> {
    let (port, target) = spec.split_once(':').unwrap_or((spec, spec));
    let why = if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() {
        "value out of range"
    } else {
        "invalid syntax"
    };
    let number: u16 =
        port.parse().map_err(|_| Failure::error(format!("strconv.ParseUint: parsing \"{port}\": {why}")))?;
    let target = target.parse::<i64>().map_or_else(|_| json!(target), |number| json!(number));
    let mut entry = json!({"name": spec.replace(':', "-"), "port": number, "protocol": "TCP", "targetPort": target});
    if let Some(node_port) = line.flags.number("node-port").filter(|port| *port != 0) {
        entry["nodePort"] = json!(node_port);
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::base64_encode;

    #[test]
    fn secrets_are_base64() {
        for (bytes, text) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("secret", "c2VjcmV0")] {
            assert_eq!(base64_encode(bytes.as_bytes()), text);
        }
    }
}
