//! A ticket to be made: what ITSM would refuse or strand is refused here, by the argument's name.

use super::argument::{
    Checked, check_characters, check_not_blank, check_tag, check_text, check_user, join_users,
    parse_json, parse_object, refuse,
};
use super::callback_target::CallbackTarget;
use super::json::{Json, Mismatch};
use super::parameters::{Parameters, parameters};
use super::secret::Secret;
use serde_json::Value;
use std::collections::BTreeSet;

/// A ticket to be made.
pub struct NewTicket {
    /// By which alone the ticket is found again.
    pub tag: Secret,
    /// What it is a request for.
    pub service: Service,
    /// In whose name it is made.
    pub creator: String,
    /// Its title.
    pub title: String,
    /// The service's other fields.
    pub fields: Vec<Field>,
    /// Who handles which node.
    pub processors: Vec<NodeProcessors>,
    /// Where to report the end.
    pub callback: Option<CallbackTarget>,
    /// More members of the request's body.
    pub extra_json: Option<String>,
}

/// What a ticket is a request for.
pub enum Service {
    /// A service of the site.
    Id(u64),
    /// The built-in approval.
    FastApproval {
        /// Who approves.
        approvers: Vec<String>,
        /// What they read.
        content: String,
    },
}

/// One field of the service's form.
pub struct Field {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: FieldValue,
    /// More members of its object.
    pub extra_json: Option<String>,
}

/// The value of a field.
pub enum FieldValue {
    /// Text.
    Text(String),
    /// User names.
    People(Vec<String>),
    /// JSON text.
    Json(String),
}

/// Who handles a node.
pub struct NodeProcessors {
    /// The node's id.
    pub node_id: u64,
    /// User names.
    pub users: Vec<String>,
}

/// The column's length. The message that refuses a longer title says 120 (recorded).
const MAX_TITLE_CHARS: usize = 128;
const MAX_CREATOR_CHARS: usize = 64;

impl NewTicket {
    /// The parameters of create_ticket.
    pub fn parameters(&self) -> Checked<Parameters> {
        check_tag("ticket.tag", &self.tag)?;
        check_text("ticket.creator", &self.creator, MAX_CREATOR_CHARS)?;
        check_user("ticket.creator", &self.creator)?;
        check_text("ticket.title", &self.title, MAX_TITLE_CHARS)?;
        if filtered_chars(&self.title) > MAX_TITLE_CHARS {
            return refuse(
                "ticket.title",
                "must have at most 128 characters as ITSM stores it, where each quotation mark counts six and each angle bracket four",
            );
        }

        let mut parameters = self.extra()?;
        let meta = match parameters.get_mut("meta").map(Value::take) {
            Some(Value::Object(meta)) => meta,
            _ => Parameters::new(),
        };
        let mut add = |name: &str, value: Value| parameters.insert(name.to_owned(), value);
        add("creator", self.creator.as_str().into());
        add("tag", self.tag.expose().into());
        match self.service {
            Service::Id(id) => add("service_id", id.into()),
            Service::FastApproval { .. } => add("fast_approval", true.into()),
        };
        add("fields", self.fields()?);
        add("meta", self.meta(meta)?);
        Ok(parameters)
    }

