//! `spec.metrics`: numbers that autoscalers read.

use std::collections::BTreeMap;

use super::amounts::{Context, Usage};
use crate::scenario::schema::traffic::Metric as Typed;

/// Streams of the metrics' noises, apart from those of behaviours.
const SALT: u64 = 1 << 32;

/// A metric that is not CPU or memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Namespace of what it describes.
    pub namespace: String,
    /// Which API serves it.
    pub api: MetricApi,
    /// Its value.
    pub value: Usage,
}

/// Which API serves a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricApi {
    /// The custom metrics API, about pods with these labels.
    Pods(BTreeMap<String, String>),
    /// The custom metrics API, about an object: kind and name.
    Object(String, String),
    /// The external metrics API, a series with these labels.
    External(BTreeMap<String, String>),
}

/// The metric as it was typed, the one with this `index`.
///
/// # Errors
/// What cannot be, in words.
pub fn metric(typed: &Typed, context: &Context<'_>, index: usize) -> Result<Metric, String> {
    let api = match typed.kind.as_str() {
        "custom" => MetricApi::Pods(typed.labels.clone()),
        "external" => MetricApi::External(typed.labels.clone()),
        _ => {
            let object = typed.object.as_deref().unwrap_or_default();
            let Some((kind, name)) = object.split_once('/').filter(|(kind, name)| !kind.is_empty() && !name.is_empty())
            else {
                return Err("an object metric needs `object: kind/name`".to_owned());
            };
            MetricApi::Object(kind.to_owned(), name.to_owned())
        }
    };
    Ok(Metric {
        name: typed.name.clone(),
        namespace: typed.namespace.clone().unwrap_or_else(|| "default".to_owned()),
        api,
        value: context.usage(&typed.value, SALT + index as u64)?,
    })
}
