//! What becomes of a node's Pods when the node, its kubelet, its runtime or its connection goes and comes back.
//!
//! - **Power is lost**: all processes are gone at once and nobody notices; the API shows the Pods as they were. When the kubelet is back
//!   it finds no sandbox: Pods whose restart policy allows it get a new one with a new address and start again from their first init
//!   container (exit code 137, reason `ContainerStatusUnknown`); others have failed.
//! - **Kubelet or runtime is away**: processes run on; exits, failed probes and timers are noticed when it is back.
//! - **Cut off**: the kubelet goes on with what it knows; nothing is reported, and deletions are heard of when the connection is back.
//!
//! Source: `computePodActions` in `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (sandbox changed) and `convertToAPIContainerStatuses`
//! in `pkg/kubelet/kubelet_pods.go` of Kubernetes v1.34.

use super::{health, process, stop, sync};
use crate::cluster::{ContainerHealth, ContainerState, Doing, ExitReason, PodRef, preloaded};
use crate::engine::random::Purpose;
use crate::event::{ContainerRef, Event};
use crate::measure::Happening;
use crate::spec::{ContainerKind, RestartPolicy};
use crate::table::{NodeId, PodId};
use crate::units::{SimSpan, SimTime};
use crate::world::World;

/// What an event needs in order to happen.
enum Needs {
    /// A kubelet that looks.
    Kubelet,
    /// A kubelet that looks, and whose probe ticks anew with this period once it is back.
    Prober(SimSpan),
    /// A kubelet and the control plane.
    ControlPlane,
}

/// A node has lost power: its Pods' processes are gone, and nobody notices.
pub fn node_down(world: &mut World<'_>, node: NodeId) {
    let residents = world.nodes.residents[node].clone();
    for pod in residents {
        if !world.pods[pod].state.is_terminal() {
            vanish(world, pod);
        }
    }
    super::pulls::drop_all(world, node);
}

/// A Pod's processes and its sandbox are gone with its node, and so is what its worker was doing.
fn vanish(world: &mut World<'_>, pod: PodId) {
    let mut lost = false;
    for index in 0..world.pods.containers_of(pod) {
        if health::is_up(world, pod, index) {
            let row = world.pods.container_mut(pod, index);
            (row.exit, row.reason) = (process::KILLED, ExitReason::StatusUnknown);
            world.container_down(pod, index, ContainerState::Vanished);
            lost = true;
            if !world.pods[pod].terminating {
                health::note_failure(world, pod);
            }
        }
    }
    world.record.nodes.pods_lost += u64::from(lost);
    world.sandbox_down(pod);
    let row = &mut world.pods[pod];
    (row.doing, row.epoch) = (Doing::Nothing, row.epoch.wrapping_add(1));
}

/// A node has power, kubelet, runtime and the control plane again.
pub fn node_back(world: &mut World<'_>, node: NodeId) {
    let rebooted = std::mem::take(&mut world.nodes.health[node].rebooted);
    if rebooted {
        world.nodes.kubelet_since[node] = world.now;
    }
    if std::mem::take(&mut world.nodes.health[node].lost) {
        let pool = world.nodes.pool[node];
        world.nodes.images[node] = preloaded(world.spec, pool);
    }
    for pod in std::mem::take(&mut world.nodes.unheard[node]) {
        hear_of_deletion(world, pod);
    }
    let residents = world.nodes.residents[node].clone();
    for pod in residents {
        match (world.pods[pod].state.is_terminal() || world.pods[pod].terminating, rebooted) {
            (true, _) => {}
            (false, true) => revive(world, pod),
            (false, false) => report(world, pod),
        }
    }
}

/// A node hears of a Pod's deletion, which began while it could not.
fn hear_of_deletion(world: &mut World<'_>, pod: PodRef) {
    if let Some(pod) = world.pods.alive(pod).filter(|&pod| !world.pods[pod].state.is_terminal()) {
        stop::terminate(world, pod);
    }
}

/// True if a Pod's node cannot hear of its deletion now; it will when it is back.
pub(super) fn out_of_reach(world: &mut World<'_>, pod: PodId) -> bool {
    let node = world.pods[pod].node;
    if world.nodes.health[node].is_attended() {
        return false;
    }
    let pod = world.pod_ref(pod);
    world.nodes.unheard[node].push(pod);
    true
}

/// The object of a Pod on a node that is gone was deleted by force: the Pod has failed, and nobody stops anything.
pub fn collected(world: &mut World<'_>, pod: PodId) {
    if !world.pods[pod].state.is_terminal() {
        world.record.nodes.pods_collected += 1;
        world.set_ready(pod, false);
        stop::finish(world, pod, false);
    }
}

