//! Pods: how many, how long they live.

use super::{Kind, Measure, Unit, average, integral, number, quantile, ratio, row};
use sim_core::measure::Outcome;

/// Pods and their lives.
#[rustfmt::skip]
pub(super) const PODS: &[Measure] = &[
    row("lifespan.mean", "Mean life of ended Pods", Kind::Emergent, Unit::Seconds,
        "Mean time from creation to end, over Pods that ended in the window. Pods that live on are not in it: in a window shorter than \
         many lives it is biased; see lifespan.little and the survival curve.",
        |o| o.pods.lifespan.mean()),
    row("lifespan.little", "Mean life by Little's law", Kind::Emergent, Unit::Seconds,
        "Time-average live Pods ÷ rate at which Pods end: the mean life without length bias or censoring, in a stationary run.",
        |o| ratio(integral(&o.pods.live, o), o.pods.lifespan.count() as f64)),
    row("lifespan.median", "Median life of ended Pods", Kind::Emergent, Unit::Seconds,
        "Median time from creation to end, over Pods that ended in the window.",
        |o| quantile(&o.pods.lifespan, 0.5)),
    row("lifespan.p90", "Life of ended Pods, p90", Kind::Emergent, Unit::Seconds,
        "90th percentile of the time from creation to end, over Pods that ended in the window.",
        |o| quantile(&o.pods.lifespan, 0.9)),
    row("lifespan.p99", "Life of ended Pods, p99", Kind::Emergent, Unit::Seconds,
        "99th percentile of the time from creation to end, over Pods that ended in the window.",
        |o| quantile(&o.pods.lifespan, 0.99)),
    row("pods.live", "Live Pods", Kind::Record, Unit::Count,
        "Time average of Pods that exist and have not ended.",
        |o| average(&o.pods.live, o)),
    row("pods.running.mean", "Running Pods, mean", Kind::Record, Unit::Count,
        "Time average of Pods in phase Running.",
        |o| average(&o.pods.running, o)),
    row("pods.running.min", "Running Pods, minimum", Kind::Record, Unit::Count,
        "Fewest Pods in phase Running at any time in the window.",
        |o| number(o.pods.running.min())),
    row("pods.ready.mean", "Ready Pods, mean", Kind::Record, Unit::Count,
        "Time average of Pods that pass all their checks.",
        |o| average(&o.pods.ready, o)),
    row("pods.unready", "Live Pods that are not Ready", Kind::Emergent, Unit::Count,
        "Time average of Pods that exist, have not ended and are not Ready: unavailable Pod-time ÷ the window.",
        |o| ratio(integral(&o.pods.live, o) - integral(&o.pods.ready, o), o.window().as_secs_f64())),
    row("pods.created", "Pods created", Kind::Record, Unit::Count,
        "Pods created in the window.",
        |o| number(o.pods.created)),
    row("pods.succeeded", "Pods succeeded", Kind::Record, Unit::Count,
        "Pods that reached Succeeded in the window.",
        |o| number(o.pods.succeeded)),
    row("pods.failed", "Pods failed", Kind::Record, Unit::Count,
        "Pods that reached Failed in the window.",
        |o| number(o.pods.failed)),
    row("pods.rejected", "Pods rejected by kubelets", Kind::Emergent, Unit::Count,
        "Bound Pods that their node's kubelet did not take, since the node was under pressure or lacked something.",
        |o| number(o.pods.rejected)),
    row("pods.given_up", "Pods withdrawn", Kind::Record, Unit::Count,
        "Of the Pods that ended in the window, those withdrawn because nothing would take them.",
        |o| number(o.pods.given_up)),
    row("pods.deleted", "Pods deleted", Kind::Record, Unit::Count,
        "Pods deleted in the window: by a release, a scale-down or the end of a set life.",
        |o| number(o.pods.deleted)),
    row("pods.censored", "Pods live at the end", Kind::Record, Unit::Count,
        "Pods that were live when the window closed: their lives are known only in part.",
        |o| number(at_end(o))),
    row("pods.pending_at_end", "Pods pending at the end", Kind::Record, Unit::Count,
        "Pods in phase Pending when the window closed.",
        |o| number(o.pods.at_end[..3].iter().sum())),
];

/// Pods that were live when the window closed.
pub(crate) fn at_end(outcome: &Outcome) -> u64 {
    outcome.pods.at_end.iter().sum()
}
