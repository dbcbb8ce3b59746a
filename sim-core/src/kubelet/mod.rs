//! The kubelet: starts and stops Pods, pulls images, watches and restarts containers.
//!
//! All kubelets are one set of functions over the world; what a node's kubelet knows lies in the node's columns. Each Pod has a worker
//! ([`sync`]) that does one thing at a time; what happens in containers ([`process`]) is noticed at relists ([`relist`]) and by probes
//! ([`health`]), which wake the worker.

pub(crate) mod admission;
mod backoff;
mod health;
mod image_gc;
pub mod images;
mod node;
mod phase;
mod probe;
mod process;
mod pulls;
mod relist;
pub(crate) mod rules;
mod season;
mod start;
mod status;
mod stop;
mod strike;
mod sync;
pub mod usage;
pub mod volumes;

pub use health::{hang_over, hang_seen, hung, probe_kill, ready, startup_passed, state_of};
pub use node::{collected, made_good, node_back, node_down, put_off};
pub use process::{exited, killed, restart};
pub use relist::relist;
pub use season::season;
pub use start::bound;
pub use stop::{deadline, delete, fail, released, removed, stopped, torn_down};
pub use strike::{registry_fault, struck};
pub use sync::{due, step_done};
