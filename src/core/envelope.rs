//! `{result, code, message, data}` → data, or the one error model.
//!
//! Nearly every failure of ITSM and of the ESB is HTTP 200, and a legacy gateway rewrites its own
//! to 200 too, so the status decides last. The codes are facts read in recordings and in the
//! servers' public sources.

use super::action::Action;
use super::failure::{Advice, Failure, Origin};
use super::http::Response;
use super::json;
use serde_json::{Map, Value};

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

/// The data of a successful answer.
pub fn read(action: &Action, response: &Response) -> Result<Value, Failure> {
    let request_id = response.header(GATEWAY_REQUEST_ID).map(str::to_owned);
    outcome(action, response).map_err(|failure| Failure {
        request_id: failure.request_id.or(request_id),
        ..failure
    })
}

fn outcome(action: &Action, response: &Response) -> Result<Value, Failure> {
    let body = envelope(response);
    if let Some(code) = response.header(GATEWAY_CODE) {
        return Err(gateway(action, code, response, body.ok().as_ref()));
    }
    if (300..400).contains(&response.status) {
        return Err(Failure {
            advice: Advice::FixArgument("connection.endpoint".to_owned()),
            ..Failure::answer(
                action,
                format!(
                    "answered with a redirect ({}), which is never followed",
                    response.status
                ),
            )
        });
    }
    let mut members = match body {
        Ok(members) => members,
        Err(why) => return Err(no_envelope(action, response, &why)),
    };
    let code = members.get("code").and_then(code_text);
    let succeeded = members.get("result") == Some(&Value::Bool(true))
        && matches!(code.as_deref(), None | Some("0" | "00"));
    if succeeded && (200..300).contains(&response.status) {
        return Ok(members.remove("data").unwrap_or(Value::Null));
    }
    if !members.contains_key("result") {
        let why = "it has no `result`";
        return Err(no_envelope(action, response, why));
    }
    let message = message(&members);
    let request_id = text_member(&members, "request_id");
    let failure = match code.as_deref() {
        Some(code) if code.len() == 7 && code.starts_with("13") => esb(action, code, message),
        // A gateway whose header was lost on the way.
        Some(code) if code.len() == 7 && code.starts_with("16") => {
            gateway(action, code, response, Some(&members))
        }
        Some(code) => itsm(action, code, message),
        None => Failure::answer(action, format!("a failure without a code: {message}")),
    };
    Err(Failure {
        request_id: request_id.or(failure.request_id),
        ..failure
    })
}

fn itsm(action: &Action, code: &str, message: String) -> Failure {
    let parameters = Advice::FixArgument(action.argument.to_owned());
    let (advice, proven_undone) = match code {
        // Creation failed; rolled back.
        "3900003" => (parameters, true),
        // Bad parameter.
        "3900005" => (parameters, true),
        // No permission.
        "3900015" | "3900499" => (Advice::AskPermission, false),
        // No such ticket, service, object.
        "3900022" => (parameters, false),
        "3900042" => (Advice::FixArgument("ticket.service".to_owned()), false),
        "3900404" => (parameters, false),
        "VALIDATE_ERROR" | "FORM_VALIDATE_ERROR" => (parameters, false),
        "OBJECT_NOT_EXIST" | "METHOD_NOT_ALLOWED" => {
            (Advice::FixArgument("connection.endpoint".to_owned()), false)
        }
        // Operation failed, and any exception nobody expected: the message is often Python's.
        // 3900500 and SERVER_500_ERROR are the same for the whole system.
        _ if action.writes => (Advice::LookUp, false),
        "3900500" => (Advice::CallOperator, false),
        _ => (Advice::GiveUp, false),
    };
    Failure {
        advice,
        may_have_acted: action.writes && !proven_undone,
        origin: Origin::Itsm,
        code: Some(code.to_owned()),
        message,
        request_id: None,
    }
}

