//! Playing an exchange of which nothing is known but itself.
//!
//! The state is read from the exchange where that shows it, and else one is looked for among the few that a
//! ticket can be in. That the fake has one is all that an agreement says here: where the history is known,
//! `histories.rs` plays it.

use super::compare::Difference;
use super::crowd::names;
use super::exchange::{Exchange, Front};
use super::scene::{Played, Scene, fast};
use fake_itsm::Options;
use serde_json::{Value, json};
use std::time::Duration;

const FOR_EVER: Duration = Duration::from_secs(100_000);

/// More rows than this are not made for a list.
const MOST_TICKETS: usize = 400;

/// The flows of the fake: a service, its first node behind the form, and the names of its nodes.
const FLOWS: &[(u64, u64, &[&str])] = &[
    (2, 15, &["内置审批节点"]),
    (22, 225, &["内置审批节点"]),
    (28, 285, &["内置审批节点"]),
    (1, 4, &["负责人审批", "管理员审批"]),
    (20, 205, &["直接上级审批", "总监审批"]),
    (9, 85, &["审", "修改"]),
    (21, 215, &["审"]),
    (12, 115, &["审"]),
    (14, 135, &["可转审批"]),
    (11, 105, &["领导审批", "通知"]),
    (13, 125, &["签字", "审批"]),
    (32, 325, &["处理"]),
    (18, 175, &["处理", "审批"]),
    (19, 185, &["初审", "复审"]),
    (10, 95, &["初审", "复审"]),
    (17, 165, &["审", "归档"]),
    (33, 335, &["审", "归档"]),
    (8, 75, &["分支甲", "分支乙"]),
    (26, 265, &["负责人审批", "平台资源管理员审批"]),
    (15, 145, &["空审批"]),
    (16, 155, &["自审"]),
    (7, 65, &["会签过半"]),
    (3, 25, &["会签"]),
    (27, 275, &["认领审批"]),
    (4, 35, &["审批"]),
    (34, 345, &["会签节点"]),
    (35, 355, &["审批甲", "审批乙"]),
];

/// How many services the fake has.
const SERVICES: u64 = 35;

