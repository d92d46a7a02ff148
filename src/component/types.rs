//! The values of `types` that every component has, to the domain's and back.

use super::generated::exports::blueking::itsm::types as wit;
use crate::domain::callback::Callback;
use crate::domain::confirmation::{Confirmation, Outcome, Recovery};
use crate::domain::failure::{Advice, Failure, Origin};
use crate::domain::history::Decision;
use crate::domain::ticket::{CreatedTicket, Ticket};
use crate::domain::verdict::{Evidence, Verdict};

/// A case `other`, with its words: a newer component's.
pub struct Unknown(pub String);

/// A list, each value converted.
pub fn all<T: Into<U>, U>(values: Vec<T>) -> Vec<U> {
    values.into_iter().map(Into::into).collect()
}

/// Conversions in both directions between records, or enums, whose members are the same.
macro_rules! same {
    (record $domain:ty, $wit:ty { $($member:ident),* $(,)? }) => {
        impl From<$domain> for $wit {
            fn from(value: $domain) -> Self {
                Self { $($member: value.$member.into()),* }
            }
        }
        impl From<$wit> for $domain {
            fn from(value: $wit) -> Self {
                Self { $($member: value.$member.into()),* }
            }
        }
    };
    (enum $domain:ident, $wit:ty { $($case:ident),* $(,)? }) => {
        impl From<$domain> for $wit {
            fn from(value: $domain) -> Self {
                match value { $($domain::$case => Self::$case),* }
            }
        }
        impl From<$wit> for $domain {
            fn from(value: $wit) -> Self {
                match value { $(<$wit>::$case => Self::$case),* }
            }
        }
    };
}

same!(enum Verdict, wit::Verdict { Open, Approved, Rejected, Completed, Withdrawn, Terminated, Closed });
same!(enum Evidence, wit::Evidence { Status, ApprovalResult, Decisions });
same!(enum Origin, wit::Origin { Argument, Transport, Gateway, Esb, Itsm, Answer });
same!(record Decision, wit::Decision { operator, approved, remark, at, node_key });
same!(record CreatedTicket, wit::CreatedTicket { sn, id, ticket_url });
same!(record Ticket, wit::Ticket {
    sn, id, title, creator, service, status, created_at, ended_at, updated_by, updated_at, ticket_url,
});
same!(record Callback, wit::Callback {
    sn, id, title, status, approve_result, ticket_url, updated_by, updated_at, last_approvers,
});
same!(record Failure, wit::Failure { advice, may_have_acted, origin, code, message, request_id });

impl From<Advice> for wit::Advice {
    fn from(advice: Advice) -> Self {
        match advice {
            Advice::FixArgument(name) => Self::FixArgument(name),
            Advice::FixCredentials => Self::FixCredentials,
            Advice::AskPermission => Self::AskPermission,
            Advice::SendVerifiedUser => Self::SendVerifiedUser,
            Advice::AllowHost(host) => Self::AllowHost(host),
            Advice::WaitMs(wait) => Self::WaitMs(wait),
            Advice::LookUp => Self::LookUp,
            Advice::CallOperator => Self::CallOperator,
            Advice::GiveUp => Self::GiveUp,
            Advice::Other(words) => Self::Other(words),
        }
    }
}

impl From<wit::Advice> for Advice {
    fn from(advice: wit::Advice) -> Self {
        match advice {
            wit::Advice::FixArgument(name) => Self::FixArgument(name),
            wit::Advice::FixCredentials => Self::FixCredentials,
            wit::Advice::AskPermission => Self::AskPermission,
            wit::Advice::SendVerifiedUser => Self::SendVerifiedUser,
            wit::Advice::AllowHost(host) => Self::AllowHost(host),
            wit::Advice::WaitMs(wait) => Self::WaitMs(wait),
            wit::Advice::LookUp => Self::LookUp,
            wit::Advice::CallOperator => Self::CallOperator,
            wit::Advice::GiveUp => Self::GiveUp,
            wit::Advice::Other(words) => Self::Other(words),
        }
    }
}

impl From<Outcome> for wit::Outcome {
    fn from(outcome: Outcome) -> Self {
        Self {
            ticket: outcome.ticket.into(),
            verdict: outcome.verdict.into(),
            evidence: outcome.evidence.into(),
            decisions: all(outcome.decisions),
        }
    }
}

impl From<wit::Outcome> for Outcome {
    fn from(outcome: wit::Outcome) -> Self {
        Self {
            ticket: outcome.ticket.into(),
            verdict: outcome.verdict.into(),
            evidence: outcome.evidence.into(),
            decisions: all(outcome.decisions),
        }
    }
}

impl From<Confirmation> for wit::Confirmation {
    fn from(confirmation: Confirmation) -> Self {
        match confirmation {
            Confirmation::Ended(outcome) => Self::Ended(outcome.into()),
            Confirmation::Open(ticket) => Self::Open(ticket.into()),
            Confirmation::Undecided(ticket) => Self::Undecided(ticket.into()),
            Confirmation::Undecidable(ticket, why) => {
                Self::Undecidable(wit::Undecidable { ticket: ticket.into(), why })
            }
            Confirmation::Foreign => Self::Foreign,
            Confirmation::Missing => Self::Missing,
            Confirmation::Ambiguous(tickets) => Self::Ambiguous(all(tickets)),
            Confirmation::Untraceable => Self::Untraceable,
        }
    }
}

impl TryFrom<wit::Confirmation> for Confirmation {
    type Error = Unknown;

    fn try_from(confirmation: wit::Confirmation) -> Result<Self, Unknown> {
        Ok(match confirmation {
            wit::Confirmation::Ended(outcome) => Self::Ended(outcome.into()),
            wit::Confirmation::Open(ticket) => Self::Open(ticket.into()),
            wit::Confirmation::Undecided(ticket) => Self::Undecided(ticket.into()),
            wit::Confirmation::Undecidable(undecidable) => {
                Self::Undecidable(undecidable.ticket.into(), undecidable.why)
            }
            wit::Confirmation::Foreign => Self::Foreign,
            wit::Confirmation::Missing => Self::Missing,
            wit::Confirmation::Ambiguous(tickets) => Self::Ambiguous(all(tickets)),
            wit::Confirmation::Untraceable => Self::Untraceable,
            wit::Confirmation::Other(words) => return Err(Unknown(words)),
        })
    }
}

impl From<Recovery> for wit::Recovery {
    fn from(recovery: Recovery) -> Self {
        match recovery {
            Recovery::Found(created) => Self::Found(created.into()),
            Recovery::Ambiguous(tickets) => Self::Ambiguous(all(tickets)),
            Recovery::Mismatched(tickets) => Self::Mismatched(all(tickets)),
            Recovery::Absent => Self::Absent,
            Recovery::Untraceable => Self::Untraceable,
        }
    }
}

impl TryFrom<wit::Recovery> for Recovery {
    type Error = Unknown;

    fn try_from(recovery: wit::Recovery) -> Result<Self, Unknown> {
        Ok(match recovery {
            wit::Recovery::Found(created) => Self::Found(created.into()),
            wit::Recovery::Ambiguous(tickets) => Self::Ambiguous(all(tickets)),
            wit::Recovery::Mismatched(tickets) => Self::Mismatched(all(tickets)),
            wit::Recovery::Absent => Self::Absent,
            wit::Recovery::Untraceable => Self::Untraceable,
            wit::Recovery::Other(words) => return Err(Unknown(words)),
        })
    }
}
