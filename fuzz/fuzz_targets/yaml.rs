//! `fuzz/run yaml 300`.

#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::yaml_documents(text));
