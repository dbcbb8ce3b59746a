//! The steps of a Pod's start.

/// Steps of a Pod's start, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Step {
    /// Creation until the scheduler's decision.
    Queue,
    /// Decision until the binding is written.
    Bind,
    /// Binding until the kubelet begins.
    Notice,
    /// Volumes.
    Volumes,
    /// Sandbox: pause container and network namespace.
    Sandbox,
    /// CNI ADD.
    Network,
    /// Image pulls, waits for the node's pull queue included.
    Pull,
    /// Init containers' run times, back-off included, and their relists.
    Init,
    /// Creating and starting containers.
    Start,
    /// Last start until the kubelet notices.
    Relist,
    /// Running until Ready.
    Ready,
}

impl Step {
    /// Number of steps.
    pub const COUNT: usize = 11;

    /// Every step in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Queue,
        Self::Bind,
        Self::Notice,
        Self::Volumes,
        Self::Sandbox,
        Self::Network,
        Self::Pull,
        Self::Init,
        Self::Start,
        Self::Relist,
        Self::Ready,
    ];

    /// The step's number in [`Step::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}
