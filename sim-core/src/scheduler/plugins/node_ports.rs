//! `NodePorts`: a host port is taken by one Pod of a node.

use super::super::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection};
use crate::spec::{HostPort, Symbols};
use crate::table::Symbol;

/// The address that stands for all of a node's addresses.
const ANY_ADDRESS: &str = "0.0.0.0";

/// Refuses nodes on which one of the Pod's host ports is taken.
///
/// Source: `pkg/scheduler/framework/plugins/nodeports/node_ports.go` and `HostPortInfo` in `pkg/scheduler/framework/types.go` of
/// Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub struct NodePorts;

/// True if one of `wanted` is taken: same port and protocol, and the addresses are equal or one of them is every address.
pub(in super::super) fn conflicts(wanted: &[HostPort], taken: &[HostPort], symbols: &Symbols) -> bool {
    let any = |ip: Symbol| symbols.text(ip) == ANY_ADDRESS;
    let clash = |a: &HostPort, b: &HostPort| a.port == b.port && a.protocol == b.protocol && (a.ip == b.ip || any(a.ip) || any(b.ip));
    wanted.iter().any(|port| taken.iter().any(|other| clash(port, other)))
}

impl Filter for NodePorts {
    type State = ();

    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn prepare(&self, pod: &PodView<'_>, _: ClusterView<'_>) -> Prepared<()> {
        if pod.template.placement.host_ports.is_empty() { Prepared::Skip } else { Prepared::Check(()) }
    }

    fn admit(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        if conflicts(&pod.template.placement.host_ports, &node.load.ports, pod.symbols) {
            return Err(Rejection::resolvable(Reason::NodePorts));
        }
        Ok(())
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::AssignedPodDeleted]
    }

    /// The deleted Pod held a port that this one wants.
    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        match happening {
            Happening::AssignedPodDeleted(gone) => conflicts(&pod.template.placement.host_ports, &gone.placement.host_ports, pod.symbols),
            Happening::AssignedPodAdded(_) | Happening::ScaledDown(..) | Happening::Uncordoned(_) | Happening::Retainted(..) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;

    #[test]
    fn ports_conflict_by_number_protocol_and_address() {
        let mut bed = Bed::default();
        let [any, one, two, tcp, udp] = ["0.0.0.0", "10.0.0.1", "10.0.0.2", "TCP", "UDP"].map(|text| bed.symbol(text));
        let port = |ip, protocol, port| HostPort { ip, protocol, port };
        #[rustfmt::skip]
        let table = [
            (port(any, tcp, 80), port(any, tcp, 80),  true),
            (port(any, tcp, 80), port(one, tcp, 80),  true),
            (port(one, tcp, 80), port(any, tcp, 80),  true),
            (port(one, tcp, 80), port(one, tcp, 80),  true),
            (port(one, tcp, 80), port(two, tcp, 80),  false),
            (port(any, tcp, 80), port(any, udp, 80),  false),
            (port(any, tcp, 80), port(any, tcp, 443), false),
        ];
        for (wanted, taken, want) in table {
            assert_eq!(conflicts(&[wanted], &[taken], bed.symbols()), want, "{wanted:?} against {taken:?}");
        }
    }

    #[test]
    fn a_node_refuses_a_port_until_its_holder_is_gone() {
        let mut bed = Bed::default();
        let node = bed.node(|_, _| {});
        let [ip, protocol] = ["0.0.0.0", "TCP"].map(|text| bed.symbol(text));
        let pod = bed.pod(|pod, _| pod.placement.host_ports = vec![HostPort { ip, protocol, port: 80 }]);
        bed.charge(pod, node);
        assert_eq!(bed.admit(&NodePorts, pod, node), Err(Rejection::resolvable(Reason::NodePorts)));
        bed.free(pod, node);
        assert_eq!(bed.admit(&NodePorts, pod, node), Ok(()));
    }
}
