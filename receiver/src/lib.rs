//! `itsm-receiver.wasm`: an endpoint for ITSM's callbacks, for runtimes that serve components.
//!
//! It imports `blueking:itsm` and a sink, and is composed with both. For each callback: the binding,
//! offline; then what ITSM itself says, within two seconds; then the sink; then `accepted`. Whatever
//! stops on the way is answered `refused`, so that ITSM keeps the ticket on its failed list. It keeps
//! nothing itself: the sink counts by the operation id.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod refusals;
pub mod settings;

// The imports do not link natively.
#[cfg(target_arch = "wasm32")]
mod bindings {
    #![allow(unsafe_code, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({ path: "../wit", world: "receiver" });
}
#[cfg(target_arch = "wasm32")]
mod component;
