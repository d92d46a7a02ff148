//! What became of a ticket, asked of ITSM itself.

use super::Client;
use super::results::{result_among, results, results_of, unless_forbidden};
use super::session::{Question, Session};
use crate::domain::action::{GET_TICKET_LOGS, GET_TICKETS};
use crate::domain::argument::{check_sn, check_sns, check_tag};
use crate::domain::confirmation::{Confirmation, Outcome, Recovery};
use crate::domain::failure::Failure;
use crate::domain::history::History;
use crate::domain::json::Json;
use crate::domain::new_ticket::NewTicket;
use crate::domain::operation_id;
use crate::domain::parameters::parameters;
use crate::domain::search::{ANOTHER_PAGE, Filter, OTHER_NUMBERS, Page};
use crate::domain::secret::Secret;
use crate::domain::ticket::{CreatedTicket, Ticket, is_same_sn};
use crate::domain::verdict::{self, ApproveResult, Ruling, rests_on_approvals};
use crate::transport::Transport;

impl<T: Transport> Client<T> {
    /// Asks about the ticket that somebody names, by the secret tag alone: who knows a number, or an
    /// operation id, must not be able to put a ticket of his own in its place.
    pub fn confirm(&mut self, sn: &str, tag: &Secret) -> Result<Confirmation, Failure> {
        check_sn("sn", sn)?;
        check_tag("tag", tag)?;
        let mut session = self.session_with([tag])?;
        let Some(rows) = with_tag(&mut session, tag)? else {
            return Ok(Confirmation::Untraceable);
        };
        // A genuine binding means that a ticket with its tag was made: this server does not store tags.
        if rows.is_empty() {
            return Ok(Confirmation::Untraceable);
        }
        match <[Ticket; 1]>::try_from(rows) {
            Ok([ticket]) if is_same_sn(&ticket.sn, sn) => settle_one(&mut session, ticket),
            Ok(_) => Ok(Confirmation::Foreign),
            Err(rows) => Ok(Confirmation::Ambiguous(rows)),
        }
    }

    /// Asks about a ticket that the host's own record names.
    pub fn confirm_own(&mut self, sn: &str) -> Result<Confirmation, Failure> {
        check_sn("sn", sn)?;
        let mut session = self.session()?;
        match <[Ticket; 1]>::try_from(with_numbers(&mut session, &[sn.to_owned()])?) {
            Ok([ticket]) => settle_one(&mut session, ticket),
            Err(rows) => Ok(missing_or_ambiguous(rows)),
        }
    }

    /// Asks about many of one's own tickets at once, one answer for each number, in their order.
    pub fn reconcile(&mut self, sns: &[String]) -> Result<Vec<(String, Confirmation)>, Failure> {
        check_sns(sns)?;
        let mut session = self.session()?;
        let rows = with_numbers(&mut session, sns)?;
        let of = |sn: &String| -> Vec<Ticket> {
            rows.iter().filter(|row| is_same_sn(&row.sn, sn)).cloned().collect()
        };
        let mut finished = Vec::new();
        for sn in sns.iter().map(of).filter_map(the_finished_one) {
            if !finished.contains(&sn) {
                finished.push(sn);
            }
        }
        let mut ended = results(&mut session, finished)?;
        // The log is of no account before there is a result.
        ended.retain(|(_, result)| *result != ApproveResult::NotYet);
        let logs = ended.iter().map(|(sn, _)| log_of(&session, sn));
        let logs = logs.collect::<Result<Vec<_>, _>>()?;
        let histories = session.ask_each(logs)?;
        let answer = |sn: &String| match <[Ticket; 1]>::try_from(of(sn)) {
            Ok([ticket]) => {
                let mut known = ended.iter().zip(&histories);
                match known.find(|((sn, _), _)| *sn == ticket.sn) {
                    Some(((_, result), history)) => settle(ticket, *result, history.clone()),
                    None => settle(ticket, ApproveResult::NotYet, History::default()),
                }
            }
            Err(rows) => missing_or_ambiguous(rows),
        };
        Ok(sns.iter().map(|sn| (sn.clone(), answer(sn))).collect())
    }

    /// Looks a ticket up by its tag, after an answer to `create` was lost.
    pub fn recover(&mut self, ticket: &NewTicket) -> Result<Recovery, Failure> {
        // Also refuses the ticket that `create` would have refused: it can't be there.
        ticket.parameters()?;
        let mut session = self.session_with(ticket.secrets())?;
        let Some(rows) = with_tag(&mut session, &ticket.tag)? else {
            return Ok(Recovery::Untraceable);
        };
        let is_ours = |row: &Ticket| row.creator == ticket.creator;
        match rows.as_slice() {
            [] => {
                let stores_tags = stores_tags(&mut session)?;
                let stores_tags = session.answer(stores_tags)?;
                Ok(if stores_tags { Recovery::Absent } else { Recovery::Untraceable })
            }
            [row] if is_ours(row) => Ok(Recovery::Found(CreatedTicket {
                sn: row.sn.clone(),
                id: row.id.clone(),
                ticket_url: row.ticket_url.clone(),
            })),
            _ if rows.iter().all(is_ours) => Ok(Recovery::Ambiguous(rows)),
            _ => Ok(Recovery::Mismatched(rows)),
        }
    }
}

/// What several tickets of a number, or none, come to.
fn missing_or_ambiguous(rows: Vec<Ticket>) -> Confirmation {
    if rows.is_empty() { Confirmation::Missing } else { Confirmation::Ambiguous(rows) }
}

