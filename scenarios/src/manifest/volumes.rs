//! Volumes: which are attached to the node, and which lie on it.

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::EmptyDir;
use sim_core::units::Bytes;

use crate::compile::Builder;
use crate::problem::Code;
use crate::text::nearest::suggestion;
use crate::text::tree::Tree;

/// How many volumes are attached and mounted by a driver: claims, and disks that the Pod names itself. The others the kubelet makes.
pub(super) fn attached(spec: &core::PodSpec) -> u32 {
    let is_attached = |volume: &&core::Volume| {
        volume.persistent_volume_claim.is_some()
            || volume.ephemeral.is_some()
            || volume.aws_elastic_block_store.is_some()
            || volume.azure_disk.is_some()
            || volume.cinder.is_some()
            || volume.fc.is_some()
            || volume.gce_persistent_disk.is_some()
            || volume.iscsi.is_some()
            || volume.portworx_volume.is_some()
            || volume.rbd.is_some()
            || volume.vsphere_volume.is_some()
    };
    spec.volumes.iter().flatten().filter(is_attached).count() as u32
}

/// The `emptyDir`s, in order.
pub(super) fn empty_dirs(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> Vec<EmptyDir> {
    let volumes = spec.volumes.iter().flatten().enumerate();
    volumes.filter_map(|(row, volume)| Some(empty_dir(volume.empty_dir.as_ref()?, row, tree, builder))).collect()
}

fn empty_dir(given: &core::EmptyDirVolumeSource, row: usize, tree: &Tree, builder: &mut Builder<'_>) -> EmptyDir {
    let place = |key: &str| tree.place(&["volumes", &row.to_string(), "emptyDir", key]);
    let in_memory = match given.medium.as_deref() {
        None | Some("") => false,
        Some("Memory") => true,
        // Pages are asked for in requests, not taken from memory as it is used.
        Some(pages) if pages == "HugePages" || pages.starts_with("HugePages-") => false,
        Some(other) => {
            let draft = builder.report.problem(Code::BadValue, place("medium"), format!("`{other}` is no medium of a volume"));
            draft.help(suggestion(other, ["Memory", "HugePages"]));
            false
        }
    };
    let limit = given.size_limit.as_ref().and_then(|limit| builder.quantity(&limit.0, place("sizeLimit")));
    // A limit of nothing is none.
    EmptyDir { in_memory, size_limit: limit.map(|limit| Bytes(limit.units())).filter(|limit| limit.0 > 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_and_disks_are_attached_and_what_the_kubelet_makes_is_not() {
        let none = core::Volume::default;
        #[rustfmt::skip]
        let table = vec![
            ("a claim",      core::Volume { persistent_volume_claim: Some(core::PersistentVolumeClaimVolumeSource::default()), ..none() }, 1),
            ("one made for the Pod", core::Volume { ephemeral: Some(core::EphemeralVolumeSource::default()), ..none() },                  1),
            ("a disk",       core::Volume { gce_persistent_disk: Some(core::GCEPersistentDiskVolumeSource::default()), ..none() },        1),
            ("a ConfigMap",  core::Volume { config_map: Some(core::ConfigMapVolumeSource::default()), ..none() },                         0),
            ("an emptyDir",  core::Volume { empty_dir: Some(core::EmptyDirVolumeSource::default()), ..none() },                           0),
            ("a file share", core::Volume { nfs: Some(core::NFSVolumeSource::default()), ..none() },                                      0),
        ];
        for (name, volume, want) in table {
            let spec = core::PodSpec { volumes: Some(vec![volume, none()]), ..core::PodSpec::default() };
            assert_eq!(attached(&spec), want, "{name}");
        }
    }
}
