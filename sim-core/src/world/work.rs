//! Runs that are work: a container that gets less CPU than it wants takes longer, and its exit moves.

use crate::cluster::Container;
use crate::event::Event;
use crate::table::PodId;
use crate::units::{SimSpan, SimTime};
use crate::world::World;

/// A run that is work.
#[derive(Clone, Copy, Debug)]
struct Work {
    /// What is left of it at full speed, as of `since`.
    left: SimSpan,
    since: SimTime,
    /// It goes on at `grant ÷ want` of full speed.
    grant: u64,
    want: u64,
    /// When it is done at this speed.
    ends: SimTime,
    /// The earliest of its exits on the agenda.
    due: SimTime,
    /// All of it, at full speed.
    whole: SimSpan,
    begun: SimTime,
}

impl Work {
    /// Takes off what was done since it was last looked at.
    fn settle(&mut self, now: SimTime) {
        let done = u128::from((now - self.since).as_nanos()) * u128::from(self.grant) / u128::from(self.want.max(1));
        self.left = self.left.saturating_sub(SimSpan::from_nanos(done as u64));
        self.since = now;
    }

    /// When it is done at its present speed.
    fn end(&self) -> SimTime {
        let rest = u128::from(self.left.as_nanos()) * u128::from(self.want);
        match rest.checked_div(u128::from(self.grant)) {
            None if self.left.is_zero() => self.since,
            None => SimTime::MAX,
            Some(_) => {
                let nanos = u128::from(self.since.as_nanos()) + rest.div_ceil(u128::from(self.grant));
                u64::try_from(nanos).map_or(SimTime::MAX, SimTime::from_nanos)
            }
        }
    }
}

/// All runs that are work, in rows that are reused.
#[derive(Clone, Debug, Default)]
pub struct Works {
    rows: Vec<Work>,
    free: Vec<u32>,
}

impl Works {
    fn add(&mut self, work: Work) -> u32 {
        if let Some(row) = self.free.pop() {
            self.rows[row as usize] = work;
            return row;
        }
        self.rows.push(work);
        self.rows.len() as u32 - 1
    }

    /// The speed of a work: what its container gets of what it wants.
    pub fn speed(&self, row: u32) -> (u64, u64) {
        (self.rows[row as usize].grant, self.rows[row as usize].want)
    }
}

impl World<'_> {
    /// A container that has just come up exits after `span` if nothing stops it, and if it gets the CPU that it wants should its run be
    /// work.
    pub fn exits_after(&mut self, pod: PodId, index: u8, span: SimSpan) {
        self.after(span, Event::Exited(self.container_ref(pod, index)));
        if span == SimSpan::MAX || !self.container_spec(pod, index).behavior.cpu_bound {
            return;
        }
        let (now, due) = (self.now, self.now + span);
        let work = Work { left: span, since: now, grant: 1, want: 1, ends: due, due, whole: span, begun: now };
        self.pods.container_mut(pod, index).work = self.works.add(work);
        self.pace_alone(pod, index);
    }

    /// Sets the speed of a container's run to `grant ÷ want` of full speed; its exit moves. Runs that are no work do not care.
    pub fn stretch(&mut self, pod: PodId, index: u8, grant: u64, want: u64) {
        let row = self.pods.container(pod, index).work;
        if row == Container::NONE {
            return;
        }
        let work = &mut self.works.rows[row as usize];
        if u128::from(work.grant) * u128::from(want) == u128::from(grant) * u128::from(work.want) {
            return;
        }
        work.settle(self.now);
        (work.grant, work.want) = (grant, want);
        work.ends = work.end();
        // A later end is looked up when the earlier event comes.
        if work.ends < work.due {
            work.due = work.ends;
            let due = work.due;
            self.at(due, Event::Exited(self.container_ref(pod, index)));
        }
    }

    /// True if an exit comes too early because its container's work has been stretched; it is put on the agenda anew.
    pub fn works_on(&mut self, pod: PodId, index: u8) -> bool {
        let row = self.pods.container(pod, index).work;
        let now = self.now;
        let Some(work) = self.works.rows.get_mut(row as usize).filter(|work| now < work.ends) else { return false };
        if work.due <= now {
            work.due = work.ends;
            let due = work.due;
            self.at(due, Event::Exited(self.container_ref(pod, index)));
        }
        true
    }

    /// When a container's run is done at its present speed, if it is work.
    pub fn work_end(&self, pod: PodId, index: u8) -> Option<SimTime> {
        self.works.rows.get(self.pods.container(pod, index).work as usize).map(|work| work.ends)
    }

    /// A container's run is over, or is to be cut short.
    pub fn work_ends(&mut self, pod: PodId, index: u8) {
        let row = std::mem::replace(&mut self.pods.container_mut(pod, index).work, Container::NONE);
        let Some(work) = self.works.rows.get_mut(row as usize) else { return };
        work.settle(self.now);
        if work.ends <= self.now {
            self.record.usage.works += 1;
            self.record.usage.stretched += (self.now - work.begun).saturating_sub(work.whole);
        }
        self.works.free.push(row);
    }
}
