use super::read::{check_sn, parameters};
use super::session::Session;
use crate::core::action::{GET_TICKET_LOGS, GET_TICKETS, TICKET_APPROVAL_RESULT};
use crate::core::connection::Connection;
use crate::core::explanation::verdict_by_decisions;
use crate::core::failure::{Advice, Failure};
use crate::core::operation_id;
use crate::core::search::Page;
use crate::core::state::History;
use crate::core::ticket::{ApprovalResult, Confirmation, Evidence, Outcome, Ticket};
use crate::core::verdict::{Verdict, conclude};
use crate::transport::Transport;
use serde_json::json;

/// Asks ITSM itself what became of a ticket.
pub fn confirm(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
    operation_id: Option<&str>,
) -> Result<Confirmation, Failure> {
    check_sn("sn", sn)?;
    if operation_id.is_some_and(|id| !operation_id::is_valid(id)) {
        return Err(Failure::argument(
            "operation-id",
            "must be 1 to 32 lower-case letters and digits",
        ));
    }
    let mut session = Session::open(transport, connection, [])?;
    let mut rows = tickets(&mut session, sn, operation_id)?;
    if rows.len() > 1 {
        return Ok(Confirmation::Ambiguous(rows));
    }
    let Some(ticket) = rows.pop() else {
        let exists = operation_id.is_some() && !tickets(&mut session, sn, None)?.is_empty();
        return Ok(if exists {
            Confirmation::Foreign
        } else {
            Confirmation::Missing
        });
    };
    if operation_id.is_some() {
        // Servers from before 2022-08 answer a filter by tag as if it were not there. A tag that
        // nobody can have used tells.
        let fresh = operation_id::from_random(session.random());
        if !tickets(&mut session, sn, Some(&fresh))?.is_empty() {
            return Ok(Confirmation::TagsIgnored);
        }
    }
    if ticket.ended_at.is_none() {
        return Ok(Confirmation::Open(ticket));
    }
    if ticket.status == "FINISHED" {
        by_result(&mut session, ticket)
    } else {
        let verdict = conclude(&ticket.status, false, true);
        Ok(ended(ticket, verdict, Evidence::Status))
    }
}

/// The tickets of this number, and of this tag if one is given.
fn tickets<T: Transport>(
    session: &mut Session<T>,
    sn: &str,
    tag: Option<&str>,
) -> Result<Vec<Ticket>, Failure> {
    let mut filter = parameters("sns", json!([sn]));
    filter.insert("page".to_owned(), 1.into());
    filter.insert("page_size".to_owned(), 10.into());
    if let Some(tag) = tag {
        filter.insert("tag".to_owned(), tag.into());
    }
    session.read(&GET_TICKETS, filter, |data| {
        let rows = Page::<Ticket>::read(data)?.tickets;
        if rows.iter().any(|ticket| ticket.sn != sn) {
            return Err("tickets of other numbers than the one asked for".to_owned());
        }
        Ok(rows)
    })
}

/// The verdict on an ended ticket that is FINISHED: only the result tells approval from refusal.
///
/// Gateways let only proven users read it. An app without one reads the decisions in the log.
fn by_result<T: Transport>(
    session: &mut Session<T>,
    ticket: Ticket,
) -> Result<Confirmation, Failure> {
    let (verdict, evidence) = match result(session, &ticket) {
        Ok(result) => (
            result.map(|approved| conclude(&ticket.status, approved, true)),
            Evidence::ApprovalResult,
        ),
        Err(failure) if failure.advice == Advice::SendVerifiedUser => {
            let history = history(session, &ticket.sn)?;
            (verdict_by_decisions(&history), Evidence::Logs)
        }
        Err(failure) => return Err(failure),
    };
    Ok(match verdict {
        Some(verdict) => ended(ticket, verdict, evidence),
        None => Confirmation::Undecided(ticket),
    })
}

/// ITSM's result over all approvals of an ended ticket, once it can be read.
pub(super) fn result<T: Transport>(
    session: &mut Session<T>,
    ticket: &Ticket,
) -> Result<Option<bool>, Failure> {
    let results = session.read(
        &TICKET_APPROVAL_RESULT,
        parameters("sn", json!([ticket.sn])),
        ApprovalResult::read_all,
    )?;
    Ok(match results.as_slice() {
        [result] if result.sn == ticket.sn && result.status == ticket.status => {
            Some(result.approve_result)
        }
        _ => None,
    })
}

/// The structured part of a ticket's log.
pub(super) fn history<T: Transport>(
    session: &mut Session<T>,
    sn: &str,
) -> Result<History, Failure> {
    let mut asked = parameters("sn", sn.into());
    asked.insert("show_type".to_owned(), "complex".into());
    session.read(&GET_TICKET_LOGS, asked, History::read)
}

fn ended(ticket: Ticket, verdict: Verdict, evidence: Evidence) -> Confirmation {
    Confirmation::Ended(Outcome {
        ticket,
        verdict,
        evidence,
    })
}
