//! Axes over numbers of any size and sign, with round ticks, and the texts of numbers on charts.

use super::axis::grouped;

/// What a quotient may be off by.
const DIRT: f64 = 1e-7;

/// Numbers from `low` to `high`, at pixels from `from` to `to` (which may run upwards).
#[derive(Clone, Copy, Debug)]
pub struct NumberAxis {
    /// The least number shown.
    pub low: f64,
    /// The greatest number shown.
    pub high: f64,
    /// Distance of ticks.
    pub step: f64,
    /// Where `low` is.
    pub from: i32,
    /// Where `high` is.
    pub to: i32,
}

impl NumberAxis {
    /// An axis that holds all of `numbers` (finite ones), with ticks at least `room` pixels apart. It starts at 0 unless
    /// all numbers lie close together far from it.
    pub fn new(numbers: impl IntoIterator<Item = f64>, from: i32, to: i32, room: i32) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for number in numbers {
            (low, high) = (low.min(number), high.max(number));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if low > 0.0 && low < high * 0.6 {
            low = 0.0;
        } else if high < 0.0 && high > low * 0.6 {
            high = 0.0;
        }
        if high - low < 1e-9 * high.abs().max(low.abs()).max(1e-3) {
            // One number only: it stands in the middle of a unit of its size.
            let pad = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = if low == 0.0 { (0.0, 1.0) } else { (low - pad, high + pad) };
        }
        let most = f64::from(((to - from).abs() / room).max(2));
        let step = round_step((high - low) / most);
        let (low, high) = ((low / step + DIRT).floor() * step, (high / step - DIRT).ceil() * step);
        Self { low, high, step, from, to }
    }

    /// An axis from the least to the greatest number, without room for more.
    pub fn exact(low: f64, high: f64, from: i32, to: i32, room: i32) -> Self {
        let most = f64::from(((to - from).abs() / room).max(2));
        let step = round_step((high - low).max(1e-12) / most);
        Self { low, high, step, from, to }
    }

    /// The pixel of a number.
    pub fn at(&self, number: f64) -> i32 {
        let part = (number - self.low) / (self.high - self.low).max(1e-300);
        self.from + (part * f64::from(self.to - self.from)).round() as i32
    }

    /// Pixels and labels of ticks.
    pub fn ticks(&self) -> Vec<(i32, String)> {
        let first = (self.low / self.step - DIRT).ceil();
        let count = ((self.high - self.low) / self.step + 1e-9).floor() as i32;
        let numbers = (0..=count).map(|index| (first + f64::from(index)) * self.step);
        numbers
            .filter(|number| *number <= self.high + self.step * 1e-6)
            .map(|n| (self.at(n), text(n, self.step)))
            .collect()
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let steps = (-12..16).flat_map(|power| [1, 2, 5].map(|digit| format!("{digit}e{power}")));
    // Read from text, powers of ten are the nearest numbers there are; multiplied up they would not be.
    let mut steps = steps.filter_map(|text| text.parse::<f64>().ok());
    steps.find(|round| *round >= step * 0.999_999).unwrap_or(1e16)
}

/// A number as a tick shows it, with as many decimals as the distance of ticks needs.
fn text(number: f64, step: f64) -> String {
    let mut decimals = 0;
    let mut rest = step;
    while decimals < 9 && rest < 0.999_999 {
        rest *= 10.0;
        decimals += 1;
    }
    with_decimals(number, decimals)
}

/// A number with four digits that count, or all of a whole one.
pub fn short(number: f64) -> String {
    let size = number.abs();
    let decimals = match size {
        _ if size >= 1_000.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 10.0 => 2,
        _ if size >= 1.0 => 3,
        _ => 4,
    };
    let text = with_decimals(number, decimals);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn with_decimals(number: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", number.abs());
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = whole.parse::<u64>().map_or_else(|_| whole.to_owned(), grouped);
    let text = fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}"));
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if number < 0.0 && !is_zero { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(numbers: &[f64]) -> String {
        let axis = NumberAxis::new(numbers.iter().copied(), 500, 0, 60);
        axis.ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_at_every_size() {
        assert_eq!(labels(&[3.0, 17.0]), "0 5 10 15 20");
        assert_eq!(labels(&[0.9991, 0.9998]), "0.9991 0.9992 0.9993 0.9994 0.9995 0.9996 0.9997 0.9998");
        assert_eq!(labels(&[-3.0, 4.5]), "-3 -2 -1 0 1 2 3 4 5");
        assert_eq!(labels(&[12_000.0, 48_000.0]), "0 10,000 20,000 30,000 40,000 50,000");
        assert_eq!(labels(&[0.0]), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(labels(&[]), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(labels(&[7.0, 7.0]), "6.2 6.4 6.6 6.8 7.0 7.2 7.4 7.6 7.8");
    }

    #[test]
    fn numbers_are_as_long_as_they_say_something() {
        for (number, expected) in [
            (0.0, "0"),
            (12.0, "12"),
            (0.123_45, "0.1235"),
            (12.3456, "12.35"),
            (123.456, "123.5"),
            (123_456.7, "123,457"),
            (-2.5, "-2.5"),
            (-0.000_01, "0"),
        ] {
            assert_eq!(short(number), expected);
        }
    }
}
