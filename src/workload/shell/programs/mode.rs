//! chmod.

use super::super::world::{Errno, FileKind, Links};
use super::files::tree;
use super::{Call, usage};

/// `chmod MODE FILES` with octal modes and `[ugoa][+-=][rwx]`.
pub(super) fn change(call: &mut Call<'_, '_>) -> i32 {
    let words: Vec<String> = call.words[1..].iter().filter(|word| *word != "-R" && *word != "-v").cloned().collect();
    let Some((mode, files)) = words.split_first() else { return usage::wrong(call) };
    let is_recursive = call.words.iter().any(|word| word == "-R");
    if changed_mode(mode, 0).is_none() {
        return if call.is_gnu() {
            usage::refuse(call, &format!("invalid mode: '{mode}'"))
        } else {
            call.fail(&format!("invalid mode '{mode}'"))
        };
    }
    let mut status = 0;
    for file in files {
        let path = call.path(file);
        let paths = if is_recursive { tree(call, &path) } else { vec![(path, FileKind::File)] };
        for (path, _) in paths {
            let result = call.context.stat(&path, Links::Follow).and_then(|data| {
                let mode = changed_mode(mode, data.mode).ok_or(Errno::Invalid)?;
                call.context.world.set_mode(&path, mode)
            });
            call.context.changed();
            if let Err(error) = result {
                status = call.fail_as(&format!("{file}: {error}"), &format!("cannot access '{file}': {error}"));
            }
        }
    }
    status
}

fn changed_mode(text: &str, mode: u32) -> Option<u32> {
    if let Ok(octal) = u32::from_str_radix(text, 8) {
        return Some(octal & 0o7777);
    }
    let mut mode = mode;
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, operation) = (&clause[..at], clause.as_bytes()[at]);
        let bits = clause[at + 1..].chars().try_fold(0, |bits, letter| match letter {
            'r' => Some(bits | 0o444),
            'w' => Some(bits | 0o222),
            'x' | 'X' => Some(bits | 0o111),
            's' | 't' => Some(bits),
            _ => None,
        })?;
        let mask = if who.is_empty() || who.contains('a') {
            0o777
        } else {
            who.chars().fold(0, |mask, letter| {
                mask | match letter {
                    'u' => 0o700,
                    'g' => 0o070,
                    _ => 0o007,
                }
            })
        };
        mode = match operation {
            b'+' => mode | bits & mask,
            b'-' => mode & !(bits & mask),
            _ => mode & !mask | bits & mask,
        };
    }
    Some(mode)
}