fn esb(action: &Action, code: &str, message: String) -> Failure {
    let parameters = Advice::FixArgument(action.argument.to_owned());
    let advice = match code {
        // Only the text tells whether it is the app's secret or the user.
        "1306000" if is_about_the_user(&message) => Advice::SendVerifiedUser,
        "1306000" => Advice::FixCredentials,
        "1306401" => Advice::SendVerifiedUser,
        "1306402" | "1306403" => Advice::AskPermission,
        "1306404" => Advice::FixArgument("connection.endpoint".to_owned()),
        "1306406" => parameters,
        "1306429" => Advice::WaitMs(1_000),
        // The component could not reach ITSM: TLS, host.
        "1306203" | "1306206" => Advice::CallOperator,
        // ITSM failed behind the ESB, answered other than 200 or with no JSON.
        _ => action.unclear(),
    };
    Failure {
        advice,
        may_have_acted: action.writes,
        origin: Origin::Esb,
        code: Some(code.to_owned()),
        message,
        request_id: None,
    }
}

fn gateway(
    action: &Action,
    code: &str,
    response: &Response,
    members: Option<&Map<String, Value>>,
) -> Failure {
    let parameters = Advice::FixArgument(action.argument.to_owned());
    let message = members.map(message).filter(|message| !message.is_empty());
    let message = message.or_else(|| response.header("X-Bkapi-Error-Message").map(str::to_owned));
    let message = message.unwrap_or_else(|| "the gateway gave no message".to_owned());
    let upstream = members.and_then(|members| text_member(members, "upstream_error"));
    let never_connected = upstream.is_some_and(|error| NEVER_CONNECTED.contains(&error.as_str()));
    let (advice, proven_undone) = match code {
        "1640102" => (Advice::SendVerifiedUser, true),
        "1640001" if is_about_the_user(&message) => (Advice::SendVerifiedUser, true),
        code if code.starts_with("16403") => (Advice::AskPermission, true),
        code if code.starts_with("16400") || code.starts_with("16401") => {
            (Advice::FixCredentials, true)
        }
        code if code.starts_with("16404") || code.starts_with("16414") => {
            (Advice::FixArgument("connection.endpoint".to_owned()), true)
        }
        code if code.starts_with("16413") => (parameters, true),
        code if code.starts_with("16429") => (Advice::WaitMs(wait_ms(response)), true),
        "1650200" | "1650201" | "1650300" | "1650401" if never_connected => {
            (Advice::WaitMs(wait_ms(response)), true)
        }
        _ => (action.unclear(), false),
    };
    Failure {
        advice,
        may_have_acted: action.writes && !proven_undone,
        origin: Origin::Gateway,
        code: Some(code.to_owned()),
        message,
        request_id: None,
    }
}

/// Whether the gateway or the ESB misses a proven user, and not the app's own credentials.
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
    let is_html = response
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"));
    // ITSM's own answers to a request without the gateway's token: one English sentence, or for an
    // unknown address and a bad token a page with status 200.
    if status == 403 && is_html {
        return Failure {
            advice: Advice::FixArgument("connection.endpoint".to_owned()),
            code: Some("403".to_owned()),
            ..Failure::answer(
                action,
                "refused without an envelope: ITSM answers so when it is called past its gateway",
            )
        };
    }
    let what = if is_html { "an HTML page" } else { "an answer" };
    let failure = Failure::answer(
        action,
        format!("{what} with status {status} that is no ITSM envelope: {why}"),
    );
    match (status, is_html) {
        (200, true) => Failure {
            advice: Advice::FixArgument("connection.endpoint".to_owned()),
            ..failure
        },
        (429 | 502..=504, _) if !action.writes => Failure {
            advice: Advice::WaitMs(wait_ms(response)),
            ..failure
        },
        _ => failure,
    }
}

fn envelope(response: &Response) -> Result<Map<String, Value>, String> {
    let value: Value =
        serde_json::from_slice(&response.body).map_err(|error| json::reason(&error))?;
    match value {
        Value::Object(members) => Ok(members),
        other => Err(format!("it is {}", json::kind(&other))),
    }
}

