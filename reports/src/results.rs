//! The results folder: written beside its final name, made durable, then renamed, so that it is there whole or not at all.

use crate::figures::figures;
use crate::format::{exact, rounded};
use crate::run::{Notes, RunInfo};
use crate::summary::summary;
use crate::{html, plots, series, statistics};
use serde::Serialize;
use sim_core::measure::Outcome;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a results folder was not written. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is something of that name already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The path has no last part that could be made.
    #[error("{} cannot name a folder", .0.display())]
    NoName(PathBuf),
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file could not be composed.
    #[error("cannot compose {file}: {reason}")]
    Compose {
        /// Which file.
        file: &'static str,
        /// Why.
        reason: String,
    },
}

/// A file of the folder: its path inside and its bytes.
pub(crate) type Entry = (String, Vec<u8>);

/// Writes the results folder `dir`. What is there already is refused, or replaced whole if `force` is set.
///
/// Every file but `run.json` is the same, byte for byte, for equal outcomes, notes and the fields of `run` that describe them.
///
/// # Errors
/// If `dir` exists (without `force`), or cannot be written. Nothing half-written is left then, and what was there still is.
pub fn write(dir: &Path, force: bool, run: &RunInfo, outcomes: &[Outcome], notes: &Notes) -> Result<(), WriteError> {
    if !force && fs::symlink_metadata(dir).is_ok() {
        return Err(WriteError::Exists(dir.to_owned()));
    }
    write_files(dir, force, &compose(run, outcomes, notes)?)
}

/// Writes a folder with these files, whole or not at all.
pub(crate) fn write_files(dir: &Path, force: bool, files: &[Entry]) -> Result<(), WriteError> {
    let mut temporary = Temporary::beside(dir)?;
    for (name, bytes) in files {
        temporary.write(name, bytes)?;
    }
    temporary.sync()?;
    temporary.rename_to(dir, force)
}

/// Every file, in memory: whatever can fail without the disk fails before it is touched.
pub(crate) fn compose(run: &RunInfo, outcomes: &[Outcome], notes: &Notes) -> Result<Vec<Entry>, WriteError> {
    let failed = |file, error: &dyn std::error::Error| WriteError::Compose { file, reason: error.to_string() };
    let plots = plots::all(outcomes);
    let mut files = vec![
        ("run.json".to_owned(), run_json(run, outcomes).map_err(|error| failed("run.json", &error))?),
        ("summary.json".to_owned(), pretty(&summary(run, outcomes, notes)).map_err(|error| failed("summary.json", &error))?),
        ("figures.csv".to_owned(), figures_csv(outcomes).map_err(|error| failed("figures.csv", &error))?),
        ("timeseries.csv".to_owned(), series::csv(outcomes).map_err(|error| failed("timeseries.csv", &error))?),
        ("report.html".to_owned(), html::report(run, outcomes, notes, &plots).map_err(|error| failed("report.html", &error))?.into_bytes()),
    ];
    files.extend(plots.into_iter().map(|plot| (format!("plots/{}.svg", plot.name), plot.svg.into_bytes())));
    Ok(files)
}

/// `run.json`: what may differ between runs with equal results, and what names the run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunJson<'a> {
    format: &'static str,
    version: &'a str,
    scenario: &'a str,
    digest: &'a str,
    seed: u64,
    replications: u32,
    command: &'a str,
    reproduce: &'a str,
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_memory_bytes: u64,
    threads: usize,
    events_per_wall_second: Option<f64>,
    container_starts_per_wall_second: Option<f64>,
}

