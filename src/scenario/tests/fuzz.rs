//! Nothing that a file can hold makes the loader panic: it gives a plan or errors with codes.

use proptest::prelude::*;

use super::*;

/// Loads bytes as a file; whatever comes out must be well-formed.
fn survive(bytes: &[u8]) -> Result<(), TestCaseError> {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/scenario/tests")).to_path_buf();
    let file = match SourceFile::from_bytes("fuzz.yaml".to_owned(), bytes, directory) {
        Ok(file) => file,
        Err(diagnostic) => {
            prop_assert!(!diagnostic.message.is_empty());
            return Ok(());
        }
    };
    let found = match load_source(&file, &LoadOptions::default()) {
        Ok(plan) => plan.all_warnings(),
        Err(found) => {
            prop_assert!(found.has_errors());
            found
        }
    };
    // A carriage return by itself breaks a line of YAML too.
    let breaks = file.text.matches(['\n', '\r']).count();
    for diagnostic in &found.list {
        prop_assert!(checks::CODES.iter().any(|code| code.id == diagnostic.code));
        prop_assert!(!diagnostic.message.is_empty());
        prop_assert!(diagnostic.line <= breaks + 2, "{diagnostic}");
    }
    let _ = found.render(false);
    let _ = (load_sweeps(&file), load_capacity_plans(&file));
    Ok(())
}

/// Pieces of the format, to be put together wrongly.
const PIECES: [&str; 24] = [
    "apiVersion: kubelapse/v1\n",
    "kind: Scenario\n",
    "spec:\n",
    "  cluster:\n",
    "    nodes:\n",
    "      - name: a\n",
    "        count: 3\n",
    "  steps:\n",
    "    - at: 1s\n",
    "      kubectl: get pods\n",
    "  expect: [ { at: end, that: \"1 == 1\" } ]\n",
    "---\n",
    "...\n",
    "  seed: &a 1\n",
    "  until: *a\n",
    "  behaviors: [ { cpu: { sum: [ 1, { noise: 1 } ] } } ]\n",
    "  <<: { seed: 2 }\n",
    "  manifests: [ app.yaml, \"*\" ]\n",
    "  images: { registry: {}, nginx: { size: 1Mi } }\n",
    "\t",
    "{",
    "- ",
    "\"",
    "# \u{1F600}\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survive(&bytes)?;
    }

    #[test]
    fn pieces_in_any_order_never_panic(order in prop::collection::vec(0..PIECES.len(), 0..30)) {
        let text: String = order.into_iter().map(|piece| PIECES[piece]).collect();
        survive(text.as_bytes())?;
    }

    #[test]
    fn mutated_examples_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..12),
        sweep in any::<bool>(),
    ) {
        let text = if sweep { include_str!("sweep.yaml") } else { EXAMPLE };
        let mut bytes = text.as_bytes().to_vec();
        for (place, byte, how) in edits {
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        survive(&bytes)?;
    }

    #[test]
    fn a_replaced_scalar_of_the_example_never_panics(line in 0..120_usize, value in "[ -~]{0,12}") {
        let mut lines: Vec<String> = EXAMPLE.lines().map(str::to_owned).collect();
        let index = line % lines.len();
        if let Some(colon) = lines[index].find(": ") {
            lines[index].truncate(colon + 2);
            lines[index].push_str(&value);
        }
        survive(lines.join("\n").as_bytes())?;
    }

    #[test]
    fn paths_and_values_of_settings_never_panic(path in "[a-z.\\[\\]\"/:0-9]{0,20}", value in "[ -~]{0,10}") {
        let _ = set(EXAMPLE, &[&format!("{path}={value}")]);
    }

    #[test]
    fn expressions_never_panic(text in "[a-z()\\[\\].'0-9&|!<>=+* ,{}:?-]{0,60}") {
        let _ = expressions::check(&text);
    }
}
