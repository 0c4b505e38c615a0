//! dd: copies blocks. Zeros into a file are counted, not held.

use crate::engine::SimTime;

use super::super::context::{Input, Mode};
use super::super::kernel::{Handle, Run, Wait};
use super::super::world::{Errno, WriteAt};
use super::timed::bytes;
use super::{Call, State};

/// What dd was asked for, and what it has read so far.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    input: Option<String>,
    output: Option<String>,
    block: u64,
    count: Option<u64>,
    skip: u64,
    seek: u64,
    keeps: bool,
    appends: bool,
    /// 0: all of it, 1: no transfer statistics, 2: nothing.
    silence: u8,
    data: Vec<u8>,
}

/// Bytes that are passed on from a device without an end, at most.
const DEVICE_MAX: u64 = 1 << 26;
/// Descriptor that a file is read through.
const INPUT_FD: i32 = 1000;

/// `dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=…] [status=…]`
pub(super) fn start(call: &mut Call<'_, '_>) -> State {
    let mut copy = Copy {
        input: None,
        output: None,
        block: 512,
        count: None,
        skip: 0,
        seek: 0,
        keeps: false,
        appends: false,
        silence: 0,
        data: Vec::new(),
    };
    for word in &call.words[1..] {
        let Some((name, value)) = word.split_once('=') else {
            return State::Done(call.fail_as(
                &format!("unrecognized operand '{word}'"),
                &format!("unrecognized operand '{word}'\nTry 'dd --help' for more information."),
            ));
        };
        let number = bytes(value);
        match name {
            "if" => copy.input = Some(value.to_owned()),
            "of" => copy.output = Some(value.to_owned()),
            "conv" => copy.keeps |= value.contains("notrunc"),
            "oflag" => copy.appends |= value.contains("append"),
            "status" => {
                copy.silence = match value {
                    "none" => 2,
                    "noxfer" => 1,
                    _ => 0,
                }
            }
            "bs" | "ibs" | "obs" | "count" | "skip" | "seek" => {
                let Some(number) = number else {
                    return State::Done(
                        call.fail_as(&format!("invalid number '{value}'"), &format!("invalid number: '{value}'")),
                    );
                };
                match name {
                    "count" => copy.count = Some(number),
                    "skip" => copy.skip = number,
                    "seek" => copy.seek = number,
                    _ => copy.block = number.max(1),
                }
            }
            _ => {}
        }
    }
    State::Copy(Box::new(copy))
}

impl Copy {
    fn is_device(&self) -> bool {
        matches!(self.input.as_deref(), Some("/dev/zero" | "/dev/urandom" | "/dev/random" | "/dev/full"))
    }

    /// Bytes that are to be copied, and that must be read before.
    fn wanted(&self) -> u64 {
        self.count.map_or(u64::MAX, |count| count.saturating_mul(self.block))
    }

    pub fn step(&mut self, call: &mut Call<'_, '_>) -> Run {
        if self.is_device() && self.output.is_some() {
            return self.finish(call, self.wanted());
        }
        if let Err(run) = self.read(call) {
            return run;
        }
        let start = (self.skip.saturating_mul(self.block)).min(self.data.len() as u64) as usize;
        self.data.drain(..start);
        self.data.truncate(usize::try_from(self.wanted()).unwrap_or(usize::MAX));
        let length = self.data.len() as u64;
        self.finish(call, length)
    }

    /// Reads all that is wanted; or what to do instead.
    fn read(&mut self, call: &mut Call<'_, '_>) -> Result<(), Run> {
        let need = self.wanted().saturating_add(self.skip.saturating_mul(self.block));
        let need = if self.is_device() { need.min(DEVICE_MAX) } else { need };
        let fd = if self.input.is_some() { INPUT_FD } else { 0 };
        if let Some(file) = &self.input
            && !call.context.descriptors.contains_key(&INPUT_FD)
        {
            let path = call.path(file);
            match call.context.open_read(&path) {
                Ok(handle) => {
                    call.context.descriptors.insert(INPUT_FD, handle);
                }
                Err(error) => {
                    let gnu = format!("failed to open '{file}': {error}");
                    return Err(Run::Exit(call.fail_as(&format!("can't open '{file}': {error}"), &gnu)));
                }
            }
        }
        while (self.data.len() as u64) < need {
            let left = need - self.data.len() as u64;
            match call.context.read(fd, usize::try_from(left).unwrap_or(usize::MAX).min(1 << 16)) {
                Ok(Input::Bytes(bytes)) => self.data.extend(bytes),
                Ok(Input::Wait) => return Err(Run::Block(Wait::Input(fd, SimTime::NEVER))),
                Ok(Input::End) => break,
                Err(error) => return Err(Run::Exit(call.fail(&format!("error reading: {error}")))),
            }
        }
        call.context.descriptors.remove(&INPUT_FD);
        Ok(())
    }

