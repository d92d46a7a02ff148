//! BlueKing ITSM for any host: one WebAssembly component, and the pure domain it is made of.
//!
//! Data goes one way: WIT → `component` → [`calls`] → [`domain`] (builds the request) → [`transport`],
//! and back the same way. [`domain`] does no I/O and knows neither clock nor chance; `component` turns
//! values of the WIT package in `wit/` into the domain's and back, and decides nothing.
//!
//! Hosts use the built component through its WIT, not this crate.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]
#![warn(clippy::cast_possible_truncation)]

pub mod calls;
pub mod domain;
pub mod transport;

// The names of exports such as `blueking:itsm/callbacks@0.1.0#parse` do not link natively.
#[cfg(target_arch = "wasm32")]
mod component;
