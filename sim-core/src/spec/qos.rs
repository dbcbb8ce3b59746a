//! Quality of service: the class of a Pod, by what its containers ask for and are limited to.

use super::pod::{ContainerKind, ContainerSpec, PodTemplate};
use crate::units::Bytes;

/// Class of a Pod. Fixed when the Pod is created; a resize may not change it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Qos {
    /// Every container has CPU and memory limits, and the sums of requests and limits are equal.
    Guaranteed,
    /// Neither of the others.
    Burstable,
    /// No request and no limit of CPU or memory anywhere.
    #[default]
    BestEffort,
}

impl Qos {
    /// `status.qosClass`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guaranteed => "Guaranteed",
            Self::Burstable => "Burstable",
            Self::BestEffort => "BestEffort",
        }
    }
}

/// Requests and limits of a Pod as a whole (`spec.resources`), after the API's defaulting; they stand in place of the containers' sums.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PodLevel {
    /// `requests.cpu` in millicores.
    pub cpu_request: Option<u64>,
    /// `requests.memory` in bytes.
    pub memory_request: Option<u64>,
    /// `limits.cpu` in millicores.
    pub cpu_limit: Option<u64>,
    /// `limits.memory` in bytes.
    pub memory_limit: Option<u64>,
}

impl PodLevel {
    /// True if any request is set.
    pub const fn asks(&self) -> bool {
        self.cpu_request.is_some() || self.memory_request.is_some()
    }

    /// True if anything is set.
    pub const fn is_set(&self) -> bool {
        self.asks() || self.cpu_limit.is_some() || self.memory_limit.is_some()
    }
}

/// CPU and memory asked for and allowed; 0 is "not set", as Kubernetes counts values above 0 only.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    requests: [u64; 2],
    limits: [u64; 2],
}

/// The class of a Pod. Regular and init containers count alike; what is set for the Pod as a whole counts instead of them.
///
/// Source: `pkg/apis/core/helper/qos/qos.go` of Kubernetes v1.34.
pub(super) fn class(pod: &PodTemplate) -> Qos {
    let parts = if pod.level.is_set() { vec![of_pod(&pod.level)] } else { of_containers(pod) };
    let mut sums = Sums::default();
    for part in &parts {
        for resource in 0..2 {
            sums.requests[resource] += part.requests[resource];
            sums.limits[resource] += part.limits[resource];
        }
    }
    let limited = parts.iter().all(|part| part.limits.iter().all(|limit| *limit > 0));
    match (sums.requests, sums.limits) {
        ([0, 0], [0, 0]) => Qos::BestEffort,
        (requests, limits) if limited && requests == limits => Qos::Guaranteed,
        _ => Qos::Burstable,
    }
}

fn of_pod(level: &PodLevel) -> Sums {
    Sums {
        requests: [level.cpu_request.unwrap_or(0), level.memory_request.unwrap_or(0)],
        limits: [level.cpu_limit.unwrap_or(0), level.memory_limit.unwrap_or(0)],
    }
}

fn of_containers(pod: &PodTemplate) -> Vec<Sums> {
    let of = |container: &ContainerSpec| Sums {
        requests: [container.requests.cpu.0, container.requests.memory.0],
        limits: [container.cpu_limit.unwrap_or(0), container.memory_limit.map_or(0, |limit| limit.0)],
    };
    pod.containers.iter().map(of).collect()
}

/// What the containers of a Pod come to together, of one amount that each has: the larger of the sum of those that run together and the
/// peak of initialisation, where an init container runs beside the sidecars before it.
pub(super) fn aggregate(pod: &PodTemplate, of: impl Fn(&ContainerSpec) -> u64) -> u64 {
    let (mut running, mut sidecars, mut peak) = (0_u64, 0_u64, 0_u64);
    for container in &pod.containers {
        let amount = of(container);
        match container.kind {
            ContainerKind::App => running += amount,
            ContainerKind::Init => peak = peak.max(sidecars + amount),
            ContainerKind::Sidecar => {
                (running, sidecars) = (running + amount, sidecars + amount);
                peak = peak.max(sidecars);
            }
        }
    }
    running.max(peak)
}

/// CPU and memory limits of the Pod's own cgroup. A Guaranteed Pod has them; a Burstable one has that of a resource if every container,
/// init containers included, is limited in it, or the Pod as a whole is. Overhead comes on top.
///
/// Source: `ResourceConfigForPod` in `pkg/kubelet/cm/helpers_linux.go` of Kubernetes v1.34.
pub(super) fn limits(pod: &PodTemplate, class: Qos) -> (Option<u64>, Option<Bytes>) {
    let cpu = |container: &ContainerSpec| container.cpu_limit.unwrap_or(0);
    let memory = |container: &ContainerSpec| container.memory_limit.map_or(0, |limit| limit.0);
    let cpu = limit(pod, class, cpu, (pod.level.cpu_limit, pod.overhead.cpu.0));
    let memory = limit(pod, class, memory, (pod.level.memory_limit, pod.overhead.memory.0));
    (cpu, memory.map(Bytes))
}

