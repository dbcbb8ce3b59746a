//! Latencies and settings: what is given, and the defaults of the core for the rest.

use std::net::Ipv4Addr;

use sim_core::spec::{
    ClientLimits, ControlPlane, CpuWeights, Distribution, Kubelet, Network, NodeLifecycle, Registry, SchedulerSpec, TieBreak,
};
use sim_core::units::SimSpan;

use super::workloads::share;
use super::{Builder, SPAN_MAX};
use crate::configuration::Configuration;
use crate::format::{
    ClientFile, ClusterFile, ControlPlaneFile, CpuWeightsFile, KubeletFile, Law, MemoryPressureFile, NetworkFile, NodeLifecycleFile,
    RegistryFile, SchedulerFile, TieBreakFile,
};
use crate::problem::Code;
use crate::text::decode::At;
use crate::values::quantity::Quantity;
use crate::values::written::{Amount, PerTime, Throughput, Time, Written};

/// Everything that has a default.
pub(super) struct Timing {
    pub(super) scheduler: SchedulerSpec,
    pub(super) control_plane: ControlPlane,
    pub(super) kubelet: Kubelet,
    pub(super) registry: Registry,
    pub(super) network: Network,
    pub(super) node_lifecycle: NodeLifecycle,
    /// True if Pods with requests tolerate memory pressure.
    pub(super) tolerate_memory_pressure: bool,
}

/// Compiles the settings of the cluster.
pub(super) fn timing(given: &ClusterFile, configuration: &Configuration, builder: &mut Builder<'_>) -> Timing {
    let configured = configured(configuration);
    let nodes = given.control_plane.as_ref().and_then(|given| given.node_lifecycle.as_ref());
    let pressure = given.control_plane.as_ref().and_then(|given| given.memory_pressure_toleration);
    Timing {
        scheduler: match &given.scheduler {
            Some(given) => scheduler(given, configured, builder),
            None => configured,
        },
        control_plane: given.control_plane.as_ref().map_or_else(ControlPlane::default, |given| control_plane(given, builder)),
        kubelet: given.kubelet.as_ref().map_or_else(Kubelet::default, |given| kubelet(given, builder)),
        registry: given.registry.as_ref().map_or_else(Registry::default, |given| registry(given, builder)),
        network: given.network.as_ref().map_or_else(Network::default, |given| network(given, builder)),
        node_lifecycle: nodes.map_or_else(NodeLifecycle::default, |given| node_lifecycle(given, builder)),
        tolerate_memory_pressure: pressure == Some(MemoryPressureFile::Docs),
    }
}

/// Sets `slot` to what is given, if it is.
fn set_law(slot: &mut Distribution, given: Option<&Law<Time>>, builder: &mut Builder<'_>) {
    if let Some(law) = given.and_then(|law| builder.law(law)) {
        *slot = law;
    }
}

pub(super) fn set_span(slot: &mut SimSpan, given: Option<&Written<Time>>, builder: &mut Builder<'_>) {
    if let Some(span) = given.and_then(|written| builder.read_up_to(written, SPAN_MAX)) {
        *slot = span;
    }
}

/// Like [`set_span`], but refuses a span of nothing, which would make a period never pass.
fn set_period(slot: &mut SimSpan, given: Option<&Written<Time>>, builder: &mut Builder<'_>) {
    set_span(slot, given, builder);
    if let Some(written) = given.filter(|_| slot.is_zero()) {
        builder.report.problem(Code::OutOfRange, written.span, "the period must be longer than 0");
    }
}

fn set_seconds(slot: &mut f64, given: Option<&Written<Time>>, builder: &mut Builder<'_>) {
    if let Some(span) = given.and_then(|written| builder.read_up_to(written, SPAN_MAX)) {
        *slot = span.as_secs_f64();
    }
}

fn set_bytes(slot: &mut u64, given: Option<&Written<Amount>>, builder: &mut Builder<'_>) {
    if let Some(amount) = given.and_then(|written| builder.read(written)) {
        *slot = amount.units();
    }
}

fn set_rate(slot: &mut f64, given: Option<&Written<Throughput>>, builder: &mut Builder<'_>) {
    let Some(written) = given else { return };
    match builder.read(written) {
        Some(rate) if rate > 0.0 => *slot = rate,
        Some(_) => drop(builder.report.problem(Code::OutOfRange, written.span, "the throughput must be above 0")),
        None => {}
    }
}

