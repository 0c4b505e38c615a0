//! Colours. Those that carry meaning are Okabe and Ito's, which people with colour blindness can tell apart;
//! the neutral ones are exact values that the page's style sheet replaces in dark mode.

use crate::record::Stage;

/// Red, green, blue.
pub type Color = [u8; 3];

/// Behind everything.
pub const PAPER: Color = [0xff, 0xff, 0xff];
/// Titles, axes, lines of reference.
pub const INK: Color = [0x1f, 0x29, 0x33];
/// Subtitles, tick labels.
pub const MUTED: Color = [0x52, 0x60, 0x6d];
/// Grid lines.
pub const GRID: Color = [0xe4, 0xe7, 0xeb];
/// Areas behind data: what is wanted, what is missing.
pub const SHADE: Color = [0xc3, 0xcb, 0xd5];

/// Around a line of `BLUE`: how sure it is.
pub const BAND: Color = [0xc5, 0xda, 0xee];
/// Text on light and on dark cells, which have the same colours in every theme: not the exact values of `INK` and `PAPER`,
/// which the page replaces.
pub const ON_LIGHT: Color = [0x1f, 0x29, 0x34];
/// The other one.
pub const ON_DARK: Color = [0xfe, 0xff, 0xff];

/// Okabe-Ito orange.
pub const ORANGE: Color = [0xe6, 0x9f, 0x00];
/// Okabe-Ito sky blue.
pub const SKY: Color = [0x56, 0xb4, 0xe9];
/// Okabe-Ito bluish green.
pub const GREEN: Color = [0x00, 0x9e, 0x73];
/// Okabe-Ito yellow.
pub const YELLOW: Color = [0xf0, 0xe4, 0x42];
/// Okabe-Ito blue.
pub const BLUE: Color = [0x00, 0x72, 0xb2];
/// Okabe-Ito vermillion.
pub const VERMILLION: Color = [0xd5, 0x5e, 0x00];
/// Okabe-Ito reddish purple.
pub const PURPLE: Color = [0xcc, 0x79, 0xa7];
/// Stands in for Okabe-Ito black, which would hide axes.
pub const GREY: Color = [0x8c, 0x95, 0x9f];

/// The classes of pods that charts tell apart: name, colour, stages.
pub const POD_CLASSES: [(&str, Color, &[Stage]); 8] = [
    ("Succeeded", BLUE, &[Stage::Succeeded]),
    ("Running, ready", GREEN, &[Stage::Ready]),
    ("Running, not ready", SKY, &[Stage::NotReady]),
    ("Back-off or error", PURPLE, &[Stage::BackingOff]),
    ("Starting", ORANGE, &[Stage::Starting]),
    ("Pending (no node)", YELLOW, &[Stage::Unscheduled, Stage::Unschedulable]),
    ("Terminating", GREY, &[Stage::Terminating]),
    ("Failed", VERMILLION, &[Stage::Failed]),
];

/// The place of a stage in `POD_CLASSES`; none for pods that are gone.
pub fn class_of(stage: Stage) -> Option<usize> {
    match stage {
        Stage::Succeeded => Some(0),
        Stage::Ready => Some(1),
        Stage::NotReady => Some(2),
        Stage::BackingOff => Some(3),
        Stage::Starting => Some(4),
        Stage::Unscheduled | Stage::Unschedulable => Some(5),
        Stage::Terminating => Some(6),
        Stage::Failed => Some(7),
        Stage::Deleted => None,
    }
}

/// Light to dark for shares of 0 to 1, in blues: readable in grey and with any colour vision.
const SEQUENCE: [Color; 9] = [
    [0xee, 0xf5, 0xfc],
    [0xda, 0xe8, 0xf5],
    [0xc6, 0xdb, 0xef],
    [0x9e, 0xca, 0xe1],
    [0x6b, 0xae, 0xd6],
    [0x42, 0x92, 0xc6],
    [0x21, 0x71, 0xb5],
    [0x08, 0x51, 0x9c],
    [0x08, 0x30, 0x6b],
];

/// Steps of the sequence that are told apart: adjoining cells of one step become one rectangle.
pub const SHADES: usize = 20;

/// The colour of a share between 0 and 1, as one of `SHADES` steps.
pub fn shade(step: usize) -> Color {
    let place = step.min(SHADES) as f64 / SHADES as f64 * (SEQUENCE.len() - 1) as f64;
    let low = (place as usize).min(SEQUENCE.len() - 2);
    let part = place - low as f64;
    let mix = |channel: usize| {
        let (from, to) = (f64::from(SEQUENCE[low][channel]), f64::from(SEQUENCE[low + 1][channel]));
        (from + (to - from) * part).round() as u8
    };
    [mix(0), mix(1), mix(2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_the_class_that_lists_it() {
        for stage in Stage::ALL {
            let listed = POD_CLASSES.iter().position(|(_, _, stages)| stages.contains(&stage));
            assert_eq!(class_of(stage), listed, "{stage:?}");
        }
    }

    #[test]
    fn the_sequence_darkens_all_the_way() {
        let light = |color: Color| color.iter().map(|&channel| u32::from(channel)).sum::<u32>();
        assert!((0..SHADES).all(|step| light(shade(step)) > light(shade(step + 1))));
        assert_eq!(shade(SHADES), SEQUENCE[8]);
    }
}
