//! What programs say of a command line that they do not understand, and the options each of them knows. What is not
//! among them is refused as the real program refuses it; help texts are cut behind their usage.

use super::super::launch::base_name;
use super::Call;

/// busybox' version, as its help shows it.
const BUSYBOX: &str = "BusyBox v1.36.1 multi-call binary.";

/// Letters of a program's options, with a colon behind those that take a value and two where it is part of the word:
/// busybox' and GNU's.
type Letters = Option<(&'static str, &'static str)>;

/// Name, usage of busybox 1.36.1, options.
const PROGRAMS: &[(&str, &str, Letters)] = &[
    ("awk", "[OPTIONS] [AWK_PROGRAM] [FILE]...", None),
    ("base64", "[-d] [-w COL] [FILE]", Some(("dw:", "diDw:"))),
    ("basename", "FILE [SUFFIX] | -a FILE... | -s SUFFIX FILE...", Some(("as:", "as:z"))),
    ("cat", "[-nbvteA] [FILE]...", Some(("nbvteAu", "nbvteAuTsE"))),
    ("chmod", "[-Rcvf] MODE[,MODE]... FILE...", None),
    ("chown", "[-RhLHPcvf]... USER[:[GRP]] FILE...", Some(("RhLHPcvf", "RhLHPcvf"))),
    ("cksum", "FILE...", None),
    ("cmp", "[-ls] [-n NUM] FILE1 [FILE2 [SKIP1 [SKIP2]]]", Some(("lsn:", "lsn:bi:v"))),
    ("comm", "[-123] FILE1 FILE2", Some(("123", "123z"))),
    ("cp", "[-arPLHpfinlsTu] SOURCE DEST", Some(("arRPLHpfinlsTudvt:x", "abdfiHlLnPprRsS:t:TuvxZ"))),
    ("cut", "[OPTIONS] [FILE]...", Some(("d:f:c:b:snO:D", "d:f:c:b:snz"))),
    ("date", "[OPTIONS] [+FMT] [[-s] TIME]", Some(("ud:RI::r:s:D:f:", "ud:RI::r:s:f:"))),
    ("dd", "[if=FILE] [of=FILE] [ibs=N obs=N/bs=N] [count=N] [skip=N] [seek=N]", None),
    ("df", "[-PkmhTai] [-B SIZE] [-t TYPE] [FILESYSTEM]...", Some(("PkmhTaiB:t:", "PkmhTaiHlB:t:x:"))),
    (
        "diff",
        "[-abBdiNqrTstw] [-L LABEL] [-S FILE] [-U LINES] FILE1 FILE2",
        Some(("abBdiNqrTstwuL:S:U:", "abBcCdiEeFHINnpqrTstwuyZL:U:W:x:X:")),
    ),
    ("dirname", "FILENAME", Some(("", "z"))),
    ("du", "[-aHLdclsxhmk] [FILE]...", Some(("aHLdclsxhmkd:", "aHLdclsxhmkd:bB:DPS0t:"))),
    ("env", "[-i0] [-u NAME]... [-] [NAME=VALUE]... [PROG ARGS]", Some(("i0u:", "i0u:C:S:v"))),
    ("expand", "[-i] [-t N] [FILE]...", Some(("it:", "it:"))),
    ("expr", "EXPRESSION", None),
    ("factor", "[NUMBER]...", None),
    ("fallocate", "[-o OFS] -l LEN FILE", Some(("l:o:", "l:o:npz"))),
    ("find", "[-HL] [PATH]... [OPTIONS] [ACTIONS]", None),
    ("fold", "[-bs] [-w WIDTH] [FILE]...", Some(("bsw:", "bsw:"))),
    ("free", "[-bkmgh]", Some(("bkmgh", "bkmghlts:c:wVL"))),
    (
        "grep",
        "[-HhnlLoqvsrRiwFE] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... | -f FILE... } [FILE]...",
        Some(("HhnlLoqvsrRiwxFEPcyzm:A:B:C:e:f:aIU", "HhnlLoqvsrRiwxFEPGcyzTm:A:B:C:e:f:aIUbd:D:VNZ")),
    ),
    ("gunzip", "[-cfkt] [FILE]...", Some(("cfktvn", "cfktvnlqNrS:"))),
    ("gzip", "[-cfkdt] [FILE]...", Some(("cfkdtv123456789n", "cfkdtv123456789nlqrNS:"))),
    ("head", "[OPTIONS] [FILE]...", Some(("n:c:qv", "n:c:qvz"))),
    (
        "hexdump",
        "[-bcdoxCv] [-e FMT] [-f FMT_FILE] [-n LEN] [-s OFS] [FILE]...",
        Some(("bcdoxCve:f:n:s:", "bcdoxCve:f:n:s:")),
    ),
    ("hostname", "[-sidf] [HOSTNAME | -F FILE]", Some(("sidfF:", "sidfFaAIby"))),
    ("id", "[-ugGnr] [USER]", Some(("ugGnrZ", "ugGnrZaz"))),
    ("install", "[-cdDsp] [-o USER] [-g GRP] [-m MODE] [-t DIR] [SOURCE]... DEST", None),
    ("kill", "[-l] [-SIG] PID...", None),
    ("killall", "[-lq] [-SIG] PROCESS_NAME...", None),
    ("less", "[-EFIMmNSRh~] [FILE]...", None),
    ("ln", "[-sfnbtv] [-S SUF] TARGET... LINK|DIR", Some(("sfnbtTvS:r", "sfnbdFiLPrS:t:Tv"))),
    (
        "ls",
        "[-1AaCxdLHRFplinshrSXvctu] [-w WIDTH] [FILE]...",
        Some(("1AaCxdLHRFplinshrSXvctuw:kgoqQNGbB", "1AaCxdLHRFplinshrSXvctuw:kgoqQNGbBDfI:mT:UZ")),
    ),
    ("md5sum", "[-c[sw]] [FILE]...", Some(("csw", "bctwz"))),
    ("mkdir", "[-m MODE] [-p] DIRECTORY...", Some(("m:pv", "m:pvZ"))),
    ("mktemp", "[-dt] [-p DIR] [TEMPLATE]", Some(("dtqup:", "dtqup:"))),
    ("more", "[FILE]...", None),
    ("mv", "[-finT] SOURCE DEST", Some(("finTvt:u", "bfinS:t:TuvZ"))),
    ("nc", "[OPTIONS] HOST PORT  - connect", None),
    ("nice", "[-n ADJUST] [PROG ARGS]", None),
    ("nl", "[OPTIONS] [FILE]...", Some(("b:v:i:l:n:ps:w:", "b:d:f:h:i:l:n:ps:v:w:"))),
    ("nohup", "PROG ARGS", None),
    ("nproc", "[--all] [--ignore=N]", Some(("", ""))),
    ("nslookup", "[-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]", None),
    (
        "od",
        "[-abcdfhilovxs] [-t TYPE] [-A RADIX] [-N SIZE] [-j SKIP] [-S MINSTR] [-w WIDTH] [FILE]...",
        Some(("abcdfhilovxst:A:N:j:S:w::B", "abcdfhilovxst:A:N:j:S:w:")),
    ),
    ("paste", "[-d LIST] [-s] [FILE]...", Some(("d:s", "d:sz"))),
    ("pgrep", "[-flanovx] [-s SID|-P PPID|PATTERN]", None),
    ("pidof", "[-s] [-o PID] [NAME]...", None),
    ("ping", "[OPTIONS] HOST", None),
    ("pkill", "[-l|-SIGNAL] [-xfvnoe] [-s SID|-P PPID|PATTERN]", None),
    ("printenv", "[VARIABLE]...", Some(("", "0"))),
    ("printf", "FORMAT [ARG]...", None),
    ("ps", "[-o COL1,COL2=HEADER] [-T]", None),
    ("readlink", "[-fnv] FILE", Some(("fnvemqs", "femnqsvz"))),
    ("realpath", "FILE...", Some(("", "eLmPqsz"))),
    ("rev", "[FILE]...", Some(("", ""))),
    ("rm", "[-irf] FILE...", Some(("irfRvI", "irfRvId"))),
    ("rmdir", "[-p] DIRECTORY...", Some(("pv", "pv"))),
    ("sed", "[-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]...", None),
    ("seq", "[-w] [-s SEP] [FIRST [INC]] LAST", Some(("ws:", "ws:f:"))),
    ("setsid", "[-c] PROG ARGS", None),
    ("sha1sum", "[-c[sw]] [FILE]...", Some(("csw", "bctwz"))),
    ("sha256sum", "[-c[sw]] [FILE]...", Some(("csw", "bctwz"))),
    ("sha512sum", "[-c[sw]] [FILE]...", Some(("csw", "bctwz"))),
    ("shuf", "[-n NUM] [-o FILE] [-z] [FILE | -e [ARG...] | -i L-H]", Some(("n:o:zei:r", "n:o:zei:r"))),
    ("sleep", "[N]...", Some(("", ""))),
    (
        "sort",
        "[-nrughMcszbdfiokt] [-o FILE] [-k START[.OFS][OPTS][,END[.OFS][OPTS]] [-t CHAR] [FILE]...",
        Some(("nrughMcszbdfiVk:t:o:S:T:m", "nrughMcszbdfiVRCk:t:o:S:T:m")),
    ),
    ("split", "[OPTIONS] [INPUT [PREFIX]]", None),
    ("stat", "[-ltf] [-c FMT] FILE...", Some(("ltfc:", "Ltfc:"))),
    ("strings", "[-fo] [-t o|d|x] [-n LEN] [FILE]...", Some(("fot:n:a", "fot:n:a"))),
    ("sync", "[-df] [FILE]...", None),
    ("tac", "[FILE]...", Some(("", "brs:"))),
    ("tail", "[OPTIONS] [FILE]...", Some(("n:c:qvfFs:", "n:c:qvfFs:z"))),
    ("tar", "c|x|t [-zJjahmvokO] [-f TARFILE] [-C DIR] [-T FILE] [-X FILE] [LONGOPT]... [FILE]...", None),
    ("tee", "[-ai] [FILE]...", Some(("ai", "aip"))),
    ("telnet", "[-a] [-l USER] HOST [PORT]", None),
    ("timeout", "[-s SIG] [-k KILL_SECS] SECS PROG ARGS", None),
    ("touch", "[-cham] [-d DATE] [-t DATE] [-r FILE] FILE...", Some(("chamfd:t:r:", "acd:fhmr:t:"))),
    ("tr", "[-cds] STRING1 [STRING2]", Some(("cdsC", "cdsCt"))),
    ("truncate", "[-c] -s SIZE FILE...", Some(("cs:", "cs:or:"))),
    ("tty", "[-s]", None),
    ("uname", "[-amnrspvio]", Some(("amnrspvio", "amnrspvio"))),
    ("uniq", "[-cduiz] [-f,s,w N] [FILE [OUTFILE]]", Some(("cduizf:s:w:", "cduizDf:s:w:"))),
    ("uptime", "", None),
    ("usleep", "N", None),
    ("wc", "[-cmlwL] [FILE]...", Some(("cmlwL", "cmlwL"))),
    ("wget", "[-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]", None),
    ("which", "[-a] COMMAND...", Some(("a", "as"))),
    ("whoami", "", Some(("", ""))),
    ("xargs", "[OPTIONS] [PROG ARGS]", Some(("0rtxn:s:I:i:pP:L:E:e:oa:", "0rtxn:s:I:i::pP:L:E:e::oa:d:l::"))),
    ("xxd", "[-pri] [-g N] [-c N] [-l LEN] [-s OFS] [-o OFS] [FILE]", Some(("prig:c:l:s:o:", "prigc:l:s:o:abeu"))),
    ("yes", "[STRING]", None),
];

