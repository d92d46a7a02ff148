use super::Component;
use super::bindings::exports::blueking::itsm::callbacks as wit;
use crate::core::secret::Secret;
use crate::core::{binding, callback, verdict};

impl wit::Guest for Component {
    fn parse(body: Vec<u8>) -> Result<wit::Callback, wit::Unreadable> {
        Ok(callback::parse(&body)?.into())
    }

    fn token(body: Vec<u8>) -> Result<String, wit::Unreadable> {
        Ok(callback::token(&body)?.expose().to_owned())
    }

    fn conclude(status: String, approve_result: bool, ended: bool) -> wit::Verdict {
        verdict::conclude(&status, approve_result, ended).into()
    }

    fn bind(key: String, claims: wit::Claims) -> Result<wit::Header, String> {
        binding::bind(&Secret::new(key), &claims.into()).map_err(str::to_owned)
    }

    fn check_binding(
        keys: Vec<String>,
        headers: Vec<wit::Header>,
        callback_url: String,
        now_s: u64,
    ) -> Result<wit::Claims, wit::Unbound> {
        let keys: Vec<_> = keys.into_iter().map(Secret::new).collect();
        let claims = binding::check(&keys, &headers, &callback_url, now_s)?;
        Ok(claims.into())
    }

    fn accepted() -> wit::Reply {
        callback::accepted().into()
    }

    fn parse_node_event(body: Vec<u8>) -> Result<wit::NodeEvent, wit::Unreadable> {
        Ok(callback::parse_node_event(&body)?.into())
    }

    fn is_self_check(callback: wit::Callback) -> bool {
        callback.sn == callback::SELF_CHECK_SN
    }

    fn refused(message: String) -> wit::Reply {
        callback::refused(&message).into()
    }
}

impl From<callback::Callback> for wit::Callback {
    fn from(callback: callback::Callback) -> Self {
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

impl From<callback::NodeEvent> for wit::NodeEvent {
    fn from(event: callback::NodeEvent) -> Self {
        Self {
            sn: event.sn,
            title: event.title,
            status: event.status,
            creator: event.creator,
            node: event.node,
            result: event.result,
        }
    }
}

impl From<callback::Unreadable> for wit::Unreadable {
    fn from(unreadable: callback::Unreadable) -> Self {
        match unreadable {
            callback::Unreadable::TooLarge(limit) => Self::TooLarge(limit),
            callback::Unreadable::Malformed(why) => Self::Malformed(why),
            callback::Unreadable::Field(name, why) => Self::Field((name, why)),
        }
    }
}

impl From<callback::Reply> for wit::Reply {
    fn from(reply: callback::Reply) -> Self {
        Self {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        }
    }
}

impl From<verdict::Verdict> for wit::Verdict {
    fn from(verdict: verdict::Verdict) -> Self {
        match verdict {
            verdict::Verdict::Open => Self::Open,
            verdict::Verdict::Approved => Self::Approved,
            verdict::Verdict::Rejected => Self::Rejected,
            verdict::Verdict::Withdrawn => Self::Withdrawn,
            verdict::Verdict::Terminated => Self::Terminated,
            verdict::Verdict::Closed => Self::Closed,
        }
    }
}

impl From<wit::Claims> for binding::Claims {
    fn from(claims: wit::Claims) -> Self {
        Self {
            operation_id: claims.operation_id,
            callback_url: claims.callback_url,
            expires_at: claims.expires_at,
        }
    }
}

impl From<binding::Claims> for wit::Claims {
    fn from(claims: binding::Claims) -> Self {
        Self {
            operation_id: claims.operation_id,
            callback_url: claims.callback_url,
            expires_at: claims.expires_at,
        }
    }
}

impl From<binding::Unbound> for wit::Unbound {
    fn from(unbound: binding::Unbound) -> Self {
        match unbound {
            binding::Unbound::Absent => Self::Absent,
            binding::Unbound::Malformed => Self::Malformed,
            binding::Unbound::UnknownKey => Self::UnknownKey,
            binding::Unbound::Forged => Self::Forged,
            binding::Unbound::Expired(claims) => Self::Expired(claims.into()),
            binding::Unbound::InvalidKey(index) => Self::InvalidKey(index),
        }
    }
}
