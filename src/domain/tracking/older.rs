//! Records as version 2 wrote them: as much of them as still means the same.

use super::record::{Phase, Record, Request};
use super::stored::VerdictText;
use crate::domain::verdict::Verdict;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Second {
    operation_id: String,
    phase: SecondPhase,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SecondPhase {
    Creating {
        unclear: bool,
    },
    Waiting {
        sn: String,
    },
    Delivering {
        outcome: SecondOutcome,
    },
    Delivered {
        sn: String,
        #[serde(with = "VerdictText")]
        verdict: Verdict,
    },
    Abandoned {
        why: String,
    },
}

#[derive(Deserialize)]
struct SecondOutcome {
    ticket: SecondTicket,
}

#[derive(Deserialize)]
struct SecondTicket {
    sn: String,
}

impl Second {
    pub(super) fn migrate(self) -> Record {
        let phase = match self.phase {
            SecondPhase::Creating { unclear: false } => Phase::Creating(Request::Sent),
            // The time that it waited was a difference of clocks, and counts no more.
            SecondPhase::Creating { unclear: true } => {
                Phase::Creating(Request::Lost { waited_s: 0 })
            }
            SecondPhase::Waiting { sn } => Phase::waiting(sn),
            // The verdict was reached by weaker rules, and may be too kind: ITSM is asked again.
            SecondPhase::Delivering { outcome } => Phase::waiting(outcome.ticket.sn),
            SecondPhase::Delivered { sn, verdict } => Phase::Delivered { sn, verdict },
            SecondPhase::Abandoned { why } => Phase::Abandoned { why },
        };
        Record::new(self.operation_id, None, phase)
    }
}
