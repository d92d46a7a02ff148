//! The text of an outcome in a record.
//!
//! Each type names the members or cases of a type of another module as they are stored. The compiler refuses
//! a difference between the two, so that the stored names can't change by accident: where the other module
//! renames a member, write `#[serde(rename = "…")]` here.

use crate::domain::confirmation::Outcome;
use crate::domain::history::Decision;
use crate::domain::ticket::Ticket;
use crate::domain::verdict::{Evidence, Verdict};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Outcome", deny_unknown_fields)]
struct OutcomeText {
    #[serde(with = "TicketText")]
    ticket: Ticket,
    #[serde(with = "VerdictText")]
    verdict: Verdict,
    #[serde(with = "EvidenceText")]
    evidence: Evidence,
    #[serde(with = "decisions")]
    decisions: Vec<Decision>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Ticket", deny_unknown_fields)]
struct TicketText {
    sn: String,
    id: String,
    title: String,
    creator: String,
    service: String,
    status: String,
    created_at: String,
    ended_at: Option<String>,
    updated_by: Vec<String>,
    updated_at: String,
    ticket_url: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Verdict", rename_all = "kebab-case")]
pub(super) enum VerdictText {
    /// No record holds this: a ticket is delivered when it has ended.
    #[serde(skip)]
    Open,
    Approved,
    Rejected,
    Completed,
    Withdrawn,
    Terminated,
    Closed,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Evidence", rename_all = "kebab-case")]
pub(super) enum EvidenceText {
    Status,
    ApprovalResult,
    Decisions,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Decision", deny_unknown_fields)]
struct DecisionText {
    operator: String,
    approved: bool,
    remark: String,
    at: String,
    node_key: String,
}

/// An outcome in its box.
pub(super) mod outcome {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        outcome: &Outcome,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        OutcomeText::serialize(outcome, serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Box<Outcome>, D::Error> {
        OutcomeText::deserialize(deserializer).map(Box::new)
    }
}

/// A list of decisions.
mod decisions {
    use super::*;

    #[derive(Serialize)]
    struct Borrowed<'a>(#[serde(with = "DecisionText")] &'a Decision);

    #[derive(Deserialize)]
    struct Owned(#[serde(with = "DecisionText")] Decision);

    pub(super) fn serialize<S: Serializer>(
        decisions: &[Decision],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(decisions.iter().map(Borrowed))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Decision>, D::Error> {
        let decisions = Vec::<Owned>::deserialize(deserializer)?;
        Ok(decisions.into_iter().map(|Owned(decision)| decision).collect())
    }
}
