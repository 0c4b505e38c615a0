//! The built-in shell.
