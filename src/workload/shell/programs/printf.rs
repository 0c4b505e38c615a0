//! `printf`, alone and as a part of the shells, which differ in what they say of wrong words.

use super::super::code::Dialect;
use super::super::escapes::{Octal, unescape};
use super::{Call, usage};

/// What is wrong with a format or its words.
pub(super) enum Wrong {
    /// Not a number; what it begins with is taken.
    Number(String),
    /// What is shown of a directive that nobody knows, and its letter.
    Directive(String, char),
}

/// What printfs do differently.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// Do they know `%q`?
    quotes: bool,
    /// Do they pass over the letters of C's sizes?
    takes_sizes: bool,
    /// Do they name all of a format from a wrong directive on?
    shows_rest: bool,
}

/// `printf FORMAT WORDS`; the format is used again while words are left.
pub(super) fn printf(call: &mut Call<'_, '_>) -> i32 {
    let dialect = call.inside.map(|shell| shell.dialect);
    let words = match call.words.get(1).map(String::as_str) {
        Some("--") => &call.words[1..],
        _ => call.words,
    };
    let Some(pattern) = words.get(1).cloned() else {
        match dialect {
            Some(Dialect::Ash) => call.fail("usage: printf FORMAT [ARGUMENT...]"),
            Some(Dialect::Dash) => call.fail("usage: printf format [arg ...]"),
            Some(Dialect::Bash) => {
                call.context.complain("printf: usage: printf [-v var] format [arguments]");
                2
            }
            None => return usage::wrong(call),
        };
        return 2;
    };
    let mut out = Vec::new();
    let mut wrong = Vec::new();
    let manner = Manner {
        quotes: dialect == Some(Dialect::Bash) || dialect.is_none() && call.is_gnu(),
        takes_sizes: dialect != Some(Dialect::Dash),
        shows_rest: dialect == Some(Dialect::Ash) || dialect.is_none() && !call.is_gnu(),
    };
    let mut arguments = words[2..].iter();
    loop {
        let before = arguments.len();
        let is_cut = format(&pattern, manner, &mut arguments, &mut out, &mut wrong);
        if is_cut || arguments.len() == 0 || arguments.len() == before {
            break;
        }
    }
    let is_printed = call.print_bytes(&out);
    let mut status = i32::from(!is_printed);
    for wrong in wrong {
        status = complain(call, dialect, &wrong);
    }
    status
}

fn complain(call: &mut Call<'_, '_>, dialect: Option<Dialect>, wrong: &Wrong) -> i32 {
    let is_gnu = call.is_gnu();
    match (wrong, dialect) {
        // To these a word that is missing is 0.
        (Wrong::Number(word), Some(Dialect::Dash | Dialect::Bash)) if word.is_empty() => 0,
        (Wrong::Number(word), None) if word.is_empty() && is_gnu => 0,
        (Wrong::Number(word), Some(Dialect::Dash)) => call.fail(&format!("{word}: expected numeric value")),
        (Wrong::Number(word), Some(Dialect::Bash)) => call.fail(&format!("{word}: invalid number")),
        (Wrong::Number(word), None) if is_gnu => call.fail(&format!("'{word}': expected a numeric value")),
        (Wrong::Number(word), _) => call.fail(&format!("invalid number '{word}'")),
        (Wrong::Directive(text, _), Some(Dialect::Dash)) => {
            call.fail(&format!("%{text}: invalid directive"));
            2
        }
        (Wrong::Directive(_, letter), Some(Dialect::Bash)) => {
            call.fail(&format!("`{letter}': invalid format character"))
        }
        (Wrong::Directive(text, _), None) if is_gnu => call.fail(&format!("%{text}: invalid conversion specification")),
        (Wrong::Directive(text, _), _) => call.fail(&format!("%{text}: invalid format")),
    }
}

/// One pass over a format; true where `\c` or a wrong directive ends all output.
pub(super) fn format<'a>(
    pattern: &str,
    manner: Manner,
    arguments: &mut impl Iterator<Item = &'a String>,
    out: &mut Vec<u8>,
    wrong: &mut Vec<Wrong>,
) -> bool {
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        let (text, is_cut) = unescape(&rest[..at], Octal::Bare);
        out.extend(text);
        if is_cut {
            return true;
        }
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push(b'%');
            rest = after;
            continue;
        }
        let is_size = |c: char| manner.takes_sizes && "hlLz".contains(c);
        let is_end = |c: char| !"-+ 0#123456789.*".contains(c) && !is_size(c);
        let Some(end) = rest.find(is_end).filter(|end| rest.as_bytes()[*end].is_ascii_alphabetic()) else {
            let rest: String = rest.chars().filter(|c| !is_size(*c)).collect();
            let end = rest.find(is_end).unwrap_or(rest.len());
            let letter = rest[end..].chars().next().unwrap_or(' ');
            let shown = if manner.shows_rest { rest.clone() } else { format!("{}{letter}", &rest[..end]) };
            wrong.push(Wrong::Directive(shown, letter));
            return true;
        };
        let (specification, letter) = (&rest[..end], rest.as_bytes()[end]);
        rest = &rest[end + 1..];
        let count = wrong.len();
        if directive(manner, specification, letter, arguments, out, wrong) {
            if manner.shows_rest
                && let Some(Wrong::Directive(shown, _)) = wrong.get_mut(count)
            {
                shown.push_str(rest);
            }
            return true;
        }
    }
    let (text, is_cut) = unescape(rest, Octal::Bare);
    out.extend(text);
    is_cut
}

const WIDTH_MAX: usize = 100_000;

