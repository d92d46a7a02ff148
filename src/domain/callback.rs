//! A callback's body, and the answers to it.

use super::json::{Json, NO_CHARACTER, Object};
use super::message;
use super::parameters::parameters;
use super::secret::Secret;
use super::text;
use serde_json::Value;

/// A real callback has some 400 bytes; its title and users can make it a few thousand.
pub const MAX_BYTES: u32 = 64 * 1024;

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

impl Callback {
    /// Whether it is what `check_callback_url` posts.
    pub fn is_self_check(&self) -> bool {
        self.sn == SELF_CHECK_SN
    }
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
pub enum ParseError {
    /// It is larger than this.
    TooLarge(u32),
    /// It is no JSON object in UTF-8.
    Malformed(String),
    /// A member, and what is wrong with it.
    Field(String, String),
}

impl ParseError {
    /// As it may leave: it can repeat what somebody posted.
    pub fn redacted(self, secrets: &[&Secret]) -> Self {
        match self {
            Self::TooLarge(limit) => Self::TooLarge(limit),
            Self::Malformed(why) => Self::Malformed(message::redacted(&why, secrets)),
            Self::Field(name, why) => {
                Self::Field(message::redacted_within(&name, secrets, 64), why)
            }
        }
    }
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
///
/// ```
/// use blueking_itsm::domain::callback::{ParseError, parse};
///
/// let body = br#"{"sn": "REQ1", "current_status": "REVOKED", "approve_result": false}"#;
/// assert_eq!(parse(body).unwrap().status, "REVOKED");
/// let why = ParseError::Field("approve_result".into(), "is missing".into());
/// assert_eq!(parse(b"{}"), Err(why));
/// ```
pub fn parse(body: &[u8]) -> Result<Callback, ParseError> {
    let members = Members(object(body)?);
    let optional = |name: &str| members.optional(name);
    let required = |name: &str| members.required(name);
    let field = |why: &str| field("approve_result", why);
    let Some(result) = members.0.find("approve_result") else {
        return Err(field("is missing"));
    };
    let approve_result = match (result.boolean(), result.string().as_deref()) {
        (Some(flag), _) => flag,
        (None, Some("true" | "True")) => true,
        (None, Some("false" | "False")) => false,
        (None, Some(_)) => return Err(field("is neither true nor false")),
        (None, None) => return Err(field(&format!("is {}, not a boolean", result.kind()))),
    };
    Ok(Callback {
        sn: required("sn")?,
        id: members.0.text("id").ok().filter(|id| !id.is_empty()),
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
pub fn token(body: &[u8]) -> Result<Secret, ParseError> {
    let field = |why: &str| field("token", why);
    let Some(token) = object(body)?.find("token") else {
        return Err(field("is missing"));
    };
    match token.string() {
        Some(text) if text.is_empty() => Err(field("is empty")),
        Some(text) => Ok(Secret::new(text.into_owned())),
        None if token.kind() == "a string" => Err(field(NO_CHARACTER)),
        None => Err(field(&format!("is {}, not a string", token.kind()))),
    }
}

/// Reads the body of a request that a trigger or a webhook node makes.
///
/// ITSM adds `bk_app_code`, `bk_app_secret` and `bk_username` of its own to such a body: like all
/// members that are not of the template, they are passed over unread.
pub fn parse_node_event(body: &[u8]) -> Result<NodeEvent, ParseError> {
    let members = Members(object(body)?);
    Ok(NodeEvent {
        sn: members.required("sn")?,
        title: members.optional("title")?,
        status: members.optional("status")?,
        creator: members.optional("creator")?,
        node: members.optional("node")?,
        output: members.scalar("result")?,
    })
}

/// The members of a body. Values of others than those that are asked for are passed over unread: ITSM
/// puts credentials of its own into some requests.
struct Members<'a>(Object<'a>);

impl Members<'_> {
    /// Text, or nothing for null and for a member that is not there.
    fn optional(&self, name: &str) -> Result<String, ParseError> {
        match self.0.find(name) {
            Some(value) if !value.is_null() => match value.string() {
                Some(text) => Ok(text.into_owned()),
                None if value.kind() == "a string" => Err(field(name, NO_CHARACTER)),
                None => Err(field(name, &format!("is {}, not a string", value.kind()))),
            },
            _ => Ok(String::new()),
        }
    }

    /// Text, a boolean or a number, as JSON writes it.
    fn scalar(&self, name: &str) -> Result<String, ParseError> {
        match self.0.find(name) {
            Some(value) if value.boolean().is_some() || value.number().is_some() => {
                Ok(value.text().to_owned())
            }
            _ => self.optional(name),
        }
    }

    fn required(&self, name: &str) -> Result<String, ParseError> {
        match self.optional(name)? {
            text if text.trim().is_empty() => Err(field(name, "is missing or blank")),
            text => Ok(text),
        }
    }
}

fn field(name: &str, why: &str) -> ParseError {
    ParseError::Field(name.to_owned(), why.to_owned())
}

/// The number in the body of a self-check: no ticket's.
pub const SELF_CHECK_SN: &str = "ITSM-SELF-CHECK";

/// The body of a self-check, in the form of a callback.
pub fn self_check_body() -> String {
    let members = parameters([
        ("title", "self-check".into()),
        ("current_status", "FINISHED".into()),
        ("sn", SELF_CHECK_SN.into()),
        ("ticket_url", "".into()),
        ("update_at", "".into()),
        ("updated_by", "".into()),
        ("approve_result", false.into()),
        ("token", "self-check".into()),
        ("last_approver", "".into()),
    ]);
    Value::Object(members).to_string()
}

/// The answer that ITSM counts as delivered: status 200 and a JSON object whose `code` is 0.
pub fn accepted() -> Reply {
    reply(true, "success")
}

/// The answer that puts the ticket on the failed list.
///
/// Status 200, so that nothing between ITSM and here replaces the answer by an error page.
pub fn refused(message: &str) -> Reply {
    reply(false, &message::redacted(message, &[]))
}

fn reply(delivered: bool, message: &str) -> Reply {
    let body = Value::Object(parameters([
        ("result", delivered.into()),
        ("code", i32::from(!delivered).into()),
        ("message", message.into()),
        ("data", Value::Null),
    ]));
    Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    }
}

fn object(body: &[u8]) -> Result<Object<'_>, ParseError> {
    if body.len() > MAX_BYTES as usize {
        return Err(ParseError::TooLarge(MAX_BYTES));
    }
    let object = Json::parse_object(body, "the body")
        .map_err(|why| ParseError::Malformed(why.to_string()))?;
    match object.repeated() {
        Some(name) => Err(field(name, "is given twice")),
        None => Ok(object),
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
            assert_eq!(with(written), Err(ParseError::Field("approve_result".into(), why.into())));
        }
    }

