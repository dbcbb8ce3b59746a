//! What containers want and hold, summed node by node, so that one pass over columns reads a whole cluster.
//!
//! A container's CPU use is its level times a factor that goes with time. Levels of containers with the same *course* (shape of the day,
//! recorded trace, series of random fluctuation) are summed on each node as integers; a pass is then one multiplication and one addition
//! for each node and course. A container whose use can meet its CPU limit is listed besides, by the factor at which it does: a pass
//! visits those that are at their limits, and few others. Memory and disk grow in a straight line, so their sums need no pass at all.

use crate::spec::{EvictionSignal, NodeShape, Noise, PodTemplate, Shape, Spec, Trace, Usage};
use crate::table::{NodeId, PodId, Table};
use crate::units::SimTime;

/// How a level of CPU use goes with time.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// By the time of day.
    pub shape: Shape,
    /// By a recorded trace.
    pub trace: Option<Trace>,
    /// At random: one of its series.
    pub noise: Option<Noise>,
}

impl Course {
    /// The course of a container.
    pub fn of(usage: &Usage) -> Self {
        Self { shape: usage.shape, trace: usage.trace.clone(), noise: usage.noise }
    }

    /// How many series it has: 1 without noise.
    pub fn lanes(&self) -> u16 {
        self.noise.map_or(1, |noise| noise.series.max(1))
    }

    /// The largest factor that it ever comes to.
    pub fn most(&self) -> f64 {
        let noise = self.noise.map_or(1.0, |noise| noise.factor(f64::INFINITY));
        self.shape.most() * self.trace.as_ref().map_or(1.0, Trace::most) * noise
    }
}

/// A container whose use can meet its CPU limit. Rates in microcores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limited {
    /// Its Pod.
    pub pod: PodId,
    /// Its place in the Pod.
    pub index: u8,
    /// True if its run is work.
    pub bound: bool,
    /// Its node.
    pub node: NodeId,
    /// Level of its use.
    pub level: u64,
    /// What its limit allows.
    pub cap: u64,
}

/// Steps of a factor of 1 in which containers are sorted by the factor that takes them to their limit.
const STEPS: u64 = 16;
/// Lists of such containers; the last has all whose limit is far.
const LISTS: usize = 64;

impl Limited {
    fn list(&self) -> usize {
        ((u128::from(self.cap) * u128::from(STEPS) / u128::from(self.level.max(1))) as usize).min(LISTS - 1)
    }
}

/// Containers of one course.
#[derive(Clone, Debug)]
struct Band {
    course: Course,
    most: f64,
    lanes: usize,
    /// Levels, node by node, in each the course's series: whole microcores, which floats add exactly up to 2⁵³.
    sums: Vec<f64>,
    /// Levels times the factors of their series, for each node.
    now: Vec<f32>,
    /// Factors of the series.
    noise: Vec<f64>,
    /// Factor of shape and trace.
    factor: f64,
    /// Containers that can meet their limit, by series and by the factor at which they do.
    limited: Vec<Vec<Limited>>,
}

impl Band {
    fn new(course: Course, nodes: usize) -> Self {
        let lanes = usize::from(course.lanes());
        let most = course.most();
        let mut band = Self {
            course,
            most,
            lanes,
            sums: vec![0.0; nodes * lanes],
            now: vec![0.0; nodes],
            noise: vec![1.0; lanes],
            factor: 1.0,
            limited: vec![Vec::new(); lanes * LISTS],
        };
        band.tick(SimTime::ZERO);
        band
    }

    fn tick(&mut self, now: SimTime) {
        let secs = now.as_secs_f64();
        self.factor = self.course.shape.at(secs) * self.course.trace.as_ref().map_or(1.0, |trace| trace.at(secs));
    }

    /// The sum of a node, read anew: nothing drifts.
    fn refresh(&mut self, node: usize) {
        let sums = &self.sums[node * self.lanes..(node + 1) * self.lanes];
        self.now[node] = sums.iter().zip(&self.noise).map(|(sum, factor)| sum * factor).sum::<f64>() as f32;
    }
}

