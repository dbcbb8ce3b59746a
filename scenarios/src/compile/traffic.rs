//! Traffic: which Pods serve which requests, and what these cost.

use sim_core::spec::{
    Cache, ContainerKind, ContainerSpec, Controller, Cost, Destination, Distribution, Pace, Part as Share, Rate, RateNoise, Shape, Source,
    Traffic,
};
use sim_core::table::{Id, WorkloadId};
use sim_core::units::{SimSpan, SimTime};

use super::behaviors::{has_label, role};
use super::workloads::{Part, Parts, share, time_of_day};
use super::{Builder, SPAN_MAX};
use crate::format::{CacheFile, CostFile, PaceFile, RateFile, RateNoiseFile, Role, Spread, TrafficFile};
use crate::problem::Code;
use crate::text::decode::At;
use crate::text::nearest::suggestion;
use crate::text::source::Span;
use crate::values::written::{Amount, PerTime, Time, Written};

/// Most requests a second.
const RATE_MAX: f64 = 1e12;

/// Compiles the entries; containers that requests cost something use what these cost, and caches delay their readiness.
pub(super) fn traffic(given: &[At<TrafficFile>], parts: &mut Parts, builder: &mut Builder<'_>) -> Vec<Traffic> {
    let mut taken: Vec<Option<&str>> = vec![None; parts.0.len()];
    let mut names: Vec<&str> = Vec::new();
    let mut compiled = Vec::new();
    for entry in given {
        let name = &entry.value.name;
        if names.contains(&name.value.as_str()) {
            builder.report.problem(Code::DuplicateName, name.span, format!("two entries bear the name `{}`", name.value));
        }
        names.push(&name.value);
        let rows = targets(&entry.value, parts, builder);
        for &row in &rows {
            if let Some(other) = taken[row].replace(&name.value) {
                let text = format!("the Pods of `{}` serve `{other}` already", parts.0[row].workload.name);
                builder.report.problem(Code::Conflict, entry.value.to.span, text).help("a Pod serves one entry; add the rates up");
            }
        }
        compiled.extend(one(&entry.value, &rows, parts, builder));
    }
    compiled
}

/// The parts that an entry goes to, by row.
fn targets(given: &TrafficFile, parts: &Parts, builder: &mut Builder<'_>) -> Vec<usize> {
    let to = &given.to.value;
    let matches =
        |part: &Part| part.of == to.workload.value && to.labels.iter().all(|(key, value)| has_label(&part.template, key, value, builder));
    let rows: Vec<usize> = (0..parts.0.len()).filter(|row| matches(&parts.0[*row])).collect();
    if rows.is_empty() && builder.report.is_clean() {
        let known = suggestion(&to.workload.value, parts.0.iter().map(|part| part.of.as_str()));
        builder.report.problem(Code::MatchesNothing, to.workload.span, "no Pods serve this traffic").help(known);
    }
    for row in &rows {
        check_controller(&parts.0[*row], given, builder);
    }
    rows
}

/// Requests go to what stays: Deployments that stand, and bare Pods.
fn check_controller(part: &Part, given: &TrafficFile, builder: &mut Builder<'_>) {
    let each = given.instances != Some(Spread::Together);
    let problem = match (&part.workload.controller, &part.workload.source) {
        (Controller::Job(_), _) => "a Job serves no requests",
        (Controller::Deployment(_), Source::Arriving(_)) if each => {
            "copies that arrive cannot be services of their own; say `instances: together`"
        }
        _ => return,
    };
    builder.report.problem(Code::Conflict, given.to.value.workload.span, problem);
}

fn one(given: &TrafficFile, rows: &[usize], parts: &mut Parts, builder: &mut Builder<'_>) -> Option<Traffic> {
    let rate = rate(&given.rate, builder);
    let noise = given.noise.as_ref().and_then(|noise| self::noise(noise, builder));
    let step = given.step.as_ref().map_or(Some(SimSpan::from_secs(60)), |step| builder.read_up_to(step, SPAN_MAX));
    let step = at_least_a_second(step, given.step.as_ref().map(|step| step.span), builder);
    let latency = seconds(given.latency.as_ref(), builder);
    let propagation = match &given.propagation {
        None => Some(Distribution::LogNormal { median: 0.2, sigma: 0.8 }),
        Some(law) => builder.law(law),
    };
    let costs: Vec<(&CostFile, Cost)> = given.per_request.iter().map(|entry| (&entry.value, cost(&entry.value, builder))).collect();
    check_selectors(given, rows, parts, builder);
    let cache = given.cache.as_ref().and_then(|cache| self::cache(cache, builder));
    let to: Vec<Destination> = rows.iter().map(|row| destination(*row, &mut parts.0[*row], &costs, cache.as_ref())).collect();
    check_readiness(given, &to, builder);
    let together = given.instances == Some(Spread::Together);
    Some(Traffic { name: given.name.value.clone(), to, together, rate: rate?, noise, step: step?, latency, propagation: propagation? })
}

