//! A fake with tickets of its own that stand for recorded ones.

use super::compare::{self, Difference};
use super::exchange::{APP, Answer, Exchange, Front};
use fake_itsm::{FakeItsm, HttpClient, Options};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What differs, by exchange.
pub type Played = BTreeMap<String, Vec<Difference>>;

pub struct Scene<'a> {
    pub fake: FakeItsm,
    pub front: Front,
    exchanges: &'a [Exchange],
    played: &'a mut Played,
    /// Texts of the recordings with what stands for them here.
    pub stands_for: Vec<(String, String)>,
}

impl<'a> Scene<'a> {
    pub async fn start(
        exchanges: &'a [Exchange],
        played: &'a mut Played,
        front: Front,
        set_up: impl FnOnce(&mut Options),
    ) -> Self {
        let mut options = Options {
            credentials: Some((APP.0.into(), APP.1.into())),
            legacy_esb: front == Front::LegacyEsb,
            ..Options::default()
        };
        set_up(&mut options);
        Self {
            fake: FakeItsm::start(options).await.unwrap(),
            front,
            exchanges,
            played,
            stands_for: Vec::new(),
        }
    }

    /// From here on, a text in recorded requests means another one here: a number, a key, a member.
    pub fn means(&mut self, recorded: impl Into<String>, here: impl Into<String>) {
        let (recorded, here) = (recorded.into(), here.into());
        // JSON is written with blanks, and without.
        if recorded.contains("\": ") {
            let tight = |text: &str| text.replace("\": ", "\":");
            self.stands_for.push((tight(&recorded), tight(&here)));
        }
        self.stands_for.push((recorded, here));
    }

    /// Recorded ids of nodes mean these of the fake.
    pub fn nodes(&mut self, nodes: &[(u64, u64)]) {
        for (recorded, here) in nodes {
            self.means(format!("\"state_id\": {recorded}"), format!("\"state_id\": {here}"));
            self.means(format!("\"{recorded}\": \"erin\""), format!("\"{here}\": \"erin\""));
        }
    }

    /// A recorded id of a service, with its flow, means this one of the fake.
    pub fn service(&mut self, recorded: u64, here: u64) {
        self.means(format!("\"service_id\": {recorded}"), format!("\"service_id\": {here}"));
        self.means(recorded.to_string(), here.to_string());
    }

    /// The fake's number for a recorded one.
    pub fn sn(&self, recorded: &str) -> String {
        let mut known = self.stands_for.iter();
        let known = known.find(|(text, _)| text == recorded);
        known.unwrap_or_else(|| panic!("no ticket {recorded}")).1.clone()
    }

    /// The same, or the recorded one where it stands for nothing here.
    pub fn sn_or_itself(&self, recorded: &str) -> String {
        let mut known = self.stands_for.iter();
        let known = known.find(|(text, _)| text == recorded);
        known.map_or(recorded, |(_, here)| here).to_owned()
    }

    /// Plays exchanges of these names, with blanks between them, one after the other.
    pub async fn play(&mut self, names: &str) {
        for name in names.split_whitespace() {
            let mut exchanges = self.exchanges.iter();
            let exchange = exchanges.find(|exchange| exchange.name == name);
            let exchange = exchange.unwrap_or_else(|| panic!("no exchange {name}"));
            let request = self.in_words_of_the_fake(exchange);
            let answer = request.send(&self.fake).await;
            let differences = compare::differences(&exchange.answer, &answer);
            if exchange.action() == "create_ticket" {
                let made = |answer: &str| {
                    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
                    answer["data"]["sn"].as_str().map(str::to_owned)
                };
                if let (Some(sn), Some(here)) = (made(&exchange.answer.body), made(&answer.body)) {
                    self.means(sn, here);
                }
            }
            self.played.insert(exchange.name.clone(), differences);
        }
    }

    /// Asks what no recording holds, with the numbers of the recordings.
    pub async fn ask(&mut self, action: &str, body: Value) -> Value {
        let answer = self.answer(action, body.clone()).await;
        assert_eq!(answer["result"], true, "{action} {body}: {answer}");
        answer["data"].clone()
    }

    /// The same where it may be refused. Gives what came of it.
    pub async fn attempt(&mut self, action: &str, body: Value) -> Option<Value> {
        let answer = self.answer(action, body).await;
        (answer["result"] == true).then(|| answer["data"].clone())
    }

    async fn answer(&self, action: &str, body: Value) -> Value {
        let exchange = Exchange {
            name: action.to_owned(),
            front: self.front,
            method: "POST".into(),
            path: format!("/openapi/ticket/{action}/"),
            query: Vec::new(),
            headers: serde_json::Map::new(),
            body: body.to_string(),
            answer: Answer::default(),
        };
        let answer = self.in_words_of_the_fake(&exchange).send(&self.fake).await.body;
        serde_json::from_str(&answer).unwrap()
    }

