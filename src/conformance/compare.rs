//! What was recorded and what was found, side by side.

use scenarios::records::{Candidate, Detail, Refusal, Scores};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The plugin that tells candidates.
const PREEMPTION: &str = "DefaultPreemption";

/// A point on which they differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What differs: `node`, `verdict`, `score`, `total`, `ties`, `message`, …
    pub about: &'static str,
    /// The node that it is about, if it is about one.
    pub node: Option<String>,
    /// The plugin that it is about, if it is about one.
    pub plugin: Option<String>,
    /// As recorded.
    pub expected: String,
    /// As found.
    pub found: String,
}

/// How often something was compared, and how often it agreed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Agreement {
    /// How often it was compared.
    pub compared: u64,
    /// How often it agreed.
    pub agreed: u64,
}

impl Agreement {
    fn count(&mut self, agrees: bool) {
        self.compared += 1;
        self.agreed += u64::from(agrees);
    }

    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.agreed += other.agreed;
    }

    /// True if nothing disagreed.
    pub const fn is_full(self) -> bool {
        self.compared == self.agreed
    }
}

/// What was compared of a plugin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PluginAgreement {
    /// Nodes that it refused (of preemption: that it found to be candidates), in the record or here.
    pub verdicts: Agreement,
    /// Scores that it gave.
    pub scores: Agreement,
}

/// The outcome of comparing: differences, and what each plugin contributed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// The points that differ.
    pub differences: Vec<Difference>,
    /// What was compared, by plugin.
    pub plugins: BTreeMap<String, PluginAgreement>,
}

impl Comparison {
    /// Compares two values that are shown as they are written in Rust.
    pub(super) fn same<T: PartialEq + Debug>(&mut self, about: &'static str, expected: &T, found: &T) {
        if expected != found {
            self.differ(about, None, None, format!("{expected:?}"), format!("{found:?}"));
        }
    }

    fn differ(&mut self, about: &'static str, node: Option<&str>, plugin: Option<&str>, expected: String, found: String) {
        let (node, plugin) = (node.map(str::to_owned), plugin.map(str::to_owned));
        self.differences.push(Difference { about, node, plugin, expected, found });
    }

    fn plugin(&mut self, name: &str) -> &mut PluginAgreement {
        self.plugins.entry(name.to_owned()).or_default()
    }

    /// Compares everything about one Pod.
    pub(super) fn details(&mut self, expected: &Detail, found: &Detail) {
        self.same("pod", &expected.pod, &found.pod);
        self.same("node", &expected.node, &found.node);
        self.refusal("gate", expected.gated.as_ref(), found.gated.as_ref());
        self.refusal("rejection", expected.pre_filter_rejection.as_ref(), found.pre_filter_rejection.as_ref());
        self.verdicts(&expected.infeasible, &found.infeasible);
        self.same("feasible nodes", &expected.feasible, &found.feasible);
        self.scores(expected.scores.as_ref(), found.scores.as_ref());
        self.same("ties", &expected.ties, &found.ties);
        self.same("message", &expected.message, &found.message);
        self.same("full message", &expected.full_message, &found.full_message);
        self.same("nominated node", &expected.nominated_node, &found.nominated_node);
        self.same("victims", &expected.victims, &found.victims);
        self.same("violations", &expected.pdb_violations, &found.pdb_violations);
        self.candidates(expected.candidates.as_ref(), found.candidates.as_ref());
    }

    fn refusal(&mut self, about: &'static str, expected: Option<&Refusal>, found: Option<&Refusal>) {
        for plugin in expected.into_iter().chain(found).map(|refusal| refusal.plugin.as_str()).take(1) {
            self.plugin(plugin).verdicts.count(expected == found);
        }
        self.same(about, &expected, &found);
    }

    /// Compares why nodes refused.
    pub(super) fn verdicts(&mut self, expected: &BTreeMap<String, Refusal>, found: &BTreeMap<String, Refusal>) {
        let extra = found.iter().filter(|(node, _)| !expected.contains_key(*node)).map(|(node, refusal)| (node, None, Some(refusal)));
        let pairs = expected.iter().map(|(node, refusal)| (node, Some(refusal), found.get(node)));
        for (node, expected, found) in pairs.chain(extra) {
            let plugin = expected.or(found).map_or("", |refusal| refusal.plugin.as_str());
            // A node that was not looked at is the doing of the one plugin that narrows the search.
            let plugin = if plugin.is_empty() { "NodeAffinity" } else { plugin };
            self.plugin(plugin).verdicts.count(expected == found);
            if expected != found {
                self.differ("verdict", Some(node), Some(plugin), told(expected), told(found));
            }
        }
    }

