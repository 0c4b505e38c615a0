//! kube-controller-manager: one file or folder a controller.
