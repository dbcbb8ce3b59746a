//! The search over the node list: which nodes it passes, and which of them is taken.

use super::bytes::{count, count_pairs, highest, highest_where, nth};
use super::question::ADMITS;
use super::statics::Statics;
use crate::scheduler::order::pick;
use crate::spec::TieBreak;
use crate::table::NodeId;
use std::ops::Range;

/// Places that are looked at together.
const BLOCK: usize = 64;

/// The stretch of the node list that a search passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    start: usize,
    pub(super) seen: usize,
    pub(super) feasible: usize,
    nodes: usize,
}

impl Stretch {
    /// Passes nodes from `start` on until one feasible node more than `enough` is met, which does not count. `ready` brings a block of
    /// `answers` up to date before it is looked at.
    pub(super) fn pass(answers: &mut [u8], start: usize, enough: usize, mut ready: impl FnMut(usize, &mut [u8])) -> Self {
        let nodes = answers.len();
        let (mut seen, mut feasible) = (0, 0);
        while seen < nodes {
            let past = start + seen;
            let place = if past < nodes { past } else { past - nodes };
            let end = (place + BLOCK).min(nodes).min(place + nodes - seen);
            let block = &mut answers[place..end];
            ready(place, block);
            let admitting = count(block, |byte| byte >= ADMITS);
            if feasible + admitting > enough {
                let last = nth(block, enough - feasible, |byte| byte >= ADMITS);
                return Self { start, seen: seen + last, feasible: enough, nodes };
            }
            seen += end - place;
            feasible += admitting;
        }
        Self { start, seen, feasible, nodes }
    }

    /// Two ranges of places, the second one after the end of the list.
    fn parts(self) -> [Range<usize>; 2] {
        let end = self.start + self.seen;
        [self.start..end.min(self.nodes), 0..end.saturating_sub(self.nodes)]
    }

    fn places(self) -> impl Iterator<Item = usize> {
        self.parts().into_iter().flatten()
    }
}

impl Stretch {
    /// The places of the nodes that admit the Pod, in the order of the search.
    pub(super) fn feasible_places(self, answers: &[u8]) -> Vec<u32> {
        self.places().filter(|place| answers[*place] >= ADMITS).map(|place| place as u32).collect()
    }
}

/// How the node is taken among the best.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taking<'a> {
    pub(super) rule: TieBreak,
    /// The random word.
    pub(super) tie: u64,
    pub(super) order: &'a [NodeId],
}

impl Taking<'_> {
    /// The place that is listed first of those that share the highest score.
    fn first_listed(self, winners: impl Iterator<Item = usize>) -> usize {
        winners.min_by_key(|place| self.order[*place]).expect("a highest score has a node")
    }

    /// The part in which the node lies that the random word picks, and how many of those tied there precede it.
    fn picked(self, parts: [Range<usize>; 2], tied: [usize; 2]) -> (Range<usize>, usize) {
        let [first, second] = parts;
        let picked = pick(self.tie, tied[0] + tied[1]);
        if picked < tied[0] { (first, picked) } else { (second, picked - tied[0]) }
    }
}

/// The place of the node to take where answers tell the order of all totals.
pub(super) fn best(answers: &[u8], stretch: Stretch, taking: Taking<'_>) -> usize {
    let parts = stretch.parts();
    let top = parts.iter().map(|part| highest(&answers[part.clone()])).max().unwrap_or(0);
    if taking.rule == TieBreak::LowestIndex {
        return taking.first_listed(stretch.places().filter(|place| answers[*place] == top));
    }
    let tied = parts.clone().map(|part| count(&answers[part], |byte| byte == top));
    let (part, before) = taking.picked(parts, tied);
    part.start + nth(&answers[part], before, |byte| byte == top)
}

/// The same where scores depend on the class, too, and on which nodes are feasible.
pub(super) fn best_of_kinds(answers: &[u8], statics: &Statics, stretch: Stretch, taking: Taking<'_>) -> usize {
    let (kinds, parts) = (statics.kinds(), stretch.parts());
    let wins = winning(answers, statics, &parts);
    let won = |place: usize| answers[place] == wins[usize::from(kinds[place])];
    if taking.rule == TieBreak::LowestIndex {
        return taking.first_listed(stretch.places().filter(|place| won(*place)));
    }
    let tied = parts.clone().map(|part| {
        let of_kind = |(kind, top): (u8, &u8)| {
            count_pairs(&answers[part.clone()], &kinds[part.clone()], |answer, other| (other == kind) & (answer == *top))
        };
        (0..=u8::MAX).zip(&wins).take(statics.kinds_count()).filter(|(_, top)| **top != NEVER).map(of_kind).sum()
    });
    let (part, before) = taking.picked(parts, tied);
    let mut winners = part.filter(|place| won(*place));
    winners.nth(before).expect("so many were counted")
}

/// An answer that no node gives.
const NEVER: u8 = u8::MAX;

/// For each kind of node the answer with which it has the highest total, or [`NEVER`].
fn winning(answers: &[u8], statics: &Statics, parts: &[Range<usize>; 2]) -> [u8; 256] {
    let kinds = statics.kinds();
    let top_in = |part: &Range<usize>, kind: u8| highest_where(&answers[part.clone()], &kinds[part.clone()], kind);
    let mut wins = [NEVER; 256];
    let tops: Vec<u8> =
        (0..=u8::MAX).take(statics.kinds_count()).map(|kind| parts.iter().map(|part| top_in(part, kind)).max().unwrap_or(0)).collect();
    let totals = statics.totals(&tops);
    let highest = totals.iter().max();
    for (win, (top, _)) in wins.iter_mut().zip(tops.iter().zip(&totals)).filter(|(_, (_, total))| Some(*total) == highest) {
        *win = *top;
    }
    wins
}