/// Long options of GNU's programs and busybox', without their values.
const LONG: &[&str] = &[
    "all",
    "almost-all",
    "append",
    "archive",
    "attributes-only",
    "binary",
    "block-size",
    "bytes",
    "byte-offset",
    "changes",
    "chars",
    "check",
    "classify",
    "color",
    "colour",
    "complement",
    "context",
    "after-context",
    "before-context",
    "count",
    "date",
    "debug",
    "decode",
    "delimiter",
    "delete",
    "dereference",
    "directory",
    "dry-run",
    "echo",
    "equal-width",
    "error",
    "escape",
    "exclude",
    "exclude-dir",
    "expression",
    "extended-regexp",
    "exit",
    "field-separator",
    "fields",
    "file",
    "fixed-strings",
    "follow",
    "force",
    "foreground",
    "format",
    "full-time",
    "group-directories-first",
    "files-with-matches",
    "files-without-match",
    "help",
    "human-readable",
    "human-numeric-sort",
    "ignore-case",
    "ignore-environment",
    "ignore-fail-on-non-empty",
    "ignore-garbage",
    "include",
    "input-range",
    "interactive",
    "invert-match",
    "iso-8601",
    "key",
    "kill-after",
    "kilobytes",
    "length",
    "line-number",
    "lines",
    "line-regexp",
    "link",
    "literal",
    "max-args",
    "max-chars",
    "max-count",
    "max-depth",
    "max-line-length",
    "max-procs",
    "megabytes",
    "mode",
    "multiple",
    "name",
    "no-clobber",
    "no-create",
    "no-dereference",
    "no-filename",
    "no-messages",
    "no-preserve-root",
    "no-run-if-empty",
    "no-target-directory",
    "null",
    "null-data",
    "nodes",
    "number",
    "number-nonblank",
    "numeric-sort",
    "numeric-uid-gid",
    "only-delimited",
    "only-matching",
    "one-file-system",
    "output",
    "output-error",
    "parents",
    "perl-regexp",
    "pid",
    "preserve",
    "preserve-root",
    "print-type",
    "printf",
    "process",
    "quiet",
    "quote-name",
    "random-sort",
    "real",
    "recursive",
    "reference",
    "regexp",
    "remove-destination",
    "repeated",
    "replace",
    "retry",
    "reverse",
    "rfc-3339",
    "rfc-2822",
    "rfc-email",
    "separator",
    "serial",
    "set",
    "show-all",
    "show-ends",
    "show-nonprinting",
    "show-tabs",
    "signal",
    "silent",
    "si",
    "size",
    "skip-chars",
    "skip-fields",
    "sleep-interval",
    "sort",
    "squeeze-blank",
    "squeeze-repeats",
    "stable",
    "status",
    "strict",
    "suffix",
    "summarize",
    "symbolic",
    "symbolic-link",
    "tabs",
    "target-directory",
    "text",
    "time",
    "time-style",
    "tmpdir",
    "total",
    "truncate-set1",
    "type",
    "unique",
    "universal",
    "unset",
    "update",
    "user",
    "utc",
    "verbose",
    "verify",
    "version",
    "version-sort",
    "warn",
    "width",
    "with-filename",
    "word-regexp",
    "words",
    "wrap",
    "zero",
    "zero-terminated",
    "canonicalize",
    "canonicalize-existing",
    "canonicalize-missing",
    "no-newline",
    "chdir",
    "sync",
    "inodes",
    "apparent-size",
    "portability",
    "local",
    "kernel-name",
    "kernel-release",
    "machine",
    "nodename",
    "operating-system",
    "ignore",
    "groups",
    "group",
    "unified",
    "brief",
    "report-identical-files",
    "new-file",
    "label",
    "strip-trailing-cr",
    "adjustment",
    "arg-file",
    "open-tty",
    "exit-on-ambiguous",
    "fqdn",
    "long",
    "short",
    "domain",
    "ip-address",
    "all-ip-addresses",
    "stdout",
    "keep",
    "decompress",
    "fast",
    "best",
    "fill",
    "no-group",
    "indicator-style",
    "file-type",
    "dereference-command-line",
    "hide",
    "inode",
    "hyperlink",
    "quoting-style",
];

