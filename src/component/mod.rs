//! The WIT shell: values of the WIT package to the domain's and back. It decides nothing.

#[cfg(feature = "network")]
mod administration;
mod callbacks;
#[cfg(feature = "network")]
mod convert;
#[cfg(feature = "network")]
mod diagnosis;
mod generated;
#[cfg(feature = "network")]
mod handling;
mod memory;
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

#[cfg(feature = "network")]
use crate::calls::Client;
#[cfg(feature = "network")]
use network::Network;

/// What carries the exports.
struct Component;

/// A call of this instance to the server of `connection`.
#[cfg(feature = "network")]
fn client(connection: generated::exports::blueking::itsm::types::Connection) -> Client<Network> {
    Client { transport: Network, connection: connection.into() }
}
