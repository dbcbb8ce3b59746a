//! `podsim conformance`: recorded decisions of kube-scheduler, replayed and compared.

use super::output::Output;
use super::{DONE, INTERRUPTED, NO};
use crate::conformance::{Agreement, Dataset, Difference, Disagreement, PluginAgreement, Replay, conformance};
use indicatif::ProgressBar;
use serde_json::json;
use sim_core::scheduler::Path;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Differences of one Pod that are printed.
const DIFFERENCES: usize = 12;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files of records: JSON lines, gzipped or not
    #[arg(required = true)]
    records: Vec<PathBuf>,
    /// The way to decisions: what is fastest for each Pod, or always the plain reading of the plugins
    #[arg(long, value_enum, default_value_t = Way::Auto)]
    path: Way,
    /// Disagreements to print in full
    #[arg(long, value_name = "N", default_value_t = 5)]
    first: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Way {
    /// The fast path wherever it applies.
    Auto,
    /// Always the plain reading of the plugins.
    Plain,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    let stop = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stop);
    // Without a handler the signal ends the process, which leaves nothing half-written either.
    let _ = ctrlc::set_handler(move || heard.store(true, Ordering::Relaxed));
    let bar = if output.shows_progress() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.enable_steady_tick(Duration::from_millis(200));
    let path = if arguments.path == Way::Plain { Path::Plain } else { Path::Auto };
    let found = conformance(&arguments.records, Replay { path, jobs: output.global.threads() }, |cases| {
        bar.set_message(format!("{cases} cases"));
        !stop.load(Ordering::Relaxed)
    });
    bar.finish_and_clear();
    match found {
        Ok(Some(datasets)) => tell(&datasets, arguments.first, output),
        Ok(None) => {
            output.problem("interrupted");
            INTERRUPTED
        }
        Err(problems) => output.problems(&problems),
    }
}

fn tell(datasets: &[Dataset], first: usize, output: &Output) -> u8 {
    let plugins = plugins(datasets);
    let disagreements: Vec<&Disagreement> = datasets.iter().flat_map(|dataset| &dataset.disagreements).take(first).collect();
    if output.is_json() {
        datasets.iter().for_each(|dataset| output.json(&dataset_json(dataset)));
        plugins.iter().for_each(|(name, plugin)| output.json(&plugin_json(name, plugin)));
        disagreements.iter().for_each(|disagreement| output.json(&disagreement_json(disagreement)));
    } else {
        output.result(&(datasets_table(datasets) + "\n" + &plugins_table(&plugins)));
        let texts: String = disagreements.iter().map(|disagreement| disagreement_text(disagreement)).collect();
        output.result(&texts);
    }
    let agrees = datasets.iter().all(|dataset| dataset.decisions.is_full());
    if agrees { DONE } else { NO }
}

fn plugins(datasets: &[Dataset]) -> BTreeMap<&str, PluginAgreement> {
    let mut sums: BTreeMap<&str, PluginAgreement> = BTreeMap::new();
    for (name, plugin) in datasets.iter().flat_map(|dataset| &dataset.plugins) {
        let sum = sums.entry(name).or_default();
        sum.verdicts.add(plugin.verdicts);
        sum.scores.add(plugin.scores);
    }
    sums
}

fn datasets_table(datasets: &[Dataset]) -> String {
    let row = |name: &str, cases: &str, decisions: &str, agreed: &str, disagreed: &str| {
        format!("{:<52}{cases:>8}{decisions:>12}{agreed:>12}{disagreed:>12}\n", short(name, 51))
    };
    let line = |dataset: &Dataset| {
        let Agreement { compared, agreed } = dataset.decisions;
        row(&dataset.name, &dataset.cases.to_string(), &compared.to_string(), &agreed.to_string(), &(compared - agreed).to_string())
    };
    let mut all = Dataset { name: "all".into(), ..Dataset::default() };
    datasets.iter().for_each(|dataset| {
        all.cases += dataset.cases;
        all.decisions.add(dataset.decisions);
    });
    let sum = if datasets.len() > 1 { line(&all) } else { String::new() };
    row("records", "cases", "decisions", "agree", "disagree") + &datasets.iter().map(line).collect::<String>() + &sum
}

fn plugins_table(plugins: &BTreeMap<&str, PluginAgreement>) -> String {
    let head = format!("{:<36}{:>15}{:>15}{:>15}{:>15}\n", "plugin", "refusals", "agree", "scores", "agree");
    let line = |(name, plugin): (&&str, &PluginAgreement)| {
        let PluginAgreement { verdicts, scores } = plugin;
        format!("{name:<36}{:>15}{:>15}{:>15}{:>15}\n", verdicts.compared, verdicts.agreed, scores.compared, scores.agreed)
    };
    head + &plugins.iter().map(line).collect::<String>()
}

fn disagreement_text(disagreement: &Disagreement) -> String {
    let Disagreement { place, case, pod, differences } = disagreement;
    let mut text = format!("\n{place}: {case}, {pod}\n");
    differences.iter().take(DIFFERENCES).for_each(|difference| text += &difference_text(difference));
    if differences.len() > DIFFERENCES {
        text += &format!("  … and {} more differences\n", differences.len() - DIFFERENCES);
    }
    text
}

fn difference_text(difference: &Difference) -> String {
    let Difference { about, node, plugin, expected, found } = difference;
    let node = node.iter().map(|node| format!(" on {node}"));
    let plugin = plugin.iter().map(|plugin| format!(" of {plugin}"));
    let head: String = plugin.chain(node).collect();
    format!("  {about}{head}\n    recorded: {expected}\n    here:     {found}\n")
}

/// The end of a long name, which tells files apart.
fn short(name: &str, width: usize) -> String {
    let letters = name.chars().count();
    if letters <= width { name.to_owned() } else { format!("…{}", name.chars().skip(letters - width + 1).collect::<String>()) }
}

fn dataset_json(dataset: &Dataset) -> serde_json::Value {
    let Agreement { compared, agreed } = dataset.decisions;
    json!({ "dataset": dataset.name, "cases": dataset.cases, "decisions": compared, "agreed": agreed })
}

fn plugin_json(name: &str, plugin: &PluginAgreement) -> serde_json::Value {
    let PluginAgreement { verdicts, scores } = plugin;
    json!({
        "plugin": name, "refusals": verdicts.compared, "refusalsAgreed": verdicts.agreed,
        "scores": scores.compared, "scoresAgreed": scores.agreed,
    })
}

fn disagreement_json(disagreement: &Disagreement) -> serde_json::Value {
    let difference = |each: &Difference| json!({ "about": each.about, "node": each.node, "plugin": each.plugin, "recorded": each.expected, "here": each.found });
    let differences: Vec<_> = disagreement.differences.iter().map(difference).collect();
    json!({ "disagreement": disagreement.case, "place": disagreement.place, "pod": disagreement.pod, "differences": differences })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_fit_a_terminal() {
        let plugin = PluginAgreement::default();
        let dataset = Dataset { name: "records/".repeat(20) + "detail.jsonl.gz", ..Dataset::default() };
        let text = datasets_table(&[dataset.clone(), dataset]) + &plugins_table(&[("NodeResourcesBalancedAllocation", plugin)].into());
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(text.contains("detail.jsonl.gz"), "{text}");
    }
}
