//! The scheduling queue: active, backing off, parked.
//!
//! Source: `pkg/scheduler/backend/queue/{scheduling_queue,active_queue,backoff_queue}.go` of Kubernetes v1.34 with its default
//! feature gates. Time 0 of the simulation counts as a whole second of the wall clock.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use rustc_hash::{FxHashMap, FxHasher};

use super::messages::MessageId;
use super::plugins::Rank;
use super::profile::PluginSet;
use crate::spec::SchedulerSpec;
use crate::table::{NodeId, PodId, TemplateId};
use crate::units::{SimSpan, SimTime};

/// Back-off ends on whole seconds.
const WINDOW: u64 = 1_000_000_000;
/// Parked Pods are looked through for old ones this often.
const FLUSH_PERIOD: u64 = 30 * WINDOW;

/// A cluster event that plugins registered for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    AssignedPodDeleted(TemplateId),
    AssignedPodAdded(TemplateId),
    /// Of CPU, of memory.
    ScaledDown(bool, bool),
    Uncordoned(NodeId),
    /// The node, and the number of the set of taints that it had.
    Retainted(NodeId, u32),
}

/// Says whether an event may help a Pod of this template that these plugins refused.
pub(super) type Helps<'a> = &'a dyn Fn(Event, TemplateId, PluginSet) -> bool;

/// A Pod that waits for a node.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) template: TemplateId,
    pub(super) message: Option<MessageId>,
    priority: i32,
    number: u64,
    /// Submission or last failure.
    since: SimTime,
    attempts: u32,
    unschedulable_count: u32,
    errors_count: u32,
    rejectors: PluginSet,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Active,
    Backoff,
    ErrorBackoff,
    Parked,
    /// Held back before it enters any queue (`PreEnqueue`).
    Gated,
}

/// A popped Pod and what happened since.
#[derive(Clone, Debug)]
struct InFlight {
    pod: PodId,
    record: Record,
    events: Vec<Event>,
    withdrawn: bool,
}

/// Pods keyed by id, the greatest key first.
type Ranked<K> = PriorityQueue<PodId, K, BuildHasherDefault<FxHasher>>;
/// The same, the least key first.
type Keyed<K> = Ranked<Reverse<K>>;

/// The queue.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    backoff_initial: SimSpan,
    backoff_max: SimSpan,
    unschedulable_max: SimSpan,
    submitted: u64,
    records: FxHashMap<PodId, Record>,
    active: Ranked<Rank>,
    backoff: Keyed<(u64, Reverse<Rank>)>,
    errors: Keyed<(u64, u64)>,
    parked: BTreeMap<PluginSet, BTreeSet<PodId>>,
    /// Parked Pods by the time of their last failure.
    ages: Keyed<(SimTime, u64)>,
    in_flight: Option<InFlight>,
}

/// The second in which `time` lies.
const fn window(time: SimTime) -> u64 {
    time.as_nanos() / WINDOW
}

impl Queue {
    pub(super) fn new(spec: &SchedulerSpec) -> Self {
        Self {
            backoff_initial: spec.backoff_initial,
            backoff_max: spec.backoff_max,
            unschedulable_max: spec.unschedulable_max,
            submitted: 0,
            records: FxHashMap::default(),
            active: PriorityQueue::default(),
            backoff: PriorityQueue::default(),
            errors: PriorityQueue::default(),
            parked: BTreeMap::new(),
            ages: PriorityQueue::default(),
            in_flight: None,
        }
    }

    /// Pods that wait in one of the queues.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Adds a new Pod, with its priority, and whether it is held back by a gate.
    ///
    /// # Panics
    /// If it is there already.
    pub(super) fn submit(&mut self, pod: PodId, template: TemplateId, (priority, gated): (i32, bool), now: SimTime) {
        let record = Record {
            template,
            message: None,
            priority,
            number: self.submitted,
            since: now,
            attempts: 0,
            unschedulable_count: 0,
            errors_count: 0,
            rejectors: PluginSet::EMPTY,
            place: if gated { Place::Gated } else { Place::Active },
        };
        self.submitted += 1;
        if !gated {
            self.active.push(pod, record.rank());
        }
        let known = self.records.insert(pod, record);
        assert!(known.is_none(), "{pod:?} is submitted twice");
    }

    /// Removes a Pod wherever it waits and gives its record; a Pod in flight is not queued again.
    pub(super) fn withdraw(&mut self, pod: PodId) -> Option<Record> {
        if let Some(flight) = self.in_flight.as_mut().filter(|flight| flight.pod == pod) {
            flight.withdrawn = true;
        }
        let record = self.records.remove(&pod)?;
        self.unlink(pod, &record);
        Some(record)
    }

