//! From the format's types to the simulator's specification.

mod behaviors;
mod builder;
mod cluster;
mod eviction;
mod faults;
mod feasibility;
mod law;
mod resizes;
pub(crate) mod situation;
mod timing;
mod traffic;
mod usage;
mod workloads;

pub(crate) use builder::{Builder, Class, Origin};

use sim_core::engine::random::Seed;
use sim_core::spec::{Spec, Warmup};
use sim_core::table::Table;
use sim_core::units::SimSpan;

use crate::configuration::{self, Configuration};
use crate::format::{self, ScenarioFile, SpecFile, WarmupFile};
use crate::load::Files;
use crate::manifest::{self, Object, objects};
use crate::problem::Code;
use crate::text::report::Report;
use crate::text::source::Span;
use crate::text::tree::Tree;
use crate::text::{decode, shape, yaml};

/// The longest run: 100 years.
const SPAN_MAX: SimSpan = SimSpan::from_secs(100 * 365 * 86_400);
/// Rows that a default time series has at most.
const ROWS_MAX: u64 = 720;
/// Rows beyond which a series is a mistake.
const ROWS_LIMIT: u64 = 1_000_000;

/// Compiles a scenario; `None` if it is too broken to go on. Problems are in the report.
pub(crate) fn scenario(tree: &Tree, files: &mut Files, report: &mut Report) -> Option<Spec> {
    if !shape::check(tree, &format::schema(), shape::SCENARIO, report) {
        return None;
    }
    let refuse = |fault: decode::Fault| {
        report.problem(Code::WrongType, fault.span.unwrap_or_else(|| tree.label_span()), fault.message);
    };
    let file: ScenarioFile = decode::decode(tree).map_err(refuse).ok()?;
    let documents = Documents::read(&file.spec, tree, files, report);
    let objects = documents.objects(report);
    let configuration = documents.configuration.as_ref();
    files.objects += objects.nodes.len() + objects.workloads.iter().map(Vec::len).sum::<usize>();
    let mut builder = Builder::new(report, &objects.trees(tree));
    let configuration = configuration.and_then(|tree| configuration::read(tree, &mut builder)).unwrap_or_default();
    compile(&file, &objects, &configuration, tree.place_of_key(&["spec", "cluster"]), &mut builder)
}

/// The documents of all files that a scenario names.
struct Documents<'t> {
    nodes: Vec<Tree>,
    /// The scheduler's configuration.
    configuration: Option<Tree>,
    /// For each workload: the documents of its files, and its inline objects.
    workloads: Vec<(Vec<Tree>, &'t [Tree])>,
}

/// The objects of these documents.
pub(crate) struct Objects<'t> {
    pub(crate) nodes: Vec<Object<'t>>,
    pub(crate) workloads: Vec<Vec<Object<'t>>>,
}

impl<'t> Documents<'t> {
    fn read(spec: &SpecFile, tree: &'t Tree, files: &mut Files, report: &mut Report) -> Self {
        let mut read = |names: &[decode::At<String>]| -> Vec<Tree> {
            let mut trees = Vec::new();
            for name in names {
                let file = files.read_named(&name.value, name.span, report);
                trees.extend(file.into_iter().flat_map(|file| named_documents(file, name, report)));
            }
            trees
        };
        let nodes = read(&spec.cluster.nodes);
        let config_file = spec.cluster.scheduler.as_ref().and_then(|scheduler| scheduler.config_file.as_ref());
        let configuration = config_file.and_then(|name| read(std::slice::from_ref(name)).into_iter().next());
        let workload = |(row, workload): (usize, &decode::At<format::WorkloadFile>)| {
            (read(&workload.value.manifests), format::inline_objects(tree, row))
        };
        Self { nodes, configuration, workloads: spec.workloads.iter().enumerate().map(workload).collect() }
    }

