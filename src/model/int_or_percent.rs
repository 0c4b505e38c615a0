//! `intstr.IntOrString` where it means a count or a percentage.

/// A count or a percentage of some total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntOrPercent {
    /// A count.
    Int(i32),
    /// Percent of the total.
    Percent(i32),
}

impl IntOrPercent {
    /// The count of `total`, percentages rounded up or down.
    /// Upstream: apimachinery `intstr.GetScaledValueFromIntOrPercent`.
    pub fn scaled(self, total: i32, round_up: bool) -> i32 {
        match self {
            Self::Int(count) => count,
            Self::Percent(percent) => {
                let product = i64::from(percent) * i64::from(total);
                let rounded = if round_up { (product + 99).div_euclid(100) } else { product.div_euclid(100) };
                i32::try_from(rounded).unwrap_or(i32::MAX)
            }
        }
    }

    /// Reads `25%` or a plain integer.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix('%') {
            Some(number) => number.parse().ok().map(Self::Percent),
            None => text.parse().ok().map(Self::Int),
        }
    }
}
