//! What is: nodes, Pods, containers, images, addresses, reached by typed ids.

mod addresses;
mod downloads;
mod health;
mod images;
mod lifecycle;
mod load;
mod nodes;
mod pods;
mod registry;
mod step;
mod troubles;

pub use addresses::AddressPool;
pub use downloads::Downloads;
pub use health::{Health, NodeReady, NodeTaints};
pub use images::{Backoff, Collected, ImageCache, ImageKey, Presence};
pub use lifecycle::{IllegalStep, Phase, PodState, Signal};
pub use load::{Contention, Course, Limited, Line, Load, want};
pub use nodes::Nodes;
pub(crate) use nodes::preloaded;
pub use pods::{Birth, Container, ContainerHealth, ContainerState, Doing, ExitReason, Pod, PodRef, Pods, Turn, WaitReason, new_pod};
pub use registry::{Phase as PullPhase, Pull, PullError, PullRef, Pulls, RegistryState};
pub use step::Step;
pub use troubles::{ContainerKey, Troubles};
