//! Drives the built components through their WIT in wasmtime, as a host would.
//!
//! [`Host`] calls `itsm.wasm`, each call in a fresh instance, and sees each request as it leaves.
//! [`Callbacks`] calls the interface `callbacks` of either component. [`Scripted`] is a server that
//! answers bytes, for what no HTTP library would send; everything else is asked of the fake ITSM.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod artifacts;
mod bindings;
mod callbacks;
mod host;
mod samples;
mod scripted;
mod watched;

pub use bindings::callbacks_only::exports::blueking::itsm::callbacks as wit_callbacks;
pub use bindings::provider::exports::blueking::itsm::types as wit_types;
pub use bindings::provider::exports::blueking::itsm::{
    diagnosis as wit_diagnosis, operations as wit_operations, services as wit_services,
    tickets as wit_tickets,
};
pub use callbacks::Callbacks;
pub use host::{Host, Sent};
pub use samples::*;
pub use scripted::{Received, Scripted, Step, answer, envelope};
pub use watched::{Memory, Watched};