    /// The values that a server could repeat in what it says, and that prove something.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let headers = self.callback.iter().flat_map(CallbackTarget::secrets);
        headers.chain([&self.tag])
    }

    /// Whether wrong parameters can leave a ghost: a running ticket that never starts. ITSM checks
    /// dynamic fields only after it has made the ticket (recorded).
    pub fn can_leave_a_ghost(&self) -> bool {
        let extra = self.extra().unwrap_or_default();
        extra.contains_key("dynamic_fields")
    }

    fn fields(&self) -> Checked<Value> {
        let mut fields = vec![text_field("title", &self.title)];
        let mut seen = BTreeSet::new();
        seen.insert("title");
        if let Service::FastApproval { approvers, content } = &self.service {
            let approvers = join_users("ticket.service.approvers", approvers)?;
            check_not_blank("ticket.service.content", content)?;
            fields.push(text_field("APPROVER", &approvers));
            fields.push(text_field("APPROVAL_CONTENT", content));
            seen.extend(["APPROVER", "APPROVAL_CONTENT"]);
        }
        for (index, field) in self.fields.iter().enumerate() {
            let name = format!("ticket.fields[{index}]");
            if !seen.insert(&field.key) {
                return refuse(&name, "has a key that is set elsewhere");
            }
            fields.push(field.parameter(&name)?);
        }
        Ok(fields.into())
    }

    fn meta(&self, mut meta: Parameters) -> Checked<Value> {
        if let Some(target) = &self.callback {
            let headers = target.checked_headers("ticket.callback")?;
            meta.insert("callback_url".to_owned(), target.url.as_str().into());
            if !headers.is_empty() {
                let mut members = Parameters::new();
                for (name, value) in headers {
                    members.insert(name, value.into());
                }
                meta.insert("headers".to_owned(), members.into());
            }
        }
        let mut processors = Parameters::new();
        for (index, node) in self.processors.iter().enumerate() {
            let name = format!("ticket.processors[{index}]");
            let users = join_users(&name, &node.users)?;
            let twice = processors.insert(node.node_id.to_string(), users.into());
            if twice.is_some() {
                return refuse(&name, "names the node of an earlier one");
            }
        }
        if !processors.is_empty() {
            meta.insert("state_processors".to_owned(), processors.into());
        }
        Ok(meta.into())
    }

    /// The members of `extra-json`, none of which the record owns.
    fn extra(&self) -> Checked<Parameters> {
        const NAME: &str = "ticket.extra-json";
        const OWNED: [&str; 6] =
            ["creator", "fast_approval", "fields", "service_id", "tag", "title"];
        const OWNED_IN_META: [&str; 3] = ["callback_url", "headers", "state_processors"];
        const CREDENTIALS: [&str; 4] = ["access_token", "bk_token", "bk_username", "jwt"];

        let Some(text) = &self.extra_json else {
            return Ok(Parameters::new());
        };
        let extra = parse_object(NAME, text)?;
        for member in extra.keys() {
            let member = member.as_str();
            if OWNED.contains(&member) {
                return refuse(NAME, &format!("names `{member}`, which the ticket sets"));
            }
            if member.starts_with("bk_app_") || CREDENTIALS.contains(&member) {
                return refuse(NAME, &format!("names `{member}`, which the connection sets"));
            }
        }
        match extra.get("meta") {
            None => {}
            Some(Value::Object(meta)) => {
                if let Some(owned) = OWNED_IN_META.iter().find(|key| meta.contains_key(**key)) {
                    return refuse(NAME, &format!("names `meta.{owned}`, which the ticket sets"));
                }
            }
            Some(_) => return refuse(NAME, "has a `meta` that is not an object"),
        }
        if let Some(fields) = extra.get("dynamic_fields") {
            let fields = fields.to_string();
            Json::parse(fields.as_bytes())
                .and_then(check_dynamic_fields)
                .or_else(|why| refuse(NAME, &why.to_string()))?;
        }
        Ok(extra)
    }
}

impl Field {
    /// The field as the server takes it; `name` is what the caller knows it by.
    pub(super) fn parameter(&self, name: &str) -> Checked<Value> {
        if self.key.trim().is_empty() {
            return refuse(name, "has a blank key");
        }
        check_characters(name, &self.key)?;
        let value = match &self.value {
            FieldValue::Text(text) => {
                check_characters(name, text)?;
                Value::String(text.clone())
            }
            FieldValue::People(users) => Value::String(join_users(name, users)?),
            FieldValue::Json(text) => parse_json(name, text)?,
        };
        let mut parameter = match &self.extra_json {
            None => Parameters::new(),
            Some(text) => parse_object(name, text)?,
        };
        for (member, value) in [("key", self.key.as_str().into()), ("value", value)] {
            if parameter.insert(member.to_owned(), value).is_some() {
                return refuse(
                    name,
                    &format!("has extra JSON that names `{member}`, which the field sets"),
                );
            }
        }
        Ok(parameter.into())
    }
}

