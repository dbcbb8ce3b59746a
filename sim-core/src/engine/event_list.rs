//! What the simulation asks of its list of pending events.

use crate::units::SimTime;

/// Events that are still to happen, earliest first; those of equal times in the order in which they were pushed.
///
/// An event cannot be taken back. Its owner lets it become void (the event carries the generation of its entity), drops it when it is
/// popped, and calls [`purge`](EventList::purge) when it knows that void events outnumber the others: so they at most double the memory,
/// and purging costs a constant per event.
pub trait EventList<E: Copy> {
    /// Adds an event.
    ///
    /// # Panics
    /// If `at` is before [`now`](EventList::now): simulated time never runs back.
    fn push(&mut self, at: SimTime, event: E);

    /// Takes the earliest event and moves the clock to its time.
    fn pop(&mut self) -> Option<(SimTime, E)>;

    /// The time of the earliest event. The clock stays, so earlier events may still be pushed.
    fn peek_time(&mut self) -> Option<SimTime>;

    /// How many events are pending, void ones included.
    fn len(&self) -> usize;

    /// True if nothing is pending.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time of the event popped last: the simulated clock.
    fn now(&self) -> SimTime;

    /// Drops the events which `keep` refuses; it is asked once for each, in no particular order.
    fn purge(&mut self, keep: impl FnMut(&E) -> bool);
}

