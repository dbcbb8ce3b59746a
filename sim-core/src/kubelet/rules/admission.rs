//! Whether a kubelet takes a Pod that was bound to its node. One that it rejects fails at once and is never started.
//!
//! Sources: `Admit` in `pkg/kubelet/eviction/eviction_manager.go`, `pkg/kubelet/lifecycle/predicate.go`, and `AdmissionCheck` in
//! `pkg/scheduler/scheduler.go` of Kubernetes v1.34.

use crate::spec::{HostPort, Qos, Requests, Symbols, Taint, TaintEffect, Toleration};
use crate::table::{ResourceId, Symbol};

/// The taint of nodes under memory pressure; its effect is `NoSchedule`, its value empty.
pub(crate) const MEMORY_PRESSURE_TAINT: &str = "node.kubernetes.io/memory-pressure";

/// Why a Pod is rejected: `status.reason`. A node's name and labels cannot have changed since the binding, so what a kubelet says of these
/// (`NodeName`, `NodeAffinity`) does not occur.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rejection {
    /// The node is under pressure.
    Evicted,
    /// The node has as many Pods as it may.
    OutOfPods,
    /// Too little CPU is left.
    OutOfCpu,
    /// Too little memory is left.
    OutOfMemory,
    /// Too little ephemeral storage is left.
    OutOfEphemeralStorage,
    /// Too little of an extended resource or of huge pages is left.
    OutOf(ResourceId),
    /// A host port is taken.
    NodePorts,
    /// A `NoExecute` taint is not tolerated.
    TaintToleration,
}

impl Rejection {
    /// `status.reason`; `resources` has the names of extended resources.
    pub fn reason(self, resources: &crate::table::Table<ResourceId, String>) -> String {
        match self {
            Self::Evicted => "Evicted".into(),
            Self::OutOfPods => "OutOfpods".into(),
            Self::OutOfCpu => "OutOfcpu".into(),
            Self::OutOfMemory => "OutOfmemory".into(),
            Self::OutOfEphemeralStorage => "OutOfephemeral-storage".into(),
            Self::OutOf(resource) => format!("OutOf{}", resources[resource]),
            Self::NodePorts => "NodePorts".into(),
            Self::TaintToleration => "TaintToleration".into(),
        }
    }

    /// True if a critical Pod is helped by evicting less important ones.
    pub const fn is_want_of_room(self) -> bool {
        use Rejection::{OutOf, OutOfCpu, OutOfEphemeralStorage, OutOfMemory, OutOfPods};
        matches!(self, OutOfPods | OutOfCpu | OutOfMemory | OutOfEphemeralStorage | OutOf(_))
    }
}

/// A node's pressure conditions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pressures {
    /// `MemoryPressure`.
    pub memory: bool,
    /// `DiskPressure`.
    pub disk: bool,
    /// `PIDPressure`.
    pub pid: bool,
}

/// What the eviction manager says: critical Pods pass; under memory pressure alone so does whoever requests or is limited in anything, or
/// tolerates the pressure's taint; nobody else passes under any pressure.
pub(crate) const fn under_pressure(node: Pressures, qos: Qos, critical: bool, tolerates_memory: bool) -> Result<(), Rejection> {
    let calm = !node.memory && !node.disk && !node.pid;
    let only_memory = node.memory && !node.disk && !node.pid;
    let endures = only_memory && (!matches!(qos, Qos::BestEffort) || tolerates_memory);
    if calm || critical || endures { Ok(()) } else { Err(Rejection::Evicted) }
}

/// What a node gives to Pods.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room<'a> {
    /// `status.allocatable`.
    pub(crate) allocatable: &'a Requests,
    /// `status.allocatable.pods`.
    pub(crate) pods_max: u32,
}

/// What the Pods that a kubelet has taken in request together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// How many there are.
    pub(crate) pods: u32,
    /// CPU in millicores.
    pub(crate) cpu: u64,
    /// Memory in bytes.
    pub(crate) memory: u64,
    /// Ephemeral storage in bytes.
    pub(crate) ephemeral_storage: u64,
}

impl Taken {
    /// Counts a Pod.
    pub(crate) fn add(&mut self, asks: &Requests) {
        self.pods += 1;
        self.cpu += asks.cpu.0;
        self.memory += asks.memory.0;
        self.ephemeral_storage += asks.ephemeral_storage.0;
    }
}

