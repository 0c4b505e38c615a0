//! What metrics-server would have stored.

use super::*;

const POD: PodId = PodId(7);

fn seconds(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn cpu(milli: u64) -> KnownUsage {
    KnownUsage { cpu_milli: Some(milli), memory: Some(milli << 20) }
}

fn started(at: u64, milli: u64) -> Metrics {
    let mut metrics = Metrics::new(MetricsSettings::default());
    metrics.container_uses(seconds(at), POD, 0, seconds(at), cpu(milli));
    metrics
}

fn served(metrics: &Metrics, at: u64) -> Option<(u64, u64)> {
    let sample = metrics.sample(seconds(at), POD)?;
    Some((sample.containers[0].cpu_milli()?, sample.window.as_secs()))
}

#[test]
fn a_young_pod_is_served_after_two_scrapes() {
    let metrics = started(8, 100);
    // 7 s old at the scrape of 15 s; the one of 30 s has one before it.
    assert_eq!(served(&metrics, 29), None);
    assert_eq!(served(&metrics, 30), Some((100, 15)));
}

#[test]
fn a_pod_of_ten_seconds_is_served_at_its_first_scrape() {
    let metrics = started(4, 100);
    assert_eq!(served(&metrics, 14), None);
    assert_eq!(served(&metrics, 15), Some((100, 11)));
}

#[test]
fn a_change_shows_as_a_rate_over_the_window() {
    let mut metrics = started(0, 100);
    metrics.container_uses(seconds(35), POD, 0, seconds(0), cpu(400));
    assert_eq!(served(&metrics, 44), Some((100, 15)));
    // Five seconds of 100 and ten of 400.
    assert_eq!(served(&metrics, 45), Some((300, 15)));
    assert!(!metrics.is_settled(seconds(45), POD));
    assert_eq!(served(&metrics, 60), Some((400, 15)));
    assert!(metrics.is_settled(seconds(60), POD));
}

#[test]
fn unknown_use_is_no_sample_and_never_zero() {
    let mut metrics = Metrics::new(MetricsSettings::default());
    metrics.container_uses(seconds(0), POD, 0, seconds(0), KnownUsage::default());
    assert_eq!(metrics.sample(seconds(60), POD), None);
    metrics.container_uses(seconds(0), POD, 1, seconds(0), KnownUsage { cpu_milli: None, memory: Some(5) });
    let sample = metrics.sample(seconds(60), POD).unwrap();
    assert_eq!((sample.containers[0].cpu_nano, sample.containers[0].memory), (None, Some(5)));
}

#[test]
fn a_restarted_container_starts_anew() {
    let mut metrics = started(0, 100);
    metrics.container_ended(seconds(33), POD, 0);
    metrics.container_uses(seconds(38), POD, 0, seconds(38), cpu(50));
    assert_eq!(served(&metrics, 44), Some((100, 15)), "the last scrape saw the first run");
    assert_eq!(served(&metrics, 45), None, "seven seconds are too few");
    assert_eq!(served(&metrics, 60), Some((50, 15)));
}

#[test]
fn the_kubelets_numbers_may_be_old() {
    let settings = MetricsSettings { age: SimDuration::from_secs(10), ..MetricsSettings::default() };
    let mut metrics = Metrics::new(settings);
    metrics.container_uses(seconds(0), POD, 0, seconds(0), cpu(100));
    metrics.container_uses(seconds(35), POD, 0, seconds(0), cpu(400));
    assert_eq!(served(&metrics, 45), Some((100, 15)));
    assert_eq!(served(&metrics, 60), Some((400, 15)));
}

#[test]
fn external_series_are_chosen_by_labels() {
    use crate::model::labels::Labels;
    use crate::model::selector::LabelSelector;
    let mut series = MetricsApi::default();
    for (queue, number) in [("a", 3.0), ("b", 4.5)] {
        let labels = Labels::from_pairs([("queue", queue)]);
        series.set_number("default", "depth", &MetricApi::External(labels), number);
    }
    let only_b = LabelSelector::from_map([("queue", "b")]);
    assert_eq!(series.external(seconds(0), "default", "depth", None), Some(vec![3000, 4500]));
    assert_eq!(series.external(seconds(0), "default", "depth", Some(&only_b)), Some(vec![4500]));
    assert_eq!(series.external(seconds(0), "default", "width", None), None);
    assert_eq!(series.take_changed(), ["depth", "depth"]);
}
