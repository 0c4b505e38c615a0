//! Command line to verbs, printers.
