//! How a ticket stands or ended, for people.

use super::confirm::{approve_result, history};
use super::results::results;
use super::{Client, parameters};
use crate::domain::action::{GET_TICKET_INFO, GET_TICKET_STATUS};
use crate::domain::argument::check_sn;
use crate::domain::explanation::{self, Explanation};
use crate::domain::failure::Failure;
use crate::domain::json::Json;
use crate::domain::progress::{TicketInfo, TicketStatus};
use crate::domain::verdict::rests_on_approvals;
use crate::transport::Transport;

/// A ticket has no running node for a moment after it was made, and between two nodes.
const SECOND_LOOK_MS: u64 = 3_000;

impl<T: Transport> Client<T> {
    /// Says how a ticket stands or ended, who decided, and why.
    pub fn explain(&mut self, sn: &str) -> Result<Explanation, Failure> {
        check_sn("sn", sn)?;
        let mut session = self.session()?;
        let asked = || parameters("sn", sn);
        let decode = |data: Json| TicketInfo::decode(data, sn);
        let mut info = session.query(&GET_TICKET_INFO, asked(), decode)?;
        if info.ticket.ended_at.is_none() && info.running.is_empty() {
            session.pause(SECOND_LOOK_MS)?;
            info = session.query(&GET_TICKET_INFO, asked(), decode)?;
        }
        let TicketInfo { ticket, mut running, .. } = info;
        if ticket.ended_at.is_none() && !running.is_empty() {
            // Only this action tells what can be done at a node.
            running = session.query(&GET_TICKET_STATUS, asked(), TicketStatus::decode)?.running;
        }
        let history = history(&mut session, sn)?;
        let finished = rests_on_approvals(&ticket).then(|| ticket.sn.clone());
        let results = results(&mut session, finished.as_slice())?;
        let approve_result = approve_result(&results, &ticket.sn);
        Ok(explanation::explain(ticket, running, history, approve_result))
    }
}
