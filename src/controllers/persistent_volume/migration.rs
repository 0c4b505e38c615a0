//! Names of provisioners that were part of Kubernetes once, and the CSI drivers that do their work now.
//! Upstream: csi-translation-lib `GetCSINameFromInTreeName`.

/// In-tree name and driver.
const MIGRATED: [(&str, &str); 7] = [
    ("kubernetes.io/aws-ebs", "ebs.csi.aws.com"),
    ("kubernetes.io/azure-disk", "disk.csi.azure.com"),
    ("kubernetes.io/azure-file", "file.csi.azure.com"),
    ("kubernetes.io/cinder", "cinder.csi.openstack.org"),
    ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io"),
    ("kubernetes.io/portworx-volume", "pxd.portworx.com"),
    ("kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"),
];

/// Who provisions volumes of a class whose `provisioner` is `name`.
pub(in super::super) fn external_name(name: &str) -> &str {
    MIGRATED.iter().find(|(migrated, _)| *migrated == name).map_or(name, |(_, driver)| driver)
}
