//! Effective requests of a Pod, exact until the end, rounded up once (KEP-753, KEP-2837; the scheduler's helper of 1.34).

use std::collections::BTreeMap;

use sim_core::spec::{ContainerKind, Requests};
use sim_core::table::{Id, ResourceId};
use sim_core::units::{Bytes, MilliCpu};

use crate::values::quantity::Quantity;

/// An exact amount of each resource, by name.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

/// What scoring assumes for a container that asks no CPU: 100m.
const FILL_CPU: &str = "100m";
/// What scoring assumes for a container that asks no memory: 200Mi.
const FILL_MEMORY: &str = "200Mi";

/// What a container asks for, in the order of init containers, then containers.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: ContainerKind,
    pub(crate) requests: Amounts,
}

/// Requests with scoring's fill for what is absent; an explicit zero stays.
pub(crate) fn filled(asked: &[Asked]) -> Vec<Asked> {
    filled_where(asked, |_| true)
}

fn filled_where(asked: &[Asked], is_filled: impl Fn(&str) -> bool) -> Vec<Asked> {
    let fills = [("cpu", FILL_CPU), ("memory", FILL_MEMORY)].into_iter().filter(|(name, _)| is_filled(name));
    let fills: Vec<(&str, Quantity)> = fills.map(|(name, text)| (name, Quantity::parse(text).expect("a constant that parses"))).collect();
    let with_fill = |container: &Asked| {
        let mut container = container.clone();
        for (name, amount) in &fills {
            container.requests.entry((*name).to_owned()).or_insert(*amount);
        }
        container
    };
    asked.iter().map(with_fill).collect()
}

/// What scoring counts for a Pod that is on a node (`NonZeroRequested`). If something is set for the Pod as a whole, only what is then
/// still absent altogether is filled.
pub(crate) fn counted(asked: &[Asked], pod_level: &Amounts, overhead: &Amounts) -> Amounts {
    if !pod_level.keys().any(|name| is_pod_level(name)) {
        return effective(&filled(asked), pod_level, overhead);
    }
    let plain = effective(asked, pod_level, overhead);
    effective(&filled_where(asked, |name| !plain.contains_key(name)), pod_level, overhead)
}

/// The larger of what runs together and the peak of initialisation.
pub(crate) fn aggregate(asked: &[Asked]) -> Amounts {
    let (mut running, mut sidecars, mut peak) = (Amounts::new(), Amounts::new(), Amounts::new());
    for container in asked {
        match container.kind {
            ContainerKind::App => add(&mut running, &container.requests),
            ContainerKind::Sidecar => {
                add(&mut running, &container.requests);
                add(&mut sidecars, &container.requests);
                raise(&mut peak, &sidecars);
            }
            ContainerKind::Init => {
                // Only the sidecars before it run beside it.
                let mut beside = sidecars.clone();
                add(&mut beside, &container.requests);
                raise(&mut peak, &beside);
            }
        }
    }
    raise(&mut running, &peak);
    running
}

/// The aggregate, what is set for the Pod as a whole in its place, and the overhead on top.
pub(crate) fn effective(asked: &[Asked], pod_level: &Amounts, overhead: &Amounts) -> Amounts {
    let mut sum = aggregate(asked);
    for (name, amount) in pod_level.iter().filter(|(name, _)| is_pod_level(name)) {
        sum.insert(name.clone(), *amount);
    }
    add(&mut sum, overhead);
    sum
}

/// Resources that may be set for a Pod as a whole.
pub(crate) fn is_pod_level(name: &str) -> bool {
    name == "cpu" || name == "memory" || name.starts_with("hugepages-")
}

fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let slot = sum.entry(name.clone()).or_default();
        *slot = slot.plus(*amount);
    }
}

pub(crate) fn raise(most: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let slot = most.entry(name.clone()).or_default();
        *slot = (*slot).max(*amount);
    }
}

