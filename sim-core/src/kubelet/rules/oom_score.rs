//! Whom the kernel kills when memory runs out: the kubelet's `oom_score_adj` for each container, and the kernel's choice.
//!
//! Sources: `pkg/kubelet/qos/policy.go` and `helpers.go` of Kubernetes v1.34; `oom_badness` in Linux' `mm/oom_kill.c` (from memory).

use crate::spec::{ContainerKind, PodTemplate, Qos};

/// Of the kubelet itself and of kube-proxy.
pub(crate) const SYSTEM: i32 = -999;
/// Of Guaranteed and node-critical Pods.
pub(crate) const GUARANTEED: i32 = -997;
/// Of `BestEffort` Pods.
pub(crate) const BEST_EFFORT: i32 = 1000;
/// A process with this is never chosen.
pub(crate) const EXEMPT: i32 = -1000;

/// `oom_score_adj` of a Pod's container on a node with so many bytes of memory.
///
/// # Panics
/// If the Pod has no such container, or the node no memory.
pub(crate) fn adjust(pod: &PodTemplate, index: usize, node_memory: u64) -> i32 {
    if pod.node_critical && pod.is_critical() {
        return GUARANTEED;
    }
    match pod.qos {
        Qos::Guaranteed => GUARANTEED,
        Qos::BestEffort => BEST_EFFORT,
        Qos::Burstable => burstable(pod, index, node_memory),
    }
}

fn burstable(pod: &PodTemplate, index: usize, node_memory: u64) -> i32 {
    let share = share(pod);
    let container = &pod.containers[index];
    let mut score = by_request(container.requests.memory.0 as i64 + share, node_memory);
    if container.kind == ContainerKind::Sidecar {
        // A sidecar should not die before what it serves.
        score = score.min(by_request(least_request(pod) + share, node_memory));
    }
    // Guaranteed containers are at the bottom and BestEffort ones at the top: nobody else goes there.
    let floor = BEST_EFFORT + GUARANTEED;
    match score {
        score if score < i64::from(floor) => floor,
        score if score == i64::from(BEST_EFFORT) => BEST_EFFORT - 1,
        score => score as i32,
    }
}

/// 1000 less the request's per mille of the node's memory.
fn by_request(request: i64, node_memory: u64) -> i64 {
    1000 - (1000 * i128::from(request) / i128::from(node_memory)) as i64
}

/// What each container gets of the memory that the Pod as a whole asks for beyond its containers.
fn share(pod: &PodTemplate) -> i64 {
    match pod.level.memory_request {
        None | Some(0) => 0,
        Some(_) if pod.containers.is_empty() => 0,
        Some(request) => (request as i64 - pod.aggregate(|container| container.requests.memory.0) as i64) / pod.containers.len() as i64,
    }
}

/// The least that a regular container asks for.
fn least_request(pod: &PodTemplate) -> i64 {
    let regular = pod.containers.iter().filter(|container| container.kind == ContainerKind::App);
    regular.map(|container| container.requests.memory.0).min().unwrap_or(0) as i64
}

/// The kernel's points of a process that uses so many bytes (resident, swap, page tables) of `total`: bytes used, and for each point of
/// `adjust` a thousandth of the total. `None` if it is exempt.
pub(crate) fn points(usage: u64, adjust: i32, total: u64) -> Option<i128> {
    (adjust != EXEMPT).then(|| i128::from(usage) + i128::from(adjust) * i128::from(total) / 1000)
}

