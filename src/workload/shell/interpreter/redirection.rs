//! Redirections: what a descriptor leads to while a command runs, and putting it back afterwards.

use super::super::code::{Dialect, Redirect, RedirectKind};
use super::super::context::{Context, Mode, absolute};
use super::super::expand::{Expanded, Expander};
use super::super::kernel::{Handle, Run};
use super::super::shell::{Frame, Shell};
use super::super::world::{Errno, FileKind, Links};

/// A redirection whose target is known.
pub(super) type Target = (i32, RedirectKind, String);

/// Descriptors as they were.
pub(super) type Saved = Vec<(i32, Option<Handle>)>;

impl Shell {
    fn targets(&mut self, context: &mut Context<'_>, redirects: &[Redirect]) -> Expanded<Vec<Target>> {
        let mut expander = Expander::new(self, context);
        targets(&mut expander, redirects)
    }

    pub(super) fn redirect_block(
        &mut self,
        context: &mut Context<'_>,
        redirects: &[Redirect],
        otherwise: usize,
    ) -> Option<Run> {
        let targets = self.targets(context, redirects);
        let targets = match self.settle(context, targets) {
            Ok(targets) => targets,
            Err(run) => return run,
        };
        match self.apply(context, &targets) {
            Ok(saved) => {
                self.frames.push(Frame::Redirect(saved));
                self.pc += 1;
                None
            }
            Err(message) => {
                context.complain(&message);
                self.status = if self.dialect == Dialect::Dash { 2 } else { 1 };
                self.pc = otherwise;
                self.check_failure(context)
            }
        }
    }

    /// Redirects descriptors; returns what they were, or the message why not.
    pub(super) fn apply(&mut self, context: &mut Context<'_>, targets: &[Target]) -> Result<Saved, String> {
        let mut saved = Saved::new();
        for (fd, kind, text) in targets {
            saved.push((*fd, context.descriptors.get(fd).cloned()));
            if let RedirectKind::Both { .. } = kind {
                saved.push((2, context.descriptors.get(&2).cloned()));
            }
            if let Err(reason) = self.redirect(context, *fd, kind, text) {
                restore(context, saved);
                return Err(format!("{}{reason}", self.prefix()));
            }
        }
        Ok(saved)
    }

    fn redirect(&self, context: &mut Context<'_>, fd: i32, kind: &RedirectKind, text: &str) -> Result<(), String> {
        let path = absolute(&self.cwd, text);
        let permissions = 0o666 & !self.umask;
        let cannot = |verb: &str, error: Errno| {
            let missing = match (self.dialect, verb) {
                (Dialect::Dash, "create") => "Directory nonexistent",
                (Dialect::Dash, _) => "No such file",
                (_, "create") => "nonexistent directory",
                _ => "no such file",
            };
            match self.dialect {
                Dialect::Ash => format!("can't {verb} {text}: {}", error.reason(missing)),
                Dialect::Dash => format!("cannot {verb} {text}: {}", error.reason(missing)),
                Dialect::Bash => format!("{text}: {error}"),
            }
        };
        let handle = match kind {
            RedirectKind::Read(_) => context.open_read(&path).map_err(|error| cannot("open", error))?,
            RedirectKind::Write(_)
                if self.options.noclobber
                    && context.stat(&path, Links::Follow).is_ok_and(|data| data.kind == FileKind::File) =>
            {
                return Err(match self.dialect {
                    Dialect::Bash => format!("{text}: cannot overwrite existing file"),
                    _ => cannot("create", Errno::Exists),
                });
            }
            RedirectKind::Write(_) | RedirectKind::Clobber(_) => {
                context.open_write(&path, Mode::Truncate, permissions).map_err(|error| cannot("create", error))?
            }
            RedirectKind::Append(_) => {
                context.open_write(&path, Mode::Append, permissions).map_err(|error| cannot("create", error))?
            }
            RedirectKind::ReadWrite(_) => {
                context.open_write(&path, Mode::Keep, permissions).map_err(|error| cannot("create", error))?
            }
            RedirectKind::Both { append, .. } => {
                let mode = if *append { Mode::Append } else { Mode::Truncate };
                let handle = context.open_write(&path, mode, permissions).map_err(|error| cannot("create", error))?;
                context.descriptors.insert(2, handle.clone());
                handle
            }
            RedirectKind::Duplicate(_) if text == "-" => {
                context.descriptors.remove(&fd);
                return Ok(());
            }
            RedirectKind::Duplicate(_) => {
                let source = text.parse::<i32>().ok();
                let handle = source.and_then(|source| context.descriptors.get(&source).cloned());
                handle.ok_or_else(|| format!("{text}: Bad file descriptor"))?
            }
            RedirectKind::Text(_) => {
                let pipe = context.kernel.new_pipe(false);
                if let Some(pipe) = context.kernel.pipes.get_mut(&pipe) {
                    pipe.buffer = text.as_bytes().to_vec();
                }
                Handle::PipeRead(pipe)
            }
        };
        context.descriptors.insert(fd, handle);
        Ok(())
    }
}

pub(super) fn targets(expander: &mut Expander<'_, '_>, redirects: &[Redirect]) -> Expanded<Vec<Target>> {
    let mut targets = Vec::new();
    for redirect in redirects {
        let word = match &redirect.kind {
            RedirectKind::Read(word)
            | RedirectKind::Write(word)
            | RedirectKind::Clobber(word)
            | RedirectKind::Append(word)
            | RedirectKind::ReadWrite(word)
            | RedirectKind::Duplicate(word)
            | RedirectKind::Text(word)
            | RedirectKind::Both { target: word, .. } => word,
        };
        targets.push((redirect.fd, redirect.kind.clone(), expander.single(word)?));
    }
    Ok(targets)
}

/// Puts descriptors back, the last change first.
pub(super) fn restore(context: &mut Context<'_>, saved: Saved) {
    for (fd, handle) in saved.into_iter().rev() {
        match handle {
            Some(handle) => context.descriptors.insert(fd, handle),
            None => context.descriptors.remove(&fd),
        };
    }
}
