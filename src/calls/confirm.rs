use super::read::{check_sn, parameters};
use super::session::Session;
use crate::core::action::{GET_TICKET_LOGS, GET_TICKETS, TICKET_APPROVAL_RESULT};
use crate::core::connection::Connection;
use crate::core::explanation::verdict_by_decisions;
use crate::core::failure::{Advice, Failure};
use crate::core::new_ticket::NewTicket;
use crate::core::operation_id;
use crate::core::search::{Filter, Page};
use crate::core::state::History;
use crate::core::ticket::{
    ApprovalResult, Confirmation, CreatedTicket, Evidence, Outcome, Recovery, Ticket,
};
use crate::core::verdict::conclude;
use crate::transport::Transport;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

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
    let mut settled = settle(&mut session, vec![ticket])?;
    Ok(settled.pop().unwrap_or(Confirmation::Missing))
}

/// How many tickets are asked about at once: results take each number off the failed list.
const MAX_SNS: usize = 50;

/// Asks about many of one's own tickets at once, one answer for each number, in their order.
pub fn reconcile(
    transport: &mut impl Transport,
    connection: &Connection,
    sns: &[String],
) -> Result<Vec<(String, Confirmation)>, Failure> {
    if !(1..=MAX_SNS).contains(&sns.len()) {
        return Err(Failure::argument("sns", "must hold 1 to 50 ticket numbers"));
    }
    sns.iter().try_for_each(|sn| check_sn("sns", sn))?;
    let mut session = Session::open(transport, connection, [])?;
    let rows = find(
        &mut session,
        &Filter {
            sns: sns.to_vec(),
            ..Filter::default()
        },
    )?;
    let mut by_sn: BTreeMap<&str, Vec<Ticket>> = BTreeMap::new();
    for sn in sns {
        by_sn.entry(sn).or_default();
    }
    for row in rows {
        if let Some(of_sn) = by_sn.get_mut(row.sn.as_str()) {
            of_sn.push(row);
        }
    }
    let (unique, others): (Vec<_>, Vec<_>) = by_sn
        .into_iter()
        .partition(|(_, tickets)| tickets.len() == 1);
    let unique = unique
        .into_iter()
        .flat_map(|(_, tickets)| tickets)
        .collect();
    let mut answers: BTreeMap<String, Confirmation> = others
        .into_iter()
        .map(|(sn, tickets)| {
            let answer = if tickets.is_empty() {
                Confirmation::Missing
            } else {
                Confirmation::Ambiguous(tickets)
            };
            (sn.to_owned(), answer)
        })
        .collect();
    for answer in settle(&mut session, unique)? {
        if let Some(ticket) = answer.ticket() {
            answers.insert(ticket.sn.clone(), answer);
        }
    }
    Ok(sns
        .iter()
        .filter_map(|sn| Some((sn.clone(), answers.get(sn)?.clone())))
        .collect())
}

/// Looks an operation up by its tag.
///
/// A filter by tag tells something only where a tag that nobody can have used matches nothing, and a
/// match only if it looks as this ticket would.
pub fn recover(
    transport: &mut impl Transport,
    connection: &Connection,
    ticket: &NewTicket,
) -> Result<Recovery, Failure> {
    // Also refuses the ticket that `create` would have refused: it can't be there.
    ticket.parameters()?;
    let mut session = Session::open(transport, connection, ticket.secrets())?;
    let fresh = operation_id::from_random(session.random());
    let mut with_tag = |tag: &str| {
        find(
            &mut session,
            &Filter {
                tag: Some(tag.to_owned()),
                ..Filter::default()
            },
        )
    };
    if !with_tag(&fresh)?.is_empty() {
        return Ok(Recovery::TagsIgnored);
    }
    let rows = with_tag(&ticket.operation_id)?;
    let (mut ours, others): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.creator == ticket.creator && row.title == ticket.title);
    Ok(match (ours.len(), others.is_empty()) {
        (_, false) => Recovery::Another(others),
        (0, true) => Recovery::Absent,
        (1, true) => ours.pop().map_or(Recovery::Absent, |ticket| {
            Recovery::Found(CreatedTicket {
                sn: ticket.sn,
                id: ticket.id,
                ticket_url: ticket.ticket_url,
            })
        }),
        (_, true) => Recovery::Several(ours),
    })
}

