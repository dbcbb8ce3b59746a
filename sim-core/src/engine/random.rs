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
//! A stream cipher at the same address (`ChaCha8`, the cross-check in the tests) takes about six times as long to its first
//! number (270 ns of a slow core against 45), and most of the tens of millions of streams of a run give one or two. Two of 40 million streams of ten numbers have
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
        Stream::at([self.0, purpose as u64, entity, draw])
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
    /// How long a `postStart` handler takes, and whether it fails.
    PostStart = 38,
    /// How long a `preStop` handler takes.
    PreStop = 39,
    /// Which series of random fluctuation a container follows, how fast it leaks and writes.
    Growth = 40,
    /// Random fluctuation of what containers use.
    Noise = 41,

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
    /// How late a probe's first attempt is where a kubelet was started a short while ago.
    ProbePhase = 56,
    /// How long writing a Pod's status takes.
    Status = 57,

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
    /// How long writing why a pod was not placed takes.
    Patch = 75,

    /// When a node fails.
    NodeFailure = 90,
    /// How long a node stays down.
    NodeRepair = 91,
    /// When the node lifecycle controller looks, and when nodes renew their leases.
    NodeMonitor = 92,
    /// When a fault of the scenario strikes.
    FaultTime = 93,
    /// How long a fault lasts.
    FaultLength = 94,
    /// Whom a fault strikes.
    FaultTarget = 95,
    /// When users resize containers.
    ResizeTime = 96,

    /// What is there already when a run starts in equilibrium.
    Equilibrium = 110,
    /// How much of its time is left to what is there when a run starts.
    Residual = 111,

    /// By how much the rate of requests to a service departs from its curve.
    RequestRate = 130,
    /// How late clients act on a change of a pod's readiness.
    Endpoint = 131,
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
    #[inline]
    const fn at([seed, purpose, entity, draw]: [u64; 4]) -> Self {
        Self { state: absorb(absorb(absorb(absorb(0, seed), purpose), entity), draw) }
    }

    /// A number strictly between 0 and 1, in steps of 2^-52: safe under logarithm, as divisor and at `1 - u`.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        open_unit(self.word())
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

