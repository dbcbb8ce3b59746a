//! Troubles that are not a node's: the registry's, and those of containers that are being started.

use crate::table::{ImageId, TemplateId};

/// A container as its Pod's template has it.
pub type ContainerKey = (TemplateId, u8);

/// Troubles that last, each as often as faults bring it about.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    /// Factors on the time of pulls.
    slow_pulls: Vec<f64>,
    /// Images whose pulls fail.
    bad_images: Vec<ImageId>,
    /// Init containers that fail.
    failing: Vec<ContainerKey>,
    /// Containers that start slowly, and how slowly.
    slow_starts: Vec<(ContainerKey, f64)>,
}

impl Troubles {
    /// True if the registry cannot deliver this image.
    pub fn is_bad(&self, image: ImageId) -> bool {
        self.bad_images.contains(&image)
    }

    /// How many times as long as else a pull takes.
    pub fn pull_factor(&self) -> f64 {
        self.slow_pulls.iter().product()
    }

    /// True if a run of this init container fails.
    pub fn init_fails(&self, container: ContainerKey) -> bool {
        self.failing.contains(&container)
    }

    /// How many times as long as else a container takes until it can serve.
    pub fn start_factor(&self, container: ContainerKey) -> f64 {
        self.slow_starts.iter().filter(|(slow, _)| *slow == container).map(|(_, factor)| factor).product()
    }

    /// Pulls take `factor` times as long from now on, or do so no more.
    pub fn slow_pulls(&mut self, factor: f64, on: bool) {
        keep(&mut self.slow_pulls, factor, on);
    }

    /// Pulls of an image fail from now on, or do so no more.
    pub fn bad_image(&mut self, image: ImageId, on: bool) {
        keep(&mut self.bad_images, image, on);
    }

    /// Runs of an init container fail from now on, or do so no more.
    pub fn fail_init(&mut self, container: ContainerKey, on: bool) {
        keep(&mut self.failing, container, on);
    }

    /// A container starts slowly from now on, or does so no more.
    pub fn slow_start(&mut self, container: ContainerKey, factor: f64, on: bool) {
        keep(&mut self.slow_starts, (container, factor), on);
    }
}

/// Adds an entry, or takes one of its kind away.
fn keep<T: PartialEq>(list: &mut Vec<T>, entry: T, on: bool) {
    if on {
        list.push(entry);
    } else if let Some(row) = list.iter().position(|other| *other == entry) {
        list.swap_remove(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_of_one_kind_count_and_multiply() {
        let mut troubles = Troubles::default();
        let (image, container) = (ImageId(1), (TemplateId(0), 2));
        troubles.bad_image(image, true);
        troubles.bad_image(image, true);
        troubles.bad_image(image, false);
        assert_eq!((troubles.is_bad(image), troubles.is_bad(ImageId(2))), (true, false));
        troubles.slow_pulls(2.0, true);
        troubles.slow_pulls(5.0, true);
        troubles.slow_start(container, 3.0, true);
        assert_eq!((troubles.pull_factor(), troubles.start_factor(container), troubles.start_factor((TemplateId(1), 2))), (10.0, 3.0, 1.0));
        troubles.slow_pulls(2.0, false);
        assert!((troubles.pull_factor() - 5.0).abs() < 1e-12);
    }
}
