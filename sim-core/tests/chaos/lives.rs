//! Follows what an observer tells of every Pod and stops at what cannot be.

use sim_core::cluster::{PodState, Signal};
use sim_core::measure::{About, Entry, Happening, PodIdentity};
use sim_core::spec::{ContainerKind, Spec};
use sim_core::units::SimTime;
use std::collections::BTreeMap;

/// What is known of a container.
#[derive(Clone, Copy, Default, Debug)]
struct Known {
    up: bool,
    /// Its image was found or pulled.
    image: bool,
    /// Exit code of its last end in the present sandbox.
    ended: Option<u8>,
    /// It has started in the present sandbox.
    started: bool,
}

/// What is known of a Pod.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about a Pod")]
struct Life {
    state: PodState,
    scheduled: bool,
    /// The sandbox is up and has its network.
    network: bool,
    ready: bool,
    deleting: bool,
    /// It ran before the run began.
    seasoned: bool,
    containers: Vec<Known>,
}

/// Every Pod that is there.
pub struct Lives<'s> {
    spec: &'s Spec,
    now: SimTime,
    live: BTreeMap<PodIdentity, Life>,
}

const SIGNALS: [Signal; 9] = [
    Signal::Bound,
    Signal::ImageReady,
    Signal::Started,
    Signal::CheckFailed,
    Signal::Recovered,
    Signal::RestartBegun,
    Signal::Restarted,
    Signal::Completed,
    Signal::Broken,
];

impl<'s> Lives<'s> {
    pub const fn new(spec: &'s Spec) -> Self {
        Self { spec, now: SimTime::ZERO, live: BTreeMap::new() }
    }

    /// Takes an entry.
    pub fn hear(&mut self, entry: &Entry) {
        assert!(entry.at >= self.now, "time goes back: {entry:?}");
        self.now = entry.at;
        if let About::Pod(pod) = entry.about {
            self.hear_of_pod(pod, entry);
        }
    }

    fn kinds(&self, pod: PodIdentity) -> Vec<ContainerKind> {
        let template = &self.spec.templates[self.spec.workloads[pod.workload].template];
        template.containers.iter().map(|about| about.kind).collect()
    }

    fn hear_of_pod(&mut self, pod: PodIdentity, entry: &Entry) {
        match entry.what {
            Happening::Created | Happening::WasThere => {
                let life = Life::new(entry.what == Happening::WasThere, &self.kinds(pod));
                assert!(self.live.insert(pod, life).is_none(), "two Pods are {pod:?}");
            }
            Happening::Removed => {
                let life = self.live.remove(&pod).unwrap_or_else(|| panic!("{pod:?} goes twice"));
                assert!(life.state.is_terminal() && life.containers.iter().all(|known| !known.up), "{pod:?} goes too early: {life:?}");
            }
            _ => {
                let kinds = self.kinds(pod);
                let life = self.live.get_mut(&pod).unwrap_or_else(|| panic!("nobody is {pod:?}: {entry:?}"));
                if let Err(what) = life.hear(entry, &kinds) {
                    panic!("{pod:?} at {:.3} s: {what}: {entry:?}, {life:?}", entry.at.as_secs_f64());
                }
            }
        }
    }
}

impl Life {
    fn new(seasoned: bool, kinds: &[ContainerKind]) -> Self {
        let state = if seasoned { PodState::Healthy } else { PodState::Scheduling };
        let known = |kind: &ContainerKind| {
            let up = seasoned && *kind != ContainerKind::Init;
            Known { image: seasoned, up, started: up, ended: None }
        };
        let containers = kinds.iter().map(known).collect();
        Self { state, scheduled: seasoned, network: seasoned, ready: false, deleting: false, seasoned, containers }
    }

    fn hear(&mut self, entry: &Entry, kinds: &[ContainerKind]) -> Result<(), &'static str> {
        match entry.what {
            Happening::Moved { from, to } => self.moves(from, to),
            Happening::Scheduled => once(&mut self.scheduled, "it is scheduled twice"),
            Happening::SandboxReady => {
                check(self.scheduled, "a sandbox before a node")?;
                once(&mut self.network, "an address on top of an address")
            }
            Happening::SandboxGone => {
                self.network = false;
                let reset = Known { started: false, ended: None, ..Known::default() };
                self.containers.iter_mut().for_each(|known| *known = Known { up: known.up, image: known.image, ..reset });
                Ok(())
            }
            Happening::Ready(ready) => {
                check(self.ready != ready, "its readiness changes to what it is")?;
                check(!ready || !self.deleting && !self.state.is_terminal(), "it is ready after its end")?;
                self.ready = ready;
                Ok(())
            }
            Happening::Deleting => once(&mut self.deleting, "it is deleted twice"),
            Happening::Pulled(..) => self.container(entry, |known| {
                known.image = true;
                Ok(())
            }),
            Happening::Started => self.starts(entry, kinds),
            Happening::Terminated { code, .. } => self.container(entry, |known| {
                check(known.up, "a container ends that does not run")?;
                (known.up, known.ended) = (false, Some(code));
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    fn moves(&mut self, from: PodState, to: PodState) -> Result<(), &'static str> {
        check(from == self.state, "it was in another state")?;
        check(SIGNALS.iter().any(|signal| from.step(*signal) == Ok(to)), "the chart has no such arrow")?;
        self.state = to;
        Ok(())
    }

    fn container(&mut self, entry: &Entry, change: impl FnOnce(&mut Known) -> Result<(), &'static str>) -> Result<(), &'static str> {
        let index = usize::from(entry.container.ok_or("no container is named")?);
        change(&mut self.containers[index])
    }

    fn starts(&mut self, entry: &Entry, kinds: &[ContainerKind]) -> Result<(), &'static str> {
        let index = usize::from(entry.container.ok_or("no container is named")?);
        check(self.network, "a container starts without sandbox and network")?;
        check(!self.state.is_terminal(), "a container starts after its Pod has ended")?;
        check(self.containers[index].image, "a container starts without its image")?;
        check(!self.containers[index].up, "a container starts that runs")?;
        let initialized = (0..kinds.len()).any(|other| kinds[other] == ContainerKind::App && self.containers[other].started);
        if !initialized && !self.seasoned {
            let before = kinds.iter().zip(&self.containers).take(index);
            let done = |(kind, known): (&ContainerKind, &Known)| match kind {
                ContainerKind::Init => known.ended == Some(0) && !known.up,
                ContainerKind::Sidecar => known.started,
                ContainerKind::App => true,
            };
            check(before.into_iter().all(done), "a container starts out of turn")?;
        }
        let known = &mut self.containers[index];
        (known.up, known.started) = (true, true);
        Ok(())
    }
}

fn check(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn once(flag: &mut bool, otherwise: &'static str) -> Result<(), &'static str> {
    check(!std::mem::replace(flag, true), otherwise)
}
