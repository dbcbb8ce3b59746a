//! What a kubelet and its kernel decide about resources, as arithmetic: no world, no clock, no agenda. One rule, one file.
//!
//! Amounts are integers throughout: CPU rates in microcores, requests and limits of CPU in millicores, memory and storage in bytes.

// A rule stands here whole, with its tests, also where the simulation reads only a part of it.
#![cfg_attr(not(test), allow(dead_code, reason = "rules are complete; what reads them comes and goes"))]

pub(crate) mod admission;
pub(crate) mod cgroup;
pub(crate) mod contention;
pub(crate) mod image_gc;
pub(crate) mod oom_score;
pub(crate) mod ranking;
pub(crate) mod resize;
pub(crate) mod thresholds;
pub(crate) mod throttle;
