//! Values of awk: numbers, texts, and texts of the input that count as numbers where they look like one.

use std::cmp::Ordering;

use super::super::super::printf::general;

/// Significant digits of numbers that are no integers (`CONVFMT`, `OFMT`).
const DIGITS: usize = 6;
/// Numbers below are printed as integers where they are.
const INTEGER_MAX: f64 = 1e16;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Value {
    #[default]
    Unset,
    Number(f64),
    Text(String),
    /// A field, or what was given with `-v`.
    Input(String),
}

impl Value {
    pub fn number(&self) -> f64 {
        match self {
            Self::Unset => 0.0,
            Self::Number(number) => *number,
            Self::Text(text) | Self::Input(text) => {
                let trimmed = text.trim_start();
                leading_number(trimmed).0
            }
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::Unset => String::new(),
            Self::Number(number) => number_text(*number),
            Self::Text(text) | Self::Input(text) => text.clone(),
        }
    }

    pub fn is_true(&self) -> bool {
        match self {
            Self::Unset => false,
            Self::Text(text) => !text.is_empty(),
            Self::Input(text) if !looks_numeric(text) => !text.is_empty(),
            Self::Number(_) | Self::Input(_) => self.number() != 0.0,
        }
    }

    fn is_numeric(&self) -> bool {
        match self {
            Self::Unset | Self::Number(_) => true,
            Self::Text(_) => false,
            Self::Input(text) => looks_numeric(text),
        }
    }

    /// Order as `<` sees it; none with NaN.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.is_numeric() && other.is_numeric() {
            self.number().partial_cmp(&other.number())
        } else {
            Some(self.text().cmp(&other.text()))
        }
    }
}

/// A number as awk prints it.
pub(super) fn number_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}inf");
    }
    if number.fract() == 0.0 && number.abs() < INTEGER_MAX {
        return format!("{sign}{:.0}", number.abs());
    }
    format!("{sign}{}", general(number.abs(), DIGITS))
}

fn looks_numeric(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && leading_number(text).1 == text.len()
}

/// The decimal number a text begins with, and its length; (0, 0) where it does not.
pub(super) fn leading_number(text: &str) -> (f64, usize) {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(text.starts_with(['+', '-']));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return (0.0, 0);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let exponent_sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + exponent_sign).min(bytes.len()));
        if exponent > 0 {
            end += 1 + exponent_sign + exponent;
        }
    }
    (text[..end].parse().unwrap_or(0.0), end)
}
