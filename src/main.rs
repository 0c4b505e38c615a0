//! The kubelapse binary: hands over to `cli` and returns its exit code.

use std::process::ExitCode;

/// Objects come and go by the million, most of them small: a quarter of a run was in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kubelapse::cli::main()
}
