//! Why a Pod could not be placed, in kube-scheduler's words, interned.
//!
//! Sources: `FitError` in `pkg/scheduler/framework/types.go` and `pkg/scheduler/framework/preemption/preemption.go` of
//! Kubernetes v1.34.

use rustc_hash::FxHashMap;

use super::framework::{Reason, Rejection};
use super::profile::PluginSet;
use crate::spec::{Spec, Symbols};

/// A message that some Pod waits with.
///
/// Numbers of messages that no Pod waits with any more are used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageId(u32);

/// Why no node takes a Pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// The cluster has no nodes.
    NoNodes,
    /// A plugin refuses the Pod whatever the node.
    Whole(Reason, PluginSet),
    /// Each node has a reason.
    Nodes(Tally),
}

/// The reasons of all nodes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    /// How many nodes gave each reason.
    reasons: Vec<(Reason, u32)>,
    /// Nodes which preemption could help.
    resolvable: u32,
    /// Nodes which it could not help.
    unresolvable: u32,
    /// Plugins that refused.
    pub(super) rejectors: PluginSet,
    /// What preemption came to.
    pub(super) preemption: PostFilter,
}

/// What preemption came to where no node took a Pod.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum PostFilter {
    /// It was not tried: no Pod is less important.
    #[default]
    NobodyLower,
    /// The profile has no preemption.
    Off,
    /// The Pod may not preempt.
    Never,
    /// Victims of the Pod are still leaving the node to which it is nominated.
    VictimsLeaving,
    /// It was tried on some nodes and did not help: how many nodes gave each obstacle.
    Tried(Vec<(Obstacle, u32)>),
    /// A node was found.
    Nominated,
}

/// Why preemption does not help on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Obstacle {
    /// No Pod there is less important.
    NoVictims,
    /// The node refuses whoever leaves it.
    NotHelpful,
    /// A filter's reason that is left when all less important Pods are gone.
    Reason(Reason),
}

impl Tally {
    /// Counts `nodes` nodes that a plugin refuses for the same reasons.
    pub(super) fn count(&mut self, rejection: &Rejection, plugin: PluginSet, nodes: u32) {
        for reason in &rejection.reasons {
            match self.reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, count)) => *count += nodes,
                None => self.reasons.push((*reason, nodes)),
            }
        }
        *if rejection.resolvable { &mut self.resolvable } else { &mut self.unresolvable } += nodes;
        self.rejectors.insert(plugin);
    }
}

impl Tally {
    /// True if preemption was tried, or would have been, and found no node: an earlier nomination is void.
    pub(super) const fn gives_up(&self) -> bool {
        matches!(self.preemption, PostFilter::NobodyLower | PostFilter::Tried(_))
    }
}

impl Failure {
    /// The plugins whose events may help.
    pub(super) const fn rejectors(&self) -> PluginSet {
        match self {
            Self::NoNodes => PluginSet::EMPTY,
            Self::Whole(_, plugin) => *plugin,
            Self::Nodes(tally) => tally.rejectors,
        }
    }

    /// The message, and what the event `FailedScheduling` says after it.
    fn texts(&self, spec: &Spec, symbols: &Symbols, nodes: usize) -> (String, String) {
        let available = format!("0/{nodes} nodes are available: ");
        match self {
            Self::NoNodes => ("no nodes available to schedule pods".into(), String::new()),
            Self::Whole(reason, _) => (format!("{available}{}.", text(*reason, spec, symbols)), " not found".into()),
            Self::Nodes(tally) => {
                let reasons = counted(tally.reasons.iter().map(|(reason, count)| (*count, text(*reason, spec, symbols))));
                (format!("{available}{reasons}."), tally.after(&available, spec, symbols))
            }
        }
    }
}

impl Tally {
    /// What the event says after the message.
    fn after(&self, available: &str, spec: &Spec, symbols: &Symbols) -> String {
        let said = match &self.preemption {
            PostFilter::Nominated => return String::new(),
            PostFilter::Off => return " no new claims to deallocate".into(),
            PostFilter::Never => "not eligible due to preemptionPolicy=Never.".into(),
            PostFilter::VictimsLeaving => "not eligible due to a terminating pod on the nominated node.".into(),
            PostFilter::NobodyLower => format!("{available}{}.", self.obstacles(&[(Obstacle::NoVictims, self.resolvable)], spec, symbols)),
            PostFilter::Tried(obstacles) => format!("{available}{}.", self.obstacles(obstacles, spec, symbols)),
        };
        format!(" no new claims to deallocate, preemption: {said}")
    }

    /// Why preemption helps on no node.
    fn obstacles(&self, tried: &[(Obstacle, u32)], spec: &Spec, symbols: &Symbols) -> String {
        let all = tried.iter().copied().chain([(Obstacle::NotHelpful, self.unresolvable)]);
        counted(all.filter(|(_, count)| *count > 0).map(|(obstacle, count)| (count, obstacle.text(spec, symbols))))
    }
}

impl Obstacle {
    fn text(self, spec: &Spec, symbols: &Symbols) -> String {
        match self {
            Self::NoVictims => "No preemption victims found for incoming pod".into(),
            Self::NotHelpful => "Preemption is not helpful for scheduling".into(),
            Self::Reason(reason) => text(reason, spec, symbols),
        }
    }
}

/// "<count> <reason>" parts, sorted as strings.
fn counted(parts: impl Iterator<Item = (u32, String)>) -> String {
    let mut parts: Vec<String> = parts.map(|(count, text)| format!("{count} {text}")).collect();
    parts.sort_unstable();
    parts.join(", ")
}

