//! Names of Pods, their owners and nodes: made from numbers when they are shown, unique, and the same in every run.
//!
//! A Pod of a Deployment or Job is `STEM-COPY-ORDINAL`, a bare Pod `STEM-ORDINAL`, both counted from 0; an owner is `STEM-COPY`. The
//! stem is the name of the template, with the workload's number where several workloads would make the same names.

use super::{About, PodIdentity};
use crate::spec::{Controller, Spec};
use crate::table::{NodeId, PoolId, Table, WorkloadId};

/// Names of a scenario's objects.
#[derive(Clone, Debug)]
pub struct Names {
    stems: Table<WorkloadId, String>,
    namespaces: Table<WorkloadId, String>,
    kinds: Table<WorkloadId, Option<&'static str>>,
    /// Each pool's name, first node and whether it is one node of that name.
    pools: Table<PoolId, (String, u32, bool)>,
    nodes: u32,
}

impl Names {
    /// Names of the objects of `spec`.
    pub fn new(spec: &Spec) -> Self {
        let mut first = 0;
        let pools = spec.pools.rows().iter().map(|pool| {
            let begins = first;
            first += pool.count;
            (pool.name.clone(), begins, pool.single)
        });
        let pools = pools.collect();
        let template = |id: WorkloadId| &spec.templates[spec.workloads[id].template];
        Self {
            stems: stems(spec),
            namespaces: spec.workloads.ids().map(|id| spec.symbols.text(template(id).namespace).to_owned()).collect(),
            kinds: spec.workloads.rows().iter().map(|workload| kind(&workload.controller)).collect(),
            pools,
            nodes: first,
        }
    }

    /// The name of a Pod, without its namespace.
    pub fn pod(&self, pod: PodIdentity) -> String {
        let PodIdentity { workload, copy, ordinal } = pod;
        let stem = &self.stems[workload];
        if self.kinds[workload].is_some() { format!("{stem}-{copy}-{ordinal}") } else { format!("{stem}-{ordinal}") }
    }

    /// The Pod of a name, with or without `Pod/` and its namespace: whoever bears it if it is ever created.
    pub fn find_pod(&self, name: &str) -> Option<PodIdentity> {
        let name = name.strip_prefix("Pod/").unwrap_or(name);
        let (namespace, name) = name.split_once('/').map_or((None, name), |(namespace, name)| (Some(namespace), name));
        let parse = |id: WorkloadId| self.parse(id, name).filter(|_| namespace.is_none_or(|namespace| namespace == self.namespaces[id]));
        self.stems.ids().find_map(parse)
    }

    fn parse(&self, workload: WorkloadId, name: &str) -> Option<PodIdentity> {
        let rest = name.strip_prefix(self.stems[workload].as_str())?.strip_prefix('-')?;
        let (copy, ordinal) = match self.kinds[workload] {
            Some(_) => rest.split_once('-')?,
            None => ("0", rest),
        };
        let pod = PodIdentity { workload, copy: copy.parse().ok()?, ordinal: ordinal.parse().ok()? };
        // No second way of writing a number names the same Pod.
        (self.pod(pod) == name).then_some(pod)
    }

    /// What the names of a workload's Pods begin with.
    pub fn stem(&self, workload: WorkloadId) -> &str {
        &self.stems[workload]
    }

    /// The namespace of a workload's Pods.
    pub fn namespace(&self, workload: WorkloadId) -> &str {
        &self.namespaces[workload]
    }

    /// The name of a node.
    pub fn node(&self, node: NodeId) -> String {
        let place = self.pools.rows().partition_point(|(_, first, _)| *first <= node.0);
        let (name, first, single) = &self.pools.rows()[place - 1];
        if *single { name.clone() } else { format!("{name}-{}", node.0 - first) }
    }

    /// Every node.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes).map(NodeId)
    }

    /// An object in full: `Pod/namespace/name`, `Node/name`, `Deployment/namespace/name`.
    pub fn object(&self, about: About) -> String {
        match about {
            About::Pod(pod) => format!("Pod/{}/{}", self.namespaces[pod.workload], self.pod(pod)),
            About::Node(node) => format!("Node/{}", self.node(node)),
            About::Owner(PodIdentity { workload, copy, .. }) => {
                let kind = self.kinds[workload].unwrap_or("Pod");
                format!("{kind}/{}/{}-{copy}", self.namespaces[workload], self.stems[workload])
            }
        }
    }
}

const fn kind(controller: &Controller) -> Option<&'static str> {
    match controller {
        Controller::Bare => None,
        Controller::Deployment(_) => Some("Deployment"),
        Controller::Job(_) => Some("Job"),
    }
}

/// Names of templates, made different where one of them could be mistaken for another with numbers behind it.
fn stems(spec: &Spec) -> Table<WorkloadId, String> {
    let template = |id: WorkloadId| &spec.templates[spec.workloads[id].template];
    let clash = |one: WorkloadId, other: WorkloadId| {
        let (left, right) = (&template(one).name, &template(other).name);
        one != other && template(one).namespace == template(other).namespace && (numbered(left, right) || numbered(right, left))
    };
    let stem = |id: WorkloadId| {
        let name = &template(id).name;
        if spec.workloads.ids().any(|other| clash(id, other)) { format!("{name}-w{}", id.0) } else { name.clone() }
    };
    spec.workloads.ids().map(stem).collect()
}

/// True if `long` is `short`, or `short` with a number behind it.
fn numbered(short: &str, long: &str) -> bool {
    let Some(rest) = long.strip_prefix(short) else { return false };
    rest.is_empty() || rest.strip_prefix('-').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

/// True if `name` is of the form `pattern`, in which `*` stands for any letters.
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        #[rustfmt::skip]
        let table = [
            ("web-3-*", "web-3-17", true), ("web-3-*", "web-31-7", false), ("*", "", true), ("web", "web", true), ("web", "web-0", false),
            ("*-0", "web-0-0", true), ("w*b*0", "web-0", true), ("w*b*0", "web-1", false), ("ab*ba", "aba", false), ("a**b", "ab", true),
        ];
        for (pattern, name, want) in table {
            assert_eq!(matches_pattern(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn a_name_with_a_number_behind_it_may_be_mistaken_for_the_name() {
        let table =
            [("web", "web", true), ("web", "web-0", true), ("web", "web-10-2", true), ("web", "web-logged", false), ("web", "webb", false)];
        for (short, long, want) in table {
            assert_eq!(numbered(short, long), want, "{short} {long}");
        }
    }
}
