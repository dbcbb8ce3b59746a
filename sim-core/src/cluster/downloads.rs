//! Downloads that share the registry's bandwidth: exact processor sharing in virtual time.
//!
//! Every download gets the same share of what the registry sends, but a node's downloads together no more than the node can take, and
//! what some cannot take goes to the others (max-min fairness). Downloads on nodes with equally many downloads run at one rate, so each
//! such class has one clock of bytes served, and only the next end of all is ever on the agenda.

use crate::table::PullId;
use crate::units::{SimSpan, SimTime};
use std::collections::BTreeSet;

/// Parts of a byte that are counted: rounding loses less than a byte over any run.
const PARTS: u128 = 1 << 20;
const SECOND: u128 = 1_000_000_000;
/// The highest rate in bytes per second: what is faster takes no time that the clock could tell.
const RATE_MAX: f64 = 1e18;

/// Downloads on nodes that have equally many of them.
#[derive(Clone, Debug, Default)]
struct Class {
    /// Parts that each download of the class has been served, had it been there always.
    served: u128,
    /// Parts a second.
    rate: u128,
    /// The value of `served` at which a download ends.
    goals: BTreeSet<(u128, PullId)>,
}

/// All downloads that go on.
#[derive(Clone, Debug)]
pub struct Downloads {
    total: f64,
    per_node: f64,
    at: SimTime,
    /// By the number of downloads on a node, less one.
    classes: Vec<Class>,
    /// Class and goal of each download, by its pull.
    places: Vec<(u32, u128)>,
}

impl Downloads {
    /// None; the registry sends `total`, a node takes `per_node` bytes a second.
    pub const fn new(total: f64, per_node: f64) -> Self {
        Self { total, per_node, at: SimTime::ZERO, classes: Vec::new(), places: Vec::new() }
    }

    /// Brings the clocks to `now`.
    pub fn advance(&mut self, now: SimTime) {
        let span = u128::from((now - self.at).as_nanos());
        self.at = now;
        for class in self.classes.iter_mut().filter(|class| !class.goals.is_empty()) {
            class.served += class.rate * span / SECOND;
        }
    }

    /// Changes the rates, at the time of the clocks.
    pub fn set_rates(&mut self, total: f64, per_node: f64) {
        (self.total, self.per_node) = (total, per_node);
        self.share();
    }

    /// A download of `bytes` begins on a node whose other downloads are `beside`.
    pub fn begin(&mut self, pull: PullId, bytes: u64, beside: &[PullId]) {
        self.regroup(beside, beside.len() + 1);
        self.put(pull, u128::from(bytes) * PARTS, beside.len() + 1);
        self.share();
    }

    /// A download ends, done or not; `beside` are the node's others.
    pub fn end(&mut self, pull: PullId, beside: &[PullId]) {
        self.take(pull);
        self.regroup(beside, beside.len());
        self.share();
    }

