//! Programs that only print: echo, expr, basename, dirname.

use super::super::code::Dialect;
use super::super::escapes::{Octal, unescape};
use super::{Call, usage};

/// `echo [-neE] WORDS`. dash knows `-n` alone, and its escapes always count.
pub(super) fn echo(call: &mut Call<'_, '_>) -> i32 {
    let dialect = call.inside.map(|shell| shell.dialect);
    let known = if dialect == Some(Dialect::Dash) { "n" } else { "neE" };
    let mut words = &call.words[1..];
    let (mut newline, mut escapes) = (true, dialect == Some(Dialect::Dash));
    while let Some(options) = words.first().and_then(|word| word.strip_prefix('-')) {
        if options.is_empty() || !options.chars().all(|letter| known.contains(letter)) {
            break;
        }
        for letter in options.chars() {
            match letter {
                'n' => newline = false,
                letter => escapes = letter == 'e',
            }
        }
        words = &words[1..];
        if dialect == Some(Dialect::Dash) {
            break;
        }
    }
    let octal = match dialect {
        Some(Dialect::Dash) => Octal::Dash,
        Some(Dialect::Bash) => Octal::OnlyAfterZero,
        None if call.is_gnu() => Octal::OnlyAfterZero,
        _ => Octal::AfterZero,
    };
    let text = words.join(" ");
    let (mut bytes, is_cut) = if escapes { unescape(&text, octal) } else { (text.into_bytes(), false) };
    if newline && !is_cut {
        bytes.push(b'\n');
    }
    i32::from(!call.print_bytes(&bytes))
}

/// `expr A op B …`, left to right with the usual precedence.
pub(super) fn expr(call: &mut Call<'_, '_>) -> i32 {
    let words = call.words[1..].to_vec();
    if words.is_empty() {
        if call.is_gnu() {
            usage::wrong(call);
        } else {
            call.fail("too few arguments");
        }
        return 2;
    }
    let mut at = 0;
    let result = expr_level(&words, &mut at, 0);
    match result {
        Ok(value) if at == words.len() => {
            call.print(&format!("{value}\n"));
            i32::from(value.is_empty() || value == "0")
        }
        Ok(_) => {
            let message = format!("syntax error: unexpected argument '{}'", words[at]);
            call.fail_as("syntax error", &message);
            2
        }
        Err(message) => {
            let gnu = match message {
                "non-numeric argument" => "non-integer argument".to_owned(),
                "syntax error" => {
                    format!("syntax error: missing argument after '{}'", words.last().map_or("", String::as_str))
                }
                other => other.to_owned(),
            };
            call.fail_as(message, &gnu);
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
        "substr" if *at + 2 < words.len() => {
            let text = expr_operand(words, at)?;
            let mut number = || expr_operand(words, at)?.parse::<usize>().map_err(|_| "non-numeric argument");
            let (from, count) = (number()?, number()?);
            if from == 0 { String::new() } else { text.chars().skip(from - 1).take(count).collect() }
        }
        "index" if *at + 1 < words.len() => {
            let (text, set) = (expr_operand(words, at)?, expr_operand(words, at)?);
            text.chars().position(|c| set.contains(c)).map_or(0, |place| place + 1).to_string()
        }
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
    let Some(path) = call.words.get(1) else { return usage::wrong(call) };
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
    let Some(path) = call.words.get(1) else { return usage::wrong(call) };
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
