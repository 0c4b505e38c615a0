//! `cargo +nightly fuzz run quantity`.

#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::quantity(text));
