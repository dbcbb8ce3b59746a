//! The auditor beside a run: when it looks, and what it says of what it finds.

use crate::units::SimTime;
use std::fmt;
use std::num::NonZeroU64;

/// Why a run stopped before its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Stopped {
    /// Somebody asked it to.
    #[error("stopped on request")]
    OnRequest,
    /// The auditor found something.
    #[error(transparent)]
    Violation(Violation),
}

/// Something that must not be: a bug of the simulator.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Violation {
    /// The replication in which it was found.
    pub replication: u32,
    /// After so many events.
    pub events: u64,
    /// Simulated time.
    pub at: SimTime,
    /// What does not hold.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replication, events, at, what } = self;
        write!(f, "replication {replication}, after {events} events, at {:.3} s of simulated time: {what}", at.as_secs_f64())
    }
}

/// When to look.
#[derive(Clone, Debug)]
pub(super) struct Auditor {
    every: u64,
    due: u64,
}

impl Auditor {
    /// Looks after every so many events.
    pub(super) fn new(every: NonZeroU64) -> Self {
        Self { every: every.get(), due: every.get() }
    }

    /// True if it looks now, after `events` events or at the end of the run.
    pub(super) fn is_due(&mut self, events: u64, over: bool) -> bool {
        let due = over || events >= self.due;
        if due {
            self.due = events + self.every;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_every_so_many_events_and_at_the_end() {
        let mut auditor = Auditor::new(NonZeroU64::MIN.saturating_add(2));
        let looks: Vec<u64> = (1..=10).filter(|&events| auditor.is_due(events, events == 10)).collect();
        assert_eq!(looks, [3, 6, 9, 10]);
    }
}
