//! The comparison for programs, and its results folder.

use super::{ArmRun, Cell, Comparison, Row, Selection, page, pictures};
use crate::format::{exact, rounded};
use crate::results::{Entry, WriteError, compose, pretty, write_files};
use crate::statistics::LEVEL;
use serde::Serialize;
use std::path::Path;

/// The whole comparison.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format: &'static str,
    version: &'a str,
    scenario: &'a str,
    seed: u64,
    replications: u32,
    duration_seconds: f64,
    reproduce: &'a str,
    /// Of means.
    confidence_level: f64,
    /// Of differences, so that those of a measure hold together with the level of means.
    difference_level: f64,
    baseline: &'a str,
    arms: Vec<ArmPart<'a>>,
    headlines: Vec<&'static str>,
    measures: Vec<MeasurePart<'a>>,
    reading: String,
    warnings: Vec<String>,
}

/// An arm in a file.
#[derive(Serialize)]
struct ArmPart<'a> {
    name: &'a str,
    description: &'a str,
    digest: &'a str,
    settings: Vec<Setting<'a>>,
    reproduce: &'a str,
}

/// A setting in a file.
#[derive(Serialize)]
struct Setting<'a> {
    path: &'a str,
    value: &'a str,
}

/// A measure in a file.
#[derive(Serialize)]
struct MeasurePart<'a> {
    id: &'static str,
    label: &'static str,
    unit: &'static str,
    kind: &'static str,
    definition: &'static str,
    arms: Vec<CellPart<'a>>,
}

/// A measure in one arm, in a file; also a line of `comparison.csv`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CellPart<'a> {
    arm: &'a str,
    replications: usize,
    mean: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    pairs: Option<usize>,
    difference: Option<f64>,
    difference_low: Option<f64>,
    difference_high: Option<f64>,
    change: Option<f64>,
    welch_low: Option<f64>,
    welch_high: Option<f64>,
    welch_freedom: Option<f64>,
    variance_ratio: Option<f64>,
    correlation: Option<f64>,
    replications_to_tell: Option<usize>,
    verdict: &'static str,
}

impl<'a> CellPart<'a> {
    fn new(arm: &'a ArmRun, cell: &Cell) -> Self {
        let contrast = cell.contrast.as_ref();
        let (estimate, welch) = (cell.estimate, contrast.and_then(|contrast| contrast.welch));
        let interval = contrast.and_then(super::Contrast::interval);
        Self {
            arm: &arm.name,
            replications: cell.values.len(),
            mean: estimate.map(|it| rounded(it.mean)),
            low: estimate.and_then(|it| it.low()).map(rounded),
            high: estimate.and_then(|it| it.high()).map(rounded),
            pairs: contrast.map(|it| it.pairs),
            difference: contrast.and_then(|it| it.difference).map(|it| rounded(it.mean)),
            difference_low: interval.map(|it| rounded(it.0)),
            difference_high: interval.map(|it| rounded(it.1)),
            change: contrast.and_then(|it| it.change).map(rounded),
            welch_low: welch.map(|it| rounded(it.difference - it.half_width)),
            welch_high: welch.map(|it| rounded(it.difference + it.half_width)),
            welch_freedom: welch.and_then(|it| it.freedom).map(rounded),
            variance_ratio: contrast.and_then(|it| it.variance_ratio).map(rounded),
            correlation: contrast.and_then(|it| it.correlation).map(rounded),
            replications_to_tell: contrast.and_then(|it| it.replications_to_tell),
            verdict: contrast.map_or("baseline", |it| it.verdict.name()),
        }
    }

    /// The numbers of a line, in order.
    fn numbers(&self) -> [String; 15] {
        let float = |value: Option<f64>| value.map_or(String::new(), exact);
        let whole = |value: Option<usize>| value.map_or(String::new(), |value| value.to_string());
        [
            self.replications.to_string(),
            float(self.mean),
            float(self.low),
            float(self.high),
            whole(self.pairs),
            float(self.difference),
            float(self.difference_low),
            float(self.difference_high),
            float(self.change),
            float(self.welch_low),
            float(self.welch_high),
            float(self.welch_freedom),
            float(self.variance_ratio),
            float(self.correlation),
            whole(self.replications_to_tell),
        ]
    }
}

