//! The event list of a run: a radix wheel over integer nanoseconds, a few cache misses per event however many are pending.
//!
//! An event which is still far lies on the *level* given by the highest bit in which its time differs from now: level 0 for the lowest
//! ten bits, level 1 for the next ten, and so on. The level's ten bits of the time choose one of its 1,024 buckets. Thus whatever lies
//! on a lower level is earlier than all on higher levels, and the first occupied bucket of the lowest occupied level is next.
//!
//! That bucket is *opened*. With few events, or with all of them at one time, it is sorted and becomes the *front*, from which events
//! are popped: its width is then the window of the front. Otherwise its events are spread over a lower level, in order, and the search
//! goes on there. So the width of the buckets that get sorted adapts to how densely events lie, bucket by bucket, whatever their rate,
//! and there is nothing to be set or rebuilt. An event moves down at most once per level in its life, most move once.
//!
//! Events pushed into the window of the front go to their place in it. When these are many, the window was too wide: it shrinks to the
//! next lower level, and what lies beyond is spread over that level.
//!
//! Every step keeps events of equal times in the order of their pushes and the sort is stable, so no sequence number is needed.

mod chunks;
mod front;
mod level;

use self::chunks::{Chain, Chunks};
use self::front::Front;
use self::level::{BITS, Level};
use super::EventList;
use super::event_list::assert_not_past;
use crate::units::SimTime;

/// Levels that cover the 64 bits of a time.
const LEVELS: u32 = u64::BITS.div_ceil(BITS);

/// The largest bucket which is sorted whole rather than spread over a lower level: spreading costs about as much as sorting so many.
const SORTED_MAX: usize = 512;

/// A pending event.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: SimTime,
    event: E,
}

/// An [`EventList`] for millions of pending events, of any distribution in time.
///
/// What it does depends on nothing but the calls made to it. Its memory is bounded by the most events that were ever pending.
#[derive(Clone, Debug)]
pub struct RadixWheel<E> {
    now: SimTime,
    len: usize,
    /// The events whose times differ from now in bits of `window` only.
    front: Front<E>,
    /// The low bits of a time which the front does not share; ones as far as they go.
    window: u64,
    levels: Vec<Level>,
    chunks: Chunks<E>,
    /// The earliest time outside the front, if it has been looked up since the last pop.
    soonest: Option<SimTime>,
}

impl<E: Copy> RadixWheel<E> {
    /// An empty wheel at time zero.
    pub fn new() -> Self {
        Self {
            now: SimTime::ZERO,
            len: 0,
            front: Front::new(),
            window: u64::MAX,
            levels: (0..LEVELS).map(Level::new).collect(),
            chunks: Chunks::new(),
            soonest: None,
        }
    }

    /// Adds an event outside the window of the front to its bucket.
    #[inline]
    fn file(&mut self, entry: Entry<E>) {
        let level = level_of(difference(entry.at, self.now));
        self.levels[level].file(&mut self.chunks, entry);
        if let Some(soonest) = &mut self.soonest {
            *soonest = entry.at.min(*soonest);
        }
    }

    fn earliest_level(&self) -> Option<usize> {
        self.levels.iter().position(|level| !level.is_empty())
    }

    /// Fills the empty front with the earliest events of the levels, and returns the first of them.
    fn open_next(&mut self) -> Option<Entry<E>> {
        loop {
            let level = self.earliest_level()?;
            let chain = self.levels[level].take_earliest();
            let Some(lower) = self.level_to_spread(chain, level) else {
                return self.open(chain, level);
            };
            self.spread(chain, lower);
        }
    }

    /// Makes a bucket of `level` the front and takes its first event.
    fn open(&mut self, chain: Chain, level: usize) -> Option<Entry<E>> {
        self.window = window_below(level);
        self.soonest = None;
        self.front.fill(self.chunks.read(chain));
        self.chunks.release_all(chain);
        self.front.pop()
    }

    /// The level over which a bucket of `level` is to be spread: the highest in which its times differ. None if it is better sorted whole.
    fn level_to_spread(&self, chain: Chain, level: usize) -> Option<usize> {
        if level == 0 || chain.len() <= SORTED_MAX {
            return None;
        }
        let difference = self.differing_bits(chain, window_below(level - 1));
        (difference > 0).then(|| level_of(difference))
    }

    /// The bits in which the times of a chain differ; no more are looked for once there are more than `enough`.
    fn differing_bits(&self, chain: Chain, enough: u64) -> u64 {
        let (mut first, mut differing) = (None, 0);
        for entries in self.chunks.read(chain) {
            let first = *first.get_or_insert(entries[0].at);
            differing |= entries.iter().fold(0, |bits, entry| bits | difference(entry.at, first));
            if differing > enough {
                break;
            }
        }
        differing
    }

    fn spread(&mut self, chain: Chain, level: usize) {
        let level = &mut self.levels[level];
        self.chunks.drain(chain, |chunks, entry| level.file(chunks, entry));
    }

