//! What is: nodes, Pods, containers, images, addresses, reached by typed ids.

mod addresses;
mod downloads;
mod images;
mod lifecycle;
mod nodes;
mod pods;
mod registry;
mod step;

pub use addresses::AddressPool;
pub use downloads::Downloads;
pub use images::{Backoff, Collected, ImageCache, ImageKey, Presence};
pub use lifecycle::{IllegalStep, Phase, PodState, Signal};
pub use nodes::Nodes;
pub use pods::{Birth, Container, ContainerState, ExitReason, Pod, PodRef, Pods, new_pod};
pub use registry::{Phase as PullPhase, Pull, PullError, PullRef, Pulls, RegistryState};
pub use step::Step;
