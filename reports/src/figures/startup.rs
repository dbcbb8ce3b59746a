//! Start-up: creation to Running and to Ready, step by step.

use super::{Kind, Measure, Unit, number, quantile, row, share};
use sim_core::measure::{Outcome, Step, Tally};

macro_rules! step {
    ($step:ident, $id:literal, $what:literal) => {
        [
            row(
                concat!("startup.step.", $id, ".mean"),
                concat!($what, ", mean"),
                Kind::Emergent,
                Unit::Seconds,
                concat!("Mean time of the start-up step `", $id, "`, over Pods that passed through it in the window."),
                |o| steps(o, Step::$step).mean(),
            ),
            row(
                concat!("startup.step.", $id, ".p99"),
                concat!($what, ", p99"),
                Kind::Emergent,
                Unit::Seconds,
                concat!("99th percentile of the time of the start-up step `", $id, "`, over Pods that passed through it in the window."),
                |o| quantile(steps(o, Step::$step), 0.99),
            ),
        ]
    };
}

#[rustfmt::skip]
const WHOLE: [Measure; 14] = [
    row("startup.running.p50", "Creation to Running, p50", Kind::Emergent, Unit::Seconds,
        "Median time from creation to phase Running, over start-ups completed in the window.",
        |o| quantile(&o.startup.running, 0.5)),
    row("startup.running.p90", "Creation to Running, p90", Kind::Emergent, Unit::Seconds,
        "90th percentile of the time from creation to phase Running, over start-ups completed in the window.",
        |o| quantile(&o.startup.running, 0.9)),
    row("startup.running.p99", "Creation to Running, p99", Kind::Emergent, Unit::Seconds,
        "99th percentile of the time from creation to phase Running, over start-ups completed in the window.",
        |o| quantile(&o.startup.running, 0.99)),
    row("startup.ready.mean", "Creation to Ready, mean", Kind::Emergent, Unit::Seconds,
        "Mean time from creation to Ready, over start-ups completed in the window.",
        |o| o.startup.ready.mean()),
    row("startup.ready.p50", "Creation to Ready, p50", Kind::Emergent, Unit::Seconds,
        "Median time from creation to Ready, over start-ups completed in the window.",
        |o| quantile(&o.startup.ready, 0.5)),
    row("startup.ready.p90", "Creation to Ready, p90", Kind::Emergent, Unit::Seconds,
        "90th percentile of the time from creation to Ready, over start-ups completed in the window.",
        |o| quantile(&o.startup.ready, 0.9)),
    row("startup.ready.p99", "Creation to Ready, p99", Kind::Emergent, Unit::Seconds,
        "99th percentile of the time from creation to Ready, over start-ups completed in the window.",
        |o| quantile(&o.startup.ready, 0.99)),
    row("startup.objective.p99", "Start-up without pulls and init, p99", Kind::Emergent, Unit::Seconds,
        "99th percentile of the time from creation to Running without image pulls and init containers: what the Kubernetes objective of \
         5 s is about.",
        |o| quantile(&o.startup.objective, 0.99)),
    row("startup.pulls", "Image pulls", Kind::Record, Unit::Count,
        "Image pulls done for start-ups in the window.",
        |o| number(o.startup.pulls)),
    row("startup.pull_hit_share", "Images that were there already", Kind::Emergent, Unit::Share,
        "Images that were on the node already ÷ images needed, in the window.",
        |o| share(o.startup.pull_hits, o.startup.pull_hits + o.startup.pulls)),
    row("startup.pulled_bytes", "Bytes pulled", Kind::Record, Unit::Bytes,
        "Compressed bytes pulled in the window.",
        |o| number(o.startup.pulled)),
    row("startup.pulls_failed", "Image pulls that failed", Kind::Record, Unit::Count,
        "Image pulls that failed in the window: registry down, no such image, or the kubelet's limit of pulls a second.",
        |o| number(o.startup.images.failed())),
    row("startup.image_bytes_saved", "Bytes saved by shared layers", Kind::Record, Unit::Bytes,
        "Compressed bytes that were not downloaded in the window since another image of the node had the layer.",
        |o| number(o.startup.images.saved)),
    row("startup.image_bytes_collected", "Image bytes collected", Kind::Record, Unit::Bytes,
        "Bytes on disk that the kubelets' image collection freed in the window.",
        |o| number(o.startup.images.collected)),
];

const STEPS: [[Measure; 2]; Step::COUNT] = [
    step!(Queue, "queue", "Creation to decision"),
    step!(Bind, "bind", "Binding"),
    step!(Notice, "notice", "Kubelet notices"),
    step!(Volumes, "volumes", "Volumes"),
    step!(Sandbox, "sandbox", "Sandbox (pause container)"),
    step!(Network, "network", "CNI ADD"),
    step!(Pull, "pull", "Image pull"),
    step!(Init, "init", "Init containers"),
    step!(Start, "start", "Container create and start"),
    step!(Relist, "relist", "Relist"),
    step!(Ready, "ready", "Running to Ready"),
];

/// Start-up as a whole, then by step.
pub(super) const STARTUP: &[Measure] = &joined();

const fn joined() -> [Measure; WHOLE.len() + 2 * Step::COUNT] {
    let mut rows = [WHOLE[0]; WHOLE.len() + 2 * Step::COUNT];
    let mut at = 0;
    while at < rows.len() {
        rows[at] = if at < WHOLE.len() { WHOLE[at] } else { STEPS[(at - WHOLE.len()) / 2][(at - WHOLE.len()) % 2] };
        at += 1;
    }
    rows
}

fn steps(outcome: &Outcome, step: Step) -> &Tally {
    &outcome.startup.steps[step.index()]
}
