//! The fast path: what nodes answered is remembered, and only nodes that changed are asked again.
//!
//! Pods whose templates ask the same share a *question*. Its answers lie in columns in the order of the node list: one byte per
//! node, the sum of the scores that depend on the node alone plus one, or 0 if the node refuses, and a code that says why. A change
//! of a node stamps its row; a search brings the blocks of rows it passes up to date and otherwise runs over bytes, which the
//! compiler vectorises. So a decision costs the rows that changed since the question was last asked there, plus a scan.
//!
//! What depends on the Pod's class and the node's definition only (node name, cordon, taints, node affinity) is kept apart, in
//! *static answers* shared by questions, and asked again only of a node that is redefined.
//!
//! It applies to the default profile, and to Pods whose required affinity does not name nodes. It never changes a decision.

use rustc_hash::FxHashMap;

use super::framework::{AnyFilter, ClusterView, NodeView, PodView, Prepared, Reason, Rejection, Score, normalized};
use super::messages::{Failure, Tally};
use super::nodes::Nodes;
use super::order::{feasible_enough, pick};
use super::plugins::{
    EXACT_BELOW, NodeAffinity, NodePorts, NodeResourcesBalancedAllocation, NodeResourcesFit, TaintToleration, balanced, is_balanced,
    lacking, least_allocated_exact,
};
use super::profile::{PluginSet, Profile};
use super::{Decision, Rules};
use crate::spec::{Placement, PodTemplate, Requests, Spec, TieBreak};
use crate::table::{NodeId, Table, TemplateId};
use crate::units::{Bytes, MilliCpu};

/// Rows that are brought up to date together.
const BLOCK: usize = 16;
/// Memory for answers: questions that were not asked for long are forgotten beyond this.
const ANSWERS_BYTES: usize = 96 << 20;
/// Places of `NodePorts` and `NodeResourcesFit` among the default filters; those before them are static.
const PORTS: usize = 4;
const FIT: usize = 5;
/// Weights of the scores that depend on the class, in the default profile.
const TAINTS_WEIGHT: i64 = 3;
const AFFINITY_WEIGHT: i64 = 2;

/// What is remembered for all templates.
#[derive(Clone, Debug)]
pub(super) struct Fast {
    /// Nodes in list order.
    rows: Vec<Row>,
    /// Counts changes of nodes; a row or block bears the number of its last.
    clock: u64,
    row_stamps: Vec<u64>,
    block_stamps: Vec<u64>,
    /// The question of each template.
    asked: Table<TemplateId, u32>,
    questions: Vec<Question>,
    classes: Vec<Class>,
    /// Questions that have answers.
    answered: Vec<u32>,
    decisions: u64,
    feasible: Vec<u32>,
    totals: Vec<i64>,
}

/// What changes on a node with each Pod, as far as scores and the commonest refusals need it.
#[derive(Clone, Copy, Debug)]
struct Row {
    cpu: f64,
    memory: f64,
    requested_cpu: f64,
    requested_memory: f64,
    scored_cpu: f64,
    scored_memory: f64,
    pods_left: i64,
    /// True if floating point gives what integers give: the node has CPU and memory, and no amount is too large.
    exact: bool,
}

impl Row {
    fn new(node: &NodeView<'_>) -> Self {
        let load = node.load;
        let amounts = [node.allocatable.cpu.0, node.allocatable.memory.0];
        let taken = [load.requested.cpu.0, load.requested.memory.0, load.scored_cpu, load.scored_memory];
        let small = |amount: &u64| (*amount as f64) < EXACT_BELOW;
        Self {
            cpu: amounts[0] as f64,
            memory: amounts[1] as f64,
            requested_cpu: taken[0] as f64,
            requested_memory: taken[1] as f64,
            scored_cpu: taken[2] as f64,
            scored_memory: taken[3] as f64,
            pods_left: i64::from(node.pods_max) - i64::from(load.pods),
            exact: amounts.iter().all(|amount| *amount > 0) && amounts.iter().chain(&taken).all(small),
        }
    }
}