/// A state to try.
#[derive(Clone, Debug)]
enum State {
    Empty,
    /// The server wants the gateway's token.
    WithToken,
    /// Recorded ids of services mean this one.
    Service(u64),
    Rows(Vec<Value>, usize, Value),
    Log(Value),
    /// The project of the request is not there.
    NoProject,
    /// These numbers are on the failed list.
    Failed(Vec<String>),
    /// A ticket of a service, with its first node, somebody who may approve, and what happened to it.
    Ticket(u64, u64, String, &'static str),
}

/// Brings about the state that an exchange shows, and plays it. Gives the first difference.
pub async fn play(exchange: &Exchange) -> Option<Difference> {
    let exchange = &with_a_token_of_here(exchange);
    let found = play_as(exchange).await?;
    // The names of nodes are those of a flow's author: one of the fake's flows may be the same but for them.
    let unknown = unknown_nodes(exchange);
    let is_long_enough = |flow: &&(u64, u64, &[&str])| flow.2.len() >= unknown.len();
    if !unknown.is_empty() {
        for (_, _, names) in FLOWS.iter().filter(is_long_enough) {
            let mut renamed = exchange.clone();
            for (recorded, here) in unknown.iter().zip(*names) {
                for (before, behind) in
                    [("【", "】"), ("\"name\":\"", "\""), ("\"name\": \"", "\"")]
                {
                    let recorded = format!("{before}{recorded}{behind}");
                    let here = format!("{before}{here}{behind}");
                    renamed.answer.body = renamed.answer.body.replace(&recorded, &here);
                }
            }
            play_as(&renamed).await.as_ref()?;
        }
    }
    Some(found)
}

/// The names of nodes in an answer, where no flow of the fake has them all.
fn unknown_nodes(exchange: &Exchange) -> Vec<String> {
    let answer: Value = serde_json::from_str(&exchange.answer.body).unwrap_or_default();
    let data = &answer["data"];
    let list = |name: &str| data[name].as_array().cloned().unwrap_or_default();
    let steps = list("current_steps")
        .into_iter()
        .filter_map(|step| step["name"].as_str().map(str::to_owned));
    let entries =
        list("logs").into_iter().filter(|entry| !entry["message"].to_string().contains("修改字段"));
    let entries = entries.filter_map(|entry| between(entry["message"].as_str()?, "【", "】"));
    let mut nodes: Vec<String> = Vec::new();
    for name in steps.chain(entries).filter(|name| name != "提单") {
        if !nodes.contains(&name) {
            nodes.push(name);
        }
    }
    let knows_all =
        |flow: &(u64, u64, &[&str])| nodes.iter().all(|name| flow.2.contains(&name.as_str()));
    match FLOWS.iter().any(knows_all) {
        true => Vec::new(),
        false => nodes,
    }
}

/// A token that passed on its server is one that passes here.
fn with_a_token_of_here(exchange: &Exchange) -> Exchange {
    let mut exchange = exchange.clone();
    let token = serde_json::from_str(&exchange.body).ok();
    let token = token.and_then(|body: Value| body["token"].as_str().map(str::to_owned));
    if let Some(token) = token.filter(|_| {
        exchange.answer.body.contains("\"is_passed\":true") && !exchange.body.contains("{token")
    }) {
        exchange.body = exchange.body.replace(token.trim(), "{token}");
    }
    exchange
}

async fn play_as(exchange: &Exchange) -> Option<Difference> {
    let mut nearest: Option<(usize, Vec<Difference>)> = None;
    for state in states(exchange) {
        let Some(found) = in_state(exchange, &state).await else {
            continue;
        };
        if found.is_empty() {
            return None;
        }
        // What was read from the answer comes nearer than what was only tried.
        let is_read = matches!(state, State::Log(_) | State::Rows(..) | State::Failed(_));
        let distance = if is_read { 0 } else { found.len() };
        if nearest.as_ref().is_none_or(|(known, _)| distance < *known) {
            nearest = Some((distance, found));
        }
    }
    nearest?.1.into_iter().next()
}

/// Whether a difference is only that a site has other services and catalogues than the fake.
pub fn is_of_a_site(exchange: &Exchange, difference: &Difference) -> bool {
    matches!(exchange.action(), "get_services" | "get_service_catalogs")
        && difference.path.starts_with(".data")
}

fn states(exchange: &Exchange) -> Vec<State> {
    let body: Value = serde_json::from_str(&exchange.body).unwrap_or_default();
    let answer: Value = serde_json::from_str(&exchange.answer.body).unwrap_or_default();
    let data = &answer["data"];
    let asked = |name: &str| {
        let in_query = exchange.query.iter().find(|(key, _)| key == name);
        let in_query = in_query.map(|(_, value)| value.clone());
        in_query.or_else(|| body[name].as_str().map(str::to_owned))
    };
    let mut states = vec![State::Empty];
    let rows = data.get("items").unwrap_or(data).as_array();
    if let Some(rows) = rows.filter(|rows| rows.iter().any(|row| row["sn"].is_string())) {
        let count = data["count"].as_u64().unwrap_or(rows.len() as u64) as usize;
        let tag = body["tag"].as_str();
        for also in [
            json!({"tag": tag}),
            json!({"tag": tag, "handled_by": asked("user")}),
            json!({"tag": tag, "suspended_by": asked("user")}),
        ] {
            states.push(State::Rows(rows.clone(), count.min(MOST_TICKETS), also));
        }
    }
    let texts = data.as_array().into_iter().flatten().filter_map(Value::as_str);
    let texts: Vec<_> = texts.map(str::to_owned).collect();
    if !texts.is_empty() {
        states.push(State::Failed(texts));
    }
    if data["logs"].is_array() {
        states.push(State::Log(data.clone()));
    }
    if data["fields"].is_array() && data["sn"].is_string() {
        states.push(State::Rows(vec![data.clone()], 1, of_fields(data)));
    }
    let is_of_service = ["service_id", "workflow_id"]
        .iter()
        .any(|name| exchange.query.iter().any(|(key, _)| key == name) || body[*name].is_number());
    if is_of_service {
        states.extend((1..=SERVICES).map(State::Service));
    }
    if body["project_key"].is_string() {
        states.push(State::NoProject);
    }
    let sn = asked("sn").or_else(|| asked("process_inst_id"));
    if sn.is_some() || data["sn"].is_string() {
        let steps = data["current_steps"].as_array().into_iter().flatten();
        let steps: Vec<_> = steps.filter_map(|step| step["name"].as_str()).collect();
        let is_known = |flow: &&(u64, u64, &[&str])| {
            steps.iter().all(|step| *step == "提单" || flow.2.contains(step))
        };
        let mut people: Vec<_> =
            ["approver", "operator", "handler"].iter().filter_map(|name| asked(name)).collect();
        let processors = data["current_steps"][0]["processors"].as_str();
        people.extend(processors.map(str::to_owned));
        people.extend(["bob".to_owned(), "admin,bob".to_owned()]);
        people.dedup();
        for (service, node, _) in FLOWS.iter().filter(is_known) {
            for who in &people {
                for stage in STAGES {
                    states.push(State::Ticket(*service, *node, who.clone(), stage));
                }
            }
        }
    }
    if exchange.headers.contains_key("x-bkapi-jwt") || exchange.answer.status == 403 {
        states.push(State::WithToken);
    }
    states
}

/// What an answer with a ticket's fields tells beside its row.
fn of_fields(data: &Value) -> Value {
    let fields = data["fields"].as_array().into_iter().flatten();
    let value = |wanted: &str| {
        let mut fields = fields.clone();
        fields.find(|field| field["key"] == wanted).map(|field| field["value"].clone())
    };
    let mut remarks =
        fields.clone().filter(|field| matches!(field["name"].as_str(), Some("备注" | "Remarks")));
    let remark = remarks.find_map(|field| field["value"].as_str());
    let is_refused =
        fields.clone().any(|field| field["type"] == "RADIO" && field["value"] == "false");
    let keys = |field: &&Value| field["key"].as_str().is_some_and(|key| key.len() < 32);
    let base = ["title", "impact", "urgency", "priority", "current_status"];
    let mut form: Vec<_> =
        fields.clone().filter(keys).filter(|field| !field["value"].is_null()).collect();
    form.reverse();
    form.dedup_by_key(|field| field["key"].clone());
    let mut given = vec![json!({"key": "title", "value": data["title"]})];
    for field in form {
        let is_known = given.iter().any(|known| known["key"] == field["key"]);
        if !is_known && !base.contains(&field["key"].as_str().unwrap_or_default()) {
            given.push(json!({"key": field["key"], "value": as_sent(&field["value"])}));
        }
    }
    json!({
        "approvers": value("APPROVER"), "remark": remark, "is_refused": is_refused, "fields": given,
        "is_stuck": fields.clone().any(|field| field["key"] == "title" && field["value"].is_null()),
    })
}

/// A value before the server wrote it as Python does.
fn as_sent(value: &Value) -> Value {
    let text = value.as_str().filter(|text| text.starts_with("[{'") || text.starts_with("{'"));
    let text = text.map(|text| text.replace('\'', "\""));
    let sent = text.and_then(|text| serde_json::from_str(&text).ok());
    sent.unwrap_or_else(|| value.clone())
}

/// What can have happened to a ticket.
const STAGES: [&str; 17] = [
    "running",
    "new",
    "in creation",
    "approved",
    "refused",
    "withdrawn",
    "terminated",
    "suspended",
    "decided by one",
    "refused by one",
    "handed over",
    "rated",
    "confirmed",
    "never starts",
    "terminated while new",
    "failed",
    "closed",
];

/// What differs in a state. Nothing, where the fake can't have it.
async fn in_state(exchange: &Exchange, state: &State) -> Option<Vec<Difference>> {
    let mut played = Played::new();
    let exchanges = std::slice::from_ref(exchange);
    let set_up = |options: &mut Options| {
        options.wants_token = matches!(state, State::WithToken);
        match state {
            State::Ticket(.., "in creation") => options.in_creation = FOR_EVER,
            State::Empty | State::Service(_) => {}
            // The worker leaves the tickets alone until it is told.
            _ => options.start_after = FOR_EVER,
        }
    };
    let mut scene = Scene::start(exchanges, &mut played, exchange.front, set_up).await;
    match state {
        State::Empty | State::WithToken => {}
        State::NoProject => {
            let body: Value = serde_json::from_str(&exchange.body).unwrap_or_default();
            let member = |key: &str| format!("\"project_key\": \"{key}\"");
            scene
                .means(member(body["project_key"].as_str().unwrap_or_default()), member("nowhere"));
        }
        State::Service(here) => scene.every_service_is(exchange, *here),
        State::Rows(rows, count, also) => {
            if let Some(oldest) = rows.last() {
                for _ in rows.len()..*count {
                    scene.bring(oldest, also).await;
                }
            }
            for row in rows.iter().rev() {
                scene.bring(row, also).await;
            }
        }
        State::Log(log) => scene.relive(log).await,
        State::Failed(numbers) => scene.fake.mark_failed(numbers.clone()),
        State::Ticket(service, node, who, stage) => {
            if !scene.stage(exchange, *service, *node, who, stage).await {
                return None;
            }
        }
    }
    scene.play(&exchange.name).await;
    drop(scene);
    played.remove(&exchange.name)
}

impl Scene<'_> {
    fn every_service_is(&mut self, exchange: &Exchange, here: u64) {
        for name in ["service_id", "workflow_id"] {
            let asked = exchange.query.iter().filter(|(key, _)| key == name);
            for (_, recorded) in asked {
                self.means(recorded.clone(), here.to_string());
            }
            let body: Value = serde_json::from_str(&exchange.body).unwrap_or_default();
            if let Some(recorded) = body[name].as_u64() {
                self.service(recorded, here);
            }
            let flow = FLOWS.iter().find(|flow| flow.0 == here);
            let named = body["meta"]["state_processors"].as_object().into_iter().flatten();
            for ((recorded, _), (_, node, _)) in named.zip(flow) {
                self.means(format!("\"{recorded}\": "), format!("\"{node}\": "));
            }
        }
    }

