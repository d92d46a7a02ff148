//! Values that several interfaces share.

use super::bindings::exports::blueking::itsm::{tickets, types as wit};
use crate::core::connection as core_connection;
use crate::core::failure::{Advice, Failure, Origin};
use crate::core::new_ticket;
use crate::core::secret::Secret;
use crate::core::ticket as core_ticket;

impl From<wit::Connection> for core_connection::Connection {
    fn from(connection: wit::Connection) -> Self {
        Self {
            endpoint: match connection.endpoint {
                wit::Endpoint::Gateway(url) => core_connection::Endpoint::Gateway(url),
                wit::Endpoint::Esb(url) => core_connection::Endpoint::Esb(url),
                wit::Endpoint::EsbLegacy(url) => core_connection::Endpoint::EsbLegacy(url),
            },
            authorization: match connection.authorization {
                wit::Authorization::AddedByHost => core_connection::Authorization::AddedByHost,
                wit::Authorization::App(app) => {
                    core_connection::Authorization::App(core_connection::AppCredentials {
                        app_code: app.app_code,
                        app_secret: Secret::new(app.app_secret),
                        user: app.user.map(Into::into),
                    })
                }
            },
            headers: connection.headers,
            deadline_ms: connection.deadline_ms,
        }
    }
}

impl From<wit::User> for core_connection::User {
    fn from(user: wit::User) -> Self {
        match user {
            wit::User::AccessToken(token) => Self::AccessToken(Secret::new(token)),
            wit::User::LoginToken(token) => Self::LoginToken(Secret::new(token)),
            wit::User::Name(name) => Self::Name(name),
            wit::User::Other((key, value)) => Self::Other(key, Secret::new(value)),
        }
    }
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            advice: match failure.advice {
                Advice::FixArgument(name) => wit::Advice::FixArgument(name),
                Advice::FixCredentials => wit::Advice::FixCredentials,
                Advice::AskPermission => wit::Advice::AskPermission,
                Advice::SendVerifiedUser => wit::Advice::SendVerifiedUser,
                Advice::AllowHost(host) => wit::Advice::AllowHost(host),
                Advice::WaitMs(wait) => wit::Advice::WaitMs(wait),
                Advice::LookUp => wit::Advice::LookUp,
                Advice::CallOperator => wit::Advice::CallOperator,
                Advice::GiveUp => wit::Advice::GiveUp,
                Advice::Other(words) => wit::Advice::Other(words),
            },
            may_have_acted: failure.may_have_acted,
            origin: match failure.origin {
                Origin::Argument => wit::Origin::Argument,
                Origin::Transport => wit::Origin::Transport,
                Origin::Gateway => wit::Origin::Gateway,
                Origin::Esb => wit::Origin::Esb,
                Origin::Itsm => wit::Origin::Itsm,
                Origin::Answer => wit::Origin::Answer,
            },
            code: failure.code,
            message: failure.message,
            request_id: failure.request_id,
        }
    }
}

impl From<tickets::NewTicket> for new_ticket::NewTicket {
    fn from(ticket: tickets::NewTicket) -> Self {
        Self {
            operation_id: ticket.operation_id,
            service: match ticket.service {
                tickets::Service::Id(id) => new_ticket::Service::Id(id),
                tickets::Service::FastApproval(fast) => new_ticket::Service::FastApproval {
                    approvers: fast.approvers,
                    content: fast.content,
                },
            },
            creator: ticket.creator,
            title: ticket.title,
            fields: ticket.fields.into_iter().map(Into::into).collect(),
            processors: ticket
                .processors
                .into_iter()
                .map(|node| new_ticket::Processors {
                    state_id: node.state_id,
                    users: node.users,
                })
                .collect(),
            callback: ticket.callback.map(Into::into),
            extra_json: ticket.extra_json,
        }
    }
}

impl From<tickets::CallbackTarget> for new_ticket::CallbackTarget {
    fn from(target: tickets::CallbackTarget) -> Self {
        Self {
            url: target.url,
            headers: target
                .headers
                .into_iter()
                .map(|(name, value)| (name, Secret::new(value)))
                .collect(),
        }
    }
}

impl From<tickets::Field> for new_ticket::Field {
    fn from(field: tickets::Field) -> Self {
        Self {
            key: field.key,
            value: match field.value {
                tickets::FieldValue::Text(text) => new_ticket::FieldValue::Text(text),
                tickets::FieldValue::People(users) => new_ticket::FieldValue::People(users),
                tickets::FieldValue::Json(text) => new_ticket::FieldValue::Json(text),
            },
        }
    }
}

impl From<core_ticket::CreatedTicket> for wit::CreatedTicket {
    fn from(created: core_ticket::CreatedTicket) -> Self {
        Self {
            sn: created.sn,
            id: created.id,
            ticket_url: created.ticket_url,
        }
    }
}

impl From<core_ticket::ApprovalResult> for tickets::ApprovalResult {
    fn from(result: core_ticket::ApprovalResult) -> Self {
        Self {
            sn: result.sn,
            title: result.title,
            status: result.status,
            approve_result: result.approve_result,
            ticket_url: result.ticket_url,
            updated_by: result.updated_by,
            updated_at: result.updated_at,
        }
    }
}

impl From<core_ticket::Confirmation> for wit::Confirmation {
    fn from(confirmation: core_ticket::Confirmation) -> Self {
        use core_ticket::Confirmation as Core;
        match confirmation {
            Core::Ended(outcome) => Self::Ended(outcome.into()),
            Core::Open(ticket) => Self::Open(ticket.into()),
            Core::Undecided(ticket) => Self::Undecided(ticket.into()),
            Core::Foreign => Self::Foreign,
            Core::Missing => Self::Missing,
            Core::Ambiguous(tickets) => {
                Self::Ambiguous(tickets.into_iter().map(Into::into).collect())
            }
            Core::TagsIgnored => Self::TagsIgnored,
        }
    }
}

impl From<core_ticket::Recovery> for wit::Recovery {
    fn from(recovery: core_ticket::Recovery) -> Self {
        use core_ticket::Recovery as Core;
        let all = |tickets: Vec<core_ticket::Ticket>| tickets.into_iter().map(Into::into).collect();
        match recovery {
            Core::Found(created) => Self::Found(created.into()),
            Core::Several(tickets) => Self::Several(all(tickets)),
            Core::Another(tickets) => Self::Another(all(tickets)),
            Core::Absent => Self::Absent,
            Core::TagsIgnored => Self::TagsIgnored,
        }
    }
}
