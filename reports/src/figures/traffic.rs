//! Requests: served and failed, how fast, at what cost, over all the traffic of a scenario.

use super::{Kind, Measure, Unit, ratio, row};
use sim_core::measure::{Outcome, TrafficMeasures};

/// Requests to services. Nothing is observed where a scenario has no traffic.
#[rustfmt::skip]
pub(super) const TRAFFIC: &[Measure] = &[
    row("traffic.offered", "Requests offered", Kind::Record, Unit::Count,
        "Integral of the offered rates over the window.",
        |o| any(o, |t| t.offered)),
    row("traffic.served", "Requests served", Kind::Record, Unit::Count,
        "Integral over the window of the rates that endpoints serve.",
        |o| any(o, |t| t.served)),
    row("traffic.failed_share", "Requests failed", Kind::Emergent, Unit::Share,
        "Requests failed, whatever the cause ÷ requests offered in the window.",
        |o| part(o, TrafficMeasures::failed)),
    row("traffic.failed_share.no_endpoint", "Requests failed: no endpoint", Kind::Emergent, Unit::Share,
        "Requests offered while their service had no endpoint ÷ requests offered in the window.",
        |o| part(o, |t| t.no_endpoint)),
    row("traffic.failed_share.dead_endpoint", "Requests failed: dead endpoint", Kind::Emergent, Unit::Share,
        "Requests to endpoints with a process of the requests' path down, hung or not up yet ÷ requests offered in the window.",
        |o| part(o, |t| t.dead_endpoint)),
    row("traffic.failed_share.saturated", "Requests failed: saturated", Kind::Emergent, Unit::Share,
        "Requests that endpoints at their CPU limit did not get to ÷ requests offered in the window.",
        |o| part(o, |t| t.saturated)),
    row("traffic.latency.mean", "Latency, mean", Kind::Emergent, Unit::Seconds,
        "Mean latency of served requests by the model: base, processor sharing in each container of the path, cache misses.",
        |o| per_served(o, |t| t.latency)),
    row("traffic.latency.p99", "Latency, p99", Kind::Emergent, Unit::Seconds,
        "99th percentile of latency by the model (times in containers taken as exponential), averaged over served requests.",
        |o| per_served(o, |t| t.latency_p99)),
    row("traffic.cpu.main", "CPU per request, main containers", Kind::Emergent, Unit::Seconds,
        "CPU time that main containers of endpoints used in the window, idle use included ÷ requests served.",
        |o| per_served(o, |t| t.cpu[0])),
    row("traffic.cpu.sidecars", "CPU per request, sidecars", Kind::Emergent, Unit::Seconds,
        "CPU time that sidecars of endpoints used in the window, idle use included ÷ requests served.",
        |o| per_served(o, |t| t.cpu[1])),
    row("traffic.hit_rate", "Cache hit rate", Kind::Emergent, Unit::Share,
        "Served requests that a cache answered ÷ served requests to Pods with a cache.",
        |o| ratio(sum(o, |t| t.hits), sum(o, |t| t.looked_up))),
    row("traffic.endpoints", "Endpoints", Kind::Record, Unit::Count,
        "Time average of endpoints of all services.",
        |o| any(o, |t| t.endpoints.mean(o.closed))),
    row("traffic.dead_endpoints", "Dead endpoints", Kind::Emergent, Unit::Count,
        "Time average of endpoints at which requests fail.",
        |o| any(o, |t| t.dead.mean(o.closed))),
    row("traffic.blind.mean", "Time until a dead endpoint is avoided, mean", Kind::Emergent, Unit::Seconds,
        "Mean time from an endpoint's failing requests to its recovery, or to its clients' going elsewhere, of those that ended in the window.",
        |o| ratio(sum(o, |t| t.blind.total()), sum(o, |t| t.blind.count() as f64))),
    row("traffic.unavailable", "Unavailable time per service", Kind::Emergent, Unit::Seconds,
        "Time in the window without an endpoint that serves, per service.",
        |o| ratio(sum(o, |t| t.unavailable.integral(o.closed)), sum(o, |t| t.services as f64))),
];

/// The sum of a number over all traffic.
fn sum(outcome: &Outcome, value: impl Fn(&TrafficMeasures) -> f64) -> f64 {
    outcome.traffic.iter().map(value).sum()
}

/// The sum, if there is traffic.
fn any(outcome: &Outcome, value: impl Fn(&TrafficMeasures) -> f64) -> Option<f64> {
    (!outcome.traffic.is_empty()).then(|| sum(outcome, value))
}

/// A share of the requests offered.
fn part(outcome: &Outcome, value: impl Fn(&TrafficMeasures) -> f64) -> Option<f64> {
    ratio(sum(outcome, value), sum(outcome, |traffic| traffic.offered))
}

/// A mean over the requests served.
fn per_served(outcome: &Outcome, value: impl Fn(&TrafficMeasures) -> f64) -> Option<f64> {
    ratio(sum(outcome, value), sum(outcome, |traffic| traffic.served))
}

#[cfg(test)]
mod tests {
    use crate::figures::measure;
    use crate::synthetic;
    use sim_core::measure::TrafficMeasures;
    use sim_core::units::SimTime;

    #[test]
    fn shares_and_means_are_over_all_traffic_together() {
        let mut outcome = synthetic::empty();
        let web = TrafficMeasures::new("web", 2, SimTime::ZERO);
        outcome.traffic = vec![
            TrafficMeasures { offered: 100.0, served: 90.0, no_endpoint: 4.0, dead_endpoint: 6.0, latency: 9.0, ..web.clone() },
            TrafficMeasures { offered: 300.0, served: 270.0, saturated: 30.0, cpu: [36.0, 3.6], hits: 9.0, looked_up: 10.0, ..web },
        ];
        let value = |id: &str| (measure(id).unwrap().value)(&outcome).unwrap();
        let cases = [
            ("traffic.offered", 400.0),
            ("traffic.failed_share", 0.1),
            ("traffic.failed_share.saturated", 0.075),
            ("traffic.latency.mean", 0.025),
            ("traffic.cpu.main", 0.1),
            ("traffic.cpu.sidecars", 0.01),
            ("traffic.hit_rate", 0.9),
        ];
        for (id, want) in cases {
            assert!((value(id) - want).abs() < 1e-12, "{id}");
        }
        assert_eq!((measure("traffic.blind.mean").unwrap().value)(&outcome), None);
    }

    #[test]
    fn a_scenario_without_traffic_shows_none() {
        let outcome = synthetic::empty();
        assert!(super::TRAFFIC.iter().all(|row| (row.value)(&outcome).is_none()));
    }
}
