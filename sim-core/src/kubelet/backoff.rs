//! Crash-loop back-off, after the kubelet's `doBackOff`.
//!
//! The first restart may come at once; then a container waits 10, 20, 40, … up to 300 seconds since its exit. One that ran longer than
//! 600 seconds since its last start begins anew. The kubelet also forgets entries that have not been touched for 600 seconds: then a
//! container whose window is still open may start.

use crate::spec::Kubelet;
use crate::units::{SimSpan, SimTime};

/// What the kubelet keeps of a container that was restarted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// The wait.
    pub wait: SimSpan,
    /// When it was last allowed to start.
    pub updated: SimTime,
}

/// Whether a container may start again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// It may; this is kept from now on.
    Allowed(Entry),
    /// It may not before this time.
    Blocked(SimTime),
}

/// May a container that exited at `exited` start at `now`?
pub(super) fn ask(entry: Option<Entry>, exited: SimTime, now: SimTime, kubelet: &Kubelet) -> Answer {
    let Some(Entry { wait, updated }) = entry.filter(|entry| exited.since(entry.updated) <= kubelet.backoff_reset) else {
        return Answer::Allowed(Entry { wait: kubelet.backoff_initial, updated: now });
    };
    let forgotten = if kubelet.backoff_forgets { updated + kubelet.backoff_reset } else { SimTime::MAX };
    if now > forgotten {
        return Answer::Allowed(Entry { wait: kubelet.backoff_initial, updated: now });
    }
    let until = exited + wait;
    if now < until {
        return Answer::Blocked(until.min(forgotten + SimSpan::from_nanos(1)));
    }
    Answer::Allowed(Entry { wait: (wait * 2).min(kubelet.backoff_max), updated: now })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(secs)
    }

    /// Starts of a container that runs for `runs` seconds at each start, at ideal instants.
    fn starts(kubelet: &Kubelet, runs: &[u64]) -> Vec<u64> {
        let (mut entry, mut now, mut starts) = (None, 0, Vec::new());
        for run in runs {
            starts.push(now);
            let exited = now + run;
            now = exited;
            loop {
                match ask(entry, at(exited), at(now), kubelet) {
                    Answer::Allowed(next) => break entry = Some(next),
                    Answer::Blocked(until) => now = until.as_nanos().div_ceil(1_000_000_000),
                }
            }
        }
        starts.push(now);
        starts
    }

    #[test]
    fn a_container_that_runs_for_a_second_starts_at_the_worked_instants() {
        let kubelet = Kubelet::default();
        assert_eq!(starts(&kubelet, &[1; 8]), [0, 1, 12, 33, 74, 155, 316, 617, 918]);
    }

    #[test]
    fn the_alpha_gate_s_shorter_back_off_is_a_matter_of_settings() {
        let kubelet = Kubelet { backoff_initial: SimSpan::from_secs(1), backoff_max: SimSpan::from_secs(60), ..Kubelet::default() };
        let waits: Vec<u64> = starts(&kubelet, &[0; 9]).windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_run_of_more_than_ten_minutes_begins_anew_and_a_shorter_one_does_not() {
        let entry = Some(Entry { wait: SimSpan::from_secs(300), updated: at(0) });
        let kubelet = Kubelet { backoff_forgets: false, ..Kubelet::default() };
        assert_eq!(ask(entry, at(601), at(601), &kubelet), Answer::Allowed(Entry { wait: SimSpan::from_secs(10), updated: at(601) }));
        assert_eq!(ask(entry, at(590), at(590), &kubelet), Answer::Blocked(at(890)));
    }

    #[test]
    fn an_entry_of_ten_minutes_ago_is_forgotten_though_its_window_is_open() {
        let entry = Some(Entry { wait: SimSpan::from_secs(300), updated: at(0) });
        let kubelet = Kubelet::default();
        assert_eq!(ask(entry, at(590), at(590), &kubelet), Answer::Blocked(at(600) + SimSpan::from_nanos(1)));
        assert_eq!(ask(entry, at(590), at(601), &kubelet), Answer::Allowed(Entry { wait: SimSpan::from_secs(10), updated: at(601) }));
    }
}
