//! Who decided and why: the ending of a ticket, from structured data only.

use super::history::{Decision, History, LogEnd};
use super::progress::RunningNode;
use super::ticket::Ticket;
use super::verdict::{self, ApproveResult, Ruling, Verdict};

/// How a ticket stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It runs, and somebody has to act.
    Open,
    /// It runs, and no node of it does.
    Stuck,
    /// The verdict `approved`.
    Approved,
    /// The verdict `completed`.
    Completed,
    /// The verdict `rejected`.
    Rejected,
    /// An approval said no, and its node ends the ticket then.
    RejectedAndTerminated,
    /// Somebody stopped it.
    Terminated,
    /// Its creator took it back.
    Withdrawn,
    /// The verdict `closed`.
    Closed,
    /// What could be read does not tell.
    Undetermined,
}

/// A ticket's ending with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The ticket.
    pub ticket: Ticket,
    /// How it stands or ended.
    pub ending: Ending,
    /// The decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// Who an open ticket waits for.
    pub waiting_for: Vec<RunningNode>,
    /// Why it is stuck or undetermined.
    pub words: String,
}

/// Whom ITSM names when a refusal ends a ticket (read in the server's source).
const SYSTEM: &str = "system";

/// Explains a ticket from its running nodes, its history and, for a FINISHED one, ITSM's own result.
pub fn explain(
    ticket: Ticket,
    running: Vec<RunningNode>,
    history: History,
    approve_result: ApproveResult,
) -> Explanation {
    let (ending, words) = match verdict::rule(&ticket, approve_result, &history) {
        Ruling::Open if running.is_empty() => (
            Ending::Stuck,
            "no node runs: the start of its flow failed, or an automatic node of it",
        ),
        Ruling::Open => (Ending::Open, ""),
        Ruling::NotYet => (Ending::Undetermined, "ITSM does not give its result yet"),
        Ruling::Undecidable(why) => (Ending::Undetermined, why),
        Ruling::Ended(verdict, _) => match verdict {
            Verdict::Approved => (Ending::Approved, ""),
            Verdict::Completed => (Ending::Completed, ""),
            Verdict::Rejected => (Ending::Rejected, ""),
            Verdict::Withdrawn => (Ending::Withdrawn, ""),
            Verdict::Terminated => terminated(&history),
            // What is ended is never open.
            Verdict::Closed | Verdict::Open => (Ending::Closed, ""),
        },
    };
    Explanation {
        ticket,
        ending,
        decisions: history.decisions,
        waiting_for: if ending == Ending::Open { running } else { Vec::new() },
        words: words.to_owned(),
    }
}

fn terminated(history: &History) -> (Ending, &'static str) {
    match &history.end {
        LogEnd::Person { operator, .. } if operator != SYSTEM => (Ending::Terminated, ""),
        LogEnd::Person { .. } if history.readable && history.ends_with_a_refusal() => {
            (Ending::RejectedAndTerminated, "")
        }
        _ => (Ending::Undetermined, "its log does not tell who or what terminated it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::LastWord;
    use crate::domain::verdict::ApproveResult::*;

    const ENDED_AT: &str = "2026-11-25 22:07:47";

    fn ticket(status: &str, ended: bool) -> Ticket {
        Ticket {
            sn: "S".into(),
            id: "1".into(),
            title: "t".into(),
            creator: "carol".into(),
            service: "2".into(),
            status: status.into(),
            created_at: "t".into(),
            ended_at: ended.then(|| ENDED_AT.into()),
            updated_by: vec![],
            updated_at: "t".into(),
            ticket_url: "u".into(),
        }
    }

    /// `"+-"`: at one node somebody said yes, then somebody said no at another. `by` ends the log: nobody
    /// is the flow itself.
    fn history(decisions: &str, by: &str) -> History {
        let word = |said| {
            if said == '+' { LastWord::Yes } else { LastWord::No }
        };
        let decision = |(node, said): (usize, char)| Decision {
            operator: "bob".into(),
            approved: said == '+',
            remark: String::new(),
            at: "t".into(),
            node_key: node.to_string(),
        };
        History {
            decisions: decisions.chars().enumerate().map(decision).collect(),
            last_words: decisions.chars().map(word).collect(),
            begins: true,
            end: match by {
                "" => LogEnd::Flow,
                "?" => LogEnd::Elsewhere,
                by => LogEnd::Person { operator: by.into(), at: ENDED_AT.into() },
            },
            readable: true,
        }
    }

    fn node() -> RunningNode {
        RunningNode {
            node_id: 15,
            name: "n".into(),
            status: "RUNNING".into(),
            processors: vec!["bob".into()],
            allowed_actions: vec![],
            fields: vec![],
        }
    }

    #[test]
    fn each_ending_is_told_from_structured_data_and_never_against_the_verdict() {
        for (status, decisions, by, result, ending) in [
            ("FINISHED", "+", "", Known(true), Ending::Approved),
            ("FINISHED", "+", "", Forbidden, Ending::Approved),
            ("FINISHED", "", "", Known(true), Ending::Completed),
            ("FINISHED", "-", "", Known(false), Ending::Rejected),
            // The node that refused was deleted from the flow.
            ("FINISHED", "-+", "", Known(true), Ending::Rejected),
            ("FINISHED", "-+", "", Forbidden, Ending::Rejected),
            ("FINISHED", "", "admin", Known(true), Ending::Closed),
            ("FINISHED", "+", "?", Known(true), Ending::Undetermined),
            ("FINISHED", "+", "", NotYet, Ending::Undetermined),
            ("TERMINATED", "-", "system", Forbidden, Ending::RejectedAndTerminated),
            ("TERMINATED", "-", "dave", Forbidden, Ending::Terminated),
            ("TERMINATED", "", "dave", Forbidden, Ending::Terminated),
            ("TERMINATED", "", "system", Forbidden, Ending::Undetermined),
            ("TERMINATED", "-", "?", Forbidden, Ending::Undetermined),
            ("REVOKED", "-", "carol", Forbidden, Ending::Withdrawn),
            ("DONE_OK", "+", "", Forbidden, Ending::Closed),
        ] {
            let told = explain(ticket(status, true), vec![], history(decisions, by), result);
            assert_eq!(told.ending, ending, "{status} {decisions} {by}");
            assert!(told.waiting_for.is_empty());
            assert_eq!(told.words.is_empty(), ending != Ending::Undetermined);
        }
    }

    #[test]
    fn an_open_ticket_waits_for_its_nodes_and_without_any_it_is_stuck() {
        let open = explain(ticket("FINISHED", false), vec![node()], history("", "?"), Forbidden);
        assert_eq!((open.ending, open.waiting_for.len()), (Ending::Open, 1));
        let stuck = explain(ticket("RUNNING", false), vec![], history("", "?"), Forbidden);
        assert_eq!(stuck.ending, Ending::Stuck);
        assert!(stuck.words.contains("no node runs"));
    }
}
