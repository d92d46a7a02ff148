//! Servers that go on for ever, and servers that answer before they have read all: a call ends in time, and says
//! what is known.

use crate::set_up::write;
use component_tests::wit_diagnosis::CallbackUrlError;
use component_tests::wit_types::{Advice, Failure, Origin};
use component_tests::{
    Host, Scripted, Step, answer, call, callback_target, fast_ticket, gateway, text,
};
use std::time::{Duration, Instant};

/// Much more than any machine needs for a deadline of a second, and much less than for ever.
const GENEROUS: Duration = Duration::from_secs(60);

fn forever(bytes: &[u8], pause_ms: u64) -> Step {
    Step::Forever(bytes.to_vec(), Duration::from_millis(pause_ms))
}

/// What a server does that never comes to an end, and always has something to give.
fn endless() -> Vec<(&'static str, Vec<Step>)> {
    let head = |rest: &str| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{rest}\r\n");
        Step::Send(head.into_bytes())
    };
    let chunked = || head("Transfer-Encoding: chunked\r\n");
    let long = || head("Content-Length: 4000000\r\n");
    let envelope = || Step::Send(br#"{"result":true,"code":0,"data":["#.to_vec());
    vec![
        ("nothing at all", vec![Step::Hang]),
        (
            "a head, byte by byte",
            vec![Step::Send(b"HTTP/1.1 200 OK\r\nX-A: ".to_vec()), forever(b"b", 20)],
        ),
        (
            "a head, line by line",
            vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), forever(b"X-A: b\r\n", 50)],
        ),
        ("answers before the answer", vec![forever(b"HTTP/1.1 100 Continue\r\n\r\n", 5)]),
        ("a head, and no body", vec![long(), Step::Hang]),
        ("a trickle of a body with a length", vec![long(), forever(b" ", 5)]),
        ("a trickle of a body without a length", vec![head(""), forever(b" ", 5)]),
        ("a trickle of an envelope", vec![long(), envelope(), forever(b"1,", 5)]),
        ("a trickle of chunks", vec![chunked(), forever(b"1\r\n \r\n", 5)]),
        ("a flood of chunks of one byte", vec![chunked(), forever(&b"1\r\n \r\n".repeat(100), 0)]),
    ]
}

fn is_a_deadline(failure: &Failure) -> bool {
    failure.origin == Origin::Transport && failure.message.contains("before the deadline")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trickle_and_a_flood_end_at_the_deadline() {
    let mut calls = 0;
    for (name, steps) in endless() {
        let server = Scripted::always(steps).await;
        for (host, ms) in [
            (Host::new(), 300),
            (Host::new().forgetting_timeouts(), 300),
            (Host::new().forgetting_timeouts(), 1_000),
        ] {
            let mut c = gateway(&server.url());
            c.deadline_ms = Some(ms);
            let begin = Instant::now();
            let written = host.create(&c, &fast_ticket()).await.unwrap_err();
            let read = host.confirm_own(&c, "S").await.unwrap_err();
            assert!(begin.elapsed() < GENEROUS, "{name}");
            assert!(is_a_deadline(&written), "{name}: {written:?}");
            assert_eq!(
                (&written.advice, written.may_have_acted),
                (&Advice::LookUp, true),
                "{name}"
            );
            assert!(is_a_deadline(&read), "{name}: {read:?}");
            assert!(!read.may_have_acted, "{name}");
            calls += 2;
        }
    }
    println!("{calls} calls that ended at their deadline");
}

/// Its deadline is its own: ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn checking_a_callback_address_ends_at_its_deadline_too() {
    let (_, flood) = endless().pop().unwrap();
    let server = Scripted::always(flood).await;
    let target = callback_target(&server.url());
    let begin = Instant::now();
    match call!(Host::new() => blueking_itsm_diagnosis.call_check_callback_url(&target)) {
        // Whichever came first: the deadline, or more bytes than any answer of a receiver has.
        Err(CallbackUrlError::Unreachable(failure)) => {
            assert!(is_a_deadline(&failure), "{failure:?}")
        }
        Err(CallbackUrlError::NotJson) => {}
        other => panic!("{other:?}"),
    }
    assert!(begin.elapsed() < GENEROUS);
}

/// A flood of headers is refused by the host before any deadline: it is a failure like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_is_a_failure() {
    let head = Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec());
    let server = Scripted::always(vec![head, forever(&b"X-A: b\r\n".repeat(100), 0)]).await;
    let mut c = gateway(&server.url());
    c.deadline_ms = Some(1_000);
    let begin = Instant::now();
    let failure = write(&Host::new(), &c, "create", "bob").await.unwrap_err();
    assert!(begin.elapsed() < GENEROUS);
    assert_eq!(
        (failure.origin, failure.advice),
        (Origin::Transport, Advice::LookUp),
        "{}",
        failure.message
    );
}

