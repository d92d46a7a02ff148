//! What goes wrong on the way, and what each failure says: what to do next, and whether ITSM may have acted.

use crate::set_up::{fix, start};
use component_tests::wit_types::{Advice, Origin};
use component_tests::{
    APP_SECRET, Host, Scripted, Step, TOKEN, answer, callback_target, fast_ticket, gateway,
};
use fake_itsm::{Fault, Options, Stage};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn gateway_error(status: u16, code: u32) -> Fault {
    Fault::Gateway { status, code, message: "told by the gateway".to_owned() }
}

fn esb_error(code: u32) -> Fault {
    Fault::Esb { code, message: "told by the ESB".to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_says_whether_it_may_have_happened_and_is_never_sent_again() {
    let html = Fault::Html;
    let redirect = Fault::Redirect("http://127.0.0.1:1/".to_owned());
    let busy = Fault::Answer { status: 503, headers: vec![], body: "busy".to_owned() };
    for (fault, advice, may_have_acted, origin, made) in [
        (gateway_error(400, 1_640_001), Advice::FixCredentials, false, Origin::Gateway, 0),
        (gateway_error(200, 1_640_001), Advice::FixCredentials, false, Origin::Gateway, 0),
        (gateway_error(403, 1_640_301), Advice::AskPermission, false, Origin::Gateway, 0),
        (gateway_error(404, 1_640_401), fix("connection.endpoint"), false, Origin::Gateway, 0),
        (gateway_error(429, 1_642_902), Advice::WaitMs(1_000), false, Origin::Gateway, 0),
        (gateway_error(504, 1_650_401), Advice::LookUp, true, Origin::Gateway, 0),
        (Fault::needs_verified_user(), Advice::SendVerifiedUser, false, Origin::Gateway, 0),
        (esb_error(1_306_000), Advice::FixCredentials, false, Origin::Esb, 0),
        (esb_error(1_306_201), Advice::LookUp, true, Origin::Esb, 0),
        (html, Advice::LookUp, true, Origin::Answer, 0),
        (redirect, Advice::LookUp, true, Origin::Answer, 0),
        (busy, Advice::LookUp, true, Origin::Answer, 0),
        (Fault::DropBeforeExecuting, Advice::LookUp, true, Origin::Transport, 0),
        (Fault::DropAfterExecuting, Advice::LookUp, true, Origin::Transport, 1),
        (Fault::Truncated, Advice::LookUp, true, Origin::Transport, 1),
        (Fault::CutAt(Stage::AfterStatusLine), Advice::LookUp, true, Origin::Transport, 1),
        (Fault::CutAt(Stage::InHeaders), Advice::LookUp, true, Origin::Transport, 1),
        (Fault::CutAt(Stage::AfterHeaders), Advice::LookUp, true, Origin::Transport, 1),
        (Fault::Huge(5 << 20), Advice::LookUp, true, Origin::Transport, 1),
    ] {
        let (fake, c) = start(Options::default()).await;
        fake.fault("create_ticket", fault.clone(), 9);
        let host = Host::new();
        let failure = host.create(&c, &fast_ticket()).await.unwrap_err();
        assert_eq!(
            (&failure.advice, failure.may_have_acted, failure.origin),
            (&advice, may_have_acted, origin),
            "{fault:?}: {failure:?}"
        );
        assert_eq!(host.sent().len(), 1, "{fault:?}");
        assert_eq!(fake.tickets().len(), made, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_tried_again_only_after_what_passes() {
    for (fault, requests, advice) in [
        (Fault::DropBeforeExecuting, 3, Advice::WaitMs(1_000)),
        (Fault::CutAt(Stage::InHeaders), 3, Advice::WaitMs(1_000)),
        (Fault::Truncated, 3, Advice::WaitMs(1_000)),
        (gateway_error(504, 1_650_401), 3, Advice::WaitMs(1_000)),
        (gateway_error(403, 1_640_301), 1, Advice::AskPermission),
        (Fault::Html, 1, fix("connection.endpoint")),
        // Nothing that this function is given makes the answer shorter.
        (Fault::Huge(5 << 20), 1, Advice::CallOperator),
    ] {
        let (fake, c) = start(Options::default()).await;
        fake.fault("get_tickets", fault.clone(), 9);
        let host = Host::new();
        let failure = host.confirm_own(&c, "S").await.unwrap_err();
        assert_eq!((&failure.advice, failure.may_have_acted), (&advice, false), "{fault:?}");
        assert_eq!(host.sent().len(), requests, "{fault:?}");
    }
    let (fake, c) = start(Options::default()).await;
    fake.fault("get_tickets", Fault::DropBeforeExecuting, 2);
    assert!(Host::new().confirm_own(&c, "S").await.is_ok());
}

/// The host sets no timeouts here, and the harness gives up long before wasmtime's own ten minutes.
#[tokio::test(flavor = "multi_thread")]
async fn the_components_own_deadline_ends_every_wait() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec();
    let byte = Step::Forever(b" ".to_vec(), Duration::from_millis(20));
    for steps in [
        vec![Step::Hang],
        vec![Step::Send(head.clone()), Step::Hang],
        vec![Step::Send(head), byte.clone()],
        vec![byte],
    ] {
        let server = Scripted::always(steps.clone()).await;
        let mut c = gateway(&server.url());
        c.deadline_ms = Some(300);
        let host = Host::new().forgetting_timeouts();
        let failure = host.create(&c, &fast_ticket()).await.unwrap_err();
        assert_eq!(failure.origin, Origin::Transport, "{steps:?}: {failure:?}");
        let failure = host.confirm_own(&c, "S").await.unwrap_err();
        assert_eq!(failure.origin, Origin::Transport, "{steps:?}: {failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_http_and_answers_that_are_no_itsm_are_failures_and_never_traps() {
    let http = |body: &str| vec![answer(200, &[], body)];
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for steps in [
        vec![Step::Reset],
        vec![Step::Send(b"nonsense\r\n\r\n".to_vec())],
        http(""),
        http("null"),
        http(&deep),
        http(r#"{"result":true,"code":0,"data":[]}"#),
        http(r#"{"result":true,"code":0,"data":{"sn":""}}"#),
        http(r#"{"result":true,"code":0,"data":{"id":5}}"#),
        http(r#"{"result":true,"code":true,"data":{"sn":"S"}}"#),
        http(r#"{"result":true,"code":[],"data":{"sn":"S"}}"#),
        http(r#"{"result":true,"code":"","data":{"sn":"S"}}"#),
        http(r#"{"result":true,"code":null,"data":{"sn":"S"}}"#),
        http("\u{feff}{}"),
    ] {
        let server = Scripted::always(steps.clone()).await;
        let failure =
            Host::new().create(&gateway(&server.url()), &fast_ticket()).await.unwrap_err();
        assert!(failure.may_have_acted, "{steps:?}: {failure:?}");
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_gets_no_second_request_and_no_credentials() {
    let elsewhere = Scripted::always(vec![Step::Hang]).await;
    let (fake, c) = start(Options::default()).await;
    fake.fault("create_ticket", Fault::Redirect(format!("{}/", elsewhere.url())), 1);
    Host::new().create(&c, &fast_ticket()).await.unwrap_err();
    assert!(elsewhere.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_repeats_the_secrets_gets_them_into_no_failure() {
    // What every value of this suite is checked for, the harness does: here the server tries.
    let server = Scripted::start(|_, received| {
        let message = format!("you sent {} {}", received.head, received.body);
        let body = serde_json::json!({"result": false, "code": 3_900_004, "message": message});
        vec![answer(200, &[], &body.to_string())]
    })
    .await;
    let c = gateway(&server.url());
    let mut ticket = fast_ticket();
    ticket.callback = Some(callback_target("http://h/"));
    for failure in [
        Host::new().create(&c, &ticket).await.unwrap_err(),
        Host::new().recover(&c, &ticket).await.unwrap_err(),
        Host::new().confirm(&c, "S", &ticket.tag).await.unwrap_err(),
        Host::new().verify_token(&c, TOKEN).await.unwrap_err(),
    ] {
        assert!(failure.message.starts_with("you sent"), "{failure:?}");
        assert!(failure.message.len() <= 256, "{failure:?}");
    }
    let sent = &server.received()[0];
    assert!(sent.head.contains(APP_SECRET) && sent.body.contains(&ticket.tag));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_that_is_trusted_is_for_its_operator() {
    // It answers a handshake in plain text, as an http port does.
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connection = gateway(&format!("https://{}", plain.local_addr().unwrap()));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            // What is not read, the end of the connection turns into a reset.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 plain\r\n\r\n").await;
        }
    });
    let host = Host::new();
    for failure in [
        host.confirm_own(&connection, "S").await.unwrap_err(),
        // Nothing but the handshake has left.
        host.create(&connection, &fast_ticket()).await.unwrap_err(),
    ] {
        assert_eq!((&failure.advice, failure.may_have_acted), (&Advice::CallOperator, false));
        assert!(failure.message.contains("certificate"), "{failure:?}");
    }
}
