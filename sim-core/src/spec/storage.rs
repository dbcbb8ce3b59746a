//! Claims to storage, reduced to what decides where a Pod can be.

use super::pod::NodeSelectorTerm;
use crate::table::Symbol;

/// A `PersistentVolumeClaim` that a Pod mounts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Its name. Claims of one name in one namespace are the same claim, those made for each Pod apart.
    pub name: Symbol,
    /// True if the Pod has it made for itself (a generic ephemeral volume).
    pub ephemeral: bool,
    /// True if one Pod at a time may use it (`ReadWriteOncePod`).
    pub once_pod: bool,
    /// What is behind it.
    pub state: ClaimState,
}

/// What is behind a claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimState {
    /// There is no such claim.
    Missing,
    /// `status.phase: Lost`: the volume of this name is gone.
    Lost(Symbol),
    /// It has a `deletionTimestamp`.
    Deleted,
    /// It is not bound, and does not wait for a Pod.
    Unbound,
    /// It is bound once a Pod is placed (`WaitForFirstConsumer`).
    Waiting {
        /// Terms of which a node must match one; `None` if any node will do.
        allowed: Option<Vec<NodeSelectorTerm>>,
        /// `volume.kubernetes.io/selected-node`: the node that was chosen before.
        selected: Option<Symbol>,
        /// The volume that its node will attach.
        attached: Option<AttachedVolume>,
    },
    /// It is bound to a volume of this name, which does not exist.
    BoundToMissing(Symbol),
    /// It is bound.
    Bound(Volume),
}

/// A `PersistentVolume` that a claim is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Volume {
    /// `spec.nodeAffinity.required`: terms of which a node must match one; `None` if there is none.
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// Its zone and region labels with the values that they list.
    pub topology: Vec<(Symbol, Vec<Symbol>)>,
    /// What its node attaches, if a CSI driver does so.
    pub attached: Option<AttachedVolume>,
}

/// A volume that counts towards the attach limit of a CSI driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttachedVolume {
    /// The driver.
    pub driver: Symbol,
    /// The volume, which counts once on a node however many Pods use it; `None` if each Pod has one of its own.
    pub handle: Option<Symbol>,
}

impl Claim {
    /// True if there is no such claim.
    pub const fn is_missing(&self) -> bool {
        matches!(self.state, ClaimState::Missing)
    }

    /// What the node of the Pod attaches.
    pub const fn attached(&self) -> Option<AttachedVolume> {
        match &self.state {
            ClaimState::Bound(volume) => volume.attached,
            ClaimState::Waiting { attached, .. } => *attached,
            _ => None,
        }
    }
}
