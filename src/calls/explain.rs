use super::confirm::{history, results};
use super::read::{check_sn, parameters};
use super::session::Session;
use crate::core::action::{GET_TICKET_INFO, GET_TICKET_STATUS};
use crate::core::connection::Connection;
use crate::core::explanation::{self, Explanation};
use crate::core::failure::{Advice, Failure};
use crate::core::state::{TicketInfo, TicketStatus};
use crate::transport::Transport;

/// A ticket has no step for a moment after it was made, and between two steps.
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
    let mut info = session.read(&GET_TICKET_INFO, asked(), TicketInfo::read)?;
    if info.ticket.ended_at.is_none() && info.steps.is_empty() {
        session.pause(SECOND_LOOK_MS);
        info = session.read(&GET_TICKET_INFO, asked(), TicketInfo::read)?;
    }
    let mut steps = info.steps;
    if info.ticket.ended_at.is_none() && !steps.is_empty() {
        // Only this action tells what can be done at a step.
        steps = session
            .read(&GET_TICKET_STATUS, asked(), TicketStatus::read)?
            .steps;
    }
    let history = history(&mut session, sn)?;
    let finished = info.ticket.ended_at.is_some() && info.ticket.status == "FINISHED";
    let asked: Vec<_> = finished.then_some(&info.ticket).into_iter().collect();
    let approve_result = match results(&mut session, &asked) {
        Ok(results) => results.get(sn).copied(),
        // Without a proven user the decisions have to tell.
        Err(failure) if failure.advice == Advice::SendVerifiedUser => None,
        Err(failure) => return Err(failure),
    };
    Ok(explanation::explain(
        info.ticket,
        steps,
        history,
        approve_result,
    ))
}
