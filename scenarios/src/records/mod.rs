//! Recorded decisions of kube-scheduler: one case a line, compiled into a [`sim_core::spec::Spec`] and what is expected of it.

mod case;
mod expected;
mod lines;

pub use case::{Case, case};
pub use expected::{Adaptive, Candidate, Detail, Expected, FailureCounts, Refusal, Scale, Scores, Sequence};
pub use lines::{Line, Lines};
