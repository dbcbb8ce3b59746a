//! From answers to decisions: what nodes answer, which of them is taken, and why if none is.

use super::super::framework::PodView;
use super::super::messages::{Failure, Tally};
use super::super::nodes::Nodes;
use super::super::{Decision, order};
use super::constraints::Bounds;
use super::question::{ADMITS, CLASS, Question, UNTOLD, refuses};
use super::rows::Rows;
use super::statics::Statics;
use super::stretch::{Stretch, Taking, best, best_of_kinds};

/// All that answers to one question depend on.
pub(super) struct Answering<'a> {
    pub(super) nodes: &'a Nodes,
    pub(super) rows: &'a Rows,
    pub(super) statics: &'a Statics,
    pub(super) pod: PodView<'a>,
}

impl Answering<'_> {
    /// Answers for the nodes at the places from `first` on.
    pub(super) fn answer(&self, question: &mut Question, first: usize, out: &mut [u8]) {
        self.rows.answer(question.asks, first, out);
        self.statics.mask(first, out);
        let special = question.is_special();
        for (place, byte) in (first..).zip(out).filter(|(place, byte)| **byte != CLASS && (special || self.rows.is_odd(*place))) {
            let node = self.nodes.view(self.nodes.order()[place]);
            *byte = question.refine(*byte, self.rows.is_odd(place), &self.pod, &node);
        }
    }

    /// The decision among the feasible nodes of a stretch, `None` if there is none.
    pub(super) fn choose(&self, answers: &[u8], stretch: Stretch, taking: Taking<'_>) -> Option<Decision> {
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
    pub(super) fn choose_within(&self, bounds: &Bounds<'_>, answers: &[u8], stretch: Stretch, taking: Taking<'_>) -> Option<Decision> {
        if stretch.feasible < 2 {
            return self.choose(answers, stretch, taking);
        }
        let feasible = stretch.feasible_places(answers);
        let mut totals = self.statics.totals_of(answers, &feasible);
        bounds.score(&feasible, &mut totals);
        let nodes = feasible.iter().map(|place| self.nodes.order()[*place as usize]);
        let node = order::best(nodes, &totals, taking.rule, taking.tie);
        Some(Decision { filtered: stretch.seen as u32, scored: stretch.feasible as u32, outcome: Ok(node) })
    }

    /// The decision where all nodes refuse, `counts` of them with each code.
    pub(super) fn refused(&self, question: &Question, counts: &[u32; ADMITS as usize], answers: &[u8]) -> Decision {
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
