//! Columns of numbers out of CSV text: observed durations, load over time. Reads text, not files.

use std::fmt;

use super::time::SimDuration;

/// What is wrong with a CSV text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CsvError {
    /// Line of the text, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: CsvProblem,
}

/// What can be wrong with a line of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvProblem {
    /// A field is no finite number.
    NotANumber(String),
    /// The line has fewer fields than the column's place.
    MissingField(usize),
    /// The header has no such column.
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// Those of the header.
        columns: Vec<String>,
    },
    /// A column was asked for by name, but the first line holds numbers.
    NoHeader(String),
    /// The text holds no row of numbers.
    Empty,
    /// A time is not later than the one before.
    NotLater,
    /// A value that must not be negative is.
    Negative,
    /// The text is no CSV.
    Malformed(String),
}

impl fmt::Display for CsvProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber(text) => write!(f, "`{text}` is no number"),
            Self::MissingField(column) => write!(f, "field {column} is missing"),
            Self::UnknownColumn { name, columns } => {
                write!(f, "no column `{name}` in the header (columns: {})", columns.join(", "))
            }
            Self::NoHeader(name) => write!(f, "column `{name}` is asked for, but there is no header"),
            Self::Empty => f.write_str("no row of numbers"),
            Self::NotLater => f.write_str("the time is not later than the one before"),
            Self::Negative => f.write_str("the value is negative"),
            Self::Malformed(reason) => f.write_str(reason),
        }
    }
}

/// Which column to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column<'a> {
    /// By place, from 0.
    At(usize),
    /// By its name in the header.
    Named(&'a str),
}

/// The numbers of `columns` in each row of `text`, with the row's line. The first line is a header if its fields
/// under `columns` are no numbers. Empty lines and lines starting with `#` are skipped. A field may also be a
/// duration (`90s`, `1h30m`): it counts in seconds.
///
/// # Errors
/// The first line that does not fit.
pub fn read_columns<const N: usize>(text: &str, columns: [Column<'_>; N]) -> Result<Vec<(usize, [f64; N])>, CsvError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut places: Option<[usize; N]> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| CsvError {
            line: error.position().map_or(1, |position| position.line() as usize),
            problem: CsvProblem::Malformed(error.to_string()),
        })?;
        let line = record.position().map_or(1, |position| position.line() as usize);
        let fail = |problem| CsvError { line, problem };
        let known = if let Some(known) = places {
            known
        } else {
            let (found, is_header) = locate(&record, columns).map_err(fail)?;
            places = Some(found);
            if is_header {
                continue;
            }
            found
        };
        let mut row = [0.0; N];
        for (value, place) in row.iter_mut().zip(known) {
            let field = record.get(place).ok_or_else(|| fail(CsvProblem::MissingField(place + 1)))?;
            *value = number(field).ok_or_else(|| fail(CsvProblem::NotANumber(field.to_owned())))?;
        }
        rows.push((line, row));
    }
    if rows.is_empty() { Err(CsvError { line: 1, problem: CsvProblem::Empty }) } else { Ok(rows) }
}

/// Places of the columns by the first record, and whether that is a header.
fn locate<const N: usize>(
    first: &csv::StringRecord,
    columns: [Column<'_>; N],
) -> Result<([usize; N], bool), CsvProblem> {
    let mut places = [0; N];
    let mut named = false;
    for (place, column) in places.iter_mut().zip(columns) {
        *place = match column {
            Column::At(index) => index,
            Column::Named(name) => {
                named = true;
                match first.iter().position(|field| field == name) {
                    Some(index) => index,
                    None if first.iter().all(|field| number(field).is_some()) => {
                        return Err(CsvProblem::NoHeader(name.to_owned()));
                    }
                    None => {
                        let columns = first.iter().map(str::to_owned).collect();
                        return Err(CsvProblem::UnknownColumn { name: name.to_owned(), columns });
                    }
                }
            }
        };
    }
    let words = places.iter().all(|&place| first.get(place).is_some_and(|field| number(field).is_none()));
    Ok((places, named || words))
}

/// A finite number, or a duration in seconds.
fn number(field: &str) -> Option<f64> {
    match field.parse::<f64>() {
        Ok(value) => value.is_finite().then_some(value),
        Err(_) => SimDuration::parse(field).ok().map(SimDuration::as_secs_f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_column(text: &str) -> Result<Vec<f64>, String> {
        read_columns(text, [Column::At(0)])
            .map(|rows| rows.into_iter().map(|(_, [value])| value).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_header_is_optional() {
        assert_eq!(first_column("1\n2.5\n"), Ok(vec![1.0, 2.5]));
        assert_eq!(first_column("\u{feff}seconds,node\n1,a\n\n# note\n1m30s,b\n"), Ok(vec![1.0, 90.0]));
    }

    #[test]
    fn a_column_is_found_by_name() {
        let text = "node, pull\na, 3\nb, 4\n";
        let rows = read_columns(text, [Column::Named("pull")]).unwrap();
        assert_eq!(rows, [(2, [3.0]), (3, [4.0])]);
        let error = read_columns(text, [Column::Named("pul")]).unwrap_err();
        assert_eq!(error.to_string(), "line 1: no column `pul` in the header (columns: node, pull)");
        let error = read_columns("1,2\n", [Column::Named("pull")]).unwrap_err();
        assert_eq!(error.to_string(), "line 1: column `pull` is asked for, but there is no header");
    }

    #[test]
    fn errors_tell_the_line() {
        assert_eq!(first_column("s\n1\nx\n"), Err("line 3: `x` is no number".to_owned()));
        assert_eq!(first_column("1\nnan\n"), Err("line 2: `nan` is no number".to_owned()));
        assert_eq!(first_column("s\n"), Err("line 1: no row of numbers".to_owned()));
        let error = read_columns("0,1\n2\n", [Column::At(0), Column::At(1)]).unwrap_err();
        assert_eq!(error.to_string(), "line 2: field 2 is missing");
    }
}
