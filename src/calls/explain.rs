//! How a ticket stands or ended, for people.

use super::confirm::{approve_result, history};
use super::results::{check_sn, parameters, results};
use super::session::Session;
use crate::domain::action::{GET_TICKET_INFO, GET_TICKET_STATUS};
use crate::domain::connection::Connection;
use crate::domain::explanation::{self, Explanation};
use crate::domain::failure::Failure;
use crate::domain::progress::{TicketInfo, TicketStatus};
use crate::transport::Transport;

/// A ticket has no running node for a moment after it was made, and between two nodes.
const SECOND_LOOK_MS: u64 = 3_000;

/// Says how a ticket stands or ended, who decided, and why.
pub fn explain(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
) -> Result<Explanation, Failure> {
    check_sn("sn", sn)?;
    let mut session = Session::open(transport, connection, [])?;
    let asked = || parameters("sn", sn.into());
    let mut info = session.query(&GET_TICKET_INFO, asked(), |data| TicketInfo::read(data, sn))?;
    if info.ticket.ended_at.is_none() && info.running.is_empty() {
        session.pause(SECOND_LOOK_MS);
        info = session.query(&GET_TICKET_INFO, asked(), |data| TicketInfo::read(data, sn))?;
    }
    let TicketInfo { ticket, mut running, .. } = info;
    if ticket.ended_at.is_none() && !running.is_empty() {
        // Only this action tells what can be done at a node.
        running = session.query(&GET_TICKET_STATUS, asked(), TicketStatus::read)?.running;
    }
    let history = history(&mut session, sn)?;
    let finished = ticket.ended_at.is_some() && ticket.status == "FINISHED";
    let finished = Vec::from_iter(finished.then(|| ticket.sn.clone()));
    let approve_result = approve_result(&results(&mut session, &finished)?, &ticket.sn);
    Ok(explanation::explain(ticket, running, history, approve_result))
}
