//! The built components through their WIT in wasmtime, against the fake ITSM and against servers that break off.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod actions;
mod answers;
mod arguments;
mod bounds;
mod callbacks;
mod create;
mod deadlines;
mod failures;
mod memory;
mod proofs;
mod public_cases;
mod recovery;
mod searches;
mod secrets;
mod set_up;
mod stories;
mod theft;
mod unsent;
mod versions;
mod waits;
mod words;