    /// When the next download will be done if nothing changes.
    pub fn next(&self) -> Option<SimTime> {
        let ends = self.classes.iter().filter_map(|class| {
            let left = class.goals.first()?.0.saturating_sub(class.served);
            let nanos = (left * SECOND).div_ceil(class.rate.max(1));
            Some(self.at + SimSpan::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX / 2).min(u64::MAX / 2)))
        });
        ends.min()
    }

    /// A download that is done by the time of the clocks; it is still to be ended.
    pub fn done(&self) -> Option<PullId> {
        self.classes.iter().find_map(|class| class.goals.first().filter(|(goal, _)| *goal <= class.served).map(|(_, pull)| *pull))
    }

    fn regroup(&mut self, pulls: &[PullId], size: usize) {
        for &pull in pulls {
            let left = self.take(pull);
            self.put(pull, left, size);
        }
    }

    fn take(&mut self, pull: PullId) -> u128 {
        let (class, goal) = self.places[pull.0 as usize];
        let class = &mut self.classes[class as usize];
        assert!(class.goals.remove(&(goal, pull)), "a download is where its place says");
        let left = goal.saturating_sub(class.served);
        if class.goals.is_empty() {
            class.served = 0;
        }
        left
    }

    fn put(&mut self, pull: PullId, left: u128, size: usize) {
        if self.classes.len() < size {
            self.classes.resize_with(size, Class::default);
        }
        if self.places.len() <= pull.0 as usize {
            self.places.resize(pull.0 as usize + 1, (0, 0));
        }
        let class = &mut self.classes[size - 1];
        let goal = class.served + left;
        class.goals.insert((goal, pull));
        self.places[pull.0 as usize] = (size as u32 - 1, goal);
    }

    /// Rates of the classes: those that can take least come first, and leave what they cannot take to the others.
    fn share(&mut self) {
        let mut left = self.total.min(RATE_MAX);
        let mut count: usize = self.classes.iter().map(|class| class.goals.len()).sum();
        for (place, class) in self.classes.iter_mut().enumerate().rev().filter(|(_, class)| !class.goals.is_empty()) {
            let rate = (self.per_node / (place + 1) as f64).min(left / count as f64).min(RATE_MAX);
            class.rate = ((rate * PARTS as f64) as u128).max(1);
            left = (left - rate * class.goals.len() as f64).max(0.0);
            count -= class.goals.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A download of the brute-force model: node, bytes left, and when it begins.
    #[derive(Clone, Copy, Debug)]
    struct Flow {
        node: usize,
        left: f64,
        from: f64,
    }

    /// Rates by filling: all are raised together, and who can take no more is set aside.
    fn filled(active: &[Flow], total: f64, per_node: f64) -> Vec<f64> {
        let beside = |flow: &Flow| active.iter().filter(|other| other.node == flow.node).count() as f64;
        let caps: Vec<f64> = active.iter().map(|flow| per_node / beside(flow)).collect();
        let mut rates = vec![f64::NAN; active.len()];
        let mut left = total;
        loop {
            let open: Vec<usize> = (0..rates.len()).filter(|&row| rates[row].is_nan()).collect();
            let level = left / open.len() as f64;
            let full: Vec<usize> = open.iter().copied().filter(|&row| caps[row] <= level).collect();
            if full.is_empty() {
                open.iter().for_each(|&row| rates[row] = level);
                return rates;
            }
            for row in full {
                rates[row] = caps[row];
                left -= caps[row];
            }
        }
    }

    /// Ends of all flows, from event to event of the fluid.
    fn brute_force(flows: &[Flow], total: f64, per_node: f64) -> Vec<f64> {
        let (mut flows, mut ends, mut now) = (flows.to_vec(), vec![f64::NAN; flows.len()], 0.0);
        while ends.iter().any(|end| end.is_nan()) {
            let rows: Vec<usize> = (0..flows.len()).filter(|&row| ends[row].is_nan() && flows[row].from <= now).collect();
            let active: Vec<Flow> = rows.iter().map(|&row| flows[row]).collect();
            let rates = filled(&active, total, per_node);
            let arrival = flows.iter().map(|flow| flow.from - now).filter(|span| *span > 0.0).fold(f64::INFINITY, f64::min);
            let step = active.iter().zip(&rates).map(|(flow, rate)| flow.left / rate).fold(arrival, f64::min);
            now = if step >= arrival {
                flows.iter().map(|flow| flow.from).filter(|from| *from > now).fold(f64::INFINITY, f64::min)
            } else {
                now + step
            };
            for (&row, rate) in rows.iter().zip(&rates) {
                flows[row].left -= rate * step;
                if flows[row].left < 1e-6 {
                    ends[row] = now;
                }
            }
        }
        ends
    }

    fn seconds(time: SimTime) -> f64 {
        time.as_nanos() as f64 / 1e9
    }

    fn on_node(flows: &[Flow], open: &[bool], row: usize) -> Vec<PullId> {
        (0..flows.len())
            .filter(|&other| other != row && open[other] && flows[other].node == flows[row].node)
            .map(|row| PullId(row as u32))
            .collect()
    }

    fn simulated(flows: &[Flow], total: f64, per_node: f64) -> Vec<f64> {
        let (mut downloads, mut open, mut ends) = (Downloads::new(total, per_node), vec![false; flows.len()], vec![f64::NAN; flows.len()]);
        let mut order: Vec<usize> = (0..flows.len()).collect();
        order.sort_by(|a, b| flows[*b].from.total_cmp(&flows[*a].from));
        loop {
            let next = order.last().map(|&row| SimTime::from_nanos((flows[row].from * 1e9) as u64));
            let done = downloads.next();
            let Some(now) = next.into_iter().chain(done).min() else { return ends };
            downloads.advance(now);
            while let Some(pull) = downloads.done() {
                let row = pull.0 as usize;
                (open[row], ends[row]) = (false, seconds(now));
                downloads.end(pull, &on_node(flows, &open, row));
            }
            if next == Some(now) {
                let row = order.pop().unwrap_or_default();
                downloads.begin(PullId(row as u32), flows[row].left as u64, &on_node(flows, &open, row));
                open[row] = true;
            }
        }
    }

    #[test]
    fn downloads_end_when_those_of_the_fluid_do() {
        let mut state = 7_u64;
        let mut dice = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for case in 0..60 {
            let nodes = 1 + dice(6);
            let flows: Vec<Flow> = (0..=dice(25))
                .map(|_| Flow { node: dice(nodes) as usize, left: (1 + dice(500)) as f64 * 1e6, from: dice(40) as f64 * 0.5 })
                .collect();
            let total = [f64::INFINITY, 40e6, 100e6, 250e6][case % 4];
            let (want, got) = (brute_force(&flows, total, 60e6), simulated(&flows, total, 60e6));
            for (want, got) in want.iter().zip(&got) {
                assert!((want - got).abs() < 1e-6, "case {case}: {got} s for {want} s of {flows:?}");
            }
        }
    }

    #[test]
    fn two_nodes_that_want_60_mb_a_second_of_a_registry_that_sends_100_get_50_each() {
        let flow = |node| Flow { node, left: 100e6, from: 0.0 };
        assert_eq!(simulated(&[flow(0), flow(1)], 100e6, 60e6), [2.0, 2.0]);
    }
}
