//! What the component says when a server never answers, is not there, or breaks off.

use crate::set_up::{failure, itsm, settings};
use component_tests::{Scripted, Step, answer_of_bytes, envelope};
use rust_host::{Advice, Error, Itsm, Origin, fast_approval};
use serde_json::json;
use std::time::Duration;

/// A host of the ITSM at this address.
fn host(url: &str) -> Itsm {
    let gateway = format!("{url}/api/bk-itsm/prod");
    itsm(settings(gateway, "http://127.0.0.1:9/callback".into())).0
}

async fn create(itsm: &Itsm, title: &str) -> Result<String, Error> {
    let operation = itsm.prepare(fast_approval("carol", title, &["admin"])).await.unwrap();
    itsm.create(&operation).await.map(|ticket| ticket.sn)
}

/// Whether the machine is fast or slow: what the server has read whole may have been done, and that is
/// never denied.
#[tokio::test(flavor = "multi_thread")]
async fn no_create_that_was_read_and_never_answered_is_said_to_have_done_nothing() {
    const DEADLINES_MS: [u64; 11] = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 1_000];
    let server = Scripted::always(vec![Step::Hang]).await;
    let itsm = host(&server.url());
    let mut denied = Vec::new();
    let mut creates = 0;
    for deadline_ms in DEADLINES_MS.into_iter().cycle() {
        if server.received().len() >= 50 {
            break;
        }
        assert!(creates < 1_000, "the server reads next to nothing");
        let title = format!("create {creates}.");
        creates += 1;
        let itsm = itsm.within(Duration::from_millis(deadline_ms));
        let failure = failure(create(&itsm, &title).await);
        if failure.may_have_acted {
            assert!(matches!(failure.advice, Advice::LookUp), "{failure:?}");
        } else {
            denied.push(title);
        }
    }
    let read = server.received();
    for title in &denied {
        let whole = read.iter().any(|request| request.body.contains(title));
        assert!(!whole, "{title} was read whole, and denied");
    }
    println!("{creates} creates, {} read whole and never answered; of these denied: 0", read.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_listens_nothing_was_done() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let failure = failure(create(&host(&format!("http://{address}")), "t").await);
    assert!(matches!(failure.origin, Origin::Transport), "{failure:?}");
    assert!(!failure.may_have_acted, "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_anywhere_is_a_failure_that_says_to_look_up() {
    let data =
        json!({"sn": "REQ20261124000002", "id": 2, "ticket_url": "http://itsm.example.com/"});
    let Step::Send(whole) = envelope(&data) else {
        unreachable!("an answer is sent");
    };
    let stages = whole.len();
    let server = Scripted::start(move |count, _| {
        let mut steps = vec![Step::Send(whole[..count.min(stages)].to_vec())];
        // Every other answer that breaks off is reset, and not closed.
        steps.extend((count < stages && count % 2 == 1).then_some(Step::Reset));
        steps
    })
    .await;
    let itsm = host(&server.url());
    for stage in 0..stages {
        let failure = failure(create(&itsm, "t").await);
        assert!(failure.may_have_acted, "after {stage} bytes: {failure:?}");
        assert!(matches!(failure.advice, Advice::LookUp), "after {stage} bytes: {failure:?}");
    }
    assert_eq!(server.received().len(), stages, "a create is sent once");
    assert_eq!(create(&itsm, "t").await.unwrap(), "REQ20261124000002");
    println!("{stages} answers broken off: {stages} failures that say to look up");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_compressed_or_says_to_wait_is_told_as_such() {
    let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0";
    let json = ("Content-Type", "application/json");
    for (answer, words, waits_ms) in [
        (answer_of_bytes(200, &[json, ("Content-Encoding", "gzip")], packed), "gzip", None),
        (answer_of_bytes(429, &[json, ("Retry-After", "7")], b"{}"), "429", Some(7_000)),
    ] {
        let server = Scripted::always(vec![answer]).await;
        // Less than the wait: a read is not tried again.
        let itsm = host(&server.url()).within(Duration::from_secs(5));
        let write = failure(create(&itsm, "t").await);
        let read = failure(itsm.confirm_own("REQ1").await);
        assert!(
            write.message.contains(words) && read.message.contains(words),
            "{write:?} {read:?}"
        );
        // What a server limits it has not done.
        assert_eq!(write.may_have_acted, waits_ms.is_none(), "{write:?}");
        match waits_ms {
            Some(ms) => {
                for failure in [&write, &read] {
                    assert!(
                        matches!(failure.advice, Advice::WaitMs(it) if it == ms),
                        "{failure:?}"
                    );
                }
            }
            None => assert!(matches!(write.advice, Advice::LookUp), "{write:?}"),
        }
        let received = server.received();
        assert_eq!(received.len(), 2);
        for request in received {
            assert_eq!(request.header("accept-encoding"), ["identity"]);
        }
    }
}
