//! Programs that tell about the system: env, date, hostname, id, uname, which.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::engine::SimTime;

use super::super::launch::place;
use super::super::userland::Userland;
use super::super::world::Links;
use super::Call;

/// `env`, `printenv [NAMES]`
pub(super) fn environment(call: &mut Call<'_, '_>) -> i32 {
    let names: Vec<&String> = call.words[1..].iter().filter(|word| !word.starts_with('-')).collect();
    if call.words[0].ends_with("printenv") && !names.is_empty() {
        let values: Vec<Option<&String>> = names.iter().map(|name| call.environment.get(*name)).collect();
        let text: String = values.iter().flatten().map(|value| format!("{value}\n")).collect();
        let is_missing = values.iter().any(Option::is_none);
        return i32::from(!call.print(&text) || is_missing);
    }
    // With assignments only: `env A=1` shows them too. Programs are started elsewhere.
    let mut all = call.environment.clone();
    for (name, value) in call.words[1..].iter().filter_map(|word| word.split_once('=')) {
        all.insert(name.to_owned(), value.to_owned());
    }
    let text: String = all.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    i32::from(!call.print(&text))
}

/// The instant in the format of `date`, UTC.
pub(super) fn date_text(call: &mut Call<'_, '_>, at: SimTime, format: &str) -> String {
    let (seconds, nanos) = call.context.world.wall_clock(at);
    let nanos_text = format!("{nanos:09}");
    let format = format.replace("%N", &nanos_text);
    show(seconds, nanos, &format)
}

fn show(seconds: i64, nanos: u32, format: &str) -> String {
    let instant = Timestamp::new(seconds, i32::try_from(nanos).unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH);
    let zoned = instant.to_zoned(TimeZone::UTC);
    // These are a locale's, and the locale is C.
    let format = format.replace("%c", "%a %b %e %H:%M:%S %Y").replace("%x", "%m/%d/%y").replace("%X", "%H:%M:%S");
    jiff::fmt::strtime::format(&format, &zoned).unwrap_or(format)
}

/// Seconds since 1970 of a date as `date -d` and `touch -d` take it: `@SECONDS`, `2024-01-02 03:04:05` and parts of it.
pub(super) fn seconds_of(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix('@') {
        return digits.split('.').next()?.parse().ok();
    }
    let at_utc = |civil: jiff::civil::DateTime| Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second());
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_second());
    }
    if let Ok(civil) = text.replacen(' ', "T", 1).parse::<jiff::civil::DateTime>() {
        return at_utc(civil);
    }
    text.parse::<jiff::civil::Date>().ok().and_then(|date| at_utc(date.at(0, 0, 0, 0)))
}

/// What a date is relative to another: `now`, `yesterday`, `2 days ago`, `+1 hour`. busybox takes none of these.
fn relative(text: &str, now: i64) -> Option<i64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let unit = |word: &str| {
        Some(match word.trim_end_matches('s') {
            "second" | "sec" => 1,
            "minute" | "min" => 60,
            "hour" => 3600,
            "day" => 86_400,
            "week" => 604_800,
            _ => return None,
        })
    };
    match words.as_slice() {
        ["now" | "today"] => Some(now),
        ["yesterday"] => Some(now - 86_400),
        ["tomorrow"] => Some(now + 86_400),
        [number, name, "ago"] => Some(now - number.parse::<i64>().ok()? * unit(name)?),
        [number, name] => Some(now + number.trim_start_matches('+').parse::<i64>().ok()? * unit(name)?),
        _ => None,
    }
}

/// `date [-u] [-R] [-I[SPEC]] [-d DATE] [-r FILE] [+FORMAT]`
pub(super) fn date(call: &mut Call<'_, '_>) -> i32 {
    call.context.observed();
    let (mut format, mut given, mut file) = ("%a %b %e %H:%M:%S UTC %Y", None, None);
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-d" | "--date" | "-ud" => given = words.next().cloned(),
            "-r" | "--reference" => file = words.next().cloned(),
            "-R" | "--rfc-email" | "--rfc-2822" => format = "%a, %d %b %Y %H:%M:%S +0000",
            "-I" | "-Idate" | "--iso-8601" => format = "%Y-%m-%d",
            "-Ihours" => format = "%Y-%m-%dT%H+00:00",
            "-Iminutes" => format = "%Y-%m-%dT%H:%M+00:00",
            "-Iseconds" | "-Is" | "--iso-8601=seconds" | "--rfc-3339=seconds" => format = "%Y-%m-%dT%H:%M:%S+00:00",
            word if word.starts_with('+') => format = &word[1..],
            word if word.starts_with("--date=") => given = Some(word[7..].to_owned()),
            word if word.starts_with('-') => {}
            other => return call.fail(&format!("invalid date '{other}'")),
        }
    }
    let now = call.context.now;
    let (today, _) = call.context.world.wall_clock(now);
    let is_gnu = call.is_gnu();
    let text = match (given, file) {
        (Some(text), _) => {
            let seconds = seconds_of(&text).or_else(|| relative(&text, today).filter(|_| is_gnu));
            match seconds {
                Some(seconds) => show(seconds, 0, &format.replace("%N", "000000000")),
                None => return call.fail(&format!("invalid date '{text}'")),
            }
        }
        (None, Some(file)) => {
            let path = call.path(&file);
            match call.context.stat(&path, Links::Follow) {
                Ok(data) => date_text(call, data.modified, format),
                Err(error) => return call.fail(&format!("{file}: {error}")),
            }
        }
        (None, None) => date_text(call, now, format),
    };
    i32::from(!call.print(&format!("{text}\n")))
}

