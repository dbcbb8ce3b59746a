//! When probes notice something: computed from phase, period and thresholds, never polled.
//!
//! After the kubelet's prober: a worker for each probe of a container ticks at a fixed period from the Pod's first sync on; an attempt
//! before the kubelet knows that the container runs, or within `initialDelaySeconds`, does nothing. The readiness worker alone is poked
//! to try at once, and its ticks begin anew, whenever the Pod is synced while it is not ready. The tests hold these instants to a
//! worker that does tick.

use crate::spec::Probe;
use crate::units::{SimSpan, SimTime};

/// The instants at which a worker tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ticks {
    /// The first.
    pub from: SimTime,
    /// From one to the next.
    pub period: SimSpan,
}

impl Ticks {
    /// The ticks of `probe` from `from` on.
    pub(super) const fn of(probe: Probe, from: SimTime) -> Self {
        Self { from, period: probe.period }
    }

    /// The first tick at or after `time`.
    pub(super) fn at_or_after(self, time: SimTime) -> SimTime {
        let (period, late) = (self.period.as_nanos().max(1), time.since(self.from).as_nanos());
        self.from + SimSpan::from_nanos(late.div_ceil(period).saturating_mul(period))
    }
}

/// When attempts begin to count: the kubelet knows since `noticed` that the container, which started at `started`, runs.
pub(super) fn counts_from(probe: Probe, started: SimTime, noticed: SimTime) -> SimTime {
    noticed.max(started + probe.initial_delay)
}

/// What a probe says of a container that begins to serve at some time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It passes at this time.
    Passes(SimTime),
    /// It has failed often enough at this time.
    Fails(SimTime),
}

/// The first verdict on a container that refuses until `serves`: attempts count from `from` on.
pub(super) fn verdict(ticks: Ticks, probe: Probe, from: SimTime, serves: SimTime) -> Verdict {
    let first = ticks.at_or_after(from);
    let passes = ticks.at_or_after(first.max(serves));
    let fails = first + probe.period * u64::from(probe.failure_threshold.max(1) - 1);
    if passes <= fails { Verdict::Passes(passes) } else { Verdict::Fails(fails) }
}

/// When a worker has failed often enough on a process that answers no more from `hangs` on: each attempt takes its timeout, and a slow
/// one swallows the ticks that it covers.
pub(super) fn fails_at(ticks: Ticks, probe: Probe, from: SimTime, hangs: SimTime) -> SimTime {
    let first = ticks.at_or_after(from.max(hangs));
    let gap = probe.period.max(probe.timeout);
    first + gap * u64::from(probe.failure_threshold.max(1) - 1) + probe.timeout
}