/// The first thing that is missing for a Pod, in the order of the scheduler's fit; `scalar` is how much of an extended resource is taken.
/// Extended resources that the node does not have at all are not looked at: whoever bound the Pod answers for them.
pub(crate) fn fit(asks: &Requests, room: Room<'_>, taken: &Taken, scalar: impl Fn(ResourceId) -> u64) -> Result<(), Rejection> {
    let gives = room.allocatable;
    let lacks = |asked: u64, allocatable: u64, used: u64| asked > 0 && asked > allocatable.saturating_sub(used);
    if taken.pods + 1 > room.pods_max {
        return Err(Rejection::OutOfPods);
    }
    if lacks(asks.cpu.0, gives.cpu.0, taken.cpu) {
        return Err(Rejection::OutOfCpu);
    }
    if lacks(asks.memory.0, gives.memory.0, taken.memory) {
        return Err(Rejection::OutOfMemory);
    }
    if lacks(asks.ephemeral_storage.0, gives.ephemeral_storage.0, taken.ephemeral_storage) {
        return Err(Rejection::OutOfEphemeralStorage);
    }
    let mut known = asks.scalars.iter().filter(|(resource, _)| gives.scalar(*resource) > 0);
    let missing = known.find(|&&(resource, amount)| lacks(amount, gives.scalar(resource), scalar(resource)));
    missing.map_or(Ok(()), |&(resource, _)| Err(Rejection::OutOf(resource)))
}

/// True if two host ports cannot be had together: same port and protocol, and the addresses are equal or one of them is every address.
pub(crate) fn clash(a: &HostPort, b: &HostPort, symbols: &Symbols) -> bool {
    let any = |ip: Symbol| symbols.text(ip) == "0.0.0.0";
    a.port == b.port && a.protocol == b.protocol && (a.ip == b.ip || any(a.ip) || any(b.ip))
}

/// True if one of the tolerations covers a taint of this key, value and effect.
pub(crate) fn tolerates(tolerations: &[Toleration], (key, value): (&str, &str), effect: TaintEffect, symbols: &Symbols) -> bool {
    let is = |text: &str, symbol: Option<Symbol>| symbol.is_none_or(|symbol| symbols.text(symbol) == text);
    let covers = |each: &Toleration| each.effect.is_none_or(|own| own == effect) && is(key, each.key) && is(value, each.value);
    tolerations.iter().any(covers)
}

