//! `SchedulingGates`: a Pod with gates is not scheduled. Nobody takes gates away in a simulation.
//!
//! Source: `pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go` of Kubernetes v1.34.

use crate::spec::PodTemplate;

/// The name users write.
pub(crate) const NAME: &str = "SchedulingGates";

/// `PreEnqueue`: why the Pod does not enter the queue, if it does not.
pub(crate) fn refusal(pod: &PodTemplate) -> Option<String> {
    (!pod.gates.is_empty()).then(|| format!("waiting for scheduling gates: [{}]", pod.gates.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::template;
    use crate::spec::Symbols;

    #[test]
    fn a_pod_waits_for_all_its_gates() {
        let mut pod = template(&mut Symbols::default());
        assert_eq!(refusal(&pod), None);
        pod.gates = vec!["a".into(), "example.com/b".into()];
        assert_eq!(refusal(&pod).as_deref(), Some("waiting for scheduling gates: [a example.com/b]"));
    }
}