/// An amount that grows in a straight line: the sum of many that do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Where the line is at the start of the run: whole bytes, and billionths of one.
    whole: i64,
    part: u64,
    /// Bytes per second.
    slope: u64,
}

impl Line {
    /// Adds `level` bytes that grow by `slope` bytes per second since `since`.
    pub fn add(&mut self, level: u64, slope: u64, since: SimTime) {
        self.shift(origin(level, slope, since));
        self.slope += slope;
    }

    /// Takes away what was added.
    ///
    /// # Panics
    /// If it never was.
    pub fn sub(&mut self, level: u64, slope: u64, since: SimTime) {
        let (whole, part) = origin(level, slope, since);
        // Below zero the whole is rounded down, and the part is above it.
        self.shift(if part == 0 { (-whole, 0) } else { (-whole - 1, BILLION - part) });
        self.slope = self.slope.checked_sub(slope).expect("what grows was added");
    }

    const fn shift(&mut self, (whole, part): (i64, u64)) {
        let sum = self.part + part;
        self.whole += whole + (sum / BILLION) as i64;
        self.part = sum % BILLION;
    }

    /// Bytes at `now`, rounded down.
    pub fn at(&self, now: SimTime) -> u64 {
        self.parts_at(now).0.max(0) as u64
    }

    /// Whole bytes at `now`, and billionths of one.
    fn parts_at(&self, now: SimTime) -> (i64, u64) {
        if self.slope == 0 {
            return (self.whole, self.part);
        }
        let (secs, nanos) = (now.as_nanos() / BILLION, now.as_nanos() % BILLION);
        let grown = u128::from(self.slope) * u128::from(nanos) + u128::from(self.part);
        // A division of 64 bits wherever it is one: this is asked at every change of a node.
        let (more, part) = match u64::try_from(grown) {
            Ok(grown) => (grown / BILLION, grown % BILLION),
            Err(_) => ((grown / u128::from(BILLION)) as u64, (grown % u128::from(BILLION)) as u64),
        };
        (self.whole + (self.slope * secs + more) as i64, part)
    }

    /// True if it grows.
    pub const fn grows(&self) -> bool {
        self.slope > 0
    }

    /// The first instant from `now` on at which it is above `most`; [`SimTime::MAX`] if it never is.
    pub fn above(&self, most: u64, now: SimTime) -> SimTime {
        let Ok(most) = i64::try_from(most) else { return SimTime::MAX };
        let (whole, part) = self.parts_at(now);
        if whole > most {
            return now;
        }
        if self.slope == 0 {
            return SimTime::MAX;
        }
        let missing = (i128::from(most) + 1 - i128::from(whole)) as u64;
        self.grows_by(missing, part).and_then(|nanos| nanos.checked_add(now.as_nanos())).map_or(SimTime::MAX, SimTime::from_nanos)
    }

    /// Nanoseconds in which the line grows by `missing` bytes less `part` billionths of one, rounded up. By parts, in 64 bits wherever
    /// that is enough.
    fn grows_by(&self, missing: u64, part: u64) -> Option<u64> {
        let (mut secs, mut rest) = (missing / self.slope, missing % self.slope);
        if rest == 0 && part > 0 {
            (secs, rest) = (secs - 1, self.slope);
        }
        let rest = u128::from(rest) * u128::from(BILLION) - u128::from(part);
        let nanos = match u64::try_from(rest) {
            Ok(rest) => rest.div_ceil(self.slope),
            Err(_) => rest.div_ceil(u128::from(self.slope)) as u64,
        };
        secs.checked_mul(BILLION)?.checked_add(nanos)
    }
}

const BILLION: u64 = 1_000_000_000;

/// Where a line of its own was at the start of the run.
fn origin(level: u64, slope: u64, since: SimTime) -> (i64, u64) {
    if slope == 0 {
        return (level as i64, 0);
    }
    let nanos = i128::from(level) * i128::from(BILLION) - i128::from(slope) * i128::from(since.as_nanos());
    (nanos.div_euclid(i128::from(BILLION)) as i64, nanos.rem_euclid(i128::from(BILLION)) as u64)
}

