use super::results::{check_sn, parameters};
use super::session::Session;
use crate::domain::action::{
    APPROVE, Action, EDIT_FIELD, GET_TICKET_INFO, GET_TICKET_STATUS, OPERATE_NODE,
};
use crate::domain::connection::Connection;
use crate::domain::failure::Failure;
use crate::domain::new_ticket::Field;
use crate::domain::operation;
use crate::domain::progress::{TicketInfo, TicketStatus};
use crate::transport::Transport;
use serde_json::{Map, Value};

/// Does something with a ticket: `parameters` are what `domain::operation` makes of the arguments.
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

/// Decides an approval. No ESB publishes an action for it; there the node's own form does it.
pub fn approve(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
    node_id: u64,
    approver: &str,
    approved: bool,
    remark: &str,
) -> Result<(), Failure> {
    check_sn("sn", sn)?;
    let decided = operation::approve(sn, node_id, approver, approved, remark)?;
    let mut session = Session::open(transport, connection, [])?;
    if connection.publishes(&APPROVE) {
        return session.send_once(&APPROVE, decided, |_| Ok(()));
    }
    let running =
        session.query(&GET_TICKET_STATUS, parameters("sn", sn.into()), TicketStatus::read)?.running;
    let Some(node) = running.iter().find(|node| node.node_id == node_id) else {
        return Err(Failure::argument("node-id", "is no node that runs now"));
    };
    let decided = operation::approve_by_form(sn, node, approver, approved, remark)?;
    session.send_once(&OPERATE_NODE, decided, |_| Ok(()))
}

/// Changes fields of a ticket's form, after it has read what types they have.
pub fn edit_fields(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
    operator: &str,
    fields: &[Field],
) -> Result<(), Failure> {
    check_sn("sn", sn)?;
    let mut changed = operation::edit_fields(sn, operator, fields)?;
    let mut session = Session::open(transport, connection, [])?;
    let form = session
        .query(&GET_TICKET_INFO, parameters("sn", sn.into()), |data| TicketInfo::read(data, sn))?
        .fields;
    operation::add_types(&mut changed, &form)?;
    session.send_once(&EDIT_FIELD, changed, |_| Ok(()))
}