fn limit(pod: &PodTemplate, class: Qos, of: impl Fn(&ContainerSpec) -> u64, (level, overhead): (Option<u64>, u64)) -> Option<u64> {
    let set = match class {
        Qos::Guaranteed => true,
        Qos::Burstable => level.is_some() || pod.containers.iter().all(|container| of(container) > 0),
        Qos::BestEffort => false,
    };
    let sum = level.unwrap_or_else(|| aggregate(pod, &of));
    (set && sum > 0).then_some(sum + overhead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Requests;
    use crate::table::{ImageId, Symbol};
    use crate::units::MilliCpu;
    use Qos::{BestEffort, Burstable, Guaranteed};

    /// A container by its requests and limits of CPU and memory; 0 is not set.
    fn container(requests: [u64; 2], limits: [u64; 2], kind: ContainerKind) -> ContainerSpec {
        let set = |amount: u64| (amount > 0).then_some(amount);
        ContainerSpec {
            kind,
            requests: Requests { cpu: MilliCpu(requests[0]), memory: Bytes(requests[1]), ..Requests::default() },
            cpu_limit: set(limits[0]),
            memory_limit: set(limits[1]).map(Bytes),
            ..ContainerSpec::new("c", ImageId(0))
        }
    }

    #[test]
    fn a_pod_s_class_follows_from_requests_and_limits_of_all_its_containers() {
        use ContainerKind::{App, Init, Sidecar};
        let full = || container([100, 64], [100, 64], App);
        let none = |kind| container([0, 0], [0, 0], kind);
        #[rustfmt::skip]
        let table = [
            ("nothing asked, nothing limited",       vec![none(App), none(Sidecar)],                            BestEffort),
            ("requests equal limits",                vec![full()],                                              Guaranteed),
            ("in every container",                   vec![full(), full(), container([1, 1], [1, 1], Init)],     Guaranteed),
            ("a sidecar with no resources",          vec![none(Sidecar), full()],                               Burstable),
            ("an init container with no resources",  vec![none(Init), full()],                                  Burstable),
            ("no memory limit",                      vec![container([100, 64], [100, 0], App)],                 Burstable),
            ("limits above requests",                vec![container([100, 64], [200, 64], App)],                Burstable),
            ("one request alone",                    vec![container([1, 0], [0, 0], App)],                      Burstable),
            ("one limit alone",                      vec![container([0, 0], [0, 64], App)],                     Burstable),
        ];
        for (name, containers, want) in table {
            let pod = PodTemplate { containers, ..PodTemplate::new("pod", Symbol(0)) };
            assert_eq!(class(&pod), want, "{name}");
            assert_eq!(pod.classified().qos, want, "{name}");
        }
    }

    #[test]
    fn what_is_set_for_the_pod_as_a_whole_counts_instead_of_its_containers() {
        let all = PodLevel { cpu_request: Some(1), memory_request: Some(1), cpu_limit: Some(1), memory_limit: Some(1) };
        let full = container([100, 64], [100, 64], ContainerKind::App);
        #[rustfmt::skip]
        let table = [
            ("requests equal limits",      vec![],     all,                                             Guaranteed),
            ("no memory limit",            vec![full], PodLevel { memory_limit: None, ..all },          Burstable),
            ("a request alone",            vec![],     PodLevel { cpu_request: Some(1), ..PodLevel::default() }, Burstable),
        ];
        for (name, containers, level, want) in table {
            let pod = PodTemplate { containers, level, ..PodTemplate::new("pod", Symbol(0)) };
            assert_eq!(class(&pod), want, "{name}");
        }
    }

    #[test]
    fn the_cgroup_of_a_pod_is_limited_if_all_below_it_are_or_if_the_pod_is() {
        use ContainerKind::{App, Init, Sidecar};
        let limited = |cpu, memory, kind| container([1, 1], [cpu, memory], kind);
        let whole = PodLevel { cpu_limit: Some(800), ..PodLevel::default() };
        let none = PodLevel::default();
        let overhead = |cpu| Requests { cpu: MilliCpu(cpu), ..Requests::default() };
        #[rustfmt::skip]
        let table = [
            ("Guaranteed",              vec![container([500, 64], [500, 64], App)],                      none,  0,  (Some(500), Some(64))),
            ("all limited",             vec![limited(500, 64, App), limited(300, 32, App)],              none,  0,  (Some(800), Some(96))),
            ("one without a limit",     vec![limited(500, 64, App), limited(0, 32, App)],                none,  0,  (None, Some(96))),
            ("an init container without", vec![limited(0, 64, Init), limited(500, 64, App)],             none,  0,  (None, Some(64))),
            ("an init container's peak", vec![limited(200, 64, Sidecar), limited(900, 64, Init), limited(500, 64, App)], none, 0, (Some(1_100), Some(128))),
            ("limited as a whole",      vec![limited(500, 64, App), limited(0, 0, App)],                 whole, 0,  (Some(800), None)),
            ("with overhead",           vec![limited(500, 0, App)],                                      none,  50, (Some(550), None)),
            ("BestEffort",              vec![container([0, 0], [0, 0], App)],                            none,  50, (None, None)),
        ];
        for (name, containers, level, more, want) in table {
            let pod = PodTemplate { containers, level, overhead: overhead(more), ..PodTemplate::new("pod", Symbol(0)) }.classified();
            assert_eq!((pod.pod_cpu_limit, pod.pod_memory_limit.map(|limit| limit.0)), want, "{name}");
        }
    }

    #[test]
    fn classes_bear_the_names_of_the_api() {
        assert_eq!([Guaranteed, Burstable, BestEffort].map(Qos::name), ["Guaranteed", "Burstable", "BestEffort"]);
    }
}
