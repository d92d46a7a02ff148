//! The guest's own clock beside each wait.

use crate::error::Error;
use std::cell::OnceCell;
use wasi::clocks::monotonic_clock;
use wasi::io::poll::{Pollable, poll};

/// A moment on the host's monotonic clock. Hosts have timeouts of their own, of minutes if any.
pub struct Deadline {
    at_ns: u64,
    clock: OnceCell<Pollable>,
}

impl Deadline {
    /// When the clock shows so many nanoseconds.
    pub fn at_ns(at_ns: u64) -> Self {
        Self { at_ns, clock: OnceCell::new() }
    }

    /// So many nanoseconds from now.
    pub fn within_ns(ns: u64) -> Self {
        Self::at_ns(monotonic_clock::now().saturating_add(ns))
    }

    /// Waits until `ready`, or fails when the deadline comes first.
    pub(crate) fn wait(&self, ready: &Pollable) -> Result<(), Error> {
        // Both can be ready at once: what is there counts.
        if poll(&[ready, self.clock()]).contains(&0) { Ok(()) } else { Err(Error::Deadline) }
    }

    /// Fails when the deadline has passed. A stream that always has something ready is never waited for,
    /// so its reader has to look.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if monotonic_clock::now() < self.at_ns { Ok(()) } else { Err(Error::Deadline) }
    }

    /// Ready when the deadline has come.
    pub(crate) fn clock(&self) -> &Pollable {
        self.clock.get_or_init(|| monotonic_clock::subscribe_instant(self.at_ns))
    }

    pub(crate) fn remaining_ns(&self) -> u64 {
        self.at_ns.saturating_sub(monotonic_clock::now()).max(1)
    }
}
