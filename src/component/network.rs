//! The transport over wasi:http, with the guest's own clock beside each wait.

use crate::core::connection::AUTHORIZATION_HEADER;
use crate::core::http::{Method, NoAnswer, Request, Response};
use crate::transport::Transport;
use wasi::clocks::monotonic_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme,
};
use wasi::io::poll::{Pollable, poll};
use wasi::io::streams::{InputStream, OutputStream, StreamError};
use wasi::random::random;

/// The host's wasi:http, clock and randomness.
pub struct Network;

const NANOSECONDS_PER_MS: u64 = 1_000_000;
const READ_AT_ONCE: u64 = 64 * 1024;

impl Transport for Network {
    fn send(&mut self, request: &Request, deadline: u64) -> Result<Response, NoAnswer> {
        let deadline = Deadline(deadline.saturating_mul(NANOSECONDS_PER_MS));
        let answer = start(request, &deadline)?;
        let response = wait_for(&answer, &deadline)?;
        read(&response, request.max_answer_bytes, &deadline)
    }

    fn now(&mut self) -> u64 {
        monotonic_clock::now() / NANOSECONDS_PER_MS
    }

    fn pause(&mut self, until: u64) {
        monotonic_clock::subscribe_instant(until.saturating_mul(NANOSECONDS_PER_MS)).block();
    }

    fn random(&mut self) -> u128 {
        u128::from(random::get_random_u64()) << 64 | u128::from(random::get_random_u64())
    }
}

/// A moment on the host's clock, in nanoseconds. Hosts have timeouts of their own, of minutes if any.
struct Deadline(u64);

impl Deadline {
    /// Waits until `ready`, or fails when the deadline comes first.
    fn wait(&self, ready: &Pollable) -> Result<(), NoAnswer> {
        let clock = monotonic_clock::subscribe_instant(self.0);
        // Both can be ready at once: what is there counts.
        if poll(&[ready, &clock]).contains(&0) {
            Ok(())
        } else {
            Err(NoAnswer::DeadlineReached)
        }
    }

    fn remaining_ns(&self) -> u64 {
        self.0.saturating_sub(monotonic_clock::now()).max(1)
    }
}

/// Sends the request's head and body.
fn start(request: &Request, deadline: &Deadline) -> Result<FutureIncomingResponse, NoAnswer> {
    let content = request.body.as_ref().map_or("", |body| body.expose());
    let length = content.len().to_string();
    let unsendable = |what: &str| NoAnswer::Unsendable(format!("the host refuses the {what}"));

    let headers = Fields::new();
    let authorization = request.authorization.as_ref();
    let all = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(authorization.map(|value| (AUTHORIZATION_HEADER, value.expose())))
        // Without it hosts send chunks, which some of the servers in front of ITSM do not read.
        .chain(
            request
                .body
                .iter()
                .map(|_| ("content-length", length.as_str())),
        );
    for (name, value) in all {
        headers
            .append(name, value.as_bytes())
            .map_err(|_| unsendable(&format!("header {name}")))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let method = match request.method {
        Method::Get => wasi::http::types::Method::Get,
        Method::Post => wasi::http::types::Method::Post,
    };
    let scheme = if request.tls {
        Scheme::Https
    } else {
        Scheme::Http
    };
    outgoing
        .set_method(&method)
        .map_err(|()| unsendable("method"))?;
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| unsendable("scheme"))?;
    outgoing
        .set_authority(Some(&request.authority))
        .map_err(|()| unsendable("host and port"))?;
    outgoing
        .set_path_with_query(Some(request.target.expose()))
        .map_err(|()| unsendable("path"))?;
    let body = outgoing.body().map_err(|()| unsendable("body"))?;

    // So that the host lets go too. A host that knows no such option still has ours.
    let options = RequestOptions::new();
    let remaining = deadline.remaining_ns();
    let _ = options.set_connect_timeout(Some(remaining));
    let _ = options.set_first_byte_timeout(Some(remaining));
    let _ = options.set_between_bytes_timeout(Some(remaining));
    let answer = outgoing_handler::handle(outgoing, Some(options)).map_err(no_answer)?;

    let stream = body.write().map_err(|()| unsendable("body"))?;
    let written = write(&stream, content.as_bytes(), deadline);
    drop(stream);
    match written {
        Ok(()) => OutgoingBody::finish(body, None).map_err(no_answer)?,
        Err(Interrupted::Deadline) => return Err(NoAnswer::DeadlineReached),
        // The server may have answered before it read all: the answer tells, or why there is none.
        Err(Interrupted::Closed) => drop(body),
    }
    Ok(answer)
}