/// What a `KubeSchedulerConfiguration` says.
pub(super) fn configured(configuration: &Configuration) -> SchedulerSpec {
    let default = SchedulerSpec::default();
    SchedulerSpec {
        percentage_of_nodes_to_score: configuration.percentage_of_nodes_to_score.unwrap_or(default.percentage_of_nodes_to_score),
        backoff_initial: configuration.backoff_initial.unwrap_or(default.backoff_initial),
        backoff_max: configuration.backoff_max.unwrap_or(default.backoff_max),
        profiles: configuration.profiles.clone(),
        client: configuration.client.unwrap_or(default.client),
        ..default
    }
}

fn scheduler(given: &SchedulerFile, configured: SchedulerSpec, builder: &mut Builder<'_>) -> SchedulerSpec {
    let mut spec = configured;
    spec.percentage_of_nodes_to_score = given.percentage_of_nodes_to_score.unwrap_or(spec.percentage_of_nodes_to_score);
    spec.tie_break = match given.tie_break {
        Some(TieBreakFile::LowestIndex) => TieBreak::LowestIndex,
        Some(TieBreakFile::Random) => TieBreak::Random,
        None => spec.tie_break,
    };
    set_span(&mut spec.backoff_initial, given.pod_initial_backoff.as_ref(), builder);
    set_span(&mut spec.backoff_max, given.pod_max_backoff.as_ref(), builder);
    set_period(&mut spec.unschedulable_max, given.unschedulable_timeout.as_ref(), builder);
    if let Some(cycle) = &given.cycle {
        set_law(&mut spec.cycle_base, cycle.base.as_ref(), builder);
        set_seconds(&mut spec.cycle_per_filtered, cycle.per_filtered_node.as_ref(), builder);
        set_seconds(&mut spec.cycle_per_scored, cycle.per_scored_node.as_ref(), builder);
    }
    if let Some(client) = &given.client {
        spec.client = limits(client, spec.client, builder);
    }
    spec
}

fn limits(given: &ClientFile, unset: ClientLimits, builder: &mut Builder<'_>) -> ClientLimits {
    let qps = given.qps.as_ref().map_or(unset.qps, |qps| {
        if !qps.value.is_finite() || qps.value == 0.0 {
            builder.report.problem(Code::OutOfRange, qps.span, "the rate must be a number above 0, or below 0 for no limit");
        }
        qps.value
    });
    ClientLimits { qps, burst: given.burst.unwrap_or(unset.burst) }
}

fn control_plane(given: &ControlPlaneFile, builder: &mut Builder<'_>) -> ControlPlane {
    let mut spec = ControlPlane::default();
    set_law(&mut spec.watch, given.watch.as_ref(), builder);
    set_law(&mut spec.bind, given.bind.as_ref(), builder);
    set_law(&mut spec.controller, given.controller.as_ref(), builder);
    spec
}

fn node_lifecycle(given: &NodeLifecycleFile, builder: &mut Builder<'_>) -> NodeLifecycle {
    let mut spec = NodeLifecycle::default();
    set_period(&mut spec.monitor_period, given.monitor_period.as_ref(), builder);
    set_period(&mut spec.grace, given.monitor_grace_period.as_ref(), builder);
    set_per_time(&mut spec.eviction_rate, given.eviction_rate.as_ref(), builder);
    set_per_time(&mut spec.secondary_rate, given.secondary_eviction_rate.as_ref(), builder);
    spec.large_zone = given.large_zone_threshold.unwrap_or(spec.large_zone);
    if let Some(share) = given.unhealthy_zone_threshold.as_ref().and_then(|written| share(written, builder)) {
        spec.unhealthy_share = share;
    }
    set_span(&mut spec.toleration, given.default_toleration.as_ref(), builder);
    spec
}

/// A rate; 0 is none at all.
fn set_per_time(slot: &mut f64, given: Option<&Written<PerTime>>, builder: &mut Builder<'_>) {
    if let Some(rate) = given.and_then(|written| builder.read(written)) {
        *slot = rate;
    }
}