    #[test]
    fn a_body_that_is_no_callback_is_refused_by_name() {
        let field = |name: &str, why: &str| ParseError::Field(name.into(), why.into());
        let malformed = |why: &str| ParseError::Malformed(why.into());
        let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for (body, error) in [
            ("", malformed("the JSON ends too early (line 1, column 0)")),
            ("[]", malformed("the body is an array, not an object")),
            ("null", malformed("the body is null, not an object")),
            ("{} {}", malformed("not JSON (line 1, column 4)")),
            (&deep, malformed("nested too deep (byte 132)")),
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
            Err(malformed("it is not in UTF-8: GBK, most likely"))
        );
        let large = vec![b' '; MAX_BYTES as usize + 1];
        assert_eq!(parse(&large), Err(ParseError::TooLarge(65_536)));
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
            assert_eq!(error, Some(ParseError::Field("token".into(), why.into())), "{body}");
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
            Err(ParseError::Field("sn".into(), "is missing or blank".into()))
        );
    }

    #[test]
    fn replies_are_what_itsm_takes_for_delivered_and_for_failed() {
        assert_eq!(accepted().body, br#"{"code":0,"data":null,"message":"success","result":true}"#);
        assert_eq!(
            refused("not \"ours\"").body,
            br#"{"code":1,"data":null,"message":"not \"ours\"","result":false}"#
        );
        assert_eq!(accepted().status, 200);
        assert!(refused(&"单".repeat(500)).body.len() < 400);
    }
}
