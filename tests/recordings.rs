//! Every recorded exchange with a real server, decoded as the component decodes it.
//!
//! A line of `fixtures/ACTION.jsonl` holds an answer as the server gave it and what it means, in
//! this test's words. Nothing is skipped: a file without a decoder here fails the test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use blueking_itsm::domain::action::{self, Action};
use blueking_itsm::domain::failure::{Advice, Failure, Origin};
use blueking_itsm::domain::http::Response;
use blueking_itsm::domain::json::Json;
use blueking_itsm::domain::progress::{
    self, FilledField, LogEntry, NodeResult, RunningNode, TicketInfo, TicketStatus,
};
use blueking_itsm::domain::search::{Page, UserTicket};
use blueking_itsm::domain::service::{Catalog, FormField, Node, Service, ServiceForm};
use blueking_itsm::domain::ticket::{self, ApprovalResult, CreatedTicket, Ticket};
use blueking_itsm::domain::{callback, envelope, verdict};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[test]
fn every_recorded_exchange_means_what_a_reader_of_it_expects() {
    let (mut decoded, mut typed) = (0, 0);
    for file in files() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let fixture: Value = serde_json::from_str(line).unwrap();
            let means = match name.as_str() {
                "callback" => read_callback(fixture["body"].as_str().unwrap()),
                // Whole tickets: tests/stories.rs reads them.
                "stories" => continue,
                // The requests of these answers: tests/fake-itsm/tests/replay plays them to the fake.
                "exchanges" => continue,
                // Exchanges at addresses that no action of ours has: each names the nearest one.
                "others" => read_answer(fixture["action"].as_str().unwrap(), &fixture["answer"]),
                action => read_answer(action, &fixture["answer"]),
            };
            assert_eq!(means, fixture["means"], "{name}: {}", fixture["name"]);
            decoded += 1;
            typed += usize::from(means.is_object());
        }
    }
    println!("decoded {decoded}, typed {typed}, skipped {}", decoded - typed);
    assert_eq!((decoded, typed), (491, 491), "fixtures came or went");
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
type Decoder = (&'static Action, fn(Json) -> Result<Value, String>);

fn decoder(action: &str) -> Decoder {
    fn done(_: Json) -> Result<Value, String> {
        Ok(json!({"done": true}))
    }
    /// What the component passes on as JSON: the names of its members.
    fn members(data: Json) -> Result<Value, String> {
        let data = value(data);
        let members = data.as_object().ok_or("`data` is no object")?;
        Ok(json!({"json": members.keys().collect::<Vec<_>>()}))
    }
    match action {
        "create_ticket" => (&action::CREATE_TICKET, |data| {
            let CreatedTicket { sn, id, ticket_url } = CreatedTicket::read(data)?;
            Ok(json!({"created": {"sn": sn, "id": id, "ticket_url": ticket_url}}))
        }),
        "get_tickets" => {
            (&action::GET_TICKETS, |data| Ok(page_words(Page::<Ticket>::read(data)?, ticket_words)))
        }
        "get_tickets_by_user" => (&action::GET_TICKETS_BY_USER, |data| {
            Ok(page_words(Page::<UserTicket>::read(data)?, user_ticket_words))
        }),
        "get_ticket_status" => (&action::GET_TICKET_STATUS, |data| {
            let status = TicketStatus::read(data)?;
            Ok(json!({"status": {
                "status": status.status,
                "running": all(status.running, node_words),
                "allowed_actions": status.allowed_actions,
                "ticket_url": status.ticket_url,
            }}))
        }),
        "get_ticket_info" => (&action::GET_TICKET_INFO, |data| {
            let info = TicketInfo::read(data, &sn(&value(data)))?;
            let field = |field: FilledField| {
                let value: Value = serde_json::from_str(&field.value_json).unwrap();
                json!([field.key, field.name, field.kind, value, field.display])
            };
            Ok(json!({"info": {
                "ticket": ticket_words(info.ticket),
                "running": all(info.running, node_words),
                "fields": all(info.fields, field),
            }}))
        }),
        "get_ticket_logs" => (&action::GET_TICKET_LOGS, |data| {
            let entry =
                |entry: LogEntry| json!([entry.operator, entry.at, entry.message, entry.source]);
            Ok(json!({"log": all(LogEntry::read_all(data, &sn(&value(data)))?, entry)}))
        }),
        "operate_ticket" => (&action::OPERATE_TICKET, done),
        "operate_node" => (&action::OPERATE_NODE, done),
        "approve" => (&action::APPROVE, done),
        "add_follower" => (&action::ADD_FOLLOWER, done),
        "edit_field" => (&action::EDIT_FIELD, done),
        "comment" => (&action::COMMENT, done),
        "get_approve_node_result" => (&action::GET_APPROVE_NODE_RESULT, |data| {
            let result = NodeResult::read(data)?;
            Ok(
                json!({"decision": [result.name, result.processed_by, result.approved, result.remark]}),
            )
        }),
        "get_approver" => (&action::GET_APPROVER, |data| {
            Ok(json!({"approvers": progress::read_approvers(data)?}))
        }),
        "ticket_approval_result" => (&action::TICKET_APPROVAL_RESULT, |data| {
            let sns: Vec<_> = rows(&value(data)).iter().map(sn).collect();
            Ok(json!({"results": all(ApprovalResult::read_all(data, &sns)?, result_words)}))
        }),
        "token_verify" => {
            (&action::TOKEN_VERIFY, |data| Ok(json!({"is_passed": ticket::read_is_passed(data)?})))
        }
        "callback_failed_ticket" => (&action::CALLBACK_FAILED_TICKET, |data| {
            let all = value(data);
            let all: Vec<_> =
                rows(&all).iter().map(|sn| sn.as_str().unwrap_or_default().to_owned()).collect();
            Ok(json!({"failed": ticket::read_failed_list(data, &all)?}))
        }),
        "get_services" => (&action::GET_SERVICES, |data| {
            let service = |service: Service| {
                json!([service.id, service.name, service.kind, service.description])
            };
            Ok(json!({"services": all(Service::read_all(data)?, service)}))
        }),
        "get_service_detail" => (&action::GET_SERVICE_DETAIL, |data| {
            let detail = ServiceForm::read(data)?;
            Ok(json!({"detail": {
                "id": detail.service.id,
                "workflow_id": detail.workflow_id,
                "name": detail.service.name,
                "fields": all(detail.fields, form_field_words),
            }}))
        }),
        "get_service_catalogs" => (&action::GET_SERVICE_CATALOGS, |data| {
            let row = |row: Catalog| json!([row.id, row.parent_id, row.key, row.name, row.level]);
            Ok(json!({"catalogs": all(Catalog::read_all(data)?, row)}))
        }),
        "get_service_roles" => (&action::GET_SERVICE_ROLES, |data| {
            let node = |node: Node| {
                json!([node.id, node.name, node.processors, node.processors_type, node.all_sign])
            };
            Ok(json!({"roles": all(Node::read_all(data)?, node)}))
        }),
        "get_workflow_detail" => (&action::GET_WORKFLOW_DETAIL, members),
        "create_service_catalog" => (&action::CREATE_SERVICE_CATALOG, members),
        "import_service" => (&action::IMPORT_SERVICE, members),
        "update_service" => (&action::UPDATE_SERVICE, members),
        other => panic!("no decoder for the recordings of {other}"),
    }
}

fn all<T>(rows: Vec<T>, words: impl Fn(T) -> Value) -> Vec<Value> {
    rows.into_iter().map(words).collect()
}

fn page_words<T>(page: Page<T>, words: impl Fn(T) -> Value) -> Value {
    json!({
        "tickets": all(page.tickets, words),
        "page": page.page,
        "pages": page.pages,
        "total": page.total,
    })
}

fn node_words(node: RunningNode) -> Value {
    json!({
        "node_id": node.node_id,
        "name": node.name,
        "status": node.status,
        "processors": node.processors,
        "allowed_actions": node.allowed_actions,
        "fields": all(node.fields, form_field_words),
    })
}

fn form_field_words(field: FormField) -> Value {
    let choices = all(field.choices, |choice| json!([choice.key, choice.name]));
    json!([field.key, field.name, field.kind, field.required, choices])
}

/// The number that an answer is about.
fn sn(data: &Value) -> String {
    data["sn"].as_str().unwrap_or_default().to_owned()
}

fn value(data: Json) -> Value {
    serde_json::from_str(data.text()).unwrap()
}

fn rows(data: &Value) -> &[Value] {
    data.as_array().map_or(&[], Vec::as_slice)
}

fn user_ticket_words(ticket: UserTicket) -> Value {
    json!({
        "sn": ticket.sn,
        "id": ticket.id,
        "title": ticket.title,
        "creator": ticket.creator,
        "service": ticket.service,
        "service_name": ticket.service_name,
        "project_key": ticket.project_key,
        "status": ticket.status,
        "created_at": ticket.created_at,
        "processors": ticket.processors,
        "waiting_approve": ticket.waiting_approve,
    })
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
        came_at_s: 0,
    };
    envelope::read(action, &response)
        .and_then(|data| decode(data).map_err(|why| Failure::answer(action, why)))
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
        "service": ticket.service,
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