    /// Compares scores by node and plugin, and their sums.
    pub(super) fn scores(&mut self, expected: Option<&Scores>, found: Option<&Scores>) {
        let (Some(expected), Some(found)) = (expected, found) else {
            return self.same("scores", &expected.map(|scores| &scores.plugins), &found.map(|scores| &scores.plugins));
        };
        self.same("score plugins", &expected.plugins, &found.plugins);
        self.same("scored nodes", &expected.nodes.keys().collect::<Vec<_>>(), &found.nodes.keys().collect::<Vec<_>>());
        for (node, scores) in &expected.nodes {
            for (row, plugin) in expected.plugins.iter().enumerate() {
                let of_found = found.plugins.iter().position(|name| name == plugin);
                let other = of_found.and_then(|row| found.nodes.get(node)?.get(row));
                self.plugin(plugin).scores.count(scores.get(row) == other);
                if scores.get(row) != other {
                    self.differ("score", Some(node), Some(plugin), number(scores.get(row)), number(other));
                }
            }
        }
        for (node, total) in &expected.totals {
            if Some(total) != found.totals.get(node) {
                self.differ("total", Some(node), None, number(Some(total)), number(found.totals.get(node)));
            }
        }
    }

    fn candidates(&mut self, expected: Option<&BTreeMap<String, Candidate>>, found: Option<&BTreeMap<String, Candidate>>) {
        let (Some(expected), Some(found)) = (expected, found) else {
            return self.same("candidates", &expected.is_some(), &found.is_some());
        };
        let extra = found.iter().filter(|(node, _)| !expected.contains_key(*node)).map(|(node, candidate)| (node, None, Some(candidate)));
        let pairs = expected.iter().map(|(node, candidate)| (node, Some(candidate), found.get(node)));
        for (node, expected, found) in pairs.chain(extra) {
            self.plugin(PREEMPTION).verdicts.count(expected == found);
            if expected != found {
                self.differ("candidate", Some(node), Some(PREEMPTION), format!("{expected:?}"), format!("{found:?}"));
            }
        }
    }
}

fn number(value: Option<&i64>) -> String {
    value.map_or_else(|| "none".into(), i64::to_string)
}

fn told(refusal: Option<&Refusal>) -> String {
    match refusal {
        None => "feasible".into(),
        Some(refusal) if refusal.absent => "not looked at".into(),
        Some(refusal) => format!("{}: {} ({})", refusal.plugin, refusal.reasons.join(", "), refusal.code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(plugin: &str) -> Refusal {
        Refusal { plugin: plugin.into(), reasons: vec!["because".into()], code: "Unschedulable".into(), absent: false }
    }

    fn detail() -> Detail {
        let scores = Scores {
            plugins: vec!["NodeAffinity".into(), "ImageLocality".into()],
            nodes: [("a".into(), vec![2, 1]), ("b".into(), vec![0, 1])].into(),
            totals: [("a".into(), 3), ("b".into(), 1)].into(),
        };
        Detail {
            pod: "default/web".into(),
            node: Some("a".into()),
            infeasible: [("c".into(), refusal("NodePorts"))].into(),
            feasible: vec!["a".into(), "b".into()],
            scores: Some(scores),
            ties: Some(1),
            ..Detail::default()
        }
    }

    #[test]
    fn every_point_that_differs_is_named() {
        type Change = fn(&mut Detail);
        #[rustfmt::skip]
        let cases: [(Change, &[&str]); 9] = [
            (|_| {}, &[]),
            (|found| found.node = None, &["node"]),
            (|found| found.infeasible = BTreeMap::new(), &["verdict"]),
            (|found| drop(found.infeasible.insert("d".into(), refusal("NodeName"))), &["verdict"]),
            (|found| found.scores.as_mut().unwrap().nodes.get_mut("a").unwrap()[0] = 9, &["score"]),
            (|found| *found.scores.as_mut().unwrap().totals.get_mut("b").unwrap() = 7, &["total"]),
            (|found| found.scores = None, &["scores"]),
            (|found| found.ties = None, &["ties"]),
            (|found| found.candidates = Some(BTreeMap::new()), &["candidates"]),
        ];
        for (change, want) in cases {
            let mut found = detail();
            change(&mut found);
            let mut comparison = Comparison::default();
            comparison.details(&detail(), &found);
            assert_eq!(comparison.differences.iter().map(|difference| difference.about).collect::<Vec<_>>(), want);
        }
    }

    #[test]
    fn plugins_are_counted_by_what_they_decided() {
        let mut comparison = Comparison::default();
        let mut found = detail();
        found.scores.as_mut().unwrap().nodes.get_mut("a").unwrap()[0] = 9;
        comparison.details(&detail(), &found);
        let of = |plugin: &str| (comparison.plugins[plugin].verdicts, comparison.plugins[plugin].scores);
        let count = |compared, agreed| Agreement { compared, agreed };
        assert_eq!(of("NodePorts"), (count(1, 1), count(0, 0)));
        assert_eq!(of("NodeAffinity"), (count(0, 0), count(2, 1)));
        assert_eq!(of("ImageLocality"), (count(0, 0), count(2, 2)));
    }
}
