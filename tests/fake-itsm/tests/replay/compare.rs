//! Comparing an answer of the fake with the recorded one.
//!
//! What depends on the run (numbers of tickets, ids, times, hosts, keys made at random) is compared by its type
//! and form, all else by its value.

use super::exchange::Answer;
use serde_json::Value;

/// A member of an answer where fake and recording differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Its path, without the places in lists.
    pub path: String,
    pub what: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.path, self.what)
    }
}

/// Members that hold an id.
const IDS: [&str; 14] = [
    "id",
    "state_id",
    "workflow_id",
    "flow_id",
    "service_id",
    "catalog_id",
    "comment_id",
    "parent__id",
    "workflow",
    "from_state",
    "to_state",
    "ticket_id",
    "workflow_field_id",
    "fields",
];

/// Every difference between an answer and the recorded one.
pub fn differences(recorded: &Answer, fake: &Answer) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |path: &str, what: String| {
        found.push(Difference { path: path.to_owned(), what });
    };
    if recorded.status != fake.status {
        differ("status", format!("{} is recorded, {} came", recorded.status, fake.status));
    }
    let kind = |answer: &Answer| {
        let kind = answer.content_type.split(';').next().unwrap_or_default();
        kind.trim().to_owned()
    };
    if kind(recorded) != kind(fake) {
        differ("content-type", format!("{} is recorded, {} came", kind(recorded), kind(fake)));
    }
    match (json(&recorded.body), json(&fake.body)) {
        (Some(recorded), Some(fake)) => compare("", &recorded, &fake, &mut found),
        (None, None) => {
            // Of a page only that it is one is known, a sentence is known by its words.
            let is_page = |text: &str| text.trim_start().starts_with("<!DOCTYPE html>");
            if recorded.body != fake.body && !(is_page(&recorded.body) && is_page(&fake.body)) {
                differ("body", format!("{:?} is recorded, {:?} came", recorded.body, fake.body));
            }
        }
        _ => differ(
            "body",
            format!("{:?} is recorded, {:?} came", cut(&recorded.body), cut(&fake.body)),
        ),
    }
    found
}

fn json(body: &str) -> Option<Value> {
    serde_json::from_str(body).ok()
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn compare(path: &str, recorded: &Value, fake: &Value, found: &mut Vec<Difference>) {
    let name = path.rsplit('.').next().unwrap_or_default();
    let mut differ = |path: &str, what: String| {
        found.push(Difference { path: path.to_owned(), what });
    };
    match (recorded, fake) {
        (Value::Object(recorded), Value::Object(fake)) => {
            for (name, value) in recorded {
                let path = format!("{path}.{name}");
                match fake.get(name) {
                    None => found.push(Difference {
                        path,
                        what: format!("{} is recorded, and it is missing", cut(&value.to_string())),
                    }),
                    Some(fake) => compare(&path, value, fake, found),
                }
            }
            for name in fake.keys().filter(|name| !recorded.contains_key(*name)) {
                found.push(Difference {
                    path: format!("{path}.{name}"),
                    what: "it is not recorded".into(),
                });
            }
        }
        (Value::Array(recorded), Value::Array(fake)) => {
            let (recorded, fake) = (in_order(path, recorded), in_order(path, fake));
            if recorded.len() != fake.len() {
                differ(
                    path,
                    format!("{} of a list are recorded, {} came", recorded.len(), fake.len()),
                );
            }
            for (recorded, fake) in recorded.iter().zip(&fake) {
                compare(path, recorded, fake, found);
            }
        }
        (Value::Number(_), Value::Number(_)) if IDS.contains(&name) || name == "key" => {}
        (Value::String(recorded), Value::String(fake)) => {
            let (is, came) = (normal(name, recorded), normal(name, fake));
            if is != came {
                differ(path, format!("{:?} is recorded, {:?} came", cut(&is), cut(&came)));
            }
        }
        (recorded, fake) if kind(recorded) != kind(fake) => {
            let (is, came) = (kind(recorded), kind(fake));
            differ(
                path,
                format!(
                    "{is} is recorded, {came} came ({} against {})",
                    cut(&recorded.to_string()),
                    cut(&fake.to_string())
                ),
            );
        }
        (recorded, fake) if recorded != fake => {
            differ(path, format!("{recorded} is recorded, {fake} came"));
        }
        _ => {}
    }
}

/// The fields of a ticket, a service or a flow come in the order of their ids in the database: by keys, here.
fn in_order(path: &str, list: &[Value]) -> Vec<Value> {
    let mut list = list.to_vec();
    if path == ".data.fields" {
        list.sort_by_key(|field| field["key"].as_str().map(|key| normal("key", key)));
    }
    list
}

/// A text without what depends on the run.
fn normal(name: &str, text: &str) -> String {
    if IDS.contains(&name) && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return "ID".into();
    }
    if name == "updated_by" {
        // A set of names, in no order.
        let mut names: Vec<_> = text.split(',').collect();
        names.sort_unstable();
        return names.join(",");
    }
    let mut normal = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_behind_word = normal.chars().last().is_some_and(|c| c.is_ascii_alphanumeric());
        let found = (!is_behind_word).then(|| run_dependent(rest)).flatten();
        let (length, stands_for) = found.unwrap_or((first.len_utf8(), ""));
        let (piece, behind) = rest.split_at(length);
        normal.push_str(if found.is_some() { stands_for } else { piece });
        rest = behind;
    }
    normal
}

/// How long the part is that depends on the run, if a text begins with one, and what stands for it.
fn run_dependent(text: &str) -> Option<(usize, &'static str)> {
    let bytes = text.as_bytes();
    let is_number = |from: usize, to: usize| {
        bytes.get(from..to).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    let is_word_at = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    if ["REQ", "INC", "CRQ", "PBI"].iter().any(|kind| text.starts_with(kind)) && is_number(3, 17) {
        return Some((17, "SN"));
    }
    let is_at = |at: usize, mark: u8| bytes.get(at) == Some(&mark);
    if is_number(0, 4)
        && is_at(4, b'-')
        && is_number(5, 7)
        && is_at(7, b'-')
        && is_number(8, 10)
        && is_at(13, b':')
        && is_at(16, b':')
    {
        return Some((19, "TIME"));
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        let host = text.find("//").map_or(0, |at| at + 2);
        let path = text[host..].find('/').map_or(text.len(), |at| host + at);
        let prefix = text[path..].strip_prefix("/o/bk_itsm").map_or(0, |_| "/o/bk_itsm".len());
        return Some((path + prefix, "HOST"));
    }
    if text.starts_with("id=") && is_number(3, 4) {
        let digits = text[3..].bytes().take_while(u8::is_ascii_digit).count();
        return Some((3 + digits, "ID"));
    }
    let is_key = |c: &u8| c.is_ascii_digit() || (b'a'..=b'f').contains(c);
    let tail = bytes.get(1..32)?;
    (bytes[0].is_ascii_alphanumeric() && tail.iter().all(is_key) && !is_word_at(32))
        .then_some((32, "KEY"))
}
