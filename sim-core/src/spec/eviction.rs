//! What a kubelet defends its node with: eviction thresholds, garbage collection of images.

use crate::units::SimSpan;

/// What a kubelet watches of its node.
///
/// Source: `pkg/kubelet/eviction/api/types.go` of Kubernetes v1.34.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EvictionSignal {
    /// `memory.available`: capacity less the node's working set, in bytes.
    MemoryAvailable,
    /// `allocatableMemory.available`: the same of what Pods may use; the kubelet's own copy of the hard memory threshold.
    AllocatableMemoryAvailable,
    /// `nodefs.available`: bytes free on the file system of logs, volumes and (as a rule) writable layers.
    NodeFsAvailable,
    /// `nodefs.inodesFree`.
    NodeFsInodesFree,
    /// `imagefs.available`: bytes free on the file system of images.
    ImageFsAvailable,
    /// `imagefs.inodesFree`.
    ImageFsInodesFree,
    /// `pid.available`: processes that may still be started.
    PidAvailable,
}

impl EvictionSignal {
    /// All that a configuration may name.
    pub const NAMED: [Self; 6] = [
        Self::MemoryAvailable,
        Self::NodeFsAvailable,
        Self::NodeFsInodesFree,
        Self::ImageFsAvailable,
        Self::ImageFsInodesFree,
        Self::PidAvailable,
    ];

    /// The kubelet's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MemoryAvailable => "memory.available",
            Self::AllocatableMemoryAvailable => "allocatableMemory.available",
            Self::NodeFsAvailable => "nodefs.available",
            Self::NodeFsInodesFree => "nodefs.inodesFree",
            Self::ImageFsAvailable => "imagefs.available",
            Self::ImageFsInodesFree => "imagefs.inodesFree",
            Self::PidAvailable => "pid.available",
        }
    }
}

/// An amount, or a share of the capacity.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// Bytes, inodes or processes.
    Amount(u64),
    /// Millionths of the capacity.
    Share(u32),
}

impl Level {
    /// Nothing.
    pub const ZERO: Self = Self::Amount(0);

    /// Whole percents of the capacity.
    pub const fn percent(percent: u32) -> Self {
        Self::Share(percent * 10_000)
    }

    /// The amount, of a capacity; shares are rounded down.
    pub const fn of(self, capacity: u64) -> u64 {
        match self {
            Self::Amount(amount) => amount,
            Self::Share(millionths) => (capacity as u128 * millionths as u128 / 1_000_000) as u64,
        }
    }

    /// True for nothing at all: such a threshold does not exist.
    pub const fn is_zero(self) -> bool {
        matches!(self, Self::Amount(0) | Self::Share(0))
    }
}

/// A threshold: met while less than this is left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Threshold {
    /// What is watched.
    pub signal: EvictionSignal,
    /// Met below this.
    pub level: Level,
    /// How long it must be met before it acts; `None` for a hard threshold, which acts at once.
    pub grace: Option<SimSpan>,
    /// Once met it stays so until this much more than `level` is left.
    pub min_reclaim: Level,
}

impl Threshold {
    /// A hard threshold that reclaims no more than it must.
    pub const fn hard(signal: EvictionSignal, level: Level) -> Self {
        Self { signal, level, grace: None, min_reclaim: Level::ZERO }
    }
}

/// A kubelet's eviction settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Eviction {
    /// Thresholds, hard ones first.
    pub thresholds: Vec<Threshold>,
    /// A pressure condition is reported so long after it was last seen (`evictionPressureTransitionPeriod`, 5 min).
    pub pressure_transition: SimSpan,
    /// Longest grace period of a Pod that a soft threshold evicts (`evictionMaxPodGracePeriod`, 0).
    pub max_pod_grace: SimSpan,
    /// Period of the control loop (10 s).
    pub period: SimSpan,
}

impl Default for Eviction {
    /// The kubelet's defaults on Linux.
    fn default() -> Self {
        Self {
            thresholds: hard_thresholds(&[], false),
            pressure_transition: SimSpan::from_secs(300),
            max_pod_grace: SimSpan::ZERO,
            period: SimSpan::from_secs(10),
        }
    }
}

/// Hard thresholds of a kubelet that is given some: setting any switches all off that are not named, unless the defaults are merged in.
/// What Pods may use has the node's memory threshold.
///
/// Source: `cmd/kubelet/app/server.go` and `addAllocatableThresholds` in `pkg/kubelet/eviction/helpers.go` of Kubernetes v1.34.
pub fn hard_thresholds(given: &[Threshold], merge_defaults: bool) -> Vec<Threshold> {
    let mut all = given.to_vec();
    if given.is_empty() || merge_defaults {
        let unnamed = DEFAULT_HARD.iter().filter(|(signal, _)| given.iter().all(|threshold| threshold.signal != *signal));
        all.extend(unnamed.map(|&(signal, level)| Threshold::hard(signal, level)));
    }
    all.retain(|threshold| !threshold.level.is_zero());
    let memory = all.iter().find(|threshold| threshold.signal == EvictionSignal::MemoryAvailable).copied();
    all.extend(memory.map(|memory| Threshold { signal: EvictionSignal::AllocatableMemoryAvailable, ..memory }));
    all
}

