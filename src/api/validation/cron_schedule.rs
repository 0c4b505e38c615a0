//! Is a text a schedule? The words are those of the parser upstream uses (robfig/cron `ParseStandard`).

const DESCRIPTORS: [&str; 8] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@every"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What is wrong with a schedule.
pub(super) fn check(schedule: &str) -> Result<(), String> {
    if schedule.starts_with('@') {
        let name = schedule.split_whitespace().next().unwrap_or_default();
        return if DESCRIPTORS.contains(&name) { Ok(()) } else { Err(format!("unrecognized descriptor: {schedule}")) };
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != 5 {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    let bounds: [(u32, u32, &[&str]); 5] = [(0, 59, &[]), (0, 23, &[]), (1, 31, &[]), (1, 12, &MONTHS), (0, 6, &DAYS)];
    for (field, (low, high, names)) in fields.iter().zip(bounds) {
        for part in field.split(',') {
            range(part, low, high, names)?;
        }
    }
    Ok(())
}

/// Upstream: robfig/cron `getRange`.
fn range(part: &str, low: u32, high: u32, names: &[&str]) -> Result<(), String> {
    let pieces: Vec<&str> = part.split('/').collect();
    let ends: Vec<&str> = pieces[0].split('-').collect();
    let single = ends.len() == 1;
    let (start, mut end) = if ends[0] == "*" || ends[0] == "?" {
        (low, high)
    } else {
        let start = number(ends[0], names, low)?;
        match ends.as_slice() {
            [_] => (start, start),
            [_, end] => (start, number(end, names, low)?),
            _ => return Err(format!("too many hyphens: {part}")),
        }
    };
    let mut step = 1;
    match pieces.as_slice() {
        [_] => {}
        [_, text] => {
            step = number(text, &[], 0)?;
            if single {
                end = high;
            }
        }
        _ => return Err(format!("too many slashes: {part}")),
    }
    if start < low {
        return Err(format!("beginning of range ({start}) below minimum ({low}): {part}"));
    }
    if end > high {
        return Err(format!("end of range ({end}) above maximum ({high}): {part}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {part}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {part}"));
    }
    Ok(())
}

fn number(text: &str, names: &[&str], first: u32) -> Result<u32, String> {
    if let Some(place) = names.iter().position(|name| text.eq_ignore_ascii_case(name)) {
        return Ok(place as u32 + first);
    }
    match text.parse::<i64>() {
        Ok(number) if number < 0 => Err(format!("negative number ({number}) not allowed: {text}")),
        Ok(number) => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
        Err(_) => Err(format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")),
    }
}

/// Is it a name of the time zone database?
pub(super) fn is_time_zone(name: &str) -> bool {
    name == "UTC" || jiff::tz::TimeZone::get(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_checked_field_by_field() {
        assert_eq!(check("*/5 0-6 1,15 jan mon-fri"), Ok(()));
        assert_eq!(check("@hourly"), Ok(()));
        assert_eq!(check("* * * *").unwrap_err(), "expected exactly 5 fields, found 4: [* * * *]");
        assert_eq!(check("61 * * * *").unwrap_err(), "end of range (61) above maximum (59): 61");
    }
}
