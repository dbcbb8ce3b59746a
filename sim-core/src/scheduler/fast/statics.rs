//! Static answers: what nodes say to a class of Pods whatever Pods they have.

use rustc_hash::FxHashMap;

use super::super::framework::{AnyFilter, ClusterView, NodeView, PodView, Prepared, Rejection, Score, normalized};
use super::super::plugins::{ImageLocality, NodeAffinity, TaintToleration};
use super::super::profile::{PluginSet, Profile};
use super::defaults::{NODE_AFFINITY_WEIGHT, PORTS, TAINTS_WEIGHT};
use super::question::ADMITS;
use crate::table::{NodeId, TemplateId};

/// Pods that ask the same of node definitions.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// A template of the class.
    pub(super) template: TemplateId,
    pub(super) statics: Option<Box<Statics>>,
    /// True if the fast path is known not to apply.
    pub(super) narrowed: bool,
    /// The decision that used its answers last.
    pub(super) used: u64,
    /// Questions of the class that have a lane.
    pub(super) lanes: u32,
}

impl Class {
    pub(super) const fn new(template: TemplateId) -> Self {
        Self { template, statics: None, narrowed: false, used: 0, lanes: 0 }
    }
}

/// Raw scores of `TaintToleration`, `NodeAffinity` and `ImageLocality`.
type Raw = [i64; 3];

/// A node refuses what its definition does not allow: 0, or one more than the row of the refusal.
type Code = u16;

/// Answers, in list order.
#[derive(Clone, Debug, Default)]
pub(super) struct Statics {
    codes: Vec<Code>,
    refusals: Vec<(PluginSet, Rejection)>,
    /// Nodes with each refusal.
    counts: Vec<u32>,
    known: FxHashMap<(PluginSet, Rejection), Code>,
    /// Which of the raw scores a node has; empty if all have the same.
    kinds: Vec<u8>,
    /// Raw scores that occur.
    raw: Vec<Raw>,
}

impl Statics {
    /// Asks all nodes; `None` if `PreFilter` narrows the search or refuses the Pod, or scores are too varied for bytes.
    pub(super) fn new(cluster: ClusterView<'_>, profile: &Profile, pod: PodView<'_>) -> Option<Self> {
        let nodes = cluster.nodes;
        let mut filters = Vec::new();
        for (plugin, filter) in profile.filters[..PORTS].iter().enumerate() {
            match filter.begin(pod, cluster) {
                Prepared::Skip => {}
                Prepared::Check(run) => filters.push((PluginSet::of(plugin), run)),
                Prepared::CheckOnly(..) | Prepared::Reject(_) => return None,
            }
        }
        let images = ImageLocality.prepare(&pod, cluster, &[]);
        let mut statics = Self::default();
        for node in nodes.order() {
            let view = nodes.view(*node);
            let refusal = filters.iter().find_map(|(plugin, run)| Some((*plugin, run.admit(&view).err()?)));
            let code = statics.code(refusal);
            statics.codes.push(code);
            if statics.refusals.len() == usize::from(Code::MAX) {
                return None;
            }
            let kind = statics.kind(raw(&pod, &view, images.as_ref()))?;
            statics.kinds.push(kind);
        }
        if statics.raw.len() < 2 {
            statics.kinds = Vec::new();
        }
        Some(statics)
    }

    /// The code of one more node's answer.
    fn code(&mut self, refusal: Option<(PluginSet, Rejection)>) -> Code {
        let Some(refusal) = refusal else { return 0 };
        let Self { refusals, counts, known, .. } = self;
        let code = *known.entry(refusal).or_insert_with_key(|refusal| {
            refusals.push(refusal.clone());
            counts.push(0);
            refusals.len() as Code
        });
        counts[usize::from(code) - 1] += 1;
        code
    }

    fn kind(&mut self, raw: Raw) -> Option<u8> {
        let known = self.raw.iter().position(|known| *known == raw);
        let row = known.unwrap_or_else(|| {
            self.raw.push(raw);
            self.raw.len() - 1
        });
        u8::try_from(row).ok()
    }

