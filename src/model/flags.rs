//! Flags of the control plane's components in v1.36, by upstream's names: what may be set, and what has an effect here.
//! Upstream: cmd/kube-controller-manager/app/options, cmd/kube-apiserver/app/options and the packages they embed.

/// What a flag holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagType {
    /// `40s`, `5m`.
    Duration,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Anything.
    Text,
}

/// A flag of a component.
#[derive(Debug)]
pub struct Flag {
    /// Its name without `--`.
    pub name: &'static str,
    /// What it holds.
    pub kind: FlagType,
    /// Does the model follow it?
    pub has_effect: bool,
}

const fn flag(name: &'static str, kind: FlagType) -> Flag {
    Flag { name, kind, has_effect: true }
}

const fn ignored(name: &'static str, kind: FlagType) -> Flag {
    Flag { name, kind, has_effect: false }
}

use FlagType::{Boolean, Duration, Integer, Number, Text};

/// Flags of kube-controller-manager. `pod-eviction-timeout` went with v1.27; it sets what took its place, the default
/// tolerations of the API server.
pub static CONTROLLER_MANAGER: &[Flag] = &[
    ignored("allocate-node-cidrs", Boolean),
    ignored("attach-detach-reconcile-sync-period", Duration),
    ignored("authentication-kubeconfig", Text),
    ignored("authorization-kubeconfig", Text),
    ignored("bind-address", Text),
    ignored("client-ca-file", Text),
    ignored("cloud-provider", Text),
    ignored("cluster-cidr", Text),
    ignored("cluster-name", Text),
    ignored("cluster-signing-cert-file", Text),
    ignored("cluster-signing-duration", Duration),
    ignored("cluster-signing-key-file", Text),
    flag("concurrent-cron-job-syncs", Integer),
    flag("concurrent-daemonset-syncs", Integer),
    flag("concurrent-deployment-syncs", Integer),
    flag("concurrent-endpoint-syncs", Integer),
    ignored("concurrent-ephemeralvolume-syncs", Integer),
    flag("concurrent-gc-syncs", Integer),
    flag("concurrent-horizontal-pod-autoscaler-syncs", Integer),
    flag("concurrent-job-syncs", Integer),
    flag("concurrent-namespace-syncs", Integer),
    flag("concurrent-rc-syncs", Integer),
    flag("concurrent-replicaset-syncs", Integer),
    flag("concurrent-resource-quota-syncs", Integer),
    flag("concurrent-service-endpoint-syncs", Integer),
    ignored("concurrent-service-syncs", Integer),
    ignored("concurrent-serviceaccount-token-syncs", Integer),
    flag("concurrent-statefulset-syncs", Integer),
    flag("concurrent-ttl-after-finished-syncs", Integer),
    ignored("concurrent-validating-admission-policy-status-syncs", Integer),
    ignored("configure-cloud-routes", Boolean),
    ignored("contention-profiling", Boolean),
    ignored("controller-start-interval", Duration),
    ignored("controllers", Text),
    ignored("disable-attach-detach-reconcile-sync", Boolean),
    ignored("disable-force-detach-on-timeout", Boolean),
    ignored("enable-dynamic-provisioning", Boolean),
    ignored("enable-garbage-collector", Boolean),
    ignored("enable-hostpath-provisioner", Boolean),
    ignored("endpoint-updates-batch-period", Duration),
    ignored("endpointslice-updates-batch-period", Duration),
    ignored("feature-gates", Text),
    flag("horizontal-pod-autoscaler-cpu-initialization-period", Duration),
    flag("horizontal-pod-autoscaler-downscale-stabilization", Duration),
    flag("horizontal-pod-autoscaler-initial-readiness-delay", Duration),
    flag("horizontal-pod-autoscaler-sync-period", Duration),
    flag("horizontal-pod-autoscaler-tolerance", Number),
    flag("kube-api-burst", Integer),
    ignored("kube-api-content-type", Text),
    flag("kube-api-qps", Number),
    ignored("kubeconfig", Text),
    flag("large-cluster-size-threshold", Integer),
    ignored("leader-elect", Boolean),
    ignored("leader-elect-lease-duration", Duration),
    ignored("leader-elect-renew-deadline", Duration),
    ignored("leader-elect-retry-period", Duration),
    ignored("legacy-service-account-token-clean-up-period", Duration),
    ignored("master", Text),
    ignored("max-endpoints-per-slice", Integer),
    ignored("min-resync-period", Duration),
    ignored("mirroring-concurrent-service-endpoint-syncs", Integer),
    ignored("mirroring-endpointslice-updates-batch-period", Duration),
    ignored("mirroring-max-endpoints-per-subset", Integer),
    ignored("namespace-sync-period", Duration),
    ignored("node-cidr-mask-size", Integer),
    flag("node-eviction-rate", Number),
    flag("node-monitor-grace-period", Duration),
    flag("node-monitor-period", Duration),
    flag("node-startup-grace-period", Duration),
    flag("pod-eviction-timeout", Duration),
    ignored("profiling", Boolean),
    ignored("pvclaimbinder-sync-period", Duration),
    ignored("resource-quota-sync-period", Duration),
    ignored("root-ca-file", Text),
    ignored("route-reconciliation-period", Duration),
    flag("secondary-node-eviction-rate", Number),
    ignored("secure-port", Integer),
    ignored("service-account-private-key-file", Text),
    ignored("service-cluster-ip-range", Text),
    flag("terminated-pod-gc-threshold", Integer),
    ignored("tls-cert-file", Text),
    ignored("tls-private-key-file", Text),
    flag("unhealthy-zone-threshold", Number),
    ignored("use-service-account-credentials", Boolean),
    ignored("v", Integer),
    ignored("volume-host-allow-local-loopback", Boolean),
];

