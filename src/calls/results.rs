//! ITSM's results, tokens, and the list of failed callbacks.

use super::Client;
use super::session::{Question, Session};
use crate::domain::action::{CALLBACK_FAILED_TICKET, TICKET_APPROVAL_RESULT, TOKEN_VERIFY};
use crate::domain::argument::{check_sn, check_sns, refuse};
use crate::domain::failure::{Advice, Failure};
use crate::domain::json::Json;
use crate::domain::parameters::{Parameters, parameters};
use crate::domain::secret::Secret;
use crate::domain::ticket::{self, ApprovalResult};
use crate::domain::verdict::{ApproveResult, FINISHED};
use crate::transport::Transport;

impl<T: Transport> Client<T> {
    /// Reads results. ITSM takes their tickets off the failed list.
    pub fn approval_results(&mut self, sns: &[String]) -> Result<Vec<ApprovalResult>, Failure> {
        check_sns(sns)?;
        let mut session = self.session()?;
        session.answer(results_of(&session, sns)?)
    }

    /// Whether ITSM issued the token.
    pub fn verify_token(&mut self, token: &Secret) -> Result<bool, Failure> {
        if token.expose().trim().is_empty() {
            return refuse("token", "must not be blank");
        }
        let parameters = parameters([("token", token.expose().into())]);
        self.session_with([token])?.query(&TOKEN_VERIFY, parameters, ticket::decode_is_passed)
    }

    /// Which of `among` are on the failed list.
    pub fn failed_callbacks(&mut self, among: &[String]) -> Result<Vec<String>, Failure> {
        among.iter().try_for_each(|sn| check_sn("among", sn))?;
        if among.is_empty() {
            return Ok(Vec::new());
        }
        let decode = |data: Json| ticket::decode_failed_list(data, among);
        self.session()?.query(&CALLBACK_FAILED_TICKET, Parameters::new(), decode)
    }
}

/// Each of these finished tickets with ITSM's result over all of its approvals.
pub(super) fn results<T: Transport>(
    session: &mut Session<T>,
    finished: Vec<String>,
) -> Result<Vec<(String, ApproveResult)>, Failure> {
    if finished.is_empty() {
        return Ok(Vec::new());
    }
    let rows = unless_forbidden(session.answer(results_of(session, &finished)?))?;
    let with_result = |sn: String| {
        let result = result_among(rows.as_deref(), &sn);
        (sn, result)
    };
    Ok(finished.into_iter().map(with_result).collect())
}

/// Asks for ITSM's results.
pub(super) fn results_of<'q, T: Transport>(
    session: &Session<T>,
    sns: &'q [String],
) -> Result<Question<'q, Vec<ApprovalResult>>, Failure> {
    let decode = |data: Json| ApprovalResult::decode_all(data, sns);
    session.question(&TICKET_APPROVAL_RESULT, parameters([("sn", sns.into())]), decode)
}

/// The results, or nothing where this user may not read them.
pub(super) fn unless_forbidden(
    results: Result<Vec<ApprovalResult>, Failure>,
) -> Result<Option<Vec<ApprovalResult>>, Failure> {
    match results {
        Err(failure) if failure.advice == Advice::SendVerifiedUser => Ok(None),
        results => results.map(Some),
    }
}

/// The result of one ticket among those that were read, if it can be read yet.
pub(super) fn result_among(results: Option<&[ApprovalResult]>, sn: &str) -> ApproveResult {
    let Some(results) = results else {
        return ApproveResult::Forbidden;
    };
    let mut of_it = results.iter().filter(|row| row.status == FINISHED && row.sn == sn);
    match (of_it.next(), of_it.next()) {
        (Some(row), None) => ApproveResult::Known(row.approve_result),
        // Two rows of one number: which of them is ours, nobody knows.
        _ => ApproveResult::NotYet,
    }
}
