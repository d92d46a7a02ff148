//! How a ticket stands or ended, for people.

use super::Client;
use super::confirm::{log_of, result_and_history};
use crate::domain::action::{GET_TICKET_INFO, GET_TICKET_STATUS};
use crate::domain::argument::check_sn;
use crate::domain::explanation::{self, Explanation};
use crate::domain::failure::Failure;
use crate::domain::json::Json;
use crate::domain::parameters::parameters;
use crate::domain::progress::{TicketInfo, TicketStatus};
use crate::domain::verdict::{ApproveResult, rests_on_approvals};
use crate::transport::Transport;

/// A ticket has no running node for a moment after it was made, and between two nodes.
const SECOND_LOOK_MS: u64 = 3_000;

impl<T: Transport> Client<T> {
    /// Says how a ticket stands or ended, who decided, and why.
    pub fn explain(&mut self, sn: &str) -> Result<Explanation, Failure> {
        check_sn("sn", sn)?;
        let mut session = self.session()?;
        let decode = |data: Json| TicketInfo::decode(data, sn);
        let mut info = session.query(&GET_TICKET_INFO, parameters([("sn", sn.into())]), decode)?;
        if info.ticket.ended_at.is_none() && info.running.is_empty() {
            session.pause(SECOND_LOOK_MS)?;
            info = session.query(&GET_TICKET_INFO, parameters([("sn", sn.into())]), decode)?;
        }
        // The log is read after the ticket: that of an ended ticket is whole then.
        let TicketInfo { ticket, mut running, .. } = info;
        let mut result = ApproveResult::NotYet;
        let history = if rests_on_approvals(&ticket) {
            let history;
            (result, history) = result_and_history(&mut session, &ticket.sn)?;
            history?
        } else if ticket.ended_at.is_none() && !running.is_empty() {
            // Only this action tells what can be done at a node.
            let parameters = parameters([("sn", sn.into())]);
            let mut status =
                session.question(&GET_TICKET_STATUS, parameters, TicketStatus::decode)?;
            let mut history = log_of(&session, sn)?;
            session.ask(&mut [&mut status, &mut history]);
            running = status.answer?.running;
            history.answer?
        } else {
            session.answer(log_of(&session, sn)?)?
        };
        Ok(explanation::explain(ticket, running, history, result))
    }
}
