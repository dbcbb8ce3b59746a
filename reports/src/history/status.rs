//! A Pod's status as the API would show it.

use serde_json::{Map, Value, json};
use sim_core::cluster::ExitReason;
use sim_core::measure::{Condition, ContainerSituation, ContainerStatus, Ended, PodStatus};
use sim_core::spec::{ContainerKind, PodTemplate, Spec};
use sim_core::units::SimTime;

/// `status` of the `v1.Pod`. The run begins at the epoch, 1970; what lies before it has no time.
pub fn status_json(spec: &Spec, template: &PodTemplate, status: &PodStatus) -> Value {
    let of = |init: bool| -> Vec<Value> {
        let containers = template.containers.iter().zip(&status.containers);
        let some = containers.filter(|(about, _)| (about.kind == ContainerKind::App) != init);
        some.map(|(about, status)| container(&about.name, &spec.images[about.image].name, status)).collect()
    };
    let mut fields = Map::new();
    fields.insert("phase".into(), json!(format!("{:?}", status.phase())));
    fields.insert("conditions".into(), status.conditions.iter().map(condition).collect());
    for (key, statuses) in [("initContainerStatuses", of(true)), ("containerStatuses", of(false))] {
        if !statuses.is_empty() {
            fields.insert(key.into(), statuses.into());
        }
    }
    if let Some(at) = status.created {
        fields.insert("startTime".into(), json!(date(at)));
    }
    Value::Object(fields)
}

fn condition(condition: &Condition) -> Value {
    let mut fields = Map::new();
    fields.insert("type".into(), json!(format!("{:?}", condition.kind)));
    fields.insert("status".into(), json!(if condition.status { "True" } else { "False" }));
    if let Some(reason) = condition.reason {
        fields.insert("reason".into(), json!(reason));
    }
    if let Some(at) = condition.since {
        fields.insert("lastTransitionTime".into(), json!(date(at)));
    }
    Value::Object(fields)
}

fn container(name: &str, image: &str, status: &ContainerStatus) -> Value {
    json!({
        "name": name, "image": image, "ready": status.ready, "started": status.started, "restartCount": status.restarts,
        "state": state(&status.state),
        "lastState": status.last.as_ref().map_or_else(|| json!({}), |end| json!({ "terminated": terminated(end) })),
    })
}

fn state(state: &ContainerSituation) -> Value {
    match state {
        ContainerSituation::Waiting(reason) => json!({ "waiting": { "reason": reason } }),
        ContainerSituation::Running(since) => json!({ "running": since.map_or_else(|| json!({}), |at| json!({ "startedAt": date(at) })) }),
        ContainerSituation::Terminated(end) => json!({ "terminated": terminated(end) }),
    }
}

fn terminated(end: &Ended) -> Value {
    let mut fields = json!({ "exitCode": end.code, "reason": exit_reason(end.reason), "finishedAt": date(end.finished_at) });
    if let Some(at) = end.started_at {
        fields["startedAt"] = json!(date(at));
    }
    fields
}

/// Kubernetes' word for it.
pub(super) const fn exit_reason(reason: ExitReason) -> &'static str {
    match reason {
        ExitReason::Completed => "Completed",
        ExitReason::Error => "Error",
        ExitReason::OomKilled => "OOMKilled",
        ExitReason::StatusUnknown => "ContainerStatusUnknown",
    }
}

/// RFC 3339, whole seconds as in the API.
fn date(at: SimTime) -> String {
    let secs = at.as_nanos() / 1_000_000_000;
    let (year, month, day) = civil(secs / 86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", secs / 3600 % 24, secs / 60 % 60, secs % 60)
}

/// The date so many days after 1970-01-01.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month as u64 + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_after_the_epoch_are_dates() {
        let table = [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (789, (1972, 2, 29)),
            (11_016, (2000, 2, 29)),
            (20_453, (2025, 12, 31)),
        ];
        for (days, want) in table {
            assert_eq!(civil(days), want, "{days}");
        }
        assert_eq!(date(SimTime::from_nanos(86_399_999_999_999)), "1970-01-01T23:59:59Z");
    }
}
