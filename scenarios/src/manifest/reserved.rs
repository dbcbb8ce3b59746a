//! What of a node's capacity is kept from Pods: by the formulas that managed services publish, or as a kubelet is told.
//!
//! Sources: GKE "Plan GKE Standard node sizes" (up to 1.36); amazon-eks-ami, `bootstrap.sh` and `nodeadm`; AKS "Node resource
//! reservations". Defaults of `maxPods` are from memory.

use sim_core::spec::eviction::Level;

use super::node::{PODS, amounts};
use super::requests::Amounts;
use crate::compile::Builder;
use crate::format::{KubeletReservedFile, ProviderFile, ReservedFile};
use crate::problem::Code;
use crate::text::decode::At;
use crate::values::quantity::Quantity;

const MI: u64 = 1 << 20;
const GI: u64 = 1 << 30;
/// Where GKE's and EKS's kubelets, and those of AKS since 1.29, evict.
const EVICTION: u64 = 100 * MI;
/// Where those of AKS before 1.29 do.
const EVICTION_LEGACY: u64 = 750 * MI;

/// What a service keeps for itself on a node, and how many Pods it lets in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Kept {
    /// Millicores.
    cpu: u64,
    /// Bytes, the eviction threshold included.
    memory: u64,
    /// Pods.
    pods: u64,
}

/// What is left for Pods, `pods` included.
pub(super) fn allocatable(capacity: &Amounts, given: &At<ReservedFile>, builder: &mut Builder<'_>) -> Amounts {
    let of = |name: &str| capacity.get(name).copied().unwrap_or_default();
    if of("cpu").millis() == 0 || of("memory").units() == 0 {
        builder
            .report
            .problem(Code::MissingKey, given.span, "what is reserved follows from the capacity, which is not given")
            .help("set `status.capacity`, for example {cpu: 4, memory: 16Gi}");
    }
    let (cpu, memory) = (of("cpu").millis(), of("memory").units());
    let kept = match &given.value {
        ReservedFile::Kubelet(told) => return as_told(capacity, told, builder),
        ReservedFile::Gke(service) => gke(cpu, memory, pods(service, 110, builder)),
        ReservedFile::Eks(service) => eks(cpu, pods(service, 110, builder)),
        ReservedFile::Aks(service) => aks(cpu, memory, pods(service, 250, builder)),
        ReservedFile::AksLegacy(service) => aks_legacy(cpu, memory, pods(service, 30, builder)),
    };
    let mut left = capacity.clone();
    take(&mut left, "cpu", Quantity::from_millis(kept.cpu));
    take(&mut left, "memory", Quantity::from_units(kept.memory));
    take_level(&mut left, "ephemeral-storage", Level::percent(10));
    left.insert("pods".into(), Quantity::from_units(kept.pods));
    left
}

fn as_told(capacity: &Amounts, told: &KubeletReservedFile, builder: &mut Builder<'_>) -> Amounts {
    let mut left = after_eviction(capacity, builder.evicts_at);
    for reserved in [&told.kube_reserved, &told.system_reserved] {
        for (name, amount) in amounts(reserved, builder) {
            take(&mut left, &name, amount);
        }
    }
    let most = told.max_pods.as_ref().map_or(PODS, |most| u64::from(most.value));
    left.insert("pods".into(), Quantity::from_units(most));
    left
}

/// A plain kubelet reserves nothing but what it evicts at: levels of memory and of ephemeral storage.
pub(super) fn after_eviction(capacity: &Amounts, [memory, storage]: [Level; 2]) -> Amounts {
    let mut left = capacity.clone();
    take_level(&mut left, "memory", memory);
    take_level(&mut left, "ephemeral-storage", storage);
    left
}

fn take(left: &mut Amounts, name: &str, kept: Quantity) {
    if let Some(amount) = left.get_mut(name) {
        *amount = amount.minus(kept);
    }
}

/// Takes a level; what is left of a share is rounded down.
fn take_level(left: &mut Amounts, name: &str, level: Level) {
    let Some(amount) = left.get(name).map(|amount| amount.units()) else { return };
    let kept = match level {
        Level::Amount(kept) => kept,
        Level::Share(millionths) => (u128::from(amount) * u128::from(millionths)).div_ceil(1_000_000) as u64,
    };
    take(left, name, Quantity::from_units(kept));
}

fn pods(given: &ProviderFile, default: u64, builder: &mut Builder<'_>) -> u64 {
    let Some(most) = &given.max_pods else { return default };
    if most.value == 0 {
        builder.report.problem(Code::OutOfRange, most.span, "a node for no Pods").help("1 or more");
    }
    u64::from(most.value)
}

/// The sum of shares, in ten-thousandths, of slices of an amount, rounded down.
fn tiered(amount: u64, tiers: &[(u64, u64)]) -> u64 {
    let mut left = u128::from(amount);
    let mut sum = 0;
    for &(size, share) in tiers {
        let slice = left.min(u128::from(size));
        (sum, left) = (sum + slice * u128::from(share), left - slice);
    }
    (sum / 10_000) as u64
}

/// 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the others.
fn cpu_by_tiers(cpu: u64) -> u64 {
    tiered(cpu, &[(1000, 600), (1000, 100), (2000, 50), (u64::MAX, 25)])
}

