//! What the end of a ticket means. Nothing else in the component decides it.

use super::history::{History, LastWord, LogEnd};
use super::ticket::Ticket;

/// What a ticket's state means for the action it gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Not ended.
    Open,
    /// Ended, and the approvals said yes.
    Approved,
    /// Ended, and an approval said no.
    Rejected,
    /// Ended, and nobody was asked.
    Completed,
    /// Taken back by its creator.
    Withdrawn,
    /// Stopped before its end.
    Terminated,
    /// Ended in any other way.
    Closed,
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// The status of the ended ticket.
    Status,
    /// ITSM's result, and the decisions in the log.
    ApprovalResult,
    /// The decisions in the log alone.
    Decisions,
}

/// ITSM's result over all approvals of a ticket that ended as [`FINISHED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApproveResult {
    /// It is this.
    Known(bool),
    /// ITSM does not give it yet.
    NotYet,
    /// This user may not read it.
    Forbidden,
}

/// What can be said of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It has not ended.
    Open,
    /// It ended in this way, which rests on this.
    Ended(Verdict, Evidence),
    /// It ended, and ITSM does not give its result yet.
    NotYet,
    /// It ended, and what could be read does not tell how: the reason for a person.
    Undecidable(&'static str),
}

/// The status of a flow that ran to its end. It alone says nothing of the approvals.
pub const FINISHED: &str = "FINISHED";

/// Whether the ruling on a ticket rests on its approvals: on ITSM's result and on the history. The status
/// settles every other one.
pub fn rests_on_approvals(ticket: &Ticket) -> bool {
    ticket.ended_at.is_some() && ticket.status == FINISHED
}

/// The ruling on a ticket. `approve_result` and `history` count only where it rests on approvals.
pub fn rule(ticket: &Ticket, approve_result: ApproveResult, history: &History) -> Ruling {
    let Some(ended_at) = &ticket.ended_at else {
        return Ruling::Open;
    };
    if !rests_on_approvals(ticket) {
        return Ruling::Ended(conclude(&ticket.status, false, true), Evidence::Status);
    }
    let (flag, evidence) = match approve_result {
        ApproveResult::Known(flag) => (Some(flag), Evidence::ApprovalResult),
        ApproveResult::Forbidden => (None, Evidence::Decisions),
        ApproveResult::NotYet => return Ruling::NotYet,
    };
    match finished(ended_at, flag, history) {
        Ok(verdict) => Ruling::Ended(verdict, evidence),
        Err(why) => Ruling::Undecidable(why),
    }
}

/// What a status and ITSM's flag mean by themselves: the reading of a claim.
///
/// `ended` is an argument because status and flag do not tell: a trigger can write FINISHED on a
/// ticket whose approval is still running (recorded: FINISHED, false, a running step). The status is
/// compared exactly, as ITSM does, and the set is open: administrators add words of their own.
///
/// ```
/// use blueking_itsm::domain::verdict::{Verdict, conclude};
///
/// assert_eq!(conclude("FINISHED", true, true), Verdict::Approved);
/// // A withdrawn ticket is no refusal.
/// assert_eq!(conclude("REVOKED", false, true), Verdict::Withdrawn);
/// // What has not ended is open, whatever its status says.
/// assert_eq!(conclude("FINISHED", true, false), Verdict::Open);
/// ```
pub fn conclude(status: &str, approve_result: bool, ended: bool) -> Verdict {
    match (ended, status, approve_result) {
        (false, _, _) => Verdict::Open,
        (true, FINISHED, true) => Verdict::Approved,
        (true, FINISHED, false) => Verdict::Rejected,
        (true, "REVOKED", _) => Verdict::Withdrawn,
        (true, "TERMINATED", _) => Verdict::Terminated,
        (true, _, _) => Verdict::Closed,
    }
}