fn find(name: &str) -> Option<&'static (&'static str, &'static str, Letters)> {
    PROGRAMS.binary_search_by_key(&name, |(known, ..)| known).ok().map(|at| &PROGRAMS[at])
}

/// Help on standard error, as busybox shows it; of GNU's programs what they lack. Returns the status.
pub(super) fn wrong(call: &mut Call<'_, '_>) -> i32 {
    let name = base_name(&call.words[0]).to_owned();
    if call.is_gnu() {
        let operands: Vec<&String> = call.words[1..].iter().filter(|word| !word.starts_with('-')).collect();
        let lacks = match (name.as_str(), operands.first()) {
            ("cp" | "mv", Some(first)) => format!("missing destination file operand after '{first}'"),
            ("cp" | "mv" | "touch" | "ln", None) => "missing file operand".to_owned(),
            (_, Some(first)) => format!("missing operand after '{first}'"),
            ("cmp", None) => "missing operand after 'cmp'".to_owned(),
            ("timeout", None) => {
                call.context.complain("Try 'timeout --help' for more information.");
                return 125;
            }
            (_, None) => "missing operand".to_owned(),
        };
        return refuse(call, &lacks);
    }
    help(call, &name);
    usual_status(call)
}

fn help(call: &mut Call<'_, '_>, name: &str) {
    let usage = find(name).map_or("", |(_, usage, _)| usage);
    let blank = if usage.is_empty() { "" } else { " " };
    call.context.complain(&format!("{BUSYBOX}\n\nUsage: {name}{blank}{usage}"));
}

