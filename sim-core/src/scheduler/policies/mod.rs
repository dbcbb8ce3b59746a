//! Policies that kube-scheduler does not have: plugins for studies, one file each.
//!
//! A policy implements [`Filter`](super::Filter), [`Score`](super::Score) or both, and has a line in [`POLICIES`]. From there a
//! `KubeSchedulerConfiguration` may name it like any plugin of kube-scheduler, and its arguments are checked at their place in the file.
//! `docs/policies.md` tells how to write one.

mod arguments;
mod best_fit;
mod max_pods_per_app;

use std::sync::Arc;

use super::framework::{AnyFilter, AnyScore};
use crate::table::{ResourceId, Table};

pub use arguments::{Argument, ArgumentError, Arguments, Kind};
pub use best_fit::BestFit;
pub use max_pods_per_app::MaxPodsPerApp;

/// All policies. This is the one place to register one.
pub const POLICIES: &[Policy] = &[
    Policy {
        name: "BestFit",
        about: "prefers nodes that the Pod's request fits best, over all resources together",
        arguments: BestFit::ARGUMENTS,
        filter: None,
        score: Some(|arguments, resources| Arc::new(BestFit::new(arguments, resources))),
    },
    Policy {
        name: "MaxPodsPerApp",
        about: "refuses nodes that have as many Pods of the same app as may be",
        arguments: MaxPodsPerApp::ARGUMENTS,
        filter: Some(|arguments, _| Arc::new(MaxPodsPerApp::new(arguments))),
        score: None,
    },
];

/// Makes a filter of its arguments and of the names of extended resources.
type MakeFilter = fn(&Arguments, &Table<ResourceId, String>) -> Arc<dyn AnyFilter>;
/// Makes a score of the same.
type MakeScore = fn(&Arguments, &Table<ResourceId, String>) -> Arc<dyn AnyScore>;

/// A policy as configurations know it.
#[derive(Debug)]
pub struct Policy {
    /// The name users write.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// The arguments that it takes.
    pub arguments: &'static [Argument],
    /// How the filter is made, if it is one.
    pub(super) filter: Option<MakeFilter>,
    /// How the score is made, if it is one.
    pub(super) score: Option<MakeScore>,
}

impl Policy {
    /// True if it may refuse nodes.
    pub const fn filters(&self) -> bool {
        self.filter.is_some()
    }

    /// True if it scores nodes.
    pub const fn scores(&self) -> bool {
        self.score.is_some()
    }

    /// Its argument of this name.
    ///
    /// # Errors
    /// If it has none.
    pub fn argument(&self, name: &str) -> Result<&'static Argument, ArgumentError> {
        arguments::find(self.arguments, name)
    }
}

/// The policy called `name`.
pub fn find(name: &str) -> Option<&'static Policy> {
    POLICIES.iter().find(|policy| policy.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{DEFAULT_FILTERS, DEFAULT_SCORES};

    #[test]
    fn every_policy_bears_the_name_in_its_line_and_takes_its_defaults() {
        for policy in POLICIES {
            let arguments = Arguments::new(policy.arguments, &[]).unwrap();
            let filter = policy.filter.map(|make| make(&arguments, &Table::new()).name());
            let score = policy.score.map(|make| make(&arguments, &Table::new()).name());
            assert!(filter.is_some() || score.is_some(), "{} does nothing", policy.name);
            assert!(filter.into_iter().chain(score).all(|name| name == policy.name), "{}", policy.name);
        }
    }

    #[test]
    fn names_are_unique_and_all_filters_fit_a_set() {
        let theirs = DEFAULT_FILTERS.into_iter().chain(DEFAULT_SCORES.map(|(name, _)| name));
        assert!(theirs.into_iter().all(|name| find(name).is_none()));
        for (row, policy) in POLICIES.iter().enumerate() {
            assert!(POLICIES[..row].iter().all(|other| other.name != policy.name), "{}", policy.name);
        }
        assert!(DEFAULT_FILTERS.len() + POLICIES.len() <= 32, "a set of plugins has 32 bits");
    }
}
