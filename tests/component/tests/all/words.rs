//! Whatever a server says, what comes out is one line of bounded length without secrets, in each place where words
//! come out.

use crate::answers::row;
use crate::set_up::{fix, ticket};
use component_tests::wit_callbacks::{Claims, Reception};
use component_tests::wit_diagnosis::CallbackUrlError;
use component_tests::wit_tickets::{CallbackTarget, Ending, NewTicket};
use component_tests::wit_types::{
    AppCredentials, Authorization, Confirmation, Connection, Credential, Failure, Origin, User,
};
use component_tests::{
    Callbacks, Host, Scripted, Step, answer, answer_of_bytes, call, envelope, gateway,
};
use serde_json::{Value, json};

/// Printable ASCII, as a header's value has to be, with all that JSON and addresses write in another way.
const HEADER: &str = r#"ab"cd/e f&g=h%i+j<k>'l"#;
/// The same with letters that an authorization escapes.
const SECRET: &str = "ké密🔑\"y/ 1&2";
const SECRET_WITH_BACKSLASHES: &str = r"a\\b\c";
const TOKEN_OF_A_USER: &str = "тok.en-7";
const TAG_OF_A_TICKET: &str = "thetagofthisticket";

/// A text in each form in which somebody repeats it, and in two at once.
fn forms(secret: &str) -> Vec<String> {
    let escaped = |text: &str, upper: bool| {
        let units = text.encode_utf16();
        let escapes = units
            .map(|unit| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
        escapes.collect::<String>()
    };
    // As a program writes it that keeps to ASCII, and escapes nothing more than it has to.
    let ascii = |text: &str| -> String {
        let quoted = Value::from(text).to_string();
        let characters = quoted[1..quoted.len() - 1].chars();
        let in_ascii = characters.map(|character| {
            if character.is_ascii() {
                character.to_string()
            } else {
                escaped(&character.to_string(), false)
            }
        });
        in_ascii.collect()
    };
    let percent = |all: bool, lower: bool| -> String {
        let bytes = secret.bytes();
        let encoded = bytes.map(|byte| match byte {
            byte if !all && byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte if lower => format!("%{byte:02x}"),
            byte => format!("%{byte:02X}"),
        });
        encoded.collect()
    };
    let quoted = Value::from(secret).to_string();
    let quoted = quoted[1..quoted.len() - 1].to_owned();
    vec![
        secret.to_owned(),
        quoted.clone(),
        quoted.replace('/', "\\/"),
        // A text that was quoted twice, as it is in a message that repeats a body.
        ascii(&ascii(secret)),
        ascii(secret),
        escaped(secret, false),
        escaped(secret, true),
        percent(true, false),
        percent(true, true),
        percent(false, false),
        percent(false, false).replace("%20", "+"),
    ]
}

fn connection(server: &Scripted) -> Connection {
    connection_with(server, SECRET)
}

fn connection_with(server: &Scripted, app_secret: &str) -> Connection {
    Connection {
        authorization: Authorization::App(AppCredentials {
            app_code: "gate".to_owned(),
            app_secret: app_secret.to_owned(),
            user: Some(User::AccessToken(TOKEN_OF_A_USER.to_owned())),
        }),
        ..gateway(&server.url())
    }
}

fn secret_ticket() -> NewTicket {
    NewTicket {
        callback: Some(CallbackTarget {
            url: "http://h/cb".to_owned(),
            headers: vec![("X-Itsm-Binding".to_owned(), HEADER.to_owned())],
        }),
        ..ticket(TAG_OF_A_TICKET)
    }
}

/// The places of an answer that become words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Message,
    Detail,
    Code,
    GatewayCode,
    GatewayMessage,
    RequestId,
    GatewayRequestId,
    RepeatedMember,
}
use Place::{
    Code, Detail, GatewayCode, GatewayMessage, GatewayRequestId, Message, RepeatedMember, RequestId,
};

const PLACES: [Place; 8] = [
    Message,
    Detail,
    Code,
    GatewayCode,
    GatewayMessage,
    RequestId,
    GatewayRequestId,
    RepeatedMember,
];

