//! Requested, used and allocatable; what sidecars cost.

use super::{Kind, Measure, Unit, average, integral, number, ratio, row};
use sim_core::measure::{Outcome, ResourceUse, TimeAverage};
use sim_core::spec::Role;

/// Utilisation and overheads.
#[rustfmt::skip]
pub(super) const RESOURCES: &[Measure] = &[
    row("utilization.allocated.cpu", "CPU requested", Kind::Emergent, Unit::Share,
        "CPU requested by assigned Pods ÷ CPU allocatable on Ready nodes, integrals over the window. With a fixed number of nodes it only \
         restates the input: calibrated.",
        |o| allocated(&o.resources.cpu, o)),
    row("utilization.allocated.memory", "Memory requested", Kind::Emergent, Unit::Share,
        "Memory requested by assigned Pods ÷ memory allocatable on Ready nodes, integrals over the window. With a fixed number of nodes it \
         only restates the input: calibrated.",
        |o| allocated(&o.resources.memory, o)),
    row("utilization.used.cpu", "CPU used", Kind::Emergent, Unit::Share,
        "CPU that containers use ÷ CPU capacity of Ready nodes, integrals over the window.",
        |o| used(&o.resources.cpu, o)),
    row("utilization.used.memory", "Memory used", Kind::Emergent, Unit::Share,
        "Memory that containers use (pause containers apart) ÷ memory capacity of Ready nodes, integrals over the window.",
        |o| used(&o.resources.memory, o)),
    row("resources.memory.allocatable", "Memory allocatable", Kind::Record, Unit::Bytes,
        "Time average of memory allocatable on Ready nodes.",
        |o| average(&o.resources.memory.allocatable, o)),
    row("resources.cpu.allocatable", "CPU cores allocatable", Kind::Record, Unit::Count,
        "Time average of CPU cores allocatable on Ready nodes.",
        |o| average(&o.resources.cpu.allocatable, o).map(|millis| millis / 1000.0)),
    row("resources.cpu.requested", "CPU cores requested", Kind::Record, Unit::Count,
        "Time average of CPU cores that assigned Pods request.",
        |o| average(&o.resources.cpu.requested, o).map(|millis| millis / 1000.0)),
    row("resources.memory.requested", "Memory requested, amount", Kind::Record, Unit::Bytes,
        "Time average of memory that assigned Pods request.",
        |o| average(&o.resources.memory.requested, o)),
    row("resources.cpu.used", "CPU cores used", Kind::Emergent, Unit::Count,
        "Time average of CPU cores that containers use.",
        |o| ratio(o.resources.cpu.used / 1000.0, o.window().as_secs_f64())),
    row("resources.memory.used", "Memory used, amount", Kind::Emergent, Unit::Bytes,
        "Time average of memory that containers use (pause containers apart).",
        |o| ratio(o.resources.memory.used, o.window().as_secs_f64())),
    row("sidecar.memory_overhead.requested", "Sidecar memory requested", Kind::Emergent, Unit::Share,
        "Memory requested by sidecars ÷ memory requested by main containers, over multi-container Pods, integrals over the window.",
        |o| overhead(&o.resources.sidecar_memory_requested, o)),
    row("sidecar.memory_overhead.used", "Sidecar memory used", Kind::Emergent, Unit::Share,
        "Memory used by sidecars ÷ memory used by main containers, over multi-container Pods, integrals over the window.",
        |o| overhead(&o.resources.sidecar_memory_used, o)),
    row("sidecar.memory_overhead.fleet", "Sidecar memory, of the whole fleet", Kind::Emergent, Unit::Share,
        "Memory requested by sidecars ÷ memory requested by all assigned Pods, integrals over the window.",
        |o| ratio(integral(&o.resources.sidecar_memory_requested[0], o), integral(&o.resources.memory.requested, o))),
    row("sidecar.cpu_overhead", "Sidecar CPU requested", Kind::Emergent, Unit::Share,
        "CPU requested by sidecars ÷ CPU requested by main containers, over multi-container Pods, integrals over the window.",
        |o| overhead(&o.resources.sidecar_cpu_requested, o)),
    row("utilization.demanded.cpu", "CPU wanted", Kind::Emergent, Unit::Share,
        "CPU that containers want, limits and contention apart ÷ CPU capacity of Ready nodes, integrals over the window.",
        |o| ratio(o.usage.demanded, integral(&o.resources.cpu.capacity, o))),
    row("utilization.node.cpu.median", "CPU wanted on the median node", Kind::Emergent, Unit::Share,
        "Median over nodes and minutes of the CPU that a node's containers want within their limits ÷ its allocatable CPU, in steps of 0.5 %.",
        |o| o.usage.utilization_quantile(0.5)),
    row("utilization.node.cpu.p99", "CPU wanted on nodes, 99th percentile", Kind::Emergent, Unit::Share,
        "99th percentile over nodes and minutes of the CPU that a node's containers want within their limits ÷ its allocatable CPU.",
        |o| o.usage.utilization_quantile(0.99)),
    row("cpu.throttled.containers", "Containers at their CPU limits", Kind::Emergent, Unit::Count,
        "Time average of containers that want more CPU than their limits allow, read once a minute.",
        |o| average(&o.usage.throttled, o)),
    row("cpu.contended.nodes", "Nodes in contention for CPU", Kind::Emergent, Unit::Count,
        "Time average of nodes whose containers want more CPU within their limits than is allocatable.",
        |o| average(&o.usage.contended, o)),
    row("cpu.stretched", "Work stretched", Kind::Emergent, Unit::Seconds,
        "Time that runs of CPU-bound containers took longer than at full speed, summed over those that came to their end in the window.",
        |o| Some(o.usage.stretched.as_secs_f64())),
    row("memory.oom.limit", "OOM kills by limits", Kind::Emergent, Unit::Count,
        "Containers killed because they ran over their memory limits.",
        |o| number(o.usage.oom_by_limit)),
    row("memory.oom.node", "OOM kills by nodes", Kind::Emergent, Unit::Count,
        "Containers killed because their node's memory ran out before its kubelet evicted a Pod.",
        |o| number(o.usage.oom_by_node)),
    row("memory.oom.node.bystanders", "OOM kills by nodes, of bystanders", Kind::Emergent, Unit::Count,
        "Containers killed because their node's memory ran out, of Pods none of whose containers leaked at that time.",
        |o| number(o.usage.oom_bystanders)),
    row("memory.oom.main", "OOM kills of main containers", Kind::Emergent, Unit::Count,
        "Main containers killed for want of memory, by their own limit or by their node.",
        |o| number(o.containers.by_role[Role::Main.index()].oom_kills)),
    row("memory.oom.sidecar", "OOM kills of sidecars", Kind::Emergent, Unit::Count,
        "Sidecars killed for want of memory, by their own limit or by their node.",
        |o| number(o.containers.by_role[Role::Sidecar.index()].oom_kills)),
    row("memory.oom.init", "OOM kills of init containers", Kind::Emergent, Unit::Count,
        "Ordinary init containers killed for want of memory, by their own limit or by their node.",
        |o| number(o.containers.by_role[Role::Init.index()].oom_kills)),
    row("evictions.memory", "Evictions for memory", Kind::Emergent, Unit::Count,
        "Pods evicted by kubelets whose nodes were short of memory.",
        |o| number(o.usage.evictions[0])),
    row("evictions.memory.within_request", "Evictions for memory, within requests", Kind::Emergent, Unit::Count,
        "Pods evicted for memory that used no more than they had requested.",
        |o| number(o.usage.evicted_within_request)),
    row("evictions.memory.bystanders", "Evictions for memory, of bystanders", Kind::Emergent, Unit::Count,
        "Pods evicted for memory none of whose containers leaked at that time.",
        |o| number(o.usage.evicted_bystanders)),
    row("evictions.disk", "Evictions for disk", Kind::Emergent, Unit::Count,
        "Pods evicted by kubelets whose nodes were short of disk.",
        |o| number(o.usage.evictions[1])),
    row("evictions.storage_limit", "Evictions by storage limits", Kind::Emergent, Unit::Count,
        "Pods evicted because they wrote more than their limits of ephemeral storage.",
        |o| number(o.usage.storage_limit_evictions)),
    row("nodes.memory_pressure", "Nodes under memory pressure", Kind::Emergent, Unit::Count,
        "Time average of nodes that report MemoryPressure.",
        |o| average(&o.usage.pressure[0], o)),
];

fn allocated(resource: &ResourceUse, outcome: &Outcome) -> Option<f64> {
    ratio(integral(&resource.requested, outcome), integral(&resource.allocatable, outcome))
}

fn used(resource: &ResourceUse, outcome: &Outcome) -> Option<f64> {
    ratio(resource.used, integral(&resource.capacity, outcome))
}

/// Sidecars against main containers.
fn overhead([sidecars, mains]: &[TimeAverage; 2], outcome: &Outcome) -> Option<f64> {
    ratio(integral(sidecars, outcome), integral(mains, outcome))
}
