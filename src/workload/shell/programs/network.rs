//! Programs that use the network: wget, curl, nc, nslookup, ping. What is there is the world's; here is only what
//! they print and when they give up.

use crate::engine::{SimDuration, SimTime};

use super::super::context::Context;
use super::super::kernel::{Run, Wait};
use super::super::world::{Delayed, HttpRequest, HttpResponse, NetworkError};
use super::{Answer, Call, State, duration};

/// After this the kernel gives up connecting (net.ipv4.tcp_syn_retries = 6).
const CONNECT_TIMEOUT: SimDuration = SimDuration::from_secs(127);
/// Two tries of a resolver at 5 s, as nslookup of busybox does.
const RESOLVE_TIMEOUT: SimDuration = SimDuration::from_secs(10);

/// An answer that the caller waits for at most `limit`.
fn limited<T>(answer: Delayed<Result<T, NetworkError>>, limit: SimDuration) -> Delayed<Result<T, NetworkError>> {
    let after =
        if matches!(answer.result, Err(NetworkError::TimedOut)) { limit.min(CONNECT_TIMEOUT) } else { answer.after };
    if after > limit || matches!(answer.result, Err(NetworkError::TimedOut)) {
        return Delayed { after: after.min(limit), result: Err(NetworkError::TimedOut) };
    }
    Delayed { after, result: answer.result }
}

fn answer(call: &Call<'_, '_>, after: SimDuration, stdout: Vec<u8>, stderr: String, status: i32) -> State {
    State::Answer(Box::new(Answer { at: call.context.now + after, stdout, stderr, status, file: None }))
}

/// Scheme, host, port and path of an address.
fn url(text: &str) -> HttpRequest {
    let (https, rest) = match text.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some((_, rest)) => (false, rest),
        None => (false, text),
    };
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let default = if https { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, port.parse().unwrap_or(default)),
        _ => (authority, default),
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    HttpRequest { method: "GET".to_owned(), host: host.to_owned(), port, https, path, body: Vec::new() }
}

fn request(
    call: &mut Call<'_, '_>,
    request: &HttpRequest,
    limit: SimDuration,
) -> Delayed<Result<HttpResponse, NetworkError>> {
    call.context.observed();
    let now = call.context.now;
    limited(call.context.world.http(request, now), limit)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// `wget [-q] [-S] [-T SECONDS] [-O FILE] [--spider] [--timeout=S] URL`
pub(super) fn wget(call: &mut Call<'_, '_>) -> State {
    let (mut target, mut is_quiet, mut limit, mut address) = (None, false, SimDuration::from_secs(900), None);
    let (mut is_spider, mut shows_headers, mut body) = (false, false, None);
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        if let Some((name, value)) = word.strip_prefix("--").and_then(|option| option.split_once('=')) {
            match name {
                "timeout" => limit = duration(value).unwrap_or(limit),
                "output-document" => target = Some(value.to_owned()),
                "post-data" => body = Some(value.as_bytes().to_vec()),
                _ => {}
            }
        } else if let Some(long) = word.strip_prefix("--") {
            is_spider |= long == "spider";
            is_quiet |= long == "quiet";
            shows_headers |= long == "server-response";
        } else if let Some(options) = word.strip_prefix('-').filter(|options| !options.is_empty()) {
            for (at, letter) in options.char_indices() {
                is_quiet |= letter == 'q';
                shows_headers |= letter == 'S';
                if "OTtPUY".contains(letter) {
                    let inline = &options[at + 1..];
                    let value =
                        if inline.is_empty() { words.next().cloned().unwrap_or_default() } else { inline.to_owned() };
                    match letter {
                        'O' => target = Some(value),
                        'T' => limit = duration(&value).unwrap_or(limit),
                        _ => {}
                    }
                    break;
                }
            }
        } else {
            address = Some(word.clone());
        }
    }
    let Some(address) = address else { return State::Done(call.fail("missing URL")) };
    let mut asked = url(&address);
    if let Some(body) = body {
        (asked.method, asked.body) = ("POST".to_owned(), body);
    }
    let Delayed { after, result } = request(call, &asked, limit);
    let HttpRequest { host, port, path, .. } = &asked;
    let mut stderr = String::new();
    let is_name_error = matches!(result, Err(NetworkError::UnknownName | NetworkError::NoNameServer));
    if !is_quiet && !is_name_error {
        stderr += &format!("Connecting to {host}:{port}\n");
    }
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            let shown = format!("{host}:{port}");
            stderr += &match error {
                NetworkError::UnknownName | NetworkError::NoNameServer => {
                    format!("wget: bad address '{shown}'\n").replace(":80'", "'")
                }
                NetworkError::Refused => format!("wget: can't connect to remote host ({host}): Connection refused\n"),
                NetworkError::Unreachable => format!("wget: can't connect to remote host ({host}): No route to host\n"),
                NetworkError::TimedOut => "wget: download timed out\n".to_owned(),
            };
            return answer(call, after, Vec::new(), stderr, 1);
        }
    };
    if shows_headers {
        // Upstream: busybox networking/wget `get_sanitized_hdr`: every header line, two blanks before it.
        let (status, length) = (response.status, response.body.len());
        stderr += &format!("  HTTP/1.1 {status} {}\n  Content-Length: {length}\n  Connection: close\n", reason(status));
    }
    if !(200..400).contains(&response.status) {
        let (status, words) = (response.status, reason(response.status));
        stderr += &format!("wget: server returned error: HTTP/1.1 {status} {words}\n");
        return answer(call, after, Vec::new(), stderr, 1);
    }
    if is_spider {
        return answer(call, after, Vec::new(), stderr, 0);
    }
    let last = path.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let file = target.unwrap_or_else(|| if last.is_empty() { "index.html".to_owned() } else { last.to_owned() });
    let file = (file != "-").then(|| call.path(&file));
    State::Answer(Box::new(Answer { at: call.context.now + after, stdout: response.body, stderr, status: 0, file }))
}