    /// Makes a ticket and does to it what a stage is called by. Says whether that was possible.
    async fn stage(
        &mut self,
        exchange: &Exchange,
        service: u64,
        node: u64,
        who: &str,
        stage: &str,
    ) -> bool {
        let text = format!("{} {:?} {}", exchange.body, exchange.query, exchange.answer.body);
        let Some(sn) = number_in(&text) else {
            return false;
        };
        let body: Value = serde_json::from_str(&exchange.body).unwrap_or_default();
        let state = exchange.query.iter().find(|(key, _)| key == "state_id");
        let state = state.and_then(|(_, id)| id.parse().ok());
        if let Some(recorded) =
            state.or(body["state_id"].as_u64()).filter(|&id| !matches!(id, 14 | 15 | 999 | 99_999))
        {
            self.nodes(&[(recorded, node)]);
            self.means(recorded.to_string(), node.to_string());
        } else if service != 2 {
            self.nodes(&[(15, node)]);
            self.means("15", node.to_string());
        }
        let fields = body["fields"].as_array().into_iter().flatten();
        let keys = fields.filter_map(|field| field["key"].as_str()).filter(|key| key.len() == 32);
        let here =
            ["ab544e65785a16a6fa9dd046", "dee63f994a33df146b5606c4", "c1a63da33b1de79e9b7d50c7"];
        for (recorded, here) in keys.zip(here) {
            self.means(recorded, format!("{here}{node:08x}"));
        }
        let answer: Value = serde_json::from_str(&exchange.answer.body).unwrap_or_default();
        let creator = answer["data"]["creator"].as_str().unwrap_or("carol");
        let title = answer["data"]["title"].as_str().unwrap_or("t");
        let mut request = fast(creator, title, who);
        if service != 2 {
            request["fast_approval"] = json!(false);
            request["service_id"] = json!(service);
            let wanted: &[&str] = match service {
                22 | 28 => &["title", "APPROVER", "APPROVAL_CONTENT"],
                3 | 4 => &["title", "APPROVER"],
                1 => return false,
                _ => &["title"],
            };
            let fields = request["fields"].as_array_mut().unwrap();
            fields.retain(|field| wanted.contains(&field["key"].as_str().unwrap()));
            request["meta"] = json!({"state_processors": {node.to_string(): who}});
        }
        if stage == "never starts" {
            if service != 2 {
                return false;
            }
            request["fields"][2]["value"] = json!("🚀");
        }
        let Some(made) = self.attempt("create_ticket", request).await else {
            return false;
        };
        let here = made["sn"].as_str().unwrap_or_default().to_owned();
        self.means(&sn, &here);
        match stage {
            "new" => return true,
            "in creation" => {
                self.is_taken_up(&sn).await;
                return true;
            }
            "never starts" => {
                self.fake.take_up(&here).unwrap();
                return true;
            }
            "terminated while new" => {
                self.fake.terminate(&here, "admin").await.unwrap();
                self.fake.take_up(&here).unwrap();
                return true;
            }
            _ => self.fake.take_up(&here).unwrap(),
        }
        let people = match service {
            2 | 3 | 4 | 22 | 28 => names(who),
            _ => names(who).into_iter().chain(["bob", "dave", "erin", "carol", "admin"]).collect(),
        };
        let done = match stage {
            "running" => Ok(()),
            "decided by one" | "refused by one" => {
                let mut is_done = false;
                for who in &people {
                    is_done = is_done
                        || match stage {
                            "refused by one" => self.fake.refuse(&here, who, "r").await.is_ok(),
                            _ => self.fake.approve(&here, who).await.is_ok(),
                        };
                }
                return is_done;
            }
            "approved" | "rated" | "refused" => {
                // Over the API, as most are.
                let remark = answer["data"].get("approve_remark").cloned().unwrap_or(json!("r"));
                let action = if stage == "refused" { "false" } else { "true" };
                for (who, node) in people.iter().flat_map(|who| [(who, node), (who, node + 1)]) {
                    self.attempt("approve", json!({
                        "sn": sn, "state_id": node, "approver": who, "action": action, "remark": remark,
                    }))
                    .await;
                }
                if stage == "rated" && self.fake.ticket(&here).is_some_and(|ticket| ticket.ended) {
                    self.attempt(
                        "comment",
                        json!({"sn": sn, "operator": "carol", "stars": 5, "comments": ""}),
                    )
                    .await;
                }
                Ok(())
            }
            "withdrawn" => self.fake.withdraw(&here, creator).await,
            "terminated" => self.fake.terminate(&here, people[0]).await,
            "closed" => self.fake.close_on_page(&here, "admin").await,
            "confirmed" => self.fake.set_status(&here, "CONFIRMED"),
            "suspended" => {
                let body = json!({"sn": sn, "operator": "admin", "action_type": "SUSPEND", "action_message": "m"});
                self.attempt("operate_ticket", body).await;
                Ok(())
            }
            "handed over" => self.fake.hand_over(&here, people[0], "dave", "m").await,
            "failed" => {
                self.fake.fail_automatic(&here).unwrap();
                self.fake.approve(&here, people[0]).await
            }
            _ => Ok(()),
        };
        done.is_ok()
    }