/// Names of [`CellPart::numbers`].
const NUMBERS: [&str; 15] = [
    "replications",
    "mean",
    "low",
    "high",
    "pairs",
    "difference",
    "difference_low",
    "difference_high",
    "change",
    "welch_low",
    "welch_high",
    "welch_freedom",
    "variance_ratio",
    "correlation",
    "replications_to_tell",
];

fn document(comparison: &Comparison) -> Document<'_> {
    let run = &comparison.run;
    Document {
        format: "podsim/comparison/v1",
        version: &run.version,
        scenario: &run.scenario,
        seed: run.seed,
        replications: run.replications,
        duration_seconds: run.duration.as_secs_f64(),
        reproduce: &run.reproduce,
        confidence_level: LEVEL,
        difference_level: rounded(comparison.level()),
        baseline: &comparison.arms[comparison.baseline].name,
        arms: comparison.arms.iter().map(arm_part).collect(),
        headlines: comparison.headlines.iter().map(|measure| measure.id).collect(),
        measures: comparison.rows().map(|row| measure_part(comparison, &row)).collect(),
        reading: comparison.reading(),
        warnings: comparison.caveats(),
    }
}

fn arm_part(arm: &ArmRun) -> ArmPart<'_> {
    let settings = arm.settings.iter().map(|(path, value)| Setting { path, value }).collect();
    ArmPart { name: &arm.name, description: &arm.description, digest: &arm.run.digest, settings, reproduce: &arm.run.reproduce }
}

fn measure_part<'a>(comparison: &'a Comparison, row: &Row) -> MeasurePart<'a> {
    let measure = row.measure;
    MeasurePart {
        id: measure.id,
        label: measure.label,
        unit: measure.unit.name(),
        kind: measure.kind.name(),
        definition: measure.definition,
        arms: comparison.arms.iter().zip(&row.cells).map(|(arm, cell)| CellPart::new(arm, cell)).collect(),
    }
}

/// The comparison as a value, for `--format json`.
///
/// # Panics
/// Never: every part of it has a JSON form.
pub fn comparison_json(comparison: &Comparison) -> serde_json::Value {
    serde_json::to_value(document(comparison)).expect("a comparison has a JSON form")
}

