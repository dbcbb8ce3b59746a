//! Behaviours: which containers a selector means, and what it says of them. Later entries override earlier ones field by field.

use sim_core::spec::{ContainerKind, ContainerSpec, Distribution, Hang, Level, PodTemplate, Shape};

use super::builder::with_tag;
use super::workloads::{Part, Parts, share, time_of_day};
use super::{Builder, usage};
use crate::format::{BehaviorFile, LevelFile, Role, Select, ShapeFile, UsageFile};
use crate::problem::{Code, Treatment};
use crate::text::decode::At;
use crate::text::nearest::suggestion;

/// What one entry says, compiled once and applied to many containers.
#[derive(Default)]
struct Change {
    run: Option<Distribution>,
    failure: Option<f64>,
    crash: Option<Distribution>,
    failure_exit: Option<u8>,
    hang: Option<Hang>,
    ready: Option<Distribution>,
    shutdown: Option<Distribution>,
    shutdown_exit: Option<u8>,
    post_start: Option<Distribution>,
    post_start_failure: Option<f64>,
    pre_stop: Option<Distribution>,
    cpu: Option<Level>,
    memory: Option<Level>,
    shape: Option<Shape>,
    cpu_bound: Option<bool>,
    course: usage::Change,
}

/// Applies the entries in order.
pub(super) fn apply(given: &[At<BehaviorFile>], parts: &mut Parts, builder: &mut Builder<'_>) {
    // A broken object is left out, so that a selector of it would match nothing for no fault of its own.
    let sound = builder.report.is_clean();
    for entry in given {
        let change = Change::read(&entry.value, builder);
        let select = &entry.value.select.value;
        let mut matched = 0;
        for part in &mut parts.0 {
            let chosen: Vec<usize> = (0..part.template.containers.len()).filter(|row| matches(select, part, *row, builder)).collect();
            matched += chosen.len();
            for row in chosen {
                change.apply(&mut part.template.containers[row]);
            }
        }
        if matched == 0 && sound {
            nothing(entry, parts, builder);
        }
    }
    note_assumed_runs(given, parts, builder);
}

/// True if a selector means the container in this row of a part's template.
pub(super) fn matches(select: &Select, part: &Part, row: usize, builder: &Builder<'_>) -> bool {
    let (template, container) = (&part.template, &part.template.containers[row]);
    let is = |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|wanted| wanted == have);
    is(&select.workload, &part.of)
        && is(&select.pod_name, &template.name)
        && is(&select.container_name, &container.name)
        && is(&select.image.as_deref().map(with_tag), &builder.images[container.image].name)
        && select.role.is_none_or(|wanted| wanted == role(container))
        && select.labels.iter().all(|(key, value)| has_label(template, key, value, builder))
}

pub(super) fn has_label(template: &PodTemplate, key: &str, value: &str, builder: &Builder<'_>) -> bool {
    let (Some(key), Some(value)) = (builder.symbols.find(key), builder.symbols.find(value)) else { return false };
    template.labels.get(key) == Some(value)
}

pub(super) fn role(container: &ContainerSpec) -> Role {
    match (container.kind, container.helper) {
        (ContainerKind::Init, _) => Role::Init,
        (ContainerKind::Sidecar, _) | (ContainerKind::App, true) => Role::Sidecar,
        (ContainerKind::App, false) => Role::Main,
    }
}