/// A message, and what to type for help. Returns the status.
pub(super) fn refuse(call: &mut Call<'_, '_>, message: &str) -> i32 {
    let name = base_name(&call.words[0]).to_owned();
    call.fail(message);
    if call.is_gnu() {
        if name == "grep" {
            call.context.complain("Usage: grep [OPTION]... PATTERNS [FILE]...");
        }
        let before = if matches!(name.as_str(), "diff" | "cmp") { format!("{name}: ") } else { String::new() };
        call.context.complain(&format!("{before}Try '{name} --help' for more information."));
    }
    usual_status(call)
}

/// Status of a program that was called wrongly.
fn usual_status(call: &Call<'_, '_>) -> i32 {
    match (base_name(&call.words[0]), call.is_gnu()) {
        ("env" | "timeout", true) => 125,
        ("ls" | "diff" | "cmp", true) | ("sort" | "grep", _) => 2,
        _ => 1,
    }
}

/// The status of a program that does not know one of its options.
pub(in super::super) fn unknown_option(call: &mut Call<'_, '_>) -> Option<i32> {
    if call.words.len() < 2 || call.inside.is_some() || !call.words[1..].iter().any(|word| word.starts_with('-')) {
        return None;
    }
    let name = base_name(&call.words[0]).to_owned();
    let (_, _, letters) = find(&name)?;
    let is_gnu = call.is_gnu();
    let (busybox, gnu) = (*letters)?;
    let letters = if is_gnu { gnu } else { busybox };
    let words = call.words;
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        let Some(options) = word.strip_prefix('-').filter(|options| !options.is_empty()) else {
            if matches!(name.as_str(), "xargs" | "env" | "timeout") {
                return None;
            }
            continue;
        };
        if options == "-" {
            return None;
        }
        if let Some(long) = options.strip_prefix('-') {
            let base = long.split('=').next().unwrap_or_default();
            if base == "help" && !is_gnu {
                help(call, &name);
                return Some(0);
            }
            if !LONG.contains(&base) {
                return Some(unknown(call, &name, &format!("unrecognized option '--{base}'")));
            }
            continue;
        }
        let is_number = options.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && matches!(name.as_str(), "head" | "tail" | "grep" | "fold" | "uniq" | "seq" | "nice") {
            continue;
        }
        if name == "seq" && options.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            continue;
        }
        for (at, letter) in options.char_indices() {
            let Some(place) = letters.find(letter).filter(|_| letter != ':') else {
                return Some(unknown(call, &name, &format!("invalid option -- '{letter}'")));
            };
            let after = &letters[place + letter.len_utf8()..];
            if after.starts_with(':') {
                if options[at + letter.len_utf8()..].is_empty() && !after.starts_with("::") && rest.next().is_none() {
                    return Some(unknown(call, &name, &format!("option requires an argument -- '{letter}'")));
                }
                break;
            }
        }
    }
    None
}

fn unknown(call: &mut Call<'_, '_>, name: &str, message: &str) -> i32 {
    if call.is_gnu() {
        return refuse(call, message);
    }
    call.context.complain(&format!("{name}: {message}"));
    help(call, name);
    usual_status(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_sorted_so_that_they_are_found() {
        assert!(PROGRAMS.is_sorted_by_key(|(name, ..)| name));
        assert!(find("rm").is_some() && find("nosuch").is_none());
    }
}
