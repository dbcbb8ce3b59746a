//! The pass: once a minute, what all containers of all nodes use.

use super::{Upkeep, resize};
use crate::event::Event;
use crate::kubelet::image_gc;
use crate::measure::UsageMeasures;
use crate::table::NodeId;
use crate::units::SimSpan;
use crate::world::World;

/// Time between passes. Factors of courses hold for so long.
const MINUTE: SimSpan = SimSpan::from_secs(60);

impl Upkeep {
    /// Before anything happens.
    pub fn begin(&mut self, world: &mut World<'_>) {
        self.noise.begin(world);
        self.minute(world);
        resize::begin(world);
        // What is on disks from the start may be too much already.
        let sized = |node: &NodeId| image_gc::disk_size(world, *node).is_some();
        let nodes: Vec<NodeId> = world.nodes.pool.ids().filter(sized).collect();
        for node in nodes {
            image_gc::watch(world, node);
            self.foresee(world, node);
        }
    }

    /// Reads what all containers use.
    pub fn minute(&mut self, world: &mut World<'_>) {
        world.after(MINUTE, Event::Minute);
        self.minutes += 1;
        self.noise.advance(world);
        world.load.tick(world.now);
        self.tell_meter(world);
        world.load.read();
        self.throttle(world);
        self.spread(world);
        self.contend(world);
    }

    /// The meter of the cluster's use follows traces and noise; shapes of the day it knows in closed form.
    fn tell_meter(&self, world: &mut World<'_>) {
        for band in 0..world.load.courses() {
            let course = world.load.course(band);
            if course.noise.is_none() && course.trace.is_none() {
                continue;
            }
            for lane in 0..course.lanes() {
                let (_, factor) = world.load.parts(band, lane, world.now);
                world.record.cpu_used.set_factor(world.load.place(band, lane), factor, world.now);
            }
        }
    }

    /// Cuts what is above its own limit; work goes slower there, and at full speed again where it is above no more.
    fn throttle(&mut self, world: &mut World<'_>) {
        let [before, slowed] = &mut self.slowed;
        std::mem::swap(before, slowed);
        slowed.clear();
        let (mut cut, mut throttled) = (0, 0);
        let mut demand = std::mem::take(&mut world.load.demand);
        world.load.over(|container, wants| {
            let above = wants - container.cap;
            demand[container.node.0 as usize] -= above as f32;
            (cut, throttled) = (cut + above, throttled + 1);
            if container.bound {
                slowed.push((container.pod, container.index));
            }
        });
        world.load.demand = demand;
        world.record.usage.cut_by_limits.set(cut, world.now);
        world.record.usage.throttled.set(throttled, world.now);
        // Those of before may be gone: then their rows have no work, or another's, whose speed is set rightly here too.
        for &(pod, index) in before.iter().chain(slowed.iter()) {
            if index < world.pods.containers_of(pod) && world.pods.container(pod, index).work != crate::cluster::Container::NONE {
                world.pace_alone(pod, index);
            }
        }
    }

    /// Counts each node's utilisation.
    fn spread(&mut self, world: &mut World<'_>) {
        self.nodes.clear();
        let classes = &mut world.record.usage.utilization;
        let last = UsageMeasures::CLASSES - 1;
        for (node, (&demand, &available)) in world.load.demand.iter().zip(&world.load.available).enumerate() {
            classes[class(demand / available).min(last)] += 1;
            if demand > available {
                self.nodes.push(NodeId(node as u32));
            }
        }
    }

    /// Shares CPU out on nodes that want too much, and looks again at those that did before.
    fn contend(&mut self, world: &mut World<'_>) {
        let mut nodes = std::mem::take(&mut self.nodes);
        nodes.extend(world.load.contended.keys());
        nodes.sort_unstable();
        nodes.dedup();
        for &node in &nodes {
            self.share(world, node);
        }
        self.nodes = nodes;
    }
}

/// The class of a utilisation: half per cents, rounded up. (Without `ceil`, which is a call where the machine has no instruction for it.)
fn class(utilization: f32) -> usize {
    let halves = utilization * 200.0;
    let below = halves as usize;
    below + usize::from(halves > below as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utilisation_is_classed_by_half_per_cents_rounded_up() {
        let table = [(0.0, 0), (0.001, 1), (0.005, 1), (0.0051, 2), (0.5, 100), (0.501, 101), (1.0, 200), (f32::NAN, 0), (-0.1, 0)];
        for (utilization, want) in table {
            assert_eq!(class(utilization), want, "{utilization}");
        }
    }
}
