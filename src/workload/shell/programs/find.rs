//! find: tests, `!`, `-o`, brackets, `-print`, `-print0`, `-delete`, `-exec`, `-quit`.

use super::super::pattern;
use super::super::world::{FileKind, Links, Metadata};
use super::files::tree;
use super::timed::spawn;
use super::{Call, State, usage};

/// Brackets nest at most this deep.
const NESTING_MAX: usize = 64;

#[derive(Clone, Debug)]
enum Test {
    Name(String, bool),
    Path(String),
    Kind(Vec<char>),
    Empty,
    /// Blocks of so many bytes: more, fewer or as many.
    Size(Range, u64),
    /// Age in units of so many seconds.
    Age(Range, u64),
    Newer(String),
    Print(&'static str),
    Delete,
    Quit,
    Prune,
    True,
    /// Command and whether it takes all files at once.
    Execute(Vec<String>, bool),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

#[derive(Clone, Copy, Debug)]
struct Range {
    sign: std::cmp::Ordering,
    count: u64,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.as_bytes().first()? {
            b'+' => (std::cmp::Ordering::Greater, &text[1..]),
            b'-' => (std::cmp::Ordering::Less, &text[1..]),
            _ => (std::cmp::Ordering::Equal, text),
        };
        Some(Self { sign, count: digits.parse().ok()? })
    }

    fn holds(self, value: u64) -> bool {
        value.cmp(&self.count) == self.sign
    }
}

struct Parser<'a> {
    words: &'a [String],
    at: usize,
    depth: (usize, usize),
    acts: bool,
}

/// What a search has found so far.
struct Found {
    out: String,
    /// Command lines to run behind it.
    commands: Vec<String>,
    /// Files of `-exec … +`, by its command.
    gathered: Vec<(Vec<String>, Vec<String>)>,
    has_failed: bool,
    quits: bool,
    prunes: bool,
}

/// `find [PATHS] [EXPRESSION]`
pub(super) fn start(call: &mut Call<'_, '_>) -> State {
    let words: Vec<String> =
        call.words[1..].iter().filter(|word| !matches!(word.as_str(), "-L" | "-H")).cloned().collect();
    let is_expression = |word: &String| word.starts_with('-') || word == "(" || word == "!";
    let first = words.iter().position(is_expression).unwrap_or(words.len());
    let mut paths = words[..first].to_vec();
    if paths.is_empty() {
        paths.push(".".to_owned());
    }
    let mut parser = Parser { words: &words[first..], at: 0, depth: (0, usize::MAX), acts: false };
    let test = match parser.or(0) {
        Ok(test) if parser.at == parser.words.len() => test,
        Ok(_) => return State::Done(unknown(call, &words[first + parser.at])),
        Err(word) => return State::Done(unknown(call, &word)),
    };
    let test = if parser.acts { test } else { Test::And(vec![test, Test::Print("\n")]) };
    let depth = parser.depth;
    let mut found = Found {
        out: String::new(),
        commands: Vec::new(),
        gathered: Vec::new(),
        has_failed: false,
        quits: false,
        prunes: false,
    };
    for start in &paths {
        search(call, start, &test, depth, &mut found);
    }
    call.print(&found.out);
    for (command, files) in std::mem::take(&mut found.gathered) {
        let words = command.iter().flat_map(|word| if word == "{}" { files.clone() } else { vec![word.clone()] });
        let words: Vec<String> = words.collect();
        found.commands.extend(shlex::try_join(words.iter().map(String::as_str)).ok());
    }
    let status = i32::from(found.has_failed);
    if found.commands.is_empty() {
        return State::Done(status);
    }
    // Its children are run behind the search, one after another.
    let script = format!("{}\nexit {status}", found.commands.join("\n"));
    let command = ["sh", "-c", &script].map(str::to_owned).to_vec();
    match spawn(call.context, "find", command, call.environment, call.cwd, call.umask) {
        Ok(pid) => State::Whole(pid),
        Err(status) => State::Done(status),
    }
}