/// Half a step keeps both ends out; with 53 bits instead of 52 the largest would round up to 1.
#[inline]
const fn open_unit(word: u64) -> f64 {
    ((word >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
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

#[cfg(test)]
mod tests {
    use rand::{Rng, RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Of a Kolmogorov-Smirnov test of 10,000 numbers at 5 %.
    const KS_CRITICAL: f64 = 0.013_564_202_8;
    const COUNT: u64 = 10_000;

    /// The key words of neighbouring streams: all alike but for the `varied` word, which counts.
    fn neighbours(varied: usize) -> impl Iterator<Item = [u64; 4]> {
        (0..COUNT).map(move |number| {
            let mut words = [2026, Purpose::Lifetime as u64, 7, 0];
            words[varied] = number;
            words
        })
    }

    /// What the hash generator is checked against: the same address as the key of a stream cipher.
    fn chacha(words: [u64; 4]) -> ChaCha8Rng {
        let mut key = [0; 32];
        for (slot, word) in key.chunks_exact_mut(8).zip(words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }

    /// The largest distance of the distribution of `numbers` from the uniform one.
    fn distance(mut numbers: Vec<f64>) -> f64 {
        numbers.sort_by(f64::total_cmp);
        let n = numbers.len() as f64;
        let gap = |(below, number): (usize, &f64)| (number - below as f64 / n).max((below + 1) as f64 / n - number);
        numbers.iter().enumerate().map(gap).fold(0.0, f64::max)
    }

    /// By how many standard deviations chi-square exceeds its mean when `items` fall into `cells`.
    fn unevenness(items: impl Iterator<Item = usize>, cells: usize) -> f64 {
        let mut counts = vec![0.0; cells];
        items.for_each(|cell| counts[cell] += 1.0);
        let expected = counts.iter().sum::<f64>() / cells as f64;
        let chi_square: f64 = counts.iter().map(|count: &f64| (count - expected).powi(2) / expected).sum();
        let degrees = (cells - 1) as f64;
        (chi_square - degrees) / (2.0 * degrees).sqrt()
    }

    /// The correlation of pairs of uniform numbers, in standard deviations.
    fn correlation(pairs: &[(f64, f64)]) -> f64 {
        let sum: f64 = pairs.iter().map(|(a, b)| (a - 0.5) * (b - 0.5)).sum();
        sum * 12.0 / (pairs.len() as f64).sqrt()
    }

    /// By how many standard deviations pairs of uniform numbers depart from filling the square evenly and uncorrelated.
    fn departures(pairs: &[(f64, f64)]) -> [f64; 2] {
        let cell = |(a, b): &(f64, f64)| (a * 16.0) as usize * 16 + (b * 16.0) as usize;
        [unevenness(pairs.iter().map(cell), 256), correlation(pairs)]
    }

    /// Whether the streams that `make` builds at neighbouring addresses look independent, in their first two numbers.
    fn passes<R: Rng>(make: impl Fn([u64; 4]) -> R, varied: usize) -> bool {
        let both: Vec<[f64; 2]> = neighbours(varied).map(|words| make(words).random()).collect();
        let successive = both.iter().map(|of| (of[0], of[1])).collect();
        let adjacent = both.windows(2).map(|of| (of[0][0], of[1][0])).collect();
        let crossed = both.windows(2).map(|of| (of[0][1], of[1][0])).collect();
        let pairs: [Vec<_>; 3] = [successive, adjacent, crossed];
        let bytes = neighbours(varied).flat_map(|words| make(words).next_u64().to_le_bytes()).map(usize::from);
        let mut deviations = pairs.iter().flat_map(|pairs| departures(pairs)).chain([unevenness(bytes, 256)]);
        deviations.all(|deviation| deviation.abs() < 3.5) && distance(both.iter().map(|of| of[0]).collect()) < KS_CRITICAL
    }

    #[test]
    fn neighbouring_streams_look_independent() {
        for varied in 0..4 {
            assert!(passes(Stream::at, varied), "word {varied}");
        }
    }

    #[test]
    fn a_stream_cipher_passes_the_same_tests_and_a_plain_sum_does_not() {
        let sum = |words: [u64; 4]| Stream { state: words.iter().sum::<u64>().wrapping_mul(GOLDEN) };
        for varied in 0..4 {
            assert!(passes(chacha, varied), "word {varied}");
            assert!(!passes(sum, varied), "each such stream is the one before without its first number");
        }
    }

    #[test]
    fn one_long_stream_is_even_and_uncorrelated() {
        let mut stream = Seed(11).stream(Purpose::Equilibrium, 0, 0);
        let mut bytes = vec![0; 1 << 20];
        stream.fill_bytes(&mut bytes);
        assert!(unevenness(bytes.iter().map(|byte| usize::from(*byte)), 256).abs() < 3.5);
        assert!(unevenness(bytes.chunks_exact(2).map(|two| usize::from(two[0]) << 8 | usize::from(two[1])), 1 << 16).abs() < 3.5);
        let numbers: Vec<f64> = (0..100_000).map(|_| stream.unit()).collect();
        for lag in 1..=10 {
            let pairs: Vec<_> = numbers.iter().copied().zip(numbers[lag..].iter().copied()).collect();
            assert!(correlation(&pairs).abs() < 3.5, "lag {lag}");
        }
    }

    #[test]
    fn each_bit_of_an_address_flips_each_bit_of_the_first_number_half_the_time() {
        const KEYS: u64 = 4096;
        let flips = |word: usize, bit: u32| {
            let mut counts = [0_u64; 64];
            for key in 0..KEYS {
                let words = [key, key % 112, key.wrapping_mul(GOLDEN), key / 64];
                let mut other = words;
                other[word] ^= 1 << bit;
                let changed = Stream::at(words).next_u64() ^ Stream::at(other).next_u64();
                counts.iter_mut().enumerate().for_each(|(place, count)| *count += changed >> place & 1);
            }
            counts
        };
        // 5.5 standard deviations: one of 16,384 counts exceeds them with a probability below one in a thousand.
        let slack = 5.5 * (KEYS as f64).sqrt() / 2.0;
        for (word, bit) in (0..4).flat_map(|word| (0..64).map(move |bit| (word, bit))) {
            for count in flips(word, bit) {
                assert!((count as f64 - KEYS as f64 / 2.0).abs() < slack, "word {word}, bit {bit}: {count}");
            }
        }
    }

    #[test]
    fn streams_continue_as_published_for_splitmix64() {
        let mut stream = Stream { state: 1_234_567 };
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431];
        assert_eq!(published.map(|_| stream.next_u64()), published);
    }

    #[test]
    fn a_number_strictly_between_zero_and_one_stays_so_at_the_edges() {
        assert!(open_unit(0) > 0.0 && open_unit(u64::MAX) < 1.0);
        assert!((1.0 - open_unit(u64::MAX) - open_unit(0)).abs() <= 0.0, "both ends are as far away");
    }

    #[test]
    fn replication_zero_is_the_seed_itself_and_all_others_differ() {
        assert_eq!(Seed(5).replication(0), Seed(5));
        let mut seeds: Vec<Seed> = (0..10).flat_map(|seed| (0..1000).map(move |r| Seed(seed).replication(r))).collect();
        seeds.sort();
        seeds.dedup();
        assert_eq!(seeds.len(), 10_000);
    }

    #[test]
    fn entities_are_told_apart_by_order_and_count_of_their_parts() {
        let small: Vec<[u64; 3]> = (0..27_000).map(|n| [n % 30, n / 30 % 30, n / 900]).collect();
        let mut numbers: Vec<u64> = small.iter().flat_map(|parts| [entity_of(parts), entity_of(&parts[..2])]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 27_000 + 900);
    }

    #[test]
    fn results_of_earlier_versions_stay_as_they_were() {
        let mut stream = Seed(1).stream(Purpose::Lifetime, 2, 3);
        assert_eq!([(); 3].map(|()| stream.next_u64()), [0x97e9_4132_ca61_9608, 0xfe21_4100_01da_dbd7, 0xdf8a_1d0d_5f8b_ab2f]);
        assert_eq!(Seed(0).stream(Purpose::Lifetime, 0, 0).next_u64(), 0xb9b2_8d13_dcda_8688);
        assert_eq!(Seed(1).replication(1), Seed(0xd016_7853_ea77_9cc1));
        assert_eq!(entity_of(&[1, 2, 3]), 0xb02a_4b55_9390_765b);
    }

    #[test]
    fn purposes_keep_their_numbers() {
        #[rustfmt::skip]
        let numbers = [
            (Purpose::Lifetime, 10), (Purpose::Arrival, 11), (Purpose::Batch, 12), (Purpose::Replicas, 13),
            (Purpose::Request, 14), (Purpose::Scale, 15), (Purpose::Release, 16),
            (Purpose::Run, 30), (Purpose::Exit, 31), (Purpose::Crash, 32), (Purpose::Hang, 33),
            (Purpose::HangLength, 34), (Purpose::Ready, 35), (Purpose::Shutdown, 36), (Purpose::Usage, 37),
            (Purpose::ImagePull, 50), (Purpose::Sandbox, 51), (Purpose::Network, 52), (Purpose::ContainerStart, 53),
            (Purpose::Volume, 54), (Purpose::Sync, 55),
            (Purpose::Watch, 70), (Purpose::Relist, 71), (Purpose::Api, 72), (Purpose::Bind, 73), (Purpose::TieBreak, 74),
            (Purpose::Patch, 75),
            (Purpose::NodeFailure, 90), (Purpose::NodeRepair, 91),
            (Purpose::Equilibrium, 110), (Purpose::Residual, 111),
            (Purpose::RequestRate, 130), (Purpose::Endpoint, 131),
        ];
        for (purpose, number) in numbers {
            assert_eq!(purpose as u16, number, "{purpose:?}");
        }
    }
}
