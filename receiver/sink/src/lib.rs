//! The receiver's two ready-made sinks. Both hand over the same JSON object for each outcome.
//!
//! Delivery is at least once: whoever takes the objects counts by `operation_id`.
#![cfg(target_arch = "wasm32")]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

#[cfg(feature = "forward")]
#[path = "forward.rs"]
mod target;
#[cfg(not(feature = "forward"))]
#[path = "stdout.rs"]
mod target;

use bindings::blueking::itsm::types::{Evidence, Verdict};
use bindings::exports::blueking::itsm::approval_sink::{Disposition, Guest, Outcome};
use serde_json::json;

mod bindings {
    #![allow(unsafe_code, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({ path: "../../wit", world: "sink" });
    use super::Sink;
    export!(Sink);
}

struct Sink;

impl Guest for Sink {
    fn ready() -> Result<(), String> {
        target::ready()
    }

    fn deliver(operation_id: String, outcome: Outcome) -> Disposition {
        let Outcome { ticket, verdict, evidence, decisions } = outcome;
        let decisions: Vec<_> = decisions
            .into_iter()
            .map(|decision| {
                json!({
                    "operator": decision.operator,
                    "approved": decision.approved,
                    "remark": decision.remark,
                    "at": decision.at,
                    "node_key": decision.node_key,
                })
            })
            .collect();
        let object = json!({
            "operation_id": operation_id,
            "verdict": verdict_word(verdict),
            "evidence": evidence_word(evidence),
            "decisions": decisions,
            "ticket": {
                "sn": ticket.sn,
                "id": ticket.id,
                "title": ticket.title,
                "creator": ticket.creator,
                "service": ticket.service,
                "status": ticket.status,
                "created_at": ticket.created_at,
                "ended_at": ticket.ended_at,
                "updated_by": ticket.updated_by,
                "updated_at": ticket.updated_at,
                "ticket_url": ticket.ticket_url,
            },
        });
        target::hand_over(&operation_id, &object.to_string())
    }
}

/// WIT's own words.
fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "open",
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
        Verdict::Completed => "completed",
        Verdict::Withdrawn => "withdrawn",
        Verdict::Terminated => "terminated",
        Verdict::Closed => "closed",
    }
}

fn evidence_word(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Status => "status",
        Evidence::ApprovalResult => "approval-result",
        Evidence::Decisions => "decisions",
    }
}
