//! Scale, addresses, pause containers, the engine's work.

use super::{Kind, Measure, Unit, average, integral, number, quantile, ratio, row, share};
use sim_core::measure::Outcome;

/// How large the cluster is, and what the run has done.
#[rustfmt::skip]
pub(super) const SCALE: &[Measure] = &[
    row("scale.nodes", "Ready nodes, minimum", Kind::Capability, Unit::Count,
        "Fewest Ready nodes at any time in the window.",
        |o| number(o.nodes.ready.min())),
    row("scale.nodes.mean", "Ready nodes, mean", Kind::Record, Unit::Count,
        "Time average of Ready nodes over the window.",
        |o| average(&o.nodes.ready, o)),
    row("scale.nodes.occupied", "Nodes with Pods", Kind::Emergent, Unit::Count,
        "Time average of nodes that hold at least one Pod.",
        |o| average(&o.nodes.occupied, o)),
    row("scale.pods_per_occupied_node", "Live Pods per node with Pods", Kind::Emergent, Unit::Count,
        "Live Pods ÷ nodes that hold at least one Pod, integrals over the window.",
        |o| ratio(integral(&o.pods.live, o), integral(&o.nodes.occupied, o))),
    row("scale.pods", "Running Pods, minimum", Kind::Capability, Unit::Count,
        "Fewest Pods in phase Running at any time in the window.",
        |o| number(o.pods.running.min())),
    row("scale.pods_per_node", "Most Pods on a node", Kind::Emergent, Unit::Count,
        "Most Pods that any one node held at a time.",
        |o| number(u64::from(o.nodes.pods_max))),
    row("borg.container_starts", "Container starts", Kind::Capability, Unit::Count,
        "App, sidecar and init containers started in the window, restarts included; pause containers do not count.",
        |o| number(o.containers.started)),
    row("engine.events", "Events", Kind::Record, Unit::Count,
        "Events that the engine handled, warm-up included.",
        |o| number(o.engine.events)),
    row("engine.stale", "Stale events", Kind::Record, Unit::Count,
        "Events that were dropped because their Pod or container had gone, warm-up included.",
        |o| number(o.engine.stale)),
    row("engine.pending_max", "Most events pending", Kind::Record, Unit::Count,
        "Most events that were pending in the engine at once, warm-up included.",
        |o| number(o.engine.pending_max)),
];

/// Failures of nodes, and what the control plane made of them.
#[rustfmt::skip]
pub(super) const FAILURES: &[Measure] = &[
    row("nodes.failures", "Node failures", Kind::Record, Unit::Count,
        "Times in the window that a node lost power.",
        |o| number(o.nodes.failures)),
    row("nodes.down", "Nodes without power", Kind::Emergent, Unit::Count,
        "Time average of nodes without power.",
        |o| average(&o.nodes.down, o)),
    row("nodes.downtime.mean", "Time without power, mean", Kind::Record, Unit::Seconds,
        "Mean time that nodes were without power, over those that had it again in the window.",
        |o| o.nodes.downtime.mean()),
    row("nodes.detection.mean", "Until a silent node is missed, mean", Kind::Emergent, Unit::Seconds,
        "Mean time from when a node fell silent until its condition Ready was Unknown.",
        |o| o.nodes.detection.mean()),
    row("nodes.pods_lost", "Pods lost with nodes", Kind::Emergent, Unit::Count,
        "Pods with containers that were up when their node lost power, in the window.",
        |o| number(o.nodes.pods_lost)),
    row("nodes.evicted", "Pods evicted by taints", Kind::Emergent, Unit::Count,
        "Pods deleted in the window because their node's taint with effect NoExecute was tolerated no longer.",
        |o| number(o.nodes.evicted)),
    row("nodes.collected", "Pods of lost nodes", Kind::Emergent, Unit::Count,
        "Pods of nodes that no longer existed, deleted by force in the window.",
        |o| number(o.nodes.pods_collected)),
    row("nodes.recovery.p50", "Until a lost Pod's replacement runs, p50", Kind::Emergent, Unit::Seconds,
        "Median time from the loss of a controller's Pod with its node until another in its place was Running.",
        |o| quantile(&o.nodes.recovery, 0.5)),
    row("nodes.recovery.p99", "Until a lost Pod's replacement runs, p99", Kind::Emergent, Unit::Seconds,
        "99th percentile of the time from the loss of a controller's Pod with its node until another in its place was Running.",
        |o| quantile(&o.nodes.recovery, 0.99)),
    row("nodes.recovered_elsewhere", "Container failures made good elsewhere", Kind::Emergent, Unit::Count,
        "Containers lost with a node whose Pod's replacement was Running in the window.",
        |o| number(o.nodes.recovered_elsewhere)),
];

/// Addresses and pause containers.
#[rustfmt::skip]
pub(super) const NETWORK: &[Measure] = &[
    row("network.addresses", "Pod addresses in use", Kind::Emergent, Unit::Count,
        "Time average of Pod addresses in use.",
        |o| average(&o.addresses.in_use, o)),
    row("network.ip_saving", "Addresses saved by one per Pod", Kind::Emergent, Unit::Share,
        "1 − (addresses in use ÷ containers that are up), both as time averages: what one address a Pod saves against one a container.",
        |o| ratio(integral(&o.addresses.in_use, o), integral(&o.containers.running, o)).map(|share| 1.0 - share)),
    row("network.assigned", "Addresses handed out", Kind::Record, Unit::Count,
        "Addresses handed out in the window.",
        |o| number(o.addresses.assigned)),
    row("network.exhausted", "Waits for an address", Kind::Emergent, Unit::Count,
        "Pods that had to wait because their node had no address left.",
        |o| number(o.addresses.exhausted)),
    row("network.duplicates", "Addresses held twice", Kind::Capability, Unit::Count,
        "Addresses that were found in use by two Pods when the books were checked; 0, or the simulator is wrong.",
        |o| number(o.addresses.duplicates)),
    row("pause.memory_share", "Pause containers' share of used memory", Kind::Emergent, Unit::Share,
        "Pause containers' memory ÷ (theirs + memory used by all other containers), integrals over the window.",
        pause_memory_share),
    row("pause.image_bytes", "Pause images on disk", Kind::Emergent, Unit::Bytes,
        "Bytes of the pause image over all nodes that have Pods, at the end of the window.",
        |o| number(o.resources.pause_image)),
    row("pause.image_share", "Pause images' share of image bytes", Kind::Emergent, Unit::Share,
        "Bytes of pause images ÷ bytes of all images on nodes, at the end of the window.",
        |o| share(o.resources.pause_image, o.resources.image_bytes)),
];

fn pause_memory_share(outcome: &Outcome) -> Option<f64> {
    let pause = integral(&outcome.resources.pause_memory, outcome);
    ratio(pause, pause + outcome.resources.memory.used)
}
