//! `podsim compare`: one scenario under several settings, paired by common random numbers.

use super::output::Output;
use super::run::{failed, fidelity, progress_bar, show};
use super::{BAD_INPUT, DONE, INTERRUPTED, usage};
use crate::experiment;
use reports::{ArmRun, Comparison, Measure, Notes, RunInfo, Selection};
use scenarios::{Arm, Experiment, Overrides};
use sim_core::measure::Outcome;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Scenario file
    scenario: PathBuf,
    /// A setting to compare: `limits=spec.a.b=1,spec.c=[2, 3]`, or the name of one of the scenario's own `spec.arms`. Without any,
    /// all of the scenario's own. `NAME` alone, or `NAME=`, is the scenario as it is
    #[arg(long, value_name = "NAME[=PATH=VALUE,…]")]
    arm: Vec<String>,
    /// The arm that the others are compared with [default: the scenario's choice, else the first]
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Repetitions of every arm; two or more give confidence intervals
    #[arg(long, value_name = "R", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    replications: u32,
    /// Seed of every random stream, in place of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Simulated time after the warm-up, in place of the scenario's (30d, 12h, 90m)
    #[arg(long, value_name = "T")]
    duration: Option<String>,
    /// Change a value of the scenario for all arms, by path: spec.cluster.nodePools.general.count=100
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Show these measures alone, such as restarts.rate
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', conflicts_with = "all")]
    measure: Vec<String>,
    /// Show every measure
    #[arg(long)]
    all: bool,
    /// Folder to write results to: report.html, comparison.csv, plots, and each arm's own results
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the folder if it exists
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    if let Some(out) = arguments.out.as_ref().filter(|out| !arguments.force && out.exists()) {
        output.problem(&format!("{} exists already: choose another folder, or --force to replace it", out.display()));
        return BAD_INPUT;
    }
    let overrides =
        Overrides { seed: arguments.seed, duration: arguments.duration.clone(), set: arguments.set.clone(), ..Overrides::default() };
    let loaded = scenarios::load_experiment(&arguments.scenario, &overrides, &arguments.arm, arguments.baseline.as_deref());
    let experiment = match loaded {
        Ok(experiment) => experiment,
        Err(problems) => return output.problems(&problems),
    };
    match (found(&experiment.measures, "spec.compare.measures"), found(&arguments.measure, "--measure")) {
        (Ok(headlines), Ok(chosen)) => simulate(arguments, output, experiment, headlines, chosen),
        (headlines, chosen) => {
            headlines.err().into_iter().chain(chosen.err()).flatten().for_each(|problem| output.problem(&problem));
            output.hint("nothing was run or written");
            BAD_INPUT
        }
    }
}

/// The measures of these identifiers, or what is wrong with them.
fn found(ids: &[String], place: &str) -> Result<Vec<&'static Measure>, Vec<String>> {
    let missing = |id: &String| {
        let known: Vec<&str> = reports::measures().map(|measure| measure.id).collect();
        let help = scenarios::suggestion(id, known);
        format!("{place}: no measure is called `{id}`; {help}")
    };
    let problems: Vec<String> = ids.iter().filter(|id| reports::measure(id).is_none()).map(missing).collect();
    if problems.is_empty() { Ok(ids.iter().filter_map(|id| reports::measure(id)).collect()) } else { Err(problems) }
}

fn simulate(
    arguments: &Arguments,
    output: &Output,
    experiment: Experiment,
    headlines: Vec<&'static Measure>,
    chosen: Vec<&'static Measure>,
) -> u8 {
    let begun = Instant::now();
    let Some(outcomes) = replicate(arguments, output, &experiment) else {
        output.problem("interrupted: nothing was written");
        return INTERRUPTED;
    };
    let comparison = gathered(arguments, output, experiment, outcomes, headlines, begun.elapsed());
    let selection = match (arguments.all, chosen.is_empty()) {
        (true, _) => Selection::All,
        (_, true) => Selection::Telling,
        (_, false) => Selection::Chosen(chosen),
    };
    tell(output, &comparison, &selection);
    match write(arguments, output, &comparison, &selection) {
        Ok(()) => DONE,
        Err(error) => failed(output, &error),
    }
}

