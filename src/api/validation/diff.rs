//! The unified diff of two structures that a refusal ends with. Upstream: apimachinery util/diff `Diff`: both as
//! indented JSON, compared line by line with three lines of context.

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The diff of two compact JSON texts.
pub(super) fn unified(before: &str, after: &str) -> String {
    let (before, after) = (lines(before), lines(after));
    let edits = edits(&before, &after);
    let mut out = String::new();
    let mut place = 0;
    while let Some(first) = edits[place..].iter().position(|edit| edit.mark != ' ').map(|found| place + found) {
        let start = first.saturating_sub(CONTEXT).max(place);
        let mut end = first;
        // Changes whose contexts meet are one hunk.
        while let Some(next) = edits[end..].iter().position(|edit| edit.mark != ' ') {
            if next > 2 * CONTEXT {
                break;
            }
            end += next + 1;
        }
        let end_with_context = (end + CONTEXT).min(edits.len());
        let hunk = &edits[start..end_with_context];
        let count = |mark: char| hunk.iter().filter(|edit| edit.mark == ' ' || edit.mark == mark).count();
        let (old, new) = (hunk[0].old, hunk[0].new);
        out.push_str(&format!("@@ -{} +{} @@\n", range(old, count('-')), range(new, count('+'))));
        for edit in hunk {
            out.push(edit.mark);
            out.push_str(edit.line);
            out.push('\n');
        }
        place = end_with_context;
    }
    out
}

/// A hunk's place: its first line from 1, and its length unless that is 1.
fn range(first: usize, length: usize) -> String {
    match length {
        0 => format!("{first},0"),
        1 => format!("{}", first + 1),
        _ => format!("{},{length}", first + 1),
    }
}

/// A line of the diff and how many lines of both sides stand before it.
struct Edit<'a> {
    mark: char,
    line: &'a str,
    old: usize,
    new: usize,
}

/// The shortest way from one text to the other.
fn edits<'a>(before: &'a [String], after: &'a [String]) -> Vec<Edit<'a>> {
    let width = after.len() + 1;
    let mut common = vec![0_u32; (before.len() + 1) * width];
    for old in (0..before.len()).rev() {
        for new in (0..after.len()).rev() {
            common[old * width + new] = if before[old] == after[new] {
                common[(old + 1) * width + new + 1] + 1
            } else {
                common[(old + 1) * width + new].max(common[old * width + new + 1])
            };
        }
    }
    let (mut old, mut new) = (0, 0);
    let mut edits = Vec::new();
    while old < before.len() || new < after.len() {
        let both = old < before.len() && new < after.len();
        let edit = |mark, line| Edit { mark, line, old, new };
        if both && before[old] == after[new] {
            edits.push(edit(' ', before[old].as_str()));
            (old, new) = (old + 1, new + 1);
        } else if old < before.len()
            && (new == after.len() || common[(old + 1) * width + new] >= common[old * width + new + 1])
        {
            edits.push(edit('-', before[old].as_str()));
            old += 1;
        } else {
            edits.push(edit('+', after[new].as_str()));
            new += 1;
        }
    }
    edits
}

/// Compact JSON with one blank of indentation a level, as lines. Empty collections stay on one line.
fn lines(json: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut depth = 0;
    let mut in_text = false;
    let letters: Vec<char> = json.chars().collect();
    let mut place = 0;
    while let Some(letter) = letters.get(place).copied() {
        place += 1;
        let line = lines.last_mut().expect("there is always one");
        if in_text {
            line.push(letter);
            match letter {
                '\\' => {
                    line.extend(letters.get(place));
                    place += 1;
                }
                '"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match letter {
            '{' | '[' if matches!(letters.get(place), Some('}' | ']')) => {
                line.push(letter);
                line.extend(letters.get(place));
                place += 1;
            }
            '{' | '[' => {
                line.push(letter);
                depth += 1;
                lines.push(" ".repeat(depth));
            }
            '}' | ']' => {
                depth -= 1;
                lines.push(format!("{}{letter}", " ".repeat(depth)));
            }
            ',' => {
                line.push(letter);
                lines.push(" ".repeat(depth));
            }
            ':' => line.push_str(": "),
            '"' => {
                line.push(letter);
                in_text = true;
            }
            other => line.push(other),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn a_change_stands_among_three_lines_of_context() {
        let object =
            |last: &str| format!("{{\"A\":1,\"B\":[],\"C\":{{\"D\":\"x,y\"}},\"E\":null,\"F\":{last},\"G\":0}}");
        let diff = unified(&object("\"Always\""), &object("\"Never\""));
        assert_eq!(
            diff,
            "@@ -5,6 +5,6 @@\n   \"D\": \"x,y\"\n  },\n  \"E\": null,\n- \"F\": \"Always\",\n+ \"F\": \"Never\",\n  \"G\": 0\n }\n"
        );
    }
}
