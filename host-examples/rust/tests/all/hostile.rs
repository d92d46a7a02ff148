//! Servers that repeat the credentials, that never end their answer, and that answer with too much.

use crate::set_up::{SECRET, failure, itsm, settings};
use component_tests::{Scripted, Step, answer, envelope};
use rust_host::{Advice, Failure, Itsm, Settings, fast_approval};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// It ends in letters that each of its written forms keeps.
const AWKWARD: &str = "p\"w/ \\密😀canary";

fn host(url: &str, app_secret: &str) -> Itsm {
    let gateway = format!("{url}/api/bk-itsm/prod");
    let settings = Settings {
        app_secret: app_secret.into(),
        ..settings(gateway, "http://127.0.0.1:9/callback".into())
    };
    itsm(settings).0
}

/// All texts of a failure.
fn texts(failure: &Failure) -> String {
    let advice = match &failure.advice {
        Advice::FixArgument(it) | Advice::AllowHost(it) | Advice::Other(it) => it.as_str(),
        _ => "",
    };
    let [code, id] = [&failure.code, &failure.request_id].map(|it| it.as_deref().unwrap_or(""));
    [&failure.message, code, id, advice].join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_repeats_of_the_credentials_stands_in_no_text() {
    let header = json!({"bk_app_code": "app", "bk_app_secret": AWKWARD}).to_string();
    let nested = json!(AWKWARD).to_string();
    let forms = [
        AWKWARD,
        &header,
        &nested,
        r#"p\"w/ \\\u5bc6\ud83d\ude00canary"#,
        r#"p\u0022w\/ \u005c\u5BC6\uD83D\uDE00canary"#,
        "p%22w%2F%20%5C%E5%AF%86%F0%9F%98%80canary",
        "p%22w%2f%20%5c%e5%af%86%f0%9f%98%80canary",
    ];
    // It is cut somewhere.
    let long = AWKWARD.repeat(50);
    let next = Arc::new(Mutex::new(Step::Hang));
    let script = next.clone();
    let server = Scripted::start(move |_, _| vec![script.lock().unwrap().clone()]).await;
    let itsm = host(&server.url(), AWKWARD).within(Duration::from_secs(2));
    let operation = itsm.prepare(fast_approval("carol", "t", &["admin"])).await.unwrap();
    for form in forms.into_iter().chain([long.as_str()]) {
        let message = format!("no {form}\r\n\u{1b}[31mno");
        let in_header = format!("no {form}");
        let itsms =
            json!({"result": false, "code": form, "message": message, "data": null}).to_string();
        let id = ("X-Bkapi-Request-ID", in_header.as_str());
        let gateways =
            [id, ("X-Bkapi-Error-Code", &in_header), ("X-Bkapi-Error-Message", &in_header)];
        for step in [
            answer(200, &[id], &itsms),
            answer(400, &gateways, ""),
            answer(
                400,
                &gateways[..2],
                &json!({"code": 1_640_001, "message": message}).to_string(),
            ),
            answer(302, &[("Location", &in_header), id], ""),
            answer(500, &[id], &format!("<h1>{message}</h1>")),
        ] {
            *next.lock().unwrap() = step;
            let create = failure(itsm.create(&operation).await);
            let confirm = failure(itsm.confirm_own("REQ1").await);
            for texts in [texts(&create), texts(&confirm)] {
                assert!(texts.contains("[secret]"), "{form}: {texts}");
                assert!(!texts.contains("canary") && !texts.contains("p\"w"), "{form}: {texts}");
                assert!(!texts.contains(['\r', '\u{1b}']), "{form}: {texts}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_ends_is_given_up_at_the_deadline() {
    let name = |row: usize| format!("ROW{row}.");
    const SLOWLY: Duration = Duration::from_millis(20);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let (sized, chunked) = ("Content-Length: 99999\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n");
    let flood = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let table = [
        ("a status line", String::new(), "HTTP/1.1 200 O", true),
        ("headers", head.to_owned(), "x: y\r\n", true),
        ("headers at once", head.to_owned(), "x: y\r\n", false),
        ("a header's value", format!("{head}x: "), "y", true),
        ("interim answers", String::new(), "HTTP/1.1 100 Continue\r\n\r\n", true),
        ("interim answers at once", String::new(), "HTTP/1.1 100 Continue\r\n\r\n", false),
        ("a body", format!("{head}{sized}"), " ", true),
        ("chunks", format!("{head}{chunked}"), "1\r\n \r\n", true),
        ("chunks of a byte at once", format!("{head}{chunked}"), "1\r\n \r\n", false),
        ("chunks at once", format!("{head}{chunked}"), flood.as_str(), false),
        ("a chunk's extension", format!("{head}{chunked}1;"), "x", true),
        ("a chunk's extension at once", format!("{head}{chunked}1;"), "x", false),
        ("a body without a length", format!("{head}\r\n"), " ", true),
    ];
    // What a request is about says which answer it gets.
    let answers: Vec<_> = table
        .iter()
        .map(|(_, head, again, slowly)| {
            let pause = if *slowly { SLOWLY } else { Duration::ZERO };
            let again = Step::Forever(again.as_bytes().to_vec(), pause);
            vec![Step::Send(head.clone().into_bytes()), again]
        })
        .collect();
    let server = Scripted::start(move |_, request| {
        let about = |row: &usize| format!("{}{}", request.head, request.body).contains(&name(*row));
        let row = (0..answers.len()).find(about).unwrap();
        answers[row].clone()
    })
    .await;
    let itsm = host(&server.url(), SECRET).within(Duration::from_secs(1));
    let calls = table.into_iter().enumerate().map(|(row, (what, ..))| {
        let itsm = itsm.clone();
        async move {
            let operation =
                itsm.prepare(fast_approval("carol", &name(row), &["admin"])).await.unwrap();
            let begun = Instant::now();
            let create = failure(itsm.create(&operation).await);
            assert!(create.may_have_acted, "{what}: {create:?}");
            assert!(matches!(create.advice, Advice::LookUp), "{what}: {create:?}");
            let confirm = failure(itsm.confirm_own(&name(row)).await);
            assert!(!confirm.may_have_acted, "{what}: {confirm:?}");
            // Two deadlines, and all the time that a busy machine may want.
            assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        }
    });
    let mut running: tokio::task::JoinSet<()> = calls.collect();
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_to_memory_that_is_reached_is_said_and_the_next_call_goes_on() {
    let ticket = json!({"sn": "REQ1", "id": 1, "ticket_url": "http://itsm.example.com/"});
    let long = json!({"sn": "REQ1", "id": 1, "ticket_url": "x".repeat(3 << 20)});
    let server =
        Scripted::start(move |count, _| vec![envelope(if count == 0 { &long } else { &ticket })])
            .await;
    let itsm = host(&server.url(), SECRET).with_memory(3 << 20);
    let operation = itsm.prepare(fast_approval("carol", "t", &["admin"])).await.unwrap();
    let error = itsm.create(&operation).await.unwrap_err().to_string();
    assert!(error.starts_with("the call was stopped, and ITSM may have done"), "{error}");
    assert!(error.contains("growing memory"), "{error}");
    assert_eq!(itsm.create(&operation).await.unwrap().sn, "REQ1");
}