/// `curl [-sSfIkLv] [-o FILE] [-w FORMAT] [-m SECONDS] [-X METHOD] [-d DATA] URL`
pub(super) fn curl(call: &mut Call<'_, '_>) -> State {
    let (mut letters, mut target, mut limit, mut format, mut address) =
        (String::new(), None, CONNECT_TIMEOUT, None, None);
    let (mut method, mut body) = (None, Vec::new());
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            match long {
                "max-time" | "connect-timeout" => limit = words.next().and_then(|text| duration(text)).unwrap_or(limit),
                "output" => target = words.next().cloned(),
                "write-out" => format = words.next().cloned(),
                "request" => method = words.next().cloned(),
                "data" | "data-raw" => body = words.next().map(|text| text.as_bytes().to_vec()).unwrap_or_default(),
                "header" | "user" | "cacert" | "retry" | "retry-delay" | "resolve" | "cert" | "key" => {
                    words.next();
                }
                "fail" => letters.push('f'),
                "silent" => letters.push('s'),
                "show-error" => letters.push('S'),
                "head" => letters.push('I'),
                _ => {}
            }
        } else if let Some(options) = word.strip_prefix('-').filter(|options| !options.is_empty()) {
            for (at, letter) in options.char_indices() {
                if "omwXdHuA".contains(letter) {
                    let inline = &options[at + 1..];
                    let value =
                        if inline.is_empty() { words.next().cloned().unwrap_or_default() } else { inline.to_owned() };
                    match letter {
                        'o' => target = Some(value),
                        'm' => limit = duration(&value).unwrap_or(limit),
                        'w' => format = Some(value),
                        'X' => method = Some(value),
                        'd' => body = value.into_bytes(),
                        _ => {}
                    }
                    break;
                }
                letters.push(letter);
            }
        } else {
            address = Some(word.clone());
        }
    }
    let Some(address) = address else {
        call.context.complain("curl: try 'curl --help' or 'curl --manual' for more information");
        return State::Done(2);
    };
    let mut asked = url(&address);
    let default = if letters.contains('I') {
        "HEAD"
    } else if body.is_empty() {
        "GET"
    } else {
        "POST"
    };
    (asked.method, asked.body) = (method.unwrap_or_else(|| default.to_owned()), body);
    let Delayed { after, result } = request(call, &asked, limit);
    let is_silent = letters.contains('s') && !letters.contains('S');
    let shown = |message: String| if is_silent { String::new() } else { format!("curl: {message}\n") };
    let (host, port, millis) = (&asked.host, asked.port, after.0 / 1_000_000);
    let written = |status: u16| format.as_deref().map_or_else(String::new, |format| write_out(format, status, after));
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            let (status, message) = match error {
                NetworkError::UnknownName | NetworkError::NoNameServer => {
                    (6, format!("(6) Could not resolve host: {host}"))
                }
                NetworkError::TimedOut => (28, format!("(28) Connection timed out after {millis} milliseconds")),
                _ => (
                    7,
                    format!(
                        "(7) Failed to connect to {host} port {port} after {millis} ms: Could not connect to server"
                    ),
                ),
            };
            return answer(call, after, written(0).into_bytes(), shown(message), status);
        }
    };
    let status = response.status;
    if letters.contains('f') && status >= 400 {
        let message = shown(format!("(22) The requested URL returned error: {status}"));
        return answer(call, after, written(status).into_bytes(), message, 22);
    }
    let mut stdout = Vec::new();
    if letters.contains(['I', 'i']) {
        stdout.extend(format!("HTTP/1.1 {status} {}\r\nServer: {}\r\n\r\n", reason(status), response.server).bytes());
    }
    if !letters.contains('I') {
        stdout.extend(response.body);
    }
    match target.as_deref() {
        None | Some("-") => {
            stdout.extend(written(status).bytes());
            answer(call, after, stdout, String::new(), 0)
        }
        Some(file) => {
            let path = call.path(file);
            let at = call.context.now + after;
            if format.is_none() {
                return State::Answer(Box::new(Answer {
                    at,
                    stdout,
                    stderr: String::new(),
                    status: 0,
                    file: Some(path),
                }));
            }
            // What `-w` writes goes to standard output also where the body goes to a file.
            let _ = call.context.write_file(&path, &stdout);
            answer(call, after, written(status).into_bytes(), String::new(), 0)
        }
    }
}

