//! `{result, code, message, data}` → data, or the one error model.
//!
//! Nearly every failure of ITSM and of the ESB is HTTP 200, and a legacy gateway rewrites its own
//! to 200 too, so the status decides last. The codes are facts read in recordings and in the
//! servers' public sources.

use super::action::{Action, CREATE_TICKET, Esb};
use super::failure::{Advice, Failure, Origin};
use super::http::Response;
use super::json::{Json, Object};

/// The header that only the gateway's own errors carry.
const GATEWAY_CODE: &str = "X-Bkapi-Error-Code";
const GATEWAY_REQUEST_ID: &str = "X-Bkapi-Request-ID";

/// The gateway's words for an upstream that it never reached. In its other words a connection was
/// made and then broke or timed out, and ITSM may have acted (read in the gateway's source).
const NEVER_CONNECTED: [&str; 3] = [
    "connection refused",
    "connection timed out while connecting to upstream",
    "failed to connect to upstream",
];

/// What ITSM answers, with status 403, to a request that did not come through its gateway (recorded).
const PAST_THE_GATEWAY: &[u8] = b"This API can only be accessed through API gateway";

const ENDPOINT: &str = "connection.endpoint";

/// What a server's refusal means: what to do, and whether it is proven that nothing was done.
type Meaning = (Advice, bool);

/// The data of a successful answer.
pub fn decode<'a>(action: &Action, response: &'a Response) -> Result<Json<'a>, Failure> {
    let request_id = response.header(GATEWAY_REQUEST_ID).map(str::to_owned);
    interpret(action, response)
        .map_err(|failure| Failure { request_id: failure.request_id.or(request_id), ..failure })
}

fn interpret<'a>(action: &Action, response: &'a Response) -> Result<Json<'a>, Failure> {
    let members = Json::parse_object(&response.body, "it");
    if let Some(code) = response.header(GATEWAY_CODE) {
        return Err(gateway(action, code, response, members.ok().as_ref()));
    }
    if (300..400).contains(&response.status) {
        let why = format!(
            "answered with a redirect ({}), which is never followed: compare {ENDPOINT}",
            response.status
        );
        return Err(Failure::unusable(action, fix(ENDPOINT), why));
    }
    let members = match members {
        Ok(members) => members,
        Err(why) => return Err(no_envelope(action, response, &why.to_string())),
    };
    let code = match members.find("code") {
        None => None,
        Some(code) => match (code.number(), code.string()) {
            (Some(number), _) => Some(number.to_owned()),
            (None, Some(text)) if !text.is_empty() => Some(text.into_owned()),
            _ => {
                let why = format!("its `code` is {}", code.kind());
                return Err(no_envelope(action, response, &why));
            }
        },
    };
    let result = members.find("result").and_then(Json::boolean);
    let succeeded = result == Some(true) && matches!(code.as_deref(), None | Some("0" | "00"));
    if succeeded && (200..300).contains(&response.status) {
        return match members.find("data") {
            Some(data) => Ok(data),
            None => Json::parse(b"null").map_err(|why| Failure::answer(action, why)),
        };
    }
    let message = message(&members);
    let request_id = text_member(&members, "request_id");
    let failure = match code.as_deref() {
        Some(code) if code.len() == 7 && code.starts_with("13") => esb(action, code, message),
        // A gateway whose header was lost on the way.
        Some(code) if code.len() == 7 && code.starts_with("16") => {
            gateway(action, code, response, Some(&members))
        }
        Some(code) if result.is_some() || is_of_the_framework(code) => itsm(action, code, message),
        None if result.is_some() => {
            Failure::answer(action, format!("a failure without a code: {message}"))
        }
        _ => no_envelope(action, response, &format!("it has no `result`. {message}")),
    };
    Err(Failure { request_id: request_id.or(failure.request_id), ..failure })
}

fn fix(argument: &str) -> Advice {
    Advice::FixArgument(argument.to_owned())
}

/// Refusals of the framework below ITSM, before any of its actions runs (read in its source): they have
/// no `data`, and one of them has its words in `detail`.
fn is_of_the_framework(code: &str) -> bool {
    matches!(code, "UNAUTHORIZED" | "PERMISSION_DENIED" | "9900403")
}

