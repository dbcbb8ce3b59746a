//! What Pods ask of nodes, and the byte that a node answers.
//!
//! An answer is 0 if the node refuses all Pods of the class; a code of 1 to 31 if what its Pods take makes it refuse; else 32 more than
//! the sum of the scores that depend on the node alone. Codes up to 15 are sums of [`TOO_MANY`], [`CPU`], [`MEMORY`] and [`HOPELESS`];
//! the others are given out as refusals for other reasons are met.

use super::super::framework::{Filter, NodeView, PodView, Reason, Rejection, Score};
use super::super::plugins::{NodePorts, NodeResourcesBalancedAllocation, NodeResourcesFit, is_balanced, lacking};
use super::super::profile::PluginSet;
use super::defaults::{FIT, PORTS};
use super::exact::{EXACT_BELOW, byte, least_allocated, whole};
use super::rows::Row;
use crate::spec::{BalancedAllocationArgs, FitArgs, PodTemplate};
use crate::table::Table;
use crate::units::Bytes;

/// The node refuses Pods of the class.
pub(super) const CLASS: u8 = 0;
/// The least byte of a node that admits the Pod.
pub(super) const ADMITS: u8 = 32;

/// As many Pods as the node takes are there.
const TOO_MANY: u8 = 1;
/// CPU is short.
const CPU: u8 = 2;
/// Memory is short.
const MEMORY: u8 = 4;
/// More is asked for than the node has: no preemption helps.
const HOPELESS: u8 = 8;
/// The first code that is given out.
const GIVEN: u8 = 16;
/// Code of refusals for which no code was left: they are looked at again when they are told.
pub(super) const UNTOLD: u8 = 31;

/// Amounts that a Pod asks for, in millicores and bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks {
    pub(super) cpu: f64,
    pub(super) memory: f64,
    pub(super) scored_cpu: f64,
    pub(super) scored_memory: f64,
    /// 1 if `NodeResourcesBalancedAllocation` takes part, else 0.
    pub(super) balanced: f64,
}

impl Asks {
    fn new(template: &PodTemplate) -> Self {
        Self {
            cpu: template.requests.cpu.0 as f64,
            memory: template.requests.memory.0 as f64,
            scored_cpu: template.scored.cpu.0 as f64,
            scored_memory: template.scored.memory.0 as f64,
            balanced: f64::from(u8::from(is_balanced(template))),
        }
    }

    /// The answer as far as CPU, memory and the number of Pods go, for rows that are exact.
    ///
    /// All of it is floating point without branches or conversions, so that the compiler answers for several rows or questions at once.
    #[inline(always)]
    pub(super) fn answer(&self, row: &Row) -> u8 {
        let lack = self.lack(row);
        let admits = if lack > 0.0 { 0.0 } else { 1.0 };
        byte(lack + admits * (f64::from(ADMITS) + self.score(row)))
    }

    /// `NodeResourcesFit`: the code of the refusal, or 0.
    #[inline(always)]
    fn lack(&self, row: &Row) -> f64 {
        let (cpu, memory) = (row.cpu - row.requested_cpu, row.memory - row.requested_memory);
        let short = |asked: f64, free: f64| (asked > 0.0) & (asked > free);
        let (cpu, memory) = (short(self.cpu, cpu), short(self.memory, memory));
        let hopeless = (cpu & (self.cpu > row.cpu)) | (memory & (self.memory > row.memory));
        let code = |holds: bool, code: u8| if holds { f64::from(code) } else { 0.0 };
        code(row.room < 1.0, TOO_MANY) + code(cpu, CPU) + code(memory, MEMORY) + code(hopeless, HOPELESS)
    }

    /// `NodeResourcesFit` and `NodeResourcesBalancedAllocation`, summed: 0 to 200.
    #[inline(always)]
    fn score(&self, row: &Row) -> f64 {
        let cpu = least_allocated(row.scored_cpu + self.scored_cpu, row.cpu, row.cpu_inverse);
        let memory = least_allocated(row.scored_memory + self.scored_memory, row.memory, row.memory_inverse);
        let share = |requested: f64, allocatable: f64| {
            let share = requested / allocatable;
            if share < 1.0 { share } else { 1.0 }
        };
        let difference = share(row.requested_cpu + self.cpu, row.cpu) - share(row.requested_memory + self.memory, row.memory);
        whole((cpu + memory) * 0.5) + self.balanced * whole((1.0 - (difference / 2.0).abs()) * 100.0)
    }
}

/// What Pods of some templates ask of nodes.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) class: u32,
    pub(super) asks: Asks,
    /// True if amounts are too large for floating point.
    huge: bool,
    /// True if host ports, ephemeral storage or extended resources are asked for, too.
    pub(super) more: bool,
    /// What codes from [`GIVEN`] on stand for.
    given: Vec<(PluginSet, Rejection)>,
    /// How many of the last times it was asked it had been asked shortly before.
    pub(super) heat: u32,
    /// The decision that asked it last.
    pub(super) asked: u64,
    /// Its lane, if it has one.
    pub(super) lane: Option<u32>,
}

