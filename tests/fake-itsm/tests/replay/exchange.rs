//! Recorded exchanges, and sending one to the fake.

use bytes::Bytes;
use fake_itsm::FakeItsm;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// What stood in front of the recorded server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Nothing, or what only turned the credentials into the gateway's signed token.
    Bare,
    Gateway,
    Esb,
    LegacyEsb,
}

#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

#[derive(Clone, Debug)]
pub struct Exchange {
    pub name: String,
    pub front: Front,
    pub method: String,
    /// The server's own path, whatever stood in front.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Map<String, Value>,
    pub body: String,
    pub answer: Answer,
}

/// The app that the fake knows in these tests.
pub const APP: (&str, &str) = ("cli", "s");

/// The project's own recordings: requests in one file, answers in those of the actions.
pub fn fixtures() -> Vec<Exchange> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let read = |file: &str| {
        let path = folder.join(file).with_extension("jsonl");
        lines(&std::fs::read_to_string(path).unwrap())
    };
    let mut answers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let exchange = |line: Value| {
        let file = line["file"].as_str().unwrap();
        let known = answers.entry(file.to_owned()).or_insert_with(|| read(file));
        let named = known.iter().find(|known| known["name"] == line["name"]);
        let answer = &named.unwrap_or_else(|| panic!("no answer for {}", line["name"]))["answer"];
        let content_type = answer["content_type"].as_str().unwrap_or_default();
        read_exchange(
            &line,
            Answer {
                status: answer["status"].as_u64().unwrap() as u16,
                content_type: content_type.to_owned(),
                body: answer["body"].as_str().unwrap().to_owned(),
            },
        )
    };
    read("exchanges").into_iter().map(exchange).collect()
}

/// Recordings in one file, with their answers.
pub fn recordings(path: &str) -> Vec<Exchange> {
    let exchange = |line: &Value| {
        let response = line.get("response").filter(|_| line.get("request").is_some())?;
        let headers = response["headers"].as_object().cloned().unwrap_or_default();
        let content_type = header(&headers, "content-type").unwrap_or_default();
        let answer = Answer {
            status: response["status"].as_u64().unwrap_or_default() as u16,
            content_type: content_type.to_owned(),
            body: text(&response["body"]),
        };
        let mut exchange = read_exchange(line, answer);
        let mut headers = Map::new();
        for (name, value) in exchange.headers.into_iter().filter(|(_, value)| !value.is_null()) {
            headers.insert(name.to_lowercase(), value);
        }
        if headers.remove("x-bkapi-authorization").is_none() && line["front"].is_null() {
            headers.entry("x-bkapi-jwt").or_insert(Value::Null);
        }
        exchange.headers = headers;
        // A body that is a text was recorded without its quotes.
        let is_json = serde_json::from_str::<Value>(&exchange.body).is_ok();
        if !is_json && exchange.answer.body.contains("'str' object has no attribute") {
            exchange.body = json!(exchange.body).to_string();
        }
        Some(exchange)
    };
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    lines(&text).iter().filter_map(exchange).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn header<'a>(headers: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let mut headers = headers.iter();
    let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.and_then(|(_, value)| value.as_str())
}

fn read_exchange(line: &Value, answer: Answer) -> Exchange {
    let request = &line["request"];
    let query = request["query"].as_object().into_iter().flatten();
    Exchange {
        name: text(&line["name"]),
        front: match line["front"].as_str() {
            Some("gateway") => Front::Gateway,
            Some("esb") => Front::Esb,
            Some("legacy-esb" | "esb-legacy") => Front::LegacyEsb,
            _ => Front::Bare,
        },
        method: text(&request["method"]),
        path: text(&request["path"]),
        query: query.map(|(name, value)| (name.clone(), text(value))).collect(),
        headers: request["headers"].as_object().cloned().unwrap_or_default(),
        body: text(request.get("raw_body").unwrap_or(&request["body"])),
        answer,
    }
}

impl Exchange {
    /// The action in the gateway's word.
    pub fn action(&self) -> &str {
        let path = self.path.trim_matches('/');
        match path {
            "openapi/service_catalog" => "create_service_catalog",
            "openapi/ticket/token/verify" => "token/verify",
            path => path.rsplit('/').next().unwrap_or_default(),
        }
    }

    /// Sends the request to the fake by the way that it once took.
    pub async fn send(&self, fake: &FakeItsm) -> Answer {
        let action = self.action();
        let mut query = self.query.clone();
        let mut body = self.body.clone();
        let credentials =
            json!({"bk_app_code": APP.0, "bk_app_secret": APP.1, "access_token": "t"});
        let mut headers = vec![("content-type", self.content_type().to_owned())];
        let path = match self.front {
            Front::Bare => self.path.clone(),
            Front::Gateway if action == "get_workflow_detail" => {
                format!("/api/bk-itsm/prod/v2/itsm/{action}")
            }
            Front::Gateway => format!("/api/bk-itsm/prod/v2/itsm/{action}/"),
            Front::Esb | Front::LegacyEsb => {
                let action = if action == "comment" { "comment_ticket" } else { action };
                format!("/api/c/compapi/v2/itsm/{action}/")
            }
        };
        match (self.front, self.headers.get("x-bkapi-jwt")) {
            (Front::LegacyEsb, _) => {
                let pairs = [("bk_app_code", APP.0), ("bk_app_secret", APP.1)];
                match serde_json::from_str(&body) {
                    Ok(Value::Object(mut members)) if self.method != "GET" => {
                        members.extend(pairs.map(|(name, value)| (name.to_owned(), json!(value))));
                        body = Value::Object(members).to_string();
                    }
                    _ => query.extend(pairs.map(|(name, value)| (name.into(), value.into()))),
                }
            }
            (Front::Bare, Some(token)) => headers.extend(gateway_token(token)),
            _ => headers.push(("x-bkapi-authorization", credentials.to_string())),
        }
        let mut address = format!("{}{path}", fake.url());
        let pairs: Vec<_> = query
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        if !pairs.is_empty() {
            address = format!("{address}?{}", pairs.join("&"));
        }
        let mut request = Request::builder().method(self.method.as_str()).uri(address);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let (head, body) = client.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let content_type = head.headers.get("content-type");
        Answer {
            status: head.status.as_u16(),
            content_type: content_type.map_or("", |kind| kind.to_str().unwrap()).to_owned(),
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    fn content_type(&self) -> &str {
        header(&self.headers, "content-type").unwrap_or("application/json")
    }
}

/// The header with the gateway's token: the text itself, or a token whose head is this. Null is none.
fn gateway_token(token: &Value) -> Option<(&'static str, String)> {
    use base64::Engine;
    let part =
        |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let token = match token {
        Value::Null => return None,
        Value::String(token) => token.clone(),
        head => format!("{}.{}.{}", part(head), part(&json!({})), part(&json!("signed"))),
    };
    Some(("x-bkapi-jwt", token))
}

fn encode(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
