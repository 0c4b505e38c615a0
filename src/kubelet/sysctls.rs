//! Which sysctls a pod may set on a node.
//! Upstream: kubelet sysctl `SafeSysctlAllowlist`, `patternAllowlist`.

use super::Kubelets;
use crate::model::Text;
use crate::model::pod_spec::PodSpec;

/// Sysctls that every kubelet allows, on the kernels of today.
const SAFE: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// The kernel namespace that a sysctl belongs to; empty for none.
/// Upstream: component-helpers sysctl `GetNamespace`.
fn namespace(sysctl: &str) -> &'static str {
    if sysctl.starts_with("net.") {
        "net"
    } else if ["kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|prefix| sysctl.starts_with(prefix))
        || sysctl == "kernel.sem"
    {
        "ipc"
    } else {
        ""
    }
}

impl Kubelets {
    /// Why the first sysctl that the node forbids is forbidden.
    pub(super) fn forbidden_sysctl(&self, spec: &PodSpec) -> Option<String> {
        spec.sysctls.iter().find_map(|name| forbidden(name, spec, &self.settings.configuration.allowed_unsafe_sysctls))
    }
}

/// `allowed`: names, or beginnings of names with a `*` behind.
fn forbidden(name: &str, spec: &PodSpec, allowed: &[Text]) -> Option<String> {
    let name = name.replace('/', ".");
    let matches = |pattern: &Text| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => *pattern == name,
    };
    if !SAFE.contains(&name.as_str()) && !allowed.iter().any(matches) {
        return Some(format!("{name:?} not allowlisted"));
    }
    let namespace = namespace(&name);
    let is_shared = namespace == "net" && spec.host_network || namespace == "ipc" && spec.host_ipc;
    is_shared.then(|| format!("{name:?} not allowed with host {namespace} enabled"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_sysctls_and_those_of_the_configuration_are_allowed() {
        let (own, host) = (PodSpec::default(), PodSpec { host_network: true, ..PodSpec::default() });
        let allowed = ["kernel.msg*".into(), "net.core.somaxconn".into()];
        assert_eq!(forbidden("net.ipv4.tcp_syncookies", &own, &[]), None);
        assert_eq!(forbidden("net/core/somaxconn", &own, &allowed), None);
        assert_eq!(forbidden("kernel.msgmax", &own, &allowed), None);
        assert_eq!(forbidden("kernel.sem", &own, &allowed), Some("\"kernel.sem\" not allowlisted".to_owned()));
        let why = "\"net.ipv4.tcp_syncookies\" not allowed with host net enabled";
        assert_eq!(forbidden("net.ipv4.tcp_syncookies", &host, &[]), Some(why.to_owned()));
    }
}