    fn objects(&'t self, report: &mut Report) -> Objects<'t> {
        let nodes = objects(&self.nodes, report);
        let workloads = self.workloads.iter().map(|(files, inline)| objects(files.iter().chain(*inline), report)).collect();
        Objects { nodes, workloads }
    }
}

fn named_documents(file: u32, name: &decode::At<String>, report: &mut Report) -> Vec<Tree> {
    let before = report.count();
    let trees = yaml::documents(file, report);
    if trees.is_empty() && report.count() == before {
        report.problem(Code::FileEmpty, name.span, format!("`{}` holds no object", name.value));
    }
    trees
}

impl<'t> Objects<'t> {
    /// Everything in which names of resources may occur.
    fn trees(&self, scenario: &'t Tree) -> Vec<&'t Tree> {
        let objects = self.nodes.iter().chain(self.workloads.iter().flatten()).map(|object| object.tree);
        objects.chain([scenario]).collect()
    }
}

fn compile(
    file: &ScenarioFile,
    objects: &Objects<'_>,
    configuration: &Configuration,
    cluster_place: Span,
    builder: &mut Builder<'_>,
) -> Option<Spec> {
    let given = &file.spec;
    let duration = positive(&given.duration, "the duration", builder);
    builder.registry(given.cluster.registry.as_ref());
    builder.classes(objects.workloads.iter().flatten());
    builder.profiles = configuration.names();
    builder.take_storage(objects.nodes.iter().chain(objects.workloads.iter().flatten()));
    let timing = timing::timing(&given.cluster, configuration, builder);
    builder.evicts_at = builder::kept_free(&timing.kubelet.eviction);
    let (pools, zones) = cluster::pools(&given.cluster, cluster_place, &objects.nodes, timing.network, builder);
    let mut parts = workloads::workloads(&given.workloads, &objects.workloads, builder);
    behaviors::apply(&given.behaviors, &mut parts, builder);
    if timing.tolerate_memory_pressure {
        faults::tolerate_memory_pressure(&mut parts, builder);
    }
    let faults = faults::faults(&given.faults, (&pools, &zones), &parts, builder);
    let resizes = resizes::resizes(&given.resizes, &parts, builder);
    let traffic = traffic::traffic(&given.traffic, &mut parts, builder);
    feasibility::check(&parts, &pools, &zones, builder);
    workloads::check_totals(&parts, builder);
    let warmup = warmup(given.warmup.as_ref(), builder);
    let series_step = series_step(given, duration?, builder);
    builder.note_unused_images(given.cluster.registry.as_ref());
    if !builder.report.is_clean() {
        return None;
    }
    let (templates, workloads) = parts.into_tables();
    Some(Spec {
        name: file.metadata.name.clone(),
        seed: Seed(given.seed.unwrap_or(1)),
        duration: duration?,
        warmup,
        series_step,
        symbols: std::mem::take(&mut builder.symbols),
        zones,
        resources: Table::from(std::mem::take(&mut builder.resources)),
        images: std::mem::take(&mut builder.images),
        pools,
        templates,
        workloads,
        traffic,
        namespaces: manifest::namespaces(objects.workloads.iter().flatten(), builder),
        disruption_budgets: manifest::budgets(objects.workloads.iter().flatten(), builder),
        faults,
        resizes,
        node_lifecycle: timing.node_lifecycle,
        scheduler: timing.scheduler,
        control_plane: timing.control_plane,
        kubelet: timing.kubelet,
        registry: timing.registry,
        network: timing.network,
    })
}

/// A span above zero and below a century.
fn positive(
    given: &crate::values::written::Written<crate::values::written::Time>,
    what: &str,
    builder: &mut Builder<'_>,
) -> Option<SimSpan> {
    let span = builder.read(given)?;
    if span.is_zero() || span > SPAN_MAX {
        builder
            .report
            .problem(Code::OutOfRange, given.span, format!("{what} is {}", given.text))
            .help("more than 0, at most 100 years (36500d)");
        return None;
    }
    Some(span)
}

fn warmup(given: Option<&WarmupFile>, builder: &mut Builder<'_>) -> Warmup {
    match given {
        None | Some(WarmupFile::Mser5(_)) => Warmup::Equilibrium,
        Some(WarmupFile::Equilibrium(on)) if on.value => Warmup::Equilibrium,
        Some(WarmupFile::Equilibrium(_)) => Warmup::Span(SimSpan::ZERO),
        Some(WarmupFile::Span(span)) => Warmup::Span(builder.read_up_to(span, SPAN_MAX).unwrap_or_default()),
    }
}

/// The given step, or a round one.
fn series_step(given: &SpecFile, duration: SimSpan, builder: &mut Builder<'_>) -> SimSpan {
    let Some(written) = &given.series_step else { return round_step(duration) };
    let Some(step) = positive(written, "the step of the series", builder) else { return round_step(duration) };
    if duration.as_nanos() / step.as_nanos() > ROWS_LIMIT {
        builder
            .report
            .problem(Code::OutOfRange, written.span, "the series would have more than a million rows")
            .help(format!("for example {}", round_step(duration)));
    }
    step
}

/// The least round span that gives at most 720 rows.
fn round_step(duration: SimSpan) -> SimSpan {
    #[rustfmt::skip]
    const ROUND: [u64; 18] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
    ];
    let least = duration.as_nanos().div_ceil(ROWS_MAX);
    let round = ROUND.iter().map(|secs| SimSpan::from_secs(*secs)).find(|step| step.as_nanos() >= least);
    round.unwrap_or_else(|| SimSpan::from_secs(86_400) * least.div_ceil(SimSpan::from_secs(86_400).as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_series_has_at_most_720_rows_of_round_length() {
        #[rustfmt::skip]
        let cases = [
            (1, 1), (60, 1), (720, 1), (721, 2), (3_600, 5), (86_400, 120), (30 * 86_400, 3_600), (365 * 86_400, 86_400), (10_000 * 86_400, 14 * 86_400),
        ];
        for (duration, want) in cases {
            assert_eq!(round_step(SimSpan::from_secs(duration)), SimSpan::from_secs(want), "{duration} s");
        }
    }
}
