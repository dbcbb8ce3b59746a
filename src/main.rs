//! The command `podsim`.

use std::process::ExitCode;

fn main() -> ExitCode {
    podsim::cli::main()
}