/// ITSM refuses dynamic fields after it has made the ticket, which stays behind as a ghost. What its
/// framework trims, takes for empty or does not take at all is refused here (read in its source).
fn check_dynamic_fields(fields: Json) -> Result<(), Mismatch> {
    let limited = |text: &str, most: usize, why: &'static str| {
        let fits = (1..=most).contains(&text.trim().chars().count()) && !text.contains('\0');
        if fits { Ok(()) } else { Err(Mismatch::of("has a dynamic field whose", why)) }
    };
    fields.each_row("`dynamic_fields`", |field| {
        let field = field.object("a dynamic field")?;
        limited(&field.text("name")?, 32, "name has not 1 to 32 characters")?;
        let value = field.text("value")?;
        limited(&value, 255, "value has not 1 to 255 characters")?;
        let kind = field.text("type")?;
        let number = value.trim().parse::<i64>().is_ok();
        if !(matches!(kind.as_str(), "STRING" | "LINK") || kind == "INT" && number) {
            return Err(Mismatch::words(
                "has a dynamic field that is none of STRING, LINK and INT with a number",
            ));
        }
        match field.find("meta") {
            None => Ok(()),
            Some(meta) => meta.object("a dynamic field's `meta`").map(|_| ()),
        }
    })
}

/// The most characters that ITSM's filter makes of a title, after the ticket was made. Where they have no
/// room in its column, the ticket never starts. The filter also takes tags away, which is left out of account.
fn filtered_chars(title: &str) -> usize {
    let written = |character: char| match character {
        '\'' | '"' => 6,
        '<' | '>' => 4,
        _ => 1,
    };
    // A link gets a scheme and a target; a numbered entity its leading zero.
    let links = title.to_ascii_lowercase().matches("<a").count();
    let entities = title.matches("&#").count();
    title.chars().map(written).sum::<usize>() + 28 * links + entities
}

