//! Programs that only print: echo, printf, expr, basename, dirname.

use super::super::escapes::{Octal, unescape};
use super::Call;

/// `echo [-neE] WORDS`
pub(super) fn echo(call: &mut Call<'_, '_>) -> i32 {
    let mut words = &call.words[1..];
    let (mut newline, mut escapes) = (true, false);
    while let Some(options) = words.first().and_then(|word| word.strip_prefix('-')) {
        if options.is_empty() || !options.chars().all(|letter| "neE".contains(letter)) {
            break;
        }
        for letter in options.chars() {
            match letter {
                'n' => newline = false,
                letter => escapes = letter == 'e',
            }
        }
        words = &words[1..];
    }
    let text = words.join(" ");
    let (mut bytes, is_cut) = if escapes { unescape(&text, Octal::AfterZero) } else { (text.into_bytes(), false) };
    if newline && !is_cut {
        bytes.push(b'\n');
    }
    i32::from(!call.print_bytes(&bytes))
}

/// `printf FORMAT WORDS`; the format is used again while words are left.
pub(super) fn printf(call: &mut Call<'_, '_>) -> i32 {
    let Some(pattern) = call.words.get(1).cloned() else { return call.fail("usage: printf FORMAT [ARG]...") };
    let mut out = Vec::new();
    let mut status = 0;
    let mut arguments = call.words[2..].iter();
    loop {
        let before = arguments.len();
        let is_cut = match format(&pattern, &mut arguments, &mut out) {
            Ok(is_cut) => is_cut,
            Err(message) => {
                status = call.fail(&message);
                false
            }
        };
        if is_cut || arguments.len() == 0 || arguments.len() == before {
            break;
        }
    }
    if call.print_bytes(&out) { status } else { 1 }
}

/// One pass over a format; true where `\c` ends all output.
pub(super) fn format<'a>(
    pattern: &str,
    arguments: &mut impl Iterator<Item = &'a String>,
    out: &mut Vec<u8>,
) -> Result<bool, String> {
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        let (text, is_cut) = unescape(&rest[..at], Octal::Bare);
        out.extend(text);
        if is_cut {
            return Ok(true);
        }
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push(b'%');
            rest = after;
            continue;
        }
        let Some(end) = rest.find(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'l' | 'h')) else {
            return Err(format!("%{rest}: invalid format"));
        };
        let (specification, letter) = (&rest[..end], rest.as_bytes()[end]);
        rest = &rest[end + 1..];
        if directive(specification, letter, arguments, out)? {
            return Ok(true);
        }
    }
    let (text, is_cut) = unescape(rest, Octal::Bare);
    out.extend(text);
    Ok(is_cut)
}

const WIDTH_MAX: usize = 100_000;

fn directive<'a>(
    specification: &str,
    letter: u8,
    arguments: &mut impl Iterator<Item = &'a String>,
    out: &mut Vec<u8>,
) -> Result<bool, String> {
    let flags: String = specification.chars().take_while(|c| "-+ 0#".contains(*c)).collect();
    let sizes = &specification[flags.len()..].trim_end_matches(['l', 'h']);
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
        b'q' => shlex::try_quote(word).map_or_else(|_| word.as_bytes().to_vec(), |text| text.as_bytes().to_vec()),
        b'c' => word.chars().take(1).collect::<String>().into_bytes(),
        b'd' | b'i' | b'u' => {
            let number = integer(word)?;
            let digits = number.unsigned_abs().to_string();
            format!("{}{:0>width$}", sign(number < 0), digits, width = precision.unwrap_or(1)).into_bytes()
        }
        b'x' | b'X' | b'o' => {
            let number = integer(word)?;
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
            let number = if word.is_empty() { 0.0 } else { word.trim().parse::<f64>().map_err(|_| invalid(word))? };
            let digits = match letter {
                b'e' | b'E' => scientific(number.abs(), precision.unwrap_or(6)),
                b'g' | b'G' => general(number.abs(), precision.unwrap_or(6).max(1)),
                _ => format!("{:.*}", precision.unwrap_or(6), number.abs()),
            };
            format!("{}{digits}", sign(number < 0.0)).into_bytes()
        }
        other => return Err(format!("%{}: invalid format", char::from(other))),
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
    Ok(is_cut)
}

fn invalid(word: &str) -> String {
    format!("invalid number '{word}'")
}

/// `12`, `0x1f`, `017`, `'a`.
fn integer(word: &str) -> Result<i64, String> {
    let text = word.trim();
    if text.is_empty() {
        return Ok(0);
    }
    if let Some(character) = text.strip_prefix(['\'', '"']) {
        return Ok(character.chars().next().map_or(0, |c| i64::from(u32::from(c))));
    }
    let (is_negative, digits) =
        text.strip_prefix('-').map_or((false, text.trim_start_matches('+')), |rest| (true, rest));
    let number = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        i64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8)
    } else {
        digits.parse()
    };
    let number = number.map_err(|_| invalid(word))?;
    Ok(if is_negative { -number } else { number })
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

