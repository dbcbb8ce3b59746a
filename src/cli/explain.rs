//! `podsim explain`: what the code of a diagnostic means.

use super::BAD_INPUT;
use super::output::Output;
use scenarios::Code;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Code as a diagnostic prints it; none lists all
    code: Option<String>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    let asked = |code: &&Code| arguments.code.as_deref().is_none_or(|name| name == code.name());
    let told: Vec<String> = Code::ALL.iter().filter(asked).map(|code| format!("{}\n    {}\n", code.name(), code.meaning())).collect();
    if told.is_empty() {
        output.problem("no diagnostic has this code; `podsim explain` lists all");
        return BAD_INPUT;
    }
    output.result(&told.concat())
}