    fn unlink(&mut self, pod: PodId, record: &Record) {
        match record.place {
            Place::Active => drop(self.active.remove(&pod)),
            Place::Backoff => drop(self.backoff.remove(&pod)),
            Place::ErrorBackoff => drop(self.errors.remove(&pod)),
            Place::Parked => self.unpark(pod, record.rejectors),
            Place::Gated => {}
        }
    }

    fn unpark(&mut self, pod: PodId, rejectors: PluginSet) {
        self.ages.remove(&pod);
        let group = self.parked.get_mut(&rejectors).expect("a parked Pod is in its group");
        group.remove(&pod);
        if group.is_empty() {
            self.parked.remove(&rejectors);
        }
    }

    /// Takes the Pod to try next: the first active one or else, as the scheduler is idle, the one whose back-off ends first.
    ///
    /// # Panics
    /// If the Pod taken before was not tried.
    pub(super) fn pop(&mut self, now: SimTime) -> Option<PodId> {
        assert!(self.in_flight.is_none(), "one Pod is scheduled at a time");
        self.flush(now);
        let active = self.active.pop().map(|(pod, _)| pod);
        let pod = active.or_else(|| self.backoff.pop().map(|(pod, _)| pod))?;
        let mut record = self.records.remove(&pod).expect("a queued Pod has a record");
        record.attempts += 1;
        self.in_flight = Some(InFlight { pod, record, events: Vec::new(), withdrawn: false });
        Some(pod)
    }

    /// The record of the popped Pod.
    ///
    /// # Panics
    /// If `pod` was not popped.
    pub(super) fn popped(&self, pod: PodId) -> &Record {
        let flight = self.in_flight.as_ref().filter(|flight| flight.pod == pod);
        &flight.unwrap_or_else(|| panic!("{pod:?} was not taken from the queue")).record
    }

    /// The popped Pod was placed.
    pub(super) fn placed(&mut self) -> Option<MessageId> {
        self.in_flight.take()?.record.message
    }

    /// The popped Pod was refused by `rejectors` (none: it failed for another reason), with a message; gives the message it had.
    /// (`AddUnschedulableIfNotPresent`)
    ///
    /// # Panics
    /// If no Pod was popped.
    pub(super) fn failed(&mut self, rejectors: PluginSet, message: MessageId, now: SimTime, helps: Helps<'_>) -> Failed {
        let InFlight { pod, mut record, events, withdrawn } = self.in_flight.take().expect("a Pod fails once it was popped");
        let before = record.message.replace(message);
        if withdrawn {
            return Failed { before, kept: false };
        }
        record.since = now;
        record.rejectors = rejectors;
        if rejectors.is_empty() {
            record.errors_count += 1;
        } else {
            record.errors_count = 0;
            record.unschedulable_count += 1;
        }
        let helped = rejectors.is_empty() || events.iter().any(|event| helps(*event, record.template, rejectors));
        if helped {
            self.requeue(pod, record, now);
        } else {
            self.park(pod, record);
        }
        Failed { before, kept: true }
    }

    fn park(&mut self, pod: PodId, mut record: Record) {
        record.place = Place::Parked;
        self.parked.entry(record.rejectors).or_default().insert(pod);
        self.ages.push(pod, Reverse((record.since, record.number)));
        self.records.insert(pod, record);
    }

    /// Puts a Pod into the active queue, or into a back-off queue if it still backs off.
    fn requeue(&mut self, pod: PodId, mut record: Record, now: SimTime) {
        let expiry = self.expiry(&record).filter(|expiry| *expiry >= window(now));
        record.place = match expiry {
            None => Place::Active,
            Some(_) if record.rejectors.is_empty() => Place::ErrorBackoff,
            Some(_) => Place::Backoff,
        };
        match (record.place, expiry) {
            (Place::ErrorBackoff, Some(expiry)) => drop(self.errors.push(pod, Reverse((expiry, record.number)))),
            (Place::Backoff, Some(expiry)) => drop(self.backoff.push(pod, Reverse((expiry, Reverse(record.rank()))))),
            _ => drop(self.active.push(pod, record.rank())),
        }
        self.records.insert(pod, record);
    }

    /// The second in which a Pod's back-off ends; it is released at the start of the next one. `None` without back-off.
    fn expiry(&self, record: &Record) -> Option<u64> {
        let count = if record.errors_count > 0 { record.errors_count } else { record.unschedulable_count };
        if count == 0 || self.backoff_max.is_zero() {
            return None;
        }
        let doubled = self.backoff_initial * (1_u64.checked_shl(count - 1).unwrap_or(u64::MAX));
        Some(window(record.since + doubled.min(self.backoff_max)))
    }