/// Hard thresholds of a kubelet on Linux that is told nothing.
///
/// Source: `pkg/kubelet/eviction/defaults_linux.go` of Kubernetes v1.34.
pub const DEFAULT_HARD: [(EvictionSignal, Level); 5] = [
    (EvictionSignal::MemoryAvailable, Level::Amount(100 << 20)),
    (EvictionSignal::NodeFsAvailable, Level::percent(10)),
    (EvictionSignal::NodeFsInodesFree, Level::percent(5)),
    (EvictionSignal::ImageFsAvailable, Level::percent(15)),
    (EvictionSignal::ImageFsInodesFree, Level::percent(5)),
];

/// How a container runtime turns CPU shares into weights of cgroups.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum CpuWeights {
    /// In proportion to shares, as cgroup v1 does.
    #[default]
    Shares,
    /// The linear map of cgroup v2: runc before 1.3.2, crun before 1.23.
    LinearV2,
    /// The newer map for containers, the linear one above them.
    NewV2,
}

#[cfg(test)]
mod tests {
    use super::*;
    use EvictionSignal::{
        AllocatableMemoryAvailable, ImageFsAvailable, ImageFsInodesFree, MemoryAvailable, NodeFsAvailable, NodeFsInodesFree,
    };

    #[test]
    fn a_level_is_an_amount_or_a_share_of_what_there_is() {
        #[rustfmt::skip]
        let table = [
            (Level::Amount(100),  1_000,  100),
            (Level::percent(10),  1_005,  100),
            (Level::percent(100), 7,      7),
            (Level::Share(5),     1 << 50, 5_629_499_534),
            (Level::ZERO,         1_000,  0),
        ];
        for (level, capacity, want) in table {
            assert_eq!(level.of(capacity), want, "{level:?} of {capacity}");
        }
    }

    #[test]
    fn a_kubelet_that_is_told_nothing_has_six_hard_thresholds_and_no_soft_one() {
        let of = |signal| Eviction::default().thresholds.into_iter().find(|threshold| threshold.signal == signal);
        #[rustfmt::skip]
        let table = [
            (EvictionSignal::MemoryAvailable,            Some(Level::Amount(104_857_600))),
            (EvictionSignal::AllocatableMemoryAvailable, Some(Level::Amount(104_857_600))),
            (EvictionSignal::NodeFsAvailable,            Some(Level::percent(10))),
            (EvictionSignal::NodeFsInodesFree,           Some(Level::percent(5))),
            (EvictionSignal::ImageFsAvailable,           Some(Level::percent(15))),
            (EvictionSignal::ImageFsInodesFree,          Some(Level::percent(5))),
            (EvictionSignal::PidAvailable,               None),
        ];
        for (signal, want) in table {
            let found = of(signal);
            assert_eq!(found.map(|threshold| threshold.level), want, "{}", signal.name());
            assert!(found.is_none_or(|threshold| threshold.grace.is_none() && threshold.min_reclaim.is_zero()));
        }
        let settings = Eviction::default();
        assert_eq!((settings.period, settings.pressure_transition), (SimSpan::from_secs(10), SimSpan::from_secs(300)));
    }

    #[test]
    fn whoever_sets_one_hard_threshold_sets_them_all_unless_defaults_are_merged_in() {
        let memory = Threshold::hard(MemoryAvailable, Level::Amount(1 << 30));
        let off = Threshold::hard(NodeFsAvailable, Level::ZERO);
        #[rustfmt::skip]
        let table = [
            ("nothing set",        vec![],            false, vec![MemoryAvailable, NodeFsAvailable, NodeFsInodesFree, ImageFsAvailable, ImageFsInodesFree, AllocatableMemoryAvailable]),
            ("memory set",         vec![memory],      false, vec![MemoryAvailable, AllocatableMemoryAvailable]),
            ("memory set, merged", vec![memory],      true,  vec![MemoryAvailable, NodeFsAvailable, NodeFsInodesFree, ImageFsAvailable, ImageFsInodesFree, AllocatableMemoryAvailable]),
            ("one switched off",   vec![memory, off], true,  vec![MemoryAvailable, NodeFsInodesFree, ImageFsAvailable, ImageFsInodesFree, AllocatableMemoryAvailable]),
            ("all switched off",   vec![off],         false, vec![]),
        ];
        for (name, given, merge, want) in table {
            let all = hard_thresholds(&given, merge);
            assert_eq!(all.iter().map(|threshold| threshold.signal).collect::<Vec<_>>(), want, "{name}");
        }
        let copy = hard_thresholds(&[memory], false)[1];
        assert_eq!(copy.level, Level::Amount(1 << 30), "what Pods may use has the node's threshold");
    }
}
