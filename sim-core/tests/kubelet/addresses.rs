//! Addresses belong to sandboxes.

use crate::support::pods::{and, app, deleted, pod, runs, secs, steady};
use crate::support::told::{at, told};
use crate::support::workload;
use sim_core::Simulation;
use sim_core::spec::{Arrivals, Controller, Distribution, FaultKind, NodeFault, RestartPolicy, Source, Spec, Workload};
use sim_core::table::{NodeId, TemplateId};
use std::net::Ipv4Addr;

/// The addresses in use on a cluster at these instants.
fn addresses(spec: &Spec, instants: &[f64]) -> Vec<Vec<String>> {
    let mut run = Simulation::new(spec, 0);
    let after = |secs: f64| {
        while run.progress().now <= at(secs) && run.step() {}
        run.addresses().into_iter().map(|(_, address)| Ipv4Addr::from(address).to_string()).collect()
    };
    instants.iter().copied().map(after).collect()
}

fn steady_pod() -> Spec {
    pod(RestartPolicy::Always, vec![app("M", steady())])
}

/// Bare Pods of the first template, from the start or at an instant.
fn more(source: Source) -> Workload {
    Workload { name: "more".into(), template: TemplateId(0), ..workload(Controller::Bare, source) }
}

#[test]
fn a_fresh_block_of_a_node_goes_round_as_in_the_worked_example() {
    // The first Pod goes at 100 s; the fourth comes at 200 s.
    let spec = and(deleted(steady_pod(), 100.0), more(Source::Standing { instances: 2 }));
    let mut spec = and(spec, more(Source::Arriving(Arrivals::At(vec![at(200.0)]))));
    spec.network.cluster_base = (10 << 24) + (1 << 8);
    let seen = addresses(&spec, &[50.0, 150.0, 250.0]);
    assert_eq!(seen[0], ["10.0.1.2", "10.0.1.3", "10.0.1.4"]);
    assert_eq!(seen[1], ["10.0.1.3", "10.0.1.4"]);
    let mut last = seen[2].clone();
    last.sort();
    assert_eq!(last, ["10.0.1.3", "10.0.1.4", "10.0.1.5"], "2 is not given out again before the cursor comes round");
}

#[test]
fn an_address_stays_through_restarts_and_goes_with_its_sandbox() {
    let mut spec = pod(RestartPolicy::Always, vec![app("M", runs(30.0, 1))]);
    let kind = FaultKind::Node { what: NodeFault::Crash, lasts: Distribution::Constant(30.0), nodes: vec![NodeId(0)] };
    spec.faults.push(crate::support::pods::fault(kind, 200.0));
    assert!(told(&spec).starts("M").iter().filter(|time| **time < 200.0).count() >= 4);
    let seen = addresses(&spec, &[10.0, 35.0, 190.0, 250.0]);
    assert_eq!(seen, [["10.0.0.2"], ["10.0.0.2"], ["10.0.0.2"], ["10.0.0.3"]]);
}

#[test]
fn a_pod_on_its_node_s_network_takes_no_address() {
    let mut spec = steady_pod();
    spec.templates.rows_mut()[0].host_network = true;
    assert!(addresses(&spec, &[10.0])[0].is_empty());
    let told = told(&spec);
    assert_eq!((told.starts("M"), told.outcome.addresses.assigned), (vec![0.0], 0));
}

#[test]
fn a_block_that_is_used_up_keeps_a_pod_waiting_until_an_address_is_free() {
    // A /30 has one address for Pods: the first Pod holds it for 40 s.
    let mut spec = and(deleted(steady_pod(), 40.0), more(Source::Standing { instances: 1 }));
    spec.network.node_prefix = 30;
    spec.kubelet.resync = secs(10.0);
    let told = told(&spec);
    assert_eq!(told.times(0, "", "SandboxReady"), [0.0]);
    let (failed, ready) = (told.times(1, "", "FailedCreatePodSandBox"), told.times(1, "", "SandboxReady"));
    assert!((3..=4).contains(&failed.len()) && failed[0] == 0.0, "{failed:?}");
    assert!(failed.windows(2).all(|pair| (10.0..=15.0).contains(&(pair[1] - pair[0]))), "{failed:?}");
    assert!(ready.len() == 1 && (40.0..=55.0).contains(&ready[0]), "{ready:?}");
    assert_eq!(told.times(1, "M", "Started"), ready);
}
