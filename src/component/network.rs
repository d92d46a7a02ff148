//! The transport over wasi:http, with the guest's own clock beside each wait.

use crate::domain::connection::AUTHORIZATION_HEADER;
use crate::domain::http::{Method, NoAnswer, Request, Response};
use crate::transport::Transport;
use wasi::clocks::{monotonic_clock, wall_clock};
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
        let mut sent = Sent::Nothing;
        exchange(request, &deadline, &mut sent).map_err(|broken| broken.after(sent))
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

/// How much of a request the host has taken. This is all that proves anything: what a host says of a
/// connection that broke can be wrong (recorded: a time-out of the connection, told of a request that
/// the server had read whole).
#[derive(Clone, Copy, PartialEq)]
enum Sent {
    /// Not the whole body, so that no server can have understood it.
    Nothing,
    /// Perhaps all.
    All,
}

/// Why a request came to no answer.
enum Broken {
    /// The guest's own deadline.
    Deadline,
    /// More bytes than are read.
    TooLarge,
    /// The host refuses to send this part.
    Unsendable(String),
    /// The host's error.
    Host(ErrorCode),
    /// Anything else.
    Other(&'static str),
}

impl Broken {
    fn after(self, sent: Sent) -> NoAnswer {
        let unsent = sent == Sent::Nothing;
        match self {
            Self::Deadline => NoAnswer::DeadlineReached { unsent },
            Self::TooLarge => NoAnswer::TooLarge,
            Self::Unsendable(part) => NoAnswer::Unsendable(format!("the host refuses the {part}")),
            Self::Other(why) => NoAnswer::Broken { why: why.to_owned(), unsent },
            Self::Host(code) => {
                let why = words(&code);
                match code {
                    ErrorCode::HttpRequestDenied => NoAnswer::Denied,
                    ErrorCode::DnsError(_) => NoAnswer::NoSuchHost { unsent },
                    ErrorCode::DestinationNotFound => NoAnswer::NoSuchHost { unsent },
                    // The host keeps the deadline that it was told, and can be the first to notice.
                    ErrorCode::ConnectionTimeout
                    | ErrorCode::ConnectionReadTimeout
                    | ErrorCode::ConnectionWriteTimeout
                    | ErrorCode::HttpResponseTimeout => NoAnswer::DeadlineReached { unsent },
                    ErrorCode::TlsCertificateError
                    | ErrorCode::TlsProtocolError
                    | ErrorCode::TlsAlertReceived(_) => NoAnswer::Tls { why, unsent },
                    ErrorCode::HttpRequestUriInvalid
                    | ErrorCode::HttpRequestUriTooLong
                    | ErrorCode::HttpRequestMethodInvalid
                    | ErrorCode::HttpRequestHeaderSectionSize(_)
                    | ErrorCode::HttpRequestHeaderSize(_)
                        if unsent =>
                    {
                        NoAnswer::Unsendable(why)
                    }
                    _ => NoAnswer::Broken { why, unsent },
                }
            }
        }
    }
}

/// A moment on the host's clock, in nanoseconds. Hosts have timeouts of their own, of minutes if any.
struct Deadline(u64);

impl Deadline {
    /// Waits until `ready`, or fails when the deadline comes first.
    fn wait(&self, ready: &Pollable) -> Result<(), Broken> {
        let clock = monotonic_clock::subscribe_instant(self.0);
        // Both can be ready at once: what is there counts.
        if poll(&[ready, &clock]).contains(&0) { Ok(()) } else { Err(Broken::Deadline) }
    }

    /// Fails when it has passed. Who always has something ready never waits, and would never notice.
    fn check(&self) -> Result<(), Broken> {
        if monotonic_clock::now() < self.0 { Ok(()) } else { Err(Broken::Deadline) }
    }

