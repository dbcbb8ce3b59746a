//! Who gets how much CPU when not all get what they want: weighted max-min, level by level down the tree of cgroups.
//!
//! A model of what the kernel's fair scheduler comes to over some tenths of a second. Below the node's root lie, as siblings, the
//! Guaranteed Pods, all Burstable Pods together (their shares are those of their requests' sum) and all `BestEffort` Pods together (2
//! shares); below these the Pods, below the Pods their containers. What one does not use is free for its siblings.
//!
//! Source of the tree: `pkg/kubelet/cm/qos_container_manager_linux.go` and `pod_container_manager_linux.go` of Kubernetes v1.34.

use super::cgroup;
use crate::spec::{CpuWeights, Qos};

/// One of several siblings. Rates are in microcores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    /// Weight among the siblings, at least 1.
    pub(crate) weight: u64,
    /// What it would use on an idle machine.
    pub(crate) demand: u64,
    /// What its quota allows; `u64::MAX` without one.
    pub(crate) cap: u64,
}

impl Claim {
    /// What it can use at most.
    const fn wanted(&self) -> u64 {
        if self.demand < self.cap { self.demand } else { self.cap }
    }
}

/// Divides `capacity` among siblings: each gets the smaller of what it wants and its weight's share of what the satisfied leave over.
/// `order` is room for the work, kept by the caller. The grants add up to the smaller of capacity and wants.
///
/// # Panics
/// If there is not one grant for each claim.
pub(crate) fn divide(capacity: u64, claims: &[Claim], grants: &mut [u64], order: &mut Vec<u32>) {
    assert_eq!(claims.len(), grants.len(), "one grant for each claim");
    let weight = |place: u32| claims[place as usize].weight.max(1);
    let wanted = |place: u32| claims[place as usize].wanted();
    order.clear();
    order.extend(0..claims.len() as u32);
    // By want for each unit of weight: then nobody who is served later is satisfied with less than one who was served before.
    let relative = |a: u32, b: u32| u128::from(wanted(a)) * u128::from(weight(b));
    order.sort_unstable_by(|&a, &b| relative(a, b).cmp(&relative(b, a)).then(a.cmp(&b)));
    let mut left = capacity;
    let mut weights: u128 = order.iter().map(|&place| u128::from(weight(place))).sum();
    for &place in order.iter() {
        let share = (u128::from(left) * u128::from(weight(place)) / weights) as u64;
        let grant = share.min(wanted(place));
        grants[place as usize] = grant;
        left -= grant;
        weights -= u128::from(weight(place));
    }
    // Rounding may leave some microcores.
    for &place in order.iter() {
        let more = left.min(wanted(place) - grants[place as usize]);
        grants[place as usize] += more;
        left -= more;
    }
}

/// A Pod on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PodClaim {
    /// Its class.
    pub(crate) qos: Qos,
    /// Its effective CPU request in millicores.
    pub(crate) request: u64,
    /// Rate in microcores that its own cgroup's quota allows; `u64::MAX` without one.
    pub(crate) cap: u64,
    /// How many of the claims of containers are its own; they follow those of the Pods before it.
    pub(crate) containers: u32,
}

/// Room for the work of [`share`]; it is empty at first and grows to what its node needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    order: Vec<u32>,
    /// What each Pod can use at most.
    wanted: Vec<u64>,
    /// What each Pod gets.
    pods: Vec<u64>,
    /// Siblings that are being served: claims, grants, and which Pods they are.
    claims: Vec<Claim>,
    grants: Vec<u64>,
    members: Vec<u32>,
}

impl Scratch {
    fn add(&mut self, claim: Claim, member: u32) {
        self.claims.push(claim);
        self.members.push(member);
    }

    /// Serves the siblings, and starts anew; what each got is in `grants`.
    fn serve(&mut self, capacity: u64) {
        self.grants.clear();
        self.grants.resize(self.claims.len(), 0);
        divide(capacity, &self.claims, &mut self.grants, &mut self.order);
        for (&member, &grant) in self.members.iter().zip(&self.grants) {
            if let Some(slot) = self.pods.get_mut(member as usize) {
                *slot = grant;
            }
        }
        self.claims.clear();
        self.members.clear();
    }
}

/// A member that is no Pod but a class.
const CLASS: u32 = u32::MAX;

/// Divides a node's `capacity` (microcores that Pods can use) among the containers of its Pods. `containers` has their weights, demands
/// and caps, Pod by Pod; `grants` gets what each may use.
pub(crate) fn share(
    capacity: u64,
    weights: CpuWeights,
    pods: &[PodClaim],
    containers: &[Claim],
    scratch: &mut Scratch,
    grants: &mut [u64],
) {
    wants(pods, containers, scratch);
    let [burstable, best_effort] = classes(capacity, weights, pods, scratch);
    members(burstable, Qos::Burstable, weights, pods, scratch);
    members(best_effort, Qos::BestEffort, weights, pods, scratch);
    let mut first = 0;
    for (place, pod) in pods.iter().enumerate() {
        let own = first..first + pod.containers as usize;
        divide(scratch.pods[place], &containers[own.clone()], &mut grants[own.clone()], &mut scratch.order);
        first = own.end;
    }
}

