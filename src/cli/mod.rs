//! The command line: one file for each verb. Results go to standard output, progress and diagnostics to standard error.

mod check;
mod compare;
mod completions;
mod conformance;
mod explain;
mod output;
mod run;
mod schedule;
mod schema;
mod usage;

use clap::{ColorChoice, Parser, Subcommand, ValueEnum};
use output::Output;
use std::io::IsTerminal;
use std::process::ExitCode;

/// The short guide that `podsim` prints when nothing is asked of it.
const GUIDE: &str = "\
podsim run scenarios/library/documented/quick.yaml --out results/quick   # the main job: a run and its report

podsim simulates Kubernetes clusters. Next steps:
  podsim run scenarios/library/documented/scale.yaml --out results/scale   # 15,000 nodes, 300,000 Pods, 30 days
  podsim run SCENARIO --replications 10    # figures with 95 % confidence intervals
  podsim compare SCENARIO --arm a --arm b=PATH=VALUE   # the difference that a setting makes
  podsim check FILE...                     # all problems of scenarios and manifests at once
  podsim schedule --cluster FILE... --pods FILE... --explain   # which node each Pod gets, and why
  podsim schema                            # JSON Schema of the scenario file, for your editor
  podsim help                              # everything else
";

/// Exit status: done; the answer is no; bad input or usage; an internal error; interrupted.
const DONE: u8 = 0;
const NO: u8 = 1;
const BAD_INPUT: u8 = 2;
const INTERNAL: u8 = 3;
const INTERRUPTED: u8 = 130;

/// Discrete-event simulator of Kubernetes clusters
#[derive(Debug, Parser)]
#[command(name = "podsim", version, about, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// Options of every verb.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Global {
    /// Tables for people, JSON lines for programs
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print no progress and no hints
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Colours
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
    /// Threads; results never depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// Tables for people.
    Table,
    /// JSON lines for programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a scenario and report what came out
    Run(run::Arguments),
    /// Compare settings of a scenario in pairs, under the same random numbers
    Compare(compare::Arguments),
    /// Check scenarios and manifests: all problems at once, and what is approximated or ignored
    Check(check::Arguments),
    /// Place Pods on the nodes of a cluster, without time, and say why
    Schedule(schedule::Arguments),
    /// Replay recorded decisions of kube-scheduler and compare
    Conformance(conformance::Arguments),
    /// Print the JSON Schema of the scenario file
    Schema,
    /// Say what the code of a diagnostic means
    Explain(explain::Arguments),
    /// Print the completion script of a shell
    Completions(completions::Arguments),
}

impl Global {
    fn threads(self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.jobs.map_or_else(cores, usize::from)
    }

    /// True if standard error may be coloured.
    fn colored(self) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => std::io::stderr().is_terminal(),
        }
    }
}

/// Runs the command line and gives its exit status: 0 done, 1 the answer is no, 2 bad input or usage, 3 an internal error.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage_error(&error),
    };
    // A panic is a bug of ours; its message was printed by the panic hook.
    let status = std::panic::catch_unwind(|| dispatch(&arguments)).unwrap_or_else(|_| {
        Output::new(arguments.global).problem("internal error: this is a bug of podsim; please report it with the scenario that shows it");
        INTERNAL
    });
    ExitCode::from(status)
}

fn usage_error(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a closed terminal.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { BAD_INPUT } else { DONE })
}

fn dispatch(arguments: &Arguments) -> u8 {
    let output = Output::new(arguments.global);
    match &arguments.verb {
        None => output.result(GUIDE),
        Some(Verb::Run(verb)) => run::run(verb, &output),
        Some(Verb::Compare(verb)) => compare::run(verb, &output),
        Some(Verb::Check(verb)) => check::run(verb, &output),
        Some(Verb::Schedule(verb)) => schedule::run(verb, &output),
        Some(Verb::Conformance(verb)) => conformance::run(verb, &output),
        Some(Verb::Schema) => schema::run(&output),
        Some(Verb::Explain(verb)) => explain::run(verb, &output),
        Some(Verb::Completions(verb)) => completions::run(verb, &output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_fits_a_terminal() {
        let help = Arguments::command().render_long_help().to_string();
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        assert!(["run", "check", "schema", "completions"].iter().all(|verb| help.contains(verb)), "{help}");
    }
}
