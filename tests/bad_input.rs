//! Files that nobody should be able to hurt the program with: each is one clear error, soon, with exit status 2, and
//! nothing is written.
#![expect(clippy::disallowed_types, reason = "how long it takes is what is looked at")]

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// An unoptimised build on a busy machine is ten times slower than the second that is promised.
const SOON: Duration = Duration::from_secs(15);

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kubelapse-bad-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder is writable");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The error that `run` prints of a file.
fn refusal(name: &str, content: &[u8]) -> String {
    let scratch = Scratch::new(name);
    let file = scratch.0.join("input.yaml");
    std::fs::write(&file, content).expect("the temporary folder is writable");
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_kubelapse"))
        .current_dir(&scratch.0)
        .args(["run", "input.yaml", "--out", "results"])
        .output()
        .expect("the program was built");
    assert!(start.elapsed() < SOON, "{name} took {:?}", start.elapsed());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
    assert!(!scratch.0.join("results").exists(), "{name} left results");
    assert!(stderr.len() < 20_000, "{name} prints {} bytes", stderr.len());
    assert!(!stderr.contains("panicked"), "{name}: {stderr}");
    stderr
}

#[test]
fn scripts_at_which_the_parser_panics_are_their_containers_matter() {
    let scratch = Scratch::new("script");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: bad }\nspec:\n  restartPolicy: Never\n  containers:\n\
               \x20 - { name: c, image: 'busybox:1.36', command: [ sh, -c, \"echo it's $( (1<<9)\" ] }\n\
               \x20 - { name: d, image: 'busybox:1.36', command: [ sh, -c, 'echo $( (1<<9)' ] }\n";
    std::fs::write(scratch.0.join("pod.yaml"), pod).expect("the temporary folder is writable");
    let output = Command::new(env!("CARGO_BIN_EXE_kubelapse"))
        .current_dir(&scratch.0)
        .args(["run", "pod.yaml", "--out", "results"])
        .output()
        .expect("the program was built");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn deep_nesting_is_refused() {
    let text = |open: &str, close: &str| format!("{}{}", open.repeat(200_000), close.repeat(200_000));
    for (name, content) in [
        ("yaml-lists", text("[", "]")),
        ("yaml-maps", format!("a: {}", text("{a: ", "}"))),
        ("json", format!("{{\"a\": {}}}", text("[", "]"))),
        ("yaml-blocks", (0..3000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()),
    ] {
        let refusal = refusal(name, content.as_bytes());
        assert!(refusal.contains("depth") || refusal.contains("recursion limit"), "{name}: {refusal}");
    }
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
    }
    assert!(refusal("bomb", text.as_bytes()).contains("excessive aliasing"));
}

#[test]
fn an_alias_within_itself_is_refused() {
    refusal("cycle", b"a: &a\n  b: *a\n");
    refusal("merge-cycle", b"a: &a\n  <<: *a\n");
}

#[test]
fn what_is_no_text_is_refused() {
    refusal("latin-1", b"apiVersion: v1\nkind: Pod\nmetadata: {name: \xe4}\n");
    refusal("zeros", &[0; 4096]);
    refusal("utf-16", b"\xff\xfea\0p\0i\0");
}

#[test]
fn absurd_numbers_are_refused() {
    let deployment = |replicas: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{a: b}}}}\n  template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, image: x}}]}}}}\n"
        )
    };
    for replicas in ["99999999999999999999", "1e400", "-1", ".nan", "0x1FFFFFFFFFFFFFFFFF"] {
        refusal("replicas", deployment(replicas).as_bytes());
    }
    let request = |amount: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: c, image: x, resources: {{requests: {{cpu: \"{amount}\"}}}}}}]}}\n"
        )
    };
    for amount in ["-1", "1e", &format!("{}x", "9".repeat(10_000))] {
        refusal("request", request(amount).as_bytes());
    }
}