    fn remaining_ns(&self) -> u64 {
        self.0.saturating_sub(monotonic_clock::now()).max(1)
    }
}

fn exchange(request: &Request, deadline: &Deadline, sent: &mut Sent) -> Result<Response, Broken> {
    let started = start(request, deadline, sent)?;
    let response = wait_for(&started.answer, deadline)?;
    read(&response, request.max_answer_bytes, deadline)
}

/// A request on its way.
struct Started {
    answer: FutureIncomingResponse,
    /// What the server did not take of a body, because it answered before. To give it up breaks the
    /// connection, so it is kept until the answer is read.
    _untaken: Option<OutgoingBody>,
}

/// Sends the request's head and body.
fn start(request: &Request, deadline: &Deadline, sent: &mut Sent) -> Result<Started, Broken> {
    let content = request.body.as_ref().map_or("", |body| body.expose());
    let length = content.len().to_string();
    let unsendable = |part: &str| Broken::Unsendable(part.to_owned());

    let headers = Fields::new();
    let authorization = request.authorization.as_ref();
    let all = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(authorization.map(|value| (AUTHORIZATION_HEADER, value.expose())))
        // Without it hosts send chunks, which some of the servers in front of ITSM do not read.
        .chain(request.body.iter().map(|_| ("content-length", length.as_str())));
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
    let scheme = if request.tls { Scheme::Https } else { Scheme::Http };
    outgoing.set_method(&method).map_err(|()| unsendable("method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| unsendable("scheme"))?;
    outgoing.set_authority(Some(&request.authority)).map_err(|()| unsendable("host and port"))?;
    outgoing.set_path_with_query(Some(request.target.expose())).map_err(|()| unsendable("path"))?;
    let body = outgoing.body().map_err(|()| unsendable("body"))?;

    // So that the host lets go too. A host that knows no such option still has ours.
    let options = RequestOptions::new();
    let remaining = deadline.remaining_ns();
    let _ = options.set_connect_timeout(Some(remaining));
    let _ = options.set_first_byte_timeout(Some(remaining));
    let _ = options.set_between_bytes_timeout(Some(remaining));
    let answer = outgoing_handler::handle(outgoing, Some(options)).map_err(Broken::Host)?;

    let stream = body.write().map_err(|()| unsendable("body"))?;
    let early = if request.writes { PIECES_TAKEN_EARLY } else { 0 };
    let (early, rest) = content.as_bytes().split_at(early.min(content.len()));
    let mut outgoing = Outgoing { stream, answer: answer.subscribe(), deadline };
    let written = outgoing.write(early, rest, sent);
    drop(outgoing);
    let untaken = match written {
        Ok(()) => {
            *sent = Sent::All;
            // Where this fails there can be an answer all the same, and it counts more.
            let finished = OutgoingBody::finish(body, None);
            if let (Err(code), false) = (finished, answer.subscribe().ready()) {
                return Err(Broken::Host(code));
            }
            None
        }
        Err(Interrupted::Deadline) => return Err(Broken::Deadline),
        // The answer tells, or why there is none.
        Err(Interrupted::Closed | Interrupted::Answered) => Some(body),
    };
    Ok(Started { answer, _untaken: untaken })
}

enum Interrupted {
    Deadline,
    Closed,
    Answered,
}

/// A request's body on its way out.
struct Outgoing<'a> {
    stream: OutputStream,
    /// Ready when there is an answer.
    answer: Pollable,
    deadline: &'a Deadline,
}

/// Hosts take a little of a body before there is a connection (wasmtime's default: two pieces). So the
/// first pieces of a write are of one byte: the rest is taken only once the first of them is on its way,
/// and while the host has not taken it, no server can have the request. It may cost a round trip, which
/// a request that only reads is spared.
const PIECES_TAKEN_EARLY: usize = 2;

impl Outgoing<'_> {
    fn write(&mut self, early: &[u8], mut rest: &[u8], sent: &mut Sent) -> Result<(), Interrupted> {
        for piece in early.chunks(1) {
            self.room()?;
            self.stream.write(piece)?;
        }
        while !rest.is_empty() {
            let room = self.room()?;
            *sent = Sent::All;
            let (piece, later) = rest.split_at(room.min(rest.len()));
            self.stream.write(piece)?;
            rest = later;
        }
        *sent = Sent::All;
        self.stream.flush()?;
        self.room().map(drop)
    }

    /// Waits until the host takes more, and says how many bytes. A server that has answered takes no more.
    fn room(&self) -> Result<usize, Interrupted> {
        loop {
            match self.stream.check_write()? {
                0 => {
                    let clock = monotonic_clock::subscribe_instant(self.deadline.0);
                    let more = self.stream.subscribe();
                    let ready = poll(&[&more, &self.answer, &clock]);
                    if !ready.contains(&0) {
                        return Err(if ready.contains(&1) {
                            Interrupted::Answered
                        } else {
                            Interrupted::Deadline
                        });
                    }
                    self.deadline.check().map_err(|_| Interrupted::Deadline)?;
                }
                room => return Ok(usize::try_from(room).unwrap_or(usize::MAX)),
            }
        }
    }
}

impl From<StreamError> for Interrupted {
    fn from(_: StreamError) -> Self {
        Self::Closed
    }
}

fn wait_for(
    answer: &FutureIncomingResponse,
    deadline: &Deadline,
) -> Result<IncomingResponse, Broken> {
    loop {
        match answer.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => return Err(Broken::Host(code)),
            // Taken before, which never happens here.
            Some(Err(())) => return Err(Broken::Other("the answer is gone")),
            None => deadline.wait(&answer.subscribe())?,
        }
    }
}

fn read(
    response: &IncomingResponse,
    max_bytes: usize,
    deadline: &Deadline,
) -> Result<Response, Broken> {
    let status = response.status();
    let headers: Vec<(String, String)> = response
        .headers()
        .entries()
        .into_iter()
        .filter_map(|(name, value)| Some((name, String::from_utf8(value).ok()?)))
        .collect();
    let gone = |()| Broken::Other("the answer's body is gone");
    let incoming: IncomingBody = response.consume().map_err(gone)?;
    let stream: InputStream = incoming.stream().map_err(gone)?;
    let mut answer =
        Response { status, headers, body: Vec::new(), came_at_s: wall_clock::now().seconds };
    // In one piece where its length is told: a vector that grows holds its content twice for a moment.
    let told = answer.header("content-length").and_then(|length| length.parse().ok());
    answer.body.reserve_exact(told.unwrap_or(0).min(max_bytes));
    let body = &mut answer.body;
    loop {
        deadline.check()?;
        match stream.read(READ_AT_ONCE) {
            Ok(chunk) if chunk.is_empty() => deadline.wait(&stream.subscribe())?,
            Ok(chunk) if body.len() + chunk.len() > max_bytes => return Err(Broken::TooLarge),
            Ok(chunk) => body.extend(chunk),
            Err(StreamError::Closed) => break,
            // The error could be put in words by another call of the host, which some hosts trap in.
            Err(StreamError::LastOperationFailed(_)) => {
                return Err(Broken::Other("it broke off while the answer came"));
            }
        }
    }
    Ok(answer)
}

/// The host's error in wasi:http's own word for it.
fn words(code: &ErrorCode) -> String {
    format!("{code:?}").replace("ErrorCode::", "")
}
