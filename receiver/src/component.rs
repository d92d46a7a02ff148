//! The way of a callback: binding, claim, ITSM's own word, sink, answer.

use crate::bindings::blueking::itsm::approval_sink::{self, Disposition};
use crate::bindings::blueking::itsm::callbacks::{self, Claims, Reply};
use crate::bindings::blueking::itsm::tickets;
use crate::bindings::blueking::itsm::types::{
    self as itsm, AppCredentials, Authorization, Confirmation, Connection, User,
};
use crate::http::{self, NoBody};
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
    let bound = callbacks::check_binding(
        &settings.binding_keys,
        &http::headers(request),
        &settings.callback_url,
        wall_clock::now().seconds,
    );
    let Ok(claims) = bound else {
        return callbacks::refused(NOT_OURS);
    };
    let Claims { operation_id, .. } = &claims;
    match settle(settings, request, operation_id) {
        Ok(done) => {
            log(&format!("operation {operation_id}: {done}"));
            callbacks::accepted()
        }
        Err(why) => {
            log(&format!("operation {operation_id}: refused: {why}"));
            callbacks::refused(&why)
        }
    }
}

/// What was done, or why ITSM has to keep the ticket on its failed list.
fn settle(
    settings: &Settings,
    request: &IncomingRequest,
    operation_id: &str,
) -> Result<String, String> {
    let body = http::body(request, MOST_BYTES, BODY_WITHIN_NS).map_err(|why| match why {
        NoBody::TooLarge => "the body is too large",
        NoBody::TooSlow => "the body came too slowly",
        NoBody::Gone => "the body broke off",
    })?;
    // The reason may repeat a piece of the body, and nothing is echoed.
    let callback = callbacks::parse(&body).map_err(|_| "the body is no callback")?;
    if callbacks::is_self_check(&callback) {
        return Ok("a self-check".to_owned());
    }
    let asked = tickets::confirm(&connection(settings), &callback.sn, Some(operation_id));
    let outcome = match asked {
        Ok(Confirmation::Ended(outcome)) => outcome,
        Ok(Confirmation::Open(_)) => return Err("the ticket has not ended".to_owned()),
        Ok(Confirmation::Undecided(_)) => return Err("the result can't be read yet".to_owned()),
        Ok(Confirmation::Foreign | Confirmation::Missing) => {
            return Err("the number is not this operation's".to_owned());
        }
        Ok(Confirmation::Ambiguous(_)) => {
            return Err("several tickets have this number".to_owned());
        }
        // Without records of its own, no receiver can tell whose ticket it is.
        Ok(Confirmation::TagsIgnored) => return Err("this server ignores tags".to_owned()),
        Ok(Confirmation::Other(why)) => return Err(why),
        Err(failure) => return Err(format!("ITSM could not be asked: {}", failure.message)),
    };
    match approval_sink::deliver(operation_id, &outcome) {
        Disposition::Taken => Ok(format!("{} {:?}", outcome.ticket.sn, outcome.verdict)),
        Disposition::Retry(why) => Err(format!("not taken: {why}")),
        Disposition::Never(why) => Err(format!("never taken: {why}")),
    }
}

/// Whether this is set up to receive. Offline: anybody may ask, and nobody makes it call out.
fn check(settings: &Settings) -> Result<(), String> {
    for (place, key) in (1..).zip(&settings.binding_keys) {
        let claims = Claims {
            operation_id: "check".to_owned(),
            callback_url: settings.callback_url.clone(),
            expires_at: 0,
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
