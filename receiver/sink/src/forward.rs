//! A POST to the address in `ITSM_FORWARD_URL`.
//!
//! With `ITSM_FORWARD_TOKEN` it carries `Authorization: Bearer ...`, so that the target can tell the
//! receiver from anybody else who can reach it.

use crate::Disposition;
use std::time::Duration;
use waki::Client;
use wasi::cli::environment::get_environment;

const CONNECT_WITHIN: Duration = Duration::from_secs(2);

pub fn ready() -> Result<(), String> {
    url().map(drop)
}

pub fn hand_over(operation_id: &str, object: &str) -> Disposition {
    let url = match url() {
        Ok(url) => url,
        Err(why) => return Disposition::Retry(why),
    };
    let mut request = Client::new()
        .post(&url)
        .connect_timeout(CONNECT_WITHIN)
        .header("content-type", "application/json")
        .header("content-length", object.len().to_string())
        .header("idempotency-key", operation_id);
    if let Some(token) = setting("ITSM_FORWARD_TOKEN") {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    match request.body(object.as_bytes()).send() {
        Ok(response) => match response.status_code() {
            200..=299 => Disposition::Taken,
            // The target understood, and will not take this one however often it comes.
            409 | 410 | 422 => Disposition::Never(format!("status {}", response.status_code())),
            status => Disposition::Retry(format!("status {status}")),
        },
        // Its words could hold the address, and the address a secret.
        Err(_) => Disposition::Retry("no answer".to_owned()),
    }
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
