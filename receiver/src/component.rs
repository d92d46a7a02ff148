//! The way of a callback: binding, claim, ITSM's own word, sink, answer.

use crate::bindings::blueking::itsm::approval_sink::{self, Disposition};
use crate::bindings::blueking::itsm::callbacks::{
    self, Bound, BoundCallback, Claims, Reception, Reply,
};
use crate::bindings::blueking::itsm::tickets;
use crate::bindings::blueking::itsm::types::{
    self as itsm, AppCredentials, Authorization, Confirmation, Connection, Outcome, User, Verdict,
};
use crate::http;
use crate::settings::{Endpoint, Settings};
use wasi::cli::{environment, stderr};
use wasi::clocks::wall_clock;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, Method, ResponseOutparam};

struct Receiver;

wasi::http::proxy::export!(Receiver);

/// More than the component reads: a longer body is none.
const MOST_BYTES: usize = 64 * 1024;
/// Whoever withdraws a ticket waits for this endpoint: a body comes soon or not at all.
const BODY_WITHIN_NS: u64 = 5_000_000_000;
const CONFIRM_WITHIN_MS: u32 = 2_000;
/// To the sender all that is not bound looks alike.
const NOT_OURS: &str = "not a callback of this receiver";

impl Guest for Receiver {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let settings = Settings::read(environment::get_environment());
        let reply = match (request.method(), settings) {
            (Method::Get, settings) => ready(settings.and_then(|settings| check(&settings))),
            (Method::Post, Ok(settings)) => receive(&settings, &request),
            (Method::Post, Err(why)) => {
                log(&format!("refused: {why}"));
                callbacks::refused("the receiver is not set up")
            }
            _ => Reply {
                status: 405,
                ..callbacks::refused("callbacks are posted")
            },
        };
        http::answer(out, &reply);
    }
}

fn receive(settings: &Settings, request: &IncomingRequest) -> Reply {
    let (keys, url) = (&settings.binding_keys, &settings.callback_url);
    let headers = http::headers(request);
    let now_s = wall_clock::now().seconds;
    // `receive` checks it too, but wants the body, and a stranger must keep no place while a body comes.
    let Ok(bound) = callbacks::check_binding(keys, &headers, url, now_s) else {
        return callbacks::refused(NOT_OURS);
    };
    let operation_id = &bound.claims.operation_id;
    let (said, reply) = match http::body(request, MOST_BYTES, BODY_WITHIN_NS) {
        Ok(body) => match callbacks::receive(keys, &headers, url, now_s, &body) {
            Reception::Genuine(genuine) => settled(settle(settings, &genuine)),
            Reception::SelfCheck(reply) => ("a self-check".to_owned(), reply),
            Reception::Refused(refusal) => (format!("refused: {}", refusal.why), refusal.reply),
        },
        Err(why) => settled(Err(why.to_owned())),
    };
    log(&format!("operation {operation_id}: {said}"));
    reply
}

/// What to log and to answer: ITSM gets to know why it has to keep the ticket on its failed list.
fn settled(done: Result<String, String>) -> (String, Reply) {
    match done {
        Ok(done) => (done, callbacks::accepted()),
        Err(why) => (format!("refused: {why}"), callbacks::refused(&why)),
    }
}

/// What was done, or why nothing was.
fn settle(settings: &Settings, genuine: &BoundCallback) -> Result<String, String> {
    let BoundCallback { bound, callback } = genuine;
    let Bound { claims, tag } = bound;
    let asked = tickets::confirm(&connection(settings), &callback.sn, tag);
    let asked = asked.map_err(|failure| format!("ITSM could not be asked: {}", failure.message))?;
    let outcome = ended(asked)?;
    let (sn, verdict) = (&outcome.ticket.sn, verdict_word(outcome.verdict));
    match approval_sink::deliver(&claims.operation_id, &outcome) {
        Disposition::Taken => Ok(format!("{sn} {verdict}, handed over")),
        Disposition::Retry(why) => Err(format!("not taken: {why}")),
        Disposition::Never(why) => Err(format!("never taken: {why}")),
    }
}

/// The outcome, or a sentence for ITSM's administrators and the operator's log.
fn ended(confirmation: Confirmation) -> Result<Outcome, String> {
    let why = match confirmation {
        Confirmation::Ended(outcome) => return Ok(outcome),
        Confirmation::Open(_) => "the ticket has not ended",
        Confirmation::Undecided(_) => "the ticket has ended, and ITSM does not give its result yet",
        Confirmation::Undecidable(undecidable) => {
            return Err(format!("a person must look: {}", undecidable.why));
        }
        Confirmation::Foreign => "the number is not that of this operation's ticket",
        Confirmation::Missing => "no ticket has this number",
        Confirmation::Ambiguous(tickets) => {
            let sns: Vec<_> = tickets.into_iter().map(|ticket| ticket.sn).collect();
            return Err(format!(
                "a person must look at {}: the number or the tag is on each of them",
                sns.join(", ")
            ));
        }
        // Without a store, only the tag tells whose ticket it is.
        Confirmation::Untraceable => {
            "this server finds no ticket by its tag, and this receiver can't do without"
        }
        Confirmation::Other(why) => return Err(why),
    };
    Err(why.to_owned())
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "open",
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
        Verdict::Completed => "completed",
        Verdict::Withdrawn => "withdrawn",
        Verdict::Terminated => "terminated",
        Verdict::Closed => "closed",
    }
}

/// Whether this is set up to receive. Offline: anybody may ask, and nobody makes it call out.
fn check(settings: &Settings) -> Result<(), String> {
    for (place, key) in (1..).zip(&settings.binding_keys) {
        let claims = Claims {
            operation_id: "check".to_owned(),
            callback_url: settings.callback_url.clone(),
            expires_s: 0,
        };
        callbacks::bind(key, &claims)
            .map_err(|why| format!("ITSM_BINDING_KEYS, key {place}: {why}"))?;
    }
    approval_sink::ready()
}

fn ready(checked: Result<(), String>) -> Reply {
    match checked {
        Ok(()) => callbacks::accepted(),
        Err(why) => {
            log(&format!("not ready: {why}"));
            Reply {
                status: 503,
                ..callbacks::refused(&why)
            }
        }
    }
}

fn connection(settings: &Settings) -> Connection {
    let endpoint = match &settings.endpoint {
        Endpoint::Gateway(url) => itsm::Endpoint::Gateway(url.clone()),
        Endpoint::Esb(url) => itsm::Endpoint::Esb(url.clone()),
        Endpoint::EsbLegacy(url) => itsm::Endpoint::EsbLegacy(url.clone()),
    };
    let authorization = match &settings.app {
        None => Authorization::AddedByHost,
        Some(app) => Authorization::App(AppCredentials {
            app_code: app.code.clone(),
            app_secret: app.secret.clone(),
            user: app.access_token.clone().map(User::AccessToken),
        }),
    };
    let tenant = settings.tenant_id.iter();
    Connection {
        endpoint,
        authorization,
        headers: tenant
            .map(|id| ("X-Bk-Tenant-Id".to_owned(), id.clone()))
            .collect(),
        deadline_ms: Some(CONFIRM_WITHIN_MS),
    }
}

/// A line for the operator. Only what is bound gets one, so strangers can't fill the log; nothing in it
/// is secret.
fn log(line: &str) {
    let line: String = line
        .chars()
        .filter(|c| !c.is_control())
        .take(1000)
        .collect();
    let _ = stderr::get_stderr().blocking_write_and_flush(format!("{line}\n").as_bytes());
}
