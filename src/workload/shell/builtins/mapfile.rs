//! bash' `mapfile`, also known as `readarray`: lines of standard input into an array.

use super::super::array::{Array, Key};
use super::super::context::{Context, Input};
use super::super::kernel::{ELEMENTS_MAX, TEXT_MAX, Wait};
use super::super::shell::Shell;
use super::{Outcome, is_name};
use crate::engine::SimTime;

/// What a call asks for.
struct Wanted {
    array: String,
    /// What ends a line.
    end: char,
    drops_end: bool,
    /// The first element that is assigned; the others stay. None: the array is made anew.
    origin: Option<u64>,
    skipped: usize,
    /// Lines, 0 for all.
    count: usize,
    descriptor: i32,
}

fn wanted(shell: &Shell, words: &[String]) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        array: "MAPFILE".to_owned(),
        end: '\n',
        drops_end: false,
        origin: None,
        skipped: 0,
        count: 0,
        descriptor: 0,
    };
    let prefix = shell.prefix_of(&words[0]);
    let mut arguments = words[1..].iter();
    while let Some(word) = arguments.next() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            if !is_name(word) {
                return Err(format!("{prefix}`{word}': not a valid identifier"));
            }
            wanted.array.clone_from(word);
            break;
        };
        for (at, letter) in letters.char_indices() {
            if letter == 't' {
                wanted.drops_end = true;
                continue;
            }
            let inline = &letters[at + letter.len_utf8()..];
            let operand = if inline.is_empty() { arguments.next().map_or("", String::as_str) } else { inline };
            let number = || operand.parse::<usize>();
            match (letter, number()) {
                ('d', _) => wanted.end = operand.chars().next().unwrap_or('\0'),
                ('n', Ok(count)) => wanted.count = count,
                ('s', Ok(skipped)) => wanted.skipped = skipped,
                ('O', Ok(origin)) => wanted.origin = Some(origin as u64),
                ('u', Ok(descriptor)) => wanted.descriptor = i32::try_from(descriptor).unwrap_or(i32::MAX),
                ('n' | 's', _) => return Err(format!("{prefix}{operand}: invalid line count")),
                ('O', _) => return Err(format!("{prefix}{operand}: invalid array origin")),
                ('u', _) => return Err(format!("{prefix}{operand}: invalid file descriptor specification")),
                ('c' | 'C', _) => {}
                _ => return Err(format!("{prefix}-{letter}: invalid option")),
            }
            break;
        }
    }
    Ok(wanted)
}

pub(super) fn mapfile(shell: &mut Shell, context: &mut Context<'_>, words: &[String]) -> Outcome {
    let wanted = match wanted(shell, words) {
        Ok(wanted) => wanted,
        Err(message) => {
            context.complain(&message);
            return Outcome::Status(1);
        }
    };
    let most = if wanted.count == 0 { usize::MAX } else { wanted.skipped.saturating_add(wanted.count) };
    // What was read before a wait is kept.
    let mut text = std::mem::take(&mut shell.read_so_far);
    let mut ends = text.matches('\n').count();
    while wanted.end != '\n' || ends < most {
        if ends > ELEMENTS_MAX || text.len() > TEXT_MAX {
            context.kernel.is_out_of_bounds = true;
            return Outcome::Block(Wait::Forever);
        }
        let Ok((input, is_complete)) = context.read_line(wanted.descriptor) else {
            let message = format!(
                "{}{}: invalid file descriptor: Bad file descriptor",
                shell.prefix_of(&words[0]),
                wanted.descriptor
            );
            context.complain(&message);
            return Outcome::Status(1);
        };
        match input {
            Input::Wait => {
                shell.read_so_far = text;
                return Outcome::Block(Wait::Input(wanted.descriptor, SimTime::NEVER));
            }
            Input::End => break,
            Input::Bytes(bytes) => {
                text.push_str(&String::from_utf8_lossy(&bytes));
                if !is_complete {
                    break;
                }
                text.push('\n');
                ends += 1;
            }
        }
    }
    shell.version += 1;
    let lines = text.split_inclusive(wanted.end).skip(wanted.skipped).take(most - wanted.skipped.min(most));
    let lines = lines.map(|line| if wanted.drops_end { line.strip_suffix(wanted.end).unwrap_or(line) } else { line });
    let mut array = match wanted.origin {
        Some(_) => (*shell.array(&wanted.array)).clone(),
        None => Array::default(),
    };
    for (key, line) in (wanted.origin.unwrap_or_default()..).map(Key::Index).zip(lines) {
        array.elements.insert(key, line.to_owned());
    }
    shell.set_array(&wanted.array, array);
    Outcome::Status(0)
}
