//! The kubelet: a pod's life on its node.
