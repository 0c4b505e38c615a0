//! The files that kubelet and runtime put into a container for its network: `/etc/hosts`, `/etc/hostname` and
//! `/etc/resolv.conf`. Upstream: kubelet_pods `managedHostsFileContent`, `hostsEntriesFromHostAliases`, `nodeHostsFileContent`;
//! network/dns `formDNSNameserversFitsLimits`, in the form that containerd writes.

use std::net::Ipv4Addr;

use super::shell::MemoryFs;
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::object::PodId;
use crate::model::pod_spec::PodSpec;

/// kubeadm's name server.
pub(super) const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

const LOCAL: &str = "127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
";

/// Writes the files into the root of a container of `pod`, whose address is `address` (0: none yet).
pub(super) fn put(root: &mut MemoryFs, cluster: &Cluster, pod: PodId, address: u32) {
    let spec = &cluster.template_of(pod).spec;
    let namespace = cluster.namespace_name(cluster.pod(pod).namespace);
    let mut write = |path: &str, text: String| root.put_file(path, text.as_bytes(), 0o644, SimTime::ZERO);
    let (host, domain) = (cluster.pod_hostname(pod), cluster.pod_domain(pod));
    write("/etc/hosts", hosts(spec, &host, &domain, Ipv4Addr::from_bits(address)));
    write("/etc/hostname", format!("{}\n", super::environment::hostname(cluster, pod)));
    write("/etc/resolv.conf", resolv_conf(namespace));
}

fn hosts(spec: &PodSpec, host: &str, domain: &str, address: Ipv4Addr) -> String {
    let mut text = if spec.host_network {
        format!("# Kubernetes-managed hosts file (host network).\n{LOCAL}")
    } else if domain.is_empty() {
        format!("# Kubernetes-managed hosts file.\n{LOCAL}{address}\t{host}\n")
    } else {
        format!("# Kubernetes-managed hosts file.\n{LOCAL}{address}\t{host}.{domain}\t{host}\n")
    };
    if !spec.host_aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
        for alias in &spec.host_aliases {
            text.push_str(&format!("{}\t{}\n", alias.ip, alias.hostnames.join("\t")));
        }
    }
    text
}

fn resolv_conf(namespace: &str) -> String {
    format!(
        "search {namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver {NAME_SERVER}\noptions ndots:5\n"
    )
}

/// The address that the pod's host aliases give a name.
pub(super) fn alias(spec: &PodSpec, name: &str) -> Option<Ipv4Addr> {
    let found = spec.host_aliases.iter().find(|alias| alias.hostnames.iter().any(|hostname| hostname == name))?;
    found.ip.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pod_spec::HostAlias;

    fn spec() -> PodSpec {
        let alias = HostAlias { ip: "10.1.2.3".into(), hostnames: vec!["foo.remote".into(), "bar.remote".into()] };
        PodSpec { host_aliases: vec![alias], ..PodSpec::default() }
    }

    #[test]
    fn host_aliases_stand_behind_the_pods_own_address() {
        let text = hosts(&spec(), "web", "", Ipv4Addr::new(10, 244, 0, 7));
        assert!(text.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
        assert!(text.ends_with(
            "ip6-allrouters\n10.244.0.7\tweb\n\n# Entries added by HostAliases.\n10.1.2.3\tfoo.remote\tbar.remote\n"
        ));
        assert_eq!(alias(&spec(), "bar.remote"), Some(Ipv4Addr::new(10, 1, 2, 3)));
        assert_eq!(alias(&spec(), "baz.remote"), None);
    }

    #[test]
    fn a_subdomain_gives_a_full_name_first() {
        let domain = "web.shop.svc.cluster.local";
        let text = hosts(&PodSpec::default(), "web-0", domain, Ipv4Addr::new(10, 244, 0, 7));
        assert!(text.ends_with("10.244.0.7\tweb-0.web.shop.svc.cluster.local\tweb-0\n"));
    }
}