/// `expr A op B …`, left to right with the usual precedence.
pub(super) fn expr(call: &mut Call<'_, '_>) -> i32 {
    let words = call.words[1..].to_vec();
    let mut at = 0;
    let result = expr_level(&words, &mut at, 0);
    match result {
        Ok(value) if at == words.len() => {
            call.print(&format!("{value}\n"));
            i32::from(value.is_empty() || value == "0")
        }
        Ok(_) => {
            call.fail("syntax error");
            2
        }
        Err(message) => {
            call.fail(message);
            2
        }
    }
}

const EXPR_LEVELS: [&[&str]; 5] =
    [&["|"], &["&"], &["=", "==", "!=", "<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"]];

fn expr_level(words: &[String], at: &mut usize, level: usize) -> Result<String, &'static str> {
    if *at > 500 {
        return Err("expression too long");
    }
    let Some(operators) = EXPR_LEVELS.get(level) else { return expr_operand(words, at) };
    let mut left = expr_level(words, at, level + 1)?;
    while let Some(operator) = words.get(*at).filter(|word| operators.contains(&word.as_str())).cloned() {
        *at += 1;
        let right = expr_level(words, at, level + 1)?;
        left = expr_operation(&operator, &left, &right)?;
    }
    Ok(left)
}

fn expr_operand(words: &[String], at: &mut usize) -> Result<String, &'static str> {
    let word = words.get(*at).cloned().ok_or("syntax error")?;
    *at += 1;
    let mut value = match word.as_str() {
        "(" => {
            let value = expr_level(words, at, 0)?;
            if words.get(*at).is_none_or(|next| next != ")") {
                return Err("syntax error");
            }
            *at += 1;
            value
        }
        "length" if *at < words.len() => expr_operand(words, at)?.chars().count().to_string(),
        _ => word,
    };
    while words.get(*at).is_some_and(|next| next == ":") {
        *at += 1;
        let pattern = words.get(*at).cloned().ok_or("syntax error")?;
        *at += 1;
        let pattern = format!("^(?:{})", super::text::grep::basic_to_extended(&pattern));
        let regex = regex::Regex::new(&pattern).map_err(|_| "bad regex")?;
        let has_group = regex.captures_len() > 1;
        value = match regex.captures(&value) {
            Some(found) if has_group => found.get(1).map_or_else(String::new, |group| group.as_str().to_owned()),
            Some(found) => found[0].chars().count().to_string(),
            None if has_group => String::new(),
            None => "0".to_owned(),
        };
    }
    Ok(value)
}

fn expr_operation(operator: &str, left: &str, right: &str) -> Result<String, &'static str> {
    let is_false = |text: &str| text.is_empty() || text == "0";
    let numbers = left.parse::<i64>().ok().zip(right.parse::<i64>().ok());
    let order = numbers.map_or_else(|| left.cmp(right), |(left, right)| left.cmp(&right));
    let truth = |value: bool| Ok(i64::from(value).to_string());
    match operator {
        "|" => return Ok(if is_false(left) { right } else { left }.to_owned()),
        "&" => return Ok(if is_false(left) || is_false(right) { "0" } else { left }.to_owned()),
        "=" | "==" => return truth(order.is_eq()),
        "!=" => return truth(order.is_ne()),
        "<" => return truth(order.is_lt()),
        "<=" => return truth(order.is_le()),
        ">" => return truth(order.is_gt()),
        ">=" => return truth(order.is_ge()),
        _ => {}
    }
    let (left, right) = numbers.ok_or("non-numeric argument")?;
    let value = match operator {
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        _ if right == 0 => return Err("division by zero"),
        "/" => left.wrapping_div(right),
        _ => left.wrapping_rem(right),
    };
    Ok(value.to_string())
}

/// `basename PATH [SUFFIX]`
pub(super) fn basename(call: &mut Call<'_, '_>) -> i32 {
    let Some(path) = call.words.get(1) else { return call.fail("usage: basename FILE [SUFFIX]") };
    let trimmed = path.trim_end_matches('/');
    let mut base = trimmed.rsplit('/').next().unwrap_or_default();
    if base.is_empty() && !path.is_empty() {
        base = "/";
    }
    if let Some(suffix) = call.words.get(2)
        && base != suffix
    {
        base = base.strip_suffix(suffix.as_str()).unwrap_or(base);
    }
    let line = format!("{base}\n");
    i32::from(!call.print(&line))
}

/// `dirname PATH`
pub(super) fn dirname(call: &mut Call<'_, '_>) -> i32 {
    let Some(path) = call.words.get(1) else { return call.fail("usage: dirname FILENAME") };
    let trimmed = path.trim_end_matches('/');
    let directory = match trimmed.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory.trim_end_matches('/'),
        None if path.starts_with('/') => "/",
        None => ".",
    };
    let line = format!("{directory}\n");
    i32::from(!call.print(&line))
}
