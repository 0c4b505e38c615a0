//! Kubernetes objects as compact plain data.
