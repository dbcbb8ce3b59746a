//! The timeline of a run as a Perfetto trace: a track for each Pod below its node, a slice for each state, a track for each container.
//!
//! Written as it comes; what is kept is one row for each Pod that lives. While a Pod has no node its track is below "no node yet".

mod wire;

use crate::history::Teller;
use sim_core::cluster::{ExitReason, Phase, PodState};
use sim_core::measure::{About, Batch, Entry, Happening, PodIdentity};
use sim_core::table::NodeId;
use sim_core::units::SimTime;
use std::collections::BTreeMap;
use std::io::{self, Write};
use wire::Mark;

/// Number of the counter's track.
const RUNNING: u64 = 1;
/// Number of the track above Pods that have no node.
const HOMELESS: u64 = 2;

/// A trace that is being written.
#[derive(Debug)]
pub struct Timeline<'a, W> {
    teller: &'a Teller<'a>,
    out: W,
    /// Number of the last track.
    last: u64,
    nodes: BTreeMap<NodeId, NodeTracks>,
    pods: BTreeMap<PodIdentity, PodTracks>,
    running: u64,
}

/// A node's own track, and that of its readiness with whether a slice is open on it.
#[derive(Clone, Copy, Debug)]
struct NodeTracks {
    own: u64,
    health: Option<u64>,
}

/// A living Pod's tracks.
#[derive(Clone, Debug, Default)]
struct PodTracks {
    own: u64,
    /// True while a slice is open on its own track.
    open: bool,
    /// Whether it counts as Running.
    running: bool,
    /// Of each container that has shown itself: its track, whether a slice is open, starts so far.
    containers: BTreeMap<u8, (u64, bool, u32)>,
}

