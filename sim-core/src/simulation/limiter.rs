//! A client's rate limit: a bucket of tokens that fills at a rate, in simulated time.

use crate::spec::ClientLimits;
use crate::units::{SimSpan, SimTime};

/// Requests to the API server go out in the order in which they are made, each with a token of its own.
///
/// Source: `staging/src/k8s.io/client-go/util/flowcontrol/throttle.go` of Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limiter {
    /// Time in which one token comes; zero without a limit.
    gap: SimSpan,
    /// Time in which the bucket fills.
    depth: SimSpan,
    /// When the bucket would be full again if nothing more were asked for.
    full_at: SimTime,
}

impl Limiter {
    /// A full bucket.
    pub(super) fn new(limits: ClientLimits) -> Self {
        let limited = limits.qps > 0.0 && limits.qps.is_finite();
        let gap = if limited { SimSpan::from_secs_f64(1.0 / limits.qps) } else { SimSpan::ZERO };
        Self { gap, depth: gap * u64::from(limits.burst.max(1)), full_at: SimTime::ZERO }
    }

    /// How long a request that is made now waits for its token.
    pub(super) fn take(&mut self, now: SimTime) -> SimSpan {
        self.full_at = self.full_at.max(now) + self.gap;
        let empty_until = SimTime::from_nanos(self.full_at.as_nanos().saturating_sub(self.depth.as_nanos()));
        empty_until.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_out_at_once_and_the_rest_at_the_rate() {
        let mut limiter = Limiter::new(ClientLimits { qps: 50.0, burst: 100 });
        let waits: Vec<f64> = (0..1000).map(|_| limiter.take(SimTime::ZERO).as_secs_f64()).collect();
        assert!(waits[..100].iter().all(|wait| *wait == 0.0));
        assert!((waits[100] - 0.02).abs() < 1e-9 && (waits[999] - 18.0).abs() < 1e-9, "1,000 requests take 18 s");
        let later = SimTime::ZERO + SimSpan::from_secs(60);
        assert_eq!(limiter.take(later), SimSpan::ZERO, "the bucket has filled again");
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        for qps in [-1.0, 0.0, f64::INFINITY] {
            let mut limiter = Limiter::new(ClientLimits { qps, burst: 1 });
            assert!((0..1000).all(|_| limiter.take(SimTime::ZERO).is_zero()), "{qps}");
        }
    }
}
