//! The scheduler: queue, framework, plugins. It has never heard of kubelets, controllers or events of the simulation.
//!
//! [`Scheduler`] takes the decisions of kube-scheduler v1.34 with its default feature gates: which Pod is tried next, which nodes
//! are looked at, which of them refuse it and why, which one gets it. How long that takes in simulated time is the caller's affair;
//! [`Cycle`] tells what it depends on.
//!
//! Two ways lead to a decision, and both find the same: [`plain`] asks the plugins node by node, for every profile and Pod; [`fast`]
//! remembers what nodes answered to Pods that ask the same, and asks again only the nodes that changed.

mod explain;
mod fast;
pub mod framework;
mod messages;
mod nodes;
mod nominations;
mod order;
mod plain;
pub mod plugins;
pub mod policies;
mod post_filter;
mod preemption;
mod profile;
mod profiles;
mod queue;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use explain::{Explanation, Preempting, Refused, Scored};
pub use framework::{Filter, Load, Resident, Score};
pub use messages::MessageId;
pub use preemption::Candidate;
pub use profile::{Profile, ProfileError};

use fast::{Context, Fast};
use framework::{ClusterView, Happening, HappeningKind, PodView};
use messages::{Failure, Messages};
use nodes::Nodes;
use post_filter::{Memory, Preemptor};
use profile::PluginSet;
use profiles::Profiles;
use queue::{Event, Queue};

use crate::spec::{Spec, Taint, TaintEffect, TieBreak};
use crate::table::{NodeId, PodId, Table, TemplateId};
use crate::units::SimTime;

/// Queue, node cache and profile.
#[derive(Clone, Debug)]
pub struct Scheduler {
    profiles: Profiles,
    rules: Rules,
    nodes: Nodes,
    fast: Fast,
    path: Path,
    /// Place in the node list where the next search begins.
    start: usize,
    queue: Queue,
    messages: Messages,
    memory: Memory,
    priorities: Table<TemplateId, i32>,
}

/// How many nodes are searched and how ties are broken.
#[derive(Clone, Copy, Debug)]
struct Rules {
    percentage: u32,
    tie_break: TieBreak,
}

/// The way to a decision; which one is taken never changes what is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Path {
    /// The fast path wherever it applies.
    #[default]
    Auto,
    /// Always the plain reading of the plugins.
    Plain,
}

/// A scheduling cycle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cycle {
    /// Nodes that were filtered.
    pub filtered: u32,
    /// Nodes that were scored.
    pub scored: u32,
    /// How it ended.
    pub verdict: Verdict,
    /// True if the Pod was not placed for other reasons than the last time: its condition `PodScheduled` is written.
    pub patched: bool,
    /// If preemption makes room: the node to which the Pod is nominated, and the victims, which the caller is to delete.
    pub preemption: Option<Candidate>,
}

/// How a scheduling cycle ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The Pod is assumed on this node.
    Placed(NodeId),
    /// No node takes the Pod; it went back to the queue and waits with this message.
    Unschedulable(MessageId),
}

/// What a path decides.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Decision {
    filtered: u32,
    scored: u32,
    outcome: Result<NodeId, Failure>,
}

impl Decision {
    const fn failure(filtered: usize, failure: Failure) -> Self {
        Self { filtered: filtered as u32, scored: 0, outcome: Err(failure) }
    }
}

impl Scheduler {
    /// A scheduler with the profiles of `spec` for the nodes of `spec`, numbered pool by pool, with no Pods on them.
    pub fn new(spec: &Spec) -> Self {
        let nodes = Nodes::new(spec);
        let rules = Rules { percentage: spec.scheduler.percentage_of_nodes_to_score, tie_break: spec.scheduler.tie_break };
        Self {
            profiles: Profiles::new(spec),
            rules,
            fast: Fast::new(spec, &nodes),
            nodes,
            path: Path::Auto,
            start: 0,
            queue: Queue::new(&spec.scheduler),
            messages: Messages::default(),
            memory: Memory::new(spec),
            priorities: spec.templates.rows().iter().map(|template| template.priority).collect(),
        }
    }

