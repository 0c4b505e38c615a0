//! The kubelapse binary: hands over to `cli` and returns its exit code.

use std::process::ExitCode;

use libmimalloc_sys::{mi_option_set_default, mi_option_t};

/// Objects come and go by the million, most of them small: a quarter of a run was in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc 2, which the bindings do not name.
const PURGE_DELAY: mi_option_t = 15;

/// How long freed memory is kept before the system gets it back. Pods come in waves, and what one leaves behind the next
/// one takes: given back after 10 ms, which is the default, it cost a fifth of a run to get it again. mimalloc 3 waits as
/// long as this by itself.
const PURGE_DELAY_MILLIS: std::ffi::c_long = 1000;

fn main() -> ExitCode {
    keep_freed_memory();
    kubelapse::cli::main()
}

/// `MIMALLOC_PURGE_DELAY` goes before it.
#[expect(unsafe_code, reason = "an option of the allocator can be set through its C interface only")]
fn keep_freed_memory() {
    // SAFETY: no other thread runs yet, which is all that the call asks for.
    unsafe { mi_option_set_default(PURGE_DELAY, PURGE_DELAY_MILLIS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "an option of the allocator can be read through its C interface only")]
    fn the_option_is_the_one_that_is_meant() {
        // SAFETY: reads a number that nothing in this test changes.
        let delay = unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        // mimalloc 2's default, in milliseconds; the options before and behind it have 1 and 0.
        assert_eq!(delay, 10);
    }
}
