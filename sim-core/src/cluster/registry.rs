//! The image registry, and the pulls of all nodes that go on or wait.

use super::{Downloads, ImageKey, PodRef};
use crate::spec::Spec;
use crate::table::{ImageId, NodeId, PullId};
use crate::units::{SimSpan, SimTime};

/// Why an image is not there: `ErrImagePull` and its like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PullError {
    /// The registry does not answer.
    RegistryDown,
    /// The registry has no such image.
    NotFound,
    /// The kubelet's limit of pulls a second: "pull QPS exceeded".
    QpsExceeded,
    /// `ErrImageNeverPull`: it may not be pulled, and it is not there.
    NeverPull,
    /// `ImagePullBackOff`: no pull is tried before this.
    BackOff(SimTime),
}

/// A pull by row and epoch: an event of before the last change does not find it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PullRef {
    /// The row.
    pub id: PullId,
    /// The row's epoch.
    pub epoch: u32,
}

/// How far a pull is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Waits for its turn.
    Queued,
    /// Another pull of the same image goes on here; it ends with that one.
    Follows,
    /// Will fail when the registry has answered, or has not.
    Fails(PullError),
    /// Asks for the manifest.
    Manifest,
    /// All is computed: downloads during this span, then unpacks.
    Computed {
        /// The first byte.
        from: SimTime,
        /// The last.
        until: SimTime,
    },
    /// Downloads, sharing bandwidth with others.
    Downloads,
    /// Unpacks.
    Unpacks,
}

/// A pull that one container waits for.
#[derive(Clone, Copy, Debug)]
pub struct Pull {
    /// The container's Pod.
    pub pod: PodRef,
    /// Which of its containers.
    pub index: u8,
    /// Where it is pulled to.
    pub node: NodeId,
    /// The image.
    pub key: ImageKey,
    /// Its version.
    pub revision: u32,
    /// Share of the image's bytes that a release changes.
    pub share: f64,
    /// Compressed bytes to download, known from the start of the pull.
    pub bytes: u64,
    /// How far it is.
    pub phase: Phase,
    /// When it was asked for.
    pub asked: SimTime,
    /// True while the container asks: it needs no call back.
    pub asking: bool,
}

/// Rows of pulls; those that are over are reused.
#[derive(Clone, Debug, Default)]
pub struct Pulls {
    rows: Vec<(u32, Option<Pull>)>,
    free: Vec<PullId>,
}

impl Pulls {
    /// Takes a row.
    pub fn add(&mut self, pull: Pull) -> PullId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.rows.push((0, None));
            PullId(self.rows.len() as u32 - 1)
        });
        self.rows[id.0 as usize].1 = Some(pull);
        id
    }

    /// Gives a row back, with what it held.
    ///
    /// # Panics
    /// If the pull is over already.
    pub fn remove(&mut self, id: PullId) -> Pull {
        self.renew(id);
        self.free.push(id);
        self.rows[id.0 as usize].1.take().expect("a pull ends once")
    }

    /// A new reference; events under former ones are void.
    pub fn renew(&mut self, id: PullId) -> PullRef {
        let epoch = &mut self.rows[id.0 as usize].0;
        *epoch = epoch.wrapping_add(1);
        PullRef { id, epoch: *epoch }
    }

    /// The row behind a reference, unless it is void.
    pub fn current(&self, pull: PullRef) -> Option<PullId> {
        let (epoch, row) = &self.rows[pull.id.0 as usize];
        (*epoch == pull.epoch && row.is_some()).then_some(pull.id)
    }

    /// Every pull that waits or goes on, by row.
    pub fn iter(&self) -> impl Iterator<Item = (PullId, &Pull)> {
        (0..).map(PullId).zip(&self.rows).filter_map(|(id, (_, row))| row.as_ref().map(|pull| (id, pull)))
    }
}

impl std::ops::Index<PullId> for Pulls {
    type Output = Pull;
    fn index(&self, id: PullId) -> &Pull {
        self.rows[id.0 as usize].1.as_ref().expect("a pull that is over is named by nobody")
    }
}

impl std::ops::IndexMut<PullId> for Pulls {
    fn index_mut(&mut self, id: PullId) -> &mut Pull {
        self.rows[id.0 as usize].1.as_mut().expect("a pull that is over is named by nobody")
    }
}

/// The registry and what it is asked for.
#[derive(Clone, Debug)]
pub struct RegistryState {
    /// Faults that keep it down; it answers while there are none.
    pub down: u32,
    /// By how much all downloads are slower than usual; 1 is as usual.
    pub slow: f64,
    /// Images that it cannot deliver, in order.
    pub bad: Vec<ImageId>,
    /// Pulls.
    pub pulls: Pulls,
    /// Downloads that share bandwidth.
    pub downloads: Downloads,
    /// True if downloads may hinder each other: their ends are not known at their beginnings.
    pub shared: bool,
    /// Epoch of the event at the next download's end.
    pub epoch: u32,
    /// When the next manifest may be asked for.
    free_at: SimTime,
}

impl RegistryState {
    /// A registry that nobody has asked for anything.
    pub fn new(spec: &Spec) -> Self {
        let about = &spec.registry;
        Self {
            down: 0,
            slow: 1.0,
            bad: Vec::new(),
            pulls: Pulls::default(),
            downloads: Downloads::new(about.total_bandwidth, about.bandwidth),
            shared: !about.serial || about.total_bandwidth < about.bandwidth * spec.nodes_count() as f64,
            epoch: 0,
            free_at: SimTime::ZERO,
        }
    }

    /// How long a request for a manifest waits for its turn, at so many a second.
    pub fn request(&mut self, per_second: f64, now: SimTime) -> SimSpan {
        if per_second <= 0.0 {
            return SimSpan::ZERO;
        }
        let turn = self.free_at.max(now);
        self.free_at = turn + SimSpan::from_secs_f64(1.0 / per_second);
        turn - now
    }
}
