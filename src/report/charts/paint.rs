//! Scenes as SVG and PNG, through plotters. Text needs no font of the machine: PNG draws with the embedded
//! font, SVG names a generic family and was laid out with the widths of the embedded one, a wide one.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle};

use super::palette::{Color, PAPER};
use super::png::encode;
use super::scene::{Anchor, Mark, Scene, Text, WIDTH, text_width};
use super::typeface;

/// The scene as an SVG document.
pub fn svg(scene: &Scene) -> Result<String, String> {
    let mut document = String::new();
    let mut backend = SVGBackend::with_string(&mut document, (WIDTH as u32, scene.height as u32));
    paint(&mut backend, scene, draw_vector)?;
    drop(backend);
    Ok(document)
}

/// The scene as a PNG file.
pub fn png(scene: &Scene) -> Result<Vec<u8>, String> {
    let mut pixels = vec![0xff; (WIDTH * scene.height * 3) as usize];
    let mut backend = BitMapBackend::with_buffer(&mut pixels, (WIDTH as u32, scene.height as u32));
    paint(&mut backend, scene, draw_pixels)?;
    drop(backend);
    encode(&pixels, WIDTH as usize, scene.height as usize).map_err(|error| error.to_string())
}

type Drawn = Result<(), String>;

fn paint<B: DrawingBackend>(backend: &mut B, scene: &Scene, draw: impl Fn(&mut B, &Mark) -> Drawn) -> Drawn {
    backend.ensure_prepared().map_err(|error| error.to_string())?;
    rect(backend, (0, 0), (WIDTH, scene.height), PAPER)?;
    for mark in &scene.marks {
        draw(backend, mark)?;
    }
    backend.present().map_err(|error| error.to_string())
}

/// Each mark as one element.
fn draw_vector(backend: &mut SVGBackend<'_>, mark: &Mark) -> Drawn {
    match mark {
        Mark::Steps(points, width, color) => {
            let mut path = Vec::with_capacity(points.len() * 2);
            for (index, &(x, y)) in points.iter().enumerate() {
                if index > 0 {
                    path.push((x, points[index - 1].1));
                }
                path.push((x, y));
            }
            path.dedup();
            let style = ShapeStyle::from(rgb(*color)).stroke_width(*width);
            backend.draw_path(path, &style).map_err(|error| error.to_string())
        }
        Mark::Area(columns, right, color) => {
            let mut outline = Vec::with_capacity(columns.len() * 4);
            for (index, &(x, top, _)) in columns.iter().enumerate() {
                let next = columns.get(index + 1).map_or(*right, |next| next.0);
                outline.extend([(x, top), (next, top)]);
            }
            for (index, &(x, _, bottom)) in columns.iter().enumerate().rev() {
                let next = columns.get(index + 1).map_or(*right, |next| next.0);
                outline.extend([(next, bottom), (x, bottom)]);
            }
            outline.dedup();
            backend.fill_polygon(outline, &rgb(*color).filled()).map_err(|error| error.to_string())
        }
        Mark::Rect(x0, y0, x1, y1, color) => rect(backend, (*x0, *y0), (*x1, *y1), *color),
        Mark::Line(points, width, color) => {
            let style = ShapeStyle::from(rgb(*color)).stroke_width(*width);
            backend.draw_path(points.iter().copied(), &style).map_err(|error| error.to_string())
        }
        Mark::Polygon(corners, color) => polygon(backend, corners, *color),
        Mark::Dot(middle, radius, color) => {
            let style = rgb(*color).filled();
            backend.draw_circle(*middle, *radius as u32, &style, true).map_err(|error| error.to_string())
        }
        Mark::Text(mark) => text_element(backend, mark),
    }
}

