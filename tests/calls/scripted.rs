//! A server that answers by a script, and a clock that only the script and pauses move.

use blueking_itsm::calls::Client;
use blueking_itsm::domain::connection::{
    AppCredentials, Authorization, Connection, Endpoint, User,
};
use blueking_itsm::domain::http::{NoAnswer, Request, Response};
use blueking_itsm::domain::secret::Secret;
use blueking_itsm::transport::Transport;
use serde_json::{Value, json};
use std::collections::VecDeque;

pub const APP_SECRET: &str = "s3cret-of-the-app";
pub const USER_TOKEN: &str = "t0ken-of-the-user";

/// What the server does with one request, and how long that takes.
pub struct Step {
    pub answer: Result<Response, NoAnswer>,
    pub takes_ms: u64,
}

impl Step {
    pub fn after(self, takes_ms: u64) -> Self {
        Self { takes_ms, ..self }
    }
}

/// A server's whole part in a call, and what happened in it.
pub struct Script {
    steps: VecDeque<Step>,
    now: u64,
    under_way: usize,
    /// Each request by its action and its body, and each pause.
    pub events: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// `beside` so many others.
    Request {
        action: String,
        parameters: String,
        deadline: u64,
        beside: usize,
    },
    Pause(u64),
}

impl Transport for Script {
    /// The answer, and when it comes.
    type Sent = (Result<Response, NoAnswer>, u64);

    fn start(&mut self, request: &Request, deadline: u64) -> Result<Self::Sent, NoAnswer> {
        let target = request.target.expose();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let action = path.rsplit('/').find(|part| !part.is_empty()).unwrap().to_owned();
        let parameters = request.body.as_ref().map_or(query, Secret::expose).to_owned();
        let beside = self.under_way;
        self.under_way += 1;
        self.events.push(Event::Request { action, parameters, deadline, beside });
        let step = self.steps.pop_front();
        let step = step.unwrap_or_else(|| panic!("one request too many: {:?}", self.events));
        Ok((step.answer, self.now + step.takes_ms))
    }

    fn answer(&mut self, (answer, comes_at): Self::Sent) -> Result<Response, NoAnswer> {
        self.under_way -= 1;
        self.now = self.now.max(comes_at);
        answer
    }

    fn now(&mut self) -> u64 {
        self.now
    }

    fn pause(&mut self, until: u64) {
        self.events.push(Event::Pause(until - self.now));
        self.now = until;
    }

    fn random(&mut self) -> u128 {
        7
    }
}

pub fn connection() -> Connection {
    Connection {
        endpoint: Endpoint::Gateway("https://bk-itsm.example.com/prod".into()),
        authorization: Authorization::App(AppCredentials {
            app_code: "app".into(),
            app_secret: Secret::new(APP_SECRET.into()),
            user: Some(User::AccessToken(Secret::new(USER_TOKEN.into()))),
        }),
        headers: vec![],
        deadline_ms: None,
    }
}

pub fn client(steps: Vec<Step>) -> Client<Script> {
    let transport =
        Script { steps: steps.into(), now: 1_000_000, under_way: 0, events: Vec::new() };
    Client { transport, connection: connection() }
}

/// What was asked and waited for, in order: requests that go together stand together, with a `+`. Fails where
/// the script was not played to its end.
pub fn events(client: &Client<Script>) -> Vec<String> {
    let script = &client.transport;
    assert!(script.steps.is_empty(), "{} steps are left: {:?}", script.steps.len(), script.events);
    assert_eq!(script.under_way, 0, "an answer was not read: {:?}", script.events);
    let mut told: Vec<String> = Vec::new();
    for event in &script.events {
        match (event, told.last_mut()) {
            (Event::Request { action, beside: 1.., .. }, Some(others)) => {
                *others += &format!(" + {action}");
            }
            (Event::Request { action, .. }, _) => told.push(action.clone()),
            (Event::Pause(ms), _) => told.push(format!("{ms} ms")),
        }
    }
    told
}