    fn finish(&mut self, call: &mut Call<'_, '_>, length: u64) -> Run {
        let length = match self.write(call, length) {
            Ok(()) => length,
            Err(run) => return run,
        };
        let blocks = length / self.block;
        let rest = u64::from(length % self.block > 0);
        if self.silence < 2 {
            call.context.complain(&format!("{blocks}+{rest} records in\n{blocks}+{rest} records out"));
        }
        if self.silence == 0 {
            let text = transferred(length, call.is_gnu());
            call.context.complain(&text);
        }
        Run::Exit(0)
    }

    fn write(&mut self, call: &mut Call<'_, '_>, length: u64) -> Result<(), Run> {
        let now = call.context.now;
        let Some(output) = self.output.clone() else {
            let data = std::mem::take(&mut self.data);
            return if call.print_bytes(&data) { Ok(()) } else { Err(Run::Exit(1)) };
        };
        let path = call.path(&output);
        let mode = match (self.appends, self.keeps || self.seek > 0) {
            (true, _) => Mode::Append,
            (_, true) => Mode::Keep,
            _ => Mode::Truncate,
        };
        let is_real = match call.context.open_write(&path, mode, 0o644) {
            Ok(handle) => matches!(handle, Handle::File(_)),
            Err(error) => {
                let gnu = format!("failed to open '{output}': {error}");
                return Err(Run::Exit(call.fail_as(&format!("can't open '{output}': {error}"), &gnu)));
            }
        };
        call.context.changed();
        let place = if self.appends { WriteAt::End } else { WriteAt::Offset(self.seek.saturating_mul(self.block)) };
        let result = match (is_real, self.is_device()) {
            (false, _) => Ok(()),
            (true, true) => extend(call, &path, length),
            (true, false) => call.context.world.write(&path, place, &self.data, now),
        };
        result.map_err(|_| {
            call.fail(&format!("error writing '{output}': No space left on device"));
            Run::Exit(1)
        })
    }
}

/// The last line: how much, and how fast. Commands take no time here, so nobody can tell.
fn transferred(length: u64, is_gnu: bool) -> String {
    const UNITS: [(&str, &str); 4] = [("", ""), ("kB", "KB"), ("MB", "MB"), ("GB", "GB")];
    let human = |step: f64| {
        let (mut value, mut unit) = (length as f64, 0);
        while value >= step && unit + 1 < UNITS.len() {
            value /= step;
            unit += 1;
        }
        (value, unit)
    };
    if is_gnu {
        let (decimal, unit) = human(1000.0);
        let (binary, other) = human(1024.0);
        let binary_unit = ["", "KiB", "MiB", "GiB"][other];
        let shown = |value: f64| if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
        return match (unit, other) {
            (0, _) => format!("{length} bytes copied, 0 s, Infinity B/s"),
            (_, 0) => format!("{length} bytes ({} {}) copied, 0 s, Infinity B/s", shown(decimal), UNITS[unit].0),
            _ => format!(
                "{length} bytes ({} {}, {} {binary_unit}) copied, 0 s, Infinity B/s",
                shown(decimal),
                UNITS[unit].0,
                shown(binary)
            ),
        };
    }
    let (value, unit) = human(1024.0);
    format!("{length} bytes ({value:.1}{}) copied, 0.000000 seconds, 0B/s", UNITS[unit].1)
}

/// Adds zeros; where they do not fit, as many as do.
fn extend(call: &mut Call<'_, '_>, path: &str, length: u64) -> Result<(), Errno> {
    let now = call.context.now;
    let result = call.context.world.extend(path, length, now);
    if result == Err(Errno::NoSpace) {
        let (total, used) = call.context.world.space(path);
        let _ = call.context.world.extend(path, total.saturating_sub(used), now);
    }
    result
}
