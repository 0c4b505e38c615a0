//! Templates as kubectl prints them; recorded ones are in the conformance suite.

use serde_json::json;

use super::*;

#[test]
fn templates_print_as_kubectl_prints_them() {
    let root = json!({"items": [
        {"name": "a", "labels": {"x": "1"}, "n": 5, "on": true},
        {"name": "b", "labels": {}, "n": 7, "list": [1, 2, 3]},
    ]});
    for (template, text) in [
        ("{.items[*].name}", "a b"),
        ("{range .items[*]}{.name}{\"\\t\"}{.n}{\"\\n\"}{end}", "a\t5\nb\t7\n"),
        ("{.items[0].labels}", "{\"x\":\"1\"}"),
        ("{.items[?(@.name==\"b\")].n}", "7"),
        ("{.items[?(@.n>5)].name}", "b"),
        ("{.items[-1].list[0:2]}", "1 2"),
        ("{..name}", "a b"),
        ("{.items[0].nope}", ""),
        ("{.items[0].name} and {.items[1].name}", "a and b"),
        ("{.items[0]['name']}", "a"),
        ("{range.items[*]}{.name};{end}", "a;b;"),
        ("{range .items[?(@.n>9)]}{.name}{end}none", "none"),
        ("{range .items[*]}{range .list[*]}{@},{end}{.name} {end}!", "a 1,2,3,b !"),
        ("{range .items[*]}{.name}", "ab"),
        ("{.items[0]['name','n']}", "a 5"),
        ("{1} {true} {1.5}", "1 true 1.5"),
        ("{.}x}", "x}"),
    ] {
        let printed = Template::parse(template).unwrap().print(&root, true).unwrap();
        assert_eq!(printed, text, "{template}");
    }
}

#[test]
fn what_cannot_be_followed_is_told_of() {
    let root = json!({"items": [{"name": "a", "n": 5}], "kind": "List"});
    for (template, error) in [
        ("{.items[5]}", "array index out of bounds: index 5, length 1"),
        ("{.items[0:3]}", "array index out of bounds: index 2, length 1"),
        ("{.items[0:1:0]}", "step must be > 0"),
        ("{.kind[0]}", "string is not array or slice"),
        ("{.items[?(@.n==\"5\")]}", "incompatible types for comparison"),
        ("{.items[?(@.n=5)]}", "unrecognized filter operator ="),
        ("{end}", "not in range, nothing to end"),
        ("{items}", "unrecognized identifier items"),
    ] {
        assert_eq!(Template::parse(template).unwrap().print(&root, true).unwrap_err(), error, "{template}");
    }
    assert_eq!(Template::parse("{.nope}").unwrap().print(&root, false).unwrap_err(), "nope is not found");
    for (template, error) in [
        ("{", "unclosed action"),
        ("{.items[}", "unterminated array"),
        ("{.items[a]}", "invalid array index a"),
        ("{.items[1:x]}", "invalid array index 1:x"),
        ("{(.kind)}", "unrecognized character in action: U+0028 '('"),
        ("{.items[?(@.n==\"1\"]}", "unterminated filter"),
        ("{\"a}", "unterminated quoted string"),
    ] {
        assert_eq!(Template::parse(template).unwrap_err(), error, "{template}");
    }
}
