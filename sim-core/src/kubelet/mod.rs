//! The kubelet: starts and stops Pods, pulls images, watches and restarts containers.
//!
//! All kubelets are one set of functions over the world; what a node's kubelet knows lies in the node's columns.

pub(crate) mod admission;
mod images;
mod restart;
pub(crate) mod rules;
mod running;
mod season;
mod start;
mod stop;
pub mod usage;

pub use restart::{exit_seen, exited, killed, restart_due, up, up_seen};
pub use running::{hang_forgotten, hang_over, hang_seen, hung, probe_kill, ready};
pub use season::season;
pub use start::{bound, step_done};
pub use stop::{delete, fail, released, removed, stopped, torn_down};
