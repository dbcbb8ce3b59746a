//! Eviction thresholds: which are met, which conditions they mean, and when they act.
//!
//! Source: `pkg/kubelet/eviction/{helpers,eviction_manager}.go` of Kubernetes v1.34.

use crate::measure::Pressure;
use crate::spec::{EvictionSignal, Threshold};
use crate::units::{SimSpan, SimTime};

/// What is left of what a signal watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Observation {
    /// Bytes, inodes or processes that are free.
    pub(crate) available: u64,
    /// Of so many.
    pub(crate) capacity: u64,
}

/// True if a threshold is met; one that was met before stays so until its minimum reclaim is free too.
pub(crate) const fn is_met(threshold: &Threshold, seen: Observation, before: bool) -> bool {
    let mut level = threshold.level.of(seen.capacity);
    if before {
        level = level.saturating_add(threshold.min_reclaim.of(seen.capacity));
    }
    seen.available < level
}

/// What is missing until a threshold that is met is met no more.
pub(crate) const fn missing(threshold: &Threshold, seen: Observation) -> u64 {
    let level = threshold.level.of(seen.capacity).saturating_add(threshold.min_reclaim.of(seen.capacity));
    level.saturating_sub(seen.available)
}

/// True if a threshold acts that has been met without a break since `since`: a hard one at once, a soft one after its grace period.
pub(crate) fn acts(threshold: &Threshold, since: SimTime, now: SimTime) -> bool {
    threshold.grace.is_none_or(|grace| now.since(since) >= grace)
}

/// Grace period of a Pod that a threshold evicts: 1 s for a hard one, else the Pod's own but no more than `most`.
pub(crate) fn pod_grace(threshold: &Threshold, own: SimSpan, most: SimSpan) -> SimSpan {
    if threshold.grace.is_none() { SimSpan::from_secs(1) } else { own.min(most) }
}

/// The node condition that a signal means.
pub(crate) const fn condition(signal: EvictionSignal) -> Pressure {
    match signal {
        EvictionSignal::MemoryAvailable | EvictionSignal::AllocatableMemoryAvailable => Pressure::Memory,
        EvictionSignal::PidAvailable => Pressure::Pid,
        EvictionSignal::NodeFsAvailable
        | EvictionSignal::NodeFsInodesFree
        | EvictionSignal::ImageFsAvailable
        | EvictionSignal::ImageFsInodesFree => Pressure::Disk,
    }
}

/// True while a condition is reported that was last observed at `last`.
pub(crate) fn is_reported(last: Option<SimTime>, now: SimTime, transition: SimSpan) -> bool {
    last.is_some_and(|last| now.since(last) < transition || last == now)
}

/// The place of the threshold that a pass of the control loop acts on, of those that act: memory before anything else, then by order.
pub(crate) fn chosen(acting: impl Iterator<Item = EvictionSignal>) -> Option<usize> {
    let memory = |signal| matches!(condition(signal), Pressure::Memory);
    acting.enumerate().min_by_key(|&(place, signal)| (!memory(signal), place)).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::eviction::{Eviction, Level};
    use EvictionSignal::{AllocatableMemoryAvailable, ImageFsInodesFree, MemoryAvailable, NodeFsAvailable, PidAvailable};

    const fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn a_threshold_is_met_below_its_value_and_until_its_reclaim_is_free_too() {
        let memory = Threshold { min_reclaim: Level::Amount(50), ..Threshold::hard(MemoryAvailable, Level::Amount(100)) };
        let disk = Threshold { min_reclaim: Level::percent(5), ..Threshold::hard(NodeFsAvailable, Level::percent(10)) };
        #[rustfmt::skip]
        let table = [
            ("just enough",              memory, 100, false, false, 50),
            ("one too few",              memory, 99,  false, true,  51),
            ("not enough reclaimed",     memory, 149, true,  true,  1),
            ("enough reclaimed",         memory, 150, true,  false, 0),
            ("not met before",           memory, 149, false, false, 1),
            ("a tenth of the disk",      disk,   200, false, false, 100),
            ("less than that",           disk,   199, false, true,  101),
            ("percents to reclaim",      disk,   299, true,  true,  1),
        ];
        for (name, threshold, available, before, want, lacks) in table {
            let seen = Observation { available, capacity: 2_000 };
            assert_eq!((is_met(&threshold, seen, before), missing(&threshold, seen)), (want, lacks), "{name}");
        }
    }

    #[test]
    fn a_soft_threshold_acts_after_its_grace_period_and_a_hard_one_at_once() {
        let hard = Threshold::hard(MemoryAvailable, Level::Amount(100));
        let soft = Threshold { grace: Some(SimSpan::from_secs(90)), ..hard };
        let secs = SimSpan::from_secs;
        #[rustfmt::skip]
        let table = [
            ("hard",           hard, 0,  true,  secs(1)),
            ("soft, too soon", soft, 89, false, secs(20)),
            ("soft",           soft, 90, true,  secs(20)),
        ];
        for (name, threshold, after, want, grace) in table {
            assert_eq!(acts(&threshold, at(5), at(5 + after)), want, "{name}");
            assert_eq!(pod_grace(&threshold, secs(30), secs(20)), grace, "{name}");
        }
        assert_eq!(pod_grace(&soft, secs(30), Eviction::default().max_pod_grace), SimSpan::ZERO, "by default a soft one gives no time");
        assert_eq!(pod_grace(&soft, secs(30), secs(60)), secs(30), "a Pod gets no more than it has");
    }

    #[test]
    fn a_condition_stays_reported_for_a_while() {
        let five = SimSpan::from_secs(300);
        #[rustfmt::skip]
        let table = [(None, 0, five, false), (Some(10), 10, five, true), (Some(10), 309, five, true), (Some(10), 310, five, false), (Some(10), 10, SimSpan::ZERO, true)];
        for (last, now, transition, want) in table {
            assert_eq!(is_reported(last.map(at), at(now), transition), want, "seen at {last:?}, now {now}");
        }
    }

    #[test]
    fn signals_mean_conditions_and_memory_goes_first() {
        let means = [MemoryAvailable, AllocatableMemoryAvailable, NodeFsAvailable, ImageFsInodesFree, PidAvailable].map(condition);
        assert_eq!(means, [Pressure::Memory, Pressure::Memory, Pressure::Disk, Pressure::Disk, Pressure::Pid]);
        #[rustfmt::skip]
        let table = [
            (vec![NodeFsAvailable, PidAvailable, MemoryAvailable], Some(2)),
            (vec![PidAvailable, NodeFsAvailable],                  Some(0)),
            (vec![],                                               None),
        ];
        for (acting, want) in table {
            assert_eq!(chosen(acting.iter().copied()), want, "{acting:?}");
        }
    }
}
