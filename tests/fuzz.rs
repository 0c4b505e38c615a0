//! A bounded run of the fuzz targets: their corpus, what mutation makes of it, and random text. Longer runs are
//! cargo-fuzz's (`fuzz/`).
#![expect(clippy::disallowed_types, reason = "a hang is what is looked for")]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use targets::{TARGETS, Target};

/// No input of these sizes may take longer, in an unoptimised build on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);
/// Mutations of each target's corpus.
const MUTATIONS: u32 = 60;

fn corpus(name: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("each target has a corpus")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("the corpus is text"))).collect()
}

fn run((name, target): Target, text: &str) {
    let start = Instant::now();
    target(text);
    let taken = start.elapsed();
    assert!(taken < LONGEST, "{name} took {taken:?} for {:?}", text.chars().take(200).collect::<String>());
}

#[test]
fn the_corpus_of_every_target_ends_without_a_panic() {
    for target in TARGETS {
        for (path, text) in corpus(target.0) {
            let outcome = std::panic::catch_unwind(|| run(target, &text));
            assert!(outcome.is_ok(), "{}", path.display());
        }
    }
}

#[test]
fn every_target_has_its_file() {
    for (name, _) in TARGETS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets").join(name).with_extension("rs");
        assert!(file.exists(), "{}", file.display());
    }
}

/// A text of the corpus with pieces cut out, doubled, swapped with others' or replaced.
fn mutated(texts: &[String]) -> impl Strategy<Value = String> + use<> {
    let texts = texts.to_vec();
    let edit = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5_u8, any::<char>());
    let edits = prop::collection::vec(edit, 1..6);
    let pick = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), edits);
    pick.prop_map(move |(one, other, edits)| {
        let mut letters: Vec<char> = one.get(&texts).chars().take(2000).collect();
        let others: Vec<char> = other.get(&texts).chars().take(2000).collect();
        for (from, to, what, letter) in edits {
            if letters.is_empty() {
                break;
            }
            let (from, to) = (from.index(letters.len()), to.index(letters.len()));
            let (from, to) = (from.min(to), from.max(to));
            match what {
                0 => drop(letters.drain(from..to)),
                1 => letters.extend_from_within(from..to),
                2 => letters[from] = letter,
                3 => letters.insert(
                    from,
                    "{}[]()\"'\\$&|;*?!<>=:#-%".chars().nth(letter as usize % 23).expect("as many as there are"),
                ),
                _ => drop(letters.splice(from..to, others.iter().copied().take(50))),
            }
        }
        letters.into_iter().collect()
    })
}

#[test]
fn mutations_of_the_corpus_end_without_a_panic() {
    for target in TARGETS {
        let texts: Vec<String> = corpus(target.0).into_iter().map(|(_, text)| text).collect();
        let config = Config { cases: MUTATIONS, failure_persistence: None, ..Config::default() };
        let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, seed);
        let result = runner.run(&mutated(&texts), |text| {
            run(target, &text);
            Ok(())
        });
        result.unwrap_or_else(|failure| panic!("{}: {failure}", target.0));
    }
}
