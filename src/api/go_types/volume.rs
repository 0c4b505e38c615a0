//! Go's structures of volumes and of references to keys and fields (k8s.io/api core v1), as in `pod`.

use super::pod::{LABEL_SELECTOR, LOCAL_OBJECT_REFERENCE, OBJECT_META};
use super::{Field, GoStruct, GoType as T, go_structs};

go_structs! {
    VOLUME "v1.Volume" [
        "Name" "name" req "string" T::Str, "VolumeSource" "" opt "v1.VolumeSource" T::Struct(&VOLUME_SOURCE),
    ];
    VOLUME_SOURCE "v1.VolumeSource" [
        "HostPath" "hostPath" opt "*v1.HostPathVolumeSource" T::Pointer(&T::Struct(&HOST_PATH_VOLUME_SOURCE)),
        "EmptyDir" "emptyDir" opt "*v1.EmptyDirVolumeSource" T::Pointer(&T::Struct(&EMPTY_DIR_VOLUME_SOURCE)),
        "GCEPersistentDisk" "gcePersistentDisk" opt "*v1.GCEPersistentDiskVolumeSource" T::Pointer(&T::Opaque),
        "AWSElasticBlockStore" "awsElasticBlockStore" opt "*v1.AWSElasticBlockStoreVolumeSource" T::Pointer(&T::Opaque),
        "GitRepo" "gitRepo" opt "*v1.GitRepoVolumeSource" T::Pointer(&T::Opaque),
        "Secret" "secret" opt "*v1.SecretVolumeSource" T::Pointer(&T::Struct(&SECRET_VOLUME_SOURCE)),
        "NFS" "nfs" opt "*v1.NFSVolumeSource" T::Pointer(&T::Struct(&NFSVOLUME_SOURCE)),
        "ISCSI" "iscsi" opt "*v1.ISCSIVolumeSource" T::Pointer(&T::Opaque),
        "Glusterfs" "glusterfs" opt "*v1.GlusterfsVolumeSource" T::Pointer(&T::Opaque),
        "PersistentVolumeClaim" "persistentVolumeClaim" opt "*v1.PersistentVolumeClaimVolumeSource" T::Pointer(&T::Struct(&PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE)),
        "RBD" "rbd" opt "*v1.RBDVolumeSource" T::Pointer(&T::Opaque),
        "FlexVolume" "flexVolume" opt "*v1.FlexVolumeSource" T::Pointer(&T::Struct(&FLEX_VOLUME_SOURCE)),
        "Cinder" "cinder" opt "*v1.CinderVolumeSource" T::Pointer(&T::Opaque),
        "CephFS" "cephfs" opt "*v1.CephFSVolumeSource" T::Pointer(&T::Opaque),
        "Flocker" "flocker" opt "*v1.FlockerVolumeSource" T::Pointer(&T::Opaque),
        "DownwardAPI" "downwardAPI" opt "*v1.DownwardAPIVolumeSource" T::Pointer(&T::Struct(&DOWNWARD_APIVOLUME_SOURCE)),
        "FC" "fc" opt "*v1.FCVolumeSource" T::Pointer(&T::Opaque),
        "AzureFile" "azureFile" opt "*v1.AzureFileVolumeSource" T::Pointer(&T::Opaque),
        "ConfigMap" "configMap" opt "*v1.ConfigMapVolumeSource" T::Pointer(&T::Struct(&CONFIG_MAP_VOLUME_SOURCE)),
        "VsphereVolume" "vsphereVolume" opt "*v1.VsphereVirtualDiskVolumeSource" T::Pointer(&T::Opaque),
        "Quobyte" "quobyte" opt "*v1.QuobyteVolumeSource" T::Pointer(&T::Opaque),
        "AzureDisk" "azureDisk" opt "*v1.AzureDiskVolumeSource" T::Pointer(&T::Opaque),
        "PhotonPersistentDisk" "photonPersistentDisk" opt "*v1.PhotonPersistentDiskVolumeSource" T::Pointer(&T::Opaque),
        "Projected" "projected" opt "*v1.ProjectedVolumeSource" T::Pointer(&T::Struct(&PROJECTED_VOLUME_SOURCE)),
        "PortworxVolume" "portworxVolume" opt "*v1.PortworxVolumeSource" T::Pointer(&T::Opaque),
        "ScaleIO" "scaleIO" opt "*v1.ScaleIOVolumeSource" T::Pointer(&T::Opaque),
        "StorageOS" "storageos" opt "*v1.StorageOSVolumeSource" T::Pointer(&T::Opaque),
        "CSI" "csi" opt "*v1.CSIVolumeSource" T::Pointer(&T::Struct(&CSIVOLUME_SOURCE)),
        "Ephemeral" "ephemeral" opt "*v1.EphemeralVolumeSource" T::Pointer(&T::Struct(&EPHEMERAL_VOLUME_SOURCE)),
        "Image" "image" opt "*v1.ImageVolumeSource" T::Pointer(&T::Struct(&IMAGE_VOLUME_SOURCE)),
    ];
    HOST_PATH_VOLUME_SOURCE "v1.HostPathVolumeSource" [
        "Path" "path" req "string" T::Str, "Type" "type" opt "*v1.HostPathType" T::Pointer(&T::Str),
    ];
    EMPTY_DIR_VOLUME_SOURCE "v1.EmptyDirVolumeSource" [
        "Medium" "medium" opt "v1.StorageMedium" T::Str,
        "SizeLimit" "sizeLimit" opt "*resource.Quantity" T::Pointer(&T::Quantity),
    ];
    SECRET_VOLUME_SOURCE "v1.SecretVolumeSource" [
        "SecretName" "secretName" opt "string" T::Str,
        "Items" "items" opt "[]v1.KeyToPath" T::Slice(&T::Struct(&KEY_TO_PATH)),
        "DefaultMode" "defaultMode" opt "*int32" T::Pointer(&T::Int),
        "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    NFSVOLUME_SOURCE "v1.NFSVolumeSource" [
        "Server" "server" req "string" T::Str, "Path" "path" req "string" T::Str,
        "ReadOnly" "readOnly" opt "bool" T::Bool,
    ];
    PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE "v1.PersistentVolumeClaimVolumeSource" [
        "ClaimName" "claimName" req "string" T::Str, "ReadOnly" "readOnly" opt "bool" T::Bool,
    ];
    FLEX_VOLUME_SOURCE "v1.FlexVolumeSource" [
        "Driver" "driver" req "string" T::Str, "FSType" "fsType" opt "string" T::Str,
        "SecretRef" "secretRef" opt "*v1.LocalObjectReference" T::Pointer(&T::Struct(&LOCAL_OBJECT_REFERENCE)),
        "ReadOnly" "readOnly" opt "bool" T::Bool, "Options" "options" opt "map[string]string" T::Map,
    ];
    DOWNWARD_APIVOLUME_SOURCE "v1.DownwardAPIVolumeSource" [
        "Items" "items" opt "[]v1.DownwardAPIVolumeFile" T::Slice(&T::Struct(&DOWNWARD_APIVOLUME_FILE)),
        "DefaultMode" "defaultMode" opt "*int32" T::Pointer(&T::Int),
    ];
    CONFIG_MAP_VOLUME_SOURCE "v1.ConfigMapVolumeSource" [
        "LocalObjectReference" "" opt "v1.LocalObjectReference" T::Struct(&LOCAL_OBJECT_REFERENCE),
        "Items" "items" opt "[]v1.KeyToPath" T::Slice(&T::Struct(&KEY_TO_PATH)),
        "DefaultMode" "defaultMode" opt "*int32" T::Pointer(&T::Int),
        "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    PROJECTED_VOLUME_SOURCE "v1.ProjectedVolumeSource" [
        "Sources" "sources" req "[]v1.VolumeProjection" T::Slice(&T::Struct(&VOLUME_PROJECTION)),
        "DefaultMode" "defaultMode" opt "*int32" T::Pointer(&T::Int),
    ];
    CSIVOLUME_SOURCE "v1.CSIVolumeSource" [
        "Driver" "driver" req "string" T::Str, "ReadOnly" "readOnly" opt "*bool" T::Pointer(&T::Bool),
        "FSType" "fsType" opt "*string" T::Pointer(&T::Str),
        "VolumeAttributes" "volumeAttributes" opt "map[string]string" T::Map,
        "NodePublishSecretRef" "nodePublishSecretRef" opt "*v1.LocalObjectReference" T::Pointer(&T::Struct(&LOCAL_OBJECT_REFERENCE)),
    ];
    EPHEMERAL_VOLUME_SOURCE "v1.EphemeralVolumeSource" [

        "VolumeClaimTemplate" "volumeClaimTemplate" opt "*v1.PersistentVolumeClaimTemplate" T::Pointer(&T::Struct(&PERSISTENT_VOLUME_CLAIM_TEMPLATE)),
    ];
    IMAGE_VOLUME_SOURCE "v1.ImageVolumeSource" [
        "Reference" "reference" opt "string" T::Str, "PullPolicy" "pullPolicy" opt "v1.PullPolicy" T::Str,
    ];
    KEY_TO_PATH "v1.KeyToPath" [
        "Key" "key" req "string" T::Str, "Path" "path" req "string" T::Str,
        "Mode" "mode" opt "*int32" T::Pointer(&T::Int),
    ];
    DOWNWARD_APIVOLUME_FILE "v1.DownwardAPIVolumeFile" [
        "Path" "path" req "string" T::Str,
        "FieldRef" "fieldRef" opt "*v1.ObjectFieldSelector" T::Pointer(&T::Struct(&OBJECT_FIELD_SELECTOR)),
        "ResourceFieldRef" "resourceFieldRef" opt "*v1.ResourceFieldSelector" T::Pointer(&T::Struct(&RESOURCE_FIELD_SELECTOR)),
        "Mode" "mode" opt "*int32" T::Pointer(&T::Int),
    ];
    VOLUME_PROJECTION "v1.VolumeProjection" [
        "Secret" "secret" opt "*v1.SecretProjection" T::Pointer(&T::Struct(&SECRET_PROJECTION)),
        "DownwardAPI" "downwardAPI" opt "*v1.DownwardAPIProjection" T::Pointer(&T::Struct(&DOWNWARD_APIPROJECTION)),
        "ConfigMap" "configMap" opt "*v1.ConfigMapProjection" T::Pointer(&T::Struct(&CONFIG_MAP_PROJECTION)),
        "ServiceAccountToken" "serviceAccountToken" opt "*v1.ServiceAccountTokenProjection" T::Pointer(&T::Struct(&SERVICE_ACCOUNT_TOKEN_PROJECTION)),
        "ClusterTrustBundle" "clusterTrustBundle" opt "*v1.ClusterTrustBundleProjection" T::Pointer(&T::Struct(&CLUSTER_TRUST_BUNDLE_PROJECTION)),
        "PodCertificate" "podCertificate" opt "*v1.PodCertificateProjection" T::Pointer(&T::Struct(&POD_CERTIFICATE_PROJECTION)),
    ];
    PERSISTENT_VOLUME_CLAIM_TEMPLATE "v1.PersistentVolumeClaimTemplate" [
        "ObjectMeta" "metadata" opt "v1.ObjectMeta" T::Struct(&OBJECT_META),
        "Spec" "spec" opt "v1.PersistentVolumeClaimSpec" T::Struct(&PERSISTENT_VOLUME_CLAIM_SPEC),
    ];
    OBJECT_FIELD_SELECTOR "v1.ObjectFieldSelector" [
        "APIVersion" "apiVersion" opt "string" T::Str, "FieldPath" "fieldPath" req "string" T::Str,
    ];
    RESOURCE_FIELD_SELECTOR "v1.ResourceFieldSelector" [
        "ContainerName" "containerName" opt "string" T::Str, "Resource" "resource" req "string" T::Str,
        "Divisor" "divisor" opt "resource.Quantity" T::Quantity,
    ];
    CONFIG_MAP_KEY_SELECTOR "v1.ConfigMapKeySelector" [
        "LocalObjectReference" "" opt "v1.LocalObjectReference" T::Struct(&LOCAL_OBJECT_REFERENCE),
        "Key" "key" req "string" T::Str, "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    SECRET_KEY_SELECTOR "v1.SecretKeySelector" [
        "LocalObjectReference" "" opt "v1.LocalObjectReference" T::Struct(&LOCAL_OBJECT_REFERENCE),
        "Key" "key" req "string" T::Str, "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    FILE_KEY_SELECTOR "v1.FileKeySelector" [
        "VolumeName" "volumeName" req "string" T::Str, "Path" "path" req "string" T::Str,
        "Key" "key" req "string" T::Str, "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    SECRET_PROJECTION "v1.SecretProjection" [
        "LocalObjectReference" "" opt "v1.LocalObjectReference" T::Struct(&LOCAL_OBJECT_REFERENCE),
        "Items" "items" opt "[]v1.KeyToPath" T::Slice(&T::Struct(&KEY_TO_PATH)),
        "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    DOWNWARD_APIPROJECTION "v1.DownwardAPIProjection" [
        "Items" "items" opt "[]v1.DownwardAPIVolumeFile" T::Slice(&T::Struct(&DOWNWARD_APIVOLUME_FILE)),
    ];
    CONFIG_MAP_PROJECTION "v1.ConfigMapProjection" [
        "LocalObjectReference" "" opt "v1.LocalObjectReference" T::Struct(&LOCAL_OBJECT_REFERENCE),
        "Items" "items" opt "[]v1.KeyToPath" T::Slice(&T::Struct(&KEY_TO_PATH)),
        "Optional" "optional" opt "*bool" T::Pointer(&T::Bool),
    ];
    SERVICE_ACCOUNT_TOKEN_PROJECTION "v1.ServiceAccountTokenProjection" [
        "Audience" "audience" opt "string" T::Str,
        "ExpirationSeconds" "expirationSeconds" opt "*int64" T::Pointer(&T::Int), "Path" "path" req "string" T::Str,
    ];
    CLUSTER_TRUST_BUNDLE_PROJECTION "v1.ClusterTrustBundleProjection" [
        "Name" "name" opt "*string" T::Pointer(&T::Str), "SignerName" "signerName" opt "*string" T::Pointer(&T::Str),
        "LabelSelector" "labelSelector" opt "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "Optional" "optional" opt "*bool" T::Pointer(&T::Bool), "Path" "path" opt "string" T::Str,
    ];
    POD_CERTIFICATE_PROJECTION "v1.PodCertificateProjection" [
        "SignerName" "signerName" opt "string" T::Str, "KeyType" "keyType" opt "string" T::Str,
        "MaxExpirationSeconds" "maxExpirationSeconds" opt "*int32" T::Pointer(&T::Int),
        "CredentialBundlePath" "credentialBundlePath" opt "string" T::Str, "KeyPath" "keyPath" opt "string" T::Str,
        "CertificateChainPath" "certificateChainPath" opt "string" T::Str,
        "UserAnnotations" "userAnnotations" opt "map[string]string" T::Map,
    ];
    PERSISTENT_VOLUME_CLAIM_SPEC "v1.PersistentVolumeClaimSpec" [
        "AccessModes" "accessModes" opt "[]v1.PersistentVolumeAccessMode" T::Slice(&T::Str),
        "Selector" "selector" opt "*v1.LabelSelector" T::Pointer(&T::Struct(&LABEL_SELECTOR)),
        "Resources" "resources" opt "v1.VolumeResourceRequirements" T::Struct(&VOLUME_RESOURCE_REQUIREMENTS),
        "VolumeName" "volumeName" opt "string" T::Str,
        "StorageClassName" "storageClassName" opt "*string" T::Pointer(&T::Str),
        "VolumeMode" "volumeMode" opt "*v1.PersistentVolumeMode" T::Pointer(&T::Str),
        "DataSource" "dataSource" opt "*v1.TypedLocalObjectReference" T::Pointer(&T::Struct(&TYPED_LOCAL_OBJECT_REFERENCE)),
        "DataSourceRef" "dataSourceRef" opt "*v1.TypedObjectReference" T::Pointer(&T::Struct(&TYPED_OBJECT_REFERENCE)),
        "VolumeAttributesClassName" "volumeAttributesClassName" opt "*string" T::Pointer(&T::Str),
    ];
    VOLUME_RESOURCE_REQUIREMENTS "v1.VolumeResourceRequirements" [
        "Limits" "limits" opt "v1.ResourceList" T::Resources,
        "Requests" "requests" opt "v1.ResourceList" T::Resources,
    ];
    TYPED_LOCAL_OBJECT_REFERENCE "v1.TypedLocalObjectReference" [
        "APIGroup" "apiGroup" opt "*string" T::Pointer(&T::Str), "Kind" "kind" req "string" T::Str,
        "Name" "name" req "string" T::Str,
    ];
    TYPED_OBJECT_REFERENCE "v1.TypedObjectReference" [
        "APIGroup" "apiGroup" opt "*string" T::Pointer(&T::Str), "Kind" "kind" opt "string" T::Str,
        "Name" "name" opt "string" T::Str, "Namespace" "namespace" opt "*string" T::Pointer(&T::Str),
    ];
}
