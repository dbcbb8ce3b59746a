//! Accumulators: time averages, tallies, survival, transition counts. They observe and decide nothing.

mod outcome;
mod survival;
mod tally;
mod time_average;

pub use outcome::{
    AddressMeasures, Arrow, ContainerMeasures, ControllerMeasures, EngineCounts, LifecycleMeasures, NodeMeasures, Outcome, PendingReason,
    PodMeasures, ResourceMeasures, ResourceUse, Sample, SchedulerMeasures, StartupMeasures, Step,
};
pub use survival::{Survival, SurvivalPoint};
pub use tally::Tally;
pub use time_average::TimeAverage;
