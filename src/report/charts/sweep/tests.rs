//! What the charts of sweeps keep, for sweeps of every size.

use super::super::scene::{Mark, Scene, Text, WIDTH};
use super::*;

fn figure(sizes: &[usize], seeds: usize) -> Figure {
    let axes: Vec<FigureAxis> = sizes
        .iter()
        .enumerate()
        .map(|(index, size)| FigureAxis {
            label: format!("HorizontalPodAutoscaler/web averageUtilization {index}"),
            values: (0..*size)
                .map(|value| if index == 2 { format!("variant-{value}") } else { (value * 10).to_string() })
                .collect(),
        })
        .collect();
    let count = sizes.iter().product::<usize>();
    let point = |index: usize| {
        let values: Vec<f64> = (0..seeds).map(|seed| (index * 7 % 13) as f64 + (seed * 5 % 7) as f64 / 3.0).collect();
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        Point {
            label: format!("nodes={index}, averageUtilization={}", index * 3),
            mean: (!values.is_empty()).then_some((mean, mean - 0.5, mean + 0.5)),
            values,
        }
    };
    Figure {
        metric: "workloads['default/deployment/web'].unavailable_seconds".to_owned(),
        subtitle: format!("{seeds} runs each"),
        axes,
        points: (0..count).map(point).collect(),
    }
}

fn scenes() -> Vec<Scene> {
    let shapes: [(&[usize], usize); 8] =
        [(&[1], 1), (&[2], 1), (&[5], 20), (&[40], 3), (&[3, 3], 5), (&[2, 12, 4], 2), (&[70, 80], 1), (&[3], 0)];
    let mut scenes = Vec::new();
    for (sizes, seeds) in shapes {
        let figure = figure(sizes, seeds);
        scenes.push(if sizes.len() == 1 { line::draw(&figure) } else { heatmap::draw(&figure) });
        scenes.push(seeds::draw(&figure));
    }
    let mut words = figure(&[4], 6);
    words.axes[0].values =
        ["RollingUpdate", "Recreate", "a/b", "very-long-name-of-a-variant"].map(str::to_owned).to_vec();
    scenes.push(line::draw(&words));
    scenes
}

#[test]
fn no_label_overlaps_another_or_leaves_the_picture() {
    for scene in scenes() {
        let labels: Vec<&Text> =
            scene.marks.iter().filter_map(|mark| if let Mark::Text(text) = mark { Some(text) } else { None }).collect();
        assert!(labels[0].bold);
        for (index, label) in labels.iter().enumerate() {
            let (left, top, right, bottom) = label.bounds();
            assert!(left >= 0 && top >= 0 && right <= WIDTH && bottom <= scene.height, "{label:?}");
            for other in &labels[index + 1..] {
                let (l, t, r, b) = other.bounds();
                assert!(right <= l || r <= left || bottom <= t || b <= top, "{label:?} overlaps {other:?}");
            }
        }
    }
}

#[test]
fn there_is_a_picture_where_there_is_something_to_see() {
    assert!(over_settings(&figure(&[], 5)).unwrap().is_none());
    assert!(over_seeds(&figure(&[3], 1)).unwrap().is_none());
    for (sizes, kind) in [(&[3][..], "Line"), (&[3, 4], "Heat map"), (&[2, 2, 2], "Heat map")] {
        let picture = over_settings(&figure(sizes, 4)).unwrap().unwrap();
        assert!(
            picture.alternative.starts_with(kind)
                && picture.svg.contains("<svg")
                && picture.png.starts_with(b"\x89PNG")
        );
    }
    assert!(over_seeds(&figure(&[3], 4)).unwrap().is_some());
}

#[test]
#[ignore = "writes pictures for people to look at"]
fn sweep_gallery() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/report-gallery");
    std::fs::create_dir_all(&dir).unwrap();
    for (index, scene) in scenes().iter().enumerate() {
        std::fs::write(dir.join(format!("sweep-{index}.png")), paint::png(scene).unwrap()).unwrap();
    }
}