fn kubelet(given: &KubeletFile, builder: &mut Builder<'_>) -> Kubelet {
    let mut spec = Kubelet::default();
    set_law(&mut spec.volumes, given.volumes.as_ref(), builder);
    set_law(&mut spec.attach, given.attach.as_ref(), builder);
    set_law(&mut spec.sandbox, given.sandbox.as_ref(), builder);
    set_law(&mut spec.network, given.network.as_ref(), builder);
    set_law(&mut spec.container_start, given.container_start.as_ref(), builder);
    set_law(&mut spec.teardown, given.teardown.as_ref(), builder);
    set_law(&mut spec.cleanup, given.cleanup.as_ref(), builder);
    // Nothing is a period too: what happens is noticed at once, and a failed sync comes again when its back-off is over.
    set_span(&mut spec.relist, given.relist_period.as_ref(), builder);
    set_span(&mut spec.resync, given.resync_after_error.as_ref(), builder);
    set_span(&mut spec.sync, given.sync_frequency.as_ref(), builder);
    set_law(&mut spec.status, given.status.as_ref(), builder);
    if let Some(backoff) = &given.backoff {
        set_period(&mut spec.backoff_initial, backoff.initial.as_ref(), builder);
        set_period(&mut spec.backoff_max, backoff.max.as_ref(), builder);
        set_span(&mut spec.backoff_reset, backoff.reset.as_ref(), builder);
        spec.backoff_forgets = backoff.forgets.unwrap_or(spec.backoff_forgets);
    }
    set_bytes(&mut spec.pause_memory, given.pause_memory.as_ref(), builder);
    set_bytes(&mut spec.pause_image, given.pause_image.as_ref(), builder);
    if let Some(given) = &given.eviction {
        spec.eviction = super::eviction::eviction(given, builder);
    }
    spec.cpu_weights = given.cpu_weights.map_or(spec.cpu_weights, cpu_weights);
    spec.single_process_oom_kill = given.single_process_oom_kill.unwrap_or(spec.single_process_oom_kill);
    spec
}

const fn cpu_weights(given: CpuWeightsFile) -> CpuWeights {
    match given {
        CpuWeightsFile::Shares => CpuWeights::Shares,
        CpuWeightsFile::LinearV2 => CpuWeights::LinearV2,
        CpuWeightsFile::NewV2 => CpuWeights::NewV2,
    }
}

fn registry(given: &RegistryFile, builder: &mut Builder<'_>) -> Registry {
    let mut spec = Registry::default();
    set_rate(&mut spec.bandwidth, given.bandwidth.as_ref(), builder);
    set_rate(&mut spec.unpack, given.unpack.as_ref(), builder);
    set_seconds(&mut spec.round_trip, given.round_trip.as_ref(), builder);
    spec.parallel_max = given.max_parallel.unwrap_or(spec.parallel_max);
    spec.serial = given.serialize.unwrap_or(spec.parallel_max < 2);
    set_rate(&mut spec.total_bandwidth, given.total_bandwidth.as_ref(), builder);
    if let Some(limit) = &given.pull_limit {
        spec.pull_limit = limits(limit, spec.pull_limit, builder);
    }
    if let Some(rate) = given.requests.as_ref().and_then(|written| builder.read(written)) {
        spec.requests_per_second = rate;
    }
    spec.disk = given.disk.as_ref().and_then(|written| builder.read(written)).map(Quantity::units).or(spec.disk);
    set_span(&mut spec.gc_age_max, given.max_age.as_ref(), builder);
    spec
}

fn network(given: &NetworkFile, builder: &mut Builder<'_>) -> Network {
    let mut spec = Network::default();
    if let Some(cidr) = &given.cluster_cidr {
        match parse_cidr(&cidr.value) {
            Some((base, prefix)) => (spec.cluster_base, spec.cluster_prefix) = (base, prefix),
            None => wrong_cidr(cidr, builder),
        }
    }
    if let Some(bits) = &given.node_mask_bits {
        spec.node_prefix = bits.value;
    }
    if spec.node_prefix < spec.cluster_prefix {
        let place = given.node_mask_bits.as_ref().map(|bits| bits.span).or_else(|| given.cluster_cidr.as_ref().map(|cidr| cidr.span));
        builder
            .report
            .problem(Code::OutOfRange, place.unwrap_or_default(), "a node's block is larger than the cluster's range")
            .help(format!("`nodeMaskBits` from {} to 32", spec.cluster_prefix));
        spec.node_prefix = spec.cluster_prefix;
    }
    spec
}

fn wrong_cidr(cidr: &At<String>, builder: &mut Builder<'_>) {
    builder
        .report
        .problem(Code::BadValue, cidr.span, format!("`{}` is no IPv4 range", cidr.value))
        .help("an address and a prefix length of 1 to 32, for example `10.0.0.0/8`");
}

/// First address and prefix length.
fn parse_cidr(text: &str) -> Option<(u32, u8)> {
    let (address, prefix) = text.split_once('/')?;
    let address: Ipv4Addr = address.parse().ok()?;
    let prefix: u8 = prefix.parse().ok().filter(|prefix| (1..=32).contains(prefix))?;
    Some((u32::from(address) & (u32::MAX << (32 - prefix)), prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_begin_at_their_first_address() {
        assert_eq!(parse_cidr("10.1.2.3/8"), Some((10 << 24, 8)));
        assert_eq!(parse_cidr("192.168.1.0/24"), Some((0xC0A8_0100, 24)));
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/0", "300.0.0.0/8", "::/0", ""] {
            assert_eq!(parse_cidr(text), None, "{text}");
        }
    }
}
