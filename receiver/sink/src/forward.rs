//! A POST to the address in `ITSM_FORWARD_URL`.
//!
//! With `ITSM_FORWARD_TOKEN` it carries `Authorization: Bearer ...`, so that the target can tell the
//! receiver from anybody else who can reach it.

use crate::Disposition;
use wasi::cli::environment::get_environment;
use wasi::clocks::monotonic_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme};
use wasi::io::poll::{Pollable, poll};

/// ITSM waits for the receiver, which waits for the target.
const WITHIN_NS: u64 = 3_000_000_000;

pub fn ready() -> Result<(), String> {
    url().map(drop)
}

pub fn hand_over(operation_id: &str, object: &str) -> Disposition {
    let url = match url() {
        Ok(url) => url,
        Err(why) => return Disposition::Retry(why),
    };
    let token = setting("ITSM_FORWARD_TOKEN").map(|token| format!("Bearer {token}"));
    let length = object.len().to_string();
    let headers = [
        ("content-type", Some("application/json")),
        ("content-length", Some(&length)),
        ("idempotency-key", Some(operation_id)),
        ("authorization", token.as_deref()),
    ];
    match post(&url, &headers, object) {
        Ok(200..=299) => Disposition::Taken,
        // The target understood, and will not take this one however often it comes.
        Ok(status @ (409 | 410 | 422)) => Disposition::Never(format!("status {status}")),
        Ok(status) => Disposition::Retry(format!("status {status}")),
        Err(why) => Disposition::Retry(why.to_owned()),
    }
}

/// The status of the answer. What is wrong is said without the address, which may hold a secret.
///
/// Not by waki, as of 0.5.1: it takes the end of the body's stream for a failure, which a target close by
/// brings about as soon as it has the whole body, and it has no limit to the waiting.
fn post(url: &str, headers: &[(&str, Option<&str>)], body: &str) -> Result<u16, &'static str> {
    let late = monotonic_clock::subscribe_duration(WITHIN_NS);
    let in_time = |ready: Pollable| match poll(&[&ready, &late]).contains(&0) {
        true => Ok(()),
        false => Err("no answer in time"),
    };
    let (request, outgoing) = request(url, headers).ok_or("ITSM_FORWARD_... can't be sent")?;
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(WITHIN_NS));
    let answer = outgoing_handler::handle(request, Some(options)).map_err(|_| "no answer")?;

    let stream = outgoing.write().map_err(|()| "no answer")?;
    let mut unsent = body.as_bytes();
    // A stream that has ended is no failure: the target may have answered.
    while let Ok(room) = stream.check_write() {
        let room = unsent.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let (now, later) = unsent.split_at(room);
        if unsent.is_empty() || stream.write(now).is_err() {
            break;
        }
        unsent = later;
        in_time(stream.subscribe())?;
    }
    drop(stream);
    let _ = OutgoingBody::finish(outgoing, None);

    loop {
        match answer.get() {
            Some(Ok(Ok(response))) => return Ok(response.status()),
            Some(_) => return Err("no answer"),
            None => in_time(answer.subscribe())?,
        }
    }
}

fn request(url: &str, headers: &[(&str, Option<&str>)]) -> Option<(OutgoingRequest, OutgoingBody)> {
    let (scheme, rest) = match url.split_once("://")? {
        ("https", rest) => (Scheme::Https, rest),
        (_, rest) => (Scheme::Http, rest),
    };
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let slash = if target.starts_with('/') { "" } else { "/" };
    let fields = Fields::new();
    for (name, value) in headers {
        if let Some(value) = value {
            fields.append(name, value.as_bytes()).ok()?;
        }
    }
    let request = OutgoingRequest::new(fields);
    request.set_method(&Method::Post).ok()?;
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    let path = format!("{slash}{target}");
    request.set_path_with_query(Some(&path)).ok()?;
    let body = request.body().ok()?;
    Some((request, body))
}

fn url() -> Result<String, String> {
    let url = setting("ITSM_FORWARD_URL").ok_or("ITSM_FORWARD_URL is not set")?;
    if url.starts_with("https://") || url.starts_with("http://") {
        Ok(url)
    } else {
        Err("ITSM_FORWARD_URL must begin with https:// or http://".to_owned())
    }
}

fn setting(name: &str) -> Option<String> {
    let mut environment = get_environment().into_iter();
    let (_, value) = environment.find(|(key, value)| key == name && !value.trim().is_empty())?;
    Some(value.trim().to_owned())
}
