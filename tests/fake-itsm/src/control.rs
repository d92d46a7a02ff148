//! What people do in ITSM's own pages, over HTTP, for programs in any language.

use crate::Inner;
use crate::fault::Fault;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

pub(crate) async fn control(
    inner: &Arc<Inner>,
    method: &str,
    verb: &str,
    body: &str,
) -> (u16, String) {
    let asked: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sn, who) = (text("sn"), text("who"));
    let done = match (method, verb.trim_end_matches('/')) {
        ("POST", "approve") => inner.decide(sn, who, true, text("remark")),
        ("POST", "refuse") => inner.decide(sn, who, false, text("remark")),
        ("POST", "withdraw") => inner.end(sn, "REVOKED", who).await,
        ("POST", "terminate") => inner.end(sn, "TERMINATED", who).await,
        ("POST", "end-with") => inner.end(sn, text("status"), who).await,
        ("POST", "set-status") => inner.set_status(sn, text("status")),
        ("POST", "mark-failed") => {
            inner.world().failed.insert(sn.to_owned());
            Ok(())
        }
        ("POST", "fault") => match fault(&asked) {
            Some(fault) => {
                let times = asked.get("times").and_then(Value::as_u64).unwrap_or(1);
                inner.add_fault(text("action"), fault, times as u32);
                Ok(())
            }
            None => Err(anyhow::anyhow!("no such fault")),
        },
        ("GET", "token") => return (200, json!(inner.token()).to_string()),
        ("GET", "failed") => return (200, json!(inner.world().failed).to_string()),
        ("GET", "tickets") => {
            let tickets: Vec<_> = inner.tickets().iter().map(|ticket| {
                json!({"sn": ticket.sn, "title": ticket.title, "status": ticket.status, "tag": ticket.tag, "ended": ticket.ended, "started": ticket.started})
            }).collect();
            return (200, json!(tickets).to_string());
        }
        ("GET", "callbacks") => {
            let sent: Vec<_> = inner.callbacks().iter().map(|sent| {
                json!({"sn": sent.sn, "url": sent.url, "status": sent.status, "answer": sent.answer, "delivered": sent.delivered, "lost": sent.lost})
            }).collect();
            return (200, json!(sent).to_string());
        }
        ("GET", "exchanges") => {
            let seen: Vec<_> = inner.exchanges().iter().map(|seen| {
                json!({"action": seen.action, "method": seen.method, "path": seen.path, "query": seen.query, "headers": seen.headers, "body": seen.body})
            }).collect();
            return (200, json!(seen).to_string());
        }
        _ => return (404, json!({"error": "no such verb"}).to_string()),
    };
    match done {
        Ok(()) => (200, json!({"ok": true}).to_string()),
        Err(error) => (400, json!({"error": error.to_string()}).to_string()),
    }
}

fn fault(asked: &Value) -> Option<Fault> {
    let number = |name: &str| asked.get(name).and_then(Value::as_u64).unwrap_or_default();
    let text = |name: &str| {
        asked
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Some(match asked.get("fault")?.as_str()? {
        "slow" => Fault::Slow(Duration::from_millis(number("ms"))),
        "drop-after-executing" => Fault::DropAfterExecuting,
        "drop-before-executing" => Fault::DropBeforeExecuting,
        "truncated" => Fault::Truncated,
        "html" => Fault::Html,
        "redirect" => Fault::Redirect(text("to")),
        "gateway" => Fault::Gateway {
            status: number("status") as u16,
            code: number("code") as u32,
            message: text("message"),
        },
        "esb" => Fault::Esb {
            code: number("code") as u32,
            message: text("message"),
        },
        "tags-ignored" => Fault::TagsIgnored,
        "early-callback" => Fault::EarlyCallback,
        "duplicate-sn" => Fault::DuplicateSn,
        "result-not-visible" => Fault::ResultNotVisible,
        "never-starts" => Fault::NeverStarts,
        "lost-callback" => Fault::LostCallback,
        _ => return None,
    })
}
