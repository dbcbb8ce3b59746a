//! Preemption from the outside: who has to go, who comes in, and what is said of it.

use super::super::testing::{Bed, resident};
use super::super::{Candidate, Cycle, Scheduler, Verdict};
use super::enough;
use crate::spec::PreemptionArgs;
use crate::table::{NodeId, PodId, TemplateId};
use crate::units::{MilliCpu, SimTime};

/// Nodes of four cores and Pods by priority and cores.
struct Stage {
    bed: Bed,
    scheduler: Scheduler,
}

/// Priorities and cores of a node's Pods.
type There = &'static [(i32, u64)];

/// Seconds.
fn at(seconds: u64) -> SimTime {
    SimTime::from_nanos(seconds * 1_000_000_000)
}

impl Stage {
    /// For each node the priorities and cores of its Pods, which are numbered from 100 on for the first, from 200 for the second, …; and
    /// templates of further Pods.
    fn new(nodes: &[&[(i32, u64)]], others: &[(i32, u64)]) -> (Self, Vec<TemplateId>) {
        let mut bed = Bed::default();
        let sized = |bed: &mut Bed, (priority, cores): (i32, u64)| {
            bed.pod(|pod, _| (pod.priority, pod.requests.cpu) = (priority, MilliCpu(1000 * cores)))
        };
        let mut there = Vec::new();
        for (row, pods) in nodes.iter().enumerate() {
            let node = bed.node(|_, _| {});
            for (number, about) in pods.iter().enumerate() {
                let template = sized(&mut bed, *about);
                there.push((resident((100 * (row + 1) + number) as u32, template), node));
            }
        }
        let others = others.iter().map(|about| sized(&mut bed, *about)).collect();
        let mut scheduler = Scheduler::new(&bed.spec);
        for (pod, node) in there {
            scheduler.assign(&bed.spec, pod, node);
        }
        (Self { bed, scheduler }, others)
    }

    fn submit(&mut self, pod: u32, template: TemplateId, now: SimTime) {
        self.scheduler.submit(&self.bed.spec, PodId(pod), template, now);
    }

    /// Tries the next Pod, which must be `pod`.
    fn attempt(&mut self, pod: u32, now: SimTime) -> Cycle {
        assert_eq!(self.scheduler.next(now), Some(PodId(pod)));
        self.scheduler.cycle(&self.bed.spec, PodId(pod), 0, now)
    }

    fn leave(&mut self, pod: u32, node: u32, now: SimTime) {
        self.scheduler.release(&self.bed.spec, PodId(pod), NodeId(node), now);
    }

    fn full_message(&self, cycle: &Cycle) -> &str {
        let Verdict::Unschedulable(message) = cycle.verdict else { panic!("{cycle:?}") };
        self.scheduler.message_in_full(message)
    }
}

fn pods(numbers: &[u32]) -> Vec<PodId> {
    numbers.iter().copied().map(PodId).collect()
}

#[test]
fn as_many_as_possible_are_spared_and_the_cheapest_node_is_taken() {
    #[rustfmt::skip]
    let table: [(&[There], _, &[u32]); 6] = [
        // Pods of each node, the node that is taken, its victims. The preemptor asks for two cores at priority 100.
        (&[&[(10, 1), (10, 1), (5, 2)], &[(5, 1), (5, 1), (5, 1), (5, 1)]], Some(0), &[102]),
        (&[&[(5, 1), (5, 1), (5, 1), (5, 1)]],                              Some(0), &[102, 103]),
        (&[&[(-10, 2), (-10, 2)], &[(-10, 4)]],                             Some(1), &[200]),
        (&[&[(100, 4)], &[(99, 4)]],                                        Some(1), &[200]),
        (&[&[(100, 4)], &[(100, 3)]],                                       None,    &[]),
        (&[&[(100, 3), (0, 1)]],                                            None,    &[]),
    ];
    for (nodes, node, victims) in table {
        let (mut stage, others) = Stage::new(nodes, &[(100, 2)]);
        stage.submit(0, others[0], at(500));
        let found = stage.attempt(0, at(500)).preemption;
        let want = node.map(|node| Candidate { node: NodeId(node), victims: pods(victims), violations: 0 });
        assert_eq!(found, want, "{nodes:?}");
    }
}

#[test]
fn the_event_says_what_preemption_came_to() {
    let refused = "0/1 nodes are available: 1 Insufficient cpu.";
    let none = " no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
    let still = " no new claims to deallocate, preemption: 0/1 nodes are available: 1 Insufficient cpu.";
    let never = " no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.";
    let off = " no new claims to deallocate";
    #[rustfmt::skip]
    let table: [(There, bool, bool, &str); 6] = [
        // Pods of the node, may preempt, the profile preempts, what is said
        (&[(0, 4)],         true,  true,  ""),
        (&[(9, 4)],         true,  true,  none),
        (&[(9, 3), (0, 1)], true,  true,  still),
        (&[(0, 4)],         false, true,  never),
        (&[(9, 4)],         false, true,  never),
        (&[(0, 4)],         true,  false, off),
    ];
    for (there, may, preempts, want) in table {
        let (mut stage, others) = Stage::new(&[there], &[(9, 2)]);
        stage.bed.spec.templates[others[0]].never_preempts = !may;
        stage.bed.spec.scheduler.profiles[0].preempts = preempts;
        stage.submit(0, others[0], at(500));
        let cycle = stage.attempt(0, at(500));
        assert_eq!(stage.full_message(&cycle), format!("{refused}{want}"), "{there:?}");
    }
}

