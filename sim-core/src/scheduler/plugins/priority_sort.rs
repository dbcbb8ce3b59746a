//! `PrioritySort`: which Pod is tried first.

use std::cmp::Reverse;

use crate::units::SimTime;

/// A Pod's place in the active queue; the greatest goes first: higher `spec.priority`, then the earlier time at which the Pod
/// entered the queue or last failed, then (where kube-scheduler leaves it open) the earlier submission.
///
/// Source: `pkg/scheduler/framework/plugins/queuesort/priority_sort.go` of Kubernetes v1.34.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rank {
    priority: i32,
    since: Reverse<SimTime>,
    number: Reverse<u64>,
}

impl Rank {
    /// The place of a Pod of `priority` that waits since `since` and was submitted as the `number`-th.
    pub const fn new(priority: i32, since: SimTime, number: u64) -> Self {
        Self { priority, since: Reverse(since), number: Reverse(number) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_goes_before_age_and_age_before_number() {
        let at = SimTime::from_nanos;
        let mut ranks = [Rank::new(0, at(0), 0), Rank::new(10, at(2), 1), Rank::new(10, at(1), 3), Rank::new(10, at(1), 2)];
        ranks.sort_by(|a, b| b.cmp(a));
        assert_eq!(ranks, [Rank::new(10, at(1), 2), Rank::new(10, at(1), 3), Rank::new(10, at(2), 1), Rank::new(0, at(0), 0)]);
    }
}