    /// True if a Pod in flight, or parked by one of these plugins, may be helped by what they registered for.
    pub(super) fn awaits(&self, registered: PluginSet) -> bool {
        self.in_flight.is_some() || self.parked.keys().any(|rejectors| !rejectors.and(registered).is_empty())
    }

    /// Wakes the parked Pods that an event may help; `registered` are the plugins that asked for events of its kind.
    /// The event is seen only by Pods of at most a priority.
    pub(super) fn happened(&mut self, (event, most): (Event, i32), registered: PluginSet, now: SimTime, helps: Helps<'_>) {
        if let Some(flight) = self.in_flight.as_mut().filter(|flight| flight.record.priority <= most) {
            flight.events.push(event);
        }
        let concerned = self.parked.iter().filter(|(rejectors, _)| !rejectors.and(registered).is_empty());
        let waiting = concerned.flat_map(|(rejectors, pods)| pods.iter().map(|pod| (*pod, *rejectors)));
        let records = &self.records;
        let sees = |pod: &PodId| records[pod].priority <= most;
        let woken: Vec<PodId> =
            waiting.filter(|(pod, rejectors)| sees(pod) && helps(event, records[pod].template, *rejectors)).map(|(pod, _)| pod).collect();
        for pod in woken {
            self.wake(pod, now);
        }
    }

    /// A Pod that was held back is active from now on. (It has not failed yet, so there is no back-off.)
    pub(super) fn open_gates(&mut self, pod: PodId) {
        if self.records.get(&pod).is_some_and(|record| record.place == Place::Gated) {
            self.activate(pod);
        }
    }

    /// Wakes a Pod if it is parked.
    pub(super) fn activate_parked(&mut self, pod: PodId, now: SimTime) {
        if self.records.get(&pod).is_some_and(|record| record.place == Place::Parked) {
            self.wake(pod, now);
        }
    }

    fn wake(&mut self, pod: PodId, now: SimTime) {
        let record = self.records.remove(&pod).expect("a parked Pod has a record");
        self.unpark(pod, record.rejectors);
        self.requeue(pod, record, now);
    }

    /// Activates Pods whose back-off lapsed, and wakes Pods that were parked for too long.
    pub(super) fn flush(&mut self, now: SimTime) {
        while let Some((pod, _)) = self.ages.peek().filter(|(_, Reverse((since, _)))| self.old_at(*since) <= now) {
            self.wake(*pod, now);
        }
        while let Some((pod, _)) = self.backoff.pop_if(|_, Reverse((expiry, _))| *expiry < window(now)) {
            self.activate(pod);
        }
        while let Some((pod, _)) = self.errors.pop_if(|_, Reverse((expiry, _))| *expiry < window(now)) {
            self.activate(pod);
        }
    }

    fn activate(&mut self, pod: PodId) {
        let record = self.records.get_mut(&pod).expect("a queued Pod has a record");
        record.place = Place::Active;
        self.active.push(pod, record.rank());
    }

    /// The look through the parked Pods that finds a Pod parked at `since` too old: the first more than `unschedulable_max` later.
    fn old_at(&self, since: SimTime) -> SimTime {
        let age = since + self.unschedulable_max;
        SimTime::from_nanos((age.as_nanos() / FLUSH_PERIOD + 1).saturating_mul(FLUSH_PERIOD))
    }

    /// The earliest time at which [`Queue::flush`] moves something; `None` while a Pod is active, or if nothing waits.
    pub(super) fn wake_at(&self) -> Option<SimTime> {
        if !self.active.is_empty() {
            return None;
        }
        let lapse = |expiry: u64| SimTime::from_nanos((expiry + 1).saturating_mul(WINDOW));
        let backoff = self.backoff.peek().map(|(_, Reverse((expiry, _)))| lapse(*expiry));
        let errors = self.errors.peek().map(|(_, Reverse((expiry, _)))| lapse(*expiry));
        let old = self.ages.peek().map(|(_, Reverse((since, _)))| self.old_at(*since));
        [backoff, errors, old].into_iter().flatten().min()
    }
}

/// What became of a Pod that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Failed {
    /// The message it had.
    pub(super) before: Option<MessageId>,
    /// False if it was withdrawn meanwhile.
    pub(super) kept: bool,
}

impl Record {
    const fn rank(&self) -> Rank {
        Rank::new(self.priority, self.since, self.number)
    }
}
