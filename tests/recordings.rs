//! Every recorded exchange with a real server, decoded as the component decodes it.
//!
//! A line of `fixtures/ACTION.jsonl` holds an answer as the server gave it and what it means, in
//! this test's words. Nothing is skipped: an action without recordings or without a decoder here fails the test.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use blueking_itsm::domain::action::{self, ALL, Action};
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
use std::collections::BTreeSet;
use std::path::Path;

/// Files that no action has: callbacks; exchanges at addresses that no action of ours has; whole tickets,
/// which tests/stories.rs reads; and the requests of these answers, which tests/fake-itsm/tests/replay plays.
const NO_ACTIONS: [&str; 4] = ["callback", "others", "stories", "exchanges"];

#[test]
fn every_recorded_exchange_means_what_a_reader_of_it_expects() {
    let (mut decoded, mut typed) = (0, 0);
    let mut compare = |file: &str, means: &dyn Fn(&Value) -> Value| {
        for fixture in fixtures(file) {
            let means = means(&fixture);
            assert_eq!(means, fixture["means"], "{file}: {}", fixture["name"]);
            decoded += 1;
            typed += usize::from(means.is_object());
        }
    };
    for action in actions() {
        compare(&file_of(action), &|fixture| read_answer(action, &fixture["answer"]));
    }
    compare("callback", &|fixture| read_callback(fixture["body"].as_str().unwrap()));
    // Each names the nearest action.
    compare("others", &|fixture| {
        let nearest = actions().find(|action| fixture["action"] == *file_of(action));
        read_answer(nearest.expect("an action"), &fixture["answer"])
    });
    let figures = format!("decoded {decoded}, typed {typed}, skipped {}", decoded - typed);
    println!("{figures}");
    assert_eq!(decoded, typed);
    let evidence = std::fs::read_to_string(root().join("docs/evidence.md")).unwrap();
    assert!(evidence.contains(&figures), "docs/evidence.md should say: {figures}");
}

