//! What is: nodes, Pods, containers, images, addresses, reached by typed ids.

mod addresses;
mod health;
mod images;
mod lifecycle;
mod nodes;
mod pods;
mod step;
mod troubles;

pub use addresses::AddressPool;
pub use health::{Health, NodeReady, NodeTaints};
pub use images::{ImageCache, ImageKey, Presence};
pub use lifecycle::{IllegalStep, Phase, PodState, Signal};
pub use nodes::Nodes;
pub(crate) use nodes::preloaded;
pub use pods::{Birth, Container, ContainerHealth, ContainerState, Doing, ExitReason, Pod, PodRef, Pods, WaitReason, new_pod};
pub use step::Step;
pub use troubles::{ContainerKey, Troubles};
