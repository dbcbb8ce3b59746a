//! `MaxPodsPerApp`: at most so many Pods of an app on a node.

use super::{Argument, Arguments, Kind};
use crate::scheduler::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection};
use crate::spec::PodTemplate;
use crate::table::{Id, Symbol};

/// Refuses nodes that have `maxPods` Pods with the value that the Pod's `label` has, in its namespace. Pods without the label go anywhere.
///
/// Source: constraints of cardinality as in Medea ("Medea: scheduling of long running applications in shared production clusters",
/// Garefalakis et al., `EuroSys` 2018), here with one bound for all apps, and hard. Pods that are being deleted count: they are still
/// there.
#[derive(Clone, Debug)]
pub struct MaxPodsPerApp {
    label: String,
    max_pods: usize,
}

impl MaxPodsPerApp {
    /// What a configuration may say.
    pub const ARGUMENTS: &[Argument] = &[
        Argument { name: "label", about: "Pods with the same value of it are of one app", kind: Kind::Text { default: "app" } },
        Argument { name: "maxPods", about: "so many on a node", kind: Kind::Number { min: 1, max: 1_000_000, default: 1 } },
    ];

    /// The policy with its arguments.
    pub fn new(arguments: &Arguments) -> Self {
        Self { label: arguments.text("label").into(), max_pods: arguments.number("maxPods").unsigned_abs() as usize }
    }

    /// The app that the Pod is of: its namespace and the label with its value.
    fn app(&self, pod: &PodView<'_>) -> Option<App> {
        let key = pod.symbols.find(&self.label)?;
        Some(App { namespace: pod.template.namespace, key, value: pod.template.labels.get(key)? })
    }
}

/// Pods of a namespace that share a label.
struct App {
    namespace: Symbol,
    key: Symbol,
    value: Symbol,
}

impl App {
    fn has(&self, pod: &PodTemplate) -> bool {
        pod.namespace == self.namespace && pod.labels.get(self.key) == Some(self.value)
    }
}

impl Filter for MaxPodsPerApp {
    /// Of each template, whether its Pods are of the app.
    type State = Vec<bool>;

    fn name(&self) -> &'static str {
        "MaxPodsPerApp"
    }

    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>) -> Prepared<Vec<bool>> {
        let Some(app) = self.app(pod) else { return Prepared::Skip };
        Prepared::Check(cluster.templates().map(|(_, template)| app.has(template)).collect())
    }

    fn admit(&self, of_app: &Vec<bool>, _: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        let there = node.residents.iter().filter(|resident| of_app[resident.template.index()]).count();
        if there >= self.max_pods {
            return Err(Rejection::resolvable(Reason::Policy("node(s) had the most Pods of the app that may be")));
        }
        Ok(())
    }

    /// A Pod that is refused waits for one that goes …
    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::AssignedPodDeleted]
    }

    /// … if that is of its app.
    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        match happening {
            Happening::AssignedPodDeleted(gone) => self.app(pod).is_some_and(|app| app.has(gone)),
            Happening::AssignedPodAdded(_) | Happening::ScaledDown(..) | Happening::Uncordoned(_) | Happening::Retainted(..) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use crate::spec::ArgumentValue;
    use crate::table::TemplateId;

    fn policy(max_pods: i64) -> MaxPodsPerApp {
        MaxPodsPerApp::new(&Arguments::new(MaxPodsPerApp::ARGUMENTS, &[("maxPods".into(), ArgumentValue::Number(max_pods))]).unwrap())
    }

    /// A Pod in a namespace with a label `app`, or none if it is empty.
    fn pod(bed: &mut Bed, namespace: &str, app: &str) -> TemplateId {
        bed.pod(|pod, symbols| {
            pod.namespace = symbols.intern(namespace);
            if !app.is_empty() {
                pod.labels.set(symbols.intern("app"), symbols.intern(app));
            }
        })
    }

    #[test]
    fn a_node_takes_so_many_pods_of_an_app_and_no_more() {
        let mut bed = Bed::default();
        let node = bed.node(|_, _| {});
        let [web, db, other, plain] =
            [("default", "web"), ("default", "db"), ("test", "web"), ("default", "")].map(|(space, app)| pod(&mut bed, space, app));
        bed.charge(web, node);
        bed.charge_leaving(web, node);
        bed.charge(db, node);
        #[rustfmt::skip]
        let table = [
            // the most, Pod, is there room
            (3, web, true), (2, web, false), (1, web, false),
            (2, db, true), (1, db, false), (1, other, true), (1, plain, true),
        ];
        for (max_pods, pod, want) in table {
            assert_eq!(bed.admit(&policy(max_pods), pod, node).is_ok(), want, "{max_pods} {pod:?}");
        }
    }

    #[test]
    fn a_pod_that_waits_hopes_for_one_of_its_app_to_go() {
        let mut bed = Bed::default();
        let [web, db, plain] = ["web", "db", ""].map(|app| pod(&mut bed, "default", app));
        for (gone, want) in [(web, true), (db, false), (plain, false)] {
            let view = PodView { template: &bed.spec.templates[web], symbols: bed.symbols() };
            let happening = Happening::AssignedPodDeleted(&bed.spec.templates[gone]);
            assert_eq!(policy(1).hint(&view, &happening), want, "{gone:?}");
        }
    }
}
