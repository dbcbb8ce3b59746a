//! `podsim check`: all problems of scenarios and manifests, and what is approximated or ignored.

use super::DONE;
use super::output::{Output, note_json};
use scenarios::Checked;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Scenario files, Kubernetes manifests, scheduler configurations, recorded decisions
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    let checked = scenarios::check(&arguments.files);
    if !checked.problems.is_empty() {
        return output.problems(&checked.problems);
    }
    if output.is_json() {
        checked.notes.iter().for_each(|note| output.json(&note_json(note)));
    } else {
        output.result(&told(&checked));
    }
    DONE
}

fn told(checked: &Checked) -> String {
    let Checked { scenarios, objects, configurations, cases, notes, .. } = checked;
    let mut text = format!("no problems: {scenarios} scenarios, {objects} Kubernetes objects");
    for (count, what) in
        [(configurations, "scheduler configurations"), (cases, "recorded cases")].into_iter().filter(|(count, _)| **count > 0)
    {
        text += &format!(", {count} {what}");
    }
    text += "\n";
    if !notes.is_empty() {
        text += "\nnot simulated to the letter:\n";
    }
    notes.iter().for_each(|note| text += &format!("  {note}\n"));
    text
}