fn itsm(action: &Action, code: &str, message: String) -> Failure {
    let (advice, undone) = match code {
        _ if says_that_no_ticket_has_the_number(code, &message) => (fix(sn_argument(action)), true),
        // Creation failed; rolled back.
        "3900003" => (fix(action.argument), true),
        // A wrong parameter, or a name that is taken: checked before anything is changed.
        "3900005" | "3900008" | "3900035" | "3900046" => (fix(action.argument), true),
        // No such object, or service: it is looked up first.
        "3900404" => (fix(action.argument), true),
        "3900042" if *action == CREATE_TICKET => (fix("ticket.service"), true),
        "3900042" => (fix(action.argument), true),
        // The one action that writes and has these changes all or nothing.
        "VALIDATE_ERROR" | "FORM_VALIDATE_ERROR" => (fix(action.argument), true),
        "OBJECT_NOT_EXIST" | "METHOD_NOT_ALLOWED" => (fix(ENDPOINT), true),
        "UNAUTHORIZED" => (Advice::FixCredentials, true),
        "PERMISSION_DENIED" | "9900403" => (Advice::AskPermission, true),
        "3900015" | "3900499" => (Advice::AskPermission, false),
        // Any exception nobody expected: the message is often Python's. This one comes from the checks that
        // stand before each change; of a member, or of the whole operation (recorded).
        "3900004" if message.contains("ErrorDetail(") && !is_after_the_insert(action, &message) => {
            if message.contains("{'") {
                (fix(action.argument), true)
            } else {
                (Advice::GiveUp, true)
            }
        }
        // The same for the whole system.
        "3900500" => (Advice::CallOperator, false),
        _ => (Advice::GiveUp, false),
    };
    Failure {
        code: Some(code.to_owned()),
        ..Failure::refused(action, Origin::Itsm, (advice, undone), message)
    }
}

/// One code says nothing else. The actions that share a code with other parameters name the ticket, and no node
/// of it, before their words (recorded).
fn says_that_no_ticket_has_the_number(code: &str, message: &str) -> bool {
    match code {
        "3900022" => true,
        "3900005" => message.contains("sn[") && !message.contains("state["),
        "VALIDATE_ERROR" => message.contains("ticket_id = "),
        _ => false,
    }
}

/// The argument that holds the ticket's number, of functions that call another one their own.
fn sn_argument(action: &Action) -> &'static str {
    if matches!(action.argument, "node-id" | "fields") { "sn" } else { action.argument }
}

/// Dynamic fields alone are checked after the ticket was made, which stays behind as a ghost. Their refusals
/// come as a list, or say that they are none (recorded).
fn is_after_the_insert(action: &Action, message: &str) -> bool {
    *action == CREATE_TICKET && (message.contains(": [{") || message.contains("{'params_error'"))
}

/// All but the codes of an answer from behind the ESB are given before it calls ITSM (read in its source).
fn esb(action: &Action, code: &str, message: String) -> Failure {
    let meaning = match code {
        // Whatever went wrong in the ESB's own program, and only the text tells.
        "1306000" if message.contains("Component error") => (Advice::unclear(action), false),
        // Only the text tells whether it is the app's secret or the user.
        "1306000" if is_about_the_user(&message) => (Advice::SendVerifiedUser, true),
        "1306000" => (Advice::FixCredentials, true),
        "1306401" => (Advice::SendVerifiedUser, true),
        "1306402" | "1306403" => (Advice::AskPermission, true),
        "1306404" | "1306405" | "1306407" => (fix(ENDPOINT), true),
        "1306406" => (fix(action.argument), true),
        "1306429" => (Advice::WaitMs(1_000), true),
        // The host of ITSM's test environment is not set.
        "1306206" => (Advice::CallOperator, true),
        // No TLS with ITSM. It can also break off later.
        "1306203" => (Advice::CallOperator, false),
        // ITSM failed behind the ESB, answered other than 200 or with no JSON.
        _ => (Advice::unclear(action), false),
    };
    let message = if code == "1306404" { not_over_this_esb(action, &message) } else { message };
    Failure {
        code: Some(code.to_owned()),
        ..Failure::refused(action, Origin::Esb, meaning, message)
    }
}

fn not_over_this_esb(action: &Action, message: &str) -> String {
    let path = action.esb_path();
    let what_then = match action.esb {
        Esb::Missing => "no ESB publishes it, so use an API gateway",
        Esb::Same => "compare the address with the site's ESB",
        Esb::NotTheOldest | Esb::At(_) => {
            "older ones lack it, so use an API gateway or a newer ESB"
        }
    };
    format!("this ESB has no action {path}: {what_then}. {message}")
}

