//! In which order a kubelet evicts the Pods of a node that lacks something. Classes of service are not asked: a Pod that requests
//! nothing is above its request as soon as it uses anything.
//!
//! Source: `rankMemoryPressure`, `rankDiskPressureFunc` and `rankPIDPressure` in `pkg/kubelet/eviction/helpers.go` of Kubernetes v1.34.

use std::cmp::{Ordering, Reverse};

/// A Pod that may be evicted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Candidate {
    /// Its priority.
    pub(crate) priority: i32,
    /// What it requests of what is short: bytes of memory or of ephemeral storage.
    pub(crate) request: u64,
    /// What it uses of it, or how many processes it has; `None` if there are no figures yet.
    pub(crate) usage: Option<u64>,
    /// True if it must stay, whatever its rank: a critical Pod.
    pub(crate) critical: bool,
}

/// What a node is short of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Short {
    /// Memory: the working set, against the request.
    Memory,
    /// Ephemeral storage or inodes (whose request is 0), against the request.
    Disk,
    /// Processes, which nobody requests.
    Processes,
}

/// Which of two Pods is evicted first: `Less` for `a`.
pub(crate) fn compare(short: Short, a: &Candidate, b: &Candidate) -> Ordering {
    match short {
        // Whoever has no figures is ahead, then whoever is above its request, is less important, is further above it.
        Short::Memory | Short::Disk => by_request(a).cmp(&by_request(b)),
        Short::Processes => (a.priority, Reverse(a.usage.unwrap_or(0))).cmp(&(b.priority, Reverse(b.usage.unwrap_or(0)))),
    }
}

type Rank = (bool, Reverse<bool>, i32, Reverse<i128>);

fn by_request(pod: &Candidate) -> Rank {
    let (known, usage) = (pod.usage.is_some(), pod.usage.unwrap_or(0));
    // Without figures nothing is known of the request's being exceeded.
    let above = known && usage > pod.request;
    (known, Reverse(above), pod.priority, Reverse(i128::from(usage) - i128::from(pod.request)))
}

/// The Pod that a pass evicts: the first in rank that may go, of equals the first given.
pub(crate) fn first<K>(short: Short, pods: impl IntoIterator<Item = (K, Candidate)>) -> Option<K> {
    let movable = pods.into_iter().filter(|(_, pod)| !pod.critical);
    movable.min_by(|(_, a), (_, b)| compare(short, a, b)).map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MI: u64 = 1 << 20;

    fn pod(priority: i32, request: u64, usage: u64) -> Candidate {
        Candidate { priority, request: request * MI, usage: Some(usage * MI), critical: false }
    }

    /// Names in the order of eviction.
    fn order(short: Short, pods: &[(&'static str, Candidate)]) -> Vec<&'static str> {
        let mut pods = pods.to_vec();
        let mut names = Vec::new();
        while let Some(name) = first(short, pods.iter().copied()) {
            names.push(name);
            pods.retain(|(other, _)| *other != name);
        }
        names
    }

    #[test]
    fn pods_go_by_what_they_use_above_their_request_and_by_priority() {
        let best_effort = ("P1", pod(0, 0, 50));
        let above = ("P2", pod(0, 1_024, 1_434));
        let below = ("P3", pod(0, 2_048, 1_946));
        let important = ("P4", pod(100, 0, 900));
        let unknown = ("new", Candidate { usage: None, ..pod(1_000, 0, 0) });
        let critical = ("critical", Candidate { critical: true, ..pod(-5, 0, 9_000) });
        #[rustfmt::skip]
        let table = [
            ("P1 to P4",               vec![best_effort, above, below, important],      vec!["P2", "P1", "P4", "P3"]),
            ("no figures",             vec![best_effort, unknown],                      vec!["new", "P1"]),
            ("critical Pods stay",     vec![critical, below],                           vec!["P3"]),
            ("less important first",   vec![("a", pod(1, 10, 20)), ("b", pod(0, 10, 11))], vec!["b", "a"]),
            ("below: nearest first",   vec![("a", pod(0, 90, 20)), ("b", pod(0, 90, 80))], vec!["b", "a"]),
            ("at the request is not above", vec![("a", pod(0, 20, 20)), ("b", pod(5, 10, 11))], vec!["b", "a"]),
            ("equals in their order",  vec![("a", pod(0, 1, 2)), ("b", pod(0, 1, 2))],  vec!["a", "b"]),
        ];
        for (name, pods, want) in table {
            assert_eq!(order(Short::Memory, &pods), want, "{name}");
            assert_eq!(order(Short::Disk, &pods), want, "{name}, by disk");
        }
    }

    #[test]
    fn processes_count_by_priority_and_number_alone() {
        let pods = [("few", pod(0, 0, 1)), ("many", pod(0, 100, 9)), ("important", pod(7, 0, 99))];
        assert_eq!(order(Short::Processes, &pods), ["many", "few", "important"]);
    }

    proptest! {
        #[test]
        fn a_pod_within_its_request_never_goes_before_one_above(
            (within, above) in (0..1_000_u64, 0..1_000_u64), request in 0..1_000_u64, priorities in (-10..10_i32, -10..10_i32),
        ) {
            let good = pod(priorities.0, request, within.min(request));
            let bad = pod(priorities.1, request, request + 1 + above);
            prop_assert_eq!(compare(Short::Memory, &bad, &good), Ordering::Less);
        }
    }
}
