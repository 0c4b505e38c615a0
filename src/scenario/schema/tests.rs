//! The table and what serde accepts are the same: every field of the one is a field of the other.

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Value, json};

use super::amounts::{CsvColumn, Curve, Exponential, Lognormal, LongCsv, LongNoise, Normal, Pareto, Sine, Uniform};
use super::leaves::Duration;
use super::shape::{Shape, Type};
use super::{amounts_table, behaviors, capacity, cluster, json_schema, scenario, steps, sweep, traffic};
use crate::model::latency::Latencies;

/// A deserializer that only notes which fields a struct asks for.
struct Fields<'a>(&'a mut Vec<String>);

#[derive(Debug)]
struct Stop;

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stop")
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
        Err(Stop)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.0.extend(fields.iter().map(|field| (*field).to_owned()));
        Err(Stop)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn accepted<T: for<'de> Deserialize<'de>>() -> Vec<String> {
    let mut fields = Vec::new();
    let _ = T::deserialize(Fields(&mut fields));
    fields
}

fn described(shape: &Shape) -> Vec<String> {
    shape.fields.iter().map(|field| field.name.to_owned()).collect()
}

fn inner(shape: &Shape, name: &str) -> &'static Shape {
    match shape.field(name).unwrap().kind {
        Type::Object(shape) => shape,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_that_serde_accepts_is_in_the_table_and_no_other() {
    macro_rules! same {
        ($($type:ty => $shape:expr),+ $(,)?) => {$(
            assert_eq!(accepted::<$type>(), described(&$shape), stringify!($type));
        )+};
    }
    same! {
        scenario::Scenario => scenario::SCENARIO, scenario::Metadata => scenario::METADATA,
        scenario::ScenarioSpec => scenario::SCENARIO_SPEC, scenario::Image => scenario::IMAGE,
        scenario::Registry => scenario::REGISTRY, scenario::Expectation => scenario::EXPECTATION,
        scenario::Output => scenario::OUTPUT,
        cluster::Cluster => cluster::CLUSTER, cluster::NodeGroup => cluster::NODE_GROUP,
        cluster::Autoscale => cluster::AUTOSCALE, cluster::Spot => cluster::SPOT, cluster::Price => cluster::PRICE,
        cluster::Components => cluster::COMPONENTS, cluster::ConfigFile => cluster::CONFIG_FILE,
        behaviors::Behavior => behaviors::BEHAVIOR, behaviors::Match => behaviors::MATCH,
        behaviors::Run => behaviors::RUN, behaviors::Needs => behaviors::NEEDS,
        behaviors::TermExit => behaviors::TERM_EXIT, behaviors::Probes => behaviors::PROBES,
        behaviors::Window => behaviors::WINDOW,
        traffic::Traffic => traffic::TRAFFIC, traffic::Backlog => traffic::BACKLOG, traffic::Cost => traffic::COST,
        traffic::Call => traffic::CALL, traffic::Metric => traffic::METRIC,
        steps::Step => steps::STEP, steps::ForEach => steps::FOR_EACH, steps::Fault => steps::FAULT,
        steps::Heal => steps::HEAL, steps::StaticPod => steps::STATIC_POD,
        sweep::Sweep => sweep::SWEEP, sweep::SweepSpec => sweep::SWEEP_SPEC, sweep::Axis => sweep::AXIS,
        sweep::Variant => sweep::VARIANT,
        capacity::CapacityPlan => capacity::CAPACITY_PLAN, capacity::CapacitySpec => capacity::CAPACITY_SPEC,
        capacity::Survive => capacity::SURVIVE,
        Curve => amounts_table::CURVE, Sine => amounts_table::SINE, CsvColumn => amounts_table::CSV_COLUMN,
        LongCsv => amounts_table::CSV_CURVE, LongNoise => amounts_table::NOISE,
        Uniform<Duration> => inner(&amounts_table::DURATION_DISTRIBUTION, "uniform"),
        Normal<Duration> => inner(&amounts_table::DURATION_DISTRIBUTION, "normal"),
        Lognormal<Duration> => inner(&amounts_table::DURATION_DISTRIBUTION, "lognormal"),
        Exponential<Duration> => inner(&amounts_table::DURATION_DISTRIBUTION, "exponential"),
        Pareto<Duration> => inner(&amounts_table::DURATION_DISTRIBUTION, "pareto"),
    }
}

#[test]
fn the_names_of_latencies_are_those_of_the_model() {
    let names: Vec<&str> = Latencies::names().collect();
    assert_eq!(cluster::LATENCY_NAMES.as_slice(), names);
}

fn walk(kind: &Type, seen: &mut Vec<&'static Shape>) {
    match kind {
        Type::Object(shape) => object(shape, seen),
        Type::List(inner) | Type::Map(inner) => walk(inner, seen),
        Type::Any(kinds) | Type::Tuple(kinds) => kinds.iter().for_each(|kind| walk(kind, seen)),
        Type::Recursive(kind) => walk(kind(), seen),
        _ => {}
    }
}

fn object(shape: &'static Shape, seen: &mut Vec<&'static Shape>) {
    if let Some(known) = seen.iter().find(|known| known.name == shape.name) {
        assert_eq!(described(known), described(shape), "{}", shape.name);
        return;
    }
    seen.push(shape);
    shape.fields.iter().for_each(|field| walk(&field.kind, seen));
    shape.others.iter().for_each(|kind| walk(kind, seen));
    shape.one_of.iter().for_each(|name| assert!(shape.field(name).is_some(), "{name}"));
}

#[test]
fn the_table_has_no_two_objects_of_one_name() {
    let mut seen: Vec<&'static Shape> = Vec::new();
    for kind in super::Kind::ALL {
        object(kind.shape(), &mut seen);
    }
    assert!(seen.len() > 50, "{}", seen.len());
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn the_json_schema_resolves_all_references_and_forbids_other_fields() {
    let schema = json_schema::schema(None);
    let mut found = Vec::new();
    references(&schema, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let name = reference.strip_prefix("#/$defs/").unwrap();
        assert!(schema["$defs"].get(name).is_some_and(Value::is_object), "{reference}");
    }
    assert_eq!(schema["$defs"]["NodeGroup"]["additionalProperties"], json!(false));
    assert_eq!(schema["$defs"]["Traffic"]["required"], json!(["name", "rps"]));
}
