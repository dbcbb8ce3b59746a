//! The way from a path to a compiled scenario, and the check of any file.

use std::path::{Path, PathBuf};

use sim_core::spec::Spec;

use crate::compile;
use crate::configuration;
use crate::format::API_VERSION;
use crate::manifest;
use crate::problem::{Code, Note, Problems};
use crate::records::{Lines, case};
use crate::text::report::Report;
use crate::text::source::Span;
use crate::text::tree::Tree;
use crate::text::yaml;

mod arms;
mod files;
mod overrides;
mod situation;

pub use arms::{Arm, Experiment, load_experiment};
pub(crate) use files::Files;
pub use situation::load_situation;

/// What the command line changes in a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// In place of `spec.seed`.
    pub seed: Option<u64>,
    /// In place of `spec.duration`.
    pub duration: Option<String>,
    /// `PATH=VALUE`: a dotted path with list indices or names, such as `spec.cluster.nodePools.general.count=100`.
    pub set: Vec<String>,
    /// One of the scenario's own `spec.arms`, laid over it after `set`.
    pub arm: Option<String>,
}

/// A loaded scenario.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What a run needs to know.
    pub spec: Spec,
    /// Fields that are approximated or ignored.
    pub notes: Vec<Note>,
    /// Stable hexadecimal digest of the scenario, its files and the overrides.
    pub digest: String,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Everything that is wrong.
    pub problems: Problems,
    /// Fields that are approximated or ignored.
    pub notes: Vec<Note>,
    /// How many scenarios were checked.
    pub scenarios: usize,
    /// How many scheduler configurations were checked.
    pub configurations: usize,
    /// How many recorded cases were checked.
    pub cases: usize,
    /// How many Kubernetes objects were checked, those that scenarios refer to included.
    pub objects: usize,
}

/// Reads and compiles the scenario at `path`.
///
/// # Errors
/// All problems of the scenario and its files at once.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Problems> {
    let mut report = Report::default();
    let mut files = Files::new(path);
    let spec = load_with(path, overrides, &mut files, &mut report);
    match spec {
        Some(spec) if report.is_clean() => Ok(Loaded { spec, notes: report.notes(), digest: Files::digest(&report).hex() }),
        _ => Err(report.problems()),
    }
}

fn load_with(path: &Path, overrides: &Overrides, files: &mut Files, report: &mut Report) -> Option<Spec> {
    let mut scenario = scenario_tree(path, files, report)?;
    overrides::apply(&mut scenario, overrides, report);
    scenario_spec(&scenario, files, report)
}

/// Reads the document of a scenario file.
fn scenario_tree(path: &Path, files: &mut Files, report: &mut Report) -> Option<Tree> {
    let file = files.read_root(path, report)?;
    let mut documents = yaml::documents(file, report);
    if documents.len() > 1 {
        report
            .problem(Code::NotAScenario, documents[1].label_span(), "a scenario file holds one document")
            .help("put manifests into files of their own and name them under `manifests`");
    }
    if documents.is_empty() {
        if report.is_clean() {
            empty(file, report);
        }
        return None;
    }
    Some(documents.swap_remove(0))
}

fn empty(file: u32, report: &mut Report) {
    report
        .problem(Code::FileEmpty, Span { file, ..Span::default() }, "the file holds no YAML document")
        .help("a scenario begins with `apiVersion: podsim/v1` and `kind: Scenario`");
}

/// Compiles a scenario that was read.
fn scenario_spec(scenario: &Tree, files: &mut Files, report: &mut Report) -> Option<Spec> {
    if !is_scenario(scenario) {
        report
            .problem(Code::NotAScenario, scenario.place(&["kind"]), "this is no scenario")
            .help(format!("a scenario begins with `apiVersion: {API_VERSION}` and `kind: Scenario`"));
        return None;
    }
    compile::scenario(scenario, files, report)
}

fn is_scenario(document: &Tree) -> bool {
    let version = document.get("apiVersion").and_then(Tree::text).unwrap_or_default();
    let kind = document.get("kind").and_then(Tree::text).unwrap_or_default();
    version.starts_with("podsim/") || (kind == "Scenario" && !version.contains('/'))
}

/// Checks scenarios, manifests and scheduler configurations, told apart by `apiVersion` and `kind`, and records, told by their name.
pub fn check(paths: &[PathBuf]) -> Checked {
    let mut report = Report::default();
    let mut counts = Checked::default();
    let mut problems = Problems::default();
    for path in paths {
        if is_records(path) {
            check_records(path, &mut counts, &mut problems);
        } else {
            check_one(path, &mut report, &mut counts);
        }
    }
    let mut all = report.problems();
    all.extend(problems);
    Checked { problems: all, notes: report.notes(), ..counts }
}

/// True for `.jsonl` and `.jsonl.gz`.
fn is_records(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".jsonl") || name.ends_with(".jsonl.gz")
}

fn check_records(path: &Path, counts: &mut Checked, problems: &mut Problems) {
    match Lines::open(path) {
        Ok(lines) => {
            for line in lines {
                counts.cases += 1;
                problems.extend(line.and_then(|line| case(&line).map(drop)).err().into_iter().flatten());
            }
        }
        Err(more) => problems.extend(more),
    }
}

fn check_one(path: &Path, report: &mut Report, counts: &mut Checked) {
    let mut files = Files::new(path);
    let before = report.count();
    let Some(file) = files.read_root(path, report) else { return };
    let documents = yaml::documents(file, report);
    if documents.is_empty() && report.count() == before {
        empty(file, report);
    }
    let (scenarios, others): (Vec<Tree>, Vec<Tree>) = documents.into_iter().partition(is_scenario);
    let (configurations, objects): (Vec<Tree>, Vec<Tree>) = others.into_iter().partition(configuration::is_configuration);
    for configuration in &configurations {
        counts.configurations += 1;
        configuration::read(configuration, &mut compile::Builder::new(report, &[configuration]));
    }
    for scenario in &scenarios {
        counts.scenarios += 1;
        scenario_spec(scenario, &mut files, report);
        check_arms(scenario, &mut files, report);
    }
    counts.objects += files.objects + manifest::check_objects(&objects, report);
}

/// Checks the scenario as each of its arms has it.
fn check_arms(scenario: &Tree, files: &mut Files, report: &mut Report) {
    arms::check_names(scenario, report);
    let objects = files.objects;
    for name in arms::names(scenario) {
        let mut tree = scenario.clone();
        overrides::apply(&mut tree, &Overrides { arm: Some(name.to_owned()), ..Overrides::default() }, report);
        scenario_spec(&tree, files, report);
    }
    // An arm's objects were counted with those of the scenario.
    files.objects = objects;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_apart_by_version_and_kind() {
        let mut report = Report::default();
        let file =
            report.sources.add("a.yaml", "apiVersion: podsim/v1\nkind: Scenario\n---\napiVersion: v1\nkind: Pod\n---\nkind: Scenario\n");
        let kinds: Vec<bool> = yaml::documents(file, &mut report).iter().map(is_scenario).collect();
        assert_eq!(kinds, [true, false, true]);
    }
}
