//! Containers: resources, probes, pull policy.

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::{Behavior, ContainerKind, ContainerSpec, Distribution, Hook, Probe, PullPolicy, ResizePolicy};
use sim_core::units::{Bytes, SimSpan};

use super::names;
use super::requests::{Amounts, rounded};
use crate::compile::{Builder, Origin};
use crate::problem::Code;
use crate::text::nearest::suggestion;
use crate::text::source::Span;
use crate::text::tree::{Key, Node, Tree};
use crate::values::quantity::Quantity;

/// Resources that every node may have; others need a domain.
const NATIVE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Requests and limits after the API's defaulting.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources {
    pub(super) requests: Amounts,
    pub(super) limits: Amounts,
}

/// Reads `resources` of a container or Pod at `tree`; a limit stands in for an absent request if `fill` says so.
pub(super) fn resources(tree: Option<&Tree>, fill: bool, builder: &mut Builder<'_>) -> Resources {
    let Some(tree) = tree else { return Resources::default() };
    let limits = amounts(tree.get("limits"), builder);
    let mut requests = amounts(tree.get("requests"), builder);
    if builder.origin == Origin::Server {
        return Resources { requests, limits };
    }
    for (name, limit) in &limits {
        let request = if fill { *requests.entry(name.clone()).or_insert(*limit) } else { requests.get(name).copied().unwrap_or_default() };
        let place = tree.place(&["requests", name]);
        if request > *limit {
            builder
                .report
                .problem(Code::RequestOverLimit, place, format!("the request of {name} is larger than its limit"))
                .help("lower the request or raise the limit");
        } else if !NATIVE.contains(&name.as_str()) && request != *limit {
            builder.report.problem(Code::BadValue, place, format!("the request of {name} must equal its limit: it cannot be shared"));
        }
    }
    Resources { requests, limits }
}

/// Amounts by resource name.
pub(super) fn amounts(tree: Option<&Tree>, builder: &mut Builder<'_>) -> Amounts {
    let entries = tree.map_or(&[][..], Tree::entries);
    let amount = |(key, value): &(Key, Tree)| {
        check_resource(&key.text, key.span, builder);
        let (Node::Number(text) | Node::Text(text)) = &value.node else { return None };
        let amount = builder.quantity(text, value.span)?;
        if !NATIVE.contains(&key.text.as_str()) && !amount.is_whole() {
            builder.report.problem(Code::BadQuantity, value.span, format!("{} comes in whole units", key.text));
        }
        Some((key.text.clone(), amount))
    };
    entries.iter().filter_map(amount).collect()
}

fn check_resource(name: &str, span: Span, builder: &mut Builder<'_>) {
    let known = NATIVE.contains(&name) || name.starts_with("hugepages-") || (name.contains('/') && names::is_qualified(name));
    if !known {
        builder
            .report
            .problem(Code::BadValue, span, format!("`{name}` is no resource of a container"))
            .help(format!("{} (extended resources have a domain, as `nvidia.com/gpu`)", suggestion(name, NATIVE)));
    }
}

/// A container of one of the Pod's lists.
pub(super) fn container(
    given: &core::Container,
    kind: ContainerKind,
    resources: &Resources,
    tree: &Tree,
    builder: &mut Builder<'_>,
) -> ContainerSpec {
    let image = given.image.as_deref().unwrap_or_default();
    if image.trim() != image || image.is_empty() {
        builder.report.problem(Code::ManifestMissing, tree.place(&["image"]), format!("the container `{}` has no image", given.name));
    }
    let limit = |name: &str| resources.limits.get(name).copied();
    ContainerSpec {
        name: given.name.clone(),
        kind,
        helper: kind == ContainerKind::Sidecar,
        image: builder.image(image),
        pull: pull_policy(given, image, tree, builder),
        requests: rounded(&resources.requests, &builder.resources),
        memory_limit: limit("memory").map(|limit| Bytes(limit.units())),
        cpu_limit: limit("cpu").map(Quantity::millis),
        ephemeral_limit: limit("ephemeral-storage").map(|limit| Bytes(limit.units())),
        resize: resize_policy(given, tree, builder),
        // The Pod knows its other containers.
        port_taken_by: None,
        readiness: probe(given.readiness_probe.as_ref(), "readinessProbe", tree, builder),
        liveness: probe(given.liveness_probe.as_ref(), "livenessProbe", tree, builder),
        startup: probe(given.startup_probe.as_ref(), "startupProbe", tree, builder),
        post_start: hook(given, "postStart", tree, builder),
        pre_stop: hook(given, "preStop", tree, builder),
        behavior: default_behavior(kind),
    }
}

