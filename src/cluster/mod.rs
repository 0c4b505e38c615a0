//! API server and etcd: all mutable API state.
