//! A request that came in, and the reply to it.

use crate::body;
use crate::deadline::Deadline;
use crate::error::Error;
use wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

/// The most that one blocking write takes.
const WRITE_AT_ONCE: usize = 4096;

/// Reads a request's body, if it has at most so many bytes and comes before the deadline.
pub fn request_body(
    request: &IncomingRequest,
    most_bytes: usize,
    deadline: &Deadline,
) -> Result<Vec<u8>, Error> {
    body::read(request.consume(), most_bytes, deadline)
}

/// Sends a reply. A client that has gone away gets none, and that is no matter: nobody else waits for it.
pub fn reply(out: ResponseOutparam, status: u16, headers: &[(String, String)], body: &[u8]) {
    let fields = Fields::new();
    let length = [("content-length".to_owned(), body.len().to_string())];
    for (name, value) in headers.iter().chain(&length) {
        let _ = fields.append(name, value.as_bytes());
    }
    let response = OutgoingResponse::new(fields);
    let _ = response.set_status_code(status);
    let outgoing = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(outgoing) = outgoing else {
        return;
    };
    if let Ok(stream) = outgoing.write() {
        for chunk in body.chunks(WRITE_AT_ONCE) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(outgoing, None);
}