/// What each Pod can use at most.
fn wants(pods: &[PodClaim], containers: &[Claim], scratch: &mut Scratch) {
    scratch.wanted.clear();
    scratch.pods.clear();
    scratch.pods.resize(pods.len(), 0);
    let mut rest = containers;
    for pod in pods {
        let (own, others) = rest.split_at(pod.containers as usize);
        let sum = own.iter().fold(0_u64, |sum, claim| sum.saturating_add(claim.wanted()));
        scratch.wanted.push(sum.min(pod.cap));
        rest = others;
    }
}

/// Serves the Guaranteed Pods and the two classes; what the classes get, Burstable first.
fn classes(capacity: u64, weights: CpuWeights, pods: &[PodClaim], scratch: &mut Scratch) -> [u64; 2] {
    let [mut burstable, mut best_effort] = [(0, 0_u64); 2];
    for (place, pod) in pods.iter().enumerate() {
        let wanted = scratch.wanted[place];
        match pod.qos {
            Qos::Guaranteed => {
                let weight = cgroup::pod_weight(weights, cgroup::shares(pod.request));
                scratch.add(Claim { weight, demand: wanted, cap: u64::MAX }, place as u32);
            }
            Qos::Burstable => burstable = (burstable.0 + pod.request, burstable.1.saturating_add(wanted)),
            Qos::BestEffort => best_effort.1 = best_effort.1.saturating_add(wanted),
        }
    }
    for (request, demand) in [burstable, best_effort] {
        scratch.add(Claim { weight: cgroup::pod_weight(weights, cgroup::shares(request)), demand, cap: u64::MAX }, CLASS);
    }
    scratch.serve(capacity);
    let first = scratch.grants.len() - 2;
    [scratch.grants[first], scratch.grants[first + 1]]
}