/// The first hundred tickets that pass a filter.
fn find<T: Transport>(session: &mut Session<T>, filter: &Filter) -> Result<Vec<Ticket>, Failure> {
    let parameters = filter.parameters(1, 100)?;
    session.read(&GET_TICKETS, parameters, |data| {
        let tickets = Page::<Ticket>::read(data)?.tickets;
        // A server that ignored the filter would make every other ticket look missing.
        if !filter.sns.is_empty() && tickets.iter().any(|row| !filter.sns.contains(&row.sn)) {
            return Err("other numbers than those asked for".to_owned());
        }
        Ok(tickets)
    })
}

/// The tickets of this number, and of this tag if one is given.
fn tickets<T: Transport>(
    session: &mut Session<T>,
    sn: &str,
    tag: Option<&str>,
) -> Result<Vec<Ticket>, Failure> {
    find(
        session,
        &Filter {
            sns: vec![sn.to_owned()],
            tag: tag.map(str::to_owned),
            ..Filter::default()
        },
    )
}

/// What is known of tickets that are ours, in their order.
///
/// The status settles every ending but FINISHED: there only the result tells approval from refusal.
/// Gateways let only proven users read it; an app without one reads the decisions in the log.
fn settle<T: Transport>(
    session: &mut Session<T>,
    tickets: Vec<Ticket>,
) -> Result<Vec<Confirmation>, Failure> {
    let finished: Vec<_> = tickets
        .iter()
        .filter(|ticket| ticket.ended_at.is_some() && ticket.status == "FINISHED")
        .collect();
    let results = match results(session, &finished) {
        Ok(results) => Some(results),
        Err(failure) if failure.advice == Advice::SendVerifiedUser => None,
        Err(failure) => return Err(failure),
    };
    let mut settled = Vec::new();
    for ticket in tickets {
        let (verdict, evidence) = match (&ticket.ended_at, ticket.status.as_str(), &results) {
            (None, ..) => {
                settled.push(Confirmation::Open(ticket));
                continue;
            }
            (Some(_), "FINISHED", Some(results)) => {
                let approved = results.get(&ticket.sn);
                (
                    approved.map(|approved| conclude(&ticket.status, *approved, true)),
                    Evidence::ApprovalResult,
                )
            }
            (Some(_), "FINISHED", None) => {
                let history = history(session, &ticket.sn)?;
                (verdict_by_decisions(&history), Evidence::Logs)
            }
            (Some(_), status, _) => (Some(conclude(status, false, true)), Evidence::Status),
        };
        settled.push(match verdict {
            Some(verdict) => Confirmation::Ended(Outcome {
                ticket,
                verdict,
                evidence,
            }),
            None => Confirmation::Undecided(ticket),
        });
    }
    Ok(settled)
}

/// ITSM's results over all approvals of finished tickets, of those whose result can be read yet.
pub(super) fn results<T: Transport>(
    session: &mut Session<T>,
    finished: &[&Ticket],
) -> Result<BTreeMap<String, bool>, Failure> {
    if finished.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sns: Vec<_> = finished.iter().map(|ticket| ticket.sn.as_str()).collect();
    let rows = session.read(
        &TICKET_APPROVAL_RESULT,
        parameters("sn", json!(sns)),
        ApprovalResult::read_all,
    )?;
    let mut results = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for row in rows {
        let finished = row.status == "FINISHED" && sns.contains(&row.sn.as_str());
        if finished && results.insert(row.sn.clone(), row.approve_result).is_some() {
            twice.insert(row.sn);
        }
    }
    // Two rows of one number: which of them is ours, nobody knows.
    results.retain(|sn, _| !twice.contains(sn));
    Ok(results)
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
