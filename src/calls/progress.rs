use super::results::{check_sn, parameters};
use super::session::Session;
use crate::domain::action::{
    Action, GET_APPROVE_NODE_RESULT, GET_APPROVER, GET_TICKET_INFO, GET_TICKET_LOGS,
    GET_TICKET_STATUS,
};
use crate::domain::connection::Connection;
use crate::domain::failure::Failure;
use crate::domain::json::Json;
use crate::domain::progress::{self, LogEntry, NodeResult, TicketInfo, TicketStatus};
use crate::transport::Transport;

/// A ticket's status and running nodes.
pub fn status(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
) -> Result<TicketStatus, Failure> {
    ask(transport, connection, &GET_TICKET_STATUS, sn, None, TicketStatus::read)
}

/// A ticket with its form and running nodes.
pub fn info(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
) -> Result<TicketInfo, Failure> {
    ask(transport, connection, &GET_TICKET_INFO, sn, None, |data| TicketInfo::read(data, sn))
}

/// A ticket's log.
pub fn log(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
) -> Result<Vec<LogEntry>, Failure> {
    ask(transport, connection, &GET_TICKET_LOGS, sn, None, |data| LogEntry::read_all(data, sn))
}

/// What was decided at a finished approval.
pub fn node_result(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
    node_id: u64,
) -> Result<NodeResult, Failure> {
    ask(transport, connection, &GET_APPROVE_NODE_RESULT, sn, Some(node_id), NodeResult::read)
}

/// Who decided at an approval so far.
pub fn approvers(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
    node_id: u64,
) -> Result<Vec<String>, Failure> {
    ask(transport, connection, &GET_APPROVER, sn, Some(node_id), progress::read_approvers)
}

fn ask<R>(
    transport: &mut impl Transport,
    connection: &Connection,
    action: &Action,
    sn: &str,
    node_id: Option<u64>,
    read: impl FnOnce(Json) -> Result<R, String>,
) -> Result<R, Failure> {
    check_sn("sn", sn)?;
    let mut asked = parameters("sn", sn.into());
    if let Some(node_id) = node_id {
        asked.insert("state_id".to_owned(), node_id.into());
    }
    Session::open(transport, connection, [])?.query(action, asked, read)
}
