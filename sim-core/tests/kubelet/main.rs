//! A Pod lives as it does under a real kubelet: worked examples of Kubernetes' rules through a small running cluster, event by event.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::float_cmp, reason = "instants are exact")]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod images;
mod init;
mod probes;
mod restarts;
mod start;
mod status;
mod stop;
