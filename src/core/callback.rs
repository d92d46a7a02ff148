//! A callback's body, and the answers to it.

use super::json::{self, Members};
use super::secret::Secret;
use super::text;
use serde_json::Value;

/// A real callback has some 400 bytes; its title and users can make it a few thousand.
pub const MAX_BYTES: usize = 64 * 1024;

/// What somebody posted to a callback address: a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The ticket's number.
    pub sn: String,
    /// The ticket's id, where one is named. ITSM v2 does not.
    pub id: Option<String>,
    /// The ticket's title.
    pub title: String,
    /// ITSM's word for the status.
    pub status: String,
    /// The result over all approvals.
    pub approve_result: bool,
    /// The ticket's page.
    pub ticket_url: String,
    /// Who handled the ticket.
    pub updated_by: Vec<String>,
    /// When it last changed, as the server wrote it.
    pub updated_at: String,
    /// Who handled its last approval.
    pub last_approvers: Vec<String>,
}

/// What a trigger or a webhook node posted about a node: a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEvent {
    /// The ticket's number.
    pub sn: String,
    /// Its title.
    pub title: String,
    /// ITSM's word for its status.
    pub status: String,
    /// Who it was made for.
    pub creator: String,
    /// Which node.
    pub node: String,
    /// What came out there.
    pub output: String,
}

/// Why a body is no callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is larger than this.
    TooLarge(u32),
    /// It is no JSON object in UTF-8.
    Malformed(String),
    /// A member, and what is wrong with it.
    Field(String, String),
}

/// An HTTP answer to ITSM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads a callback's body.
///
/// The number, the status and the result have to be there; the rest informs people, and older
/// servers leave some of it out.
pub fn parse(body: &[u8]) -> Result<Callback, Unreadable> {
    let members = members(
        body,
        &[
            "sn",
            "id",
            "title",
            "current_status",
            "approve_result",
            "ticket_url",
            "updated_by",
            "update_at",
            "last_approver",
        ],
    )?;
    let field = |name: &str, why: &str| Unreadable::Field(name.to_owned(), why.to_owned());
    let optional = |name: &str| members.optional(name);
    let required = |name: &str| members.required(name);
    let approve_result = match members.by_name.get("approve_result") {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) if matches!(text.as_str(), "true" | "True") => true,
        Some(Value::String(text)) if matches!(text.as_str(), "false" | "False") => false,
        Some(Value::String(_)) => {
            return Err(field("approve_result", "is neither true nor false"));
        }
        None => return Err(field("approve_result", "is missing")),
        Some(other) => {
            return Err(field(
                "approve_result",
                &format!("is {}, not a boolean", json::kind(other)),
            ));
        }
    };
    Ok(Callback {
        sn: required("sn")?,
        id: members.by_name.get("id").and_then(|id| match id {
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }),
        title: optional("title")?,
        status: required("current_status")?,
        approve_result,
        ticket_url: optional("ticket_url")?,
        updated_by: text::users(&optional("updated_by")?),
        updated_at: optional("update_at")?,
        last_approvers: text::users(&optional("last_approver")?),
    })
}

/// Reads the token from a callback's body.
pub fn token(body: &[u8]) -> Result<Secret, Unreadable> {
    let field = |why: &str| Unreadable::Field("token".to_owned(), why.to_owned());
    match members(body, &["token"])?.by_name.remove("token") {
        Some(Value::String(token)) if !token.is_empty() => Ok(Secret::new(token)),
        Some(Value::String(_)) => Err(field("is empty")),
        Some(other) => Err(field(&format!("is {}, not a string", json::kind(&other)))),
        None => Err(field("is missing")),
    }
}

/// Reads the body of a request that a trigger or a webhook node makes.
///
/// ITSM adds `bk_app_code`, `bk_app_secret` and `bk_username` of its own to such a body: like all
/// members that are not of the template, they are passed over unread.
pub fn parse_node_event(body: &[u8]) -> Result<NodeEvent, Unreadable> {
    let members = members(
        body,
        &["sn", "title", "status", "creator", "node", "result"],
    )?;
    Ok(NodeEvent {
        sn: members.required("sn")?,
        title: members.optional("title")?,
        status: members.optional("status")?,
        creator: members.optional("creator")?,
        node: members.optional("node")?,
        output: members.scalar("result")?,
    })
}

