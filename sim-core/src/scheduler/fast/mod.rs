//! The fast path: a decision reads one byte for each node that it passes.
//!
//! Pods whose templates ask the same share a *question*. A node's answer to it is one byte (see [`question`]): why it refuses, or the
//! sum of the scores that depend on the node alone. Questions that are asked often have a [lane](lanes): their answers lie ready in the
//! order of the node list, and a node that changes answers all of them anew, in one vectorised loop. For the others the answers are
//! computed over [columns](rows) as the search goes, vectorised as well. The search itself, the highest score and the choice among
//! equals are [scans over bytes](bytes).
//!
//! What depends on the Pod's class and the node's definition only (node name, cordon, taints, node affinity) is kept apart, in
//! [static answers](statics) shared by questions, and asked again only of a node that is redefined.
//!
//! It applies to the default profile, and to Pods without claims to volumes whose required affinity does not name nodes. It never changes a decision.

#![expect(clippy::inline_always, reason = "loops are compiled once for each vector width, with all that they call")]
#![expect(clippy::needless_bitwise_bool, reason = "a branch would keep a loop from being vectorised")]

mod answering;
mod bytes;
mod constraints;
mod defaults;
mod exact;
mod lanes;
mod question;
mod rows;
mod search;
mod statics;
mod stretch;
mod trackers;
mod upkeep;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::framework::{ClusterView, PodView, Resident};
use super::nodes::Nodes;
use super::order::feasible_enough;
use super::profile::Profile;
use super::{Decision, Rules};
use crate::spec::{Placement, PodTemplate, Requests, Spec};
use crate::table::{ImageId, NodeId, Table, TemplateId};
use crate::units::{Bytes, MilliCpu};
use answering::Answering;
use constraints::Constraints;
use lanes::Lanes;
use question::{CLASS, Question};
use rows::Rows;
use search::Search;
use statics::{Class, Statics};
use stretch::Taking;
use trackers::Trackers;

/// What is remembered for all templates.
#[derive(Clone, Debug)]
pub(super) struct Fast {
    /// Nodes in list order.
    rows: Rows,
    /// The question of each template.
    asked: Table<TemplateId, u32>,
    questions: Vec<Question>,
    classes: Vec<Class>,
    lanes: Lanes,
    /// Classes that have static answers.
    kept: Vec<u32>,
    decisions: u64,
    /// Answers to a question that has no lane, or of which constraints leave only some.
    passing: Vec<u8>,
    trackers: Trackers,
    /// What each template asks of Pods that are there, as far as it was looked at.
    constraints: Table<TemplateId, Asked>,
}

/// What a template asks of Pods that are there.
#[derive(Clone, Debug, Default)]
enum Asked {
    /// Not looked at yet.
    #[default]
    Unknown,
    /// Nothing.
    Nothing,
    /// This.
    This(Arc<Constraints>),
    /// More than is kept up to date: the plain path decides.
    TooMuch,
}

/// What a decision depends on besides what is remembered.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) cluster: ClusterView<'a>,
    pub(super) profile: &'a Profile,
    pub(super) rules: Rules,
    pub(super) pod: PodView<'a>,
}

impl Fast {
    pub(super) fn new(spec: &Spec, nodes: &Nodes) -> Self {
        let rows = Rows::new(nodes);
        let mut fast = Self {
            passing: vec![CLASS; rows.len()],
            rows,
            asked: Table::new(),
            questions: Vec::new(),
            classes: Vec::new(),
            lanes: Lanes::default(),
            kept: Vec::new(),
            decisions: 0,
            trackers: Trackers::new(spec.templates.len()),
            constraints: Table::filled(spec.templates.len(), Asked::Unknown),
        };
        fast.sort_templates(spec, nodes);
        fast
    }

    /// Gives templates that ask the same one question, and those that ask the same of node definitions one class.
    fn sort_templates(&mut self, spec: &Spec, nodes: &Nodes) {
        type Asks<'a> = (&'a Placement, &'a Requests, MilliCpu, Bytes, Vec<ImageId>);
        let mut questions: FxHashMap<Asks<'_>, u32> = FxHashMap::default();
        let mut classes: FxHashMap<(Placement, Vec<ImageId>), u32> = FxHashMap::default();
        for (id, template) in spec.templates.iter() {
            let images = images_that_matter(template, nodes);
            let asks = (&template.placement, &template.requests, template.scored.cpu, template.scored.memory, images.clone());
            let question = *questions.entry(asks).or_insert_with(|| {
                let class = *classes.entry((without_ports(template), images)).or_insert_with(|| {
                    self.classes.push(Class::new(id));
                    self.classes.len() as u32 - 1
                });
                self.questions.push(Question::new(template, class));
                self.questions.len() as u32 - 1
            });
            self.asked.push(question);
        }
    }

    /// A Pod came to a node.
    pub(super) fn came(&mut self, spec: &Spec, nodes: &Nodes, resident: &Resident, node: NodeId) {
        self.trackers.moved(resident, nodes.place(node), 1);
        self.changed(spec, nodes, node);
    }

    /// A Pod left a node.
    pub(super) fn left(&mut self, spec: &Spec, nodes: &Nodes, resident: &Resident, node: NodeId) {
        self.trackers.moved(resident, nodes.place(node), -1);
        self.changed(spec, nodes, node);
    }