/// Reports a selector that no container matches, with the nearest name that there is.
fn nothing(entry: &At<BehaviorFile>, parts: &Parts, builder: &mut Builder<'_>) {
    let select = &entry.value.select.value;
    let known = |pick: &dyn Fn(&Part) -> Vec<String>| -> Vec<String> {
        let mut names: Vec<String> = parts.0.iter().flat_map(pick).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let containers = known(&|part| part.template.containers.iter().map(|container| container.name.clone()).collect());
    let pods = known(&|part| vec![part.template.name.clone()]);
    let workloads = known(&|part| vec![part.of.clone()]);
    let images = known(&|part| part.template.containers.iter().map(|container| builder.images[container.image].name.clone()).collect());
    let tried = [
        (&select.workload, &workloads, "workload"),
        (&select.pod_name, &pods, "Pod"),
        (&select.container_name, &containers, "container"),
        (&select.image.as_deref().map(with_tag), &images, "image"),
    ];
    let unknown = tried.into_iter().find_map(|(wanted, known, what)| {
        let wanted = wanted.as_ref().filter(|wanted| !known.contains(wanted))?;
        Some(format!("there is no {what} `{wanted}`: {}", suggestion(wanted, known.iter().map(String::as_str))))
    });
    let span = if entry.value.select.span.len == 0 { entry.span } else { entry.value.select.span };
    builder
        .report
        .problem(Code::MatchesNothing, span, "no container matches this selector")
        .help(unknown.unwrap_or_else(|| "each part matches something, but no container matches all of them".into()));
}

/// Notes containers that must end, of which no entry says when they do.
fn note_assumed_runs(given: &[At<BehaviorFile>], parts: &Parts, builder: &mut Builder<'_>) {
    for part in &parts.0 {
        let is_job = matches!(part.workload.controller, sim_core::spec::Controller::Job(_));
        for (row, container) in part.template.containers.iter().enumerate() {
            let must_end = container.kind == ContainerKind::Init || (is_job && container.kind == ContainerKind::App);
            let said = given.iter().any(|entry| entry.value.run.is_some() && matches(&entry.value.select.value, part, row, builder));
            if must_end && !said {
                let median = if container.kind == ContainerKind::Init { "1.5s" } else { "1m" };
                let text = format!("no behaviour says how long it runs: a lognormal law with median {median} is assumed");
                builder.report.note(part.object, format!("container `{}`", container.name), Treatment::Approximated, text);
            }
        }
    }
}

impl Change {
    fn read(given: &BehaviorFile, builder: &mut Builder<'_>) -> Self {
        let mut law = |law: &Option<crate::format::Law<_>>| law.as_ref().and_then(|law| builder.law(law));
        let mut change = Self {
            run: law(&given.run),
            crash: law(&given.crash),
            ready: law(&given.ready),
            shutdown: law(&given.shutdown),
            post_start: law(&given.post_start),
            pre_stop: law(&given.pre_stop),
            ..Self::default()
        };
        change.failure = given.failure.as_ref().and_then(|failure| share(failure, builder));
        change.cpu_bound = given.cpu_bound;
        change.shutdown_exit = given.shutdown_exit;
        change.failure_exit = given.failure_exit.as_ref().map(|code| failing(code, builder));
        change.post_start_failure = given.post_start_failure.as_ref().and_then(|failure| share(failure, builder));
        if let Some(hang) = &given.hang {
            let (after, lasts) = (builder.law(&hang.after), builder.law(&hang.lasts));
            change.hang = after.zip(lasts).map(|(after, lasts)| Hang { after, lasts });
        }
        if let Some(usage) = &given.usage {
            change.usage(usage, builder);
        }
        change
    }

    fn usage(&mut self, given: &UsageFile, builder: &mut Builder<'_>) {
        self.course = usage::Change::read(given, builder);
        // CPU is counted in millicores.
        self.cpu = given.cpu.as_ref().and_then(|level| compile_level(level, 1_000.0, builder));
        self.memory = given.memory.as_ref().and_then(|level| compile_level(level, 1.0, builder));
        self.shape = match &given.shape {
            Some(ShapeFile::Flat) => Some(Shape::Flat),
            Some(ShapeFile::Daily { amplitude, rise }) => {
                let rise = time_of_day(rise.as_ref(), builder);
                share(amplitude, builder).map(|amplitude| Shape::Daily { amplitude, rise })
            }
            None => None,
        };
    }

    fn apply(&self, container: &mut ContainerSpec) {
        fn set<T: Clone>(slot: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                slot.clone_from(value);
            }
        }
        let behavior = &mut container.behavior;
        behavior.run = self.run.clone().or(behavior.run.take());
        behavior.crash = self.crash.clone().or(behavior.crash.take());
        behavior.hang = self.hang.clone().or(behavior.hang.take());
        set(&mut behavior.failure, self.failure.as_ref());
        set(&mut behavior.ready, self.ready.as_ref());
        set(&mut behavior.shutdown, self.shutdown.as_ref());
        set(&mut behavior.shutdown_exit, self.shutdown_exit.as_ref());
        set(&mut behavior.failure_exit, self.failure_exit.as_ref());
        set(&mut behavior.post_start, self.post_start.as_ref());
        set(&mut behavior.post_start_failure, self.post_start_failure.as_ref());
        set(&mut behavior.pre_stop, self.pre_stop.as_ref());
        set(&mut behavior.cpu_bound, self.cpu_bound.as_ref());
        self.course.apply(&mut behavior.usage);
        set(&mut behavior.usage.cpu, self.cpu.as_ref());
        set(&mut behavior.usage.memory, self.memory.as_ref());
        set(&mut behavior.usage.shape, self.shape.as_ref());
    }
}

/// The exit code of a failure is not that of success.
fn failing(code: &At<u8>, builder: &mut Builder<'_>) -> u8 {
    if code.value == 0 {
        builder.report.problem(Code::OutOfRange, code.span, "a failure does not exit with 0").help("1 to 255");
    }
    code.value
}

fn compile_level(given: &LevelFile, units: f64, builder: &mut Builder<'_>) -> Option<Level> {
    match given {
        LevelFile::OfRequest(law) => builder.law(law).map(Level::OfRequest),
        LevelFile::Absolute(law) => builder.law(law).map(|law| Level::Absolute(scaled(law, units))),
    }
}

/// The law of `factor` times the draw.
fn scaled(law: Distribution, factor: f64) -> Distribution {
    use Distribution as D;
    match law {
        D::Constant(value) => D::Constant(value * factor),
        D::Uniform { low, high } => D::Uniform { low: low * factor, high: high * factor },
        D::Exponential { mean } => D::Exponential { mean: mean * factor },
        D::LogNormal { median, sigma } => D::LogNormal { median: median * factor, sigma },
        D::Weibull { shape, scale } => D::Weibull { shape, scale: scale * factor },
        D::Pareto { shape, min } => D::Pareto { shape, min: min * factor },
        D::Erlang { k, mean } => D::Erlang { k, mean: mean * factor },
        D::HyperExponential { mean, scv } => D::HyperExponential { mean: mean * factor, scv },
        D::LogUniform { low, high } => D::LogUniform { low: low * factor, high: high * factor },
        D::Empirical { points } => D::Empirical { points: points.into_iter().map(|(p, value)| (p, value * factor)).collect() },
        D::Mixture(parts) => D::Mixture(parts.into_iter().map(|(weight, law)| (weight, scaled(law, factor))).collect()),
        D::Bounded { of, min, max } => D::Bounded { of: Box::new(scaled(*of, factor)), min: min * factor, max: max * factor },
    }
}
