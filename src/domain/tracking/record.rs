//! A record, which is stored between two events.

use super::ABSENT_FOR_S;
use super::clock::Clock;
use super::older::Second;
use super::reading::{Unreadable, read};
use super::reports::{Failures, Reported};
use super::stored::{VerdictText, outcome};
use crate::domain::confirmation::Outcome;
use crate::domain::json::Json;
use crate::domain::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// The state of one awaited ticket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub(super) version: u32,
    pub(super) operation_id: String,
    /// The time by which a decision must have come, by the host's clock.
    pub(super) decide_by_s: Option<u64>,
    pub(super) phase: Phase,
    pub(super) clock: Clock,
    pub(super) failures: Failures,
    pub(super) reported: Reported,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Phase {
    /// No ticket is known.
    Creating(Request),
    /// The ticket is known; its end is not.
    Waiting { sn: String, withdrawal: Withdrawal },
    /// ITSM confirmed the end; the outcome may not have been handed over yet.
    Delivering {
        #[serde(with = "outcome")]
        outcome: Box<Outcome>,
    },
    /// The outcome was handed over. Nothing changes this.
    Delivered {
        sn: String,
        #[serde(with = "VerdictText")]
        verdict: Verdict,
    },
    /// There is no ticket, or none that can be told to be ours. A person was told.
    Abandoned { why: String },
}

/// What became of the request to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Request {
    /// It was ordered, and its answer can still come.
    Sent,
    /// Its answer was lost, or is late. So many seconds were counted since it left at the latest.
    Lost { waited_s: u64 },
    /// It is proven to have done nothing. The next one is ordered when due.
    Refused,
}

/// How it stands with taking the ticket back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Withdrawal {
    /// Nothing is under way, or what was ordered may have been interrupted by a crash. The next tick that
    /// is due after the time for a decision asks ITSM.
    NotYet,
    /// That tick asked. If ITSM says that the ticket is open, its withdrawal is ordered.
    Asked,
    /// A withdrawal failed, and ITSM is asked what is. If the ticket is open, the next one comes later.
    Failed,
    /// The same, but the next one would fail too.
    Denied,
    /// A person was told that the ticket can't be taken back.
    Impossible,
}

/// The version of the text. Records are stored for months, so that a text of one version never changes: what
/// changes a text, or adds a case to it, needs the next version.
pub(super) const VERSION: u32 = 3;

impl Record {
    pub(super) fn new(operation_id: String, decide_by_s: Option<u64>, phase: Phase) -> Self {
        Self {
            version: VERSION,
            operation_id,
            decide_by_s,
            phase,
            clock: Clock::default(),
            failures: Failures::default(),
            reported: Reported::default(),
        }
    }

    /// Reads a record, also one that an older version wrote.
    pub fn from_json(json: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let text = Json::parse(json.as_bytes()).map_err(|_| Unreadable);
        let versioned = text.and_then(|text| Ok((text, read(text)?)));
        let Ok((text, Versioned { version: version @ 2.. })) = versioned else {
            return Err("the record is not one that tracking wrote".to_owned());
        };
        let record = match version {
            2 => read(text).map(Second::migrate),
            VERSION => read(text),
            _ => {
                return Err(format!(
                    "the record has version {version}, and this component knows only up to {VERSION}: use the newer component"
                ));
            }
        };
        // A newer component may know more cases of the same version.
        record.map_err(|_| {
            format!(
                "the record has version {version}, but not the form that this component knows: use the newer component that wrote it"
            )
        })
    }

    /// The record as JSON text.
    pub fn to_json(&self) -> Result<String, String> {
        serde_json::to_string(self).map_err(|_| "the record can't be written as JSON".to_owned())
    }
}

impl Phase {
    pub(super) fn waiting(sn: String) -> Self {
        let withdrawal = Withdrawal::NotYet;
        Self::Waiting { sn, withdrawal }
    }

    /// The same, so many counted seconds later.
    pub(super) fn later(self, passed_s: u64) -> Self {
        match self {
            Self::Creating(Request::Lost { waited_s }) => {
                Self::Creating(Request::Lost { waited_s: waited_s.saturating_add(passed_s) })
            }
            other => other,
        }
    }

    /// The ticket, and its verdict if that is settled.
    pub(super) fn ticket(&self) -> Option<(&str, Option<Verdict>)> {
        match self {
            Self::Waiting { sn, .. } => Some((sn, None)),
            Self::Delivering { outcome } => Some((&outcome.ticket.sn, Some(outcome.verdict))),
            Self::Delivered { sn, verdict } => Some((sn, Some(*verdict))),
            Self::Creating(_) | Self::Abandoned { .. } => None,
        }
    }
}

impl Request {
    /// Whether there will be no ticket, if there was none so many seconds ago.
    pub(super) fn has_failed(self, age_s: u64) -> bool {
        match self {
            Self::Lost { waited_s } => waited_s >= ABSENT_FOR_S.saturating_add(age_s),
            Self::Sent | Self::Refused => false,
        }
    }
}