#[test]
fn every_action_has_recordings_and_every_file_of_recordings_is_read() {
    let expected = actions().map(file_of).chain(NO_ACTIONS.map(str::to_owned));
    assert_eq!(files(), expected.collect::<BTreeSet<_>>());
    for file in files() {
        assert!(!fixtures(&file).is_empty(), "{file}.jsonl is empty");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn actions() -> impl Iterator<Item = &'static Action> {
    ALL.iter().map(|entry| entry.action)
}

fn file_of(action: &Action) -> String {
    action.path.replace('/', "_")
}

fn files() -> BTreeSet<String> {
    let paths = std::fs::read_dir(root().join("tests/fixtures")).unwrap();
    paths
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

fn fixtures(file: &str) -> Vec<Value> {
    let path = root().join(format!("tests/fixtures/{file}.jsonl"));
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How an action's data reads.
type Decoder = fn(Json) -> Result<Value, String>;

fn decoder(action: &Action) -> Decoder {
    fn done(_: Json) -> Result<Value, String> {
        Ok(json!({"done": true}))
    }
    /// What the component passes on as JSON: the names of its members.
    fn members(data: Json) -> Result<Value, String> {
        let data = value(data);
        let members = data.as_object().ok_or("`data` is no object")?;
        Ok(json!({"json": members.keys().collect::<Vec<_>>()}))
    }
    match *action {
        action::CREATE_TICKET => |data| {
            let CreatedTicket { sn, id, ticket_url } = CreatedTicket::decode(data)?;
            Ok(json!({"created": {"sn": sn, "id": id, "ticket_url": ticket_url}}))
        },
        action::GET_TICKETS => |data| Ok(page_words(Page::<Ticket>::decode(data)?, ticket_words)),
        action::GET_TICKETS_BY_USER => {
            |data| Ok(page_words(Page::<UserTicket>::decode(data)?, user_ticket_words))
        }
        action::GET_TICKET_STATUS => |data| {
            let status = TicketStatus::decode(data)?;
            Ok(json!({"status": {
                "status": status.status,
                "running": all(status.running, node_words),
                "allowed_actions": status.allowed_actions,
                "ticket_url": status.ticket_url,
            }}))
        },
        action::GET_TICKET_INFO => |data| {
            let info = TicketInfo::decode(data, &sn(&value(data)))?;
            let field = |field: FilledField| {
                let value: Value = serde_json::from_str(&field.value_json).unwrap();
                json!([field.key, field.name, field.kind, value, field.display])
            };
            Ok(json!({"info": {
                "ticket": ticket_words(info.ticket),
                "running": all(info.running, node_words),
                "fields": all(info.fields, field),
            }}))
        },
        action::GET_TICKET_LOGS => |data| {
            let entry =
                |entry: LogEntry| json!([entry.operator, entry.at, entry.message, entry.source]);
            Ok(json!({"log": all(LogEntry::decode_all(data, &sn(&value(data)))?, entry)}))
        },
        action::OPERATE_TICKET => done,
        action::OPERATE_NODE => done,
        action::APPROVE => done,
        action::ADD_FOLLOWER => done,
        action::EDIT_FIELD => done,
        action::COMMENT => done,
        action::GET_APPROVE_NODE_RESULT => |data| {
            let result = NodeResult::decode(data)?;
            Ok(
                json!({"decision": [result.name, result.processed_by, result.approved, result.remark]}),
            )
        },
        action::GET_APPROVER => |data| Ok(json!({"approvers": progress::decode_approvers(data)?})),
        action::TICKET_APPROVAL_RESULT => |data| {
            let sns: Vec<_> = rows(&value(data)).iter().map(sn).collect();
            Ok(json!({"results": all(ApprovalResult::decode_all(data, &sns)?, result_words)}))
        },
        action::TOKEN_VERIFY => |data| Ok(json!({"is_passed": ticket::decode_is_passed(data)?})),
        action::CALLBACK_FAILED_TICKET => |data| {
            let all = value(data);
            let all: Vec<_> =
                rows(&all).iter().map(|sn| sn.as_str().unwrap_or_default().to_owned()).collect();
            Ok(json!({"failed": ticket::decode_failed_list(data, &all)?}))
        },
        action::GET_SERVICES => |data| {
            let service = |service: Service| {
                json!([service.id, service.name, service.kind, service.description])
            };
            Ok(json!({"services": all(Service::decode_all(data)?, service)}))
        },
        action::GET_SERVICE_DETAIL => |data| {
            let detail = ServiceForm::decode(data)?;
            Ok(json!({"detail": {
                "id": detail.service.id,
                "workflow_id": detail.workflow_id,
                "name": detail.service.name,
                "fields": all(detail.fields, form_field_words),
            }}))
        },
        action::GET_SERVICE_CATALOGS => |data| {
            let row = |row: Catalog| json!([row.id, row.parent_id, row.key, row.name, row.level]);
            Ok(json!({"catalogs": all(Catalog::decode_all(data)?, row)}))
        },
        action::GET_SERVICE_ROLES => |data| {
            let node = |node: Node| {
                json!([node.id, node.name, node.processors, node.processors_type, node.all_sign])
            };
            Ok(json!({"roles": all(Node::decode_all(data)?, node)}))
        },
        action::GET_WORKFLOW_DETAIL => members,
        action::CREATE_SERVICE_CATALOG => members,
        action::IMPORT_SERVICE => members,
        action::UPDATE_SERVICE => members,
        _ => panic!("no decoder for the recordings of {}", action.path),
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

fn read_answer(action: &Action, answer: &Value) -> Value {
    let decode = decoder(action);
    let response = Response {
        status: answer["status"].as_u64().unwrap() as u16,
        headers: vec![(
            "Content-Type".to_owned(),
            answer["content_type"].as_str().unwrap().to_owned(),
        )],
        body: answer["body"].as_str().unwrap().as_bytes().to_vec(),
        came_at_s: 0,
    };
    envelope::decode(action, &response)
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
