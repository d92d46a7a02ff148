//! ITSM's results, tokens, and the list of failed callbacks.

use super::session::{Question, Session};
use super::{Client, parameters};
use crate::domain::action::{CALLBACK_FAILED_TICKET, TICKET_APPROVAL_RESULT, TOKEN_VERIFY};
use crate::domain::argument::{check_sn, check_sns, refuse};
use crate::domain::failure::{Advice, Failure};
use crate::domain::json::Json;
use crate::domain::secret::Secret;
use crate::domain::ticket::{self, ApprovalResult};
use crate::domain::verdict::FINISHED;
use crate::transport::Transport;
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};

impl<T: Transport> Client<T> {
    /// Reads results. ITSM takes their tickets off the failed list.
    pub fn approval_results(&mut self, sns: &[String]) -> Result<Vec<ApprovalResult>, Failure> {
        check_sns(sns)?;
        self.session()?.query(&results_of(sns))
    }

    /// Whether ITSM issued the token.
    pub fn verify_token(&mut self, token: &Secret) -> Result<bool, Failure> {
        if token.expose().trim().is_empty() {
            return refuse("token", "must not be blank");
        }
        let parameters = parameters("token", token.expose());
        self.session_with([token])?.query(&Question::new(
            &TOKEN_VERIFY,
            parameters,
            ticket::decode_is_passed,
        ))
    }

    /// Which of `among` are on the failed list.
    pub fn failed_callbacks(&mut self, among: &[String]) -> Result<Vec<String>, Failure> {
        among.iter().try_for_each(|sn| check_sn("among", sn))?;
        if among.is_empty() {
            return Ok(Vec::new());
        }
        let decode = |data: Json| ticket::decode_failed_list(data, among);
        self.session()?.query(&Question::new(&CALLBACK_FAILED_TICKET, Map::new(), decode))
    }
}

/// ITSM's results over all approvals of finished tickets.
pub(super) fn results<T: Transport>(
    session: &mut Session<T>,
    finished: &[String],
) -> Result<Option<BTreeMap<String, bool>>, Failure> {
    if finished.is_empty() {
        return Ok(Some(BTreeMap::new()));
    }
    by_number(session.query(&results_of(finished)))
}

/// Asks for ITSM's results.
pub(super) fn results_of(sns: &[String]) -> Question<'_, Vec<ApprovalResult>> {
    let decode = |data: Json| ApprovalResult::decode_all(data, sns);
    Question::new(&TICKET_APPROVAL_RESULT, parameters("sn", json!(sns)), decode)
}

/// The results of those finished tickets whose result can be read yet, by number; or nothing where this
/// user may not read results.
pub(super) fn by_number(
    rows: Result<Vec<ApprovalResult>, Failure>,
) -> Result<Option<BTreeMap<String, bool>>, Failure> {
    let rows = match rows {
        Err(failure) if failure.advice == Advice::SendVerifiedUser => return Ok(None),
        rows => rows?,
    };
    let finished = || rows.iter().filter(|row| row.status == FINISHED);
    let mut once = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for row in finished() {
        if !once.insert(row.sn.as_str()) {
            twice.insert(row.sn.as_str());
        }
    }
    let mut results = BTreeMap::new();
    // Two rows of one number: which of them is ours, nobody knows.
    for row in finished().filter(|row| !twice.contains(row.sn.as_str())) {
        results.insert(row.sn.clone(), row.approve_result);
    }
    Ok(Some(results))
}
