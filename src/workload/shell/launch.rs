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
use super::world::{FileKind, Links};

/// Programs that start one another, at most.
const DEPTH_MAX: u32 = 20;
/// Where programs of an image lie.
const PROGRAM_DIRECTORIES: [&str; 6] = ["/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// Something that can run, or the message and status of the failure.
pub(super) enum Launched {
    Body(Body),
    Failed(String, i32),
}

/// The program a name or a standard path means: `/bin/sleep` → `sleep`.
pub(super) fn base_name(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((directory, base)) if PROGRAM_DIRECTORIES.contains(&directory) => base,
        _ => name,
    }
}

/// Is it one of the shells?
pub(super) fn dialect(name: &str) -> Option<Dialect> {
    match base_name(name) {
        "sh" | "ash" | "dash" => Some(Dialect::Ash),
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
}

/// Reads the arguments of a shell.
pub(super) fn shell_call(argv: &[String]) -> ShellCall {
    let mut call = ShellCall { text: None, file: None, name: None, positional: Vec::new(), letters: Vec::new() };
    let mut has_text = false;
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
                'o' => {
                    let name = arguments.next().cloned().unwrap_or_default();
                    call.letters.push(('o', name, word.starts_with('-')));
                }
                letter => call.letters.push((letter, String::new(), word.starts_with('-'))),
            }
        }
    }
    if has_text {
        call.text = Some(arguments.next().cloned().unwrap_or_default());
        call.name = arguments.next().cloned();
    } else {
        call.file = arguments.next().cloned();
    }
    call.positional = arguments.cloned().collect();
    call
}

/// A shell as called; fails where its text is no script.
pub(super) fn shell(
    programs: &mut Programs,
    argv: &[String],
    environment: &BTreeMap<String, String>,
    cwd: &str,
    pid: u32,
) -> Result<Shell, String> {
    let dialect = dialect(&argv[0]).unwrap_or(Dialect::Ash);
    let call = shell_call(argv);
    let code = match &call.text {
        Some(text) => programs.get(text, dialect).map_err(|error| format!("{}: {error}", argv[0]))?,
        None => Arc::new(Code::default()),
    };
    let name = call.name.clone().unwrap_or_else(|| argv[0].clone());
    let mut shell = Shell::new(dialect, name, call.positional, code, pid);
    cwd.clone_into(&mut shell.cwd);
    shell.import(environment);
    shell.set("PWD", cwd.to_owned());
    for (letter, name, is_on) in &call.letters {
        set_option(&mut shell, *letter, name, *is_on);
    }
    if call.text.is_none() {
        let file = call.file.unwrap_or_else(|| "/dev/stdin".to_owned());
        shell.script_to_read = Some(absolute(cwd, &file));
        if file != "/dev/stdin" {
            shell.name.clone_from(&file);
            shell.script = Some(file);
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
    for _ in 0..DEPTH_MAX {
        let name = words[0].clone();
        if dialect(&name).is_some() {
            let pid = context.kernel.next_pid;
            return match shell(context.programs, &words, &environment, cwd, pid) {
                Ok(mut shell) => {
                    shell.umask = umask;
                    Launched::Body(Body::Shell(Box::new(shell)))
                }
                Err(message) => Launched::Failed(message, 2),
            };
        }
        if let Some(next) = programs::wrapped(&words, &mut environment) {
            words = next;
            continue;
        }
        let base = base_name(&name);
        if programs::is_known(base) {
            return Launched::Body(Body::Program(Box::new(Program::new(words, environment, cwd, umask))));
        }
        match script(context, &name, &words, &environment, cwd) {
            Ok(next) => words = next,
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
                return Err(Launched::Failed(format!("{name}: Permission denied"), 126));
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