/// Codes are numbers on most actions and text on others; an ESB writes either.
fn code_text(code: &Value) -> Option<String> {
    match code {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn message(members: &Map<String, Value>) -> String {
    text_member(members, "message").unwrap_or_default()
}

fn text_member(members: &Map<String, Value>, name: &str) -> Option<String> {
    let text = members.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// How long to wait, from the headers a rate limit may come with.
fn wait_ms(response: &Response) -> u32 {
    const LONGEST_S: u32 = 600;
    let seconds = response
        .header("Retry-After")
        .or_else(|| response.header("X-Bkapi-RateLimit-Reset"))
        .and_then(|seconds| seconds.trim().parse::<u32>().ok());
    seconds.map_or(1_000, |seconds| {
        seconds.clamp(1, LONGEST_S).saturating_mul(1_000)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::action::{CREATE_TICKET, GET_TICKETS};

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        Response {
            status,
            headers: headers
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn failure(action: &Action, response: &Response) -> Failure {
        read(action, response).unwrap_err()
    }

    fn fix(name: &str) -> Advice {
        Advice::FixArgument(name.to_owned())
    }

    #[test]
    fn only_a_true_result_with_code_zero_is_a_success() {
        for body in [
            r#"{"result":true,"code":0,"message":"success","data":[1]}"#,
            r#"{"result":true,"code":"00","data":[1]}"#,
            r#"{"result":true,"data":[1]}"#,
        ] {
            let data = read(&GET_TICKETS, &response(200, &[], body));
            assert_eq!(data, Ok(serde_json::json!([1])), "{body}");
        }
        for body in [
            r#"{"result":false,"code":0,"data":[1]}"#,
            r#"{"result":true,"code":1,"data":[1]}"#,
            r#"{"result":"true","code":0,"data":[1]}"#,
            r#"{"code":0,"data":[1]}"#,
        ] {
            assert!(
                read(&GET_TICKETS, &response(200, &[], body)).is_err(),
                "{body}"
            );
        }
        let created = response(500, &[], r#"{"result":true,"code":0,"data":[]}"#);
        assert!(read(&CREATE_TICKET, &created).is_err());
    }

    #[test]
    fn each_code_of_itsm_has_its_advice_and_says_whether_a_write_may_have_happened() {
        for (code, for_write, may_have_acted, for_read) in [
            ("3900003", fix("ticket"), false, fix("sn")),
            ("3900004", Advice::LookUp, true, Advice::GiveUp),
            ("3900005", fix("ticket"), false, fix("sn")),
            (
                "3900015",
                Advice::AskPermission,
                true,
                Advice::AskPermission,
            ),
            (
                "3900499",
                Advice::AskPermission,
                true,
                Advice::AskPermission,
            ),
            ("3900022", fix("ticket"), true, fix("sn")),
            (
                "3900042",
                fix("ticket.service"),
                true,
                fix("ticket.service"),
            ),
            ("3900404", fix("ticket"), true, fix("sn")),
            ("3900500", Advice::LookUp, true, Advice::CallOperator),
            (
                r#""SERVER_500_ERROR""#,
                Advice::LookUp,
                true,
                Advice::GiveUp,
            ),
            (r#""FORM_VALIDATE_ERROR""#, fix("ticket"), true, fix("sn")),
            (
                r#""METHOD_NOT_ALLOWED""#,
                fix("connection.endpoint"),
                true,
                fix("connection.endpoint"),
            ),
            ("4711", Advice::LookUp, true, Advice::GiveUp),
        ] {
            let body = format!(r#"{{"result":false,"code":{code},"data":null,"message":"why"}}"#);
            let response = response(200, &[], &body);
            let write = failure(&CREATE_TICKET, &response);
            assert_eq!(
                (write.advice, write.may_have_acted, write.origin),
                (for_write, may_have_acted, Origin::Itsm),
                "{code}"
            );
            let read = failure(&GET_TICKETS, &response);
            assert_eq!(
                (read.advice, read.may_have_acted),
                (for_read, false),
                "{code}"
            );
            assert_eq!(read.code.as_deref(), Some(code.trim_matches('"')));
            assert_eq!(read.message, "why");
        }
    }

    #[test]
    fn the_gateway_is_known_by_its_header_even_under_status_200() {
        for (status, code, advice, may_have_acted) in [
            (400, "1640001", Advice::FixCredentials, false),
            (200, "1640001", Advice::FixCredentials, false),
            (401, "1640101", Advice::FixCredentials, false),
            (403, "1640301", Advice::AskPermission, false),
            (401, "1640102", Advice::SendVerifiedUser, false),
            (403, "1640303", Advice::AskPermission, false),
            (404, "1640401", fix("connection.endpoint"), false),
            (413, "1641301", fix("ticket"), false),
            (429, "1642902", Advice::WaitMs(7_000), false),
            (500, "1650000", Advice::LookUp, true),
            (502, "1650200", Advice::LookUp, true),
            (504, "1650401", Advice::LookUp, true),
        ] {
            let headers = [
                (GATEWAY_CODE, code),
                (GATEWAY_REQUEST_ID, "r-1"),
                ("Retry-After", "7"),
            ];
            let body = r#"{"code":1,"code_name":"X","message":"no","result":false,"data":null}"#;
            let failure = failure(&CREATE_TICKET, &response(status, &headers, body));
            assert_eq!(
                (failure.advice, failure.may_have_acted, failure.origin),
                (advice, may_have_acted, Origin::Gateway),
                "{code}"
            );
            assert_eq!(failure.code.as_deref(), Some(code));
            assert_eq!(failure.request_id.as_deref(), Some("r-1"));
        }
    }

    #[test]
    fn a_gateways_upstream_error_proves_only_a_connection_that_was_never_made() {
        for (upstream_error, may_have_acted) in [
            ("connection refused", false),
            ("connection timed out while connecting to upstream", false),
            ("failed to connect to upstream", false),
            (
                "connection reset by peer OR upstream prematurely closed connection",
                true,
            ),
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
    fn the_esb_is_known_by_its_codes_whether_number_or_text() {
        for (code, advice) in [
            ("1306000", Advice::FixCredentials),
            (r#""1306401""#, Advice::SendVerifiedUser),
            ("1306403", Advice::AskPermission),
            ("1306404", fix("connection.endpoint")),
            ("1306406", fix("ticket")),
            ("1306429", Advice::WaitMs(1_000)),
            ("1306206", Advice::CallOperator),
            ("1306201", Advice::LookUp),
            ("1306208", Advice::LookUp),
        ] {
            let body = format!(
                r#"{{"result":false,"code":{code},"message":"m","data":null,"request_id":"e-1"}}"#
            );
            let failure = failure(&CREATE_TICKET, &response(200, &[], &body));
            assert_eq!(
                (failure.advice, failure.origin),
                (advice, Origin::Esb),
                "{code}"
            );
            assert!(failure.may_have_acted);
            assert_eq!(failure.request_id.as_deref(), Some("e-1"));
        }
    }

    #[test]
    fn what_is_no_envelope_is_an_answer_that_leaves_a_write_unclear() {
        let html = ("Content-Type", "text/html; charset=utf-8");
        let page = "<!DOCTYPE html><html><head><title>error</title></head></html>";
        for (response, advice) in [
            (response(200, &[html], page), fix("connection.endpoint")),
            (response(301, &[html], ""), fix("connection.endpoint")),
            (
                response(403, &[html], "This API"),
                fix("connection.endpoint"),
            ),
            (response(502, &[html], page), Advice::LookUp),
            (response(200, &[], ""), Advice::LookUp),
            (response(200, &[], "[]"), Advice::LookUp),
            (response(200, &[], r#"{"a":1}"#), Advice::LookUp),
        ] {
            let failure = failure(&CREATE_TICKET, &response);
            assert_eq!(failure.advice, advice, "{response:?}");
            assert_eq!(failure.origin, Origin::Answer);
            assert!(failure.may_have_acted);
        }
    }
}
