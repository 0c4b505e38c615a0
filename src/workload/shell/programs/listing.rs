//! Programs that show what is in the file system: ls, stat, du, df.

use super::super::world::{FileKind, Links, Metadata};
use super::files::{options, tree};
use super::system::{date_text, group_name, user_name};
use super::{Call, usage};

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
    let mut shown: String = std::iter::once(letter(data.kind)).chain((0..9).map(bit)).collect();
    if data.mode & 0o1000 != 0 {
        shown.pop();
        shown.push(if data.mode & 1 != 0 { 't' } else { 'T' });
    }
    shown
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
            Ok(data) if data.kind == FileKind::Directory && !letters.contains('d') && letters.contains('R') => {
                let base = file.trim_end_matches('/').to_owned();
                let length = path.trim_end_matches('/').len();
                for (at, kind) in tree(call, &path) {
                    if kind == FileKind::Directory {
                        let below = &at[length.min(at.len())..];
                        directories.push(if at == path { file.clone() } else { format!("{base}{below}") });
                    }
                }
            }
            Ok(data) if data.kind == FileKind::Directory && !letters.contains('d') => directories.push(file),
            Ok(_) => plain.push(file),
            Err(error) => {
                let gnu = format!("cannot access '{file}': {error}");
                status = call.fail_as(&format!("{file}: {error}"), &gnu);
                if call.is_gnu() {
                    status = 2;
                }
            }
        }
    }
    let mut out = lines(call, &plain, "", &letters);
    let has_titles = directories.len() + plain.len() > 1 || letters.contains('R');
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
        if letters.contains(['l', 'n', 's']) {
            let mut blocks = 0;
            for name in &names {
                let path = call.path(&format!("{}/{name}", path.trim_end_matches('/')));
                let data = call.context.stat(&path, Links::Keep);
                blocks += data.map_or(0, |data| match data.kind {
                    FileKind::File => data.size.div_ceil(4096) * 4,
                    FileKind::Directory => 4,
                    _ => 0,
                });
            }
            out += &format!("total {blocks}\n");
        }
        out += &lines(call, &names, &format!("{}/", path.trim_end_matches('/')), &letters);
    }
    call.print(&out);
    status
}

/// Names in the order that the options ask for.
fn ordered(call: &mut Call<'_, '_>, names: &[String], base: &str, letters: &str) -> Vec<(String, Option<Metadata>)> {
    let mut found: Vec<(String, Option<Metadata>)> = Vec::new();
    for name in names {
        let path = if base.is_empty() { call.path(name) } else { call.path(&format!("{base}{name}")) };
        found.push((name.clone(), call.context.stat(&path, Links::Keep).ok()));
    }
    if letters.contains('t') {
        found.sort_by_key(|(_, data)| std::cmp::Reverse(data.map(|data| data.modified)));
    } else if letters.contains('S') {
        found.sort_by_key(|(_, data)| std::cmp::Reverse(data.map(|data| data.size)));
    }
    if letters.contains('r') {
        found.reverse();
    }
    found
}

/// The sign behind a name: `-F`, and `-p` for directories alone.
fn mark(data: Option<&Metadata>, letters: &str) -> &'static str {
    match data {
        Some(data) if data.kind == FileKind::Directory && letters.contains(['F', 'p']) => "/",
        Some(data) if data.kind == FileKind::Symlink && letters.contains('F') => "@",
        Some(data) if data.kind == FileKind::File && data.mode & 0o111 != 0 && letters.contains('F') => "*",
        _ => "",
    }
}

fn lines(call: &mut Call<'_, '_>, names: &[String], base: &str, letters: &str) -> String {
    let mut out = String::new();
    let is_long = letters.contains(['l', 'n', 'g', 'o']);
    for (name, data) in ordered(call, names, base, letters) {
        let mark = mark(data.as_ref(), letters);
        if !is_long {
            out += &format!("{name}{mark}\n");
            continue;
        }
        let name = &name;
        let path = if base.is_empty() { call.path(name) } else { call.path(&format!("{base}{name}")) };
        let Some(data) = data else { continue };
        let (user, group) = if letters.contains('n') {
            (data.owner.0.to_string(), data.owner.1.to_string())
        } else {
            let user = user_name(call, data.owner.0).unwrap_or_else(|| data.owner.0.to_string());
            (user, group_name(call, data.owner.1).unwrap_or_else(|| data.owner.1.to_string()))
        };
        let size = if letters.contains('h') { human(data.size) } else { data.size.to_string() };
        let when = date_text(call, data.modified, "%b %e %H:%M");
        let target = call.context.read_link(&path).map(|target| format!(" -> {target}")).unwrap_or_default();
        let links = if data.kind == FileKind::Directory { 2 } else { 1 };
        let shown = permissions(&data);
        out += &if call.is_gnu() {
            format!("{shown} {links} {user} {group} {size:>5} {when} {name}{mark}{target}\n")
        } else {
            format!("{shown}    {links} {user:<8} {group:<8} {size:>9} {when} {name}{mark}{target}\n")
        };
    }
    out
}

