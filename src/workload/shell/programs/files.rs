//! Programs that change files.

use crate::engine::SimTime;

use super::super::builtins::physical;
use super::super::world::{Errno, FileKind, Links, WriteAt};
use super::timed::bytes;
use super::{Call, TREE_MAX, usage};

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

/// The instant that `touch` is given, the letters of its options, and its files.
fn touch_options(call: &mut Call<'_, '_>) -> (Option<SimTime>, String, Vec<String>) {
    let (mut given, mut letters, mut files) = (None, String::new(), Vec::new());
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some(options @ ("d" | "t" | "r")) => {
                let Some(value) = words.next() else { continue };
                given = if options == "r" {
                    let path = call.path(value);
                    call.context.stat(&path, Links::Follow).ok().map(|data| data.modified)
                } else {
                    super::system::seconds_of(value).map(|seconds| instant_of(call, seconds))
                };
            }
            Some(options) if !options.is_empty() => letters.push_str(options),
            _ => files.push(word.clone()),
        }
    }
    (given, letters, files)
}

/// The virtual instant of a second of the wall clock; nothing is older than the start.
fn instant_of(call: &Call<'_, '_>, seconds: i64) -> SimTime {
    let (now, _) = call.context.world.wall_clock(SimTime::ZERO);
    SimTime::from_secs(u64::try_from(seconds.saturating_sub(now)).unwrap_or(0))
}

/// `touch [-c] [-d DATE] FILES`
pub(super) fn touch(call: &mut Call<'_, '_>) -> i32 {
    let (given, letters, files) = touch_options(call);
    if files.is_empty() {
        return usage::wrong(call);
    }
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
        let result = match given {
            Some(instant) => result.and_then(|()| call.context.world.set_modified(&path, instant)),
            None => result,
        };
        call.context.changed();
        if let Err(error) = result {
            status = call.fail_as(&format!("{file}: {error}"), &format!("cannot touch '{file}': {error}"));
        }
    }
    status
}