/// What Pods of some templates ask of nodes.
#[derive(Clone, Debug)]
struct Question {
    class: u32,
    cpu: f64,
    memory: f64,
    scored_cpu: f64,
    scored_memory: f64,
    balanced: bool,
    /// True if rows do not hold all that is asked for, or amounts are too large for floating point.
    special: bool,
    answers: Option<Box<Answers>>,
}

impl Question {
    fn new(template: &PodTemplate, class: u32) -> Self {
        let asks = &template.requests;
        let amounts = [asks.cpu.0, asks.memory.0, template.scored.cpu.0, template.scored.memory.0].map(|amount| amount as f64);
        let in_rows = asks.ephemeral_storage == Bytes::ZERO && asks.scalars.is_empty() && template.placement.host_ports.is_empty();
        let [cpu, memory, scored_cpu, scored_memory] = amounts;
        let special = !in_rows || amounts.iter().any(|amount| *amount >= EXACT_BELOW);
        Self { class, cpu, memory, scored_cpu, scored_memory, balanced: is_balanced(template), special, answers: None }
    }

    /// `NodeResourcesFit` for CPU, memory and the number of Pods.
    fn lacks(&self, row: &Row) -> u32 {
        let lack = |asked: f64, gives: f64, taken: f64, bit: u32| {
            let short = asked > 0.0 && asked > gives - taken;
            (u32::from(short) * bit) | (u32::from(short && asked > gives) * HOPELESS)
        };
        (u32::from(row.pods_left < 1) * bit(Reason::TooManyPods))
            | lack(self.cpu, row.cpu, row.requested_cpu, bit(Reason::Cpu))
            | lack(self.memory, row.memory, row.requested_memory, bit(Reason::Memory))
    }

    /// `NodeResourcesFit` and `NodeResourcesBalancedAllocation`, summed.
    fn score(&self, row: &Row) -> u8 {
        let cpu = least_allocated_exact(row.scored_cpu + self.scored_cpu, row.cpu);
        let memory = least_allocated_exact(row.scored_memory + self.scored_memory, row.memory);
        let least = i32::midpoint(cpu, memory);
        if !self.balanced {
            return least as u8;
        }
        let cpu = ((row.requested_cpu + self.cpu) / row.cpu).min(1.0);
        let memory = ((row.requested_memory + self.memory) / row.memory).min(1.0);
        (least + balanced(cpu, memory)) as u8
    }
}

/// Marks codes of refusals by `NodePorts` and `NodeResourcesFit`; the others are those of the class.
const DYNAMIC: u32 = 1 << 31;
/// Marks refusals that preemption cannot turn.
const HOPELESS: u32 = 1 << 30;
/// First bit for extended resources, in the order of the template's.
const SCALARS: u32 = 5;

/// The bit of a reason in the code of a refusal.
const fn bit(reason: Reason) -> u32 {
    match reason {
        Reason::NodePorts => 1,
        Reason::TooManyPods => 1 << 1,
        Reason::Cpu => 1 << 2,
        Reason::Memory => 1 << 3,
        _ => 1 << 4,
    }
}

/// The code of a refusal by `NodePorts` or `NodeResourcesFit`.
fn code(rejection: &Rejection, asks: &Requests) -> u32 {
    let scalar = |reason: &Reason| asks.scalars.iter().position(|(id, _)| Reason::Scalar(*id) == *reason);
    let bits = rejection.reasons.iter().map(|reason| scalar(reason).map_or(bit(*reason), |row| 1 << (SCALARS + row as u32)));
    DYNAMIC | bits.fold(0, |code, bit| code | bit) | if rejection.resolvable { 0 } else { HOPELESS }
}