enum Interrupted {
    Deadline,
    Closed,
}

fn write(stream: &OutputStream, content: &[u8], deadline: &Deadline) -> Result<(), Interrupted> {
    let wait = || {
        deadline
            .wait(&stream.subscribe())
            .map_err(|_| Interrupted::Deadline)
    };
    let closed = |_: StreamError| Interrupted::Closed;
    let mut rest = content;
    while !rest.is_empty() {
        let room = stream.check_write().map_err(closed)?;
        if room == 0 {
            wait()?;
            continue;
        }
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let (chunk, later) = rest.split_at(room.min(rest.len()));
        stream.write(chunk).map_err(closed)?;
        rest = later;
    }
    stream.flush().map_err(closed)?;
    wait()?;
    stream.check_write().map_err(closed).map(drop)
}

fn wait_for(
    answer: &FutureIncomingResponse,
    deadline: &Deadline,
) -> Result<IncomingResponse, NoAnswer> {
    loop {
        match answer.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => return Err(no_answer(code)),
            // Taken before, which never happens here.
            Some(Err(())) => return Err(NoAnswer::Broken("the answer is gone".to_owned())),
            None => deadline.wait(&answer.subscribe())?,
        }
    }
}

fn read(
    response: &IncomingResponse,
    max_bytes: usize,
    deadline: &Deadline,
) -> Result<Response, NoAnswer> {
    let status = response.status();
    let headers = response
        .headers()
        .entries()
        .into_iter()
        .filter_map(|(name, value)| Some((name, String::from_utf8(value).ok()?)))
        .collect();
    let gone = |()| NoAnswer::Broken("the answer's body is gone".to_owned());
    let incoming: IncomingBody = response.consume().map_err(gone)?;
    let stream: InputStream = incoming.stream().map_err(gone)?;
    let mut body = Vec::new();
    loop {
        match stream.read(READ_AT_ONCE) {
            Ok(chunk) if chunk.is_empty() => deadline.wait(&stream.subscribe())?,
            Ok(chunk) if body.len() + chunk.len() > max_bytes => return Err(NoAnswer::TooLarge),
            Ok(chunk) => body.extend(chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                let code = wasi::http::types::http_error_code(&error);
                let why = code.map_or_else(|| "unknown".to_owned(), |code| words(&code));
                return Err(NoAnswer::Broken(format!("while the answer came: {why}")));
            }
        }
    }
    Ok(Response {
        status,
        headers,
        body,
    })
}

/// What the host's error means. Only what is certain counts as not sent.
fn no_answer(code: ErrorCode) -> NoAnswer {
    let why = words(&code);
    match code {
        ErrorCode::HttpRequestDenied => NoAnswer::Denied,
        // The host keeps the deadline that it was told, and can be the first to notice.
        ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => NoAnswer::DeadlineReached,
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached => NoAnswer::Unreachable(why),
        ErrorCode::TlsCertificateError => NoAnswer::Tls { why, unsent: true },
        // Mostly of the handshake, but a host may say it of a connection that was in use.
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            NoAnswer::Tls { why, unsent: false }
        }
        ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_) => NoAnswer::Unsendable(why),
        _ => NoAnswer::Broken(why),
    }
}

/// The host's error in wasi:http's own word for it.
fn words(code: &ErrorCode) -> String {
    format!("{code:?}").replace("ErrorCode::", "")
}