    /// The same with one profile for all Pods.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profiles: self.profiles.replaced(profile), ..self }
    }

    /// The same with a way to its decisions.
    #[must_use]
    pub fn with_path(self, path: Path) -> Self {
        Self { path, ..self }
    }

    /// A new Pod enters the active queue; one that is [held back](Self::holds_back) waits outside.
    ///
    /// # Panics
    /// If it waits already.
    pub fn submit(&mut self, spec: &Spec, pod: PodId, template: TemplateId, now: SimTime) {
        let held = self.holds_back(spec, template);
        self.queue.submit(pod, template, (self.priorities[template], held), now);
    }

    /// True if Pods of a template are not tried: they have scheduling gates (`PreEnqueue`), or name a scheduler that does not exist.
    pub fn holds_back(&self, spec: &Spec, template: TemplateId) -> bool {
        plugins::scheduling_gates::refusal(&spec.templates[template]).is_some() || !self.profiles.know(template)
    }

    /// A waiting Pod's last scheduling gate was taken away: it is tried as soon as its turn comes.
    pub fn open_gates(&mut self, pod: PodId) {
        self.queue.open_gates(pod);
    }

    /// A Pod that waits was deleted. If its cycle is under way and fails, it is not queued again.
    pub fn withdraw(&mut self, spec: &Spec, pod: PodId, now: SimTime) {
        if let Some(message) = self.queue.withdraw(pod).and_then(|record| record.message) {
            self.messages.leave(message);
        }
        self.denominate(spec, pod, now);
    }

    /// The Pod to try next, out of the queue: the first active one or, as nothing else is to do, the one whose back-off ends first.
    ///
    /// # Panics
    /// If the Pod taken before had no [`Scheduler::cycle`].
    pub fn next(&mut self, now: SimTime) -> Option<PodId> {
        self.queue.pop(now)
    }

    /// The earliest timer, the end of a back-off or the look through parked Pods, if no Pod is active.
    pub fn wake_at(&self) -> Option<SimTime> {
        self.queue.wake_at()
    }

    /// Moves the Pods whose timers have gone off by `now`. ([`Scheduler::next`] does so, too.)
    pub fn flush(&mut self, now: SimTime) {
        self.queue.flush(now);
    }

    /// Tries to place the Pod that [`Scheduler::next`] gave; `tie` is the random word for choosing among equals.
    ///
    /// # Panics
    /// If `pod` is another Pod.
    pub fn cycle(&mut self, spec: &Spec, pod: PodId, tie: u64, now: SimTime) -> Cycle {
        let template = self.queue.popped(pod).template;
        let Decision { filtered, scored, outcome } = self.decide(spec, (pod, template), tie);
        match outcome {
            Ok(node) => {
                let verdict = Verdict::Placed(self.place(spec, pod, template, node, now));
                Cycle { filtered, scored, verdict, patched: false, preemption: None }
            }
            Err(mut failure) => {
                let preemption = self.preempt(spec, (pod, template), &mut failure, tie, now);
                let before = self.queue.popped(pod).message;
                let message = self.fail(spec, pod, &failure, now);
                let verdict = Verdict::Unschedulable(message);
                Cycle { filtered, scored, verdict, patched: before != Some(message), preemption }
            }
        }
    }

    fn decide(&mut self, spec: &Spec, (pod, template): (PodId, TemplateId), tie: u64) -> Decision {
        let Self { nodes, profiles, rules, start, memory, .. } = self;
        let (profile, rules) = (profiles.of(template), profiles.rules(template, *rules));
        let preemptor = Preemptor { spec, profile, memory, pod, template, tie };
        if let Some(node) = preemptor.room_made(nodes) {
            return Decision { filtered: 1, scored: 0, outcome: Ok(node) };
        }
        let crowd = preemptor.crowd(nodes);
        let view = PodView { template: &spec.templates[template], symbols: nodes.symbols() };
        let cluster = ClusterView { nodes, spec };
        if self.path == Path::Auto && crowd.is_empty() && profile.is_default() && view.template.claims.is_empty() {
            let context = Context { cluster, profile, rules, pod: view };
            if let Some(decision) = self.fast.decide(context, start, template, tie) {
                return decision;
            }
        }
        plain::decide(cluster, profile, rules, start, (view, &crowd), tie)
    }

    /// `PostFilter`: may others make room?
    fn preempt(
        &mut self,
        spec: &Spec,
        (pod, template): (PodId, TemplateId),
        failure: &mut Failure,
        tie: u64,
        now: SimTime,
    ) -> Option<Candidate> {
        let Failure::Nodes(tally) = failure else { return None };
        let Self { nodes, profiles, memory, .. } = self;
        let preemptor = Preemptor { spec, profile: profiles.of(template), memory, pod, template, tie };
        let chosen = preemptor.preempt(nodes, tally).and_then(|run| run.best(spec));
        match &chosen {
            Some(chosen) => self.nominate(spec, (pod, template), chosen, now),
            None if tally.gives_up() => self.denominate(spec, pod, now),
            None => {}
        }
        chosen
    }

    fn place(&mut self, spec: &Spec, pod: PodId, template: TemplateId, node: NodeId, now: SimTime) -> NodeId {
        if let Some(message) = self.queue.placed() {
            self.messages.leave(message);
        }
        self.memory.nominations.withdraw(pod);
        self.assign(spec, Resident { pod, template, started: now, terminating: false }, node);
        node
    }

    fn fail(&mut self, spec: &Spec, pod: PodId, failure: &Failure, now: SimTime) -> MessageId {
        let message = self.messages.add(failure, spec, self.nodes.symbols(), self.nodes.len());
        let (profiles, nodes) = (&self.profiles, &self.nodes);
        let helps = |event, template, rejectors| helps(spec, profiles, nodes, event, template, rejectors);
        let failed = self.queue.failed(failure.rejectors(), message, now, &helps);
        if !failed.kept {
            self.memory.nominations.withdraw(pod);
        }
        // A Pod that was withdrawn meanwhile does not wait, but its message can still be read until another comes.
        for gone in failed.before.into_iter().chain((!failed.kept).then_some(message)) {
            self.messages.leave(gone);
        }
        message
    }

    /// An assigned Pod is gone, ended or deleted: its node has room again, and Pods that this may help are woken.
    ///
    /// # Panics
    /// If it is not on the node.
    pub fn release(&mut self, spec: &Spec, pod: PodId, node: NodeId, now: SimTime) {
        let gone = self.nodes.remove(spec, pod, node);
        self.memory.left(pod);
        self.fast.left(spec, &self.nodes, &gone, node);
        self.happened(spec, Event::AssignedPodDeleted(gone.template), now);
    }

    /// What a Pod on a node requests departs from its template by so many millicores and bytes from now on. Pods that wait are woken if
    /// it requests less than before.
    pub fn resize(&mut self, spec: &Spec, pod: PodId, node: NodeId, by: (i64, i64), now: SimTime) {
        let (cpu, memory) = self.nodes.resize(pod, node, by);
        self.fast.changed(spec, &self.nodes, node);
        if cpu < 0 || memory < 0 {
            self.happened(spec, Event::ScaledDown(cpu < 0, memory < 0), now);
        }
    }

    /// By how much what a Pod on a node requests departs from its template.
    pub fn resized_by(&self, pod: PodId) -> (i64, i64) {
        self.nodes.resized_by(pod)
    }

    /// The scheduler sees that the binding of a Pod of this template has landed: Pods that want its kind near, or are spread around
    /// it, are woken.
    pub fn bound(&mut self, spec: &Spec, template: TemplateId, now: SimTime) {
        self.happened(spec, Event::AssignedPodAdded(template), now);
    }

    /// True if somebody waits for [`Scheduler::bound`].
    pub fn awaits_binding(&self) -> bool {
        self.queue.awaits(self.profiles.registered(HappeningKind::AssignedPodAdded))
    }

    /// Puts a Pod on a node without a decision, whether it fits or not.
    pub fn assign(&mut self, spec: &Spec, resident: Resident, node: NodeId) {
        self.nodes.add(spec, resident, node);
        self.fast.came(spec, &self.nodes, &resident, node);
    }

    /// Cordons or uncordons a node; uncordoning wakes Pods that this may help.
    pub fn set_unschedulable(&mut self, spec: &Spec, node: NodeId, cordoned: bool, now: SimTime) {
        if !self.nodes.cordon(node, cordoned) {
            return;
        }
        if let Some(profile) = self.profiles.fast() {
            self.fast.redefined(ClusterView { nodes: &self.nodes, spec }, profile, node);
        }
        if !cordoned {
            self.happened(spec, Event::Uncordoned(node), now);
        }
    }

    /// Gives a node these taints in place of those that it had; Pods that tolerate it now and did not before are woken.
    ///
    /// After `TaintToleration.isSchedulableAfterNodeChange` in `pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go`
    /// of Kubernetes v1.34.
    pub fn set_taints(&mut self, spec: &Spec, node: NodeId, taints: &[Taint], now: SimTime) {
        let Some(before) = self.nodes.retaint(node, taints) else { return };
        self.fast.retainted(spec);
        if let Some(profile) = self.profiles.fast() {
            self.fast.redefined(ClusterView { nodes: &self.nodes, spec }, profile, node);
        }
        self.happened(spec, Event::Retainted(node, before), now);
    }

    /// The taint of this key and effect with an empty value. A key that no Pod of the scenario names becomes known here.
    pub fn taint(&mut self, key: &str, effect: TaintEffect) -> Taint {
        self.nodes.taint(key, effect)
    }

    /// The taints of a node.
    pub fn taints(&self, node: NodeId) -> &[Taint] {
        &self.nodes.node(node).taints
    }

    fn happened(&mut self, spec: &Spec, event: Event, now: SimTime) {
        self.happened_for(spec, event, i32::MAX, now);
    }

    /// The same, seen only by Pods of at most this priority.
    fn happened_for(&mut self, spec: &Spec, event: Event, most: i32, now: SimTime) {
        let registered = self.profiles.registered(event.kind());
        let (profiles, nodes) = (&self.profiles, &self.nodes);
        self.queue.happened((event, most), registered, now, &|event, template, rejectors| {
            helps(spec, profiles, nodes, event, template, rejectors)
        });
    }

    /// Pods that wait to be placed, whether active, backing off or parked.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Pods that wait with a message.
    pub fn waiting_with(&self, message: MessageId) -> usize {
        self.messages.waiting(message)
    }

    /// The messages that Pods wait with and how many wait with each.
    pub fn messages(&self) -> impl Iterator<Item = (MessageId, usize)> {
        self.messages.iter()
    }

    /// Why Pods with this message were not placed: "0/3 nodes are available: …". Holds while a Pod waits with it.
    pub fn message(&self, id: MessageId) -> &str {
        self.messages.message(id)
    }

    /// The same with what preemption found, as in the event `FailedScheduling`.
    pub fn message_in_full(&self, id: MessageId) -> &str {
        self.messages.full(id)
    }

    /// Number of nodes.
    pub fn nodes_count(&self) -> usize {
        self.nodes.len()
    }

    /// The name of a node.
    pub fn node_name(&self, node: NodeId) -> &str {
        self.nodes.symbols().text(self.nodes.node(node).name)
    }

    /// Nodes in the order in which they are searched.
    pub fn node_order(&self) -> &[NodeId] {
        self.nodes.order()
    }

    /// True if the node is cordoned.
    pub fn is_unschedulable(&self, node: NodeId) -> bool {
        self.nodes.node(node).cordoned
    }

    /// Number of Pods on a node, assumed ones included.
    pub fn node_pods(&self, node: NodeId) -> u32 {
        self.nodes.load(node).pods
    }

    /// What the Pods of a node take, assumed ones included.
    pub fn requested(&self, node: NodeId) -> &Load {
        self.nodes.load(node)
    }
}

