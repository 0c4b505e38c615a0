//! Which fields name which kinds. Upstream: kustomize api/internal/konfig/builtinpluginconsts `namereference.go`.

use super::field_specs::Spec;
use super::resource::Gvk;

/// Fields that name a kind.
#[derive(Debug)]
pub(super) struct Reference {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    /// Fields of single kinds: kind and path.
    own: &'static [(&'static str, &'static str)],
    /// Fields below the specification of pods.
    of_pods: &'static [&'static str],
    /// The kinds whose pods are looked at.
    templates: &'static [(&'static str, &'static str)],
}

impl Reference {
    /// Is it a kind that the fields name?
    pub(super) fn names(&self, gvk: &Gvk) -> bool {
        Spec { version: self.version, ..Spec::of(self.group, self.kind, "", false) }.selects(gvk)
    }

    /// The fields of a kind.
    pub(super) fn fields(&self, kind: &str) -> Vec<String> {
        let own = self.own.iter().filter(|(known, _)| *known == kind).map(|(_, path)| (*path).to_owned());
        let templates = self.templates.iter().filter(|(known, _)| *known == kind);
        own.chain(templates.flat_map(|(_, at)| self.of_pods.iter().map(move |field| format!("{at}{field}")))).collect()
    }
}

const fn reference(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    own: &'static [(&'static str, &'static str)],
) -> Reference {
    Reference { group, version, kind, own, of_pods: &[], templates: &[] }
}

/// Kinds whose pods may name ConfigMaps and Secrets.
const MOUNTING: &[(&str, &str)] = &[
    ("Pod", "spec/"),
    ("PodTemplate", "template/spec/"),
    ("Deployment", "spec/template/spec/"),
    ("ReplicaSet", "spec/template/spec/"),
    ("DaemonSet", "spec/template/spec/"),
    ("StatefulSet", "spec/template/spec/"),
    ("Job", "spec/template/spec/"),
    ("CronJob", "spec/jobTemplate/spec/template/spec/"),
];

/// Kinds whose pods may name accounts, claims and classes.
const OTHERS: &[(&str, &str)] = &[
    ("Pod", "spec/"),
    ("StatefulSet", "spec/template/spec/"),
    ("Deployment", "spec/template/spec/"),
    ("ReplicationController", "spec/template/spec/"),
    ("CronJob", "spec/jobTemplate/spec/template/spec/"),
    ("Job", "spec/template/spec/"),
    ("DaemonSet", "spec/template/spec/"),
];

const SCALED: &[(&str, &str)] = &[("HorizontalPodAutoscaler", "spec/scaleTargetRef/name")];
const SUBJECTS: &[(&str, &str)] = &[("RoleBinding", "subjects"), ("ClusterRoleBinding", "subjects")];

const CONFIG_MAP_FIELDS: &[&str] = &[
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
];

const SECRET_FIELDS: &[&str] = &[
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];

/// All of them.
pub(super) const TABLE: &[Reference] = &[
    reference("", "", "Deployment", SCALED),
    reference("", "", "ReplicationController", SCALED),
    reference("", "", "ReplicaSet", SCALED),
    reference("", "", "StatefulSet", SCALED),
    Reference {
        of_pods: CONFIG_MAP_FIELDS,
        templates: MOUNTING,
        ..reference(
            "",
            "v1",
            "ConfigMap",
            &[
                ("Role", "rules/resourceNames"),
                ("ClusterRole", "rules/resourceNames"),
                ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap"),
            ],
        )
    },
    Reference {
        of_pods: SECRET_FIELDS,
        templates: MOUNTING,
        ..reference(
            "",
            "v1",
            "Secret",
            &[
                ("Ingress", "spec/tls/secretName"),
                ("Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
                ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"),
                ("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"),
                ("ServiceAccount", "imagePullSecrets/name"),
                ("StorageClass", "parameters/secretName"),
                ("StorageClass", "parameters/adminSecretName"),
                ("StorageClass", "parameters/userSecretName"),
                ("StorageClass", "parameters/secretRef"),
                ("Role", "rules/resourceNames"),
                ("ClusterRole", "rules/resourceNames"),
                ("PersistentVolume", "spec/azureFile/secretName"),
            ],
        )
    },
    reference(
        "",
        "v1",
        "Service",
        &[
            ("StatefulSet", "spec/serviceName"),
            ("Ingress", "spec/rules/http/paths/backend/serviceName"),
            ("Ingress", "spec/backend/serviceName"),
            ("Ingress", "spec/rules/http/paths/backend/service/name"),
            ("Ingress", "spec/defaultBackend/service/name"),
            ("APIService", "spec/service/name"),
            ("ValidatingWebhookConfiguration", "webhooks/clientConfig/service"),
            ("MutatingWebhookConfiguration", "webhooks/clientConfig/service"),
        ],
    ),
    reference("rbac.authorization.k8s.io", "", "Role", &[("RoleBinding", "roleRef/name")]),
    reference(
        "rbac.authorization.k8s.io",
        "",
        "ClusterRole",
        &[("RoleBinding", "roleRef/name"), ("ClusterRoleBinding", "roleRef/name")],
    ),
    Reference {
        of_pods: &["serviceAccountName"],
        templates: OTHERS,
        ..reference("", "v1", "ServiceAccount", SUBJECTS)
    },
    Reference {
        of_pods: &["volumes/persistentVolumeClaim/claimName"],
        templates: OTHERS,
        ..reference("", "v1", "PersistentVolumeClaim", &[])
    },
    reference(
        "",
        "v1",
        "PersistentVolume",
        &[("PersistentVolumeClaim", "spec/volumeName"), ("ClusterRole", "rules/resourceNames")],
    ),
    reference(
        "storage.k8s.io",
        "v1",
        "StorageClass",
        &[
            ("PersistentVolume", "spec/storageClassName"),
            ("PersistentVolumeClaim", "spec/storageClassName"),
            ("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
        ],
    ),
    Reference {
        of_pods: &["priorityClassName"],
        templates: OTHERS,
        ..reference("scheduling.k8s.io", "v1", "PriorityClass", &[])
    },
    reference("networking.k8s.io", "v1", "IngressClass", &[("Ingress", "spec/ingressClassName")]),
];
