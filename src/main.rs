//! The kubelapse binary: hands over to `cli`.

fn main() {}
