//! What changes on nodes with each Pod, in columns in the order of the node list.

use super::super::framework::NodeView;
use super::super::nodes::Nodes;
use super::exact::EXACT_BELOW;
use super::question::Asks;
use pulp::{Arch, NullaryFnOnce};

/// What scores and the commonest refusals need of one node. Amounts are whole numbers: millicores and bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) cpu: f64,
    pub(super) memory: f64,
    pub(super) requested_cpu: f64,
    pub(super) requested_memory: f64,
    pub(super) scored_cpu: f64,
    pub(super) scored_memory: f64,
    /// Pods that still may come.
    pub(super) room: f64,
    /// 1 divided by the amount.
    pub(super) cpu_inverse: f64,
    pub(super) memory_inverse: f64,
}

/// A node in numbers, and whether floating point gives for it what integers give: it has CPU and memory, and no amount is too large.
fn row(node: &NodeView<'_>) -> (Row, bool) {
    let load = node.load;
    let amounts = [
        node.allocatable.cpu.0,
        node.allocatable.memory.0,
        load.requested.cpu.0,
        load.requested.memory.0,
        load.scored_cpu,
        load.scored_memory,
    ]
    .map(|amount| amount as f64);
    let [cpu, memory, requested_cpu, requested_memory, scored_cpu, scored_memory] = amounts;
    let room = f64::from(node.pods_max) - f64::from(load.pods);
    let exact = cpu > 0.0 && memory > 0.0 && amounts.iter().all(|amount| *amount < EXACT_BELOW);
    let (cpu_inverse, memory_inverse) = (1.0 / cpu, 1.0 / memory);
    (Row { cpu, memory, requested_cpu, requested_memory, scored_cpu, scored_memory, room, cpu_inverse, memory_inverse }, exact)
}

/// The columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    cpu: Vec<f64>,
    memory: Vec<f64>,
    requested_cpu: Vec<f64>,
    requested_memory: Vec<f64>,
    scored_cpu: Vec<f64>,
    scored_memory: Vec<f64>,
    room: Vec<f64>,
    cpu_inverse: Vec<f64>,
    memory_inverse: Vec<f64>,
    /// Places of nodes that need integers, in order.
    odd: Vec<u32>,
}

impl Rows {
    pub(super) fn new(nodes: &Nodes) -> Self {
        let mut rows = Self::default();
        for (place, node) in nodes.order().iter().enumerate() {
            for column in rows.columns() {
                column.push(0.0);
            }
            rows.set(place, &nodes.view(*node));
        }
        rows
    }

    fn columns(&mut self) -> [&mut Vec<f64>; 9] {
        let Self { cpu, memory, requested_cpu, requested_memory, scored_cpu, scored_memory, room, cpu_inverse, memory_inverse, .. } = self;
        [cpu, memory, requested_cpu, requested_memory, scored_cpu, scored_memory, room, cpu_inverse, memory_inverse]
    }

    pub(super) fn len(&self) -> usize {
        self.cpu.len()
    }

    /// Takes over what a node is now.
    pub(super) fn set(&mut self, place: usize, node: &NodeView<'_>) {
        let (row, exact) = row(node);
        let amounts = [row.cpu, row.memory, row.requested_cpu, row.requested_memory, row.scored_cpu, row.scored_memory];
        let values = amounts.into_iter().chain([row.room, row.cpu_inverse, row.memory_inverse]);
        for (column, value) in self.columns().into_iter().zip(values) {
            column[place] = value;
        }
        match self.odd.binary_search(&(place as u32)) {
            Ok(found) if exact => drop(self.odd.remove(found)),
            Err(gap) if !exact => self.odd.insert(gap, place as u32),
            _ => {}
        }
    }

    pub(super) fn row(&self, place: usize) -> Row {
        Row {
            cpu: self.cpu[place],
            memory: self.memory[place],
            requested_cpu: self.requested_cpu[place],
            requested_memory: self.requested_memory[place],
            scored_cpu: self.scored_cpu[place],
            scored_memory: self.scored_memory[place],
            room: self.room[place],
            cpu_inverse: self.cpu_inverse[place],
            memory_inverse: self.memory_inverse[place],
        }
    }

    /// True if the node at `place` needs integers.
    pub(super) fn is_odd(&self, place: usize) -> bool {
        !self.odd.is_empty() && self.odd.binary_search(&(place as u32)).is_ok()
    }

    /// Fills `out`, which belongs to the places from `first` on, with what their rows answer.
    pub(super) fn answer(&self, asks: Asks, first: usize, out: &mut [u8]) {
        let part = first..first + out.len();
        let rows = RowSlices {
            cpu: &self.cpu[part.clone()],
            memory: &self.memory[part.clone()],
            requested_cpu: &self.requested_cpu[part.clone()],
            requested_memory: &self.requested_memory[part.clone()],
            scored_cpu: &self.scored_cpu[part.clone()],
            scored_memory: &self.scored_memory[part.clone()],
            room: &self.room[part.clone()],
            cpu_inverse: &self.cpu_inverse[part.clone()],
            memory_inverse: &self.memory_inverse[part],
        };
        Arch::new().dispatch(Answering { asks, rows, out });
    }
}

/// A stretch of all columns.
struct RowSlices<'a> {
    cpu: &'a [f64],
    memory: &'a [f64],
    requested_cpu: &'a [f64],
    requested_memory: &'a [f64],
    scored_cpu: &'a [f64],
    scored_memory: &'a [f64],
    room: &'a [f64],
    cpu_inverse: &'a [f64],
    memory_inverse: &'a [f64],
}

/// The loop over rows, which is compiled once for each vector width.
struct Answering<'a> {
    asks: Asks,
    rows: RowSlices<'a>,
    out: &'a mut [u8],
}

impl NullaryFnOnce for Answering<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { asks, rows, out } = self;
        let count = out.len();
        let (cpu, memory, room) = (&rows.cpu[..count], &rows.memory[..count], &rows.room[..count]);
        let (requested_cpu, requested_memory) = (&rows.requested_cpu[..count], &rows.requested_memory[..count]);
        let (scored_cpu, scored_memory) = (&rows.scored_cpu[..count], &rows.scored_memory[..count]);
        let (cpu_inverse, memory_inverse) = (&rows.cpu_inverse[..count], &rows.memory_inverse[..count]);
        for (at, answer) in out.iter_mut().enumerate() {
            *answer = asks.answer(&Row {
                cpu: cpu[at],
                memory: memory[at],
                requested_cpu: requested_cpu[at],
                requested_memory: requested_memory[at],
                scored_cpu: scored_cpu[at],
                scored_memory: scored_memory[at],
                room: room[at],
                cpu_inverse: cpu_inverse[at],
                memory_inverse: memory_inverse[at],
            });
        }
    }
}
