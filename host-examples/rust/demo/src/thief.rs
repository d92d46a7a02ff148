//! Another app that may create tickets, and has seen the header of somebody's callback.

use anyhow::{Context, Result};
use fake_itsm::{CallbackAttempt, FakeItsm, HttpClient, TicketView};
use serde_json::{Value, json};

/// Makes a ticket that calls back where the victim's does, with its header, and whose tag is the
/// operation id that stands in the header; approves it; and gives ITSM's genuine callback.
pub async fn approve_in_place_of(fake: &FakeItsm, victim: &TicketView) -> Result<CallbackAttempt> {
    let header = victim.meta["headers"]["X-Itsm-Binding"].as_str();
    let operation_id = header.and_then(|header| header.split('.').nth(2));
    let ticket = json!({
        "creator": "mallory",
        "fast_approval": true,
        "fields": [
            {"key": "title", "value": victim.title},
            {"key": "APPROVER", "value": "mallory"},
            {"key": "APPROVAL_CONTENT", "value": "none of your business"},
        ],
        "tag": operation_id.context("a binding without an operation id")?,
        "meta": victim.meta,
    });
    let credentials = json!({"bk_app_code": "thief", "bk_app_secret": "of its own"}).to_string();
    let created = HttpClient::default()
        .post(
            &format!("{}/v2/itsm/create_ticket/", fake.gateway_url()),
            &[
                ("X-Bkapi-Authorization", credentials.as_str()),
                ("Content-Type", "application/json"),
            ],
            &ticket.to_string(),
        )
        .await?;
    let created: Value = serde_json::from_str(&created.body)?;
    let sn = created["data"]["sn"].as_str().context("no ticket")?;
    fake.approve(sn, "mallory").await?;
    fake.called_back(sn).await
}
