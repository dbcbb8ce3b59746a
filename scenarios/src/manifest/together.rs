//! What a Pod asks with regard to other Pods: affinity and anti-affinity, and how it is spread over domains.

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::{Labels, PodAffinity, TopologySpreadConstraint};
use sim_core::table::Symbol;

use super::affinity::{self, Subject};
use super::spread;
use crate::compile::Builder;
use crate::text::tree::Tree;

/// Affinity and anti-affinity of a Pod of this namespace with `labels`; `tree` is its spec.
pub(super) fn affinity(
    spec: &core::PodSpec,
    (namespace, labels): (Symbol, &Labels),
    tree: &Tree,
    builder: &mut Builder<'_>,
) -> PodAffinity {
    let Some(given) = &spec.affinity else { return PodAffinity::default() };
    let of = |key: &str| Subject { namespace, labels, place: tree.place_of_key(&["affinity", key]) };
    let (to, from) = (given.pod_affinity.as_ref(), given.pod_anti_affinity.as_ref());
    let required = to.and_then(|terms| terms.required_during_scheduling_ignored_during_execution.as_deref());
    let preferred = to.and_then(|terms| terms.preferred_during_scheduling_ignored_during_execution.as_deref());
    let anti_required = from.and_then(|terms| terms.required_during_scheduling_ignored_during_execution.as_deref());
    let anti_preferred = from.and_then(|terms| terms.preferred_during_scheduling_ignored_during_execution.as_deref());
    PodAffinity {
        required: affinity::required(required, &of("podAffinity"), builder),
        preferred: affinity::preferred(preferred, &of("podAffinity"), builder),
        anti_required: affinity::required(anti_required, &of("podAntiAffinity"), builder),
        anti_preferred: affinity::preferred(anti_preferred, &of("podAntiAffinity"), builder),
    }
}

/// The Pod's own spread constraints.
pub(super) fn spread(spec: &core::PodSpec, labels: &Labels, tree: &Tree, builder: &mut Builder<'_>) -> Vec<TopologySpreadConstraint> {
    let given = spec.topology_spread_constraints.iter().flatten().enumerate();
    let each = |(row, given): (usize, &core::TopologySpreadConstraint)| {
        let place = tree.place(&["topologySpreadConstraints", &row.to_string(), "topologyKey"]);
        spread::constraint(given, labels, place, builder)
    };
    given.filter_map(each).collect()
}