    /// A Pod of a node is being deleted.
    pub(super) fn terminates(&mut self, nodes: &Nodes, template: TemplateId, node: NodeId) {
        self.trackers.terminates(template, nodes.place(node));
    }

    /// The Pods of a node changed.
    pub(super) fn changed(&mut self, spec: &Spec, nodes: &Nodes, node: NodeId) {
        let (place, view) = (nodes.place(node), nodes.view(node));
        let Self { rows, lanes, questions, .. } = self;
        rows.set(place, &view);
        let odd = rows.is_odd(place);
        lanes.changed(place, &rows.row(place), odd, |lane, answer| {
            let pod = PodView { template: &spec.templates[lane.template], symbols: nodes.symbols() };
            questions[lane.question as usize].refine(answer, odd, &pod, &view)
        });
    }

    /// The node itself changed.
    pub(super) fn redefined(&mut self, cluster: ClusterView<'_>, profile: &Profile, node: NodeId) {
        let nodes = cluster.nodes;
        let view = |template| PodView { template: cluster.template(template), symbols: nodes.symbols() };
        let mut too_varied = Vec::new();
        for (number, class) in (0..).zip(&mut self.classes) {
            let Some(statics) = &mut class.statics else { continue };
            if !statics.ask_again(cluster, profile, view(class.template), node) {
                // Kinds of scores that no node has any more may have used the bytes up.
                class.statics = Statics::new(cluster, profile, view(class.template)).map(Box::new);
                too_varied.extend(class.statics.is_none().then_some(number));
            }
        }
        too_varied.into_iter().for_each(|class| self.give_up(class));
        let place = nodes.place(node);
        for number in 0..self.lanes.len() as u32 {
            let (question, template) = (self.lanes.lane(number).question as usize, self.lanes.lane(number).template);
            let statics = self.classes[self.questions[question].class as usize].statics.as_ref().expect("lanes hold static answers");
            let context = Answering { nodes, rows: &self.rows, statics, pod: view(template) };
            let mut answer = [CLASS];
            context.answer(&mut self.questions[question], place, &mut answer);
            self.lanes.set(number, place, answer[0]);
        }
    }

    /// Taints changed. Sums of Pods on the nodes that a Pod tolerates are not kept up to date with that: the plain path decides for
    /// Pods with spread constraints that honour taints.
    pub(super) fn retainted(&mut self, spec: &Spec) {
        for (id, template) in spec.templates.iter() {
            if template.spread.iter().any(|constraint| constraint.honor_node_taints) {
                self.constraints[id] = Asked::TooMuch;
            }
        }
    }

    /// Decides for a Pod of `template`, or leaves it to the plain path.
    pub(super) fn decide(&mut self, context: Context<'_>, start: &mut usize, template: TemplateId, tie: u64) -> Option<Decision> {
        let Context { cluster, profile, rules, pod } = context;
        let nodes = cluster.nodes;
        let asked = self.asked[template] as usize;
        if self.rows.len() == 0 || !self.has_statics(asked, cluster, profile, pod) {
            return None;
        }
        let enough = feasible_enough(self.rows.len(), rules.percentage);
        self.warm(asked, template, enough, nodes, pod);
        let constraints = match self.asked_of_pods(template, cluster, pod) {
            Asked::TooMuch => return None,
            Asked::This(constraints) => Some(constraints),
            _ => None,
        };
        let Self { rows, questions, classes, lanes, passing, trackers, .. } = self;
        let question = &mut questions[asked];
        let statics = classes[question.class as usize].statics.as_ref().expect("made above");
        let lane = question.lane.map(|lane| lanes.lane_mut(lane));
        let answering = Answering { nodes, rows, statics, pod };
        let taking = Taking { rule: rules.tie_break, tie, order: nodes.order() };
        let search = Search { answering, taking, start, enough, passing };
        match (lane, constraints) {
            (Some(lane), _) if lane.is_refused() => Some(search.answering.refused(question, lane.counts(), &lane.answers)),
            (lane, Some(constraints)) => search.within(&constraints.bounds(trackers), question, lane.as_deref()),
            (Some(lane), None) => search.ready(lane),
            (None, None) => Some(search.along_the_way(question)),
        }
    }

    /// What a template asks of Pods that are there, worked out if it was not yet.
    fn asked_of_pods(&mut self, template: TemplateId, cluster: ClusterView<'_>, pod: PodView<'_>) -> Asked {
        if matches!(self.constraints[template], Asked::Unknown) {
            self.constraints[template] = match Constraints::new(pod, cluster, &mut self.trackers) {
                None => Asked::TooMuch,
                Some(constraints) if constraints.is_empty() => Asked::Nothing,
                Some(constraints) => Asked::This(Arc::new(constraints)),
            };
        }
        self.constraints[template].clone()
    }
}

/// What the class of a template asks: all but host ports, which depend on the node's Pods.
fn without_ports(template: &PodTemplate) -> Placement {
    Placement { host_ports: Vec::new(), ..template.placement.clone() }
}

/// The images of a Pod's containers if some node has one of them, else none.
fn images_that_matter(template: &PodTemplate, nodes: &Nodes) -> Vec<ImageId> {
    let images = || template.containers.iter().map(|container| container.image);
    if images().any(|image| nodes.with_image(image) > 0) { images().collect() } else { Vec::new() }
}
