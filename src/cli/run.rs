//! `podsim run`: a scenario, simulated and reported.

use super::output::Output;
use super::{BAD_INPUT, DONE, INTERNAL, INTERRUPTED, usage};
use crate::experiment::{self, Advance, Listening};
use crate::observe::{self, Listener};
use indicatif::{ProgressBar, ProgressStyle};
use reports::history::Teller;
use reports::{FidelityNote, Notes, RunInfo};
use scenarios::{Loaded, Note, Overrides};
use sim_core::Stopped;
use sim_core::measure::Outcome;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Scenario file
    scenario: PathBuf,
    /// Seed of every random stream, in place of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Independent repetitions; two or more give confidence intervals
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    replications: u32,
    /// Simulated time after the warm-up, in place of the scenario's (30d, 12h, 90m)
    #[arg(long, value_name = "T")]
    duration: Option<String>,
    /// Folder to write results to: report.html, figures.csv, timeseries.csv, plots
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace folder and files that exist
    #[arg(long)]
    force: bool,
    /// Change a value of the scenario, by path: spec.cluster.nodePools.general.count=100
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Run one of the scenario's own arms
    #[arg(long, value_name = "NAME")]
    arm: Option<String>,
    /// Write what happens in the first replication, one JSON object a line (.jsonl, .jsonl.gz, .jsonl.zst)
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Only of these: workload=web,pod=web-3-*,label:app=web,namespace=default,node=general-7,reason=BackOff
    #[arg(long, value_name = "SELECTOR", requires = "events")]
    events_for: Option<String>,
    /// Draw the lives of Pods in the first replication as a Perfetto trace (.pftrace, .pftrace.gz)
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,
    /// Only of these; the same selectors
    #[arg(long, value_name = "SELECTOR", requires = "timeline")]
    timeline_for: Option<String>,
    /// Check every N events and at the end that nothing is overcommitted, lost or forgotten; a violation ends all with status 3
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "100000")]
    audit: Option<NonZeroU64>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    if let Some(out) = arguments.out.as_ref().filter(|out| !arguments.force && out.exists()) {
        output.problem(&format!("{} exists already: choose another folder, or --force to replace it", out.display()));
        return BAD_INPUT;
    }
    if let Some(problem) = refused(arguments) {
        output.problem(&problem);
        return BAD_INPUT;
    }
    let overrides =
        Overrides { seed: arguments.seed, duration: arguments.duration.clone(), set: arguments.set.clone(), arm: arguments.arm.clone() };
    match scenarios::load(&arguments.scenario, &overrides) {
        Ok(loaded) => simulate(arguments, output, &loaded),
        Err(problems) => output.problems(&problems),
    }
}

/// Why a file cannot be written, as far as its name tells.
fn refused(arguments: &Arguments) -> Option<String> {
    let wanted = [(&arguments.events, "--events", "jsonl"), (&arguments.timeline, "--timeline", "pftrace")];
    wanted.into_iter().filter_map(|(path, option, kind)| Some((path.as_ref()?, option, kind))).find_map(|(path, option, kind)| {
        if observe::kind_of(path) != Some(kind) {
            return Some(format!("{option} {}: a name that ends in .{kind}, .{kind}.gz or .{kind}.zst is wanted", path.display()));
        }
        let taken = !arguments.force && path.exists();
        taken.then(|| format!("{} exists already: choose another name, or --force to replace it", path.display()))
    })
}

fn simulate(arguments: &Arguments, output: &Output, loaded: &Loaded) -> u8 {
    let begun = Instant::now();
    let teller = Teller::new(&loaded.spec);
    let mut listener = match listener(arguments, &teller) {
        Ok(listener) => listener,
        Err(problem) => {
            output.problem(&problem);
            return BAD_INPUT;
        }
    };
    let outcomes = replicate(arguments, output, loaded, &mut listener);
    if let Some(error) = listener.failure() {
        output.problem(&format!("cannot write what happened: {error}; nothing was written"));
        return BAD_INPUT;
    }
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(stopped) => return stopped_early(output, &stopped),
    };
    if let Err(error) = listener.finish(loaded.spec.end()) {
        output.problem(&format!("cannot write what happened: {error}"));
        return BAD_INPUT;
    }
    report(arguments, output, loaded, &outcomes, begun.elapsed())
}

/// Says why there are no results.
fn stopped_early(output: &Output, stopped: &Stopped) -> u8 {
    match stopped {
        Stopped::OnRequest => {
            output.problem("interrupted: nothing was written");
            INTERRUPTED
        }
        Stopped::Violation(found) => {
            output.problem(&format!("the audit found a bug of podsim, nothing was written; {found}"));
            INTERNAL
        }
    }
}

/// Who listens for the files that are asked for.
fn listener<'a>(arguments: &Arguments, teller: &'a Teller<'a>) -> Result<Listener<'a>, String> {
    let mut listener = Listener::new(teller);
    let filter = |selector: &Option<String>| observe::select(selector.as_deref().unwrap_or_default(), teller.spec(), &teller.names);
    let refused = |path: &Path, error: std::io::Error| format!("cannot write {}: {error}", path.display());
    if let Some(path) = &arguments.events {
        let filter = filter(&arguments.events_for)?;
        listener.write_events(path, filter).map_err(|error| refused(path, error))?;
    }
    if let Some(path) = &arguments.timeline {
        let filter = filter(&arguments.timeline_for)?;
        listener.draw_timeline(path, filter).map_err(|error| refused(path, error))?;
    }
    Ok(listener)
}

