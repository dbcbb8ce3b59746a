//! When images are pulled, and when they are tried again.

use crate::support::pods::{app, pod, runs, secs, steady, with_bad_image};
use crate::support::told::told;
use sim_core::spec::{ClientLimits, ContainerSpec, PullPolicy, RestartPolicy, Source, Spec};
use sim_core::table::ImageId;

/// A Pod whose container runs for 20 s, with this policy; the registry answers after half a second.
fn pulling(pull: PullPolicy) -> Spec {
    let mut spec = pod(RestartPolicy::Always, vec![ContainerSpec { pull, ..app("M", runs(20.0, 1)) }]);
    spec.registry.round_trip = 0.5;
    spec.duration = secs(60.0);
    spec
}

#[test]
fn a_policy_says_whether_the_registry_is_asked_at_each_start_at_the_first_or_never() {
    let reasons = ["Pulling", "Pulled", "Started", "ErrImageNeverPull"];
    #[rustfmt::skip]
    assert_eq!(told(&pulling(PullPolicy::Always)).only(&reasons), [
        "0 M Pulling", "0.5 M Pulled", "0.5 M Started",
        "20.5 M Pulling", "21 M Pulled", "21 M Started",
        "51 M Pulling", "51.5 M Pulled", "51.5 M Started",
    ]);
    #[rustfmt::skip]
    assert_eq!(told(&pulling(PullPolicy::IfNotPresent)).only(&reasons), [
        "0 M Pulling", "0.5 M Pulled", "0.5 M Started", "20.5 M Pulled", "20.5 M Started", "50.5 M Pulled", "50.5 M Started",
    ]);
    let mut absent = pulling(PullPolicy::Never);
    absent.duration = secs(2.0);
    assert_eq!(told(&absent).only(&reasons), ["0 M ErrImageNeverPull", "1 M ErrImageNeverPull", "2 M ErrImageNeverPull"]);
    let mut there = pulling(PullPolicy::Never);
    there.pools.rows_mut()[0].shape.images = vec![ImageId(0)];
    assert_eq!(told(&there).only(&reasons)[..2], ["0 M Pulled", "0 M Started"]);
}

#[test]
fn a_bad_image_is_tried_again_at_the_ends_of_doubling_windows() {
    let bad = with_bad_image(pod(RestartPolicy::Always, vec![app("M", steady())]), 0, 1e5);
    let whole = |times: Vec<f64>| times.into_iter().map(f64::floor).collect::<Vec<_>>();
    let told_ideal = told(&bad);
    assert_eq!(whole(told_ideal.times(0, "M", "Failed")), [0.0, 10.0, 30.0, 70.0, 150.0, 310.0, 610.0, 910.0]);
    assert!(told_ideal.times(0, "M", "BackOff").len() >= 7, "each failure is waited for");
    // With syncs every 10 to 15 s each attempt is the first sync after its window.
    let mut spec = bad.clone();
    spec.kubelet.resync = secs(10.0);
    let failed = told(&spec).times(0, "M", "Failed");
    let windows = [10.0, 20.0, 40.0, 80.0, 160.0, 300.0];
    assert!(failed.len() >= 6, "{failed:?}");
    for (pair, window) in failed.windows(2).zip(windows) {
        assert!((window..=window + 15.1).contains(&(pair[1] - pair[0])), "{failed:?}");
    }
}

#[test]
fn of_thirty_pulls_at_once_ten_go_and_twenty_fail_and_come_back_ten_to_fifteen_seconds_later() {
    let mut spec = pod(RestartPolicy::Always, vec![ContainerSpec { pull: PullPolicy::Always, ..app("M", steady()) }]);
    spec.workloads.rows_mut()[0].source = Source::Standing { instances: 30 };
    spec.registry.pull_limit = ClientLimits { qps: 5.0, burst: 10 };
    spec.kubelet.resync = secs(10.0);
    let told = told(&spec);
    let (pulls, failed, started) = (told.times(0, "M", "Pulling"), told.times(0, "M", "Failed"), told.starts("M"));
    let first = |times: &[f64]| times.iter().filter(|time| **time == 0.0).count();
    assert_eq!((first(&pulls), first(&failed), first(&started)), (10, 20, 10));
    assert!(pulls.iter().chain(&failed).all(|time| *time == 0.0 || *time >= 10.0));
    assert_eq!(started.len(), 30);
    assert!(started[29] <= 40.0, "{started:?}");
}
