//! Pods that can never run: no node is large enough, or none is one that they may run on.

use sim_core::spec::{
    Labels, NodePool, NodeSelectorTerm, Operator, Placement, PodTemplate, Requests, Requirement, Symbols, Taint, TaintEffect, Toleration,
};
use sim_core::table::{PoolId, Symbol, Table, ZoneId};

use super::Builder;
use super::workloads::Parts;
use crate::problem::Code;

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";
const CORDON: &str = "node.kubernetes.io/unschedulable";

/// Reports each template that fits no node.
pub(super) fn check(parts: &Parts, pools: &Table<PoolId, NodePool>, zones: &Table<ZoneId, String>, builder: &mut Builder<'_>) {
    if pools.is_empty() || !builder.report.is_clean() {
        return;
    }
    for part in &parts.0 {
        let world = World { symbols: &builder.symbols, zones, resources: &builder.resources };
        if let Some(reason) = world.why_never(&part.template, pools) {
            builder
                .report
                .problem(Code::NeverFits, part.object, format!("the Pods of `{}` can never run: {}", part.workload.name, reason.message))
                .help(reason.help);
        }
    }
}

/// What names stand for.
struct World<'a> {
    symbols: &'a Symbols,
    zones: &'a Table<ZoneId, String>,
    resources: &'a [String],
}

struct Reason {
    message: String,
    help: String,
}

/// What keeps a Pod off a node, the more of it passed the higher.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    Node(String),
    Taint(String),
    Resources(String),
}

/// One node for the sake of its labels and name.
struct Candidate<'a> {
    pool: &'a NodePool,
    name: String,
    zone: Option<&'a str>,
}

