//! Every recorded exchange with a real server, decoded as the component decodes it.
//!
//! A line of `fixtures/ACTION.jsonl` holds an answer as the server gave it and what it means, in
//! this test's words. Nothing is skipped: a file without a decoder here fails the test.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use blueking_itsm::core::action::{self, Action};
use blueking_itsm::core::failure::{Advice, Failure, Origin};
use blueking_itsm::core::http::Response;
use blueking_itsm::core::ticket::{self, ApprovalResult, CreatedTicket, Ticket};
use blueking_itsm::core::{callback, envelope, verdict};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[test]
fn every_recorded_exchange_means_what_a_reader_of_it_expects() {
    let mut decoded = 0;
    for file in files() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let fixture: Value = serde_json::from_str(line).unwrap();
            let means = match name.as_str() {
                "callback" => read_callback(fixture["body"].as_str().unwrap()),
                action => read_answer(action, &fixture["answer"]),
            };
            assert_eq!(means, fixture["means"], "{name}: {}", fixture["name"]);
            decoded += 1;
        }
    }
    println!("decoded {decoded}, skipped 0");
    assert!(decoded >= 174, "fixtures are missing: only {decoded}");
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    files
}

/// The recordings of an action, and how its data reads.
type Decoder = (&'static Action, fn(&Value) -> Result<Value, String>);

fn decoder(action: &str) -> Decoder {
    match action {
        "create_ticket" => (&action::CREATE_TICKET, |data| {
            let CreatedTicket { sn, id, ticket_url } = CreatedTicket::read(data)?;
            Ok(json!({"created": {"sn": sn, "id": id, "ticket_url": ticket_url}}))
        }),
        "get_tickets" => (&action::GET_TICKETS, |data| {
            let page = Ticket::read_page(data)?;
            Ok(json!({"tickets": page.into_iter().map(ticket_words).collect::<Vec<_>>()}))
        }),
        "ticket_approval_result" => (&action::TICKET_APPROVAL_RESULT, |data| {
            let results = ApprovalResult::read_all(data)?;
            Ok(json!({"results": results.into_iter().map(result_words).collect::<Vec<_>>()}))
        }),
        "token_verify" => (&action::TOKEN_VERIFY, |data| {
            Ok(json!({"is_passed": ticket::read_is_passed(data)?}))
        }),
        "callback_failed_ticket" => (&action::CALLBACK_FAILED_TICKET, |data| {
            Ok(json!({"failed": ticket::read_failed_list(data)?}))
        }),
        other => panic!("no decoder for the recordings of {other}"),
    }
}

fn read_answer(name: &str, answer: &Value) -> Value {
    let (action, decode) = decoder(name);
    let response = Response {
        status: answer["status"].as_u64().unwrap() as u16,
        headers: vec![(
            "Content-Type".to_owned(),
            answer["content_type"].as_str().unwrap().to_owned(),
        )],
        body: answer["body"].as_str().unwrap().as_bytes().to_vec(),
    };
    envelope::read(action, &response)
        .and_then(|data| decode(&data).map_err(|why| Failure::answer(action, why)))
        .unwrap_or_else(failure_words)
}

fn read_callback(body: &str) -> Value {
    let Ok(callback) = callback::parse(body.as_bytes()) else {
        return json!({"malformed": true});
    };
    let verdict = verdict::conclude(&callback.status, callback.approve_result, true);
    json!({
        "callback": {
            "sn": callback.sn,
            "title": callback.title,
            "status": callback.status,
            "approve_result": callback.approve_result,
            "ticket_url": callback.ticket_url,
            "updated_by": callback.updated_by,
            "updated_at": callback.updated_at,
            "last_approvers": callback.last_approvers,
        },
        "verdict": format!("{verdict:?}").to_lowercase(),
        "token": callback::token(body.as_bytes()).ok().unwrap().expose(),
    })
}

fn ticket_words(ticket: Ticket) -> Value {
    json!({
        "sn": ticket.sn,
        "id": ticket.id,
        "title": ticket.title,
        "creator": ticket.creator,
        "service_id": ticket.service_id,
        "status": ticket.status,
        "created_at": ticket.created_at,
        "ended_at": ticket.ended_at,
        "updated_by": ticket.updated_by,
        "updated_at": ticket.updated_at,
        "ticket_url": ticket.ticket_url,
    })
}

fn result_words(result: ApprovalResult) -> Value {
    json!({
        "sn": result.sn,
        "title": result.title,
        "status": result.status,
        "approve_result": result.approve_result,
        "ticket_url": result.ticket_url,
        "updated_by": result.updated_by,
        "updated_at": result.updated_at,
    })
}

fn failure_words(failure: Failure) -> Value {
    let advice = match failure.advice {
        Advice::FixArgument(name) => format!("fix-argument {name}"),
        Advice::AskPermission => "ask-permission".to_owned(),
        Advice::LookUp => "look-up".to_owned(),
        Advice::CallOperator => "call-operator".to_owned(),
        Advice::GiveUp => "give-up".to_owned(),
        other => format!("{other:?}"),
    };
    let origin = match failure.origin {
        Origin::Itsm => "itsm",
        Origin::Answer => "answer",
        other => panic!("no recording has a failure of {other:?}"),
    };
    json!({"failure": {
        "advice": advice,
        "may_have_acted": failure.may_have_acted,
        "origin": origin,
        "code": failure.code,
    }})
}
