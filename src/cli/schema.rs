//! `podsim schema`: the JSON Schema of the scenario file.

use super::INTERNAL;
use super::output::Output;

pub(super) fn run(output: &Output) -> u8 {
    match serde_json::to_string_pretty(&scenarios::schema()) {
        Ok(text) => output.result(&(text + "\n")),
        Err(error) => {
            output.problem(&error.to_string());
            INTERNAL
        }
    }
}
