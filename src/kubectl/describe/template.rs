//! Containers, volumes, tolerations: what pods and pod templates share.
//! Upstream: kubectl describe `DescribePodTemplate`, `describeContainers`, `describeVolumes`.

use std::fmt::Write;

use serde_json::Value;

use super::super::ages::rfc1123;
use super::super::printers::{field, or, plain, text};
use super::super::resource_reference;
use super::storage;
use super::text::{Page, items};

/// The part `Pod Template:` of a workload.
pub(super) fn pod_template(page: &mut Page, template: &Value) {
    page.line(0, "Pod Template:");
    let metadata = &template["metadata"];
    page.labels("  ", "Labels", &metadata["labels"]);
    if metadata["annotations"].as_object().is_some_and(|map| !map.is_empty()) {
        page.annotations("  ", "Annotations", &metadata["annotations"]);
    }
    let spec = &template["spec"];
    page.field_if(1, "Service Account", text(spec, "serviceAccountName"));
    containers(page, "Init Containers", "initContainers", spec, None, "  ");
    containers(page, "Containers", "containers", spec, None, "  ");
    volumes(page, &spec["volumes"], "  ");
    spread(page, "  ", &spec["topologySpreadConstraints"]);
    page.field_if(1, "Priority Class Name", text(spec, "priorityClassName"));
    page.labels("  ", "Node-Selectors", &spec["nodeSelector"]);
    tolerations(page, "  ", &spec["tolerations"]);
}

/// The containers of a list; with the pod, their states too.
pub(super) fn containers(page: &mut Page, title: &str, list: &str, spec: &Value, pod: Option<&Value>, space: &str) {
    let Some(list_of) = spec[list].as_array().filter(|list| !list.is_empty()) else { return };
    writeln!(page.text, "{space}{title}:").expect("a String takes everything");
    // The names of a template's containers stand one blank further left than a pod's.
    let name_indent = if pod.is_some() { "  " } else { "   " };
    for container in list_of {
        let name = text(container, "name");
        writeln!(page.text, "{name_indent}{name}:").expect("a String takes everything");
        let statuses = match list {
            "initContainers" => "initContainerStatuses",
            "ephemeralContainers" => "ephemeralContainerStatuses",
            _ => "containerStatuses",
        };
        let status = pod.and_then(|pod| {
            pod["status"][statuses].as_array().into_iter().flatten().find(|status| status["name"] == name.as_str())
        });
        one_container(page, container, status, pod);
    }
}

fn one_container(page: &mut Page, container: &Value, status: Option<&Value>, pod: Option<&Value>) {
    if let Some(status) = status {
        page.field(2, "Container ID", text(status, "containerID"));
    }
    page.field(2, "Image", text(container, "image"));
    if let Some(status) = status {
        page.field(2, "Image ID", text(status, "imageID"));
    }
    ports(page, &container["ports"]);
    for (label, key) in [("Command", "command"), ("Args", "args")] {
        if let Some(words) = container[key].as_array().filter(|words| !words.is_empty()) {
            page.line(2, format!("{label}:"));
            for line in words.iter().flat_map(|word| word.as_str().unwrap_or_default().split('\n')) {
                page.line(3, line);
            }
        }
    }
    if let Some(status) = status {
        states(page, status);
    }
    resources(page, 2, &container["resources"]);
    for (label, key) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")] {
        if container[key].is_object() {
            page.field(2, label, probe(&container[key]));
        }
    }
    environment(page, container, pod);
    mounts(page, &container["volumeMounts"]);
    devices(page, container);
}

/// Limits and requests. Upstream: describe `describeResources`.
pub(super) fn resources(page: &mut Page, level: usize, resources: &Value) {
    for (label, key) in [("Limits", "limits"), ("Requests", "requests")] {
        if let Some(list) = resources[key].as_object().filter(|list| !list.is_empty()) {
            page.line(level, format!("{label}:"));
            for (resource, amount) in list {
                page.field(level + 1, resource, plain(amount));
            }
        }
    }
}

/// Volumes as block devices. Upstream: the end of describe `describeContainerVolumes`.
fn devices(page: &mut Page, container: &Value) {
    let mut devices: Vec<&Value> = items(&container["volumeDevices"]).iter().collect();
    if devices.is_empty() {
        return;
    }
    devices.sort_by_key(|device| text(device, "devicePath"));
    // What is said of mounts that there are none of is said here too.
    page.line(2, if items(&container["volumeMounts"]).is_empty() { "Devices:\t<none>" } else { "Devices:" });
    for device in devices {
        page.line(3, format!("{} from {}", text(device, "devicePath"), text(device, "name")));
    }
}