/// Everything but text as rectangles: sharp edges, and no cost beyond their pixels.
fn draw_pixels(backend: &mut BitMapBackend<'_>, mark: &Mark) -> Drawn {
    match mark {
        Mark::Steps(points, width, color) => {
            let (before, after) = (*width as i32 / 2, *width as i32 - *width as i32 / 2);
            for pair in points.windows(2) {
                let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
                rect(backend, (x0 - before, y0 - before), (x1 + after, y0 + after), *color)?;
                rect(backend, (x1 - before, y0.min(y1) - before), (x1 + after, y0.max(y1) + after), *color)?;
            }
            Ok(())
        }
        Mark::Area(columns, right, color) => {
            for (index, &(x, top, bottom)) in columns.iter().enumerate() {
                let next = columns.get(index + 1).map_or(*right, |next| next.0);
                rect(backend, (x, top), (next, bottom), *color)?;
            }
            Ok(())
        }
        Mark::Rect(x0, y0, x1, y1, color) => rect(backend, (*x0, *y0), (*x1, *y1), *color),
        Mark::Line(points, width, color) => {
            points.windows(2).try_for_each(|pair| stroke(backend, (pair[0], pair[1]), f64::from(*width) / 2.0, *color))
        }
        Mark::Polygon(corners, color) => polygon(backend, corners, *color),
        Mark::Dot(middle, radius, color) => stroke(backend, (*middle, *middle), f64::from(*radius), *color),
        Mark::Text(mark) => text_pixels(backend, mark),
    }
}

fn polygon<B: DrawingBackend>(backend: &mut B, corners: &[(i32, i32)], color: Color) -> Drawn {
    backend.fill_polygon(corners.iter().copied(), &rgb(color).filled()).map_err(|error| error.to_string())
}

/// A line with round ends and smooth edges: each pixel is covered as far as it is nearer than `half` to the line.
fn stroke(backend: &mut BitMapBackend<'_>, line: ((i32, i32), (i32, i32)), half: f64, color: Color) -> Drawn {
    let ((x0, y0), (x1, y1)) = line;
    let (along, up) = (f64::from(x1 - x0), f64::from(y1 - y0));
    let length = along * along + up * up;
    let reach = half as i32 + 2;
    for y in y0.min(y1) - reach..=y0.max(y1) + reach {
        for x in x0.min(x1) - reach..=x0.max(x1) + reach {
            let (dx, dy) = (f64::from(x - x0), f64::from(y - y0));
            let part = if length > 0.0 { ((dx * along + dy * up) / length).clamp(0.0, 1.0) } else { 0.0 };
            let (off_x, off_y) = (dx - part * along, dy - part * up);
            let covered = (half + 0.5 - (off_x * off_x + off_y * off_y).sqrt()).clamp(0.0, 1.0);
            if covered > 0.0 {
                let shown = rgb(color).mix(covered).to_backend_color();
                backend.draw_pixel((x, y), shown).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(())
}

fn rect<B: DrawingBackend>(backend: &mut B, from: (i32, i32), to: (i32, i32), color: Color) -> Drawn {
    if to.0 <= from.0 || to.1 <= from.1 {
        return Ok(());
    }
    backend.draw_rect(from, to, &rgb(color).filled(), true).map_err(|error| error.to_string())
}

fn text_element(backend: &mut SVGBackend<'_>, mark: &Text) -> Drawn {
    let across = match mark.anchor {
        Anchor::Left => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::Right => HPos::Right,
    };
    let turn = if mark.upwards { FontTransform::Rotate270 } else { FontTransform::None };
    let weight = if mark.bold { FontStyle::Bold } else { FontStyle::Normal };
    // plotters counts the height of a line, which it takes for 1.24 ems.
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(mark.size) * 1.24, weight).transform(turn);
    let color = rgb(mark.color);
    let style = TextStyle::from(font).color(&color).pos(Pos::new(across, VPos::Center));
    // plotters sets small letters around the position; a line of text has its middle a little higher.
    let at = if mark.upwards { (mark.at.0 + 1, mark.at.1) } else { (mark.at.0, mark.at.1 + 1) };
    backend.draw_text(&mark.content, &style, at).map_err(|error| error.to_string())
}

fn text_pixels(backend: &mut BitMapBackend<'_>, mark: &Text) -> Drawn {
    let width = text_width(&mark.content, mark.size, mark.bold);
    let start = match mark.anchor {
        Anchor::Left => 0,
        Anchor::Middle => -width / 2,
        Anchor::Right => -width,
    };
    let mut drawn = Ok(());
    typeface::pixels(&mark.content, mark.size, mark.bold, |x, y, covered| {
        let (right, down) = if mark.upwards { (y, -(x + start)) } else { (x + start, y) };
        let color = rgb(mark.color).mix(f64::from(covered));
        if covered > 0.0 && drawn.is_ok() {
            drawn = backend.draw_pixel((mark.at.0 + right, mark.at.1 + down), color.to_backend_color());
        }
    });
    drawn.map_err(|error| error.to_string())
}

fn rgb([red, green, blue]: Color) -> RGBColor {
    RGBColor(red, green, blue)
}