/// The kubelet finds a Pod without its sandbox after its node was down: it makes a new one, and all begins anew in it.
fn revive(world: &mut World<'_>, pod: PodId) {
    let started = (0..world.pods.containers_of(pod)).any(|index| world.pods.container(pod, index).starts > 0);
    if started && world.template(pod).restart_policy == RestartPolicy::Never {
        return stop::finish(world, pod, false);
    }
    world.free_address(pod);
    let row = &mut world.pods[pod];
    (row.mounted, row.initialized, row.volumes_from) = (false, false, SimTime::MAX);
    for index in 0..world.pods.containers_of(pod) {
        reset(world, pod, index);
    }
    world.tell(pod, None, Happening::SandboxChanged);
    health::settle(world, pod);
    let draw = 4 + u64::from(world.pods[pod].sandboxes);
    let watch = world.draw(&world.spec.control_plane.watch, Purpose::Watch, world.pods[pod].entity, draw);
    sync::take(world, pod, Doing::Noticing, watch);
}

/// A container waits to be started again, unless it has ended for good; init containers run again from the first.
fn reset(world: &mut World<'_>, pod: PodId, index: u8) {
    let kind = world.container_spec(pod, index).kind;
    let policy = world.template(pod).restart_policy;
    let row = world.pods.container_mut(pod, index);
    let again = row.starts > 0 && (row.state == ContainerState::Backoff || process::restarts(policy, kind, row.exit));
    row.noticed = true;
    row.state = match kind {
        ContainerKind::Init => ContainerState::Waiting,
        ContainerKind::App | ContainerKind::Sidecar if row.starts == 0 => ContainerState::Waiting,
        ContainerKind::App | ContainerKind::Sidecar if again => ContainerState::Backoff,
        ContainerKind::App | ContainerKind::Sidecar => ContainerState::Done,
    };
    let fares = if row.state == ContainerState::Backoff { ContainerHealth::Restarting } else { ContainerHealth::Fine };
    health::mark(world, pod, index, fares);
}

/// The kubelet of a Pod that ran on tells how it is.
fn report(world: &mut World<'_>, pod: PodId) {
    sync::wake(world, pod);
}

/// Puts an event that needs a node's kubelet, or the control plane, off until it is back; false if it can happen now.
pub fn put_off(world: &mut World<'_>, event: Event) -> bool {
    if world.spec.faults.is_empty() {
        return false;
    }
    let Some((pod, needs)) = needs(world, event) else { return false };
    if !world.pods[pod].assigned {
        return false;
    }
    let health = world.nodes.health[world.pods[pod].node];
    let until = match needs {
        _ if health.is_deaf() => health.deaf_until,
        Needs::ControlPlane if health.cut > 0 => health.cut_until,
        _ => return false,
    };
    let delay = match needs {
        Needs::Prober(period) => probe_delay(world, pod, period),
        Needs::Kubelet | Needs::ControlPlane => SimSpan::ZERO,
    };
    world.at(until.max(world.now) + delay, event);
    true
}

/// A kubelet that comes back begins to probe after a random part of the period.
fn probe_delay(world: &mut World<'_>, pod: PodId, period: SimSpan) -> SimSpan {
    let (entity, draw) = (world.pods[pod].entity, world.now.as_nanos());
    SimSpan::from_secs_f64(world.stream(Purpose::Sync, entity, draw).unit() * period.as_secs_f64())
}

/// The Pod that an event is about and what it needs; `None` if it needs nothing.
fn needs(world: &World<'_>, event: Event) -> Option<(PodId, Needs)> {
    let of = |pod: PodRef, needs: Needs| Some((world.pods.alive(pod)?, needs));
    match event {
        Event::StepDone { pod, .. } => {
            let noticing = world.pods[pod.id].doing == Doing::Noticing;
            of(pod, if noticing { Needs::ControlPlane } else { Needs::Kubelet })
        }
        Event::Sync { pod, .. } | Event::Relist(pod) | Event::Deadline(pod) | Event::Ready { pod, .. } => of(pod, Needs::Kubelet),
        Event::HangSeen(container) => probed(world, container, |about| about.readiness),
        Event::StartupPassed(container) => probed(world, container, |about| about.startup),
        Event::ProbeKill(container) => probed(world, container, |about| about.liveness),
        Event::Stopped(pod) => of(pod, Needs::ControlPlane),
        _ => None,
    }
}

fn probed(
    world: &World<'_>,
    container: ContainerRef,
    probe: impl Fn(&crate::spec::ContainerSpec) -> Option<crate::spec::Probe>,
) -> Option<(PodId, Needs)> {
    let pod = world.pods.alive(container.pod)?;
    let period = probe(world.container_spec(pod, container.index)).map_or(SimSpan::ZERO, |probe| probe.period);
    Some((pod, Needs::Prober(period)))
}

/// A replacement runs: the failures that it makes good are over.
pub fn made_good(world: &mut World<'_>, pod: PodId) {
    let row = &mut world.pods[pod];
    let since = std::mem::replace(&mut row.replaces, SimTime::MAX);
    let failures = u64::from(std::mem::take(&mut row.replaces_failures));
    if since != SimTime::MAX {
        world.record.nodes.recovery.record(world.now - since);
        world.record.nodes.recovered_elsewhere += failures;
    }
}

/// True if a node gives no addresses to Pods now: its network plugin fails.
pub(super) fn without_network(world: &World<'_>, pod: PodId) -> bool {
    world.nodes.health[world.pods[pod].node].network > 0
}
