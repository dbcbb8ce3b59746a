//! Places and weights of plugins in the default profile, which is the one that the fast path is made for.

use crate::spec::DEFAULT_SCORES;

/// Place of `NodePorts` among the filters; those before it look at the node's definition only.
pub(super) const PORTS: usize = 4;
/// Place of `NodeResourcesFit` among the filters.
pub(super) const FIT: usize = 5;

/// Weight of `TaintToleration`.
pub(super) const TAINTS_WEIGHT: i64 = DEFAULT_SCORES[0].1;
/// Weight of `NodeAffinity`.
pub(super) const NODE_AFFINITY_WEIGHT: i64 = DEFAULT_SCORES[1].1;
/// Weight of `PodTopologySpread`.
pub(super) const SPREAD_WEIGHT: i64 = DEFAULT_SCORES[3].1;
/// Weight of `InterPodAffinity`.
pub(super) const POD_AFFINITY_WEIGHT: i64 = DEFAULT_SCORES[4].1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::DEFAULT_FILTERS;

    #[test]
    fn places_and_weights_are_those_of_the_default_profile() {
        assert_eq!((DEFAULT_FILTERS[PORTS], DEFAULT_FILTERS[FIT]), ("NodePorts", "NodeResourcesFit"));
        assert_eq!(DEFAULT_FILTERS[..PORTS], ["NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity"]);
        let weighted = |name: &str| DEFAULT_SCORES.iter().find(|(known, _)| *known == name).map(|(_, weight)| *weight);
        #[rustfmt::skip]
        let table = [
            ("TaintToleration", TAINTS_WEIGHT), ("NodeAffinity", NODE_AFFINITY_WEIGHT), ("PodTopologySpread", SPREAD_WEIGHT),
            ("InterPodAffinity", POD_AFFINITY_WEIGHT),
            // These are added as they are.
            ("NodeResourcesFit", 1), ("NodeResourcesBalancedAllocation", 1), ("ImageLocality", 1),
        ];
        for (name, weight) in table {
            assert_eq!(weighted(name), Some(weight), "{name}");
        }
        assert_eq!(DEFAULT_SCORES.len(), table.len());
    }
}
