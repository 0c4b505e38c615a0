//! Programs that change files.

use super::super::context::Mode;
use super::super::world::{Errno, FileKind, Links, WriteAt};
use super::timed::bytes;
use super::{Call, TREE_MAX};

/// Letters of the options, and the other arguments.
pub(super) fn options(words: &[String]) -> (String, Vec<String>) {
    let (mut letters, mut rest, mut is_open) = (String::new(), Vec::new(), true);
    for word in &words[1..] {
        match word.strip_prefix('-') {
            Some("-") if is_open => is_open = false,
            Some(long) if is_open && long.starts_with('-') => letters.push_str(match long {
                "-recursive" | "-parents" => "rp",
                "-force" => "f",
                _ => "",
            }),
            Some(short) if is_open && !short.is_empty() => letters.push_str(short),
            _ => rest.push(word.clone()),
        }
    }
    (letters, rest)
}

/// `touch [-c] FILES`
pub(super) fn touch(call: &mut Call<'_, '_>) -> i32 {
    let (letters, files) = options(call.words);
    let mut status = 0;
    for file in &files {
        let path = call.path(file);
        let now = call.context.now;
        if letters.contains('c') && call.context.stat(&path, Links::Follow).is_err() {
            continue;
        }
        let mode = 0o666 & !call.umask;
        let world = &mut call.context.world;
        let result = match world.stat(&path, Links::Follow) {
            Ok(_) => world.set_modified(&path, now),
            Err(_) => world.create(&path, mode, now),
        };
        call.context.changed();
        if let Err(error) = result {
            status = call.fail(&format!("{file}: {error}"));
        }
    }
    status
}

/// `rm [-rf] FILES`
pub(super) fn remove(call: &mut Call<'_, '_>) -> i32 {
    let (letters, files) = options(call.words);
    let (is_forced, is_recursive) = (letters.contains('f'), letters.contains(['r', 'R']));
    if files.is_empty() {
        return if is_forced { 0 } else { call.fail("usage: rm [-irf] FILE...") };
    }
    let mut status = 0;
    for file in &files {
        let path = call.path(file);
        let result = match call.context.stat(&path, Links::Keep) {
            Ok(data) if data.kind == FileKind::Directory && !is_recursive => {
                status = call.fail(&format!("'{file}' is a directory"));
                continue;
            }
            Ok(_) => remove_tree(call, &path),
            Err(error) => Err(error),
        };
        match result {
            Err(Errno::NotFound) if is_forced => {}
            Err(error) => status = call.fail(&format!("can't remove '{file}': {error}")),
            Ok(()) => {}
        }
    }
    status
}

/// Everything at and below `path`, a directory before what is in it.
pub(super) fn tree(call: &mut Call<'_, '_>, path: &str) -> Vec<(String, FileKind)> {
    let mut all: Vec<(String, FileKind)> = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(path) = open.pop() {
        let Ok(data) = call.context.stat(&path, Links::Keep) else { continue };
        if data.kind == FileKind::Directory {
            let names = call.context.list(&path).unwrap_or_default();
            let base = path.trim_end_matches('/');
            open.extend(names.iter().rev().map(|name| format!("{base}/{name}")));
        }
        all.push((path, data.kind));
        if all.len() >= TREE_MAX {
            break;
        }
    }
    all
}

fn remove_tree(call: &mut Call<'_, '_>, path: &str) -> Result<(), Errno> {
    let mut result = Ok(());
    let now = call.context.now;
    for (path, _) in tree(call, path).into_iter().rev() {
        if let Err(error) = call.context.world.remove(&path, now) {
            result = Err(error);
        }
    }
    call.context.changed();
    result
}

/// `mkdir [-p] [-m MODE] DIRECTORIES`
pub(super) fn make_directory(call: &mut Call<'_, '_>) -> i32 {
    let (letters, mut directories) = options(call.words);
    let mut mode = 0o777 & !call.umask;
    if letters.ends_with('m') && directories.len() > 1 {
        mode = u32::from_str_radix(&directories.remove(0), 8).unwrap_or(mode);
    }
    let makes_parents = letters.contains('p');
    let mut status = 0;
    for directory in &directories {
        let path = call.path(directory);
        let ends = path.match_indices('/').skip(1).map(|(at, _)| at).chain([path.len()]);
        let now = call.context.now;
        let mut result = Ok(());
        for end in ends.filter(|end| makes_parents || *end == path.len()) {
            result = call.context.world.make_directory(&path[..end], mode, now);
            let is_directory = || {
                call.context.world.stat(&path[..end], Links::Follow).is_ok_and(|data| data.kind == FileKind::Directory)
            };
            if makes_parents && result.is_err() && is_directory() {
                result = Ok(());
            }
            if result.is_err() {
                break;
            }
        }
        call.context.changed();
        if let Err(error) = result {
            status = call.fail(&format!("can't create directory '{directory}': {error}"));
        }
    }
    status
}

