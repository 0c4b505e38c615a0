//! What each filter does with a line: cat, head, tail, wc, uniq, tee, rev, tac, paste, and those with files of their own.

use std::collections::VecDeque;

use super::super::super::kernel::Handle;
use super::super::Call;
use super::FILTER_FD;
use super::awk::Awk;
use super::base64::{base64_decode, base64_encode};
use super::cat::Cat;
use super::compare::Compare;
use super::cut::cut;
use super::digest::Digest;
use super::dump::Dump;
use super::expand::expand;
use super::grep::Grep;
use super::gzip::Gzip;
use super::sed::Sed;
use super::sort::Sort;
use super::strings::Strings;
use super::translate::Translate;

/// What a filter does with a line. `is_complete`: it ended in a newline.
#[derive(Clone, Debug)]
pub(super) enum Engine {
    Cat(Cat),
    Head {
        lines: Option<i64>,
        bytes: u64,
        kept: Vec<Vec<u8>>,
        titles: Titles,
    },
    Tail {
        lines: usize,
        from: Option<usize>,
        bytes: Option<usize>,
        seen: usize,
        kept: VecDeque<Vec<u8>>,
        follows: bool,
        titles: Titles,
    },
    Count(Counts),
    Uniq {
        counts: bool,
        only_repeated: bool,
        only_single: bool,
        last: Option<(Vec<u8>, usize)>,
    },
    Translate(Box<Translate>),
    Cut {
        delimiter: u8,
        ranges: Vec<(usize, usize)>,
        is_characters: bool,
        only_delimited: bool,
    },
    Tee {
        handles: Vec<Handle>,
        has_failed: bool,
    },
    Reverse,
    Fold(usize),
    Expand {
        width: usize,
        only_leading: bool,
    },
    Strings(Strings),
    Compare(Box<Compare>),
    Gzip(Box<Gzip>),
    Digest(Box<Digest>),
    Dump(Box<Dump>),
    Tac(Vec<Vec<u8>>),
    Base64 {
        decodes: bool,
        data: Vec<u8>,
        wrap: usize,
    },
    Join {
        separator: u8,
        is_first: bool,
    },
    /// Lines of several files side by side.
    Paste {
        separator: u8,
        files: Vec<Vec<Vec<u8>>>,
    },
    Shuffle(Vec<Vec<u8>>, usize),
    Awk(Box<Awk>),
    Grep(Box<Grep>),
    Sort(Box<Sort>),
    Sed(Box<Sed>),
}

/// Which names of files head and tail show above their lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Titles {
    pub always: bool,
    pub never: bool,
    pub is_begun: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    letters: String,
    lines: usize,
    words: usize,
    bytes: usize,
    longest: usize,
    /// All files' so far, and how many they were.
    total: [usize; 4],
    files: usize,
    width: usize,
}

impl Engine {
    pub(super) fn begin_file(&mut self, name: &str) {
        match self {
            Self::Awk(awk) => awk.begin_file(name),
            Self::Paste { files, .. } => files.push(Vec::new()),
            Self::Compare(compare) => compare.begin_file(name),
            Self::Head { kept, .. } => kept.clear(),
            Self::Tail { seen, kept, .. } => {
                *seen = 0;
                kept.clear();
            }
            _ => {}
        }
    }

