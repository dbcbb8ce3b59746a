//! Units as types: simulated time, CPU and bytes are integers in newtypes, checked at the border.
//!
//! Time points ([`SimTime`]) and spans ([`SimSpan`]) do not mix. Floats live in distributions and reports, never in the state.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

/// Nanoseconds in a second.
const NANOS: u64 = 1_000_000_000;

/// A point of simulated time: nanoseconds since the start of the run (584 years fit).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimTime(u64);

/// A span of simulated time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimSpan(u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// Later than every event of a run.
    pub const MAX: Self = Self(u64::MAX);

    /// The time `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for distributions and reports.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS as f64
    }

    /// The span since `earlier`; zero if `earlier` is in fact later.
    pub const fn since(self, earlier: Self) -> SimSpan {
        SimSpan(self.0.saturating_sub(earlier.0))
    }
}

impl SimSpan {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than every run.
    pub const MAX: Self = Self(u64::MAX);

    /// A span of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A span of `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A span of `secs` seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * NANOS)
    }

    /// A span of `secs` seconds, rounded to the nearest nanosecond. Negative and NaN give zero; what does not fit gives [`SimSpan::MAX`].
    pub fn from_secs_f64(secs: f64) -> Self {
        // A float-to-integer cast saturates and turns NaN to zero, which is what the contract above says.
        Self((secs * NANOS as f64).round() as u64)
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for distributions and reports.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS as f64
    }

    /// True if no time passes.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or [`SimSpan::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `factor` times as long; exactly the same for a factor of 1.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "1 is a float, and what is not 1 is to be multiplied")]
    pub fn scaled(self, factor: f64) -> Self {
        if factor == 1.0 { self } else { Self::from_secs_f64(self.as_secs_f64() * factor) }
    }
}

impl Add<SimSpan> for SimTime {
    type Output = Self;
    /// The time `span` later; [`SimTime::MAX`] where it does not fit (an event there never happens).
    fn add(self, span: SimSpan) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for SimTime {
    type Output = SimSpan;
    /// The span between two times.
    ///
    /// # Panics
    /// If `earlier` is later: simulated time never runs back.
    fn sub(self, earlier: Self) -> SimSpan {
        SimSpan(self.0.checked_sub(earlier.0).expect("simulated time never runs back"))
    }
}

impl Add for SimSpan {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for SimSpan {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for SimSpan {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Sum for SimSpan {
    fn sum<I: Iterator<Item = Self>>(spans: I) -> Self {
        spans.fold(Self::ZERO, Add::add)
    }
}

/// Prints as Go prints a duration, with `d` for days: `2d3h`, `1m30s`, `250ms`.
impl fmt::Display for SimSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 7] =
            [("d", 86_400 * NANOS), ("h", 3_600 * NANOS), ("m", 60 * NANOS), ("s", NANOS), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)];
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, nanos) in UNITS {
            if rest >= nanos {
                write!(f, "{}{unit}", rest / nanos)?;
                rest %= nanos;
            }
        }
        Ok(())
    }
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub u64);

        impl $name {
            /// None of it.
            pub const ZERO: Self = Self(0);

            /// What is left after `taken`, or nothing where that is more than there is.
            pub const fn checked_sub(self, taken: Self) -> Option<Self> {
                match self.0.checked_sub(taken.0) {
                    Some(rest) => Some(Self(rest)),
                    None => None,
                }
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.checked_add(other.0).expect("quantities are bounded by the scenario loader"))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl SubAssign for $name {
            fn sub_assign(&mut self, taken: Self) {
                self.0 = self.0.checked_sub(taken.0).expect("never more is given back than was taken");
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
                parts.fold(Self::ZERO, Add::add)
            }
        }
    };
}

quantity! {
    /// CPU in thousandths of a core.
    MilliCpu
}
quantity! {
    /// Memory or storage in bytes.
    Bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_like_go_durations_with_days() {
        let cases = [
            (SimSpan::ZERO, "0s"),
            (SimSpan::from_secs(90), "1m30s"),
            (SimSpan::from_secs(183_600), "2d3h"),
            (SimSpan::from_millis(250), "250ms"),
            (SimSpan::from_nanos(1_000_000_001), "1s1ns"),
        ];
        for (span, want) in cases {
            assert_eq!(span.to_string(), want);
        }
    }

    #[test]
    fn seconds_that_are_no_number_give_no_time_and_huge_ones_the_longest() {
        assert_eq!(SimSpan::from_secs_f64(f64::NAN), SimSpan::ZERO);
        assert_eq!(SimSpan::from_secs_f64(-1.0), SimSpan::ZERO);
        assert_eq!(SimSpan::from_secs_f64(1e300), SimSpan::MAX);
        assert_eq!(SimSpan::from_secs_f64(1.5), SimSpan::from_millis(1_500));
    }

    #[test]
    #[should_panic(expected = "never runs back")]
    fn a_later_time_cannot_be_subtracted() {
        let _ = SimTime::ZERO - SimTime::from_nanos(1);
    }
}
