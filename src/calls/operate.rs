use super::results::check_sn;
use super::session::Session;
use crate::core::action::Action;
use crate::core::connection::Connection;
use crate::core::failure::Failure;
use crate::transport::Transport;
use serde_json::{Map, Value};

/// Does something with a ticket: `parameters` are what `core::operation` makes of the arguments.
/// Sent once. ITSM answers with nothing that matters.
pub fn operate(
    transport: &mut impl Transport,
    connection: &Connection,
    action: &Action,
    sn: &str,
    parameters: Result<Map<String, Value>, Failure>,
) -> Result<(), Failure> {
    check_sn("sn", sn)?;
    let parameters = parameters?;
    Session::open(transport, connection, [])?.send_once(action, parameters, |_| Ok(()))
}