/// A step that is not so short that a run would do nothing else.
fn at_least_a_second(step: Option<SimSpan>, span: Option<Span>, builder: &mut Builder<'_>) -> Option<SimSpan> {
    if let (Some(step), Some(span)) = (step, span)
        && step < SimSpan::from_secs(1)
    {
        builder.report.problem(Code::OutOfRange, span, format!("the step is {step}")).help("at least 1s");
    }
    step
}

fn rate(given: &At<RateFile>, builder: &mut Builder<'_>) -> Option<Rate> {
    Some(match &given.value {
        RateFile::Constant(rate) => Rate::Constant(requests(rate, builder)?),
        RateFile::Daily { rate, amplitude, rise } => {
            let (mean, amplitude) = (requests(rate, builder), share(amplitude, builder));
            let rise = time_of_day(rise.as_ref(), builder);
            Rate::Daily { mean: mean?, amplitude: amplitude?, rise }
        }
        RateFile::Steps(steps) => {
            let mut read = |(at, rate): &(Written<Time>, Written<PerTime>)| {
                let (at, rate) = (builder.read_up_to(at, SPAN_MAX), requests(rate, builder));
                Some((SimTime::ZERO + at?, rate?))
            };
            let steps: Vec<(SimTime, f64)> = steps.iter().filter_map(&mut read).collect();
            if !steps.is_sorted_by(|left, right| left.0 < right.0) {
                builder.report.problem(Code::OutOfRange, given.span, "the steps are not in order of time");
            }
            Rate::Steps(steps)
        }
    })
}

/// Requests a second.
fn requests(written: &Written<PerTime>, builder: &mut Builder<'_>) -> Option<f64> {
    let rate = builder.read(written)?;
    if rate <= RATE_MAX {
        return Some(rate);
    }
    builder.report.problem(Code::OutOfRange, written.span, format!("the rate is {}", written.text)).help("at most 1e12/s");
    None
}

fn noise(given: &At<RateNoiseFile>, builder: &mut Builder<'_>) -> Option<RateNoise> {
    let file = &given.value;
    let step = file.step.as_ref().map_or(Some(SimSpan::from_secs(300)), |step| builder.read_up_to(step, SPAN_MAX));
    let step = at_least_a_second(step, file.step.as_ref().map(|step| step.span), builder);
    let sigma = file.sigma.as_ref().map_or(Some(0.15), |sigma| share(sigma, builder));
    let phi = file.phi.as_ref().map_or(Some(0.9), |phi| share(phi, builder));
    if let (Some(written), Some(1.0)) = (&file.phi, phi) {
        builder.report.problem(Code::OutOfRange, written.span, "with `phi` 1 the rate has no mean").help("below 1");
        return None;
    }
    Some(RateNoise { step: step?, sigma: sigma?, phi: phi? })
}

/// Seconds, 0 if nothing is said.
fn seconds(written: Option<&Written<Time>>, builder: &mut Builder<'_>) -> f64 {
    written.and_then(|written| builder.read_up_to(written, SPAN_MAX)).map_or(0.0, SimSpan::as_secs_f64)
}

/// An amount, 0 if nothing is said.
fn amount(written: Option<&Written<Amount>>, builder: &mut Builder<'_>) -> f64 {
    written.and_then(|written| builder.read(written)).map_or(0.0, crate::values::quantity::Quantity::as_f64)
}

fn cost(given: &CostFile, builder: &mut Builder<'_>) -> Cost {
    Cost {
        cpu: seconds(given.cpu.as_ref(), builder),
        memory_per_concurrent: amount(given.memory_per_concurrent.as_ref(), builder),
        memory_per_rate: amount(given.memory_per_rate.as_ref(), builder),
        idle_cpu: (amount(given.idle_cpu.as_ref(), builder) * 1e6).round() as u64,
        idle_memory: amount(given.idle_memory.as_ref(), builder) as u64,
    }
}

fn selects(given: &CostFile, container: &ContainerSpec) -> bool {
    given.container_name.as_ref().is_none_or(|name| *name == container.name)
        && given.role.is_none_or(|wanted| wanted == role(container))
        && container.kind != ContainerKind::Init
}