fn unknown(call: &mut Call<'_, '_>, word: &str) -> i32 {
    if call.is_gnu() {
        return call.fail(&format!("unknown predicate `{word}'"));
    }
    call.fail(&format!("unrecognized: {word}"));
    usage::wrong(call)
}

impl Parser<'_> {
    fn next(&mut self) -> Option<String> {
        self.at += 1;
        self.words.get(self.at - 1).cloned()
    }

    fn peek(&self) -> &str {
        self.words.get(self.at).map_or("", String::as_str)
    }

    fn or(&mut self, nesting: usize) -> Result<Test, String> {
        let mut any = vec![self.and(nesting)?];
        while matches!(self.peek(), "-o" | "-or") {
            self.at += 1;
            any.push(self.and(nesting)?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Test::Or(any) })
    }

    fn and(&mut self, nesting: usize) -> Result<Test, String> {
        let mut all = Vec::new();
        while self.at < self.words.len() && !matches!(self.peek(), "-o" | "-or" | ")") {
            if matches!(self.peek(), "-a" | "-and") {
                self.at += 1;
                continue;
            }
            all.push(self.one(nesting)?);
        }
        Ok(Test::And(all))
    }

    fn one(&mut self, nesting: usize) -> Result<Test, String> {
        let Some(word) = self.next() else { return Err(String::new()) };
        if nesting > NESTING_MAX {
            return Err(word);
        }
        let mut value = || self.next().ok_or_else(|| word.clone());
        Ok(match word.as_str() {
            "!" | "-not" => Test::Not(Box::new(self.one(nesting + 1)?)),
            "(" => {
                let inner = self.or(nesting + 1)?;
                if self.next().is_none_or(|word| word != ")") {
                    return Err(word);
                }
                inner
            }
            "-name" => Test::Name(value()?, false),
            "-iname" => Test::Name(value()?.to_lowercase(), true),
            "-path" | "-wholename" => Test::Path(value()?),
            "-type" => Test::Kind(value()?.split(',').filter_map(|kind| kind.chars().next()).collect()),
            "-empty" => Test::Empty,
            "-newer" => Test::Newer(value()?),
            "-mtime" | "-atime" | "-ctime" => Test::Age(Range::parse(&value()?).ok_or(word)?, 86_400),
            "-mmin" | "-amin" | "-cmin" => Test::Age(Range::parse(&value()?).ok_or(word)?, 60),
            "-size" => {
                let text = value()?;
                let end = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
                let unit = match &text[end..] {
                    "c" => 1,
                    "k" => 1 << 10,
                    "M" => 1 << 20,
                    "G" => 1 << 30,
                    _ => 512,
                };
                Test::Size(Range::parse(&text[..end]).ok_or(word)?, unit)
            }
            "-maxdepth" => {
                self.depth.1 = value()?.parse().map_err(|_| word)?;
                Test::True
            }
            "-mindepth" => {
                self.depth.0 = value()?.parse().map_err(|_| word)?;
                Test::True
            }
            "-depth" | "-xdev" | "-mount" | "-follow" | "-true" => Test::True,
            "-false" => Test::Not(Box::new(Test::True)),
            "-print" | "-print0" | "-delete" | "-quit" | "-prune" | "-exec" => return self.action(&word),
            _ => return Err(word),
        })
    }

    fn action(&mut self, word: &str) -> Result<Test, String> {
        self.acts |= word != "-prune" && word != "-quit";
        Ok(match word {
            "-print" => Test::Print("\n"),
            "-print0" => Test::Print("\0"),
            "-delete" => Test::Delete,
            "-quit" => Test::Quit,
            "-prune" => Test::Prune,
            _ => {
                let mut command = Vec::new();
                loop {
                    match self.next().as_deref() {
                        Some(";") => break Test::Execute(command, false),
                        Some("+") => break Test::Execute(command, true),
                        Some(word) => command.push(word.to_owned()),
                        None => return Err(word.to_owned()),
                    }
                }
            }
        })
    }
}