impl Members {
    /// Text, or nothing for null and for a member that is not there.
    fn optional(&self, name: &str) -> Result<String, Unreadable> {
        match self.by_name.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(Unreadable::Field(
                name.to_owned(),
                format!("is {}, not a string", json::kind(other)),
            )),
        }
    }

    /// Text, a boolean or a number, as JSON writes it.
    fn scalar(&self, name: &str) -> Result<String, Unreadable> {
        match self.by_name.get(name) {
            Some(scalar @ (Value::Bool(_) | Value::Number(_))) => Ok(scalar.to_string()),
            _ => self.optional(name),
        }
    }

    fn required(&self, name: &str) -> Result<String, Unreadable> {
        match self.optional(name)? {
            text if text.trim().is_empty() => Err(Unreadable::Field(
                name.to_owned(),
                "is missing or blank".to_owned(),
            )),
            text => Ok(text),
        }
    }
}

/// The number in the body of a self-check: no ticket's.
pub const SELF_CHECK_SN: &str = "ITSM-SELF-CHECK";

/// The body of a self-check, in the form of a callback.
pub fn self_check_body() -> String {
    serde_json::json!({
        "title": "self-check",
        "current_status": "FINISHED",
        "sn": SELF_CHECK_SN,
        "ticket_url": "",
        "update_at": "",
        "updated_by": "",
        "approve_result": false,
        "token": "self-check",
        "last_approver": "",
    })
    .to_string()
}

/// The answer that ITSM counts as delivered: status 200 and a JSON object whose `code` is 0.
pub fn accepted() -> Reply {
    reply(true, "success")
}

/// The answer that puts the ticket on the failed list.
///
/// Status 200, so that nothing between ITSM and here replaces the answer by an error page.
pub fn refused(message: &str) -> Reply {
    reply(false, text::cut(message, 256))
}

fn reply(delivered: bool, message: &str) -> Reply {
    let body = serde_json::json!({
        "result": delivered,
        "code": i32::from(!delivered),
        "message": message,
        "data": null,
    });
    Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    }
}

