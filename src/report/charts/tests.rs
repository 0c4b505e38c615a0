//! What every chart keeps, for records of every size.

use super::super::synthetic;
use super::scene::{Mark, Text, WIDTH};
use super::*;

fn texts(scene: &Scene) -> Vec<&Text> {
    let texts = scene.marks.iter().filter_map(|mark| if let Mark::Text(text) = mark { Some(text) } else { None });
    texts.collect()
}

fn sizes() -> [Record; 6] {
    [(0, 0, 0), (1, 1, 20), (5, 3, 60), (60, 6, 600), (300, 40, 3600), (5_000, 300, 86_400)]
        .map(|(pods, nodes, seconds)| synthetic::record(pods, nodes, seconds))
}

#[test]
fn no_label_overlaps_another_or_leaves_the_picture() {
    for record in sizes() {
        for chart in &CHARTS {
            let scene = chart.draw(&record);
            let labels = texts(&scene);
            for (index, label) in labels.iter().enumerate() {
                let (left, top, right, bottom) = label.bounds();
                let name = format!("{} of {} pods: {:?}", chart.name, record.pods.len(), label.content);
                assert!(left >= 0 && top >= 0 && right <= WIDTH && bottom <= scene.height, "{name}");
                for other in &labels[index + 1..] {
                    let (l, t, r, b) = other.bounds();
                    let apart = right <= l || r <= left || bottom <= t || b <= top;
                    assert!(apart, "{name} overlaps {:?}", other.content);
                }
            }
        }
    }
}

#[test]
fn a_picture_has_no_more_marks_than_its_pixels_need() {
    let record = synthetic::record(20_000, 1_000, 86_400);
    for chart in &CHARTS {
        let marks = chart.draw(&record).marks.len();
        assert!(marks < 12_000, "{}: {marks}", chart.name);
        let svg = svg(chart.name, &chart.draw(&record)).unwrap();
        assert!(svg.len() < 900_000, "{}: {}", chart.name, svg.len());
    }
}

#[test]
fn every_chart_has_a_title_and_names_its_axis_of_time() {
    for record in sizes() {
        for chart in &CHARTS {
            let scene = chart.draw(&record);
            let labels = texts(&scene);
            assert!(labels[0].bold, "{}", chart.name);
            let names_time = |label: &&Text| label.content.starts_with("Time since t=0 (");
            assert_eq!(labels.iter().filter(|label| names_time(label)).count(), 1, "{}", chart.name);
        }
    }
}

#[test]
fn names_of_objects_are_escaped_in_svg() {
    let mut record = synthetic::record(1, 1, 20);
    record.pods[0].name = record.texts.intern("<script>&\"");
    let svg = svg("pod_gantt", &CHARTS[1].draw(&record)).unwrap();
    assert!(!svg.contains("<script>"));
    assert!(svg.contains("&lt;script&gt;&amp;"));
}
