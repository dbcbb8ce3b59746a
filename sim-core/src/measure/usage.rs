//! What containers use, as a function of time that is integrated when something changes: no samples, no event per container.
//!
//! Every container's CPU use is a level times its shape's factor. Levels of one shape are summed, so that the cluster's use at any
//! instant is a sum over the few shapes, and its integral is known in closed form.

use crate::cluster::Line;
use crate::spec::Shape;
use crate::units::SimTime;
use std::f64::consts::TAU;

/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// Summed levels of containers of one shape.
#[derive(Clone, Debug)]
struct Band {
    shape: Shape,
    /// A factor besides that holds until it is set anew.
    factor: f64,
    level: u64,
    since: SimTime,
    area: f64,
}

/// The use of one resource by all containers.
#[derive(Clone, Debug)]
pub struct UsageMeter {
    bands: Vec<Band>,
}

impl UsageMeter {
    /// A meter for containers of these shapes; a container names its shape by place.
    pub fn new(shapes: &[Shape]) -> Self {
        let band = |&shape: &Shape| Band { shape, factor: 1.0, level: 0, since: SimTime::ZERO, area: 0.0 };
        Self { bands: shapes.iter().map(band).collect() }
    }

    /// A container of shape `shape` begins to use `level`.
    pub fn add(&mut self, shape: usize, level: u64, now: SimTime) {
        self.bands[shape].settle(now);
        self.bands[shape].level += level;
    }

    /// A container of shape `shape` stops using `level`.
    ///
    /// # Panics
    /// If more stops than began: the books are wrong.
    pub fn sub(&mut self, shape: usize, level: u64, now: SimTime) {
        self.bands[shape].settle(now);
        self.bands[shape].level = self.bands[shape].level.checked_sub(level).expect("use never falls below zero");
    }

    /// Sets the factor that applies to containers of shape `shape` besides from `now` on.
    pub fn set_factor(&mut self, shape: usize, factor: f64, now: SimTime) {
        self.bands[shape].settle(now);
        self.bands[shape].factor = factor;
    }

    /// Use at `now`.
    pub fn at(&self, now: SimTime) -> f64 {
        self.bands.iter().map(|band| band.level as f64 * band.factor * band.shape.at(now.as_secs_f64())).sum()
    }

    /// Forgets the past.
    pub fn reset(&mut self, now: SimTime) {
        for band in &mut self.bands {
            (band.since, band.area) = (now, 0.0);
        }
    }

    /// The integral up to `now`, in level · seconds.
    pub fn integral(&self, now: SimTime) -> f64 {
        self.bands.iter().map(|band| band.area + band.level as f64 * band.factor * area(band.shape, band.since, now)).sum()
    }
}

impl Band {
    fn settle(&mut self, now: SimTime) {
        if now > self.since {
            self.area += self.level as f64 * self.factor * area(self.shape, self.since, now);
            self.since = now;
        }
    }
}

/// The integral of a shape's factor between two times, in seconds.
fn area(shape: Shape, from: SimTime, to: SimTime) -> f64 {
    let span = (to - from).as_secs_f64();
    match shape {
        Shape::Flat => span,
        Shape::Daily { amplitude, rise } => {
            let angle = |at: SimTime| TAU * (at.as_secs_f64() - rise) / DAY;
            span + amplitude * DAY / TAU * (angle(from).cos() - angle(to).cos())
        }
    }
}

/// Amounts that grow in straight lines, and their integral.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrowthMeter {
    line: Line,
    area: f64,
    since: SimTime,
}

impl GrowthMeter {
    /// Something begins to grow by `slope` bytes per second.
    pub fn add(&mut self, slope: u64, now: SimTime) {
        self.settle(now);
        self.line.add(0, slope, now);
    }

    /// Something that has grown since `since` is gone.
    pub fn sub(&mut self, slope: u64, since: SimTime, now: SimTime) {
        self.settle(now);
        self.line.sub(0, slope, since);
    }

    /// Bytes at `now`.
    pub fn at(&self, now: SimTime) -> f64 {
        self.line.at(now) as f64
    }

    /// Forgets the past.
    pub fn reset(&mut self, now: SimTime) {
        (self.since, self.area) = (now, 0.0);
    }

    /// The integral up to `now`, in bytes · seconds.
    pub fn integral(&self, now: SimTime) -> f64 {
        self.area + self.trapezium(now)
    }

    fn settle(&mut self, now: SimTime) {
        self.area += self.trapezium(now);
        self.since = now;
    }

    fn trapezium(&self, now: SimTime) -> f64 {
        f64::midpoint(self.at(self.since), self.at(now)) * (now - self.since).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAILY: Shape = Shape::Daily { amplitude: 0.35, rise: 32_400.0 };

    fn hour(hour: u64) -> SimTime {
        SimTime::from_nanos(hour * 3_600_000_000_000)
    }

    #[test]
    fn a_whole_day_of_a_daily_shape_is_as_much_as_a_flat_one() {
        let mut meter = UsageMeter::new(&[DAILY]);
        meter.add(0, 10, hour(5));
        assert!((meter.integral(hour(29)) - 864_000.0).abs() < 1e-3);
    }

    #[test]
    fn what_grows_in_a_straight_line_has_a_triangle_as_its_integral() {
        let mut meter = GrowthMeter::default();
        meter.add(10, hour(0));
        meter.add(5, hour(1));
        meter.sub(10, hour(0), hour(2));
        assert!((meter.integral(hour(2)) / (10.0 * 7_200.0 * 7_200.0 / 2.0 + 5.0 * 3_600.0 * 3_600.0 / 2.0) - 1.0).abs() < 1e-9);
        assert!((meter.at(hour(3)) - 5.0 * 7_200.0).abs() < 1e-9);
    }

    #[test]
    fn the_integral_is_the_sum_of_small_samples() {
        let mut meter = UsageMeter::new(&[Shape::Flat, DAILY]);
        meter.add(1, 4, hour(0));
        meter.add(0, 3, hour(6));
        meter.sub(1, 1, hour(12));
        let level = |at: f64| if at < 43_200.0 { 4.0 } else { 3.0 } * DAILY.at(at) + if at < 21_600.0 { 0.0 } else { 3.0 };
        let sampled: f64 = (0..86_400).map(|second| level(f64::from(second) + 0.5)).sum();
        assert!((meter.integral(hour(24)) / sampled - 1.0).abs() < 1e-6);
    }
}
