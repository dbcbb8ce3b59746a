//! `report.html`.

use crate::plots::Plot;
use crate::run::{Notes, RunInfo};
use sim_core::measure::Outcome;

pub(crate) fn report(run: &RunInfo, _outcomes: &[Outcome], _notes: &Notes, _plots: &[Plot]) -> Result<String, askama::Error> {
    Ok(format!("<!doctype html><title>{}</title>", run.scenario))
}
