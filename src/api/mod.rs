//! The wire form: k8s-openapi objects to model and back.