/// A request that does not fit into what lies between.
fn large_ticket() -> component_tests::wit_tickets::NewTicket {
    component_tests::wit_tickets::NewTicket {
        fields: vec![text("note", &"x".repeat(1 << 20))],
        ..fast_ticket()
    }
}

/// A server that reads no body takes no more after a while: what is left can't be sent.
/// There is time enough for a slow machine to send what fits into the buffers between.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_reads_is_given_up_at_the_deadline() {
    let server = Scripted::after_the_head(vec![Step::Hang]).await;
    for host in [Host::new(), Host::new().forgetting_timeouts()] {
        let mut c = gateway(&server.url());
        c.deadline_ms = Some(4_000);
        let mut ticket = large_ticket();
        ticket.fields[0] = text("note", &"x".repeat(8 << 20));
        let begin = Instant::now();
        let failure = host.create(&c, &ticket).await.unwrap_err();
        assert!(begin.elapsed() < GENEROUS);
        assert!(is_a_deadline(&failure), "{failure:?}");
        assert_eq!(failure.advice, Advice::LookUp);
    }
}

/// Who is not let in, or sends too much, is often told before all was read.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_before_the_request_was_read_is_the_answer() {
    let gateways = |code| [("X-Bkapi-Error-Code", code)];
    for then in [Step::Hang, Step::Pause(Duration::ZERO)] {
        let closes = !matches!(then, Step::Hang);
        for (status, headers, body, advice) in [
            (401, &[][..], "", Advice::LookUp),
            (413, &[], "<html>too large</html>", Advice::LookUp),
            (401, &gateways("1640101"), "{}", Advice::FixCredentials),
            (413, &gateways("1641301"), "{}", Advice::FixArgument("ticket".to_owned())),
            (429, &[("Retry-After", "3")], "", Advice::WaitMs(3_000)),
        ] {
            let steps = vec![answer(status, headers, body), then.clone()];
            let server = Scripted::after_the_head(steps).await;
            for host in [Host::new(), Host::new().forgetting_timeouts()] {
                let failure =
                    host.create(&gateway(&server.url()), &large_ticket()).await.unwrap_err();
                // Where it also closes, a reset can overtake the answer. Then nothing is known, unless the host had
                // not yet taken the whole request.
                let expected = match closes && failure.origin == Origin::Transport {
                    true if failure.may_have_acted => &Advice::LookUp,
                    true => &Advice::WaitMs(1_000),
                    false => &advice,
                };
                assert_eq!(&failure.advice, expected, "{status}, closes: {closes}: {failure:?}");
                assert_eq!(failure.may_have_acted, failure.advice == Advice::LookUp, "{failure:?}");
                assert!(!failure.message.contains("deadline"), "{failure:?}");
            }
            let target = callback_target(&server.url());
            let unfit =
                call!(Host::new() => blueking_itsm_diagnosis.call_check_callback_url(&target));
            assert_eq!(unfit, Err(CallbackUrlError::Status(status)), "closes: {closes}");
        }
    }
}

/// A name that nobody has: waiting does not help.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_name_without_an_address_is_for_its_operator() {
    const WORDS: &str = "the host name in no-such-host.invalid has no address";
    let c = gateway("http://no-such-host.invalid");
    let host = Host::new();
    let failures = [
        host.create(&c, &fast_ticket()).await.unwrap_err(),
        host.confirm_own(&c, "S").await.unwrap_err(),
    ];
    let target = callback_target("http://no-such-host.invalid/cb");
    let unfit = call!(host => blueking_itsm_diagnosis.call_check_callback_url(&target));
    let Err(CallbackUrlError::Unreachable(unreachable)) = unfit else {
        panic!("{unfit:?}");
    };
    let findings = call!(host => blueking_itsm_diagnosis.call_diagnose(&c)).unwrap();
    assert_eq!(findings.len(), 1);
    let found = findings[0].failure.clone().unwrap();
    for failure in failures.iter().chain([&unreachable, &found]) {
        assert_eq!(
            (&failure.advice, failure.may_have_acted),
            (&Advice::CallOperator, false),
            "{failure:?}"
        );
        assert!(failure.message.starts_with(WORDS), "{failure:?}");
    }
    // One question, one request: it is not asked again.
    assert_eq!(host.sent().len(), 4);
}
