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

mod bytes;
mod constraints;
mod exact;
mod lanes;
mod question;
mod rows;
mod statics;
mod stretch;
mod trackers;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::framework::{ClusterView, PodView, Resident};
use super::messages::{Failure, Tally};
use super::nodes::Nodes;
use super::order::feasible_enough;
use super::profile::Profile;
use super::{Decision, Rules};
use crate::spec::{Placement, PodTemplate, Requests, Spec};
use crate::table::{ImageId, NodeId, Table, TemplateId};
use crate::units::{Bytes, MilliCpu};
use constraints::{Bounds, Constraints};
use lanes::{Lane, Lanes, refusal_counts};
use question::{ADMITS, CLASS, Question, UNTOLD, refuses};
use rows::Rows;
use statics::{Class, Statics};
use stretch::{Stretch, Taking, best, best_of_kinds, best_of_totals};
use trackers::Trackers;

/// Places of `NodePorts` and `NodeResourcesFit` among the default filters; those before them are static.
const PORTS: usize = 4;
const FIT: usize = 5;
/// So many times in a row a question must be asked shortly after it was asked to be given a lane.
const HEAT: u32 = 8;
/// Most lanes.
const LANES: usize = 1024;
/// Most classes whose static answers are kept.
const CLASSES: usize = 512;

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
    fn changed(&mut self, spec: &Spec, nodes: &Nodes, node: NodeId) {
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
        for class in &mut self.classes {
            if let Some(statics) = &mut class.statics {
                statics.ask_again(cluster, profile, view(class.template), node);
            }
        }
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

    /// Decides for a Pod of `template`, or leaves it to the plain path.
    pub(super) fn decide(&mut self, context: Context<'_>, start: &mut usize, template: TemplateId, tie: u64) -> Option<Decision> {
        let Context { cluster, profile, rules, pod } = context;
        let nodes = cluster.nodes;
        let asked = self.asked[template] as usize;
        let nodes_count = self.rows.len();
        if nodes_count == 0 || !self.has_statics(asked, cluster, profile, pod) {
            return None;
        }
        let enough = feasible_enough(nodes_count, rules.percentage);
        self.warm(asked, template, enough, nodes, pod);
        let constraints = match self.asked_of_pods(template, cluster, pod) {
            Asked::TooMuch => return None,
            Asked::This(constraints) => Some(constraints),
            _ => None,
        };
        let Self { rows, questions, classes, lanes, passing, trackers, .. } = self;
        let question = &mut questions[asked];
        let statics = classes[question.class as usize].statics.as_ref().expect("made above");
        let answering = Answering { nodes, rows, statics, pod };
        let taking = Taking { rule: rules.tie_break, tie, order: nodes.order() };
        let lane = question.lane.map(|lane| lanes.lane_mut(lane));
        if let Some(lane) = lane.as_ref().filter(|lane| lane.is_refused()) {
            return Some(answering.refused(question, lane.counts(), &lane.answers));
        }
        if let Some(constraints) = constraints {
            let bounds = constraints.bounds(trackers);
            let stretch = Stretch::pass(passing, *start, enough, |first, out| {
                match &lane {
                    Some(lane) => out.copy_from_slice(&lane.answers[first..first + out.len()]),
                    None => answering.answer(question, first, out),
                }
                bounds.limit(first, out);
            });
            // What is wrong with the nodes if there is none, the plain path tells.
            let decision = answering.choose_within(&bounds, passing, stretch, taking)?;
            *start = (*start + stretch.seen) % nodes_count;
            return Some(decision);
        }
        let Some(lane) = lane else {
            let stretch = Stretch::pass(passing, *start, enough, |first, out| answering.answer(question, first, out));
            *start = (*start + stretch.seen) % nodes_count;
            let outcome = answering.choose(passing, stretch, taking);
            return Some(outcome.unwrap_or_else(|| answering.refused(question, &refusal_counts(passing), passing)));
        };
        let stretch = Stretch::pass(&mut lane.answers, *start, enough, |_, _| {});
        *start = (*start + stretch.seen) % nodes_count;
        answering.choose(&lane.answers, stretch, taking)
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

    /// True if the class of a question has static answers, which are made if need be.
    fn has_statics(&mut self, asked: usize, cluster: ClusterView<'_>, profile: &Profile, pod: PodView<'_>) -> bool {
        self.decisions += 1;
        let class = self.questions[asked].class;
        let decisions = self.decisions;
        let row = &mut self.classes[class as usize];
        row.used = decisions;
        if row.narrowed || row.statics.is_some() {
            return !row.narrowed;
        }
        row.statics = Statics::new(cluster, profile, pod).map(Box::new);
        row.narrowed = row.statics.is_none();
        if row.narrowed {
            return false;
        }
        self.kept.push(class);
        self.forget_class();
        true
    }

    /// Forgets the static answers that were not used for longest, if there are too many.
    fn forget_class(&mut self) {
        if self.kept.len() <= CLASSES {
            return;
        }
        let free = (0..self.kept.len()).filter(|row| self.classes[self.kept[*row] as usize].lanes == 0);
        if let Some(oldest) = free.min_by_key(|row| self.classes[self.kept[*row] as usize].used) {
            let class = self.kept.swap_remove(oldest);
            self.classes[class as usize].statics = None;
        }
    }

    /// Notes that a question is asked, and gives it a lane if that pays: keeping a lane costs a few nanoseconds a change of any node,
    /// computing answers about one a node passed.
    fn warm(&mut self, asked: usize, template: TemplateId, enough: usize, nodes: &Nodes, pod: PodView<'_>) {
        let window = (enough as u64 / 4).max(64);
        let question = &mut self.questions[asked];
        let soon = self.decisions - question.asked <= window;
        question.asked = self.decisions;
        question.heat = if soon { question.heat + 1 } else { 0 };
        if question.lane.is_some() || question.heat < HEAT {
            return;
        }
        self.cool(window * u64::from(HEAT));
        if self.lanes.len() < LANES {
            self.give_lane(asked, template, nodes, pod);
        }
    }

    fn give_lane(&mut self, asked: usize, template: TemplateId, nodes: &Nodes, pod: PodView<'_>) {
        let Self { rows, questions, classes, lanes, .. } = self;
        let question = &mut questions[asked];
        let class = &mut classes[question.class as usize];
        let statics = class.statics.as_ref().expect("made before");
        let mut answers = vec![CLASS; rows.len()];
        Answering { nodes, rows, statics, pod }.answer(question, 0, &mut answers);
        question.lane = Some(lanes.add(Lane::new(asked as u32, template, question, answers), &question.asks));
        class.lanes += 1;
    }

    /// Takes lanes away that were not asked for `patience` decisions.
    fn cool(&mut self, patience: u64) {
        let cold = |lane: &Lane| self.decisions - self.questions[lane.question as usize].asked > patience;
        let cold: Vec<u32> = self.lanes.iter().filter(|lane| cold(lane)).map(|lane| lane.question).collect();
        for question in cold {
            let lane = self.questions[question as usize].lane.take().expect("it has one");
            self.classes[self.questions[question as usize].class as usize].lanes -= 1;
            self.lanes.remove(lane);
            if (lane as usize) < self.lanes.len() {
                self.questions[self.lanes.lane(lane).question as usize].lane = Some(lane);
            }
        }
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

/// All that answers to one question depend on.
struct Answering<'a> {
    nodes: &'a Nodes,
    rows: &'a Rows,
    statics: &'a Statics,
    pod: PodView<'a>,
}

impl Answering<'_> {
    /// Answers for the nodes at the places from `first` on.
    fn answer(&self, question: &mut Question, first: usize, out: &mut [u8]) {
        self.rows.answer(question.asks, first, out);
        self.statics.mask(first, out);
        let special = question.is_special();
        for (place, byte) in (first..).zip(out).filter(|(place, byte)| **byte != CLASS && (special || self.rows.is_odd(*place))) {
            let node = self.nodes.view(self.nodes.order()[place]);
            *byte = question.refine(*byte, self.rows.is_odd(place), &self.pod, &node);
        }
    }

    /// The decision among the feasible nodes of a stretch, `None` if there is none.
    fn choose(&self, answers: &[u8], stretch: Stretch, taking: Taking<'_>) -> Option<Decision> {
        let place = match stretch.feasible {
            0 => return None,
            1 => best(answers, stretch, taking),
            _ if self.statics.kinds().is_empty() => best(answers, stretch, taking),
            _ => best_of_kinds(answers, self.statics, stretch, taking),
        };
        let scored = if stretch.feasible == 1 { 0 } else { stretch.feasible as u32 };
        Some(Decision { filtered: stretch.seen as u32, scored, outcome: Ok(self.nodes.order()[place]) })
    }

    /// The decision among the feasible nodes of a stretch where Pods that are there count, too.
    fn choose_within(&self, bounds: &Bounds<'_>, answers: &[u8], stretch: Stretch, taking: Taking<'_>) -> Option<Decision> {
        if stretch.feasible < 2 {
            return self.choose(answers, stretch, taking);
        }
        let feasible = stretch.feasible_places(answers);
        let mut totals = self.statics.totals_of(answers, &feasible);
        bounds.score(&feasible, &mut totals);
        let place = best_of_totals(&feasible, &totals, taking);
        Some(Decision { filtered: stretch.seen as u32, scored: stretch.feasible as u32, outcome: Ok(self.nodes.order()[place]) })
    }

    /// The decision where all nodes refuse, `counts` of them with each code.
    fn refused(&self, question: &Question, counts: &[u32; ADMITS as usize], answers: &[u8]) -> Decision {
        let mut tally = Tally::default();
        for ((plugin, rejection), count) in self.statics.refusals() {
            tally.count(rejection, *plugin, count);
        }
        let coded = (CLASS + 1..UNTOLD).zip(&counts[1..]).filter(|(_, count)| **count > 0);
        for (code, count) in coded {
            let (plugin, rejection) = question.refusal(code);
            tally.count(&rejection, plugin, *count);
        }
        if counts[usize::from(UNTOLD)] > 0 {
            self.tell(answers, &mut tally);
        }
        Decision::failure(answers.len(), Failure::Nodes(tally))
    }

    /// Adds the refusals that have no code of their own.
    fn tell(&self, answers: &[u8], tally: &mut Tally) {
        for (place, _) in answers.iter().enumerate().filter(|(_, answer)| **answer == UNTOLD) {
            let refusal = refuses(&self.pod, &self.nodes.view(self.nodes.order()[place]));
            let (plugin, rejection) = refusal.expect("the node refused");
            tally.count(&rejection, plugin, 1);
        }
    }
}
