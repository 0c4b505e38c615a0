//! `fuzz/run shell 300`.

#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(
    // The parser's panics, which the shell contains, are no findings.
    init: kubelapse::workload::shell::silence_parser(),
    |text: &str| targets::shell(text)
);