/// `hostname`
pub(super) fn hostname(call: &mut Call<'_, '_>) -> i32 {
    let name = call.context.world.hostname();
    i32::from(!call.print(&format!("{name}\n")))
}

/// `whoami`
pub(super) fn whoami(call: &mut Call<'_, '_>) -> i32 {
    let (user, _) = call.context.world.user();
    match user_name(call, user) {
        Some(name) => i32::from(!call.print(&format!("{name}\n"))),
        None => call.fail_as(&format!("unknown uid {user}"), &format!("cannot find name for user ID {user}")),
    }
}

/// `id [-u|-g|-G] [-n] [USER]`
pub(super) fn id(call: &mut Call<'_, '_>) -> i32 {
    let (mut user, mut group) = call.context.world.user();
    let letters: String = call.words[1..].iter().filter_map(|word| word.strip_prefix('-')).collect();
    if let Some(name) = call.words[1..].iter().find(|word| !word.starts_with('-')) {
        match user_of(call, name) {
            Some((known, of)) => (user, group) = (known, of),
            None => return call.fail_as(&format!("unknown user {name}"), &format!("'{name}': no such user")),
        }
    }
    let (user_text, group_text) = (user_name(call, user), group_name(call, group));
    let named =
        |id: u32, name: &Option<String>| name.as_ref().map_or_else(|| id.to_string(), |name| format!("{id}({name})"));
    let one = |id: u32, name: &Option<String>| {
        name.clone().filter(|_| letters.contains('n')).unwrap_or_else(|| id.to_string())
    };
    let text = if letters.contains('u') {
        one(user, &user_text)
    } else if letters.contains(['g', 'G']) {
        one(group, &group_text)
    } else {
        let group = named(group, &group_text);
        format!("uid={} gid={group} groups={group}{}", named(user, &user_text), more_groups(call, user))
    };
    i32::from(!call.print(&format!("{text}\n")))
}

/// Groups that the image's `/etc/group` gives the user besides its first; container runtimes add them.
fn more_groups(call: &mut Call<'_, '_>, user: u32) -> &'static str {
    match call.context.kernel.userland {
        Userland::Busybox if user == 0 => ",10(wheel)",
        _ => "",
    }
}

fn lines_of(call: &mut Call<'_, '_>, path: &str) -> Vec<Vec<String>> {
    let bytes = call.context.read_file(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect()
}

/// Number and first group of a user by name or number.
pub(super) fn user_of(call: &mut Call<'_, '_>, name: &str) -> Option<(u32, u32)> {
    let lines = lines_of(call, "/etc/passwd");
    let line = lines.iter().find(|line| line.len() > 3 && (line[0] == name || line[2] == name))?;
    Some((line[2].parse().ok()?, line[3].parse().ok()?))
}

/// Number of a group by name.
pub(super) fn group_of(call: &mut Call<'_, '_>, name: &str) -> Option<u32> {
    let lines = lines_of(call, "/etc/group");
    lines.iter().find(|line| line.len() > 2 && line[0] == name)?[2].parse().ok()
}

/// Name of a user.
pub(super) fn user_name(call: &mut Call<'_, '_>, id: u32) -> Option<String> {
    if id == 0 {
        return Some("root".to_owned());
    }
    let id = id.to_string();
    lines_of(call, "/etc/passwd").into_iter().find(|line| line.len() > 2 && line[2] == id).map(|line| line[0].clone())
}

/// Name of a group.
pub(super) fn group_name(call: &mut Call<'_, '_>, id: u32) -> Option<String> {
    if id == 0 {
        return Some("root".to_owned());
    }
    let id = id.to_string();
    lines_of(call, "/etc/group").into_iter().find(|line| line.len() > 2 && line[2] == id).map(|line| line[0].clone())
}

/// `uname [-asnrvm]`
pub(super) fn uname(call: &mut Call<'_, '_>) -> i32 {
    let letters: String = call.words[1..].iter().filter_map(|word| word.strip_prefix('-')).collect();
    let letters = if letters.is_empty() { "s".to_owned() } else { letters };
    let host = call.context.world.hostname();
    let all = [('s', "Linux"), ('n', &host), ('r', "6.8.0"), ('v', "#1 SMP"), ('m', "x86_64"), ('o', "GNU/Linux")];
    let shown: Vec<&str> =
        all.iter().filter(|(letter, _)| letters.contains([*letter, 'a'])).map(|(_, text)| *text).collect();
    let line = shown.join(" ") + "\n";
    i32::from(!call.print(&line))
}

/// `uptime`
pub(super) fn uptime(call: &mut Call<'_, '_>) -> i32 {
    call.context.observed();
    let now = call.context.now;
    let time = date_text(call, now, "%H:%M:%S");
    let minutes = now.as_secs() / 60;
    i32::from(!call.print(&format!(" {time} up {minutes} min,  0 users,  load average: 0.00, 0.00, 0.00\n")))
}

/// `which NAMES`
pub(super) fn which(call: &mut Call<'_, '_>) -> i32 {
    let mut status = 0;
    for name in &call.words[1..] {
        let path = call.environment.get("PATH").cloned();
        match place(call.context, path.as_deref(), name) {
            Some(path) => {
                call.print(&format!("{path}\n"));
            }
            None => status = 1,
        }
    }
    status
}

/// `free [-m|-g]`: the titles of its columns; how much memory a node has is not told here.
pub(super) fn free(call: &mut Call<'_, '_>) -> i32 {
    call.context.observed();
    let blank = if call.is_gnu() { " " } else { "" };
    let title = format!("{blank}              total        used        free      shared  buff/cache   available\n");
    i32::from(!call.print(&title))
}
