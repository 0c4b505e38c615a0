//! Scripts with what the real dash 0.5 and bash 5.2 print and return for them (recorded, see the table's columns), and
//! what may not happen to any script.

use super::*;

/// Shell, script, standard output, status.
const RECORDED: &[(&str, &str, &str, i32)] = &[
    ("sh", r#"echo a  b   "c  d" 'e  f'"#, "a b c  d e  f\n", 0),
    ("sh", r#"x=5; echo $x ${x} "${x}y" '$x' \$x"#, "5 5 5y $x $x\n", 0),
    (
        "sh",
        r#"echo ${u:-def} ${u-def} ${u:+alt}; u=; echo "[${u:-def}]" "[${u-def}]" "[${u+alt}]""#,
        "def def\n[def] [] [alt]\n",
        0,
    ),
    ("sh", "echo ${v:=set} $v", "set set\n", 0),
    (
        "sh",
        "p=/usr/lib/a.tar.gz; echo ${p##*/} ${p%%.*} ${p%.*} ${p#*/} ${#p}",
        "a.tar.gz /usr/lib/a /usr/lib/a.tar usr/lib/a.tar.gz 17\n",
        0,
    ),
    (
        "sh",
        "echo $((1+2*3)) $(( (1+2)*3 )) $((7/2)) $((-7%3)) $((1<<4)) $((3>2&&2>1)) $((5==5?10:20))",
        "7 9 3 -1 16 1 10\n",
        0,
    ),
    ("sh", "i=3; i=$((i+1)); echo $i $((i*=2)) $i", "4 8 8\n", 0),
    ("sh", r#"echo $(echo inner; echo two) "$(echo inner; echo two)""#, "inner two inner\ntwo\n", 0),
    ("sh", r"echo `echo back \`echo nested\``", "back nested\n", 0),
    ("sh", "for i in 1 2 3; do echo n$i; done", "n1\nn2\nn3\n", 0),
    ("sh", "for i in a b c; do [ $i = b ] && continue; echo $i; done", "a\nc\n", 0),
    ("sh", "i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo $i; done; echo end $i", "1\n2\n3\nend 3\n", 0),
    ("sh", "i=0; until [ $i -ge 2 ]; do i=$((i+1)); done; echo $i", "2\n", 0),
    ("sh", "while true; do echo once; break; done; echo $?", "once\n0\n", 0),
    ("sh", "for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done", "1a\n2a\n", 0),
    ("sh", "for i in 1 2; do for j in a b; do [ $i$j = 1b ] && break 2; echo $i$j; done; done", "1a\n", 0),
    ("sh", "if false; then echo a; elif true; then echo b; else echo c; fi", "b\n", 0),
    ("sh", "if false; then echo a; fi; echo $?", "0\n", 0),
    ("sh", "case abc in a*) echo star;; *) echo other;; esac", "star\n", 0),
    ("sh", "case x in a|x|b) echo or;; esac", "or\n", 0),
    ("sh", r#"case "a b" in "a b") echo quoted;; esac; case z in y) ;; esac; echo $?"#, "quoted\n0\n", 0),
    ("sh", "f() { echo f $1 $#; return 3; }; f one two; echo $?", "f one 2\n3\n", 0),
    ("sh", "f() { local x=in; echo $x; }; x=out; f; echo $x", "in\nout\n", 0),
    ("sh", "(x=sub; echo $x; exit 4); echo $? $x", "sub\n4\n", 0),
    ("sh", "{ echo a; echo b; } | wc -l", "2\n", 0),
    ("sh", "echo one two three | tr a-z A-Z", "ONE TWO THREE\n", 0),
    ("sh", r"printf '%s-%s\n' a b c d", "a-b\nc-d\n", 0),
    ("sh", r"printf '%5d|%-5s|%05.1f|%x\n' 42 ab 3.14159 255", "   42|ab   |003.1|ff\n", 0),
    ("sh", "printf 'no newline'", "no newline", 0),
    ("sh", "echo hello > /tmp/T/f; cat /tmp/T/f; echo more >> /tmp/T/f; cat < /tmp/T/f | wc -l", "hello\n2\n", 0),
    ("sh", "echo err >&2; echo out", "out\n", 0),
    ("sh", "{ echo out; echo err >&2; } 2>&1 | sort", "err\nout\n", 0),
    ("sh", "ls /nonexistent 2>/dev/null || echo failed", "failed\n", 0),
    ("sh", "true && echo yes || echo no", "yes\n", 0),
    ("sh", "false && echo yes || echo no", "no\n", 0),
    ("sh", "! true; echo $?", "1\n", 0),
    (
        "sh",
        "set -- a b c; echo $# $1 $@; shift; echo $# $1; for x; do echo [$x]; done",
        "3 a a b c\n2 b\n[b]\n[c]\n",
        0,
    ),
    (
        "sh",
        r#"set -- "a b" c; for x in "$@"; do echo "<$x>"; done; for x in $*; do echo "<$x>"; done; echo "$*""#,
        "<a b>\n<c>\n<a>\n<b>\n<c>\na b c\n",
        0,
    ),
    ("sh", "IFS=:; x=a:b:c; for i in $x; do echo $i; done", "a\nb\nc\n", 0),
    ("sh", r#"x="a b  c"; echo $x; echo "$x""#, "a b c\na b  c\n", 0),
    ("sh", r#"echo "a\$b\"c\\d""#, "a$b\"c\\d\n", 0),
    ("sh", "cat <<EOF\nx is $((1+1))\n\"quoted\" 'single'\nEOF", "x is 2\n\"quoted\" 'single'\n", 0),
    ("sh", "cat <<'EOF'\nraw $x $(no)\nEOF", "raw $x $(no)\n", 0),
    ("sh", "cat <<-EOF\n\ttabs gone\nEOF", "tabs gone\n", 0),
    ("sh", "read a b <<EOF\none two three\nEOF", "", 0),
    ("sh", r#"echo "$a|$b""#, "|\n", 0),
    ("sh", r#"printf 'l1\nl2\nl3\n' | while read l; do echo "<$l>"; done"#, "<l1>\n<l2>\n<l3>\n", 0),
    ("sh", r"printf 'a:b:c\n' | { IFS=: read x y; echo $x $y; }", "a b:c\n", 0),
    ("sh", "set -e; false || true; echo still; false; echo never", "still\n", 1),
    ("sh", "set -e; if false; then :; fi; echo ok; (exit 3); echo never", "ok\n", 3),
    ("sh", "set -u; echo ${nope:-fine}; echo done", "fine\ndone\n", 0),
    ("sh", "trap 'echo bye' EXIT; echo hi; exit 3", "hi\nbye\n", 3),
    ("sh", "trap 'echo got' TERM; kill -TERM $$; echo after", "got\nafter\n", 0),
    ("sh", "sh -c 'exit 7'; echo $?", "7\n", 0),
    ("sh", "sh -c 'echo $0 $1' name arg", "name arg\n", 0),
    ("sh", "eval 'y=1; echo $y'; cmd='echo evaled'; eval $cmd", "1\nevaled\n", 0),
    ("sh", r#"x=1; export x; sh -c 'echo $x'; y=2 sh -c 'echo $y'; echo "[$y]""#, "1\n2\n[]\n", 0),
    ("sh", r#"test -d / && test ! -f /nope && [ -z "" ] && [ "a" != "b" ] && [ 3 -gt 2 ] && echo all"#, "all\n", 0),
    ("sh", "[ a = a -a b = b ]; echo $?; [ a = b -o b = b ]; echo $?", "0\n0\n", 0),
    ("sh", r#"test abc; echo $?; test; echo $?; [ -n "" ]; echo $?"#, "0\n1\n1\n", 0),
    (
        "sh",
        "cd /tmp/T && mkdir -p d/e && touch d/a.txt d/b.txt d/c.log && echo d/*.txt && ls d && rm -r d && ls",
        "d/a.txt d/b.txt\na.txt\nb.txt\nc.log\ne\n",
        0,
    ),
    ("sh", r#"cd /tmp/T && touch a1 a2 b1; echo a? [ab]1 z*; echo "a*""#, "a1 a2 a1 b1 z*\na*\n", 0),
    ("sh", "echo $(( 0x1f + 010 ))", "39\n", 0),
    (
        "sh",
        "seq 3 | sed 's/2/two/'; seq 5 | sed -n '2,4p'; seq 5 | sed '3d'; echo a/b | sed 's|/|-|g'",
        "1\ntwo\n3\n2\n3\n4\n1\n2\n4\n5\na-b\n",
        0,
    ),
    ("sh", r"echo foo123bar | sed 's/[0-9]\+/<&>/; s/\(foo\)/[\1]/'", "[foo]<123>bar\n", 0),
    ("sh", r"echo aXbXc | sed -E 's/(a)X(b)/\2\1/'; seq 3 | sed '$d'; seq 3 | sed 1q", "baXc\n1\n2\n1\n", 0),
    ("sh", r"printf 'b\na\nc\na\n' | sort | uniq -c | sed 's/^ *//'", "2 a\n1 b\n1 c\n", 0),
    (
        "sh",
        r"printf '10\n9\n2\n' | sort -n; printf '10\n9\n2\n' | sort; printf 'a 2\nb 1\n' | sort -k2",
        "2\n9\n10\n10\n2\n9\nb 1\na 2\n",
        0,
    ),
    ("sh", r"printf 'a,b,c\nd,e,f\n' | cut -d, -f2; echo hello | cut -c2-4", "b\ne\nell\n", 0),
    (
        "sh",
        "seq 300000 | tail -1; seq 5 -2 -1 | tr '\\n' ' '; seq -w 8 11 | head -1; seq -w -1 1; seq 3 1; seq 0.5 2; seq -s, 3",
        "300000\n5 3 1 -1 08\n-1\n00\n01\n0.5\n1.5\n1,2,3\n",
        0,
    ),
    ("sh", "seq 1 3000000000 | head -1; x=$(yes); echo $?", "1\n1\n", 0),
    ("sh", "seq 10 | head -3; seq 10 | tail -2; seq 10 | head -n -8", "1\n2\n3\n9\n10\n1\n2\n", 0),
    (
        "sh",
        r"printf 'foo\nbar\nFoo\n' | grep -c foo; printf 'foo\nbar\n' | grep -v foo; printf 'foo\nBar\n' | grep -i BAR",
        "1\nbar\nBar\n",
        0,
    ),
    (
        "sh",
        r"echo abc | grep -q b && echo match; echo abc | grep -q z || echo nomatch; printf 'a1\nb2\n' | grep -E '^[a-z]2$'",
        "match\nnomatch\nb2\n",
        0,
    ),
    ("sh", r"printf 'a\nb\n' | grep -n b; echo 'x=1 y=2' | grep -o '[a-z]=[0-9]'", "2:b\nx=1\ny=2\n", 0),
    ("sh", "echo a b c | wc -w; printf 'abc' | wc -c", "3\n3\n", 0),
    ("sh", "yes | head -2", "y\ny\n", 0),
    ("sh", "echo hello | tee /tmp/T/t; cat /tmp/T/t", "hello\nhello\n", 0),
    ("sh", "basename /a/b/c.txt .txt; dirname /a/b/c; basename /a/b/", "c\n/a/b\nb\n", 0),
    ("sh", r"expr 3 + 4; expr 2 \* 5; expr abc : 'a\(.\)c'; expr length hello", "7\n10\nb\n5\n", 0),
    ("sh", "echo one; exit 5; echo two", "one\n", 5),
    ("sh", "f() { return; }; false; f; echo $?", "1\n", 0),
    ("sh", "x=$(exit 3); echo $?", "3\n", 0),
    ("sh", "x=$(false) && echo yes || echo no", "no\n", 0),
    ("sh", "false | true; echo $?", "0\n", 0),
    ("sh", "echo a | cat | cat | cat", "a\n", 0),
    ("sh", "sleep 0 & wait $!; echo $?", "0\n", 0),
    ("sh", "(exit 9) & wait $!; echo $?", "9\n", 0),
    ("sh", "f() { echo in; } > /tmp/T/o; f; cat /tmp/T/o", "in\n", 0),
    ("sh", "for i in 1 2 3; do echo $i; done | tail -1", "3\n", 0),
    ("sh", "while read x; do echo \"r$x\"; done <<EOF\n1\n2\nEOF", "r1\nr2\n", 0),
    ("sh", "x=abc; case $x in [a-c]bc) echo class;; esac", "class\n", 0),
    ("sh", r#"echo ${x:-$(echo nested)} "${y:-a b}""#, "nested a b\n", 0),
    ("sh", "n=0; for f in a b c; do n=$((n+1)); done; echo $n", "3\n", 0),
    ("sh", "unset x; echo ${x-unset}; x=; echo ${x-unset}", "unset\n\n", 0),
    ("sh", "echo \"tab\ttab\" | tr '\\t' ' '", "tab tab\n", 0),
    ("sh", r"echo abc | tr -d b; echo aabbcc | tr -s a-c; echo 'a b' | tr ' ' '\n'", "ac\nabc\na\nb\n", 0),
    ("sh", "command -v cd; type nosuch >/dev/null 2>&1; echo $?", "cd\n127\n", 0),
    ("sh", "nosuch 2>/dev/null; echo $?", "127\n", 0),
    ("sh", "a=1 b=2; echo $a$b; a=$b b=$a; echo $a$b", "12\n22\n", 0),
    ("sh", ": ${x:=5}; echo $x", "5\n", 0),
    ("sh", "while :; do x=$((x+1)); if [ $x -gt 8 ]; then break; fi; done; echo $x", "9\n", 0),
    ("sh", "f() { if [ $1 -le 1 ]; then echo 1; else echo $(( $1 * $(f $(( $1 - 1 ))) )); fi; }; f 5", "120\n", 0),
    ("sh", "getopts ab: o -a -b val; echo $o; getopts ab: o -a -b val; echo $o $OPTARG", "a\nb val\n", 0),
    ("sh", "set -x; echo traced 2>/dev/null", "traced\n", 0),
    ("sh", "echo \"multi\nline\"", "multi\nline\n", 0),
    ("sh", "echo a; # comment", "a\n", 0),
    ("sh", r#"echo 'it'"'"'s'"#, "it's\n", 0),
    ("sh", r#"x='a*b'; echo "$x"; case 'a*b' in a\*b) echo lit;; esac"#, "a*b\nlit\n", 0),
    ("sh", "exec echo replaced; echo never", "replaced\n", 0),
    ("sh", "exec > /tmp/T/log; echo to log; cat /tmp/T/log >&2", "", 0),
    ("sh", "umask 022; umask", "0022\n", 0),
    ("sh", ". /dev/null; echo sourced $?", "sourced 0\n", 0),
    ("sh", "echo ${#} ${#x}", "0 0\n", 0),
    ("sh", "[ -e /dev/null ] && echo dev; echo x > /dev/null", "dev\n", 0),
    ("sh", r#"printf '%s\n' "$@" | wc -l"#, "1\n", 0),
    ("sh", r"printf '%b' 'a\tb\n'; printf '%%\n'; printf '%c\n' hello", "a\tb\n%\nh\n", 0),
    ("sh", "echo 1 2 3 | xargs -n1 echo; echo a b | xargs echo x", "1\n2\n3\nx a b\n", 0),
    ("sh", r"nl=0; printf '3\n1\n2\n' | sort -rn | head -1", "3\n", 0),
    ("sh", r#"[ "$(printf 'a\n\n')" = a ] && echo trimmed"#, "trimmed\n", 0),
    ("sh", "readonly r=1; echo $r", "1\n", 0),
    ("sh", "test 1 -eq 1 && test 2 -ne 3 && test 1 -le 1; echo $?", "0\n", 0),
    (
        "bash",
        r#"[[ abc == a* ]] && echo glob; [[ abc =~ ^a.c$ ]] && echo regex; [[ -z "" && 1 -lt 2 ]] && echo and"#,
        "glob\nregex\nand\n",
        0,
    ),
    ("bash", "echo {1..3} {a,b}c; for i in {1..3}; do echo $i; done", "1 2 3 ac bc\n1\n2\n3\n", 0),
    ("bash", "x=hello; echo ${x^} ${x^^} ${x:1:3} ${x/l/L} ${x//l/L}", "Hello HELLO ell heLlo heLLo\n", 0),
    ("bash", "((x=3)); echo $x; for ((i=0;i<3;i++)); do echo $i; done", "3\n0\n1\n2\n", 0),
    ("bash", r#"cat <<< "here string""#, "here string\n", 0),
    ("bash", "echo a &> /tmp/T/both; cat /tmp/T/both", "a\n", 0),
    ("bash", "set -o pipefail; false | true; echo $?", "1\n", 0),
    ("bash", "foo() { echo $FUNCNAMEX done; }; foo", "done\n", 0),
    ("bash", r"echo $'a\tb\n'", "a\tb\n\n", 0),
    ("bash", "nosuch 2>&1", "bash: line 1: nosuch: command not found\n", 127),
    ("bash", "i=5; ((i++)); echo $i; ((i>10)) || echo small", "6\nsmall\n", 0),
    ("bash", "function g { echo g; }; g", "g\n", 0),
    ("bash", "let y=3+4; echo $y", "7\n", 0),
    ("bash", "echo $((2**10))", "1024\n", 0),
];

#[test]
fn owners_of_what_a_link_leads_to_are_changed() {
    let (out, err, status, _) = run("cd /tmp; touch a; ln -s a l; chown 5:6 l; stat -c '%u:%g' a l");
    assert_eq!((out.as_str(), err.as_str(), status), ("5:6\n0:0\n", "", 0));
}

#[test]
fn scripts_do_what_the_real_shells_do() {
    let mut failures = String::new();
    for (shell, script, stdout, status) in RECORDED {
        let mut world = TestWorld::new();
        world.files.put_directory("/tmp/T");
        let mut process =
            Process::start(argv(&[shell, "-c", script]), Options { is_init: false, ..Options::default() });
        let (end, _) = finish(&mut process, &mut world, SimTime::ZERO);
        let (out, err) = world.text();
        if end != End::Exit(*status) || out != *stdout {
            failures += &format!("{script}\n  want {stdout:?} {status}\n  have {out:?} {end:?}\n  {err}\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

mod random {
    use proptest::prelude::*;

    use super::super::*;

    fn script() -> impl Strategy<Value = String> {
        let simple = prop::sample::select(vec![
            "echo a $x \"$@\"",
            "x=$((x+1))",
            "sleep 1",
            "false",
            "true",
            "cd /tmp",
            "echo b > /tmp/f",
            "cat /tmp/f",
            "break",
            "continue",
            "return 3",
            "exit 4",
            "set -e",
            "trap 'echo t' TERM EXIT",
            "kill $$",
            "wait",
            "read y",
            "local z=1",
            "shift",
            "yes | head -1",
            "[ $x -lt 3 ]",
            "seq 3 | sort -r",
            "sleep 2 &",
            "kill $!",
            "f",
            "set -u",
            "echo ${x:-$(echo d)}",
            "tail -f /tmp/f",
            "unset x",
            "eval 'x=2; break'",
            "echo $q | grep d",
            "exec 3>/tmp/g",
            "timeout 1 sleep 5",
            "x=$(sleep 1; echo 7)",
            "nosuch",
            "ls /",
            "rm -f /tmp/f",
            "printf '%s %d\\n' $x y",
            "sed s/a/b/ /tmp/f",
            "exec sleep 1",
            "cat",
            "x=$((x/0))",
            "return",
            "xargs -n 1 echo < /tmp/f",
        ]);
        simple.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}\n{b}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{ {a}\n}} && {{ {b}\n}}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{ {a}\n}} || {{ {b}\n}}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{ {a}\n}} | {{ {b}\n}}")),
                inner.clone().prop_map(|a| format!("({a}\n)")),
                inner.clone().prop_map(|a| format!("{{ {a}\n}} &")),
                inner.clone().prop_map(|a| format!("f() {{ {a}\n}}\nf 1 2")),
                inner.clone().prop_map(|a| format!("for i in 1 2 3; do {a}\ndone")),
                inner.clone().prop_map(|a| format!("while true; do {a}\ndone")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("if {a}\nthen {b}\nelse echo e; fi")),
                inner.clone().prop_map(|a| format!("case $x in 1) {a}\n;; *) echo c;; esac")),
                inner.prop_map(|a| format!("echo $({a}\n) 2>&1")),
            ]
        })
    }

    /// What a run shows in its first minutes, with TERM on the way.
    fn history(script: &str) -> (Vec<(SimTime, Step)>, Vec<u8>, Vec<u8>) {
        let mut world = TestWorld::new();
        let options = Options { commands_per_instant: 300, ..Options::default() };
        let mut process = Process::start(argv(&["sh", "-c", script]), options);
        let (mut steps, mut now) = (Vec::new(), SimTime::ZERO);
        for turn in 0..30 {
            let step = process.resume(now, &mut world);
            steps.push((now, step.clone()));
            let next = match step {
                Step::Exit(_) => break,
                Step::Sleep(until) => until,
                Step::Wait(wait) => wait.until.min(now + SimDuration::from_millis(700)),
                Step::Busy(_) => now + SimDuration::from_millis(100),
            };
            assert!(next > now, "{script}: no progress");
            now = next;
            if turn == 12 {
                process.signal(Signal::Term);
            }
        }
        (steps, world.stdout, world.stderr)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn scripts_never_panic_and_run_twice_the_same(script in script()) {
            prop_assert_eq!(history(&script), history(&script));
        }

        #[test]
        fn any_text_is_run_or_refused(script in "[ -~\n]{0,40}|[ a1\n$(){}<>'\"\\\\`;|&#=-]{0,30}") {
            let mut world = TestWorld::new();
            sh(&script).resume(SimTime::ZERO, &mut world);
            for (name, userland) in [("bash", Userland::RedHat), ("dash", Userland::Debian)] {
                let options = Options { userland, ..Options::default() };
                Process::start(argv(&[name, "-c", &script]), options).resume(SimTime::ZERO, &mut world);
                let _ = Process::understands(&argv(&["sh", "-c", &script]), userland);
            }
            let _ = Process::understands(&argv(&["sh", "-c", &script]), Userland::Busybox);
        }
    }
}
