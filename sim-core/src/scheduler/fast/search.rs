//! One search over the node list, in whichever way answers come by.

use super::super::Decision;
use super::answering::Answering;
use super::constraints::Bounds;
use super::lanes::{Lane, refusal_counts};
use super::question::Question;
use super::stretch::{Stretch, Taking};

/// A search that begins at `start`, which it moves on.
pub(super) struct Search<'a> {
    pub(super) answering: Answering<'a>,
    pub(super) taking: Taking<'a>,
    pub(super) start: &'a mut usize,
    /// Feasible nodes that are looked for.
    pub(super) enough: usize,
    /// Room for answers that do not lie ready.
    pub(super) passing: &'a mut [u8],
}

impl Search<'_> {
    /// Answers lie ready; some node admits the Pod.
    pub(super) fn ready(self, lane: &mut Lane) -> Option<Decision> {
        let stretch = Stretch::pass(&mut lane.answers, *self.start, self.enough, |_, _| {});
        move_on(self.start, stretch, lane.answers.len());
        self.answering.choose(&lane.answers, stretch, self.taking)
    }

    /// Answers are computed as the search goes.
    pub(super) fn along_the_way(self, question: &mut Question) -> Decision {
        let Self { answering, taking, start, enough, passing } = self;
        let stretch = Stretch::pass(passing, *start, enough, |first, out| answering.answer(question, first, out));
        move_on(start, stretch, passing.len());
        let decision = answering.choose(passing, stretch, taking);
        decision.unwrap_or_else(|| answering.refused(question, &refusal_counts(passing), passing))
    }

    /// Pods that are there count, too. `None` if no node is feasible: what is wrong with each the plain path tells.
    pub(super) fn within(self, bounds: &Bounds<'_>, question: &mut Question, lane: Option<&Lane>) -> Option<Decision> {
        let Self { answering, taking, start, enough, passing } = self;
        let stretch = Stretch::pass(passing, *start, enough, |first, out| {
            match lane {
                Some(lane) => out.copy_from_slice(&lane.answers[first..first + out.len()]),
                None => answering.answer(question, first, out),
            }
            bounds.limit(first, out);
        });
        let decision = answering.choose_within(bounds, passing, stretch, taking)?;
        move_on(start, stretch, passing.len());
        Some(decision)
    }
}

/// The next search begins after the nodes that this one has seen.
fn move_on(start: &mut usize, stretch: Stretch, nodes: usize) {
    *start = (*start + stretch.seen) % nodes;
}