fn search(call: &mut Call<'_, '_>, start: &str, test: &Test, depth: (usize, usize), found: &mut Found) {
    let path = call.path(start);
    if let Err(error) = call.context.stat(&path, Links::Keep) {
        call.fail_as(&format!("{start}: {error}"), &format!("'{start}': {error}"));
        found.has_failed = true;
        return;
    }
    let length = path.trim_end_matches('/').len();
    let deletes = deletes(test);
    let mut all = tree(call, &path);
    if deletes {
        // What is in a directory goes before it.
        all.reverse();
    }
    let mut pruned: Option<String> = None;
    for (at, _) in all {
        let below = &at[length.min(at.len())..];
        let level = below.matches('/').count();
        if found.quits || level > depth.1 || level < depth.0 {
            continue;
        }
        if pruned.as_ref().is_some_and(|pruned| at.starts_with(pruned.as_str())) {
            continue;
        }
        let shown = format!("{}{below}", start.trim_end_matches('/'));
        let shown = if shown.is_empty() { "/".to_owned() } else { shown };
        let Ok(data) = call.context.stat(&at, Links::Keep) else { continue };
        holds(call, test, &at, &shown, &data, found);
        if std::mem::take(&mut found.prunes) {
            pruned = Some(format!("{at}/"));
        }
    }
}

fn deletes(test: &Test) -> bool {
    match test {
        Test::Delete => true,
        Test::Not(inner) => deletes(inner),
        Test::And(all) | Test::Or(all) => all.iter().any(deletes),
        _ => false,
    }
}

fn holds(call: &mut Call<'_, '_>, test: &Test, path: &str, shown: &str, data: &Metadata, found: &mut Found) -> bool {
    match test {
        Test::And(all) => all.iter().all(|test| holds(call, test, path, shown, data, found)),
        Test::Or(any) => any.iter().any(|test| holds(call, test, path, shown, data, found)),
        Test::Not(inner) => !holds(call, inner, path, shown, data, found),
        Test::True => true,
        Test::Name(wanted, folds) => {
            let base = shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            if *folds { pattern::matches(wanted, &base.to_lowercase()) } else { pattern::matches(wanted, base) }
        }
        Test::Path(wanted) => pattern::matches(wanted, shown),
        Test::Kind(kinds) => kinds.contains(&match data.kind {
            FileKind::File => 'f',
            FileKind::Directory => 'd',
            FileKind::Symlink => 'l',
            FileKind::Device => 'c',
        }),
        Test::Empty => match data.kind {
            FileKind::Directory => call.context.list(path).is_ok_and(|names| names.is_empty()),
            kind => kind == FileKind::File && data.size == 0,
        },
        Test::Size(range, unit) => range.holds(data.size.div_ceil(*unit)),
        Test::Age(range, unit) => range.holds(call.context.now.since(data.modified).as_secs() / unit),
        Test::Newer(file) => {
            let other = call.path(file);
            call.context.stat(&other, Links::Follow).is_ok_and(|other| data.modified > other.modified)
        }
        Test::Print(end) => {
            found.out += shown;
            found.out += end;
            true
        }
        Test::Delete => {
            let now = call.context.now;
            call.context.changed();
            let result = call.context.world.remove(path, now);
            if let Err(error) = result {
                let gnu = format!("cannot delete '{shown}': {error}");
                call.fail_as(&format!("{shown}: {error}"), &gnu);
                found.has_failed = true;
            }
            result.is_ok()
        }
        Test::Quit => {
            found.quits = true;
            true
        }
        Test::Prune => {
            found.prunes = true;
            true
        }
        Test::Execute(command, true) => {
            match found.gathered.iter_mut().find(|(known, _)| known == command) {
                Some((_, files)) => files.push(shown.to_owned()),
                None => found.gathered.push((command.clone(), vec![shown.to_owned()])),
            }
            true
        }
        Test::Execute(command, false) => {
            let words: Vec<String> = command.iter().map(|word| word.replace("{}", shown)).collect();
            found.commands.extend(shlex::try_join(words.iter().map(String::as_str)).ok());
            true
        }
    }
}