/// `stat [-c FORMAT] FILE`
pub(super) fn stat(call: &mut Call<'_, '_>) -> i32 {
    let mut format = None;
    let (mut files, mut is_system) = (Vec::new(), false);
    let words = call.words.to_vec();
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-c" | "--format" => format = rest.next().cloned(),
            "-f" => is_system = true,
            word if word.starts_with("--format=") => format = Some(word[9..].to_owned()),
            word if word.starts_with('-') && word.len() > 1 => {}
            _ => files.push(word.clone()),
        }
    }
    if files.is_empty() {
        return usage::wrong(call);
    }
    let mut status = 0;
    for file in &files {
        let path = call.path(file);
        let data = match call.context.stat(&path, Links::Keep) {
            Ok(data) => data,
            Err(error) => {
                let gnu = format!("cannot statx '{file}': {error}");
                status = call.fail_as(&format!("can't stat '{file}': {error}"), &gnu);
                continue;
            }
        };
        let text = match &format {
            Some(format) => stat_format(call, format, file, &data),
            None if is_system => format!("  File: \"{file}\"\n    ID: 0        Namelen: 255     Type: overlayfs"),
            None => {
                let (when, owner) = (date_text(call, data.modified, "%Y-%m-%d %H:%M:%S.%N %z"), data.owner);
                format!(
                    "  File: {file}\n  Size: {:<10}\tBlocks: {:<10} IO Block: 4096   {}\nAccess: ({:04o}/{})  Uid: ({:>5}/{:>8})   Gid: ({:>5}/{:>8})\nModify: {when}",
                    data.size,
                    data.size.div_ceil(512),
                    kind_name(&data),
                    data.mode,
                    permissions(&data),
                    owner.0,
                    user_name(call, owner.0).unwrap_or_else(|| "UNKNOWN".to_owned()),
                    owner.1,
                    group_name(call, owner.1).unwrap_or_else(|| "UNKNOWN".to_owned()),
                )
            }
        };
        call.print(&format!("{text}\n"));
    }
    status
}

fn kind_name(data: &Metadata) -> &'static str {
    match data.kind {
        FileKind::File if data.size == 0 => "regular empty file",
        FileKind::File => "regular file",
        FileKind::Directory => "directory",
        FileKind::Symlink => "symbolic link",
        FileKind::Device => "character special file",
    }
}

/// The text of `stat -c`.
fn stat_format(call: &mut Call<'_, '_>, format: &str, file: &str, data: &Metadata) -> String {
    let seconds = call.context.world.wall_clock(data.modified).0;
    let (user, group) = data.owner;
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        out += &match letters.next() {
            Some('s') => data.size.to_string(),
            Some('a') => format!("{:o}", data.mode & 0o7777),
            Some('A') => permissions(data),
            Some('n') => file.to_owned(),
            Some('N') => format!("'{file}'"),
            Some('F') => kind_name(data).to_owned(),
            Some('Y' | 'X' | 'Z') => seconds.to_string(),
            Some('y' | 'x' | 'z') => date_text(call, data.modified, "%Y-%m-%d %H:%M:%S.%N %z"),
            Some('u') => user.to_string(),
            Some('g') => group.to_string(),
            Some('U') => user_name(call, user).unwrap_or_else(|| "UNKNOWN".to_owned()),
            Some('G') => group_name(call, group).unwrap_or_else(|| "UNKNOWN".to_owned()),
            Some('h') => if data.kind == FileKind::Directory { "2" } else { "1" }.to_owned(),
            Some('b') => data.size.div_ceil(512).to_string(),
            Some('B') => "512".to_owned(),
            Some('%') => "%".to_owned(),
            Some(other) => format!("%{other}"),
            None => "%".to_owned(),
        };
    }
    out
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
        let shown = |bytes: u64| if letters.contains('h') { human(bytes) } else { bytes.div_ceil(1024).to_string() };
        let all = tree(call, &path);
        let mut sizes = Vec::new();
        for (at, kind) in &all {
            let bytes = call.context.stat(at, Links::Keep).map_or(0, |data| data.size.div_ceil(4096) * 4096);
            sizes.push((at.clone(), *kind, bytes));
            total += bytes;
        }
        if !letters.contains('s') {
            for (at, kind, _) in sizes.iter().rev() {
                if at == &path || *kind != FileKind::Directory && !letters.contains('a') {
                    continue;
                }
                let below = format!("{at}/");
                let inside = sizes.iter().filter(|(other, ..)| other == at || other.starts_with(&below));
                let bytes: u64 = inside.map(|(.., bytes)| bytes).sum();
                call.print(&format!(
                    "{}\t{}{}\n",
                    shown(bytes),
                    file.trim_end_matches('/'),
                    &at[path.trim_end_matches('/').len()..]
                ));
            }
        }
        call.print(&format!("{}\t{file}\n", shown(total)));
    }
    0
}

/// `df [-h] [PATHS]`
pub(super) fn df(call: &mut Call<'_, '_>) -> i32 {
    let (letters, mut files) = options(call.words);
    if files.is_empty() {
        files.push("/".to_owned());
    }
    let is_gnu = call.is_gnu();
    let mut out = match (letters.contains('h'), is_gnu) {
        (true, false) => "Filesystem                Size      Used Available Use% Mounted on\n",
        (false, false) => "Filesystem           1K-blocks      Used Available Use% Mounted on\n",
        (true, true) => "Filesystem      Size  Used Avail Use% Mounted on\n",
        (false, true) => "Filesystem     1K-blocks     Used Available Use% Mounted on\n",
    }
    .to_owned();
    call.context.observed();
    for file in files {
        let path = call.path(&file);
        let (total, used) = call.context.world.space(&path);
        let show = |bytes: u64| if letters.contains('h') { human(bytes) } else { (bytes / 1024).to_string() };
        let percent = if total == 0 { 0 } else { (u128::from(used) * 100).div_ceil(u128::from(total)) };
        let (total, used, left) = (show(total), show(used), show(total.saturating_sub(used)));
        out += &match (is_gnu, letters.contains('h')) {
            (true, true) => format!("overlay         {total:>4} {used:>5} {left:>5} {percent:>3}% {path}\n"),
            (true, false) => format!("overlay        {total:>9} {used:>8} {left:>9} {percent:>3}% {path}\n"),
            (false, _) => format!("overlay              {total:>9} {used:>9} {left:>9} {percent:>3}% {path}\n"),
        };
    }
    i32::from(!call.print(&out))
}
