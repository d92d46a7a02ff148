//! The interface `callbacks`.

use super::Component;
use super::generated::exports::blueking::itsm::callbacks as wit;
use super::memory::wiping_stack;
use crate::domain::binding::{self, Binding, BindingError, Bound, Claims};
use crate::domain::callback::{self, Callback, NodeEvent, ParseError, Reply};
use crate::domain::reception::{self, Reception};
use crate::domain::secret::Secret;
use crate::domain::verdict;

impl wit::Guest for Component {
    fn receive(
        keys: Vec<String>,
        headers: Vec<wit::Header>,
        callback_url: String,
        now_s: u64,
        body: Vec<u8>,
    ) -> wit::Reception {
        let keys = secrets(keys);
        wiping_stack(|| reception::receive(&keys, &headers, &callback_url, now_s, &body)).into()
    }

    fn parse(body: Vec<u8>) -> Result<wit::Callback, wit::ParseError> {
        Ok(callback::parse(&body)?.into())
    }

    fn token(body: Vec<u8>) -> Result<String, wit::ParseError> {
        Ok(callback::token(&body)?.expose().to_owned())
    }

    fn conclude(status: String, approve_result: bool, ended: bool) -> wit::Verdict {
        verdict::conclude(&status, approve_result, ended).into()
    }

    fn bind(key: String, claims: wit::Claims) -> Result<wit::Binding, String> {
        let (key, claims) = (Secret::new(key), claims.into());
        Ok(wiping_stack(|| binding::bind(&key, &claims))?.into())
    }

    fn check_binding(
        keys: Vec<String>,
        headers: Vec<wit::Header>,
        callback_url: String,
        now_s: u64,
    ) -> Result<wit::Bound, wit::BindingError> {
        let keys = secrets(keys);
        Ok(wiping_stack(|| binding::check(&keys, &headers, &callback_url, now_s))?.into())
    }

    fn accepted() -> wit::Reply {
        callback::accepted().into()
    }

    fn refused(message: String) -> wit::Reply {
        callback::refused(&message).into()
    }

    fn parse_node_event(body: Vec<u8>) -> Result<wit::NodeEvent, wit::ParseError> {
        Ok(callback::parse_node_event(&body)?.into())
    }

    fn is_self_check(callback: wit::Callback) -> bool {
        Callback::from(callback).is_self_check()
    }
}

fn secrets(keys: Vec<String>) -> Vec<Secret> {
    keys.into_iter().map(Secret::new).collect()
}

impl From<Reception> for wit::Reception {
    fn from(reception: Reception) -> Self {
        match reception {
            Reception::Genuine(bound, callback) => {
                Self::Genuine(wit::BoundCallback { bound: bound.into(), callback: callback.into() })
            }
            Reception::SelfCheck(reply) => Self::SelfCheck(reply.into()),
            Reception::Refused { reply, why } => {
                Self::Refused(wit::Refusal { reply: reply.into(), why })
            }
        }
    }
}

impl From<Binding> for wit::Binding {
    fn from(binding: Binding) -> Self {
        Self { header: binding.header, tag: binding.tag.expose().to_owned() }
    }
}

impl From<Bound> for wit::Bound {
    fn from(bound: Bound) -> Self {
        Self { claims: bound.claims.into(), tag: bound.tag.expose().to_owned() }
    }
}

impl From<NodeEvent> for wit::NodeEvent {
    fn from(event: NodeEvent) -> Self {
        Self {
            sn: event.sn,
            title: event.title,
            status: event.status,
            creator: event.creator,
            node: event.node,
            output: event.output,
        }
    }
}

impl From<ParseError> for wit::ParseError {
    fn from(unreadable: ParseError) -> Self {
        match unreadable.redacted(&[]) {
            ParseError::TooLarge(limit) => Self::TooLarge(limit),
            ParseError::Malformed(why) => Self::Malformed(why),
            ParseError::Field(name, reason) => Self::Field(wit::FieldFault { name, reason }),
        }
    }
}

impl From<Reply> for wit::Reply {
    fn from(reply: Reply) -> Self {
        Self { status: reply.status, headers: reply.headers, body: reply.body }
    }
}

impl From<wit::Claims> for Claims {
    fn from(claims: wit::Claims) -> Self {
        Self {
            operation_id: claims.operation_id,
            callback_url: claims.callback_url,
            expires_s: claims.expires_s,
        }
    }
}

impl From<Claims> for wit::Claims {
    fn from(claims: Claims) -> Self {
        Self {
            operation_id: claims.operation_id,
            callback_url: claims.callback_url,
            expires_s: claims.expires_s,
        }
    }
}

impl From<BindingError> for wit::BindingError {
    fn from(unbound: BindingError) -> Self {
        match unbound {
            BindingError::Absent => Self::Absent,
            BindingError::Malformed => Self::Malformed,
            BindingError::UnknownKey => Self::UnknownKey,
            BindingError::Forged => Self::Forged,
            BindingError::Expired(claims) => Self::Expired(claims.into()),
            BindingError::InvalidKey(index) => Self::InvalidKey(index),
        }
    }
}
