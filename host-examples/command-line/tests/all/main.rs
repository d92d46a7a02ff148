//! The program, run as people and pipelines run it, against the fake ITSM.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod callbacks;
mod gate;
mod killed;
mod scenario;
mod set_up;
mod site;
mod tickets;
