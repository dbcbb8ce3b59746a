//! The observer: streams what happens, as it happens, to whoever asked for it.
//!
//! The world tells it everything, it keeps what its filter lets through, and the loop gives that away in batches, so that nothing
//! grows. Whether a Pod is of interest is decided once, when it is created. Without an observer telling costs one branch.

use super::Happening;
use super::names::{Names, matches_pattern};
use crate::table::{Id, NodeId, PodId, Table, WorkloadId};
use crate::units::SimTime;

/// Who a Pod is: its row is used again after it, this is not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PodIdentity {
    /// Its workload.
    pub workload: WorkloadId,
    /// Which copy of the workload, from 0; 0 for bare Pods.
    pub copy: u32,
    /// Which Pod of that copy, from 0.
    pub ordinal: u32,
}

/// What an entry is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum About {
    /// A Pod.
    Pod(PodIdentity),
    /// A node.
    Node(NodeId),
    /// The Deployment or Job that owns this Pod.
    Owner(PodIdentity),
}

/// Something that happened.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Entry {
    /// When, since the run began.
    pub at: SimTime,
    /// To whom.
    pub about: About,
    /// The node, or the node of the Pod once one is chosen.
    pub node: Option<NodeId>,
    /// Which of the Pod's containers, by its place in the template.
    pub container: Option<u8>,
    /// What.
    pub what: Happening,
}

/// Who listens to an entry: one bit for each filter, the first the lowest.
pub type Listeners = u8;

/// Entries in time order, and the texts that they name by number.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// What happened, each with the filters that let it through.
    pub entries: &'a [(Entry, Listeners)],
    /// The scheduler's messages, by the numbers of [`Happening::FailedScheduling`].
    pub messages: &'a [String],
}

/// What is listened to: everything that no part of it excludes.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Names, to compare with patterns.
    pub names: Names,
    /// Which workloads' Pods.
    pub workloads: Table<WorkloadId, bool>,
    /// Patterns of Pods' names, one of which must match; none lets all through. See [`matches_pattern`].
    pub pods: Vec<String>,
    /// Nodes, and Pods on them; `None` for all.
    pub nodes: Option<Table<NodeId, bool>>,
    /// Whether nodes are listened to at all.
    pub node_events: bool,
    /// Reasons ([`Happening::reason`]), one of which it must be; none lets all through.
    pub reasons: Vec<&'static str>,
}

impl Filter {
    /// Lets everything through.
    pub fn everything(names: Names, workloads: usize) -> Self {
        Self { names, workloads: Table::filled(workloads, true), pods: Vec::new(), nodes: None, node_events: true, reasons: Vec::new() }
    }

    fn wants_pod(&self, pod: PodIdentity) -> bool {
        let named = || {
            let name = self.names.pod(pod);
            self.pods.iter().any(|pattern| matches_pattern(pattern, &name))
        };
        self.workloads[pod.workload] && (self.pods.is_empty() || named())
    }

    fn wants(&self, entry: &Entry) -> bool {
        let place = |nodes: &Table<NodeId, bool>| entry.node.is_some_and(|node| nodes[node]);
        self.nodes.as_ref().is_none_or(place) && (self.reasons.is_empty() || self.reasons.contains(&entry.what.reason()))
    }
}

/// Keeps what its filters let through until it is given away.
#[derive(Clone, Debug)]
pub struct Observer {
    filters: Vec<Filter>,
    /// By row: which filters the Pod there passes.
    heard: Vec<Listeners>,
    entries: Vec<(Entry, Listeners)>,
    messages: Vec<String>,
}

impl Observer {
    /// Most filters at a time.
    pub const FILTERS_MAX: usize = Listeners::BITS as usize;

    /// An observer that has heard nothing.
    ///
    /// # Panics
    /// If there are more filters than [`Observer::FILTERS_MAX`].
    pub fn new(filters: Vec<Filter>) -> Self {
        assert!(filters.len() <= Self::FILTERS_MAX, "an observer has at most {} filters", Self::FILTERS_MAX);
        Self { filters, heard: Vec::new(), entries: Vec::new(), messages: Vec::new() }
    }

    fn filters(&self, lets_through: impl Fn(&Filter) -> bool) -> Listeners {
        let bit = |(number, filter)| Listeners::from(lets_through(filter)) << number;
        self.filters.iter().enumerate().map(bit).sum()
    }

    /// A Pod has taken a row.
    pub fn meet(&mut self, row: PodId, pod: PodIdentity) {
        if self.heard.len() <= row.index() {
            self.heard.resize(row.index() + 1, 0);
        }
        self.heard[row.index()] = self.filters(|filter| filter.wants_pod(pod));
    }

    /// True if somebody listens to the Pod of a row.
    pub fn knows(&self, row: PodId) -> bool {
        self.heard.get(row.index()).is_some_and(|heard| *heard != 0)
    }

    /// Something happened to the Pod of a row, or its owner did something to it.
    pub fn hear_of_pod(&mut self, row: PodId, entry: Entry) {
        if self.knows(row) {
            let wanted = self.heard[row.index()] & self.filters(|filter| filter.wants(&entry));
            self.keep(entry, wanted);
        }
    }

    /// Something happened to a node.
    pub fn hear(&mut self, entry: Entry) {
        let wanted = self.filters(|filter| filter.node_events && filter.wants(&entry));
        self.keep(entry, wanted);
    }

    fn keep(&mut self, entry: Entry, wanted: Listeners) {
        if wanted != 0 {
            self.entries.push((entry, wanted));
        }
    }

    /// The number of a message until the next batch is given away.
    pub fn words(&mut self, message: &str) -> u32 {
        let known = self.messages.iter().rposition(|known| known == message);
        known.unwrap_or_else(|| {
            self.messages.push(message.to_owned());
            self.messages.len() - 1
        }) as u32
    }

    /// Entries that wait.
    pub const fn waiting(&self) -> usize {
        self.entries.len()
    }

    /// Gives what waits to `hear` and forgets it; what `hear` says.
    pub fn drain(&mut self, hear: impl FnOnce(&Batch<'_>) -> bool) -> bool {
        let goes_on = hear(&Batch { entries: &self.entries, messages: &self.messages });
        self.entries.clear();
        self.messages.clear();
        goes_on
    }
}