    /// Makes a ticket whose creation was not recorded, and waits until its flow runs.
    pub async fn make(&mut self, sn: &str, request: Value) {
        self.make_without_waiting(sn, request).await;
        self.runs(sn).await;
    }

    pub async fn make_without_waiting(&mut self, sn: &str, request: Value) {
        let made = self.ask("create_ticket", request).await;
        self.means(sn, made["sn"].as_str().unwrap());
    }

    /// Makes a ticket by a request that is refused.
    pub async fn make_a_ghost(&mut self, sn: &str, request: Value) {
        let answer = self.answer("create_ticket", request).await;
        assert_eq!(answer["result"], false, "{answer}");
        let made = self.fake.tickets().pop().unwrap();
        self.means(sn, made.sn);
    }

    /// The same for a ticket of the built-in approval: number, creator, title and approver.
    pub async fn fast(&mut self, sn: &str, creator: &str, title: &str, approver: &str) {
        self.make(sn, fast(creator, title, approver)).await;
    }

    /// The same for a ticket of a service whose form holds the title alone.
    pub async fn of(&mut self, sn: &str, service: u64, title: &str) {
        let fields = json!([{"key": "title", "value": title}]);
        let request = json!({"service_id": service, "creator": "carol", "fields": fields});
        self.make(sn, request).await;
    }

    /// Somebody decides over the API.
    pub async fn approve(&mut self, sn: &str, node: u64, who: &str, action: &str, remark: &str) {
        let decision = json!({
            "sn": sn, "state_id": node, "approver": who, "action": action, "remark": remark,
        });
        // The ESB has no such action.
        let front = std::mem::replace(&mut self.front, Front::Bare);
        self.ask("approve", decision).await;
        self.front = front;
    }

    pub async fn runs(&self, sn: &str) {
        self.fake.started(&self.sn(sn)).await.unwrap();
    }

    /// Waits until the worker is at the node where tickets are made.
    pub async fn is_taken_up(&self, sn: &str) {
        let sn = self.sn(sn);
        let url = format!("{}/openapi/ticket/get_ticket_status/?sn={sn}", self.fake.url());
        for _ in 0..1_000 {
            let answer = HttpClient::default().get(&url).await.unwrap().body;
            if answer.contains("提单") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{sn} is not taken up");
    }
}

/// A request for a ticket of the built-in approval.
pub fn fast(creator: &str, title: &str, approver: &str) -> Value {
    let fields = json!([
        {"key": "title", "value": title}, {"key": "APPROVER", "value": approver},
        {"key": "APPROVAL_CONTENT", "value": "c"},
    ]);
    json!({"fast_approval": true, "creator": creator, "fields": fields})
}

impl Scene<'_> {
    fn in_words_of_the_fake(&self, exchange: &Exchange) -> Exchange {
        let mut request = exchange.clone();
        for (recorded, here) in &self.stands_for {
            if recorded.bytes().any(|byte| !byte.is_ascii_digit()) {
                request.body = request.body.replace(recorded, here);
            }
            for (_, value) in &mut request.query {
                // An id is the whole of a value, a number may have something behind it.
                let is_id = recorded.bytes().all(|byte| byte.is_ascii_digit());
                match is_id {
                    true if value == recorded => value.clone_from(here),
                    true => {}
                    false => {
                        *value = value
                            .replace(recorded, here)
                            .replace(&recorded.to_lowercase(), &here.to_lowercase());
                    }
                }
            }
        }
        let token = self.fake.token();
        request.body = spelled_out(&request.body, &token);
        for (_, value) in &mut request.query {
            *value = spelled_out(value, &token);
        }
        request
    }
}

/// A text without its abbreviations: `{x times 1000}`, and `{token}` with what was made of it.
fn spelled_out(text: &str, token: &str) -> String {
    use base64::Engine;
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, (inside, behind))) =
        rest.split_once('{').and_then(|(before, from)| Some((before, from.split_once('}')?)))
    {
        let words: Vec<_> = inside.split(' ').collect();
        let number = |word: &str| word.parse().ok();
        let meant = match words.as_slice() {
            ["token"] => Some(token.to_owned()),
            ["token", "to", end] => number(end).map(|end: usize| token[..end].to_owned()),
            ["token", "from", start] => number(start).map(|start: usize| token[start..].to_owned()),
            ["token", "urlsafe"] => Some(token.replace('+', "-").replace('/', "_")),
            ["token", "bytes", most] => number(most).map(|most: usize| {
                let engine = base64::engine::general_purpose::STANDARD;
                engine.encode(&engine.decode(token).unwrap()[..most])
            }),
            [piece, "times", count] => number(count).map(|count: usize| piece.repeat(count)),
            _ => None,
        };
        written.push_str(before);
        match meant {
            Some(meant) => {
                written.push_str(&meant);
                rest = behind;
            }
            None => {
                written.push('{');
                rest = &rest[before.len() + 1..];
            }
        }
    }
    written + rest
}