fn report(arguments: &Arguments, output: &Output, loaded: &Loaded, outcomes: &[Outcome], wall: Duration) -> u8 {
    let run = about(arguments, output, loaded, wall);
    let notes = Notes { warnings: experiment::warnings(&loaded.spec), fidelity: loaded.notes.iter().map(fidelity).collect() };
    tell(output, &run, outcomes, &notes);
    if arguments.audit.is_some() {
        let (looks, events) = outcomes.iter().fold((0, 0), |sum, it| (sum.0 + it.engine.audits, sum.1 + it.engine.events));
        output.hint(&format!("audited: {looks} looks in {events} events found nothing wrong"));
    }
    arguments.events.iter().for_each(|path| output.hint(&format!("wrote {}", path.display())));
    arguments.timeline.iter().for_each(|path| output.hint(&format!("wrote {}; open it at https://ui.perfetto.dev", path.display())));
    match write(arguments, output, &run, outcomes, &notes) {
        Ok(()) => DONE,
        Err(error) => failed(output, &error),
    }
}

/// Says why results were not written; the exit status says whose fault it is.
pub(super) fn failed(output: &Output, error: &reports::WriteError) -> u8 {
    output.problem(&error.to_string());
    if matches!(error, reports::WriteError::Compose { .. }) { INTERNAL } else { BAD_INPUT }
}

/// A flag that is set when the run is to stop.
pub(super) fn stop_flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stop);
    // Without a handler the signal ends the process, which leaves nothing half-written either.
    let _ = ctrlc::set_handler(move || heard.store(true, Ordering::Relaxed));
    stop
}

/// Simulates with a progress bar.
fn replicate(arguments: &Arguments, output: &Output, loaded: &Loaded, listener: &mut Listener<'_>) -> Result<Vec<Outcome>, Stopped> {
    let stop = stop_flag();
    let bar = progress_bar(output);
    let keep_on = |advance| {
        show(&bar, advance);
        !stop.load(Ordering::Relaxed)
    };
    let filters = listener.filters();
    let mut hear = |batch: &sim_core::measure::Batch<'_>| listener.hear(batch);
    let listening = (!filters.is_empty()).then_some(Listening { filters, hear: &mut hear });
    let (count, threads) = (arguments.replications, output.global.threads());
    let outcomes = experiment::try_replicate(&loaded.spec, count, threads, keep_on, listening, arguments.audit);
    bar.finish_and_clear();
    outcomes
}

pub(super) fn progress_bar(output: &Output) -> ProgressBar {
    if !output.shows_progress() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}  {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(1000).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

pub(super) fn show(bar: &ProgressBar, advance: Advance) {
    bar.set_position((advance.done / advance.total.max(1e-9) * 1000.0) as u64);
    let (days, millions) = (advance.done / 86_400.0, advance.events as f64 / 1e6);
    bar.set_message(format!("{days:.1} days, {millions:.1} M events, {} Pods Running", advance.running));
}

fn about(arguments: &Arguments, output: &Output, loaded: &Loaded, wall: Duration) -> RunInfo {
    RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: loaded.spec.name.clone(),
        digest: loaded.digest.clone(),
        seed: loaded.spec.seed.0,
        replications: arguments.replications,
        warmup: loaded.spec.warmup,
        duration: loaded.spec.duration,
        reproduce: reproduce(arguments, loaded),
        command: std::env::args().collect::<Vec<_>>().join(" "),
        wall_seconds: wall.as_secs_f64(),
        cpu_seconds: usage::cpu_seconds(),
        peak_memory: usage::peak_memory(),
        threads: output.global.threads(),
    }
}

/// The command that gives the same results again.
fn reproduce(arguments: &Arguments, loaded: &Loaded) -> String {
    let mut command = format!("podsim run {} --seed {}", arguments.scenario.display(), loaded.spec.seed.0);
    if arguments.replications > 1 {
        command += &format!(" --replications {}", arguments.replications);
    }
    arguments.arm.iter().for_each(|arm| command += &format!(" --arm {arm}"));
    arguments.duration.iter().for_each(|duration| command += &format!(" --duration {duration}"));
    arguments.set.iter().for_each(|set| command += &format!(" --set '{set}'"));
    command
}

pub(super) fn fidelity(note: &Note) -> FidelityNote {
    FidelityNote { place: note.place.clone(), field: note.field.clone(), treatment: note.treatment.to_string(), text: note.text.clone() }
}

fn tell(output: &Output, run: &RunInfo, outcomes: &[Outcome], notes: &Notes) {
    if output.is_json() {
        output.json(&reports::summary_json(run, outcomes, notes));
    } else {
        output.result(&reports::summary_table(run, outcomes, notes, 100));
    }
}

fn write(arguments: &Arguments, output: &Output, run: &RunInfo, outcomes: &[Outcome], notes: &Notes) -> Result<(), reports::WriteError> {
    let Some(out) = &arguments.out else { return Ok(()) };
    reports::write(out, arguments.force, run, outcomes, notes)?;
    output.hint(&format!("wrote {}; open {}", out.display(), out.join("report.html").display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::Violation;

    #[test]
    fn a_violation_is_a_bug_of_ours_and_an_interruption_is_not() {
        let output =
            Output::new(crate::cli::Global { format: crate::cli::Format::Table, quiet: true, color: clap::ColorChoice::Never, jobs: None });
        let what = "node 3 is overcommitted".to_owned();
        let found = Violation { replication: 0, events: 7, at: sim_core::units::SimTime::ZERO, what };
        assert_eq!(stopped_early(&output, &Stopped::Violation(found)), INTERNAL);
        assert_eq!(stopped_early(&output, &Stopped::OnRequest), INTERRUPTED);
    }
}
