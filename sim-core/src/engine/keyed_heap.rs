//! The plain reading of an event list, on a heap whose entries have keys: the reference for [`RadixWheel`](super::RadixWheel).

use std::cmp::Reverse;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;

use super::EventList;
use super::event_list::assert_not_past;
use crate::units::SimTime;

/// An event list in which the order is spelled out: by time, then by the number of the push.
#[derive(Clone, Debug)]
pub struct KeyedHeap<E> {
    heap: PriorityQueue<Numbered<E>, Reverse<(SimTime, u64)>, BuildHasherDefault<FxHasher>>,
    pushed: u64,
    now: SimTime,
}

/// An event known by the number of its push.
#[derive(Clone, Copy, Debug)]
struct Numbered<E> {
    number: u64,
    event: E,
}

impl<E> PartialEq for Numbered<E> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<E> Eq for Numbered<E> {}

impl<E> Hash for Numbered<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl<E> KeyedHeap<E> {
    /// An empty list at time zero.
    pub fn new() -> Self {
        Self { heap: PriorityQueue::with_default_hasher(), pushed: 0, now: SimTime::ZERO }
    }
}

impl<E> Default for KeyedHeap<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> EventList<E> for KeyedHeap<E> {
    fn push(&mut self, at: SimTime, event: E) {
        assert_not_past(at, self.now);
        let number = self.pushed;
        self.pushed += 1;
        self.heap.push(Numbered { number, event }, Reverse((at, number)));
    }

    fn pop(&mut self) -> Option<(SimTime, E)> {
        let (Numbered { event, .. }, Reverse((at, _))) = self.heap.pop()?;
        self.now = at;
        Some((at, event))
    }

    fn peek_time(&mut self) -> Option<SimTime> {
        self.heap.peek().map(|(_, &Reverse((at, _)))| at)
    }

    fn len(&self) -> usize {
        self.heap.len()
    }

    fn now(&self) -> SimTime {
        self.now
    }

    fn purge(&mut self, mut keep: impl FnMut(&E) -> bool) {
        self.heap.retain(|numbered, _| keep(&numbered.event));
    }
}