/// A node that wants more CPU than it has. Rates in microcores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contention {
    /// What its containers would use within their limits.
    pub wanted: u64,
    /// What they get.
    pub granted: u64,
}

/// What all nodes' containers want and hold.
#[derive(Clone, Debug)]
pub struct Load {
    bands: Vec<Band>,
    /// CPU that each node's containers want within their limits, as the last pass found it.
    pub demand: Vec<f32>,
    /// CPU that containers of each node can have, in microcores.
    pub available: Vec<f32>,
    /// Memory that containers hold.
    pub memory: Table<NodeId, Line>,
    /// Memory that Pods of each node can have: its capacity less what is reserved for the system, which the system is taken to use.
    pub memory_room: Table<NodeId, u64>,
    /// Memory up to which no eviction threshold is met.
    pub calm: Table<NodeId, u64>,
    /// What containers have written to the node's disk.
    pub storage: Table<NodeId, Line>,
    /// True if what some Pod may write is limited.
    pub writes_limited: bool,
    /// Nodes in contention.
    pub contended: std::collections::BTreeMap<NodeId, Contention>,
}

impl Load {
    /// No containers, on the nodes of `spec`; their courses will be these.
    pub fn new(spec: &Spec, courses: Vec<Course>) -> Self {
        let nodes = spec.nodes_count();
        Self {
            bands: courses.into_iter().map(|course| Band::new(course, nodes)).collect(),
            demand: vec![0.0; nodes],
            available: pools(spec, |shape| (shape.allocatable.cpu.0 * 1000) as f32).rows().to_vec(),
            memory: Table::filled(nodes, Line::default()),
            memory_room: pools(spec, |shape| memory_room(spec, shape)),
            calm: pools(spec, |shape| memory_room(spec, shape).saturating_sub(memory_alarm(spec, shape))),
            storage: Table::filled(nodes, Line::default()),
            writes_limited: spec.templates.rows().iter().any(limits_writes),
            contended: std::collections::BTreeMap::new(),
        }
    }

    /// How many courses there are.
    pub fn courses(&self) -> usize {
        self.bands.len()
    }

    /// A course.
    pub fn course(&self, band: usize) -> &Course {
        &self.bands[band].course
    }

    /// The place of a course's series among those of all courses.
    pub fn place(&self, band: usize, lane: u16) -> usize {
        self.bands[..band].iter().map(|band| band.lanes).sum::<usize>() + usize::from(lane)
    }

    /// A container's factor, as the last pass set it.
    pub fn factor(&self, band: usize, lane: u16) -> f64 {
        let band = &self.bands[band];
        band.factor * band.noise[usize::from(lane)]
    }

    /// The factor of shape and trace alone, and that of the trace.
    pub fn parts(&self, band: usize, lane: u16, now: SimTime) -> (f64, f64) {
        let band = &self.bands[band];
        let trace = band.course.trace.as_ref().map_or(1.0, |trace| trace.at(now.as_secs_f64()));
        (band.factor, trace * band.noise[usize::from(lane)])
    }

    /// Adds `level` microcores (or takes them away) on a node.
    pub fn enter(&mut self, node: NodeId, band: usize, lane: u16, level: i64) {
        let (node, band) = (node.0 as usize, &mut self.bands[band]);
        band.sums[node * band.lanes + usize::from(lane)] += level as f64;
        band.refresh(node);
    }

    /// What a node's containers want, limits apart, at the factors of the last pass.
    pub fn wanted(&self, node: NodeId) -> f64 {
        self.bands.iter().map(|band| f64::from(band.now[node.0 as usize]) * band.factor).sum()
    }

    /// CPU that a node's containers can have, in microcores.
    pub fn room(&self, node: NodeId) -> u64 {
        self.available[node.0 as usize] as u64
    }

