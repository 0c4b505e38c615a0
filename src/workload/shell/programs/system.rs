//! Programs that tell about the system: env, date, hostname, id, uname, which.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::engine::SimTime;

use super::super::builtins;
use super::super::launch::dialect;
use super::{Call, is_known};

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
    jiff::fmt::strtime::format(format, &zoned).unwrap_or_else(|_| format.to_owned())
}

/// `date [-u] [-Iseconds] [-d @SECONDS] [+FORMAT]`
pub(super) fn date(call: &mut Call<'_, '_>) -> i32 {
    call.context.observed();
    let (mut format, mut given) = ("%a %b %e %H:%M:%S UTC %Y", None);
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-d" | "--date" => given = words.next().cloned(),
            "-R" => format = "%a, %d %b %Y %H:%M:%S +0000",
            "-I" => format = "%Y-%m-%d",
            "-Iseconds" | "--iso-8601=seconds" => format = "%Y-%m-%dT%H:%M:%S+00:00",
            word if word.starts_with('+') => format = &word[1..],
            word if word.starts_with('-') => {}
            other => return call.fail(&format!("invalid date '{other}'")),
        }
    }
    let now = call.context.now;
    let text = match given {
        None => date_text(call, now, format),
        Some(text) => {
            let seconds = text.strip_prefix('@').and_then(|digits| digits.parse::<i64>().ok());
            let parsed = || text.parse::<Timestamp>().ok().map(Timestamp::as_second);
            match seconds.or_else(parsed) {
                Some(seconds) => show(seconds, 0, &format.replace("%N", "000000000")),
                None => return call.fail(&format!("invalid date '{text}'")),
            }
        }
    };
    i32::from(!call.print(&format!("{text}\n")))
}

/// `hostname`
pub(super) fn hostname(call: &mut Call<'_, '_>) -> i32 {
    let name = call.context.world.hostname();
    i32::from(!call.print(&format!("{name}\n")))
}

fn user_name(id: u32) -> Option<&'static str> {
    (id == 0).then_some("root")
}

/// `whoami`
pub(super) fn whoami(call: &mut Call<'_, '_>) -> i32 {
    let (user, _) = call.context.world.user();
    match user_name(user) {
        Some(name) => i32::from(!call.print(&format!("{name}\n"))),
        None => call.fail(&format!("unknown uid {user}")),
    }
}

/// `id [-u|-g] [-n]`
pub(super) fn id(call: &mut Call<'_, '_>) -> i32 {
    let (user, group) = call.context.world.user();
    let letters: String = call.words[1..].iter().filter_map(|word| word.strip_prefix('-')).collect();
    let named = |id: u32| user_name(id).map_or_else(|| id.to_string(), |name| format!("{id}({name})"));
    let one = |id: u32| {
        if letters.contains('n') { user_name(id).map_or_else(|| id.to_string(), str::to_owned) } else { id.to_string() }
    };
    let text = if letters.contains('u') {
        one(user)
    } else if letters.contains(['g', 'G']) {
        one(group)
    } else {
        format!("uid={} gid={} groups={}", named(user), named(group), named(group))
    };
    i32::from(!call.print(&format!("{text}\n")))
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
        if is_known(name)
            || dialect(name).is_some()
            || matches!(name.as_str(), "pwd" | "kill") && builtins::find(name).is_some()
        {
            call.print(&format!("/bin/{name}\n"));
        } else {
            status = 1;
        }
    }
    status
}
