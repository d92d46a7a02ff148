//! What is wrong with a set-up.

use super::Client;
use super::confirm::{honours_tags, stores_tags};
use super::session::Session;
use crate::domain::action::{
    Action, CALLBACK_FAILED_TICKET, CREATE_TICKET, GET_SERVICE_ROLES, GET_TICKET_LOGS, GET_TICKETS,
    OPERATE_TICKET, TICKET_APPROVAL_RESULT, TOKEN_VERIFY,
};
use crate::domain::advice::{self, Language};
use crate::domain::callback;
use crate::domain::callback_target::CallbackTarget;
use crate::domain::failure::{Advice, Failure, Origin};
use crate::domain::http::NoAnswer;
use crate::domain::json::Json;
use crate::domain::message::redacted;
use crate::domain::operation_id;
use crate::domain::parameters::{Parameters, parameters};
use crate::domain::secret::Secret;
use crate::transport::Transport;

/// What trying one action showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The action.
    pub action: &'static str,
    /// What went wrong, if anything did.
    pub failure: Option<Failure>,
    /// What it means and what to do, in words.
    pub words: String,
}

/// Why an address can't receive callbacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackUrlError {
    /// It can't be reached from here.
    Unreachable(Failure),
    /// It redirects, with this status: ITSM would follow, and its POST becomes a GET.
    Redirect(u16),
    /// It answers with a status that ITSM takes for a failure.
    Status(u16),
    /// It answers with something else than a JSON object: a login page in front of it, most often.
    NotJson,
    /// Its answer has no `code` of 0.
    NoZeroCode,
    /// It answers as a receiver, but refuses: the header did not arrive, or its keys are others.
    Refused(String),
    /// Anything else, in words.
    Other(String),
}

impl<T: Transport> Client<T> {
    /// Tries the actions of the main job, one by one, so that each harms nothing.
    ///
    /// A number or tag that nobody has, and an empty body where ITSM makes or changes something: it
    /// refuses those before it acts (recorded). A refusal by ITSM itself is good news here: address,
    /// credentials and permission are right.
    pub fn diagnose(&mut self) -> Result<Vec<Finding>, Failure> {
        let mut session = self.session()?;
        let fresh = operation_id::from_bits(session.random());
        let probes: [(&'static Action, Parameters); 7] = [
            (&GET_TICKET_LOGS, parameters([("sn", fresh.as_str().into())])),
            (&CREATE_TICKET, Parameters::new()),
            (&OPERATE_TICKET, Parameters::new()),
            (&TICKET_APPROVAL_RESULT, parameters([("sn", vec![fresh.as_str()].into())])),
            (&CALLBACK_FAILED_TICKET, Parameters::new()),
            (&GET_SERVICE_ROLES, parameters([("service_id", 0.into())])),
            (&TOKEN_VERIFY, parameters([("token", fresh.as_str().into())])),
        ];
        let tags = match tags(&mut session) {
            Err(failure) if failure.origin == Origin::Argument => return Err(failure),
            tags => tags,
        };
        let mut findings = vec![finding(&GET_TICKETS, tags)];
        for (action, asked) in probes {
            // Nothing behind it can be reached.
            let unreachable = |finding: &Finding| {
                let failure = finding.failure.as_ref();
                failure.is_some_and(|failure| failure.origin == Origin::Transport)
            };
            if findings.last().is_some_and(unreachable) {
                break;
            }
            // None of these changes anything, whatever becomes of it.
            let harmless = Action { writes: false, ..*action };
            let tried = match session.send_once(&harmless, asked, |_| Ok(())) {
                // The parameters are ours: what is wrong is the connection.
                Err(failure) if failure.origin == Origin::Argument => return Err(failure),
                tried => tried,
            };
            findings.push(finding(action, tried.map(|_| "works")));
        }
        Ok(findings)
    }
}

/// Whether tickets are found by their tag.
fn tags<T: Transport>(session: &mut Session<T>) -> Result<&'static str, Failure> {
    let honours_tags = honours_tags(session)?;
    let stores_tags = stores_tags(session)?;
    Ok(if !session.answer(honours_tags)? {
        "works, but this server ignores tags: `confirm` and `recover` answer `untraceable`, so use `confirm-own` with numbers from your own record"
    } else if !session.answer(stores_tags)? {
        "works, but this server filters by tags and does not store them: `confirm` and `recover` answer `untraceable`, so use `confirm-own` with numbers from your own record"
    } else {
        "works, and tickets are found by their tag"
    })
}

