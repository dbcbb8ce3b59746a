//! No input makes the loader panic, whatever it is.

use std::path::PathBuf;

use proptest::prelude::*;
use scenarios::{Overrides, check, load};

/// Loads and checks a text as if it were a file.
fn survive(bytes: &[u8]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("input-{:?}.yaml", std::thread::current().id()));
    std::fs::write(&path, bytes).expect("a place to write");
    let _ = load(&path, &Overrides::default());
    let _ = check(&[path]);
}

/// Words that mean something, so that mutations reach deep.
const WORDS: [&str; 16] =
    ["null", "-1", "1e99", "[]", "{}", "~", "''", ".nan", "99999999999999999999", "0s", "&a", "*a", "true", "\u{2028}", "1d", "- x"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_are_never_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survive(&bytes);
    }

    #[test]
    fn a_mutated_scenario_is_loaded_or_refused(cut in 0_usize..4_000, len in 0_usize..40, word in 0_usize..WORDS.len()) {
        for seed in ["tests/bad/never-fits-large.yaml", "library/documented/manifests/api-full.yaml"] {
            let mut bytes = std::fs::read(seed).unwrap();
            let start = cut % bytes.len();
            let end = (start + len).min(bytes.len());
            bytes.splice(start..end, WORDS[word].bytes());
            survive(&bytes);
        }
    }

    #[test]
    fn a_replaced_value_is_loaded_or_refused(line in 0_usize..60, word in 0_usize..WORDS.len()) {
        let text = std::fs::read_to_string("tests/bad/never-fits-large.yaml").unwrap();
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        let row = line % lines.len();
        if let Some((key, _)) = lines[row].clone().split_once(':') {
            lines[row] = format!("{key}: {}", WORDS[word]);
        }
        survive(lines.join("\n").as_bytes());
    }
}
