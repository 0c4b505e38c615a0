//! The wire form: manifests to model and back, strict decoding, defaulting, validation, names and hashes.
//! Holds no state; `cluster` calls it on every write that comes from a manifest and on every read that is printed.

pub mod clock;
pub mod decoded;
pub mod names;
pub mod status;

pub use clock::Clock;
pub use decoded::{Decoded, DecodedBody, OwnerClaim};
pub use status::{Reason, Status};
