//! What people do in ITSM's own pages, over HTTP, for programs in any language.

use crate::fault::{self, ALWAYS, Switch};
use crate::site::Site;
use crate::ticket::MANAGER;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) async fn control(
    site: &Arc<Site>,
    method: &str,
    verb: &str,
    body: &str,
) -> (u16, String) {
    let asked: Value = serde_json::from_str(body).unwrap_or_default();
    let answer = match method {
        "GET" => show(site, verb.trim_end_matches('/')),
        _ => act(site, verb.trim_end_matches('/'), &asked).await,
    };
    match answer {
        Some(Ok(answer)) => (200, answer.to_string()),
        Some(Err(error)) => (400, json!({"error": format!("{error:#}")}).to_string()),
        None => (404, json!({"error": "no such verb"}).to_string()),
    }
}

/// What is there. Nothing, where there is no such verb.
fn show(site: &Arc<Site>, verb: &str) -> Option<Result<Value>> {
    Some(Ok(match verb {
        "token" => json!(site.token()),
        "failed" => json!(site.world().failed),
        "tickets" => {
            let tickets = site.tickets().into_iter().map(|ticket| {
                json!({
                    "sn": ticket.sn, "title": ticket.title, "status": ticket.status, "tag": ticket.tag,
                    "ended": ticket.ended, "started": ticket.started,
                })
            });
            tickets.collect()
        }
        "callbacks" => {
            let sent = site.callbacks().into_iter().map(|sent| {
                json!({
                    "sn": sent.sn, "url": sent.url, "status": sent.status, "answer": sent.answer,
                    "delivered": sent.delivered, "lost": sent.lost,
                })
            });
            sent.collect()
        }
        "exchanges" => {
            let seen = site.exchanges().into_iter().map(|seen| {
                json!({
                    "action": seen.action, "method": seen.method, "path": seen.path, "query": seen.query,
                    "headers": seen.headers, "body": seen.body, "status": seen.status, "fault": seen.fault,
                })
            });
            seen.collect()
        }
        "faults" => site.faults().iter().map(Switch::to_string).collect(),
        _ => return None,
    }))
}

/// Does what people do. Nothing, where there is no such verb.
async fn act(site: &Arc<Site>, verb: &str, asked: &Value) -> Option<Result<Value>> {
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sn, who) = (text("sn"), text("who"));
    let done = match verb {
        "approve" | "refuse" => {
            let fields = asked.get("fields").and_then(Value::as_object);
            let fields: Vec<_> = fields
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            site.decide(sn, who, verb == "approve", text("remark"), &fields)
        }
        "hand-over" => site.hand_over(sn, who, text("to"), text("why")),
        "claim" => site.claim(sn, who),
        "suspend" => site.change(sn, |ticket| ticket.suspend(who, text("why"))),
        "resume" => site.change(sn, |ticket| ticket.resume(who)),
        "withdraw" => site.withdraw(sn, who).await,
        "terminate" => site.close(sn, "TERMINATED", who, "").await,
        "close" => site.close(sn, "FINISHED", who, "管理员关单").await,
        "end-with" => site.close(sn, text("status"), MANAGER, "").await,
        "set-status" => site.change(sn, |ticket| ticket.status = text("status").to_owned()),
        "edit-title" => site.edit_title(sn, who, text("title")),
        "merge" => site.merge(sn, text("under")),
        "delete-node" => {
            site.delete_node(asked.get("node").and_then(Value::as_u64).unwrap_or_default())
        }
        "fail-automatic" => site.change(sn, |ticket| ticket.automatic_fails = true),
        "retry-automatic" => site.retry_automatic(sn),
        "take-up" => site.take_up(sn),
        "mark-failed" => {
            site.world().failed.insert(sn.to_owned());
            Ok(())
        }
        "fault" => switch(asked).map(|switch| site.add_fault(switch)),
        "clear-faults" => {
            site.clear_faults();
            Ok(())
        }
        _ => return None,
    };
    Some(done.map(|()| json!({"ok": true})))
}

fn switch(asked: &Value) -> Result<Switch> {
    let said = |name: &str| match asked.get(name)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let text = |name: &str| said(name).unwrap_or_default();
    let fault = fault::kind(&text("fault"), &text("action"))?.make(said)?;
    let times = match asked.get("times") {
        None => 1,
        Some(Value::String(always)) if always == "always" => ALWAYS,
        Some(times) => {
            let number = times.as_u64().and_then(|times| times.try_into().ok());
            number.with_context(|| format!("times: {times} is no fit number"))?
        }
    };
    Ok(Switch { action: text("action"), fault, times })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, KINDS};
    use std::time::Duration;

    #[test]
    fn every_fault_can_be_asked_for() {
        for row in KINDS {
            let action = row.only_at.unwrap_or("get_services");
            let mut asked = json!({"action": action, "fault": row.name, "times": 2});
            for argument in row.arguments {
                let default = argument.default;
                let number = default.parse::<u64>().ok().filter(|_| argument.is_number);
                asked[argument.name] = number.map_or(json!(default), |number| json!(number));
            }
            let said = switch(&asked).unwrap();
            assert_eq!(said, Switch::parse(&format!("{action}={}*2", row.name)).unwrap());
        }
        let always = json!({"action": "approve", "fault": "slow", "ms": 7, "times": "always"});
        let slow = Fault::Slow(Duration::from_millis(7));
        let expected = Switch { action: "approve".into(), fault: slow, times: ALWAYS };
        assert_eq!(switch(&always).unwrap(), expected);
    }
}
