//! Jobs: run to completion, with retries after a growing delay and a limit on failures.

use super::{Controllers, Instances};
use crate::spec::{Controller, Job, RestartPolicy};
use crate::table::{InstanceId, PodId};
use crate::units::SimSpan;
use crate::world::{Note, World};

/// First delay before a failed Pod is replaced.
const RETRY_INITIAL: SimSpan = SimSpan::from_secs(10);
/// Longest delay before a failed Pod is replaced.
const RETRY_MAX: SimSpan = SimSpan::from_secs(600);

/// The delay after the `failures`-th failure in a row: 10 s, 20 s, … up to ten minutes.
fn retry_delay(failures: u32) -> SimSpan {
    let doublings = failures.saturating_sub(1).min(10);
    (RETRY_INITIAL * (1 << doublings)).min(RETRY_MAX)
}

/// Creates the Pods that a Job wants, or ends it.
pub(super) fn reconcile(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId, about: Job) {
    let row = &controllers.instances[instance];
    if row.over {
        return if row.owned() == 0 {
            controllers.instances.remove(instance);
        };
    }
    if row.succeeded >= about.completions {
        return end(controllers, world, instance, true);
    }
    let wanted = about.parallelism.min(about.completions - row.succeeded);
    for _ in row.owned()..wanted {
        controllers.create_pod(world, instance);
    }
}

fn end(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId, well: bool) {
    let row = &mut controllers.instances[instance];
    row.over = true;
    let count = &mut world.record.controllers;
    if well {
        count.jobs_completed += 1;
    } else {
        count.jobs_failed += 1;
    }
    for &pod in &row.current {
        world.note(Note::Delete(pod));
    }
    controllers.look(world, instance);
}

/// One of a Job's Pods has ended.
pub(super) fn ended(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId, about: Job, well: bool) {
    let row = &mut controllers.instances[instance];
    if row.over {
        return controllers.look(world, instance);
    }
    if well {
        row.succeeded += 1;
        row.failures_in_row = 0;
        return controllers.look(world, instance);
    }
    row.failed += 1;
    row.failures_in_row += 1;
    if row.failed > about.backoff_limit {
        return end(controllers, world, instance, false);
    }
    postpone(controllers, world, instance);
}

/// Puts the look that replaces a failed Pod off by the retry delay.
fn postpone(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId) {
    let row = &controllers.instances[instance];
    let delay = retry_delay(row.failures_in_row);
    controllers.look_after(world, instance, delay);
}

/// A container of one of a Job's Pods was restarted, which counts against the Job's limit.
pub(super) fn restarted(controllers: &mut Controllers, world: &mut World<'_>, pod: PodId) {
    let Some(instance) = Instances::owner(world, pod) else { return };
    let Controller::Job(about) = controllers.workload(world, instance).controller else { return };
    let row = &mut controllers.instances[instance];
    if row.over || world.template(pod).restart_policy != RestartPolicy::OnFailure {
        return;
    }
    row.failed += 1;
    if row.failed >= about.backoff_limit.max(1) {
        end(controllers, world, instance, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_from_ten_seconds_to_ten_minutes() {
        let delays: Vec<u64> = (1..9).map(|failures| retry_delay(failures).as_nanos() / 1_000_000_000).collect();
        assert_eq!(delays, [10, 20, 40, 80, 160, 320, 600, 600]);
    }
}
