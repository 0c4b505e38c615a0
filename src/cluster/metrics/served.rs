//! Custom, object and external metrics: what adapters serve to autoscalers.

use crate::engine::curve::Curve;
use crate::engine::{SimDuration, SimTime};
use crate::model::labels::Labels;
use crate::model::selector::LabelSelector;

/// Which API serves a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricApi {
    /// custom.metrics.k8s.io, about pods with these labels (all of the namespace without any); each has the value.
    Pods(Labels),
    /// custom.metrics.k8s.io, about an object.
    Object {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// external.metrics.k8s.io, a series with these labels.
    External(Labels),
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricSource {
    /// A function of time since an instant.
    Curve(Curve, SimTime),
    /// The number it is now.
    Number(f64),
}

/// A metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSeries {
    /// Its name.
    pub name: String,
    /// The namespace of what it describes.
    pub namespace: String,
    /// Which API serves it.
    pub api: MetricApi,
    /// Its value.
    pub source: MetricSource,
}

impl MetricSeries {
    /// The value in thousandths.
    fn milli(&self, now: SimTime) -> i64 {
        let value = match &self.source {
            // Before t=0 a curve holds the value that it has there.
            MetricSource::Curve(curve, origin) => curve.value(SimTime(now.since(*origin).0)),
            MetricSource::Number(number) => *number,
        };
        libm::round(value * 1000.0) as i64
    }

    fn next_look(&self, now: SimTime) -> Option<SimTime> {
        match &self.source {
            MetricSource::Curve(curve, origin) => {
                let at = curve.next_look(SimTime(now.since(*origin).0))?;
                Some(*origin + SimDuration(at.0))
            }
            MetricSource::Number(_) => None,
        }
    }
}

/// All series.
#[derive(Debug, Default)]
pub struct MetricsApi {
    series: Vec<MetricSeries>,
    /// Names whose number changed since somebody last took them.
    changed: Vec<String>,
}

impl MetricsApi {
    /// t=0 is at `origin`, from where curves of a scenario count.
    pub fn begin(&mut self, origin: SimTime) {
        for series in &mut self.series {
            if let MetricSource::Curve(_, since) = &mut series.source
                && std::mem::replace(since, origin) != origin
            {
                self.changed.push(series.name.clone());
            }
        }
    }

    /// Serves one more series.
    pub fn add(&mut self, series: MetricSeries) {
        self.series.push(series);
    }

    /// The series that was added as number `index` becomes another.
    pub fn replace(&mut self, index: usize, series: MetricSeries) {
        self.changed.push(series.name.clone());
        if let Some(place) = self.series.get_mut(index) {
            *place = series;
        }
    }

    /// All series, in order.
    pub fn all(&self) -> &[MetricSeries] {
        &self.series
    }

    /// Sets the number of a metric (adds the series if it is new): the hook for what the workload counts.
    pub fn set_number(&mut self, namespace: &str, name: &str, api: &MetricApi, number: f64) {
        let known = self
            .series
            .iter_mut()
            .find(|series| series.name == name && series.namespace == namespace && series.api == *api);
        match known {
            Some(series) if series.source == MetricSource::Number(number) => return,
            Some(series) => series.source = MetricSource::Number(number),
            None => self.series.push(MetricSeries {
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                api: api.clone(),
                source: MetricSource::Number(number),
            }),
        }
        self.changed.push(name.to_owned());
    }

    /// Serves a metric as a function of time from `now` on (adds the series if it is new): a number that moves steadily.
    pub fn set_curve(&mut self, now: SimTime, namespace: &str, name: &str, api: &MetricApi, curve: Curve) {
        self.set_number(namespace, name, api, f64::NAN);
        let is_it =
            |series: &&mut MetricSeries| series.name == name && series.namespace == namespace && series.api == *api;
        if let Some(series) = self.series.iter_mut().find(is_it) {
            series.source = MetricSource::Curve(curve, now);
        }
    }

    /// Is there anything to take?
    pub(super) fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Names whose number changed since the last call.
    pub fn take_changed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.changed)
    }

    fn named<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a MetricSeries> + 'a {
        self.series.iter().filter(move |series| series.name == name && series.namespace == namespace)
    }

    /// Is there a metric of this name about pods?
    pub fn has_pods_metric(&self, namespace: &str, name: &str) -> bool {
        self.named(namespace, name).any(|series| matches!(series.api, MetricApi::Pods(_)))
    }

    /// The value for a pod with these labels, in thousandths.
    pub fn of_pod(&self, now: SimTime, namespace: &str, name: &str, labels: &Labels) -> Option<i64> {
        let matches = |wanted: &Labels| wanted.iter().all(|(key, value)| labels.get(key) == Some(value));
        self.named(namespace, name)
            .find(|series| matches!(&series.api, MetricApi::Pods(wanted) if matches(wanted)))
            .map(|series| series.milli(now))
    }

    /// The value for an object, in thousandths.
    pub fn of_object(&self, now: SimTime, namespace: &str, metric: &str, (kind, name): (&str, &str)) -> Option<i64> {
        let is_it = |api: &MetricApi| matches!(api, MetricApi::Object { kind: own, name: called } if own.eq_ignore_ascii_case(kind) && called == name);
        self.named(namespace, metric).find(|series| is_it(&series.api)).map(|series| series.milli(now))
    }

    /// The values of all series of an external metric that a selector selects, in thousandths; `None` if there is no
    /// metric of this name.
    pub fn external(
        &self,
        now: SimTime,
        namespace: &str,
        name: &str,
        selector: Option<&LabelSelector>,
    ) -> Option<Vec<i64>> {
        let mut known = false;
        let mut values = Vec::new();
        for series in self.named(namespace, name) {
            let MetricApi::External(labels) = &series.api else { continue };
            known = true;
            if selector.is_none_or(|selector| selector.matches(labels)) {
                values.push(series.milli(now));
            }
        }
        known.then_some(values)
    }

    /// When the value of a metric of this name is worth another look, without a change of its number.
    pub fn next_look(&self, now: SimTime, namespace: &str, name: &str) -> Option<SimTime> {
        self.named(namespace, name).filter_map(|series| series.next_look(now)).min()
    }
}
