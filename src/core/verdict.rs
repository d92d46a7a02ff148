//! What the end of a ticket means.

use serde::{Deserialize, Serialize};

/// What a ticket's state means for the action it gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Not ended.
    Open,
    /// Ended, and each approval said yes.
    Approved,
    /// Ended, and an approval said no.
    Rejected,
    /// Taken back by its creator.
    Withdrawn,
    /// Stopped before its end.
    Terminated,
    /// Ended in any other way.
    Closed,
}

/// The verdict on a status, ITSM's flag and whether the ticket has ended.
///
/// `ended` is an argument because status and flag do not tell: a trigger can write FINISHED on a
/// ticket whose approval is still running (recorded: FINISHED, false, a running step). The status is
/// compared exactly, as ITSM does, and the set is open: administrators add words of their own.
pub fn conclude(status: &str, approve_result: bool, ended: bool) -> Verdict {
    match (ended, status, approve_result) {
        (false, _, _) => Verdict::Open,
        (true, "FINISHED", true) => Verdict::Approved,
        (true, "FINISHED", false) => Verdict::Rejected,
        (true, "REVOKED", _) => Verdict::Withdrawn,
        (true, "TERMINATED", _) => Verdict::Terminated,
        (true, _, _) => Verdict::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict::*, conclude};

    #[test]
    fn each_ending_has_its_own_verdict_and_only_finished_with_the_flag_is_an_approval() {
        for (status, approve_result, ended, verdict) in [
            ("FINISHED", true, true, Approved),
            ("FINISHED", false, true, Rejected),
            ("REVOKED", false, true, Withdrawn),
            ("TERMINATED", false, true, Terminated),
            ("DONE_OK", false, true, Closed),
            ("DONE_OK", true, true, Closed),
            ("finished", true, true, Closed),
            ("", true, true, Closed),
            // A trigger wrote FINISHED on a running ticket.
            ("FINISHED", false, false, Open),
            ("FINISHED", true, false, Open),
            ("RUNNING", false, false, Open),
            ("SUSPENDED", false, false, Open),
        ] {
            assert_eq!(
                conclude(status, approve_result, ended),
                verdict,
                "{status} {approve_result} {ended}"
            );
        }
    }

    #[test]
    fn nothing_but_an_ended_finished_ticket_with_the_flag_is_ever_approved() {
        for status in [
            "NEW",
            "RUNNING",
            "RESOLVED",
            "REVOKED",
            "TERMINATED",
            "X",
            "",
        ] {
            for approve_result in [false, true] {
                for ended in [false, true] {
                    assert_ne!(conclude(status, approve_result, ended), Approved);
                }
            }
        }
    }
}
