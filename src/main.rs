//! The kubelapse binary: hands over to `cli` and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubelapse::cli::main()
}
