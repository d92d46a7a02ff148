//! How a ticket stands.

use super::Client;
use crate::domain::action::{
    Action, GET_APPROVE_NODE_RESULT, GET_APPROVER, GET_TICKET_INFO, GET_TICKET_LOGS,
    GET_TICKET_STATUS,
};
use crate::domain::argument::check_sn;
use crate::domain::failure::Failure;
use crate::domain::json::{Json, Mismatch};
use crate::domain::parameters::parameters;
use crate::domain::progress::{self, LogEntry, NodeResult, TicketInfo, TicketStatus};
use crate::transport::Transport;

impl<T: Transport> Client<T> {
    /// A ticket's status and running nodes.
    pub fn status(&mut self, sn: &str) -> Result<TicketStatus, Failure> {
        self.ask_ticket(&GET_TICKET_STATUS, sn, None, TicketStatus::decode)
    }

    /// A ticket with its form and running nodes.
    pub fn info(&mut self, sn: &str) -> Result<TicketInfo, Failure> {
        self.ask_ticket(&GET_TICKET_INFO, sn, None, |data| TicketInfo::decode(data, sn))
    }

    /// A ticket's log.
    pub fn log(&mut self, sn: &str) -> Result<Vec<LogEntry>, Failure> {
        self.ask_ticket(&GET_TICKET_LOGS, sn, None, |data| LogEntry::decode_all(data, sn))
    }

    /// What was decided at a finished approval.
    pub fn node_result(&mut self, sn: &str, node_id: u64) -> Result<NodeResult, Failure> {
        self.ask_ticket(&GET_APPROVE_NODE_RESULT, sn, Some(node_id), NodeResult::decode)
    }

    /// Who decided at an approval so far.
    pub fn approvers(&mut self, sn: &str, node_id: u64) -> Result<Vec<String>, Failure> {
        self.ask_ticket(&GET_APPROVER, sn, Some(node_id), progress::decode_approvers)
    }

    fn ask_ticket<R>(
        &mut self,
        action: &Action,
        sn: &str,
        node_id: Option<u64>,
        decode: impl Fn(Json) -> Result<R, Mismatch>,
    ) -> Result<R, Failure> {
        check_sn("sn", sn)?;
        let mut parameters = parameters([("sn", sn.into())]);
        if let Some(node_id) = node_id {
            parameters.insert("state_id".to_owned(), node_id.into());
        }
        self.session()?.query(action, parameters, decode)
    }
}
