//! Randomness has an address: seed, purpose, entity, draw.
//!
//! No generator is shared or stored. What is drawn depends on who draws, for what, and how often that entity has drawn for
//! it before: never on what else the simulation did. Two schedulers under one seed therefore see the same arrivals, run
//! times and failures (common random numbers), and a run's numbers do not depend on the order of its events.
//!
//! # The numbers, exactly
//!
//! They are part of the result format: changing any of this changes every result. All arithmetic is modulo 2^64.
//!
//! - `scramble(z)`: `z ^= z >> 30; z *= 0xbf58476d1ce4e5b9; z ^= z >> 27; z *= 0x94d049bb133111eb; z ^= z >> 31`, the
//!   finaliser of `SplitMix64` (Stafford's variant 13).
//! - `absorb(state, word) = scramble((state ^ word) + 0x9e3779b97f4a7c15)`: one-to-one in each argument.
//! - A stream's state starts as 0 and absorbs seed, purpose, entity and draw, in this order. Two addresses that differ in
//!   one word alone therefore never share a state.
//! - Its n-th word (n = 1, 2, …) is `scramble(state + n × 0x9e3779b97f4a7c15)`: `SplitMix64` from that state.
//!
//! A generator with a long key schedule (`ChaCha8`, the cross-check in the tests) costs several times more to set up, and
//! most of the tens of millions of streams of a run give one or two numbers. Two of 40 million streams of ten numbers have
//! any stretch in common with a probability below one in a thousand.

use std::convert::Infallible;

use rand::TryRng;
use rand::rand_core::utils::fill_bytes_via_next_word;

/// 2^64 over the golden ratio, made odd: the step of a Weyl sequence that visits every word.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Sets the derivation of replications apart from streams and entities (ASCII "replicas").
const REPLICATION: u64 = 0x7265_706c_6963_6173;

/// Sets the numbering of entities apart from streams and replications (ASCII "entities").
const ENTITY: u64 = 0x656e_7469_7469_6573;

/// The number from which all randomness of a run follows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of replication `r`. Replication 0 has the seed itself, so a single run is the first of its replications;
    /// the seeds of all replications of one seed differ.
    #[must_use]
    pub const fn replication(self, r: u32) -> Self {
        match r {
            0 => self,
            _ => Self(absorb(absorb(REPLICATION, self.0), r as u64)),
        }
    }

    /// The numbers for one `purpose` of one `entity`; `draw` counts that entity's earlier ones.
    #[must_use]
    pub const fn stream(self, purpose: Purpose, entity: u64, draw: u64) -> Stream {
        let run = absorb(absorb(0, self.0), purpose as u64);
        Stream { state: absorb(absorb(run, entity), draw) }
    }
}

/// What a number is for. The numbers of the purposes are part of the result format: never renumber, never reuse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u16)]
pub enum Purpose {
    /// How long a service's pod lives.
    Lifetime = 10,
    /// The gap to a workload's next arrival.
    Arrival = 11,
    /// How many pods arrive together.
    Batch = 12,
    /// How many replicas a workload is created with.
    Replicas = 13,
    /// What a workload asks for, where that is drawn.
    Request = 14,
    /// When a workload is scaled, and to what.
    Scale = 15,
    /// When a workload is released anew, and whether that release is bad.
    Release = 16,

    /// How long a container runs to its end.
    Run = 30,
    /// The exit code a container ends with.
    Exit = 31,
    /// When a container crashes.
    Crash = 32,
    /// When a container hangs.
    Hang = 33,
    /// How long a hang lasts.
    HangLength = 34,
    /// How long a started container takes to become ready.
    Ready = 35,
    /// How long a container takes to stop when asked to.
    Shutdown = 36,
    /// What a container uses of what it asked for.
    Usage = 37,

    /// How large an image is, or how fast it is pulled.
    ImagePull = 50,
    /// How long making a pod's sandbox takes.
    Sandbox = 51,
    /// How long setting up a pod's network takes.
    Network = 52,
    /// How long starting a container takes.
    ContainerStart = 53,
    /// How long attaching or mounting a volume takes.
    Volume = 54,
    /// When a kubelet looks at its pods.
    Sync = 55,

    /// How late a watcher sees a change.
    Watch = 70,
    /// When a watcher lists everything anew.
    Relist = 71,
    /// How long a call to the API server takes.
    Api = 72,
    /// How long binding a pod takes.
    Bind = 73,
    /// Which of equals is taken.
    TieBreak = 74,

    /// When a node fails.
    NodeFailure = 90,
    /// How long a node stays down.
    NodeRepair = 91,

    /// What is there already when a run starts in equilibrium.
    Equilibrium = 110,
    /// How much of its time is left to what is there when a run starts.
    Residual = 111,
}

/// Numbers the thing that `parts` identify, such as workload, instance and ordinal. Depends on their order and count.
///
/// Parts of one length that differ in one place never get one number; others do with a probability of 2^-64.
#[must_use]
pub const fn entity_of(parts: &[u64]) -> u64 {
    let mut state = absorb(ENTITY, parts.len() as u64);
    let mut rest = parts;
    while let [part, later @ ..] = rest {
        state = absorb(state, *part);
        rest = later;
    }
    state
}

/// A short sequence of random numbers at one address; see [`Seed::stream`]. Draw from it through [`rand::RngExt`].
///
/// Fast and statistically sound, not secret: whoever sees one word can tell the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// A number strictly between 0 and 1, in steps of 2^-52: safe under logarithm, as divisor and at `1 - u`.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        // Half a step keeps both ends out; with 53 bits the largest would round up to 1.
        ((self.word() >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    #[inline]
    const fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        scramble(self.state)
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.word() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        fill_bytes_via_next_word(bytes, || Ok(self.word()))
    }
}

/// One-to-one in `state` for a given `word` and in `word` for a given `state`.
#[inline]
const fn absorb(state: u64, word: u64) -> u64 {
    scramble((state ^ word).wrapping_add(GOLDEN))
}

/// One-to-one; each bit of `word` flips each bit of the outcome with a probability near a half.
#[inline]
const fn scramble(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
