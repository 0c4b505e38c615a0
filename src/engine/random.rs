//! Named random streams. Every random consumer has its own ChaCha stream derived from (seed, name, id), so
//! that adding a consumer, or a draw in one, never shifts another.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The run's seed, from which streams are derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Streams {
    /// Streams of the run with this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 64 bits that depend on the seed only.
    pub fn mask(self) -> u64 {
        fnv1a("mask", self.seed)
    }

    /// The stream `name` (`"kubelet/pleg"`) of the object `id`; the same arguments give the same numbers.
    pub fn stream(self, name: &str, id: u64) -> Stream {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        generator.set_stream(fnv1a(name, id));
        Stream { generator }
    }
}

impl Stream {
    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in [0, 1) with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in (0, 1), never one of the ends: 52 random bits, each value the middle of its cell. For inversion
    /// of distribution functions that are infinite at the ends.
    pub fn open_unit(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// Standard normal, from one draw.
    pub fn normal(&mut self) -> f64 {
        standard_normal_quantile(self.open_unit())
    }

    /// Exponential with this mean, from one draw.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log1p(-self.open_unit())
    }

    /// Uniform in 0..`bound` (0 where `bound` is 0), without modulo bias.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Lemire's method: the high half of a 128-bit product, rejecting the biased low part.
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            if product as u64 >= bound.wrapping_neg() % bound {
                return (product >> 64) as u64;
            }
        }
    }
}

/// The value below which a standard normal number lies with `probability`, in (0, 1): algorithm AS 241 (PPND16)
/// of M. J. Wichura, Applied Statistics 37 (1988), good to about 1 in 10^16.
pub fn standard_normal_quantile(probability: f64) -> f64 {
    const CENTRE: ([f64; 8], [f64; 8]) = (
        [
            3.387_132_872_796_366_6,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ],
        [
            1.0,
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_545,
        ],
    );
    const FLANK: ([f64; 8], [f64; 8]) = (
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            0.241_780_725_177_450_6,
            0.022_723_844_989_269_184,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            0.689_767_334_985_1,
            0.148_103_976_427_480_08,
            0.015_198_666_563_616_457,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    );
    const TAIL: ([f64; 8], [f64; 8]) = (
        [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            0.296_560_571_828_504_87,
            0.026_532_189_526_576_124,
            0.001_242_660_947_388_078_4,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288e-7,
        ],
        [
            1.0,
            0.599_832_206_555_888,
            0.136_929_880_922_735_8,
            0.014_875_361_290_850_615,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_8e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    );
    let polynomial = |coefficients: &[f64; 8], x: f64| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
    let ratio = |(above, below): &([f64; 8], [f64; 8]), x: f64| polynomial(above, x) / polynomial(below, x);
    let offset = probability - 0.5;
    if offset.abs() <= 0.425 {
        return offset * ratio(&CENTRE, 0.180_625 - offset * offset);
    }
    let outside = if offset < 0.0 { probability } else { 1.0 - probability };
    let distance = (-libm::log(outside)).sqrt();
    let value = if distance <= 5.0 { ratio(&FLANK, distance - 1.6) } else { ratio(&TAIL, distance - 5.0) };
    if offset < 0.0 { -value } else { value }
}

/// FNV-1a over the name and the id: stable across versions of compiler and crates.
fn fnv1a(name: &str, id: u64) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes().chain(id.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values_stay() {
        let mut stream = Streams::new(7).stream("kubelet/pleg", 3);
        assert_eq!(
            [stream.next_u64(), stream.next_u64(), stream.next_u64()],
            [0xcc80_fbcf_9040_74d0, 0x11d0_5db6_7ccd_3815, 0xf8b3_6547_9a16_cb21]
        );
        assert_eq!(stream.unit().to_bits(), 0x3fee_5498_efd0_7ef1);
        assert_eq!(stream.open_unit().to_bits(), 0x3fdd_30e5_4ee5_91be);
        assert_eq!(stream.normal().to_bits(), 0xbff6_c1c2_bf4f_30ed);
        assert_eq!(stream.exponential(5.0).to_bits(), 0x401b_b106_2076_4be4);
        assert_eq!([stream.below(1000), stream.below(1000), stream.below(3)], [144, 270, 2]);
    }

    #[test]
    fn streams_differ_by_seed_name_and_id() {
        let first = |seed, name, id| Streams::new(seed).stream(name, id).next_u64();
        let base = first(1, "a", 1);
        assert_eq!(base, first(1, "a", 1));
        assert!([first(2, "a", 1), first(1, "b", 1), first(1, "a", 2)].iter().all(|&other| other != base));
    }

    #[test]
    fn bounded_numbers_stay_below_their_bound() {
        let mut stream = Streams::new(0).stream("test", 0);
        assert_eq!(stream.below(0), 0);
        let mut counts = [0u32; 6];
        for _ in 0..6000 {
            counts[stream.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_normal_quantile_agrees_with_published_values() {
        for (probability, value) in [
            (0.5, 0.0),
            (0.25, -0.674_489_750_196_081_7),
            (0.99, 2.326_347_874_040_841),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
        ] {
            let found = standard_normal_quantile(probability);
            assert!((found - value).abs() < 1e-14 * f64::max(1.0, f64::abs(value)), "{probability}: {found} {value}");
        }
    }
}