/// Reports costs of containers that there are none of.
fn check_selectors(given: &TrafficFile, rows: &[usize], parts: &Parts, builder: &mut Builder<'_>) {
    let containers = || rows.iter().flat_map(|row| &parts.0[*row].template.containers);
    for entry in &given.per_request {
        if !rows.is_empty() && !containers().any(|container| selects(&entry.value, container)) {
            let names = containers().map(|container| container.name.as_str());
            let known = suggestion(entry.value.container_name.as_deref().unwrap_or_default(), names);
            builder.report.problem(Code::MatchesNothing, entry.span, "no container that runs matches this entry").help(known);
        }
    }
}

/// A cache before it is known whether a Pod has the container that preloads it.
struct Filled {
    cold: Cache,
    preloaded_by: Option<String>,
    preloaded: f64,
}

fn cache(given: &At<CacheFile>, builder: &mut Builder<'_>) -> Option<Filled> {
    let file = &given.value;
    let cold = file.cold.as_ref().map_or(Some(0.0), |cold| share(cold, builder));
    let (warm, pace) = (share(&file.warm, builder), pace(&file.warm_by, given.span, builder));
    let ready_at = file.ready_at_hit_rate.as_ref().map(|hit| share(hit, builder));
    let preloaded = file.preloaded.as_ref().map_or(warm, |hit| share(hit, builder));
    let (miss_cpu, miss_latency) = (seconds(file.miss_cpu.as_ref(), builder), seconds(file.miss_latency.as_ref(), builder));
    let ready_at = ready_at.map_or(Some(None), |hit| hit.map(Some))?;
    let cold = Cache { start: cold?, warm: warm?, pace: pace?, miss_cpu, miss_latency, ready_at };
    if cold.start > cold.warm {
        builder.report.problem(Code::OutOfRange, given.span, "the cache is warmer when it is cold");
    }
    Some(Filled { cold, preloaded_by: file.preloaded_by.as_ref().map(|name| name.value.clone()), preloaded: preloaded? })
}

/// Reports Pods that would never be Ready.
fn check_readiness(given: &TrafficFile, to: &[Destination], builder: &mut Builder<'_>) {
    let Some(cache) = &given.cache else { return };
    if to.iter().filter_map(|place| place.cache.as_ref()).any(|cache| cache.warm_up() == SimSpan::MAX) {
        let text = "the cache never reaches `readyAtHitRate`, and no Pod would be Ready";
        let help = "let it be below `warm`; say which `shadow` traffic warms it, by which age it warms, or which init container of the Pod preloads it";
        builder.report.problem(Code::OutOfRange, cache.span, text).help(help);
    }
}

fn pace(given: &PaceFile, span: Span, builder: &mut Builder<'_>) -> Option<Pace> {
    let pace = match given {
        PaceFile::Age(time) => Pace::Age(builder.read_up_to(time, SPAN_MAX)?.as_secs_f64()),
        PaceFile::Requests { count, shadow } => {
            let count = builder.read(count);
            let shadow = shadow.as_ref().map_or(Some(0.0), |shadow| requests(shadow, builder));
            Pace::Requests { count: count?, shadow: shadow? }
        }
    };
    let (Pace::Age(size) | Pace::Requests { count: size, .. }) = pace;
    if size <= 0.0 {
        builder.report.problem(Code::OutOfRange, span, "a cache needs more than nothing to warm by");
        return None;
    }
    Some(pace)
}

/// A part's Pods as servers of requests.
fn destination(row: usize, part: &mut Part, costs: &[(&CostFile, Cost)], cache: Option<&Filled>) -> Destination {
    let containers = &mut part.template.containers;
    let serving = containers.iter().position(|container| role(container) == Role::Main).unwrap_or(0);
    let cache = cache.map(|filled| {
        let preloads = |container: &ContainerSpec| filled.preloaded_by.as_ref().is_some_and(|name| *name == container.name);
        let start = if containers.iter().any(preloads) { filled.preloaded } else { filled.cold.start };
        Cache { start, ..filled.cold }
    });
    if let Some(cache) = &cache {
        containers[serving].behavior.warm_up = cache.warm_up();
    }
    let shares = containers.iter_mut().map(|container| share_of(container, costs)).collect();
    Destination { workload: WorkloadId::new(row), containers: shares, serving: serving as u8, cache }
}

/// A container's part. What requests cost replaces what its behaviour says that it uses.
fn share_of(container: &mut ContainerSpec, costs: &[(&CostFile, Cost)]) -> Share {
    let found = costs.iter().find(|(given, _)| selects(given, container));
    if found.is_some() {
        container.behavior.usage.shape = Shape::Flat;
    }
    let main = role(container) == Role::Main;
    let in_path = found.and_then(|(given, _)| given.in_path).unwrap_or(main);
    Share { in_path, cost: found.map(|(_, cost)| *cost) }
}
