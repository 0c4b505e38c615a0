//! A command line: words, the command they name, its flags and arguments. Upstream: cobra and pflag as kubectl uses them.

use super::commands::{self, Command};
use super::errors::Failure;
use super::flags::{self, Flag, Takes, Values};
use super::help::{self, GroupHelp};

/// A parsed command line.
#[derive(Clone, Debug)]
pub(crate) struct CommandLine {
    pub(crate) command: &'static Command,
    pub(crate) flags: Values,
    /// Arguments before `--`.
    pub(crate) arguments: Vec<String>,
    /// Arguments after `--`, if there is one.
    pub(crate) after_dash: Option<Vec<String>>,
    /// What is printed about deprecated flags.
    pub(crate) deprecations: Vec<String>,
    /// What the client logs as warnings.
    pub(crate) logged: Vec<String>,
    /// `KUBE_EDITOR`, or else `EDITOR`, as set before the command; empty if neither is.
    pub(crate) editor: String,
}

/// What a command line asks for.
#[derive(Clone, Debug)]
pub(crate) enum Parsed {
    /// A command.
    Command(CommandLine),
    /// A help text.
    Help(String),
    /// Commands that begin with these words, in a help text.
    Group(GroupHelp),
}

/// Splits a line into words as a shell does; a comment at the end goes.
pub(crate) fn split(line: &str) -> Result<Vec<String>, String> {
    shlex::split(line).ok_or_else(|| "bash: unexpected EOF while looking for matching quote\n".to_owned())
}

impl CommandLine {
    /// Refuses flags that kubectl has and that would have no effect here: never a silent nothing.
    pub(crate) fn refuse(&self, flags: &[&str]) -> Result<(), Failure> {
        let given = flags.iter().find(|flag| self.flags.has(flag));
        given.map_or(Ok(()), |flag| Err(Failure::unsupported(format!("kubectl {} --{flag}", self.command.path))))
    }

    /// Reads the words of a command line, `kubectl` in front or not.
    pub(crate) fn parse(words: &[String]) -> Result<Parsed, Failure> {
        let (editor, words) = editor_of(words);
        let words = if words.first().is_some_and(|word| word == "kubectl") { &words[1..] } else { words };
        let (command, rest) = match find_command(words)? {
            Found::Group(text) => return Ok(Parsed::Group(text)),
            Found::Command(command, rest) => (command, rest),
        };
        let mut parsed = Self::parse_as(command, &rest)?;
        if let Parsed::Command(line) = &mut parsed {
            line.editor = editor;
        }
        Ok(parsed)
    }

    /// Reads the words after a command's own.
    pub(crate) fn parse_as(command: &'static Command, rest: &[String]) -> Result<Parsed, Failure> {
        let mut line = Self {
            command,
            flags: Values::default(),
            arguments: Vec::new(),
            after_dash: None,
            deprecations: Vec::new(),
            logged: Vec::new(),
            editor: String::new(),
        };
        line.read(rest)?;
        if line.flags.is_on("help", false) {
            return Ok(Parsed::Help(format!("Usage:\n  kubectl {} [flags] [options]\n", command.path)));
        }
        let missing: Vec<String> =
            command.required.iter().filter(|name| !line.flags.has(name)).map(|name| format!("\"{name}\"")).collect();
        if !missing.is_empty() {
            return Err(Failure::error(format!("required flag(s) {} not set", missing.join(", "))));
        }
        Ok(Parsed::Command(line))
    }

    /// With `--record`: the command as the annotation `kubernetes.io/change-cause` holds it.
    /// Upstream: cli-runtime genericclioptions `parseCommandArguments`.
    pub(crate) fn change_cause(&self) -> Option<String> {
        if !self.flags.is_on("record", false) {
            return None;
        }
        let arguments = self.arguments.iter().chain(self.after_dash.iter().flatten());
        let mut text = format!("kubectl {}", self.command.path);
        for argument in arguments {
            text.push(' ');
            text.push_str(argument);
        }
        for (flag, value) in self.flags.given() {
            text.push_str(&format!(" --{flag}={value}"));
        }
        Some(text)
    }

