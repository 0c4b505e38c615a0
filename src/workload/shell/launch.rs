//! Command line → what runs it: a shell, a script from a file, or a program; also those that only start another
//! (`env X=1 cmd`, `nohup`, `nice`, `tini --`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builtins::set_option;
use super::code::{Code, Dialect};
use super::context::{Context, absolute};
use super::kernel::Body;
use super::parsed::Programs;
use super::programs::{self, Program};
use super::shell::Shell;
use super::userland::Userland;
use super::world::{FileKind, Links};

/// Programs that start one another, at most.
const DEPTH_MAX: u32 = 20;
/// Where programs of an image lie.
const PROGRAM_DIRECTORIES: [&str; 6] = ["/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// Something that can run, or the message and status of the failure.
pub(super) enum Launched {
    Body(Body),
    Failed(String, i32),
    /// As `Failed`, but said by the program itself: the message is whole.
    Refused(String, i32),
}

/// The program a name or a standard path means: `/bin/sleep` → `sleep`.
pub(super) fn base_name(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((directory, base)) if PROGRAM_DIRECTORIES.contains(&directory) => base,
        _ => name,
    }
}

/// Where a program lies, as a search through `PATH` finds it: a file, or one of the image's own.
pub(super) fn place(context: &mut Context<'_>, path: Option<&str>, name: &str) -> Option<String> {
    let userland = context.kernel.userland;
    for directory in path.unwrap_or(USUAL_PATH).split(':') {
        let place = format!("{}/{name}", directory.trim_end_matches('/'));
        let is_program = context.world.stat(&place, Links::Follow).is_ok_and(|data| data.mode & 0o111 != 0);
        if is_program || own_program(&place, userland) {
            return Some(place);
        }
    }
    None
}

/// Is it the path of a program that the image brings?
pub(super) fn own_program(path: &str, userland: Userland) -> bool {
    let Some((directory, name)) = path.rsplit_once('/') else { return false };
    let has_it = if userland.is_gnu() { matches!(directory, "/bin" | "/usr/bin") } else { directory == "/bin" };
    let is_bash = matches!(dialect(name, userland), Some(Dialect::Bash)) && !userland.is_gnu();
    has_it && !is_bash && (programs::is_known(name, userland) || dialect(name, userland).is_some())
}

/// The `PATH` of a shell that was given none.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Is it one of the shells?
pub(super) fn dialect(name: &str, userland: Userland) -> Option<Dialect> {
    match base_name(name) {
        "sh" => Some(userland.sh()),
        "ash" => Some(Dialect::Ash),
        "dash" => Some(Dialect::Dash),
        "bash" => Some(Dialect::Bash),
        _ => None,
    }
}

