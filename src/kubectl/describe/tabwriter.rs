//! Elastic tab stops, as Go's text/tabwriter lays out `describe` (minimum width 0, padding 2).
//! A cell is ended by a tab; cells of one column in consecutive lines get the same width.

const PADDING: usize = 2;

/// Lays out a text with tabs.
pub(super) fn align(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut layout = Layout { lines, widths: Vec::new(), out: String::with_capacity(text.len() * 2) };
    let count = layout.lines.len();
    layout.format(0, count);
    layout.out
}

struct Layout<'a> {
    lines: Vec<Vec<&'a str>>,
    /// Widths of the columns around the current block.
    widths: Vec<usize>,
    out: String,
}

impl Layout<'_> {
    /// Upstream: text/tabwriter `Writer.format`.
    fn format(&mut self, first: usize, end: usize) {
        let column = self.widths.len();
        let mut printed = first;
        let mut line = first;
        while line < end {
            if column + 1 >= self.lines[line].len() {
                line += 1;
                continue;
            }
            self.write(printed, line);
            printed = line;
            let mut width = 0;
            while line < end && column + 1 < self.lines[line].len() {
                width = width.max(self.lines[line][column].chars().count() + PADDING);
                line += 1;
            }
            self.widths.push(width);
            self.format(printed, line);
            self.widths.pop();
            printed = line;
        }
        self.write(printed, end);
    }

    fn write(&mut self, first: usize, end: usize) {
        for line in &self.lines[first..end] {
            for (place, cell) in line.iter().enumerate() {
                self.out.push_str(cell);
                if let Some(width) = self.widths.get(place).filter(|_| place + 1 < line.len()) {
                    let blanks = width.saturating_sub(cell.chars().count());
                    self.out.extend(std::iter::repeat_n(' ', blanks));
                }
            }
            self.out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::align;

    #[test]
    fn a_column_is_as_wide_as_its_block() {
        let text = "Name:\tx\nLabels:\ta=b\n\tc=d\nPods:\n  Namespace\tName\n  ns\tlonger\nEvents:\t<none>\n";
        let aligned = "Name:    x\nLabels:  a=b\n         c=d\nPods:\n  Namespace  Name\n  ns         longer\nEvents:      <none>\n";
        assert_eq!(align(text), aligned);
    }
}
