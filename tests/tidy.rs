//! The house rules that a compiler does not check, read from the source: layers, file length, file headers, banned
//! words. Each message says where, what, and what to do instead.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The layer of each module of the crate. A module imports lower layers only, never its neighbours in its own.
/// A new edge is a change of the design: argue for it in its own commit.
const LAYERS: [(&str, u32); 22] = [
    ("engine", 0),
    ("model", 1),
    ("api", 2),
    ("cluster", 3),
    ("machines", 3),
    ("scheduler", 4),
    ("controllers", 4),
    ("kubelet", 4),
    ("workload", 4),
    ("faults", 4),
    ("kubectl", 4),
    ("record", 4),
    ("scenario", 4),
    ("simulation", 5),
    ("report", 6),
    ("import", 7),
    ("sweep", 7),
    ("capacity", 8),
    ("compare", 8),
    ("cli", 9),
    // The crate's root and the program's: they see everything.
    ("lib", 10),
    ("main", 10),
];

/// No file is longer, tests inside included.
const MOST_LINES: usize = 500;

/// What must not stand in any source file, and what to do instead. Written in pieces, so that this file passes.
const BANNED: [(&str, &str); 8] = [
    (concat!("TO", "DO"), "do it now, or open an issue and say what is missing in docs/fidelity.md"),
    (concat!("FIX", "ME"), "fix it before the commit"),
    (concat!("XX", "X"), "say in a sentence what is odd, and why it has to be"),
    (concat!("HA", "CK"), "say in a sentence what is odd, and why it has to be"),
    (concat!("db", "g!("), "assert what you wanted to see in a test"),
    (concat!("to", "do!("), "return a typed error, or leave the path out until it works"),
    (concat!("un", "implemented!("), "return a typed error, or leave the path out until it works"),
    (concat!("[al", "low("), "use #[expect(lint, reason = \"…\")], which tells when it is no longer needed"),
];

/// Float methods whose last bits differ between platforms, beyond those that clippy.toml knows by type.
const PLATFORM_FLOATS: [&str; 19] = [
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sin_cos", "exp", "exp2", "exp_m1", "ln",
    "ln_1p", "log2", "log10", "powf", "cbrt",
];

/// Names of files that tell nothing of what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "common", "helpers", "misc", "manager2"];

struct Source {
    /// As printed: from the root of the repository.
    path: String,
    text: String,
}

impl Source {
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// Lines that are code: no comment lines; what follows `//` is cut off unless it is inside a string.
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().map(|(number, line)| (number, line.find("//").map_or(line, |at| code_before(line, at))))
    }
}

/// `line` up to the comment at `at`, or all of it where a quote is open there (`"https://…"`).
fn code_before(line: &str, at: usize) -> &str {
    if line[..at].matches('"').count().is_multiple_of(2) { &line[..at] } else { line }
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in folders {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    assert!(!paths.is_empty(), "no source files under {folders:?}");
    paths
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).expect("source files are UTF-8"),
            path: path.strip_prefix(root).expect("it was found there").to_string_lossy().replace('\\', "/"),
        })
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Fails with all of the messages, one a line.
fn report(messages: &[String]) {
    let mut text = String::new();
    for message in messages {
        writeln!(text, "  {message}").expect("a String takes everything");
    }
    assert!(messages.is_empty(), "{} house rules are broken:\n{text}", messages.len());
}

/// The module of the crate that a file under `src/` belongs to.
fn module_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

/// The modules of this crate that a text names after `crate::`, with their lines; also those in braces, over lines.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut code = String::new();
    let mut begins = Vec::new();
    for (number, line) in source.code_lines() {
        begins.push((code.len(), number));
        code.push_str(line);
        code.push('\n');
    }
    let line_at = |at: usize| begins[begins.partition_point(|&(begin, _)| begin <= at) - 1].1;
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` of a macro counts as well; `my_crate::` does not.
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let names = if let Some(braces) = rest.strip_prefix('{') { top_names(braces) } else { vec![first_name(rest)] };
        found.extend(names.into_iter().map(|name| (line_at(at), name)));
    }
    found
}

/// The modules of this crate that a file reaches by climbing to the root, `super::super::name`.
fn climbs(source: &Source) -> Vec<(usize, String)> {
    let inside = source.path.strip_prefix("src/").unwrap_or(&source.path);
    let parts = inside.split('/').filter(|part| *part != "mod.rs").count();
    let mut depth = parts;
    let mut found = Vec::new();
    for (number, line) in source.code_lines() {
        if line.trim() == "#[cfg(test)]" {
            // The tests of a file are a module inside it, and its last part.
            depth = parts + 1;
        }
        for chain in line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let names: Vec<&str> = chain.split("::").collect();
            let climbed = names.iter().take_while(|name| **name == "super").count();
            if climbed >= depth && names.len() > climbed {
                found.push((number, names[climbed].to_owned()));
            }
        }
    }
    found
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first name of each part of `a::b, c::{d, e}, f}…`.
fn top_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut begins) = (0, true);
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if character.is_whitespace() => {}
            _ if begins => {
                names.push(first_name(&text[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn every_module_imports_lower_layers_only() {
    let layers: BTreeMap<&str, u32> = LAYERS.into_iter().collect();
    let mut messages = Vec::new();
    for source in sources(&["src"]) {
        let module = module_of(&source.path);
        let Some(&layer) = layers.get(module) else {
            messages.push(format!(
                "{}:1: module `{module}` has no layer: put it into LAYERS in tests/tidy.rs and into the design",
                source.path
            ));
            continue;
        };
        for (line, name) in imports(&source).into_iter().chain(climbs(&source)) {
            let Some(&other) = layers.get(name.as_str()) else { continue };
            if name != module && other >= layer {
                messages.push(format!(
                    "{}:{line}: `{module}` (layer {layer}) imports `{name}` (layer {other}): move what both need to a \
                     lower layer, or let the hubs (cluster, machines) carry it",
                    source.path
                ));
            }
        }
    }
    report(&messages);
}

#[test]
fn no_file_is_too_long() {
    let long = |source: &Source| {
        let lines = source.text.lines().count();
        (lines > MOST_LINES).then(|| {
            format!("{}:{lines}: {lines} lines, at most {MOST_LINES}: split it by stage of the decision", source.path)
        })
    };
    report(&sources(&["src", "tests", "benches"]).iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    let silent = |source: &Source| {
        let says = source.text.lines().next().and_then(|line| line.strip_prefix("//! "));
        says.is_none_or(|says| !says.contains(char::is_alphabetic)).then(|| {
            format!("{}:1: no header: begin with `//!`, what the file is for and what it must not do", source.path)
        })
    };
    report(&sources(&["src", "tests", "benches"]).iter().filter_map(silent).collect::<Vec<_>>());
}

