//! Faults of the image registry.

use crate::spec::RegistryFault;
use crate::world::World;

/// Something befalls the registry, or is over.
pub(super) fn set(world: &mut World<'_>, what: RegistryFault, on: bool) {
    let troubles = &mut world.troubles;
    match what {
        RegistryFault::Outage if on => troubles.registry_down += 1,
        RegistryFault::Outage => troubles.registry_down -= 1,
        RegistryFault::Slow(factor) => troubles.slow_pulls(factor, on),
        RegistryFault::BadImage(image) => troubles.bad_image(image, on),
    }
}