/// An init container that nothing is said about ends by itself, or its Pod would never start. Lognormal, median 1.5 s, sigma 0.8:
/// an assumption of ours.
fn default_behavior(kind: ContainerKind) -> Behavior {
    match kind {
        ContainerKind::Init => Behavior { run: Some(Distribution::LogNormal { median: 1.5, sigma: 0.8 }), ..Behavior::default() },
        ContainerKind::Sidecar | ContainerKind::App => Behavior::default(),
    }
}

/// Which resources restart the container when they are resized; by default none does.
fn resize_policy(given: &core::Container, tree: &Tree, builder: &mut Builder<'_>) -> ResizePolicy {
    let mut policy = ResizePolicy::default();
    for (row, each) in given.resize_policy.iter().flatten().enumerate() {
        let place = |key: &str| tree.place(&["resizePolicy", &row.to_string(), key]);
        let restarts = each.restart_policy == "RestartContainer";
        if !restarts && each.restart_policy != "NotRequired" {
            let text = format!("`{}` is no policy of a resize", each.restart_policy);
            let draft = builder.report.problem(Code::BadValue, place("restartPolicy"), text);
            draft.help(suggestion(&each.restart_policy, ["NotRequired", "RestartContainer"]));
        }
        match each.resource_name.as_str() {
            "cpu" => policy.restart_for_cpu = restarts,
            "memory" => policy.restart_for_memory = restarts,
            other => {
                let draft = builder.report.problem(Code::BadValue, place("resourceName"), format!("`{other}` cannot be resized"));
                draft.help(suggestion(other, ["cpu", "memory"]));
            }
        }
    }
    policy
}

fn pull_policy(given: &core::Container, image: &str, tree: &Tree, builder: &mut Builder<'_>) -> PullPolicy {
    match given.image_pull_policy.as_deref() {
        Some("Always") => PullPolicy::Always,
        Some("IfNotPresent") => PullPolicy::IfNotPresent,
        Some("Never") => PullPolicy::Never,
        Some(other) => {
            let known = ["Always", "IfNotPresent", "Never"];
            builder
                .report
                .problem(Code::BadValue, tree.place(&["imagePullPolicy"]), format!("`{other}` is no pull policy"))
                .help(suggestion(other, known));
            PullPolicy::IfNotPresent
        }
        None if is_latest(image) => PullPolicy::Always,
        None => PullPolicy::IfNotPresent,
    }
}

