//! Exit codes: 0 ok; 1 expectations, asserts or requirements failed; 2 bad input or usage; 3 internal error.

use std::process::ExitCode;

/// All went well.
pub(super) const OK: u8 = 0;
/// The run was carried out, and something in it was not as it should be.
pub(super) const FAILED: u8 = 1;
/// The input or the command line is bad; nothing was written.
pub(super) const BAD_INPUT: u8 = 2;
/// kubelapse itself failed (it could not write its results).
pub(super) const INTERNAL: u8 = 3;

/// Prints what clap says of the command line: help and version are no errors.
pub(super) fn of_usage(error: &clap::Error) -> ExitCode {
    // A closed pipe is nobody's error.
    let _ = error.print();
    if error.use_stderr() { BAD_INPUT.into() } else { OK.into() }
}
