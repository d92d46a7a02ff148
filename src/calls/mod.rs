//! What the component does for a host: each method of [`Client`] is a function of the WIT, and sends the
//! requests that the function takes, over any transport.

mod administer;
mod confirm;
mod create;
mod diagnose;
mod explain;
mod operate;
mod progress;
mod results;
mod search;
mod services;
mod session;

pub use create::new_id;
pub use diagnose::{Finding, Unfit, check_callback_url};

use crate::domain::connection::Connection;
use crate::domain::failure::Failure;
use crate::domain::secret::Secret;
use crate::transport::Transport;
use serde_json::{Map, Value};
use session::Session;

/// One server, and the way to it.
pub struct Client<T> {
    /// The way.
    pub transport: T,
    /// The server, and as whom it is called.
    pub connection: Connection,
}

impl<T: Transport> Client<T> {
    /// Begins a call: its deadline runs from now.
    fn session(&mut self) -> Result<Session<'_, T>, Failure> {
        self.session_with([])
    }

    /// The same for a call whose arguments hold secrets.
    fn session_with<'a>(
        &'a mut self,
        secrets: impl IntoIterator<Item = &'a Secret>,
    ) -> Result<Session<'a, T>, Failure> {
        Session::open(&mut self.transport, &self.connection, secrets)
    }
}

/// The parameters of an action that has one.
fn parameters(name: &str, value: impl Into<Value>) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value.into())])
}
