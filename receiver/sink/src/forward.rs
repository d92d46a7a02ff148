//! A POST to the address in `ITSM_FORWARD_URL`.
//!
//! With `ITSM_FORWARD_TOKEN` it carries `Authorization: Bearer ...`, so that the target can tell the
//! receiver from anybody else who can reach it.

use crate::Disposition;
use wasi::cli::environment::get_environment;
use wasi_http::{Address, Deadline, Error, Method, Request, Sent};

/// ITSM waits for the receiver, which waits for the target.
const WITHIN_NS: u64 = 3_000_000_000;

pub fn ready() -> Result<(), String> {
    address(&url()?).map(drop)
}

pub fn hand_over(operation_id: &str, object: &str) -> Disposition {
    match post(operation_id, object) {
        Ok(200..=299) => Disposition::Taken,
        // The target understood, and will not take this one however often it comes.
        Ok(status @ (409 | 410 | 422)) => Disposition::Never(format!("status {status}")),
        Ok(status) => Disposition::Retry(format!("status {status}")),
        Err(why) => Disposition::Retry(why),
    }
}

/// The status of the answer. What is wrong is said without the address, which may hold a secret.
fn post(operation_id: &str, object: &str) -> Result<u16, String> {
    let url = url()?;
    let address = address(&url)?;
    let token = setting("ITSM_FORWARD_TOKEN").map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json"), ("idempotency-key", operation_id)];
    headers.extend(token.as_deref().map(|token| ("authorization", token)));
    let request = Request {
        method: Method::Post,
        tls: address.tls,
        authority: address.authority,
        target: &address.target(),
        headers,
        body: Some(object.as_bytes()),
        proves_unsent: false,
    };
    let sent = wasi_http::send(&request, Deadline::within_ns(WITHIN_NS));
    match sent.and_then(Sent::answer) {
        Ok(response) => Ok(response.status),
        Err(error) => Err(match error.why {
            Error::Deadline => "no answer in time".to_owned(),
            Error::Unsendable(_) => "ITSM_FORWARD_... can't be sent".to_owned(),
            Error::BrokenOff | Error::Host { .. } | Error::TooLarge => "no answer".to_owned(),
        }),
    }
}

fn url() -> Result<String, String> {
    setting("ITSM_FORWARD_URL").ok_or_else(|| "ITSM_FORWARD_URL is not set".to_owned())
}

fn address(url: &str) -> Result<Address<'_>, String> {
    Address::parse(url).map_err(|why| format!("ITSM_FORWARD_URL {why}"))
}

fn setting(name: &str) -> Option<String> {
    let mut environment = get_environment().into_iter();
    let (_, value) = environment.find(|(key, value)| key == name && !value.trim().is_empty())?;
    Some(value.trim().to_owned())
}
