//! Operations and their tickets, as the program makes them that a callback is for.

use component_tests::wit_callbacks::{Binding, Claims};
use component_tests::wit_tickets::{FastApproval, NewTicket, Service};
use component_tests::{Callbacks, Host, Scripted, Step, fast_ticket, gateway};
use fake_itsm::FakeItsm;
use serde_json::json;
use std::time::Duration;

/// The key of all bindings here.
pub const KEY: &str =
    "itsm-key.k1.00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The key before, which may still be in use.
pub const OLD_KEY: &str =
    "itsm-key.k0.ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

/// The header and the tag that the ticket of an operation gets.
pub async fn binding(operation: &str, callback_url: &str) -> Binding {
    binding_until(u64::MAX, operation, callback_url).await
}

/// The same, with a moment at which it no longer holds.
pub async fn binding_until(expires_s: u64, operation: &str, callback_url: &str) -> Binding {
    let claims = Claims {
        operation_id: operation.to_owned(),
        callback_url: callback_url.to_owned(),
        expires_s,
    };
    Callbacks::alone().bind(KEY, &claims).await.unwrap()
}

/// A ticket for somebody's approval.
pub fn fast(tag: &str, approver: &str) -> NewTicket {
    NewTicket {
        tag: tag.to_owned(),
        service: Service::FastApproval(FastApproval {
            approvers: vec![approver.to_owned()],
            content: "open an account".to_owned(),
        }),
        ..fast_ticket()
    }
}

/// Makes a ticket, and waits until it waits for somebody.
pub async fn make(fake: &FakeItsm, ticket: &NewTicket) -> String {
    let created = Host::new().create(&gateway(&fake.url()), ticket).await;
    let sn = created.unwrap().sn;
    fake.started(&sn).await.unwrap();
    sn
}

/// Servers whose answers never end, each with what it is that does not.
pub async fn never_ending() -> Vec<(&'static str, Scripted)> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let body = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    let slowly = Duration::from_millis(20);
    let mut servers = Vec::new();
    for (what, first, again, pause) in [
        ("headers", head, "x: y\r\n", slowly),
        ("interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n", Duration::ZERO),
        ("chunks", &body, "1\r\n \r\n", slowly),
        ("chunks at once", &body, "1\r\n \r\n", Duration::ZERO),
    ] {
        let steps = vec![Step::Send(first.into()), Step::Forever(again.into(), pause)];
        servers.push((what, Scripted::always(steps).await));
    }
    servers
}

/// A whole callback that claims an approval, with a token that passes.
pub fn callback(fake: &FakeItsm, sn: &str) -> String {
    callback_with(&fake.token(), sn)
}

/// The same with any token.
pub fn callback_with(token: &str, sn: &str) -> String {
    json!({
        "sn": sn, "title": "t", "current_status": "FINISHED", "approve_result": true, "ticket_url": "u",
        "update_at": "", "updated_by": ",bob,", "last_approver": "bob", "token": token,
    })
    .to_string()
}
