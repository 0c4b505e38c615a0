//! Objects as they are printed.

use std::fs;

use serde_json::json;

use super::*;

#[test]
fn yaml_prints_as_kubectl_does() {
    let value = json!({
        "b": [{"x": 1, "y": "true"}, [1, 2], "plain"],
        "a": {"empty": {}, "none": [], "date": "2026-01-15T11:49:40Z", "colon": "a: b", "num": "5", "lit": "x\ny\n"},
    });
    let expected = concat!(
        "a:\n  colon: 'a: b'\n  date: \"2026-01-15T11:49:40Z\"\n  empty: {}\n  lit: |\n    x\n    y\n  none: []\n  num: \"5\"\n",
        "b:\n- x: 1\n  \"y\": \"true\"\n- - 1\n  - 2\n- plain\n"
    );
    assert_eq!(to_yaml(&value), expected);
}

/// Every `-o yaml` of one object in the recordings, read back and printed again, gives the same text.
#[test]
fn recorded_yaml_is_reproduced() {
    let Ok(folder) = fs::read_dir("/work/shared/golden/api/print") else { return };
    let mut compared = 0;
    for entry in folder {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        for case in file["cases"].as_array().into_iter().flatten() {
            let command = case["command"].to_string();
            let stdout = case["stdout"].as_str().unwrap_or_default();
            if !command.contains("\"yaml\"") || stdout.is_empty() || !stdout.contains("apiVersion") {
                continue;
            }
            let documents = crate::api::yaml::read(stdout);
            assert_eq!(documents.error, None);
            // Lists are flattened by the reader; single objects must come back as they were.
            if let [one] = documents.manifests.as_slice()
                && !stdout.contains("kind: List")
            {
                // The recording replaced a number that was quoted.
                assert_eq!(to_yaml(&one.value), stdout.replace("\"<RV>\"", "<RV>"), "{command}");
                compared += 1;
            }
        }
    }
    assert!(compared > 0);
}
