//! Faults of the image registry. What they do to pulls that go on is the kubelets' affair.

use crate::world::{Note, World};

/// The registry's fault number `fault` begins, or is over.
pub(super) fn set(world: &mut World<'_>, fault: u16, on: bool) {
    world.note(Note::Registry { fault, on });
}
