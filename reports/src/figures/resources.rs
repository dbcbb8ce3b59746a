//! Requested, used and allocatable; what sidecars cost.

use super::{Kind, Measure, Unit, average, integral, ratio, row};
use sim_core::measure::{Outcome, ResourceUse, TimeAverage};

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
