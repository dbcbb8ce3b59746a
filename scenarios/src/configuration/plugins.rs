//! Which plugins a profile runs at an extension point, in what order and with what weight.
//!
//! Sources: `mergePlugins` of `pkg/scheduler/apis/config/v1/default_plugins.go` and `expandMultiPointPlugins` of
//! `pkg/scheduler/framework/runtime/framework.go`, Kubernetes v1.34.

use sim_core::scheduler::policies;

/// An extension point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Point {
    PreEnqueue,
    QueueSort,
    PreFilter,
    Filter,
    PostFilter,
    PreScore,
    Score,
    Reserve,
    Permit,
    PreBind,
    Bind,
    PostBind,
}

use Point::{Bind, Filter, PostFilter, PreBind, PreEnqueue, PreFilter, PreScore, QueueSort, Reserve, Score};

/// The plugins of kube-scheduler in the order of its default profile: name, default weight (0 where it does not score), and the
/// extension points that it implements.
#[rustfmt::skip]
pub(super) const KNOWN: [(&str, i32, &[Point]); 19] = [
    ("SchedulingGates", 0, &[PreEnqueue]),
    ("PrioritySort", 0, &[QueueSort]),
    ("NodeUnschedulable", 0, &[Filter]),
    ("NodeName", 0, &[Filter]),
    ("TaintToleration", 3, &[Filter, PreScore, Score]),
    ("NodeAffinity", 2, &[PreFilter, Filter, PreScore, Score]),
    ("NodePorts", 0, &[PreFilter, Filter]),
    ("NodeResourcesFit", 1, &[PreFilter, Filter, PreScore, Score]),
    ("VolumeRestrictions", 0, &[PreFilter, Filter]),
    ("NodeVolumeLimits", 0, &[PreFilter, Filter]),
    ("VolumeBinding", 0, &[PreFilter, Filter, Reserve, PreBind, PreScore, Score]),
    ("VolumeZone", 0, &[PreFilter, Filter]),
    ("PodTopologySpread", 2, &[PreFilter, Filter, PreScore, Score]),
    ("InterPodAffinity", 2, &[PreFilter, Filter, PreScore, Score]),
    ("DynamicResources", 0, &[PreEnqueue, PreFilter, Filter, PostFilter, Reserve, PreBind]),
    ("DefaultPreemption", 0, &[PreEnqueue, PostFilter]),
    ("NodeResourcesBalancedAllocation", 1, &[PreScore, Score]),
    ("ImageLocality", 1, &[Score]),
    ("DefaultBinder", 0, &[Bind]),
];

/// All plugins but one.
pub(super) const ALL: &str = "*";

/// Names of all plugins: those of kube-scheduler, then policies.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, ..)| *name).chain(policies::POLICIES.iter().map(|policy| policy.name))
}

/// True if `plugin` has something to do at `point`.
pub(super) fn implements(plugin: &str, point: Point) -> bool {
    match policies::find(plugin) {
        Some(policy) => point == Filter && policy.filters() || point == Score && policy.scores(),
        None => KNOWN.iter().any(|(name, _, points)| *name == plugin && points.contains(&point)),
    }
}

/// A plugin that is switched on; a weight of 0 means 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Enabled {
    pub(super) name: String,
    pub(super) weight: i32,
}

/// What a profile says of an extension point.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Set {
    pub(super) enabled: Vec<Enabled>,
    pub(super) disabled: Vec<String>,
}

impl Set {
    fn disables(&self, name: &str) -> bool {
        self.disabled.iter().any(|off| off == name || off == ALL)
    }
}

fn has(list: &[Enabled], name: &str) -> bool {
    list.iter().any(|plugin| plugin.name == name)
}

/// The plugins of all extension points: the default ones, with what the profile changes. A default plugin that is listed keeps its
/// place; others follow in their order.
pub(super) fn multi_point(custom: &Set) -> Vec<Enabled> {
    let default = |(name, weight, _): &(&str, i32, _)| Enabled { name: (*name).to_owned(), weight: *weight };
    let chosen = |plugin: Enabled| custom.enabled.iter().find(|given| given.name == plugin.name).cloned().unwrap_or(plugin);
    let kept = KNOWN.iter().map(default).filter(|plugin| !custom.disables(&plugin.name));
    let mut all: Vec<Enabled> = kept.map(chosen).collect();
    let replaced = all.clone();
    all.extend(custom.enabled.iter().filter(|plugin| !has(&replaced, &plugin.name)).cloned());
    all
}

