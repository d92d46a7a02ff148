//! The hosts in Rust, against the fake ITSM and against servers that break off.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod durable;
mod failures;
mod host;
mod hostile;
mod kept;
mod killed;
mod network;
mod set_up;
mod smallest;
mod stories;
#[path = "../../demo/src/thief.rs"]
mod thief;
mod version;
