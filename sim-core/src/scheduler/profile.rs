//! Which plugins run, in what order, with what weight: data, resolved by name once.

use std::fmt;
use std::sync::Arc;

use super::framework::{AnyFilter, AnyScore, Happening, HappeningKind, PodView};
use super::plugins::{
    ImageLocality, InterPodAffinity, NodeAffinity, NodeName, NodePorts, NodeResourcesBalancedAllocation, NodeResourcesFit,
    NodeUnschedulable, NodeVolumeLimits, PodTopologySpread, TaintToleration, VolumeBinding, VolumeRestrictions, VolumeZone,
};
use super::policies::{self, ArgumentError, Arguments, Policy};
use crate::spec::ProfileSpec;
use crate::table::{ResourceId, Table};

/// Names of extended resources, which arguments of plugins refer to.
type Resources = Table<ResourceId, String>;

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
    is_default: bool,
}

/// What is wrong with a profile.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProfileError {
    /// It names a plugin that does not exist.
    #[error("no {kind} plugin is called `{name}`")]
    UnknownPlugin {
        /// What the plugin is to do.
        kind: &'static str,
        /// The name that is given.
        name: String,
    },
    /// It gives a policy an argument that does not fit.
    #[error("{policy}: {problem}")]
    Argument {
        /// The policy.
        policy: String,
        /// What does not fit.
        problem: ArgumentError,
    },
}

