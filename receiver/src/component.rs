//! The way of a callback: binding, claim, ITSM's own word, sink, answer.

use crate::bindings::blueking::itsm::approval_sink::{self, Disposition};
use crate::bindings::blueking::itsm::callbacks::{
    self, BindingError, Bound, BoundCallback, Claims, Reception, Reply,
};
use crate::bindings::blueking::itsm::tickets;
use crate::bindings::blueking::itsm::types::{
    self as itsm, AppCredentials, Authorization, Confirmation, Connection, Outcome, User, Verdict,
};
use crate::refusals::Refusals;
use crate::settings::{Endpoint, Settings, path};
use wasi::cli::{environment, stderr};
use wasi::clocks::wall_clock;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{IncomingRequest, Method, ResponseOutparam};
use wasi_http::{Deadline, Error};

struct Receiver;

wasi::http::proxy::export!(Receiver);

/// More than the component reads: a longer body is none.
const MOST_BYTES: usize = 64 * 1024;
/// Whoever withdraws a ticket waits for this endpoint: a body comes soon or not at all.
const BODY_WITHIN_NS: u64 = 5_000_000_000;
const CONFIRM_WITHIN_MS: u32 = 2_000;
/// To the sender all that is not bound looks alike.
const NOT_OURS: &str = "not a callback of this receiver";
/// The reasons that are counted: another path, and those of a binding that does not hold.
const REASONS: usize = 7;

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
            _ => Reply { status: 405, ..callbacks::refused("callbacks are posted") },
        };
        wasi_http::reply(out, reply.status, &reply.headers, &reply.body);
    }
}

fn receive(settings: &Settings, request: &IncomingRequest) -> Reply {
    let target = request.path_with_query().unwrap_or_default();
    if path(&target) != settings.callback_path {
        log_counted(0, "a request came to another path than that of ITSM_CALLBACK_URL");
        return Reply { status: 404, ..callbacks::refused(NOT_OURS) };
    }
    let (keys, url) = (&settings.binding_keys, &settings.callback_url);
    let headers = headers(request);
    let now_s = wall_clock::now().seconds;
    // `receive` checks it too, but wants the body, and a stranger must keep no place while a body comes.
    let bound = match callbacks::check_binding(keys, &headers, url, now_s) {
        Ok(bound) => bound,
        Err(unbound) => {
            log_unbound(&unbound);
            return callbacks::refused(NOT_OURS);
        }
    };
    let operation_id = &bound.claims.operation_id;
    let body = wasi_http::request_body(request, MOST_BYTES, &Deadline::within_ns(BODY_WITHIN_NS));
    let (said, reply) = match body {
        Ok(body) => match callbacks::receive(keys, &headers, url, now_s, &body) {
            Reception::Genuine(genuine) => settled(settle(settings, &genuine)),
            Reception::SelfCheck(reply) => ("a self-check".to_owned(), reply),
            Reception::Refused(refusal) => (format!("refused: {}", refusal.why), refusal.reply),
        },
        Err(why) => settled(Err(no_body(&why).to_owned())),
    };
    log(&format!("operation {operation_id}: {said}"));
    reply
}

/// The headers as text. What is no text in one is replaced, which makes no binding whole.
fn headers(request: &IncomingRequest) -> Vec<(String, String)> {
    let entries = request.headers().entries().into_iter();
    entries.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect()
}

fn no_body(why: &Error) -> &'static str {
    match why {
        Error::Deadline => "the body came too slowly",
        Error::TooLarge => "the body is too large",
        Error::BrokenOff | Error::Host { .. } | Error::Unsendable(_) => "the body broke off",
    }
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
            Reply { status: 503, ..callbacks::refused(&why) }
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
        headers: tenant.map(|id| ("X-Bk-Tenant-Id".to_owned(), id.clone())).collect(),
        deadline_ms: Some(CONFIRM_WITHIN_MS),
    }
}

/// Says why a binding does not hold. None of it is told to the sender.
fn log_unbound(unbound: &BindingError) {
    let (reason, why) = match unbound {
        // Only who has the key makes one that can expire.
        BindingError::Expired(claims) => {
            let operation_id = &claims.operation_id;
            return log(&format!("operation {operation_id}: refused: its binding has expired"));
        }
        BindingError::Absent => (1, "has no header of a binding: does a proxy take it away?"),
        BindingError::Malformed => {
            (2, "has a binding's header twice, or one that is not of its form")
        }
        BindingError::UnknownKey => {
            (3, "has a header made with a key that is not in ITSM_BINDING_KEYS")
        }
        BindingError::Forged => (
            4,
            "has a header that was not made with this key for this ITSM_CALLBACK_URL: compare it with the address that ITSM was given",
        ),
        BindingError::InvalidKey(_) => (5, "can't be checked: a key in ITSM_BINDING_KEYS is none"),
        BindingError::Other(why) => (6, why.as_str()),
    };
    log_counted(reason, &format!("a request {why}"));
}

/// A line for what strangers can bring about too: one a minute for each reason, which says how often.
fn log_counted(reason: usize, line: &str) {
    static REFUSALS: [Refusals; REASONS] = [const { Refusals::new() }; REASONS];
    let Some(refusals) = REFUSALS.get(reason) else { return };
    match refusals.one_more(wall_clock::now().seconds) {
        Some(1) => log(&format!("refused: {line}")),
        Some(count) => log(&format!("refused {count} times: {line}")),
        None => {}
    }
}

/// A line for the operator. Only what is bound gets one each time, so strangers can't fill the log; nothing
/// in it is secret.
fn log(line: &str) {
    let line: String =
        line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect();
    let _ = stderr::get_stderr().blocking_write_and_flush(format!("{line}\n").as_bytes());
}
