//! Tables side by side, a row at a time: what is equal is forgotten at once.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use csv::StringRecord;
use serde::Serialize;

use super::super::results::{Results, ResultsError};

/// A table that differs.
#[derive(Clone, Debug, Serialize)]
pub struct TableDiff {
    /// Its file.
    pub file: &'static str,
    /// Rows in the first results; none where the table is not there.
    pub rows_a: Option<u64>,
    /// Rows in the second ones.
    pub rows_b: Option<u64>,
    /// The number of the first row that differs, from 1; 0 if the columns do.
    pub row: u64,
    /// Its time in the run that came to it first, in seconds.
    pub time_s: Option<f64>,
    /// Names of the columns that differ in it.
    pub columns: Vec<String>,
    /// The row in the first results; none at their end.
    pub a: Option<Row>,
    /// The row in the second ones.
    pub b: Option<Row>,
}

/// A row: its fields.
pub type Row = Vec<String>;

type Reader = csv::Reader<BufReader<File>>;

/// The tables that differ, and how many were compared.
pub fn compare(a: &Results, b: &Results) -> Result<(Vec<TableDiff>, usize), ResultsError> {
    let (Some(folder_a), Some(folder_b)) = (a.folder(), b.folder()) else { return Ok((Vec::new(), 0)) };
    let (of_a, of_b) = (a.tables(), b.tables());
    let all: BTreeSet<&'static str> = of_a.iter().chain(&of_b).copied().collect();
    let mut found = Vec::new();
    for file in &all {
        let reader = |folder: &Path, is_there: bool| is_there.then(|| open(&folder.join(file))).transpose();
        let readers = (reader(folder_a, of_a.contains(file))?, reader(folder_b, of_b.contains(file))?);
        let diff = match readers {
            (Some(mut a), Some(mut b)) => {
                side_by_side(file, &mut a, &mut b).map_err(|error| broken(&folder_a.join(file), &error))?
            }
            (a, b) => Some(TableDiff {
                rows_a: a.map(|mut rows| rest(&mut rows)).transpose().map_err(|e| broken(&folder_a.join(file), &e))?,
                rows_b: b.map(|mut rows| rest(&mut rows)).transpose().map_err(|e| broken(&folder_b.join(file), &e))?,
                ..TableDiff::new(file)
            }),
        };
        found.extend(diff);
    }
    // What came first may be the cause of the others.
    let moment = |diff: &TableDiff| diff.time_s.unwrap_or(f64::INFINITY);
    found.sort_by(|one, other| moment(one).total_cmp(&moment(other)));
    Ok((found, all.len()))
}

impl TableDiff {
    fn new(file: &'static str) -> Self {
        Self { file, rows_a: None, rows_b: None, row: 0, time_s: None, columns: Vec::new(), a: None, b: None }
    }
}

fn side_by_side(file: &'static str, a: &mut Reader, b: &mut Reader) -> Result<Option<TableDiff>, csv::Error> {
    let columns = a.headers()?.clone();
    let columns_b = b.headers()?.clone();
    if columns != columns_b {
        let (row_a, row_b) = (fields(&columns), fields(&columns_b));
        let (rows_a, rows_b) = (Some(rest(a)?), Some(rest(b)?));
        return Ok(Some(TableDiff { rows_a, rows_b, a: Some(row_a), b: Some(row_b), ..TableDiff::new(file) }));
    }
    let (mut row_a, mut row_b) = (StringRecord::new(), StringRecord::new());
    let mut row = 0;
    loop {
        row += 1;
        let (is_a, is_b) = (a.read_record(&mut row_a)?, b.read_record(&mut row_b)?);
        if !is_a && !is_b {
            return Ok(None);
        }
        if is_a == is_b && row_a == row_b {
            continue;
        }
        let differ = |(place, _): &(usize, &str)| !(is_a && is_b) || row_a.get(*place) != row_b.get(*place);
        let time = |is_there: bool, row: &StringRecord| is_there.then(|| row.get(0)?.parse::<f64>().ok()).flatten();
        let times = [time(is_a, &row_a), time(is_b, &row_b)];
        let time_s = times.into_iter().flatten().min_by(f64::total_cmp);
        let read = row - 1;
        return Ok(Some(TableDiff {
            file,
            rows_a: Some(read + u64::from(is_a) + rest(a)?),
            rows_b: Some(read + u64::from(is_b) + rest(b)?),
            row,
            time_s,
            columns: columns.iter().enumerate().filter(differ).map(|(_, name)| name.to_owned()).collect(),
            a: is_a.then(|| fields(&row_a)),
            b: is_b.then(|| fields(&row_b)),
        }));
    }
}

/// How many rows are left.
fn rest(reader: &mut Reader) -> Result<u64, csv::Error> {
    let mut record = StringRecord::new();
    let mut count = 0;
    while reader.read_record(&mut record)? {
        count += 1;
    }
    Ok(count)
}

fn fields(record: &StringRecord) -> Row {
    record.iter().map(str::to_owned).collect()
}

fn open(path: &Path) -> Result<Reader, ResultsError> {
    let file = File::open(path).map_err(|source| ResultsError::Read { path: path.to_owned(), source })?;
    Ok(csv::Reader::from_reader(BufReader::with_capacity(1 << 18, file)))
}

fn broken(path: &Path, error: &csv::Error) -> ResultsError {
    ResultsError::Broken { path: path.to_owned(), reason: error.to_string() }
}
