//! The values of `types` that only a component with a network takes, and those of a new ticket.

use super::generated::exports::blueking::itsm::{tickets, types as wit};
use super::types::all;
use crate::domain::callback_target::CallbackTarget;
use crate::domain::connection;
use crate::domain::new_ticket;
use crate::domain::progress::RunningNode;
use crate::domain::secret::Secret;
use crate::domain::service::{Choice, FormField};
use crate::domain::ticket::ApprovalResult;

impl From<wit::Connection> for connection::Connection {
    fn from(connection: wit::Connection) -> Self {
        Self {
            endpoint: match connection.endpoint {
                wit::Endpoint::Gateway(url) => connection::Endpoint::Gateway(url),
                wit::Endpoint::Esb(url) => connection::Endpoint::Esb(url),
                wit::Endpoint::EsbLegacy(url) => connection::Endpoint::EsbLegacy(url),
            },
            authorization: match connection.authorization {
                wit::Authorization::AddedByHost => connection::Authorization::AddedByHost,
                wit::Authorization::App(app) => {
                    connection::Authorization::App(connection::AppCredentials {
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

impl From<wit::User> for connection::User {
    fn from(user: wit::User) -> Self {
        match user {
            wit::User::AccessToken(token) => Self::AccessToken(Secret::new(token)),
            wit::User::LoginToken(token) => Self::LoginToken(Secret::new(token)),
            wit::User::Name(name) => Self::Name(name),
            wit::User::Other(credential) => {
                Self::Other(credential.key, Secret::new(credential.value))
            }
        }
    }
}

impl From<tickets::NewTicket> for new_ticket::NewTicket {
    fn from(ticket: tickets::NewTicket) -> Self {
        Self {
            tag: Secret::new(ticket.tag),
            service: match ticket.service {
                tickets::Service::Id(id) => new_ticket::Service::Id(id),
                tickets::Service::FastApproval(fast) => new_ticket::Service::FastApproval {
                    approvers: fast.approvers,
                    content: fast.content,
                },
            },
            creator: ticket.creator,
            title: ticket.title,
            fields: all(ticket.fields),
            processors: all(ticket.processors),
            callback: ticket.callback.map(Into::into),
            extra_json: ticket.extra_json,
        }
    }
}

impl From<wit::CallbackTarget> for CallbackTarget {
    fn from(target: wit::CallbackTarget) -> Self {
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

impl From<wit::Field> for new_ticket::Field {
    fn from(field: wit::Field) -> Self {
        Self {
            key: field.key,
            value: match field.value {
                wit::FieldValue::Text(text) => new_ticket::FieldValue::Text(text),
                wit::FieldValue::People(users) => new_ticket::FieldValue::People(users),
                wit::FieldValue::Json(text) => new_ticket::FieldValue::Json(text),
            },
            extra_json: field.extra_json,
        }
    }
}

impl From<ApprovalResult> for tickets::ApprovalResult {
    fn from(result: ApprovalResult) -> Self {
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

impl From<wit::NodeProcessors> for new_ticket::NodeProcessors {
    fn from(node: wit::NodeProcessors) -> Self {
        Self { node_id: node.node_id, users: node.users }
    }
}

impl From<new_ticket::NodeProcessors> for wit::NodeProcessors {
    fn from(node: new_ticket::NodeProcessors) -> Self {
        Self { node_id: node.node_id, users: node.users }
    }
}

impl From<RunningNode> for wit::RunningNode {
    fn from(node: RunningNode) -> Self {
        Self {
            node_id: node.node_id,
            name: node.name,
            status: node.status,
            processors: node.processors,
            allowed_actions: node.allowed_actions,
            fields: all(node.fields),
        }
    }
}

impl From<FormField> for wit::FormField {
    fn from(field: FormField) -> Self {
        Self {
            key: field.key,
            name: field.name,
            kind: field.kind,
            required: field.required,
            choices: all(field.choices),
        }
    }
}

impl From<Choice> for wit::Choice {
    fn from(choice: Choice) -> Self {
        Self { key: choice.key, name: choice.name }
    }
}