fn write_out(format: &str, status: u16, after: SimDuration) -> String {
    let text = format
        .replace("%{http_code}", &format!("{status:03}"))
        .replace("%{response_code}", &format!("{status:03}"))
        .replace("%{time_total}", &format!("{:.6}", after.as_secs_f64()));
    text.replace("\\n", "\n").replace("\\t", "\t")
}

/// `nc [-z] [-v] [-w SECONDS] HOST PORT`, `nc -l [-p] PORT`
pub(super) fn netcat(call: &mut Call<'_, '_>) -> State {
    let (mut letters, mut rest, mut limit) = (String::new(), Vec::new(), CONNECT_TIMEOUT);
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-').filter(|options| !options.is_empty()) {
            Some(options) => {
                letters.push_str(options);
                match options.chars().last() {
                    Some('w') => limit = words.next().and_then(|text| duration(text)).unwrap_or(limit),
                    Some('p') => rest.extend(words.next().cloned()),
                    // `-e PROGRAM` answers each connection; the connection is all that is modelled.
                    Some('e' | 'c') => break,
                    _ => {}
                }
            }
            None => rest.push(word.clone()),
        }
    }
    if letters.contains('l') {
        return match rest.last().and_then(|text| text.parse().ok()) {
            Some(port) => State::Serve(port),
            None => State::Done(call.fail("usage: nc -l -p PORT")),
        };
    }
    let [host, port, ..] = rest.as_slice() else { return State::Done(call.fail("usage: nc HOST PORT")) };
    let Ok(number) = port.parse::<u16>() else { return State::Done(call.fail(&format!("bad port '{port}'"))) };
    call.context.observed();
    let now = call.context.now;
    let Delayed { after, result } = limited(call.context.world.connect(host, number, now), limit);
    let (message, status) = match result {
        Ok(()) if letters.contains('v') => (format!("{host} ({host}:{port}) open\n"), 0),
        Ok(()) => (String::new(), 0),
        Err(NetworkError::UnknownName | NetworkError::NoNameServer) => (format!("nc: bad address '{host}'\n"), 1),
        Err(NetworkError::TimedOut) => (format!("nc: {host} ({host}:{port}): Connection timed out\n"), 1),
        Err(NetworkError::Unreachable) => (format!("nc: {host} ({host}:{port}): No route to host\n"), 1),
        Err(NetworkError::Refused) => (format!("nc: {host} ({host}:{port}): Connection refused\n"), 1),
    };
    answer(call, after, Vec::new(), message, status)
}