/// What [`code`] stands for.
fn refusal(code: u32, asks: &Requests) -> (PluginSet, Rejection) {
    let fixed = [Reason::NodePorts, Reason::TooManyPods, Reason::Cpu, Reason::Memory, Reason::EphemeralStorage];
    let all = fixed.into_iter().chain(asks.scalars.iter().map(|(id, _)| Reason::Scalar(*id)));
    let reasons: Vec<Reason> = all.enumerate().filter(|(place, _)| code >> place & 1 == 1).map(|(_, reason)| reason).collect();
    let plugin = if code & bit(Reason::NodePorts) == 0 { FIT } else { PORTS };
    (PluginSet::of(plugin), Rejection { reasons, resolvable: code & HOPELESS == 0 })
}

/// Pods that ask the same of node definitions.
#[derive(Clone, Debug)]
struct Class {
    /// A template of the class.
    template: TemplateId,
    statics: Option<Box<Statics>>,
}

/// Static answers, in list order.
#[derive(Clone, Debug, Default)]
struct Statics {
    /// True if `PreFilter` narrows the search or refuses the Pod: then the fast path does not apply.
    narrowed: bool,
    /// Per node, 0 or one more than the row of its refusal.
    codes: Vec<u32>,
    refusals: Vec<(PluginSet, Rejection)>,
    known: FxHashMap<(PluginSet, Rejection), u32>,
    /// Raw scores of `TaintToleration`, if some node has any.
    taints: Vec<i64>,
    /// Raw scores of `NodeAffinity`, if the Pod prefers nodes.
    preferred: Vec<i64>,
}

impl Statics {
    fn new(nodes: &Nodes, profile: &Profile, pod: PodView<'_>) -> Self {
        let cluster = ClusterView { nodes };
        let mut filters = Vec::new();
        for (plugin, filter) in profile.filters[..PORTS].iter().enumerate() {
            match filter.begin(pod, cluster) {
                Prepared::Skip => {}
                Prepared::Check(run) => filters.push((PluginSet::of(plugin), run)),
                Prepared::CheckOnly(..) | Prepared::Reject(_) => return Self { narrowed: true, ..Self::default() },
            }
        }
        let mut statics = Self::default();
        let refuses = |view: &NodeView<'_>| filters.iter().find_map(|(plugin, run)| Some((*plugin, run.admit(view).err()?)));
        statics.codes = nodes.order().iter().map(|node| statics.code(refuses(&nodes.view(*node)))).collect();
        let raw = |score: &dyn Fn(&NodeView<'_>) -> i64| nodes.order().iter().map(|node| score(&nodes.view(*node))).collect();
        statics.taints = raw(&|node| TaintToleration.score(&(), &pod, node));
        if statics.taints.iter().all(|count| *count == 0) {
            statics.taints = Vec::new();
        }
        if !pod.template.placement.preferred.is_empty() {
            statics.preferred = raw(&|node| NodeAffinity.score(&(), &pod, node));
        }
        statics
    }

    fn code(&mut self, refusal: Option<(PluginSet, Rejection)>) -> u32 {
        let Some(refusal) = refusal else { return 0 };
        let Self { refusals, known, .. } = self;
        *known.entry(refusal).or_insert_with_key(|refusal| {
            refusals.push(refusal.clone());
            refusals.len() as u32
        })
    }

    /// Asks one node anew whether it admits the Pod. (Taints and labels do not change yet.)
    fn ask_again(&mut self, nodes: &Nodes, profile: &Profile, pod: PodView<'_>, node: NodeId) {
        let cluster = ClusterView { nodes };
        let refuses = |(plugin, filter): (usize, &std::sync::Arc<dyn AnyFilter>)| match filter.begin(pod, cluster) {
            Prepared::Check(run) => Some((PluginSet::of(plugin), run.admit(&nodes.view(node)).err()?)),
            _ => None,
        };
        let refusal = profile.filters[..PORTS].iter().enumerate().find_map(refuses);
        self.codes[nodes.place(node)] = self.code(refusal);
    }

    const fn is_uniform(&self) -> bool {
        self.taints.is_empty() && self.preferred.is_empty()
    }
}

/// Answers to a question, in list order.
#[derive(Clone, Debug)]
struct Answers {
    /// 0, or one more than the sum of the scores that depend on the node alone.
    scores: Vec<u8>,
    /// Why a node refuses; 0 where it does not, or was not asked yet.
    codes: Vec<u32>,
    /// The change up to which each block was asked.
    seen: Vec<u64>,
    /// Nodes by static refusal.
    by_class: Vec<u32>,
    /// Nodes by other refusal.
    by_load: Vec<(u32, u32)>,
    /// The change up to which all nodes were asked and refused.
    refused_at: Option<u64>,
    /// The decision that used them last.
    used: u64,
}

impl Answers {
    fn new(nodes: usize) -> Self {
        Self {
            scores: vec![0; nodes],
            codes: vec![0; nodes],
            seen: vec![0; nodes.div_ceil(BLOCK)],
            by_class: Vec::new(),
            by_load: Vec::new(),
            refused_at: None,
            used: 0,
        }
    }