fn ports(page: &mut Page, ports: &Value) {
    let words = |key: &str| -> Vec<String> {
        let ports = ports.as_array().into_iter().flatten();
        ports.map(|port| format!("{}/{}", or(text(port, key), "0"), or(text(port, "protocol"), "TCP"))).collect()
    };
    let several = ports.as_array().map_or(0, Vec::len) > 1;
    for (one, many, key) in [("Port", "Ports", "containerPort"), ("Host Port", "Host Ports", "hostPort")] {
        page.field(2, if several { many } else { one }, or(words(key).join(", "), "<none>"));
    }
}

fn states(page: &mut Page, status: &Value) {
    state(page, "State", &status["state"]);
    if status["lastState"]["terminated"].is_object() {
        state(page, "Last State", &status["lastState"]);
    }
    let ready = if status["ready"].as_bool() == Some(true) { "True" } else { "False" };
    page.field(2, "Ready", ready);
    page.field(2, "Restart Count", or(text(status, "restartCount"), "0"));
}

fn state(page: &mut Page, label: &str, state: &Value) {
    if state["running"].is_object() {
        page.field(2, label, "Running");
        page.field(3, "Started", rfc1123(field(state, "running.startedAt")));
    } else if state["terminated"].is_object() {
        let ended = &state["terminated"];
        page.field(2, label, "Terminated");
        page.field_if(3, "Reason", text(ended, "reason"));
        page.field_if(3, "Message", text(ended, "message"));
        page.field(3, "Exit Code", or(text(ended, "exitCode"), "0"));
        if ended["signal"].as_i64().is_some_and(|signal| signal > 0) {
            page.field(3, "Signal", text(ended, "signal"));
        }
        page.field(3, "Started", rfc1123(&ended["startedAt"]));
        page.field(3, "Finished", rfc1123(&ended["finishedAt"]));
    } else {
        page.field(2, label, "Waiting");
        page.field_if(3, "Reason", text(state, "waiting.reason"));
    }
}

/// Upstream: describe `DescribeProbe`.
fn probe(probe: &Value) -> String {
    let number = |key: &str| or(text(probe, key), "0");
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number("initialDelaySeconds"),
        number("timeoutSeconds"),
        number("periodSeconds"),
        number("successThreshold"),
        number("failureThreshold")
    );
    if let Some(command) = probe["exec"]["command"].as_array() {
        let words: Vec<String> = command.iter().map(plain).collect();
        return format!("exec [{}] {attributes}", words.join(" "));
    }
    if probe["httpGet"].is_object() {
        let get = &probe["httpGet"];
        let port = text(get, "port");
        let scheme = or(text(get, "scheme"), "HTTP").to_ascii_lowercase();
        return format!("http-get {scheme}://{}:{port}{} {attributes}", text(get, "host"), text(get, "path"));
    }
    if probe["tcpSocket"].is_object() {
        let socket = &probe["tcpSocket"];
        return format!("tcp-socket {}:{} {attributes}", text(socket, "host"), text(socket, "port"));
    }
    if probe["grpc"].is_object() {
        let service = text(probe, "grpc.service");
        return format!("grpc <pod>:{} {service} {attributes}", text(probe, "grpc.port"));
    }
    format!("unknown {attributes}")
}

