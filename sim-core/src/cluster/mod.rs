//! What is: nodes, Pods, containers, images, addresses, in columns reached by typed ids.

mod lifecycle;

pub use lifecycle::{IllegalStep, Phase, PodState, Signal};
