//! What is: nodes, Pods, containers, images, addresses, reached by typed ids.

mod addresses;
mod images;
mod lifecycle;
mod load;
mod nodes;
mod pods;
mod step;

pub use addresses::AddressPool;
pub use images::{ImageCache, ImageKey, Presence};
pub use lifecycle::{IllegalStep, Phase, PodState, Signal};
pub use load::{Contention, Course, Limited, Line, Load, want};
pub use nodes::Nodes;
pub use pods::{Birth, Container, ContainerState, ExitReason, Pod, PodRef, Pods, new_pod};
pub use step::Step;
