//! What runs as a command: the host in C, the command line, the guests, the receiver.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod c_host;
mod command_line;
mod guests;
mod receiver;
mod set_up;
mod version;
