//! Resizes: which containers they mean, when they come, and what they change.

use sim_core::spec::{ContainerKind, Occasion, Resize};
use sim_core::table::{Id, TemplateId};
use sim_core::units::SimTime;

use super::behaviors::matches;
use super::workloads::Parts;
use super::{Builder, SPAN_MAX, faults};
use crate::format::{AmountsFile, ResizeFile};
use crate::problem::Code;
use crate::text::decode::At;
use crate::values::quantity::Quantity;

/// Compiles the resizes of a scenario: one for each time that is given.
pub(super) fn resizes(given: &[At<ResizeFile>], parts: &Parts, builder: &mut Builder<'_>) -> Vec<Resize> {
    let sound = builder.report.is_clean();
    let compiled: Vec<Resize> = given.iter().flat_map(|entry| one(entry, parts, sound, builder)).collect();
    if let Some(last) = given.last().filter(|_| compiled.len() > usize::from(u16::MAX)) {
        builder.report.problem(Code::TooMany, last.span, "a scenario has at most 65,535 resizes");
    }
    compiled
}

fn one(given: &At<ResizeFile>, parts: &Parts, sound: bool, builder: &mut Builder<'_>) -> Vec<Resize> {
    let containers = containers(&given.value, parts, builder);
    let place = if given.value.select.span.len == 0 { given.span } else { given.value.select.span };
    if containers.is_empty() && sound {
        builder
            .report
            .problem(Code::MatchesNothing, place, "no container that can be resized matches this selector")
            .help("ordinary init containers cannot be resized");
    }
    let [(cpu, memory), (cpu_limit, memory_limit)] =
        [&given.value.requests, &given.value.limits].map(|given| amounts(given.as_ref(), builder));
    check(given, [cpu, cpu_limit, memory, memory_limit], builder);
    let resize = |when| Resize { containers: containers.clone(), when, cpu, cpu_limit, memory, memory_limit };
    occasions(given, builder).into_iter().map(resize).collect()
}

/// A resize changes something, and no request comes to be above its limit.
fn check(given: &At<ResizeFile>, [cpu, cpu_limit, memory, memory_limit]: [Option<u64>; 4], builder: &mut Builder<'_>) {
    let (place, amounts) = (given.span, [&given.value.requests, &given.value.limits].into_iter().flatten());
    if amounts.into_iter().all(|amounts| amounts.cpu.is_none() && amounts.memory.is_none()) {
        builder
            .report
            .problem(Code::MissingKey, place, "a resize that changes nothing")
            .help("give `requests` or `limits` of cpu or memory");
    }
    for (what, request, limit) in [("CPU", cpu, cpu_limit), ("memory", memory, memory_limit)] {
        if request.zip(limit).is_some_and(|(request, limit)| request > limit) {
            builder.report.problem(Code::Conflict, place, format!("the request of {what} is above its limit"));
        }
    }
}

fn containers(given: &ResizeFile, parts: &Parts, builder: &Builder<'_>) -> Vec<(TemplateId, u8)> {
    let mut found = Vec::new();
    for (template, part) in parts.0.iter().enumerate() {
        for row in 0..part.template.containers.len() {
            if part.template.containers[row].kind != ContainerKind::Init && matches(&given.select.value, part, row, builder) {
                found.push((TemplateId::new(template), row as u8));
            }
        }
    }
    found
}

/// Millicores and bytes.
fn amounts(given: Option<&AmountsFile>, builder: &mut Builder<'_>) -> (Option<u64>, Option<u64>) {
    let Some(given) = given else { return (None, None) };
    let cpu = given.cpu.as_ref().and_then(|cpu| builder.read(cpu)).map(Quantity::millis);
    let memory = given.memory.as_ref().and_then(|memory| builder.read(memory)).map(Quantity::units);
    (cpu, memory)
}

fn occasions(given: &At<ResizeFile>, builder: &mut Builder<'_>) -> Vec<Occasion> {
    match (&given.value.at, &given.value.every) {
        (Some(at), None) => {
            if at.value.is_empty() {
                builder.report.problem(Code::OutOfRange, at.span, "the list of times is empty");
            }
            at.value.iter().filter_map(|time| Some(Occasion::At(SimTime::ZERO + builder.read_up_to(time, SPAN_MAX)?))).collect()
        }
        (None, Some(every)) => faults::gaps(every, builder).map(Occasion::Every).into_iter().collect(),
        _ => {
            builder.report.problem(Code::Conflict, given.span, "a resize needs exactly one of `at` and `every`");
            Vec::new()
        }
    }
}
