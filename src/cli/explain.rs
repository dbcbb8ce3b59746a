//! `podsim explain`: what the code of a diagnostic means, and what became of a Pod.

mod pod;

use super::BAD_INPUT;
use super::output::Output;
use scenarios::Code;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    /// Code as a diagnostic prints it; none lists all
    code: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Say what the code of a diagnostic means
    Code {
        /// Code as a diagnostic prints it; none lists all
        code: Option<String>,
    },
    /// Run a scenario and tell the history of one Pod
    Pod(pod::Arguments),
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    match &arguments.what {
        Some(What::Pod(about)) => pod::run(about, output),
        Some(What::Code { code }) => explain_code(code.as_deref(), output),
        None => explain_code(arguments.code.as_deref(), output),
    }
}

fn explain_code(code: Option<&str>, output: &Output) -> u8 {
    let asked = |known: &&Code| code.is_none_or(|name| name == known.name());
    let told: Vec<String> = Code::ALL.iter().filter(asked).map(|code| format!("{}\n    {}\n", code.name(), code.meaning())).collect();
    if told.is_empty() {
        output.problem("no diagnostic has this code; `podsim explain` lists all");
        return BAD_INPUT;
    }
    output.result(&told.concat())
}