impl Question {
    pub(super) fn new(template: &PodTemplate, class: u32) -> Self {
        let asks = Asks::new(template);
        let exact = [asks.cpu, asks.memory, asks.scored_cpu, asks.scored_memory].iter().all(|amount| *amount < EXACT_BELOW);
        let (requests, ports) = (&template.requests, &template.placement.host_ports);
        let more = requests.ephemeral_storage != Bytes::ZERO || !requests.scalars.is_empty() || !ports.is_empty();
        Self { class, asks, huge: !exact, more, given: Vec::new(), heat: 0, asked: 0, lane: None }
    }

    /// True if the answer by CPU, memory and number of Pods need not be all.
    pub(super) const fn is_special(&self) -> bool {
        self.huge || self.more
    }

    /// The answer of a node that the class admits, given that by CPU, memory and number of Pods.
    pub(super) fn refine(&mut self, answer: u8, odd: bool, pod: &PodView<'_>, node: &NodeView<'_>) -> u8 {
        let by_numbers = !odd && !self.huge;
        if by_numbers && (!self.more || fits_besides(pod, node)) {
            return answer;
        }
        match NodePorts.admit(&(), pod, node).map_err(|refusal| (PORTS, refusal)).and_then(|()| fit(pod, node)) {
            Ok(()) if by_numbers => answer,
            Ok(()) => ADMITS + score(pod, node),
            Err((plugin, rejection)) => self.code(PluginSet::of(plugin), rejection),
        }
    }

    /// The code of a refusal, given out if it is new.
    fn code(&mut self, plugin: PluginSet, rejection: Rejection) -> u8 {
        let refusal = (plugin, rejection);
        let known = self.given.iter().position(|given| *given == refusal);
        let row = known.unwrap_or_else(|| {
            if GIVEN + (self.given.len() as u8) < UNTOLD {
                self.given.push(refusal);
                self.given.len() - 1
            } else {
                usize::from(UNTOLD - GIVEN)
            }
        });
        GIVEN + row as u8
    }

    /// What a code from 1 on, other than [`UNTOLD`], stands for.
    pub(super) fn refusal(&self, code: u8) -> (PluginSet, Rejection) {
        if code >= GIVEN {
            return self.given[usize::from(code - GIVEN)].clone();
        }
        let all = [(TOO_MANY, Reason::TooManyPods), (CPU, Reason::Cpu), (MEMORY, Reason::Memory)];
        let reasons = all.into_iter().filter(|(bit, _)| code & bit != 0).map(|(_, reason)| reason).collect();
        (PluginSet::of(FIT), Rejection { reasons, resolvable: code & HOPELESS == 0 })
    }
}

/// Why the node refuses, in integers.
pub(super) fn refuses(pod: &PodView<'_>, node: &NodeView<'_>) -> Option<(PluginSet, Rejection)> {
    let ports = NodePorts.admit(&(), pod, node).map_err(|refusal| (PORTS, refusal));
    ports.and_then(|()| fit(pod, node)).err().map(|(plugin, rejection)| (PluginSet::of(plugin), rejection))
}

fn fit(pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), (usize, Rejection)> {
    lacking(pod, node, &[]).map_or(Ok(()), |refusal| Err((FIT, refusal)))
}

/// The scores in integers.
fn score(pod: &PodView<'_>, node: &NodeView<'_>) -> u8 {
    let resources = Table::new();
    let (fit, shares) = (FitArgs::default(), BalancedAllocationArgs::default());
    let balanced = NodeResourcesBalancedAllocation::new(&shares, &resources);
    let balanced = if is_balanced(pod.template) { balanced.score(&(), pod, node) } else { 0 };
    (NodeResourcesFit::new(&fit, &resources).score(&(), pod, node) + balanced) as u8
}

/// True if nothing but CPU, memory and the number of Pods can be short.
fn fits_besides(pod: &PodView<'_>, node: &NodeView<'_>) -> bool {
    let (asks, gives, taken) = (&pod.template.requests, node.allocatable, &node.load.requested);
    let fits = |asked: u64, gives: u64, taken: u64| asked == 0 || asked <= gives.saturating_sub(taken);
    (pod.template.placement.host_ports.is_empty() || node.load.ports.is_empty())
        && fits(asks.ephemeral_storage.0, gives.ephemeral_storage.0, taken.ephemeral_storage.0)
        && asks.scalars.iter().all(|(id, amount)| fits(*amount, gives.scalar(*id), taken.scalar(*id)))
}
