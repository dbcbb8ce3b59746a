//! Identities that hold in every run, whatever was drawn: they are asserted, not sampled. A failed one is a fault of the simulator.

use crate::figures::at_end;
use crate::format::exact;
use sim_core::measure::{Outcome, ResourceUse};

/// An identity and whether every replication keeps it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Its name in files.
    pub id: &'static str,
    /// What must hold.
    pub statement: &'static str,
    /// Whether it holds in every replication.
    pub passed: bool,
    /// The two sides where it does not, for the first replication that breaks it; else empty.
    pub detail: String,
}

/// The two sides of an identity in one replication.
type Sides = fn(&Outcome) -> (f64, f64);

/// Identity by identity: name, statement, sides.
const IDENTITIES: [(&str, &str, Sides); 8] = [
    ("little", "The integral of live Pods over the window equals the sum of the times that each Pod was live in it.", little),
    ("flow", "Pods at the start and Pods created equal Pods ended and Pods at the end.", flow),
    ("ends", "Every Pod that ended is counted as succeeded or failed.", ends),
    ("states", "The times that Pods spent in each state add up to the time that they were live.", states),
    ("work.cpu", "The integral of requested CPU equals requests times bound times, Pod by Pod.", |o| work(o, &o.resources.cpu)),
    ("work.memory", "The integral of requested memory equals requests times bound times, Pod by Pod.", |o| work(o, &o.resources.memory)),
    ("placements", "Every scheduling cycle either places its Pod or finds no node.", placements),
    ("addresses", "No address is held by two Pods at a time.", |o| (o.addresses.duplicates as f64, 0.0)),
];

/// Relative difference that rounding of floats may cause; the sums themselves are exact integers.
const ROUNDING: f64 = 1e-9;

/// Every identity, checked in every replication.
pub fn checks(outcomes: &[Outcome]) -> Vec<Check> {
    IDENTITIES.into_iter().map(|(id, statement, sides)| check(id, statement, sides, outcomes)).collect()
}

fn check(id: &'static str, statement: &'static str, sides: Sides, outcomes: &[Outcome]) -> Check {
    let broken = outcomes.iter().map(|outcome| (outcome.replication, sides(outcome))).find(|(_, (left, right))| !equal(*left, *right));
    let detail = broken.map(|(replication, (left, right))| format!("replication {replication}: {} against {}", exact(left), exact(right)));
    Check { id, statement, passed: detail.is_none(), detail: detail.unwrap_or_default() }
}

fn equal(left: f64, right: f64) -> bool {
    (left - right).abs() <= ROUNDING * left.abs().max(right.abs())
}

fn little(outcome: &Outcome) -> (f64, f64) {
    (outcome.pods.live.integral(outcome.closed), outcome.pods.lived as f64 / 1e9)
}

fn flow(outcome: &Outcome) -> (f64, f64) {
    let pods = &outcome.pods;
    ((pods.at_start + pods.created) as f64, (pods.lifespan.count() + at_end(outcome)) as f64)
}

fn ends(outcome: &Outcome) -> (f64, f64) {
    ((outcome.pods.succeeded + outcome.pods.failed) as f64, outcome.pods.lifespan.count() as f64)
}

fn states(outcome: &Outcome) -> (f64, f64) {
    let in_states = outcome.pods.in_state.iter().map(|state| state.integral(outcome.closed)).sum();
    (in_states, outcome.pods.live.integral(outcome.closed))
}

fn work(outcome: &Outcome, resource: &ResourceUse) -> (f64, f64) {
    (resource.requested.integral(outcome.closed), resource.requested_again as f64 / 1e9)
}

fn placements(outcome: &Outcome) -> (f64, f64) {
    ((outcome.scheduler.placed + outcome.scheduler.unschedulable) as f64, outcome.scheduler.cycles as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn a_sound_run_keeps_every_identity() {
        for check in checks(&synthetic::outcomes(2)) {
            assert!(check.passed, "{}: {}", check.id, check.detail);
        }
    }

    #[test]
    fn a_lost_pod_breaks_the_flow_and_is_named_by_its_replication() {
        let mut outcomes = synthetic::outcomes(2);
        outcomes[1].pods.created += 1;
        let broken: Vec<Check> = checks(&outcomes).into_iter().filter(|check| !check.passed).collect();
        assert_eq!(broken.len(), 1);
        assert_eq!(broken[0].id, "flow");
        assert!(broken[0].detail.starts_with("replication 1: "));
    }

    #[test]
    fn a_run_without_pods_keeps_every_identity() {
        assert!(checks(&[synthetic::empty()]).iter().all(|check| check.passed));
    }
}