impl Event {
    const fn kind(self) -> HappeningKind {
        match self {
            Self::AssignedPodDeleted(_) => HappeningKind::AssignedPodDeleted,
            Self::AssignedPodAdded(_) => HappeningKind::AssignedPodAdded,
            Self::ScaledDown(..) => HappeningKind::ScaledDown,
            Self::Uncordoned(_) => HappeningKind::Uncordoned,
            Self::Retainted(..) => HappeningKind::Retainted,
        }
    }
}

/// True if `event` may help a Pod of this template that `rejectors` refused.
fn helps(spec: &Spec, profiles: &Profiles, nodes: &Nodes, event: Event, template: TemplateId, rejectors: PluginSet) -> bool {
    let profile = profiles.of(template);
    let asked = rejectors.and(profile.registered(event.kind()));
    let happening = match event {
        Event::AssignedPodDeleted(gone) => Happening::AssignedPodDeleted(&spec.templates[gone]),
        Event::AssignedPodAdded(come) => Happening::AssignedPodAdded(&spec.templates[come]),
        Event::ScaledDown(cpu, memory) => Happening::ScaledDown(cpu, memory),
        Event::Uncordoned(node) => Happening::Uncordoned(nodes.view(node)),
        Event::Retainted(node, before) => Happening::Retainted(nodes.view(node), nodes.former(before)),
    };
    profile.hints(asked, &PodView { template: &spec.templates[template], symbols: nodes.symbols() }, &happening)
}
