//! The format as typed: structs that serde reads, and the table that describes them. Each object is declared
//! once (`objects!`), which makes both. No rule beyond one field's own form lives here: see `checks`.

pub mod amounts;
pub mod amounts_table;
pub mod behaviors;
pub mod capacity;
pub mod check;
pub mod cluster;
pub mod json_schema;
pub mod leaves;
pub mod reference;
pub mod scenario;
pub mod shape;
pub mod steps;
pub mod sweep;
pub mod traffic;

/// The version of our kinds that is read.
pub const API_VERSION: &str = "kubelapse/v1";

/// The kinds of documents that are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One run.
    Scenario,
    /// Many runs of a scenario.
    Sweep,
    /// A search for the nodes that a scenario needs.
    CapacityPlan,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Scenario, Self::Sweep, Self::CapacityPlan];

    /// As typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scenario => "Scenario",
            Self::Sweep => "Sweep",
            Self::CapacityPlan => "CapacityPlan",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The subcommand that takes it.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Scenario => "run",
            Self::Sweep => "sweep",
            Self::CapacityPlan => "capacity",
        }
    }

    /// Its table.
    pub const fn shape(self) -> &'static shape::Shape {
        match self {
            Self::Scenario => &scenario::SCENARIO,
            Self::Sweep => &sweep::SWEEP,
            Self::CapacityPlan => &capacity::CAPACITY_PLAN,
        }
    }
}

/// Declares objects of the format: for each a struct that serde reads and a `Shape` of the table, from one list of
/// `"nameAsTyped" rust_name: RustType = Type, "summary", modifiers…;`.
macro_rules! objects {
    ($(
        #[doc = $summary:literal]
        $name:ident $shape:ident $([ $($one_of:literal),+ ])? {
            $(
                $(#[$meta:meta])*
                $json:literal $field:ident: $rust:ty = $kind:expr, $doc:literal $(, $modifier:ident($($argument:literal)?))*;
            )*
        }
    )+) => {$(
        #[doc = $summary]
        #[derive(Clone, Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                #[doc = $doc]
                $(#[$meta])*
                #[serde(rename = $json)]
                pub $field: $rust,
            )*
        }

        #[doc = concat!("The table of [`", stringify!($name), "`].")]
        pub static $shape: $crate::scenario::schema::shape::Shape = $crate::scenario::schema::shape::Shape {
            name: stringify!($name),
            summary: $summary,
            fields: &[
                $($crate::scenario::schema::shape::field($json, $kind, $doc)$(.$modifier($($argument)?))*,)*
            ],
            one_of: &[$($($one_of),+)?],
            others: None,
        };
    )+};
}
pub(crate) use objects;

#[cfg(test)]
mod tests;
