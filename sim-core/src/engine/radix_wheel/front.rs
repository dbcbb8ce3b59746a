//! The bucket which is being consumed: the only place where events are in order.

use std::collections::VecDeque;

use super::Entry;
use crate::units::SimTime;

/// How many latecomers are worth keeping in order; with more, the window is too wide.
const LATE_MAX: usize = 64;

/// The events of the present window, in order: those that were sorted when the window was opened, and those that came since.
///
/// An event among the latecomers was pushed after all events of the same time in the run, so the run goes first.
#[derive(Clone, Debug)]
pub(super) struct Front<E> {
    run: VecDeque<Entry<E>>,
    late: VecDeque<Entry<E>>,
}

impl<E: Copy> Front<E> {
    pub(super) fn new() -> Self {
        Self { run: VecDeque::new(), late: VecDeque::new() }
    }

    /// Takes over the events of a bucket, which are in the order of their pushes; the front must be empty.
    pub(super) fn fill<'a>(&mut self, bucket: impl Iterator<Item = &'a [Entry<E>]>)
    where
        E: 'a,
    {
        // Emptied, a deque starts at the beginning of its memory again, so that it need not be turned round for sorting.
        self.run.clear();
        bucket.for_each(|entries| self.run.extend(entries));
        self.run.make_contiguous().sort_by_key(|entry| entry.at);
    }

    /// Adds an event, after all that are not later.
    #[inline]
    pub(super) fn push(&mut self, entry: Entry<E>) {
        let after_run = self.run.back().is_none_or(|last| last.at <= entry.at);
        let after_late = self.late.back().is_none_or(|last| last.at < entry.at);
        if after_run && after_late {
            self.run.push_back(entry);
        } else {
            let place = self.late.partition_point(|other| other.at <= entry.at);
            self.late.insert(place, entry);
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry<E>> {
        if self.late_is_next() { self.late.pop_front() } else { self.run.pop_front() }
    }

    pub(super) fn peek_time(&self) -> Option<SimTime> {
        let queue = if self.late_is_next() { &self.late } else { &self.run };
        queue.front().map(|entry| entry.at)
    }

    #[inline]
    fn late_is_next(&self) -> bool {
        let Some(late) = self.late.front() else { return false };
        self.run.front().is_none_or(|run| late.at < run.at)
    }

    /// True if keeping the latecomers in order has become dear. Any number of them at one time is not: each goes to the end.
    #[inline]
    pub(super) fn is_crowded(&self) -> bool {
        self.late.len() > LATE_MAX && self.late.front().map(|first| first.at) != self.late.back().map(|last| last.at)
    }

    /// Takes the events from the first on which is not `within` a narrower window, equal times in their order.
    pub(super) fn cut(&mut self, within: impl Fn(SimTime) -> bool) -> impl Iterator<Item = Entry<E>> {
        let run = self.run.partition_point(|entry| within(entry.at));
        let late = self.late.partition_point(|entry| within(entry.at));
        self.run.drain(run..).chain(self.late.drain(late..))
    }

    /// Drops the entries which `keep` refuses and says how many there were.
    pub(super) fn purge(&mut self, mut keep: impl FnMut(&E) -> bool) -> usize {
        let before = self.run.len() + self.late.len();
        self.run.retain(|entry| keep(&entry.event));
        self.late.retain(|entry| keep(&entry.event));
        before - self.run.len() - self.late.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_set_off_others_at_once_need_no_more_memory_the_longer_they_go_on() {
        let mut front = Front::new();
        (0..10).for_each(|event| front.push(Entry { at: SimTime::ZERO, event }));
        for event in 10..100_000 {
            front.push(Entry { at: SimTime::ZERO, event });
            assert_eq!(front.pop().map(|entry| entry.event), Some(event - 10));
        }
        assert!(front.run.capacity() < 64 && front.late.capacity() < 64);
    }

    #[test]
    fn latecomers_come_after_the_events_of_their_time_that_were_there_before() {
        let mut front = Front::new();
        for (nanos, event) in [(3, 'c'), (9, 'f'), (3, 'd'), (1, 'a'), (5, 'e'), (1, 'b'), (9, 'g')] {
            front.push(Entry { at: SimTime::from_nanos(nanos), event });
        }
        assert!(std::iter::from_fn(|| front.pop()).map(|entry| entry.event).eq('a'..='g'));
    }
}