/// When readiness is noticed of a container that serves from `serves` on, and whose worker is poked at each of `pokes` (the first of
/// them the latest before now; they end never): the attempt that makes `successThreshold` of them in a row.
pub(super) fn ready_at(probe: Probe, pokes: impl IntoIterator<Item = SimTime>, from: SimTime, serves: SimTime) -> SimTime {
    let serves = from.max(serves);
    let mut wanted = u64::from(probe.success_threshold.max(1));
    let mut pokes = pokes.into_iter();
    let mut poke = pokes.next().unwrap_or(serves);
    loop {
        let next = pokes.next().unwrap_or(SimTime::MAX);
        let first = Ticks::of(probe, poke).at_or_after(serves);
        let last = first + probe.period * (wanted - 1);
        if last < next {
            return last;
        }
        if first < next {
            wanted -= next.since(first).as_nanos().div_ceil(probe.period.as_nanos().max(1));
        }
        poke = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: f64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs_f64(secs)
    }

    fn probe(period: u64, failure: u32, success: u32, delay: u64, timeout: u64) -> Probe {
        Probe {
            initial_delay: SimSpan::from_secs(delay),
            period: SimSpan::from_secs(period),
            timeout: SimSpan::from_secs(timeout),
            success_threshold: success,
            failure_threshold: failure,
            grace: None,
        }
    }

    #[test]
    fn readiness_is_noticed_as_in_the_worked_examples() {
        #[rustfmt::skip]
        let table = [
            ("R1", probe(10, 3, 1, 0, 0), 3.0, 10.0),
            ("R2: the poke resets the ticks, though the delay is not over", probe(10, 3, 1, 5, 0), 3.0, 10.0),
            ("R3", probe(1, 3, 1, 0, 0), 3.2, 4.0),
            ("two successes in a row", probe(10, 3, 2, 0, 0), 3.0, 20.0),
        ];
        for (name, probe, serves, want) in table {
            let from = counts_from(probe, at(0.0), at(0.0));
            assert_eq!(ready_at(probe, [at(0.0)], from, at(serves)), at(want), "{name}");
        }
    }

    #[test]
    fn a_later_sync_pokes_the_worker_again() {
        let probe = probe(50, 3, 1, 0, 0);
        assert_eq!(ready_at(probe, [at(0.0), at(70.0)], at(0.0), at(60.0)), at(70.0));
    }

    #[test]
    fn a_hang_is_ended_as_in_the_worked_example() {
        // R4: ticks at 0, 10, 20, …; the app hangs at 12: failures at 20, 30, 40.
        let probe = probe(10, 3, 1, 0, 0);
        assert_eq!(fails_at(Ticks::of(probe, at(0.0)), probe, at(0.0), at(12.0)), at(40.0));
    }

    #[test]
    fn startup_probes_decide_as_in_the_worked_examples() {
        let (r5, r6) = (probe(5, 30, 1, 0, 0), probe(5, 3, 1, 0, 0));
        assert_eq!(verdict(Ticks::of(r5, at(0.0)), r5, at(0.0), at(42.0)), Verdict::Passes(at(45.0)));
        assert_eq!(verdict(Ticks::of(r6, at(0.0)), r6, at(0.0), at(42.0)), Verdict::Fails(at(10.0)));
    }

    #[test]
    fn an_attempt_that_takes_longer_than_the_period_is_followed_at_once() {
        let probe = probe(1, 3, 1, 0, 5);
        assert_eq!(fails_at(Ticks::of(probe, at(0.0)), probe, at(0.0), at(0.5)), at(1.0 + 3.0 * 5.0));
    }

    /// A worker that does tick, told when to be poked: the instants of its published changes.
    fn worker(
        probe: Probe,
        start: SimTime,
        pokes: &[SimTime],
        from: SimTime,
        serves: SimTime,
        end: SimTime,
    ) -> (Option<SimTime>, Option<SimTime>) {
        let (mut tick, mut poke) = (start, 0);
        let (mut successes, mut failures, mut passed, mut failed) = (0, 0, None, None);
        loop {
            let now = if poke < pokes.len() && pokes[poke] <= tick { pokes[poke] } else { tick };
            if now > end {
                return (passed, failed);
            }
            if poke < pokes.len() && pokes[poke] == now {
                poke += 1;
            }
            tick = now + probe.period;
            if now < from {
                continue;
            }
            let good = now >= serves;
            (successes, failures) = if good { (successes + 1, 0) } else { (0, failures + 1) };
            if successes >= probe.success_threshold {
                passed = passed.or(Some(now));
            }
            if failures >= probe.failure_threshold {
                failed = failed.or(Some(now));
            }
        }
    }

    proptest! {
        #[test]
        fn computed_instants_are_those_of_a_worker_that_ticks(
            period in 1u64..20, failure in 1u32..5, success in 1u32..4, delay in 0u64..30,
            noticed in 0.0..5.0f64, serves in 0.0..200.0f64, gaps in proptest::collection::vec(1.0..90.0f64, 0..6),
        ) {
            let probe = probe(period, failure, success, delay, 0);
            let (noticed, serves) = (at(noticed), at(serves));
            let from = counts_from(probe, at(0.0), noticed);
            let mut pokes = vec![noticed];
            for gap in gaps {
                pokes.push(*pokes.last().unwrap() + SimSpan::from_secs_f64(gap));
            }
            let end = at(2_000.0);
            let (passed, _) = worker(probe, noticed, &pokes, from, serves, end);
            prop_assert_eq!(Some(ready_at(probe, pokes.iter().copied(), from, serves)), passed);

            let once = Probe { success_threshold: 1, ..probe };
            let (passed, failed) = worker(once, at(0.0), &[], from, serves, end);
            let want = match (passed, failed) {
                (Some(passed), Some(failed)) if failed < passed => Verdict::Fails(failed),
                (Some(passed), _) => Verdict::Passes(passed),
                (None, failed) => Verdict::Fails(failed.unwrap()),
            };
            prop_assert_eq!(verdict(Ticks::of(once, at(0.0)), once, from, serves), want);
        }
    }
}
