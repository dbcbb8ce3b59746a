//! Faults of the scenario: when they strike, whom, and what they change. The consequences are others' affair: this room changes the
//! nodes' columns and the world's troubles, and leaves notes.
//!
//! An occasion with a target of its own (`every` node or zone) draws the next when it is over: nodes alternate between being well and
//! being struck. Occasions of all targets together draw whom they strike.

mod containers;
mod nodes;
mod registry;

use crate::engine::random::{Purpose, Stream, entity_of};
use crate::event::Event;
use crate::measure::Happening;
use crate::spec::{Among, Distribution, Fault, FaultKind, FaultTiming, Warmup};
use crate::table::{NodeId, ZoneId};
use crate::units::{SimSpan, SimTime};
use crate::world::World;

/// The target of an occasion that is all targets' together.
const EVERYBODY: u32 = u32::MAX;

/// Puts the first occasions of all faults on the agenda.
pub fn begin(world: &mut World<'_>) {
    for (number, fault) in (0..).zip(&world.spec.faults) {
        match &fault.timing {
            FaultTiming::At(times) => times.iter().for_each(|time| world.at(*time, begins(number, EVERYBODY, 0))),
            FaultTiming::Rate(_) => expect(world, number, EVERYBODY, 0),
            FaultTiming::Every(_) => own_targets(fault).for_each(|target| expect(world, number, target, 0)),
        }
    }
}

/// The targets that have occasions of their own.
fn own_targets(fault: &Fault) -> Box<dyn Iterator<Item = u32> + '_> {
    match &fault.kind {
        FaultKind::Node { nodes, .. } => Box::new(nodes.iter().map(|node| node.0)),
        FaultKind::Zone { zones, .. } => Box::new(zones.iter().map(|zone| zone.0)),
        FaultKind::Registry { .. } | FaultKind::Container { .. } => Box::new(std::iter::once(EVERYBODY)),
    }
}

const fn begins(fault: u16, target: u32, occasion: u32) -> Event {
    Event::FaultBegins { fault, target, occasion }
}

/// Draws when a fault strikes a target for the `occasion`-th time, counted from now.
fn expect(world: &mut World<'_>, number: u16, target: u32, occasion: u32) {
    let fault = &world.spec.faults[usize::from(number)];
    let mut stream = world.stream(Purpose::FaultTime, address(number, target), u64::from(occasion));
    let gap = match &fault.timing {
        FaultTiming::At(_) => return,
        FaultTiming::Rate(rate) => -stream.unit().ln() / rate,
        FaultTiming::Every(law) if occasion == 0 && world.spec.warmup == Warmup::Equilibrium => law.residual(&mut stream),
        FaultTiming::Every(law) => law.sample(&mut stream),
    };
    world.after(SimSpan::from_secs_f64(gap), begins(number, target, occasion));
}

/// The address of a fault's random streams for a target.
fn address(number: u16, target: u32) -> u64 {
    entity_of(&[u64::from(number), u64::from(target)])
}

/// A fault strikes.
pub fn strike(world: &mut World<'_>, number: u16, target: u32, occasion: u32) {
    let fault = &world.spec.faults[usize::from(number)];
    let again = matches!(fault.timing, FaultTiming::Every(_)).then_some(occasion + 1);
    if matches!(fault.timing, FaultTiming::Rate(_)) {
        expect(world, number, target, occasion + 1);
    }
    let occasion = Occasion { number, target, draw: occasion_draw(world, occasion), next: again.unwrap_or(0) };
    match &fault.kind {
        FaultKind::Node { lasts, nodes, .. } => {
            for node in occasion.struck(world, fault.among, nodes.len(), |row| nodes[row].0) {
                occasion.begin(world, lasts, node);
            }
        }
        FaultKind::Zone { lasts, zones } => {
            for zone in occasion.struck(world, fault.among, zones.len(), |row| zones[row].0) {
                occasion.begin(world, lasts, zone);
            }
        }
        FaultKind::Registry { lasts, .. } => occasion.begin(world, lasts, EVERYBODY),
        FaultKind::Container { what, containers } => containers::strike(world, &occasion, fault.among, what, containers),
    }
}

/// Occasions at given instants all have number 0: their instant tells them apart.
const fn occasion_draw(world: &World<'_>, occasion: u32) -> u64 {
    if occasion == 0 { world.now.as_nanos() } else { occasion as u64 }
}

/// An occasion on which a fault strikes.
#[derive(Clone, Copy, Debug)]
struct Occasion {
    number: u16,
    target: u32,
    draw: u64,
    next: u32,
}

impl Occasion {
    /// Whom it strikes: its own target, or those of `count` that are drawn.
    fn struck(&self, world: &mut World<'_>, among: Among, count: usize, target: impl Fn(usize) -> u32) -> Vec<u32> {
        if self.target != EVERYBODY {
            return vec![self.target];
        }
        self.drawn(world, among, count).into_iter().map(target).collect()
    }

    /// The random stream that says whom it strikes.
    fn targets(&self, world: &mut World<'_>) -> Stream {
        world.stream(Purpose::FaultTarget, address(self.number, self.target), self.draw)
    }

    /// Rows of `count` that are drawn, in order.
    fn drawn(&self, world: &mut World<'_>, among: Among, count: usize) -> Vec<usize> {
        let mut stream = self.targets(world);
        match among {
            Among::All => (0..count).collect(),
            Among::Share(share) => (0..count).filter(|_| stream.unit() < share).collect(),
            Among::Count(wanted) => {
                let mut rows = rand::seq::index::sample(&mut stream, count, (wanted as usize).min(count)).into_vec();
                rows.sort_unstable();
                rows
            }
        }
    }

    /// The fault begins for one target, and its end is drawn.
    fn begin(&self, world: &mut World<'_>, lasts: &Distribution, target: u32) {
        self.begin_until(world, lasts, target, self.next);
    }

    /// The fault begins for one of several targets that share their occasions.
    fn begin_one_of_many(&self, world: &mut World<'_>, lasts: &Distribution, target: u32) {
        self.begin_until(world, lasts, target, 0);
    }

    fn begin_until(&self, world: &mut World<'_>, lasts: &Distribution, target: u32, next: u32) {
        let span = world.draw(lasts, Purpose::FaultLength, address(self.number, target), self.draw);
        let until = world.now + span;
        world.at(until, Event::FaultEnds { fault: self.number, target, next });
        set(world, self.number, target, Some(until));
    }
}

/// A fault is over for one target.
pub fn end(world: &mut World<'_>, number: u16, target: u32, next: u32) {
    set(world, number, target, None);
    if next > 0 {
        expect(world, number, target, next);
    }
}

/// A fault begins for a target, until the given instant, or ends.
fn set(world: &mut World<'_>, number: u16, target: u32, until: Option<SimTime>) {
    let fault = &world.spec.faults[usize::from(number)];
    let happening = Happening::Fault(number, until.is_some());
    match &fault.kind {
        FaultKind::Node { what, .. } => {
            world.tell_node(NodeId(target), happening);
            nodes::set(world, *what, NodeId(target), until);
        }
        FaultKind::Zone { .. } => nodes::set_zone(world, ZoneId(target), until),
        FaultKind::Registry { .. } => registry::set(world, number, until.is_some()),
        FaultKind::Container { what, containers } => containers::set(world, what, containers, target, until.is_some()),
    }
}
