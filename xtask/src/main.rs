//! The project entry point.
fn main() {}