/// `rmdir DIRECTORIES`
pub(super) fn remove_directory(call: &mut Call<'_, '_>) -> i32 {
    let (_, directories) = options(call.words);
    let mut status = 0;
    for directory in &directories {
        let path = call.path(directory);
        let result = match call.context.stat(&path, Links::Keep) {
            Ok(data) if data.kind != FileKind::Directory => Err(Errno::NotADirectory),
            Ok(_) => call.context.world.remove(&path, call.context.now),
            Err(error) => Err(error),
        };
        call.context.changed();
        if let Err(error) = result {
            status = call.fail(&format!("'{directory}': {error}"));
        }
    }
    status
}

/// Where `source` goes if `target` may be a directory.
fn destination(call: &mut Call<'_, '_>, source: &str, target: &str) -> String {
    let path = call.path(target);
    let is_directory = call.context.stat(&path, Links::Follow).is_ok_and(|data| data.kind == FileKind::Directory);
    match source.trim_end_matches('/').rsplit('/').next() {
        Some(name) if is_directory && name != "." => format!("{}/{name}", path.trim_end_matches('/')),
        _ => path,
    }
}

/// `cp [-r] SOURCES TARGET`
pub(super) fn copy(call: &mut Call<'_, '_>) -> i32 {
    let (letters, mut files) = options(call.words);
    let Some(target) = files.pop().filter(|_| !files.is_empty()) else {
        return call.fail("usage: cp [OPTIONS] SOURCE... DEST");
    };
    let is_recursive = letters.contains(['r', 'R', 'a']);
    let mut status = 0;
    for file in &files {
        let source = call.path(file);
        match call.context.stat(&source, Links::Follow) {
            Err(error) => {
                status = call.fail(&format!("can't stat '{file}': {error}"));
                continue;
            }
            Ok(data) if data.kind == FileKind::Directory && !is_recursive => {
                status = call.fail(&format!("omitting directory '{file}'"));
                continue;
            }
            Ok(_) => {}
        }
        let target_path = destination(call, file, &target);
        for (path, kind) in tree(call, &source) {
            let to = format!("{target_path}{}", &path[source.len()..]);
            if let Err(error) = copy_one(call, &path, kind, &to) {
                status = call.fail(&format!("can't create '{to}': {error}"));
            }
        }
    }
    status
}

fn copy_one(call: &mut Call<'_, '_>, from: &str, kind: FileKind, to: &str) -> Result<(), Errno> {
    let now = call.context.now;
    call.context.changed();
    if kind == FileKind::Directory {
        return match call.context.world.make_directory(to, 0o755, now) {
            Err(Errno::Exists) => Ok(()),
            result => result,
        };
    }
    let bytes = call.context.read_file(from)?;
    let mode = call.context.stat(from, Links::Follow)?.mode;
    let world = &mut call.context.world;
    world.create(to, mode, now)?;
    world.truncate(to, 0, now)?;
    world.write(to, WriteAt::Offset(0), &bytes, now)
}

/// `mv SOURCES TARGET`
pub(super) fn rename(call: &mut Call<'_, '_>) -> i32 {
    let (_, mut files) = options(call.words);
    let Some(target) = files.pop().filter(|_| !files.is_empty()) else {
        return call.fail("usage: mv [-finT] SOURCE... DEST");
    };
    let mut status = 0;
    for file in &files {
        let source = call.path(file);
        let to = destination(call, file, &target);
        let now = call.context.now;
        call.context.changed();
        let mut result = call.context.world.rename(&source, &to, now);
        if result == Err(Errno::CrossDevice) {
            result = Ok(());
            for (path, kind) in tree(call, &source) {
                result = result.and(copy_one(call, &path, kind, &format!("{to}{}", &path[source.len()..])));
            }
            result = result.and_then(|()| remove_tree(call, &source));
        }
        if let Err(error) = result {
            status = call.fail(&format!("can't rename '{file}': {error}"));
        }
    }
    status
}

/// `ln -s TARGET LINK`; a hard link is a copy here.
pub(super) fn link(call: &mut Call<'_, '_>) -> i32 {
    let (letters, files) = options(call.words);
    let [target, link] = files.as_slice() else { return call.fail("usage: ln [-sf] TARGET LINK") };
    let to = destination(call, target, link);
    let now = call.context.now;
    call.context.changed();
    if letters.contains('f') {
        let _ = call.context.world.remove(&to, now);
    }
    let result = if letters.contains('s') {
        call.context.world.make_link(&to, target, now)
    } else {
        let from = call.path(target);
        copy_one(call, &from, FileKind::File, &to)
    };
    match result {
        Ok(()) => 0,
        Err(error) => call.fail(&format!("{link}: {error}")),
    }
}

