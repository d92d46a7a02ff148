//! Arguments to start from: tests change the member they are about.

use crate::wit_tickets::{
    CallbackTarget, Connection, FastApproval, Field, NewTicket, Service, TicketFilter,
};
use crate::wit_types::{AppCredentials, Authorization, Endpoint, FieldValue, User};

/// The app's id.
pub const APP_CODE: &str = "gate";
/// The app's secret.
pub const APP_SECRET: &str = "canary-app-secret-5f2c";
/// The user's access token.
pub const ACCESS_TOKEN: &str = "canary-access-token-91be";
/// The header that a callback is to carry.
pub const BINDING: &str = "v1.canary-binding-77a0";
/// A token to be verified.
pub const TOKEN: &str = "Y2FuYXJ5LWNhbGxiYWNrLXRva2VuLTMzZDI=";
/// The tag of a ticket.
pub const TAG: &str = "canarytag08c4";
/// What nothing that the component says may ever hold.
pub const CANARIES: [&str; 5] = [APP_SECRET, ACCESS_TOKEN, BINDING, TOKEN, TAG];

/// The server at `url` behind its gateway.
pub fn gateway(url: &str) -> Connection {
    connection(Endpoint::Gateway(format!("{url}/api/bk-itsm/prod")))
}

/// The server at `url` behind its ESB.
pub fn esb(url: &str) -> Connection {
    connection(Endpoint::Esb(url.to_owned()))
}

/// The server at `url` behind an ESB that reads no header.
pub fn esb_legacy(url: &str) -> Connection {
    connection(Endpoint::EsbLegacy(url.to_owned()))
}

/// A connection with all credentials that there are, and more time than any machine needs.
pub fn connection(endpoint: Endpoint) -> Connection {
    Connection {
        endpoint,
        authorization: app(Some(User::AccessToken(ACCESS_TOKEN.to_owned()))),
        headers: Vec::new(),
        deadline_ms: Some(120_000),
    }
}

/// The app's credentials.
pub fn app(user: Option<User>) -> Authorization {
    Authorization::App(AppCredentials {
        app_code: APP_CODE.to_owned(),
        app_secret: APP_SECRET.to_owned(),
        user,
    })
}

/// A ticket for the built-in approval, which has all that a ticket has to have.
pub fn fast_ticket() -> NewTicket {
    NewTicket {
        tag: TAG.to_owned(),
        service: Service::FastApproval(FastApproval {
            approvers: vec!["carol".to_owned(), "bob".to_owned()],
            content: "Delete the database \u{201c}orders\u{201d}.".to_owned(),
        }),
        creator: "alice".to_owned(),
        title: "Delete the database orders \u{5ba1}\u{6279}".to_owned(),
        fields: Vec::new(),
        processors: Vec::new(),
        callback: None,
        extra_json: None,
    }
}

/// Where to report the end, with a header that must not be seen.
pub fn callback_target(url: &str) -> CallbackTarget {
    CallbackTarget {
        url: url.to_owned(),
        headers: vec![("X-Itsm-Binding".to_owned(), BINDING.to_owned())],
    }
}

/// A field of text.
pub fn text(key: &str, value: &str) -> Field {
    field(key, FieldValue::Text(value.to_owned()))
}

/// A field.
pub fn field(key: &str, value: FieldValue) -> Field {
    Field { key: key.to_owned(), value, extra_json: None }
}

/// All tickets.
pub fn any_ticket() -> TicketFilter {
    TicketFilter {
        sns: vec![],
        creator: None,
        tag: None,
        project_key: None,
        service_ids: vec![],
        bk_biz_ids: vec![],
        statuses: vec![],
        created_from: None,
        created_to: None,
        ended_from: None,
        ended_to: None,
        waiting_for: None,
    }
}