    /// True if a level in a course can come to what a limit allows.
    pub fn can_meet(&self, band: usize, level: u64, cap: u64) -> bool {
        level as f64 * self.bands[band].most > cap as f64
    }

    /// Lists a container that can meet its limit; its place in its list, or `None` if it never will.
    pub fn limit(&mut self, band: usize, lane: u16, container: Limited) -> Option<u32> {
        if !self.can_meet(band, container.level, container.cap) {
            return None;
        }
        let band = &mut self.bands[band];
        let list = &mut band.limited[usize::from(lane) * LISTS + container.list()];
        list.push(container);
        Some(list.len() as u32 - 1)
    }

    /// Takes a container off its list; the one that is at its place now.
    ///
    /// # Panics
    /// If the list has another there.
    pub fn unlimit(&mut self, band: usize, lane: u16, container: &Limited, place: u32) -> Option<Limited> {
        let list = &mut self.bands[band].limited[usize::from(lane) * LISTS + container.list()];
        let gone = list.swap_remove(place as usize);
        assert_eq!((gone.pod, gone.index), (container.pod, container.index), "a container is where its row says");
        list.get(place as usize).copied()
    }

    /// Sets the factors of day and trace.
    pub fn tick(&mut self, now: SimTime) {
        for band in &mut self.bands {
            band.tick(now);
        }
    }

    /// Sets the factors of a course's series.
    pub fn set_noise(&mut self, band: usize, factors: &[f64]) {
        let band = &mut self.bands[band];
        band.noise.copy_from_slice(factors);
        for node in 0..band.now.len() {
            band.refresh(node);
        }
    }

    /// Reads what each node's containers want, limits apart: the pass.
    pub fn read(&mut self) {
        self.demand.fill(0.0);
        for band in &self.bands {
            let factor = band.factor as f32;
            for (demand, now) in self.demand.iter_mut().zip(&band.now) {
                *demand += now * factor;
            }
        }
    }

    /// Visits every container that is above its limit, with what it wants.
    pub fn over(&self, mut visit: impl FnMut(&Limited, u64)) {
        for band in &self.bands {
            for lane in 0..band.lanes {
                let factor = band.factor * band.noise[lane];
                let last = ((factor * STEPS as f64) as usize).min(LISTS - 1);
                for container in band.limited[lane * LISTS..=lane * LISTS + last].iter().flatten() {
                    let wants = want(container.level, factor);
                    if wants > container.cap {
                        visit(container, wants);
                    }
                }
            }
        }
    }

    /// Summed levels of a node by course and series, for the auditor.
    pub fn sums(&self, node: NodeId) -> impl Iterator<Item = i64> + '_ {
        self.bands.iter().flat_map(move |band| band.sums[node.0 as usize * band.lanes..][..band.lanes].iter().map(|&sum| sum as i64))
    }
}

/// A value for each node, by its shape.
fn pools<T: Clone>(spec: &Spec, of: impl Fn(&NodeShape) -> T) -> Table<NodeId, T> {
    spec.pools.rows().iter().flat_map(|pool| vec![of(&pool.shape); pool.count as usize]).collect()
}

fn limits_writes(template: &PodTemplate) -> bool {
    template.ephemeral_limit.is_some() || template.containers.iter().any(|about| about.ephemeral_limit.is_some())
}

/// Capacity less what is reserved for the system. Allocatable is capacity less reservations less the hard eviction threshold.
fn memory_room(spec: &Spec, shape: &NodeShape) -> u64 {
    let (capacity, allocatable) = (shape.capacity.memory.0, shape.allocatable.memory.0);
    let hard = spec.kubelet.eviction.thresholds.iter().find(|one| one.signal == EvictionSignal::MemoryAvailable && one.grace.is_none());
    let room = allocatable + hard.map_or(0, |hard| hard.level.of(capacity));
    if capacity == 0 { room } else { room.min(capacity) }
}

/// The most that any memory threshold wants to be left.
fn memory_alarm(spec: &Spec, shape: &NodeShape) -> u64 {
    let memory = spec.kubelet.eviction.thresholds.iter().filter(|one| one.signal == EvictionSignal::MemoryAvailable);
    memory.map(|one| one.level.of(shape.capacity.memory.0)).max().unwrap_or(0)
}

