//! What ails nodes: what is down on them, what the control plane knows of it, and the taints that it has given them for it.

use crate::units::SimTime;

/// What is wrong with one node. Several faults may hold one part of it at a time, so each part counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Health {
    /// Faults that keep its power away.
    pub power: u16,
    /// Faults that keep its kubelet away.
    pub kubelet: u16,
    /// Faults that keep its container runtime away.
    pub runtime: u16,
    /// Faults that cut it off from the control plane.
    pub cut: u16,
    /// Faults of its network plugin.
    pub network: u16,
    /// Faults that fill its disk.
    pub disk: u16,
    /// True once power was lost, until the kubelet has seen to what is left.
    pub rebooted: bool,
    /// True while the machine is lost: what comes back is another, empty one.
    pub lost: bool,
    /// The `Ready` condition that the API shows.
    pub ready: NodeReady,
    /// Taints for conditions.
    pub taints: NodeTaints,
    /// When power went last.
    pub down_since: SimTime,
    /// When it fell silent last.
    pub silent_since: SimTime,
    /// When the last of the present faults of power, kubelet or runtime ends.
    pub deaf_until: SimTime,
    /// When the last of the present partitions ends.
    pub cut_until: SimTime,
}

/// The `Ready` condition of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NodeReady {
    /// `True`.
    #[default]
    True,
    /// `False`: its kubelet says so.
    False,
    /// `Unknown`: nothing was heard of it for too long.
    Unknown,
}

impl Health {
    /// A node with which nothing is wrong.
    pub const SOUND: Self = Self {
        power: 0,
        kubelet: 0,
        runtime: 0,
        cut: 0,
        network: 0,
        disk: 0,
        rebooted: false,
        lost: false,
        ready: NodeReady::True,
        taints: NodeTaints(0),
        down_since: SimTime::ZERO,
        silent_since: SimTime::ZERO,
        deaf_until: SimTime::ZERO,
        cut_until: SimTime::ZERO,
    };

    /// True if processes run on it.
    pub const fn has_power(&self) -> bool {
        self.power == 0
    }

    /// True while nobody looks after its Pods: no kubelet, or none that can do anything.
    pub const fn is_deaf(&self) -> bool {
        self.power > 0 || self.kubelet > 0 || self.runtime > 0
    }

    /// True while the control plane hears nothing of it.
    pub const fn is_silent(&self) -> bool {
        self.power > 0 || self.kubelet > 0 || self.cut > 0
    }

    /// True if what the control plane wants is done.
    pub const fn is_attended(&self) -> bool {
        !self.is_deaf() && self.cut == 0
    }
}

/// Taints that the control plane gives nodes for their conditions, as a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NodeTaints(u8);

impl NodeTaints {
    /// `node.kubernetes.io/not-ready:NoSchedule`.
    pub const NOT_READY: Self = Self(1);
    /// `node.kubernetes.io/unreachable:NoSchedule`.
    pub const UNREACHABLE: Self = Self(2);
    /// `node.kubernetes.io/not-ready:NoExecute`.
    pub const NOT_READY_EVICTS: Self = Self(4);
    /// `node.kubernetes.io/unreachable:NoExecute`.
    pub const UNREACHABLE_EVICTS: Self = Self(8);
    /// `node.kubernetes.io/memory-pressure:NoSchedule`.
    pub const MEMORY_PRESSURE: Self = Self(16);
    /// `node.kubernetes.io/disk-pressure:NoSchedule`.
    pub const DISK_PRESSURE: Self = Self(32);
    /// `node.kubernetes.io/pid-pressure:NoSchedule`.
    pub const PID_PRESSURE: Self = Self(64);

    /// Key of `not-ready` taints.
    pub const NOT_READY_KEY: &'static str = "node.kubernetes.io/not-ready";
    /// Key of `unreachable` taints.
    pub const UNREACHABLE_KEY: &'static str = "node.kubernetes.io/unreachable";

    /// Every taint with its key, and whether its effect is `NoExecute` (else `NoSchedule`), in the order in which nodes list them.
    pub const ALL: [(Self, &'static str, bool); 7] = [
        (Self::MEMORY_PRESSURE, "node.kubernetes.io/memory-pressure", false),
        (Self::DISK_PRESSURE, "node.kubernetes.io/disk-pressure", false),
        (Self::PID_PRESSURE, "node.kubernetes.io/pid-pressure", false),
        (Self::NOT_READY, Self::NOT_READY_KEY, false),
        (Self::UNREACHABLE, Self::UNREACHABLE_KEY, false),
        (Self::NOT_READY_EVICTS, Self::NOT_READY_KEY, true),
        (Self::UNREACHABLE_EVICTS, Self::UNREACHABLE_KEY, true),
    ];

    /// True if it has this taint.
    pub const fn has(self, taint: Self) -> bool {
        self.0 & taint.0 != 0
    }

    /// Sets or takes away a taint.
    pub const fn set(&mut self, taint: Self, on: bool) {
        if on {
            self.0 |= taint.0;
        } else {
            self.0 &= !taint.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_heard_and_attended_only_when_nothing_holds_it() {
        let with = |change: fn(&mut Health)| {
            let mut health = Health::SOUND;
            change(&mut health);
            (health.has_power(), health.is_deaf(), health.is_silent(), health.is_attended())
        };
        assert_eq!(with(|_| {}), (true, false, false, true));
        assert_eq!(with(|health| health.power = 2), (false, true, true, false));
        assert_eq!(with(|health| health.kubelet = 1), (true, true, true, false));
        assert_eq!(with(|health| health.runtime = 1), (true, true, false, false));
        assert_eq!(with(|health| health.cut = 1), (true, false, true, false));
        assert_eq!(with(|health| (health.disk, health.network) = (1, 1)), (true, false, false, true));
    }

    #[test]
    fn taints_are_a_set() {
        let mut taints = NodeTaints::default();
        taints.set(NodeTaints::UNREACHABLE, true);
        taints.set(NodeTaints::NOT_READY, true);
        taints.set(NodeTaints::UNREACHABLE, false);
        assert_eq!(NodeTaints::ALL.map(|(taint, ..)| taints.has(taint)), [false, false, false, true, false, false, false]);
    }
}
