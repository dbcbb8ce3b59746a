//! What kube-scheduler decided in a case: the shapes in which results are recorded.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::text::decode::{Fault, decode};
use crate::text::tree::{Node, Tree};

/// The results of a case.
#[derive(Clone, PartialEq, Debug)]
pub enum Expected {
    /// For each Pod every verdict and score (and what preemption did).
    Detail(Vec<Detail>),
    /// For each Pod the node, and the counts of failures.
    Sequence(Sequence),
    /// For each Pod the node and how far the search went.
    Adaptive(Adaptive),
    /// For each Pod the node's index, or -1.
    Scale(Scale),
}

/// Everything about one Pod.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Detail {
    /// `namespace/name`.
    pub pod: String,
    /// The chosen node.
    pub node: Option<String>,
    /// Set if the Pod was rejected at `PreEnqueue`.
    pub gated: Option<Refusal>,
    /// Set if a `PreFilter` plugin rejected the Pod as a whole.
    pub pre_filter_rejection: Option<Refusal>,
    /// Why nodes refused the Pod, by name.
    #[serde(default)]
    pub infeasible: BTreeMap<String, Refusal>,
    /// Names of the feasible nodes in node order.
    #[serde(default)]
    pub feasible: Vec<String>,
    /// Set if two or more nodes were feasible.
    pub scores: Option<Scores>,
    /// How many nodes share the highest total.
    pub ties: Option<usize>,
    /// Why no node was feasible.
    pub message: Option<String>,
    /// The same with what preemption found.
    pub full_message: Option<String>,
    /// The node that preemption made room on.
    pub nominated_node: Option<String>,
    /// The Pods that had to go, `namespace/name`.
    pub victims: Option<Vec<String>>,
    /// How many of them violate a budget.
    #[serde(rename = "numPDBViolations")]
    pub pdb_violations: Option<usize>,
    /// The nodes on which preemption would have worked.
    pub candidates: Option<BTreeMap<String, Candidate>>,
}

/// A "no" of a node, or of `PreEnqueue` or `PreFilter` for all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The first plugin that refused; empty if the node was not looked at.
    #[serde(default)]
    pub plugin: String,
    /// The reasons it gave.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// `Unschedulable` or `UnschedulableAndUnresolvable`.
    #[serde(default)]
    pub code: String,
    /// True if a `PreFilter` result left the node out.
    #[serde(default)]
    pub absent: bool,
}

/// Scores of the feasible nodes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// The plugins that took part, in their order.
    pub plugins: Vec<String>,
    /// Weighted scores in the order of the plugins, by node.
    pub nodes: BTreeMap<String, Vec<i64>>,
    /// Their sums, by node.
    pub totals: BTreeMap<String, i64>,
}

/// A node on which preemption would have worked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The Pods that would have to go, the most important first.
    #[serde(default)]
    pub victims: Vec<String>,
    /// How many of them violate a budget.
    #[serde(rename = "numPDBViolations", default)]
    pub pdb_violations: usize,
}

/// A long sequence of Pods.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The chosen node of each Pod.
    pub chosen: Vec<Option<String>>,
    /// The highest total, -1 if the Pod was not scored.
    pub totals: Vec<i64>,
    /// How many nodes share it; 1 if only one was feasible, 0 if none.
    pub ties: Vec<usize>,
    /// Why Pods were not placed, by their index.
    pub failures: BTreeMap<String, FailureCounts>,
}

/// Why a Pod of a sequence was not placed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailureCounts {
    /// Number of nodes by plugin and reason.
    pub by_plugin: BTreeMap<String, BTreeMap<String, usize>>,
    /// Why no node was feasible.
    pub message: String,
    /// The same with what preemption found.
    pub full_message: String,
}

/// A search that ends early.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adaptive {
    /// Indices of the nodes in the order of the search.
    pub node_order: Vec<usize>,
    /// Where the search began, by Pod.
    pub start_index: Vec<usize>,
    /// Feasible nodes and nodes that refused, by Pod.
    pub evaluated: Vec<usize>,
    /// Feasible nodes, by Pod.
    pub feasible: Vec<usize>,
    /// The highest total, -1 if the Pod was not scored.
    pub totals: Vec<i64>,
    /// The chosen node of each Pod.
    pub chosen: Vec<Option<String>>,
    /// Why Pods were not placed, by their index.
    pub messages: BTreeMap<String, String>,
}

/// Chosen nodes alone.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Indices of nodes, -1 if no node was feasible.
    pub chosen: Vec<i64>,
}

impl Expected {
    /// Reads results; their shape says which they are.
    pub(super) fn read(tree: &Tree) -> Result<Self, Fault> {
        match &tree.node {
            Node::List(_) => decode(tree).map(Self::Detail),
            _ if tree.get("nodeOrder").is_some() => decode(tree).map(Self::Adaptive),
            _ if tree.get("failures").is_some() => decode(tree).map(Self::Sequence),
            _ => decode(tree).map(Self::Scale),
        }
    }

    /// The lengths of the lists that have an entry for each Pod.
    pub(super) fn lengths(&self) -> Vec<usize> {
        match self {
            Self::Detail(pods) => vec![pods.len()],
            Self::Sequence(all) => vec![all.chosen.len(), all.totals.len(), all.ties.len()],
            Self::Adaptive(all) => {
                vec![all.start_index.len(), all.evaluated.len(), all.feasible.len(), all.totals.len(), all.chosen.len()]
            }
            Self::Scale(all) => vec![all.chosen.len()],
        }
    }
}
