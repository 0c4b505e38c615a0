//! Numbers that are not below zero, the same on every machine: of 0.0 and -0.0, `f64::max` returns either, as the compiler
//! finds convenient.

/// What is below zero counts as nothing.
pub trait NonNegative {
    /// The number; 0.0 where it is less, -0.0 or no number.
    #[must_use]
    fn non_negative(self) -> Self;
}

impl NonNegative for f64 {
    #[inline]
    fn non_negative(self) -> Self {
        if self > 0.0 { self } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_no_sign() {
        let cases = [(1.5, 1.5), (0.0, 0.0), (-0.0, 0.0), (-2.0, 0.0), (f64::NAN, 0.0), (f64::INFINITY, f64::INFINITY)];
        for (number, expected) in cases {
            assert_eq!(f64::to_bits(number.non_negative()), f64::to_bits(expected));
        }
    }
}
