//! The plugins of kube-scheduler v1.34, one file each.

mod balanced_allocation;
mod image_locality;
pub(super) mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_unschedulable;
pub(super) mod pod_topology_spread;
mod priority_sort;
mod resource;
mod resources_fit;
pub(super) mod scheduling_gates;
mod taint_toleration;

pub use balanced_allocation::NodeResourcesBalancedAllocation;
pub use image_locality::ImageLocality;
pub use inter_pod_affinity::InterPodAffinity;
pub use node_affinity::NodeAffinity;
pub use node_name::NodeName;
pub use node_ports::NodePorts;
pub use node_unschedulable::NodeUnschedulable;
pub use pod_topology_spread::PodTopologySpread;
pub use priority_sort::Rank;
pub use resources_fit::NodeResourcesFit;
pub use taint_toleration::TaintToleration;

pub(super) use balanced_allocation::is_balanced;
pub(super) use resource::Resource;
pub(super) use resources_fit::lacking;
#[cfg(test)]
pub(super) use resources_fit::least_allocated;
