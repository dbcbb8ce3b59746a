//! Accumulators: time averages, tallies, survival, transition counts. They observe and decide nothing.

mod happening;
mod outcome;
mod recorder;
mod survival;
mod tally;
mod time_average;
mod usage;

pub use happening::{Happening, Pressure, ProbeKind};
pub use outcome::{
    AddressMeasures, Arrow, ContainerMeasures, ControllerMeasures, EngineCounts, LifecycleMeasures, NodeMeasures, Outcome, PendingReason,
    PodMeasures, ResourceMeasures, ResourceUse, Sample, SchedulerMeasures, StartupMeasures, UsageMeasures,
};
pub use recorder::{Recorder, Weights};
pub use survival::{Survival, SurvivalPoint};
pub use tally::Tally;
pub use time_average::TimeAverage;
pub use usage::{GrowthMeter, UsageMeter};

pub use crate::cluster::Step;