/// The plugins that run at `point`: first those of `multi` that the point lists too, in its order; then the rest of `multi`; then the
/// rest of the point's own.
pub(super) fn expanded(point: Point, own: &Set, multi: &[Enabled]) -> Vec<String> {
    let names = |list: &[Enabled]| -> Vec<String> { list.iter().map(|plugin| plugin.name.clone()).collect() };
    if own.disabled.iter().any(|off| off == ALL) {
        return names(&own.enabled);
    }
    let wanted = |plugin: &&Enabled| implements(&plugin.name, point) && !own.disables(&plugin.name);
    let multi: Vec<Enabled> = multi.iter().filter(wanted).cloned().collect();
    let (overriding, others): (Vec<_>, Vec<_>) = own.enabled.iter().cloned().partition(|plugin| has(&multi, &plugin.name));
    let rest: Vec<Enabled> = multi.into_iter().filter(|plugin| !has(&overriding, &plugin.name)).collect();
    [names(&overriding), names(&rest), names(&others)].concat()
}

/// The weight of a score plugin: that of the extension point, else that of all points, 1 if it is not given.
pub(super) fn weight(name: &str, own: &Set, multi: &[Enabled]) -> i64 {
    let found = own.enabled.iter().chain(multi).find(|plugin| plugin.name == name);
    found.map_or(1, |plugin| i64::from(plugin.weight.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(enabled: &[(&str, i32)], disabled: &[&str]) -> Set {
        Set {
            enabled: enabled.iter().map(|(name, weight)| Enabled { name: (*name).into(), weight: *weight }).collect(),
            disabled: disabled.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn scores(multi: &Set, own: &Set) -> Vec<(String, i64)> {
        let multi = multi_point(multi);
        expanded(Score, own, &multi).into_iter().map(|name| (name.clone(), weight(&name, own, &multi))).collect()
    }

    fn short(list: &[(String, i64)]) -> String {
        list.iter().map(|(name, weight)| format!("{name} {weight}")).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn scores_follow_the_default_order_unless_the_point_lists_them_itself() {
        let default = "TaintToleration 3, NodeAffinity 2, NodeResourcesFit 1, VolumeBinding 1, PodTopologySpread 2, InterPodAffinity 2, \
                       NodeResourcesBalancedAllocation 1, ImageLocality 1";
        let none = set(&[], &[]);
        #[rustfmt::skip]
        let cases = [
            (none.clone(), none.clone(), default.to_owned()),
            (set(&[("ImageLocality", 9), ("NodeAffinity", 0)], &[]), none.clone(), default.replace("ImageLocality 1", "ImageLocality 9").replace("NodeAffinity 2", "NodeAffinity 1")),
            (set(&[], &["ImageLocality"]), none.clone(), default.replace(", ImageLocality 1", "")),
            (none.clone(), set(&[], &["TaintToleration"]), default.replace("TaintToleration 3, ", "")),
            (none.clone(), set(&[("ImageLocality", 5)], &["ImageLocality"]), default.replace(", ImageLocality 1", ", ImageLocality 5")),
            (none.clone(), set(&[("ImageLocality", 5)], &[]), format!("ImageLocality 5, {}", default.replace(", ImageLocality 1", ""))),
            (none.clone(), set(&[("NodeAffinity", 7)], &["*"]), "NodeAffinity 7".into()),
            (set(&[("NodeResourcesFit", 4)], &["*"]), none.clone(), "NodeResourcesFit 4".into()),
            (none.clone(), set(&[("BestFit", 6)], &[]), format!("{default}, BestFit 6")),
            (set(&[("BestFit", 6), ("MaxPodsPerApp", 0)], &[]), none.clone(), format!("{default}, BestFit 6")),
            (none.clone(), set(&[("BestFit", 0)], &["*"]), "BestFit 1".into()),
            (set(&[("BestFit", 6)], &[]), set(&[], &["BestFit"]), default.into()),
        ];
        for (multi, own, want) in cases {
            assert_eq!(short(&scores(&multi, &own)), want, "{multi:?} {own:?}");
        }
    }
}
