//! What is done with a ticket that exists. Each is sent once, and ITSM answers with nothing that matters.

use super::Client;
use crate::domain::action::{
    ADD_FOLLOWER, APPROVE, Action, COMMENT, EDIT_FIELD, GET_TICKET_INFO, GET_TICKET_STATUS,
    OPERATE_NODE, OPERATE_TICKET,
};
use crate::domain::argument::refuse;
use crate::domain::failure::Failure;
use crate::domain::handling::{self, Assignees, TicketOperation};
use crate::domain::json::Json;
use crate::domain::new_ticket::Field;
use crate::domain::parameters::{Parameters, parameters};
use crate::domain::progress::{TicketInfo, TicketStatus};
use crate::transport::Transport;

impl<T: Transport> Client<T> {
    /// Withdraws, terminates, suspends or resumes a ticket.
    pub fn operate_ticket(
        &mut self,
        sn: &str,
        operation: TicketOperation,
        operator: &str,
        message: &str,
    ) -> Result<(), Failure> {
        let parameters = handling::operate_ticket(sn, operation, operator, message)?;
        self.operate(&OPERATE_TICKET, parameters)
    }

    /// Rates a ticket.
    pub fn rate(
        &mut self,
        sn: &str,
        operator: &str,
        stars: u8,
        comments: &str,
    ) -> Result<(), Failure> {
        self.operate(&COMMENT, handling::rate(sn, operator, stars, comments)?)
    }

    /// Makes users follow a ticket, or no longer follow it.
    pub fn follow(&mut self, sn: &str, users: &[String], follow: bool) -> Result<(), Failure> {
        self.operate(&ADD_FOLLOWER, handling::follow(sn, users, follow)?)
    }

    /// Submits a node's form.
    pub fn transition(
        &mut self,
        sn: &str,
        node_id: u64,
        operator: &str,
        fields: &[Field],
    ) -> Result<(), Failure> {
        self.operate(&OPERATE_NODE, handling::transition(sn, node_id, operator, fields)?)
    }

    /// Claims a node.
    pub fn claim(&mut self, sn: &str, node_id: u64, operator: &str) -> Result<(), Failure> {
        self.operate(&OPERATE_NODE, handling::claim(sn, node_id, operator)?)
    }

    /// Distributes a node to others.
    pub fn distribute(
        &mut self,
        sn: &str,
        node_id: u64,
        operator: &str,
        to: &Assignees,
    ) -> Result<(), Failure> {
        self.operate(&OPERATE_NODE, handling::distribute(sn, node_id, operator, to)?)
    }

    /// Hands a node over to others.
    pub fn hand_over(
        &mut self,
        sn: &str,
        node_id: u64,
        operator: &str,
        to: &Assignees,
        message: &str,
    ) -> Result<(), Failure> {
        self.operate(&OPERATE_NODE, handling::hand_over(sn, node_id, operator, to, message)?)
    }

    /// Decides an approval. No ESB publishes an action for it; there the node's own form does it.
    pub fn approve(
        &mut self,
        sn: &str,
        node_id: u64,
        approver: &str,
        approved: bool,
        remark: &str,
    ) -> Result<(), Failure> {
        let decided = handling::approve(sn, node_id, approver, approved, remark)?;
        if self.connection.publishes(&APPROVE) {
            return self.operate(&APPROVE, decided);
        }
        let mut session = self.session()?;
        let status = session.query(
            &GET_TICKET_STATUS,
            parameters([("sn", sn.into())]),
            TicketStatus::decode,
        )?;
        let Some(node) = status.running.iter().find(|node| node.node_id == node_id) else {
            return refuse("node-id", "is no node that runs now");
        };
        let decided = handling::approve_by_form(sn, node, approver, approved, remark)?;
        session.send_once(&OPERATE_NODE, decided, |_| Ok(()))
    }

    /// Changes fields of a ticket's form, after it has read what types they have.
    pub fn edit_fields(
        &mut self,
        sn: &str,
        operator: &str,
        fields: &[Field],
    ) -> Result<(), Failure> {
        let mut changed = handling::edit_fields(sn, operator, fields)?;
        let mut session = self.session()?;
        let decode = |data: Json| TicketInfo::decode(data, sn);
        let info = session.query(&GET_TICKET_INFO, parameters([("sn", sn.into())]), decode)?;
        handling::add_types(&mut changed, &info.fields)?;
        session.send_once(&EDIT_FIELD, changed, |_| Ok(()))
    }

    fn operate(&mut self, action: &Action, parameters: Parameters) -> Result<(), Failure> {
        self.session()?.send_once(action, parameters, |_| Ok(()))
    }
}
