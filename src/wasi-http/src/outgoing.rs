//! A request on its way out, and its answer.

use crate::deadline::Deadline;
use crate::error::{Error, SendError};
use crate::{Method, body};
use std::cell::OnceCell;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    self, ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme,
};
use wasi::io::poll::{Pollable, poll};
use wasi::io::streams::{OutputStream, StreamError};

/// A request. It has no `Debug`: it can hold secrets.
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// Host and port.
    pub authority: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The headers. The body's length comes by itself.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body.
    pub body: Option<&'a [u8]>,
    /// Whether a request that never got to the server shall be known to be unsent. It may cost a round trip.
    pub proves_unsent: bool,
}

/// The head of an answer, whose body is still to come.
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, Vec<u8>)>,
    incoming: IncomingResponse,
    sent: Sent,
}

impl Response {
    /// Reads the body, if it has at most so many bytes and comes before the request's deadline.
    pub fn body(&self, most_bytes: usize) -> Result<Vec<u8>, SendError> {
        let body = body::read(self.incoming.consume(), most_bytes, &self.sent.deadline);
        body.map_err(|why| self.sent.failed(why))
    }
}

/// Sends a request, and does not wait for its answer: others can be sent meanwhile.
pub fn send(request: &Request, deadline: Deadline) -> Result<Sent, SendError> {
    let mut unsent = true;
    match start(request, &deadline, &mut unsent) {
        Ok(started) => Ok(Sent { started, deadline, unsent }),
        Err(why) => Err(SendError { why, unsent }),
    }
}

/// A request that was sent.
pub struct Sent {
    started: Started,
    deadline: Deadline,
    unsent: bool,
}

impl Sent {
    /// Waits for the head of the answer.
    pub fn answer(self) -> Result<Response, SendError> {
        let incoming = self.started.answer(&self.deadline).map_err(|why| self.failed(why))?;
        Ok(Response {
            status: incoming.status(),
            headers: incoming.headers().entries(),
            incoming,
            sent: self,
        })
    }

    fn failed(&self, why: Error) -> SendError {
        SendError { why, unsent: self.unsent }
    }
}

/// A request that the host has.
struct Started {
    /// Ready when there is an answer. It belongs to the answer, so it has to go before it.
    answered: OnceCell<Pollable>,
    answer: FutureIncomingResponse,
    /// What the server did not take of a body, because it answered before. To give it up breaks the
    /// connection, so it is kept until the answer is read.
    untaken: Option<OutgoingBody>,
}

impl Started {
    fn answered(&self) -> &Pollable {
        self.answered.get_or_init(|| self.answer.subscribe())
    }

    /// Waits for the head of the answer.
    fn answer(&self, deadline: &Deadline) -> Result<IncomingResponse, Error> {
        loop {
            match self.answer.get() {
                Some(Ok(Ok(response))) => return Ok(response),
                Some(Ok(Err(code))) => return Err(of_host(code)),
                // Taken before, which never happens here.
                Some(Err(())) => return Err(Error::BrokenOff),
                None => deadline.wait(self.answered())?,
            }
        }
    }
}

