//! od, hexdump and xxd in their common forms.

use super::engine::put;

/// How bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `-c`: characters and escapes.
    Characters,
    /// Numbers of so many bytes, in this base.
    Numbers(usize, u32),
    /// `hexdump -C`
    Canonical,
    /// `xxd`
    Xxd,
    /// `xxd -p`
    Plain,
}

/// A running dump.
#[derive(Clone, Debug)]
pub(super) struct Dump {
    form: Form,
    /// Base of the offsets at the left; none: without.
    addresses: Option<u32>,
    is_hexdump: bool,
    skips: usize,
    limit: usize,
    data: Vec<u8>,
}

impl Dump {
    pub fn new(name: &str, letters: &str, values: &[(char, String)]) -> Self {
        let value = |letter: char| values.iter().find(|(name, _)| *name == letter).map(|(_, text)| text.as_str());
        let number = |letter: char| value(letter).and_then(|text| text.parse::<usize>().ok());
        let has = |letter: char| letters.contains(letter);
        let form = match name {
            "xxd" if has('p') => Form::Plain,
            "xxd" => Form::Xxd,
            "hexdump" if has('C') => Form::Canonical,
            _ if has('c') => Form::Characters,
            "hexdump" => Form::Numbers(2, 16),
            _ => match value('t').unwrap_or_default().as_bytes() {
                [b'c' | b'a', ..] => Form::Characters,
                [kind, size @ ..] => {
                    let size = size.first().map_or(4, |digit| usize::from(digit.saturating_sub(b'0')));
                    let base = match kind {
                        b'x' => 16,
                        b'o' => 8,
                        _ => 10,
                    };
                    Form::Numbers(if matches!(size, 1 | 2 | 4 | 8) { size } else { 4 }, base)
                }
                [] if has('x') => Form::Numbers(2, 16),
                [] if has('b') => Form::Numbers(1, 8),
                [] if has('d') => Form::Numbers(2, 10),
                [] => Form::Numbers(2, 8),
            },
        };
        let addresses = match (name, value('A')) {
            ("od", Some("n")) => None,
            ("od", Some("d")) => Some(10),
            ("od", Some("x")) => Some(16),
            ("od", _) => Some(8),
            _ => Some(16),
        };
        let limit = number(match name {
            "od" => 'N',
            "hexdump" => 'n',
            _ => 'l',
        });
        let skips = number(if name == "od" { 'j' } else { 's' }).unwrap_or(0);
        let is_hexdump = name == "hexdump";
        Self { form, addresses, is_hexdump, skips, limit: limit.unwrap_or(usize::MAX), data: Vec::new() }
    }

    /// Does it stop by itself?
    pub fn is_bounded(&self) -> bool {
        self.limit != usize::MAX
    }

    pub fn line(&mut self, line: &[u8], is_complete: bool) {
        put(&mut self.data, line, is_complete);
    }

    /// Takes bytes; true where it wants no more.
    pub fn bytes(&mut self, bytes: &[u8]) -> bool {
        self.data.extend(bytes);
        self.data.len() >= self.skips.saturating_add(self.limit)
    }

    pub fn end(&mut self, out: &mut Vec<u8>) {
        let all = std::mem::take(&mut self.data);
        let data = &all[self.skips.min(all.len())..];
        let data = &data[..data.len().min(self.limit)];
        match self.form {
            Form::Plain => {
                for row in data.chunks(30) {
                    out.extend(row.iter().map(|byte| format!("{byte:02x}")).collect::<String>().bytes());
                    out.push(b'\n');
                }
            }
            Form::Xxd => {
                for (index, row) in data.chunks(16).enumerate() {
                    let pairs: Vec<String> =
                        row.chunks(2).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
                    let at = self.skips + 16 * index;
                    out.extend(format!("{at:08x}: {:<39}  {}\n", pairs.join(" "), visible(row)).bytes());
                }
            }
            _ => self.rows(data, out),
        }
    }

    fn rows(&self, data: &[u8], out: &mut Vec<u8>) {
        let mut last: Option<&[u8]> = None;
        let mut is_starred = false;
        for (index, row) in data.chunks(16).enumerate() {
            if last == Some(row) && row.len() == 16 {
                if !std::mem::replace(&mut is_starred, true) {
                    out.extend(b"*\n");
                }
                continue;
            }
            (last, is_starred) = (Some(row), false);
            let text = self.row(row);
            out.extend(format!("{}{text}\n", self.address(self.skips + 16 * index)).bytes());
        }
        if self.addresses.is_some() && (!data.is_empty() || !self.is_hexdump) {
            out.extend(format!("{}\n", self.address(self.skips + data.len())).bytes());
        }
    }

    fn address(&self, at: usize) -> String {
        match (self.addresses, self.form) {
            (None, _) => String::new(),
            (_, Form::Canonical) => format!("{at:08x}"),
            (Some(8), _) => format!("{at:07o}"),
            (Some(16), _) if self.is_hexdump => format!("{at:07x}"),
            (Some(16), _) => format!("{at:06x}"),
            (Some(_), _) => format!("{at:07}"),
        }
    }

    fn row(&self, row: &[u8]) -> String {
        match self.form {
            Form::Canonical => {
                let bytes: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
                let (left, right) = bytes.split_at(bytes.len().min(8));
                format!("  {:<23}  {:<23}  |{}|", left.join(" "), right.join(" "), visible(row))
            }
            Form::Characters => row.iter().map(|byte| format!("{:>4}", character(*byte))).collect(),
            Form::Numbers(size, base) => row.chunks(size).map(|bytes| number(bytes, size, base)).collect(),
            Form::Xxd | Form::Plain => String::new(),
        }
    }
}

fn number(bytes: &[u8], size: usize, base: u32) -> String {
    let number = bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    match base {
        16 => format!(" {number:0width$x}", width = 2 * size),
        8 => format!(" {number:0width$o}", width = (8 * size).div_ceil(3)),
        // Columns are as wide as the largest number, and its sign.
        _ => {
            let width = match size {
                1 => 4,
                2 => 6,
                4 => 11,
                _ => 21,
            };
            format!("{number:>width$}")
        }
    }
}

fn visible(row: &[u8]) -> String {
    row.iter().map(|byte| if (32..127).contains(byte) { char::from(*byte) } else { '.' }).collect()
}

fn character(byte: u8) -> String {
    match byte {
        0 => "\\0".to_owned(),
        7 => "\\a".to_owned(),
        8 => "\\b".to_owned(),
        9 => "\\t".to_owned(),
        10 => "\\n".to_owned(),
        11 => "\\v".to_owned(),
        12 => "\\f".to_owned(),
        13 => "\\r".to_owned(),
        32..127 => char::from(byte).to_string(),
        other => format!("{other:03o}"),
    }
}
