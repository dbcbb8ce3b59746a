//! Entries as words and as JSON lines.

use super::status::exit_reason;
use super::{seconds, span};
use serde_json::json;
use sim_core::measure::{About, Batch, Entry, Happening, Names, Pressure, ProbeKind};
use sim_core::spec::{ContainerSpec, Spec};

/// Puts entries into words.
#[derive(Clone, Debug)]
pub struct Teller<'a> {
    spec: &'a Spec,
    /// Names of the scenario's objects.
    pub names: Names,
}

impl<'a> Teller<'a> {
    /// A teller of what happens to the objects of `spec`.
    pub fn new(spec: &'a Spec) -> Self {
        Self { spec, names: Names::new(spec) }
    }

    /// What is given.
    pub const fn spec(&self) -> &'a Spec {
        self.spec
    }

    /// An entry as one line of JSON: `t`, `object`, `container`, `reason`, `from`, `to`, `message`.
    pub fn line(&self, entry: &Entry, batch: &Batch<'_>) -> String {
        let quoted = |text: &str| json!(text).to_string();
        let mut line = format!("{{\"t\":{},\"object\":{}", seconds(entry.at.as_nanos()), quoted(&self.names.object(entry.about)));
        if let Some(container) = self.container(entry) {
            line += &format!(",\"container\":{}", quoted(&container.name));
        }
        line += &format!(",\"reason\":\"{}\"", entry.what.reason());
        if let Happening::Moved { from, to } = entry.what {
            line += &format!(",\"from\":\"{from}\",\"to\":\"{to}\"");
        }
        line + &format!(",\"message\":{}}}\n", quoted(&self.message(entry, batch)))
    }

    /// The container that an entry is about.
    pub fn container(&self, entry: &Entry) -> Option<&'a ContainerSpec> {
        let (About::Pod(pod), Some(index)) = (entry.about, entry.container) else { return None };
        self.spec.templates[self.spec.workloads[pod.workload].template].containers.get(usize::from(index))
    }

    /// What happened, in words.
    pub fn message(&self, entry: &Entry, batch: &Batch<'_>) -> String {
        match entry.about {
            About::Pod(_) => self.of_pod(entry, batch),
            About::Node(_) => of_node(entry.what),
            About::Owner(pod) => match entry.what {
                Happening::PodMade => format!("created Pod {}", self.names.pod(pod)),
                Happening::PodDeleted => format!("deleted Pod {}", self.names.pod(pod)),
                Happening::Scaled(count) => format!("scaled to {count} replicas"),
                other => other.reason().to_owned(),
            },
        }
    }

    fn of_pod(&self, entry: &Entry, batch: &Batch<'_>) -> String {
        let node = || entry.node.map_or_else(|| "no node".to_owned(), |node| self.names.node(node));
        let image = || self.container(entry).map_or("", |container| self.spec.images[container.image].name.as_str());
        match entry.what {
            Happening::Created => "created".into(),
            Happening::WasThere => format!("ran on {} when the run began", node()),
            Happening::Moved { from, to } => format!("{from} -> {to}"),
            Happening::Scheduled => format!("assigned to {}", node()),
            Happening::FailedScheduling(number) => batch.messages.get(number as usize).cloned().unwrap_or_default(),
            Happening::Preempted => format!("deleted from {} to make room for a Pod of higher priority", node()),
            Happening::SandboxReady => "the sandbox is up and has its address".into(),
            Happening::SandboxGone => "the sandbox and its address are gone".into(),
            Happening::Pulling => format!("pulling image {}", image()),
            Happening::Pulled(took, _) if took.is_zero() => format!("image {} is on the node", image()),
            Happening::Pulled(took, bytes) if bytes.0 == 0 => format!("image {} is on the node after {}", image(), span(took.as_nanos())),
            Happening::Pulled(took, bytes) => format!("image {} pulled in {} ({} bytes)", image(), span(took.as_nanos()), bytes.0),
            Happening::PullFailed => format!("image {} could not be pulled", image()),
            Happening::NeverPull => format!("image {} is not on the node and is never pulled", image()),
            Happening::PullBackOff => format!("waits before image {} is pulled again", image()),
            other => plain(other),
        }
    }
}

fn plain(what: Happening) -> String {
    match what {
        Happening::Started => "the container's process is up".into(),
        Happening::Terminated { code, reason } => format!("exit code {code}, {}", exit_reason(reason)),
        Happening::BackOff(wait) => format!("waits {} before the container is started again", span(wait.as_nanos())),
        Happening::Unhealthy(probe) => format!("{} probe failed as often as its threshold says", name_of(probe)),
        Happening::Passed(probe) => format!("{} probe passes", name_of(probe)),
        Happening::Killing => "the container is asked to stop".into(),
        Happening::OomKilling => "out of memory: the kernel kills the container".into(),
        Happening::Evicted => "the kubelet ends the Pod for want of a resource".into(),
        Happening::TaintEviction => "deleted from a node that is not ready or out of reach".into(),
        Happening::DeadlineExceeded => "active longer than its deadline".into(),
        Happening::Rejected => "the kubelet refuses the Pod".into(),
        Happening::Ready(ready) => if ready { "ready" } else { "not ready" }.into(),
        Happening::Deleting => "its deletion begins".into(),
        Happening::Removed => "its object is gone".into(),
        Happening::FailedMount => "the volumes are not there in time".into(),
        Happening::FailedSandbox => "the sandbox could not be made".into(),
        Happening::SandboxChanged => "the sandbox is made anew".into(),
        Happening::FailedPostStartHook => "the postStart hook failed".into(),
        other => other.reason().into(),
    }
}

const fn name_of(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Startup => "startup",
        ProbeKind::Liveness => "liveness",
        ProbeKind::Readiness => "readiness",
    }
}

fn of_node(what: Happening) -> String {
    match what {
        Happening::NodeReady(true) => "the node is ready".into(),
        Happening::NodeReady(false) => "the node is not ready".into(),
        Happening::NodePressure(pressure, begins) => {
            let name = match pressure {
                Pressure::Memory => "MemoryPressure",
                Pressure::Disk => "DiskPressure",
                Pressure::Pid => "PIDPressure",
            };
            format!("{name} {}", if begins { "begins" } else { "is over" })
        }
        Happening::Fault(number, begins) => format!("fault {number} of the scenario {}", if begins { "begins" } else { "is over" }),
        other => other.reason().into(),
    }
}
