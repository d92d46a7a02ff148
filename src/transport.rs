//! The seam between what is asked and how it travels.

use crate::domain::http::{NoAnswer, Request, Response};

/// What the calls need from the world outside. Deadlines and pauses are in milliseconds on one
/// clock that never goes back; its zero is of no account.
pub trait Transport {
    /// Sends a request and reads its answer whole, or stops at `deadline`.
    fn send(&mut self, request: &Request, deadline: u64) -> Result<Response, NoAnswer>;
    /// The clock.
    fn now(&mut self) -> u64;
    /// Waits until the clock shows `until`.
    fn pause(&mut self, until: u64);
    /// 128 bits that nobody can guess.
    fn random(&mut self) -> u128;
}
