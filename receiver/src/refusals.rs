//! How often requests are refused that anybody can send: counted by reason, and told once a minute, so that
//! strangers can't fill the log and a wrong setting leaves a trace.

use std::sync::{Mutex, PoisonError};

/// A reason has a line so often at most.
const EVERY_S: u64 = 60;

/// The refusals of one reason.
#[derive(Default)]
pub struct Refusals(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    since: u32,
    told_s: Option<u64>,
}

impl Refusals {
    /// Nothing has been refused.
    pub const fn new() -> Self {
        Self(Mutex::new(Counted { since: 0, told_s: None }))
    }

    /// Counts one more. When a line is due: how many there were since the last one.
    pub fn one_more(&self, now_s: u64) -> Option<u32> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.since = counted.since.saturating_add(1);
        // A clock that was put back tells nothing: then a line is due.
        let is_due = counted.told_s.is_none_or(|told_s| now_s.abs_diff(told_s) >= EVERY_S);
        is_due.then(|| {
            counted.told_s = Some(now_s);
            std::mem::take(&mut counted.since)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Refusals;

    #[test]
    fn the_first_is_told_and_then_once_a_minute_how_many_there_were() {
        let refusals = Refusals::new();
        for (now_s, told) in [
            (1_000, Some(1)),
            (1_000, None),
            (1_059, None),
            (1_060, Some(3)),
            (1_061, None),
            (9_000, Some(2)),
            (8_000, Some(1)),
        ] {
            assert_eq!(refusals.one_more(now_s), told, "{now_s}");
        }
    }
}
