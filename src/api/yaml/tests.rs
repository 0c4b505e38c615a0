//! The manifest reader: YAML 1.1, JSON, Lists, and what is no manifest.

use serde_json::json;

use super::*;

fn one(text: &str) -> Value {
    let documents = read(text);
    assert_eq!(documents.error, None);
    documents.manifests.into_iter().next().expect("one document").value
}

#[test]
fn scalars_resolve_as_yaml_1_1() {
    let value = one(
        "a: 0400\nb: yes\nc: off\nd: 0x1F\ne: 1_000\nf: 1e3\ng: .5\nh: 12:30\ni: 2020-01-01\nj: ~\nk: '5'\nl: nO\nm: 1.25.3\no: -3\ny: key\n",
    );
    assert_eq!(
        value,
        json!({"a": 256, "b": true, "c": false, "d": 31, "e": 1000, "f": 1000, "g": 0.5, "h": "12:30", "i": "2020-01-01",
            "j": null, "k": "5", "l": "nO", "m": "1.25.3", "o": -3, "true": "key"})
    );
}

#[test]
fn merge_keys_fill_what_a_mapping_lacks() {
    let value = one("base: &b {p: 1, q: 2}\nother:\n  <<: *b\n  q: 3\n");
    assert_eq!(value["other"], json!({"p": 1, "q": 3}));
}

#[test]
fn the_last_of_equal_keys_wins_and_is_reported() {
    let documents = read("name: a\nname: b\n");
    assert_eq!(documents.manifests[0].value, json!({"name": "b"}));
    assert_eq!(documents.duplicates, [DuplicateKey { key: "name".to_owned(), line: 2 }]);
}

#[test]
fn empty_documents_are_skipped_and_lines_are_those_of_the_file() {
    let documents = read("# nothing\n---\n---\na: 1\n--- # next\nb: 2\n...\nignored\n");
    assert_eq!(
        documents.manifests.iter().map(|manifest| (manifest.index, manifest.line)).collect::<Vec<_>>(),
        [(0, 4), (1, 6)]
    );
}

#[test]
fn lists_are_flattened() {
    let documents = read("kind: ConfigMapList\napiVersion: v1\nitems:\n- metadata: {name: a}\n- kind: Secret\n");
    let kinds: Vec<_> = documents.manifests.iter().map(|manifest| manifest.value["kind"].clone()).collect();
    assert_eq!(kinds, ["ConfigMap", "Secret"]);
}

#[test]
fn alias_bombs_and_deep_nesting_are_refused_fast() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let previous = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![previous; 9].join(","));
    }
    assert!(read(&bomb).error.unwrap().to_string().contains("excessive aliasing"));
    let deep = format!("a: {}", "[".repeat(100_000));
    assert!(read(&deep).error.is_some());
    let json = "{\"a\":".repeat(100_000);
    assert!(read(&json).error.is_some());
}

#[test]
fn json_streams_are_read_like_documents() {
    let documents = read("{\"a\": 1}\n{\"b\": 2}\n");
    assert_eq!(documents.manifests.len(), 2);
    assert_eq!(documents.manifests[1].line, 2);
    let broken = read("{a: b}");
    assert_eq!(
        broken.error.unwrap().to_string(),
        "json: offset 2: invalid character 'a' looking for beginning of object key string"
    );
}
