//! Tallies: exact count and sum, quantiles within one percent.

use crate::units::SimSpan;
use hdrhistogram::Histogram;

/// Observed spans. Quantiles come from a histogram of two significant digits (relative error below 1 %); count, mean, minimum and
/// maximum are exact. Tallies merge exactly, in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    histogram: Histogram<u64>,
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Tally {
    fn default() -> Self {
        let histogram = Histogram::new(2).expect("two significant digits are allowed");
        Self { histogram, sum: 0, min: u64::MAX, max: 0 }
    }
}

impl Tally {
    /// Adds an observation.
    ///
    /// # Panics
    /// If memory for the histogram cannot be addressed.
    pub fn record(&mut self, span: SimSpan) {
        let nanos = span.as_nanos();
        // Growth can only fail for lack of address space.
        self.histogram.record(nanos).expect("the histogram grows as needed");
        self.sum += u128::from(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    /// Number of observations.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Mean in seconds; `None` without observations.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum as f64 / 1e9 / self.count() as f64)
    }

    /// Sum in seconds.
    pub fn total(&self) -> f64 {
        self.sum as f64 / 1e9
    }

    /// The `p` quantile in seconds, 0 ≤ p ≤ 1; `None` without observations.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let within = || self.histogram.value_at_quantile(p).clamp(self.min, self.max);
        (self.count() > 0).then(|| within() as f64 / 1e9)
    }

    /// The smallest observation in seconds.
    pub fn min(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.min as f64 / 1e9)
    }

    /// The largest observation in seconds.
    pub fn max(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.max as f64 / 1e9)
    }

    /// Adds another tally's observations.
    ///
    /// # Panics
    /// If memory for the histogram cannot be addressed.
    pub fn merge(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("histograms of one precision merge");
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Upper edges (seconds) and counts of the non-empty histogram cells, in order.
    pub fn cells(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        self.histogram.iter_recorded().map(|cell| (cell.value_iterated_to() as f64 / 1e9, cell.count_at_value()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_one_percent_and_the_mean_is_exact() {
        let mut waits = Tally::default();
        for millis in 1..=1000 {
            waits.record(SimSpan::from_millis(millis));
        }
        let median = waits.quantile(0.5).unwrap();
        assert!((median - 0.5).abs() < 0.005, "median {median}");
        assert_eq!((waits.mean(), waits.min(), waits.max(), waits.count()), (Some(0.5005), Some(0.001), Some(1.0), 1000));
    }

    #[test]
    fn merging_is_the_same_as_recording_together() {
        let (mut left, mut right, mut all) = (Tally::default(), Tally::default(), Tally::default());
        for (n, tally) in [(3, &mut left), (700, &mut right)] {
            tally.record(SimSpan::from_secs(n));
            all.record(SimSpan::from_secs(n));
        }
        left.merge(&right);
        assert_eq!(left, all);
    }

    #[test]
    fn nothing_observed_has_no_mean() {
        assert_eq!((Tally::default().mean(), Tally::default().quantile(0.5)), (None, None));
    }
}
