//! Files that hold environment variables for containers. Upstream: kubelet util/env `ParseEnv`, a strict part of the syntax
//! of a POSIX shell: `NAME='value'` with nothing but a comment behind it.

/// The value that a file gives a variable, empty if it gives none; `None` if what stands before it is not of that form.
/// Nothing is read behind it.
pub fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let start = line.trim_start_matches([' ', '\t']);
        if start.trim_end_matches('\r').is_empty() || start.starts_with('#') {
            rest = after;
            continue;
        }
        let (name, _) = start.split_once('=')?;
        if name.is_empty() || name.ends_with([' ', '\t']) {
            return None;
        }
        // The value may go on over several lines.
        let behind = &rest[line.len() - start.len() + name.len() + 1..];
        if behind.starts_with([' ', '\t']) {
            if name == key {
                return Some("");
            }
            rest = after;
            continue;
        }
        let (value, behind) = behind.strip_prefix('\'')?.split_once('\'')?;
        let (left, after) = behind.split_once('\n').unwrap_or((behind, ""));
        let left = left.trim_start_matches([' ', '\t']).trim_end_matches('\r');
        if !left.is_empty() && !left.starts_with('#') {
            return None;
        }
        if name == key {
            return Some(value);
        }
        rest = after;
    }
    Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_single_quotes_and_may_span_lines() {
        let text = "# settings\n\n  A='1'\nB='two\nlines' # so\nC= 'x'\nD='4'\n";
        let found = |key: &str| value(text, key);
        assert_eq!(found("A"), Some("1"));
        assert_eq!(found("B"), Some("two\nlines"));
        assert_eq!((found("C"), found("D"), found("E")), (Some(""), Some("4"), Some("")));
    }

    #[test]
    fn anything_else_is_refused_but_what_stands_behind_is_not_read() {
        for text in ["A=1", "A", "='1'", "A ='1'", "A='1' x", "A='1", "A=\"1\""] {
            assert_eq!(value(text, "A"), None, "{text}");
        }
        assert_eq!(value("A='1'\nB=2\n", "A"), Some("1"));
        assert_eq!(value("A='1'\nB=2\n", "C"), None);
    }
}
