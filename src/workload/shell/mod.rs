//! The built-in shell: runs the commands of containers, exec probes and hooks in virtual time.
//!
//! A script is compiled once to instructions (`compile`, `code`); a `Process` is a tree of tasks that hold nothing
//! but data and stop wherever the real ones would wait (`kernel`, `interpreter`, `programs`). What they see of the
//! world is behind the trait `World`. CPU time of commands is zero; only what sleeps or waits takes time.
//!
//! Loops whose turns cannot be told apart (`while true; do sleep 1; done`, `until [ -f x ]; do sleep 1; done`) are
//! noticed: the process then waits for a file or a signal, and is put in the right phase when something happens.

mod arithmetic;
mod array;
mod braces;
mod brush;
mod builtins;
mod code;
mod compile;
mod context;
mod escapes;
mod expand;
mod glob;
mod interpreter;
mod kernel;
mod launch;
mod memory_fs;
mod options;
mod parsed;
mod pattern;
mod process;
mod programs;
#[expect(clippy::module_inception, reason = "the state of one shell is what the module is about")]
mod shell;
mod signal;
mod test_command;
#[cfg(test)]
mod tests;
mod understanding;
mod userland;
mod world;

pub use brush::silence_parser;
pub use memory_fs::MemoryFs;
pub use parsed::Programs;
pub use process::{Options, Process, Step, Understanding, Usage, WaitFor};
pub use signal::Signal;
pub use userland::Userland;
pub use world::{
    Delayed, Errno, FileKind, FileSystem, HttpRequest, HttpResponse, Links, Metadata, NetworkError, Stream, World,
    WriteAt, file_system_of_field,
};