/// The place of the process that dies, among pairs of usage and `oom_score_adj`: the one with most points, of equals the first.
pub(crate) fn victim(processes: impl IntoIterator<Item = (u64, i32)>, total: u64) -> Option<usize> {
    let mut worst: Option<(i128, usize)> = None;
    for (place, (usage, adjust)) in processes.into_iter().enumerate() {
        let Some(points) = points(usage, adjust, total) else { continue };
        if worst.is_none_or(|(most, _)| points > most) {
            worst = Some((points, place));
        }
    }
    worst.map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::{ContainerSpec, PodLevel, Requests};
    use crate::table::{ImageId, Symbol};
    use crate::units::Bytes;
    use ContainerKind::{App, Init, Sidecar};

    const MI: u64 = 1 << 20;
    const GI: u64 = 1 << 30;
    const NODE: u64 = 16 * GI;

    fn burstable(list: &[(ContainerKind, u64)]) -> PodTemplate {
        let container = |&(kind, memory): &(ContainerKind, u64)| ContainerSpec {
            kind,
            requests: Requests { memory: Bytes(memory), ..Requests::default() },
            ..ContainerSpec::new("c", ImageId(0))
        };
        let containers = list.iter().map(container).collect();
        PodTemplate { containers, qos: Qos::Burstable, ..PodTemplate::new("pod", Symbol(0)) }
    }

    #[test]
    fn the_less_a_burstable_container_asks_for_the_sooner_it_dies() {
        let table = [(0, 999), (64 * MI, 997), (GI, 938), (4 * GI, 750), (8 * GI, 500), (16 * GI, 3), (20 * GI, 3)];
        for (request, want) in table {
            assert_eq!(adjust(&burstable(&[(App, request)]), 0, NODE), want, "{request} bytes");
        }
    }

    #[test]
    fn guaranteed_and_node_critical_pods_die_last_and_best_effort_ones_first() {
        let pod = burstable(&[(App, GI)]);
        #[rustfmt::skip]
        let table = [
            ("Guaranteed",                             PodTemplate { qos: Qos::Guaranteed, ..pod.clone() },                             -997),
            ("BestEffort",                             PodTemplate { qos: Qos::BestEffort, ..pod.clone() },                             1000),
            ("node-critical",                          PodTemplate { node_critical: true, priority: 2_000_001_000, ..pod.clone() },    -997),
            ("critical for the cluster",               PodTemplate { priority: 2_000_000_000, ..pod.clone() },                          938),
            ("of that class but with no such priority", PodTemplate { node_critical: true, priority: 5, ..pod.clone() },                938),
        ];
        for (name, pod, want) in table {
            assert_eq!(adjust(&pod, 0, NODE), want, "{name}");
        }
        const { assert!(SYSTEM < GUARANTEED) };
    }

    #[test]
    fn a_sidecar_dies_no_sooner_than_the_least_of_the_containers_that_it_serves() {
        #[rustfmt::skip]
        let table = [
            ("it asks for less",  vec![(Sidecar, 64 * MI), (App, 4 * GI), (App, 8 * GI)], 750),
            ("it asks for more",  vec![(Sidecar, 8 * GI), (App, 4 * GI)],                 500),
            ("an init container", vec![(Init, 64 * MI), (App, 4 * GI)],                   997),
        ];
        for (name, list, want) in table {
            assert_eq!(adjust(&burstable(&list), 0, NODE), want, "{name}");
        }
    }

    #[test]
    fn memory_that_only_the_pod_asks_for_is_shared_among_its_containers() {
        let with = |request, list: &[(ContainerKind, u64)]| {
            let level = PodLevel { memory_request: Some(request), ..PodLevel::default() };
            PodTemplate { level, ..burstable(list) }
        };
        #[rustfmt::skip]
        let table = [
            ("two that ask for nothing get half each",   with(8 * GI, &[(App, 0), (App, 0)]),                 [750, 750]),
            ("the rest comes on top",                    with(8 * GI, &[(App, 4 * GI), (App, 0)]),            [625, 875]),
            ("init containers count",                    with(8 * GI, &[(Init, 0), (App, 0)]),                [750, 750]),
            ("a peak of initialisation is asked for",    with(8 * GI, &[(Init, 8 * GI), (App, 0)]),           [500, 999]),
            ("the share counts for whom a sidecar serves", with(8 * GI, &[(Sidecar, 0), (App, 4 * GI)]),      [625, 625]),
        ];
        for (name, pod, want) in table {
            assert_eq!([0, 1].map(|index| adjust(&pod, index, NODE)), want, "{name}");
        }
    }

    #[test]
    fn the_kernel_kills_whoever_has_most_points() {
        let gi = |tenths: u64| tenths * GI / 10;
        #[rustfmt::skip]
        let table = [
            ("a Burstable one far above its request", vec![(gi(1), 1000), (gi(60), 750)], Some(1), 1125),
            ("a BestEffort one before one within it", vec![(gi(1), 1000), (gi(30), 750)], Some(0), 1006),
            ("nobody, if all are exempt",             vec![(gi(100), EXEMPT)],            None,    0),
            ("the first of equals",                   vec![(gi(10), 3), (gi(10), 3)],     Some(0), 65),
        ];
        for (name, processes, want, per_mille) in table {
            let found = victim(processes.iter().copied(), NODE);
            assert_eq!(found, want, "{name}");
            let points = found.and_then(|place| points(processes[place].0, processes[place].1, NODE));
            assert_eq!(points.map_or(0, |points| points * 1000 / i128::from(NODE)), per_mille, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_burstable_container_is_between_guaranteed_and_best_effort(
            requests in proptest::collection::vec((0..3_u8, 0..64 * GI), 1..6), level in proptest::option::of(0..64 * GI), node in MI..64 * GI,
        ) {
            let kinds = [App, Sidecar, Init];
            let list: Vec<_> = requests.into_iter().map(|(kind, request)| (kinds[usize::from(kind)], request)).collect();
            let pod = PodTemplate { level: PodLevel { memory_request: level, ..PodLevel::default() }, ..burstable(&list) };
            for index in 0..list.len() {
                let score = adjust(&pod, index, node);
                // A Pod may ask for less as a whole than its containers do: then a share is negative.
                prop_assert!(score >= 3 && (score <= 999 || share(&pod) < 0), "{score}");
            }
        }
    }
}