fn environment(page: &mut Page, container: &Value, pod: Option<&Value>) {
    if let Some(sources) = container["envFrom"].as_array().filter(|sources| !sources.is_empty()) {
        page.line(2, "Environment Variables from:");
        for source in sources {
            let (what, reference) = if source["configMapRef"].is_object() {
                ("ConfigMap", &source["configMapRef"])
            } else {
                ("Secret", &source["secretRef"])
            };
            let prefix = text(source, "prefix");
            let with = if prefix.is_empty() { String::new() } else { format!(" with prefix '{prefix}'") };
            let optional = reference["optional"].as_bool().unwrap_or(false);
            page.line(3, format!("{}\t{what}{with}\tOptional: {optional}", text(reference, "name")));
        }
    }
    let variables = container["env"].as_array().map_or(&[][..], Vec::as_slice);
    if variables.is_empty() {
        page.field(2, "Environment", "<none>");
        return;
    }
    page.line(2, "Environment:");
    for variable in variables {
        let name = text(variable, "name");
        let from = &variable["valueFrom"];
        if !from.is_object() {
            for (place, line) in text(variable, "value").split('\n').enumerate() {
                page.line(3, if place == 0 { format!("{name}:\t{line}") } else { format!("\t{line}") });
            }
        } else if from["fieldRef"].is_object() {
            let path = text(from, "fieldRef.fieldPath");
            let value = pod.map_or_else(String::new, |pod| pod_field(pod, &path));
            let version = or(text(from, "fieldRef.apiVersion"), "v1");
            page.line(3, format!("{name}:\t{value} ({version}:{path})"));
        } else if from["resourceFieldRef"].is_object() {
            let resource = text(from, "resourceFieldRef.resource");
            let mut value = resource_reference::value(&from["resourceFieldRef"], container).unwrap_or_default();
            if value == "0" && ["limits.cpu", "limits.memory"].contains(&resource.as_str()) {
                "node allocatable".clone_into(&mut value);
            }
            page.line(3, format!("{name}:\t{value} ({resource})"));
        } else {
            let (what, kind) = if from["configMapKeyRef"].is_object() {
                ("configMapKeyRef", "of config map")
            } else {
                ("secretKeyRef", "in secret")
            };
            let reference = &from[what];
            let optional = reference["optional"].as_bool().unwrap_or(false);
            page.line(
                3,
                format!(
                    "{name}:\t<set to the key '{}' {kind} '{}'>\tOptional: {optional}",
                    text(reference, "key"),
                    text(reference, "name")
                ),
            );
        }
    }
}

/// The client knows no other fields. Upstream: describe `EnvValueRetriever`, apimachinery runtime
/// `DefaultMetaV1FieldSelectorConversion`.
fn pod_field(pod: &Value, path: &str) -> String {
    if ["metadata.name", "metadata.namespace"].contains(&path) { text(pod, path) } else { String::new() }
}

fn mounts(page: &mut Page, mounts: &Value) {
    let mut mounts: Vec<&Value> = mounts.as_array().into_iter().flatten().collect();
    if mounts.is_empty() {
        page.field(2, "Mounts", "<none>");
        return;
    }
    mounts.sort_by_key(|mount| text(mount, "mountPath"));
    page.line(2, "Mounts:");
    for mount in mounts {
        let mut flags = vec![if mount["readOnly"].as_bool() == Some(true) { "ro" } else { "rw" }.to_owned()];
        let path = text(mount, "subPath");
        if !path.is_empty() {
            flags.push(format!("path=\"{path}\""));
        }
        page.line(3, format!("{} from {} ({})", text(mount, "mountPath"), text(mount, "name"), flags.join(",")));
    }
}

/// Upstream: describe `describeVolumes`.
pub(super) fn volumes(page: &mut Page, volumes: &Value, space: &str) {
    let Some(list) = volumes.as_array().filter(|list| !list.is_empty()) else {
        writeln!(page.text, "{space}Volumes:\t<none>").expect("a String takes everything");
        return;
    };
    writeln!(page.text, "{space}Volumes:").expect("a String takes everything");
    let name_indent = if space.is_empty() { "  " } else { "   " };
    for volume in list {
        writeln!(page.text, "{name_indent}{}:", text(volume, "name")).expect("a String takes everything");
        one_volume(page, volume);
    }
}