fn run_json(run: &RunInfo, outcomes: &[Outcome]) -> serde_json::Result<Vec<u8>> {
    let per_second = |count: u64| (run.wall_seconds > 0.0).then(|| rounded(count as f64 / run.wall_seconds));
    pretty(&RunJson {
        format: "podsim/run/v1",
        version: &run.version,
        scenario: &run.scenario,
        digest: &run.digest,
        seed: run.seed,
        replications: run.replications,
        command: &run.command,
        reproduce: &run.reproduce,
        wall_seconds: run.wall_seconds,
        cpu_seconds: run.cpu_seconds,
        peak_memory_bytes: run.peak_memory,
        threads: run.threads,
        events_per_wall_second: per_second(outcomes.iter().map(|outcome| outcome.engine.events).sum()),
        container_starts_per_wall_second: per_second(outcomes.iter().map(|outcome| outcome.containers.started).sum()),
    })
}

pub(crate) fn pretty(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// `figures.csv`: one row a measure.
fn figures_csv(outcomes: &[Outcome]) -> Result<Vec<u8>, csv::Error> {
    let level = format!("{:.0} % CI", statistics::LEVEL * 100.0);
    debug_assert_eq!(level, "95 % CI", "the definition of low and high says so");
    let cell = |value: Option<f64>| value.map_or(String::new(), exact);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["id", "label", "unit", "mean", "low", "high", "replications", "definition", "kind"])?;
    for figure in figures(outcomes) {
        let (mean, low, high, count) = (cell(figure.mean), cell(figure.low), cell(figure.high), figure.replications.to_string());
        let texts = [figure.id, figure.label, figure.unit.name(), &mean, &low, &high, &count, figure.definition, figure.kind.name()];
        writer.write_record(texts)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A folder that is removed when dropped, unless it was renamed.
struct Temporary {
    path: PathBuf,
    /// Folders inside, those that hold others first.
    inside: Vec<PathBuf>,
    renamed: bool,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Io { action, path, source }
}

/// `dir`'s sibling called `.NAME.SUFFIX-PID`.
fn sibling(dir: &Path, suffix: &str) -> Result<PathBuf, WriteError> {
    let name = dir.file_name().ok_or_else(|| WriteError::NoName(dir.to_owned()))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{suffix}-{}", std::process::id()));
    Ok(dir.with_file_name(hidden))
}

impl Temporary {
    fn beside(dir: &Path) -> Result<Self, WriteError> {
        let path = sibling(dir, "partial")?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed("make", parent))?;
        }
        fs::create_dir(&path).map_err(failed("make", &path))?;
        Ok(Self { path, inside: Vec::new(), renamed: false })
    }

    /// Makes the folders on the way to a file.
    fn make_way(&mut self, name: &str) -> Result<(), WriteError> {
        for (end, _) in name.match_indices('/') {
            let folder = self.path.join(&name[..end]);
            if !self.inside.contains(&folder) {
                fs::create_dir(&folder).map_err(failed("make", &folder))?;
                self.inside.push(folder);
            }
        }
        Ok(())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        self.make_way(name)?;
        let path = self.path.join(name);
        let write = || -> io::Result<()> {
            let mut file = File::create_new(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(failed("write", &path))
    }

    fn sync(&self) -> Result<(), WriteError> {
        self.inside.iter().rev().try_for_each(|folder| sync_folder(folder))?;
        sync_folder(&self.path)
    }

    /// Gives the folder its final name. What had that name is moved aside just before and removed last: a failure brings it back, and
    /// a process killed between the two renames leaves it whole under its hidden name.
    fn rename_to(mut self, dir: &Path, force: bool) -> Result<(), WriteError> {
        let old = sibling(dir, "replaced")?;
        let replaces = fs::symlink_metadata(dir).is_ok();
        if replaces && !force {
            return Err(WriteError::Exists(dir.to_owned()));
        }
        if replaces {
            fs::rename(dir, &old).map_err(failed("replace", dir))?;
        }
        if let Err(error) = fs::rename(&self.path, dir) {
            let _ = replaces.then(|| fs::rename(&old, dir));
            return Err(failed("make", dir)(error));
        }
        self.renamed = true;
        sync_folder(parent(dir))?;
        if replaces { remove(&old).map_err(failed("remove", &old)) } else { Ok(()) }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The folder that holds `dir`.
fn parent(dir: &Path) -> &Path {
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Removes a folder, a file or a link.
fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// Makes a folder's entries durable, on systems where a folder can be opened for that.
fn sync_folder(path: &Path) -> Result<(), WriteError> {
    if cfg!(unix) { File::open(path).and_then(|folder| folder.sync_all()).map_err(failed("sync", path)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    /// A fresh folder for a test, removed with what is in it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("podsim-reports-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<String> =
                fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn write_two(dir: &Path, force: bool) -> Result<(), WriteError> {
        write(dir, force, &synthetic::run(2), &synthetic::outcomes(2), &synthetic::notes())
    }

    #[test]
    fn the_folder_has_every_file_of_the_contract_and_nothing_is_left_beside_it() {
        let scratch = Scratch::new("contract");
        write_two(&scratch.0.join("out"), false).unwrap();
        assert_eq!(scratch.names(), ["out"]);
        for file in ["run.json", "summary.json", "figures.csv", "timeseries.csv", "report.html", "plots/lifecycle.svg"] {
            assert!(scratch.0.join("out").join(file).is_file(), "{file}");
        }
    }

    #[test]
    fn equal_outcomes_give_equal_bytes_in_every_file_but_run_json() {
        let fast = synthetic::run(2);
        let slow =
            RunInfo { wall_seconds: 99.0, cpu_seconds: 98.0, peak_memory: 97, threads: 96, command: "typed".to_owned(), ..fast.clone() };
        let files = |run: &RunInfo| compose(run, &synthetic::outcomes(2), &synthetic::notes()).unwrap();
        for (one, other) in files(&fast).into_iter().zip(files(&slow)) {
            assert_eq!(one == other, one.0 != "run.json", "{}", one.0);
        }
    }

    #[test]
    fn what_is_there_is_refused_and_kept_and_replaced_whole_by_force() {
        let scratch = Scratch::new("force");
        let out = scratch.0.join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("mine.txt"), "kept").unwrap();
        assert!(matches!(write_two(&out, false), Err(WriteError::Exists(path)) if path == out));
        assert!(out.join("mine.txt").is_file());
        write_two(&out, true).unwrap();
        assert!(!out.join("mine.txt").exists() && out.join("run.json").is_file());
        assert_eq!(scratch.names(), ["out"]);
    }

    #[test]
    fn folders_on_the_way_are_made() {
        let scratch = Scratch::new("parents");
        write_two(&scratch.0.join("missing").join("out"), false).unwrap();
        assert!(scratch.0.join("missing").join("out").join("run.json").is_file());
    }

    #[test]
    fn a_folder_that_cannot_be_made_leaves_nothing() {
        let scratch = Scratch::new("nowhere");
        fs::write(scratch.0.join("file"), "in the way").unwrap();
        let error = write_two(&scratch.0.join("file").join("out"), false).unwrap_err();
        assert!(matches!(error, WriteError::Io { action: "make", .. }), "{error}");
        assert!(matches!(write_two(Path::new("/"), true), Err(WriteError::NoName(_))));
        assert_eq!(scratch.names(), ["file"]);
    }

    #[test]
    fn a_write_that_fails_half_way_leaves_nothing() {
        let scratch = Scratch::new("half");
        let mut temporary = Temporary::beside(&scratch.0.join("out")).unwrap();
        temporary.write("run.json", b"{}").unwrap();
        temporary.write("arms/one/run.json", b"{}").unwrap();
        assert!(temporary.write("run.json/file", b"").is_err());
        drop(temporary);
        assert!(scratch.names().is_empty());
    }

    #[test]
    fn the_table_of_figures_begins_like_this() {
        let text = String::from_utf8(figures_csv(&synthetic::outcomes(3)).unwrap()).unwrap();
        insta::assert_snapshot!(text.lines().take(12).collect::<Vec<_>>().join("\n"));
    }
}
