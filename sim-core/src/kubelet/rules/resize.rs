//! Resizing containers in place: what the kubelet says to a new size, in which order it tries again, what a resize does to containers.
//!
//! Sources: KEP-1287; `pkg/kubelet/allocation/allocation_manager.go` and `pkg/kubelet/kuberuntime/kuberuntime_manager.go` of Kubernetes v1.34.

use std::cmp::{Ordering, Reverse};

use crate::spec::{Qos, ResizePolicy};
use crate::units::{SimSpan, SimTime};

/// After the first attempt the kubelet tries again so often, besides when a Pod goes, comes or is resized.
pub(crate) const RETRY: SimSpan = SimSpan::from_secs(180);
/// The first of these attempts comes sooner.
pub(crate) const FIRST_RETRY: SimSpan = SimSpan::from_secs(30);

/// CPU in millicores and memory in bytes of a whole Pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Size {
    /// Millicores.
    pub(crate) cpu: u64,
    /// Bytes.
    pub(crate) memory: u64,
}

impl Size {
    /// True if neither is more than there is.
    const fn fits(self, room: Self) -> bool {
        self.cpu <= room.cpu && self.memory <= room.memory
    }
}

/// What is asked of a kubelet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    /// What the Pod would request.
    pub(crate) wanted: Size,
    /// Its class, and the one that it would have.
    pub(crate) qos: (Qos, Qos),
    /// True if it takes a memory limit away.
    pub(crate) drops_memory_limit: bool,
    /// True for what no kubelet resizes: static Pods, exclusive cores or memory, swap.
    pub(crate) fixed: bool,
}

/// What the kubelet says to a resize.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// It is allocated and will be done in the next sync.
    Accepted,
    /// It fits the node but not beside its Pods: it is tried again (`PodResizePending`, reason `Deferred`).
    Deferred,
    /// It can never be done here (`PodResizePending`, reason `Infeasible`).
    Infeasible,
}

/// What a kubelet says, whose node has `allocatable` for Pods, of which the others request `others`.
pub(crate) fn answer(request: &Request, allocatable: Size, others: Size) -> Answer {
    let left = Size { cpu: allocatable.cpu.saturating_sub(others.cpu), memory: allocatable.memory.saturating_sub(others.memory) };
    match request {
        _ if request.fixed || !request.wanted.fits(allocatable) => Answer::Infeasible,
        _ if request.wanted.fits(left) => Answer::Accepted,
        _ => Answer::Deferred,
    }
}

/// Why the API refuses a resize before any kubelet sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// The class of service would change.
    QosChanges,
    /// A memory limit cannot be taken away.
    MemoryLimitGone,
}

/// The API's check.
pub(crate) fn validate(request: &Request) -> Result<(), Refusal> {
    match request {
        Request { qos: (now, then), .. } if now != then => Err(Refusal::QosChanges),
        Request { drops_memory_limit: true, .. } => Err(Refusal::MemoryLimitGone),
        _ => Ok(()),
    }
}

/// What the scheduler charges while a resize waits: the most of what is asked for, in force and allocated; what is infeasible does not count.
pub(crate) fn charged(asked: u64, in_force: u64, allocated: u64, answer: Answer) -> u64 {
    let asked = if answer == Answer::Infeasible { 0 } else { asked };
    asked.max(in_force).max(allocated)
}

/// A resize that waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    /// True if no request grows.
    pub(crate) shrinks: bool,
    /// The Pod's priority.
    pub(crate) priority: i32,
    /// Its class.
    pub(crate) qos: Qos,
    /// Since when it waits.
    pub(crate) since: SimTime,
}

/// Which of two is tried first: what asks for no more, then the more important, then Guaranteed before Burstable, then the longest waiting.
pub(crate) fn compare(a: &Waiting, b: &Waiting) -> Ordering {
    let rank = |waiting: &Waiting| (!waiting.shrinks, Reverse(waiting.priority), waiting.qos, waiting.since);
    rank(a).cmp(&rank(b))
}

/// What a resize does to a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// Nothing changes.
    Nothing,
    /// Its cgroup is written while it runs.
    InPlace,
    /// It is stopped and started again, with a back-off of its own.
    Restart,
}

/// The effect on a container whose CPU or memory (request or limit) changes.
pub(crate) const fn effect(policy: ResizePolicy, cpu: bool, memory: bool) -> Effect {
    match (cpu, memory) {
        (false, false) => Effect::Nothing,
        _ if (cpu && policy.restart_for_cpu) || (memory && policy.restart_for_memory) => Effect::Restart,
        _ => Effect::InPlace,
    }
}

/// True if a memory limit can be written now: a lower one only below which the container already is. Otherwise the resize stays in
/// progress and is tried again.
pub(crate) const fn can_limit_memory(old: Option<u64>, new: u64, usage: u64) -> bool {
    let lowers = match old {
        Some(old) => new < old,
        None => true,
    };
    !lowers || usage < new
}