/// Simulates with a progress bar; `None` if interrupted.
fn replicate(arguments: &Arguments, output: &Output, experiment: &Experiment) -> Option<Vec<Vec<Outcome>>> {
    let stop = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stop);
    // Without a handler the signal ends the process, which leaves nothing half-written either.
    let _ = ctrlc::set_handler(move || heard.store(true, Ordering::Relaxed));
    let bar = progress_bar(output);
    let specs: Vec<_> = experiment.arms.iter().map(|arm| &arm.loaded.spec).collect();
    let outcomes = experiment::compare(&specs, arguments.replications, output.global.threads(), |advance| {
        show(&bar, advance);
        !stop.load(Ordering::Relaxed)
    });
    bar.finish_and_clear();
    outcomes
}

fn gathered(
    arguments: &Arguments,
    output: &Output,
    experiment: Experiment,
    outcomes: Vec<Vec<Outcome>>,
    headlines: Vec<&'static Measure>,
    wall: Duration,
) -> Comparison {
    let warnings = experiment::arm_warnings(&experiment);
    let about = |arm: &Arm, reproduce| RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: arm.loaded.spec.name.clone(),
        digest: arm.loaded.digest.clone(),
        seed: arm.loaded.spec.seed.0,
        replications: arguments.replications,
        warmup: arm.loaded.spec.warmup,
        duration: arm.loaded.spec.duration,
        reproduce,
        command: std::env::args().collect::<Vec<_>>().join(" "),
        wall_seconds: wall.as_secs_f64(),
        cpu_seconds: usage::cpu_seconds(),
        peak_memory: usage::peak_memory(),
        threads: output.global.threads(),
    };
    let run = about(&experiment.arms[experiment.baseline], reproduce(arguments, &experiment));
    let arm = |(arm, outcomes): (Arm, Vec<Outcome>)| ArmRun {
        run: about(&arm, reproduce_arm(arguments, &arm)),
        notes: Notes { warnings: experiment::warnings(&arm.loaded.spec), fidelity: arm.loaded.notes.iter().map(fidelity).collect() },
        name: arm.name,
        description: arm.description,
        settings: arm.settings,
        outcomes,
    };
    let arms = experiment.arms.into_iter().zip(outcomes).map(arm).collect();
    Comparison { run, arms, baseline: experiment.baseline, headlines, warnings }
}

/// The command that compares again.
fn reproduce(arguments: &Arguments, experiment: &Experiment) -> String {
    let seed = experiment.arms[0].loaded.spec.seed.0;
    let mut command = format!("podsim compare {}", arguments.scenario.display());
    arguments.arm.iter().for_each(|arm| command += &format!(" --arm {}", quoted(arm)));
    arguments.baseline.iter().for_each(|name| command += &format!(" --baseline {}", quoted(name)));
    arguments.set.iter().for_each(|set| command += &format!(" --set {}", quoted(set)));
    arguments.duration.iter().for_each(|duration| command += &format!(" --duration {duration}"));
    command + &format!(" --seed {seed} --replications {}", arguments.replications)
}

/// The command that runs one arm alone.
fn reproduce_arm(arguments: &Arguments, arm: &Arm) -> String {
    let mut command = format!("podsim run {}", arguments.scenario.display());
    arm.overrides.arm.iter().for_each(|name| command += &format!(" --arm {}", quoted(name)));
    arm.overrides.set.iter().for_each(|set| command += &format!(" --set {}", quoted(set)));
    arm.overrides.duration.iter().for_each(|duration| command += &format!(" --duration {duration}"));
    command + &format!(" --seed {} --replications {}", arm.loaded.spec.seed.0, arguments.replications)
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.,=:/+%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn tell(output: &Output, comparison: &Comparison, selection: &Selection) {
    if output.is_json() {
        output.json(&reports::comparison_json(comparison));
    } else {
        output.result(&reports::comparison_table(comparison, selection, 100));
    }
}

fn write(arguments: &Arguments, output: &Output, comparison: &Comparison, selection: &Selection) -> Result<(), reports::WriteError> {
    let Some(out) = &arguments.out else { return Ok(()) };
    reports::write_comparison(out, arguments.force, comparison, selection)?;
    output.hint(&format!("wrote {}; open {}", out.display(), out.join("report.html").display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command_survive_the_shell() {
        for (word, want) in
            [("a=spec.b=1,c=2", "a=spec.b=1,c=2"), ("a=spec.b=[1, 2]", "'a=spec.b=[1, 2]'"), ("it's", "'it'\\''s'"), ("", "''")]
        {
            assert_eq!(quoted(word), want);
        }
    }

    #[test]
    fn a_measure_that_is_not_there_is_told_with_the_nearest() {
        let problems = found(&["restart.rate".to_owned(), "pods.created".to_owned()], "--measure").unwrap_err();
        assert_eq!(problems, ["--measure: no measure is called `restart.rate`; did you mean `restarts.rate`?"]);
    }
}
