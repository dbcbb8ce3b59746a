//! `ImageLocality`: Pods go where their images are.

use super::super::framework::{ClusterView, NodeView, PodView, Score};
use crate::table::{ImageId, NodeId};

/// Below so many bytes images do not count.
const LEAST: i64 = 23 << 20;
/// So many bytes for each container get the full score.
const MOST_EACH: i64 = 1000 << 20;

/// Prefers nodes that have large images of the Pod's containers, those that many nodes have most.
///
/// Source: `pkg/scheduler/framework/plugins/imagelocality/image_locality.go` of Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub struct ImageLocality;

/// What an image counts where it is: its size times the share of nodes that have it, in bytes (`scaledImageScore`).
fn scaled(image: ImageId, cluster: ClusterView<'_>) -> i64 {
    let share = f64::from(cluster.nodes_with_image(image)) / cluster.order().len() as f64;
    (cluster.image_size(image).0 as f64 * share) as i64
}

/// The score of a sum of bytes for a Pod of so many containers (`calculatePriority`).
const fn priority(sum: i64, containers: i64) -> i64 {
    let most = MOST_EACH * containers;
    let sum = if sum < LEAST {
        LEAST
    } else if sum > most {
        most
    } else {
        sum
    };
    100 * (sum - LEAST) / (most - LEAST)
}

impl Score for ImageLocality {
    /// What each container's image counts where it is.
    type State = Vec<(ImageId, i64)>;

    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>, _: &[NodeId]) -> Option<Self::State> {
        let images = pod.template.containers.iter().map(|container| container.image);
        Some(images.map(|image| (image, scaled(image, cluster))).collect())
    }

    fn score(&self, state: &Self::State, _: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        let sum = state.iter().filter(|(image, _)| node.images.contains(image)).map(|(_, bytes)| bytes).sum();
        priority(sum, state.len() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use crate::spec::{ContainerSpec, Image};
    use crate::units::Bytes;

    #[test]
    fn images_count_by_size_and_share_of_nodes() {
        let mut bed = Bed::default();
        let [small, large] = [100, 1000].map(|mebibytes| {
            let size = Bytes(mebibytes << 20);
            bed.spec.images.push(Image::new(format!("image-{mebibytes}:latest"), size))
        });
        let nodes = [&[small, small][..], &[small, large], &[], &[]].map(|images| bed.node(|shape, _| shape.images = images.to_vec()));
        #[rustfmt::skip]
        let table = [
            (vec![],             [0, 0, 0, 0]),
            // 100 MiB on half of the nodes: (50 - 23) / (1000 - 23).
            (vec![small],        [2, 2, 0, 0]),
            // 1000 MiB on a quarter: (250 - 23) / (1000 - 23).
            (vec![large],        [0, 23, 0, 0]),
            // (50 - 23) / (2000 - 23), (300 - 23) / (2000 - 23).
            (vec![small, large], [1, 14, 0, 0]),
            (vec![small, small], [3, 3, 0, 0]),
        ];
        for (images, want) in table {
            let pod = bed.pod(|pod, _| pod.containers = images.iter().map(|image| ContainerSpec::new("main", *image)).collect());
            assert_eq!(bed.scores(&ImageLocality, pod, &nodes), Some(want.to_vec()), "{images:?}");
        }
    }
}