    /// Shrinks the window until the front is no longer crowded.
    #[cold]
    fn narrow(&mut self) {
        // What leaves the front may be earlier than all that is outside of it.
        self.soonest = None;
        while self.front.is_crowded() {
            let level = level_of(self.window);
            self.window = window_below(level);
            let (now, window) = (self.now, self.window);
            for entry in self.front.cut(|at| difference(at, now) <= window) {
                self.levels[level].file(&mut self.chunks, entry);
            }
        }
    }

    /// The earliest time outside the front.
    fn look_up_soonest(&mut self) -> Option<SimTime> {
        if self.soonest.is_none() {
            let chain = self.levels[self.earliest_level()?].earliest();
            self.soonest = self.chunks.read(chain).flatten().map(|entry| entry.at).min();
        }
        self.soonest
    }
}

impl<E: Copy> Default for RadixWheel<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> EventList<E> for RadixWheel<E> {
    #[inline]
    fn push(&mut self, at: SimTime, event: E) {
        assert_not_past(at, self.now);
        self.len += 1;
        let entry = Entry { at, event };
        if difference(at, self.now) > self.window {
            return self.file(entry);
        }
        self.front.push(entry);
        if self.front.is_crowded() {
            self.narrow();
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<(SimTime, E)> {
        let Entry { at, event } = self.front.pop().or_else(|| self.open_next())?;
        self.now = at;
        self.len -= 1;
        Some((at, event))
    }

    fn peek_time(&mut self) -> Option<SimTime> {
        self.front.peek_time().or_else(|| self.look_up_soonest())
    }

    fn len(&self) -> usize {
        self.len
    }

    fn now(&self) -> SimTime {
        self.now
    }

    fn purge(&mut self, mut keep: impl FnMut(&E) -> bool) {
        self.soonest = None;
        self.len -= self.front.purge(&mut keep);
        for level in &mut self.levels {
            self.len -= level.purge(&mut self.chunks, &mut keep);
        }
    }
}

/// The bits in which two times differ.
#[inline]
fn difference(one: SimTime, other: SimTime) -> u64 {
    one.as_nanos() ^ other.as_nanos()
}

/// The level of the highest of the `differing` bits.
#[inline]
fn level_of(differing: u64) -> usize {
    ((differing | 1).ilog2() / BITS) as usize
}

/// The bits of a time below those of `level`: what times in one of its buckets may differ in.
fn window_below(level: usize) -> u64 {
    (1 << (level as u32 * BITS)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimSpan;

    /// A spread of times without a generator: multiples of an odd number, folded into 2^`bits` nanoseconds.
    fn scattered(number: u64, bits: u32) -> SimSpan {
        SimSpan::from_nanos(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits))
    }

    #[test]
    fn memory_is_bounded_by_the_most_events_ever_pending() {
        const PEAK: usize = 20_000;
        let mut wheel = RadixWheel::new();
        for number in 0..400_000 {
            if wheel.len() == PEAK {
                wheel.pop();
            }
            wheel.push(wheel.now() + scattered(number, 20 + (number / 50_000) as u32 * 4), number);
        }
        let in_full_chunks = PEAK / Chunks::<u64>::ENTRIES;
        let in_last_chunks = PEAK.min((LEVELS << BITS) as usize);
        assert!(wheel.chunks.count() <= in_full_chunks + in_last_chunks, "{} chunks", wheel.chunks.count());
        while wheel.pop().is_some() {}
        assert_eq!(wheel.chunks.count_free(), wheel.chunks.count());
    }

    #[test]
    fn purging_gives_the_memory_of_void_events_back() {
        let mut wheel = RadixWheel::new();
        (0..10_000).for_each(|number| wheel.push(wheel.now() + scattered(number, 40), number));
        wheel.purge(|number| number % 10 == 0);
        assert_eq!(wheel.len(), 1_000);
        let chunks = wheel.chunks.count();
        (10_000..19_000).for_each(|number| wheel.push(wheel.now() + scattered(number, 40), number));
        assert_eq!(wheel.chunks.count(), chunks);
        let mut numbers: Vec<_> = std::iter::from_fn(|| wheel.pop()).map(|(_, number)| number).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq((0..10_000).step_by(10).chain(10_000..19_000)));
    }

    #[test]
    fn a_crowded_window_narrows_and_many_ties_do_not_crowd_it() {
        let mut wheel = RadixWheel::new();
        (0..1_000).rev().for_each(|number| wheel.push(SimTime::from_nanos(number << 20), number));
        assert!(wheel.window < 1 << 30);
        let window = wheel.window;
        (0..1_000).for_each(|number| wheel.push(SimTime::ZERO, number));
        assert_eq!(wheel.window, window);
    }

    #[test]
    fn a_copy_of_a_wheel_goes_its_own_way() {
        let mut wheel = RadixWheel::new();
        (0..5_000).for_each(|number| wheel.push(SimTime::ZERO + scattered(number, 36), number));
        let mut copy = wheel.clone();
        let first: Vec<_> = std::iter::from_fn(|| wheel.pop()).collect();
        copy.push(SimTime::MAX, 5_000);
        assert!(std::iter::from_fn(|| copy.pop()).eq(first.into_iter().chain([(SimTime::MAX, 5_000)])));
    }
}
