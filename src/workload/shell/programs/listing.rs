//! Programs that show what is in the file system: ls, stat, find, du, df.

use super::super::pattern;
use super::super::world::{FileKind, Links, Metadata};
use super::Call;
use super::files::{options, tree};
use super::system::date_text;

fn letter(kind: FileKind) -> char {
    match kind {
        FileKind::File => '-',
        FileKind::Directory => 'd',
        FileKind::Symlink => 'l',
        FileKind::Device => 'c',
    }
}

fn permissions(data: &Metadata) -> String {
    let bit = |index: u32| if data.mode >> (8 - index) & 1 == 1 { b"rwx"[index as usize % 3] as char } else { '-' };
    std::iter::once(letter(data.kind)).chain((0..9).map(bit)).collect()
}

/// `ls [-la1dAhR] FILES`
pub(super) fn list(call: &mut Call<'_, '_>) -> i32 {
    let (letters, mut files) = options(call.words);
    if files.is_empty() {
        files.push(".".to_owned());
    }
    let mut status = 0;
    let (mut plain, mut directories) = (Vec::new(), Vec::new());
    for file in files {
        let path = call.path(&file);
        match call.context.stat(&path, Links::Follow).or_else(|_| call.context.stat(&path, Links::Keep)) {
            Ok(data) if data.kind == FileKind::Directory && !letters.contains('d') => directories.push(file),
            Ok(_) => plain.push(file),
            Err(error) => status = call.fail(&format!("{file}: {error}")),
        }
    }
    let mut out = lines(call, &plain, "", &letters);
    let has_titles = directories.len() + plain.len() > 1;
    for directory in directories {
        let path = call.path(&directory);
        let mut names = call.context.list(&path).unwrap_or_default();
        names.retain(|name| letters.contains(['a', 'A']) || !name.starts_with('.'));
        if letters.contains('a') {
            names.splice(0..0, [".".to_owned(), "..".to_owned()]);
        }
        if has_titles {
            out += &format!("{}{directory}:\n", if out.is_empty() { "" } else { "\n" });
        }
        if letters.contains('l') {
            out += &format!("total {}\n", names.len() * 4);
        }
        out += &lines(call, &names, &format!("{}/", path.trim_end_matches('/')), &letters);
    }
    call.print(&out);
    status
}

fn lines(call: &mut Call<'_, '_>, names: &[String], base: &str, letters: &str) -> String {
    let mut out = String::new();
    for name in names {
        if !letters.contains('l') {
            out += &format!("{name}\n");
            continue;
        }
        let path = if base.is_empty() { call.path(name) } else { call.path(&format!("{base}{name}")) };
        let Ok(data) = call.context.stat(&path, Links::Keep) else { continue };
        let when = date_text(call, data.modified, "%b %e %H:%M");
        let target = call.context.world.read_link(&path).map(|target| format!(" -> {target}")).unwrap_or_default();
        let links = if data.kind == FileKind::Directory { 2 } else { 1 };
        out += &format!("{}    {links} root     root     {:>9} {when} {name}{target}\n", permissions(&data), data.size);
    }
    out
}

/// `stat [-c FORMAT] FILE`
pub(super) fn stat(call: &mut Call<'_, '_>) -> i32 {
    let words = call.words.to_vec();
    let (format, files) = match words.get(1).map(String::as_str) {
        Some("-c") if words.len() > 3 => (Some(words[2].clone()), &words[3..]),
        _ => (None, &words[1..]),
    };
    let mut status = 0;
    for file in files {
        let path = call.path(file);
        let data = match call.context.stat(&path, Links::Follow) {
            Ok(data) => data,
            Err(error) => {
                status = call.fail(&format!("can't stat '{file}': {error}"));
                continue;
            }
        };
        let seconds = call.context.world.wall_clock(data.modified).0;
        let text = match &format {
            Some(format) => format
                .replace("%s", &data.size.to_string())
                .replace("%a", &format!("{:o}", data.mode))
                .replace("%A", &permissions(&data))
                .replace("%n", file)
                .replace("%Y", &seconds.to_string())
                .replace("%U", "root"),
            None => {
                format!("  File: {file}\n  Size: {}\nAccess: ({:04o}/{})", data.size, data.mode, permissions(&data))
            }
        };
        call.print(&format!("{text}\n"));
    }
    status
}

