//! What became of a ticket, asked of ITSM itself.

use super::results::{check_sn, check_sns, parameters, results};
use super::session::Session;
use crate::domain::action::{GET_TICKET_LOGS, GET_TICKETS};
use crate::domain::confirmation::{Confirmation, Evidence, Outcome, Recovery};
use crate::domain::connection::Connection;
use crate::domain::explanation::ApproveResult;
use crate::domain::failure::Failure;
use crate::domain::history::History;
use crate::domain::json::Json;
use crate::domain::new_ticket::NewTicket;
use crate::domain::operation_id;
use crate::domain::search::{Filter, Page};
use crate::domain::secret::Secret;
use crate::domain::ticket::{CreatedTicket, Ticket};
use crate::domain::verdict::{conclude, finished};
use crate::transport::Transport;
use std::collections::BTreeMap;

/// Asks about the ticket that somebody names, by the secret tag alone: who knows a number, or an
/// operation id, must not be able to put a ticket of his own in its place.
pub fn confirm(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
    tag: &Secret,
) -> Result<Confirmation, Failure> {
    check_sn("sn", sn)?;
    if !operation_id::is_valid(tag.expose()) {
        return Err(Failure::argument("tag", "must be 1 to 32 lower-case letters and digits"));
    }
    let mut session = Session::open(transport, connection, [tag])?;
    let mut rows = with_tag(&mut session, tag)?;
    // A genuine binding means that a ticket with its tag was made: this server does not store tags.
    if rows.is_empty() || !honours_tags(&mut session)? {
        return Ok(Confirmation::Untraceable);
    }
    if rows.len() > 1 {
        return Ok(Confirmation::Ambiguous(rows));
    }
    match rows.pop() {
        Some(ticket) if ticket.sn.eq_ignore_ascii_case(sn) => settle_one(&mut session, ticket),
        _ => Ok(Confirmation::Foreign),
    }
}

/// Asks about a ticket that the host's own record names.
pub fn confirm_own(
    transport: &mut impl Transport,
    connection: &Connection,
    sn: &str,
) -> Result<Confirmation, Failure> {
    check_sn("sn", sn)?;
    let mut session = Session::open(transport, connection, [])?;
    let rows = with_numbers(&mut session, &[sn.to_owned()])?;
    match <[Ticket; 1]>::try_from(rows) {
        Ok([ticket]) => settle_one(&mut session, ticket),
        Err(rows) if rows.is_empty() => Ok(Confirmation::Missing),
        Err(rows) => Ok(Confirmation::Ambiguous(rows)),
    }
}

/// Asks about many of one's own tickets at once, one answer for each number, in their order.
pub fn reconcile(
    transport: &mut impl Transport,
    connection: &Connection,
    sns: &[String],
) -> Result<Vec<(String, Confirmation)>, Failure> {
    check_sns(sns)?;
    let mut session = Session::open(transport, connection, [])?;
    let rows = with_numbers(&mut session, sns)?;
    let of = |sn: &str| -> Vec<Ticket> {
        let mut rows = rows.clone();
        rows.retain(|row| row.sn.eq_ignore_ascii_case(sn));
        rows
    };
    let unique: Vec<Vec<Ticket>> =
        sns.iter().map(|sn| of(sn)).filter(|rows| rows.len() == 1).collect();
    let results = readable_results(&mut session, &unique.concat())?;
    let mut answers = Vec::with_capacity(sns.len());
    for sn in sns {
        let answer = match <[Ticket; 1]>::try_from(of(sn)) {
            Ok([ticket]) => settle(&mut session, ticket, &results)?,
            Err(rows) if rows.is_empty() => Confirmation::Missing,
            Err(rows) => Confirmation::Ambiguous(rows),
        };
        answers.push((sn.clone(), answer));
    }
    Ok(answers)
}

/// Looks a ticket up by its tag, after an answer to `create` was lost.
pub fn recover(
    transport: &mut impl Transport,
    connection: &Connection,
    ticket: &NewTicket,
) -> Result<Recovery, Failure> {
    // Also refuses the ticket that `create` would have refused: it can't be there.
    ticket.parameters()?;
    let mut session = Session::open(transport, connection, ticket.secrets())?;
    if !honours_tags(&mut session)? {
        return Ok(Recovery::Untraceable);
    }
    let rows = with_tag(&mut session, &ticket.tag)?;
    let is_ours = |row: &Ticket| row.creator == ticket.creator;
    match rows.as_slice() {
        [] if stores_tags(&mut session)? => Ok(Recovery::Absent),
        [] => Ok(Recovery::Untraceable),
        [row] if is_ours(row) => Ok(Recovery::Found(CreatedTicket {
            sn: row.sn.clone(),
            id: row.id.clone(),
            ticket_url: row.ticket_url.clone(),
        })),
        _ if rows.iter().all(is_ours) => Ok(Recovery::Ambiguous(rows)),
        _ => Ok(Recovery::Mismatched(rows)),
    }
}

/// Whether the server filters by tags: one that does not answers as if the filter were not there, and
/// a tag that nobody can have used tells.
pub(super) fn honours_tags<T: Transport>(session: &mut Session<T>) -> Result<bool, Failure> {
    let fresh = Secret::new(operation_id::from_bits(session.random()));
    finds_nothing(session, &tagged(&fresh))
}

/// Whether the server filters by projects, found out in the same way.
pub(super) fn honours_project_keys<T: Transport>(
    session: &mut Session<T>,
) -> Result<bool, Failure> {
    let fresh = operation_id::from_bits(session.random());
    let of_project = Filter { project_key: Some(fresh), ..Filter::default() };
    finds_nothing(session, &of_project)
}

