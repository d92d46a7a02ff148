//! What goes wrong on the way, and what each failure says: what to do next, and whether ITSM may have acted.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use component_tests::wit_types::{Advice, Connection, Failure, Origin};
use component_tests::{APP_SECRET, Host, Scripted, Step, TOKEN, fast_ticket, gateway};
use fake_itsm::{FakeItsm, Fault, Options};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

async fn start() -> (FakeItsm, Connection) {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let connection = gateway(&fake.url());
    (fake, connection)
}

fn gateway_error(status: u16, code: u32) -> Fault {
    Fault::Gateway {
        status,
        code,
        message: "told by the gateway".to_owned(),
    }
}

fn esb_error(code: u32) -> Fault {
    Fault::Esb {
        code,
        message: "told by the ESB".to_owned(),
    }
}

fn fix(name: &str) -> Advice {
    Advice::FixArgument(name.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_says_whether_it_may_have_happened_and_is_never_sent_again() {
    let html = Fault::Html;
    let redirect = Fault::Redirect("http://127.0.0.1:1/".to_owned());
    let busy = Fault::Answer {
        status: 503,
        headers: vec![],
        body: "busy".to_owned(),
    };
    for (fault, advice, may_have_acted, origin, made) in [
        (
            gateway_error(400, 1_640_001),
            Advice::FixCredentials,
            false,
            Origin::Gateway,
            0,
        ),
        (
            gateway_error(200, 1_640_001),
            Advice::FixCredentials,
            false,
            Origin::Gateway,
            0,
        ),
        (
            gateway_error(403, 1_640_301),
            Advice::AskPermission,
            false,
            Origin::Gateway,
            0,
        ),
        (
            gateway_error(404, 1_640_401),
            fix("connection.endpoint"),
            false,
            Origin::Gateway,
            0,
        ),
        (
            gateway_error(429, 1_642_902),
            Advice::WaitMs(1_000),
            false,
            Origin::Gateway,
            0,
        ),
        (
            gateway_error(504, 1_650_401),
            Advice::LookUp,
            true,
            Origin::Gateway,
            0,
        ),
        (
            Fault::needs_verified_user(),
            Advice::SendVerifiedUser,
            false,
            Origin::Gateway,
            0,
        ),
        (
            esb_error(1_306_000),
            Advice::FixCredentials,
            true,
            Origin::Esb,
            0,
        ),
        (esb_error(1_306_201), Advice::LookUp, true, Origin::Esb, 0),
        (html, fix("connection.endpoint"), true, Origin::Answer, 0),
        (
            redirect,
            fix("connection.endpoint"),
            true,
            Origin::Answer,
            0,
        ),
        (busy, Advice::LookUp, true, Origin::Answer, 0),
        (
            Fault::DropBeforeExecuting,
            Advice::LookUp,
            true,
            Origin::Transport,
            0,
        ),
        (
            Fault::DropAfterExecuting,
            Advice::LookUp,
            true,
            Origin::Transport,
            1,
        ),
        (Fault::Truncated, Advice::LookUp, true, Origin::Transport, 1),
        (
            Fault::Huge(5 << 20),
            Advice::LookUp,
            true,
            Origin::Transport,
            1,
        ),
    ] {
        let (fake, c) = start().await;
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
        (gateway_error(504, 1_650_401), 3, Advice::WaitMs(1_000)),
        (gateway_error(403, 1_640_301), 1, Advice::AskPermission),
        (Fault::Html, 1, fix("connection.endpoint")),
        (Fault::Huge(5 << 20), 1, Advice::CallOperator),
    ] {
        let (fake, c) = start().await;
        fake.fault("get_tickets", fault.clone(), 9);
        let host = Host::new();
        let failure = host.confirm(&c, "S", None).await.unwrap_err();
        assert_eq!(
            (&failure.advice, failure.may_have_acted),
            (&advice, false),
            "{fault:?}"
        );
        assert_eq!(host.sent().len(), requests, "{fault:?}");
    }
    let (fake, c) = start().await;
    fake.fault("get_tickets", Fault::DropBeforeExecuting, 2);
    assert!(Host::new().confirm(&c, "S", None).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_reached_a_server_has_not_happened() {
    let host = Host::new();
    let refused = host
        .create(&gateway("http://127.0.0.1:1"), &fast_ticket())
        .await
        .unwrap_err();
    assert_eq!(
        (refused.origin, refused.may_have_acted),
        (Origin::Transport, false)
    );

    let (fake, c) = start().await;
    let denied = Host::denying()
        .create(&c, &fast_ticket())
        .await
        .unwrap_err();
    let authority = fake.url().replace("http://", "");
    assert_eq!(denied.advice, Advice::AllowHost(authority));
    assert!(!denied.may_have_acted);
    assert!(fake.exchanges().is_empty());

    let mut ticket = fast_ticket();
    ticket.title = "too long".repeat(20);
    let host = Host::new();
    let failure = host.create(&c, &ticket).await.unwrap_err();
    assert_eq!(
        (failure.advice, failure.origin),
        (fix("ticket.title"), Origin::Argument)
    );
    assert!(host.sent().is_empty());
}

/// Calls a server that misbehaves, with little time and a host that sets no timeouts of its own.
async fn in_short_time(steps: Vec<Step>) -> (Failure, Duration) {
    let server = Scripted::always(steps).await;
    let mut c = gateway(&server.url());
    c.deadline_ms = Some(300);
    let begun = Instant::now();
    let host = Host::new().forgetting_timeouts();
    let failure = host.create(&c, &fast_ticket()).await.unwrap_err();
    (failure, begun.elapsed())
}

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
        let (failure, took) = in_short_time(steps.clone()).await;
        assert!(failure.may_have_acted, "{steps:?}: {failure:?}");
        assert_eq!(failure.origin, Origin::Transport, "{failure:?}");
        // Hosts' own timeouts are of minutes.
        assert!(took < Duration::from_secs(20), "{steps:?} took {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_http_and_answers_that_are_no_itsm_are_failures_and_never_traps() {
    let http = |body: &str| {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .into_bytes()
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for steps in [
        vec![Step::Reset],
        vec![Step::Send(b"nonsense\r\n\r\n".to_vec())],
        vec![Step::Send(http(""))],
        vec![Step::Send(http("null"))],
        vec![Step::Send(http(&deep))],
        vec![Step::Send(http("{\"result\":true,\"code\":0,\"data\":[]}"))],
        vec![Step::Send(http(
            "{\"result\":true,\"code\":0,\"data\":{\"sn\":\"S\"}}",
        ))],
        vec![Step::Send(http(
            "{\"result\":true,\"code\":0,\"data\":{\"sn\":5,\"id\":\"x\"}}",
        ))],
        vec![Step::Send(http("\u{feff}{}"))],
    ] {
        let server = Scripted::always(steps.clone()).await;
        let failure = Host::new()
            .create(&gateway(&server.url()), &fast_ticket())
            .await
            .unwrap_err();
        assert!(failure.may_have_acted, "{steps:?}: {failure:?}");
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_gets_no_second_request_and_no_credentials() {
    let elsewhere = Scripted::always(vec![Step::Hang]).await;
    let (fake, c) = start().await;
    fake.fault(
        "create_ticket",
        Fault::Redirect(format!("{}/", elsewhere.url())),
        1,
    );
    Host::new().create(&c, &fast_ticket()).await.unwrap_err();
    assert!(elsewhere.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_repeats_the_secrets_gets_them_into_no_failure() {
    // What every failure of this suite is checked for, the harness does: here the server tries.
    let server = Scripted::start(|_, received| {
        let message = format!("you sent {} {}", received.head, received.body);
        let body = serde_json::json!({"result": false, "code": 3_900_004, "message": message});
        let body = body.to_string();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        vec![Step::Send(answer.into_bytes())]
    })
    .await;
    let c = gateway(&server.url());
    let mut ticket = fast_ticket();
    ticket.callback = Some(component_tests::callback_target("http://h/"));
    let failure = Host::new().create(&c, &ticket).await.unwrap_err();
    assert!(failure.message.starts_with("you sent"), "{failure:?}");
    Host::new().verify_token(&c, TOKEN).await.unwrap_err();
    assert!(
        server.received()[0].head.contains(APP_SECRET),
        "the control found nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_that_is_trusted_is_for_its_operator() {
    // It answers a handshake in plain text, as an http port does.
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connection = gateway(&format!("https://{}", plain.local_addr().unwrap()));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 plain\r\n\r\n").await;
        }
    });
    let read = Host::new()
        .confirm(&connection, "REQ20261124000001", None)
        .await;
    let failure = read.unwrap_err();
    assert_eq!(
        (failure.advice, failure.may_have_acted),
        (Advice::CallOperator, false)
    );
    // The host does not say whether it was before anything was sent.
    let write = Host::new().create(&connection, &fast_ticket()).await;
    let failure = write.unwrap_err();
    assert_eq!(
        (failure.advice, failure.may_have_acted),
        (Advice::LookUp, true)
    );
    assert!(
        failure.message.contains("certificate"),
        "{}",
        failure.message
    );
}