/// An answer that says a text in this place.
fn saying(place: Place, text: &str) -> Step {
    let mut body = json!({"result": false, "code": 3_900_004, "message": "m", "data": null});
    let mut headers = vec![];
    match place {
        Message => body["message"] = text.into(),
        Detail => body = json!({"code": "UNAUTHORIZED", "detail": text}),
        Code => body["code"] = text.into(),
        RequestId => body["request_id"] = text.into(),
        GatewayCode => headers.push(("X-Bkapi-Error-Code", text)),
        GatewayRequestId => headers.push(("X-Bkapi-Request-ID", text)),
        GatewayMessage => {
            body["message"] = Value::Null;
            headers.push(("X-Bkapi-Error-Code", "1650000"));
            headers.push(("X-Bkapi-Error-Message", text));
        }
        RepeatedMember => {
            let name = Value::from(text);
            let body = format!(r#"{{"result":true,"code":0,"data":[{{{name}:1,{name}:2}}]}}"#);
            return answer(200, &[], &body);
        }
    }
    answer(200, &headers, &body.to_string())
}

/// What came of a text in its place.
fn said(place: Place, failure: &Failure) -> String {
    match place {
        Message | Detail | GatewayMessage | RepeatedMember => failure.message.clone(),
        Code | GatewayCode => failure.code.clone().unwrap_or_default(),
        RequestId | GatewayRequestId => failure.request_id.clone().unwrap_or_default(),
    }
}

/// Whether a header can carry it.
fn can_hold(place: Place, text: &str) -> bool {
    let is_header = matches!(place, GatewayCode | GatewayMessage | GatewayRequestId);
    !is_header || text.bytes().all(|byte| matches!(byte, 0x20..=0x7e | 0x80..))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_redacted_in_every_place_in_every_form() {
    let mut repeated = 0;
    let mut said_all_the_same = Vec::new();
    for (app_secret, secret) in [
        (SECRET, SECRET),
        (SECRET_WITH_BACKSLASHES, SECRET_WITH_BACKSLASHES),
        (SECRET, TOKEN_OF_A_USER),
        (SECRET, TAG_OF_A_TICKET),
        (SECRET, HEADER),
    ] {
        for form in forms(secret) {
            for place in PLACES {
                let text = format!("<{form}>");
                if place == RepeatedMember || !can_hold(place, &text) {
                    continue;
                }
                let server = Scripted::always(vec![saying(place, &text)]).await;
                let c = connection_with(&server, app_secret);
                let failure = Host::new().create(&c, &secret_ticket()).await.unwrap_err();
                if said(place, &failure) != "<[secret]>" {
                    said_all_the_same.push(format!("{place:?}: {}", said(place, &failure)));
                }
                repeated += 1;
            }
        }
    }
    println!("{repeated} repeated secrets, {} of them said", said_all_the_same.len());
    assert!(said_all_the_same.is_empty(), "{said_all_the_same:#?}");
}

/// Longer ones than a code or an id may be are not cut before they are redacted.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_cut_only_after_secrets_are_redacted() {
    for (place, most) in [
        (Message, 256),
        (Detail, 256),
        (GatewayMessage, 256),
        (Code, 64),
        (GatewayCode, 64),
        (RequestId, 128),
        (GatewayRequestId, 128),
    ] {
        for padding in most - 20..=most {
            let text = format!("{}{TAG_OF_A_TICKET} and more", "x".repeat(padding));
            let server = Scripted::always(vec![saying(place, &text)]).await;
            let c = connection(&server);
            let failure = Host::new().create(&c, &secret_ticket()).await.unwrap_err();
            let said = said(place, &failure);
            assert!(said.len() <= most, "{place:?}: {said}");
            let rest = said.trim_start_matches('x');
            assert!("[secret] and more".starts_with(rest), "{place:?}: {said}");
        }
        let text = "单".repeat(300);
        if can_hold(place, "单") {
            let server = Scripted::always(vec![saying(place, &text)]).await;
            let failure =
                Host::new().create(&connection(&server), &secret_ticket()).await.unwrap_err();
            assert_eq!(said(place, &failure).len(), most / 3 * 3, "{place:?}");
        }
    }
}

/// Line breaks, what steers a terminal, what turns the direction of writing, and what nobody sees.
const STEERING: [&str; 26] = [
    "\0",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{7}",
    "\u{8}",
    "\u{b}",
    "\u{c}",
    "\u{1b}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{9b}",
    "\u{ad}",
    "\u{61c}",
    "\u{200b}",
    "\u{200d}",
    "\u{200e}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "\u{2069}",
    "\u{feff}",
    "\u{e0041}",
];

fn steers(text: &str) -> bool {
    let is_steering = |character: char| {
        character.is_control()
            || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}')
    };
    text.contains(is_steering)
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_one_line_that_steers_nothing() {
    let mut texts = 0;
    for steering in STEERING {
        for place in PLACES {
            let text = format!("a{steering}b");
            if !can_hold(place, &text) {
                continue;
            }
            let server = Scripted::always(vec![saying(place, &text)]).await;
            let c = connection(&server);
            let host = Host::new();
            let failure = match place {
                // Only some data is looked into.
                RepeatedMember => host.confirm_own(&c, "S").await.unwrap_err(),
                _ => host.create(&c, &secret_ticket()).await.unwrap_err(),
            };
            let words = said(place, &failure);
            assert!(!steers(&words), "{place:?}: {words:?}");
            texts += 1;
        }
        // Findings, and what a receiver answers.
        let body = json!({"code": 1, "message": format!("a{steering}b")}).to_string();
        let receiver = Scripted::always(vec![answer(200, &[], &body)]).await;
        let target = CallbackTarget { url: receiver.url(), headers: vec![] };
        match call!(Host::new() => blueking_itsm_diagnosis.call_check_callback_url(&target)) {
            Err(CallbackUrlError::Refused(words)) => assert!(!steers(&words), "{words:?}"),
            other => panic!("{other:?}"),
        }
        let refused =
            json!({"result": false, "code": 1_306_000, "message": format!("a{steering}b")});
        let server = Scripted::always(vec![answer(200, &[], &refused.to_string())]).await;
        let c = connection(&server);
        for finding in call!(Host::new() => blueking_itsm_diagnosis.call_diagnose(&c)).unwrap() {
            assert!(!steers(&finding.words), "{:?}", finding.words);
        }
        texts += 2;
    }
    println!("{texts} texts that steer, 0 of them as they were");
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_hold_no_secret_in_any_form() {
    let mut findings = 0;
    let mut said_all_the_same = Vec::new();
    for (app_secret, secret) in [
        (SECRET, SECRET),
        (SECRET_WITH_BACKSLASHES, SECRET_WITH_BACKSLASHES),
        (SECRET, TOKEN_OF_A_USER),
    ] {
        for form in forms(secret) {
            let text = format!("<{form}>");
            for place in [Message, Code, RequestId, Detail] {
                let answer = match place {
                    Message => {
                        let body =
                            json!({"result": false, "code": 1_306_000, "message": text.as_str()});
                        answer(200, &[], &body.to_string())
                    }
                    other => saying(other, &text),
                };
                let server = Scripted::always(vec![answer]).await;
                let c = connection_with(&server, app_secret);
                let found = call!(Host::new() => blueking_itsm_diagnosis.call_diagnose(&c));
                for finding in found.unwrap() {
                    let failure = finding.failure.as_ref();
                    let failure = failure.map(|failure| said(place, failure));
                    let words = [finding.words, failure.unwrap_or_default()];
                    if words.iter().any(|words| words.contains(&form)) {
                        said_all_the_same.push(format!("{place:?}: {words:?}"));
                    }
                    findings += 1;
                }
            }
        }
    }
    println!("{findings} findings, {} of them with a secret", said_all_the_same.len());
    assert!(said_all_the_same.is_empty(), "{said_all_the_same:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_repeats_the_header_gets_it_into_no_word() {
    let mut repeated = 0;
    let mut said_all_the_same = Vec::new();
    for header in [HEADER, SECRET_WITH_BACKSLASHES] {
        for form in forms(header) {
            let body = json!({"code": 1, "message": format!("you sent <{form}>")}).to_string();
            let receiver = Scripted::always(vec![answer(200, &[], &body)]).await;
            let target = CallbackTarget {
                url: receiver.url(),
                headers: vec![("X-Itsm-Binding".to_owned(), header.to_owned())],
            };
            let unfit =
                call!(Host::new() => blueking_itsm_diagnosis.call_check_callback_url(&target));
            let Err(CallbackUrlError::Refused(words)) = unfit else {
                panic!("{form}: {unfit:?}");
            };
            if words != "you sent <[secret]>" {
                said_all_the_same.push(words);
            }
            repeated += 1;
        }
    }
    println!("{repeated} forms of a header, {} of them said", said_all_the_same.len());
    assert!(said_all_the_same.is_empty(), "{said_all_the_same:#?}");
    // Nor a password, that an address may hold: the address is refused, and not repeated.
    let target =
        CallbackTarget { url: "http://bob:pa55word@127.0.0.1:1/cb".to_owned(), headers: vec![] };
    let unfit = call!(Host::new() => blueking_itsm_diagnosis.call_check_callback_url(&target));
    let Err(CallbackUrlError::Unreachable(failure)) = unfit else {
        panic!("{unfit:?}");
    };
    assert_eq!((&failure.advice, failure.origin), (&fix("target.url"), Origin::Argument));
    assert!(!format!("{failure:?}").contains("pa55word"), "{failure:?}");
    let mut ticket = secret_ticket();
    ticket.callback = Some(target);
    let host = Host::new();
    let failure = host.create(&gateway("http://h"), &ticket).await.unwrap_err();
    assert_eq!(failure.advice, fix("ticket.callback.url"));
    assert!(!format!("{failure:?}").contains("pa55word"), "{failure:?}");
    assert!(host.sent().is_empty());
}

/// All kinds of credentials, and one that a site defines.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_credential_is_a_secret() {
    let secret = "S3cret-of-a-user";
    for user in [
        User::AccessToken(secret.to_owned()),
        User::LoginToken(secret.to_owned()),
        User::Other(Credential { key: "bk_ticket".to_owned(), value: secret.to_owned() }),
    ] {
        let server = Scripted::start(|_, request| {
            let sent = format!("{} {}", request.head, request.body);
            let at = sent.find("S3cret-of-a-user").unwrap();
            vec![saying(Message, &sent[at..])]
        })
        .await;
        let mut c = connection(&server);
        c.authorization = component_tests::app(Some(user));
        let failure = Host::new().confirm_own(&c, "S").await.unwrap_err();
        assert!(failure.message.starts_with("[secret]"), "{}", failure.message);
    }
}

/// Credentials that the host adds are the host's to redact, and never reach the component. What a server
/// repeats of them is bounded and on one line like all that it says.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_repeats_of_credentials_that_the_host_added_is_bounded() {
    let server = Scripted::start(|_, request| {
        let sent = request.header("x-bkapi-authorization").concat();
        let body = json!({"result": false, "code": sent, "message": sent, "request_id": sent});
        vec![answer(200, &[], &body.to_string())]
    })
    .await;
    let mut c = gateway(&server.url());
    c.authorization = Authorization::AddedByHost;
    let host = Host::new().adding("x-bkapi-authorization", &"not the guest's. ".repeat(100));
    let failure = host.create(&c, &secret_ticket()).await.unwrap_err();
    let lengths =
        (failure.message.len(), failure.code.unwrap().len(), failure.request_id.unwrap().len());
    assert_eq!(lengths, (256, 64, 128));
}

/// What a log repeats is data, and never becomes a word of the component's.
#[tokio::test(flavor = "multi_thread")]
async fn why_a_ticket_is_undecidable_is_said_without_what_its_log_holds() {
    let line = |operator: &str, kind: &str, form: Value| {
        json!({
            "operator": operator, "operate_at": "2026-11-24 07:36:12", "message": TAG_OF_A_TICKET,
            "source": "SYS", "from_state_type": kind, "form_data": form,
        })
    };
    let secret = TAG_OF_A_TICKET;
    let mut said = 0;
    for lines in [
        vec![],
        vec![line(secret, secret, json!([]))],
        vec![line("", "", json!({})), line(secret, "APPROVAL", json!([{"key": secret}]))],
        vec![line(secret, "APPROVAL", json!({"a": secret})), line("", "", json!({}))],
        vec![json!({"operator": secret, "operate_at": secret, "message": secret})],
    ] {
        let server = Scripted::start(move |_, request| {
            let ended = json!({
                "sn": "S", "current_status": "FINISHED", "end_at": "2026-11-24 07:36:12", "fields": [],
                "current_steps": [], "approve_result": true,
            });
            let ended = row(ended);
            let is_found = !request.body.contains("\"tag\"") || request.body.contains(secret);
            let rows = Vec::from_iter(is_found.then_some(&ended));
            vec![envelope(&match request.action() {
                "get_tickets" => json!({"page": 1, "total_page": 1, "count": 1, "items": rows}),
                "get_ticket_logs" => json!({"sn": "S", "logs": lines}),
                "ticket_approval_result" => json!([ended]),
                _ => ended,
            })]
        })
        .await;
        let c = connection(&server);
        let host = Host::new();
        let confirmed = host.confirm(&c, "S", secret).await.unwrap();
        let Confirmation::Undecidable(undecidable) = confirmed else {
            panic!("{confirmed:?}");
        };
        let explained = call!(host => blueking_itsm_tickets.call_explain(&c, "S")).unwrap();
        assert_eq!(explained.ending, Ending::Undetermined);
        for words in [undecidable.why, explained.words] {
            assert!(!words.is_empty() && !words.contains(secret), "{words}");
            said += 1;
        }
    }
    println!("{said} reasons, 0 secrets");
}

/// Why a callback is refused stands in the host's log. Members' names in a body can be anything.
#[tokio::test(flavor = "multi_thread")]
async fn why_a_callback_is_refused_holds_no_secret_and_steers_nothing() {
    const KEY: &str =
        "itsm-key.a1.000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const URL: &str = "https://gate.example.com/itsm/callback";
    let callbacks = Callbacks::alone();
    let claims =
        Claims { operation_id: "op7".to_owned(), callback_url: URL.to_owned(), expires_s: 100 };
    let made = callbacks.bind(KEY, &claims).await.unwrap();
    let mut refused = 0;
    let mut said_all_the_same = Vec::new();
    let names = STEERING.map(str::to_owned).into_iter();
    let secrets = [KEY.to_owned(), made.header.1.clone(), made.tag.clone()];
    for text in names.chain(secrets.clone()).chain(["x".repeat(60_000)]) {
        let name = Value::from(text.as_str());
        for body in [
            format!("{{{name}: 1, {name}: 2}}"),
            format!(r#"{{"sn": {name}, "sn": {name}}}"#),
            format!(r#"{{"sn": "REQ1", "approve_result": {name}}}"#),
            format!(r#"{{"sn": {{{name}: 1}}}}"#),
            format!(r#"{{"sn": "REQ1" {name}}}"#),
        ] {
            let reception = callbacks
                .receive(
                    &[KEY.to_owned()],
                    std::slice::from_ref(&made.header),
                    URL,
                    10,
                    body.as_bytes(),
                )
                .await;
            let Reception::Refused(refusal) = reception else {
                panic!("{reception:?}");
            };
            let why = &refusal.why;
            assert!(!steers(why) && why.len() <= 256, "{why:?}");
            let sent = String::from_utf8(refusal.reply.body).unwrap();
            // A long one is cut, and half of it is one, too.
            let is_said = |words: &str| secrets.iter().any(|secret| words.contains(&secret[..20]));
            if is_said(why) || is_said(&sent) {
                said_all_the_same.push(format!("{why} {sent}"));
            }
            refused += 1;
        }
    }
    println!("{refused} refused callbacks, {} of them with a secret", said_all_the_same.len());
    assert!(said_all_the_same.is_empty(), "{said_all_the_same:#?}");
}

/// What most people meet when something between them and ITSM is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_named_by_what_it_is() {
    let utf16: Vec<u8> = "{\"result\": true}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [&b"\xff\xfe"[..], &utf16].concat();
    for (body, words) in [
        (&b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0"[..], "gzip"),
        (b"\xef\xbb\xbf{\"result\":true,\"code\":0,\"data\":{\"sn\":\"S\"}}", "byte order mark"),
        (b"{\"result\":false,\"code\":1,\"message\":\"\xb5\xa5\xbe\xdd\"}", "GBK"),
        (&utf16, "UTF-16"),
        (b"", "ends too early"),
        (b"{\"result\":true,\"code\":0,", "ends too early"),
        (b"<html>", "not JSON"),
        (b"{'result':true}", "not JSON"),
        (b"[]", "an array"),
        (b"\"\"", "a string"),
        (b"{\"a\":1}", "no `result`"),
    ] {
        let json = [("Content-Type", "application/json")];
        let server = Scripted::always(vec![answer_of_bytes(200, &json, body)]).await;
        let c = connection(&server);
        let host = Host::new();
        for failure in [
            host.create(&c, &secret_ticket()).await.unwrap_err(),
            host.confirm_own(&c, "S").await.unwrap_err(),
        ] {
            assert_eq!(failure.origin, Origin::Answer, "{failure:?}");
            assert!(failure.message.contains(words), "{words}: {failure:?}");
        }
    }
}
