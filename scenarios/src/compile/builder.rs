//! What is shared while a scenario is compiled: symbols, resources, images, priority classes, and where problems go.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::spec::eviction::Level;
use sim_core::spec::{Distribution, Eviction, EvictionSignal, Image, LabelSelector, Symbols};
use sim_core::table::{ImageId, Table};
use sim_core::units::{Bytes, SimSpan};

use crate::digest::digest;
use crate::format::RegistryFile;
use crate::manifest::{Groups, Kind, Object, Storage};
use crate::problem::{Code, Treatment};
use crate::text::nearest::suggestion;
use crate::text::report::Report;
use crate::text::source::Span;
use crate::text::tree::{Node, Tree};
use crate::values::quantity::Quantity;
use crate::values::written::{Time, Unit, Written};

/// Resources that have columns of their own.
const NATIVE: [&str; 5] = ["cpu", "memory", "ephemeral-storage", "pods", "storage"];
/// Keys under which amounts of resources stand.
const AMOUNTS: [&str; 5] = ["requests", "limits", "overhead", "capacity", "allocatable"];

/// Where objects come from, which says what was done to them already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Origin {
    /// A file as people write it: the API server's defaults and admission are still to be applied.
    #[default]
    File,
    /// The API server: what is absent stays absent.
    Server,
}

/// State of a compilation.
pub(crate) struct Builder<'r> {
    pub(crate) report: &'r mut Report,
    /// Where the objects come from.
    pub(crate) origin: Origin,
    pub(crate) symbols: Symbols,
    /// Names of extended resources, in order.
    pub(crate) resources: Vec<String>,
    pub(crate) images: Table<ImageId, Image>,
    known_images: BTreeMap<String, ImageId>,
    sizes: BTreeMap<String, Bytes>,
    default_size: Distribution,
    classes: BTreeMap<String, Class>,
    /// True if the classes that Pods name must be among the given ones.
    strict: bool,
    /// Of Pods that name no class.
    pub(crate) default_class: Class,
    /// Names of the scheduler's profiles; one of them must place each Pod.
    pub(crate) profiles: Vec<String>,
    /// Services and owners, by which Pods are spread by default.
    groups: Groups,
    /// Claims, volumes, storage classes, and what nodes can attach.
    pub(crate) storage: Storage,
    /// Memory and ephemeral storage that kubelets keep free by evicting Pods.
    pub(crate) evicts_at: [Level; 2],
}

/// A priority class.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Class {
    pub(crate) value: i32,
    /// `preemptionPolicy: Never`.
    pub(crate) never_preempts: bool,
}

/// What hard thresholds keep free of memory and of ephemeral storage.
pub(super) fn kept_free(eviction: &Eviction) -> [Level; 2] {
    let level = |signal| {
        let hard = eviction.thresholds.iter().find(|threshold| threshold.signal == signal && threshold.grace.is_none());
        hard.map_or(Level::ZERO, |threshold| threshold.level)
    };
    [level(EvictionSignal::MemoryAvailable), level(EvictionSignal::NodeFsAvailable)]
}

