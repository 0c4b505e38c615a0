//! html
use super::ReportError;
use super::charts::Chart;
use crate::record::{Record, Summary};

pub fn page(_record: &Record, _summary: &Summary, _pictures: &[(&Chart, String)]) -> Result<String, ReportError> {
    Ok(String::new())
}