fn finding(action: &'static Action, tried: Result<&str, Failure>) -> Finding {
    let (failure, words) = match tried {
        Ok(words) => (None, words.to_owned()),
        Err(failure) if failure.origin == Origin::Itsm => (None, "works".to_owned()),
        Err(failure) => {
            let words = words(action, &failure);
            (Some(failure), words)
        }
    };
    Finding { action: action.path, failure, words }
}

fn words(action: &Action, failure: &Failure) -> String {
    match failure.advice {
        Advice::SendVerifiedUser if *action == TICKET_APPROVAL_RESULT => {
            "wants a verified user: without one, `confirm` settles FINISHED tickets by their log alone"
                .to_owned()
        }
        // The server's text comes last. Where it is cut within a secret of the host's, that is seen at its end.
        _ => format!("{} {}", advice::advise(failure, Language::English), failure.message),
    }
}

/// As long as the documents say that ITSM waits for a receiver.
const SELF_CHECK_DEADLINE_MS: u64 = 10_000;

/// Posts to one's own callback address what ITSM would, with a number that is no ticket's.
pub fn check_callback_url(
    transport: &mut impl Transport,
    target: &CallbackTarget,
) -> Result<(), CallbackUrlError> {
    let request =
        target.request(callback::self_check_body()).map_err(CallbackUrlError::Unreachable)?;
    let deadline = transport.now() + SELF_CHECK_DEADLINE_MS;
    let secrets: Vec<&Secret> = target.secrets().collect();
    let sent = transport.start(&request, deadline);
    let response = sent.and_then(|sent| transport.answer(sent)).map_err(|cause| {
        let cause = match cause {
            NoAnswer::TooLarge => return CallbackUrlError::NotJson,
            other => other,
        };
        let failure = Failure::transport(&TOKEN_VERIFY, &request.authority, cause);
        CallbackUrlError::Unreachable(failure.redacted(&secrets))
    })?;
    match response.status {
        200 | 201 => {}
        status @ (307 | 308) => {
            return Err(CallbackUrlError::Other(format!(
                "it redirects with status {status}: ITSM follows and posts again, and whether that address answers as it should is not known from here. Give ITSM the address that it leads to, and check that one"
            )));
        }
        status @ 300..=399 => return Err(CallbackUrlError::Redirect(status)),
        status => return Err(CallbackUrlError::Status(status)),
    }
    let answer = Json::parse_object(&response.body, "the answer");
    let Ok(answer) = answer else {
        return Err(CallbackUrlError::NotJson);
    };
    let Some(code) = answer.find("code") else {
        return Err(CallbackUrlError::NoZeroCode);
    };
    match code.number() {
        Some(number) if is_zero(number) => Ok(()),
        Some(_) => {
            let message = answer.text_or_nothing("message").unwrap_or_default();
            Err(CallbackUrlError::Refused(redacted(&message, &secrets)))
        }
        // As Python compares: ITSM also takes false for 0.
        None if code.boolean() == Some(false) => Ok(()),
        None => Err(CallbackUrlError::NoZeroCode),
    }
}

/// Whether a number is 0, as JSON can write it: `0`, `-0.0`, `0e5`.
fn is_zero(number: &str) -> bool {
    let mut digits = number.split(['e', 'E']).next().unwrap_or_default().bytes();
    digits.all(|byte| matches!(byte, b'0' | b'.' | b'-'))
}
