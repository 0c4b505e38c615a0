//! Signals: their names, numbers and what they do.

/// A POSIX signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are POSIX'")]
pub enum Signal {
    Hup,
    Int,
    Quit,
    Kill,
    Usr1,
    Usr2,
    Pipe,
    Alarm,
    Term,
    Child,
    Continue,
    Stop,
}

const SIGNALS: [(Signal, &str, i32); 12] = [
    (Signal::Hup, "HUP", 1),
    (Signal::Int, "INT", 2),
    (Signal::Quit, "QUIT", 3),
    (Signal::Kill, "KILL", 9),
    (Signal::Usr1, "USR1", 10),
    (Signal::Usr2, "USR2", 12),
    (Signal::Pipe, "PIPE", 13),
    (Signal::Alarm, "ALRM", 14),
    (Signal::Term, "TERM", 15),
    (Signal::Child, "CHLD", 17),
    (Signal::Continue, "CONT", 18),
    (Signal::Stop, "STOP", 19),
];

impl Signal {
    /// All of them, by number.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        SIGNALS.iter().map(|(signal, ..)| *signal)
    }

    /// Reads `TERM`, `SIGTERM` or `15`.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let is = |(_, known, number): &&(Self, &str, i32)| *known == name || number.to_string() == name;
        SIGNALS.iter().find(is).map(|(signal, ..)| *signal)
    }

    /// `TERM`.
    pub fn name(self) -> &'static str {
        SIGNALS.iter().find(|(signal, ..)| *signal == self).map_or("", |(_, name, _)| name)
    }

    /// What libc calls it.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Hup => "Hangup",
            Self::Int => "Interrupt",
            Self::Quit => "Quit",
            Self::Kill => "Killed",
            Self::Usr1 => "User defined signal 1",
            Self::Usr2 => "User defined signal 2",
            Self::Pipe => "Broken pipe",
            Self::Alarm => "Alarm clock",
            Self::Term => "Terminated",
            Self::Child => "Child exited",
            Self::Continue => "Continued",
            Self::Stop => "Stopped (signal)",
        }
    }

    /// Does it end a process that has not asked for anything else?
    pub(super) fn ends(self) -> bool {
        !matches!(self, Self::Child | Self::Continue | Self::Stop)
    }

    /// Linux' number on x86 and ARM.
    pub fn number(self) -> i32 {
        SIGNALS.iter().find(|(signal, ..)| *signal == self).map_or(0, |(.., number)| *number)
    }
}