    /// How many nodes refuse with `code`.
    fn count(&mut self, code: u32) -> &mut u32 {
        if code & DYNAMIC == 0 {
            let row = code as usize - 1;
            if self.by_class.len() <= row {
                self.by_class.resize(row + 1, 0);
            }
            return &mut self.by_class[row];
        }
        let known = self.by_load.iter().position(|(known, _)| *known == code);
        let row = known.unwrap_or_else(|| {
            self.by_load.push((code, 0));
            self.by_load.len() - 1
        });
        &mut self.by_load[row].1
    }

    fn set(&mut self, place: usize, answer: Answer) {
        let (score, code) = match answer {
            Answer::Score(score) => (score + 1, 0),
            Answer::Refusal(code) => (0, code),
        };
        self.scores[place] = score;
        let before = std::mem::replace(&mut self.codes[place], code);
        if before == code {
            return;
        }
        if before != 0 {
            *self.count(before) -= 1;
        }
        if code != 0 {
            *self.count(code) += 1;
        }
    }

    fn tally(&self, statics: &Statics, asks: &Requests) -> Tally {
        let mut tally = Tally::default();
        for ((plugin, rejection), count) in statics.refusals.iter().zip(&self.by_class).filter(|(_, count)| **count > 0) {
            tally.count(rejection, *plugin, *count);
        }
        for (code, count) in self.by_load.iter().filter(|(_, count)| *count > 0) {
            let (plugin, rejection) = refusal(*code, asks);
            tally.count(&rejection, plugin, *count);
        }
        tally
    }
}

/// A node's answer.
#[derive(Clone, Copy)]
enum Answer {
    Score(u8),
    Refusal(u32),
}

/// The stretch of the node list that a search passed: two slices of places, the second one after the end of the list.
#[derive(Clone, Copy)]
struct Stretch {
    start: usize,
    seen: usize,
    feasible: usize,
    nodes: usize,
}

impl Stretch {
    fn parts(self) -> [std::ops::Range<usize>; 2] {
        let end = self.start + self.seen;
        [self.start..end.min(self.nodes), 0..end.saturating_sub(self.nodes)]
    }

    fn places(self) -> impl Iterator<Item = usize> {
        self.parts().into_iter().flatten()
    }
}

/// All that one decision looks at.
struct Search<'a> {
    nodes: &'a Nodes,
    pod: PodView<'a>,
    question: &'a Question,
    statics: &'a Statics,
    rows: &'a [Row],
    row_stamps: &'a [u64],
    block_stamps: &'a [u64],
    clock: u64,
}

