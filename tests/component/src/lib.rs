//! Drives the built components through their WIT in wasmtime, as a host would.
//!
//! [`Host`] calls `itsm.wasm`, each call in a fresh instance, and sees each request as it leaves.
//! [`Callbacks`] calls the interface `callbacks` of either component. [`call!`] calls any function.
//! [`Scripted`] is a server that answers bytes, for what no HTTP library would send; everything else is
//! asked of the fake ITSM.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod artifacts;
mod bindings;
mod callbacks;
mod host;
mod samples;
mod scripted;
mod watched;

pub use artifacts::under_version;
pub use bindings::callbacks_only::exports::blueking::itsm::callbacks as wit_callbacks;
pub use bindings::provider::exports::blueking::itsm::types as wit_types;
pub use bindings::provider::exports::blueking::itsm::{
    administration as wit_administration, diagnosis as wit_diagnosis, handling as wit_handling,
    operations as wit_operations, services as wit_services, tickets as wit_tickets,
    tracking as wit_tracking,
};
pub use callbacks::Callbacks;
pub use host::{Host, Sent, returned};
pub use samples::*;
pub use scripted::{Received, Scripted, Step, answer, answer_of_bytes, envelope};
pub use watched::{Memory, watched, watched_component};

/// Calls one function of an interface in a fresh instance of a caller's component. The test fails when that
/// traps or hangs, or when what comes back holds a secret.
#[macro_export]
macro_rules! call {
    ($caller:expr => $interface:ident . $function:ident ( $($argument:expr),* )) => {{
        let (mut store, instance) = $caller.instance().await;
        $crate::returned(instance.$interface().$function(&mut store, $($argument),*)).await
    }};
}