/// `find PATHS [-name P] [-type T] [-maxdepth N] [-delete]`
pub(super) fn find(call: &mut Call<'_, '_>) -> i32 {
    let words = call.words[1..].to_vec();
    let first = words.iter().position(|word| word.starts_with('-')).unwrap_or(words.len());
    let (mut paths, mut tests) = (words[..first].to_vec(), words[first..].iter());
    if paths.is_empty() {
        paths.push(".".to_owned());
    }
    let (mut name, mut kind, mut depth, mut deletes) = (None, None, usize::MAX, false);
    while let Some(test) = tests.next() {
        match test.as_str() {
            "-name" => name = tests.next().cloned(),
            "-type" => {
                kind = tests.next().map(|text| if text == "f" { '-' } else { text.chars().next().unwrap_or('-') });
            }
            "-maxdepth" => depth = tests.next().and_then(|text| text.parse().ok()).unwrap_or(depth),
            "-delete" => deletes = true,
            "-print" => {}
            other => return call.fail(&format!("unrecognized: {other}")),
        }
    }
    let mut status = 0;
    for start in paths {
        let path = call.path(&start);
        if let Err(error) = call.context.stat(&path, Links::Keep) {
            status = call.fail(&format!("{start}: {error}"));
            continue;
        }
        let mut found: Vec<String> = Vec::new();
        for (at, file_kind) in tree(call, &path) {
            let below = &at[path.trim_end_matches('/').len().min(at.len())..];
            let base = at.rsplit('/').next().unwrap_or_default();
            let fits = below.matches('/').count() <= depth
                && name.as_ref().is_none_or(|name| pattern::matches(name, base))
                && kind.is_none_or(|kind| kind == letter(file_kind));
            if fits && deletes {
                found.push(at);
            } else if fits {
                call.print(&format!("{}{below}\n", start.trim_end_matches('/')));
            }
        }
        let now = call.context.now;
        for at in found.into_iter().rev() {
            call.context.changed();
            if call.context.world.remove(&at, now).is_err() {
                status = 1;
            }
        }
    }
    status
}

fn human(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["", "K", "M", "G", "T"] {
        if value < 1024.0 {
            return if unit.is_empty() { format!("{bytes}") } else { format!("{value:.1}{unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1}P")
}

/// `du [-sh] PATHS`
pub(super) fn du(call: &mut Call<'_, '_>) -> i32 {
    let (letters, mut files) = options(call.words);
    if files.is_empty() {
        files.push(".".to_owned());
    }
    for file in files {
        let path = call.path(&file);
        let mut total = 0;
        for (at, _) in tree(call, &path) {
            total += call.context.stat(&at, Links::Keep).map_or(0, |data| data.size);
        }
        let size = if letters.contains('h') { human(total) } else { total.div_ceil(1024).to_string() };
        call.print(&format!("{size}\t{file}\n"));
    }
    0
}

/// `df [-h] [PATHS]`
pub(super) fn df(call: &mut Call<'_, '_>) -> i32 {
    let (letters, mut files) = options(call.words);
    if files.is_empty() {
        files.push("/".to_owned());
    }
    let mut out = if letters.contains('h') {
        "Filesystem                Size      Used Available Use% Mounted on\n".to_owned()
    } else {
        "Filesystem           1K-blocks      Used Available Use% Mounted on\n".to_owned()
    };
    call.context.observed();
    for file in files {
        let path = call.path(&file);
        let (total, used) = call.context.world.space(&path);
        let show = |bytes: u64| if letters.contains('h') { human(bytes) } else { (bytes / 1024).to_string() };
        let percent = if total == 0 { 0 } else { (u128::from(used) * 100).div_ceil(u128::from(total)) };
        out += &format!(
            "overlay              {:>9} {:>9} {:>9} {percent:>3}% {path}\n",
            show(total),
            show(used),
            show(total.saturating_sub(used))
        );
    }
    i32::from(!call.print(&out))
}
