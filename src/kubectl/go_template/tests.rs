//! Templates as Go prints them; recorded ones are in the conformance suite.

use serde_json::json;

use super::*;

fn printed(template: &str, root: &Value) -> String {
    let (out, result) = Template::parse(template).unwrap().print(root, true);
    assert_eq!(result, Ok(()), "{template}");
    out
}

#[test]
fn templates_print_as_go_prints_them() {
    let root = json!({
        "items": [{"name": "a", "ip": "1"}, {"name": "b"}], "data": {"k": "djE=", "l": "djI="}, "n": 3, "on": true,
    });
    for (template, text) in [
        ("{{.n}}", "3"),
        ("{{.nope.more}}", "<no value>"),
        ("{{range .items}}{{.name}} {{.ip}}{{\"\\n\"}}{{end}}", "a 1\nb <no value>\n"),
        ("{{range $k,$v := .data}}{{$k}}={{$v}};{{end}}", "k=djE=;l=djI=;"),
        ("{{.data.k | base64decode}}", "v1"),
        ("{{if .on}}yes{{else}}no{{end}}", "yes"),
        ("{{if eq .n 4}}four{{else if eq .n 3}}three{{end}}", "three"),
        ("{{ $x := .n -}}  {{ printf \"%s-%d\" \"a\" $x }}", "a-3"),
        ("{{index .items 1 \"name\"}} {{len .items}}", "b 2"),
        ("{{with .data}}{{.k}}{{end}}", "djE="),
        ("{{.data}}", "map[k:djE= l:djI=]"),
        ("{{range .items}}{{if eq .name \"b\"}}{{break}}{{end}}{{.name}}{{end}}", "a"),
        ("{{range .items}}{{if eq .name \"a\"}}{{continue}}{{end}}{{.name}}{{end}}", "b"),
        ("{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" .n}}", "<3>"),
        ("{{block \"z\" .}}{{.n}}{{end}}", "3"),
        ("{{html \"<a>\"}} {{urlquery \"a b\"}} {{slice \"List\" 1 3}} {{print .n 1 \"x\"}}", "&lt;a&gt; a+b is 3 1x"),
        ("{{(index .items 0).name}} {{or .nope .n}} {{and .n .on}}", "a 3 true"),
    ] {
        assert_eq!(printed(template, &root), text, "{template}");
    }
}

#[test]
fn failures_name_their_place() {
    let root = json!({"items": [{"name": "a"}], "kind": "List"});
    for (template, error) in [
        (
            "{{index .items 9}}",
            "1:2: executing \"output\" at <index .items 9>: error calling index: index out of range: 9",
        ),
        ("{{.kind.x}}", "1:7: executing \"output\" at <.kind.x>: can't evaluate field x in type interface {}"),
        ("{{range .kind}}x{{end}}", "1:8: executing \"output\" at <.kind>: range can't iterate over List"),
        (
            "{{if eq 1 \"a\"}}x{{end}}",
            "1:5: executing \"output\" at <eq 1 \"a\">: error calling eq: incompatible types for comparison",
        ),
        ("{{and}}", "1:2: executing \"output\" at <and>: wrong number of args for and: want at least 1 got 0"),
        ("a\n{{template \"b\"}}", "2:11: executing \"output\" at <{{template \"b\"}}>: template \"b\" not defined"),
    ] {
        let (_, result) = Template::parse(template).unwrap().print(&root, true);
        assert_eq!(result.unwrap_err(), format!("template: output:{error}"), "{template}");
    }
    for (template, error) in [
        ("{{", "unclosed action"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{range}}", "missing value for range"),
        ("{{foo}}", "function \"foo\" not defined"),
        ("{{$x}}", "undefined variable \"$x\""),
        ("{{range .items}}", "unexpected EOF"),
    ] {
        assert_eq!(Template::parse(template).unwrap_err(), format!("template: output:1: {error}"), "{template}");
    }
}
