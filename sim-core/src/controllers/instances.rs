//! Instances of workloads: the objects that controllers keep, with the Pods they own.

use crate::engine::random::entity_of;
use crate::event::InstanceRef;
use crate::table::{InstanceId, PodId, Table, WorkloadId};
use crate::units::SimTime;
use crate::world::World;

/// A Pod that no controller owns any more has this place.
const NOWHERE: u32 = u32::MAX;

/// A Deployment, a Job, or the bare Pods of a workload.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its workload.
    pub workload: WorkloadId,
    /// The row's generation.
    pub generation: u32,
    /// Address of its random streams.
    pub key: u64,
    /// Which copy of its workload it is, from 0.
    pub copy: u32,
    /// Replicas that it should have.
    pub desired: u32,
    /// Replicas that it had at first.
    pub initial: u32,
    /// Version of its template.
    pub revision: u32,
    /// Pods of that version, deletion not begun.
    pub current: Vec<PodId>,
    /// Pods of earlier versions, deletion not begun.
    pub outdated: Vec<PodId>,
    /// How many of each are Ready.
    pub ready: [u32; 2],
    /// Pods made so far.
    pub made: u64,
    /// Looks taken so far.
    pub looks: u64,
    /// True while a look is on the agenda.
    pub looked_for: bool,
    /// True while a rollout goes on.
    pub rolling: bool,
    /// A Job's Pods that succeeded.
    pub succeeded: u32,
    /// A Job's Pods that failed.
    pub failed: u32,
    /// A Job's failures since its last success.
    pub failures_in_row: u32,
    /// True once a Job is over.
    pub over: bool,
    /// Occasions drawn so far.
    pub occasions: u64,
    /// Pods that went with their node and have no replacement yet: when they failed, and how many failures that was.
    pub mourned: std::collections::VecDeque<(SimTime, u8)>,
}

impl Instance {
    /// Pods of all versions, deletion not begun.
    pub fn owned(&self) -> u32 {
        (self.current.len() + self.outdated.len()) as u32
    }

    /// A Pod of version `revision` became ready or stopped being so.
    pub fn count_ready(&mut self, revision: u32, ready: bool) {
        let count = &mut self.ready[usize::from(revision != self.revision)];
        *count = if ready { *count + 1 } else { *count - 1 };
    }

    fn list(&mut self, outdated: bool) -> &mut Vec<PodId> {
        if outdated { &mut self.outdated } else { &mut self.current }
    }
}

/// All instances. Rows of Jobs that are over are reused.
#[derive(Clone, Debug, Default)]
pub struct Instances {
    rows: Table<InstanceId, Instance>,
    free: Vec<InstanceId>,
}

impl Instances {
    /// Adds an instance.
    pub fn add(&mut self, workload: WorkloadId, key: u64, replicas: u32) -> InstanceId {
        let mut instance = Instance {
            workload,
            generation: 0,
            key,
            copy: 0,
            desired: replicas,
            initial: replicas,
            revision: 0,
            current: Vec::new(),
            outdated: Vec::new(),
            ready: [0; 2],
            made: 0,
            looks: 0,
            looked_for: false,
            rolling: false,
            succeeded: 0,
            failed: 0,
            failures_in_row: 0,
            over: false,
            occasions: 0,
            mourned: std::collections::VecDeque::new(),
        };
        let Some(id) = self.free.pop() else { return self.rows.push(instance) };
        instance.generation = self.rows[id].generation;
        self.rows[id] = instance;
        id
    }

    /// Gives the row of an instance back that owns no Pods.
    ///
    /// # Panics
    /// If it owns Pods.
    pub fn remove(&mut self, id: InstanceId) {
        assert_eq!(self.rows[id].owned(), 0, "an instance goes only without Pods");
        self.rows[id].generation += 1;
        self.free.push(id);
    }

    /// A reference that outlives the instance.
    pub fn reference(&self, id: InstanceId) -> InstanceRef {
        InstanceRef { id, generation: self.rows[id].generation }
    }

    /// The row behind a reference, unless the instance has gone.
    pub fn alive(&self, instance: InstanceRef) -> Option<InstanceId> {
        (self.rows[instance.id].generation == instance.generation).then_some(instance.id)
    }

    /// Workload, random address and version of an instance's next Pod.
    pub fn next_pod(&mut self, id: InstanceId) -> (WorkloadId, u64, u32) {
        let row = &mut self.rows[id];
        row.made += 1;
        (row.workload, entity_of(&[row.key, row.made]), row.revision)
    }

    /// Makes an instance own a Pod of its current version.
    pub fn put_in(&mut self, world: &mut World<'_>, id: InstanceId, pod: PodId) {
        let row = &mut self.rows[id];
        world.pods[pod].slot = row.current.len() as u32;
        row.current.push(pod);
    }

    /// The instance that owns a Pod, if one still does.
    pub fn owner(world: &World<'_>, pod: PodId) -> Option<InstanceId> {
        let row = &world.pods[pod];
        (row.slot != NOWHERE).then_some(row.instance)
    }

    /// Makes an instance own a Pod no more; false if it did not.
    pub fn take_out(&mut self, world: &mut World<'_>, id: InstanceId, pod: PodId) -> bool {
        let slot = std::mem::replace(&mut world.pods[pod].slot, NOWHERE);
        if slot == NOWHERE {
            return false;
        }
        let row = &mut self.rows[id];
        let list = row.list(world.pods[pod].revision != row.revision);
        assert_eq!(list[slot as usize], pod, "a Pod stands in its controller's list where its row says");
        list.swap_remove(slot as usize);
        if let Some(&moved) = list.get(slot as usize) {
            world.pods[moved].slot = slot;
        }
        true
    }

    /// A new version: all Pods are of an earlier one now.
    pub fn outdate(&mut self, world: &mut World<'_>, id: InstanceId) {
        let row = &mut self.rows[id];
        row.revision += 1;
        row.ready = [0, row.ready[0] + row.ready[1]];
        let moved = std::mem::take(&mut row.current);
        for pod in moved {
            world.pods[pod].slot = row.outdated.len() as u32;
            row.outdated.push(pod);
        }
    }

    /// Every row with its id, those of instances that have gone included.
    pub fn iter(&self) -> impl Iterator<Item = (InstanceId, &Instance)> {
        self.rows.iter()
    }
}

impl std::ops::Index<InstanceId> for Instances {
    type Output = Instance;
    fn index(&self, id: InstanceId) -> &Instance {
        &self.rows[id]
    }
}

impl std::ops::IndexMut<InstanceId> for Instances {
    fn index_mut(&mut self, id: InstanceId) -> &mut Instance {
        &mut self.rows[id]
    }
}