/// `rm [-rf] FILES`
pub(super) fn remove(call: &mut Call<'_, '_>) -> i32 {
    let (letters, files) = options(call.words);
    let (is_forced, is_recursive) = (letters.contains('f'), letters.contains(['r', 'R']));
    if files.is_empty() {
        return if is_forced { 0 } else { usage::wrong(call) };
    }
    let mut status = 0;
    for file in &files {
        let path = call.path(file);
        let result = match call.context.stat(&path, Links::Keep) {
            Ok(data) if data.kind == FileKind::Directory && !is_recursive => {
                status = call
                    .fail_as(&format!("'{file}' is a directory"), &format!("cannot remove '{file}': Is a directory"));
                continue;
            }
            Ok(_) => remove_tree(call, &path),
            Err(error) => Err(error),
        };
        match result {
            Err(Errno::NotFound) if is_forced => {}
            Err(error) => {
                let (busybox, gnu) =
                    (format!("can't remove '{file}': {error}"), format!("cannot remove '{file}': {error}"));
                status = call.fail_as(&busybox, &gnu);
            }
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
    if directories.is_empty() {
        return usage::wrong(call);
    }
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
            let (busybox, gnu) = (
                format!("can't create directory '{directory}': {error}"),
                format!("cannot create directory '{directory}': {error}"),
            );
            status = call.fail_as(&busybox, &gnu);
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
            let gnu = format!("failed to remove '{directory}': {error}");
            status = call.fail_as(&format!("'{directory}': {error}"), &gnu);
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
        return usage::wrong(call);
    };
    let is_recursive = letters.contains(['r', 'R', 'a']);
    let mut status = 0;
    for file in &files {
        let source = call.path(file);
        match call.context.stat(&source, Links::Follow) {
            Err(error) => {
                let gnu = format!("cannot stat '{file}': {error}");
                status = call.fail_as(&format!("can't stat '{file}': {error}"), &gnu);
                continue;
            }
            Ok(data) if data.kind == FileKind::Directory && !is_recursive => {
                let gnu = format!("-r not specified; omitting directory '{file}'");
                status = call.fail_as(&format!("omitting directory '{file}'"), &gnu);
                continue;
            }
            Ok(_) => {}
        }
        let target_path = destination(call, file, &target);
        for (path, kind) in tree(call, &source) {
            let to = format!("{target_path}{}", &path[source.len()..]);
            if let Err(error) = copy_one(call, &path, kind, &to) {
                let gnu = format!("cannot create regular file '{to}': {error}");
                status = call.fail_as(&format!("can't create '{to}': {error}"), &gnu);
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
        return usage::wrong(call);
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
            let gnu = format!("cannot stat '{file}': {error}");
            status = call.fail_as(&format!("can't rename '{file}': {error}"), &gnu);
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
        Err(error) => {
            let what = if letters.contains('s') { "symbolic" } else { "hard" };
            let gnu = match error {
                Errno::NotFound => format!("failed to access '{target}': {error}"),
                _ => format!("failed to create {what} link '{link}': {error}"),
            };
            let named = if error == Errno::NotFound { target } else { link };
            call.fail_as(&format!("{named}: {error}"), &gnu)
        }
    }
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

/// `mktemp [-dtu] [-p DIR] [TEMPLATE]`
pub(super) fn mktemp(call: &mut Call<'_, '_>) -> i32 {
    let (mut letters, mut directory, mut template) = (String::new(), None, None);
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("p") => directory = words.next().cloned(),
            Some(options) if !options.is_empty() => letters.push_str(options),
            _ => template = Some(word.clone()),
        }
    }
    let has_template = template.is_some();
    let template =
        template.unwrap_or_else(|| if call.is_gnu() { "tmp.XXXXXXXXXX".to_owned() } else { "tmp.XXXXXX".to_owned() });
    let base = directory.or_else(|| {
        (!has_template || letters.contains('t'))
            .then(|| call.environment.get("TMPDIR").cloned().unwrap_or_else(|| "/tmp".to_owned()))
    });
    let template = base.map_or(template.clone(), |base| format!("{}/{template}", base.trim_end_matches('/')));
    let stem = template.trim_end_matches('X');
    if template.len() - stem.len() < if call.is_gnu() { 3 } else { 6 } {
        return call.fail_as("Invalid argument", &format!("too few X's in template '{template}'"));
    }
    call.context.observed();
    let mut bits = call.context.world.random();
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
    let result = if letters.contains('u') {
        Ok(())
    } else if letters.contains('d') {
        world.make_directory(&path, 0o700, now)
    } else {
        world.create(&path, 0o600, now)
    };
    match result {
        Ok(()) => i32::from(!call.print(&format!("{name}\n"))),
        Err(error) => {
            let what = if letters.contains('d') { "directory" } else { "file" };
            let gnu = format!("failed to create {what} via template '{template}': {error}");
            call.fail_as(&error.to_string(), &gnu)
        }
    }
}

/// `readlink [-f] PATH`, `realpath PATHS`
pub(super) fn readlink(call: &mut Call<'_, '_>) -> i32 {
    let (letters, files) = options(call.words);
    let is_path = call.words[0].ends_with("realpath");
    if files.is_empty() {
        return usage::wrong(call);
    }
    let mut status = 0;
    for file in &files {
        let path = call.path(file);
        let target = if is_path || letters.contains(['f', 'e', 'm']) {
            let found = physical(call.context, &path);
            let parent = found.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
            let needs = if is_path && !call.is_gnu() { &found } else { parent };
            match call.context.stat(needs, Links::Follow) {
                Err(error) if !letters.contains('m') => {
                    if is_path {
                        call.fail(&format!("{file}: {error}"));
                    }
                    status = 1;
                    continue;
                }
                _ => found,
            }
        } else {
            let Ok(target) = call.context.read_link(&path) else {
                status = 1;
                continue;
            };
            target
        };
        let end = if letters.contains('n') { "" } else { "\n" };
        call.print(&format!("{target}{end}"));
    }
    status
}
