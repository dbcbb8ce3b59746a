//! Kubernetes quantities, exact to a billionth of a unit as in Kubernetes, rounded up when they become integers.

/// Billionths in a unit.
const NANOS: i128 = 1_000_000_000;
/// The largest quantity that Kubernetes holds: 2^63 - 1.
const UNITS_MAX: i128 = i64::MAX as i128;

/// An amount in billionths of a unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Quantity {
    nanos: i128,
}

/// Why a text is no quantity.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum BadQuantity {
    #[error("there is no number in it")]
    NoNumber,
    #[error("the suffix is not one of m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei, e3")]
    Suffix,
    #[error("it must not be negative")]
    Negative,
    #[error("it is more than 2^63 - 1, the most that Kubernetes can hold")]
    TooLarge,
}

impl Quantity {
    /// Reads `500m`, `1Gi`, `1e3`, `0.3`, …
    pub(crate) fn parse(text: &str) -> Result<Self, BadQuantity> {
        let (negative, unsigned) = split_sign(text);
        let digits_end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(digits_end);
        let scale = Scale::parse(suffix)?;
        let nanos = scale.nanos(number)?;
        match (negative, nanos) {
            (true, 1..) => Err(BadQuantity::Negative),
            (_, nanos) if nanos > UNITS_MAX * NANOS => Err(BadQuantity::TooLarge),
            (_, nanos) => Ok(Self { nanos }),
        }
    }

    /// Whole units.
    pub(crate) const fn from_units(units: u64) -> Self {
        Self { nanos: units as i128 * NANOS }
    }

    /// Thousandths of a unit.
    pub(crate) const fn from_millis(millis: u64) -> Self {
        Self { nanos: millis as i128 * (NANOS / 1_000) }
    }

    /// Thousandths, rounded up.
    pub(crate) const fn millis(self) -> u64 {
        ceil(self.nanos, NANOS / 1_000)
    }

    /// Units, rounded up.
    pub(crate) const fn units(self) -> u64 {
        ceil(self.nanos, NANOS)
    }

    /// True if there is no fraction of a unit.
    pub(crate) const fn is_whole(self) -> bool {
        self.nanos % NANOS == 0
    }

    /// As a float, for laws.
    pub(crate) fn as_f64(self) -> f64 {
        self.nanos as f64 / NANOS as f64
    }

    /// The sum, bounded by what a quantity holds.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { nanos: (self.nanos + other.nanos).min(UNITS_MAX * NANOS) }
    }

    /// The difference, or nothing.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self { nanos: (self.nanos - other.nanos).max(0) }
    }
}

const fn ceil(nanos: i128, unit: i128) -> u64 {
    let up = (nanos + unit - 1) / unit;
    if up > UNITS_MAX { UNITS_MAX as u64 } else { up as u64 }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// What a suffix multiplies with: a power of ten and a power of two.
struct Scale {
    ten: i32,
    two: u32,
}

impl Scale {
    #[rustfmt::skip]
    fn parse(suffix: &str) -> Result<Self, BadQuantity> {
        let (ten, two) = match suffix {
            "n" => (-9, 0), "u" => (-6, 0), "m" => (-3, 0), "" => (0, 0), "k" => (3, 0), "M" => (6, 0),
            "G" => (9, 0), "T" => (12, 0), "P" => (15, 0), "E" => (18, 0),
            "Ki" => (0, 10), "Mi" => (0, 20), "Gi" => (0, 30), "Ti" => (0, 40), "Pi" => (0, 50), "Ei" => (0, 60),
            _ => (exponent(suffix)?, 0),
        };
        Ok(Self { ten, two })
    }

    /// `number` (digits and at most one point) in billionths, rounded up.
    fn nanos(&self, number: &str) -> Result<i128, BadQuantity> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(BadQuantity::NoNumber);
        }
        let digits = format!("{whole}{fraction}");
        let power = self.ten + 9 - i32::try_from(fraction.len()).map_err(|_| BadQuantity::TooLarge)?;
        shifted(digits.trim_start_matches('0'), power, self.two)
    }
}

