//! `seq`: prints as much as its reader takes, so that a long sequence takes no memory.

use super::super::context::Context;
use super::super::kernel::Run;
use super::super::world::Errno;
use super::{Call, State, usage};
use crate::engine::NonNegative;

/// How much is printed at once.
const BLOCK_BYTES: usize = 1 << 14;

/// The numbers that are still to be printed.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    first: Number,
    step: Number,
    next: u64,
    count: u64,
    separator: String,
    width: usize,
}

/// Whole numbers are exact however large; others have a number of decimal places.
#[derive(Clone, Copy, Debug)]
enum Number {
    Whole(i64),
    Decimal(f64, usize),
}

/// `seq [-w] [-s SEP] [FIRST [STEP]] LAST`
pub(super) fn start(call: &mut Call<'_, '_>) -> State {
    match read(call) {
        Ok(sequence) => State::Sequence(Box::new(sequence)),
        Err(Some(word)) if call.is_gnu() => {
            State::Done(usage::refuse(call, &format!("invalid floating point argument: '{word}'")))
        }
        Err(_) => State::Done(usage::wrong(call)),
    }
}

/// The sequence, or the word that is no number.
fn read(call: &Call<'_, '_>) -> Result<Sequence, Option<String>> {
    let (mut separator, mut equal_width, mut numbers) = ("\n".to_owned(), false, Vec::new());
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-w" => equal_width = true,
            "-s" => separator = words.next().cloned().unwrap_or_default(),
            text if text.starts_with("-s") => text[2..].clone_into(&mut separator),
            "-f" => {
                words.next();
            }
            text => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => numbers.push(text),
                _ => return Err(Some(text.to_owned())),
            },
        }
    }
    let (first, step, last) = match *numbers.as_slice() {
        [last] => ("1", "1", last),
        [first, last] => (first, "1", last),
        [first, step, last] => (first, step, last),
        _ => return Err(None),
    };
    let whole = |text: &str| text.parse::<i64>().ok();
    let (first, step, count) = if let (Some(first), Some(step), Some(last)) = (whole(first), whole(step), whole(last)) {
        if step == 0 {
            return Err(Some("0".to_owned()));
        }
        let span = i128::from(last) - i128::from(first);
        let turns = if span == 0 || (span > 0) == (step > 0) { span / i128::from(step) } else { -1 };
        (Number::Whole(first), Number::Whole(step), (turns + 1).clamp(0, i128::from(u64::MAX)) as u64)
    } else {
        let places = [first, step].iter().map(|text| text.split_once('.').map_or(0, |(_, digits)| digits.len())).max();
        let decimal = |text: &str| text.parse::<f64>().unwrap_or_default();
        let (first, step, last) = (decimal(first), decimal(step), decimal(last));
        if step == 0.0 {
            return Err(Some("0".to_owned()));
        }
        // busybox adds up in binary fractions, where `seq 0.1 0.1 0.3` has two members.
        let slack = if call.is_gnu() { 1e-9 } else { 0.0 };
        let mut count = (((last - first) / step + slack).floor() + 1.0).non_negative() as u64;
        if !call.is_gnu() && count > 0 && (first + step * (count - 1) as f64 - last) * step.signum() > 0.0 {
            count -= 1;
        }
        (Number::Decimal(first, places.unwrap_or(0)), Number::Decimal(step, 0), count)
    };
    let mut sequence = Sequence { first, step, next: 0, count, separator, width: 0 };
    if equal_width && count > 0 {
        sequence.width = sequence.text(0).len().max(sequence.text(count - 1).len());
    }
    Ok(sequence)
}

impl Sequence {
    fn text(&self, index: u64) -> String {
        let text = match (self.first, self.step) {
            (Number::Whole(first), Number::Whole(step)) => {
                (i128::from(first) + i128::from(step) * i128::from(index)).to_string()
            }
            (Number::Decimal(first, places), Number::Decimal(step, _)) => {
                format!("{:.places$}", first + index as f64 * step)
            }
            _ => String::new(),
        };
        match text.strip_prefix('-') {
            Some(digits) => format!("-{digits:0>width$}", width = self.width.saturating_sub(1)),
            None => format!("{text:0>width$}", width = self.width),
        }
    }

    /// Prints the next block.
    pub fn step(&mut self, context: &mut Context<'_>) -> Run {
        let mut block = String::new();
        while self.next < self.count && block.len() < BLOCK_BYTES {
            block.push_str(&self.text(self.next));
            self.next += 1;
            block.push_str(if self.next < self.count { &self.separator } else { "\n" });
        }
        match context.write(1, block.as_bytes()) {
            Ok(()) if self.next < self.count => Run::Yield,
            Ok(()) => Run::Exit(0),
            Err(Errno::BrokenPipe) => Run::Exit(128 + 13),
            Err(error) => {
                context.complain(&format!("seq: write error: {error}"));
                Run::Exit(1)
            }
        }
    }
}
