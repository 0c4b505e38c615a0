//! A picture as a list of marks in pixels, before any format: drawn once, painted as SVG and as PNG.
//! What a simulation records are steps: most marks are axis-aligned. Lines and dots are for numbers over settings.

use super::frame::Plot;
use super::palette::{Color, INK, MUTED};
use super::typeface;

/// Width of every chart.
pub const WIDTH: i32 = 1200;
/// Height of a chart, unless it needs less.
pub const HEIGHT: i32 = 700;

/// Which point of a text stands at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Left,
    /// Its middle.
    Middle,
    /// Its right end.
    Right,
}

/// A line of text; its position is at half its height.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it says.
    pub content: String,
    /// Where its anchor is.
    pub at: (i32, i32),
    /// Which point of it that is.
    pub anchor: Anchor,
    /// Height of an em in pixels.
    pub size: u32,
    /// Bold?
    pub bold: bool,
    /// Turned to read upwards?
    pub upwards: bool,
    /// Its colour.
    pub color: Color,
}

/// A mark.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A filled rectangle, right and lower edge excluded.
    Rect(i32, i32, i32, i32, Color),
    /// A line of steps through these points: level from each to the next one's x, then up or down.
    Steps(Vec<(i32, i32)>, u32, Color),
    /// An area of columns (left edge, top, bottom), up to the given right edge.
    Area(Vec<(i32, i32, i32)>, i32, Color),
    /// A line through these points, this wide.
    Line(Vec<(i32, i32)>, u32, Color),
    /// A filled area with these corners.
    Polygon(Vec<(i32, i32)>, Color),
    /// A filled circle: middle and radius.
    Dot((i32, i32), i32, Color),
    /// Text.
    Text(Text),
}

/// A plot over time, for readers who point at it: where it is and what its edges mean.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Where it is.
    pub plot: Plot,
    /// Seconds at its left and right edge.
    pub seconds: (f64, f64),
    /// The count at its upper edge (0 at the lower one); none where rows are names.
    pub top_value: Option<u64>,
}

/// Marks, later ones over earlier ones, and what they mean.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Height in pixels.
    pub height: i32,
    /// The marks.
    pub marks: Vec<Mark>,
    /// The plots.
    pub panels: Vec<Panel>,
    /// What colours stand for.
    pub meanings: Vec<(Color, String)>,
    /// Rows that have a name: upper edge, lower edge, name.
    pub rows: Vec<(i32, i32, String)>,
}

impl Text {
    /// Text in the size and colour of labels.
    pub fn label(text: impl Into<String>, at: (i32, i32), anchor: Anchor) -> Self {
        Self { content: text.into(), at, anchor, size: 12, bold: false, upwards: false, color: MUTED }
    }

    /// Text in the size and colour of a chart's title.
    pub fn title(text: impl Into<String>, at: (i32, i32)) -> Self {
        Self { content: text.into(), at, anchor: Anchor::Left, size: 19, bold: true, upwards: false, color: INK }
    }

    /// The pixels it covers: left, top, right, bottom.
    #[cfg(test)]
    pub fn bounds(&self) -> (i32, i32, i32, i32) {
        let width = text_width(&self.content, self.size, self.bold);
        let half = (self.size as i32 * 6).div_euclid(10);
        let (x, y) = self.at;
        let from = match self.anchor {
            Anchor::Left => 0,
            Anchor::Middle => -width / 2,
            Anchor::Right => -width,
        };
        if self.upwards {
            (x - half, y - from - width, x + half, y - from)
        } else {
            (x + from, y - half, x + from + width, y + half)
        }
    }
}

impl Scene {
    /// An empty picture.
    pub fn new(height: i32) -> Self {
        Self { height, marks: Vec::new(), panels: Vec::new(), meanings: Vec::new(), rows: Vec::new() }
    }

    /// Adds a rectangle if it has an area.
    pub fn rect(&mut self, x0: i32, y0: i32, x1: i32, y1: i32, color: Color) {
        if x1 > x0 && y1 > y0 {
            self.marks.push(Mark::Rect(x0, y0, x1, y1, color));
        }
    }

    /// Adds a text if it says anything.
    pub fn text(&mut self, text: Text) {
        if !text.content.is_empty() {
            self.marks.push(Mark::Text(text));
        }
    }

    /// Adds a line of steps.
    pub fn steps(&mut self, points: Vec<(i32, i32)>, width: u32, color: Color) {
        if points.len() > 1 {
            self.marks.push(Mark::Steps(points, width, color));
        }
    }

    /// Adds a line through points.
    pub fn line(&mut self, points: Vec<(i32, i32)>, width: u32, color: Color) {
        if points.len() > 1 {
            self.marks.push(Mark::Line(points, width, color));
        }
    }

    /// Adds a filled area.
    pub fn polygon(&mut self, corners: Vec<(i32, i32)>, color: Color) {
        if corners.len() > 2 {
            self.marks.push(Mark::Polygon(corners, color));
        }
    }

    /// Adds a dot.
    pub fn dot(&mut self, middle: (i32, i32), radius: i32, color: Color) {
        self.marks.push(Mark::Dot(middle, radius, color));
    }

    /// Adds an area of columns.
    pub fn area(&mut self, columns: Vec<(i32, i32, i32)>, right: i32, color: Color) {
        if columns.iter().any(|(_, top, bottom)| top < bottom) {
            self.marks.push(Mark::Area(columns, right, color));
        }
    }
}

/// Width of a text in pixels.
pub fn text_width(text: &str, size: u32, bold: bool) -> i32 {
    typeface::width(text, size, bold)
}

/// `text`, or as much of its beginning and end as fits into `width` pixels with an ellipsis between: names
/// of pods differ at both ends.
pub fn fitted(text: &str, width: i32, size: u32, bold: bool) -> String {
    if text_width(text, size, bold) <= width {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| {
        let tail = kept / 2;
        let head: String = letters[..kept - tail].iter().collect();
        let end: String = letters[letters.len() - tail..].iter().collect();
        format!("{head}…{end}")
    };
    let fits = (1..letters.len()).rev().map(shortened).find(|text| text_width(text, size, bold) <= width);
    fits.unwrap_or_default()
}
