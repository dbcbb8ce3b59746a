//! Workloads: objects, copies, and what befalls them.

use std::collections::BTreeMap;

use sim_core::spec::{Arrivals, Controller, Occasion, PodTemplate, Releases, Replicas, ScaleTo, Scaling, Source, Workload};
use sim_core::table::{Id, Table, TemplateId, WorkloadId};
use sim_core::units::SimTime;

use super::{Builder, SPAN_MAX};
use crate::format::{ArrivalsFile, ReleasesFile, ReplicasFile, ScalingFile, WorkloadFile};
use crate::manifest::{self, Compiled, Kind, Object};
use crate::problem::{Code, Treatment};
use crate::text::decode::At;
use crate::text::source::Span;
use crate::values::written::{Number, PerTime, Written};

/// Most Pods at a time.
const PODS_MAX: f64 = 1e8;
/// Most copies of a workload, and replicas of a Deployment.
const COPIES_MAX: u64 = 100_000_000;

/// An object of a workload.
pub(super) struct Part {
    /// Name of the workload in the scenario.
    pub(super) of: String,
    pub(super) template: PodTemplate,
    pub(super) workload: Workload,
    /// The workload's name in the scenario, and the object's place.
    pub(super) place: Span,
    pub(super) object: Span,
}

/// The objects of all workloads.
pub(super) struct Parts(pub(super) Vec<Part>);

impl Parts {
    /// The tables of the specification.
    pub(super) fn into_tables(self) -> (Table<TemplateId, PodTemplate>, Table<WorkloadId, Workload>) {
        let (templates, workloads): (Vec<_>, Vec<_>) = self.0.into_iter().map(|part| (part.template, part.workload)).unzip();
        (templates.into(), workloads.into())
    }
}