impl Search<'_> {
    fn answer(&self, place: usize) -> Answer {
        let (code, row) = (self.statics.codes[place], &self.rows[place]);
        if code != 0 {
            return Answer::Refusal(code);
        }
        if self.question.special || !row.exact {
            return self.answer_by_plugins(place);
        }
        match self.question.lacks(row) {
            0 => Answer::Score(self.question.score(row)),
            lack => Answer::Refusal(DYNAMIC | lack),
        }
    }

    /// The same in integers, for all that rows do not hold.
    fn answer_by_plugins(&self, place: usize) -> Answer {
        use super::framework::Filter;
        let (pod, node) = (&self.pod, self.nodes.view(self.nodes.order()[place]));
        let refusal = NodePorts.admit(&(), pod, &node).err().or_else(|| lacking(pod, &node));
        if let Some(rejection) = refusal {
            return Answer::Refusal(code(&rejection, &pod.template.requests));
        }
        let balanced = if self.question.balanced { NodeResourcesBalancedAllocation.score(&(), pod, &node) } else { 0 };
        Answer::Score((NodeResourcesFit.score(&(), pod, &node) + balanced) as u8)
    }

    /// Asks the nodes of a block that changed since they were asked.
    #[inline]
    fn refresh(&self, block: usize, answers: &mut Answers) {
        let seen = answers.seen[block];
        if self.block_stamps[block] > seen {
            self.ask(block, seen, answers);
        }
    }

    fn ask(&self, block: usize, seen: u64, answers: &mut Answers) {
        let first = block * BLOCK;
        let stamps = &self.row_stamps[first..self.rows.len().min(first + BLOCK)];
        for (place, _) in (first..).zip(stamps).filter(|(_, stamp)| **stamp > seen) {
            answers.set(place, self.answer(place));
        }
        answers.seen[block] = self.clock;
    }

    /// Passes nodes from `start` on until one feasible node more than `enough` is met, which does not count.
    fn run(&self, answers: &mut Answers, start: usize, enough: usize) -> Stretch {
        let nodes = self.rows.len();
        let (mut seen, mut feasible) = (0, 0);
        while seen < nodes {
            let past = start + seen;
            let place = if past < nodes { past } else { past - nodes };
            let block = place / BLOCK;
            let end = (block * BLOCK + BLOCK).min(nodes).min(place + nodes - seen);
            self.refresh(block, answers);
            let scores = &answers.scores[place..end];
            let admitting = scores.len() - count_equal(scores, 0);
            if feasible + admitting > enough {
                let last = nth(scores, enough - feasible, |score| score > 0);
                return Stretch { start, seen: seen + last, feasible: enough, nodes };
            }
            seen += end - place;
            feasible += admitting;
        }
        Stretch { start, seen, feasible, nodes }
    }
}

/// How many bytes equal `value`, in chunks that the compiler counts in bytes.
#[inline]
fn count_equal(bytes: &[u8], value: u8) -> usize {
    let in_chunk = |chunk: &[u8]| chunk.iter().fold(0, |count, byte| count + u8::from(*byte == value));
    bytes.chunks(128).map(|chunk| usize::from(in_chunk(chunk))).sum()
}

/// Where the byte is that `holds` and that `before` others that do precede.
fn nth(bytes: &[u8], before: usize, holds: impl Fn(u8) -> bool) -> usize {
    let mut places = bytes.iter().enumerate().filter(|(_, byte)| holds(**byte));
    places.nth(before).expect("so many were counted").0
}

impl Fast {
    pub(super) fn new(spec: &Spec, nodes: &Nodes) -> Self {
        let rows: Vec<Row> = nodes.order().iter().map(|node| Row::new(&nodes.view(*node))).collect();
        let mut fast = Self {
            clock: 1,
            row_stamps: vec![1; rows.len()],
            block_stamps: vec![1; rows.len().div_ceil(BLOCK)],
            rows,
            asked: Table::new(),
            questions: Vec::new(),
            classes: Vec::new(),
            answered: Vec::new(),
            decisions: 0,
            feasible: Vec::new(),
            totals: Vec::new(),
        };
        fast.sort_templates(spec);
        fast
    }