pub(super) fn one_volume(page: &mut Page, volume: &Value) {
    let has = |key: &str| volume[key].is_object();
    if has("emptyDir") {
        page.field(2, "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)");
        page.field(2, "Medium", text(volume, "emptyDir.medium"));
        page.field(2, "SizeLimit", or(text(volume, "emptyDir.sizeLimit"), "<unset>"));
    } else if has("configMap") {
        page.field(2, "Type", "ConfigMap (a volume populated by a ConfigMap)");
        page.field(2, "Name", text(volume, "configMap.name"));
        page.field(2, "Optional", or(text(volume, "configMap.optional"), "false"));
    } else if has("secret") {
        page.field(2, "Type", "Secret (a volume populated by a Secret)");
        page.field(2, "SecretName", text(volume, "secret.secretName"));
        page.field(2, "Optional", or(text(volume, "secret.optional"), "false"));
    } else if has("hostPath") {
        page.field(2, "Type", "HostPath (bare host directory volume)");
        page.field(2, "Path", text(volume, "hostPath.path"));
        page.field(2, "HostPathType", text(volume, "hostPath.type"));
    } else if has("persistentVolumeClaim") {
        let kind = "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)";
        page.field(2, "Type", kind);
        page.field(2, "ClaimName", text(volume, "persistentVolumeClaim.claimName"));
        page.field(2, "ReadOnly", or(text(volume, "persistentVolumeClaim.readOnly"), "false"));
    } else if has("downwardAPI") {
        page.field(2, "Type", "DownwardAPI (a volume populated by information about the pod)");
        page.line(2, "Items:");
        for item in items(&volume["downwardAPI"]["items"]) {
            let from = or(text(item, "fieldRef.fieldPath"), &text(item, "resourceFieldRef.resource"));
            page.line(3, format!("{from} -> {}", text(item, "path")));
        }
    } else if has("projected") {
        projected(page, &volume["projected"]);
    } else if has("nfs") {
        page.field(2, "Type", "NFS (an NFS mount that lasts the lifetime of a pod)");
        page.field(2, "Server", text(volume, "nfs.server"));
        page.field(2, "Path", text(volume, "nfs.path"));
        page.field(2, "ReadOnly", or(text(volume, "nfs.readOnly"), "false"));
    } else if has("ephemeral") {
        let kind = "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)";
        page.field(2, "Type", kind);
        storage::claim_template(page, &volume["ephemeral"]["volumeClaimTemplate"]);
    } else if has("csi") {
        page.field(2, "Type", "CSI (a Container Storage Interface (CSI) volume source)");
        page.field(2, "Driver", text(volume, "csi.driver"));
        page.field(2, "FSType", text(volume, "csi.fsType"));
        page.field(2, "ReadOnly", or(text(volume, "csi.readOnly"), "false"));
        storage::attributes(page, field(volume, "csi.volumeAttributes"));
    } else if has("image") {
        page.field(2, "Type", "Image (a container image or OCI artifact)");
        page.field(2, "Reference", text(volume, "image.reference"));
        page.field(2, "PullPolicy", text(volume, "image.pullPolicy"));
    } else {
        page.line(1, "<unknown>");
    }
}

fn projected(page: &mut Page, volume: &Value) {
    page.field(2, "Type", "Projected (a volume that contains injected data from multiple sources)");
    for source in volume["sources"].as_array().into_iter().flatten() {
        if source["secret"].is_object() {
            page.field(2, "SecretName", text(source, "secret.name"));
            page.field(2, "SecretOptionalName", or(text(source, "secret.optional"), "<nil>"));
        } else if source["downwardAPI"].is_object() {
            page.field(2, "DownwardAPI", "true");
        } else if source["configMap"].is_object() {
            page.field(2, "ConfigMapName", text(source, "configMap.name"));
            page.field(2, "ConfigMapOptional", or(text(source, "configMap.optional"), "<nil>"));
        } else if source["serviceAccountToken"].is_object() {
            page.field(2, "TokenExpirationSeconds", text(source, "serviceAccountToken.expirationSeconds"));
        }
    }
}

/// Upstream: describe `describeTopologySpreadConstraints`.
pub(super) fn spread(page: &mut Page, indent: &str, constraints: &Value) {
    let words: Vec<String> = constraints
        .as_array()
        .into_iter()
        .flatten()
        .map(|constraint| {
            let mut word = format!(
                "{}:{} when max skew {} is exceeded",
                text(constraint, "topologyKey"),
                text(constraint, "whenUnsatisfiable"),
                text(constraint, "maxSkew")
            );
            if field(constraint, "labelSelector").is_object() {
                word.push_str(&format!(" for selector {}", super::text::selector(&constraint["labelSelector"])));
            }
            word
        })
        .collect();
    if !words.is_empty() {
        page.list(indent, "Topology Spread Constraints", &words);
    }
}

/// Upstream: describe `printTolerationsInMultiline`: sorted by key.
pub(super) fn tolerations(page: &mut Page, indent: &str, tolerations: &Value) {
    let mut list: Vec<&Value> = tolerations.as_array().into_iter().flatten().collect();
    list.sort_by_key(|toleration| text(toleration, "key"));
    let words: Vec<String> = list.into_iter().map(toleration).collect();
    page.list(indent, "Tolerations", &words);
}

fn toleration(toleration: &Value) -> String {
    let mut word = text(toleration, "key");
    let value = text(toleration, "value");
    if !value.is_empty() {
        write!(word, "={value}").expect("a String takes everything");
    }
    let effect = text(toleration, "effect");
    if !effect.is_empty() {
        write!(word, ":{effect}").expect("a String takes everything");
    }
    if text(toleration, "operator") == "Exists" && value.is_empty() {
        if word.is_empty() {
            word.push_str("op=Exists");
        } else {
            word.push_str(" op=Exists");
        }
    }
    if let Some(seconds) = toleration["tolerationSeconds"].as_i64() {
        write!(word, " for {seconds}s").expect("a String takes everything");
    }
    word
}