/// Whether `NoExecute` taints of the node are all tolerated.
pub(crate) fn endures(tolerations: &[Toleration], taints: &[Taint], symbols: &Symbols) -> Result<(), Rejection> {
    let mut expelling = taints.iter().filter(|taint| taint.effect == TaintEffect::NoExecute);
    let tolerated = |taint: &Taint| tolerates(tolerations, (symbols.text(taint.key), symbols.text(taint.value)), taint.effect, symbols);
    if expelling.all(tolerated) { Ok(()) } else { Err(Rejection::TaintToleration) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;
    use crate::units::{Bytes, MilliCpu};

    #[test]
    fn under_pressure_critical_pods_pass_and_under_memory_pressure_whoever_requests_something() {
        let none = Pressures::default();
        let memory = Pressures { memory: true, ..none };
        let disk = Pressures { disk: true, ..none };
        let pid = Pressures { pid: true, ..none };
        let both = Pressures { memory: true, disk: true, ..none };
        #[rustfmt::skip]
        let table = [
            ("calm, BestEffort",                  none,   Qos::BestEffort, false, false, true),
            ("memory, BestEffort",                memory, Qos::BestEffort, false, false, false),
            ("memory, BestEffort that tolerates", memory, Qos::BestEffort, false, true,  true),
            ("memory, Burstable",                 memory, Qos::Burstable,  false, false, true),
            ("memory, Guaranteed",                memory, Qos::Guaranteed, false, false, true),
            ("memory, critical BestEffort",       memory, Qos::BestEffort, true,  false, true),
            ("disk, Guaranteed",                  disk,   Qos::Guaranteed, false, true,  false),
            ("disk, critical",                    disk,   Qos::Burstable,  true,  false, true),
            ("processes, Burstable",              pid,    Qos::Burstable,  false, false, false),
            ("memory and disk, Burstable",        both,   Qos::Burstable,  false, true,  false),
            ("memory and disk, critical",         both,   Qos::BestEffort, true,  false, true),
        ];
        for (name, node, qos, critical, tolerates, want) in table {
            assert_eq!(under_pressure(node, qos, critical, tolerates).is_ok(), want, "{name}");
        }
    }

    fn asks(cpu: u64, memory: u64, storage: u64, gpus: u64) -> Requests {
        let scalars = if gpus > 0 { vec![(ResourceId(0), gpus)] } else { Vec::new() };
        Requests { cpu: MilliCpu(cpu), memory: Bytes(memory), ephemeral_storage: Bytes(storage), scalars }
    }

    #[test]
    fn a_pod_is_rejected_for_the_first_thing_that_is_missing() {
        let node = asks(4000, 1000, 500, 2);
        let bare = asks(4000, 1000, 500, 0);
        #[rustfmt::skip]
        let table = [
            ("it fits exactly",            &node, asks(1000, 100, 100, 1), 110, Ok(())),
            ("CPU",                        &node, asks(1001, 999, 0, 0),   110, Err(Rejection::OutOfCpu)),
            ("memory",                     &node, asks(1000, 101, 999, 0), 110, Err(Rejection::OutOfMemory)),
            ("ephemeral storage",          &node, asks(0, 0, 101, 9),      110, Err(Rejection::OutOfEphemeralStorage)),
            ("an extended resource",       &node, asks(0, 0, 0, 2),        110, Err(Rejection::OutOf(ResourceId(0)))),
            ("one that the node lacks",    &bare, asks(0, 0, 0, 2),        110, Ok(())),
            ("Pods, though it asks nothing", &node, asks(0, 0, 0, 0),      10,  Err(Rejection::OutOfPods)),
            ("the last place",             &node, asks(0, 0, 0, 0),        11,  Ok(())),
        ];
        for (name, allocatable, asked, pods_max, want) in table {
            let taken = Taken { pods: 10, cpu: 3000, memory: 900, ephemeral_storage: 400 };
            assert_eq!(fit(&asked, Room { allocatable, pods_max }, &taken, |_| 1), want, "{name}");
        }
    }

    #[test]
    fn a_full_node_takes_a_pod_that_asks_for_nothing_of_what_it_lacks() {
        let node = asks(4000, 1000, 0, 0);
        let mut taken = Taken::default();
        taken.add(&asks(5000, 10, 0, 0));
        assert_eq!(fit(&asks(0, 10, 0, 0), Room { allocatable: &node, pods_max: 2 }, &taken, |_| 0), Ok(()));
    }

    #[test]
    fn reasons_are_written_as_kubelets_write_them() {
        let resources = Table::from(vec!["nvidia.com/gpu".to_owned()]);
        #[rustfmt::skip]
        let table = [
            (Rejection::Evicted, "Evicted", false), (Rejection::OutOfCpu, "OutOfcpu", true), (Rejection::OutOfMemory, "OutOfmemory", true),
            (Rejection::OutOfEphemeralStorage, "OutOfephemeral-storage", true), (Rejection::OutOfPods, "OutOfpods", true),
            (Rejection::OutOf(ResourceId(0)), "OutOfnvidia.com/gpu", true), (Rejection::NodePorts, "NodePorts", false),
            (Rejection::TaintToleration, "TaintToleration", false),
        ];
        for (rejection, want, room) in table {
            assert_eq!((rejection.reason(&resources).as_str(), rejection.is_want_of_room()), (want, room));
        }
    }

    #[test]
    fn only_taints_that_expel_are_looked_at() {
        let mut symbols = Symbols::default();
        let [key, other, empty] = ["maintenance", "other", ""].map(|text| symbols.intern(text));
        let taint = |effect| Taint { key, value: empty, effect };
        let toleration = |key, effect| Toleration { key, value: None, effect };
        #[rustfmt::skip]
        let table = [
            ("no taint",              vec![],                               vec![],                                            true),
            ("NoSchedule",            vec![taint(TaintEffect::NoSchedule)], vec![],                                            true),
            ("NoExecute",             vec![taint(TaintEffect::NoExecute)],  vec![],                                            false),
            ("tolerated",             vec![taint(TaintEffect::NoExecute)],  vec![toleration(Some(key), None)],                 true),
            ("everything tolerated",  vec![taint(TaintEffect::NoExecute)],  vec![toleration(None, None)],                      true),
            ("another key",           vec![taint(TaintEffect::NoExecute)],  vec![toleration(Some(other), None)],               false),
            ("another effect",        vec![taint(TaintEffect::NoExecute)],  vec![toleration(Some(key), Some(TaintEffect::NoSchedule))], false),
        ];
        for (name, taints, tolerations, want) in table {
            assert_eq!(endures(&tolerations, &taints, &symbols).is_ok(), want, "{name}");
        }
    }

    #[test]
    fn a_host_port_is_had_once_for_each_address_and_protocol() {
        let mut symbols = Symbols::default();
        let [any, one, two, tcp, udp] = ["0.0.0.0", "10.0.0.1", "10.0.0.2", "TCP", "UDP"].map(|text| symbols.intern(text));
        let port = |ip, protocol, port| HostPort { ip, protocol, port };
        #[rustfmt::skip]
        let table = [
            (port(any, tcp, 80), port(one, tcp, 80),  true),
            (port(one, tcp, 80), port(one, tcp, 80),  true),
            (port(one, tcp, 80), port(two, tcp, 80),  false),
            (port(any, tcp, 80), port(any, udp, 80),  false),
            (port(any, tcp, 80), port(any, tcp, 443), false),
        ];
        for (a, b, want) in table {
            assert_eq!((clash(&a, &b, &symbols), clash(&b, &a, &symbols)), (want, want), "{a:?} and {b:?}");
        }
    }
}