/// A field with text, as the server takes it.
pub(super) fn text_field(key: &str, value: &str) -> Value {
    parameters([("key", key.into()), ("value", value.into())]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::Advice;
    use serde_json::json;

    fn ticket() -> NewTicket {
        NewTicket {
            tag: Secret::new("tag1".into()),
            service: Service::FastApproval {
                approvers: vec!["admin".into(), "bob".into()],
                content: "please".into(),
            },
            creator: "carol".into(),
            title: "扩容".into(),
            fields: vec![],
            processors: vec![],
            callback: None,
            extra_json: None,
        }
    }

    fn field(key: &str, value: FieldValue) -> Field {
        Field { key: key.into(), value, extra_json: None }
    }

    fn target(url: &str, headers: &[(&str, &str)]) -> CallbackTarget {
        CallbackTarget {
            url: url.into(),
            headers: headers
                .iter()
                .map(|&(name, value)| (name.into(), Secret::new(value.into())))
                .collect(),
        }
    }

    #[test]
    fn a_fast_approval_is_what_itsm_was_recorded_to_accept() {
        let mut ticket = ticket();
        ticket.callback = Some(target("http://h/cb", &[("X-A", "b")]));
        assert_eq!(
            Value::Object(ticket.parameters().unwrap()),
            json!({
                "creator": "carol",
                "tag": "tag1",
                "fast_approval": true,
                "fields": [
                    {"key": "title", "value": "扩容"},
                    {"key": "APPROVER", "value": "admin,bob"},
                    {"key": "APPROVAL_CONTENT", "value": "please"},
                ],
                "meta": {"callback_url": "http://h/cb", "headers": {"X-A": "b"}},
            })
        );
    }

    #[test]
    fn a_services_ticket_carries_fields_of_each_kind_nodes_and_extra_members() {
        let mut ticket = ticket();
        ticket.service = Service::Id(7);
        ticket.fields = vec![
            field("reason", FieldValue::Text("new\nhost".into())),
            field("leader", FieldValue::People(vec!["dave".into()])),
            field("count", FieldValue::Json("[1, {\"a\": null}]".into())),
        ];
        ticket.processors =
            vec![NodeProcessors { node_id: 407, users: vec!["x".into(), "y".into()] }];
        ticket.extra_json = Some(
            r#"{"bk_biz_id": 2, "meta": {"envs": {"A": "b"}}, "dynamic_fields": [{"name": "n", "type": "INT", "value": 5}]}"#
                .into(),
        );
        assert_eq!(
            Value::Object(ticket.parameters().unwrap()),
            json!({
                "creator": "carol",
                "tag": "tag1",
                "service_id": 7,
                "bk_biz_id": 2,
                "dynamic_fields": [{"name": "n", "type": "INT", "value": 5}],
                "fields": [
                    {"key": "title", "value": "扩容"},
                    {"key": "reason", "value": "new\nhost"},
                    {"key": "leader", "value": "dave"},
                    {"key": "count", "value": [1, {"a": null}]},
                ],
                "meta": {"envs": {"A": "b"}, "state_processors": {"407": "x,y"}},
            })
        );
    }

    #[test]
    fn what_itsm_would_refuse_or_strand_is_refused_by_the_arguments_name() {
        let fast = |approvers: &[&str], content: &str| Service::FastApproval {
            approvers: approvers.iter().map(|&user| user.into()).collect(),
            content: content.into(),
        };
        type Change = Box<dyn Fn(&mut NewTicket)>;
        let cases: Vec<(&str, Change)> = vec![
            ("ticket.tag", Box::new(|t| t.tag = Secret::new("".into()))),
            ("ticket.tag", Box::new(|t| t.tag = Secret::new("a".repeat(33)))),
            ("ticket.tag", Box::new(|t| t.tag = Secret::new("Op".into()))),
            ("ticket.creator", Box::new(|t| t.creator = " ".into())),
            ("ticket.creator", Box::new(|t| t.creator = "u".repeat(65))),
            ("ticket.creator", Box::new(|t| t.creator = "a,b".into())),
            ("ticket.title", Box::new(|t| t.title = "\n ".into())),
            ("ticket.title", Box::new(|t| t.title = "单".repeat(129))),
            ("ticket.title", Box::new(|t| t.title = "hi 🚀".into())),
            ("ticket.title", Box::new(|t| t.title = "'".repeat(22))),
            ("ticket.title", Box::new(|t| t.title = format!("{}<>", "x".repeat(121)))),
            ("ticket.title", Box::new(|t| t.title = format!("{}<a>", "x".repeat(100)))),
            ("ticket.service.approvers", Box::new(move |t| t.service = fast(&[], "c"))),
            ("ticket.service.approvers", Box::new(move |t| t.service = fast(&["a", ""], "c"))),
            ("ticket.service.approvers", Box::new(move |t| t.service = fast(&["a,b"], "c"))),
            ("ticket.service.content", Box::new(move |t| t.service = fast(&["a"], " "))),
            ("ticket.service.content", Box::new(move |t| t.service = fast(&["a"], "🚀"))),
            (
                "ticket.fields[0]",
                Box::new(|t| t.fields = vec![field("title", FieldValue::Text("x".into()))]),
            ),
            (
                "ticket.fields[0]",
                Box::new(|t| t.fields = vec![field("APPROVER", FieldValue::Text("x".into()))]),
            ),
            (
                "ticket.fields[1]",
                Box::new(|t| {
                    t.fields =
                        ["k", "k"].map(|key| field(key, FieldValue::Text("x".into()))).into();
                }),
            ),
            (
                "ticket.fields[0]",
                Box::new(|t| t.fields = vec![field(" ", FieldValue::Text("x".into()))]),
            ),
            (
                "ticket.fields[0]",
                Box::new(|t| t.fields = vec![field("k", FieldValue::Text("🚀".into()))]),
            ),
            (
                "ticket.fields[0]",
                Box::new(|t| t.fields = vec![field("k", FieldValue::People(vec![]))]),
            ),
            (
                "ticket.fields[0]",
                Box::new(|t| t.fields = vec![field("k", FieldValue::Json("{x".into()))]),
            ),
            (
                "ticket.fields[0]",
                Box::new(|t| {
                    t.fields = vec![field("k", FieldValue::Json(r#""\ud83d\ude80""#.into()))]
                }),
            ),
            (
                "ticket.processors[0]",
                Box::new(|t| t.processors = vec![NodeProcessors { node_id: 1, users: vec![] }]),
            ),
            (
                "ticket.processors[1]",
                Box::new(|t| {
                    t.processors = [1, 1]
                        .map(|node_id| NodeProcessors { node_id, users: vec!["a".into()] })
                        .into();
                }),
            ),
            ("ticket.callback.url", Box::new(|t| t.callback = Some(target("", &[])))),
            ("ticket.callback.url", Box::new(|t| t.callback = Some(target("ftp://h/", &[])))),
            ("ticket.callback.url", Box::new(|t| t.callback = Some(target("http:///x", &[])))),
            ("ticket.callback.url", Box::new(|t| t.callback = Some(target("http://h/a b", &[])))),
            ("ticket.callback.url", Box::new(|t| t.callback = Some(target("http://h/单", &[])))),
            (
                "ticket.callback.url",
                Box::new(|t| {
                    t.callback = Some(target(&format!("http://h/{}", "x".repeat(2048)), &[]))
                }),
            ),
            (
                "ticket.callback.headers[0]",
                Box::new(|t| t.callback = Some(target("http://h", &[("X", "单")]))),
            ),
            (
                "ticket.callback.headers[0]",
                Box::new(|t| t.callback = Some(target("http://h", &[("X", "a\r\nY: b")]))),
            ),
            (
                "ticket.callback.headers[0]",
                Box::new(|t| t.callback = Some(target("http://h", &[("Content-Type", "x")]))),
            ),
            (
                "ticket.callback.headers[1]",
                Box::new(|t| t.callback = Some(target("http://h", &[("X", "1"), ("x", "2")]))),
            ),
        ];
        for (name, change) in cases {
            let mut ticket = ticket();
            change(&mut ticket);
            let failure = ticket.parameters().unwrap_err();
            assert_eq!(failure.advice, Advice::FixArgument(name.into()), "{}", failure.message);
            assert!(!failure.may_have_acted);
        }
    }

    #[test]
    fn each_text_of_users_holds_one_name_that_somebody_can_have() {
        for user in ["admin", "zhang.san", "a_b-c", "bob@example.com", "张三", "o'neill", "b+c"] {
            assert!(check_user("u", user).is_ok(), "{user}");
        }
        for user in [
            "",
            " ",
            "admin,bob",
            "admin;bob",
            "admin，bob",
            "admin、bob",
            "admin；bob",
            "admin|bob",
            "admin｜bob",
            "admin/bob",
            "admin\\bob",
            "admin&bob",
            "admin bob",
            "admin\u{3000}bob",
            "admin\u{a0}bob",
            " admin",
            "admin ",
            "admin\tbob",
            "admin\nbob",
            "admin\u{200b}",
            "\u{feff}admin",
            "ad\u{ad}min",
            "ad\u{202e}min",
            "admin\u{3164}",
            "admin\0",
            "admin🚀",
        ] {
            assert!(check_user("u", user).is_err(), "{user:?}");
        }
    }

    #[test]
    fn a_ghost_is_known_however_its_name_is_spelled() {
        for (extra, ghost) in [
            (r#"{"dynamic_fields":[]}"#, true),
            (r#"{"dynamic\u005ffields":[]}"#, true),
            (r#"{"a":"dynamic_fields"}"#, false),
            (r#"{"a":{"dynamic_fields":1}}"#, false),
        ] {
            let mut ticket = ticket();
            ticket.extra_json = Some(extra.into());
            assert_eq!(ticket.can_leave_a_ghost(), ghost, "{extra}");
        }
    }

    #[test]
    fn extra_json_may_not_name_what_the_ticket_or_the_connection_owns() {
        for (extra, why) in [
            ("[]", "ticket.extra-json holds JSON that is an array, not an object"),
            ("{", "ticket.extra-json is not usable: the JSON ends too early (line 1, column 1)"),
            (r#"{"tag":"x"}"#, "ticket.extra-json names `tag`, which the ticket sets"),
            (r#"{"title":"x"}"#, "ticket.extra-json names `title`, which the ticket sets"),
            (
                r#"{"fast_approval":"false"}"#,
                "ticket.extra-json names `fast_approval`, which the ticket sets",
            ),
            (
                r#"{"bk_app_secret":"x"}"#,
                "ticket.extra-json names `bk_app_secret`, which the connection sets",
            ),
            (
                r#"{"bk_username":"x"}"#,
                "ticket.extra-json names `bk_username`, which the connection sets",
            ),
            (r#"{"meta":[1]}"#, "ticket.extra-json has a `meta` that is not an object"),
            (r#"{"meta":null}"#, "ticket.extra-json has a `meta` that is not an object"),
            (
                r#"{"meta":{"headers":{}}}"#,
                "ticket.extra-json names `meta.headers`, which the ticket sets",
            ),
            (
                r#"{"meta":{"callback_url":""}}"#,
                "ticket.extra-json names `meta.callback_url`, which the ticket sets",
            ),
            (r#"{"a":1,"a":2}"#, "ticket.extra-json is not usable: `a` is there twice"),
            (r#"{"a":{"b":1,"\u0062":2}}"#, "ticket.extra-json is not usable: `b` is there twice"),
            (
                r#"{"a":18446744073709551616}"#,
                "ticket.extra-json is not usable: the integer 18446744073709551616 has more than 64 bits: send it as a string",
            ),
            (
                r#"{"dynamic_fields":{"a":1}}"#,
                "ticket.extra-json `dynamic_fields` is an object, not a list",
            ),
            (
                r#"{"dynamic_fields":[{"name":"n","type":"TEXT","value":"v"}]}"#,
                "ticket.extra-json has a dynamic field that is none of STRING, LINK and INT with a number",
            ),
            (
                r#"{"dynamic_fields":[{"name":"","type":"LINK","value":"v"}]}"#,
                "ticket.extra-json has a dynamic field whose name has not 1 to 32 characters",
            ),
            (
                r#"{"dynamic_fields":[{"name":"n","type":"STRING","value":""}]}"#,
                "ticket.extra-json has a dynamic field whose value has not 1 to 255 characters",
            ),
            (
                r#"{"dynamic\u005ffields":[{"name":" ","type":"STRING","value":"v"}]}"#,
                "ticket.extra-json has a dynamic field whose name has not 1 to 32 characters",
            ),
            (
                r#"{"dynamic_fields":[{"name":"n","type":"STRING","value":"　"}]}"#,
                "ticket.extra-json has a dynamic field whose value has not 1 to 255 characters",
            ),
            (
                r#"{"dynamic_fields":[{"name":"n","type":"STRING","value":"a\u0000"}]}"#,
                "ticket.extra-json is not usable: a text holds the character NUL",
            ),
            (
                r#"{"dynamic_fields":[{"name":"n","type":"STRING","value":"v","meta":null}]}"#,
                "ticket.extra-json a dynamic field's `meta` is null, not an object",
            ),
            (
                r#"{"dynamic_fields":[{"name":"n","type":"STRING","value":"v","meta":[]}]}"#,
                "ticket.extra-json a dynamic field's `meta` is an array, not an object",
            ),
            (
                r#"{"dynamic_fields":["n"]}"#,
                "ticket.extra-json a dynamic field is a string, not an object",
            ),
        ] {
            let mut ticket = ticket();
            ticket.extra_json = Some(extra.into());
            assert_eq!(ticket.parameters().unwrap_err().message, why);
        }
    }

    #[test]
    fn limits_count_characters_and_their_last_value_is_allowed() {
        let mut ticket = ticket();
        for title in
            ["单".repeat(128), format!("{}&<>", "x".repeat(119)), format!("{}\"", "x".repeat(122))]
        {
            ticket.title = title;
            assert!(ticket.parameters().is_ok());
        }
        ticket.creator = "u".repeat(64);
        ticket.tag = Secret::new("a".repeat(32));
        assert!(ticket.parameters().is_ok());
    }
}