/// Sends the request's head and body. `unsent` ends when the host takes the end of them.
fn start(request: &Request, deadline: &Deadline, unsent: &mut bool) -> Result<Started, Error> {
    let content = request.body.unwrap_or_default();
    let length = content.len().to_string();
    let unsendable = |part: &str| Error::Unsendable(part.to_owned());

    let headers = Fields::new();
    // Without it hosts send chunks, which some servers do not read.
    let length = request.body.map(|_| ("content-length", length.as_str()));
    for (name, value) in request.headers.iter().copied().chain(length) {
        headers
            .append(name, value.as_bytes())
            .map_err(|_| unsendable(&format!("header {name}")))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let method = match request.method {
        Method::Get => types::Method::Get,
        Method::Post => types::Method::Post,
    };
    let scheme = if request.tls { Scheme::Https } else { Scheme::Http };
    outgoing.set_method(&method).map_err(|()| unsendable("method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| unsendable("scheme"))?;
    outgoing.set_authority(Some(request.authority)).map_err(|()| unsendable("host and port"))?;
    outgoing.set_path_with_query(Some(request.target)).map_err(|()| unsendable("path"))?;
    let body = outgoing.body().map_err(|()| unsendable("body"))?;

    // So that the host lets go too. A host that knows no such option still has ours.
    let options = RequestOptions::new();
    let remaining = deadline.remaining_ns();
    let _ = options.set_connect_timeout(Some(remaining));
    let _ = options.set_first_byte_timeout(Some(remaining));
    let _ = options.set_between_bytes_timeout(Some(remaining));
    let stream = body.write().map_err(|()| unsendable("body"))?;
    let ahead = if request.proves_unsent { 0 } else { room_ahead(&stream) };
    let (ahead, content) = content.split_at(ahead.min(content.len()));
    if !ahead.is_empty() {
        stream.write(ahead).map_err(|_| unsendable("body"))?;
    }
    let answer = outgoing_handler::handle(outgoing, Some(options)).map_err(of_host)?;

    let mut started = Started { answered: OnceCell::new(), answer, untaken: None };

    let early = if request.proves_unsent { PIECES_TAKEN_EARLY } else { 0 };
    let (early, rest) = content.split_at(early.min(content.len()));
    let outgoing = Outgoing { stream, started: &started, deadline };
    match outgoing.write(early, rest, unsent) {
        // This fails where the host has let go of the body already: the server has all of it, or has answered
        // before. The answer tells, or why there is none.
        Ok(()) => drop(OutgoingBody::finish(body, None)),
        Err(Interrupted::Deadline) => return Err(Error::Deadline),
        // The answer tells, or why there is none.
        Err(Interrupted::Closed | Interrupted::Answered) => started.untaken = Some(body),
    }
    Ok(started)
}

/// What the host takes of a body before it has the request leaves together with the head, so that a server's first
/// read takes both. A server that answered without the body would break the connection under it, by which hosts lose
/// the answer (seen with wasmtime: 28 of 100).
fn room_ahead(stream: &OutputStream) -> usize {
    stream.check_write().map_or(0, |room| usize::try_from(room).unwrap_or(usize::MAX))
}

fn of_host(code: ErrorCode) -> Error {
    Error::of_host(name(&code), reason(code))
}

/// The name of a code in words. Its `Debug` has them too, and takes thousands of bytes.
fn name(code: &ErrorCode) -> &'static str {
    match code {
        ErrorCode::DnsTimeout => "DNS timeout",
        ErrorCode::DnsError(_) => "DNS error",
        ErrorCode::DestinationNotFound => "destination not found",
        ErrorCode::DestinationUnavailable => "destination unavailable",
        ErrorCode::DestinationIpProhibited => "destination IP prohibited",
        ErrorCode::DestinationIpUnroutable => "destination IP unroutable",
        ErrorCode::ConnectionRefused => "connection refused",
        ErrorCode::ConnectionTerminated => "connection terminated",
        ErrorCode::ConnectionTimeout => "connection timeout",
        ErrorCode::ConnectionReadTimeout => "connection read timeout",
        ErrorCode::ConnectionWriteTimeout => "connection write timeout",
        ErrorCode::ConnectionLimitReached => "connection limit reached",
        ErrorCode::TlsProtocolError => "TLS protocol error",
        ErrorCode::TlsCertificateError => "TLS certificate error",
        ErrorCode::TlsAlertReceived(_) => "TLS alert received",
        ErrorCode::HttpRequestDenied => "HTTP request denied",
        ErrorCode::HttpRequestLengthRequired => "HTTP request length required",
        ErrorCode::HttpRequestBodySize(_) => "HTTP request body size",
        ErrorCode::HttpRequestMethodInvalid => "HTTP request method invalid",
        ErrorCode::HttpRequestUriInvalid => "HTTP request URI invalid",
        ErrorCode::HttpRequestUriTooLong => "HTTP request URI too long",
        ErrorCode::HttpRequestHeaderSectionSize(_) => "HTTP request header section size",
        ErrorCode::HttpRequestHeaderSize(_) => "HTTP request header size",
        ErrorCode::HttpRequestTrailerSectionSize(_) => "HTTP request trailer section size",
        ErrorCode::HttpRequestTrailerSize(_) => "HTTP request trailer size",
        ErrorCode::HttpResponseIncomplete => "HTTP response incomplete",
        ErrorCode::HttpResponseHeaderSectionSize(_) => "HTTP response header section size",
        ErrorCode::HttpResponseHeaderSize(_) => "HTTP response header size",
        ErrorCode::HttpResponseBodySize(_) => "HTTP response body size",
        ErrorCode::HttpResponseTrailerSectionSize(_) => "HTTP response trailer section size",
        ErrorCode::HttpResponseTrailerSize(_) => "HTTP response trailer size",
        ErrorCode::HttpResponseTransferCoding(_) => "HTTP response transfer coding",
        ErrorCode::HttpResponseContentCoding(_) => "HTTP response content coding",
        ErrorCode::HttpResponseTimeout => "HTTP response timeout",
        ErrorCode::HttpUpgradeFailed => "HTTP upgrade failed",
        ErrorCode::HttpProtocolError => "HTTP protocol error",
        ErrorCode::LoopDetected => "loop detected",
        ErrorCode::ConfigurationError => "configuration error",
        ErrorCode::InternalError(_) => "internal error",
    }
}

/// The words that came with a code.
fn reason(code: ErrorCode) -> Option<String> {
    match code {
        ErrorCode::DnsError(dns) => dns.rcode,
        ErrorCode::TlsAlertReceived(alert) => alert.alert_message,
        ErrorCode::HttpRequestHeaderSize(field) => field?.field_name,
        ErrorCode::HttpRequestTrailerSize(field)
        | ErrorCode::HttpResponseHeaderSize(field)
        | ErrorCode::HttpResponseTrailerSize(field) => field.field_name,
        ErrorCode::HttpResponseTransferCoding(words)
        | ErrorCode::HttpResponseContentCoding(words)
        | ErrorCode::InternalError(words) => words,
        _ => None,
    }
}

enum Interrupted {
    Deadline,
    Closed,
    Answered,
}

/// A request's body on its way out.
struct Outgoing<'a> {
    stream: OutputStream,
    started: &'a Started,
    deadline: &'a Deadline,
}

/// Hosts take a little of a body before there is a connection (wasmtime's default: two pieces). So the
/// first pieces are of one byte: the rest is taken only once the first of them is on its way, and while the
/// host has not taken it, no server can have the request. It may cost a round trip.
const PIECES_TAKEN_EARLY: usize = 2;

impl Outgoing<'_> {
    /// Writes it, and lets the stream go, as a body has to when it ends.
    fn write(self, early: &[u8], mut rest: &[u8], unsent: &mut bool) -> Result<(), Interrupted> {
        for piece in early.chunks(1) {
            self.room()?;
            self.stream.write(piece)?;
        }
        while !rest.is_empty() {
            let room = self.room()?;
            *unsent = false;
            let (piece, later) = rest.split_at(room.min(rest.len()));
            self.stream.write(piece)?;
            rest = later;
        }
        *unsent = false;
        self.stream.flush()?;
        self.room().map(drop)
    }

    /// Waits until the host takes more, and says how many bytes. A server that has answered takes no more.
    fn room(&self) -> Result<usize, Interrupted> {
        loop {
            match self.stream.check_write()? {
                0 => {
                    let more = self.stream.subscribe();
                    let ready = poll(&[&more, self.started.answered(), self.deadline.clock()]);
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
