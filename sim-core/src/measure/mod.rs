//! Accumulators: time averages, tallies, survival, transition counts; and the observer, which streams what happens to whoever listens.
//! They observe and decide nothing.

mod happening;
mod names;
mod observer;
mod outcome;
mod recorder;
mod status;
mod survival;
mod tally;
mod time_average;
mod traffic;
mod usage;

pub use happening::{Happening, Pressure, ProbeKind};
pub use names::{Names, matches_pattern};
pub use observer::{About, Batch, Entry, Filter, Listeners, Observer, PodIdentity};
pub use outcome::{
    AddressMeasures, Arrow, ContainerMeasures, ControllerMeasures, EngineCounts, ImageMeasures, LifecycleMeasures, NodeMeasures, Outcome,
    PendingReason, PodMeasures, ResourceMeasures, ResourceUse, RoleMeasures, Sample, SchedulerMeasures, StartupMeasures, UsageMeasures,
};
pub use recorder::{Recorder, Weights};
pub use status::{Condition, ConditionKind, ContainerSituation, ContainerStatus, Ended, PodStatus};
pub use survival::{Survival, SurvivalPoint};
pub use tally::Tally;
pub use time_average::TimeAverage;
pub use traffic::TrafficMeasures;
pub use usage::{GrowthMeter, UsageMeter};

pub use crate::cluster::Step;