/// `comparison.csv`: one line for each measure and arm.
fn comparison_csv(comparison: &Comparison) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let level = exact(comparison.level());
    writer.write_record(["id", "label", "unit", "arm"].into_iter().chain(NUMBERS).chain([
        "difference_level",
        "verdict",
        "definition",
        "kind",
    ]))?;
    for measure in document(comparison).measures {
        for cell in &measure.arms {
            let numbers = cell.numbers();
            let first = [measure.id, measure.label, measure.unit, cell.arm];
            let last = [level.as_str(), cell.verdict, measure.definition, measure.kind];
            writer.write_record(first.into_iter().chain(numbers.iter().map(String::as_str)).chain(last))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// `run.json` of a comparison: what names it, and what may differ between equal ones.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunJson<'a> {
    format: &'static str,
    version: &'a str,
    scenario: &'a str,
    arms: Vec<ArmPart<'a>>,
    seed: u64,
    replications: u32,
    command: &'a str,
    reproduce: &'a str,
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_memory_bytes: u64,
    threads: usize,
}

fn run_json(comparison: &Comparison) -> serde_json::Result<Vec<u8>> {
    let run = &comparison.run;
    pretty(&RunJson {
        format: "podsim/comparison-run/v1",
        version: &run.version,
        scenario: &run.scenario,
        arms: comparison.arms.iter().map(arm_part).collect(),
        seed: run.seed,
        replications: run.replications,
        command: &run.command,
        reproduce: &run.reproduce,
        wall_seconds: run.wall_seconds,
        cpu_seconds: run.cpu_seconds,
        peak_memory_bytes: run.peak_memory,
        threads: run.threads,
    })
}

/// Writes the results folder `dir` of a comparison: `comparison.csv`, `comparison.json`, `report.html`, `run.json`, `plots/`, and under
/// `arms/NAME` the results folder of each arm's own run. What is there already is refused, or replaced whole if `force` is set. The
/// report shows the measures of `selection` first.
///
/// Every file called anything but `run.json` is the same, byte for byte, for equal outcomes and notes.
///
/// # Errors
/// If `dir` exists (without `force`), or cannot be written. Nothing half-written is left then, and what was there still is.
pub fn write_comparison(dir: &Path, force: bool, comparison: &Comparison, selection: &Selection) -> Result<(), WriteError> {
    if !force && std::fs::symlink_metadata(dir).is_ok() {
        return Err(WriteError::Exists(dir.to_owned()));
    }
    write_files(dir, force, &entries(comparison, selection)?)
}

/// Every file, in memory.
fn entries(comparison: &Comparison, selection: &Selection) -> Result<Vec<Entry>, WriteError> {
    let failed = |file, error: &dyn std::error::Error| WriteError::Compose { file, reason: error.to_string() };
    let shown = comparison.shown(selection);
    let plots = pictures::all(comparison, &shown);
    let report = page::report(comparison, &shown, &plots).map_err(|error| failed("report.html", &error))?;
    let mut files = vec![
        ("run.json".to_owned(), run_json(comparison).map_err(|error| failed("run.json", &error))?),
        ("comparison.json".to_owned(), pretty(&document(comparison)).map_err(|error| failed("comparison.json", &error))?),
        ("comparison.csv".to_owned(), comparison_csv(comparison).map_err(|error| failed("comparison.csv", &error))?),
        ("report.html".to_owned(), report.into_bytes()),
    ];
    files.extend(plots.into_iter().map(|plot| (format!("plots/{}.svg", plot.name), plot.svg.into_bytes())));
    for arm in &comparison.arms {
        let own = compose(&arm.run, &arm.outcomes, &arm.notes)?;
        files.extend(own.into_iter().map(|(name, bytes)| (format!("arms/{}/{name}", arm.name), bytes)));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::tests::three_arms;
    use super::*;
    use crate::figures::measures;

    #[test]
    fn the_table_of_the_comparison_begins_like_this() {
        let text = String::from_utf8(comparison_csv(&three_arms()).unwrap()).unwrap();
        assert_eq!(text.lines().count(), 1 + 3 * measures().count());
        let lines: Vec<&str> = text.lines().take(1).chain(text.lines().filter(|line| line.starts_with("pods.created"))).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn the_folder_has_the_comparison_and_each_arms_own_results() {
        let names: Vec<String> = entries(&three_arms(), &Selection::Telling).unwrap().into_iter().map(|entry| entry.0).collect();
        for name in ["run.json", "comparison.csv", "comparison.json", "report.html", "plots/differences.svg", "arms/noisy/report.html"] {
            assert!(names.iter().any(|known| known == name), "{name} is missing among {names:?}");
        }
    }

    #[test]
    fn equal_outcomes_give_equal_bytes_in_every_file_but_run_json() {
        let fast = three_arms();
        let mut slow = fast.clone();
        slow.run.wall_seconds = 99.0;
        slow.run.command = "typed otherwise".to_owned();
        slow.arms.iter_mut().for_each(|arm| arm.run.wall_seconds = 98.0);
        let files = |comparison| entries(comparison, &Selection::Telling).unwrap();
        for (one, other) in files(&fast).into_iter().zip(files(&slow)) {
            assert_eq!(one == other, !one.0.ends_with("run.json"), "{}", one.0);
        }
    }
}