impl<'r> Builder<'r> {
    /// A builder for objects in `trees`, which are searched for the names of resources.
    pub(crate) fn new(report: &'r mut Report, trees: &[&Tree]) -> Self {
        let mut resources = BTreeSet::new();
        for tree in trees {
            collect_resources(tree, &mut resources);
        }
        let mut symbols = Symbols::default();
        // Words that the scheduler looks for, whether a manifest has them or not.
        for word in [
            "",
            "default",
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
            "metadata.name",
            "node.kubernetes.io/unschedulable",
            "0.0.0.0",
        ] {
            symbols.intern(word);
        }
        let system = [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
        Self {
            report,
            origin: Origin::File,
            symbols,
            resources: resources.into_iter().collect(),
            images: Table::new(),
            known_images: BTreeMap::new(),
            sizes: BTreeMap::new(),
            // Compressed sizes: an assumption of ours, of the order of public images.
            default_size: Distribution::Bounded {
                of: Box::new(Distribution::LogNormal { median: 180e6, sigma: 1.1 }),
                min: 0.0,
                max: 12e9,
            },
            classes: system.map(|(name, value)| (name.to_owned(), Class { value, never_preempts: false })).into(),
            strict: false,
            default_class: Class::default(),
            profiles: Vec::new(),
            groups: Groups::default(),
            storage: Storage::default(),
            evicts_at: kept_free(&Eviction::default()),
        }
    }

    /// Reads a scalar, or reports it.
    pub(crate) fn read<U: Unit>(&mut self, written: &Written<U>) -> Option<U::Value> {
        match U::read(&written.text) {
            Ok(value) => Some(value),
            Err(reason) => {
                let text = crate::text::shape::shorten(&written.text);
                self.report
                    .problem(U::CODE, written.span, format!("`{text}` is not {}: {reason}", U::NAME))
                    .help(format!("for example {}", U::EXAMPLES));
                None
            }
        }
    }

    /// Reads a span of at most `most`.
    pub(crate) fn read_up_to(&mut self, written: &Written<Time>, most: SimSpan) -> Option<SimSpan> {
        let span = self.read(written)?;
        if span > most {
            self.report.problem(Code::OutOfRange, written.span, format!("{} is too long", written.text)).help(format!("at most {most}"));
            return None;
        }
        Some(span)
    }

    /// Reads a quantity of a manifest, or reports it.
    pub(crate) fn quantity(&mut self, text: &str, span: Span) -> Option<Quantity> {
        let refuse = |error| {
            let text = crate::text::shape::shorten(text);
            self.report
                .problem(Code::BadQuantity, span, format!("`{text}` is not a quantity: {error}"))
                .help("for example `500m`, `2`, `128Mi`, `1.5Gi`");
        };
        Quantity::parse(text).map_err(refuse).ok()
    }

    /// The image that a container names, new if it was not known.
    pub(crate) fn image(&mut self, name: &str) -> ImageId {
        self.exact_image(&with_tag(name))
    }

    /// The image of exactly this name.
    fn exact_image(&mut self, name: &str) -> ImageId {
        if let Some(id) = self.known_images.get(name) {
            return *id;
        }
        let drawn = || Bytes(self.default_size.quantile(digest(name).unit()).round().max(1.0) as u64);
        let size = self.sizes.get(name).copied().unwrap_or_else(drawn);
        let id = self.images.push(Image { name: name.to_owned(), size });
        self.known_images.insert(name.to_owned(), id);
        id
    }

    /// The image that a node reports under a name, of the size that the first node reports unless the registry's is known.
    pub(crate) fn reported_image(&mut self, name: &str, size: Bytes) -> ImageId {
        if !self.known_images.contains_key(name) {
            self.sizes.entry(name.to_owned()).or_insert(size);
        }
        self.exact_image(name)
    }

    /// Takes in the sizes of images.
    pub(crate) fn registry(&mut self, given: Option<&RegistryFile>) {
        let Some(given) = given else { return };
        for image in &given.images {
            let size = self.read(&image.value.size).unwrap_or_default();
            let name = &image.value.name;
            if self.sizes.insert(with_tag(&name.value), Bytes(size.units())).is_some() {
                self.report.problem(Code::DuplicateName, name.span, format!("the image `{}` is listed twice", name.value));
            }
        }
        if let Some(law) = given.default_size.as_ref().and_then(|law| self.law(law)) {
            self.default_size = law;
        }
    }

    /// Notes images of the registry that no container has.
    pub(crate) fn note_unused_images(&mut self, given: Option<&RegistryFile>) {
        for image in given.map_or(&[][..], |given| &given.images) {
            let name = &image.value.name;
            if !self.known_images.contains_key(&with_tag(&name.value)) {
                self.report.note(
                    name.span,
                    "spec.cluster.registry.images",
                    Treatment::Ignored,
                    format!("no container has the image `{}`", name.value),
                );
            }
        }
    }

    /// Takes in the priority classes among the objects of all workloads; Pods must name one of these from now on.
    pub(crate) fn classes<'t>(&mut self, objects: impl IntoIterator<Item = &'t Object<'t>>) {
        self.strict = true;
        for object in objects.into_iter().filter(|object| object.kind == Kind::PriorityClass) {
            let Some(Node::Number(value)) = object.tree.get("value").map(|value| &value.node) else { continue };
            let never_preempts = object.tree.text_at(&["preemptionPolicy"]) == Some("Never");
            let class = Class { value: value.parse().unwrap_or(0), never_preempts };
            self.classes.insert(object.name().to_owned(), class);
            if object.tree.get("globalDefault").is_some_and(|given| given.node == Node::Bool(true)) {
                self.default_class = class;
            }
        }
    }

