//! Go's structures under `PodTemplateSpec` (k8s.io/api v1.36), field by field in declaration order. The pod template
//! hash is taken over a dump in exactly this order, and what the server leaves out when it prints follows from it.

use super::volume::{
    CONFIG_MAP_KEY_SELECTOR, FILE_KEY_SELECTOR, OBJECT_FIELD_SELECTOR, RESOURCE_FIELD_SELECTOR, SECRET_KEY_SELECTOR,
    VOLUME,
};
use super::{Field, GoStruct, GoType as T, go_structs};

go_structs! {
    POD_TEMPLATE_SPEC "v1.PodTemplateSpec" [
        "ObjectMeta" "metadata" opt "v1.ObjectMeta" T::Struct(&OBJECT_META),
        "Spec" "spec" opt "v1.PodSpec" T::Struct(&POD_SPEC),
    ];
    OBJECT_META "v1.ObjectMeta" [
        "Name" "name" opt "string" T::Str, "GenerateName" "generateName" opt "string" T::Str,
        "Namespace" "namespace" opt "string" T::Str, "SelfLink" "selfLink" opt "string" T::Str,
        "UID" "uid" opt "types.UID" T::Str, "ResourceVersion" "resourceVersion" opt "string" T::Str,
        "Generation" "generation" opt "int64" T::Int, "CreationTimestamp" "creationTimestamp" opt "v1.Time" T::Time,
        "DeletionTimestamp" "deletionTimestamp" opt "*v1.Time" T::Pointer(&T::Time),
        "DeletionGracePeriodSeconds" "deletionGracePeriodSeconds" opt "*int64" T::Pointer(&T::Int),
        "Labels" "labels" opt "map[string]string" T::Map, "Annotations" "annotations" opt "map[string]string" T::Map,
        "OwnerReferences" "ownerReferences" opt "[]v1.OwnerReference" T::Slice(&T::Opaque),
        "Finalizers" "finalizers" opt "[]string" T::Slice(&T::Str),
        "ManagedFields" "managedFields" opt "[]v1.ManagedFieldsEntry" T::Slice(&T::Opaque),
    ];
    POD_SPEC "v1.PodSpec" [
        "Volumes" "volumes" opt "[]v1.Volume" T::Slice(&T::Struct(&VOLUME)),
        "InitContainers" "initContainers" opt "[]v1.Container" T::Slice(&T::Struct(&CONTAINER)),
        "Containers" "containers" req "[]v1.Container" T::Slice(&T::Struct(&CONTAINER)),
        "EphemeralContainers" "ephemeralContainers" opt "[]v1.EphemeralContainer" T::Slice(&T::Opaque),
        "RestartPolicy" "restartPolicy" opt "v1.RestartPolicy" T::Str,
        "TerminationGracePeriodSeconds" "terminationGracePeriodSeconds" opt "*int64" T::Pointer(&T::Int),
        "ActiveDeadlineSeconds" "activeDeadlineSeconds" opt "*int64" T::Pointer(&T::Int),
        "DNSPolicy" "dnsPolicy" opt "v1.DNSPolicy" T::Str,
        "NodeSelector" "nodeSelector" opt "map[string]string" T::Map,
        "ServiceAccountName" "serviceAccountName" opt "string" T::Str,
        "DeprecatedServiceAccount" "serviceAccount" opt "string" T::Str,
        "AutomountServiceAccountToken" "automountServiceAccountToken" opt "*bool" T::Pointer(&T::Bool),
        "NodeName" "nodeName" opt "string" T::Str, "HostNetwork" "hostNetwork" opt "bool" T::Bool,
        "HostPID" "hostPID" opt "bool" T::Bool, "HostIPC" "hostIPC" opt "bool" T::Bool,
        "ShareProcessNamespace" "shareProcessNamespace" opt "*bool" T::Pointer(&T::Bool),
        "SecurityContext" "securityContext" opt "*v1.PodSecurityContext" T::Pointer(&T::Struct(&POD_SECURITY_CONTEXT)),
        "ImagePullSecrets" "imagePullSecrets" opt "[]v1.LocalObjectReference" T::Slice(&T::Struct(&LOCAL_OBJECT_REFERENCE)),
        "Hostname" "hostname" opt "string" T::Str, "Subdomain" "subdomain" opt "string" T::Str,
        "Affinity" "affinity" opt "*v1.Affinity" T::Pointer(&T::Struct(&AFFINITY)),
        "SchedulerName" "schedulerName" opt "string" T::Str,
        "Tolerations" "tolerations" opt "[]v1.Toleration" T::Slice(&T::Struct(&TOLERATION)),
        "HostAliases" "hostAliases" opt "[]v1.HostAlias" T::Slice(&T::Struct(&HOST_ALIAS)),
        "PriorityClassName" "priorityClassName" opt "string" T::Str,
        "Priority" "priority" opt "*int32" T::Pointer(&T::Int),
        "DNSConfig" "dnsConfig" opt "*v1.PodDNSConfig" T::Pointer(&T::Struct(&POD_DNSCONFIG)),
        "ReadinessGates" "readinessGates" opt "[]v1.PodReadinessGate" T::Slice(&T::Struct(&POD_READINESS_GATE)),
        "RuntimeClassName" "runtimeClassName" opt "*string" T::Pointer(&T::Str),
        "EnableServiceLinks" "enableServiceLinks" opt "*bool" T::Pointer(&T::Bool),
        "PreemptionPolicy" "preemptionPolicy" opt "*v1.PreemptionPolicy" T::Pointer(&T::Str),
        "Overhead" "overhead" opt "v1.ResourceList" T::Resources,
        "TopologySpreadConstraints" "topologySpreadConstraints" opt "[]v1.TopologySpreadConstraint" T::Slice(&T::Struct(&TOPOLOGY_SPREAD_CONSTRAINT)),
        "SetHostnameAsFQDN" "setHostnameAsFQDN" opt "*bool" T::Pointer(&T::Bool),
        "OS" "os" opt "*v1.PodOS" T::Pointer(&T::Struct(&POD_OS)),
        "HostUsers" "hostUsers" opt "*bool" T::Pointer(&T::Bool),
        "SchedulingGates" "schedulingGates" opt "[]v1.PodSchedulingGate" T::Slice(&T::Struct(&POD_SCHEDULING_GATE)),
        "ResourceClaims" "resourceClaims" opt "[]v1.PodResourceClaim" T::Slice(&T::Struct(&POD_RESOURCE_CLAIM)),
        "Resources" "resources" opt "*v1.ResourceRequirements" T::Pointer(&T::Struct(&RESOURCE_REQUIREMENTS)),
        "HostnameOverride" "hostnameOverride" opt "*string" T::Pointer(&T::Str),
        "SchedulingGroup" "schedulingGroup" opt "*v1.PodSchedulingGroup" T::Pointer(&T::Struct(&POD_SCHEDULING_GROUP)),
    ];
    CONTAINER "v1.Container" [
        "Name" "name" req "string" T::Str, "Image" "image" opt "string" T::Str,
        "Command" "command" opt "[]string" T::Slice(&T::Str), "Args" "args" opt "[]string" T::Slice(&T::Str),
        "WorkingDir" "workingDir" opt "string" T::Str,
        "Ports" "ports" opt "[]v1.ContainerPort" T::Slice(&T::Struct(&CONTAINER_PORT)),
        "EnvFrom" "envFrom" opt "[]v1.EnvFromSource" T::Slice(&T::Struct(&ENV_FROM_SOURCE)),
        "Env" "env" opt "[]v1.EnvVar" T::Slice(&T::Struct(&ENV_VAR)),
        "Resources" "resources" opt "v1.ResourceRequirements" T::Struct(&RESOURCE_REQUIREMENTS),
        "ResizePolicy" "resizePolicy" opt "[]v1.ContainerResizePolicy" T::Slice(&T::Struct(&CONTAINER_RESIZE_POLICY)),
        "RestartPolicy" "restartPolicy" opt "*v1.ContainerRestartPolicy" T::Pointer(&T::Str),
        "RestartPolicyRules" "restartPolicyRules" opt "[]v1.ContainerRestartRule" T::Slice(&T::Struct(&CONTAINER_RESTART_RULE)),
        "VolumeMounts" "volumeMounts" opt "[]v1.VolumeMount" T::Slice(&T::Struct(&VOLUME_MOUNT)),
        "VolumeDevices" "volumeDevices" opt "[]v1.VolumeDevice" T::Slice(&T::Struct(&VOLUME_DEVICE)),
        "LivenessProbe" "livenessProbe" opt "*v1.Probe" T::Pointer(&T::Struct(&PROBE)),
        "ReadinessProbe" "readinessProbe" opt "*v1.Probe" T::Pointer(&T::Struct(&PROBE)),
        "StartupProbe" "startupProbe" opt "*v1.Probe" T::Pointer(&T::Struct(&PROBE)),
        "Lifecycle" "lifecycle" opt "*v1.Lifecycle" T::Pointer(&T::Struct(&LIFECYCLE)),
        "TerminationMessagePath" "terminationMessagePath" opt "string" T::Str,
        "TerminationMessagePolicy" "terminationMessagePolicy" opt "v1.TerminationMessagePolicy" T::Str,
        "ImagePullPolicy" "imagePullPolicy" opt "v1.PullPolicy" T::Str,
        "SecurityContext" "securityContext" opt "*v1.SecurityContext" T::Pointer(&T::Struct(&SECURITY_CONTEXT)),
        "Stdin" "stdin" opt "bool" T::Bool, "StdinOnce" "stdinOnce" opt "bool" T::Bool,
        "TTY" "tty" opt "bool" T::Bool,
    ];
    POD_SECURITY_CONTEXT "v1.PodSecurityContext" [
        "SELinuxOptions" "seLinuxOptions" opt "*v1.SELinuxOptions" T::Pointer(&T::Struct(&SELINUX_OPTIONS)),
        "WindowsOptions" "windowsOptions" opt "*v1.WindowsSecurityContextOptions" T::Pointer(&T::Struct(&WINDOWS_SECURITY_CONTEXT_OPTIONS)),
        "RunAsUser" "runAsUser" opt "*int64" T::Pointer(&T::Int),
        "RunAsGroup" "runAsGroup" opt "*int64" T::Pointer(&T::Int),
        "RunAsNonRoot" "runAsNonRoot" opt "*bool" T::Pointer(&T::Bool),
        "SupplementalGroups" "supplementalGroups" opt "[]int64" T::Slice(&T::Int),
        "SupplementalGroupsPolicy" "supplementalGroupsPolicy" opt "*v1.SupplementalGroupsPolicy" T::Pointer(&T::Str),
        "FSGroup" "fsGroup" opt "*int64" T::Pointer(&T::Int),
        "Sysctls" "sysctls" opt "[]v1.Sysctl" T::Slice(&T::Struct(&SYSCTL)),
        "FSGroupChangePolicy" "fsGroupChangePolicy" opt "*v1.PodFSGroupChangePolicy" T::Pointer(&T::Str),
        "SeccompProfile" "seccompProfile" opt "*v1.SeccompProfile" T::Pointer(&T::Struct(&SECCOMP_PROFILE)),
        "AppArmorProfile" "appArmorProfile" opt "*v1.AppArmorProfile" T::Pointer(&T::Struct(&APP_ARMOR_PROFILE)),
        "SELinuxChangePolicy" "seLinuxChangePolicy" opt "*v1.PodSELinuxChangePolicy" T::Pointer(&T::Str),
    ];
    LOCAL_OBJECT_REFERENCE "v1.LocalObjectReference" [
        "Name" "name" opt "string" T::Str,
    ];
    AFFINITY "v1.Affinity" [
        "NodeAffinity" "nodeAffinity" opt "*v1.NodeAffinity" T::Pointer(&T::Struct(&NODE_AFFINITY)),
        "PodAffinity" "podAffinity" opt "*v1.PodAffinity" T::Pointer(&T::Struct(&POD_AFFINITY)),
        "PodAntiAffinity" "podAntiAffinity" opt "*v1.PodAntiAffinity" T::Pointer(&T::Struct(&POD_ANTI_AFFINITY)),
    ];
    TOLERATION "v1.Toleration" [
        "Key" "key" opt "string" T::Str, "Operator" "operator" opt "v1.TolerationOperator" T::Str,
        "Value" "value" opt "string" T::Str, "Effect" "effect" opt "v1.TaintEffect" T::Str,
        "TolerationSeconds" "tolerationSeconds" opt "*int64" T::Pointer(&T::Int),
    ];
    HOST_ALIAS "v1.HostAlias" [
        "IP" "ip" req "string" T::Str, "Hostnames" "hostnames" opt "[]string" T::Slice(&T::Str),
    ];
    POD_DNSCONFIG "v1.PodDNSConfig" [
        "Nameservers" "nameservers" opt "[]string" T::Slice(&T::Str),
        "Searches" "searches" opt "[]string" T::Slice(&T::Str),
        "Options" "options" opt "[]v1.PodDNSConfigOption" T::Slice(&T::Struct(&POD_DNSCONFIG_OPTION)),
    ];
    POD_READINESS_GATE "v1.PodReadinessGate" [
        "ConditionType" "conditionType" req "v1.PodConditionType" T::Str,
    ];
    TOPOLOGY_SPREAD_CONSTRAINT "v1.TopologySpreadConstraint" [
        "MaxSkew" "maxSkew" req "int32" T::Int, "TopologyKey" "topologyKey" req "string" T::Str,
        "WhenUnsatisfiable" "whenUnsatisfiable" req "v1.UnsatisfiableConstraintAction" T::Str,
        "LabelSelector" "labelSelector" opt "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "MinDomains" "minDomains" opt "*int32" T::Pointer(&T::Int),
        "NodeAffinityPolicy" "nodeAffinityPolicy" opt "*v1.NodeInclusionPolicy" T::Pointer(&T::Str),
        "NodeTaintsPolicy" "nodeTaintsPolicy" opt "*v1.NodeInclusionPolicy" T::Pointer(&T::Str),
        "MatchLabelKeys" "matchLabelKeys" opt "[]string" T::Slice(&T::Str),
    ];
    POD_OS "v1.PodOS" [
        "Name" "name" req "v1.OSName" T::Str,
    ];
    POD_SCHEDULING_GATE "v1.PodSchedulingGate" [
        "Name" "name" req "string" T::Str,
    ];
    POD_RESOURCE_CLAIM "v1.PodResourceClaim" [
        "Name" "name" req "string" T::Str, "ResourceClaimName" "resourceClaimName" opt "*string" T::Pointer(&T::Str),
        "ResourceClaimTemplateName" "resourceClaimTemplateName" opt "*string" T::Pointer(&T::Str),
    ];
    RESOURCE_REQUIREMENTS "v1.ResourceRequirements" [
        "Limits" "limits" opt "v1.ResourceList" T::Resources,
        "Requests" "requests" opt "v1.ResourceList" T::Resources,
        "Claims" "claims" opt "[]v1.ResourceClaim" T::Slice(&T::Struct(&RESOURCE_CLAIM)),
    ];
    POD_SCHEDULING_GROUP "v1.PodSchedulingGroup" [
        "PodGroupName" "podGroupName" opt "*string" T::Pointer(&T::Str),
    ];
    CONTAINER_PORT "v1.ContainerPort" [
        "Name" "name" opt "string" T::Str, "HostPort" "hostPort" opt "int32" T::Int,
        "ContainerPort" "containerPort" req "int32" T::Int, "Protocol" "protocol" opt "v1.Protocol" T::Str,
        "HostIP" "hostIP" opt "string" T::Str,
    ];
    ENV_FROM_SOURCE "v1.EnvFromSource" [
        "Prefix" "prefix" opt "string" T::Str,
        "ConfigMapRef" "configMapRef" opt "*v1.ConfigMapEnvSource" T::Pointer(&T::Struct(&CONFIG_MAP_ENV_SOURCE)),
        "SecretRef" "secretRef" opt "*v1.SecretEnvSource" T::Pointer(&T::Struct(&SECRET_ENV_SOURCE)),
    ];
    ENV_VAR "v1.EnvVar" [
        "Name" "name" req "string" T::Str, "Value" "value" opt "string" T::Str,
        "ValueFrom" "valueFrom" opt "*v1.EnvVarSource" T::Pointer(&T::Struct(&ENV_VAR_SOURCE)),
    ];
    CONTAINER_RESIZE_POLICY "v1.ContainerResizePolicy" [
        "ResourceName" "resourceName" req "v1.ResourceName" T::Str,
        "RestartPolicy" "restartPolicy" req "v1.ResourceResizeRestartPolicy" T::Str,
    ];
    CONTAINER_RESTART_RULE "v1.ContainerRestartRule" [
        "Action" "action" req "v1.ContainerRestartRuleAction" T::Str,
        "ExitCodes" "exitCodes" opt "*v1.ContainerRestartRuleOnExitCodes" T::Pointer(&T::Struct(&CONTAINER_RESTART_RULE_ON_EXIT_CODES)),
    ];
    VOLUME_MOUNT "v1.VolumeMount" [
        "Name" "name" req "string" T::Str, "ReadOnly" "readOnly" opt "bool" T::Bool,
        "RecursiveReadOnly" "recursiveReadOnly" opt "*v1.RecursiveReadOnlyMode" T::Pointer(&T::Str),
        "MountPath" "mountPath" req "string" T::Str, "SubPath" "subPath" opt "string" T::Str,
        "MountPropagation" "mountPropagation" opt "*v1.MountPropagationMode" T::Pointer(&T::Str),
        "SubPathExpr" "subPathExpr" opt "string" T::Str,
    ];
    VOLUME_DEVICE "v1.VolumeDevice" [
        "Name" "name" req "string" T::Str, "DevicePath" "devicePath" req "string" T::Str,
    ];
    PROBE "v1.Probe" [
        "ProbeHandler" "" opt "v1.ProbeHandler" T::Struct(&PROBE_HANDLER),
        "InitialDelaySeconds" "initialDelaySeconds" opt "int32" T::Int,
        "TimeoutSeconds" "timeoutSeconds" opt "int32" T::Int, "PeriodSeconds" "periodSeconds" opt "int32" T::Int,
        "SuccessThreshold" "successThreshold" opt "int32" T::Int,
        "FailureThreshold" "failureThreshold" opt "int32" T::Int,
        "TerminationGracePeriodSeconds" "terminationGracePeriodSeconds" opt "*int64" T::Pointer(&T::Int),
    ];
    LIFECYCLE "v1.Lifecycle" [
        "PostStart" "postStart" opt "*v1.LifecycleHandler" T::Pointer(&T::Struct(&LIFECYCLE_HANDLER)),
        "PreStop" "preStop" opt "*v1.LifecycleHandler" T::Pointer(&T::Struct(&LIFECYCLE_HANDLER)),
        "StopSignal" "stopSignal" opt "*v1.Signal" T::Pointer(&T::Str),
    ];
    SECURITY_CONTEXT "v1.SecurityContext" [
        "Capabilities" "capabilities" opt "*v1.Capabilities" T::Pointer(&T::Struct(&CAPABILITIES)),
        "Privileged" "privileged" opt "*bool" T::Pointer(&T::Bool),
        "SELinuxOptions" "seLinuxOptions" opt "*v1.SELinuxOptions" T::Pointer(&T::Struct(&SELINUX_OPTIONS)),
        "WindowsOptions" "windowsOptions" opt "*v1.WindowsSecurityContextOptions" T::Pointer(&T::Struct(&WINDOWS_SECURITY_CONTEXT_OPTIONS)),
        "RunAsUser" "runAsUser" opt "*int64" T::Pointer(&T::Int),
        "RunAsGroup" "runAsGroup" opt "*int64" T::Pointer(&T::Int),
        "RunAsNonRoot" "runAsNonRoot" opt "*bool" T::Pointer(&T::Bool),
        "ReadOnlyRootFilesystem" "readOnlyRootFilesystem" opt "*bool" T::Pointer(&T::Bool),
        "AllowPrivilegeEscalation" "allowPrivilegeEscalation" opt "*bool" T::Pointer(&T::Bool),
        "ProcMount" "procMount" opt "*v1.ProcMountType" T::Pointer(&T::Str),
        "SeccompProfile" "seccompProfile" opt "*v1.SeccompProfile" T::Pointer(&T::Struct(&SECCOMP_PROFILE)),
        "AppArmorProfile" "appArmorProfile" opt "*v1.AppArmorProfile" T::Pointer(&T::Struct(&APP_ARMOR_PROFILE)),
    ];
    SELINUX_OPTIONS "v1.SELinuxOptions" [
        "User" "user" opt "string" T::Str, "Role" "role" opt "string" T::Str, "Type" "type" opt "string" T::Str,
        "Level" "level" opt "string" T::Str,
    ];
    WINDOWS_SECURITY_CONTEXT_OPTIONS "v1.WindowsSecurityContextOptions" [
        "GMSACredentialSpecName" "gmsaCredentialSpecName" opt "*string" T::Pointer(&T::Str),
        "GMSACredentialSpec" "gmsaCredentialSpec" opt "*string" T::Pointer(&T::Str),
        "RunAsUserName" "runAsUserName" opt "*string" T::Pointer(&T::Str),
        "HostProcess" "hostProcess" opt "*bool" T::Pointer(&T::Bool),
    ];
    SYSCTL "v1.Sysctl" [
        "Name" "name" req "string" T::Str, "Value" "value" req "string" T::Str,
    ];
    SECCOMP_PROFILE "v1.SeccompProfile" [
        "Type" "type" req "v1.SeccompProfileType" T::Str,
        "LocalhostProfile" "localhostProfile" opt "*string" T::Pointer(&T::Str),
    ];
    APP_ARMOR_PROFILE "v1.AppArmorProfile" [
        "Type" "type" req "v1.AppArmorProfileType" T::Str,
        "LocalhostProfile" "localhostProfile" opt "*string" T::Pointer(&T::Str),
    ];
    NODE_AFFINITY "v1.NodeAffinity" [

        "RequiredDuringSchedulingIgnoredDuringExecution" "requiredDuringSchedulingIgnoredDuringExecution" opt "*v1.NodeSelector" T::Pointer(&T::Struct(&NODE_SELECTOR)),
        "PreferredDuringSchedulingIgnoredDuringExecution" "preferredDuringSchedulingIgnoredDuringExecution" opt "[]v1.PreferredSchedulingTerm" T::Slice(&T::Struct(&PREFERRED_SCHEDULING_TERM)),
    ];
    POD_AFFINITY "v1.PodAffinity" [

        "RequiredDuringSchedulingIgnoredDuringExecution" "requiredDuringSchedulingIgnoredDuringExecution" opt "[]v1.PodAffinityTerm" T::Slice(&T::Struct(&POD_AFFINITY_TERM)),
        "PreferredDuringSchedulingIgnoredDuringExecution" "preferredDuringSchedulingIgnoredDuringExecution" opt "[]v1.WeightedPodAffinityTerm" T::Slice(&T::Struct(&WEIGHTED_POD_AFFINITY_TERM)),
    ];
    POD_ANTI_AFFINITY "v1.PodAntiAffinity" [

        "RequiredDuringSchedulingIgnoredDuringExecution" "requiredDuringSchedulingIgnoredDuringExecution" opt "[]v1.PodAffinityTerm" T::Slice(&T::Struct(&POD_AFFINITY_TERM)),
        "PreferredDuringSchedulingIgnoredDuringExecution" "preferredDuringSchedulingIgnoredDuringExecution" opt "[]v1.WeightedPodAffinityTerm" T::Slice(&T::Struct(&WEIGHTED_POD_AFFINITY_TERM)),
    ];
    POD_DNSCONFIG_OPTION "v1.PodDNSConfigOption" [
        "Name" "name" opt "string" T::Str, "Value" "value" opt "*string" T::Pointer(&T::Str),
    ];
    LABEL_SELECTOR "v1.LabelSelector" [
        "MatchLabels" "matchLabels" opt "map[string]string" T::Map,
        "MatchExpressions" "matchExpressions" opt "[]v1.LabelSelectorRequirement" T::Slice(&T::Struct(&LABEL_SELECTOR_REQUIREMENT)),
    ];
    RESOURCE_CLAIM "v1.ResourceClaim" [
        "Name" "name" req "string" T::Str, "Request" "request" opt "string" T::Str,
    ];
    CONFIG_MAP_ENV_SOURCE "v1.ConfigMapEnvSource" [
        "LocalObjectReference" "" opt "v1.LocalObjectReference" T::Struct(&LOCAL_OBJECT_REFERENCE),
        "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    SECRET_ENV_SOURCE "v1.SecretEnvSource" [
        "LocalObjectReference" "" opt "v1.LocalObjectReference" T::Struct(&LOCAL_OBJECT_REFERENCE),
        "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    ENV_VAR_SOURCE "v1.EnvVarSource" [
        "FieldRef" "fieldRef" opt "*v1.ObjectFieldSelector" T::Pointer(&T::Struct(&OBJECT_FIELD_SELECTOR)),
        "ResourceFieldRef" "resourceFieldRef" opt "*v1.ResourceFieldSelector" T::Pointer(&T::Struct(&RESOURCE_FIELD_SELECTOR)),
        "ConfigMapKeyRef" "configMapKeyRef" opt "*v1.ConfigMapKeySelector" T::Pointer(&T::Struct(&CONFIG_MAP_KEY_SELECTOR)),
        "SecretKeyRef" "secretKeyRef" opt "*v1.SecretKeySelector" T::Pointer(&T::Struct(&SECRET_KEY_SELECTOR)),
        "FileKeyRef" "fileKeyRef" opt "*v1.FileKeySelector" T::Pointer(&T::Struct(&FILE_KEY_SELECTOR)),
    ];
    CONTAINER_RESTART_RULE_ON_EXIT_CODES "v1.ContainerRestartRuleOnExitCodes" [
        "Operator" "operator" req "v1.ContainerRestartRuleOnExitCodesOperator" T::Str,
        "Values" "values" opt "[]int32" T::Slice(&T::Int),
    ];
    PROBE_HANDLER "v1.ProbeHandler" [
        "Exec" "exec" opt "*v1.ExecAction" T::Pointer(&T::Struct(&EXEC_ACTION)),
        "HTTPGet" "httpGet" opt "*v1.HTTPGetAction" T::Pointer(&T::Struct(&HTTPGET_ACTION)),
        "TCPSocket" "tcpSocket" opt "*v1.TCPSocketAction" T::Pointer(&T::Struct(&TCPSOCKET_ACTION)),
        "GRPC" "grpc" opt "*v1.GRPCAction" T::Pointer(&T::Struct(&GRPCACTION)),
    ];
    LIFECYCLE_HANDLER "v1.LifecycleHandler" [
        "Exec" "exec" opt "*v1.ExecAction" T::Pointer(&T::Struct(&EXEC_ACTION)),
        "HTTPGet" "httpGet" opt "*v1.HTTPGetAction" T::Pointer(&T::Struct(&HTTPGET_ACTION)),
        "TCPSocket" "tcpSocket" opt "*v1.TCPSocketAction" T::Pointer(&T::Struct(&TCPSOCKET_ACTION)),
        "Sleep" "sleep" opt "*v1.SleepAction" T::Pointer(&T::Struct(&SLEEP_ACTION)),
    ];
    CAPABILITIES "v1.Capabilities" [
        "Add" "add" opt "[]v1.Capability" T::Slice(&T::Str), "Drop" "drop" opt "[]v1.Capability" T::Slice(&T::Str),
    ];
    NODE_SELECTOR "v1.NodeSelector" [
        "NodeSelectorTerms" "nodeSelectorTerms" req "[]v1.NodeSelectorTerm" T::Slice(&T::Struct(&NODE_SELECTOR_TERM)),
    ];
    PREFERRED_SCHEDULING_TERM "v1.PreferredSchedulingTerm" [
        "Weight" "weight" req "int32" T::Int,
        "Preference" "preference" opt "v1.NodeSelectorTerm" T::Struct(&NODE_SELECTOR_TERM),
    ];
    POD_AFFINITY_TERM "v1.PodAffinityTerm" [
        "LabelSelector" "labelSelector" opt "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "Namespaces" "namespaces" opt "[]string" T::Slice(&T::Str), "TopologyKey" "topologyKey" req "string" T::Str,
        "NamespaceSelector" "namespaceSelector" opt "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "MatchLabelKeys" "matchLabelKeys" opt "[]string" T::Slice(&T::Str),
        "MismatchLabelKeys" "mismatchLabelKeys" opt "[]string" T::Slice(&T::Str),
    ];
    WEIGHTED_POD_AFFINITY_TERM "v1.WeightedPodAffinityTerm" [
        "Weight" "weight" req "int32" T::Int,
        "PodAffinityTerm" "podAffinityTerm" opt "v1.PodAffinityTerm" T::Struct(&POD_AFFINITY_TERM),
    ];
    LABEL_SELECTOR_REQUIREMENT "v1.LabelSelectorRequirement" [
        "Key" "key" req "string" T::Str, "Operator" "operator" req "v1.LabelSelectorOperator" T::Str,
        "Values" "values" opt "[]string" T::Slice(&T::Str),
    ];
    EXEC_ACTION "v1.ExecAction" [
        "Command" "command" opt "[]string" T::Slice(&T::Str),
    ];
    HTTPGET_ACTION "v1.HTTPGetAction" [
        "Path" "path" opt "string" T::Str, "Port" "port" req "intstr.IntOrString" T::IntOrString,
        "Host" "host" opt "string" T::Str, "Scheme" "scheme" opt "v1.URIScheme" T::Str,
        "HTTPHeaders" "httpHeaders" opt "[]v1.HTTPHeader" T::Slice(&T::Struct(&HTTPHEADER)),
    ];
    TCPSOCKET_ACTION "v1.TCPSocketAction" [
        "Port" "port" req "intstr.IntOrString" T::IntOrString, "Host" "host" opt "string" T::Str,
    ];
    GRPCACTION "v1.GRPCAction" [
        "Port" "port" req "int32" T::Int, "Service" "service" opt "*string" T::Pointer(&T::Str),
    ];
    SLEEP_ACTION "v1.SleepAction" [
        "Seconds" "seconds" req "int64" T::Int,
    ];
    NODE_SELECTOR_TERM "v1.NodeSelectorTerm" [

        "MatchExpressions" "matchExpressions" opt "[]v1.NodeSelectorRequirement" T::Slice(&T::Struct(&NODE_SELECTOR_REQUIREMENT)),
        "MatchFields" "matchFields" opt "[]v1.NodeSelectorRequirement" T::Slice(&T::Struct(&NODE_SELECTOR_REQUIREMENT)),
    ];
    HTTPHEADER "v1.HTTPHeader" [
        "Name" "name" req "string" T::Str, "Value" "value" req "string" T::Str,
    ];
    NODE_SELECTOR_REQUIREMENT "v1.NodeSelectorRequirement" [
        "Key" "key" req "string" T::Str, "Operator" "operator" req "v1.NodeSelectorOperator" T::Str,
        "Values" "values" opt "[]string" T::Slice(&T::Str),
    ];
}
