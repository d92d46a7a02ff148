//! Requests and answers over wasi:http.

use crate::bindings::blueking::itsm::callbacks::Reply;
use wasi::clocks::monotonic_clock;
use wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasi::io::poll::poll;
use wasi::io::streams::{InputStream, StreamError};

const READ_AT_ONCE: u64 = 16 * 1024;

/// A request's headers. What is no text in one is replaced, which makes no binding whole.
pub fn headers(request: &IncomingRequest) -> Vec<(String, String)> {
    let entries = request.headers().entries().into_iter();
    entries.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect()
}

/// A request's body, if it is at most this long and comes within this time, or why there is none.
pub fn body(
    request: &IncomingRequest,
    most_bytes: usize,
    within_ns: u64,
) -> Result<Vec<u8>, &'static str> {
    let body = request.consume().map_err(|()| "the body broke off")?;
    let stream = body.stream().map_err(|()| "the body broke off")?;
    read(&stream, most_bytes, within_ns)
}

fn read(stream: &InputStream, most_bytes: usize, within_ns: u64) -> Result<Vec<u8>, &'static str> {
    let late = monotonic_clock::subscribe_duration(within_ns);
    let mut bytes = Vec::new();
    loop {
        match stream.read(READ_AT_ONCE) {
            Ok(chunk) if chunk.is_empty() => {
                if !poll(&[&stream.subscribe(), &late]).contains(&0) {
                    return Err("the body came too slowly");
                }
            }
            Ok(chunk) if bytes.len() + chunk.len() > most_bytes => {
                return Err("the body is too large");
            }
            // A body that trickles in is always ready: the clock counts all the same.
            Ok(_) if late.ready() => return Err("the body came too slowly"),
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err("the body broke off"),
        }
    }
}

/// Sends a reply. Who has gone away gets none, and that is no matter: nobody else waits for it.
pub fn answer(out: ResponseOutparam, reply: &Reply) {
    let headers = Fields::new();
    let length = reply.body.len().to_string();
    let length = [("content-length".to_owned(), length)];
    for (name, value) in reply.headers.iter().chain(&length) {
        let _ = headers.append(name, value.as_bytes());
    }
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(reply.status);
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(body) = body else {
        return;
    };
    if let Ok(stream) = body.write() {
        // The most that one blocking write takes.
        for chunk in reply.body.chunks(4096) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
}
