//! kube-scheduler: queue, cache, framework, plugins.