/// A reason as kube-scheduler prints it.
pub(super) fn text(reason: Reason, spec: &Spec, symbols: &Symbols) -> String {
    match reason {
        Reason::Unschedulable => "node(s) were unschedulable".into(),
        Reason::NodeName => "node(s) didn't match the requested node name".into(),
        Reason::Taint(key, value) => format!("node(s) had untolerated taint {{{}: {}}}", symbols.text(key), symbols.text(value)),
        Reason::NodeAffinity => "node(s) didn't match Pod's node affinity/selector".into(),
        Reason::EnforcedAffinity => "node(s) didn't match scheduler-enforced node affinity".into(),
        Reason::SpreadMissingLabel => "node(s) didn't match pod topology spread constraints (missing required label)".into(),
        Reason::Spread => "node(s) didn't match pod topology spread constraints".into(),
        Reason::PodAffinity => "node(s) didn't match pod affinity rules".into(),
        Reason::PodAntiAffinity => "node(s) didn't match pod anti-affinity rules".into(),
        Reason::ExistingAntiAffinity => "node(s) didn't satisfy existing pods anti-affinity rules".into(),
        Reason::NotNamed => "node(s) didn't satisfy plugin(s) [NodeAffinity]".into(),
        Reason::NamesConflict => "pod affinity terms conflict".into(),
        Reason::NodePorts => "node(s) didn't have free ports for the requested pod ports".into(),
        Reason::TooManyPods => "Too many pods".into(),
        Reason::Cpu => "Insufficient cpu".into(),
        Reason::Memory => "Insufficient memory".into(),
        Reason::EphemeralStorage => "Insufficient ephemeral-storage".into(),
        Reason::Policy(words) => words.into(),
        Reason::Scalar(resource) => format!("Insufficient {}", spec.resources[resource]),
        Reason::ClaimInUse => "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode".into(),
        Reason::VolumeLimit => "node(s) exceed max volume count".into(),
        Reason::VolumeAffinity => "node(s) had volume node affinity conflict".into(),
        Reason::NoVolumeToBind => "node(s) didn't find available persistent volumes to bind".into(),
        Reason::VolumesGone => "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)".into(),
        Reason::VolumeZone => "node(s) had no available volume zone".into(),
        Reason::UnboundClaims => "pod has unbound immediate PersistentVolumeClaims".into(),
        Reason::ClaimMissing(claim) => format!("persistentvolumeclaim \"{}\" not found", symbols.text(claim)),
        Reason::ClaimDeleted(claim) => format!("persistentvolumeclaim \"{}\" is being deleted", symbols.text(claim)),
        Reason::VolumeMissing(volume) => format!("persistentvolume \"{}\" not found", symbols.text(volume)),
        Reason::EphemeralClaimMissing(claim) => {
            format!("waiting for ephemeral volume controller to create the persistentvolumeclaim \"{}\"", symbols.text(claim))
        }
        Reason::ClaimLost(claim, volume) => {
            let (claim, volume) = (symbols.text(claim), symbols.text(volume));
            format!("persistentvolumeclaim \"{claim}\" bound to non-existent persistentvolume \"{volume}\"")
        }
    }
}

/// The messages that Pods wait with, and how many wait with each.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages {
    rows: Vec<Row>,
    free: Vec<u32>,
    known: FxHashMap<Box<str>, MessageId>,
}

#[derive(Clone, Debug)]
struct Row {
    /// The message and what the event says after it.
    full: Box<str>,
    /// Length of the message alone.
    short: usize,
    waiting: u32,
}

impl Messages {
    /// The message of a failure, which one more Pod waits with.
    pub(super) fn add(&mut self, failure: &Failure, spec: &Spec, symbols: &Symbols, nodes: usize) -> MessageId {
        let (message, rest) = failure.texts(spec, symbols, nodes);
        let (short, full) = (message.len(), message + &rest);
        let id = self.known.get(full.as_str()).copied().unwrap_or_else(|| self.insert(full.into(), short));
        self.rows[id.0 as usize].waiting += 1;
        id
    }

    fn insert(&mut self, full: Box<str>, short: usize) -> MessageId {
        let row = Row { full: full.clone(), short, waiting: 0 };
        let slot = self.free.pop().unwrap_or(self.rows.len() as u32);
        match self.rows.get_mut(slot as usize) {
            Some(free) => *free = row,
            None => self.rows.push(row),
        }
        self.known.insert(full, MessageId(slot));
        MessageId(slot)
    }

    /// One Pod fewer waits with the message; forgets it with the last.
    pub(super) fn leave(&mut self, id: MessageId) {
        let row = &mut self.rows[id.0 as usize];
        row.waiting -= 1;
        if row.waiting == 0 {
            self.known.remove(&row.full);
            self.free.push(id.0);
        }
    }

    pub(super) fn message(&self, id: MessageId) -> &str {
        let row = &self.rows[id.0 as usize];
        &row.full[..row.short]
    }

    pub(super) fn full(&self, id: MessageId) -> &str {
        &self.rows[id.0 as usize].full
    }

    pub(super) fn waiting(&self, id: MessageId) -> usize {
        self.rows[id.0 as usize].waiting as usize
    }

    /// Messages that Pods wait with, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (MessageId, usize)> {
        let rows = (0..).map(MessageId).zip(&self.rows);
        rows.filter(|(_, row)| row.waiting > 0).map(|(id, row)| (id, row.waiting as usize))
    }
}