    /// Does to a new ticket what a log tells.
    async fn relive(&mut self, log: &Value) {
        let entries = log["logs"].as_array().unwrap();
        let message = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        let nodes: Vec<_> =
            entries.iter().map(message).filter_map(|text| between(&text, "【", "】")).collect();
        let is_flow = |flow: &&(u64, u64, &[&str])| {
            nodes
                .iter()
                .filter(|node| {
                    *node != "提单" && !log.to_string().contains(&format!("修改字段【{node}】"))
                })
                .all(|node| flow.2.contains(&node.as_str()))
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let made = entries.get(1).map_or(&Value::Null, |entry| &entry["form_data"]);
        let made = made.as_array().into_iter().flatten();
        let made: Vec<_> = made
            .filter(|field| !field["value"].is_null())
            .map(|field| json!({"key": field["key"], "value": field["value"]}))
            .collect();
        let sn = text(&log["sn"]);
        let mut flow = FLOWS[0];
        for found in FLOWS.iter().filter(is_flow) {
            flow = *found;
            let mut fields = made.clone();
            if fields.is_empty() {
                let content = if entries.len() == 1 { "🚀" } else { "c" };
                fields = fast("", &text(&log["title"]), "admin,bob,carol,dave")["fields"]
                    .as_array()
                    .unwrap()
                    .clone();
                fields[2]["value"] = json!(content);
                fields.truncate(if matches!(flow.0, 2 | 22 | 28) { 3 } else { 1 });
            }
            let request =
                json!({"service_id": flow.0, "creator": log["creator"], "fields": fields});
            if let Some(made) = self.attempt("create_ticket", request).await {
                self.means(&sn, made["sn"].as_str().unwrap_or_default());
                break;
            }
        }
        if !self.stands_for.iter().any(|(recorded, _)| *recorded == sn) {
            return;
        }
        let (_, first, names) = flow;
        let node_of = |name: &str| {
            first + names.iter().position(|known| *known == name).unwrap_or_default() as u64
        };
        if entries.is_empty() {
            return;
        }
        let here = self.sn(&sn);
        self.fake.take_up(&here).unwrap();
        if entries.len() == 1 {
            return;
        }
        let fails = entries.iter().map(message).any(|text| text.contains("执行失败"));
        if fails {
            self.fake.fail_automatic(&here).unwrap();
        }
        let mut has_failed = false;
        for entry in &entries[2..] {
            let (who, said) = (text(&entry["operator"]), message(entry));
            let node = between(&said, "【", "】").map_or(0, |name| node_of(&name));
            let form = entry["form_data"].as_array().cloned().unwrap_or_default();
            let is_page = entry["source"] == "WEB";
            let remark = form
                .iter()
                .filter(|field| field["name"] == "备注")
                .find_map(|field| field["value"].as_str());
            let remark = remark.unwrap_or_default();
            if said.contains("已处理【") && entry["source"] != "SYS" {
                let action = if said.contains("(通过)") { "true" } else { "false" };
                match (is_page, action) {
                    _ if form.len() == 3 => {
                        let fields: Vec<_> = form
                            .iter()
                            .map(|field| json!({"key": field["key"], "value": field["value"]}))
                            .collect();
                        let here = [
                            "ab544e65785a16a6fa9dd046",
                            "dee63f994a33df146b5606c4",
                            "c1a63da33b1de79e9b7d50c7",
                        ];
                        for (field, here) in form.iter().zip(here) {
                            self.means(text(&field["key"]), format!("{here}{node:08x}"));
                        }
                        let body = json!({"sn": sn, "state_id": node, "operator": who, "action_type": "TRANSITION", "fields": fields});
                        self.attempt("operate_node", body).await;
                    }
                    (true, "true") => drop(self.fake.approve_saying(&here, &who, remark).await),
                    (true, _) => drop(self.fake.refuse(&here, &who, remark).await),
                    _ => {
                        let decision = json!({
                            "sn": sn, "state_id": node, "approver": who, "action": action, "remark": remark,
                        });
                        let front = std::mem::replace(&mut self.front, Front::Bare);
                        self.attempt("approve", decision).await;
                        self.front = front;
                    }
                }
            } else if said.contains(" 处理【") {
                let fields: Vec<_> = form
                    .iter()
                    .map(|field| json!({"key": field["key"], "value": field["value"]}))
                    .collect();
                let body = json!({"sn": sn, "state_id": node, "operator": who, "action_type": "TRANSITION", "fields": fields});
                self.attempt("operate_node", body).await;
            } else if said.contains("转单") {
                let to = between(&said, "给 ", "(").unwrap_or_default();
                let why = said
                    .rsplit('(')
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches([')', '.'])
                    .to_owned();
                if is_page {
                    let _ = self.fake.hand_over(&here, &who, &to, &why).await;
                } else {
                    let body = json!({
                        "sn": sn, "state_id": node, "operator": who, "action_type": "DELIVER",
                        "processors_type": "PERSON", "processors": to, "action_message": why,
                    });
                    self.attempt("operate_node", body).await;
                }
            } else if said.contains("修改字段") {
                let after = form.last().cloned().unwrap_or_default();
                let field =
                    json!({"key": after["key"], "value": after["value"], "type": after["type"]});
                self.attempt("edit_field", json!({"sn": sn, "operator": who, "fields": [field]}))
                    .await;
            } else if said.contains("执行失败") {
                has_failed = true;
            } else if said.contains("执行成功") && has_failed {
                let _ = self.fake.retry_automatic(&here);
            } else {
                let why = between(&said, "：", ".").unwrap_or_else(|| "m".into());
                let action = match () {
                    () if said.contains("挂起了") => "SUSPEND",
                    () if said.contains("恢复了") => "UNSUSPEND",
                    () if said.contains("撤销") && !is_page => "WITHDRAW",
                    () if said.contains("撤销") => {
                        let _ = self.fake.withdraw(&here, &who).await;
                        continue;
                    }
                    () if said.contains("关闭了单据：") && who != "system" => {
                        let _ = self.fake.close_on_page(&here, &who).await;
                        continue;
                    }
                    () if said.contains("关闭了") && who != "system" => "TERMINATE",
                    () => continue,
                };
                let body = json!({"sn": sn, "operator": who, "action_type": action, "action_message": why});
                let done = self.attempt("operate_ticket", body).await;
                if done.is_none() && action == "TERMINATE" {
                    let _ = self.fake.terminate(&here, &who).await;
                }
            }
        }
    }
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, from) = text.split_once(start)?;
    Some(from.split_once(end)?.0.to_owned())
}

/// The first number of a ticket in a text, as it stands there.
fn number_in(text: &str) -> Option<String> {
    let is_number = |text: &str| {
        let kind = text.get(..3)?.to_uppercase();
        let digits = text.get(3..17)?;
        let is_kind = ["REQ", "INC", "CRQ", "PBI"].contains(&kind.as_str());
        (is_kind && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text[..17].to_uppercase())
    };
    text.char_indices().find_map(|(at, _)| is_number(&text[at..]))
}
