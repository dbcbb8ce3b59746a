//! Time-weighted averages of integer levels: exact integrals, nothing sampled.

use crate::units::SimTime;

/// A level over time: its integral, and the lowest and highest it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeAverage {
    level: u64,
    since: SimTime,
    opened: SimTime,
    area: u128,
    min: u64,
    max: u64,
}

impl TimeAverage {
    /// A level that is `level` from `now` on.
    pub const fn new(level: u64, now: SimTime) -> Self {
        Self { level, since: now, opened: now, area: 0, min: level, max: level }
    }

    /// Sets the level from `now` on.
    pub fn set(&mut self, level: u64, now: SimTime) {
        self.area += u128::from(self.level) * u128::from((now - self.since).as_nanos());
        self.since = now;
        self.level = level;
        self.min = self.min.min(level);
        self.max = self.max.max(level);
    }

    /// Raises the level by `by`.
    pub fn add(&mut self, by: u64, now: SimTime) {
        self.set(self.level + by, now);
    }

    /// Lowers the level by `by`.
    ///
    /// # Panics
    /// If the level is lower than `by`.
    pub fn sub(&mut self, by: u64, now: SimTime) {
        self.set(self.level.checked_sub(by).expect("a level never falls below zero"), now);
    }

    /// The level now.
    pub const fn level(&self) -> u64 {
        self.level
    }

    /// The lowest level in the window.
    pub const fn min(&self) -> u64 {
        self.min
    }

    /// The highest level in the window.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// Forgets the past: the window opens at `now`.
    pub fn reset(&mut self, now: SimTime) {
        *self = Self::new(self.level, now);
    }

    /// The integral up to `now`, in level · seconds.
    pub fn integral(&self, now: SimTime) -> f64 {
        let area = self.area + u128::from(self.level) * u128::from((now - self.since).as_nanos());
        area as f64 / 1e9
    }

    /// The mean over the window up to `now`; the level itself for an empty window.
    pub fn mean(&self, now: SimTime) -> f64 {
        let span = (now - self.opened).as_secs_f64();
        if span > 0.0 { self.integral(now) / span } else { self.level as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn the_mean_weighs_each_level_by_its_time() {
        let mut pods = TimeAverage::new(0, at(0));
        pods.add(10, at(5));
        pods.sub(6, at(15));
        assert_eq!((pods.mean(at(20)), pods.min(), pods.max()), ((100.0 + 20.0) / 20.0, 0, 10));
    }

    #[test]
    fn a_reset_forgets_the_warm_up_and_keeps_the_level() {
        let mut pods = TimeAverage::new(100, at(0));
        pods.set(4, at(10));
        pods.reset(at(20));
        assert_eq!((pods.mean(at(30)), pods.max()), (4.0, 4));
    }
}
