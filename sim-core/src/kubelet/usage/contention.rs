//! Contention: a node whose containers want more CPU than it has shares it out among them.

use super::Upkeep;
use crate::cluster::{ContainerState, Contention};
use crate::kubelet::rules::cgroup;
use crate::kubelet::rules::contention::{Claim, PodClaim, share};
use crate::table::{NodeId, PodId};
use crate::world::World;

/// Room for the claims of one node.
#[derive(Clone, Debug, Default)]
pub(super) struct Sharing {
    pods: Vec<PodClaim>,
    claims: Vec<Claim>,
    grants: Vec<u64>,
    who: Vec<(PodId, u8)>,
}

impl Sharing {
    /// Lists the running containers of a node, Pod by Pod; what they want within their limits.
    fn claim(&mut self, world: &World<'_>, node: NodeId) -> u64 {
        self.pods.clear();
        self.claims.clear();
        self.who.clear();
        let mut wanted = 0;
        for &pod in &world.nodes.residents[node] {
            let first = self.claims.len();
            let template = world.template(pod);
            for index in 0..world.pods.containers_of(pod) {
                if world.pods.container(pod, index).state == ContainerState::Running {
                    self.claims.push(claim(world, pod, index));
                    self.who.push((pod, index));
                }
            }
            let own = &self.claims[first..];
            let cap = cgroup::rate(pod_limit(world, pod));
            wanted += own.iter().map(|claim| claim.demand.min(claim.cap)).sum::<u64>().min(cap);
            let containers = own.len() as u32;
            self.pods.push(PodClaim { qos: template.qos, request: pod_request(world, pod), cap, containers });
        }
        wanted
    }
}

fn claim(world: &World<'_>, pod: PodId, index: u8) -> Claim {
    let (demand, cap) = world.wants(pod, index);
    let allotment = world.allotment(pod, index);
    let shares = cgroup::container_shares(allotment.cpu, allotment.cpu_limit);
    Claim { weight: cgroup::container_weight(world.spec.kubelet.cpu_weights, shares), demand, cap }
}

/// A Pod's effective CPU request, changed by what its containers were resized to.
fn pod_request(world: &World<'_>, pod: PodId) -> u64 {
    let request = world.template(pod).requests.cpu.0;
    let change = |now: &crate::world::Allotment, index| now.cpu as i64 - world.container_spec(pod, index).requests.cpu.0 as i64;
    request.saturating_add_signed(world.resizes(pod).map(|(index, now)| change(now, index)).sum())
}

/// A Pod's own CPU limit, changed in the same way.
fn pod_limit(world: &World<'_>, pod: PodId) -> Option<u64> {
    let limit = world.template(pod).pod_cpu_limit?;
    let of = |limit: Option<u64>| limit.unwrap_or(0) as i64;
    let change = |now: &crate::world::Allotment, index| of(now.cpu_limit) - of(world.container_spec(pod, index).cpu_limit);
    Some(limit.saturating_add_signed(world.resizes(pod).map(|(index, now)| change(now, index)).sum()))
}

impl Upkeep {
    /// Shares a node's CPU out if its containers want more than it has; lets them run freely if they do no more.
    pub(super) fn share(&mut self, world: &mut World<'_>, node: NodeId) {
        let room = world.load.room(node);
        let before = world.load.contended.get(&node).copied();
        if before.is_none() && world.load.wanted(node) <= room as f64 {
            return;
        }
        let wanted = self.sharing.claim(world, node);
        if wanted <= room {
            self.release(world, node, before);
        } else {
            self.divide(world, node, room, wanted);
        }
        let cut = |found: Option<&Contention>| found.map_or(0, |found| found.wanted - found.granted);
        let (was, is) = (cut(before.as_ref()), cut(world.load.contended.get(&node)));
        let sum = &mut world.record.usage.cut_by_contention;
        sum.set(sum.level() + is - was, world.now);
        world.record.usage.contended.set(world.load.contended.len() as u64, world.now);
    }

    fn release(&self, world: &mut World<'_>, node: NodeId, before: Option<Contention>) {
        if before.is_some() {
            world.load.contended.remove(&node);
            for &(pod, index) in &self.sharing.who {
                world.pace_alone(pod, index);
            }
        }
    }

    fn divide(&mut self, world: &mut World<'_>, node: NodeId, room: u64, wanted: u64) {
        let Sharing { pods, claims, grants, who } = &mut self.sharing;
        grants.clear();
        grants.resize(claims.len(), 0);
        share(room, world.spec.kubelet.cpu_weights, pods, claims, &mut self.scratch, grants);
        for ((&(pod, index), claim), &grant) in who.iter().zip(claims.iter()).zip(grants.iter()) {
            if claim.demand > 0 {
                world.stretch(pod, index, grant, claim.demand);
            }
        }
        let granted = grants.iter().sum();
        world.load.contended.insert(node, Contention { wanted, granted });
    }
}
