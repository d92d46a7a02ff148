use super::Component;
use super::bindings::exports::blueking::itsm::tracking as wit_tracking;
use super::bindings::exports::blueking::itsm::types as wit;
use crate::core::callback::Callback;
use crate::core::ticket as core_ticket;
use crate::core::tracking::{self, Action, Event, Record, Step};
use crate::core::verdict::Verdict;

impl wit_tracking::Guest for Component {
    fn start(operation_id: String, now_s: u64) -> Result<wit_tracking::Step, String> {
        Ok(tracking::start(&operation_id, now_s)?.into())
    }

    fn advance(
        state_json: String,
        event: wit_tracking::Event,
        now_s: u64,
    ) -> Result<wit_tracking::Step, String> {
        let record = Record::read(&state_json)?;
        Ok(match event.try_into() {
            Ok(event) => record.advance(event, now_s).into(),
            Err(Unknown(words)) => record.unchanged(words, now_s).into(),
        })
    }
}

impl From<Step> for wit_tracking::Step {
    fn from(step: Step) -> Self {
        Self {
            state_json: step.record.write(),
            actions: step.actions.into_iter().map(Into::into).collect(),
            due_s: step.due_s,
        }
    }
}

impl From<Action> for wit_tracking::Action {
    fn from(action: Action) -> Self {
        match action {
            Action::Create => Self::Create,
            Action::Recover => Self::Recover,
            Action::Confirm(sn) => Self::Confirm(sn),
            Action::Deliver(outcome) => Self::Deliver((*outcome).into()),
            Action::Report(why) => Self::Report(why),
        }
    }
}

/// A case `other`, with its words: a newer component's.
pub struct Unknown(String);

impl TryFrom<wit_tracking::Event> for Event {
    type Error = Unknown;

    fn try_from(event: wit_tracking::Event) -> Result<Self, Unknown> {
        Ok(match event {
            wit_tracking::Event::Created(created) => Self::Created(created.into()),
            wit_tracking::Event::NotCreated => Self::NotCreated,
            wit_tracking::Event::Unclear => Self::Unclear,
            wit_tracking::Event::Recovered(recovery) => Self::Recovered(recovery.try_into()?),
            wit_tracking::Event::Callback(callback) => Self::Callback(callback.into()),
            wit_tracking::Event::Confirmed(answer) => Self::Confirmed(answer.try_into()?),
            wit_tracking::Event::Delivered => Self::Delivered,
            wit_tracking::Event::Tick => Self::Tick,
        })
    }
}

impl TryFrom<wit::Recovery> for core_ticket::Recovery {
    type Error = Unknown;

    fn try_from(recovery: wit::Recovery) -> Result<Self, Unknown> {
        Ok(match recovery {
            wit::Recovery::Found(created) => Self::Found(created.into()),
            wit::Recovery::Several(tickets) => Self::Several(all(tickets)),
            wit::Recovery::Another(tickets) => Self::Another(all(tickets)),
            wit::Recovery::Absent => Self::Absent,
            wit::Recovery::TagsIgnored => Self::TagsIgnored,
            wit::Recovery::Other(words) => return Err(Unknown(words)),
        })
    }
}

impl TryFrom<wit::Confirmation> for core_ticket::Confirmation {
    type Error = Unknown;

    fn try_from(confirmation: wit::Confirmation) -> Result<Self, Unknown> {
        Ok(match confirmation {
            wit::Confirmation::Ended(outcome) => Self::Ended(outcome.into()),
            wit::Confirmation::Open(ticket) => Self::Open(ticket.into()),
            wit::Confirmation::Undecided(ticket) => Self::Undecided(ticket.into()),
            wit::Confirmation::Foreign => Self::Foreign,
            wit::Confirmation::Missing => Self::Missing,
            wit::Confirmation::Ambiguous(tickets) => Self::Ambiguous(all(tickets)),
            wit::Confirmation::TagsIgnored => Self::TagsIgnored,
            wit::Confirmation::Other(words) => return Err(Unknown(words)),
        })
    }
}

fn all(tickets: Vec<wit::Ticket>) -> Vec<core_ticket::Ticket> {
    tickets.into_iter().map(Into::into).collect()
}

impl From<wit::CreatedTicket> for core_ticket::CreatedTicket {
    fn from(created: wit::CreatedTicket) -> Self {
        Self {
            sn: created.sn,
            id: created.id,
            ticket_url: created.ticket_url,
        }
    }
}

impl From<wit::Callback> for Callback {
    fn from(callback: wit::Callback) -> Self {
        Self {
            sn: callback.sn,
            title: callback.title,
            status: callback.status,
            approve_result: callback.approve_result,
            ticket_url: callback.ticket_url,
            updated_by: callback.updated_by,
            updated_at: callback.updated_at,
            last_approvers: callback.last_approvers,
        }
    }
}

impl From<core_ticket::Ticket> for wit::Ticket {
    fn from(ticket: core_ticket::Ticket) -> Self {
        Self {
            sn: ticket.sn,
            id: ticket.id,
            title: ticket.title,
            creator: ticket.creator,
            service_id: ticket.service_id,
            status: ticket.status,
            created_at: ticket.created_at,
            ended_at: ticket.ended_at,
            updated_by: ticket.updated_by,
            updated_at: ticket.updated_at,
            ticket_url: ticket.ticket_url,
        }
    }
}

impl From<wit::Ticket> for core_ticket::Ticket {
    fn from(ticket: wit::Ticket) -> Self {
        Self {
            sn: ticket.sn,
            id: ticket.id,
            title: ticket.title,
            creator: ticket.creator,
            service_id: ticket.service_id,
            status: ticket.status,
            created_at: ticket.created_at,
            ended_at: ticket.ended_at,
            updated_by: ticket.updated_by,
            updated_at: ticket.updated_at,
            ticket_url: ticket.ticket_url,
        }
    }
}

impl From<core_ticket::Outcome> for wit::Outcome {
    fn from(outcome: core_ticket::Outcome) -> Self {
        Self {
            ticket: outcome.ticket.into(),
            verdict: outcome.verdict.into(),
            evidence: match outcome.evidence {
                core_ticket::Evidence::Status => wit::Evidence::Status,
                core_ticket::Evidence::ApprovalResult => wit::Evidence::ApprovalResult,
                core_ticket::Evidence::Logs => wit::Evidence::Logs,
            },
        }
    }
}
impl From<wit::Outcome> for core_ticket::Outcome {
    fn from(outcome: wit::Outcome) -> Self {
        Self {
            ticket: outcome.ticket.into(),
            verdict: match outcome.verdict {
                wit::Verdict::Open => Verdict::Open,
                wit::Verdict::Approved => Verdict::Approved,
                wit::Verdict::Rejected => Verdict::Rejected,
                wit::Verdict::Withdrawn => Verdict::Withdrawn,
                wit::Verdict::Terminated => Verdict::Terminated,
                wit::Verdict::Closed => Verdict::Closed,
            },
            evidence: match outcome.evidence {
                wit::Evidence::Status => core_ticket::Evidence::Status,
                wit::Evidence::ApprovalResult => core_ticket::Evidence::ApprovalResult,
                wit::Evidence::Logs => core_ticket::Evidence::Logs,
            },
        }
    }
}