impl World<'_> {
    /// Why no node ever takes the Pod, or `None` if one would.
    fn why_never(&self, pod: &PodTemplate, pools: &Table<PoolId, NodePool>) -> Option<Reason> {
        let mut best: Option<(Obstacle, String)> = None;
        for pool in pools.rows() {
            // Of identical nodes one will do, unless the Pod asks for one by name.
            let by_name = self.asks_by_name(&pod.placement);
            let nodes = if by_name { pool.count as usize } else { pool.zones.len().clamp(1, pool.count as usize) };
            for node in 0..nodes {
                let candidate = self.candidate(pool, node);
                let obstacle = self.obstacle(pod, &candidate)?;
                if best.as_ref().is_none_or(|(nearest, _)| *nearest < obstacle) {
                    best = Some((obstacle, candidate.name));
                }
            }
        }
        best.map(|(obstacle, name)| reason(obstacle, &name))
    }

    fn candidate<'a>(&'a self, pool: &'a NodePool, node: usize) -> Candidate<'a> {
        let name = if pool.single { pool.name.clone() } else { format!("{}-{node}", pool.name) };
        let zone = (!pool.zones.is_empty()).then(|| self.zones[pool.zones[node % pool.zones.len()]].as_str());
        Candidate { pool, name, zone }
    }

    fn asks_by_name(&self, placement: &Placement) -> bool {
        let host = self.symbols.find(HOST);
        let required = placement.required.iter().flatten();
        placement.node_name.is_some()
            || placement.node_selector.iter().any(|(key, _)| Some(*key) == host)
            || required.clone().any(|term| !term.fields.is_empty() || term.expressions.iter().any(|each| Some(each.key) == host))
    }

    /// What keeps the Pod off the node, if anything does.
    fn obstacle(&self, pod: &PodTemplate, node: &Candidate<'_>) -> Option<Obstacle> {
        if let Some(reason) = self.unwanted(&pod.placement, node) {
            return Some(Obstacle::Node(reason));
        }
        // A Pod bound by name has passed the scheduler by.
        if pod.placement.node_name.is_none()
            && let Some(reason) = self.repelled(&pod.placement.tolerations, node.pool)
        {
            return Some(Obstacle::Taint(reason));
        }
        self.too_large(&pod.requests, node.pool).map(Obstacle::Resources)
    }

    fn unwanted(&self, placement: &Placement, node: &Candidate<'_>) -> Option<String> {
        let text = |symbol: Symbol| self.symbols.text(symbol);
        if let Some(name) = placement.node_name.filter(|name| text(*name) != node.name) {
            return Some(format!("there is no node `{}`", text(name)));
        }
        let missing = placement.node_selector.iter().find(|(key, value)| self.label(node, *key) != Some(text(*value)));
        if let Some((key, value)) = missing {
            return Some(format!("no node has the label {}={} together with all else that is asked", text(*key), text(*value)));
        }
        let terms = placement.required.as_ref()?;
        let matches = terms.iter().any(|term| self.term_matches(term, node));
        (!matches).then(|| "no node matches the required node affinity".into())
    }

    /// A node's label, host name and zone included.
    fn label<'a>(&'a self, node: &'a Candidate<'_>, key: Symbol) -> Option<&'a str> {
        match self.symbols.text(key) {
            HOST => Some(&node.name),
            ZONE => node.zone,
            _ => self.own_label(&node.pool.shape.labels, key),
        }
    }

    fn own_label(&self, labels: &Labels, key: Symbol) -> Option<&str> {
        labels.get(key).map(|value| self.symbols.text(value))
    }

    fn term_matches(&self, term: &NodeSelectorTerm, node: &Candidate<'_>) -> bool {
        let something = !term.expressions.is_empty() || !term.fields.is_empty();
        something
            && term.expressions.iter().all(|each| self.holds(each, self.label(node, each.key)))
            && term.fields.iter().all(|each| self.holds(each, Some(&node.name)))
    }

    fn holds(&self, requirement: &Requirement, label: Option<&str>) -> bool {
        let among = || label.is_some_and(|label| requirement.values.iter().any(|value| self.symbols.text(*value) == label));
        let compare = || {
            let label: i64 = label?.parse().ok()?;
            let value: i64 = self.symbols.text(*requirement.values.first()?).parse().ok()?;
            Some(label.cmp(&value))
        };
        match requirement.operator {
            Operator::In => among(),
            Operator::NotIn => !among(),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::Gt => compare().is_some_and(std::cmp::Ordering::is_gt),
            Operator::Lt => compare().is_some_and(std::cmp::Ordering::is_lt),
        }
    }

    fn repelled(&self, tolerations: &[Toleration], pool: &NodePool) -> Option<String> {
        let hard = |taint: &&Taint| taint.effect != TaintEffect::PreferNoSchedule;
        let untolerated = pool.shape.taints.iter().filter(hard).find(|taint| !tolerations.iter().any(|each| tolerates(each, taint)));
        if let Some(taint) = untolerated {
            return Some(format!("its taint {}={} is not tolerated", self.symbols.text(taint.key), self.symbols.text(taint.value)));
        }
        let cordon =
            self.symbols.find(CORDON).zip(self.symbols.find("")).map(|(key, value)| Taint { key, value, effect: TaintEffect::NoSchedule });
        let enters = cordon.is_some_and(|taint| tolerations.iter().any(|each| tolerates(each, &taint)));
        (pool.shape.unschedulable && !enters).then(|| "it is cordoned".into())
    }

    /// The first resource of which an empty node has too little.
    fn too_large(&self, asked: &Requests, pool: &NodePool) -> Option<String> {
        let given = &pool.shape.allocatable;
        let cpu = |millis: u64| format!("{millis}m");
        if pool.shape.pods_max == 0 {
            return Some("it admits no Pods".into());
        }
        if asked.cpu > given.cpu {
            return Some(format!("it asks for {} of cpu and the node gives {}", cpu(asked.cpu.0), cpu(given.cpu.0)));
        }
        let bytes =
            [("memory", asked.memory.0, given.memory.0), ("ephemeral-storage", asked.ephemeral_storage.0, given.ephemeral_storage.0)];
        let scalars = asked.scalars.iter().map(|(id, amount)| (self.resources[id.0 as usize].as_str(), *amount, given.scalar(*id)));
        let short = bytes.into_iter().chain(scalars).find(|(_, asked, given)| asked > given);
        short.map(|(name, asked, given)| format!("it asks for {asked} of {name} and the node gives {given}"))
    }
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    toleration.key.is_none_or(|key| key == taint.key)
        && toleration.value.is_none_or(|value| value == taint.value)
        && toleration.effect.is_none_or(|effect| effect == taint.effect)
}

fn reason(obstacle: Obstacle, node: &str) -> Reason {
    match obstacle {
        Obstacle::Node(message) => Reason { message, help: "compare the names and labels of the nodes with what the Pod asks for".into() },
        Obstacle::Taint(text) => Reason {
            message: format!("the nearest node is `{node}`, but {text}"),
            help: "add a toleration to the Pod, or take the taint away".into(),
        },
        Obstacle::Resources(text) => Reason {
            message: format!("even on `{node}`, empty, it has no room: {text}"),
            help: "lower the request, or add larger nodes".into(),
        },
    }
}