/// Integers in the simulator's units, rounded up; `resources` are the names of extended resources in order.
pub(crate) fn rounded(amounts: &Amounts, resources: &[String]) -> Requests {
    let of = |name: &str| amounts.get(name).copied().unwrap_or_default();
    let scalar = |(row, name): (usize, &String)| {
        let amount = of(name).units();
        (amount > 0).then_some((ResourceId::new(row), amount))
    };
    Requests {
        cpu: MilliCpu(of("cpu").millis()),
        memory: Bytes(of("memory").units()),
        ephemeral_storage: Bytes(of("ephemeral-storage").units()),
        scalars: resources.iter().enumerate().filter_map(scalar).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContainerKind::{App, Init, Sidecar};

    fn amounts(pairs: &[(&str, &str)]) -> Amounts {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), Quantity::parse(text).unwrap())).collect()
    }

    fn cpu(list: &[(ContainerKind, &str)]) -> Vec<Asked> {
        list.iter().map(|(kind, text)| Asked { kind: *kind, requests: amounts(&[("cpu", text)]) }).collect()
    }

    #[test]
    fn the_effective_request_is_the_larger_of_running_and_initialising() {
        let none = amounts(&[]);
        #[rustfmt::skip]
        let cases = [
            ("E1", cpu(&[(Init, "2"), (App, "1")]), none.clone(), none.clone(), 2_000),
            ("E2", cpu(&[(Sidecar, "0.2"), (Init, "1.5"), (App, "1")]), none.clone(), none.clone(), 1_700),
            ("E3", cpu(&[(Init, "1.5"), (Sidecar, "0.2"), (App, "1")]), none.clone(), none.clone(), 1_500),
            ("E4", cpu(&[(Sidecar, "0.2"), (Sidecar, "0.3"), (Init, "0.4"), (App, "0.5"), (App, "0.5")]), none.clone(), amounts(&[("cpu", "0.1")]), 1_600),
            ("E5", cpu(&[(Sidecar, "0.2"), (Init, "1.5"), (App, "1")]), amounts(&[("cpu", "1.0")]), none.clone(), 1_000),
            ("pod level and overhead", cpu(&[(App, "1")]), amounts(&[("cpu", "2")]), amounts(&[("cpu", "250m")]), 2_250),
        ];
        for (name, asked, pod_level, overhead, want) in cases {
            let effective = effective(&asked, &pod_level, &overhead);
            assert_eq!(rounded(&effective, &[]).cpu, MilliCpu(want), "{name}");
        }
    }

    #[test]
    fn scoring_fills_what_is_absent_but_not_what_is_zero() {
        let asked = [
            Asked { kind: App, requests: amounts(&[("cpu", "0")]) },
            Asked { kind: App, requests: amounts(&[]) },
            Asked { kind: Sidecar, requests: amounts(&[("memory", "1")]) },
        ];
        let scored = rounded(&aggregate(&filled(&asked)), &[]);
        assert_eq!((scored.cpu, scored.memory), (MilliCpu(200), Bytes(2 * (200 << 20) + 1)));
    }

    #[test]
    fn a_pod_on_a_node_counts_with_fill_unless_it_says_what_it_asks_as_a_whole() {
        let none = amounts(&[]);
        let nothing = [Asked { kind: App, requests: none.clone() }];
        let some = [Asked { kind: App, requests: amounts(&[("memory", "1")]) }, Asked { kind: App, requests: none.clone() }];
        #[rustfmt::skip]
        let cases = [
            ("filled", &nothing[..], none.clone(), none.clone(), (100, 200 << 20)),
            ("the Pod's CPU is set, its memory absent", &nothing, amounts(&[("cpu", "1")]), none.clone(), (1_000, 200 << 20)),
            ("one container asks for memory", &some, amounts(&[("cpu", "1")]), none.clone(), (1_000, 1)),
            ("overhead counts as asked for", &nothing, amounts(&[("hugepages-2Mi", "2Mi")]), amounts(&[("cpu", "10m")]), (10, 200 << 20)),
        ];
        for (name, asked, pod_level, overhead, want) in cases {
            let counted = rounded(&counted(asked, &pod_level, &overhead), &[]);
            assert_eq!((counted.cpu.0, counted.memory.0), want, "{name}");
        }
    }

    #[test]
    fn fractions_add_up_before_they_are_rounded() {
        let asked = cpu(&[(App, "0.1m"), (App, "0.1m")]);
        assert_eq!(rounded(&aggregate(&asked), &[]).cpu, MilliCpu(1));
    }

    #[test]
    fn other_resources_are_found_by_name() {
        let asked = [Asked { kind: App, requests: amounts(&[("nvidia.com/gpu", "2"), ("hugepages-2Mi", "4Mi")]) }];
        let requests = rounded(&aggregate(&asked), &["hugepages-2Mi".into(), "nvidia.com/gpu".into()]);
        assert_eq!(requests.scalars, [(ResourceId(0), 4 << 20), (ResourceId(1), 2)]);
    }
}
