//! Charts of a sweep: a metric over what varies (a line, or a heat map over two settings), and its distribution over the
//! seeds. Drawn from plain numbers; which one fits is decided by what varies.

mod heatmap;
mod line;
mod seeds;
#[cfg(test)]
mod tests;

use super::ReportError;
use super::paint;
use super::scene::Scene;

/// A metric over the combinations of a sweep.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The metric.
    pub metric: String,
    /// Under the title.
    pub subtitle: String,
    /// What varies, outermost first; axes of one value are left out.
    pub axes: Vec<FigureAxis>,
    /// The combinations, counted through the last axis first.
    pub points: Vec<Point>,
}

/// Something that varies.
#[derive(Clone, Debug)]
pub struct FigureAxis {
    /// Its name.
    pub label: String,
    /// Its values.
    pub values: Vec<String>,
}

/// A combination.
#[derive(Clone, Debug)]
pub struct Point {
    /// In words.
    pub label: String,
    /// The value of each run that has one.
    pub values: Vec<f64>,
    /// Mean and the ends of its confidence interval; none without values.
    pub mean: Option<(f64, f64, f64)>,
}

impl FigureAxis {
    /// Its values as numbers, if they are.
    fn numbers(&self) -> Option<Vec<f64>> {
        self.values.iter().map(|value| value.parse().ok().filter(|number: &f64| number.is_finite())).collect()
    }
}

/// A picture in both formats.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it shows, for those who cannot see it.
    pub alternative: String,
    /// SVG.
    pub svg: String,
    /// PNG.
    pub png: Vec<u8>,
}

/// The metric over what varies; none where nothing does.
pub fn over_settings(figure: &Figure) -> Result<Option<Picture>, ReportError> {
    let (scene, what) = match figure.axes.len() {
        0 => return Ok(None),
        1 => (line::draw(figure), "Line: mean with its confidence interval of"),
        _ => (heatmap::draw(figure), "Heat map: mean of"),
    };
    let over = figure.axes.iter().map(|axis| axis.label.as_str()).collect::<Vec<_>>().join(" and ");
    picture(&scene, format!("{what} {} over {over}", figure.metric)).map(Some)
}

/// The metric's distribution over the seeds; none where each combination has one run.
pub fn over_seeds(figure: &Figure) -> Result<Option<Picture>, ReportError> {
    if figure.points.iter().all(|point| point.values.len() < 2) {
        return Ok(None);
    }
    picture(&seeds::draw(figure), format!("Dots: {} of each run, by combination", figure.metric)).map(Some)
}

fn picture(scene: &Scene, alternative: String) -> Result<Picture, ReportError> {
    let failed = |reason| ReportError::Chart { chart: "sweep", reason };
    Ok(Picture { alternative, svg: paint::svg(scene).map_err(failed)?, png: paint::png(scene).map_err(failed)? })
}
