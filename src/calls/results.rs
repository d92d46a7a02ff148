use super::session::Session;
use crate::domain::action::{CALLBACK_FAILED_TICKET, TICKET_APPROVAL_RESULT, TOKEN_VERIFY};
use crate::domain::connection::Connection;
use crate::domain::failure::{Advice, Failure};
use crate::domain::secret::Secret;
use crate::domain::ticket::{self, ApprovalResult};
use crate::transport::Transport;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many results are asked for at once: each number asked is taken off the failed list.
const MAX_SNS: usize = 50;

/// Reads results. They are taken off the failed list by it.
pub fn approval_results(
    transport: &mut impl Transport,
    connection: &Connection,
    sns: &[String],
) -> Result<Vec<ApprovalResult>, Failure> {
    check_sns(sns)?;
    ask(&mut Session::open(transport, connection, [])?, sns)
}

/// ITSM's results over all approvals of finished tickets, of those whose result can be read yet; or
/// nothing where this user may not read results.
pub(super) fn results<T: Transport>(
    session: &mut Session<T>,
    finished: &[String],
) -> Result<Option<BTreeMap<String, bool>>, Failure> {
    if finished.is_empty() {
        return Ok(Some(BTreeMap::new()));
    }
    let rows = match ask(session, finished) {
        Err(failure) if failure.advice == Advice::SendVerifiedUser => return Ok(None),
        rows => rows?,
    };
    let mut results = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for row in rows {
        if row.status == "FINISHED" && results.insert(row.sn.clone(), row.approve_result).is_some()
        {
            twice.insert(row.sn);
        }
    }
    // Two rows of one number: which of them is ours, nobody knows.
    results.retain(|sn, _| !twice.contains(sn));
    Ok(Some(results))
}

fn ask<T: Transport>(
    session: &mut Session<T>,
    sns: &[String],
) -> Result<Vec<ApprovalResult>, Failure> {
    let parameters = parameters("sn", json!(sns));
    session.query(&TICKET_APPROVAL_RESULT, parameters, |data| ApprovalResult::read_all(data, sns))
}

/// Whether ITSM issued the token.
pub fn verify_token(
    transport: &mut impl Transport,
    connection: &Connection,
    token: &Secret,
) -> Result<bool, Failure> {
    if token.expose().trim().is_empty() {
        return Err(Failure::argument("token", "must not be blank"));
    }
    Session::open(transport, connection, [token])?.query(
        &TOKEN_VERIFY,
        parameters("token", token.expose().into()),
        ticket::read_is_passed,
    )
}

/// Which of `among` are on the failed list.
pub fn failed_callbacks(
    transport: &mut impl Transport,
    connection: &Connection,
    among: &[String],
) -> Result<Vec<String>, Failure> {
    among.iter().try_for_each(|sn| check_sn("among", sn))?;
    if among.is_empty() {
        return Ok(Vec::new());
    }
    Session::open(transport, connection, [])?
        .query(&CALLBACK_FAILED_TICKET, Map::new(), |data| ticket::read_failed_list(data, among))
}

/// Refuses lists that ITSM answers with an error or misunderstands: an empty one and a bare text (recorded).
pub(super) fn check_sns(sns: &[String]) -> Result<(), Failure> {
    if !(1..=MAX_SNS).contains(&sns.len()) {
        return Err(Failure::argument("sns", "must hold 1 to 50 ticket numbers"));
    }
    sns.iter().try_for_each(|sn| check_sn("sns", sn))
}

/// Refuses what is no ticket's number. Numbers are opaque, but never blank and never long.
pub(super) fn check_sn(name: &str, sn: &str) -> Result<(), Failure> {
    let bytes = 1..=64;
    if sn.trim() != sn || !bytes.contains(&sn.len()) || sn.contains(char::is_control) {
        return Err(Failure::argument(
            name,
            "must be a ticket number: 1 to 64 bytes, without blanks around it",
        ));
    }
    Ok(())
}

/// One parameter.
pub(super) fn parameters(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}
