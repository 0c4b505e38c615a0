//! `kind: Sweep`: many runs of a scenario.

use std::collections::BTreeMap;

use serde_json::Value;

use super::leaves::EXPRESSION;
use super::objects;
use super::scenario::{METADATA, Metadata};
use super::shape::Type;

objects! {
    /// Many runs of a scenario: every combination of settings with every seed.
    Sweep SWEEP {
        "apiVersion" api_version: String = Type::Keyword(&["kubelapse/v1"]), "the version of the format", required();
        "kind" kind: String = Type::Keyword(&["Sweep"]), "the kind of the document", required();
        "metadata" metadata: Option<Metadata> = Type::Object(&METADATA), "name and description";
        "spec" spec: SweepSpec = Type::Object(&SWEEP_SPEC), "everything else", required();
    }

    /// What is run.
    SweepSpec SWEEP_SPEC {
        "scenario" scenario: String = Type::Text, "the scenario's file, relative to this one", required();
        #[serde(default)]
        "matrix" matrix: Vec<Axis> = Type::List(&Type::Object(&AXIS)), "settings and their values: all combinations are run";
        #[serde(default)]
        "zip" zip: Vec<Axis> = Type::List(&Type::Object(&AXIS)), "settings whose first values belong together, then their second ones, …";
        #[serde(default)]
        "variants" variants: Vec<Variant> = Type::List(&Type::Object(&VARIANT)), "combinations with names";
        "seeds" seeds: Option<u32> = Type::Integer(1, 1_000_000), "runs of each combination, with the scenario's seed, the next one, …", default("1");
        #[serde(default)]
        "metrics" metrics: Vec<String> = Type::List(&Type::Text), "columns of the result, by their names in summary.json";
        #[serde(default)]
        "assert" assert: Vec<String> = Type::List(&Type::Leaf(&EXPRESSION)), "what must be true of every combination";
    }

    /// A setting and its values.
    Axis AXIS {
        "name" name: Option<String> = Type::Text, "name of its column and on charts", default("the path; on charts its last names");
        "set" set: String = Type::Text, "path of the setting, as for `--set`", required();
        "values" values: Vec<Value> = Type::List(&Type::Free), "its values", required();
    }

    /// A combination with a name.
    Variant VARIANT {
        "name" name: String = Type::Text, "name in the result", required();
        "set" set: BTreeMap<String, Value> = Type::Map(&Type::Free), "settings by path", required();
    }
}
