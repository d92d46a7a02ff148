//! The hosts in Rust, against the fake ITSM and against servers that break off.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod durable;
mod failures;
mod host;
mod hostile;
mod killed;
mod set_up;
mod smallest;
#[path = "../../demo/src/thief.rs"]
mod thief;
mod version;
