//! The kubelapse binary: hands over to `cli` and returns its exit code.

use std::process::ExitCode;

/// A run allocates and frees small things by the million on one thread: a tenth of its time with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kubelapse::cli::main()
}
