//! The plugins of kube-scheduler v1.34, one file each.

mod balanced_allocation;
mod image_locality;
pub(super) mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_unschedulable;
mod node_volume_limits;
pub(super) mod pod_topology_spread;
mod priority_sort;
mod resource;
mod resources_fit;
pub(super) mod scheduling_gates;
mod taint_toleration;
mod volume_binding;
mod volume_restrictions;
mod volume_zone;

pub use balanced_allocation::NodeResourcesBalancedAllocation;
pub use image_locality::ImageLocality;
pub use inter_pod_affinity::InterPodAffinity;
pub use node_affinity::NodeAffinity;
pub use node_name::NodeName;
pub use node_ports::NodePorts;
pub use node_unschedulable::NodeUnschedulable;
pub use node_volume_limits::NodeVolumeLimits;
pub use pod_topology_spread::PodTopologySpread;
pub use priority_sort::Rank;
pub use resources_fit::NodeResourcesFit;
pub use taint_toleration::TaintToleration;
pub use volume_binding::VolumeBinding;
pub use volume_restrictions::VolumeRestrictions;
pub use volume_zone::{TOPOLOGY_LABELS, VolumeZone};

pub(super) use balanced_allocation::is_balanced;
pub(super) use resource::Resource;
pub(super) use resources_fit::lacking;
#[cfg(test)]
pub(super) use resources_fit::least_allocated;
