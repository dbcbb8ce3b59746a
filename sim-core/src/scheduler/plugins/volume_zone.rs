//! `VolumeZone`: a Pod goes to the zone and region that the labels of its volumes name.

use super::super::framework::{ClusterView, Filter, NodeView, PodView, Prepared, Reason, Rejection};
use crate::spec::{Claim, ClaimState, Symbols};
use crate::table::Symbol;

/// Labels of zones and regions, and what older ones are called now.
pub const TOPOLOGY_LABELS: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// Refuses nodes whose zone or region is none of those that a volume's labels list. Nodes without such labels take every volume.
///
/// Source: `pkg/scheduler/framework/plugins/volumezone/volume_zone.go` of Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub struct VolumeZone;

/// What volumes ask, by the labels that are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zones {
    /// Labels of zones and regions.
    labels: Vec<Symbol>,
    asked: Vec<Asked>,
}

/// A node must have one of the values under the key, or under its newer name if it lacks the key.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Asked {
    key: Symbol,
    newer: Option<Symbol>,
    values: Vec<Symbol>,
}

impl Asked {
    fn new(key: Symbol, values: &[Symbol], symbols: &Symbols) -> Self {
        let newer = TOPOLOGY_LABELS.iter().find(|(name, _)| *name == symbols.text(key)).and_then(|(_, newer)| symbols.find(newer));
        Self { key, newer, values: values.to_vec() }
    }

    fn is_met(&self, node: &NodeView<'_>) -> bool {
        let found = node.labels.get(self.key).or_else(|| node.labels.get(self.newer?));
        found.is_some_and(|value| self.values.contains(&value))
    }
}

/// The labels of the volumes of claims that are not made for the Pod itself.
fn asked(claims: &[Claim], symbols: &Symbols) -> Vec<Asked> {
    let volumes = claims.iter().filter(|claim| !claim.ephemeral).filter_map(|claim| match &claim.state {
        ClaimState::Bound(volume) => Some(volume),
        _ => None,
    });
    volumes.flat_map(|volume| &volume.topology).map(|(key, values)| Asked::new(*key, values, symbols)).collect()
}

/// The first volume that does not exist.
fn missing(claims: &[Claim]) -> Option<Symbol> {
    claims.iter().filter(|claim| !claim.ephemeral).find_map(|claim| match &claim.state {
        ClaimState::BoundToMissing(volume) => Some(*volume),
        _ => None,
    })
}

impl Filter for VolumeZone {
    type State = Zones;

    fn name(&self) -> &'static str {
        "VolumeZone"
    }

    fn prepare(&self, pod: &PodView<'_>, _: ClusterView<'_>) -> Prepared<Zones> {
        if let Some(volume) = missing(&pod.template.claims) {
            return Prepared::Reject(Reason::VolumeMissing(volume));
        }
        let asked = asked(&pod.template.claims, pod.symbols);
        if asked.is_empty() {
            return Prepared::Skip;
        }
        let labels = TOPOLOGY_LABELS.iter().filter_map(|(name, _)| pod.symbols.find(name)).collect();
        Prepared::Check(Zones { labels, asked })
    }

    fn admit(&self, zones: &Zones, _: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        let placed = zones.labels.iter().any(|label| node.labels.get(*label).is_some());
        if placed && !zones.asked.iter().all(|asked| asked.is_met(node)) {
            return Err(Rejection::unresolvable(Reason::VolumeZone));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{Bed, claim};
    use crate::spec::Volume;

    const ZONE: &str = "topology.kubernetes.io/zone";
    const OLD_ZONE: &str = "failure-domain.beta.kubernetes.io/zone";
    const REGION: &str = "topology.kubernetes.io/region";

    /// A node's labels; a label of a volume, its values; whether they fit.
    type Row = (&'static [(&'static str, &'static str)], &'static str, &'static [&'static str], bool);

    #[test]
    fn a_node_must_be_in_a_zone_of_the_volume_if_it_is_in_any() {
        #[rustfmt::skip]
        let table: [Row; 9] = [
            // the node's labels              the volume's        fits
            (&[(ZONE, "a")],                  ZONE,     &["a"],      true),
            (&[(ZONE, "b")],                  ZONE,     &["a"],      false),
            (&[(ZONE, "b")],                  ZONE,     &["a", "b"], true),
            (&[],                             ZONE,     &["a"],      true),
            (&[("disk", "ssd")],              ZONE,     &["a"],      true),
            (&[(REGION, "a")],                ZONE,     &["a"],      false),
            (&[(ZONE, "a")],                  OLD_ZONE, &["a"],      true),
            (&[(OLD_ZONE, "b"), (ZONE, "a")], OLD_ZONE, &["a"],      false),
            (&[(OLD_ZONE, "a")],              ZONE,     &["a"],      false),
        ];
        for (labels, key, values, fits) in table {
            let mut bed = Bed::default();
            let node = bed.node(|shape, symbols| {
                labels.iter().for_each(|(key, value)| shape.labels.set(symbols.intern(key), symbols.intern(value)));
            });
            let pod = bed.pod(|pod, symbols| {
                let values = values.iter().map(|value| symbols.intern(value)).collect();
                let volume = Volume { topology: vec![(symbols.intern(key), values)], ..Volume::default() };
                pod.claims = vec![claim(symbols, "data", ClaimState::Bound(volume))];
            });
            let want = if fits { Ok(()) } else { Err(Rejection::unresolvable(Reason::VolumeZone)) };
            assert_eq!(bed.admit(&VolumeZone, pod, node), want, "{labels:?} {key} {values:?}");
        }
    }

    #[test]
    fn a_pod_without_volumes_in_zones_is_not_checked_and_one_without_its_volume_is_refused() {
        let mut bed = Bed::default();
        let gone = bed.symbol("gone");
        let table = [
            (vec![], Prepared::Skip),
            (vec![ClaimState::Bound(Volume::default())], Prepared::Skip),
            (vec![ClaimState::BoundToMissing(gone)], Prepared::Reject(Reason::VolumeMissing(gone))),
        ];
        for (states, want) in table {
            let pod = bed.pod(|pod, symbols| pod.claims = states.iter().map(|state| claim(symbols, "data", state.clone())).collect());
            assert_eq!(bed.prepare(&VolumeZone, pod), want);
        }
    }
}