/// `chmod MODE FILES` with octal modes and `[ugoa][+-=][rwx]`.
pub(super) fn chmod(call: &mut Call<'_, '_>) -> i32 {
    let words: Vec<String> = call.words[1..].iter().filter(|word| *word != "-R" && *word != "-v").cloned().collect();
    let Some((mode, files)) = words.split_first() else { return call.fail("usage: chmod MODE FILE...") };
    let is_recursive = call.words.iter().any(|word| word == "-R");
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
                status = call.fail(&format!("{file}: {error}"));
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

/// `truncate -s SIZE FILE`, `fallocate -l SIZE FILE`
pub(super) fn truncate(call: &mut Call<'_, '_>) -> i32 {
    let (mut size, mut files) = (0, Vec::new());
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" | "-l" => match words.next().and_then(|text| bytes(text)) {
                Some(number) => size = number,
                None => return call.fail("invalid number"),
            },
            word if word.starts_with('-') => {}
            file => files.push(file.to_owned()),
        }
    }
    let mut status = 0;
    for file in files {
        let path = call.path(&file);
        let now = call.context.now;
        let world = &mut call.context.world;
        let result = world.create(&path, 0o644, now).and_then(|()| world.truncate(&path, size, now));
        call.context.changed();
        if let Err(error) = result {
            status = call.fail(&format!("{file}: {error}"));
        }
    }
    status
}

/// `dd if=… of=… bs=… count=… seek=…`; zeros are counted, not held.
pub(super) fn dd(call: &mut Call<'_, '_>) -> i32 {
    let (mut input, mut output, mut block, mut count, mut keeps) = (None, None, 512u64, None, false);
    for word in &call.words[1..] {
        match word.split_once('=') {
            Some(("if", file)) => input = Some(file.to_owned()),
            Some(("of", file)) => output = Some(file.to_owned()),
            Some(("bs" | "ibs" | "obs", size)) => block = bytes(size).unwrap_or(512),
            Some(("count", number)) => count = bytes(number),
            Some(("conv", how)) => keeps = how.contains("notrunc"),
            _ => {}
        }
    }
    let wanted = count.map(|count| count.saturating_mul(block));
    let is_zero = input.as_deref() == Some("/dev/zero");
    let data = match &input {
        Some(file) if file != "/dev/zero" && file != "/dev/urandom" => {
            let path = call.path(file);
            match call.context.read_file(&path) {
                Ok(data) => data,
                Err(error) => return call.fail(&format!("can't open '{file}': {error}")),
            }
        }
        _ => Vec::new(),
    };
    let is_device = is_zero || input.as_deref() == Some("/dev/urandom");
    let length = if is_device { wanted.unwrap_or(u64::MAX) } else { wanted.unwrap_or(u64::MAX).min(data.len() as u64) };
    let Some(output) = output else {
        let shown = if is_device { vec![0; length.min(1 << 20) as usize] } else { data[..length as usize].to_vec() };
        return i32::from(!call.print_bytes(&shown));
    };
    let path = call.path(&output);
    let mode = if keeps { Mode::Keep } else { Mode::Truncate };
    let is_real = match call.context.open_write(&path, mode, 0o644) {
        Ok(handle) => matches!(handle, super::super::kernel::Handle::File(_)),
        Err(error) => return call.fail(&format!("can't open '{output}': {error}")),
    };
    let now = call.context.now;
    call.context.changed();
    let result = match (is_real, is_device) {
        (false, _) => Ok(()),
        (true, true) => extend(call, &path, length),
        (true, false) => call.context.world.write(&path, WriteAt::Offset(0), &data[..length as usize], now),
    };
    if result.is_err() {
        call.fail(&format!("error writing '{output}': No space left on device"));
        return 1;
    }
    let blocks = length / block.max(1);
    let rest = u64::from(length % block.max(1) > 0);
    call.context.complain(&format!("{blocks}+{rest} records in\n{blocks}+{rest} records out"));
    0
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

/// `mktemp [-d] [TEMPLATE]`
pub(super) fn mktemp(call: &mut Call<'_, '_>) -> i32 {
    let (letters, files) = options(call.words);
    call.context.observed();
    let mut bits = call.context.world.random();
    let template = files.last().cloned().unwrap_or_else(|| "/tmp/tmp.XXXXXX".to_owned());
    let stem = template.trim_end_matches('X');
    let mut name = stem.to_owned();
    for _ in stem.len()..template.len() {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        name.push(char::from(LETTERS[(bits % LETTERS.len() as u64) as usize]));
        bits /= LETTERS.len() as u64;
    }
    let path = call.path(&name);
    let now = call.context.now;
    call.context.changed();
    let world = &mut call.context.world;
    let result =
        if letters.contains('d') { world.make_directory(&path, 0o700, now) } else { world.create(&path, 0o600, now) };
    match result {
        Ok(()) => i32::from(!call.print(&format!("{name}\n"))),
        Err(error) => call.fail(&format!("{name}: {error}")),
    }
}

/// `readlink [-f] PATH`, `realpath PATH`
pub(super) fn readlink(call: &mut Call<'_, '_>) -> i32 {
    let (letters, files) = options(call.words);
    let Some(file) = files.first() else { return 1 };
    let path = call.path(file);
    let target = match call.context.world.read_link(&path) {
        Ok(target) => target,
        Err(_) if letters.contains('f') || call.words[0].ends_with("realpath") => path,
        Err(_) => return 1,
    };
    i32::from(!call.print(&format!("{target}\n")))
}