/// 25 % of the first 4 Gi, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112, 2 % of the rest; 255 Mi of less than 1 Gi.
fn memory_by_tiers(memory: u64) -> u64 {
    match memory {
        ..GI => 255 * MI,
        _ => tiered(memory, &[(4 * GI, 2500), (4 * GI, 2000), (8 * GI, 1000), (112 * GI, 600), (u64::MAX, 200)]),
    }
}

/// 60m for one core, 20m for each up to 8, 10m for each beyond, with 40m for the second: the published table (1, 2, 4, 8, 16, 32 and 64
/// cores) with straight lines between its points and beyond them.
fn cpu_by_table(cpu: u64) -> u64 {
    const TABLE: [(u64, u64); 7] = [(1000, 60), (2000, 100), (4000, 140), (8000, 180), (16_000, 260), (32_000, 420), (64_000, 740)];
    let above = TABLE.iter().position(|(cores, _)| cpu <= *cores).unwrap_or(TABLE.len() - 1).max(1);
    let [(from, low), (to, high)] = [TABLE[above - 1], TABLE[above]];
    if cpu <= from { low } else { low + (cpu - from) * (high - low) / (to - from) }
}

fn gke(cpu: u64, memory: u64, pods: u64) -> Kept {
    Kept { cpu: cpu_by_tiers(cpu), memory: memory_by_tiers(memory) + EVICTION, pods }
}

fn eks(cpu: u64, pods: u64) -> Kept {
    Kept { cpu: cpu_by_tiers(cpu), memory: 255 * MI + 11 * MI * pods + EVICTION, pods }
}

/// The published numbers are MB; we take them as 1000² bytes.
fn aks(cpu: u64, memory: u64, pods: u64) -> Kept {
    let by_pods = 20_000_000 * pods + 50_000_000;
    Kept { cpu: cpu_by_table(cpu), memory: by_pods.min(memory / 4) + EVICTION, pods }
}

fn aks_legacy(cpu: u64, memory: u64, pods: u64) -> Kept {
    Kept { cpu: cpu_by_table(cpu), memory: memory_by_tiers(memory) + EVICTION_LEGACY, pods }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    /// Mebibytes to one decimal.
    fn mi(bytes: u64) -> f64 {
        (bytes as f64 / MI as f64 * 10.0).round() / 10.0
    }

    #[test]
    fn gke_reserves_by_slices_of_cores_and_memory() {
        #[rustfmt::skip]
        let table = [
            (2,  GI * 15 / 2, 70,  1_740.8),
            (4,  16 * GI,     80,  2_662.4),
            (16, 64 * GI,     110, 5_611.5),
            (64, 256 * GI,    230, 12_165.1),
            (1,  512 * MI,    60,  255.0),
        ];
        for (cores, memory, cpu, reserved) in table {
            let kept = gke(cores * 1000, memory, 110);
            assert_eq!((kept.cpu, mi(kept.memory - EVICTION)), (cpu, reserved), "{cores} cores");
        }
    }

    #[test]
    fn eks_reserves_memory_by_the_number_of_pods() {
        for (cores, pods, cpu, reserved) in [(2, 29, 70, 574), (16, 234, 110, 2_829)] {
            assert_eq!(eks(cores * 1000, pods), Kept { cpu, memory: (reserved + 100) * MI, pods }, "{pods} Pods");
        }
    }

    #[test]
    fn aks_reserves_memory_by_pods_but_no_more_than_a_quarter() {
        for (memory, pods, want) in [(8 * GB, 30, 650_000_000), (4 * GB, 70, GB)] {
            assert_eq!(aks(2000, memory, pods).memory - EVICTION, want, "{pods} Pods");
        }
        let left = (8 * GB - aks(2000, 8 * GB, 30).memory) as f64 / 8e9;
        assert!((left - 0.906).abs() < 0.001, "90.6 % are left, {left}");
        assert!((mi(aks_legacy(4000, 16 * GI, 30).memory) - (2_662.4 + 750.0)).abs() < 1e-9);
    }

    #[test]
    fn aks_reserves_cpu_by_a_table() {
        let table = [(1, 60), (2, 100), (3, 120), (4, 140), (8, 180), (12, 220), (16, 260), (32, 420), (64, 740), (96, 1_060)];
        for (cores, want) in table {
            assert_eq!(cpu_by_table(cores * 1000), want, "{cores} cores");
        }
        assert_eq!(cpu_by_table(500), 60);
    }

    #[test]
    fn a_plain_kubelet_keeps_what_it_evicts_at() {
        let capacity = |memory, storage| {
            let amounts = [("memory", memory), ("ephemeral-storage", storage)];
            amounts.map(|(name, amount)| (name.to_owned(), Quantity::from_units(amount))).into_iter().collect::<Amounts>()
        };
        let default = [Level::Amount(100 << 20), Level::percent(10)];
        #[rustfmt::skip]
        let table = [
            ("by default",          16 * GI,  1_001, default,                                 16 * GI - EVICTION, 900),
            ("a share of memory",   1_000,    1_000, [Level::percent(5), Level::ZERO],        950,                1_000),
            ("less than there is",  50 * MI,  0,     default,                                 0,                  0),
        ];
        for (name, memory, storage, levels, want_memory, want_storage) in table {
            let left = after_eviction(&capacity(memory, storage), levels);
            assert_eq!((left["memory"].units(), left["ephemeral-storage"].units()), (want_memory, want_storage), "{name}");
        }
    }
}
