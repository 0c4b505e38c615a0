//! The uid of a pod.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `metadata.uid`: 128 bits, kept as two words because a `u128` would leave gaps in the rows of a million pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u128", into = "u128")]
pub struct Uid([u64; 2]);

impl From<u128> for Uid {
    fn from(bits: u128) -> Self {
        Self([(bits >> 64) as u64, bits as u64])
    }
}

impl From<Uid> for u128 {
    fn from(Uid([high, low]): Uid) -> Self {
        Self::from(high) << 64 | Self::from(low)
    }
}

/// In the usual groups of hexadecimal digits.
impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |word: u64, shift: u32, digits: u32| (word >> shift) & ((1 << (digits * 4)) - 1);
        let Self([high, low]) = *self;
        write!(f, "{:08x}-{:04x}-{:04x}", part(high, 32, 8), part(high, 16, 4), part(high, 0, 4))?;
        write!(f, "-{:04x}-{:012x}", part(low, 48, 4), part(low, 0, 12))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_prints_in_groups_and_loses_no_bit() {
        let bits = 0x0123_4567_89ab_4cde_8f01_2345_6789_abcd;
        let uid = Uid::from(bits);
        assert_eq!(uid.to_string(), "01234567-89ab-4cde-8f01-23456789abcd");
        assert_eq!(u128::from(uid), bits);
    }
}