/// What a container of this level wants at a factor, in microcores.
pub fn want(level: u64, factor: f64) -> u64 {
    (level as f64 * factor).max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn a_sum_of_lines_is_a_line_and_what_was_added_can_be_taken_away() {
        let mut line = Line::default();
        line.add(1_000, 10, secs(100));
        line.add(500, 0, secs(7));
        assert_eq!([100, 101, 200].map(|at| line.at(secs(at))), [1_500, 1_510, 2_500]);
        line.sub(1_000, 10, secs(100));
        line.sub(500, 0, secs(7));
        assert_eq!(line, Line::default());
    }

    /// The same with whole numbers of any size.
    fn plainly(of: &[(u64, u64, SimTime)], most: u64, now: SimTime) -> (u64, SimTime) {
        let nanos = |(level, slope, since): &(u64, u64, SimTime), at: i128| {
            i128::from(*level) * 1_000_000_000 + i128::from(*slope) * (at - i128::from(since.as_nanos()))
        };
        let sum = |at: i128| of.iter().map(|one| nanos(one, at)).sum::<i128>();
        let at = i128::from(now.as_nanos());
        let (slope, value) = (of.iter().map(|one| i128::from(one.1)).sum::<i128>(), sum(at).div_euclid(1_000_000_000));
        let missing = (i128::from(most) + 1) * 1_000_000_000 - sum(at);
        let above = match (missing <= 0, slope) {
            (true, _) => now,
            (false, 0) => SimTime::MAX,
            (false, _) => u64::try_from(at + (missing + slope - 1) / slope).map_or(SimTime::MAX, SimTime::from_nanos),
        };
        (value.max(0) as u64, above)
    }

    #[test]
    fn lines_are_what_whole_numbers_of_any_size_say() {
        let (gib, month) = (1 << 30, 2_592_000_000_000_000);
        let tables = [
            vec![(7, 3, SimTime::from_nanos(1_234_567_891)), (5, 0, secs(4)), (0, 1, SimTime::from_nanos(month / 2 + 1))],
            vec![(900 * gib, 200, secs(1)), (gib, 40 << 10, SimTime::from_nanos(month - 7)), (0, 17, SimTime::from_nanos(999_999_999))],
            vec![(3, 30_000_000_000, SimTime::from_nanos(5)), (4, 1, SimTime::from_nanos(month))],
        ];
        for of in tables {
            let mut line = Line::default();
            of.iter().for_each(|&(level, slope, since)| line.add(level, slope, since));
            for now in [month, month + 1, month + 999_999_999, 3 * month].map(SimTime::from_nanos) {
                for most in [0, 100, 900 * gib, 901 * gib + 12_345, u64::MAX >> 1] {
                    assert_eq!((line.at(now), line.above(most, now)), plainly(&of, most, now), "{of:?} above {most} from {now:?}");
                }
            }
            of.iter().rev().for_each(|&(level, slope, since)| line.sub(level, slope, since));
            assert_eq!(line, Line::default());
        }
    }

    #[test]
    fn a_line_is_above_a_level_from_the_instant_that_it_has_one_byte_more() {
        let mut line = Line::default();
        line.add(100, 4, secs(10));
        #[rustfmt::skip]
        let table = [(99, 10_000_000_000), (100, 10_250_000_000), (199, 35_000_000_000), (200, 35_250_000_000)];
        for (most, want) in table {
            let at = line.above(most, secs(10));
            assert_eq!(at, SimTime::from_nanos(want), "above {most}");
            assert!(line.at(at) > most && (at == secs(10) || line.at(SimTime::from_nanos(want - 1)) <= most));
        }
        line.sub(100, 4, secs(10));
        line.add(5, 0, secs(0));
        assert_eq!([4, 5].map(|most| line.above(most, secs(50))), [secs(50), SimTime::MAX]);
    }
}
