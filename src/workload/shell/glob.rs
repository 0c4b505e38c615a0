//! File names that match a pattern, sorted as the shell sorts them.

use super::context::{Context, absolute};
use super::pattern;
use super::world::{FileKind, Links};

/// Paths that match `pattern`, in the form in which it was typed (relative stays relative).
pub(super) fn find(context: &mut Context<'_>, cwd: &str, text: &str) -> Vec<String> {
    let is_absolute = text.starts_with('/');
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    let mut found = vec![if is_absolute { "/".to_owned() } else { String::new() }];
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let mut next = Vec::new();
        for base in &found {
            let here = absolute(cwd, base);
            if !pattern::is_pattern(part) {
                let path = format!("{base}{}", pattern::unquote(part));
                if context.stat(&absolute(cwd, &path), Links::Keep).is_ok() {
                    next.push(if is_last { path } else { format!("{path}/") });
                }
                continue;
            }
            for name in context.list(&here).unwrap_or_default() {
                if name.starts_with('.') && !part.starts_with('.') || !pattern::matches(part, &name) {
                    continue;
                }
                let path = format!("{base}{name}");
                if is_last {
                    next.push(path);
                } else if context
                    .stat(&absolute(cwd, &path), Links::Follow)
                    .is_ok_and(|data| data.kind == FileKind::Directory)
                {
                    next.push(format!("{path}/"));
                }
            }
        }
        found = next;
    }
    found.sort();
    found
}
