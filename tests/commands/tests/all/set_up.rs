//! Operations and their tickets, as the program makes them that a callback is for.

use component_tests::wit_callbacks::{Binding, Claims};
use component_tests::wit_tickets::{FastApproval, NewTicket, Service};
use component_tests::{Callbacks, Host, fast_ticket, gateway};
use fake_itsm::FakeItsm;
use serde_json::json;

/// The key of all bindings here.
pub const KEY: &str =
    "itsm-key.k1.00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The header and the tag that the ticket of an operation gets.
pub async fn binding(operation: &str, callback_url: &str) -> Binding {
    let claims = Claims {
        operation_id: operation.to_owned(),
        callback_url: callback_url.to_owned(),
        expires_s: u64::MAX,
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

/// A whole callback that claims an approval, with a token that passes.
pub fn callback(fake: &FakeItsm, sn: &str) -> String {
    json!({
        "sn": sn, "title": "t", "current_status": "FINISHED", "approve_result": true, "ticket_url": "u",
        "update_at": "", "updated_by": ",bob,", "last_approver": "bob", "token": fake.token(),
    })
    .to_string()
}