/// Whether the server stores the tags that it filters by. It was not always so, and no answer holds a
/// ticket's tag; but the filter by project came with the storing, in each public release.
pub(super) fn stores_tags<T: Transport>(session: &mut Session<T>) -> Result<bool, Failure> {
    honours_project_keys(session)
}

fn finds_nothing<T: Transport>(session: &mut Session<T>, filter: &Filter) -> Result<bool, Failure> {
    let page = session.query(&GET_TICKETS, filter.parameters(1, 1)?, Page::<Ticket>::read)?;
    Ok(page.tickets.is_empty())
}

fn tagged(tag: &Secret) -> Filter {
    Filter { tag: Some(tag.clone()), ..Filter::default() }
}

fn with_tag<T: Transport>(session: &mut Session<T>, tag: &Secret) -> Result<Vec<Ticket>, Failure> {
    // The first page is enough: one tag has one ticket, and a server that ignores tags would give all of its.
    let parameters = tagged(tag).parameters(1, ROWS)?;
    session.query(&GET_TICKETS, parameters, |data| Ok(Page::<Ticket>::read(data)?.tickets))
}

/// The tickets of these numbers. A server that ignored the filter would make every other ticket look
/// missing.
fn with_numbers<T: Transport>(
    session: &mut Session<T>,
    sns: &[String],
) -> Result<Vec<Ticket>, Failure> {
    let filter = Filter { sns: sns.to_vec(), ..Filter::default() };
    let read = |data: Json, number: u32| {
        let page = Page::<Ticket>::read(data)?;
        let asked = |row: &Ticket| sns.iter().any(|sn| sn.eq_ignore_ascii_case(&row.sn));
        match page.page {
            _ if !page.tickets.iter().all(asked) => {
                Err("other numbers than those asked for".to_owned())
            }
            same if same == number => Ok(page),
            _ => Err("another page than asked for".to_owned()),
        }
    };
    let mut tickets: Vec<Ticket> = Vec::new();
    for number in 1..=MOST_PAGES {
        let parameters = filter.parameters(number, ROWS)?;
        let page = session.query(&GET_TICKETS, parameters, |data| read(data, number))?;
        // A ticket made meanwhile moves the others on, and one of them is then on two pages.
        for row in page.tickets {
            if !tickets.iter().any(|known| known.id == row.id && known.sn == row.sn) {
                tickets.push(row);
            }
        }
        if number >= page.pages {
            return Ok(tickets);
        }
    }
    Err(Failure::answer(
        &GET_TICKETS,
        format!("more than {} tickets have these numbers", MOST_PAGES * ROWS),
    ))
}

const ROWS: u32 = 100;
const MOST_PAGES: u32 = 10;

fn settle_one<T: Transport>(
    session: &mut Session<T>,
    ticket: Ticket,
) -> Result<Confirmation, Failure> {
    let results = readable_results(session, std::slice::from_ref(&ticket))?;
    settle(session, ticket, &results)
}

/// ITSM's results over all approvals of those tickets that ended as FINISHED, by number, or nothing
/// where this user may not read them.
fn readable_results<T: Transport>(
    session: &mut Session<T>,
    tickets: &[Ticket],
) -> Result<Option<BTreeMap<String, bool>>, Failure> {
    let finished: Vec<_> = tickets
        .iter()
        .filter(|ticket| ticket.ended_at.is_some() && ticket.status == "FINISHED")
        .map(|ticket| ticket.sn.clone())
        .collect();
    results(session, &finished)
}

/// What is known of a ticket that is ours. The status settles every ending but FINISHED: there the
/// result and the history have to say the same.
fn settle<T: Transport>(
    session: &mut Session<T>,
    ticket: Ticket,
    results: &Option<BTreeMap<String, bool>>,
) -> Result<Confirmation, Failure> {
    let Some(ended_at) = &ticket.ended_at else {
        return Ok(Confirmation::Open(ticket));
    };
    if ticket.status != "FINISHED" {
        return Ok(Confirmation::Ended(Outcome {
            verdict: conclude(&ticket.status, false, true),
            ticket,
            evidence: Evidence::Status,
            decisions: Vec::new(),
        }));
    }
    let (flag, evidence) = match approve_result(results, &ticket.sn) {
        ApproveResult::NotYet => return Ok(Confirmation::Undecided(ticket)),
        ApproveResult::Known(flag) => (Some(flag), Evidence::ApprovalResult),
        ApproveResult::Forbidden => (None, Evidence::Decisions),
    };
    let history = history(session, &ticket.sn)?;
    Ok(match finished(ended_at, flag, &history) {
        Ok(verdict) => {
            Confirmation::Ended(Outcome { ticket, verdict, evidence, decisions: history.decisions })
        }
        Err(why) => Confirmation::Undecidable(ticket, why.to_owned()),
    })
}

/// The result of one ticket among those that were read.
pub(super) fn approve_result(results: &Option<BTreeMap<String, bool>>, sn: &str) -> ApproveResult {
    match results {
        None => ApproveResult::Forbidden,
        Some(results) => {
            results.get(sn).map_or(ApproveResult::NotYet, |flag| ApproveResult::Known(*flag))
        }
    }
}

/// The structured part of a ticket's log.
pub(super) fn history<T: Transport>(
    session: &mut Session<T>,
    sn: &str,
) -> Result<History, Failure> {
    let mut asked = parameters("sn", sn.into());
    asked.insert("show_type".to_owned(), "complex".into());
    session.query(&GET_TICKET_LOGS, asked, |data| History::read(data, sn))
}