/// The verdict on a ticket that ended as FINISHED at `ended_at`, from ITSM's result over all approvals, if
/// this user may read it, and the ticket's history; or why there is none.
///
/// Result and history each err to the unsafe side in their own way (recorded): the result knows only the
/// nodes that the flow has now and that were entered, and the log does not show a node that was entered
/// and never decided. So an approval needs both, and a no of either is a no.
fn finished(
    ended_at: &str,
    approve_result: Option<bool>,
    history: &History,
) -> Result<Verdict, &'static str> {
    let said = |word: LastWord| history.last_words.contains(&word);
    if !history.begins {
        return Err("its log does not begin as a whole log does");
    }
    match &history.end {
        LogEnd::Flow => {}
        // What closes a ticket is logged at its end or a second later (recorded); a suspension is earlier.
        LogEnd::Person { at, .. } if at.as_str() >= ended_at => return Ok(Verdict::Closed),
        _ => return Err("its log does not end as a whole log does"),
    }
    if said(LastWord::No) || approve_result == Some(false) {
        return Ok(Verdict::Rejected);
    }
    if !history.readable {
        return Err("its log holds an entry that can't be read");
    }
    match approve_result {
        _ if history.decisions.is_empty() => Ok(Verdict::Completed),
        Some(_) if said(LastWord::NoAfterYes) => {
            Err("ITSM's result is yes, and an approval's last word in its log is no")
        }
        None if history.last_words.iter().any(|word| *word != LastWord::Yes) => Err(
            "people decided differently at one approval, and only a verified user may read ITSM's result over them",
        ),
        _ => Ok(Verdict::Approved),
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
        for status in ["NEW", "RUNNING", "RESOLVED", "REVOKED", "TERMINATED", "X", ""] {
            for approve_result in [false, true] {
                for ended in [false, true] {
                    assert_ne!(conclude(status, approve_result, ended), Approved);
                }
            }
        }
    }

    /// Nothing but ITSM's yes, the flow's own end, a yes and no last word that is no is an approval; without
    /// ITSM's result the log must be whole and of one mind.
    #[test]
    fn a_finished_ticket_is_approved_only_if_result_and_history_both_say_so() {
        use crate::domain::history::{Decision, History, LastWord, LastWord::*, LogEnd};
        let ended_at = "2026-11-25 22:07:47";
        let person = |at: &str| LogEnd::Person { operator: "admin".into(), at: at.into() };
        let history = |words: &[LastWord]| History {
            decisions: words
                .iter()
                .map(|word| Decision {
                    operator: "bob".into(),
                    approved: !matches!(word, No),
                    remark: String::new(),
                    at: "t".into(),
                    node_key: "k".into(),
                })
                .collect(),
            last_words: words.to_vec(),
            begins: true,
            end: LogEnd::Flow,
            readable: true,
        };
        let undecidable = None;
        for (words, yes, no, unknown) in [
            (&[Yes][..], Some(Approved), Some(Rejected), Some(Approved)),
            (&[Yes, Yes], Some(Approved), Some(Rejected), Some(Approved)),
            (&[], Some(Completed), Some(Rejected), Some(Completed)),
            (&[No], Some(Rejected), Some(Rejected), Some(Rejected)),
            (&[No, Yes], Some(Rejected), Some(Rejected), Some(Rejected)),
            (&[Mixed], Some(Approved), Some(Rejected), undecidable),
            (&[Mixed, No], Some(Rejected), Some(Rejected), Some(Rejected)),
            (&[YesAfterNo], Some(Approved), Some(Rejected), undecidable),
            (&[NoAfterYes, Yes], undecidable, Some(Rejected), undecidable),
        ] {
            let said = |flag| super::finished(ended_at, flag, &history(words)).ok();
            assert_eq!(
                (said(Some(true)), said(Some(false)), said(None)),
                (yes, no, unknown),
                "{words:?}"
            );
        }
        // What is not whole, or can't be read, is never a yes; a no of either stays a no.
        let changed = |change: fn(&mut History)| {
            let mut changed = history(&[Yes]);
            change(&mut changed);
            [Some(true), Some(false), None]
                .map(|flag| super::finished(ended_at, flag, &changed).ok())
        };
        assert_eq!(changed(|h| h.begins = false), [None; 3]);
        assert_eq!(changed(|h| h.end = LogEnd::Elsewhere), [None; 3]);
        assert_eq!(changed(|h| h.readable = false), [None, Some(Rejected), None]);
        for (at, closed) in [
            ("2026-11-25 22:07:47", Some(Closed)),
            ("2026-11-25 22:07:48", Some(Closed)),
            // A suspension, and the log is cut after it.
            ("2026-11-25 22:07:40", None),
        ] {
            let mut history = history(&[Yes]);
            history.end = person(at);
            for flag in [Some(true), Some(false), None] {
                assert_eq!(super::finished(ended_at, flag, &history).ok(), closed);
            }
        }
    }
}