/// The number of a ticket whose ruling rests on its approvals, where no other ticket has the number.
fn the_finished_one(rows: Vec<Ticket>) -> Option<String> {
    let [ticket] = <[Ticket; 1]>::try_from(rows).ok()?;
    rests_on_approvals(&ticket).then_some(ticket.sn)
}

/// Asks whether the server filters by tags: one that does not answers as if the filter were not there, and
/// a tag that nobody can have used tells.
pub(super) fn honours_tags<'q, T: Transport>(
    session: &mut Session<T>,
) -> Result<Question<'q, bool>, Failure> {
    let fresh = Secret::new(operation_id::from_bits(session.random()));
    finds_nothing(session, &tagged(&fresh))
}

/// Asks whether the server filters by projects, in the same way. One that does stores the tags that it
/// filters by: it was not always so, and no answer holds a ticket's tag, but the filter by project came with
/// the storing in each public release.
pub(super) fn stores_tags<'q, T: Transport>(
    session: &mut Session<T>,
) -> Result<Question<'q, bool>, Failure> {
    let fresh = operation_id::from_bits(session.random());
    finds_nothing(session, &Filter { project_key: Some(fresh), ..Filter::default() })
}

fn finds_nothing<'q, T: Transport>(
    session: &Session<T>,
    filter: &Filter,
) -> Result<Question<'q, bool>, Failure> {
    let decode = |data: Json| Ok(Page::<Ticket>::decode(data)?.tickets.is_empty());
    session.question(&GET_TICKETS, filter.parameters(1, 1)?, decode)
}

fn tagged(tag: &Secret) -> Filter {
    Filter { tag: Some(tag.clone()), ..Filter::default() }
}

/// The tickets with a tag, or nothing where the server ignores tags.
fn with_tag<T: Transport>(
    session: &mut Session<T>,
    tag: &Secret,
) -> Result<Option<Vec<Ticket>>, Failure> {
    let decode = |data: Json| Ok(Page::<Ticket>::decode(data)?.tickets);
    // The first page is enough: one tag has one ticket, and a server that ignores tags would give all of its.
    let parameters = tagged(tag).parameters(1, ROWS)?;
    let mut rows = session.question(&GET_TICKETS, parameters, decode)?;
    let mut is_honoured = honours_tags(session)?;
    session.ask(&mut [&mut rows, &mut is_honoured]);
    let rows = rows.answer?;
    Ok(is_honoured.answer?.then_some(rows))
}

/// The tickets of these numbers. A server that ignored the filter would make every other ticket look
/// missing.
fn with_numbers<T: Transport>(
    session: &mut Session<T>,
    sns: &[String],
) -> Result<Vec<Ticket>, Failure> {
    let filter = Filter { sns: sns.to_vec(), ..Filter::default() };
    let decode = |data: Json, number: u32| {
        let page = Page::<Ticket>::decode(data)?;
        let asked = |row: &Ticket| sns.iter().any(|sn| is_same_sn(sn, &row.sn));
        match page.page {
            _ if !page.tickets.iter().all(asked) => Err(OTHER_NUMBERS),
            same if same == number => Ok(page),
            _ => Err(ANOTHER_PAGE),
        }
    };
    let mut tickets: Vec<Ticket> = Vec::new();
    for number in 1..=MOST_PAGES {
        let parameters = filter.parameters(number, ROWS)?;
        let page = session.query(&GET_TICKETS, parameters, |data| decode(data, number))?;
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
    if !rests_on_approvals(&ticket) {
        return Ok(settle(ticket, ApproveResult::NotYet, History::default()));
    }
    let (result, history) = result_and_history(session, &ticket.sn)?;
    // The log is of no account before there is a result.
    let history = if result == ApproveResult::NotYet { History::default() } else { history? };
    Ok(settle(ticket, result, history))
}

/// What is known of a ticket that is ours.
fn settle(ticket: Ticket, approve_result: ApproveResult, history: History) -> Confirmation {
    match verdict::rule(&ticket, approve_result, &history) {
        Ruling::Open => Confirmation::Open(ticket),
        Ruling::NotYet => Confirmation::Undecided(ticket),
        Ruling::Undecidable(why) => Confirmation::Undecidable(ticket, why.to_owned()),
        Ruling::Ended(verdict, evidence) => {
            Confirmation::Ended(Outcome { ticket, verdict, evidence, decisions: history.decisions })
        }
    }
}

/// ITSM's result over all approvals of a finished ticket, and the structured part of its log.
pub(super) fn result_and_history<T: Transport>(
    session: &mut Session<T>,
    sn: &str,
) -> Result<(ApproveResult, Result<History, Failure>), Failure> {
    let sns = [sn.to_owned()];
    let mut results = results_of(session, &sns)?;
    let mut history = log_of(session, sn)?;
    session.ask(&mut [&mut results, &mut history]);
    let results = unless_forbidden(results.answer)?;
    Ok((result_among(results.as_deref(), sn), history.answer))
}

/// Asks for the structured part of a ticket's log.
pub(super) fn log_of<'q, T: Transport>(
    session: &Session<T>,
    sn: &'q str,
) -> Result<Question<'q, History>, Failure> {
    let asked = parameters([("sn", sn.into()), ("show_type", "complex".into())]);
    session.question(&GET_TICKET_LOGS, asked, move |data| History::decode(data, sn))
}
