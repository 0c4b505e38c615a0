//! The wire form: manifests to model and back, strict decoding, defaulting, validation, names and hashes.
//! Holds no state; `cluster` calls it on every write that comes from a manifest and on every read that is printed.

pub mod admission;
pub mod canonical;
pub mod certificate_request;
pub mod clock;
pub mod convert;
pub mod custom;
pub mod decode;
pub mod decoded;
pub mod defaults;
pub mod dump;
pub mod go_types;
pub mod hash;
pub mod internal;
pub mod kustomization_path;
pub mod names;
pub mod patch;
pub mod quota;
pub mod selector;
pub mod status;
pub mod strict;
pub mod typed_json;
pub mod validation;
pub mod value;
pub mod view;
pub mod yaml;

pub use clock::Clock;
pub use decode::{DecodeCache, DecodeError, FieldValidation, decode};
pub use decoded::{Decoded, DecodedBody, OwnerClaim};
pub use status::{Reason, Status};