    /// Takes one line; true where no more lines are wanted.
    pub(super) fn line(
        &mut self,
        call: &mut Call<'_, '_>,
        line: &[u8],
        is_complete: bool,
        name: &str,
        out: &mut Vec<u8>,
    ) -> bool {
        match self {
            Self::Cat(how) => how.line(line, is_complete, out),
            Self::Head { lines: Some(lines), kept, .. } if *lines < 0 => {
                kept.push(line.to_vec());
                if kept.len() as i64 > -*lines {
                    put(out, &kept.remove(0), true);
                }
            }
            Self::Head { lines: Some(lines), kept, .. } => {
                if (kept.len() as i64) < *lines {
                    kept.push(Vec::new());
                    put(out, line, is_complete);
                }
                return kept.len() as i64 >= *lines;
            }
            Self::Head { bytes, .. } => {
                let mut text = line.to_vec();
                if is_complete {
                    text.push(b'\n');
                }
                let count = text.len().min(*bytes as usize);
                out.extend(&text[..count]);
                *bytes -= count as u64;
                return *bytes == 0;
            }
            Self::Tail { lines, from, seen, kept, bytes, .. } => {
                *seen += 1;
                if let Some(from) = from {
                    if *seen >= *from {
                        put(out, line, is_complete);
                    }
                    return false;
                }
                let mut text = line.to_vec();
                if is_complete {
                    text.push(b'\n');
                }
                kept.push_back(text);
                if bytes.is_none() && kept.len() > *lines {
                    kept.pop_front();
                }
            }
            Self::Count(counts) => {
                counts.lines += usize::from(is_complete);
                counts.words += String::from_utf8_lossy(line).split_whitespace().count();
                counts.bytes += line.len() + usize::from(is_complete);
                counts.longest = counts.longest.max(String::from_utf8_lossy(line).chars().count());
            }
            Self::Uniq { last, .. } => match last {
                Some((text, count)) if text == line => *count += 1,
                _ => {
                    self.end_of_run(out);
                    if let Self::Uniq { last, .. } = self {
                        *last = Some((line.to_vec(), 1));
                    }
                }
            },
            Self::Translate(translate) => {
                translate.bytes(line, out);
                if is_complete {
                    translate.bytes(b"\n", out);
                }
            }
            Self::Cut { delimiter, ranges, is_characters, only_delimited } => {
                if let Some(text) = cut(line, *delimiter, ranges, *is_characters, *only_delimited) {
                    put(out, &text, true);
                }
            }
            Self::Tee { handles, .. } => {
                let mut text = line.to_vec();
                if is_complete {
                    text.push(b'\n');
                }
                for handle in handles {
                    call.context.descriptors.insert(FILTER_FD + 1, handle.clone());
                    let _ = call.context.write(FILTER_FD + 1, &text);
                    call.context.descriptors.remove(&(FILTER_FD + 1));
                }
                out.extend(text);
            }
            Self::Reverse => {
                let text: String = String::from_utf8_lossy(line).chars().rev().collect();
                put(out, text.as_bytes(), is_complete);
            }
            Self::Tac(kept) => kept.push(line.to_vec()),
            Self::Base64 { data, .. } => put(data, line, is_complete),
            Self::Join { separator, is_first } => {
                if !std::mem::take(is_first) {
                    out.push(*separator);
                }
                out.extend(line);
            }
            Self::Paste { files, .. } => files.last_mut().into_iter().for_each(|file| file.push(line.to_vec())),
            Self::Shuffle(lines, _) => lines.push(line.to_vec()),
            Self::Awk(awk) => return awk.line(line, out),
            Self::Grep(grep) => return grep.line(line, name, out),
            Self::Sort(sort) => sort.line(line),
            Self::Digest(digest) => digest.line(line, is_complete),
            Self::Dump(dump) => dump.line(line, is_complete),
            Self::Expand { width, only_leading } => put(out, &expand(line, *width, *only_leading), is_complete),
            Self::Strings(strings) => strings.line(line, name, out),
            Self::Compare(compare) => compare.line(line, is_complete),
            Self::Gzip(gzip) => gzip.line(line, is_complete),
            Self::Fold(width) => {
                let (width, mut rest) = ((*width).max(1), line);
                while rest.len() > width {
                    put(out, &rest[..width], true);
                    rest = &rest[width..];
                }
                put(out, rest, is_complete);
            }
            Self::Sed(sed) => return sed.line(line, out),
        }
        false
    }

    fn end_of_run(&mut self, out: &mut Vec<u8>) {
        let Self::Uniq { counts, only_repeated, only_single, last } = self else { return };
        if let Some((text, count)) = last.take() {
            if *only_repeated && count < 2 || *only_single && count > 1 {
                return;
            }
            if *counts {
                out.extend(format!("{count:7} ").bytes());
            }
            put(out, &text, true);
        }
    }