/// True for the tag `latest`, given or implied; a digest pins the image.
fn is_latest(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or(image);
    !image.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn probe(given: Option<&core::Probe>, name: &str, tree: &Tree, builder: &mut Builder<'_>) -> Option<Probe> {
    let given = given?;
    let handlers = [given.exec.is_some(), given.http_get.is_some(), given.tcp_socket.is_some(), given.grpc.is_some()];
    if handlers.iter().filter(|there| **there).count() != 1 {
        builder
            .report
            .problem(Code::BadValue, tree.place_of_key(&[name]), format!("`{name}` needs one way to ask"))
            .help("one of `httpGet`, `tcpSocket`, `exec`, `grpc`");
    }
    let mut number = |key: &str, value: Option<i32>, default: u32, least: u32| {
        let value = value.map_or(default, |value| u32::try_from(value).unwrap_or(0).max(u32::from(value == 0) * default));
        if value < least {
            builder
                .report
                .problem(Code::OutOfRange, tree.place(&[name, key]), format!("`{key}` is too small"))
                .help(format!("{least} or more"));
        }
        value.max(least)
    };
    let success = number("successThreshold", given.success_threshold, 1, 1);
    let probe = Probe {
        initial_delay: secs(number("initialDelaySeconds", given.initial_delay_seconds, 0, 0)),
        period: secs(number("periodSeconds", given.period_seconds, 10, 1)),
        timeout: secs(number("timeoutSeconds", given.timeout_seconds, 1, 1)),
        success_threshold: success,
        failure_threshold: number("failureThreshold", given.failure_threshold, 3, 1),
        grace: given.termination_grace_period_seconds.map(|seconds| secs(u32::try_from(seconds).unwrap_or(0))),
    };
    check_grace(&probe, given, name, tree, builder);
    if name != "readinessProbe" && success != 1 {
        builder.report.problem(
            Code::OutOfRange,
            tree.place(&[name, "successThreshold"]),
            format!("`{name}` must have a success threshold of 1"),
        );
    }
    Some(probe)
}

/// A probe's own grace period is at least a second, and not for readiness probes, which end nothing.
fn check_grace(probe: &Probe, given: &core::Probe, name: &str, tree: &Tree, builder: &mut Builder<'_>) {
    let place = tree.place(&[name, "terminationGracePeriodSeconds"]);
    if probe.grace.is_some() && name == "readinessProbe" {
        builder.report.problem(Code::BadValue, place, "a readiness probe ends nothing: it has no grace period");
    } else if given.termination_grace_period_seconds.is_some_and(|seconds| !(1..=i64::from(u32::MAX)).contains(&seconds)) {
        builder.report.problem(Code::OutOfRange, place, "the grace period of a probe is too small").help("1 or more");
    }
}

/// A handler of `lifecycle`.
fn hook(given: &core::Container, name: &str, tree: &Tree, builder: &mut Builder<'_>) -> Option<Hook> {
    let lifecycle = given.lifecycle.as_ref()?;
    let handler = match name {
        "postStart" => lifecycle.post_start.as_ref()?,
        _ => lifecycle.pre_stop.as_ref()?,
    };
    let ways = [handler.exec.is_some(), handler.http_get.is_some(), handler.sleep.is_some(), handler.tcp_socket.is_some()];
    if ways.iter().filter(|there| **there).count() != 1 {
        let place = tree.place_of_key(&["lifecycle", name]);
        let draft = builder.report.problem(Code::BadValue, place, format!("`{name}` needs one handler"));
        draft.help("one of `exec`, `httpGet`, `sleep`");
    }
    // `tcpSocket` is accepted by the API and does nothing.
    if handler.tcp_socket.is_some() {
        return None;
    }
    let Some(sleep) = &handler.sleep else { return Some(Hook::Handler) };
    if sleep.seconds < 0 {
        builder.report.problem(
            Code::OutOfRange,
            tree.place(&["lifecycle", name, "sleep", "seconds"]),
            "a handler cannot sleep for less than nothing",
        );
    }
    Some(Hook::Sleep(secs(u32::try_from(sleep.seconds).unwrap_or(0))))
}

fn secs(secs: u32) -> SimSpan {
    SimSpan::from_secs(u64::from(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_is_the_latest_one() {
        #[rustfmt::skip]
        let cases = [
            ("nginx", true), ("nginx:latest", true), ("nginx:1.20", false), ("registry:5000/nginx", true), ("registry:5000/nginx:1", false),
            ("nginx@sha256:0123", false), ("nginx:latest@sha256:0123", false),
        ];
        for (image, want) in cases {
            assert_eq!(is_latest(image), want, "{image}");
        }
    }
}
