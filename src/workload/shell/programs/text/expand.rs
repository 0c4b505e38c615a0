//! expand: tabs become blanks.

/// A line with blanks in the place of its tabs; `only_leading`: of those before the first other letter.
pub(super) fn expand(line: &[u8], width: usize, only_leading: bool) -> Vec<u8> {
    let (width, mut out, mut column, mut is_leading) = (width.max(1), Vec::with_capacity(line.len()), 0, true);
    for byte in line {
        is_leading &= matches!(byte, b' ' | b'\t');
        match byte {
            b'\t' if is_leading || !only_leading => {
                let blanks = width - column % width;
                out.resize(out.len() + blanks, b' ');
                column += blanks;
            }
            // The bytes of a letter behind its first take no column.
            _ => {
                out.push(*byte);
                column += usize::from(byte & 0xc0 != 0x80);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_reach_the_next_stop() {
        let text = |line: &str, width, only_leading| {
            String::from_utf8(expand(line.as_bytes(), width, only_leading)).expect("text stays text")
        };
        assert_eq!(text("a\tb\tc", 8, false), "a       b       c");
        assert_eq!(text("\té\tb", 4, false), "    é   b");
        assert_eq!(text("\ta\tb", 2, true), "  a\tb");
    }
}