/// Stops at a push into the past, which only a bug can cause.
#[inline]
#[track_caller]
pub(super) fn assert_not_past(at: SimTime, now: SimTime) {
    assert!(at >= now, "an event at {} ns was pushed when the clock stood at {} ns", at.as_nanos(), now.as_nanos());
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use rand::{Rng, RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::engine::{KeyedHeap, RadixWheel};
    use crate::units::SimSpan;

    const SECOND: u64 = 1_000_000_000;
    const DAY: u64 = 86_400 * SECOND;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Push(Delay),
        /// Pushes many, each a little later than the one before.
        Burst(u8, u64),
        Pop(u8),
        Peek,
        /// Drops the events whose numbers `Purge` divides.
        Purge(u64),
    }

    #[derive(Clone, Copy, Debug)]
    enum Delay {
        Nanos(u64),
        Seconds(u64),
        /// To the end of the present bucket of this many bits, and so many nanoseconds beyond.
        PastBucket(u32, u64),
        Forever,
    }

    impl Delay {
        fn from(self, now: SimTime) -> SimTime {
            match self {
                Self::Nanos(nanos) => now + SimSpan::from_nanos(nanos),
                Self::Seconds(seconds) => now + SimSpan::from_secs(seconds),
                Self::PastBucket(bits, nanos) => SimTime::from_nanos(now.as_nanos() | ((1 << bits) - 1)) + SimSpan::from_nanos(nanos),
                Self::Forever => SimTime::MAX,
            }
        }
    }

    fn any_delay() -> impl Strategy<Value = Delay> {
        prop_oneof![
            2 => Just(Delay::Nanos(0)),
            2 => (0..5_u64).prop_map(Delay::Nanos),
            4 => (0..64_u32, any::<u64>()).prop_map(|(shift, bits)| Delay::Nanos(bits >> shift)),
            4 => (0..20_u64).prop_map(Delay::Seconds),
            4 => (0..64_u32, 0..3_u64).prop_map(|(bits, nanos)| Delay::PastBucket(bits, nanos)),
            1 => Just(Delay::Forever),
        ]
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => any_delay().prop_map(Step::Push),
            1 => (any::<u8>(), (0..50_u32)).prop_map(|(count, bits)| Step::Burst(count, (1 << bits) - 1)),
            4 => any::<u8>().prop_map(|count| Step::Pop(count % 16)),
            1 => any::<u8>().prop_map(Step::Pop),
            2 => Just(Step::Peek),
            1 => (2..5_u64).prop_map(Step::Purge),
        ]
    }

    /// The wheel and the reference, which do the same and must agree.
    #[derive(Default)]
    struct Pair {
        wheel: RadixWheel<u64>,
        heap: KeyedHeap<u64>,
        pushed: u64,
    }

    impl Pair {
        fn push(&mut self, at: SimTime) {
            self.wheel.push(at, self.pushed);
            self.heap.push(at, self.pushed);
            self.pushed += 1;
        }

        fn pop(&mut self) -> Option<(SimTime, u64)> {
            let (popped, wanted) = (self.wheel.pop(), self.heap.pop());
            assert_eq!(popped, wanted);
            popped
        }

        fn take(&mut self, step: Step) {
            match step {
                Step::Push(delay) => self.push(delay.from(self.heap.now())),
                Step::Burst(count, gap) => {
                    let start = self.heap.now();
                    (0..u64::from(count)).for_each(|nth| self.push(start + SimSpan::from_nanos(gap) * nth));
                }
                Step::Pop(count) => {
                    for _ in 0..count {
                        self.pop();
                    }
                }
                Step::Peek => assert_eq!(self.wheel.peek_time(), self.heap.peek_time()),
                Step::Purge(divisor) => {
                    self.wheel.purge(|number| number % divisor != 0);
                    self.heap.purge(|number| number % divisor != 0);
                }
            }
            assert_eq!((self.wheel.len(), self.wheel.now()), (self.heap.len(), self.heap.now()));
        }
    }

    proptest! {
        #[test]
        fn the_wheel_and_the_keyed_heap_agree_on_every_step(steps in vec(any_step(), 0..200)) {
            let mut pair = Pair::default();
            for step in steps {
                pair.take(step);
            }
            while pair.pop().is_some() {}
            prop_assert!(pair.wheel.is_empty());
        }
    }

    /// Once the time outside of the front was known, crowding narrowed the front, and the earliest of what left it was forgotten.
    #[test]
    fn a_front_that_is_narrowed_changes_what_comes_after_it() {
        use Delay::{Forever, Nanos, PastBucket, Seconds};
        use Step::{Burst, Peek, Pop, Purge, Push};
        #[rustfmt::skip]
        let steps = [
            Push(Seconds(0)), Push(Seconds(0)), Push(Nanos(0)), Push(Seconds(0)), Push(Nanos(0)), Push(Seconds(0)), Push(Nanos(0)),
            Push(PastBucket(20, 0)), Push(PastBucket(0, 0)), Pop(6), Burst(201, 1_048_575), Pop(9), Push(Nanos(0)), Push(Nanos(0)),
            Push(Forever), Burst(63, 34_359_738_367), Push(Nanos(0)), Pop(14), Push(PastBucket(41, 1)), Push(Nanos(0)), Push(Nanos(0)),
            Pop(138), Pop(15), Push(Nanos(0)), Push(Nanos(0)), Purge(3), Purge(2), Pop(15), Push(Nanos(0)), Push(Nanos(0)), Push(Nanos(0)),
            Purge(3), Push(Nanos(0)), Pop(20), Pop(1), Peek, Push(Seconds(1)), Push(Nanos(0)), Burst(64, 127), Pop(2), Peek,
        ];
        let mut pair = Pair::default();
        steps.into_iter().for_each(|step| pair.take(step));
    }

    /// Delays of one kind in nanoseconds.
    type Draw = fn(&mut ChaCha8Rng) -> u64;

    fn exponential(random: &mut ChaCha8Rng, mean: u64) -> u64 {
        let unit: f64 = random.random();
        (-(1.0 - unit).ln() * mean as f64) as u64
    }

    #[rustfmt::skip]
    const KINDS: [(&str, Draw); 8] = [
        ("exponential",             |random| exponential(random, 10 * SECOND)),
        ("seconds and days",        |random| if random.random() { exponential(random, 10 * SECOND) } else { exponential(random, 2 * DAY) }),
        ("whole seconds",           |random| random.random_range(0..20) * SECOND),
        ("mostly none at all",      |random| if random.random_bool(0.6) { 0 } else { random.random_range(0..SECOND) }),
        ("microseconds and hours",  |random| if random.random() { exponential(random, 1_000) } else { exponential(random, DAY / 24) }),
        ("a few nanoseconds",       |random| random.random_range(0..4)),
        ("around a bucket's width", |random| (1 << random.random_range(0..40)) - random.random_range(0..2)),
        ("of every magnitude",      |random| random.next_u64() >> random.random_range(24..64)),
    ];

    /// A list and how many events were pushed to it; they are numbered in this order.
    struct Churn<L> {
        list: L,
        pushed: u64,
        random: ChaCha8Rng,
    }

    impl<L: EventList<u64>> Churn<L> {
        fn new(list: L, seed: u64) -> Self {
            Self { list, pushed: 0, random: ChaCha8Rng::seed_from_u64(seed) }
        }

        fn push(&mut self, draw: Draw) {
            let delay = SimSpan::from_nanos(draw(&mut self.random));
            self.list.push(self.list.now() + delay, self.pushed);
            self.pushed += 1;
        }

        /// Pushes and pops in bursts, so that the number pending swings between none and thousands. `popped` gets each event in turn.
        fn run(&mut self, events: u64, mut popped: impl FnMut((SimTime, u64))) {
            while self.pushed < events {
                let (_, draw) = KINDS[self.random.random_range(0..KINDS.len())];
                for _ in 0..self.random.random_range(0..4_000) {
                    self.push(draw);
                }
                for _ in 0..self.random.random_range(0..8_000) {
                    let Some(next) = self.list.pop() else { break };
                    popped(next);
                    if self.random.random_bool(0.6) {
                        self.push(draw);
                    }
                }
            }
            std::iter::from_fn(|| self.list.pop()).for_each(popped);
        }
    }

    #[test]
    fn the_wheel_pops_what_the_keyed_heap_pops_in_long_runs() {
        let (mut from_wheel, mut from_heap) = (Vec::new(), Vec::new());
        Churn::new(RadixWheel::new(), 7).run(150_000, |next| from_wheel.push(next));
        Churn::new(KeyedHeap::new(), 7).run(150_000, |next| from_heap.push(next));
        assert!(from_wheel == from_heap);
    }

    /// That time and number of the push never go back, and that none is lost, is the exact order: a later event that overtook an earlier
    /// one would be seen when the earlier one comes after all.
    #[test]
    fn over_millions_of_events_time_and_ties_never_go_back() {
        let (mut last, mut popped) = (None, 0);
        let mut churn = Churn::new(RadixWheel::new(), 8);
        churn.run(1_500_000, |next| {
            assert!(last < Some(next), "{last:?} came before {next:?}");
            last = Some(next);
            popped += 1;
        });
        assert_eq!(popped, churn.pushed);
    }

    #[test]
    fn every_kind_of_delay_keeps_the_order_at_any_number_pending() {
        for (kind, draw) in KINDS {
            for pending in [1, 30, 500, 20_000] {
                let (mut churn, mut last) = (Churn::new(RadixWheel::new(), 9), None);
                (0..pending).for_each(|_| churn.push(draw));
                for _ in 0..30_000 {
                    let popped = churn.list.pop();
                    assert!(last < popped, "{kind}, {pending} pending: {last:?} came before {popped:?}");
                    last = popped;
                    churn.push(draw);
                }
                assert_eq!(churn.list.len(), pending);
            }
        }
    }

    #[test]
    fn an_event_may_be_pushed_before_the_one_that_was_peeked_at() {
        let mut wheel = RadixWheel::new();
        wheel.push(SimTime::from_nanos(5), 'a');
        wheel.pop();
        wheel.push(SimTime::from_nanos(5_000_000), 'c');
        assert_eq!(wheel.peek_time(), Some(SimTime::from_nanos(5_000_000)));
        wheel.push(SimTime::from_nanos(7_000), 'b');
        assert_eq!(wheel.peek_time(), Some(SimTime::from_nanos(7_000)));
        assert_eq!([wheel.pop(), wheel.pop(), wheel.pop()].map(|popped| popped.map(|(_, event)| event)), [Some('b'), Some('c'), None]);
    }

    #[test]
    fn the_last_instant_of_all_is_a_time_like_any_other() {
        let mut wheel = RadixWheel::new();
        wheel.push(SimTime::MAX, 1);
        wheel.push(SimTime::ZERO, 0);
        wheel.push(SimTime::MAX, 2);
        assert_eq!([wheel.pop(), wheel.pop()], [Some((SimTime::ZERO, 0)), Some((SimTime::MAX, 1))]);
        wheel.push(SimTime::MAX, 3);
        assert_eq!([wheel.pop(), wheel.pop(), wheel.pop()], [Some((SimTime::MAX, 2)), Some((SimTime::MAX, 3)), None]);
    }

    #[test]
    #[should_panic(expected = "an event at 6 ns was pushed when the clock stood at 7 ns")]
    fn the_past_cannot_be_changed() {
        let mut wheel = RadixWheel::new();
        wheel.push(SimTime::from_nanos(7), ());
        wheel.pop();
        wheel.push(SimTime::from_nanos(6), ());
    }
}