    pub(super) fn end_of_file(&mut self, call: &mut Call<'_, '_>, name: &str, out: &mut Vec<u8>) {
        match self {
            Self::Tail { kept, bytes, .. } => {
                let text: Vec<u8> = kept.drain(..).flatten().collect();
                let start = bytes.map_or(0, |bytes| text.len().saturating_sub(bytes));
                out.extend(&text[start..]);
            }
            Self::Count(counts) => counts.print(name, out),
            Self::Grep(grep) => grep.end_of_file(name, out),
            Self::Digest(digest) => digest.end_of_file(name, out),
            Self::Gzip(gzip) => gzip.end_of_file(call, name, out),
            _ => {}
        }
    }

    pub(super) fn end(&mut self, call: &mut Call<'_, '_>, _: bool, out: &mut Vec<u8>) -> i32 {
        match self {
            Self::Uniq { .. } => self.end_of_run(out),
            Self::Tac(kept) => {
                for line in kept.drain(..).rev() {
                    put(out, &line, true);
                }
            }
            Self::Base64 { decodes, data, wrap } => {
                out.extend(if *decodes { base64_decode(data) } else { base64_encode(data, *wrap) });
            }
            Self::Join { is_first: false, .. } => out.push(b'\n'),
            Self::Paste { separator, files } => {
                for row in 0..files.iter().map(Vec::len).max().unwrap_or(0) {
                    let cells: Vec<&[u8]> =
                        files.iter().map(|file| file.get(row).map_or(&b""[..], Vec::as_slice)).collect();
                    put(out, &cells.join(&*separator), true);
                }
            }
            Self::Shuffle(lines, count) => {
                call.context.observed();
                for place in (1..lines.len()).rev() {
                    let other = (call.context.world.random() % (place as u64 + 1)) as usize;
                    lines.swap(place, other);
                }
                for line in lines.drain(..).take(*count) {
                    put(out, &line, true);
                }
            }
            Self::Awk(awk) => return awk.end(out),
            Self::Grep(grep) => return grep.status(call.is_gnu()),
            Self::Sort(sort) => return sort.end(call, out),
            Self::Count(counts) => counts.end(out),
            Self::Digest(digest) => return digest.end(call, out),
            Self::Dump(dump) => dump.end(out),
            Self::Compare(compare) => return compare.end(call, out),
            Self::Gzip(gzip) => return gzip.status(),
            Self::Tee { has_failed: true, .. } => return 1,
            Self::Sed(sed) => return sed.end(out),
            _ => {}
        }
        0
    }
}

impl Counts {
    /// Of lines, words and bytes, those among the letters `lwc`; all without letters.
    pub(super) fn new(letters: String, width: usize) -> Self {
        Self { letters, width, ..Self::default() }
    }

    fn print(&mut self, name: &str, out: &mut Vec<u8>) {
        let counts = [self.lines, self.words, self.bytes, self.longest];
        self.show(counts, if name == "-" { None } else { Some(name) }, out);
        for (total, count) in self.total.iter_mut().zip(counts).take(3) {
            *total += count;
        }
        self.total[3] = self.total[3].max(self.longest);
        self.files += 1;
        (self.lines, self.words, self.bytes, self.longest) = (0, 0, 0, 0);
    }

    fn show(&self, [lines, words, bytes, longest]: [usize; 4], name: Option<&str>, out: &mut Vec<u8>) {
        let all = [('l', lines), ('w', words), ('m', bytes), ('c', bytes), ('L', longest)];
        let is_shown = |letter: char| {
            self.letters.contains(letter) || self.letters.is_empty() && matches!(letter, 'l' | 'w' | 'c')
        };
        let shown = all.iter().filter(|(letter, _)| is_shown(*letter));
        let width = self.width;
        let texts: Vec<String> = shown.map(|(_, count)| format!("{count:width$}")).collect();
        let name = name.map(|name| format!(" {name}")).unwrap_or_default();
        out.extend(format!("{}{name}\n", texts.join(" ")).bytes());
    }

    fn end(&self, out: &mut Vec<u8>) {
        if self.files > 1 {
            self.show(self.total, Some("total"), out);
        }
    }
}

pub(super) fn put(out: &mut Vec<u8>, line: &[u8], is_complete: bool) {
    out.extend(line);
    if is_complete {
        out.push(b'\n');
    }
}
