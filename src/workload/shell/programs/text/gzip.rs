//! gzip, gunzip and zcat. What they pack has other bytes than real ones pack (and the same each time), and is unpacked alike.

use std::io::Read as _;

use flate2::Compression;
use flate2::read::{GzEncoder, MultiGzDecoder};

use super::super::super::kernel::TEXT_MAX;
use super::super::{Call, base_name};
use super::engine::put;

/// What is packed or unpacked to standard output.
#[derive(Clone, Debug)]
pub(super) struct Gzip {
    how: How,
    data: Vec<u8>,
    status: i32,
}

/// How the program was called.
#[derive(Clone, Copy, Debug)]
struct How {
    unpacks: bool,
    keeps: bool,
    is_forced: bool,
    /// Only looks whether a file can be unpacked.
    tests: bool,
}

/// What becomes of a call.
pub(super) enum Called {
    /// Files were replaced, or not: the status.
    Done(i32),
    /// Everything goes to standard output.
    Filter(Gzip),
}

/// Packs or unpacks files in their place, if some are named.
pub(super) fn call(call: &mut Call<'_, '_>, letters: &str, files: &[String]) -> Called {
    let name = base_name(&call.words[0]);
    let has = |letter: char| letters.contains(letter);
    let how =
        How { unpacks: name != "gzip" || has('d') || has('t'), keeps: has('k'), is_forced: has('f'), tests: has('t') };
    if files.is_empty() || name == "zcat" || has('c') || has('t') {
        return Called::Filter(Gzip { how, data: Vec::new(), status: 0 });
    }
    let statuses = files.iter().map(|file| how.replace(call, file));
    Called::Done(statuses.max().unwrap_or(0))
}

impl How {
    fn replace(self, call: &mut Call<'_, '_>, file: &str) -> i32 {
        let target = match (file.strip_suffix(".gz"), self.unpacks) {
            (Some(bare), true) => bare.to_owned(),
            (None, true) => {
                let dashes = if call.is_gnu() { "--" } else { "-" };
                complain(call, &format!("{file}: unknown suffix {dashes} ignored"));
                return if call.is_gnu() { 2 } else { 1 };
            }
            (Some(_), false) if call.is_gnu() && !self.is_forced => {
                complain(call, &format!("{file} already has .gz suffix -- unchanged"));
                return 2;
            }
            (_, false) => format!("{file}.gz"),
        };
        let (path, target_path) = (call.path(file), call.path(&target));
        let data = match call.context.read_file(&path) {
            Ok(data) => data,
            Err(error) => return complain(call, &format!("{file}: {error}")),
        };
        if !self.is_forced && call.context.read_file(&target_path).is_ok() {
            if call.is_gnu() {
                complain(call, &format!("{target} already exists;\tnot overwritten"));
                return 2;
            }
            return complain(call, &format!("can't open '{target}': File exists"));
        }
        let Some(done) = self.work(&data) else { return not_packed(call, file) };
        if let Err(error) = call.context.write_file(&target_path, &done) {
            return complain(call, &format!("{target}: {error}"));
        }
        if !self.keeps {
            let _ = call.context.world.remove(&path, call.context.now);
            call.context.changed();
        }
        0
    }

    /// The packed or unpacked bytes; `None` where they were not packed.
    fn work(self, data: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let most = TEXT_MAX as u64;
        let done = if self.unpacks {
            MultiGzDecoder::new(data).take(most).read_to_end(&mut out)
        } else {
            GzEncoder::new(data, Compression::default()).take(most).read_to_end(&mut out)
        };
        done.ok().map(|_| out)
    }
}

impl Gzip {
    pub fn line(&mut self, line: &[u8], is_complete: bool) {
        put(&mut self.data, line, is_complete);
    }

    /// Each file is packed or unpacked by itself.
    pub fn end_of_file(&mut self, call: &mut Call<'_, '_>, name: &str, out: &mut Vec<u8>) {
        match self.how.work(&std::mem::take(&mut self.data)) {
            Some(_) if self.how.tests => {}
            Some(done) => out.extend(done),
            None => self.status = not_packed(call, if name == "-" { "stdin" } else { name }),
        }
    }

    pub fn status(&self) -> i32 {
        self.status
    }
}

fn not_packed(call: &mut Call<'_, '_>, name: &str) -> i32 {
    if call.is_gnu() {
        call.context.complain(&format!("\ngzip: {name}: not in gzip format"));
        return 1;
    }
    complain(call, "invalid magic")
}

/// GNU's programs all call themselves gzip. Returns status 1.
fn complain(call: &mut Call<'_, '_>, message: &str) -> i32 {
    if call.is_gnu() {
        call.context.complain(&format!("gzip: {message}"));
        return 1;
    }
    call.fail(message)
}
