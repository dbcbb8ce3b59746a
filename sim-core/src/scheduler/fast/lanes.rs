//! Answers that are kept up to date: a lane for each question that is asked often.
//!
//! When a node changes, its answers to all of these questions are computed in one loop; a search then only reads bytes. A question
//! that is asked seldom has no lane: its answers are computed as the search goes.

use super::question::{ADMITS, Asks, CLASS, Question};
use super::rows::Row;
use crate::table::TemplateId;
use pulp::{Arch, NullaryFnOnce};

/// The answers to one question.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) question: u32,
    /// A template that asks it.
    pub(super) template: TemplateId,
    /// In list order.
    pub(super) answers: Vec<u8>,
    /// Nodes with each answer below [`ADMITS`].
    counts: [u32; ADMITS as usize],
    special: bool,
}

impl Lane {
    pub(super) fn new(number: u32, template: TemplateId, question: &Question, answers: Vec<u8>) -> Self {
        Self { question: number, template, counts: refusal_counts(&answers), answers, special: question.is_special() }
    }

    fn set(&mut self, place: usize, answer: u8) {
        let before = std::mem::replace(&mut self.answers[place], answer);
        if before < ADMITS {
            self.counts[usize::from(before)] -= 1;
        }
        if answer < ADMITS {
            self.counts[usize::from(answer)] += 1;
        }
    }

    /// How many nodes refuse with each code.
    pub(super) const fn counts(&self) -> &[u32; ADMITS as usize] {
        &self.counts
    }

    /// True if no node admits the Pod.
    pub(super) fn is_refused(&self) -> bool {
        self.counts.iter().sum::<u32>() as usize == self.answers.len()
    }
}

/// How many of the answers refuse with each code.
pub(super) fn refusal_counts(answers: &[u8]) -> [u32; ADMITS as usize] {
    let mut counts = [0; ADMITS as usize];
    for answer in answers.iter().filter(|answer| **answer < ADMITS) {
        counts[usize::from(*answer)] += 1;
    }
    counts
}

/// All lanes, with what they ask in columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    rows: Vec<Lane>,
    cpu: Vec<f64>,
    memory: Vec<f64>,
    scored_cpu: Vec<f64>,
    scored_memory: Vec<f64>,
    balanced: Vec<f64>,
    answers: Vec<u8>,
}

impl Lanes {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn lane(&self, lane: u32) -> &Lane {
        &self.rows[lane as usize]
    }

    pub(super) fn lane_mut(&mut self, lane: u32) -> &mut Lane {
        &mut self.rows[lane as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.rows.iter()
    }

    fn columns(&mut self) -> [&mut Vec<f64>; 5] {
        let Self { cpu, memory, scored_cpu, scored_memory, balanced, .. } = self;
        [cpu, memory, scored_cpu, scored_memory, balanced]
    }

    /// Adds a lane and gives its number.
    pub(super) fn add(&mut self, lane: Lane, asks: &Asks) -> u32 {
        let values = [asks.cpu, asks.memory, asks.scored_cpu, asks.scored_memory, asks.balanced];
        for (column, value) in self.columns().into_iter().zip(values) {
            column.push(value);
        }
        self.answers.push(0);
        self.rows.push(lane);
        self.rows.len() as u32 - 1
    }

    /// Removes a lane; the last one takes its number.
    pub(super) fn remove(&mut self, lane: u32) -> Lane {
        for column in self.columns() {
            column.swap_remove(lane as usize);
        }
        self.answers.pop();
        self.rows.swap_remove(lane as usize)
    }

    /// A node changed: answers every question that its class does not refuse anyway. `refine` completes the answer to a special
    /// question, or to all of them if the row is `odd`.
    pub(super) fn changed(&mut self, place: usize, row: &Row, odd: bool, mut refine: impl FnMut(&Lane, u8) -> u8) {
        self.answer(row);
        for (lane, answer) in self.rows.iter_mut().zip(&self.answers) {
            if lane.answers[place] == CLASS {
                continue;
            }
            let answer = if lane.special || odd { refine(lane, *answer) } else { *answer };
            lane.set(place, answer);
        }
    }

    fn answer(&mut self, row: &Row) {
        let Self { cpu, memory, scored_cpu, scored_memory, balanced, answers, .. } = self;
        Arch::new().dispatch(Answering { row: *row, cpu, memory, scored_cpu, scored_memory, balanced, answers });
    }

    /// Takes over the answer of a node whose definition changed.
    pub(super) fn set(&mut self, lane: u32, place: usize, answer: u8) {
        self.rows[lane as usize].set(place, answer);
    }
}

/// The loop over questions, which is compiled once for each vector width.
struct Answering<'a> {
    row: Row,
    cpu: &'a [f64],
    memory: &'a [f64],
    scored_cpu: &'a [f64],
    scored_memory: &'a [f64],
    balanced: &'a [f64],
    answers: &'a mut [u8],
}

impl NullaryFnOnce for Answering<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let count = self.answers.len();
        let (cpu, memory, balanced) = (&self.cpu[..count], &self.memory[..count], &self.balanced[..count]);
        let (scored_cpu, scored_memory) = (&self.scored_cpu[..count], &self.scored_memory[..count]);
        for (at, answer) in self.answers.iter_mut().enumerate() {
            let asks = Asks {
                cpu: cpu[at],
                memory: memory[at],
                scored_cpu: scored_cpu[at],
                scored_memory: scored_memory[at],
                balanced: balanced[at],
            };
            *answer = asks.answer(&self.row);
        }
    }
}
