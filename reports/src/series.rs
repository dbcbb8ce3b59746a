//! The time series: one row for each sample, means over replications.

use crate::format::exact;
use sim_core::measure::{Outcome, Sample};

/// A column: its name, unit included, and how it is read from a sample.
struct Column {
    name: &'static str,
    value: fn(&Sample) -> f64,
}

const fn column(name: &'static str, value: fn(&Sample) -> f64) -> Column {
    Column { name, value }
}

/// The columns of `timeseries.csv`. `…_total` counts from the start of the run.
const COLUMNS: [Column; 21] = [
    column("time_seconds", |s| s.at.as_secs_f64()),
    column("pods_scheduling", |s| s.in_state[0] as f64),
    column("pods_image_pull", |s| s.in_state[1] as f64),
    column("pods_container_creating", |s| s.in_state[2] as f64),
    column("pods_healthy", |s| s.in_state[3] as f64),
    column("pods_unhealthy", |s| s.in_state[4] as f64),
    column("pods_restarting", |s| s.in_state[5] as f64),
    column("cpu_requested_cores", |s| s.cpu_requested as f64 / 1000.0),
    column("cpu_used_cores", |s| s.cpu_used / 1000.0),
    column("cpu_allocatable_cores", |s| s.cpu_allocatable as f64 / 1000.0),
    column("memory_requested_bytes", |s| s.memory_requested as f64),
    column("memory_used_bytes", |s| s.memory_used),
    column("memory_allocatable_bytes", |s| s.memory_allocatable as f64),
    column("addresses_in_use", |s| s.addresses as f64),
    column("containers_up", |s| s.containers as f64),
    column("pods_created_total", |s| s.created as f64),
    column("pods_ended_total", |s| s.ended as f64),
    column("container_restarts_total", |s| s.restarts as f64),
    column("pods_queued", |s| s.queued as f64),
    column("nodes_ready", |s| s.nodes_ready as f64),
    column("pods_live", |s| s.in_state.iter().sum::<u64>() as f64),
];

/// Samples that every replication has.
pub(crate) fn length(outcomes: &[Outcome]) -> usize {
    outcomes.iter().map(|outcome| outcome.series.len()).min().unwrap_or(0)
}

/// A value at each sample: its mean over replications.
pub(crate) fn mean(outcomes: &[Outcome], value: impl Fn(&Sample) -> f64) -> Vec<f64> {
    let at = |index: usize| outcomes.iter().map(|outcome| value(&outcome.series[index])).sum::<f64>() / outcomes.len() as f64;
    (0..length(outcomes)).map(at).collect()
}

/// `timeseries.csv`.
pub(crate) fn csv(outcomes: &[Outcome]) -> Result<Vec<u8>, csv::Error> {
    let columns: Vec<Vec<f64>> = COLUMNS.iter().map(|column| mean(outcomes, column.value)).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS.iter().map(|column| column.name))?;
    for index in 0..length(outcomes) {
        writer.write_record(columns.iter().map(|column| exact(column[index])))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn the_series_is_the_mean_over_replications() {
        let outcomes = synthetic::outcomes(3);
        let healthy = mean(&outcomes, |sample| sample.in_state[3] as f64);
        let want = outcomes.iter().map(|outcome| outcome.series[5].in_state[3] as f64).sum::<f64>() / 3.0;
        assert_eq!((healthy.len(), healthy[5]), (outcomes[0].series.len(), want));
    }

    #[test]
    fn the_file_has_a_row_for_each_sample_under_its_head() {
        let outcomes = synthetic::outcomes(1);
        let text = String::from_utf8(csv(&outcomes).unwrap()).unwrap();
        assert_eq!(text.lines().count(), 1 + outcomes[0].series.len());
        insta::assert_snapshot!(text.lines().take(3).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn without_samples_there_is_only_the_head() {
        assert_eq!(String::from_utf8(csv(&[synthetic::empty()]).unwrap()).unwrap().lines().count(), 1);
    }
}