/// `nslookup NAME`, `host NAME`, `dig NAME`, `getent hosts NAME`
pub(super) fn lookup(call: &mut Call<'_, '_>) -> State {
    let program = super::base_name(&call.words[0]).to_owned();
    let names: Vec<&String> = call.words[1..].iter().filter(|word| !word.starts_with(['-', '+', '@'])).collect();
    let name = if program == "getent" { names.get(1) } else { names.first() };
    let Some(name) = name.map(|name| (*name).clone()) else { return State::Done(call.fail("missing name")) };
    call.context.observed();
    let now = call.context.now;
    let server = call.context.world.name_server();
    let Delayed { after, result } = limited(call.context.world.resolve(&name, now), RESOLVE_TIMEOUT);
    let head = format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n");
    let (text, status) = match (program.as_str(), result) {
        ("nslookup", Ok(addresses)) => {
            let lines: String =
                addresses.iter().map(|address| format!("Name:\t{name}\nAddress: {address}\n")).collect();
            (format!("{head}{lines}\n"), 0)
        }
        ("nslookup", Err(NetworkError::UnknownName)) => (format!("{head}** server can't find {name}: NXDOMAIN\n\n"), 1),
        ("nslookup", Err(_)) => (";; connection timed out; no servers could be reached\n\n".to_owned(), 1),
        ("getent", Ok(addresses)) => (addresses.iter().map(|address| format!("{address}  {name}\n")).collect(), 0),
        ("getent", Err(_)) => (String::new(), 2),
        ("host", Ok(addresses)) => {
            (addresses.iter().map(|address| format!("{name} has address {address}\n")).collect(), 0)
        }
        ("host", Err(_)) => (format!("Host {name} not found: 3(NXDOMAIN)\n"), 1),
        (_, Ok(addresses)) => (addresses.iter().map(|address| format!("{address}\n")).collect(), 0),
        (_, Err(_)) => (String::new(), 0),
    };
    answer(call, after, text.into_bytes(), String::new(), status)
}

/// `ping [-c COUNT] [-W SECONDS] HOST`: one line a second.
#[derive(Clone, Debug)]
pub(super) struct Ping {
    host: String,
    address: String,
    answers: bool,
    count: u64,
    sent: u64,
    next: SimTime,
}

pub(super) fn ping(call: &mut Call<'_, '_>) -> State {
    let (mut count, mut host) = (u64::MAX, None);
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-c" => count = words.next().and_then(|text| text.parse().ok()).unwrap_or(count),
            "-W" | "-w" | "-i" | "-s" | "-I" => {
                words.next();
            }
            word if word.starts_with('-') => {}
            word => host = Some(word.to_owned()),
        }
    }
    let Some(host) = host else { return State::Done(call.fail("missing host")) };
    call.context.observed();
    let now = call.context.now;
    let Delayed { after, result } = limited(call.context.world.resolve(&host, now), RESOLVE_TIMEOUT);
    match result {
        Ok(addresses) => {
            let address = addresses.first().map_or_else(|| host.clone(), ToString::to_string);
            let line = format!("PING {host} ({address}): 56 data bytes\n");
            call.print(&line);
            State::Ping(Box::new(Ping { host, address, answers: true, count, sent: 0, next: now + after }))
        }
        Err(error) => {
            let address = host.clone();
            if error == NetworkError::TimedOut || error == NetworkError::Unreachable {
                return State::Ping(Box::new(Ping {
                    host,
                    address,
                    answers: false,
                    count,
                    sent: 0,
                    next: now + after,
                }));
            }
            answer(call, after, Vec::new(), format!("ping: bad address '{host}'\n"), 1)
        }
    }
}

impl Ping {
    pub fn step(&mut self, context: &mut Context<'_>) -> Run {
        while self.sent < self.count && self.next <= context.now {
            if self.answers {
                let line = format!("64 bytes from {}: seq={} ttl=62 time=0.100 ms\n", self.address, self.sent);
                if context.write(1, line.as_bytes()).is_err() {
                    return Run::Exit(1);
                }
            }
            self.sent += 1;
            self.next += SimDuration::from_secs(1);
        }
        if self.sent < self.count {
            return Run::Block(Wait::Until(self.next));
        }
        let received = if self.answers { self.sent } else { 0 };
        let lost = if self.answers { 0 } else { 100 };
        let text = format!(
            "\n--- {} ping statistics ---\n{} packets transmitted, {received} packets received, {lost}% packet loss\n",
            self.host, self.sent
        );
        let _ = context.write(1, text.as_bytes());
        Run::Exit(i32::from(!self.answers))
    }
}