#[test]
fn the_preemptor_comes_back_with_each_victim_that_goes_and_does_not_preempt_again() {
    let (mut stage, others) = Stage::new(&[&[(0, 2), (0, 2)]], &[(9, 4)]);
    stage.submit(0, others[0], at(500));
    assert_eq!(stage.attempt(0, at(500)).preemption.map(|chosen| chosen.victims), Some(pods(&[100, 101])));
    assert_eq!((stage.scheduler.nominated_node(PodId(0)), stage.scheduler.next(at(501))), (Some(NodeId(0)), None));
    stage.leave(100, 0, at(505));
    let again = stage.attempt(0, at(505));
    assert_eq!(again.preemption, None);
    assert!(stage.full_message(&again).ends_with("not eligible due to a terminating pod on the nominated node."));
    assert_eq!(stage.scheduler.nominated_node(PodId(0)), Some(NodeId(0)), "it keeps its nomination");
    stage.leave(101, 0, at(530));
    assert_eq!(stage.attempt(0, at(530)).verdict, Verdict::Placed(NodeId(0)));
    assert_eq!(stage.scheduler.nominated_node(PodId(0)), None);
}

#[test]
fn room_that_was_made_is_kept_from_less_important_pods_and_equals_but_not_from_more_important_ones() {
    for (priority, placed) in [(8, false), (9, false), (10, true)] {
        let (mut stage, others) = Stage::new(&[&[(0, 4)]], &[(9, 4), (priority, 4)]);
        stage.submit(0, others[0], at(500));
        stage.attempt(0, at(500));
        // Another Pod comes between the victim's end and the preemptor's next turn.
        assert_eq!(stage.scheduler.next(at(501)), None);
        stage.submit(1, others[1], at(502));
        assert_eq!(stage.scheduler.next(at(502)), Some(PodId(1)));
        stage.leave(100, 0, at(502));
        let other = stage.scheduler.cycle(&stage.bed.spec, PodId(1), 0, at(502));
        assert_eq!(other.verdict == Verdict::Placed(NodeId(0)), placed, "priority {priority}");
    }
}

#[test]
fn a_nomination_ends_with_its_pod_and_wakes_those_it_held_back() {
    let (mut stage, others) = Stage::new(&[&[(0, 4)]], &[(9, 4), (5, 4)]);
    stage.submit(0, others[0], at(500));
    stage.attempt(0, at(500));
    stage.submit(1, others[1], at(501));
    assert_eq!(stage.scheduler.next(at(501)), Some(PodId(1)));
    stage.leave(100, 0, at(501));
    let held_back = stage.scheduler.cycle(&stage.bed.spec, PodId(1), 0, at(501));
    assert!(matches!(held_back.verdict, Verdict::Unschedulable(_)));
    stage.scheduler.withdraw(&stage.bed.spec, PodId(0), at(502));
    assert_eq!(stage.attempt(1, at(510)).verdict, Verdict::Placed(NodeId(0)));
}

#[test]
fn an_explanation_tells_all_candidates_and_changes_nothing() {
    let (stage, others) = Stage::new(&[&[(0, 4)], &[(5, 4)], &[(9, 4)]], &[(9, 2)]);
    let said = stage.scheduler.explain(&stage.bed.spec, others[0]).preemption.unwrap();
    let candidate = |node, victims: &[u32]| Candidate { node: NodeId(node), victims: pods(victims), violations: 0 };
    assert_eq!(said.candidates, [candidate(0, &[100]), candidate(1, &[200])]);
    assert_eq!(said.chosen, Some(candidate(0, &[100])));
    assert_eq!([0, 1, 2].map(|node| stage.scheduler.node_pods(NodeId(node))), [1, 1, 1]);
}

#[test]
fn pods_with_gates_wait_outside_the_queue_until_they_are_opened() {
    let (mut stage, others) = Stage::new(&[&[]], &[(0, 1)]);
    stage.bed.spec.templates[others[0]].gates = vec!["example.com/wait".into()];
    stage.submit(0, others[0], at(1));
    assert_eq!((stage.scheduler.queued(), stage.scheduler.next(at(400)), stage.scheduler.wake_at()), (1, None, None));
    stage.scheduler.open_gates(PodId(0));
    assert_eq!(stage.attempt(0, at(400)).verdict, Verdict::Placed(NodeId(0)));
}

#[test]
fn a_tenth_of_the_nodes_and_at_least_a_hundred_candidates_are_looked_for() {
    let of = |nodes| enough(nodes, PreemptionArgs::default());
    assert_eq!([50, 100, 500, 1000, 5000].map(of), [50, 100, 100, 100, 500]);
}
