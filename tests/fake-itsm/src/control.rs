//! What people do in ITSM's own pages, over HTTP, for programs in any language.

use crate::fault::{Fault, Stage};
use crate::site::Site;
use crate::ticket::MANAGER;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

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
        Some(Err(error)) => (400, json!({"error": error.to_string()}).to_string()),
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
                    "headers": seen.headers, "body": seen.body,
                })
            });
            seen.collect()
        }
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
        "fault" => fault(asked).context("no such fault").map(|fault| {
            let times = asked.get("times").and_then(Value::as_u64).unwrap_or(1);
            site.add_fault(text("action"), fault, times as u32);
        }),
        _ => return None,
    };
    Some(done.map(|()| json!({"ok": true})))
}

fn fault(asked: &Value) -> Option<Fault> {
    let number = |name: &str| asked.get(name).and_then(Value::as_u64).unwrap_or_default();
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(match asked.get("fault")?.as_str()? {
        "slow" => Fault::Slow(Duration::from_millis(number("ms"))),
        "drop-after-executing" => Fault::DropAfterExecuting,
        "drop-before-executing" => Fault::DropBeforeExecuting,
        "truncated" => Fault::Truncated,
        "cut-at" => Fault::CutAt(match asked.get("stage")?.as_str()? {
            "after-status-line" => Stage::AfterStatusLine,
            "in-headers" => Stage::InHeaders,
            "after-headers" => Stage::AfterHeaders,
            "in-body" => Stage::InBody,
            _ => return None,
        }),
        "hang" => Fault::Hang,
        "answer" => Fault::Answer {
            status: number("status") as u16,
            headers: vec![("content-type".into(), "application/json".into())],
            body: text("body"),
        },
        "html" => Fault::Html,
        "redirect" => Fault::Redirect(text("to")),
        "gateway" => Fault::Gateway {
            status: number("status") as u16,
            code: number("code") as u32,
            message: text("message"),
        },
        "esb" => Fault::Esb { code: number("code") as u32, message: text("message") },
        "tags-ignored" => Fault::TagsIgnored,
        "early-callback" => Fault::EarlyCallback,
        "duplicate-sn" => Fault::DuplicateSn,
        "result-not-visible" => Fault::ResultNotVisible,
        "never-starts" => Fault::NeverStarts,
        "lost-callback" => Fault::LostCallback,
        _ => return None,
    })
}
