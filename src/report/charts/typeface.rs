//! The embedded font: how wide a text is, and its pixels. No font of the machine is ever read, so that a picture
//! is the same on every one.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

static REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

/// From the middle of a line of text down to its baseline, in ems.
const MIDDLE_TO_BASELINE: f32 = 0.36;

/// A font in a size.
struct Typeface {
    font: FontRef<'static>,
    scale: PxScale,
}

impl Typeface {
    fn new(size: u32, bold: bool) -> Self {
        let bytes = if bold { BOLD } else { REGULAR };
        let font = FontRef::try_from_slice(bytes).expect("the embedded font is a font");
        let scale = font.pt_to_px_scale(size as f32 * 0.75).unwrap_or(PxScale::from(size as f32));
        Self { font, scale }
    }

    /// Glyphs set from x = 0 on, and the width of all.
    fn set(&self, text: &str) -> (Vec<Glyph>, f32) {
        let scaled = self.font.as_scaled(self.scale);
        let mut glyphs: Vec<Glyph> = Vec::with_capacity(text.len());
        let mut x = 0.0;
        for letter in text.chars() {
            let id = self.font.glyph_id(letter);
            if let Some(before) = glyphs.last() {
                x += scaled.kern(before.id, id);
            }
            glyphs.push(id.with_scale_and_position(self.scale, point(x, 0.0)));
            x += scaled.h_advance(id);
        }
        (glyphs, x)
    }
}

/// Width of a text in pixels, rounded up.
pub fn width(text: &str, size: u32, bold: bool) -> i32 {
    Typeface::new(size, bold).set(text).1.ceil() as i32
}

/// Calls `draw` with each pixel of a text and how much of it is covered (0 to 1). The text starts at x = 0 and
/// its middle is at y = 0.
pub fn pixels(text: &str, size: u32, bold: bool, mut draw: impl FnMut(i32, i32, f32)) {
    let typeface = Typeface::new(size, bold);
    let (glyphs, _) = typeface.set(text);
    let baseline = (size as f32 * MIDDLE_TO_BASELINE).round();
    for mut glyph in glyphs {
        glyph.position.y = baseline;
        if let Some(outline) = typeface.font.outline_glyph(glyph) {
            let bounds = outline.px_bounds();
            let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
            outline.draw(|x, y, covered| draw(left + x as i32, top + y as i32, covered));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_covers_its_width_around_its_middle() {
        let (mut left, mut right, mut top, mut bottom) = (i32::MAX, 0, i32::MAX, i32::MIN);
        pixels("Hamburg", 20, false, |x, y, covered| {
            if covered > 0.1 {
                (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
            }
        });
        let width = width("Hamburg", 20, false);
        assert!(left >= 0 && right <= width && right > width - 5, "{left}..{right} of {width}");
        assert!((-9..=-6).contains(&top) && (8..=14).contains(&bottom), "{top}..{bottom}");
    }

    #[test]
    fn bold_is_wider() {
        assert!(width("Pods by phase", 12, true) > width("Pods by phase", 12, false));
    }
}
