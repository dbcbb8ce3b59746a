//! What is kept ready: static answers for classes, and lanes for questions that are asked often.

use super::super::framework::{ClusterView, PodView};
use super::super::nodes::Nodes;
use super::super::profile::Profile;
use super::Fast;
use super::answering::Answering;
use super::lanes::Lane;
use super::question::CLASS;
use super::statics::Statics;
use crate::table::TemplateId;

/// So many times in a row a question must be asked shortly after it was asked to be given a lane.
const HEAT: u32 = 8;
/// Most lanes.
const LANES: usize = 1024;
/// Most classes whose static answers are kept.
const CLASSES: usize = 512;

impl Fast {
    /// True if the class of a question has static answers, which are made if need be.
    pub(super) fn has_statics(&mut self, asked: usize, cluster: ClusterView<'_>, profile: &Profile, pod: PodView<'_>) -> bool {
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
    pub(super) fn warm(&mut self, asked: usize, template: TemplateId, enough: usize, nodes: &Nodes, pod: PodView<'_>) {
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
        cold.into_iter().for_each(|question| self.take_lane(question));
    }

    fn take_lane(&mut self, question: u32) {
        let lane = self.questions[question as usize].lane.take().expect("it has one");
        self.classes[self.questions[question as usize].class as usize].lanes -= 1;
        self.lanes.remove(lane);
        if (lane as usize) < self.lanes.len() {
            self.questions[self.lanes.lane(lane).question as usize].lane = Some(lane);
        }
    }

    /// The fast path does not apply to a class any more, whose static answers are gone.
    pub(super) fn give_up(&mut self, class: u32) {
        let questions = 0..self.questions.len() as u32;
        let asked: Vec<u32> = questions.filter(|row| self.questions[*row as usize].class == class).collect();
        for question in asked.into_iter().filter(|row| self.questions[*row as usize].lane.is_some()).collect::<Vec<_>>() {
            self.take_lane(question);
        }
        self.classes[class as usize].narrowed = true;
        self.kept.retain(|kept| *kept != class);
    }
}
