//! What a CPU limit does to a burst of work: it runs until the period's quota is spent, and waits for the next period.
//!
//! A model of the kernel's bandwidth control on a node with idle cores, for work that begins with a period.

use super::cgroup::PERIOD;
use crate::units::SimSpan;

/// How a burst of work went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Burst {
    /// From its begin to its end.
    pub(crate) time: SimSpan,
    /// Periods in which it ran (`nr_periods`).
    pub(crate) periods: u64,
    /// Periods at whose end it was stopped (`nr_throttled`).
    pub(crate) throttled: u64,
}

/// How `work` (CPU time) goes on `threads` threads that share it evenly, with a quota of CPU time in each period.
pub(crate) fn burst(work: SimSpan, threads: u64, quota: Option<SimSpan>) -> Burst {
    let (work, threads) = (work.as_nanos(), threads.max(1));
    let periods = |time: u64| time.div_ceil(PERIOD.as_nanos());
    match quota.map(SimSpan::as_nanos) {
        Some(quota) if threads.saturating_mul(PERIOD.as_nanos()) > quota && work > 0 => {
            let full = work.div_ceil(quota) - 1;
            let time = full * PERIOD.as_nanos() + (work - full * quota).div_ceil(threads);
            Burst { time: SimSpan::from_nanos(time), periods: full + 1, throttled: full }
        }
        _ => {
            let time = work.div_ceil(threads);
            Burst { time: SimSpan::from_nanos(time), periods: periods(time), throttled: 0 }
        }
    }
}

/// Millionths of the time in which `threads` threads that never rest are stopped by a quota.
pub(crate) fn stalled(threads: u64, quota: Option<SimSpan>) -> u32 {
    let most = u128::from(threads.max(1)) * u128::from(PERIOD.as_nanos());
    let quota = quota.map_or(most, |quota| u128::from(quota.as_nanos()).min(most));
    ((most - quota) * 1_000_000 / most) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cgroup::quota;
    use super::*;

    const fn millis(millis: u64) -> SimSpan {
        SimSpan::from_millis(millis)
    }

    #[test]
    fn a_burst_waits_for_the_next_period_when_its_quota_is_spent() {
        #[rustfmt::skip]
        let table = [
            ("half a core, one thread",           200,   1, Some(500),   (350, 4, 3)),
            ("two cores, eight threads",          1_000, 8, Some(2_000), (425, 5, 4)),
            ("eight threads without a limit",     1_000, 8, None,        (125, 2, 0)),
            ("as many threads as cores allowed",  1_000, 2, Some(2_000), (500, 5, 0)),
            ("within the first quota",            50,    1, Some(500),   (50, 1, 0)),
            ("nothing to do",                     0,     1, Some(500),   (0, 0, 0)),
        ];
        for (name, work, threads, limit, (time, periods, throttled)) in table {
            let want = Burst { time: millis(time), periods, throttled };
            assert_eq!(burst(millis(work), threads, quota(limit)), want, "{name}");
        }
    }

    #[test]
    fn threads_that_never_rest_are_stopped_for_what_their_limit_lacks() {
        #[rustfmt::skip]
        let table = [(1, Some(500), 500_000), (8, Some(2_000), 750_000), (2, Some(2_000), 0), (1, Some(4_000), 0), (4, None, 0)];
        for (threads, limit, want) in table {
            assert_eq!(stalled(threads, quota(limit)), want, "{threads} threads, {limit:?}");
        }
    }

    proptest! {
        #[test]
        fn a_limit_never_makes_work_faster_nor_slower_than_its_rate(work in 1..10_000_u64, threads in 1..32_u64, limit in 10..16_000_u64) {
            let quota = quota(Some(limit));
            let (limited, free) = (burst(millis(work), threads, quota), burst(millis(work), threads, None));
            let nanos = limited.time.as_nanos();
            prop_assert!(nanos >= free.time.as_nanos());
            // Over whole periods the average is the limit; only the last period can be ahead of it.
            let average = u128::from(millis(work).as_nanos()) * 1000 / u128::from(limit);
            prop_assert!(u128::from(nanos) <= average.max(u128::from(free.time.as_nanos())) + 1);
            prop_assert!(u128::from(nanos) + u128::from(PERIOD.as_nanos()) >= average);
        }
    }
}
