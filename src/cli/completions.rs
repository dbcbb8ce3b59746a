//! `podsim completions`: the completion script of a shell.

use super::output::Output;
use clap::CommandFactory;
use clap_complete::Shell;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "podsim", &mut script);
    output.result(&String::from_utf8_lossy(&script))
}
