//! The time that a record counts, and when the next tick is due.

use serde::{Deserialize, Serialize};

const FIRST_WAIT_S: u64 = 30;
pub(super) const LONGEST_WAIT_S: u64 = 900;
/// After so many waits without news the longest is reached.
const QUIETEST: u32 = 5;

/// Time as the record counts it. A step counts at most what was left of the time that the host was told to
/// wait, so a clock that jumps forward adds one wait at most, and one that goes back adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clock {
    /// When the last step was taken.
    stepped_s: u64,
    /// When the next tick is due.
    pub(super) due_s: u64,
    /// How many ticks in a row were due without news: the next wait is the longer.
    quiet: u32,
}

/// When the next tick is due.
pub(super) enum Due {
    /// When it was.
    Kept,
    /// This was a tick: if it was due, after a longer wait than before it, else when it was.
    Ticked,
    /// After the shortest wait, for there is news.
    Anew,
    /// The same, but never later than it was, so that a repeated callback can't put the tick off.
    Soon,
    /// After so many seconds, and then rarely.
    After(u64),
}

impl Clock {
    /// The seconds from the last step to a later time, as far as they count.
    pub(super) fn counted(&self, until_s: u64) -> u64 {
        let told_s = self.due_s.saturating_sub(self.stepped_s);
        until_s.saturating_sub(self.stepped_s).min(told_s)
    }

    /// The counted seconds from a question to now, or more.
    pub(super) fn since(&self, asked_s: u64, now_s: u64) -> u64 {
        let before_the_step_s = self.stepped_s.saturating_sub(asked_s);
        let after_it_s = self.counted(now_s).saturating_sub(self.counted(asked_s));
        before_the_step_s.saturating_add(after_it_s)
    }

    pub(super) fn next(self, due: Due, longest_s: u64, now_s: u64) -> Self {
        let after = |quiet: u32| now_s.saturating_add(doubled(quiet).min(longest_s));
        // A clock that went back must not make the next tick wait until it is there again.
        let kept_s = self.due_s.min(now_s.saturating_add(LONGEST_WAIT_S));
        let (due_s, quiet) = match due {
            Due::Ticked if self.due_s <= now_s => {
                let quiet = (self.quiet + 1).min(QUIETEST);
                (after(quiet), quiet)
            }
            Due::Kept | Due::Ticked => (kept_s, self.quiet),
            Due::Anew => (after(0), 0),
            Due::Soon => (kept_s.min(after(0)), 0),
            Due::After(wait_s) => (now_s.saturating_add(wait_s), QUIETEST),
        };
        Self { stepped_s: now_s, due_s, quiet }
    }
}

/// The shortest wait, doubled so often, up to the longest.
pub(super) fn doubled(times: u32) -> u64 {
    (FIRST_WAIT_S << times.min(QUIETEST)).min(LONGEST_WAIT_S)
}