fn gateway(action: &Action, code: &str, response: &Response, members: Option<&Object>) -> Failure {
    let message = members.map(message).filter(|message| !message.is_empty());
    let message = message.or_else(|| response.header("X-Bkapi-Error-Message").map(str::to_owned));
    let message = message.unwrap_or_else(|| "the gateway gave no message".to_owned());
    let upstream = members.and_then(|members| text_member(members, "upstream_error"));
    let never_connected = upstream.is_some_and(|error| NEVER_CONNECTED.contains(&error.as_str()));
    let meaning: Meaning = match code {
        "1640102" => (Advice::SendVerifiedUser, true),
        "1640001" if is_about_the_user(&message) => (Advice::SendVerifiedUser, true),
        code if code.starts_with("16403") => (Advice::AskPermission, true),
        code if code.starts_with("16400") || code.starts_with("16401") => {
            (Advice::FixCredentials, true)
        }
        code if code.starts_with("16404") || code.starts_with("16414") => (fix(ENDPOINT), true),
        code if code.starts_with("16413") => (fix(action.argument), true),
        code if code.starts_with("16429") => (Advice::WaitMs(wait_ms(response)), true),
        "1650200" | "1650201" | "1650300" | "1650401" if never_connected => {
            (Advice::WaitMs(wait_ms(response)), true)
        }
        _ => (Advice::unclear(action), false),
    };
    Failure {
        code: Some(code.to_owned()),
        ..Failure::refused(action, Origin::Gateway, meaning, message)
    }
}

/// Whether the gateway or the ESB misses a verified user, and not the app's own credentials.
///
/// Both have one code for the two, so only the text tells (read in the gateway's source).
fn is_about_the_user(message: &str) -> bool {
    ["user authentication failed", "bk_username", "bk_token"]
        .iter()
        .any(|words| message.to_ascii_lowercase().contains(words))
}

/// What is neither an envelope nor the gateway's error.
fn no_envelope(action: &Action, response: &Response, why: &str) -> Failure {
    let status = response.status;
    let is_html = response.header("content-type").is_some_and(|kind| {
        kind.trim_start().get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
    });
    let what = if is_html { "an HTML page" } else { "an answer" };
    let message = format!("{what} with status {status} that is no ITSM envelope: {why}");
    match status {
        403 if response.body.trim_ascii() == PAST_THE_GATEWAY => Failure {
            code: Some("403".to_owned()),
            ..Failure::refused(
                action,
                Origin::Answer,
                (fix(ENDPOINT), true),
                "refused without an envelope: ITSM answers so when it is called past its gateway"
                    .to_owned(),
            )
        },
        // ITSM answers so to an unknown address and a bad token of its gateway, and so do login pages.
        200 | 403 if is_html => Failure::unusable(
            action,
            fix(ENDPOINT),
            format!("{message}. Compare {ENDPOINT}, and look what stands before ITSM"),
        ),
        499 => Failure::refused(action, Origin::Answer, (Advice::AskPermission, true), message),
        // By its meaning: the request was refused for its number, whoever counted.
        429 => {
            let wait = Advice::WaitMs(wait_ms(response));
            Failure::refused(action, Origin::Answer, (wait, true), message)
        }
        502..=504 => Failure::unusable(action, Advice::WaitMs(wait_ms(response)), message),
        _ => Failure::answer(action, message),
    }
}

fn message(members: &Object) -> String {
    text_member(members, "message").or_else(|| text_member(members, "detail")).unwrap_or_default()
}

fn text_member(members: &Object, name: &str) -> Option<String> {
    let text = members.find(name)?.string()?;
    (!text.is_empty()).then(|| text.into_owned())
}

