//! Who decided and why: the ending of a ticket, from structured data only.

use super::state::{Decision, History, Step};
use super::ticket::Ticket;
use super::verdict::Verdict;
use std::collections::BTreeMap;

/// How a ticket stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It runs, and somebody has to act.
    Open,
    /// It runs, and no step of it does.
    Stuck,
    /// Each approval said yes.
    Approved,
    /// It finished without any approval.
    ApprovedByNobody,
    /// An approval said no, and the flow went on to its end.
    Refused,
    /// An approval said no, and its node ends the ticket then.
    RefusedAndTerminated,
    /// Somebody stopped it.
    TerminatedByHandler,
    /// Its creator took it back.
    Withdrawn,
    /// It ended with a status of the site's own.
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
    pub waiting_for: Vec<Step>,
}

/// Whom ITSM names when a refusal ends a ticket (read in the server's source).
const SYSTEM: &str = "system";

/// Explains a ticket from its running steps, its history and, if it could be read, ITSM's own
/// result over all approvals.
pub fn explain(
    ticket: Ticket,
    steps: Vec<Step>,
    history: History,
    approve_result: Option<bool>,
) -> Explanation {
    let refused = |decision: &Decision| !decision.approved;
    let ending = match (&ticket.ended_at, ticket.status.as_str()) {
        (None, _) if steps.is_empty() => Ending::Stuck,
        (None, _) => Ending::Open,
        (Some(_), "FINISHED") => finished(&history, approve_result),
        (Some(_), "REVOKED") => Ending::Withdrawn,
        (Some(_), "TERMINATED") => match (history.complete, history.last_operator.as_str()) {
            (true, SYSTEM) if history.decisions.last().is_some_and(refused) => {
                Ending::RefusedAndTerminated
            }
            (true, operator) if !operator.is_empty() && operator != SYSTEM => {
                Ending::TerminatedByHandler
            }
            _ => Ending::Undetermined,
        },
        (Some(_), _) => Ending::Closed,
    };
    Explanation {
        ticket,
        ending,
        decisions: history.decisions,
        waiting_for: if matches!(ending, Ending::Open) {
            steps
        } else {
            Vec::new()
        },
    }
}

fn finished(history: &History, approve_result: Option<bool>) -> Ending {
    let nobody = history.complete && history.decisions.is_empty();
    match approve_result.or_else(|| by_decisions(history)) {
        Some(true) if nobody => Ending::ApprovedByNobody,
        Some(true) => Ending::Approved,
        Some(false) => Ending::Refused,
        None => Ending::Undetermined,
    }
}

/// The verdict on a finished ticket by its decisions, where ITSM's result can't be read.
pub fn verdict_by_decisions(history: &History) -> Option<Verdict> {
    by_decisions(history).map(|approved| {
        if approved {
            Verdict::Approved
        } else {
            Verdict::Rejected
        }
    })
}

/// ITSM's rule over the nodes: approved if no node's result is a refusal, and a node decided again
/// counts as decided last.
///
/// The log tells several decisions at one node apart by who made them, but not a countersign from a
/// loop: when the last words of different people at one node contradict, only ITSM knows.
fn by_decisions(history: &History) -> Option<bool> {
    if !history.complete {
        return None;
    }
    let mut last_words: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    for decision in &history.decisions {
        last_words
            .entry(&decision.field_key)
            .or_default()
            .insert(&decision.operator, decision.approved);
    }
    let mut certain = true;
    for words in last_words.values() {
        let approvals = words.values().filter(|approved| **approved).count();
        if approvals == 0 {
            return Some(false);
        }
        certain &= approvals == words.len();
    }
    certain.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(status: &str, ended: bool) -> Ticket {
        Ticket {
            sn: "S".into(),
            id: 1,
            title: "t".into(),
            creator: "carol".into(),
            service_id: 2,
            status: status.into(),
            created_at: "t".into(),
            ended_at: ended.then(|| "t".into()),
            updated_by: vec![],
            updated_at: "t".into(),
            ticket_url: "u".into(),
        }
    }

    /// `"a:bob+ b:dave-"`: at node a bob said yes, then at node b dave said no.
    fn history(decisions: &str, last_operator: &str) -> History {
        let decisions = decisions.split_whitespace().map(|word| {
            let (node, who) = word.split_once(':').unwrap();
            Decision {
                field_key: node.into(),
                operator: who.trim_end_matches(['+', '-']).into(),
                approved: who.ends_with('+'),
                remark: String::new(),
                at: "t".into(),
            }
        });
        History {
            decisions: decisions.collect(),
            complete: true,
            last_operator: last_operator.into(),
        }
    }

    fn step() -> Step {
        Step {
            state_id: 15,
            name: "n".into(),
            status: "RUNNING".into(),
            processors: vec!["bob".into()],
            operations: vec![],
        }
    }

    #[test]
    fn each_ending_is_told_from_structured_data() {
        use Ending::*;
        for (status, decisions, last_operator, result, ending) in [
            ("FINISHED", "a:bob+", "", Some(true), Approved),
            ("FINISHED", "", "", Some(true), ApprovedByNobody),
            ("FINISHED", "a:bob-", "", Some(false), Refused),
            // First refused, then approved at another node.
            ("FINISHED", "a:bob- b:dave+", "", Some(false), Refused),
            ("FINISHED", "a:bob- b:dave+", "", None, Refused),
            ("FINISHED", "a:bob+ b:dave+", "", None, Approved),
            ("FINISHED", "", "", None, ApprovedByNobody),
            // The same person again at the same node: the latest counts.
            ("FINISHED", "a:bob- a:bob+", "", None, Approved),
            // Two people at one node who contradict: a countersign refuses, a loop approves.
            ("FINISHED", "a:bob- a:dave+", "", None, Undetermined),
            ("FINISHED", "a:bob- a:dave+ b:bob-", "", None, Refused),
            ("TERMINATED", "a:bob-", "system", None, RefusedAndTerminated),
            ("TERMINATED", "a:bob-", "dave", None, TerminatedByHandler),
            ("TERMINATED", "", "dave", None, TerminatedByHandler),
            ("TERMINATED", "", "system", None, Undetermined),
            ("TERMINATED", "a:bob-", "", None, Undetermined),
            ("REVOKED", "a:bob-", "carol", None, Withdrawn),
            ("DONE_OK", "a:bob+", "", None, Closed),
        ] {
            let explained = explain(
                ticket(status, true),
                vec![],
                history(decisions, last_operator),
                result,
            );
            assert_eq!(
                explained.ending, ending,
                "{status} {decisions} {last_operator}"
            );
            assert!(explained.waiting_for.is_empty());
        }
    }

    #[test]
    fn an_incomplete_log_decides_nothing() {
        let incomplete = History {
            complete: false,
            ..history("a:bob+", "dave")
        };
        for status in ["FINISHED", "TERMINATED"] {
            let explained = explain(ticket(status, true), vec![], incomplete.clone(), None);
            assert_eq!(explained.ending, Ending::Undetermined);
        }
        assert_eq!(verdict_by_decisions(&incomplete), None);
    }

    #[test]
    fn an_open_ticket_waits_for_its_steps_and_without_any_it_is_stuck() {
        let open = explain(
            ticket("FINISHED", false),
            vec![step()],
            history("", ""),
            None,
        );
        assert_eq!((open.ending, open.waiting_for.len()), (Ending::Open, 1));
        let stuck = explain(ticket("RUNNING", false), vec![], history("", ""), None);
        assert_eq!(stuck.ending, Ending::Stuck);
    }
}
