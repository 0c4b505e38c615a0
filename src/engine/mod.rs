//! Discrete-event machinery: virtual clock, event queue, random streams, curves, digest.
//! Knows no Kubernetes word and imports no other module of the crate.

pub mod curve;
pub mod digest;
pub mod distribution;
pub mod event_queue;
pub mod histogram;
pub mod id_map;
pub mod ids;
pub mod latency;
pub mod nearest;
pub mod non_negative;
pub mod number_table;
pub mod outbox;
pub mod random;
pub mod rows;
pub mod significance;
pub mod time;
pub mod token_bucket;

pub use ids::typed_id;
pub use non_negative::NonNegative;
pub use outbox::Outbox;
pub use significance::Significance;
pub use time::{SimDuration, SimTime};