pub fn says(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Step {
    let header = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    let headers = headers.iter().map(header).collect();
    Step { answer: Ok(Response { status, headers, body: body.into(), came_at_s: 0 }), takes_ms: 0 }
}

/// ITSM's success with this data.
pub fn data(data: Value) -> Step {
    says(
        200,
        &[],
        json!({"result": true, "code": 0, "message": "success", "data": data}).to_string(),
    )
}

/// ITSM's refusal.
pub fn refusal(code: Value, message: &str) -> Step {
    let body = json!({"result": false, "code": code, "message": message, "data": null});
    says(200, &[], body.to_string())
}

/// The gateway's refusal where a user must be verified.
pub fn user_wanted() -> Step {
    let body = json!({"code": 1_640_102, "code_name": "INVALID_ARGS", "message": "user authentication failed", "result": false, "data": null});
    says(401, &[("X-Bkapi-Error-Code", "1640102")], body.to_string())
}

/// A gateway that is down for a moment.
pub fn down() -> Step {
    says(503, &[], "sorry")
}

pub fn no_answer(cause: NoAnswer) -> Step {
    Step { answer: Err(cause), takes_ms: 0 }
}

/// A page of tickets: each row is its number, its status, and when it ended.
pub fn page(rows: &[Value]) -> Step {
    paged(1, 1, rows)
}

/// One of several pages.
pub fn paged(page: u32, pages: u32, rows: &[Value]) -> Step {
    data(
        json!({"page": page, "total_page": pages, "count": rows.len(), "next": null, "previous": null, "items": rows}),
    )
}

pub fn row(sn: &str, status: &str, ended_at: Option<&str>) -> Value {
    json!({
        "id": 30, "sn": sn, "title": "Deploy", "service_id": 2, "current_status": status,
        "updated_by": "carol", "update_at": "2026-11-25 21:52:44", "end_at": ended_at,
        "creator": "carol", "create_at": "2026-11-25 21:52:41", "bk_biz_id": -1,
        "ticket_url": "http://itsm.example.com/#/ticket/detail?id=30",
    })
}

pub const ENDED_AT: &str = "2026-11-25 21:52:44";

pub fn open(sn: &str) -> Value {
    row(sn, "RUNNING", None)
}

pub fn finished(sn: &str) -> Value {
    row(sn, "FINISHED", Some(ENDED_AT))
}

/// ITSM's results over all approvals.
pub fn results(results: &[(&str, bool)]) -> Step {
    let row = |&(sn, approve_result): &(&str, bool)| {
        json!({
            "sn": sn, "title": "Deploy", "ticket_url": "", "current_status": "FINISHED",
            "updated_by": "carol", "update_at": ENDED_AT, "approve_result": approve_result,
        })
    };
    data(Value::from_iter(results.iter().map(row)))
}

/// A whole log in which each of these decided at a node of their own.
pub fn log(sn: &str, decisions: &[bool]) -> Step {
    let entry = |operator: &str, source: &str, kind: &str, form: Value| {
        json!({
            "operator": operator, "operate_at": ENDED_AT, "message": "", "source": source,
            "form_data": form, "from_state_type": kind,
        })
    };
    let decision = |(node, approved): (usize, &bool)| {
        let field = |id, key: String, kind, value: &str| json!({"id": id, "key": key, "type": kind, "name": "", "desc": "", "value": value, "display_value": value});
        let key = |part| format!("{part}{node:031x}");
        let form = json!([
            field(79, key('a'), "RADIO", &approved.to_string()),
            field(80, key('b'), "TEXT", "ok"),
        ]);
        entry("bob", "API", "APPROVAL", form)
    };
    let begins = entry("carol", "WEB", "", json!({}));
    let ends = entry("", "SYS", "", json!({}));
    let decided = decisions.iter().enumerate().map(decision);
    let logs = Value::from_iter([begins].into_iter().chain(decided).chain([ends]));
    data(
        json!({"sn": sn, "title": "Deploy", "create_at": ENDED_AT, "creator": "carol", "logs": logs}),
    )
}