/// Flags of kube-apiserver.
pub static API_SERVER: &[Flag] = &[
    ignored("admission-control-config-file", Text),
    ignored("advertise-address", Text),
    ignored("allow-privileged", Boolean),
    ignored("anonymous-auth", Boolean),
    ignored("api-audiences", Text),
    ignored("audit-log-path", Text),
    ignored("audit-policy-file", Text),
    ignored("authorization-mode", Text),
    ignored("bind-address", Text),
    ignored("client-ca-file", Text),
    flag("default-not-ready-toleration-seconds", Integer),
    flag("default-unreachable-toleration-seconds", Integer),
    ignored("default-watch-cache-size", Integer),
    ignored("disable-admission-plugins", Text),
    ignored("enable-admission-plugins", Text),
    ignored("enable-bootstrap-token-auth", Boolean),
    ignored("enable-priority-and-fairness", Boolean),
    ignored("etcd-cafile", Text),
    ignored("etcd-certfile", Text),
    ignored("etcd-keyfile", Text),
    ignored("etcd-servers", Text),
    ignored("event-ttl", Duration),
    ignored("feature-gates", Text),
    ignored("goaway-chance", Number),
    ignored("max-mutating-requests-inflight", Integer),
    ignored("max-requests-inflight", Integer),
    ignored("min-request-timeout", Integer),
    ignored("profiling", Boolean),
    ignored("request-timeout", Duration),
    ignored("runtime-config", Text),
    ignored("secure-port", Integer),
    ignored("service-account-issuer", Text),
    ignored("service-account-key-file", Text),
    ignored("service-account-signing-key-file", Text),
    flag("service-cluster-ip-range", Text),
    flag("service-node-port-range", Text),
    ignored("storage-backend", Text),
    ignored("tls-cert-file", Text),
    ignored("tls-private-key-file", Text),
    ignored("v", Integer),
    ignored("watch-cache", Boolean),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_in_order() {
        for table in [CONTROLLER_MANAGER, API_SERVER] {
            assert!(table.windows(2).all(|pair| pair[0].name < pair[1].name));
        }
    }
}