    /// Gives templates that ask the same one question, and those that ask the same of node definitions one class.
    fn sort_templates(&mut self, spec: &Spec) {
        type Asks<'a> = (&'a Placement, &'a Requests, MilliCpu, Bytes);
        let mut questions: FxHashMap<Asks<'_>, u32> = FxHashMap::default();
        let mut classes: FxHashMap<Placement, u32> = FxHashMap::default();
        for (id, template) in spec.templates.iter() {
            let asks = (&template.placement, &template.requests, template.scored.cpu, template.scored.memory);
            let question = *questions.entry(asks).or_insert_with(|| {
                let portless = Placement { host_ports: Vec::new(), ..template.placement.clone() };
                let class = *classes.entry(portless).or_insert_with(|| {
                    self.classes.push(Class { template: id, statics: None });
                    self.classes.len() as u32 - 1
                });
                self.questions.push(Question::new(template, class));
                self.questions.len() as u32 - 1
            });
            self.asked.push(question);
        }
    }

    /// The Pods of a node changed.
    pub(super) fn changed(&mut self, nodes: &Nodes, node: NodeId) {
        let place = nodes.place(node);
        self.rows[place] = Row::new(&nodes.view(node));
        self.clock += 1;
        self.row_stamps[place] = self.clock;
        self.block_stamps[place / BLOCK] = self.clock;
    }

    /// The node itself changed.
    pub(super) fn redefined(&mut self, nodes: &Nodes, profile: &Profile, spec: &Spec, node: NodeId) {
        for class in &mut self.classes {
            if let Some(statics) = class.statics.as_mut().filter(|statics| !statics.narrowed) {
                let pod = PodView { template: &spec.templates[class.template], symbols: nodes.symbols() };
                statics.ask_again(nodes, profile, pod, node);
            }
        }
        self.changed(nodes, node);
    }

    /// Decides for a Pod of `template`, or leaves it to the plain path.
    pub(super) fn decide(&mut self, context: Context<'_>, start: &mut usize, template: TemplateId, tie: u64) -> Option<Decision> {
        let Context { nodes, profile, rules, pod } = context;
        let asked = self.asked[template] as usize;
        if self.rows.is_empty() || pod.template.requests.scalars.len() > 24 {
            return None;
        }
        let class = &mut self.classes[self.questions[asked].class as usize];
        let statics = class.statics.get_or_insert_with(|| Box::new(Statics::new(nodes, profile, pod)));
        if statics.narrowed {
            return None;
        }
        let mut answers = self.take_answers(asked);
        let Self { rows, row_stamps, block_stamps, clock, questions, classes, feasible, totals, .. } = self;
        let question = &questions[asked];
        let statics = classes[question.class as usize].statics.as_ref().expect("made above");
        let search = Search { nodes, pod, question, statics, rows, row_stamps, block_stamps, clock: *clock };
        let decision = search.decide(&mut answers, rules, start, tie, (feasible, totals));
        self.questions[asked].answers = Some(answers);
        Some(decision)
    }

    /// The answers to a question, empty ones if they were forgotten; forgets the longest unused if there are too many.
    fn take_answers(&mut self, asked: usize) -> Box<Answers> {
        self.decisions += 1;
        let mut answers = self.questions[asked].answers.take().unwrap_or_else(|| {
            self.forget_one();
            self.answered.push(asked as u32);
            Box::new(Answers::new(self.rows.len()))
        });
        answers.used = self.decisions;
        answers
    }

    fn forget_one(&mut self) {
        let bytes_each = self.rows.len() * 6;
        if self.answered.len() < (ANSWERS_BYTES / bytes_each).max(16) {
            return;
        }
        let used = |question: &u32| self.questions[*question as usize].answers.as_ref().map_or(0, |answers| answers.used);
        let oldest = (0..self.answered.len()).min_by_key(|row| used(&self.answered[*row])).expect("there are some");
        let question = self.answered.swap_remove(oldest);
        self.questions[question as usize].answers = None;
    }
}

/// What a decision depends on besides what is remembered.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) nodes: &'a Nodes,
    pub(super) profile: &'a Profile,
    pub(super) rules: Rules,
    pub(super) pod: PodView<'a>,
}

