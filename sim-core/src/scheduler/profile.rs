//! Which plugins run, in what order, with what weight: data, resolved by name once.

use std::fmt;
use std::sync::Arc;

use super::framework::{AnyFilter, AnyScore, Happening, HappeningKind, PodView};
use super::plugins::{
    NodeAffinity, NodeName, NodePorts, NodeResourcesBalancedAllocation, NodeResourcesFit, NodeUnschedulable, TaintToleration,
};
use crate::spec::{BalancedAllocationArgs, FitArgs};
use crate::table::Table;

/// A set of filter plugins of a profile, by their place in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct PluginSet(u32);

impl PluginSet {
    pub(super) const EMPTY: Self = Self(0);

    pub(super) const fn of(plugin: usize) -> Self {
        Self(1 << plugin)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    const fn contains(self, plugin: usize) -> bool {
        self.0 >> plugin & 1 == 1
    }
}

/// A scheduler profile: filter and score plugins in their order.
#[derive(Clone)]
pub struct Profile {
    pub(super) filters: Vec<Arc<dyn AnyFilter>>,
    pub(super) scores: Vec<(Arc<dyn AnyScore>, i64)>,
    /// The filters that registered for each kind of happening.
    registered: [PluginSet; HappeningKind::COUNT],
}

/// A profile that names a plugin which does not exist.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no {kind} plugin is called `{name}`")]
pub struct UnknownPlugin {
    kind: &'static str,
    name: String,
}

impl Profile {
    /// Filters of kube-scheduler v1.34 in its order (those that exist here).
    pub const DEFAULT_FILTERS: [&str; 6] =
        ["NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit"];

    /// Scores of kube-scheduler v1.34 in its order with their weights (those that exist here).
    pub const DEFAULT_SCORES: [(&str, i64); 4] =
        [("TaintToleration", 3), ("NodeAffinity", 2), ("NodeResourcesFit", 1), ("NodeResourcesBalancedAllocation", 1)];

    /// The profile of these plugins.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn resolve(filters: &[&str], scores: &[(&str, i64)]) -> Result<Self, UnknownPlugin> {
        let filters: Vec<_> = filters.iter().map(|name| filter(name)).collect::<Result<_, _>>()?;
        let scores = scores.iter().map(|(name, weight)| Ok((score(name)?, *weight))).collect::<Result<_, _>>()?;
        let registered = HappeningKind::ALL.map(|kind| registered(&filters, kind));
        Ok(Self { filters, scores, registered })
    }

    /// The name of a single filter.
    pub(super) fn filter_name(&self, plugin: PluginSet) -> &'static str {
        self.filters[plugin.0.trailing_zeros() as usize].name()
    }

    /// The filters that registered for a kind of happening.
    pub(super) const fn registered(&self, kind: HappeningKind) -> PluginSet {
        self.registered[kind as usize]
    }

    /// True if one of the plugins in `rejectors`, all of which registered for it, hopes that `happening` helps the Pod.
    pub(super) fn hints(&self, rejectors: PluginSet, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        let mut asked = self.filters.iter().enumerate().filter(|(plugin, _)| rejectors.contains(*plugin));
        asked.any(|(_, filter)| filter.hint(pod, happening))
    }

    /// True if this is the default profile: what the fast path is made for.
    pub(super) fn is_default(&self) -> bool {
        let filters = self.filters.iter().map(|filter| filter.name());
        let scores = self.scores.iter().map(|(score, weight)| (score.name(), *weight));
        filters.eq(Self::DEFAULT_FILTERS) && scores.eq(Self::DEFAULT_SCORES)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::resolve(&Self::DEFAULT_FILTERS, &Self::DEFAULT_SCORES).expect("the default plugins exist")
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filters: Vec<_> = self.filters.iter().map(|filter| filter.name()).collect();
        let scores: Vec<_> = self.scores.iter().map(|(score, weight)| (score.name(), weight)).collect();
        f.debug_struct("Profile").field("filters", &filters).field("scores", &scores).finish_non_exhaustive()
    }
}

fn registered(filters: &[Arc<dyn AnyFilter>], kind: HappeningKind) -> PluginSet {
    let mut set = PluginSet::EMPTY;
    for (plugin, _) in filters.iter().enumerate().filter(|(_, filter)| filter.retries_on().contains(&kind)) {
        set.insert(PluginSet::of(plugin));
    }
    set
}

fn filter(name: &str) -> Result<Arc<dyn AnyFilter>, UnknownPlugin> {
    Ok(match name {
        "NodeUnschedulable" => Arc::new(NodeUnschedulable),
        "NodeName" => Arc::new(NodeName),
        "TaintToleration" => Arc::new(TaintToleration),
        "NodeAffinity" => Arc::new(NodeAffinity::default()),
        "NodePorts" => Arc::new(NodePorts),
        "NodeResourcesFit" => Arc::new(NodeResourcesFit::new(&FitArgs::default(), &Table::new())),
        _ => return Err(UnknownPlugin { kind: "filter", name: name.into() }),
    })
}

fn score(name: &str) -> Result<Arc<dyn AnyScore>, UnknownPlugin> {
    Ok(match name {
        "TaintToleration" => Arc::new(TaintToleration),
        "NodeAffinity" => Arc::new(NodeAffinity::default()),
        "NodeResourcesFit" => Arc::new(NodeResourcesFit::new(&FitArgs::default(), &Table::new())),
        "NodeResourcesBalancedAllocation" => {
            Arc::new(NodeResourcesBalancedAllocation::new(&BalancedAllocationArgs::default(), &Table::new()))
        }
        _ => return Err(UnknownPlugin { kind: "score", name: name.into() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_does_not_exist_is_named() {
        let error = Profile::resolve(&["NodeNmae"], &[]).unwrap_err();
        assert_eq!(error.to_string(), "no filter plugin is called `NodeNmae`");
    }

    #[test]
    fn only_the_default_profile_counts_as_default() {
        assert!(Profile::default().is_default());
        assert!(!Profile::resolve(&Profile::DEFAULT_FILTERS, &[("NodeResourcesFit", 1)]).unwrap().is_default());
    }
}
