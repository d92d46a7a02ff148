//! The seam between what is asked and how it travels.

use crate::domain::http::{NoAnswer, Request, Response};

/// What the calls need from the world outside. Deadlines and pauses are in milliseconds on one
/// clock that never goes back; its zero is of no account.
pub trait Transport {
    /// A request that is on its way.
    type Sent;
    /// Sends a request, and does not wait for its answer: others can be sent meanwhile.
    fn start(&mut self, request: &Request, deadline: u64) -> Result<Self::Sent, NoAnswer>;
    /// Reads the answer of a request whole, or stops at the request's deadline.
    fn answer(&mut self, sent: Self::Sent) -> Result<Response, NoAnswer>;
    /// The clock.
    fn now(&mut self) -> u64;
    /// Waits until the clock shows `until`.
    fn pause(&mut self, until: u64);
    /// 128 bits that nobody can guess.
    fn random(&mut self) -> u128;
}
