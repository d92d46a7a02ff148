//! The interface `callbacks`: the same table through both components, which must not differ.

use component_tests::Callbacks;
use component_tests::wit_callbacks::{
    BindingError, Bound, Callback, Claims, NodeEvent, ParseError, Reception, Reply, Verdict,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Debug;

const KEY: &str = "itsm-key.a1.000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_KEY: &str =
    "itsm-key.b2.ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const URL: &str = "https://gate.example.com/itsm/callback";
const NOW: u64 = 1_800_000_000;

/// Both components.
struct Both {
    alone: Callbacks,
    whole: Callbacks,
}

/// Calls the same function of both, and gives the one answer.
macro_rules! both {
    ($both:expr, $function:ident ( $($argument:expr),* )) => {
        same(
            $both.alone.$function($($argument),*).await,
            $both.whole.$function($($argument),*).await,
        )
    };
}

impl Both {
    fn new() -> Self {
        Self { alone: Callbacks::alone(), whole: Callbacks::of_the_whole() }
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.alone.requests() + self.whole.requests(), 0);
        }
    }
}

fn same<T: PartialEq + Debug>(alone: T, whole: T) -> T {
    assert_eq!(alone, whole, "the two components differ");
    alone
}

/// A small generator of numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn recorded() -> Vec<Value> {
    include_str!("../../../fixtures/callback.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A callback as ITSM writes it.
const BODY: &str = r#"{"title": "\u5220\u9664 orders", "current_status": "FINISHED", "sn": "REQ20261124000002", "ticket_url": "http://itsm.example.com/weixin/#/ticket/2/", "update_at": "2026-11-24 07:26:12.123456", "updated_by": ",carol,bob,", "approve_result": true, "token": "dG9rZW4=", "last_approver": "bob"}"#;

fn with(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Vec<u8> {
    let mut body: Value = serde_json::from_str(BODY).unwrap();
    change(body.as_object_mut().unwrap());
    body.to_string().into_bytes()
}

fn describe(callback: &Callback) -> Value {
    json!({
        "sn": callback.sn,
        "title": callback.title,
        "status": callback.status,
        "approve_result": callback.approve_result,
        "ticket_url": callback.ticket_url,
        "updated_by": callback.updated_by,
        "updated_at": callback.updated_at,
        "last_approvers": callback.last_approvers,
    })
}

fn describe_verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "open",
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
        Verdict::Completed => "completed",
        Verdict::Withdrawn => "withdrawn",
        Verdict::Terminated => "terminated",
        Verdict::Closed => "closed",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recorded_callback_is_read_as_recorded() {
    let both = Both::new();
    let recorded = recorded();
    assert!(recorded.len() > 30);
    for case in &recorded {
        let name = &case["name"];
        let body = case["body"].as_str().unwrap().as_bytes();
        let means = &case["means"];
        let parsed = both!(both, parse(body));
        if means["malformed"] == true {
            assert!(matches!(parsed, Err(ParseError::Malformed(_))), "{name}");
            continue;
        }
        let callback = parsed.unwrap_or_else(|why| panic!("{name}: {why:?}"));
        assert_eq!(describe(&callback), means["callback"], "{name}");
        assert_eq!(callback.id, None, "{name}");
        let token = both!(both, token(body)).unwrap();
        assert_eq!(token, means["token"].as_str().unwrap(), "{name}");
        let verdict = both!(both, conclude(&callback.status, callback.approve_result, true));
        assert_eq!(describe_verdict(verdict), means["verdict"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn escapes_microseconds_and_wrapped_users_are_read() {
    let both = Both::new();
    let callback = both!(both, parse(BODY.as_bytes())).unwrap();
    assert_eq!(
        callback,
        Callback {
            sn: "REQ20261124000002".to_owned(),
            id: None,
            title: "\u{5220}\u{9664} orders".to_owned(),
            status: "FINISHED".to_owned(),
            approve_result: true,
            ticket_url: "http://itsm.example.com/weixin/#/ticket/2/".to_owned(),
            updated_by: vec!["carol".to_owned(), "bob".to_owned()],
            updated_at: "2026-11-24 07:26:12.123456".to_owned(),
            last_approvers: vec!["bob".to_owned()],
        }
    );
    assert_eq!(both!(both, token(BODY.as_bytes())).unwrap(), "dG9rZW4=");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_never_holds_the_token() {
    let both = Both::new();
    for case in recorded() {
        let body = case["body"].as_str().unwrap();
        if let (Ok(callback), Some(token)) =
            (both!(both, parse(body.as_bytes())), case["means"]["token"].as_str())
        {
            assert!(!format!("{callback:?}").contains(token));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_callback_is_refused_with_the_reason() {
    enum Expected {
        TooLarge,
        Malformed,
        Field(&'static str),
    }
    use Expected::{Field, Malformed, TooLarge};
    let without = |name: &'static str| with(|body| drop(body.remove(name)));
    let set = |name: &str, value: Value| with(|body| drop(body.insert(name.to_owned(), value)));
    let deep = |open: &str, close: &str, times: usize| {
        format!(r#"{{"title": {}{}, {}"#, open.repeat(times), close.repeat(times), &BODY[1..])
            .into_bytes()
    };
    let twice = |member: &str| format!("{{{member}, {}", &BODY[1..]).into_bytes();
    let mut not_utf8 = BODY.as_bytes().to_vec();
    not_utf8[11] = 0xff;
    let padded = |length: usize| {
        let mut body = BODY.as_bytes().to_vec();
        body.resize(length, b' ');
        body
    };
    let table: Vec<(&str, Vec<u8>, Expected)> = vec![
        ("64 KiB and a byte", padded(65_537), TooLarge),
        ("a megabyte", padded(1 << 20), TooLarge),
        ("64 KiB and a byte of nothing", vec![0; 65_537], TooLarge),
        ("nothing", vec![], Malformed),
        ("blanks", b"  \n".to_vec(), Malformed),
        ("an array", b"[]".to_vec(), Malformed),
        ("an array of arrays", vec![b'['; 60_000], Malformed),
        ("a string", b"\"FINISHED\"".to_vec(), Malformed),
        ("null", b"null".to_vec(), Malformed),
        ("a form", b"sn=REQ1&approve_result=true".to_vec(), Malformed),
        ("half of it", BODY.as_bytes()[..100].to_vec(), Malformed),
        ("something after it", format!("{BODY} {{}}").into(), Malformed),
        ("not UTF-8", not_utf8, Malformed),
        // Readers differ in what they make of it, so nothing is.
        ("half a surrogate pair", BODY.replace("\\u5220", "\\ud800").into(), Field("title")),
        ("deep arrays", deep("[", "]", 10_000), Malformed),
        ("deep objects", deep("{\"a\":", "}", 5_000), Malformed),
        ("a byte order mark", [b"\xef\xbb\xbf", BODY.as_bytes()].concat(), Malformed),
        ("no sn", without("sn"), Field("sn")),
        ("a blank sn", set("sn", json!("  ")), Field("sn")),
        ("an sn that is a number", set("sn", json!(7)), Field("sn")),
        ("no sn but null", set("sn", Value::Null), Field("sn")),
        ("no status", without("current_status"), Field("current_status")),
        ("an empty status", set("current_status", json!("")), Field("current_status")),
        ("a status that is a list", set("current_status", json!([])), Field("current_status")),
        ("no result", without("approve_result"), Field("approve_result")),
        ("a result of 1", set("approve_result", json!(1)), Field("approve_result")),
        ("a result of null", set("approve_result", Value::Null), Field("approve_result")),
        ("a result in other words", set("approve_result", json!("yes")), Field("approve_result")),
        ("a title that is an object", set("title", json!({})), Field("title")),
        ("users in a list", set("updated_by", json!(["a"])), Field("updated_by")),
        ("a result given twice", twice(r#""approve_result": false"#), Field("approve_result")),
        ("an sn given twice", twice(r#""sn": "REQ1""#), Field("sn")),
        ("an sn given twice, once in escapes", twice(r#""\u0073n": "REQ1""#), Field("sn")),
        ("a stranger given twice", twice(r#""x": 1, "x": 1"#), Field("x")),
    ];
    let both = Both::new();
    for (name, body, expected) in table {
        let why = match both!(both, parse(&body)) {
            Err(why) => why,
            Ok(callback) => panic!("{name}: {callback:?}"),
        };
        let right = match (&why, &expected) {
            (ParseError::TooLarge(limit), TooLarge) => *limit == 65_536,
            (ParseError::Malformed(_), Malformed) => true,
            (ParseError::Field(fault), Field(expected)) => fault.name == *expected,
            _ => false,
        };
        assert!(right, "{name}: {why:?}");
        let words = format!("{why:?}");
        assert!(!words.contains("a string, not a string"), "{name}: {words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_exactly_the_limit_is_read() {
    let both = Both::new();
    let mut body = BODY.as_bytes().to_vec();
    body.resize(65_536, b' ');
    assert!(both!(both, parse(&body)).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_older_servers_leave_out_are_empty() {
    let both = Both::new();
    let body = br#"{"sn": "REQ1", "current_status": "REVOKED", "approve_result": false}"#;
    let callback = both!(both, parse(body)).unwrap();
    assert!(callback.last_approvers.is_empty() && callback.updated_by.is_empty());
    assert_eq!(callback.title, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_there_is_told_by_its_name() {
    let both = Both::new();
    for body in [
        with(|body| drop(body.remove("token"))),
        with(|body| drop(body.insert("token".to_owned(), json!("")))),
        with(|body| drop(body.insert("token".to_owned(), json!(12)))),
        with(|body| drop(body.insert("token".to_owned(), Value::Null))),
    ] {
        match both!(both, token(&body)) {
            Err(ParseError::Field(fault)) => assert_eq!(fault.name, "token"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(both!(both, token(b"\xff")), Err(ParseError::Malformed(_))));
}

/// Why a body is refused never repeats the body: a token could be in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_never_repeats_values_of_the_body() {
    let both = Both::new();
    let canary = "canary-token-0f3a";
    for body in [
        format!(r#"{{"sn": {{"token": "{canary}"}}}}"#),
        format!(r#"{{"token": "{canary}", "sn": "REQ1", "approve_result": "{canary}"}}"#),
        format!(r#"{{"token": "{canary}" oops"#),
        format!(r#""{canary}""#),
        format!(r#"{{"token": "{canary}", "token": "{canary}"}}"#),
        format!(r#"{{"token": ["{canary}"]}}"#),
    ] {
        let body = body.as_bytes();
        let parsed = format!("{:?}", both!(both, parse(body)).unwrap_err());
        let token = format!("{:?}", both!(both, token(body)).err());
        assert!(!parsed.contains(canary), "{parsed}");
        assert!(!token.contains(canary), "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_random_bodies_never_trap() {
    let callbacks = Callbacks::alone();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let pieces: [&[u8]; 12] =
        [b"{", b"}", b"[", b"]", b"\"", b":", b",", b"\\u", b"sn", b"1e999", b"\xf0\x9f", b"null"];
    let mut readable = 0;
    for turn in 0..10_000 {
        let body: Vec<u8> = match turn % 3 {
            // Noise.
            0 => (0..numbers.below(300)).map(|_| numbers.next() as u8).collect(),
            // Pieces of JSON.
            1 => (0..numbers.below(100))
                .flat_map(|_| pieces[numbers.below(pieces.len())])
                .copied()
                .collect(),
            // A callback with a few bytes changed.
            _ => {
                let mut body = BODY.as_bytes().to_vec();
                for _ in 0..1 + numbers.below(4) {
                    let at = numbers.below(body.len());
                    body[at] = numbers.next() as u8;
                }
                body
            }
        };
        readable += usize::from(callbacks.parse(&body).await.is_ok());
        let _ = callbacks.token(&body).await;
    }
    assert!(readable > 0 && readable < 10_000, "{readable}");
}

#[tokio::test(flavor = "multi_thread")]
async fn conclude_is_total_and_needs_the_ending() {
    let both = Both::new();
    let statuses = [
        "FINISHED",
        "REVOKED",
        "TERMINATED",
        "RUNNING",
        "NEW",
        "SUSPENDED",
        "RESOLVED",
        "CONFIRMED",
        "FAILED",
        "SITE_CLOSED",
        "finished",
        " FINISHED",
        "",
        "\u{5df2}",
    ];
    for status in statuses {
        for flag in [false, true] {
            let open = both!(both, conclude(status, flag, false));
            assert_eq!(open, Verdict::Open, "{status} {flag}");
            let expected = match (status, flag) {
                ("FINISHED", true) => Verdict::Approved,
                ("FINISHED", false) => Verdict::Rejected,
                ("REVOKED", _) => Verdict::Withdrawn,
                ("TERMINATED", _) => Verdict::Terminated,
                _ => Verdict::Closed,
            };
            let ended = both!(both, conclude(status, flag, true));
            assert_eq!(ended, expected, "{status} {flag}");
        }
    }
}

fn claims() -> Claims {
    Claims { operation_id: "op7".to_owned(), callback_url: URL.to_owned(), expires_s: NOW + 60 }
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

fn headers(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    headers.iter().map(owned).collect()
}

/// A list of the published vectors. docs/binding.md says what their members are.
fn vectors(list: &str) -> Vec<Value> {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../vectors/binding.json")).unwrap();
    vectors[list].as_array().unwrap().clone()
}

fn text(vector: &Value, member: &str) -> String {
    vector[member].as_str().unwrap().to_owned()
}

/// What a vector binds.
fn bound_by(vector: &Value) -> Claims {
    Claims {
        operation_id: text(vector, "operation_id"),
        callback_url: text(vector, "callback_url"),
        expires_s: text(vector, "expires_s").parse().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bindings_of_the_vectors_are_made() {
    let both = Both::new();
    for vector in vectors("made") {
        let made = both!(both, bind(&text(&vector, "key"), &bound_by(&vector))).unwrap();
        let header = ("X-Itsm-Binding".to_owned(), text(&vector, "header"));
        assert_eq!((made.header, made.tag), (header, text(&vector, "tag")), "{}", vector["name"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_another_form_are_not_bound() {
    let both = Both::new();
    for vector in vectors("not_made") {
        let why = both!(both, bind(&text(&vector, "key"), &bound_by(&vector))).unwrap_err();
        assert!(why.starts_with(&text(&vector, "wrong")), "{}: {why}", vector["name"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_of_the_vectors_has_its_result() {
    let both = Both::new();
    for vector in vectors("checks") {
        let known: Vec<String> = serde_json::from_value(vector["keys"].clone()).unwrap();
        let received: Vec<(String, String)> =
            serde_json::from_value(vector["headers"].clone()).unwrap();
        let (url, now_s) = (text(&vector, "callback_url"), text(&vector, "now_s"));
        let expected = match text(&vector, "result").as_str() {
            "bound" => Ok(Bound { claims: bound_by(&vector), tag: text(&vector, "tag") }),
            "absent" => Err(BindingError::Absent),
            "malformed" => Err(BindingError::Malformed),
            "unknown-key" => Err(BindingError::UnknownKey),
            "forged" => Err(BindingError::Forged),
            "expired" => Err(BindingError::Expired(bound_by(&vector))),
            "invalid-key" => {
                let place = vector["place"].as_u64().unwrap();
                Err(BindingError::InvalidKey(place.try_into().unwrap()))
            }
            other => panic!("{other} is no result"),
        };
        let now_s = now_s.parse().unwrap();
        let found = both!(both, check_binding(&known, &received, &url, now_s));
        assert_eq!(found, expected, "{}", vector["name"]);
    }
}

/// The time of an answer tells a sender what a check has done.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_id_that_nobody_has_costs_as_much_as_a_forged_header() {
    let counting = Callbacks::counting();
    let forged = |id: &str| {
        let value = format!("v1.{id}.op1.{}.{}", NOW + 1, "00".repeat(32));
        ("X-Itsm-Binding".to_owned(), value)
    };
    for known in [&[KEY][..], &[KEY, OTHER_KEY]] {
        let check =
            async |id| counting.instructions_of_check(&keys(known), &forged(id), URL, NOW).await;
        let (found, of_known) = check("a1").await;
        assert_eq!(found, Err(BindingError::Forged));
        let (found, of_unknown) = check("z9").await;
        assert_eq!(found, Err(BindingError::UnknownKey));
        let difference = of_known.abs_diff(of_unknown);
        assert!(difference * 100 < of_known, "{of_known} and {of_unknown} instructions");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_300_000_characters_is_refused() {
    let both = Both::new();
    let received = [("X-Itsm-Binding".to_owned(), "v1.".repeat(100_000))];
    let found = both!(both, check_binding(&keys(&[KEY]), &received, URL, NOW));
    assert_eq!(found, Err(BindingError::Malformed));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_random_bindings_are_never_proven_and_never_trap() {
    let callbacks = Callbacks::alone();
    let (name, good) = callbacks.bind(KEY, &claims()).await.unwrap().header;
    let known = keys(&[KEY]);
    let mut numbers = Numbers(42);
    for _ in 0..10_000 {
        let mut value = good.clone().into_bytes();
        for _ in 0..1 + numbers.below(3) {
            let at = numbers.below(value.len());
            value[at] = 0x20 + (numbers.next() % 95) as u8;
        }
        let value = String::from_utf8(value).unwrap();
        if value == good {
            continue;
        }
        let found =
            callbacks.check_binding(&known, &[(name.clone(), value.clone())], URL, NOW).await;
        assert!(found.is_err(), "{value}");
    }
}

/// ITSM's rule for a callback that was delivered.
fn is_delivered(reply: &Reply) -> bool {
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let zero = body.as_ref().and_then(|body| body.get("code")) == Some(&json!(0));
    matches!(reply.status, 200 | 201) && zero
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_is_delivered_and_refused_never_is() {
    let both = Both::new();
    let accepted = both!(both, accepted());
    assert!(is_delivered(&accepted), "{accepted:?}");
    let long = "\u{5ba1}".repeat(1000);
    for message in ["", "not ours", "\"},{\"code\":0", "line\nbreak\0", &long] {
        let refused = both!(both, refused(message));
        assert!(!is_delivered(&refused), "{refused:?}");
        let body: Value = serde_json::from_slice(&refused.body).unwrap();
        let sent = body["message"].as_str().unwrap();
        // On one line: administrators read it in a log.
        let message = message.replace(char::is_control, " ");
        assert!(message.starts_with(sent) && sent.len() <= 256, "{sent}");
        assert!(sent.len() > 253 || sent == message);
        assert_eq!(refused.headers, accepted.headers);
    }
    assert_eq!(accepted.headers, [("content-type".to_owned(), "application/json".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_tells_what_a_request_to_the_callback_address_is() {
    let both = Both::new();
    let made = both!(both, bind(KEY, &claims())).unwrap();
    let (_, value) = &made.header;
    let bound = [("x-itsm-binding", value.as_str())];
    let probe = with(|body| drop(body.insert("sn".to_owned(), json!("ITSM-SELF-CHECK"))));
    let no_sn = with(|body| drop(body.remove("sn")));
    let (known, other, end) = ([KEY], [OTHER_KEY], NOW + 60);
    type Row<'a> =
        (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str, u64, &'a [u8], &'a str, &'a str);
    let table: [Row; 10] = [
        (&known, &bound, URL, NOW, BODY.as_bytes(), "genuine", ""),
        (&known, &bound, URL, NOW, &probe, "self-check", ""),
        // What nobody bound is not even read: a stranger does not learn whether it could be.
        (&known, &[], URL, NOW, BODY.as_bytes(), "refused", "is not there"),
        (&known, &[], URL, NOW, &probe, "refused", "is not there"),
        (&other, &bound, URL, NOW, b"{", "refused", "not configured"),
        (&known, &bound, "http://h/", NOW, BODY.as_bytes(), "refused", "address"),
        (&known, &bound, URL, end, BODY.as_bytes(), "refused", "operation op7 has expired"),
        (&["secret"], &bound, URL, NOW, BODY.as_bytes(), "refused", "fix the configuration"),
        (&known, &bound, URL, NOW, &no_sn, "refused", "`sn`"),
        (&known, &bound, URL, NOW, b"sn=REQ1", "refused", "no callback"),
    ];
    let mut said = BTreeSet::new();
    for (known, received, url, now, body, word, reason) in table {
        let case = String::from_utf8_lossy(body);
        let received = headers(received);
        let reception = both!(both, receive(&keys(known), &received, url, now, body));
        let (told, why) = match &reception {
            Reception::Genuine(_) => ("genuine", String::new()),
            Reception::SelfCheck(_) => ("self-check", String::new()),
            Reception::Refused(refusal) => ("refused", refusal.why.clone()),
        };
        assert_eq!(told, word, "{case}: {why}");
        assert!(why.contains(reason), "{case}: {why}");
        match reception {
            Reception::Genuine(genuine) => {
                assert_eq!((genuine.bound.claims, &genuine.bound.tag), (claims(), &made.tag));
                assert_eq!(genuine.callback, both!(both, parse(body)).unwrap());
            }
            Reception::SelfCheck(reply) => assert!(is_delivered(&reply)),
            Reception::Refused(refusal) => {
                assert!(!is_delivered(&refusal.reply));
                let sent = String::from_utf8(refusal.reply.body).unwrap();
                for secret in [&made.tag, value, &KEY[12..], "dG9rZW4="] {
                    assert!(!format!("{sent} {why}").contains(secret), "{sent} {why}");
                }
                said.insert(sent);
            }
        }
    }
    // Whatever is wrong with the binding, the sender hears the same.
    assert_eq!(said.len(), 2, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_a_node_is_read_by_the_template_and_what_came_out_there_in_any_simple_form() {
    let both = Both::new();
    let read = async |result: &str| {
        let body = format!(
            r#"{{"sn": "REQ1", "title": "t", "status": "RUNNING", "creator": "alice", "node": "审批",
                 "result": {result}, "bk_app_secret": "canary-app-secret-5f2c"}}"#
        );
        both!(both, parse_node_event(body.as_bytes()))
    };
    for (result, output) in [(r#""true""#, "true"), ("true", "true"), ("3", "3"), ("null", "")] {
        let expected = NodeEvent {
            sn: "REQ1".to_owned(),
            title: "t".to_owned(),
            status: "RUNNING".to_owned(),
            creator: "alice".to_owned(),
            node: "审批".to_owned(),
            output: output.to_owned(),
        };
        assert_eq!(read(result).await, Ok(expected), "{result}");
    }
    for result in ["[]", "{}"] {
        let refused = read(result).await.unwrap_err();
        assert!(
            matches!(&refused, ParseError::Field(fault) if fault.name == "result"),
            "{refused:?}"
        );
    }
}
