//! What was told of a run, event by event, as short lines.

use sim_core::Simulation;
use sim_core::cluster::{ExitReason, PodState};
use sim_core::measure::{About, Entry, Filter, Happening, Names, Outcome, PodStatus};
use sim_core::spec::{PodTemplate, Spec};
use sim_core::table::WorkloadId;
use sim_core::units::{SimSpan, SimTime};

/// So many seconds after the start.
pub fn at(secs: f64) -> SimTime {
    SimTime::ZERO + SimSpan::from_secs_f64(secs)
}

fn seconds(time: SimTime) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}

/// Everything that was told of a run, and what it left.
pub struct Told {
    /// The template of each workload.
    templates: Vec<PodTemplate>,
    /// Entries in time order.
    pub entries: Vec<Entry>,
    /// Measures.
    pub outcome: Outcome,
}

/// Runs `spec` with somebody who listens to everything, and the auditor after each event.
pub fn told(spec: &Spec) -> Told {
    let mut run = Simulation::observed(spec, 0, vec![Filter::everything(Names::new(spec), spec.workloads.len())]);
    let mut entries = Vec::new();
    loop {
        run.audit().unwrap();
        let more = run.step();
        run.drain(|batch| {
            entries.extend(batch.entries.iter().map(|(entry, _)| *entry));
            true
        });
        if !more {
            break;
        }
    }
    let templates = spec.workloads.rows().iter().map(|workload| spec.templates[workload.template].clone()).collect();
    Told { templates, entries, outcome: run.run(|_| true).unwrap() }
}

impl Told {
    /// Entries about the Pods of a workload.
    fn of(&self, workload: u32) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| matches!(entry.about, About::Pod(pod) if pod.workload == WorkloadId(workload)))
    }

    fn container(&self, workload: u32, index: u8) -> &str {
        &self.templates[workload as usize].containers[usize::from(index)].name
    }

    /// What was told of a workload's Pods under these reasons: `SECONDS [CONTAINER] WHAT`.
    pub fn lines(&self, workload: u32, reasons: &[&str]) -> Vec<String> {
        let some = self.of(workload).filter(|entry| reasons.contains(&entry.what.reason()));
        some.map(|entry| self.line(workload, entry)).collect()
    }

    /// The same of the only workload.
    pub fn only(&self, reasons: &[&str]) -> Vec<String> {
        self.lines(0, reasons)
    }

    fn line(&self, workload: u32, entry: &Entry) -> String {
        let who = entry.container.map(|index| format!("{} ", self.container(workload, index))).unwrap_or_default();
        format!("{} {who}{}", seconds(entry.at), word(entry.what))
    }

    /// When a container of a workload's Pods was told to do something.
    pub fn times(&self, workload: u32, name: &str, reason: &str) -> Vec<f64> {
        let named = |entry: &&Entry| match entry.container {
            Some(index) => self.container(workload, index) == name,
            None => name.is_empty(),
        };
        let some = self.of(workload).filter(named).filter(|entry| entry.what.reason() == reason);
        some.map(|entry| seconds(entry.at)).collect()
    }

    /// When a container of the only workload's Pods started.
    pub fn starts(&self, name: &str) -> Vec<f64> {
        self.times(0, name, "Started")
    }

    /// The status of the only workload's only Pod after each entry.
    pub fn statuses(&self) -> Vec<(SimTime, PodStatus)> {
        let mut status = PodStatus::new(&self.templates[0]);
        let mut after = |entry: &Entry| {
            status.take(entry);
            (entry.at, status.clone())
        };
        self.of(0).map(&mut after).collect()
    }

    /// The status of the only workload's only Pod at the end of an instant.
    pub fn status(&self, secs: f64) -> PodStatus {
        self.statuses().into_iter().rfind(|(time, _)| *time <= at(secs)).unwrap().1
    }
}

fn word(what: Happening) -> String {
    match what {
        Happening::Terminated { code, reason } => match reason {
            ExitReason::Completed | ExitReason::Error => format!("exit {code}"),
            ExitReason::OomKilled => format!("exit {code} OOMKilled"),
            ExitReason::StatusUnknown => format!("exit {code} ContainerStatusUnknown"),
        },
        Happening::Moved { to, .. } if to.is_terminal() => format!("{to}"),
        Happening::Moved { to: PodState::Healthy, .. } => "Running".into(),
        Happening::Moved { to, .. } => format!("{to}"),
        Happening::Ready(ready) => format!("Ready={ready}"),
        Happening::BackOff(span) => format!("BackOff {}", span.as_secs_f64()),
        Happening::Unhealthy(probe) => format!("Unhealthy {probe:?}"),
        Happening::Passed(probe) => format!("Passed {probe:?}"),
        other => other.reason().into(),
    }
}
