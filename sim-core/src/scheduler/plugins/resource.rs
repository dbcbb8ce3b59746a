//! Resources by name, as plugin arguments tell them.

use crate::spec::Requests;
use crate::table::{ResourceId, Table};

/// A resource that a plugin looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Resource {
    Cpu,
    Memory,
    EphemeralStorage,
    /// An extended resource or huge pages.
    Scalar(ResourceId),
}

impl Resource {
    /// The resource called `name`; `None` for one that no node has and no Pod asks for.
    pub(in super::super) fn find(name: &str, resources: &Table<ResourceId, String>) -> Option<Self> {
        match name {
            "cpu" => Some(Self::Cpu),
            "memory" => Some(Self::Memory),
            "ephemeral-storage" => Some(Self::EphemeralStorage),
            _ => resources.iter().find(|(_, known)| known.as_str() == name).map(|(id, _)| Self::Scalar(id)),
        }
    }

    /// So much of it: millicores, bytes or pieces.
    pub(in super::super) fn of(self, amounts: &Requests) -> u64 {
        match self {
            Self::Cpu => amounts.cpu.0,
            Self::Memory => amounts.memory.0,
            Self::EphemeralStorage => amounts.ephemeral_storage.0,
            Self::Scalar(id) => amounts.scalar(id),
        }
    }

    /// True if a node's score leaves the resource out for a Pod that asks for `asked` of it where there is `allocatable`.
    pub(in super::super) const fn is_left_out(self, asked: u64, allocatable: u64) -> bool {
        allocatable == 0 || matches!(self, Self::Scalar(_)) && asked == 0
    }
}
