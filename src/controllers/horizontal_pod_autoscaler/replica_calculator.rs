//! From metrics of pods to a number of replicas: pure arithmetic, on the integers on which upstream does it.
//! Upstream: podautoscaler/replica_calculator.go, podautoscaler/metrics/utilization.go.

use crate::model::autoscaling::{MetricIdentifier, ObjectReference};
use crate::model::condition::ConditionStatus;
use crate::model::pod::PodPhase;

use super::observations::{Observations, PodFacts, Sample, Scale};

/// Settings of the calculator, under upstream's flag names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calculator {
    /// `--horizontal-pod-autoscaler-cpu-initialization-period` in nanoseconds.
    pub cpu_initialization_period: i64,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay` in nanoseconds.
    pub initial_readiness_delay: i64,
}

/// The ratios at which nothing is done: between `1 - down` and `1 + up`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// Below.
    pub down: f64,
    /// Above.
    pub up: f64,
}

impl Tolerances {
    /// Upstream: `Tolerances.isWithin`.
    fn is_within(self, ratio: f64) -> bool {
        (1.0 - self.down) <= ratio && ratio <= (1.0 + self.up)
    }
}

/// What one metric asks for, and how that came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Replicas.
    pub replicas: i32,
    /// The usage as the status shows it, in thousandths: an average, or the number itself.
    pub usage: i64,
    /// Percent of the requests.
    pub utilization: Option<i32>,
    /// Usage by target.
    pub ratio: f64,
    /// The replicas that would be at target under this load.
    pub load: f64,
    /// The calculation with its numbers.
    pub formula: String,
}

/// How pods take part. Indexes of pods. Upstream: `groupPods`.
#[derive(Debug, Default)]
struct Groups {
    ready: i32,
    unready: Vec<usize>,
    missing: Vec<usize>,
    ignored: Vec<usize>,
}

/// What is wanted of pods' metrics.
enum Target<'a> {
    /// Percent of these requests.
    Utilization(i32, &'a [i64]),
    /// An average in thousandths.
    Average(i64),
}

/// Usage by target, the usage as reported, and the percentage.
type Ratio = (f64, i64, Option<i32>);

impl Calculator {
    /// Upstream: `ReplicaCalculator.GetResourceReplicas`.
    ///
    /// # Errors
    /// In upstream's words.
    pub fn resource_utilization(
        &self,
        now: i64,
        current: i32,
        (resource, container): (&str, Option<&str>),
        target: i32,
        tolerances: Tolerances,
        world: &dyn Observations,
    ) -> Result<Estimate, String> {
        let (mut samples, groups) = self.classify(now, resource, container, world)?;
        let requests: Result<Vec<i64>, String> =
            (0..world.pods().len()).map(|pod| world.request(pod, resource, container)).collect();
        let requests = requests?;
        rebalance(current, &mut samples, &groups, &Target::Utilization(target, &requests), tolerances)
    }

    /// Upstream: `ReplicaCalculator.GetRawResourceReplicas`.
    ///
    /// # Errors
    /// In upstream's words.
    pub fn resource_average(
        &self,
        now: i64,
        current: i32,
        (resource, container): (&str, Option<&str>),
        target: i64,
        tolerances: Tolerances,
        world: &dyn Observations,
    ) -> Result<Estimate, String> {
        let (mut samples, groups) = self.classify(now, resource, container, world)?;
        rebalance(current, &mut samples, &groups, &Target::Average(target), tolerances)
    }

    /// Upstream: `ReplicaCalculator.GetMetricReplicas`.
    ///
    /// # Errors
    /// In upstream's words.
    pub fn pods_metric(
        &self,
        now: i64,
        current: i32,
        (metric, target): (&MetricIdentifier, i64),
        tolerances: Tolerances,
        world: &dyn Observations,
    ) -> Result<Estimate, String> {
        let mut samples =
            world.pods_metric(metric).map_err(|error| format!("unable to get metric {}: {error}", metric.name))?;
        let groups = self.group(now, &mut samples, "", world.pods())?;
        rebalance(current, &mut samples, &groups, &Target::Average(target), tolerances)
    }

    fn classify(
        &self,
        now: i64,
        resource: &str,
        container: Option<&str>,
        world: &dyn Observations,
    ) -> Result<(Vec<Option<Sample>>, Groups), String> {
        let mut samples = world
            .resource(resource, container)
            .map_err(|error| format!("unable to get metrics for resource {resource}: {error}"))?;
        let groups = self.group(now, &mut samples, resource, world.pods())?;
        Ok((samples, groups))
    }

    /// Groups pods and takes out the samples of those that do not count.
    fn group(
        &self,
        now: i64,
        samples: &mut [Option<Sample>],
        resource: &str,
        pods: &[PodFacts],
    ) -> Result<Groups, String> {
        if pods.is_empty() {
            return Err("no pods returned by selector while calculating replica count".to_owned());
        }
        let mut groups = Groups::default();
        for (index, (pod, sample)) in pods.iter().zip(samples.iter()).enumerate() {
            if pod.is_deleting || pod.phase == PodPhase::Failed {
                groups.ignored.push(index);
            } else if pod.phase == PodPhase::Pending {
                groups.unready.push(index);
            } else if let Some(sample) = sample {
                if resource == "cpu" && self.is_unready(now, pod, sample) {
                    groups.unready.push(index);
                } else {
                    groups.ready += 1;
                }
            } else {
                groups.missing.push(index);
            }
        }
        for index in groups.ignored.iter().chain(&groups.unready) {
            samples[*index] = None;
        }
        if samples.iter().all(Option::is_none) {
            return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
        }
        Ok(groups)
    }

    /// Does the CPU that a pod uses tell of its start rather than of its load?
    fn is_unready(&self, now: i64, pod: &PodFacts, sample: &Sample) -> bool {
        let (Some((ready, since)), Some(start)) = (pod.ready, pod.start_time) else { return true };
        let is_false = ready == ConditionStatus::False;
        if start + self.cpu_initialization_period > now {
            is_false || sample.timestamp < since + sample.window
        } else {
            is_false && start + self.initial_readiness_delay > since
        }
    }
}

/// Upstream: `GetObjectMetricReplicas`.
///
/// # Errors
/// In upstream's words.
pub(super) fn object_value(
    current: i32,
    (metric, described, namespace): (&MetricIdentifier, &ObjectReference, &str),
    target: i64,
    tolerances: Tolerances,
    world: &dyn Observations,
) -> Result<Estimate, String> {
    let usage = object_usage(metric, described, namespace, world)?;
    by_value(current, usage, target, tolerances, world.pods())
}

/// Upstream: `GetObjectPerPodMetricReplicas`.
///
/// # Errors
/// In upstream's words.
pub(super) fn object_average(
    scale: Scale,
    (metric, described, namespace): (&MetricIdentifier, &ObjectReference, &str),
    target: i64,
    tolerances: Tolerances,
    world: &dyn Observations,
) -> Result<Estimate, String> {
    let usage = object_usage(metric, described, namespace, world)?;
    Ok(by_average(scale.status_replicas, usage, target, tolerances))
}

/// Upstream: `GetExternalMetricReplicas`.
///
/// # Errors
/// In upstream's words.
pub(super) fn external_value(
    current: i32,
    (metric, namespace): (&MetricIdentifier, &str),
    target: i64,
    tolerances: Tolerances,
    world: &dyn Observations,
) -> Result<Estimate, String> {
    let usage = external_usage(metric, namespace, world)?;
    by_value(current, usage, target, tolerances, world.pods())
}

/// Upstream: `GetExternalPerPodMetricReplicas`.
///
/// # Errors
/// In upstream's words.
pub(super) fn external_average(
    scale: Scale,
    (metric, namespace): (&MetricIdentifier, &str),
    target: i64,
    tolerances: Tolerances,
    world: &dyn Observations,
) -> Result<Estimate, String> {
    let usage = external_usage(metric, namespace, world)?;
    Ok(by_average(scale.status_replicas, usage, target, tolerances))
}

/// The rules about pods whose metric does not count or is not there. Upstream: the second half of
/// `GetResourceReplicas`, and `calcPlainMetricReplicas`.
fn rebalance(
    current: i32,
    samples: &mut [Option<Sample>],
    groups: &Groups,
    target: &Target<'_>,
    tolerances: Tolerances,
) -> Result<Estimate, String> {
    let first @ (ratio, usage, utilization) = target.ratio(samples)?;
    let mut formula = target.words(first, samples);
    let load = ratio * samples.iter().flatten().count() as f64;
    let estimate = |replicas, formula| Estimate { replicas, usage, utilization, ratio, load, formula };
    let fills_unready = !groups.unready.is_empty() && ratio > 1.0;
    if !fills_unready && groups.missing.is_empty() {
        if tolerances.is_within(ratio) {
            formula += &format!(", within tolerance: stays {current}");
            return Ok(estimate(current, formula));
        }
        let replicas = ceil(ratio * f64::from(groups.ready));
        formula += &format!(", ceil({ratio:.4} x {} ready) = {replicas}", groups.ready);
        return Ok(estimate(replicas, formula));
    }
    let mut fill = |pods: &[usize], value: &dyn Fn(usize) -> i64| {
        for pod in pods {
            samples[*pod] = Some(Sample { value: value(*pod), timestamp: 0, window: 0 });
        }
    };
    if ratio < 1.0 {
        fill(&groups.missing, &|pod| target.cautious(pod));
        formula += &format!(", {} missing counted as {}", groups.missing.len(), target.cautious_words());
    } else if ratio > 1.0 {
        fill(&groups.missing, &|_| 0);
        fill(&groups.unready, &|_| 0);
        let (missing, unready) = (groups.missing.len(), groups.unready.len());
        formula += &format!(", {missing} missing and {unready} not yet ready counted as 0");
    }
    let second @ (again, ..) = target.ratio(samples)?;
    formula += &format!(": {}", target.words(second, samples));
    if tolerances.is_within(again) || (ratio < 1.0 && again > 1.0) || (ratio > 1.0 && again < 1.0) {
        formula += &format!(", within tolerance or the other way: stays {current}");
        return Ok(estimate(current, formula));
    }
    let counted = samples.iter().flatten().count();
    let replicas = ceil(again * counted as f64);
    formula += &format!(", ceil({again:.4} x {counted} pods) = {replicas}");
    if (again < 1.0 && replicas > current) || (again > 1.0 && replicas < current) {
        formula += &format!(", the other way: stays {current}");
        return Ok(estimate(current, formula));
    }
    Ok(estimate(replicas, formula))
}

impl Target<'_> {
    /// Upstream: metrics `GetResourceUtilizationRatio`, `GetMetricUsageRatio`.
    fn ratio(&self, samples: &[Option<Sample>]) -> Result<Ratio, String> {
        let count = samples.iter().flatten().count() as i64;
        let sum: i64 = samples.iter().flatten().map(|sample| sample.value).sum();
        match self {
            Self::Average(target) => {
                let usage = sum / count.max(1);
                Ok((usage as f64 / *target as f64, usage, None))
            }
            Self::Utilization(target, requests) => {
                let requested: i64 = samples
                    .iter()
                    .zip(*requests)
                    .filter(|(sample, _)| sample.is_some())
                    .map(|(_, request)| request)
                    .sum();
                if requested == 0 {
                    return Err("no metrics returned matched known pods".to_owned());
                }
                let utilization = (sum * 100 / requested) as i32;
                Ok((f64::from(utilization) / f64::from(*target), sum / count.max(1), Some(utilization)))
            }
        }
    }

    /// What a pod without a metric is taken to use when less than the target is used.
    fn cautious(&self, pod: usize) -> i64 {
        match self {
            Self::Average(target) => *target,
            Self::Utilization(target, requests) => requests[pod] * i64::from((*target).max(100)) / 100,
        }
    }

    fn cautious_words(&self) -> String {
        match self {
            Self::Average(target) => thousandths(*target),
            Self::Utilization(target, _) => format!("{}% of their request", (*target).max(100)),
        }
    }

    fn words(&self, (ratio, usage, utilization): Ratio, samples: &[Option<Sample>]) -> String {
        let count = samples.iter().flatten().count();
        match self {
            Self::Average(target) => {
                format!("{} on average of {count} / {} = {ratio:.4}", thousandths(usage), thousandths(*target))
            }
            Self::Utilization(target, _) => {
                format!("{}% of the requests of {count} / {target}% = {ratio:.4}", utilization.unwrap_or_default())
            }
        }
    }
}

fn object_usage(
    metric: &MetricIdentifier,
    described: &ObjectReference,
    namespace: &str,
    world: &dyn Observations,
) -> Result<i64, String> {
    world.object_metric(metric, described).map_err(|error| {
        format!("unable to get metric {}: {} on {namespace} {}/{error}", metric.name, described.kind, described.name)
    })
}

fn external_usage(metric: &MetricIdentifier, namespace: &str, world: &dyn Observations) -> Result<i64, String> {
    let series = world
        .external_metric(metric)
        .map_err(|error| format!("unable to get external metric {namespace}/{}/{metric}: {error}", metric.name))?;
    Ok(series.into_iter().fold(0, i64::saturating_add))
}

/// Upstream: `getUsageRatioReplicaCount`.
fn by_value(
    current: i32,
    usage: i64,
    target: i64,
    tolerances: Tolerances,
    pods: &[PodFacts],
) -> Result<Estimate, String> {
    let ratio = usage as f64 / target as f64;
    let mut load = ratio;
    let mut formula = format!("{} / {} = {ratio:.4}", thousandths(usage), thousandths(target));
    let replicas = if current == 0 {
        let replicas = ceil(ratio);
        formula += &format!(", from zero: ceil({ratio:.4}) = {replicas}");
        replicas
    } else if tolerances.is_within(ratio) {
        formula += &format!(", within tolerance: stays {current}");
        load = ratio * f64::from(current);
        current
    } else {
        let ready = ready_pods(pods)?;
        load = ratio * f64::from(ready);
        let replicas = ceil(ratio * f64::from(ready));
        formula += &format!(", ceil({ratio:.4} x {ready} ready) = {replicas}");
        replicas
    };
    Ok(Estimate { replicas, usage, utilization: None, ratio, load, formula })
}

/// Upstream: `getReadyPodsCount`.
fn ready_pods(pods: &[PodFacts]) -> Result<i32, String> {
    if pods.is_empty() {
        return Err(
            "unable to calculate ready pods: no pods returned by selector while calculating replica count".to_owned()
        );
    }
    let is_ready =
        |pod: &&PodFacts| pod.phase == PodPhase::Running && matches!(pod.ready, Some((ConditionStatus::True, _)));
    Ok(pods.iter().filter(is_ready).count() as i32)
}

/// The per-pod targets count by the replicas of the target's status.
fn by_average(status_replicas: i32, usage: i64, target: i64, tolerances: Tolerances) -> Estimate {
    let ratio = usage as f64 / (target as f64 * f64::from(status_replicas));
    let mut formula = format!("{} / ({} x {status_replicas}) = {ratio:.4}", thousandths(usage), thousandths(target));
    let replicas = if tolerances.is_within(ratio) {
        formula += &format!(", within tolerance: stays {status_replicas}");
        status_replicas
    } else {
        let replicas = ceil(usage as f64 / target as f64);
        formula += &format!(", ceil({} / {}) = {replicas}", thousandths(usage), thousandths(target));
        replicas
    };
    let average = libm::ceil(usage as f64 / f64::from(status_replicas));
    // Without replicas there is no average; Go's conversion of what the division gives is the smallest integer.
    let average = if average.is_finite() { average as i64 } else { i64::MIN };
    let load = usage as f64 / target as f64;
    Estimate { replicas, usage: average, utilization: None, ratio, load, formula }
}

/// Rounds up; beyond an int32 its greatest value.
fn ceil(value: f64) -> i32 {
    libm::ceil(value) as i32
}

/// `1.5` of 1500.
pub(super) fn thousandths(amount: i64) -> String {
    if amount % 1000 == 0 { (amount / 1000).to_string() } else { format!("{}", amount as f64 / 1000.0) }
}
