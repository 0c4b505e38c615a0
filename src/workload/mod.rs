//! What containers do: behaviours, shell, catalogue.
pub mod shell;
