//! The formulas of the scores in floating point that gives exactly what integers give, without branches, conversions or division by
//! what does not change, so that the compiler computes several at once.

/// Amounts below this, in millicores and bytes (5.4 TiB), are exact here.
pub(super) const EXACT_BELOW: f64 = 6e12;

/// 2^52: from here to twice as much, floating point numbers are the whole numbers.
const WHOLE: f64 = (1_u64 << 52) as f64;

/// `LeastAllocated` for one resource: the integer quotient of `(allocatable - requested) * 100` and `allocatable`, 0 where more is
/// requested, for whole numbers below [`EXACT_BELOW`]. `inverse` is 1 divided by `allocatable`.
///
/// Proof. `p = (a - u) * 100` is a whole number of at most `100 a < 2^53`: difference and product are exact. The inverse and the
/// product with it each err by at most 2^-53 of their value, so together by less than 2.3e-14, as `p / a <= 100`; adding 2^-43
/// errs by at most 7.2e-15. So the sum lies between 8e-14 and 1.5e-13 above `p / a`. If `p / a` is the whole number `m`, the sum is
/// at least `m`. If `m` is the least whole number above `p / a`, then `m - p / a >= 1 / a > 1.6e-13`, and the sum stays below `m`.
#[inline(always)]
pub(super) fn least_allocated(requested: f64, allocatable: f64, inverse: f64) -> f64 {
    const BIAS: f64 = 1.0 / (1_u64 << 43) as f64;
    let free = (allocatable - requested) * 100.0 * inverse;
    whole(if free > 0.0 { free + BIAS } else { 0.0 })
}

/// The whole part of a number from 0 to 2^51: adding 2^52 rounds to a whole number, and what was rounded up is taken back.
#[inline(always)]
pub(super) fn whole(number: f64) -> f64 {
    let rounded = (number + WHOLE) - WHOLE;
    rounded - if rounded > number { 1.0 } else { 0.0 }
}

/// A whole number of at most 255 as a byte: added to 2^52 it is the low end of the binary fraction.
#[inline(always)]
pub(super) fn byte(number: f64) -> u8 {
    (number + WHOLE).to_bits() as u8
}

#[cfg(test)]
mod tests {
    use super::super::super::plugins;
    use super::*;
    use proptest::prelude::*;

    fn agree(requested: u64, allocatable: u64) -> bool {
        let given = allocatable as f64;
        least_allocated(requested as f64, given, 1.0 / given) as i64 == plugins::least_allocated(requested, allocatable)
    }

    #[test]
    fn floating_point_gives_the_integer_quotient_for_all_small_numbers() {
        for allocatable in 1..1500 {
            assert!((0..allocatable + 3).all(|requested| agree(requested, allocatable)), "{allocatable}");
        }
    }

    #[test]
    fn bytes_and_whole_parts_are_those_of_conversions() {
        for number in 0..=255_u8 {
            assert_eq!(byte(f64::from(number)), number);
            let parts = [0.0, 1e-9, 0.5, 0.999_999].map(|part| whole(f64::from(number) + part));
            assert!(parts.iter().all(|whole| *whole as u8 == number), "{number}: {parts:?}");
        }
    }

    proptest! {
        #[test]
        fn floating_point_gives_the_integer_quotient_for_large_numbers(allocatable in 1_u64..6_000_000_000_000, requested in 0_u64..6_000_000_000_000) {
            prop_assert!(agree(requested, allocatable));
            prop_assert!(agree(requested % (allocatable + 1), allocatable));
        }

        #[test]
        fn floating_point_gives_the_integer_quotient_at_the_edges(allocatable in 5_900_000_000_000_u64..6_000_000_000_000, percent in 0_u64..=100, off in -2_i64..=2) {
            let requested = allocatable - (u128::from(allocatable) * u128::from(percent) / 100) as u64;
            prop_assert!(agree(requested.saturating_add_signed(off), allocatable));
        }
    }
}