/// Serves the Pods of a class.
fn members(capacity: u64, class: Qos, weights: CpuWeights, pods: &[PodClaim], scratch: &mut Scratch) {
    for (place, pod) in pods.iter().enumerate().filter(|(_, pod)| pod.qos == class) {
        // A BestEffort Pod asks for nothing, which is 2 shares.
        let weight = cgroup::pod_weight(weights, cgroup::shares(pod.request));
        let demand = scratch.wanted[place];
        scratch.add(Claim { weight, demand, cap: u64::MAX }, place as u32);
    }
    scratch.serve(capacity);
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use Qos::{BestEffort, Burstable, Guaranteed};

    /// A Pod of one container: class, request and limit in millicores (0 is none), demand in microcores.
    type Given = (Qos, u64, u64, u64);

    fn granted(capacity: u64, weights: CpuWeights, given: &[Given]) -> Vec<u64> {
        let limit = |limit: u64| cgroup::rate((limit > 0).then_some(limit));
        let pods: Vec<_> = given.iter().map(|&(qos, request, cap, _)| PodClaim { qos, request, cap: limit(cap), containers: 1 }).collect();
        let weight = |request| cgroup::container_weight(weights, cgroup::shares(request));
        let containers: Vec<_> =
            given.iter().map(|&(_, request, cap, demand)| Claim { weight: weight(request), demand, cap: limit(cap) }).collect();
        let mut grants = vec![0; given.len()];
        share(capacity, weights, &pods, &containers, &mut Scratch::default(), &mut grants);
        grants
    }

    #[test]
    fn cpu_is_shared_by_weight_and_nobody_gets_more_than_it_can_use() {
        const ALL: u64 = u64::MAX;
        #[rustfmt::skip]
        let table: [(&str, Vec<Given>, Vec<f64>); 6] = [
            ("C1", vec![(Guaranteed, 2000, 2000, ALL), (Burstable, 1000, 0, ALL), (Burstable, 500, 0, ALL), (BestEffort, 0, 0, ALL)],
                   vec![2.0, 1.3316, 0.6658, 0.0026]),
            ("C2", vec![(Burstable, 1000, 0, 200_000), (Burstable, 1000, 0, ALL)], vec![0.2, 3.8]),
            ("C3", vec![(Burstable, 1000, 1500, ALL), (Burstable, 3000, 0, ALL)], vec![1.0, 3.0]),
            ("C4", vec![(BestEffort, 0, 0, ALL), (BestEffort, 0, 0, ALL)], vec![2.0, 2.0]),
            ("C5", vec![(Burstable, 100, 200, 1_000_000)], vec![0.2]),
            ("nobody", vec![], vec![]),
        ];
        for (name, given, want) in table {
            let found = granted(4_000_000, CpuWeights::Shares, &given);
            for (grant, want) in found.iter().zip(&want) {
                assert!((*grant as f64 / 1e6 - want).abs() < 0.000_06, "{name}: {found:?}, want {want}");
            }
        }
    }

    #[test]
    fn containers_share_what_their_pod_gets() {
        let claim = |weight, demand| Claim { weight, demand, cap: u64::MAX };
        let pods = [
            PodClaim { qos: Burstable, request: 1000, cap: u64::MAX, containers: 2 },
            PodClaim { qos: Burstable, request: 1000, cap: 500_000, containers: 2 },
        ];
        let containers = [claim(768, 9_000_000), claim(256, 9_000_000), claim(512, 100_000), claim(512, 9_000_000)];
        let mut grants = [0; 4];
        share(2_000_000, CpuWeights::Shares, &pods, &containers, &mut Scratch::default(), &mut grants);
        assert_eq!(grants, [1_125_000, 375_000, 100_000, 400_000]);
    }

    #[test]
    fn the_newer_weights_favour_small_containers_within_a_pod() {
        let pods = [PodClaim { qos: Burstable, request: 9000, cap: u64::MAX, containers: 2 }];
        let grants = |weights| {
            let claim =
                |request| Claim { weight: cgroup::container_weight(weights, cgroup::shares(request)), demand: u64::MAX, cap: u64::MAX };
            let mut grants = [0; 2];
            share(6_320_000, weights, &pods, &[claim(8000), claim(1000)], &mut Scratch::default(), &mut grants);
            grants
        };
        assert_eq!(grants(CpuWeights::NewV2), [5_320_000, 1_000_000]);
        assert_eq!(grants(CpuWeights::Shares), [5_617_777, 702_223]);
    }

    fn any_claims() -> impl Strategy<Value = Vec<Claim>> {
        let claim = (2..10_000_u64, 0..5_000_000_u64, prop_oneof![Just(u64::MAX), 0..5_000_000_u64]);
        vec(claim.prop_map(|(weight, demand, cap)| Claim { weight, demand, cap }), 0..20)
    }

    proptest! {
        #[test]
        fn all_of_the_capacity_is_used_or_all_wants_are_met(capacity in 0..20_000_000_u64, claims in any_claims()) {
            let mut grants = vec![0; claims.len()];
            divide(capacity, &claims, &mut grants, &mut Vec::new());
            let wants: u64 = claims.iter().map(Claim::wanted).sum();
            prop_assert_eq!(grants.iter().sum::<u64>(), capacity.min(wants));
            for (claim, grant) in claims.iter().zip(&grants) {
                prop_assert!(*grant <= claim.demand && *grant <= claim.cap);
            }
        }

        #[test]
        fn nobody_who_is_left_wanting_gets_less_for_its_weight_than_another(capacity in 0..20_000_000_u64, claims in any_claims()) {
            let mut grants = vec![0; claims.len()];
            divide(capacity, &claims, &mut grants, &mut Vec::new());
            let level = |place: usize| grants[place] as f64 / claims[place].weight as f64;
            let wanting = (0..claims.len()).filter(|&place| grants[place] < claims[place].wanted());
            for place in wanting {
                for other in 0..claims.len() {
                    // Grants are whole microcores, and rounding is passed on.
                    let slack = claims.len() as f64 / claims[place].weight.min(claims[other].weight) as f64;
                    prop_assert!(level(place) + slack >= level(other), "{grants:?}");
                }
            }
        }

        #[test]
        fn a_node_is_used_up_or_its_pods_are_satisfied(
            capacity in 0..20_000_000_u64,
            given in vec((0..3_u8, 0..4_000_u64, 0..4_000_u64, 0..5_000_000_u64), 0..12),
        ) {
            let classes = [Guaranteed, Burstable, BestEffort];
            let given: Vec<Given> = given
                .into_iter()
                .map(|(class, request, limit, demand)| match classes[usize::from(class)] {
                    Guaranteed => (Guaranteed, request.max(10), request.max(10), demand),
                    Burstable => (Burstable, request, limit, demand),
                    BestEffort => (BestEffort, 0, 0, demand),
                })
                .collect();
            for weights in [CpuWeights::Shares, CpuWeights::LinearV2, CpuWeights::NewV2] {
                let grants = granted(capacity, weights, &given);
                let want = |&(_, _, limit, demand): &Given| demand.min(cgroup::rate((limit > 0).then_some(limit)));
                prop_assert_eq!(grants.iter().sum::<u64>(), capacity.min(given.iter().map(want).sum()));
            }
        }
    }
}
