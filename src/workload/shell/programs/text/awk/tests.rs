//! awk programs with what the real one (mawk, gawk or busybox, where they agree) prints.

use super::*;

/// Output and status of a program over some lines; or its error.
fn awk(program: &str, input: &str) -> Result<(String, i32), AwkError> {
    let mut awk = Awk::new(program)?;
    let mut out = Vec::new();
    if awk.begin(&mut out) {
        awk.begin_file("-");
        for line in input.lines() {
            if awk.line(line.as_bytes(), &mut out) {
                break;
            }
        }
    }
    let status = awk.end(&mut out);
    match awk.error {
        Some(error) => Err(error),
        None => Ok((String::from_utf8_lossy(&out).into_owned(), status)),
    }
}

const TABLE: &str = "NAME READY STATUS\nweb-0 1/1 Running\nweb-1 0/1 Pending\ndb-0 1/1 Running\n";

#[test]
fn programs_print_what_the_real_ones_do() {
    for (program, input, expected) in [
        ("{print $1}", "a b\nc d\n", "a\nc\n"),
        ("NR>1 {print $1, $3}", TABLE, "web-0 Running\nweb-1 Pending\ndb-0 Running\n"),
        ("/Running/ {n++} END {print n}", TABLE, "2\n"),
        ("$3 == \"Pending\" {print $1; exit}", TABLE, "web-1\n"),
        ("$1 ~ /^web/ && $2 !~ /^1/", TABLE, "web-1 0/1 Pending\n"),
        ("{s += $1} END {print s, s/NR}", "1\n2\n4\n", "7 2.33333\n"),
        ("BEGIN {FS=\":\"} {print $2 \"-\" $1}", "a:b\n", "b-a\n"),
        ("{print NF, $NF, $(NF-1)}", "x y z\n", "3 z y\n"),
        ("{$2 = \"q\"; print; print NF}", "a b c\n", "a q c\n3\n"),
        ("BEGIN {OFS=\",\"} {$1=$1} 1", "a b c\n", "a,b,c\n"),
        (
            "BEGIN {printf \"%5.1f|%-4s|%03d|%x|%c%%\\n\", 3.14159, \"ab\", 7.9, 255, \"xyz\"}",
            "",
            "  3.1|ab  |007|ff|x%\n",
        ),
        ("BEGIN {for (i = 1; i <= 3; i++) s = s i; print s}", "", "123\n"),
        ("BEGIN {while (i < 3) i++; do i += 2; while (i < 6); print i}", "", "7\n"),
        ("{c[$1]++} END {for (k in c) print k, c[k]}", "b\na\nb\n", "a 1\nb 2\n"),
        (
            "BEGIN {a[\"x\"]; if (\"x\" in a) print \"in\"; delete a[\"x\"]; print length(a), (\"x\" in a)}",
            "",
            "in\n0 0\n",
        ),
        (
            "BEGIN {print length(\"abc\"), substr(\"hello\", 2, 3), index(\"hello\", \"l\"), toupper(\"a\")}",
            "",
            "3 ell 3 A\n",
        ),
        ("BEGIN {n = split(\"a:b:c\", p, \":\"); print n, p[1] p[3]}", "", "3 ac\n"),
        ("{gsub(/o/, \"<&>\"); print; print sub(/x/, \"\")}", "foo\n", "f<o><o>\n0\n"),
        ("BEGIN {print match(\"foobar\", /o+/), RSTART, RLENGTH}", "", "2 2 2\n"),
        (
            "BEGIN {print 1e6, 0.1 + 0.2, 1/3, 2^10, 7 % 3, -3 % 2, 100000 * 100000}",
            "",
            "1000000 0.3 0.333333 1024 1 -1 10000000000\n",
        ),
        ("BEGIN {print 1 \" \" 2, 3 - 1 \"x\"; print -1 \" \" -1}", "", "1 2 2x\n-1-1\n"),
        ("BEGIN {print (1 < 2) ? \"y\" : \"n\"; print (\"10\" < \"9\"), (10 < 9)}", "", "y\n1 0\n"),
        ("$1 > $2 {print \"more\"}", "10 9\nb a\n1 2\n", "more\nmore\n"),
        ("NR==2,NR==3 {print NR}", "a\nb\nc\nd\n", "2\n3\n"),
        ("NR % 2 == 0 {next} {print}", "a\nb\nc\n", "a\nc\n"),
        ("# all\n!seen[$0]++", "a\nb\na\n", "a\nb\n"),
        (
            "{ if ($1 > 5) print \"big\"; else if ($1 > 2) { print \"mid\" } else print \"small\" }",
            "9\n3\n1\n",
            "big\nmid\nsmall\n",
        ),
        (
            "BEGIN {x[1,2] = 3; for (k in x) {split(k, p, SUBSEP); print p[1], p[2]}; if ((1,2) in x) print \"yes\"}",
            "",
            "1 2\nyes\n",
        ),
        ("END {print NR, $0}", "a\nb\n", "2 b\n"),
        ("{print $1/2, 6/3/2}", "4\n", "2 1\n"),
        ("BEGIN {print substr(\"hello\", 0, 2) substr(\"hello\", -1), int(-3.7)}", "", "hhello -3\n"),
        ("{ i = 1; print $i++; print i }", "5 6\n", "5\n1\n"),
        ("BEGIN { print length \"x\" }", "", "0x\n"),
    ] {
        assert_eq!(awk(program, input), Ok((expected.to_owned(), 0)), "{program}");
    }
}

#[test]
fn exit_gives_the_status_and_runs_end() {
    assert_eq!(awk("BEGIN {exit 3} END {print \"end\"}", ""), Ok(("end\n".to_owned(), 3)));
    assert_eq!(awk("/b/ {exit 1}", "a\nb\n"), Ok((String::new(), 1)));
    assert_eq!(awk("{exit} END {exit 4}", "a\n"), Ok((String::new(), 4)));
}

#[test]
fn what_is_wrong_is_an_error_and_no_panic() {
    for (program, expected) in [
        ("{print", AwkError::Unfinished),
        ("{print \"a}", AwkError::Unfinished),
        ("/(/", AwkError::Regex("(".to_owned())),
        ("BEGIN {print 1/0}", AwkError::DivisionByZero),
        ("BEGIN {while (1) x++}", AwkError::Endless),
        ("function f(x) {return x}", AwkError::Unsupported("`function`".to_owned())),
        ("{print > \"f\"}", AwkError::Unsupported("output to files and pipes".to_owned())),
        ("BEGIN {RS=\";\"}", AwkError::Unsupported("`RS`".to_owned())),
        ("BEGIN {1 = 2}", AwkError::Unexpected("=".to_owned())),
        ("}", AwkError::Unexpected("}".to_owned())),
    ] {
        assert_eq!(awk(program, ""), Err(expected), "{program}");
    }
    for opener in ["(", "!", "-", "{", "$", "1+", "a[", "++"] {
        assert!(awk(&format!("BEGIN {{ x = {} }}", opener.repeat(5000)), "").is_err(), "{opener}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_a_panic(program in "[ -~\n]{0,40}", words in "[{}()$1a+*/\";<>=!~,. \n-]{0,40}") {
        let _ = awk(&program, "a b\n1 2\n");
        let _ = awk(&words, "a b\n1 2\n");
    }
}
