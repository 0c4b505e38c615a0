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

/// What a List in YAML is read as, object by object.
fn visited(text: &str) -> (Vec<Manifest>, Option<ReadError>) {
    let mut manifests = Vec::new();
    let error = visit(text, &mut |manifest| manifests.push(manifest));
    (manifests, error)
}

/// Is this one read object by object?
fn is_streamed(text: &str) -> bool {
    list::head(text, 1).expect("it is YAML").is_some()
}

#[test]
fn a_list_is_read_item_by_item_as_it_is_as_a_whole() {
    for text in [
        // As kubectl prints it: the kind comes last.
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n- apiVersion: v1\n  kind: Node\nkind: List\nmetadata:\n  resourceVersion: \"\"\n",
        "items:\n- {metadata: {name: a}}\n- metadata: &m {name: b}\n- metadata: *m\napiVersion: v1\nkind: ConfigMapList\n",
        "kind: List\nitems:\n  - kind: Pod\n    data: |\n      items:\n      - a\n  - kind: SecretList\n    items: [{a: 1}, {b: 2}]\n",
        "kind: List\nitems: []\n",
        "# first\n---\nkind: Pod\n---\nkind: List\nitems:\n- kind: Node\n---\nkind: Service\n",
        "kind: List\nitems:\n- text: \"one\n    - two\n    three\"\n- kind: Node\n",
    ] {
        let whole = read(text);
        assert_eq!(visited(text), (whole.manifests, None), "{text}");
        let list = text.split("---\n").find(|part| part.contains("items:")).expect("there is one");
        assert!(is_streamed(list), "{text}");
    }
}

#[test]
fn what_only_the_whole_tree_tells_is_read_as_a_whole() {
    for text in [
        "kind: List\nitems:\n- kind: Pod\nitems:\n- kind: Node\n",
        "kind: Pod\nkind: List\nitems:\n- kind: Pod\n",
        "x: &x\n  kind: PodList\n<<: *x\nitems:\n- a: 1\n",
        "kind: Template\nitems:\n- kind: Pod\n",
        "kind: List\nitems:\n  a: 1\n",
        "kind: List\nitems: &a\n- kind: Pod\n",
        "data: |\n  x\nitems:\n- kind: Pod\n",
    ] {
        assert!(!is_streamed(text), "{text}");
        assert_eq!(visited(text).0, read(text).manifests, "{text}");
    }
}

#[test]
fn of_a_broken_list_nothing_is_handed_on_and_its_line_is_the_files() {
    let text = "kind: Pod\n---\nkind: List\nitems:\n- kind: Pod\n- kind: [\nmetadata: {}\n";
    let (manifests, error) = visited(text);
    assert_eq!(manifests.len(), 1);
    assert_eq!(error, read(text).error);
    // An alias to nothing is found when its item is built.
    let (_, error) = visited("kind: List\nitems:\n- kind: Pod\n- a: *b\n");
    assert_eq!(error.map(|error| error.line()), Some(4));
}

#[test]
fn a_wrong_byte_of_json_is_named_as_go_names_it() {
    let message = |text: &str| read(text).error.expect("an error").to_string();
    for (text, found, offset) in
        [("{\u{feff}", "'ï'", 2), ("{é: 1}", "'Ã'", 2), ("{\u{1}", r"'\x01'", 2), ("{'", r"'\''", 2), ("{ 1", "'1'", 3)]
    {
        assert_eq!(
            message(text),
            format!("json: offset {offset}: invalid character {found} looking for beginning of object key string")
        );
    }
}

#[test]
fn json_is_visited_as_it_is_read() {
    let deep = format!("{{\"a\": 1}}\n{{\"a\": {}", "[".repeat(500)) + &"]".repeat(500) + "}";
    for text in [
        "{\"kind\": \"List\", \"items\": [{\"kind\": \"A\"}], \"kind\": \"B\"}",
        "{\"items\": [{\"a\": 1}], \"kind\": \"PodList\", \"apiVersion\": \"v1\"} 5 null true\n[1]\n\"x\"",
        "{\"kind\": \"List\", \"items\": [{\"a\": 1}], \"items\": []}",
        "{\"kind\": 7, \"items\": {\"a\": []}}\n{\"kind\": \"List\", \"items\": 1}",
        "{\"a\": 1}\n{\"b\": }",
        &deep,
    ] {
        let whole = read(text);
        let (manifests, error) = visited(text);
        assert_eq!((manifests, error), (whole.manifests, whole.error), "{text}");
    }
}
