//! `steps.csv`: start, end and exit code of each command and action of a step, by start.

use std::io;

use super::{Rows, Table};
use crate::record::{Record, Step};

pub const TABLE: Table =
    Table { file: "steps.csv", columns: &["time_s", "end_s", "step", "name", "command", "exit"], fill };

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    let mut steps: Vec<&Step> = record.steps.iter().collect();
    steps.sort_by_key(|step| step.start);
    for step in steps {
        rows.plain(step.start);
        rows.optional(step.end.is_some().then_some(step.end));
        rows.plain(step.number);
        rows.text(&step.name);
        rows.text(&step.command);
        rows.optional(step.exit);
        rows.end()?;
    }
    Ok(())
}