impl<'a, W: Write> Timeline<'a, W> {
    /// Begins a trace.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn new(teller: &'a Teller<'a>, mut out: W) -> io::Result<Self> {
        out.write_all(&wire::track(RUNNING, None, "Pods Running", true))?;
        out.write_all(&wire::track(HOMELESS, None, "no node yet", false))?;
        out.write_all(&wire::event(0, RUNNING, Mark::Count(0)))?;
        Ok(Self { teller, out, last: HOMELESS, nodes: BTreeMap::new(), pods: BTreeMap::new(), running: 0 })
    }

    /// Draws an entry.
    ///
    /// # Errors
    /// If the trace cannot be written.
    pub fn take(&mut self, entry: &Entry, batch: &Batch<'_>) -> io::Result<()> {
        match entry.about {
            About::Pod(pod) => self.take_pod(pod, entry, batch),
            About::Node(node) => self.take_node(node, entry, batch),
            About::Owner(_) => Ok(()),
        }
    }

    /// Ends what is open at `end` and gives the writer back.
    ///
    /// # Errors
    /// If the trace cannot be written.
    pub fn finish(mut self, end: SimTime) -> io::Result<W> {
        for (_, mut pod) in std::mem::take(&mut self.pods) {
            self.close(&mut pod, end)?;
        }
        let open: Vec<u64> = self.nodes.values().filter_map(|node| node.health).collect();
        for track in open {
            self.mark(end, track, Mark::End)?;
        }
        Ok(self.out)
    }

    fn mark(&mut self, at: SimTime, track: u64, mark: Mark<'_>) -> io::Result<()> {
        self.out.write_all(&wire::event(at.as_nanos(), track, mark))
    }

    /// Describes a new track and gives its number.
    fn track(&mut self, parent: Option<u64>, name: &str) -> io::Result<u64> {
        self.last += 1;
        self.out.write_all(&wire::track(self.last, parent, name, false))?;
        Ok(self.last)
    }

    fn node_track(&mut self, node: NodeId) -> io::Result<u64> {
        if let Some(tracks) = self.nodes.get(&node) {
            return Ok(tracks.own);
        }
        let own = self.track(None, &self.teller.names.node(node))?;
        self.nodes.insert(node, NodeTracks { own, health: None });
        Ok(own)
    }

    fn take_node(&mut self, node: NodeId, entry: &Entry, batch: &Batch<'_>) -> io::Result<()> {
        let own = self.node_track(node)?;
        let Happening::NodeReady(ready) = entry.what else {
            let message = self.teller.message(entry, batch);
            return self.mark(entry.at, own, Mark::Instant(&message));
        };
        let health = match self.nodes.get(&node).and_then(|tracks| tracks.health) {
            Some(track) => {
                self.mark(entry.at, track, Mark::End)?;
                track
            }
            None => self.track(Some(own), "Ready condition")?,
        };
        self.nodes.insert(node, NodeTracks { own, health: Some(health) });
        self.mark(entry.at, health, Mark::Begin(if ready { "Ready" } else { "NotReady" }))
    }

    fn take_pod(&mut self, pod: PodIdentity, entry: &Entry, batch: &Batch<'_>) -> io::Result<()> {
        let mut tracks = self.pods.remove(&pod).unwrap_or_default();
        match (entry.what, entry.container) {
            (Happening::Created, _) => self.move_in(pod, &mut tracks, Some(HOMELESS), PodState::Scheduling, entry.at)?,
            (Happening::WasThere, _) => {
                let node = self.parent(entry)?;
                self.move_in(pod, &mut tracks, node, PodState::Healthy, entry.at)?;
                self.containers_were_there(pod, &mut tracks, entry.at)?;
            }
            (Happening::Moved { from, to }, _) => self.moved(pod, &mut tracks, (from, to), entry)?,
            (Happening::Removed, _) => return self.close(&mut tracks, entry.at),
            (what, Some(index)) if tracks.own != 0 => self.take_container(&mut tracks, index, what, entry, batch)?,
            (_, None) if tracks.own != 0 => self.mark(entry.at, tracks.own, Mark::Instant(entry.what.reason()))?,
            // A Pod whose beginning was not listened to has no track.
            _ => return Ok(()),
        }
        self.pods.insert(pod, tracks);
        Ok(())
    }

    fn parent(&mut self, entry: &Entry) -> io::Result<Option<u64>> {
        entry.node.map(|node| self.node_track(node)).transpose()
    }

    /// A Pod gets a track below `parent`, in `state`.
    fn move_in(&mut self, pod: PodIdentity, tracks: &mut PodTracks, parent: Option<u64>, state: PodState, at: SimTime) -> io::Result<()> {
        tracks.own = self.track(parent, &self.teller.names.pod(pod))?;
        tracks.open = true;
        self.mark(at, tracks.own, Mark::Begin(&state.to_string()))?;
        self.count(tracks, state, at)
    }

    fn moved(&mut self, pod: PodIdentity, tracks: &mut PodTracks, (from, to): (PodState, PodState), entry: &Entry) -> io::Result<()> {
        if tracks.open {
            self.mark(entry.at, tracks.own, Mark::End)?;
        }
        let bound = from == PodState::Scheduling && !to.is_terminal();
        if tracks.own == 0 || bound {
            let node = self.parent(entry)?;
            return self.move_in(pod, tracks, node, to, entry.at);
        }
        tracks.open = true;
        self.mark(entry.at, tracks.own, Mark::Begin(&to.to_string()))?;
        self.count(tracks, to, entry.at)
    }

    /// Keeps the number of Pods in phase Running.
    fn count(&mut self, tracks: &mut PodTracks, state: PodState, at: SimTime) -> io::Result<()> {
        let running = state.phase() == Phase::Running;
        if std::mem::replace(&mut tracks.running, running) == running {
            return Ok(());
        }
        self.running = if running { self.running + 1 } else { self.running - 1 };
        self.mark(at, RUNNING, Mark::Count(self.running))
    }

    fn containers_were_there(&mut self, pod: PodIdentity, tracks: &mut PodTracks, at: SimTime) -> io::Result<()> {
        let spec = self.teller.spec();
        let containers = &spec.templates[spec.workloads[pod.workload].template].containers;
        for (index, container) in (0..).zip(containers) {
            if container.kind != sim_core::spec::ContainerKind::Init {
                let track = self.track(Some(tracks.own), &container.name)?;
                self.mark(at, track, Mark::Begin("Running"))?;
                tracks.containers.insert(index, (track, true, 1));
            }
        }
        Ok(())
    }

    fn take_container(&mut self, tracks: &mut PodTracks, index: u8, what: Happening, entry: &Entry, batch: &Batch<'_>) -> io::Result<()> {
        let (track, open, starts) = match tracks.containers.get(&index) {
            Some(known) => *known,
            None => (self.track(Some(tracks.own), self.teller.container(entry).map_or("container", |about| &about.name))?, false, 0),
        };
        let begins = match what {
            Happening::Started if starts > 0 => Some(format!("Running, start {}", starts + 1)),
            Happening::Started => Some("Running".to_owned()),
            Happening::BackOff(_) => Some("CrashLoopBackOff".to_owned()),
            Happening::PullBackOff => Some("ImagePullBackOff".to_owned()),
            Happening::Pulling => Some("Pulling".to_owned()),
            _ => None,
        };
        let ends = begins.is_some() || matches!(what, Happening::Terminated { .. } | Happening::Pulled(..) | Happening::PullFailed);
        let ends = open && ends;
        if ends {
            self.mark(entry.at, track, Mark::End)?;
        }
        if let Some(name) = &begins {
            self.mark(entry.at, track, Mark::Begin(name))?;
        } else {
            let told = self.instant(what, entry, batch);
            self.mark(entry.at, track, Mark::Instant(&told))?;
        }
        let starts = starts + u32::from(what == Happening::Started);
        tracks.containers.insert(index, (track, begins.is_some() || (open && !ends), starts));
        Ok(())
    }

    fn instant(&self, what: Happening, entry: &Entry, batch: &Batch<'_>) -> String {
        match what {
            Happening::Terminated { code: 0, reason: ExitReason::Completed } => "Completed".into(),
            Happening::Terminated { .. } => self.teller.message(entry, batch),
            other => other.reason().into(),
        }
    }

    /// Ends all slices of a Pod.
    fn close(&mut self, tracks: &mut PodTracks, at: SimTime) -> io::Result<()> {
        for (track, open, _) in tracks.containers.values() {
            if *open {
                self.mark(at, *track, Mark::End)?;
            }
        }
        if std::mem::take(&mut tracks.open) {
            self.mark(at, tracks.own, Mark::End)?;
        }
        if std::mem::take(&mut tracks.running) {
            self.running -= 1;
            self.mark(at, RUNNING, Mark::Count(self.running))?;
        }
        Ok(())
    }
}