/// True if the Pod's cgroup is written before those of its containers: a limit that grows must be raised above first, one that shrinks
/// below first.
pub(crate) const fn pod_first(old: Option<u64>, new: Option<u64>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => new > old,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GI: u64 = 1 << 30;

    const fn size(cpu: u64, gi: u64) -> Size {
        Size { cpu, memory: gi * GI }
    }

    const fn request(wanted: Size) -> Request {
        Request { wanted, qos: (Qos::Burstable, Qos::Burstable), drops_memory_limit: false, fixed: false }
    }

    #[test]
    fn a_resize_is_accepted_deferred_or_infeasible() {
        let (node, others) = (size(4000, 16), size(2000, 8));
        #[rustfmt::skip]
        let table = [
            ("it fits",                       request(size(2000, 8)),                                    Answer::Accepted),
            ("not beside the others' CPU",    request(size(2001, 8)),                                    Answer::Deferred),
            ("nor beside their memory",       request(size(2000, 9)),                                    Answer::Deferred),
            ("the whole node",                request(size(4000, 16)),                                   Answer::Deferred),
            ("more than the node",            request(size(4001, 1)),                                    Answer::Infeasible),
            ("more memory than the node",     request(size(1, 17)),                                      Answer::Infeasible),
            ("a Pod that cannot be resized",  Request { fixed: true, ..request(size(1, 1)) },            Answer::Infeasible),
        ];
        for (name, request, want) in table {
            assert_eq!(answer(&request, node, others), want, "{name}");
        }
    }

    #[test]
    fn a_pod_keeps_its_class_and_its_memory_limit() {
        let plain = request(size(1, 1));
        #[rustfmt::skip]
        let table = [
            ("plain",             plain,                                                            Ok(())),
            ("another class",     Request { qos: (Qos::Guaranteed, Qos::Burstable), ..plain },      Err(Refusal::QosChanges)),
            ("no memory limit",   Request { drops_memory_limit: true, ..plain },                    Err(Refusal::MemoryLimitGone)),
        ];
        for (name, request, want) in table {
            assert_eq!(validate(&request), want, "{name}");
        }
    }

    #[test]
    fn while_a_resize_waits_the_most_is_charged_and_the_infeasible_never() {
        #[rustfmt::skip]
        let table = [(300, 100, 200, Answer::Deferred, 300), (50, 100, 200, Answer::Accepted, 200), (900, 100, 200, Answer::Infeasible, 200), (50, 400, 200, Answer::Deferred, 400)];
        for (asked, in_force, allocated, answer, want) in table {
            assert_eq!(charged(asked, in_force, allocated, answer), want, "{asked}, {in_force}, {allocated}, {answer:?}");
        }
    }

    #[test]
    fn waiting_resizes_are_tried_in_an_order() {
        let waiting = |shrinks, priority, qos, since| Waiting { shrinks, priority, qos, since: SimTime::from_nanos(since) };
        let want = [
            waiting(true, 0, Qos::Burstable, 9),
            waiting(false, 100, Qos::Burstable, 9),
            waiting(false, 5, Qos::Guaranteed, 9),
            waiting(false, 5, Qos::Burstable, 1),
            waiting(false, 5, Qos::Burstable, 2),
        ];
        let mut found = want;
        found.reverse();
        found.sort_by(compare);
        assert_eq!(found, want);
        assert!(FIRST_RETRY < RETRY);
    }

    #[test]
    fn a_container_is_restarted_only_for_a_resource_whose_policy_says_so() {
        let memory = ResizePolicy { restart_for_memory: true, restart_for_cpu: false };
        #[rustfmt::skip]
        let table = [
            ("nothing changes",     memory,                  false, false, Effect::Nothing),
            ("CPU",                 memory,                  true,  false, Effect::InPlace),
            ("memory",              memory,                  false, true,  Effect::Restart),
            ("both",                memory,                  true,  true,  Effect::Restart),
            ("by default",          ResizePolicy::default(), true,  true,  Effect::InPlace),
        ];
        for (name, policy, cpu, memory, want) in table {
            assert_eq!(effect(policy, cpu, memory), want, "{name}");
        }
    }

    #[test]
    fn memory_limits_sink_only_to_above_what_is_used() {
        #[rustfmt::skip]
        let table = [
            ("raised",            Some(10), 20, 15, true),
            ("lowered enough",    Some(20), 10, 9,  true),
            ("lowered too far",   Some(20), 10, 10, false),
            ("a first limit",     None,     10, 11, false),
        ];
        for (name, old, new, usage, want) in table {
            assert_eq!(can_limit_memory(old, new, usage), want, "{name}");
        }
    }

    #[test]
    fn limits_grow_from_above_and_shrink_from_below() {
        #[rustfmt::skip]
        let table = [(Some(1), Some(2), true), (Some(2), Some(1), false), (Some(1), None, true), (None, Some(1), false)];
        for (old, new, want) in table {
            assert_eq!(pod_first(old, new), want, "{old:?} to {new:?}");
        }
    }
}
