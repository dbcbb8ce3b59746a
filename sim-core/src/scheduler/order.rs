//! The order in which nodes are listed, how many are looked for, and which of the best is taken.
//!
//! Sources: `pkg/scheduler/backend/cache/node_tree.go` (zones in turn) and `pkg/scheduler/schedule_one.go`
//! (`numFeasibleNodesToFind`, `findNodesThatPassFilters`, `selectHost`) of Kubernetes v1.34.

use super::nodes::{Node, ZONE};
use crate::spec::{Symbols, TieBreak};
use crate::table::{NodeId, Symbol, Table};

/// Clusters below this size are searched whole, and at least so many feasible nodes are looked for in larger ones.
const NODES_MIN: usize = 100;

/// The snapshot's node order: nodes are grouped by region and zone, groups in the order of their first node; the first node of
/// each group in turn, then the second, and so on.
pub(super) fn list_order(nodes: &Table<NodeId, Node>, symbols: &Symbols) -> Vec<NodeId> {
    let keys = ZoneKeys::new(symbols);
    let mut groups: Vec<(ZoneKey, Vec<NodeId>)> = Vec::new();
    for (id, node) in nodes.iter() {
        let key = keys.of(node);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(id),
            None => groups.push((key, vec![id])),
        }
    }
    let longest = groups.iter().map(|(_, members)| members.len()).max().unwrap_or(0);
    (0..longest).flat_map(|turn| groups.iter().filter_map(move |(_, members)| members.get(turn).copied())).collect()
}

/// Region and zone.
type ZoneKey = (Option<Symbol>, Option<Symbol>);

/// Symbols of the labels that tell region and zone.
struct ZoneKeys {
    region: [Option<Symbol>; 2],
    zone: [Option<Symbol>; 2],
    /// The empty string: a label with no value counts as no label.
    empty: Option<Symbol>,
}

impl ZoneKeys {
    fn new(symbols: &Symbols) -> Self {
        let find = |text| symbols.find(text);
        Self {
            region: [find("topology.kubernetes.io/region"), find("failure-domain.beta.kubernetes.io/region")],
            zone: [find(ZONE), find("failure-domain.beta.kubernetes.io/zone")],
            empty: find(""),
        }
    }

    fn of(&self, node: &Node) -> ZoneKey {
        let value = |keys: &[Option<Symbol>; 2]| {
            let found = keys.iter().flatten().find_map(|key| node.labels.get(*key));
            found.filter(|value| Some(*value) != self.empty)
        };
        (value(&self.region), value(&self.zone))
    }
}

/// How many feasible nodes end the search among `nodes` candidates. `percentage` 0 adapts to their number.
pub(super) fn feasible_enough(nodes: usize, percentage: u32) -> usize {
    if nodes < NODES_MIN || percentage >= 100 {
        return nodes;
    }
    let percentage = if percentage == 0 { 50_usize.saturating_sub(nodes / 125).max(5) } else { percentage as usize };
    (nodes * percentage / 100).max(NODES_MIN)
}

/// Which of `count` tied nodes a random word picks: each with the same probability (up to 2⁻⁶⁴ · count).
pub(super) fn pick(tie: u64, count: usize) -> usize {
    ((u128::from(tie) * count as u128) >> 64) as usize
}

/// The node that is taken of those with the highest total, given in the order of the search.
///
/// # Panics
/// If there is none.
pub(super) fn best(nodes: impl Iterator<Item = NodeId>, totals: &[i64], rule: TieBreak, tie: u64) -> NodeId {
    let highest = totals.iter().max();
    let tied: Vec<NodeId> = nodes.zip(totals).filter(|(_, total)| Some(*total) == highest).map(|(node, _)| node).collect();
    match rule {
        TieBreak::LowestIndex => tied.iter().copied().min().expect("a highest score has a node"),
        TieBreak::Random => tied[pick(tie, tied.len())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_feasible_nodes_are_looked_for_as_kube_scheduler_looks_for() {
        #[rustfmt::skip]
        let table = [
            (0, 0), (50, 50), (99, 99), (100, 100), (200, 100), (300, 144), (500, 230), (1000, 420), (2000, 680), (2500, 750),
            (3000, 780), (3249, 812), (4000, 720), (5000, 500), (5625, 281), (6000, 300), (10_000, 500), (15_000, 750), (65_000, 3250),
        ];
        for (nodes, enough) in table {
            assert_eq!(feasible_enough(nodes, 0), enough, "{nodes} nodes");
        }
        assert_eq!([feasible_enough(2000, 10), feasible_enough(200, 10), feasible_enough(200, 100)], [200, 100, 200]);
    }

    #[test]
    fn a_random_word_picks_each_of_the_tied_nodes() {
        assert_eq!([0, u64::MAX / 3 + 1, u64::MAX / 3 * 2 + 2, u64::MAX].map(|tie| pick(tie, 3)), [0, 1, 2, 2]);
    }
}
