//! Survival of Pods: the product-limit (Kaplan-Meier) estimate with late entry and censoring, on a logarithmic grid of ages.
//!
//! A Pod that lived before the window opened enters the risk set at the age it had then (left truncation); one that lives on when
//! the window closes leaves it without an end (right censoring). Both would bias a plain histogram of observed lifetimes.

use crate::units::SimSpan;

/// Cells per factor of ten in age.
const CELLS_PER_DECADE: usize = 20;
/// The grid spans a millisecond to a hundred thousand days.
const CELLS: usize = 13 * CELLS_PER_DECADE;

/// Entries, exits and ends by age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survival {
    entered: Vec<u64>,
    left: Vec<u64>,
    ended: Vec<u64>,
}

/// A point of the survival curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurvivalPoint {
    /// Age in seconds.
    pub age: f64,
    /// Share of Pods that live longer.
    pub share: f64,
    /// Pods observed at this age.
    pub at_risk: u64,
}

impl Default for Survival {
    fn default() -> Self {
        Self { entered: vec![0; CELLS], left: vec![0; CELLS], ended: vec![0; CELLS] }
    }
}

/// The cell of an age.
fn cell(age: SimSpan) -> usize {
    let secs = age.as_secs_f64().max(1e-3);
    (((secs / 1e-3).log10() * CELLS_PER_DECADE as f64) as usize).min(CELLS - 1)
}

/// The upper edge of a cell, in seconds.
fn upper_edge(cell: usize) -> f64 {
    1e-3 * 10f64.powf((cell + 1) as f64 / CELLS_PER_DECADE as f64)
}

impl Survival {
    /// A Pod was watched from age `from` and ended at age `to`.
    pub fn ended(&mut self, from: SimSpan, to: SimSpan) {
        self.ended[cell(to)] += 1;
        self.watched(from, to);
    }

    /// A Pod was watched from age `from` and lived on at age `to`, when the window closed.
    pub fn censored(&mut self, from: SimSpan, to: SimSpan) {
        self.watched(from, to);
    }

    fn watched(&mut self, from: SimSpan, to: SimSpan) {
        self.entered[cell(from)] += 1;
        self.left[cell(to)] += 1;
    }

    /// Adds another window's observations.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.entered, &other.entered), (&mut self.left, &other.left), (&mut self.ended, &other.ended)] {
            for (sum, more) in mine.iter_mut().zip(theirs) {
                *sum += more;
            }
        }
    }

    /// The curve, at the upper edges of the cells in which Pods were watched.
    pub fn curve(&self) -> Vec<SurvivalPoint> {
        let (mut at_risk, mut share, mut points) = (0, 1.0, Vec::new());
        for cell in 0..CELLS {
            at_risk += self.entered[cell];
            if at_risk > 0 {
                share *= 1.0 - self.ended[cell] as f64 / at_risk as f64;
                points.push(SurvivalPoint { age: upper_edge(cell), share, at_risk });
            }
            at_risk -= self.left[cell];
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> SimSpan {
        SimSpan::from_secs(secs)
    }

    #[test]
    fn without_censoring_the_curve_is_the_share_that_lives_longer() {
        let mut survival = Survival::default();
        for life in [1, 10, 100, 1000] {
            survival.ended(SimSpan::ZERO, secs(life));
        }
        let after = |age: f64| survival.curve().iter().rfind(|point| point.age <= age).map_or(1.0, |point| point.share);
        assert_eq!((after(5.0), after(50.0), after(500.0)), (0.75, 0.5, 0.25));
    }

    #[test]
    fn a_pod_that_lives_on_counts_only_as_long_as_it_was_watched() {
        let mut survival = Survival::default();
        survival.censored(SimSpan::ZERO, secs(10));
        survival.ended(SimSpan::ZERO, secs(100));
        assert_eq!(survival.curve().last().map(|point| point.share), Some(0.0));
        assert!(survival.curve().iter().filter(|point| point.age < 90.0).all(|point| (point.share - 1.0).abs() < 1e-12));
    }

    #[test]
    fn an_old_pod_enters_late_and_does_not_vouch_for_its_youth() {
        let mut survival = Survival::default();
        survival.ended(secs(50), secs(100));
        survival.ended(SimSpan::ZERO, secs(10));
        let young = survival.curve().iter().find(|point| point.age > 10.0).map(|point| point.share);
        assert_eq!(young, Some(0.0));
    }
}