#[test]
fn no_file_name_is_empty_of_meaning() {
    let empty = |source: &Source| {
        let part = source.path.split('/').find(|part| EMPTY_NAMES.contains(&part.trim_end_matches(".rs")))?;
        Some(format!("{}:1: `{part}` says nothing: name the file after what is in it", source.path))
    };
    report(&sources(&["src", "tests", "benches"]).iter().filter_map(empty).collect::<Vec<_>>());
}

#[test]
fn no_banned_word_is_left() {
    let mut messages = Vec::new();
    for source in sources(&["src", "tests", "benches"]) {
        for (line, text) in source.lines() {
            for (word, instead) in BANNED {
                if contains_word(text, word) {
                    messages.push(format!("{}:{line}: `{word}`: {instead}", source.path));
                }
            }
        }
    }
    report(&messages);
}

/// Is `word` in `text`, and, where it begins or ends with a letter, not as a part of a longer one?
fn contains_word(text: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let continues_before = word.starts_with(is_letter) && text[..at].ends_with(is_letter);
        let continues_after = word.ends_with(is_letter) && text[at + word.len()..].starts_with(is_letter);
        !continues_before && !continues_after
    })
}

#[test]
fn no_result_depends_on_the_platforms_float_functions() {
    let mut messages = Vec::new();
    for source in sources(&["src"]) {
        for (line, text) in source.code_lines() {
            if text.contains(".max(0.0)") {
                messages.push(format!("{}:{line}: `max` of zeros may be -0.0: use NonNegative", source.path));
            }
            for method in PLATFORM_FLOATS {
                let called = [format!(".{method}()"), format!("f64::{method}"), format!("f32::{method}")];
                // `.powf(x)` takes an argument.
                if called.iter().any(|call| contains_word(text, call)) || method == "powf" && text.contains(".powf(") {
                    messages.push(format!(
                        "{}:{line}: `{method}` of the platform: use the one of libm, equal everywhere",
                        source.path
                    ));
                }
            }
        }
    }
    report(&messages);
}

#[test]
fn imports_are_found_wherever_they_stand() {
    let source = Source {
        path: "src/x.rs".to_owned(),
        text: "use crate::a::B;\nuse crate::{\n    b::{C, D},\n    c::E,\n};\nfn f(x: crate::d::X) {} // crate::e::X\n\
               let url = \"https://crate::f::Y\";\nuse my_crate::g;\n"
            .to_owned(),
    };
    let found: Vec<_> = imports(&source);
    let expected = [(1, "a"), (2, "b"), (2, "c"), (6, "d"), (7, "f")];
    assert_eq!(found, expected.map(|(line, name)| (line, name.to_owned())));
}

#[test]
fn climbing_to_the_root_is_an_import() {
    let source = |path: &str| Source {
        path: path.to_owned(),
        text: "use super::kubelet::A;\n#[cfg(test)]\nmod tests {\n    use super::super::record::B;\n}\n".to_owned(),
    };
    let expected = [(1, "kubelet".to_owned()), (4, "record".to_owned())];
    assert_eq!(climbs(&source("src/scheduler/mod.rs")), expected);
    assert_eq!(climbs(&source("src/scheduler/queue.rs")), []);
}

#[test]
fn words_are_matched_whole() {
    assert!(contains_word("// XX: later", "XX") && !contains_word("// XXL", "XX") && !contains_word("aXX", "XX"));
    assert!(contains_word("x.sin()", ".sin()") && contains_word("f64::ln(2.0)", "f64::ln"));
    assert!(!contains_word("f64::ln_like", "f64::ln"));
}
