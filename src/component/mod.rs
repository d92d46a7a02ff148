//! The WIT shell: values of the WIT package to the core's and back. It decides nothing.

#[cfg(feature = "network")]
mod administration;
mod bindings;
mod callbacks;
#[cfg(feature = "network")]
mod convert;
#[cfg(feature = "network")]
mod diagnosis;
#[cfg(feature = "network")]
mod handling;
#[cfg(feature = "network")]
mod network;
#[cfg(feature = "network")]
mod operations;
#[cfg(feature = "network")]
mod services;
#[cfg(feature = "network")]
mod tickets;
mod tracking;
mod types;

/// What carries the exports.
struct Component;
