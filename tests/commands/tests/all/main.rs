//! What runs as a command: the host in C, the command line, the guests, the receiver.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod c_host;
mod command_line;
mod guests;
mod receiver;
mod set_up;
mod version;
