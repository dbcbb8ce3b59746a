//! Faults of nodes and zones. A part that several faults hold down is up again when none does.

use crate::cluster::Health;
use crate::spec::NodeFault;
use crate::table::{NodeId, ZoneId};
use crate::units::SimTime;
use crate::world::{Note, World};

/// Something befalls a node until the given instant, or is over.
pub(super) fn set(world: &mut World<'_>, what: NodeFault, node: NodeId, until: Option<SimTime>) {
    let before = world.nodes.health[node];
    change(&mut world.nodes.health[node], what, until);
    tell(world, node, &before);
}

/// All nodes of a zone lose power until the given instant, or have it again.
pub(super) fn set_zone(world: &mut World<'_>, zone: ZoneId, until: Option<SimTime>) {
    let nodes: Vec<NodeId> = world.nodes.zone.iter().filter(|(_, of)| **of == Some(zone)).map(|(node, _)| node).collect();
    for node in nodes {
        set(world, NodeFault::Crash, node, until);
    }
}

fn change(health: &mut Health, what: NodeFault, until: Option<SimTime>) {
    let part = match what {
        NodeFault::Crash | NodeFault::Reboot | NodeFault::Loss => &mut health.power,
        NodeFault::Kubelet => &mut health.kubelet,
        NodeFault::Runtime => &mut health.runtime,
        NodeFault::Partition => &mut health.cut,
        NodeFault::Network => &mut health.network,
        NodeFault::Disk => &mut health.disk,
    };
    let Some(until) = until else {
        *part -= 1;
        return;
    };
    *part += 1;
    match what {
        NodeFault::Partition => health.cut_until = health.cut_until.max(until),
        NodeFault::Network | NodeFault::Disk => {}
        _ => health.deaf_until = health.deaf_until.max(until),
    }
    health.lost |= what == NodeFault::Loss;
}

/// Tells of what has become different with a node, in the order in which it matters: processes first, the control plane last.
fn tell(world: &mut World<'_>, node: NodeId, before: &Health) {
    power(world, node, before);
    let after = world.nodes.health[node];
    if before.is_silent() != after.is_silent() {
        if after.is_silent() {
            world.nodes.health[node].silent_since = world.now;
        }
        world.note(if after.is_silent() { Note::NodeSilent(node) } else { Note::NodeHeard(node) });
    }
    if (before.runtime == 0) != (after.runtime == 0) {
        world.note(Note::NodeRuntime(node, after.runtime > 0));
    }
    if (before.disk == 0) != (after.disk == 0) {
        world.note(Note::DiskFilled(node, after.disk > 0));
    }
    if !before.is_attended() && after.is_attended() {
        world.note(Note::NodeBack(node));
    }
}

fn power(world: &mut World<'_>, node: NodeId, before: &Health) {
    let health = &mut world.nodes.health[node];
    match (before.has_power(), health.has_power()) {
        (true, false) => {
            (health.down_since, health.rebooted) = (world.now, true);
            world.record.nodes.failures += 1;
            world.record.nodes.down.add(1, world.now);
            world.note(Note::NodeDown(node));
        }
        (false, true) => {
            let span = world.now - health.down_since;
            world.record.nodes.downtime.record(span);
            world.record.nodes.down.sub(1, world.now);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimSpan;

    #[test]
    fn a_node_is_up_only_when_none_of_its_faults_holds_it_down() {
        let at = |secs| SimTime::ZERO + SimSpan::from_secs(secs);
        let mut health = Health::SOUND;
        change(&mut health, NodeFault::Crash, Some(at(100)));
        change(&mut health, NodeFault::Loss, Some(at(50)));
        assert_eq!((health.power, health.deaf_until, health.lost), (2, at(100), true));
        change(&mut health, NodeFault::Loss, None);
        assert!(!health.has_power());
        change(&mut health, NodeFault::Partition, Some(at(200)));
        change(&mut health, NodeFault::Crash, None);
        assert_eq!((health.has_power(), health.is_attended(), health.cut_until), (true, false, at(200)));
    }
}
