//! Typed `u32` ids: rows live in `Vec`s, and an id of one table cannot index another.

/// Declares a row id: `typed_id!(/// A pod. PodId);`. The value `u32::MAX` is `NONE`, "no row".
#[macro_export]
macro_rules! typed_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// No row.
            pub const NONE: Self = Self(u32::MAX);

            /// The row's place in its table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of the row at `index`.
            pub const fn from_index(index: usize) -> Self {
                Self(index as u32)
            }

            /// Is this a row at all?
            pub const fn is_some(self) -> bool {
                self.0 != u32::MAX
            }

            /// Is this `NONE`?
            pub const fn is_none(self) -> bool {
                self.0 == u32::MAX
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::NONE
            }
        }
    };
}

pub use typed_id;
