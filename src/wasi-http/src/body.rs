//! A body, read whole.

use crate::deadline::Deadline;
use crate::error::Error;
use std::cell::OnceCell;
use wasi::http::types::IncomingBody;
use wasi::io::streams::StreamError;

const READ_AT_ONCE: u64 = 64 * 1024;

/// Reads a message's body.
pub(crate) fn read(
    body: Result<IncomingBody, ()>,
    most_bytes: usize,
    deadline: &Deadline,
) -> Result<Vec<u8>, Error> {
    let incoming = body.map_err(|()| Error::BrokenOff)?;
    let stream = incoming.stream().map_err(|()| Error::BrokenOff)?;
    let ready = OnceCell::new();
    // Put together at the end: a vector that grows holds its content twice, and more, again and again.
    let mut pieces = Vec::new();
    let mut length = 0;
    loop {
        deadline.check()?;
        match stream.read(READ_AT_ONCE) {
            Ok(piece) if piece.is_empty() => {
                deadline.wait(ready.get_or_init(|| stream.subscribe()))?;
            }
            Ok(piece) => {
                length += piece.len();
                if length > most_bytes {
                    return Err(Error::TooLarge);
                }
                pieces.push(piece);
            }
            Err(StreamError::Closed) => return Ok(joined(pieces)),
            // The error could be put in words by another call of the host, which some hosts trap in.
            Err(StreamError::LastOperationFailed(_)) => return Err(Error::BrokenOff),
        }
    }
}

fn joined(pieces: Vec<Vec<u8>>) -> Vec<u8> {
    match <[Vec<u8>; 1]>::try_from(pieces) {
        Ok([only]) => only,
        Err(pieces) => pieces.concat(),
    }
}
