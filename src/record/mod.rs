//! Reads the change log: timeline, samples, decisions, summary.