fn members(body: &[u8], known: &[&str]) -> Result<Members, Unreadable> {
    if body.len() > MAX_BYTES {
        return Err(Unreadable::TooLarge(MAX_BYTES as u32));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        Unreadable::Malformed(format!("not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let members = json::members(text, known).map_err(Unreadable::Malformed)?;
    match &members.repeated {
        Some(name) => Err(Unreadable::Field(
            text::cut(name, 64).to_owned(),
            "is given twice".to_owned(),
        )),
        None => Ok(members),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = r#"{"title": "\u5ba1\u6279\u901a\u8fc7 ok", "current_status": "FINISHED", "sn": "REQ20261124000052", "ticket_url": "http://itsm.example.com/weixin/#/ticket/49/", "update_at": "2026-11-24 07:35:37.207535", "updated_by": ",admin,", "approve_result": true, "token": "c2VjcmV0", "last_approver": "admin"}"#;

    #[test]
    fn a_recorded_callback_is_read_whole() {
        assert_eq!(
            parse(RECORDED.as_bytes()),
            Ok(Callback {
                sn: "REQ20261124000052".into(),
                id: None,
                title: "审批通过 ok".into(),
                status: "FINISHED".into(),
                approve_result: true,
                ticket_url: "http://itsm.example.com/weixin/#/ticket/49/".into(),
                updated_by: vec!["admin".into()],
                updated_at: "2026-11-24 07:35:37.207535".into(),
                last_approvers: vec!["admin".into()],
            })
        );
        assert_eq!(token(RECORDED.as_bytes()).unwrap().expose(), "c2VjcmV0");
    }

    #[test]
    fn the_result_is_a_boolean_in_json_or_pythons_words_and_nothing_else() {
        let with = |result: &str| {
            parse(
                format!(r#"{{"sn":"S","current_status":"X","approve_result":{result}}}"#)
                    .as_bytes(),
            )
        };
        for (written, flag) in [
            ("true", true),
            (r#""true""#, true),
            (r#""True""#, true),
            ("false", false),
            (r#""False""#, false),
        ] {
            assert_eq!(with(written).unwrap().approve_result, flag);
        }
        for (written, why) in [
            ("1", "is a number, not a boolean"),
            ("null", "is null, not a boolean"),
            ("[true]", "is an array, not a boolean"),
            (r#""TRUE""#, "is neither true nor false"),
            (r#""""#, "is neither true nor false"),
        ] {
            assert_eq!(
                with(written),
                Err(Unreadable::Field("approve_result".into(), why.into()))
            );
        }
    }

    #[test]
    fn a_body_that_is_no_callback_is_refused_by_name() {
        let field = |name: &str, why: &str| Unreadable::Field(name.into(), why.into());
        let malformed = |why: &str| Unreadable::Malformed(why.into());
        let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for (body, error) in [
            ("", malformed("the JSON ends too early (line 1, column 0)")),
            ("[]", malformed("not a JSON object (line 1, column 0)")),
            ("null", malformed("not a JSON object (line 1, column 4)")),
            ("{} {}", malformed("not JSON (line 1, column 4)")),
            (&deep, malformed("nested too deep (byte 68)")),
            (r#"{"x":"[[\"[["}"#, field("approve_result", "is missing")),
            ("{}", field("approve_result", "is missing")),
            (
                r#"{"approve_result":true,"current_status":"FINISHED"}"#,
                field("sn", "is missing or blank"),
            ),
            (
                r#"{"approve_result":true,"sn":" ","current_status":"FINISHED"}"#,
                field("sn", "is missing or blank"),
            ),
            (
                r#"{"approve_result":true,"sn":5,"current_status":"FINISHED"}"#,
                field("sn", "is a number, not a string"),
            ),
            (
                r#"{"approve_result":true,"sn":"S","current_status":"X","updated_by":["a"]}"#,
                field("updated_by", "is an array, not a string"),
            ),
            (
                r#"{"approve_result":false,"sn":"S","approve_result":true}"#,
                field("approve_result", "is given twice"),
            ),
            (r#"{"x":1,"x":2}"#, field("x", "is given twice")),
        ] {
            assert_eq!(parse(body.as_bytes()), Err(error), "{body}");
        }
        assert_eq!(
            parse(b"{\"sn\":\"\xff\"}"),
            Err(malformed("not UTF-8 at byte 7"))
        );
        let large = vec![b' '; MAX_BYTES + 1];
        assert_eq!(parse(&large), Err(Unreadable::TooLarge(65_536)));
    }

    #[test]
    fn unknown_members_and_absent_informative_ones_do_not_matter() {
        let callback =
            parse(br#"{"sn":"S","current_status":"REVOKED","approve_result":false,"new":{"a":[1]},"last_approver":null}"#)
                .unwrap();
        assert_eq!(callback.status, "REVOKED");
        assert!(callback.last_approvers.is_empty());
    }

    #[test]
    fn a_body_without_a_usable_token_says_so() {
        for (body, why) in [
            ("{}", "is missing"),
            (r#"{"token":""}"#, "is empty"),
            (r#"{"token":7}"#, "is a number, not a string"),
            (r#"{"token":"a","token":"b"}"#, "is given twice"),
        ] {
            let error = token(body.as_bytes()).err();
            assert_eq!(
                error,
                Some(Unreadable::Field("token".into(), why.into())),
                "{body}"
            );
        }
    }

    #[test]
    fn a_nodes_event_is_read_by_the_template_and_itsms_credentials_are_not_read_at_all() {
        let body = br#"{"sn":"S","node":"review","result":"true","bk_app_code":"itsm","bk_app_secret":{"a":[1]},"bk_username":5}"#;
        assert_eq!(
            parse_node_event(body),
            Ok(NodeEvent {
                sn: "S".into(),
                title: String::new(),
                status: String::new(),
                creator: String::new(),
                node: "review".into(),
                output: "true".into(),
            })
        );
        assert_eq!(
            parse_node_event(br#"{"node":"review"}"#),
            Err(Unreadable::Field("sn".into(), "is missing or blank".into()))
        );
    }

    #[test]
    fn replies_are_what_itsm_takes_for_delivered_and_for_failed() {
        assert_eq!(
            accepted().body,
            br#"{"code":0,"data":null,"message":"success","result":true}"#
        );
        assert_eq!(
            refused("not \"ours\"").body,
            br#"{"code":1,"data":null,"message":"not \"ours\"","result":false}"#
        );
        assert_eq!(accepted().status, 200);
        assert!(refused(&"单".repeat(500)).body.len() < 400);
    }
}
