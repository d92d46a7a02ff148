//! An ITSM that answers at once: each ticket has its tag as its number.

use serde_json::{Value, json};
use std::collections::HashSet;

/// So many tickets are known, and as many older ones.
const TICKETS: usize = 100_000;
/// What the gateway's path begins with where each ticket has ended.
pub const ENDED: &str = "/ended";

/// The tickets.
#[derive(Default)]
pub struct Tickets {
    recent: HashSet<String>,
    older: HashSet<String>,
    /// How many callbacks have failed.
    pub failed: usize,
}

impl Tickets {
    /// ITSM's answer to a request, by its path and its body.
    pub fn answer(&mut self, path: &str, body: &[u8]) -> Vec<u8> {
        let parameters: Value = serde_json::from_slice(body).unwrap_or_default();
        let tag = parameters.get("tag").and_then(Value::as_str).unwrap_or_default();
        let page = |sns: &[&str]| {
            let items: Vec<_> = sns
                .iter()
                .zip(1..)
                .map(|(sn, id)| ticket(sn, id, path.starts_with(ENDED)))
                .collect();
            json!({"page": 1, "total_page": 1, "count": items.len(), "items": items})
        };
        let data = if path.contains("/create_ticket") {
            self.keep(tag.to_owned());
            json!({"sn": tag, "id": 1, "ticket_url": URL})
        } else if path.contains("/callback_failed_ticket") {
            (0..self.failed).map(|number| format!("REQ{number:014}")).collect()
        } else if let Some(sns) = parameters.get("sns").and_then(Value::as_array) {
            page(&sns.iter().filter_map(Value::as_str).collect::<Vec<_>>())
        } else if self.recent.contains(tag) || self.older.contains(tag) {
            page(&[tag])
        } else {
            page(&[])
        };
        json!({"result": true, "code": 0, "message": "success", "data": data})
            .to_string()
            .into_bytes()
    }

    /// Makes a ticket with this tag.
    pub fn keep(&mut self, tag: String) {
        if self.recent.len() >= TICKETS {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(tag);
    }
}

const URL: &str = "http://itsm.example.com/1";

fn ticket(sn: &str, id: u32, ended: bool) -> Value {
    let at = "2026-11-24 07:45:06";
    let (status, end_at) = if ended { ("REVOKED", Some(at)) } else { ("RUNNING", None) };
    json!({
        "sn": sn, "id": id, "ticket_url": URL, "title": "t", "creator": "carol", "service_id": 2,
        "current_status": status, "updated_by": "carol", "create_at": at, "update_at": at, "end_at": end_at,
    })
}
