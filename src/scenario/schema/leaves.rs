//! Scalars with a form of their own, as typed: each is a type that serde reads and a [`Leaf`] of the table, and
//! both use the same parser.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::check::plain;
use super::shape::{Flaw, Leaf};
use crate::engine::SimDuration;
use crate::model::quantity::Quantity;
use crate::scenario::checks;
use crate::scenario::expressions;

/// A length of time: `30s`, `1h30m`, `250ms`, `0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub SimDuration);

/// An amount of a resource: `4`, `120m`, `16Gi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount(pub Quantity);

/// Bytes per second: `100MiB/s`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(pub f64);

/// Bytes: `72MiB`, `1Gi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// An instant of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(pub jiff::Timestamp);

/// The form of [`Duration`].
pub static DURATION: Leaf = Leaf {
    name: "Duration",
    expected: "a duration such as 30s",
    takes_numbers: true,
    pattern: r"^(0|([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h|d))+)$",
    code: &checks::BAD_DURATION,
    check: |text| text.parse::<Duration>().map(drop),
};

/// The form of [`Amount`].
pub static QUANTITY: Leaf = Leaf {
    name: "Quantity",
    expected: "a quantity such as 4, 120m or 16Gi",
    takes_numbers: true,
    pattern: r"^[0-9]*\.?[0-9]+([eE][+-]?[0-9]+|n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$",
    code: &checks::BAD_QUANTITY,
    check: |text| text.parse::<Amount>().map(drop),
};

/// The form of [`Rate`].
pub static RATE: Leaf = Leaf {
    name: "Rate",
    expected: "bytes per second such as 100MiB/s",
    takes_numbers: false,
    pattern: r"^[0-9]*\.?[0-9]+ ?[kKMGT]?i?B?/s$",
    code: &checks::BAD_QUANTITY,
    check: |text| text.parse::<Rate>().map(drop),
};

/// The form of [`Size`].
pub static SIZE: Leaf = Leaf {
    name: "Size",
    expected: "a size such as 72MiB",
    takes_numbers: true,
    pattern: r"^[0-9]*\.?[0-9]+ ?[kKMGT]?i?B?$",
    code: &checks::BAD_QUANTITY,
    check: |text| text.parse::<Size>().map(drop),
};

/// The form of [`Timestamp`].
pub static TIMESTAMP: Leaf = Leaf {
    name: "Timestamp",
    expected: "an instant such as 2026-01-01T00:00:00Z",
    takes_numbers: false,
    pattern: "",
    code: &checks::BAD_VALUE,
    check: |text| text.parse::<Timestamp>().map(drop),
};

/// The form of an expression.
pub static EXPRESSION: Leaf = Leaf {
    name: "Expression",
    expected: "an expression (CEL)",
    takes_numbers: false,
    pattern: "",
    code: &checks::BAD_EXPRESSION,
    check: expressions::check,
};

/// The form of a share of a whole: `100%`.
pub static PERCENTAGE: Leaf = Leaf {
    name: "Percentage",
    expected: "a share such as 50%",
    takes_numbers: false,
    pattern: r"^[0-9]+(\.[0-9]+)?%$",
    code: &checks::BAD_VALUE,
    check: |text| match text.strip_suffix('%').map(str::parse::<f64>) {
        Some(Ok(share)) if (0.0..=100.0).contains(&share) => Ok(()),
        _ => Err(Flaw::new(format!("`{text}` is not a share from 0% to 100%"))),
    },
};

impl FromStr for Duration {
    type Err = Flaw;

    fn from_str(text: &str) -> Result<Self, Flaw> {
        SimDuration::parse(text).map(Self).map_err(|reason| Flaw::new(format!("`{text}` is not a duration: {reason}")))
    }
}

impl FromStr for Amount {
    type Err = Flaw;

    fn from_str(text: &str) -> Result<Self, Flaw> {
        let flaw = || {
            Flaw::new(format!("`{text}` is not a quantity"))
                .hint("a quantity is a number with a suffix such as m, k, M, G, Ki, Mi or Gi")
        };
        let quantity = Quantity::parse(text).ok_or_else(flaw)?;
        if text.trim_start().starts_with('-') {
            return Err(Flaw::new(format!("`{text}` is negative")));
        }
        Ok(Self(quantity))
    }
}

impl Amount {
    /// In base units (cores, bytes, pieces).
    pub fn units(self) -> f64 {
        self.0.nano as f64 / 1e9
    }
}

impl FromStr for Rate {
    type Err = Flaw;

    fn from_str(text: &str) -> Result<Self, Flaw> {
        let flaw = || Flaw::new(format!("`{text}` is not a rate: bytes per second such as 100MiB/s are expected"));
        let bytes = text.strip_suffix("/s").and_then(bytes_of).ok_or_else(flaw)?;
        if bytes > 0.0 { Ok(Self(bytes)) } else { Err(Flaw::new(format!("`{text}` is not above zero"))) }
    }
}

impl FromStr for Size {
    type Err = Flaw;

    fn from_str(text: &str) -> Result<Self, Flaw> {
        let flaw = || Flaw::new(format!("`{text}` is not a size such as 72MiB"));
        bytes_of(text).map(|bytes| Self(bytes as u64)).ok_or_else(flaw)
    }
}

impl FromStr for Timestamp {
    type Err = Flaw;

    fn from_str(text: &str) -> Result<Self, Flaw> {
        text.parse()
            .map(Self)
            .map_err(|_| Flaw::new(format!("`{text}` is not an instant such as 2026-01-01T00:00:00Z")))
    }
}

/// `72MiB`, `72Mi`, `72MB`, `72M` or plain bytes.
fn bytes_of(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let unit = unit.strip_suffix('B').unwrap_or(unit);
    let factor = match unit {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor).filter(|bytes| bytes.is_finite() && *bytes < 1e18)
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Reads a scalar (text, or a number as it prints) through its `FromStr`.
macro_rules! deserialize_from_text {
    ($($name:ident),+) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                plain(&value).parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

deserialize_from_text!(Duration, Amount, Rate, Size, Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_rates_are_read_in_both_bases() {
        for (text, bytes) in [("72MiB", 75_497_472), ("72Mi", 75_497_472), ("72MB", 72_000_000), ("5", 5)] {
            assert_eq!(text.parse::<Size>(), Ok(Size(bytes)), "{text}");
        }
        assert_eq!("100MiB/s".parse::<Rate>(), Ok(Rate(104_857_600.0)));
        for text in ["", "MiB", "5XB", "1e99Ti"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        assert!("100MiB".parse::<Rate>().is_err());
        assert!("0B/s".parse::<Rate>().is_err());
    }

    #[test]
    fn quantities_are_kubernetes_own_and_not_negative() {
        assert!((("120m".parse::<Amount>().unwrap()).units() - 0.12).abs() < 1e-12);
        assert!("-1".parse::<Amount>().is_err());
        assert!("4x".parse::<Amount>().is_err());
    }
}
