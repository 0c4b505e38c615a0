//! One run as a row of `runs.csv`, written and read back: numbers print in the shortest form that reads back to the same
//! bits, so that files made from rows that were read are those made from rows that were run.

use super::outline::Outline;

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All went well.
    Ok,
    /// A step failed or an expectation did not hold.
    Failed,
    /// It has no result: a manifest was refused, or kubelapse failed.
    Error,
}

impl Status {
    const ALL: [Self; 3] = [Self::Ok, Self::Failed, Self::Error];

    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number, from 0.
    pub run: usize,
    /// What came of it.
    pub status: Status,
    /// Metrics in the order of the outline; none where the run has no such number.
    pub values: Vec<Option<f64>>,
    /// Digest of its change log; empty for an error.
    pub digest: String,
    /// What did not go well, in words on one line.
    pub message: String,
    /// Its warnings.
    pub warnings: Vec<String>,
}

/// What stands between warnings in their column.
const BETWEEN: &str = " | ";

impl Row {
    /// The columns of `runs.csv`.
    pub fn columns(outline: &Outline) -> Vec<String> {
        let mut columns = vec!["run".to_owned(), "combination".to_owned()];
        columns.extend(outline.columns().map(|column| column.name.clone()));
        columns.extend(["seed", "status"].map(str::to_owned));
        columns.extend(outline.metrics.iter().cloned());
        columns.extend(["digest", "message", "warnings"].map(str::to_owned));
        columns
    }

    /// The fields of its line.
    pub fn fields(&self, outline: &Outline) -> Vec<String> {
        let combination = outline.combination_of(self.run);
        let mut fields = vec![self.run.to_string(), combination.to_string()];
        fields.extend(outline.cells(combination).into_iter().map(str::to_owned));
        fields.extend([outline.seed_of(self.run).to_string(), self.status.name().to_owned()]);
        fields.extend(self.values.iter().map(|value| value.map_or_else(String::new, |value| value.to_string())));
        fields.extend([self.digest.clone(), one_line(&self.message), one_line(&self.warnings.join(BETWEEN))]);
        fields
    }

    /// The row of a line.
    ///
    /// # Errors
    /// A line that is not of this sweep, in words.
    pub fn read(fields: &csv::StringRecord, outline: &Outline) -> Result<Self, String> {
        let settings = outline.columns().count();
        let metrics = outline.metrics.len();
        let expected = settings + metrics + 7;
        if fields.len() != expected {
            return Err(format!("it has {} fields, not {expected}", fields.len()));
        }
        let field = |index: usize| fields.get(index).unwrap_or_default();
        let run: usize = field(0).parse().map_err(|_| format!("`{}` is no number of a run", field(0)))?;
        if run >= outline.runs() {
            return Err(format!("there is no run {run}: the sweep has {}", outline.runs()));
        }
        let (seed, status) = (field(2 + settings), field(3 + settings));
        if seed != outline.seed_of(run).to_string() {
            return Err(format!("run {run} has the seed {}, not `{seed}`", outline.seed_of(run)));
        }
        let status = Status::ALL.into_iter().find(|known| known.name() == status);
        let status = status.ok_or_else(|| format!("`{}` is no status", field(3 + settings)))?;
        let number = |text: &str| {
            if text.is_empty() {
                return Ok(None);
            }
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
            value.map(Some).ok_or_else(|| format!("`{text}` is no number"))
        };
        let first = 4 + settings;
        let values = (first..first + metrics).map(|index| number(field(index))).collect::<Result<_, _>>()?;
        let last = first + metrics;
        let warnings = field(last + 2).split(BETWEEN).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        let row =
            Self { run, status, values, digest: field(last).to_owned(), message: field(last + 1).to_owned(), warnings };
        if row.fields(outline).iter().ne(fields.iter()) {
            return Err(format!("run {run} has other settings than the sweep says"));
        }
        Ok(row)
    }
}

/// A line stays a line: a row that a kill cuts short can be told from a whole one.
pub(super) fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A writer of tables as results have them.
pub(super) fn table<W: std::io::Write>(out: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).flexible(true).from_writer(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::outline::tests::outline;
    use super::*;

    fn line(row: &Row, outline: &Outline) -> String {
        let mut writer = table(Vec::new());
        writer.write_record(row.fields(outline)).unwrap();
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    fn read(line: &str, outline: &Outline) -> Result<Row, String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
        Row::read(&reader.records().next().unwrap().unwrap(), outline)
    }

    proptest! {
        #[test]
        fn rows_read_back_to_the_same_bits(
            run in 0_usize..24,
            values in prop::collection::vec(prop::option::of(prop::num::f64::NORMAL | prop::num::f64::ZERO), 2),
            message in "[ -~]{0,20}",
        ) {
            let outline = outline();
            let row = Row {
                run, status: Status::Failed, values, digest: "ab".to_owned(), message: one_line(&message),
                warnings: vec!["a, \"b\"".to_owned(), "c".to_owned()],
            };
            let text = line(&row, &outline);
            prop_assert_eq!(text.matches('\n').count(), 1);
            let back = read(&text, &outline).unwrap();
            prop_assert_eq!(line(&back, &outline), text);
            prop_assert_eq!(back, row);
        }
    }

    #[test]
    fn a_line_of_another_sweep_is_refused() {
        let outline = outline();
        for (text, part) in [
            ("0,0,3,50,7,ok,1,2,ab,\n", "10 fields, not 11"),
            ("0,0,3,50,8,ok,1,2,ab,,\n", "run 0 has the seed 7, not `8`"),
            ("99,0,3,50,8,ok,1,2,ab,,\n", "there is no run 99"),
            ("0,0,3,60,7,ok,1,2,ab,,\n", "other settings"),
            ("0,0,3,50,7,good,1,2,ab,,\n", "`good` is no status"),
            ("0,0,3,50,7,ok,x,2,ab,,\n", "`x` is no number"),
        ] {
            let words = read(text, &outline).unwrap_err();
            assert!(words.contains(part), "{text}: {words}");
        }
    }
}
