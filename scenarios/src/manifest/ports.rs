//! Ports: those that the containers of a Pod share, and those that they take from the node.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::HostPort;

use crate::compile::Builder;
use crate::problem::{Code, Treatment};
use crate::text::tree::Tree;

/// Containers whose ports count: all but ordinary init containers.
fn lasting(spec: &core::PodSpec) -> impl Iterator<Item = (&'static str, usize, &core::Container)> {
    let init = spec.init_containers.iter().flatten().enumerate();
    let sidecars =
        init.filter(|(_, container)| container.restart_policy.is_some()).map(|(row, container)| ("initContainers", row, container));
    sidecars.chain(spec.containers.iter().enumerate().map(|(row, container)| ("containers", row, container)))
}

fn protocol(port: &core::ContainerPort) -> &str {
    port.protocol.as_deref().unwrap_or("TCP")
}

/// The port of the node that a port takes: with the host's network, the container's own.
fn host_port(spec: &core::PodSpec, port: &core::ContainerPort) -> Option<i32> {
    let own = spec.host_network.unwrap_or(false).then_some(port.container_port);
    port.host_port.filter(|port| *port != 0).or(own)
}

/// For each container, init containers first: the place of the first one that has a port of its own and protocol before it.
pub(super) fn holders(spec: &core::PodSpec) -> Vec<Option<u8>> {
    let init = spec.init_containers.iter().flatten().map(|container| (container.restart_policy.is_some(), container));
    let all = init.chain(spec.containers.iter().map(|container| (true, container)));
    let mut holders: BTreeMap<(i32, &str), usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (place, (lasts, container)) in all.enumerate() {
        let ports = container.ports.iter().flatten().filter(|_| lasts).map(|port| (port.container_port, protocol(port)));
        // Containers start in this order: the first to come has the port.
        let held = ports.map(|port| *holders.entry(port).or_insert(place)).filter(|holder| *holder != place);
        found.push(held.min().and_then(|holder| u8::try_from(holder).ok()));
    }
    found
}

/// Ports of the node that a Pod takes.
pub(super) fn host_ports(spec: &core::PodSpec, builder: &mut Builder<'_>) -> Vec<HostPort> {
    let mut taken = Vec::new();
    for port in lasting(spec).flat_map(|(_, _, container)| container.ports.iter().flatten()) {
        if let Some(number) = host_port(spec, port) {
            let ip = builder.symbols.intern(port.host_ip.as_deref().filter(|ip| !ip.is_empty()).unwrap_or("0.0.0.0"));
            let protocol = builder.symbols.intern(protocol(port));
            taken.push(HostPort { ip, protocol, port: number.clamp(0, 65_535) as u16 });
        }
    }
    taken.sort_unstable();
    taken.dedup();
    taken
}

/// Checks numbers and protocols, and that no two containers claim one port.
pub(super) fn check(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) {
    let mut inside: BTreeMap<(i32, &str), &str> = BTreeMap::new();
    let mut outside: BTreeMap<(i32, &str, &str), &str> = BTreeMap::new();
    for (list, row, container) in lasting(spec) {
        for (number, port) in container.ports.iter().flatten().enumerate() {
            let path = [list, &row.to_string(), "ports", &number.to_string()].map(str::to_owned);
            let place = |key: &str| tree.place(&[&path[0], &path[1], &path[2], &path[3], key]);
            check_one(port, place("containerPort"), builder);
            let shared = inside.insert((port.container_port, protocol(port)), &container.name);
            if let Some(other) = shared.filter(|other| *other != container.name) {
                let field = format!("{list}[{row}].ports[{number}].containerPort");
                let text =
                    format!("`{other}` claims port {} too: in one network namespace only one of them can listen", port.container_port);
                builder.report.note(place("containerPort"), field, Treatment::Ignored, text);
            }
            let Some(host) = host_port(spec, port) else { continue };
            let address = port.host_ip.as_deref().unwrap_or_default();
            if let Some(other) = outside.insert((host, protocol(port), address), &container.name) {
                builder
                    .report
                    .problem(Code::PortConflict, place("hostPort"), format!("port {host} of the node is claimed twice in one Pod"))
                    .help(format!("the container `{other}` has it already"));
            }
        }
    }
}

fn check_one(port: &core::ContainerPort, place: crate::text::source::Span, builder: &mut Builder<'_>) {
    let numbers = [Some(port.container_port), port.host_port.filter(|port| *port != 0)];
    for number in numbers.into_iter().flatten().filter(|number| !(1..=65_535).contains(number)) {
        builder.report.problem(Code::OutOfRange, place, format!("{number} is no port")).help("1 to 65535");
    }
    if !["TCP", "UDP", "SCTP"].contains(&protocol(port)) {
        builder
            .report
            .problem(Code::BadValue, place, format!("`{}` is no protocol of a port", protocol(port)))
            .help("`TCP`, `UDP` or `SCTP`");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(sidecar: bool, ports: &[(i32, &str)]) -> core::Container {
        let port = |&(container_port, protocol): &(i32, &str)| core::ContainerPort {
            container_port,
            protocol: (!protocol.is_empty()).then(|| protocol.to_owned()),
            ..core::ContainerPort::default()
        };
        let restart_policy = sidecar.then(|| "Always".to_owned());
        core::Container { ports: Some(ports.iter().map(port).collect()), restart_policy, ..core::Container::default() }
    }

    #[test]
    fn of_two_containers_with_one_port_the_first_has_it() {
        let plain = |ports| container(false, ports);
        let sidecar = |ports| container(true, ports);
        let web = || plain(&[(80, "")]);
        #[rustfmt::skip]
        let table = [
            ("two apps",                     vec![],                      vec![web(), web()],                             vec![None, Some(0)]),
            ("a sidecar is first",           vec![sidecar(&[(80, "")])],  vec![web()],                                    vec![None, Some(0)]),
            ("an init container has gone",   vec![web()],                 vec![web()],                                    vec![None, None]),
            ("another protocol",             vec![],                      vec![web(), plain(&[(80, "UDP")])],             vec![None, None]),
            ("the default protocol by name", vec![],                      vec![web(), plain(&[(80, "TCP")])],             vec![None, Some(0)]),
            ("a port that is listed twice",  vec![],                      vec![plain(&[(80, ""), (80, "")])],             vec![None]),
            ("the first of several",         vec![],                      vec![web(), plain(&[(90, "")]), plain(&[(90, ""), (80, "")])], vec![None, None, Some(0)]),
        ];
        for (name, init, apps, want) in table {
            let spec = core::PodSpec { init_containers: Some(init), containers: apps, ..core::PodSpec::default() };
            assert_eq!(holders(&spec), want, "{name}");
        }
    }
}
