//! The transport over wasi:http.

use crate::domain::connection::AUTHORIZATION_HEADER;
use crate::domain::http::{NoAnswer, Request, Response};
use crate::transport::Transport;
use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::random::random;
use wasi_http::Deadline;

/// The host's wasi:http, clock and randomness.
pub struct Network;

const NANOSECONDS_PER_MS: u64 = 1_000_000;

/// A request, and the most bytes of its answer's body to read.
pub struct Sent {
    by: wasi_http::Sent,
    max_answer_bytes: usize,
}

impl Transport for Network {
    type Sent = Sent;

    fn start(&mut self, request: &Request, deadline: u64) -> Result<Sent, NoAnswer> {
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let authorization = request.authorization.as_ref();
        let authorization = authorization.map(|value| (AUTHORIZATION_HEADER, value.expose()));
        let outgoing = wasi_http::Request {
            method: request.method,
            tls: request.tls,
            authority: &request.authority,
            target: request.target.expose(),
            headers: headers.chain(authorization).collect(),
            body: request.body.as_ref().map(|body| body.expose().as_bytes()),
            proves_unsent: request.writes,
        };
        let deadline = Deadline::at_ns(deadline.saturating_mul(NANOSECONDS_PER_MS));
        let by = wasi_http::send(&outgoing, deadline)?;
        Ok(Sent { by, max_answer_bytes: request.max_answer_bytes })
    }

    fn answer(&mut self, sent: Sent) -> Result<Response, NoAnswer> {
        let response = sent.by.answer()?;
        let came_at_s = wall_clock::now().seconds;
        let body = response.body(sent.max_answer_bytes)?;
        let headers = response.headers.into_iter();
        Ok(Response {
            status: response.status,
            headers: headers
                .filter_map(|(name, value)| Some((name, String::from_utf8(value).ok()?)))
                .collect(),
            body,
            came_at_s,
        })
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