/// Compiles the workloads with their objects.
pub(super) fn workloads(given: &[At<WorkloadFile>], objects: &[Vec<Object<'_>>], builder: &mut Builder<'_>) -> Parts {
    let mut parts = Vec::new();
    let mut names = BTreeMap::new();
    for (workload, objects) in given.iter().zip(objects) {
        let name = &workload.value.name;
        if names.insert(name.value.clone(), name.span).is_some() {
            builder.report.problem(Code::DuplicateName, name.span, format!("two workloads bear the name `{}`", name.value));
        }
        let compiled = compile_objects(&workload.value, objects, builder);
        parts.extend(one(&workload.value, compiled, parts.len(), builder));
    }
    Parts(parts)
}

/// The objects of a workload that make Pods, with their places.
fn compile_objects(given: &WorkloadFile, objects: &[Object<'_>], builder: &mut Builder<'_>) -> Vec<(Compiled, Span)> {
    let mut compiled = Vec::new();
    let mut seen = BTreeMap::new();
    let before = builder.report.count();
    for object in objects {
        let place = object.tree.place(&["metadata", "name"]);
        if object.kind == Kind::Node {
            builder.report.problem(Code::ManifestKind, place, "a Node is no workload").help("name its file under `spec.cluster.nodes`");
        }
        if object.kind == Kind::Service {
            let text = "it stands in no Pod's way; copies of a workload share its labels and are not spread by it";
            builder.report.note(object.tree.place(&["kind"]), "kind", Treatment::Approximated, text);
        }
        if object.kind == Kind::Owner {
            builder
                .report
                .problem(Code::ManifestKind, object.tree.place(&["kind"]), format!("a {} makes no Pods here yet", object.kind_name))
                .help("use a Deployment");
        }
        if seen.insert((object.kind_name, object.namespace(), object.name()), place).is_some() {
            let message = format!("the workload has two objects {} `{}`", object.kind_name, object.name());
            builder.report.problem(Code::DuplicateContainer, place, message);
        }
        let made = manifest::compile(object, builder);
        if let Some(made) = &made {
            builder.check_profile(&made.template.scheduler_name, place);
        }
        compiled.extend(made.map(|compiled| (compiled, place)));
    }
    if compiled.is_empty() && builder.report.count() == before && builder.report.is_clean() {
        builder
            .report
            .problem(Code::MissingKey, given.name.span, format!("the workload `{}` has no object that makes Pods", given.name.value))
            .help("name manifest files under `manifests`, or write objects under `objects`: a Pod, Deployment or Job");
    }
    compiled
}

/// The parts of one workload.
fn one(given: &WorkloadFile, compiled: Vec<(Compiled, Span)>, first: usize, builder: &mut Builder<'_>) -> Vec<Part> {
    let source = source(given, builder);
    let lifetime = given.lifetime.as_ref().and_then(|law| builder.law(law));
    let give_up_after = given.give_up_after.as_ref().and_then(|span| builder.read_up_to(span, SPAN_MAX));
    let several = compiled.len() > 1;
    let changes = Changes::read(given, builder);
    check_changes(given, &compiled, builder);
    let part = |(row, (compiled, object)): (usize, (Compiled, Span))| {
        let name = if several { format!("{}/{}", given.name.value, compiled.template.name) } else { given.name.value.clone() };
        let workload = Workload {
            name,
            template: TemplateId::new(first + row),
            controller: changes.applied(compiled.controller),
            source: source.clone(),
            lifetime: lifetime.clone(),
            give_up_after,
        };
        Part { of: given.name.value.clone(), template: compiled.template, workload, place: given.name.span, object }
    };
    compiled.into_iter().enumerate().map(part).collect()
}

/// What a scenario says about Deployments beyond their manifests.
struct Changes {
    replicas: Option<Replicas>,
    releases: Option<Releases>,
    scaling: Vec<Scaling>,
}

impl Changes {
    fn read(given: &WorkloadFile, builder: &mut Builder<'_>) -> Self {
        Self {
            replicas: given.replicas.as_ref().and_then(|given| replicas(given, builder)),
            releases: given.releases.as_ref().and_then(|given| releases(given, builder)),
            scaling: given.scaling.iter().filter_map(|given| scaling(given, builder)).collect(),
        }
    }

    /// The controller with these changes.
    fn applied(&self, controller: Controller) -> Controller {
        match controller {
            Controller::Deployment(mut deployment) => {
                deployment.replicas = self.replicas.clone().unwrap_or(deployment.replicas);
                deployment.releases.clone_from(&self.releases);
                deployment.scaling.clone_from(&self.scaling);
                Controller::Deployment(deployment)
            }
            other => other,
        }
    }
}

/// What only Deployments have must not be given where there is none.
fn check_changes(given: &WorkloadFile, compiled: &[(Compiled, Span)], builder: &mut Builder<'_>) {
    let any = compiled.iter().any(|(compiled, _)| matches!(compiled.controller, Controller::Deployment(_)));
    let places = [
        ("replicas", given.replicas.as_ref().map(|given| given.span)),
        ("releases", given.releases.as_ref().map(|given| given.span)),
        ("scaling", given.scaling.first().map(|given| given.span)),
    ];
    for (key, span) in places {
        if let Some(span) = span.filter(|_| !any && !compiled.is_empty()) {
            builder.report.problem(
                Code::Conflict,
                span,
                format!("`{key}` is for Deployments, and the workload `{}` has none", given.name.value),
            );
        }
    }
}

fn source(given: &WorkloadFile, builder: &mut Builder<'_>) -> Source {
    let instances = given.instances.as_ref();
    if let Some(instances) = instances.filter(|instances| !(1..=COPIES_MAX).contains(&instances.value)) {
        builder
            .report
            .problem(Code::OutOfRange, instances.span, format!("`instances` is {}", instances.value))
            .help(format!("1 to {COPIES_MAX}"));
    }
    let Some(arrivals) = &given.arrivals else {
        let instances = instances.map_or(1, |instances| instances.value);
        return Source::Standing { instances: u32::try_from(instances).unwrap_or(u32::MAX) };
    };
    if let Some(instances) = instances {
        builder
            .report
            .problem(Code::Conflict, instances.span, "`instances` and `arrivals` exclude each other")
            .help("copies are either there from the start, or arrive; make two workloads for both");
    }
    Source::Arriving(compile_arrivals(arrivals, builder).unwrap_or(Arrivals::At(Vec::new())))
}

fn compile_arrivals(given: &At<ArrivalsFile>, builder: &mut Builder<'_>) -> Option<Arrivals> {
    Some(match &given.value {
        ArrivalsFile::Poisson { rate } => Arrivals::Poisson { rate: positive_rate(rate, builder)? },
        ArrivalsFile::Diurnal { rate, amplitude, rise } => {
            let (rate, amplitude) = (positive_rate(rate, builder), share(amplitude, builder));
            let rise = time_of_day(rise.as_ref(), builder);
            Arrivals::Diurnal { rate: rate?, amplitude: amplitude?, rise }
        }
        ArrivalsFile::Bursts { rate, size } => {
            let (rate, size) = (positive_rate(rate, builder), builder.law(size));
            Arrivals::Bursts { rate: rate?, size: size? }
        }
        ArrivalsFile::Renewal { gap } => renewal(gap, given.span, builder)?,
        ArrivalsFile::At(times) => {
            let mut instants: Vec<SimTime> =
                times.iter().filter_map(|time| Some(SimTime::ZERO + builder.read_up_to(time, SPAN_MAX)?)).collect();
            instants.sort_unstable();
            Arrivals::At(instants)
        }
    })
}

/// A renewal process whose gaps are not nothing.
fn renewal(gap: &crate::format::Law<crate::values::written::Time>, span: Span, builder: &mut Builder<'_>) -> Option<Arrivals> {
    let gap = builder.law(gap)?;
    let mean = gap.mean();
    if mean < 1e-6 {
        builder.report.problem(Code::OutOfRange, span, "the mean gap is less than a microsecond");
        return None;
    }
    Some(Arrivals::Renewal { gap })
}

fn positive_rate(written: &Written<PerTime>, builder: &mut Builder<'_>) -> Option<f64> {
    let rate = builder.read(written)?;
    if rate > 0.0 && rate <= 1e6 {
        return Some(rate);
    }
    builder
        .report
        .problem(Code::OutOfRange, written.span, format!("the rate is {}", written.text))
        .help("above 0, at most a million a second");
    None
}

/// A number from 0 to 1.
pub(super) fn share(written: &Written<Number>, builder: &mut Builder<'_>) -> Option<f64> {
    let value = builder.read(written)?;
    if (0.0..=1.0).contains(&value) {
        return Some(value);
    }
    builder.report.problem(Code::OutOfRange, written.span, format!("{} is no share", written.text)).help("0 to 1");
    None
}

/// Seconds after midnight, 9 in the morning by default.
pub(super) fn time_of_day(written: Option<&Written<crate::values::written::Time>>, builder: &mut Builder<'_>) -> f64 {
    let day = sim_core::units::SimSpan::from_secs(86_400);
    written.and_then(|written| builder.read_up_to(written, day)).map_or(9.0 * 3_600.0, sim_core::units::SimSpan::as_secs_f64)
}

fn replicas(given: &At<ReplicasFile>, builder: &mut Builder<'_>) -> Option<Replicas> {
    let law = builder.law(&given.value.law);
    let total = given.value.total.as_ref();
    if let Some(total) = total.filter(|total| !(1..=COPIES_MAX).contains(&total.value)) {
        builder.report.problem(Code::OutOfRange, total.span, format!("`total` is {}", total.value)).help(format!("1 to {COPIES_MAX}"));
    }
    Some(Replicas::Drawn { law: law?, total: total.map(|total| total.value.min(COPIES_MAX) as u32) })
}

fn releases(given: &At<ReleasesFile>, builder: &mut Builder<'_>) -> Option<Releases> {
    let every = builder.law(&given.value.every);
    let new_bytes = given.value.new_bytes.as_ref().map_or(Some(0.2), |written| share(written, builder));
    let every = every?;
    if every.mean() <= 0.0 {
        builder.report.problem(Code::OutOfRange, given.span, "releases need time between them");
    }
    Some(Releases { every, new_bytes: new_bytes? })
}

fn scaling(given: &At<ScalingFile>, builder: &mut Builder<'_>) -> Option<Scaling> {
    let when = match (&given.value.at, &given.value.every) {
        (Some(at), None) => builder.read_up_to(at, SPAN_MAX).map(|span| Occasion::At(SimTime::ZERO + span)),
        (None, Some(every)) => builder.law(every).map(Occasion::Every),
        _ => {
            builder.report.problem(Code::Conflict, given.span, "a scaling needs either `at` or `every`");
            None
        }
    };
    if matches!(&when, Some(Occasion::Every(gap)) if gap.mean() <= 0.0) {
        builder.report.problem(Code::OutOfRange, given.span, "scalings need time between them");
    }
    let to = match (&given.value.replicas, &given.value.factor) {
        (Some(replicas), None) => Some(ScaleTo::Replicas(replicas.value)),
        (None, Some(factor)) => builder.law(factor).map(ScaleTo::Factor),
        _ => {
            builder.report.problem(Code::Conflict, given.span, "a scaling needs either `replicas` or `factor`");
            None
        }
    };
    Some(Scaling { when: when?, to: to? })
}

/// Refuses more Pods than can be simulated.
pub(super) fn check_totals(parts: &Parts, builder: &mut Builder<'_>) {
    let mut total = 0.0;
    for part in &parts.0 {
        total += pods(&part.workload);
        if total > PODS_MAX {
            builder
                .report
                .problem(Code::TooMany, part.place, format!("up to the workload `{}` there are {total:.3e} Pods", part.workload.name))
                .help("at most 100 million; lower `instances` or `replicas`");
            return;
        }
    }
}

/// Pods of a workload at the start.
fn pods(workload: &Workload) -> f64 {
    let copies = match &workload.source {
        Source::Standing { instances } => f64::from(*instances),
        Source::Arriving(_) => 1.0,
    };
    match &workload.controller {
        Controller::Deployment(deployment) => match &deployment.replicas {
            Replicas::Fixed(replicas) => copies * f64::from(*replicas),
            Replicas::Drawn { total: Some(total), .. } => f64::from(*total),
            Replicas::Drawn { law, total: None } => copies * law.mean(),
        },
        Controller::Job(job) => copies * f64::from(job.parallelism),
        Controller::Bare => copies,
    }
}
