//! Go's structures under the cluster kinds (k8s.io/api core v1 and autoscaling v2): which fields are pointers.

use super::pod::{LABEL_SELECTOR, NODE_SELECTOR};
use super::{Field, GoStruct, GoType as T, go_structs};

go_structs! {
    SERVICE_SPEC "v1.ServiceSpec" [
        "Ports" "ports" opt "[]v1.ServicePort" T::Slice(&T::Struct(&SERVICE_PORT)),
        "Selector" "selector" opt "map[string]string" T::Map, "ClusterIP" "clusterIP" opt "string" T::Str,
        "ClusterIPs" "clusterIPs" opt "[]string" T::Slice(&T::Str), "Type" "type" opt "string" T::Str,
        "ExternalIPs" "externalIPs" opt "[]string" T::Slice(&T::Str),
        "SessionAffinity" "sessionAffinity" opt "string" T::Str,
        "LoadBalancerIP" "loadBalancerIP" opt "string" T::Str,
        "LoadBalancerSourceRanges" "loadBalancerSourceRanges" opt "[]string" T::Slice(&T::Str),
        "ExternalName" "externalName" opt "string" T::Str,
        "ExternalTrafficPolicy" "externalTrafficPolicy" opt "string" T::Str,
        "HealthCheckNodePort" "healthCheckNodePort" opt "int32" T::Int,
        "PublishNotReadyAddresses" "publishNotReadyAddresses" opt "bool" T::Bool,
        "SessionAffinityConfig" "sessionAffinityConfig" opt "*v1.SessionAffinityConfig" T::Pointer(&T::Struct(&SESSION_AFFINITY_CONFIG)),
        "IPFamilies" "ipFamilies" opt "[]string" T::Slice(&T::Str),
        "IPFamilyPolicy" "ipFamilyPolicy" opt "*string" T::Pointer(&T::Str),
        "AllocateLoadBalancerNodePorts" "allocateLoadBalancerNodePorts" opt "*bool" T::Pointer(&T::Bool),
        "LoadBalancerClass" "loadBalancerClass" opt "*string" T::Pointer(&T::Str),
        "InternalTrafficPolicy" "internalTrafficPolicy" opt "*string" T::Pointer(&T::Str),
        "TrafficDistribution" "trafficDistribution" opt "*string" T::Pointer(&T::Str),
    ];
    SERVICE_PORT "v1.ServicePort" [
        "Name" "name" opt "string" T::Str, "Protocol" "protocol" opt "string" T::Str,
        "AppProtocol" "appProtocol" opt "*string" T::Pointer(&T::Str), "Port" "port" req "int32" T::Int,
        "TargetPort" "targetPort" opt "intstr.IntOrString" T::IntOrString, "NodePort" "nodePort" opt "int32" T::Int,
    ];
    SESSION_AFFINITY_CONFIG "v1.SessionAffinityConfig" [
        "ClientIP" "clientIP" opt "*v1.ClientIPConfig" T::Pointer(&T::Struct(&CLIENT_IPCONFIG)),
    ];
    CLIENT_IPCONFIG "v1.ClientIPConfig" [
        "TimeoutSeconds" "timeoutSeconds" opt "*int32" T::Pointer(&T::Int),
    ];
    NODE_SPEC "v1.NodeSpec" [
        "PodCIDR" "podCIDR" opt "string" T::Str, "PodCIDRs" "podCIDRs" opt "[]string" T::Slice(&T::Str),
        "ProviderID" "providerID" opt "string" T::Str, "Unschedulable" "unschedulable" opt "bool" T::Bool,
        "Taints" "taints" opt "[]v1.Taint" T::Slice(&T::Struct(&TAINT)),
        "ConfigSource" "configSource" opt "*v1.opaque" T::Pointer(&T::Opaque),
    ];
    TAINT "v1.Taint" [
        "Key" "key" req "string" T::Str, "Value" "value" opt "string" T::Str, "Effect" "effect" req "string" T::Str,
        "TimeAdded" "timeAdded" opt "*v1.Time" T::Pointer(&T::Time),
    ];
    NAMESPACE_SPEC "v1.NamespaceSpec" [
        "Finalizers" "finalizers" opt "[]string" T::Slice(&T::Str),
    ];
    PERSISTENT_VOLUME_SPEC "v1.PersistentVolumeSpec" [
        "Capacity" "capacity" opt "v1.ResourceList" T::Resources,
        "PersistentVolumeSource" "" opt "v1.PersistentVolumeSource" T::Struct(&PERSISTENT_VOLUME_SOURCE),
        "AccessModes" "accessModes" opt "[]string" T::Slice(&T::Str),
        "ClaimRef" "claimRef" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "PersistentVolumeReclaimPolicy" "persistentVolumeReclaimPolicy" opt "string" T::Str,
        "StorageClassName" "storageClassName" opt "string" T::Str,
        "MountOptions" "mountOptions" opt "[]string" T::Slice(&T::Str),
        "VolumeMode" "volumeMode" opt "*string" T::Pointer(&T::Str),
        "NodeAffinity" "nodeAffinity" opt "*v1.VolumeNodeAffinity" T::Pointer(&T::Struct(&VOLUME_NODE_AFFINITY)),
        "VolumeAttributesClassName" "volumeAttributesClassName" opt "*string" T::Pointer(&T::Str),
    ];
    VOLUME_NODE_AFFINITY "v1.VolumeNodeAffinity" [
        "Required" "required" opt "*v1.NodeSelector" T::Pointer(&T::Struct(&NODE_SELECTOR)),
    ];
    RESOURCE_QUOTA_SPEC "v1.ResourceQuotaSpec" [
        "Hard" "hard" opt "v1.ResourceList" T::Resources, "Scopes" "scopes" opt "[]string" T::Slice(&T::Str),
        "ScopeSelector" "scopeSelector" opt "*v1.opaque" T::Pointer(&T::Opaque),
    ];
    LIMIT_RANGE_SPEC "v1.LimitRangeSpec" [
        "Limits" "limits" req "[]v1.LimitRangeItem" T::Slice(&T::Struct(&LIMIT_RANGE_ITEM)),
    ];
    LIMIT_RANGE_ITEM "v1.LimitRangeItem" [
        "Type" "type" req "string" T::Str, "Max" "max" opt "v1.ResourceList" T::Resources,
        "Min" "min" opt "v1.ResourceList" T::Resources, "Default" "default" opt "v1.ResourceList" T::Resources,
        "DefaultRequest" "defaultRequest" opt "v1.ResourceList" T::Resources,
        "MaxLimitRequestRatio" "maxLimitRequestRatio" opt "v1.ResourceList" T::Resources,
    ];
    HORIZONTAL_POD_AUTOSCALER_SPEC "v1.HorizontalPodAutoscalerSpec" [

        "ScaleTargetRef" "scaleTargetRef" opt "v1.CrossVersionObjectReference" T::Struct(&CROSS_VERSION_OBJECT_REFERENCE),
        "MinReplicas" "minReplicas" opt "*int32" T::Pointer(&T::Int), "MaxReplicas" "maxReplicas" req "int32" T::Int,
        "Metrics" "metrics" opt "[]v1.MetricSpec" T::Slice(&T::Struct(&METRIC_SPEC)),
        "Behavior" "behavior" opt "*v1.HorizontalPodAutoscalerBehavior" T::Pointer(&T::Struct(&HORIZONTAL_POD_AUTOSCALER_BEHAVIOR)),
    ];
    CROSS_VERSION_OBJECT_REFERENCE "v1.CrossVersionObjectReference" [
        "Kind" "kind" req "string" T::Str, "Name" "name" req "string" T::Str,
        "APIVersion" "apiVersion" opt "string" T::Str,
    ];
    METRIC_SPEC "v1.MetricSpec" [
        "Type" "type" req "string" T::Str,
        "Object" "object" opt "*v1.ObjectMetricSource" T::Pointer(&T::Struct(&OBJECT_METRIC_SOURCE)),
        "Pods" "pods" opt "*v1.PodsMetricSource" T::Pointer(&T::Struct(&PODS_METRIC_SOURCE)),
        "Resource" "resource" opt "*v1.ResourceMetricSource" T::Pointer(&T::Struct(&RESOURCE_METRIC_SOURCE)),
        "ContainerResource" "containerResource" opt "*v1.ContainerResourceMetricSource" T::Pointer(&T::Struct(&CONTAINER_RESOURCE_METRIC_SOURCE)),
        "External" "external" opt "*v1.ExternalMetricSource" T::Pointer(&T::Struct(&EXTERNAL_METRIC_SOURCE)),
    ];
    OBJECT_METRIC_SOURCE "v1.ObjectMetricSource" [

        "DescribedObject" "describedObject" opt "v1.CrossVersionObjectReference" T::Struct(&CROSS_VERSION_OBJECT_REFERENCE),
        "Target" "target" opt "v1.MetricTarget" T::Struct(&METRIC_TARGET),
        "Metric" "metric" opt "v1.MetricIdentifier" T::Struct(&METRIC_IDENTIFIER),
    ];
    PODS_METRIC_SOURCE "v1.PodsMetricSource" [
        "Metric" "metric" opt "v1.MetricIdentifier" T::Struct(&METRIC_IDENTIFIER),
        "Target" "target" opt "v1.MetricTarget" T::Struct(&METRIC_TARGET),
    ];
    RESOURCE_METRIC_SOURCE "v1.ResourceMetricSource" [
        "Name" "name" req "string" T::Str, "Target" "target" opt "v1.MetricTarget" T::Struct(&METRIC_TARGET),
    ];
    CONTAINER_RESOURCE_METRIC_SOURCE "v1.ContainerResourceMetricSource" [
        "Name" "name" req "string" T::Str, "Target" "target" opt "v1.MetricTarget" T::Struct(&METRIC_TARGET),
        "Container" "container" req "string" T::Str,
    ];
    EXTERNAL_METRIC_SOURCE "v1.ExternalMetricSource" [
        "Metric" "metric" opt "v1.MetricIdentifier" T::Struct(&METRIC_IDENTIFIER),
        "Target" "target" opt "v1.MetricTarget" T::Struct(&METRIC_TARGET),
    ];
    METRIC_IDENTIFIER "v1.MetricIdentifier" [
        "Name" "name" req "string" T::Str,
        "Selector" "selector" opt "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
    ];
    METRIC_TARGET "v1.MetricTarget" [
        "Type" "type" req "string" T::Str, "Value" "value" opt "*resource.Quantity" T::Pointer(&T::Quantity),
        "AverageValue" "averageValue" opt "*resource.Quantity" T::Pointer(&T::Quantity),
        "AverageUtilization" "averageUtilization" opt "*int32" T::Pointer(&T::Int),
    ];
    HORIZONTAL_POD_AUTOSCALER_BEHAVIOR "v1.HorizontalPodAutoscalerBehavior" [
        "ScaleUp" "scaleUp" opt "*v1.HPAScalingRules" T::Pointer(&T::Struct(&HPASCALING_RULES)),
        "ScaleDown" "scaleDown" opt "*v1.HPAScalingRules" T::Pointer(&T::Struct(&HPASCALING_RULES)),
    ];
    HPASCALING_RULES "v1.HPAScalingRules" [
        "StabilizationWindowSeconds" "stabilizationWindowSeconds" opt "*int32" T::Pointer(&T::Int),
        "SelectPolicy" "selectPolicy" opt "*string" T::Pointer(&T::Str),
        "Policies" "policies" opt "[]v1.HPAScalingPolicy" T::Slice(&T::Struct(&HPASCALING_POLICY)),
        "Tolerance" "tolerance" opt "*resource.Quantity" T::Pointer(&T::Quantity),
    ];
    HPASCALING_POLICY "v1.HPAScalingPolicy" [
        "Type" "type" req "string" T::Str, "Value" "value" req "int32" T::Int,
        "PeriodSeconds" "periodSeconds" req "int32" T::Int,
    ];
    NETWORK_POLICY_SPEC "v1.NetworkPolicySpec" [
        "PodSelector" "podSelector" opt "v1.LabelSelector" T::Struct(&LABEL_SELECTOR),
        "Ingress" "ingress" opt "[]v1.opaque" T::Slice(&T::Opaque),
        "Egress" "egress" opt "[]v1.opaque" T::Slice(&T::Opaque),
        "PolicyTypes" "policyTypes" opt "[]string" T::Slice(&T::Str),
    ];
    PERSISTENT_VOLUME_SOURCE "v1.PersistentVolumeSource" [
        "GCEPersistentDisk" "gcePersistentDisk" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "AWSElasticBlockStore" "awsElasticBlockStore" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "HostPath" "hostPath" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "Glusterfs" "glusterfs" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "NFS" "nfs" opt "*v1.opaque" T::Pointer(&T::Opaque), "RBD" "rbd" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "ISCSI" "iscsi" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "Cinder" "cinder" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "CephFS" "cephfs" opt "*v1.opaque" T::Pointer(&T::Opaque), "FC" "fc" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "Flocker" "flocker" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "FlexVolume" "flexVolume" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "AzureFile" "azureFile" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "VsphereVolume" "vsphereVolume" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "Quobyte" "quobyte" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "AzureDisk" "azureDisk" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "PhotonPersistentDisk" "photonPersistentDisk" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "PortworxVolume" "portworxVolume" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "ScaleIO" "scaleIO" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "Local" "local" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "StorageOS" "storageos" opt "*v1.opaque" T::Pointer(&T::Opaque),
        "CSI" "csi" opt "*v1.opaque" T::Pointer(&T::Opaque),
    ];
}
