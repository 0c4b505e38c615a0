//! Exact resource quantities, as apimachinery's `resource.Quantity`: parsing, canonical printing, rounding up.
//! Fractions finer than nano are rounded up (away from zero), as upstream does.

use std::fmt;

/// The suffix family a quantity is printed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `Ki`, `Mi`, …
    BinarySi,
    /// `n`, `u`, `m`, none, `k`, `M`, …
    DecimalSi,
    /// `e3`, `e6`, …
    DecimalExponent,
}

/// An exact decimal number in nano units.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Quantity {
    /// The value times 10⁹.
    pub nano: i128,
    /// How it was written.
    pub format: Format,
}

/// One whole in nano units.
const WHOLE: i128 = 1_000_000_000;
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [(&str, i32); 9] =
    [("n", -9), ("u", -6), ("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

/// Compares values only; `1024` and `1Ki` are equal.
impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self { nano: 0, format: Format::DecimalSi };

    /// `milli` thousandths (milli-CPU).
    pub const fn from_milli(milli: i64) -> Self {
        Self { nano: milli as i128 * 1_000_000, format: Format::DecimalSi }
    }

    /// A whole number, printed without suffix where possible.
    pub const fn from_whole(value: i64) -> Self {
        Self { nano: value as i128 * WHOLE, format: Format::DecimalSi }
    }

    /// A number of bytes, printed with binary suffixes.
    pub const fn from_bytes(bytes: i64) -> Self {
        Self { nano: bytes as i128 * WHOLE, format: Format::BinarySi }
    }

    /// Rounded up to whole units. Upstream: `Quantity.Value`.
    pub fn value(&self) -> i64 {
        self.narrowed(ceil_away(self.nano, WHOLE))
    }

    /// Rounded up to thousandths. Upstream: `Quantity.MilliValue`.
    pub fn milli(&self) -> i64 {
        self.narrowed(ceil_away(self.nano, 1_000_000))
    }

    /// Beyond int64 upstream's numbers are what its two representations make of them: zero for the integer form, the
    /// low 64 bits for the big one, which binary quantities and those of more than 18 digits have.
    fn narrowed(&self, value: i128) -> i64 {
        if let Some(exact) = i64::try_from(value).ok().filter(|exact| *exact != i64::MIN) {
            return exact;
        }
        let mut digits = self.nano;
        while digits % 10 == 0 && digits != 0 {
            digits /= 10;
        }
        let is_big = self.format == Format::BinarySi || digits.abs() >= 1_000_000_000_000_000_000;
        if is_big && value != i128::from(i64::MIN) { value as i64 } else { 0 }
    }

    /// Reads a quantity: sign, decimal number, then a suffix or an exponent. `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_checked(text).ok()
    }

    /// As `parse`, with upstream's complaint. Upstream: apimachinery `resource.ParseQuantity`.
    pub fn parse_checked(text: &str) -> Result<Self, ParseError> {
        let parts = split(text)?;
        let (format, base2, base10) = read_suffix(parts.suffix).ok_or(ParseError::Suffix)?;
        let nano = scale(parts.whole, parts.fraction, base2, base10, cap(format));
        Ok(Self { nano: if parts.negative { -nano } else { nano }, format })
    }

    /// The text the API server shows for a quantity written as `text`: what is in a simple form already is echoed as it
    /// was written, anything else is printed canonically.
    pub fn canonical(text: &str) -> Result<String, ParseError> {
        let quantity = Self::parse_checked(text)?;
        let echoed = Amount::parse(text).is_some_and(|amount| amount.keeps_text);
        Ok(if echoed { text.to_owned() } else { quantity.to_string() })
    }

    /// Rounded up to thousandths, keeping the format. Upstream: `Quantity.RoundUp(resource.Milli)`.
    #[must_use]
    pub fn rounded_to_milli(self) -> Self {
        Self { nano: ceil_away(self.nano, 1_000_000) * 1_000_000, format: self.format }
    }
}

/// Why a text is no quantity, in upstream's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not of the form number and suffix.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The suffix is unknown.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// Sign, digits before and after the point, suffix.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

/// Upstream: apimachinery `resource.parseQuantityString`. Missing digits are zero, so `.` and `Gi` are quantities.
fn split(text: &str) -> Result<Parts<'_>, ParseError> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, rest) = split_digits(unsigned);
    let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    let letters = suffix.trim_start_matches(|c: char| "eEinumkKMGTP".contains(c));
    let exponent = letters.strip_prefix(['+', '-']).unwrap_or(letters);
    if text.is_empty() || !split_digits(exponent).1.is_empty() {
        return Err(ParseError::Format);
    }
    Ok(Parts { negative: text.starts_with('-'), whole, fraction, suffix })
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// A quantity as upstream's fast path holds it: an integer times a power of ten. The pod template hash is taken over
/// these very numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The integer, sign included.
    pub value: i64,
    /// The power of ten.
    pub scale: i32,
    /// Is the text remembered as it was written?
    pub keeps_text: bool,
}