impl Search<'_> {
    fn decide(
        &self,
        answers: &mut Answers,
        rules: Rules,
        start: &mut usize,
        tie: u64,
        buffers: (&mut Vec<u32>, &mut Vec<i64>),
    ) -> Decision {
        let nodes = self.rows.len();
        if answers.refused_at == Some(self.clock) {
            return self.refused(answers);
        }
        let stretch = self.run(answers, *start, feasible_enough(nodes, rules.percentage));
        *start = (*start + stretch.seen) % nodes;
        if stretch.feasible == 0 {
            answers.refused_at = Some(self.clock);
            return self.refused(answers);
        }
        let place = if self.statics.is_uniform() || stretch.feasible == 1 {
            best_of_bytes(&answers.scores, stretch, rules.tie_break, tie, self.nodes.order())
        } else {
            self.best_of_totals(&answers.scores, stretch, rules.tie_break, tie, buffers)
        };
        let scored = if stretch.feasible == 1 { 0 } else { stretch.feasible as u32 };
        Decision { filtered: stretch.seen as u32, scored, outcome: Ok(self.nodes.order()[place]) }
    }

    fn refused(&self, answers: &Answers) -> Decision {
        Decision::failure(self.rows.len(), Failure::Nodes(answers.tally(self.statics, &self.pod.template.requests)))
    }

    /// The place of the node to take where scores depend on the class, too, and on which nodes are feasible.
    fn best_of_totals(&self, scores: &[u8], stretch: Stretch, rule: TieBreak, tie: u64, buffers: (&mut Vec<u32>, &mut Vec<i64>)) -> usize {
        let (feasible, totals) = buffers;
        feasible.clear();
        feasible.extend(stretch.places().filter(|place| scores[*place] > 0).map(|place| place as u32));
        totals.clear();
        totals.extend(feasible.iter().map(|place| i64::from(scores[*place as usize])));
        let mut add = |raw: &[i64], weight: i64, reverse: bool| {
            let max = feasible.iter().map(|place| raw[*place as usize]).max().unwrap_or(0);
            for (total, place) in totals.iter_mut().zip(&*feasible) {
                *total += weight * normalized(raw[*place as usize], max, reverse);
            }
        };
        if !self.statics.taints.is_empty() {
            add(&self.statics.taints, TAINTS_WEIGHT, true);
        }
        if !self.statics.preferred.is_empty() {
            add(&self.statics.preferred, AFFINITY_WEIGHT, false);
        }
        let highest = totals.iter().max().copied();
        let tied = || feasible.iter().zip(&*totals).filter(|(_, total)| Some(**total) == highest).map(|(place, _)| *place as usize);
        match rule {
            TieBreak::LowestIndex => tied().min_by_key(|place| self.nodes.order()[*place]),
            TieBreak::Random => tied().nth(pick(tie, tied().count())),
        }
        .expect("a highest score has a node")
    }
}

/// The place of the node to take where bytes tell the order of all totals.
fn best_of_bytes(scores: &[u8], stretch: Stretch, rule: TieBreak, tie: u64, order: &[NodeId]) -> usize {
    let parts = stretch.parts();
    let highest =
        parts.clone().into_iter().map(|part| scores[part].iter().fold(0, |highest, score| highest.max(*score))).max().unwrap_or(0);
    match rule {
        TieBreak::LowestIndex => {
            let tied = parts.into_iter().flatten().filter(|place| scores[*place] == highest);
            tied.min_by_key(|place| order[*place]).expect("a highest score has a node")
        }
        TieBreak::Random => {
            let [first, second] = parts;
            let tied = [&first, &second].map(|part| count_equal(&scores[part.clone()], highest));
            let picked = pick(tie, tied[0] + tied[1]);
            let (part, before) = if picked < tied[0] { (first, picked) } else { (second, picked - tied[0]) };
            part.start + nth(&scores[part], before, |score| score == highest)
        }
    }
}
