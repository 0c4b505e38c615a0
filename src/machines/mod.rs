//! What nodes physically are and hold.
