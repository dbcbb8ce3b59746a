//! CPU requests and limits as the kernel sees them: shares, quotas, weights.
//!
//! Sources: `pkg/kubelet/cm/helpers_linux.go` and `cgroup_v2_manager_linux.go` of Kubernetes v1.34; the conversion of runc 1.3.2 and crun
//! 1.23 as Kubernetes' blog gives it (30 January 2026).

use crate::spec::CpuWeights;
use crate::units::SimSpan;

/// Least shares, of what asks for nothing.
pub(crate) const SHARES_MIN: u64 = 2;
/// Most shares.
pub(crate) const SHARES_MAX: u64 = 262_144;
/// A period of the bandwidth controller: 100 ms.
pub(crate) const PERIOD: SimSpan = SimSpan::from_millis(100);
/// Least quota of a period: 1 ms, which is 10 millicores.
pub(crate) const QUOTA_MIN: SimSpan = SimSpan::from_millis(1);

/// Shares of a request in millicores.
pub(crate) const fn shares(millicores: u64) -> u64 {
    match millicores.saturating_mul(1024) / 1000 {
        ..=SHARES_MIN => SHARES_MIN,
        SHARES_MAX.. => SHARES_MAX,
        shares => shares,
    }
}

/// Shares of a container by its request; by its limit if it has only that.
pub(crate) fn container_shares(request: u64, limit: Option<u64>) -> u64 {
    shares(if request == 0 { limit.unwrap_or(0) } else { request })
}

/// CPU time in each [`PERIOD`] under a limit in millicores, whole microseconds, at least [`QUOTA_MIN`]; `None` for no limit.
pub(crate) const fn quota(limit: Option<u64>) -> Option<SimSpan> {
    match limit {
        None | Some(0) => None,
        Some(millicores) => {
            let micros = millicores.saturating_mul(PERIOD.as_nanos() / 1000) / 1000;
            let nanos = micros.saturating_mul(1000);
            Some(SimSpan::from_nanos(if nanos < QUOTA_MIN.as_nanos() { QUOTA_MIN.as_nanos() } else { nanos }))
        }
    }
}

/// The rate in microcores that a limit in millicores allows in the long run; `u64::MAX` for no limit.
pub(crate) const fn rate(limit: Option<u64>) -> u64 {
    match quota(limit) {
        None => u64::MAX,
        Some(quota) => (quota.as_nanos() as u128 * 1_000_000 / PERIOD.as_nanos() as u128) as u64,
    }
}

/// `cpu.weight` of shares by the linear map: 2 to 262144 go to 1 to 10000.
pub(crate) const fn linear_weight(shares: u64) -> u64 {
    1 + (shares.saturating_sub(2) * 9999) / 262_142
}

/// `cpu.weight` of shares by the newer map, a parabola in logarithms through (2, 1), (1024, 100) and (262144, 10000).
pub(crate) fn new_weight(shares: u64) -> u64 {
    match shares {
        ..=SHARES_MIN => 1,
        SHARES_MAX.. => 10_000,
        shares => {
            let log = libm::log2(shares as f64);
            libm::ceil(libm::pow(10.0, (log * log + 125.0 * log - 126.0) / 612.0)) as u64
        }
    }
}

/// Weight of a container among those of its Pod.
pub(crate) fn container_weight(weights: CpuWeights, shares: u64) -> u64 {
    match weights {
        CpuWeights::Shares => shares,
        CpuWeights::LinearV2 => linear_weight(shares),
        CpuWeights::NewV2 => new_weight(shares),
    }
}

/// Weight of a Pod or class among its siblings. The kubelet writes these itself, by the linear map, whatever the runtime does.
pub(crate) const fn pod_weight(weights: CpuWeights, shares: u64) -> u64 {
    match weights {
        CpuWeights::Shares => shares,
        CpuWeights::LinearV2 | CpuWeights::NewV2 => linear_weight(shares),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_become_shares_and_weights() {
        #[rustfmt::skip]
        let table = [
            (0,           2,       1,      1),
            (1,           2,       1,      1),
            (10,          10,      1,      4),
            (100,         102,     4,      17),
            (250,         256,     10,     35),
            (500,         512,     20,     59),
            (1_000,       1_024,   39,     100),
            (2_000,       2_048,   79,     174),
            (4_000,       4_096,   157,    303),
            (8_000,       8_192,   313,    532),
            (256_000,     262_144, 10_000, 10_000),
            (1_000_000,   262_144, 10_000, 10_000),
        ];
        for (request, want, linear, new) in table {
            let found = shares(request);
            assert_eq!((found, linear_weight(found), new_weight(found)), (want, linear, new), "{request}m");
        }
    }

    #[test]
    fn the_linear_map_does_not_tell_small_requests_apart() {
        let weights: Vec<u64> = (1..=27).map(|request| linear_weight(shares(request))).collect();
        assert!(weights.iter().all(|weight| (1..=2).contains(weight)), "{weights:?}");
    }

    #[test]
    fn a_container_that_is_only_limited_weighs_as_if_it_asked_for_its_limit() {
        assert_eq!([container_shares(0, Some(500)), container_shares(100, Some(500)), container_shares(0, None)], [512, 102, 2]);
    }

    #[test]
    fn a_limit_is_a_quota_of_each_tenth_of_a_second_and_never_less_than_ten_millicores() {
        let micros = |micros: u64| Some(SimSpan::from_nanos(micros * 1000));
        #[rustfmt::skip]
        let table = [
            (None,        None,            u64::MAX),
            (Some(0),     None,            u64::MAX),
            (Some(1),     micros(1_000),   10_000),
            (Some(10),    micros(1_000),   10_000),
            (Some(15),    micros(1_500),   15_000),
            (Some(500),   micros(50_000),  500_000),
            (Some(2_000), micros(200_000), 2_000_000),
        ];
        for (limit, want, per_second) in table {
            assert_eq!((quota(limit), rate(limit)), (want, per_second), "{limit:?}");
        }
    }

    #[test]
    fn the_kubelet_s_own_cgroups_keep_the_linear_map() {
        let of = |weights| (container_weight(weights, 1024), pod_weight(weights, 1024));
        assert_eq!([CpuWeights::Shares, CpuWeights::LinearV2, CpuWeights::NewV2].map(of), [(1024, 1024), (39, 39), (100, 39)]);
    }

    proptest! {
        #[test]
        fn whoever_asks_for_more_weighs_no_less(request in 0..300_000_u64, more in 0..10_000_u64) {
            let (less, more) = (shares(request), shares(request + more));
            for weights in [CpuWeights::Shares, CpuWeights::LinearV2, CpuWeights::NewV2] {
                prop_assert!(container_weight(weights, less) <= container_weight(weights, more));
                prop_assert!(weights == CpuWeights::Shares || (1..=10_000).contains(&container_weight(weights, less)));
            }
        }
    }
}