/// How a shell was called.
pub(super) struct ShellCall {
    /// `-c` text; otherwise a script file or standard input.
    pub text: Option<String>,
    pub file: Option<String>,
    pub name: Option<String>,
    pub positional: Vec<String>,
    pub letters: Vec<(char, String, bool)>,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// Reads the arguments of a shell.
pub(super) fn shell_call(argv: &[String]) -> ShellCall {
    let (positional, letters) = (Vec::new(), Vec::new());
    let mut call = ShellCall { text: None, file: None, name: None, positional, letters, wrong: None };
    let (mut has_text, mut reads_stdin) = (false, false);
    let mut arguments = argv.iter().skip(1).peekable();
    while let Some(word) = arguments.next_if(|word| word.len() > 1 && word.starts_with(['-', '+'])) {
        if word == "--" {
            break;
        }
        if word.starts_with("--") {
            continue;
        }
        for letter in word[1..].chars() {
            match letter {
                'c' => has_text = true,
                's' => reads_stdin = true,
                'o' => {
                    let name = arguments.next().cloned().unwrap_or_default();
                    call.letters.push(('o', name, word.starts_with('-')));
                }
                letter => call.letters.push((letter, String::new(), word.starts_with('-'))),
            }
        }
    }
    if has_text {
        if arguments.peek().is_none() {
            call.wrong = Some("-c requires an argument".to_owned());
        }
        call.text = Some(arguments.next().cloned().unwrap_or_default());
        call.name = arguments.next().cloned();
    } else if !reads_stdin {
        call.file = arguments.next().cloned();
    }
    call.positional = arguments.cloned().collect();
    call
}

/// A shell as called; fails where its text is no script.
pub(super) fn shell(
    programs: &mut Programs,
    userland: Userland,
    argv: &[String],
    environment: &BTreeMap<String, String>,
    cwd: &str,
    pid: u32,
) -> Result<Shell, String> {
    let dialect = dialect(&argv[0], userland).unwrap_or(Dialect::Ash);
    let call = shell_call(argv);
    let code = match &call.text {
        Some(text) => programs.get(text, dialect),
        None => Ok(Arc::new(Code::default())),
    };
    let mut shell = Shell::new(dialect, argv[0].clone(), call.positional, Arc::default(), pid);
    if let Some(name) = call.name {
        shell.name = name;
    }
    shell.code = code.map_err(|error| shell.refusal(&error, ""))?;
    shell.arguments = argv.into();
    if let Some(wrong) = call.wrong {
        return Err(match dialect {
            Dialect::Ash => format!("{}: {wrong}", argv[0]),
            Dialect::Dash => format!("{}: 0: {}{}", argv[0], wrong[..1].replace('i', "I"), &wrong[1..]),
            Dialect::Bash => format!("{}: {}", argv[0], wrong.replace("-c requires", "-c: option requires")),
        });
    }
    cwd.clone_into(&mut shell.cwd);
    shell.import(environment);
    shell.set("PWD", cwd.to_owned());
    shell.mark("PWD", |variable| variable.is_exported = true);
    for (letter, name, is_on) in &call.letters {
        if !set_option(&mut shell, *letter, name, *is_on) {
            let word = if dialect == Dialect::Ash { "illegal" } else { "Illegal" };
            let line = if dialect == Dialect::Dash { "0: " } else { "" };
            return Err(format!("{}: {line}{word} option -{letter}", argv[0]));
        }
    }
    if call.text.is_none() {
        match call.file {
            Some(file) => {
                shell.script_to_read = Some(absolute(cwd, &file));
                shell.name.clone_from(&file);
                shell.script = Some(file);
            }
            None => shell.reads_stdin = true,
        }
    }
    Ok(shell)
}

/// Finds out what runs a command line.
pub(super) fn launch(
    context: &mut Context<'_>,
    words: Vec<String>,
    environment: BTreeMap<String, String>,
    cwd: &str,
    umask: u32,
) -> Launched {
    let (mut words, mut environment) = (words, environment);
    let mut of_script: Option<String> = None;
    let mut by: Option<String> = None;
    for _ in 0..DEPTH_MAX {
        let name = words[0].clone();
        let userland = context.kernel.userland;
        if dialect(&name, userland).is_some() {
            let pid = context.kernel.next_pid;
            return match shell(context.programs, userland, &words, &environment, cwd, pid) {
                Ok(mut shell) => {
                    shell.umask = umask;
                    Launched::Body(Body::Shell(Box::new(shell)))
                }
                Err(message) => Launched::Refused(message, 2),
            };
        }
        if let Some(next) = programs::wrapped(&words, &mut environment) {
            by = Some(base_name(&name).to_owned());
            words = next;
            continue;
        }
        let base = base_name(&name);
        if programs::is_known(base, userland) {
            return Launched::Body(Body::Program(Box::new(Program::new(words, environment, cwd, umask))));
        }
        match script(context, &name, &words, &environment, cwd) {
            Ok(next) => {
                of_script.get_or_insert(name);
                words = next;
            }
            // What lacks is named by the script that asks for it.
            Err(Launched::Failed(_, 127)) if by.is_some() => {
                let by = by.unwrap_or_default();
                let missing = "No such file or directory";
                return Launched::Refused(
                    match (by.as_str(), userland.is_gnu()) {
                        ("env", true) => format!("env: '{name}': {missing}"),
                        (_, true) => format!("{by}: failed to run command '{name}': {missing}"),
                        (_, false) => format!("{by}: can't execute '{name}': {missing}"),
                    },
                    127,
                );
            }
            Err(Launched::Failed(message, 127)) => {
                let shown = of_script.map(|script| format!("{script}: not found"));
                return Launched::Failed(shown.unwrap_or(message), 127);
            }
            Err(failed) => return failed,
        }
    }
    Launched::Failed(format!("{}: Too many levels of symbolic links", words[0]), 126)
}

/// A file with a `#!` line: the command line that runs it.
fn script(
    context: &mut Context<'_>,
    name: &str,
    words: &[String],
    environment: &BTreeMap<String, String>,
    cwd: &str,
) -> Result<Vec<String>, Launched> {
    let candidates: Vec<String> = if name.contains('/') {
        vec![absolute(cwd, name)]
    } else {
        let path = environment.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
        path.split(':').map(|directory| absolute(cwd, &format!("{directory}/{name}"))).collect()
    };
    for path in candidates {
        let Ok(data) = context.stat(&path, Links::Follow) else { continue };
        if data.kind != FileKind::File || data.mode & 0o111 == 0 {
            if name.contains('/') {
                let why = if data.kind == FileKind::Directory && context.kernel.userland.sh() == Dialect::Bash {
                    "Is a directory"
                } else {
                    "Permission denied"
                };
                return Err(Launched::Failed(format!("{name}: {why}"), 126));
            }
            continue;
        }
        let bytes = context.read_file(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let first = text.lines().next().unwrap_or_default();
        let mut next: Vec<String> = match first.strip_prefix("#!") {
            Some(interpreter) => interpreter.split_whitespace().map(str::to_owned).collect(),
            None => vec!["sh".to_owned()],
        };
        if next.is_empty() {
            next.push("sh".to_owned());
        }
        next.push(path);
        next.extend_from_slice(&words[1..]);
        return Ok(next);
    }
    context.kernel.unknown_programs.insert(name.to_owned());
    Err(Launched::Failed(format!("{name}: not found"), 127))
}