/// How long to wait, from the headers a rate limit may come with.
fn wait_ms(response: &Response) -> u32 {
    const SHORTEST_MS: u64 = 1_000;
    const LONGEST_MS: u64 = 600_000;
    let asked =
        response.wait_ms("Retry-After").or_else(|| response.wait_ms("X-Bkapi-RateLimit-Reset"));
    let wait = asked.unwrap_or(SHORTEST_MS).clamp(SHORTEST_MS, LONGEST_MS);
    u32::try_from(wait).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::{
        ADD_FOLLOWER, ALL, APPROVE, COMMENT, CREATE_SERVICE_CATALOG, EDIT_FIELD,
        GET_APPROVE_NODE_RESULT, GET_APPROVER, GET_SERVICE_DETAIL, GET_SERVICE_ROLES, GET_TICKETS,
        IMPORT_SERVICE, OPERATE_NODE, OPERATE_TICKET,
    };
    use crate::domain::http::NoAnswer;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        Response {
            status,
            headers: headers
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
            came_at_s: 1_795_608_000,
        }
    }

    fn failure(action: &Action, response: &Response) -> Failure {
        decode(action, response).unwrap_err()
    }

    fn refused(code: &str, message: &str) -> Response {
        let body = format!(
            r#"{{"result":false,"code":{code},"data":null,"message":{message:?},"request_id":"e-1"}}"#
        );
        response(200, &[], &body)
    }

    #[test]
    fn only_a_true_result_with_code_zero_is_a_success() {
        for body in [
            r#"{"result":true,"code":0,"message":"success","data":[1]}"#,
            r#"{"result":true,"code":"0","data":[1]}"#,
            r#"{"result":true,"code":"00","data":[1]}"#,
            r#"{"result":true,"data":[1]}"#,
        ] {
            let response = response(200, &[], body);
            let data = decode(&GET_TICKETS, &response).map(Json::text);
            assert_eq!(data, Ok("[1]"), "{body}");
        }
        for body in [
            r#"{"result":false,"code":0,"data":[1]}"#,
            r#"{"result":true,"code":1,"data":[1]}"#,
            r#"{"result":true,"code":true,"data":[1]}"#,
            r#"{"result":true,"code":[],"data":[1]}"#,
            r#"{"result":true,"code":"","data":[1]}"#,
            r#"{"result":true,"code":null,"data":[1]}"#,
            r#"{"result":true,"code":false,"data":[1]}"#,
            r#"{"result":true,"code":0.5,"data":[1]}"#,
            r#"{"result":"true","code":0,"data":[1]}"#,
            r#"{"code":0,"data":[1]}"#,
        ] {
            let answer = response(200, &[], body);
            assert!(decode(&GET_TICKETS, &answer).is_err(), "{body}");
            assert!(failure(&CREATE_TICKET, &answer).may_have_acted, "{body}");
        }
        let created = response(500, &[], r#"{"result":true,"code":0,"data":[]}"#);
        assert!(decode(&CREATE_TICKET, &created).is_err());
    }

    #[test]
    fn each_code_of_itsm_has_its_advice_and_says_whether_a_write_may_have_happened() {
        // `None`: a write may have happened, and is to be looked for.
        for (code, for_write, for_read) in [
            ("3900003", Some(fix("ticket")), fix("sn")),
            ("3900004", None, Advice::GiveUp),
            ("3900005", Some(fix("ticket")), fix("sn")),
            ("3900008", Some(fix("ticket")), fix("sn")),
            ("3900015", None, Advice::AskPermission),
            ("3900019", None, Advice::GiveUp),
            ("3900022", Some(fix("ticket")), fix("sn")),
            ("3900035", Some(fix("ticket")), fix("sn")),
            ("3900042", Some(fix("ticket.service")), fix("sn")),
            ("3900046", Some(fix("ticket")), fix("sn")),
            ("3900404", Some(fix("ticket")), fix("sn")),
            ("3900499", None, Advice::AskPermission),
            ("3900500", None, Advice::CallOperator),
            ("9900403", Some(Advice::AskPermission), Advice::AskPermission),
            (r#""UNAUTHORIZED""#, Some(Advice::FixCredentials), Advice::FixCredentials),
            (r#""PERMISSION_DENIED""#, Some(Advice::AskPermission), Advice::AskPermission),
            (r#""SERVER_500_ERROR""#, None, Advice::GiveUp),
            (r#""VALIDATE_ERROR""#, Some(fix("ticket")), fix("sn")),
            (r#""FORM_VALIDATE_ERROR""#, Some(fix("ticket")), fix("sn")),
            (r#""OBJECT_NOT_EXIST""#, Some(fix(ENDPOINT)), fix(ENDPOINT)),
            (r#""METHOD_NOT_ALLOWED""#, Some(fix(ENDPOINT)), fix(ENDPOINT)),
            ("4711", None, Advice::GiveUp),
        ] {
            let response = refused(code, "why");
            let write = failure(&CREATE_TICKET, &response);
            assert_eq!(
                (write.advice, write.may_have_acted, write.origin),
                (for_write.clone().unwrap_or(Advice::LookUp), for_write.is_none(), Origin::Itsm),
                "{code}"
            );
            let read = failure(&GET_TICKETS, &response);
            assert_eq!((read.advice, read.may_have_acted), (for_read, false), "{code}");
            assert_eq!(read.code.as_deref(), Some(code.trim_matches('"')));
            assert_eq!(read.message, "why");
        }
    }

    #[test]
    fn an_unknown_number_and_an_unknown_service_are_named_as_the_function_names_them() {
        for (action, code, message, argument) in [
            (&APPROVE, "3900022", "没有找到对应的单据", "sn"),
            (&OPERATE_TICKET, "3900022", "没有找到对应的单据", "sn"),
            (&GET_APPROVER, "3900005", "参数验证失败: sn[NOPE]对应的单据不存在！", "sn"),
            (&ADD_FOLLOWER, "3900005", "参数验证失败: sn[NOPE]对应的单据不存在！", "sn"),
            (
                &GET_APPROVE_NODE_RESULT,
                "3900005",
                "参数验证失败: sn[REQ20261124000052], state[15] 当前节点状态为非结束状态",
                "node-id",
            ),
            (&OPERATE_NODE, "3900005", "参数验证失败: 当前节点无法进行【认领】操作", "node-id"),
            (&EDIT_FIELD, "\"VALIDATE_ERROR\"", "0:ticket_id = NOPE 对应的单据不存在！", "sn"),
            (
                &EDIT_FIELD,
                "\"VALIDATE_ERROR\"",
                "0:current_status = FINISHED 当前状态不可修改字段！",
                "fields",
            ),
            (&GET_SERVICE_ROLES, "3900042", "服务未找到", "service-id"),
            (&GET_SERVICE_DETAIL, "3900404", "查找对象不存在", "service-id"),
            (&CREATE_TICKET, "3900042", "服务未找到", "ticket.service"),
        ] {
            let failure = failure(action, &refused(code, message));
            assert_eq!(failure.advice, fix(argument), "{} {code} {message}", action.path);
            assert!(!failure.may_have_acted, "{} {code} {message}", action.path);
        }
    }

    #[test]
    fn what_itsms_checks_refuse_is_proven_undone_and_other_exceptions_are_not() {
        for (action, message, advice) in [
            (
                &CREATE_TICKET,
                "接口异常，请检查请求参数: {'服务': ErrorDetail(string='服务未启用，请联系管理员！', code='invalid')}",
                fix("ticket"),
            ),
            (
                &CREATE_TICKET,
                "接口异常，请检查请求参数: {'state_processors': ErrorDetail(string='服务:x, 节点(9)不存在', code='invalid')}",
                fix("ticket"),
            ),
            (
                &CREATE_TICKET,
                "接口异常，请检查请求参数: [{'name': [ErrorDetail(string='请确保这个字段不能超过 32 个字符。', code='max_length')]}]",
                Advice::LookUp,
            ),
            (
                &CREATE_TICKET,
                "接口异常，请检查请求参数: {'params_error': [ErrorDetail(string='期望为一个包含物件的列表', code='not_a_list')]}",
                Advice::LookUp,
            ),
            (
                &IMPORT_SERVICE,
                "接口异常，请检查请求参数: {'params_error': [ErrorDetail(string='导入失败，project_key', code='invalid')]}",
                fix("service-json"),
            ),
            (
                &OPERATE_TICKET,
                "接口异常，请检查请求参数: [ErrorDetail(string='抱歉，单据执行中，无法撤销', code='invalid')]",
                Advice::GiveUp,
            ),
            (
                &COMMENT,
                "接口异常，请检查请求参数: {'stars': [ErrorDetail(string='请确保该值大于或者等于 1。', code='min_value')]}",
                fix("sn"),
            ),
            (
                &CREATE_SERVICE_CATALOG,
                "接口异常，请检查请求参数: {'name': [ErrorDetail(string='该字段是必填项。', code='required')]}",
                fix("catalog-json"),
            ),
            (&CREATE_TICKET, "接口异常，请检查请求参数: 'title'", Advice::LookUp),
            (&CREATE_TICKET, "(1406, \"Data too long for column 'tag' at row 1\")", Advice::LookUp),
            (&APPROVE, "单据操作失败: callback error", Advice::LookUp),
        ] {
            let failure = failure(action, &refused("3900004", message));
            let acted = advice == Advice::LookUp;
            assert_eq!((failure.advice, failure.may_have_acted), (advice, acted), "{message}");
        }
    }

    #[test]
    fn the_framework_refuses_with_words_of_its_own() {
        for (status, body, advice, words) in [
            (403, r#"{"code":"UNAUTHORIZED","detail":"log in"}"#, Advice::FixCredentials, "log in"),
            (
                403,
                r#"{"result":false,"code":"UNAUTHORIZED","detail":"log in","login_url":""}"#,
                Advice::FixCredentials,
                "log in",
            ),
            (
                403,
                r#"{"result":false,"code":"PERMISSION_DENIED","message":"no"}"#,
                Advice::AskPermission,
                "no",
            ),
            (499, r#"{"code":"PERMISSION_DENIED"}"#, Advice::AskPermission, ""),
            (
                499,
                r#"{"result":false,"code":9900403,"message":"no right","data":null,"permission":{}}"#,
                Advice::AskPermission,
                "no right",
            ),
            (
                499,
                r#"{"detail":"no right"}"#,
                Advice::AskPermission,
                "an answer with status 499 that is no ITSM envelope: it has no `result`. no right",
            ),
        ] {
            for action in [&GET_TICKETS, &CREATE_TICKET] {
                let failure = failure(action, &response(status, &[], body));
                assert_eq!(
                    (&failure.advice, failure.message.as_str(), failure.may_have_acted),
                    (&advice, words, false),
                    "{body}"
                );
            }
        }
    }

    #[test]
    fn the_gateway_is_known_by_its_header_even_under_status_200() {
        for (status, code, advice) in [
            (400, "1640001", Some(Advice::FixCredentials)),
            (200, "1640001", Some(Advice::FixCredentials)),
            (401, "1640101", Some(Advice::FixCredentials)),
            (403, "1640301", Some(Advice::AskPermission)),
            (401, "1640102", Some(Advice::SendVerifiedUser)),
            (403, "1640303", Some(Advice::AskPermission)),
            (404, "1640401", Some(fix(ENDPOINT))),
            (413, "1641301", Some(fix("ticket"))),
            (429, "1642902", Some(Advice::WaitMs(7_000))),
            (500, "1650000", None),
            (502, "1650200", None),
            (504, "1650401", None),
        ] {
            let headers = [(GATEWAY_CODE, code), (GATEWAY_REQUEST_ID, "r-1"), ("Retry-After", "7")];
            let body = r#"{"code":1,"code_name":"X","message":"no","result":false,"data":null}"#;
            let failure = failure(&CREATE_TICKET, &response(status, &headers, body));
            let acted = advice.is_none();
            assert_eq!(
                (failure.advice, failure.may_have_acted, failure.origin),
                (advice.unwrap_or(Advice::LookUp), acted, Origin::Gateway),
                "{code}"
            );
            assert_eq!(failure.code.as_deref(), Some(code));
            assert_eq!(failure.request_id.as_deref(), Some("r-1"));
        }
    }

    #[test]
    fn a_rate_limit_says_how_long_to_wait_and_that_nothing_was_done() {
        for (headers, ms) in [
            (&[][..], 1_000),
            (&[("Retry-After", "1.5")], 1_500),
            (&[("Retry-After", "0")], 1_000),
            (&[("Retry-After", "Wed, 25 Nov 2026 12:10:00 GMT")], 600_000),
            (&[("Retry-After", "4294967296")], 600_000),
            (&[("X-Bkapi-RateLimit-Reset", "9")], 9_000),
        ] {
            for code in [None, Some((GATEWAY_CODE, "1642902"))] {
                let headers: Vec<_> = headers.iter().copied().chain(code).collect();
                let failure = failure(&CREATE_TICKET, &response(429, &headers, "{}"));
                let expected = (Advice::WaitMs(ms), false);
                assert_eq!((failure.advice, failure.may_have_acted), expected, "{headers:?}");
            }
        }
    }

    #[test]
    fn a_gateways_upstream_error_proves_only_a_connection_that_was_never_made() {
        for (upstream_error, may_have_acted) in [
            ("connection refused", false),
            ("connection timed out while connecting to upstream", false),
            ("failed to connect to upstream", false),
            ("connection reset by peer OR upstream prematurely closed connection", true),
            (
                "connection timed out while reading response header from upstream OR reading upstream",
                true,
            ),
            ("cannot read header from upstream", true),
            ("", true),
        ] {
            for code in ["1650200", "1650201", "1650300", "1650401"] {
                let body = format!(r#"{{"message":"m","upstream_error":"{upstream_error}"}}"#);
                let response = response(502, &[(GATEWAY_CODE, code)], &body);
                let failure = failure(&CREATE_TICKET, &response);
                assert_eq!(failure.may_have_acted, may_have_acted, "{upstream_error}");
            }
        }
    }

    #[test]
    fn a_missing_proof_of_the_user_is_told_from_wrong_app_credentials_by_the_text() {
        for (message, advice) in [
            (
                "Parameters error [reason=\"user authentication failed, please provide a valid user identity, such as bk_username, bk_token, access_token\"]",
                Advice::SendVerifiedUser,
            ),
            (
                "Parameters error [reason=\"user authentication failed, the user indicated by bk_username is not verified\"]",
                Advice::SendVerifiedUser,
            ),
            (
                "Parameters error [reason=\"please provide bk_app_secret or bk_signature to verify app\"]",
                Advice::FixCredentials,
            ),
        ] {
            let body = serde_json::json!({"result": false, "code": 1640001, "message": message});
            let body = body.to_string();
            for headers in [&[(GATEWAY_CODE, "1640001")][..], &[]] {
                let failure = failure(&CREATE_TICKET, &response(400, headers, &body));
                assert_eq!(failure.advice, advice, "{message}");
                assert_eq!(failure.origin, Origin::Gateway);
                assert!(!failure.may_have_acted);
            }
        }
    }

    #[test]
    fn the_esb_is_known_by_its_codes_and_answers_most_of_them_before_it_calls_itsm() {
        for (code, message, advice) in [
            (
                "1306000",
                "APP authentication failed: app_secret is wrong",
                Some(Advice::FixCredentials),
            ),
            (
                "1306000",
                "User authentication failed: bk_token is wrong",
                Some(Advice::SendVerifiedUser),
            ),
            ("1306000", "Component error, please contact the component developer", None),
            (r#""1306401""#, "m", Some(Advice::SendVerifiedUser)),
            ("1306402", "m", Some(Advice::AskPermission)),
            ("1306403", "m", Some(Advice::AskPermission)),
            ("1306404", "m", Some(fix(ENDPOINT))),
            ("1306406", "m", Some(fix("ticket"))),
            ("1306429", "m", Some(Advice::WaitMs(1_000))),
            ("1306206", "m", Some(Advice::CallOperator)),
            ("1306201", "m", None),
            ("1306203", "m", None),
            ("1306208", "m", None),
        ] {
            let failure = failure(&CREATE_TICKET, &refused(code, message));
            let acted = advice.is_none();
            assert_eq!(
                (failure.advice, failure.may_have_acted, failure.origin),
                (advice.unwrap_or(Advice::LookUp), acted, Origin::Esb),
                "{code} {message}"
            );
            assert_eq!(failure.request_id.as_deref(), Some("e-1"));
        }
    }

    #[test]
    fn an_action_that_an_esb_has_not_is_named_with_what_to_do() {
        for (action, words) in [
            (
                &ADD_FOLLOWER,
                "this ESB has no action add_follower: no ESB publishes it, so use an API gateway. gone",
            ),
            (
                &EDIT_FIELD,
                "this ESB has no action edit_field: no ESB publishes it, so use an API gateway. gone",
            ),
            (
                &COMMENT,
                "this ESB has no action comment_ticket: older ones lack it, so use an API gateway or a newer ESB. gone",
            ),
            (
                &CREATE_TICKET,
                "this ESB has no action create_ticket: compare the address with the site's ESB. gone",
            ),
        ] {
            let failure = failure(action, &refused("1306404", "gone"));
            assert_eq!(failure.message, words);
            assert!(!failure.may_have_acted);
        }
    }

    #[test]
    fn what_is_no_envelope_leaves_a_write_unclear_and_is_named() {
        let html = ("Content-Type", "Text/HTML; charset=utf-8");
        let page = "<!DOCTYPE html><html><head><title>error</title></head></html>";
        for (response, for_read, words) in [
            (response(200, &[html], page), fix(ENDPOINT), "an HTML page with status 200"),
            (response(301, &[html], ""), fix(ENDPOINT), "answered with a redirect (301)"),
            (response(403, &[html], page), fix(ENDPOINT), "an HTML page with status 403"),
            (response(502, &[html], page), Advice::WaitMs(1_000), "an HTML page with status 502"),
            (
                response(200, &[], ""),
                Advice::CallOperator,
                "an answer with status 200 that is no ITSM envelope: the JSON ends too early",
            ),
            (
                response(200, &[], "[]"),
                Advice::CallOperator,
                "an answer with status 200 that is no ITSM envelope: it is an array, not an object",
            ),
            (
                response(200, &[], r#"{"a":1}"#),
                Advice::CallOperator,
                "an answer with status 200 that is no ITSM envelope: it has no `result`",
            ),
            (
                response(200, &[], "\u{feff}{\"result\":true,\"code\":0,\"data\":[]}"),
                Advice::CallOperator,
                "an answer with status 200 that is no ITSM envelope: it begins with a byte order mark",
            ),
        ] {
            let read = failure(&GET_TICKETS, &response);
            assert_eq!(read.advice, for_read, "{response:?}");
            assert!(read.message.starts_with(words), "{}", read.message);
            let write = failure(&CREATE_TICKET, &response);
            assert_eq!((write.advice, write.origin), (Advice::LookUp, Origin::Answer));
            assert!(write.may_have_acted);
        }
        let past = response(403, &[html], "This API can only be accessed through API gateway");
        let past = failure(&CREATE_TICKET, &past);
        assert_eq!((past.advice, past.may_have_acted), (fix(ENDPOINT), false));
    }

    #[test]
    fn compressed_bytes_and_other_encodings_are_named() {
        for (body, words) in [
            (&b"\x1f\x8b\x08\x00"[..], "compressed with gzip"),
            (
                b"{\"result\":true,\"message\":\"\xb5\xa5\xbe\xdd\"}",
                "not in UTF-8: GBK, most likely",
            ),
            (b"\xff\xfe{\0}\0", "UTF-16"),
        ] {
            let answer = Response { body: body.to_vec(), ..response(200, &[], "") };
            let failure = failure(&GET_TICKETS, &answer);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    /// Every code, status and broken connection there is, to every action.
    #[test]
    fn advice_and_proof_never_contradict() {
        let mut codes: Vec<String> = (3_900_000..3_900_060).map(|code| code.to_string()).collect();
        codes.extend([3_900_404, 3_900_499, 3_900_500, 9_900_403].map(|code| code.to_string()));
        codes.extend((1_306_200..1_306_210).map(|code| code.to_string()));
        codes.extend((1_306_400..1_306_430).map(|code| code.to_string()));
        codes.extend([1_306_000, 4_711].map(|code| code.to_string()));
        codes.extend(
            [
                1_640_001, 1_640_101, 1_640_102, 1_640_301, 1_640_303, 1_640_401, 1_641_301,
                1_641_401, 1_642_901, 1_650_000, 1_650_200, 1_650_201, 1_650_300, 1_650_401,
                1_650_801,
            ]
            .map(|code| code.to_string()),
        );
        codes.extend(
            [
                "SERVER_500_ERROR",
                "VALIDATE_ERROR",
                "FORM_VALIDATE_ERROR",
                "OBJECT_NOT_EXIST",
                "METHOD_NOT_ALLOWED",
                "UNAUTHORIZED",
                "PERMISSION_DENIED",
                "X",
            ]
            .map(|code| format!("{code:?}")),
        );
        let mut answers: Vec<Response> = Vec::new();
        for code in &codes {
            for message in
                ["m", "{'a': [ErrorDetail(", "[ErrorDetail(", "Component error", "bk_token"]
            {
                answers.push(refused(code, message));
            }
            let body = r#"{"message":"m","upstream_error":"connection refused"}"#;
            answers.push(response(502, &[(GATEWAY_CODE, code.trim_matches('"'))], body));
        }
        for status in 200..600 {
            for kind in ["application/json", "text/html"] {
                for body in ["", "<html>", "{}", r#"{"result":false}"#, "[1]"] {
                    answers.push(response(status, &[("content-type", kind)], body));
                }
            }
        }
        let mut causes =
            vec![NoAnswer::Denied, NoAnswer::TooLarge, NoAnswer::Unsendable(String::new())];
        for unsent in [true, false] {
            let why = String::new;
            causes.extend([
                NoAnswer::Tls { why: why(), unsent },
                NoAnswer::DeadlineReached { unsent },
                NoAnswer::NoSuchHost { unsent },
                NoAnswer::Broken { why: why(), unsent },
            ]);
        }
        for action in ALL.iter().map(|entry| entry.action) {
            let answered = answers.iter().map(|answer| failure(action, answer));
            let unanswered =
                causes.iter().map(|cause| Failure::transport(action, "h:1", cause.clone()));
            for failure in answered.chain(unanswered) {
                let looks_up = failure.advice == Advice::LookUp;
                assert_eq!(failure.may_have_acted, looks_up, "{} {failure:?}", action.path);
                assert!(action.writes || !looks_up, "{} {failure:?}", action.path);
            }
        }
    }
}