impl Profile {
    /// The plugins that a profile names, in its order, with its weights and arguments.
    ///
    /// # Errors
    /// If a name is unknown, or an argument of a policy does not fit.
    pub fn new(spec: &ProfileSpec, resources: &Resources) -> Result<Self, ProfileError> {
        let filters: Vec<_> = spec.filters.iter().map(|name| filter(name, spec, resources)).collect::<Result<_, _>>()?;
        let scores = spec.scores.iter().map(|(name, weight)| Ok((score(name, spec, resources)?, *weight))).collect::<Result<_, _>>()?;
        let registered = HappeningKind::ALL.map(|kind| registered(&filters, kind));
        Ok(Self { filters, scores, registered, is_default: is_default(spec) })
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

    /// True if plugins, order, weights and arguments are those of the default profile: what the fast path is made for.
    pub(super) const fn is_default(&self) -> bool {
        self.is_default
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::new(&ProfileSpec::default(), &Table::new()).expect("the default plugins exist")
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filters: Vec<_> = self.filters.iter().map(|filter| filter.name()).collect();
        let scores: Vec<_> = self.scores.iter().map(|(score, weight)| (score.name(), weight)).collect();
        f.debug_struct("Profile").field("filters", &filters).field("scores", &scores).finish_non_exhaustive()
    }
}

/// True if the profile decides as the default one does about where Pods go; whom they may displace is not looked at.
fn is_default(spec: &ProfileSpec) -> bool {
    let default = ProfileSpec {
        scheduler_name: spec.scheduler_name.clone(),
        percentage_of_nodes_to_score: spec.percentage_of_nodes_to_score,
        preempts: spec.preempts,
        preemption: spec.preemption,
        ..ProfileSpec::default()
    };
    *spec == default
}

fn registered(filters: &[Arc<dyn AnyFilter>], kind: HappeningKind) -> PluginSet {
    let mut set = PluginSet::EMPTY;
    for (plugin, _) in filters.iter().enumerate().filter(|(_, filter)| filter.retries_on().contains(&kind)) {
        set.insert(PluginSet::of(plugin));
    }
    set
}

fn filter(name: &str, spec: &ProfileSpec, resources: &Resources) -> Result<Arc<dyn AnyFilter>, ProfileError> {
    Ok(match name {
        "NodeUnschedulable" => Arc::new(NodeUnschedulable),
        "NodeName" => Arc::new(NodeName),
        "TaintToleration" => Arc::new(TaintToleration),
        "NodeAffinity" => Arc::new(NodeAffinity::new(spec.node_affinity.clone())),
        "NodePorts" => Arc::new(NodePorts),
        "NodeResourcesFit" => Arc::new(NodeResourcesFit::new(&spec.fit, resources)),
        "VolumeRestrictions" => Arc::new(VolumeRestrictions),
        "NodeVolumeLimits" => Arc::new(NodeVolumeLimits),
        "VolumeBinding" => Arc::new(VolumeBinding),
        "VolumeZone" => Arc::new(VolumeZone),
        "PodTopologySpread" => Arc::new(PodTopologySpread { args: spec.spread.clone() }),
        "InterPodAffinity" => Arc::new(InterPodAffinity { args: spec.inter_pod_affinity }),
        _ => {
            let policy = policies::find(name).and_then(|policy| Some((policy, policy.filter?)));
            let (policy, make) = policy.ok_or_else(|| ProfileError::UnknownPlugin { kind: "filter", name: name.into() })?;
            make(&arguments(policy, spec)?, resources)
        }
    })
}

fn score(name: &str, spec: &ProfileSpec, resources: &Resources) -> Result<Arc<dyn AnyScore>, ProfileError> {
    Ok(match name {
        "TaintToleration" => Arc::new(TaintToleration),
        "NodeAffinity" => Arc::new(NodeAffinity::new(spec.node_affinity.clone())),
        "NodeResourcesFit" => Arc::new(NodeResourcesFit::new(&spec.fit, resources)),
        "PodTopologySpread" => Arc::new(PodTopologySpread { args: spec.spread.clone() }),
        "InterPodAffinity" => Arc::new(InterPodAffinity { args: spec.inter_pod_affinity }),
        "NodeResourcesBalancedAllocation" => Arc::new(NodeResourcesBalancedAllocation::new(&spec.balanced, resources)),
        "ImageLocality" => Arc::new(ImageLocality),
        _ => {
            let policy = policies::find(name).and_then(|policy| Some((policy, policy.score?)));
            let (policy, make) = policy.ok_or_else(|| ProfileError::UnknownPlugin { kind: "score", name: name.into() })?;
            make(&arguments(policy, spec)?, resources)
        }
    })
}

/// The arguments of a policy: what the profile gives, else their defaults.
fn arguments(policy: &Policy, spec: &ProfileSpec) -> Result<Arguments, ProfileError> {
    let given = spec.policies.iter().find(|args| args.policy == policy.name).map_or(&[][..], |args| &args.values);
    Arguments::new(policy.arguments, given).map_err(|problem| ProfileError::Argument { policy: policy.name.into(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{ArgumentValue, PolicyArgs};

    /// A change of the default profile, and whether what comes of it counts as default.
    type Row = (fn(&mut ProfileSpec), bool);

    /// The default profile, changed.
    fn changed(change: impl FnOnce(&mut ProfileSpec)) -> Result<Profile, ProfileError> {
        let mut spec = ProfileSpec::default();
        change(&mut spec);
        Profile::new(&spec, &Table::new())
    }

    #[test]
    fn a_plugin_that_does_not_exist_is_named() {
        let error = changed(|spec| spec.filters.push("NodeNmae".into())).unwrap_err();
        assert_eq!(error.to_string(), "no filter plugin is called `NodeNmae`");
    }

    #[test]
    fn a_policy_with_an_argument_that_does_not_fit_is_named() {
        let error = changed(|spec| {
            let values = vec![("maxPods".into(), ArgumentValue::Number(0))];
            spec.policies.push(PolicyArgs { policy: "MaxPodsPerApp".into(), values });
            spec.filters.push("MaxPodsPerApp".into());
        });
        assert_eq!(error.unwrap_err().to_string(), "MaxPodsPerApp: `maxPods` is 0: it must be a whole number from 1 to 1000000");
    }

    #[test]
    fn only_the_default_profile_counts_as_default() {
        assert!(Profile::default().is_default());
        let table: [Row; 9] = [
            (|spec| spec.scheduler_name = "other".into(), true),
            (|spec| spec.preempts = false, true),
            (|spec| spec.filters.swap(0, 1), false),
            (|spec| spec.scores[0].1 += 1, false),
            (|spec| spec.inter_pod_affinity.hard_weight = 0, false),
            (|spec| spec.node_affinity.required = Some(vec![]), false),
            (|spec| spec.filters.push("MaxPodsPerApp".into()), false),
            (|spec| spec.scores.push(("BestFit".into(), 1)), false),
            (|spec| spec.policies.push(PolicyArgs::default()), false),
        ];
        for (number, (change, want)) in table.into_iter().enumerate() {
            assert_eq!(changed(change).unwrap().is_default(), want, "row {number}");
        }
    }
}
