//! What a pod's containers are called. Upstream: kubelet_pods `GeneratePodHostNameAndDomain`, kubelet util
//! `GetNodenameForKernel`.

use std::borrow::Cow;

use super::Cluster;
use crate::model::object::PodId;

/// Upstream: `hostnameMaxLen`, `fqdnMaxLen`.
const LONGEST: usize = 63;
const LONGEST_FULL: usize = 64;

impl Cluster {
    /// A pod's host name: what its spec says instead of all else, its own, or its pod's name, cut to what a kernel takes.
    pub fn pod_hostname(&self, pod: PodId) -> Cow<'_, str> {
        let over = &self.template_of(pod).spec.hostname_override;
        if !over.is_empty() {
            return Cow::Borrowed(cut(over));
        }
        match self.hostname_of(pod) {
            own if own.is_empty() => Cow::Borrowed(cut(&self.pod(pod).name)),
            Cow::Borrowed(own) => Cow::Borrowed(cut(own)),
            Cow::Owned(own) => Cow::Owned(cut(&own).to_owned()),
        }
    }

    /// The domain that a pod's subdomain puts it into; empty without.
    pub fn pod_domain(&self, pod: PodId) -> String {
        let spec = &self.template_of(pod).spec;
        if spec.subdomain.is_empty() || !spec.hostname_override.is_empty() {
            return String::new();
        }
        format!("{}.{}.svc.cluster.local", spec.subdomain, self.namespace_name(self.pod(pod).namespace))
    }

    /// What `hostname` prints in a pod's containers: the node's name where the pod shares its network.
    ///
    /// # Errors
    /// The full name that the pod asks for is longer than a kernel takes.
    pub fn kernel_hostname(&self, pod: PodId) -> Result<Cow<'_, str>, String> {
        let spec = &self.template_of(pod).spec;
        if spec.host_network {
            return Ok(Cow::Borrowed(self.node_name(self.pod(pod).node)));
        }
        let host = self.pod_hostname(pod);
        let domain = if spec.full_hostname { self.pod_domain(pod) } else { String::new() };
        if domain.is_empty() {
            return Ok(host);
        }
        let full = format!("{host}.{domain}");
        if full.len() > LONGEST_FULL {
            return Err(format!(
                "failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long ({LONGEST_FULL} characters is the max, {} characters requested)",
                full.len()
            ));
        }
        Ok(Cow::Owned(full))
    }
}

/// Upstream: `truncatePodHostnameIfNeeded`.
fn cut(name: &str) -> &str {
    match name.get(..LONGEST) {
        Some(start) if name.len() > LONGEST => start.trim_end_matches(['-', '.']),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_do_not_end_with_a_separator() {
        assert_eq!(cut("web-0"), "web-0");
        assert_eq!(cut(&"a".repeat(70)), "a".repeat(63));
        assert_eq!(cut(&format!("{}-.bcd", "a".repeat(61))), "a".repeat(61));
    }
}