impl Amount {
    /// `None` where upstream falls back to big decimals. Upstream: the fast path of `resource.ParseQuantity`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "0" {
            return Some(Self { value: 0, scale: 0, keeps_text: true });
        }
        let parts = split(text).ok()?;
        let (format, base2, base10) = read_suffix(parts.suffix)?;
        let trimmed = parts.whole.trim_start_matches('0');
        let whole = if trimmed.is_empty() { "0" } else { trimmed };
        let length = (whole.len() + parts.fraction.len()) as i32;
        let bits = 10 * base2 as i32;
        let (precision, factor, exponent) = match format {
            Format::BinarySi if parts.fraction.is_empty() && bits < 60 => {
                (15 - whole.len() as i32 - bits * 3 / 10 - 1, 1_i64 << bits, 0)
            }
            Format::BinarySi => return None,
            Format::DecimalSi | Format::DecimalExponent => (18 - length, 1, base10),
        };
        let scale = exponent - parts.fraction.len() as i32;
        if precision < 0 || scale < -9 {
            return None;
        }
        let digits = [whole, parts.fraction].concat();
        let number: i64 = digits.parse().ok()?;
        let value = number.checked_mul(factor)?;
        let keeps_text = if format == Format::BinarySi {
            number & 7 != 0
        } else {
            scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0')
        };
        Some(Self { value: if parts.negative { -value } else { value }, scale, keeps_text })
    }
}

/// (format, power of 1024, power of 10) of a suffix.
fn read_suffix(suffix: &str) -> Option<(Format, u32, i32)> {
    if suffix.is_empty() {
        return Some((Format::DecimalSi, 0, 0));
    }
    if let Some(place) = BINARY.iter().position(|candidate| *candidate == suffix) {
        return Some((Format::BinarySi, place as u32 + 1, 0));
    }
    if let Some((_, power)) = DECIMAL.iter().find(|(candidate, _)| *candidate == suffix) {
        return Some((Format::DecimalSi, 0, *power));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    exponent.parse::<i32>().ok().map(|power| (Format::DecimalExponent, 0, power))
}

/// The largest magnitude in nano units: binary quantities end at 2⁶³−1 whole units.
fn cap(format: Format) -> i128 {
    if format == Format::BinarySi { i128::from(i64::MAX) * WHOLE } else { 10_i128.pow(38) }
}

/// Digits times 1024^base2 times 10^base10 in nano units, rounded up and capped.
fn scale(whole: &str, fraction: &str, base2: u32, base10: i32, cap: i128) -> i128 {
    let digits: String = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    // Nano units: 10^(9 + base10 - places) for each digit unit.
    let power = i64::from(base10) + 9 - fraction.len() as i64;
    // Beyond these magnitudes only the cap or the smallest unit remains.
    if digits.len() as i64 + power > 40 {
        return cap;
    }
    if digits.len() > 34 {
        let (head, tail) = digits.split_at(34);
        let dropped = tail.len() as i64;
        return scale_digits(head.parse().unwrap_or(i128::MAX), power + dropped, base2, cap);
    }
    scale_digits(digits.parse().unwrap_or(i128::MAX), power, base2, cap)
}

fn scale_digits(mantissa: i128, power: i64, base2: u32, cap: i128) -> i128 {
    let multiplied = 1024_i128.checked_pow(base2).and_then(|factor| mantissa.checked_mul(factor));
    let Some(multiplied) = multiplied else { return cap };
    if power >= 0 {
        let scaled = 10_i128.checked_pow(power as u32).and_then(|factor| multiplied.checked_mul(factor));
        scaled.map_or(cap, |value| value.min(cap))
    } else if power < -38 {
        1
    } else {
        ceil_away(multiplied, 10_i128.pow(power.unsigned_abs() as u32)).min(cap)
    }
}

/// Division rounding away from zero.
fn ceil_away(value: i128, divisor: i128) -> i128 {
    let quotient = value / divisor;
    if value % divisor == 0 { quotient } else { quotient + value.signum() }
}

/// Canonical form: the largest suffix with which the number stays whole.
/// Upstream: `Quantity.CanonicalizeBytes`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nano == 0 {
            return f.write_str("0");
        }
        let binary = self.format == Format::BinarySi && self.nano % WHOLE == 0 && self.nano.abs() >= 1024 * WHOLE;
        if binary {
            let mut value = self.nano / WHOLE;
            let mut place = 0;
            while value % 1024 == 0 && place < BINARY.len() {
                value /= 1024;
                place += 1;
            }
            return write!(f, "{value}{}", if place == 0 { "" } else { BINARY[place - 1] });
        }
        let mut value = self.nano;
        let mut power = -9;
        while value % 1000 == 0 && power < 18 {
            value /= 1000;
            power += 3;
        }
        if self.format == Format::DecimalExponent {
            return if power == 0 { write!(f, "{value}") } else { write!(f, "{value}e{power}") };
        }
        let suffix = DECIMAL.iter().find(|(_, candidate)| *candidate == power).map_or("", |(suffix, _)| *suffix);
        write!(f, "{value}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_print_canonically() {
        for (text, canonical) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("100Ki", "100Ki"),
            ("1000k", "1M"),
            ("0", "0"),
            ("1e3", "1e3"),
            ("12345", "12345"),
            ("0.5Gi", "512Mi"),
        ] {
            assert_eq!(
                Quantity::parse(text).map(|quantity| quantity.to_string()).as_deref(),
                Some(canonical),
                "{text}"
            );
        }
    }

    #[test]
    fn values_round_up() {
        assert_eq!(Quantity::parse("0.1m").map(|quantity| quantity.milli()), Some(1));
        assert_eq!(Quantity::parse("1500m").map(|quantity| quantity.value()), Some(2));
        assert_eq!(Quantity::parse("-1500m").map(|quantity| quantity.value()), Some(-2));
    }

    #[test]
    fn other_texts_are_no_quantities() {
        for text in ["", "abc", "1.2.3", "5x", "1Kb", "--1", "1 Gi"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