/// `e3` or `E-2`.
fn exponent(suffix: &str) -> Result<i32, BadQuantity> {
    let digits = suffix.strip_prefix(['e', 'E']).ok_or(BadQuantity::Suffix)?;
    let power: i32 = digits.parse().map_err(|_| BadQuantity::Suffix)?;
    if (-100..=100).contains(&power) { Ok(power) } else { Err(BadQuantity::TooLarge) }
}

/// digits × 10^ten × 2^two, rounded up.
fn shifted(digits: &str, ten: i32, two: u32) -> Result<i128, BadQuantity> {
    // Beyond 27 digits only whether anything is left matters, which rounding up takes as a last digit of 1.
    let (head, tail) = digits.split_at(digits.len().min(27));
    let dropped = tail.len() as i32;
    let sticky = i128::from(tail.bytes().any(|b| b != b'0'));
    let mantissa = if head.is_empty() { 0 } else { head.parse::<i128>().map_err(|_| BadQuantity::TooLarge)? } + sticky;
    scaled(mantissa, ten.saturating_add(dropped), two).ok_or(BadQuantity::TooLarge)
}

/// mantissa × 10^ten × 2^two rounded up, if it fits.
fn scaled(mantissa: i128, ten: i32, two: u32) -> Option<i128> {
    if mantissa == 0 {
        return Some(0);
    }
    if ten >= 0 {
        return mantissa.checked_mul(10_i128.checked_pow(ten as u32)?)?.checked_mul(1 << two);
    }
    let divisor = 10_i128.checked_pow(ten.unsigned_abs()).unwrap_or(i128::MAX);
    // Whole part first, so that a long fraction of a large unit does not overflow.
    let whole = (mantissa / divisor).checked_mul(1 << two)?;
    let rest = match (mantissa % divisor).checked_mul(1 << two) {
        Some(product) => product / divisor + i128::from(product % divisor != 0),
        None => ((mantissa % divisor) as f64 / divisor as f64 * (1_u128 << two) as f64).ceil() as i128,
    };
    whole.checked_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_exact_and_round_up() {
        #[rustfmt::skip]
        let cases = [
            ("500m", 500, 1), ("1", 1_000, 1), ("0.3", 300, 1), ("1e3", 1_000_000, 1_000), ("1E3", 1_000_000, 1_000),
            ("1Gi", 1 << 30, 1 << 30), ("1.5Gi", 0, 3 << 29), ("300M", 0, 300_000_000), ("128974848000m", 0, 128_974_848),
            ("0.0001", 1, 1), ("1u", 1, 1), ("1n", 1, 1), ("0.1n", 1, 1), (".5", 500, 1), ("5.", 5_000, 5), ("+2", 2_000, 2),
            ("2E", 0, 2_000_000_000_000_000_000), ("0", 0, 0), ("-0", 0, 0), ("12e-1", 1_200, 2), ("00012", 12_000, 12),
            ("1.0000000000000000000000000000000000001", 1_001, 2), ("9223372036854775807", 0, i64::MAX as u64),
        ];
        for (text, millis, units) in cases {
            let quantity = Quantity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(quantity.units(), units, "{text} in units");
            if millis > 0 && units < 1 << 30 {
                assert_eq!(quantity.millis(), millis, "{text} in thousandths");
            }
        }
    }

    #[test]
    fn what_is_no_quantity_says_why() {
        use BadQuantity::{Negative, NoNumber, Suffix, TooLarge};
        #[rustfmt::skip]
        let cases = [
            ("", NoNumber), ("Mi", NoNumber), (".", NoNumber), ("1..2", NoNumber), ("1 Gi", Suffix), ("1gb", Suffix), ("1K", Suffix),
            ("0x10", Suffix), ("1e", Suffix), ("-1", Negative), ("-5m", Negative), ("8Ei", TooLarge), ("1e99", TooLarge),
            ("9223372036854775808", TooLarge), ("1e1000", TooLarge), ("99999999999999999999999999999999999999999999", TooLarge),
        ];
        for (text, want) in cases {
            assert_eq!(Quantity::parse(text), Err(want), "{text}");
        }
    }
}
