//! What the scheduler consults beside nodes and Pods: namespaces and disruption budgets.

use super::{LabelSelector, Labels};
use crate::table::Symbol;

/// A namespace that is known; one that is not has no labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: Symbol,
    /// Its labels.
    pub labels: Labels,
}

/// A `PodDisruptionBudget`, as preemption reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisruptionBudget {
    /// Its namespace.
    pub namespace: Symbol,
    /// Labels of the Pods that it protects; one that is absent or without requirements protects none.
    pub selector: Option<LabelSelector>,
    /// `status.disruptionsAllowed`.
    pub allowed: i32,
    /// Names of the Pods in `status.disruptedPods`, which count as gone already.
    pub disrupted: Vec<String>,
}