    /// Are files named, with `-f` or `-k`?
    pub(crate) fn has_files(&self) -> bool {
        self.flags.has("filename") || self.flags.has("kustomize")
    }

    /// A flag of every command; empty where the command has one of that name itself (`create rolebinding --user`).
    pub(crate) fn global(&self, flag: &str) -> &str {
        let is_own = self.command.flags.iter().any(|set| set.iter().any(|own| own.name == flag));
        if is_own { "" } else { self.flags.text(flag) }
    }

    /// Does the command talk to the server, and so need a context that works?
    pub(crate) fn needs_server(&self) -> bool {
        let word = self.command.path.split(' ').next().unwrap_or_default();
        let is_local = ["config", "kustomize", "completion", "plugin", "options", "alpha"].contains(&word)
            || word == "version" && self.flags.is_on("client", false);
        !is_local
    }

    /// `--namespace`, or the context's.
    pub(crate) fn namespace<'a>(&'a self, context: &'a str) -> &'a str {
        let given = self.flags.text("namespace");
        if given.is_empty() { context } else { given }
    }

    fn read(&mut self, words: &[String]) -> Result<(), Failure> {
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                self.after_dash = Some(rest.cloned().collect());
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                self.read_long(long, &mut rest)?;
            } else if word.len() > 1 && word.starts_with('-') {
                self.read_short(word, &mut rest)?;
            } else {
                self.arguments.push(word.clone());
            }
        }
        Ok(())
    }

    fn read_long<'a>(&mut self, long: &str, rest: &mut impl Iterator<Item = &'a String>) -> Result<(), Failure> {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value.to_owned())));
        let Some(flag) = self.command.all_flags().find(|flag| flag.name == name) else {
            return Err(Failure::flag(self.command.path, format!("unknown flag: --{name}")));
        };
        let value = match (value, flag.takes) {
            (Some(value), _) => value,
            (None, Takes::Switch) => "true".to_owned(),
            (None, Takes::Optional(alone)) => alone.to_owned(),
            (None, _) => rest
                .next()
                .cloned()
                .ok_or_else(|| Failure::flag(self.command.path, format!("flag needs an argument: --{name}")))?,
        };
        self.set(flag, value)
    }

    /// `-it`, `-ojson`, `-o=json`, `-o json`.
    fn read_short<'a>(&mut self, word: &str, rest: &mut impl Iterator<Item = &'a String>) -> Result<(), Failure> {
        let group = &word[1..];
        for (place, letter) in group.char_indices() {
            let Some(flag) = self.command.all_flags().find(|flag| flag.short == letter) else {
                return Err(Failure::flag(self.command.path, format!("unknown shorthand flag: '{letter}' in {word}")));
            };
            let tail = &group[place + letter.len_utf8()..];
            match flag.takes {
                Takes::Switch if !tail.starts_with('=') => self.set(flag, "true".to_owned())?,
                Takes::Optional(alone) if tail.is_empty() => self.set(flag, alone.to_owned())?,
                _ => {
                    let value = if tail.is_empty() {
                        rest.next().cloned().ok_or_else(|| {
                            let text = format!("flag needs an argument: '{letter}' in {word}");
                            Failure::flag(self.command.path, text)
                        })?
                    } else {
                        tail.strip_prefix('=').unwrap_or(tail).to_owned()
                    };
                    return self.set(flag, value);
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, flag: &Flag, value: String) -> Result<(), Failure> {
        if let Err(reason) = flags::check(flag.takes, &value) {
            let names = if flag.short == '\0' {
                format!("--{}", flag.name)
            } else {
                format!("-{}, --{}", flag.short, flag.name)
            };
            let text = format!("invalid argument \"{value}\" for \"{names}\" flag: {reason}");
            return Err(Failure::flag(self.command.path, text));
        }
        if flag.name == "record" {
            self.deprecations
                .push("Flag --record has been deprecated, --record will be removed in the future".to_owned());
        }
        // Upstream: cmd/util `GetDryRunStrategy`, through klog.
        if flag.name == "dry-run" && value == "unchanged" {
            self.logged.push("--dry-run is deprecated and can be replaced with --dry-run=client.".to_owned());
        } else if flag.name == "dry-run"
            && let Some(instead) = [("true", "client"), ("false", "none")].iter().find(|(old, _)| *old == value)
        {
            let text = format!(
                "--dry-run={} is deprecated (boolean value) and can be replaced with --dry-run={}.",
                instead.0, instead.1
            );
            self.logged.push(text);
        }
        if flag.takes == Takes::List {
            for part in value.split(',') {
                self.flags.push(flag.name, part.to_owned());
            }
        } else {
            self.flags.push(flag.name, value);
        }
        Ok(())
    }
}

/// Variables before the command: which editor they name, and the words after them.
fn editor_of(mut words: &[String]) -> (String, &[String]) {
    let (mut editor, mut kube_editor) = (String::new(), None);
    while let Some((name, value)) = words.first().and_then(|word| word.split_once('=')) {
        let is_name = |c: char| c == '_' || c.is_ascii_uppercase() || c.is_ascii_digit();
        if name.is_empty() || !name.chars().all(is_name) {
            break;
        }
        match name {
            "EDITOR" => value.clone_into(&mut editor),
            "KUBE_EDITOR" => kube_editor = Some(value.to_owned()),
            _ => {}
        }
        words = &words[1..];
    }
    (kube_editor.unwrap_or(editor), words)
}

/// What the first words of a command line name.
enum Found {
    Command(&'static Command, Vec<String>),
    Group(GroupHelp),
}

/// The command that the first words name, and all other words in order.
fn find_command(words: &[String]) -> Result<Found, Failure> {
    let mut path: Vec<String> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    let mut found: Option<&'static Command> = None;
    // The words of a group of commands, while its command is missing.
    let mut group: Option<String> = None;
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.peek() {
        if word.as_str() == "--" {
            break;
        }
        if word.len() > 1 && word.starts_with('-') {
            // Upstream: kubectl pkg/cmd `HandlePluginCommand`.
            if path.is_empty() && !is_global(word) && words.iter().any(|word| !word.starts_with('-')) {
                return Err(Failure::plain(format!("Error: flags cannot be placed before plugin name: {word}")));
            }
            let takes_value = !word.contains('=') && global_takes_value(word);
            others.extend(rest.next().cloned());
            if takes_value {
                others.extend(rest.next().cloned());
            }
            continue;
        }
        path.push((*word).clone());
        match commands::find(&path) {
            Some(command) => {
                found = Some(command);
                group = None;
            }
            None if commands::is_group(&path) => group = Some(path.join(" ")),
            None => break,
        }
        rest.next();
    }
    others.extend(rest.cloned());
    if let Some(group) = group {
        return group_without_command(&group, &others);
    }
    if let Some(command) = found {
        Ok(Found::Command(command, others))
    } else {
        let name = path.first().map_or("", String::as_str);
        if name.is_empty() {
            let help = GroupHelp { text: help::KUBECTL, on_stderr: false, fails: false };
            return Ok(Found::Group(help));
        }
        if commands::TOP_LEVEL.contains(&name) {
            return Err(Failure::unsupported(format!("kubectl {}", path.join(" "))));
        }
        Err(unknown_command(name))
    }
}

/// `kubectl rollout`, `kubectl rollout foo`. Upstream: cmd/util `DefaultSubCommandRun`, `RequireNoArguments`.
fn group_without_command(group: &str, others: &[String]) -> Result<Found, Failure> {
    let flag = others.iter().find_map(|word| word.strip_prefix("--"));
    if let Some(flag) = flag.filter(|flag| *flag != "help") {
        return Err(Failure::flag(group, format!("unknown flag: --{}", flag.split('=').next().unwrap_or(flag))));
    }
    let words: Vec<&str> = others.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    // Upstream: cobra: this group prints its help whatever follows.
    if !words.is_empty() && group != "certificate" {
        let full = if group == "create svc" { "create service" } else { group };
        return Err(Failure::usage(full, format!("unknown command {:?}", words.join(" "))));
    }
    let help = help::group(group).ok_or_else(|| Failure::error(format!("unknown command for \"kubectl {group}\"")))?;
    Ok(Found::Group(help))
}

fn is_global(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word);
    flags::GLOBAL.iter().any(|flag| {
        name.strip_prefix("--") == Some(flag.name)
            || name.strip_prefix('-').is_some_and(|letters| flag.short != '\0' && letters.starts_with(flag.short))
    })
}

fn global_takes_value(word: &str) -> bool {
    flags::GLOBAL.iter().any(|flag| {
        flag.takes != Takes::Switch
            && (word.strip_prefix("--") == Some(flag.name)
                || word.strip_prefix('-').is_some_and(|letters| letters.len() == 1 && letters.starts_with(flag.short)))
    })
}

/// Upstream: cobra `Command.SuggestionsFor`: within two edits, or a prefix.
fn unknown_command(name: &str) -> Failure {
    let mut text = format!("unknown command \"{name}\" for \"kubectl\"");
    let similar: Vec<&str> = commands::TOP_LEVEL
        .iter()
        .copied()
        .filter(|candidate| strsim::levenshtein(name, candidate) <= 2 || candidate.starts_with(name))
        .collect();
    if !similar.is_empty() {
        text.push_str("\n\nDid you mean this?\n");
        for candidate in similar {
            text.push_str(&format!("\t{candidate}\n"));
        }
        text.pop();
    }
    Failure::error(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> CommandLine {
        match CommandLine::parse(&split(line).unwrap()) {
            Ok(Parsed::Command(line)) => line,
            other => panic!("{other:?}"),
        }
    }

    fn error(line: &str) -> String {
        CommandLine::parse(&split(line).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn flags_come_in_every_form() {
        let line = parse("kubectl -n shop get pods -owide --selector app=web -A --no-headers=false web-1");
        assert_eq!(line.command.path, "get");
        assert_eq!(line.namespace("default"), "shop");
        assert_eq!(line.flags.text("output"), "wide");
        assert_eq!(line.flags.text("selector"), "app=web");
        assert!(line.flags.is_on("all-namespaces", false));
        assert!(!line.flags.is_on("no-headers", true));
        assert_eq!(line.arguments, ["pods", "web-1"]);
    }

    #[test]
    fn words_after_two_dashes_are_kept_apart() {
        let line = parse("run x --image=busybox -- sleep 5 # a comment");
        assert_eq!(line.arguments, ["x"]);
        assert_eq!(line.after_dash, Some(vec!["sleep".to_owned(), "5".to_owned()]));
    }

    #[test]
    fn unknown_words_are_refused_in_kubectls_words() {
        assert_eq!(
            error("get pods --show-all"),
            "error: unknown flag: --show-all\nSee 'kubectl get --help' for usage."
        );
        assert_eq!(
            error("get pods -a"),
            "error: unknown shorthand flag: 'a' in -a\nSee 'kubectl get --help' for usage."
        );
        assert_eq!(
            error("descrobe pod x"),
            "error: unknown command \"descrobe\" for \"kubectl\"\n\nDid you mean this?\n\tdescribe"
        );
        assert_eq!(error("create deployment noimage"), "error: required flag(s) \"image\" not set");
        assert_eq!(
            error("logs x --tail=x"),
            "error: invalid argument \"x\" for \"--tail\" flag: strconv.ParseInt: parsing \"x\": invalid syntax\nSee 'kubectl logs --help' for usage."
        );
    }
}