    /// A priority class; of one that is not known, what a dump says in its place.
    pub(crate) fn class(&mut self, name: &str, dumped: Option<i32>, span: Span) -> Option<Class> {
        let known = self.classes.get(name).copied();
        let found = known.or_else(|| dumped.map(|value| Class { value, never_preempts: false }));
        if found.is_none() && self.strict {
            let known: Vec<&str> = self.classes.keys().map(String::as_str).collect();
            self.report
                .problem(Code::UnknownReference, span, format!("there is no priority class `{name}`"))
                .help(format!("{}; or add a PriorityClass to the manifests of a workload", suggestion(name, known.iter().copied())));
        }
        found
    }

    /// Reports a Pod to be placed that no profile of the scheduler places; `place` is that of its object.
    pub(crate) fn check_profile(&mut self, name: &str, place: Span) {
        if !self.profiles.iter().any(|profile| profile == name) {
            let known = suggestion(name, self.profiles.iter().map(String::as_str));
            self.report
                .problem(Code::UnknownReference, place, format!("no profile of the scheduler is called `{name}`, as `schedulerName` says"))
                .help(format!("{known}; profiles are given in a KubeSchedulerConfiguration"));
        }
    }

    /// Takes in the Services and owners among objects.
    pub(crate) fn groups<'t>(&mut self, objects: impl IntoIterator<Item = &'t Object<'t>>) {
        let mut groups = std::mem::take(&mut self.groups);
        objects.into_iter().for_each(|object| groups.add(object, self));
        self.groups = groups;
    }

    /// Takes in the storage among objects.
    pub(crate) fn take_storage<'t>(&mut self, objects: impl IntoIterator<Item = &'t Object<'t>>) {
        let mut storage = std::mem::take(&mut self.storage);
        objects.into_iter().for_each(|object| storage.add(object, self));
        self.storage = storage;
    }

    /// What a Pod is spread by if neither it nor the scheduler's configuration says more: the selectors of its Services and owner.
    pub(crate) fn spread_selector(&mut self, namespace: &str, pod: &Tree) -> Option<LabelSelector> {
        self.groups.selector(namespace, pod, &self.symbols)
    }
}

/// An image's name with its tag, `latest` if it has none; a digest counts as one. Source: `normalizedImageName` of
/// `pkg/scheduler/framework/plugins/imagelocality/image_locality.go`, Kubernetes v1.34.
pub(super) fn with_tag(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') || name.is_empty() { name.to_owned() } else { format!("{name}:latest") }
}

/// Finds the names of resources that have no column of their own.
fn collect_resources(tree: &Tree, found: &mut BTreeSet<String>) {
    for (key, value) in tree.entries() {
        if AMOUNTS.contains(&key.text.as_str()) {
            let names = value.entries().iter().map(|(name, _)| &name.text);
            found.extend(names.filter(|name| !NATIVE.contains(&name.as_str())).cloned());
        }
        collect_resources(value, found);
    }
    tree.items().iter().for_each(|item| collect_resources(item, found));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_is_the_latest() {
        #[rustfmt::skip]
        let cases = [
            ("nginx", "nginx:latest"), ("nginx:1", "nginx:1"), ("registry:5000/nginx", "registry:5000/nginx:latest"),
            ("nginx@sha256:01", "nginx@sha256:01"), ("", ""),
        ];
        for (name, want) in cases {
            assert_eq!(with_tag(name), want, "{name}");
        }
    }
}