    /// Clears the answers of nodes that refuse the class; `out` belongs to the places from `first` on.
    pub(super) fn mask(&self, first: usize, out: &mut [u8]) {
        if self.refusals.is_empty() {
            return;
        }
        for (byte, code) in out.iter_mut().zip(&self.codes[first..]) {
            *byte = if *code == 0 { *byte } else { 0 };
        }
    }

    /// Asks one node anew whether it admits the Pod, and how it scores; false if scores have become too varied for bytes.
    #[must_use]
    pub(super) fn ask_again(&mut self, cluster: ClusterView<'_>, profile: &Profile, pod: PodView<'_>, node: NodeId) -> bool {
        let nodes = cluster.nodes;
        let refuses = |(plugin, filter): (usize, &std::sync::Arc<dyn AnyFilter>)| match filter.begin(pod, cluster) {
            Prepared::Check(run) => Some((PluginSet::of(plugin), run.admit(&nodes.view(node)).err()?)),
            _ => None,
        };
        let refusal = profile.filters[..PORTS].iter().enumerate().find_map(refuses);
        let place = nodes.place(node);
        if let Some(row) = usize::from(self.codes[place]).checked_sub(1) {
            self.counts[row] -= 1;
        }
        self.codes[place] = self.code(refusal);
        let images = ImageLocality.prepare(&pod, cluster, &[]);
        self.set_kind(place, raw(&pod, &nodes.view(node), images.as_ref()))
    }

    fn set_kind(&mut self, place: usize, raw: Raw) -> bool {
        if self.kinds.is_empty() {
            if self.raw == [raw] {
                return true;
            }
            self.kinds = vec![0; self.codes.len()];
        }
        let Some(kind) = self.kind(raw) else { return false };
        self.kinds[place] = kind;
        true
    }

    /// Which raw scores each node has, in list order; empty if all have the same.
    pub(super) fn kinds(&self) -> &[u8] {
        &self.kinds
    }

    /// How many kinds there are.
    pub(super) fn kinds_count(&self) -> usize {
        self.raw.len()
    }

    /// The best total of each kind, given its best answer among the feasible nodes (0 if none is of the kind).
    pub(super) fn totals(&self, tops: &[u8]) -> Vec<i64> {
        let present = || self.raw.iter().zip(tops).filter(|(_, top)| **top >= ADMITS);
        let max = |part: usize| present().map(|(raw, _)| raw[part]).max().unwrap_or(0);
        let (taints, preferred) = (max(0), max(1));
        let bonus = |raw: &Raw| {
            TAINTS_WEIGHT * normalized(raw[0], taints, true) + NODE_AFFINITY_WEIGHT * normalized(raw[1], preferred, false) + raw[2]
        };
        let total = |(raw, top): (&Raw, &u8)| if *top >= ADMITS { i64::from(*top) + bonus(raw) } else { i64::MIN };
        self.raw.iter().zip(tops).map(total).collect()
    }

    /// The totals of feasible nodes, as far as they depend on class and node.
    pub(super) fn totals_of(&self, answers: &[u8], feasible: &[u32]) -> Vec<i64> {
        let answer = |place: &u32| answers[*place as usize];
        if self.kinds.is_empty() {
            return feasible.iter().map(|place| i64::from(answer(place))).collect();
        }
        let kind = |place: &u32| usize::from(self.kinds[*place as usize]);
        let mut tops = vec![0; self.raw.len()];
        for place in feasible {
            tops[kind(place)] = answer(place).max(tops[kind(place)]);
        }
        let totals = self.totals(&tops);
        feasible.iter().map(|place| totals[kind(place)] - i64::from(tops[kind(place)]) + i64::from(answer(place))).collect()
    }

    /// Refusals and how many nodes gave each.
    pub(super) fn refusals(&self) -> impl Iterator<Item = (&(PluginSet, Rejection), u32)> {
        self.refusals.iter().zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }
}

/// The raw scores of a node; a plugin that skips gives 0, which normalises to 0.
fn raw(pod: &PodView<'_>, node: &NodeView<'_>, images: Option<&<ImageLocality as Score>::State>) -> Raw {
    let preferred = if pod.template.placement.preferred.is_empty() { 0 } else { NodeAffinity::default().score(&(), pod, node) };
    let images = images.map_or(0, |images| ImageLocality.score(images, pod, node));
    [TaintToleration.score(&(), pod, node), preferred, images]
}