fn directive<'a>(
    manner: Manner,
    specification: &str,
    letter: u8,
    arguments: &mut impl Iterator<Item = &'a String>,
    out: &mut Vec<u8>,
    wrong: &mut Vec<Wrong>,
) -> bool {
    let flags: String = specification.chars().take_while(|c| "-+ 0#".contains(*c)).collect();
    let sizes = &specification[flags.len()..].trim_end_matches(['l', 'h', 'L', 'z']);
    let (width, precision) =
        sizes.split_once('.').map_or((*sizes, None), |(width, precision)| (width, Some(precision)));
    let mut size = |text: &str| match text {
        "*" => arguments.next().and_then(|word| word.parse().ok()).unwrap_or(0),
        digits => digits.parse::<usize>().unwrap_or(0),
    };
    let (width, precision) = (size(width).min(WIDTH_MAX), precision.map(|text| size(text).min(WIDTH_MAX)));
    let argument = arguments.next();
    let word = argument.map_or("", String::as_str);
    let mut is_cut = false;
    let sign = |is_negative: bool| match (is_negative, flags.contains('+'), flags.contains(' ')) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let body: Vec<u8> = match letter {
        b's' => truncated(word.as_bytes().to_vec(), precision),
        b'b' => {
            let (text, cut) = unescape(word, Octal::AfterZero);
            is_cut = cut;
            truncated(text, precision)
        }
        b'q' if manner.quotes => backslashed(word).into_bytes(),
        b'c' => word.chars().take(1).collect::<String>().into_bytes(),
        b'd' | b'i' | b'u' => {
            let number = integer(word, wrong);
            let digits = number.unsigned_abs().to_string();
            format!("{}{:0>width$}", sign(number < 0), digits, width = precision.unwrap_or(1)).into_bytes()
        }
        b'x' | b'X' | b'o' => {
            let number = integer(word, wrong);
            let digits = match letter {
                b'x' => format!("{number:x}"),
                b'X' => format!("{number:X}"),
                _ => format!("{number:o}"),
            };
            let prefix =
                if flags.contains('#') && letter != b'o' { if letter == b'x' { "0x" } else { "0X" } } else { "" };
            format!("{prefix}{digits:0>width$}", width = precision.unwrap_or(1)).into_bytes()
        }
        b'f' | b'F' | b'e' | b'g' | b'G' | b'E' => {
            let number = word.trim().parse::<f64>().unwrap_or_else(|_| {
                wrong.push(Wrong::Number(word.to_owned()));
                0.0
            });
            let digits = match letter {
                b'e' | b'E' => scientific(number.abs(), precision.unwrap_or(6)),
                b'g' | b'G' => general(number.abs(), precision.unwrap_or(6).max(1)),
                _ => format!("{:.*}", precision.unwrap_or(6), number.abs()),
            };
            format!("{}{digits}", sign(number < 0.0)).into_bytes()
        }
        other => {
            wrong.push(Wrong::Directive(format!("{specification}{}", char::from(other)), char::from(other)));
            return true;
        }
    };
    let fill = width.saturating_sub(String::from_utf8_lossy(&body).chars().count());
    if flags.contains('-') {
        out.extend(body);
        out.extend(b" ".repeat(fill));
    } else if flags.contains('0') && letter.is_ascii_alphabetic() && !matches!(letter, b's' | b'b' | b'c' | b'q') {
        let signs = usize::from(body.first().is_some_and(|byte| b"+- ".contains(byte)));
        out.extend(&body[..signs]);
        out.extend(b"0".repeat(fill));
        out.extend(&body[signs..]);
    } else {
        out.extend(b" ".repeat(fill));
        out.extend(body);
    }
    is_cut
}

/// `12`, `0x1f`, `017`, `'a`; of what is no number, the digits it begins with.
fn integer(word: &str, wrong: &mut Vec<Wrong>) -> i64 {
    let text = word.trim();
    if let Some(character) = text.strip_prefix(['\'', '"']) {
        return character.chars().next().map_or(0, |c| i64::from(u32::from(c)));
    }
    let (is_negative, digits) =
        text.strip_prefix('-').map_or((false, text.strip_prefix('+').unwrap_or(text)), |rest| (true, rest));
    let (radix, digits) = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        (16, hex)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, digits)
    } else {
        (10, digits)
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    if end < digits.len() || digits.is_empty() {
        wrong.push(Wrong::Number(word.to_owned()));
    }
    let number = if end == 0 { 0 } else { i64::from_str_radix(&digits[..end], radix).unwrap_or(i64::MAX) };
    if is_negative { -number } else { number }
}

fn truncated(mut text: Vec<u8>, precision: Option<usize>) -> Vec<u8> {
    text.truncate(precision.unwrap_or(usize::MAX));
    text
}

fn scientific(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// `%g`: six digits, without zeros at the end.
pub(super) fn general(number: f64, precision: usize) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let exponential = format!("{number:.*e}", precision - 1);
    let exponent: i32 = exponential.split_once('e').and_then(|(_, text)| text.parse().ok()).unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    if exponent < -4 || exponent >= precision as i32 {
        let text = scientific(number, precision - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{exponent}", trim(mantissa));
    }
    trim(&format!("{number:.*}", (precision as i32 - 1 - exponent).max(0) as usize))
}

/// A word with a backslash before all that bash would read.
fn backslashed(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:,@%=^".contains(c);
    if word.is_empty() {
        return "''".to_owned();
    }
    word.chars().map(|c| if plain(c) { c.to_string() } else { format!("\\{c}") }).collect()
}
