//! A body, read whole.

use crate::deadline::Deadline;
use crate::error::Error;
use std::cell::OnceCell;
use wasi::http::types::IncomingBody;
use wasi::io::streams::StreamError;

const READ_AT_ONCE: u64 = 64 * 1024;

/// Reads the body of a message with these headers.
pub(crate) fn read(
    headers: &[(String, Vec<u8>)],
    body: Result<IncomingBody, ()>,
    most_bytes: usize,
    deadline: &Deadline,
) -> Result<Vec<u8>, Error> {
    let incoming = body.map_err(|()| Error::BrokenOff)?;
    let stream = incoming.stream().map_err(|()| Error::BrokenOff)?;
    let ready = OnceCell::new();
    let mut bytes = Vec::new();
    // In one piece where its length is told: a vector that grows holds its content twice for a moment.
    bytes.reserve_exact(told_length(headers).unwrap_or(0).min(most_bytes));
    loop {
        deadline.check()?;
        match stream.read(READ_AT_ONCE) {
            Ok(chunk) if chunk.is_empty() => {
                deadline.wait(ready.get_or_init(|| stream.subscribe()))?
            }
            Ok(chunk) if bytes.len() + chunk.len() > most_bytes => return Err(Error::TooLarge),
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            // The error could be put in words by another call of the host, which some hosts trap in.
            Err(StreamError::LastOperationFailed(_)) => return Err(Error::BrokenOff),
        }
    }
}

fn told_length(headers: &[(String, Vec<u8>)]) -> Option<usize> {
    let (_, value) =
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    std::str::from_utf8(value).ok()?.parse().ok()
}
