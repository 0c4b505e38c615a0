//! Backslash escapes of `echo -e`, `printf`, `$'…'`, `tr` and awk strings.

/// Where the escapes stand: `printf` formats and `$'…'` take `\101`, `echo -e` and `%b` take `\0101`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Octal {
    Bare,
    /// busybox' `echo -e`: `\0101` and `\101`.
    AfterZero,
    /// bash's and GNU's `echo -e`, and `%b`: `\0101` only.
    OnlyAfterZero,
    /// dash's `echo`: as busybox', without hexadecimal ones.
    Dash,
}

/// Text with its escapes replaced, and whether `\c` cut it.
pub(super) fn unescape(text: &str, octal: Octal) -> (Vec<u8>, bool) {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' || at + 1 == bytes.len() {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        at += 2;
        match bytes[at - 1] {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'c' => return (out, true),
            b'e' => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' => out.push(b'\\'),
            b'x' if octal != Octal::Dash => match number(bytes, at, 16, 2) {
                (_, 0) => out.extend(b"\\x"),
                (value, length) => {
                    out.push(value as u8);
                    at += length;
                }
            },
            b'0' if octal != Octal::Bare => {
                let (value, length) = number(bytes, at, 8, 3);
                out.push(value as u8);
                at += length;
            }
            b'0'..=b'7' if octal != Octal::OnlyAfterZero => {
                let (value, length) = number(bytes, at - 1, 8, 3);
                out.push(value as u8);
                at += length - 1;
            }
            other => out.extend([b'\\', other]),
        }
    }
    (out, false)
}

/// Digits of the base from `at` on, at most `limit` of them: value and how many.
fn number(bytes: &[u8], at: usize, base: u32, limit: usize) -> (u32, usize) {
    let (mut value, mut length) = (0, 0);
    while length < limit {
        let Some(digit) = bytes.get(at + length).and_then(|byte| char::from(*byte).to_digit(base)) else { break };
        value = value * base + digit;
        length += 1;
    }
    (value, length)
}

/// The text of `$'…'`.
pub(super) fn ansi_c(text: &str) -> String {
    let text = text.replace("\\'", "'").replace("\\\"", "\"");
    String::from_utf8_lossy(&unescape(&text, Octal::Bare).0).into_owned()
}
