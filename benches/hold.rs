//! The hold model of event lists: pop the earliest event, push one at its time plus a random delay.
//!
//! Events have 16 bytes. Delays are drawn beforehand, so that no generator is measured. A figure is the time of one hold.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};
use sim_core::engine::{EventList, KeyedHeap, RadixWheel};
use sim_core::units::{SimSpan, SimTime};

type Event = [u64; 2];

/// How many delays are drawn before they are used again.
const DELAYS: usize = 1 << 14;

/// What most simulators use: the standard library's heap with a sequence number for ties.
#[derive(Default)]
struct NumberedHeap {
    heap: BinaryHeap<Reverse<(SimTime, u64, Event)>>,
    pushed: u64,
    now: SimTime,
}

impl EventList<Event> for NumberedHeap {
    fn push(&mut self, at: SimTime, event: Event) {
        assert!(at >= self.now);
        self.heap.push(Reverse((at, self.pushed, event)));
        self.pushed += 1;
    }

    fn pop(&mut self) -> Option<(SimTime, Event)> {
        let Reverse((at, _, event)) = self.heap.pop()?;
        self.now = at;
        Some((at, event))
    }

    fn peek_time(&mut self) -> Option<SimTime> {
        self.heap.peek().map(|&Reverse((at, ..))| at)
    }

    fn len(&self) -> usize {
        self.heap.len()
    }

    fn now(&self) -> SimTime {
        self.now
    }

    fn purge(&mut self, mut keep: impl FnMut(&Event) -> bool) {
        self.heap.retain(|Reverse((_, _, event))| keep(event));
    }
}

/// The hold model with its delays.
struct Hold<'a, L> {
    list: L,
    delays: &'a [SimSpan],
    drawn: usize,
}

impl<L: EventList<Event>> Hold<'_, L> {
    fn delay(&mut self) -> SimSpan {
        self.drawn = (self.drawn + 1) % DELAYS;
        self.delays[self.drawn]
    }

    /// Fills the list and lets each pending event pass once on average.
    fn warm_up(&mut self, pending: usize) {
        for number in 0..pending {
            let delay = self.delay();
            self.list.push(SimTime::ZERO + delay, [number as u64; 2]);
        }
        for _ in 0..pending {
            self.hold();
        }
    }

    fn hold(&mut self) -> SimTime {
        let (now, event) = self.list.pop().expect("as many events are pushed as popped");
        let delay = self.delay();
        self.list.push(now + delay, black_box(event));
        now
    }
}

fn draw(delay: impl Fn(&mut ChaCha8Rng) -> f64) -> Vec<SimSpan> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    (0..DELAYS).map(|_| SimSpan::from_secs_f64(delay(&mut random))).collect()
}

fn exponential(random: &mut ChaCha8Rng, mean: f64) -> f64 {
    let unit: f64 = Exp1.sample(random);
    mean * unit
}

fn measure<L: EventList<Event>>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, list: L, pending: usize, delays: &[SimSpan]) {
    let mut hold = Hold { list, delays, drawn: 0 };
    let mut is_warm = false;
    group.bench_function(BenchmarkId::new(name, pending), |bencher| {
        if !std::mem::replace(&mut is_warm, true) {
            hold.warm_up(pending);
        }
        bencher.iter(|| hold.hold());
    });
}

fn holds(criterion: &mut Criterion) {
    const DAY: f64 = 86_400.0;
    let workloads = [
        ("exponential", draw(|random| exponential(random, 10.0))),
        ("bimodal", draw(|random| if random.random_bool(0.5) { exponential(random, 10.0) } else { exponential(random, 2.0 * DAY) })),
        ("whole-seconds", draw(|random| exponential(random, 10.0).ceil())),
    ];
    for (name, delays) in &workloads {
        let mut group = criterion.benchmark_group(*name);
        group.sample_size(20).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
        for pending in [1_000, 300_000, 1_000_000] {
            measure(&mut group, "radix wheel", RadixWheel::new(), pending, delays);
            measure(&mut group, "binary heap", NumberedHeap::default(), pending, delays);
            measure(&mut group, "keyed heap", KeyedHeap::new(), pending, delays);
        }
    }
}

criterion_group!(benches, holds);
criterion_main!(benches);
