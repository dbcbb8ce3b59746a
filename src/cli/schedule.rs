//! `podsim schedule`: Pods placed on a cluster as it is, once, in order.

use super::output::{Output, note_json};
use super::{DONE, NO};
use crate::decisions::{Found, Names, Stage};
use scenarios::records::{Detail, Refusal, Scores};
use scenarios::{Note, Situation};
use serde_json::json;
use sim_core::scheduler::Path;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Columns of a terminal.
const WIDTH: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Manifests of the cluster: Nodes, the Pods on them, Namespaces, Services, budgets
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    cluster: Vec<PathBuf>,
    /// Manifests of the Pods to place, in order; a Deployment or Job stands for its Pods
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pods: Vec<PathBuf>,
    /// Configuration of the scheduler, as kube-scheduler reads it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say for each node why it refuses a Pod, or how it scores
    #[arg(long)]
    explain: bool,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    match scenarios::load_situation(&arguments.cluster, &arguments.pods, arguments.config.as_deref()) {
        Ok((situation, notes)) => schedule(&situation, &notes, arguments.explain, output),
        Err(problems) => output.problems(&problems),
    }
}

fn schedule(situation: &Situation, notes: &[Note], explain: bool, output: &Output) -> u8 {
    let mut stage = Stage::new(situation, Path::Auto);
    let mut placed = 0;
    if !output.is_json() {
        output.result(&format!("{:<44}node\n", "Pod"));
    }
    for row in 0..situation.pods.len() {
        let found = stage.decide(row, true);
        placed += usize::from(found.node.is_some());
        tell(&found, stage.names(), explain, output);
    }
    if output.is_json() {
        notes.iter().for_each(|note| output.json(&note_json(note)));
    } else {
        output.result(&summary(placed, situation.pods.len(), notes));
    }
    if placed == situation.pods.len() { DONE } else { NO }
}

fn tell(found: &Found, names: &Names, explain: bool, output: &Output) {
    let detail = found.detail(names);
    if output.is_json() {
        output.json(&pod_json(&detail, explain));
    } else {
        let reasons = if explain { explained(&detail) } else { String::new() };
        output.result(&(pod_line(&detail) + &reasons));
    }
}

fn summary(placed: usize, pods: usize, notes: &[Note]) -> String {
    let noted = match notes.len() {
        0 => String::new(),
        many => format!("; {many} fields are approximated or ignored (`podsim check` names them)"),
    };
    format!("\n{placed} of {pods} Pods placed{noted}\n")
}

/// The Pod and its node, or why it gets none.
fn pod_line(detail: &Detail) -> String {
    let answer = match (&detail.node, &detail.nominated_node) {
        (Some(node), None) => return format!("{:<44}{node}\n", detail.pod),
        (_, Some(node)) => {
            format!("{node}, once these are gone: {}", detail.victims.iter().flatten().cloned().collect::<Vec<_>>().join(", "))
        }
        (None, None) => why_not(detail),
    };
    format!("{:<44}-\n{}", detail.pod, wrapped(&answer, "    "))
}

fn why_not(detail: &Detail) -> String {
    let gate = detail.gated.as_ref().map(|gate| gate.reasons.join(", "));
    detail.full_message.clone().or(gate).unwrap_or_default()
}

/// What each node says.
fn explained(detail: &Detail) -> String {
    let scored = detail.scores.as_ref().map_or_else(|| only_one(&detail.feasible), scores);
    let refused = groups(&detail.infeasible);
    scored + &refused.iter().map(|(reason, nodes)| wrapped(&format!("{reason}: {}", nodes.join(", ")), "    ")).collect::<String>()
}

fn only_one(feasible: &[String]) -> String {
    feasible.iter().map(|node| wrapped(&format!("{node}: the only feasible node, not scored"), "    ")).collect()
}

/// Nodes from the best down: total, and what each plugin adds to it.
fn scores(scores: &Scores) -> String {
    let mut nodes: Vec<(&String, &i64)> = scores.totals.iter().collect();
    nodes.sort_by_key(|(name, total)| (std::cmp::Reverse(**total), name.as_str()));
    let line = |(node, total): (&String, &i64)| {
        let parts = scores.plugins.iter().zip(&scores.nodes[node]).map(|(plugin, score)| format!("{plugin} {score}"));
        wrapped(&format!("{node}: {total} = {}", parts.collect::<Vec<_>>().join(" + ")), "    ")
    };
    nodes.into_iter().map(line).collect()
}

/// Nodes by what they say, the plugin first.
fn groups(refusals: &BTreeMap<String, Refusal>) -> BTreeMap<String, Vec<&str>> {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (node, refusal) in refusals {
        let plugin = if refusal.plugin.is_empty() { "NodeAffinity" } else { &refusal.plugin };
        groups.entry(format!("{plugin}: {}", refusal.reasons.join(", "))).or_default().push(node);
    }
    groups
}

/// Words in lines of a terminal's width, each indented, all but the first further.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = vec![indent.to_owned()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is a line");
        if last.chars().count() + word.chars().count() >= WIDTH && !last.trim().is_empty() {
            lines.push(format!("{indent}  {word} "));
        } else {
            *last += &format!("{word} ");
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn pod_json(detail: &Detail, explain: bool) -> serde_json::Value {
    let mut line = json!({ "pod": detail.pod, "node": detail.node });
    let given = [("message", &detail.message), ("fullMessage", &detail.full_message), ("nominatedNode", &detail.nominated_node)];
    for (key, value) in given.into_iter().filter(|(_, value)| value.is_some()) {
        line[key] = json!(value);
    }
    if let Some(gate) = &detail.gated {
        line["gated"] = json!({ "plugin": gate.plugin, "reasons": gate.reasons });
    }
    if let Some(victims) = &detail.victims {
        line["victims"] = json!(victims);
    }
    if explain {
        let refusal = |refusal: &Refusal| json!({ "plugin": refusal.plugin, "reasons": refusal.reasons, "code": refusal.code });
        line["infeasible"] = detail.infeasible.iter().map(|(node, why)| (node.clone(), refusal(why))).collect();
        line["feasible"] = json!(detail.feasible);
        line["scores"] = json!(
            detail.scores.as_ref().map(|scores| json!({ "plugins": scores.plugins, "nodes": scores.nodes, "totals": scores.totals }))
        );
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_fits_a_terminal() {
        let long = "0/9 nodes are available: ".to_owned() + &"3 node(s) didn't match Pod's node affinity/selector, ".repeat(9);
        let detail = Detail { pod: "default/web".into(), full_message: Some(long), ..Detail::default() };
        let text = pod_line(&detail);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.starts_with("default/web  ") && text.lines().count() > 3, "{text}");
    }

    #[test]
    fn nodes_are_listed_from_the_best_down() {
        let given = Scores {
            plugins: vec!["TaintToleration".into(), "NodeResourcesFit".into()],
            nodes: [("a".into(), vec![300, 10]), ("b".into(), vec![300, 90])].into(),
            totals: [("a".into(), 310), ("b".into(), 390)].into(),
        };
        assert_eq!(
            scores(&given),
            "    b: 390 = TaintToleration 300 + NodeResourcesFit 90\n    a: 310 = TaintToleration 300 + NodeResourcesFit 10\n"
        );
    }
}
