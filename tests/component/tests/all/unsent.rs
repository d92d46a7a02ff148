//! What proves that nothing was sent: not what the host says of a connection, only that it never took the end of
//! the request.

use crate::set_up::start;
use component_tests::wit_types::{Advice, Failure, Origin};
use component_tests::{Host, Scripted, Step, fast_ticket, gateway};
use fake_itsm::Options;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A host that hands the component's timeouts on to wasmtime, which then is the first to notice, and one that does
/// not.
fn hosts() -> [Host; 2] {
    [Host::new(), Host::new().forgetting_timeouts()]
}

async fn create_within(host: &Host, url: &str, ms: u32) -> Failure {
    let mut c = gateway(url);
    c.deadline_ms = Some(ms);
    let failure = host.create(&c, &fast_ticket()).await.unwrap_err();
    assert_eq!(failure.origin, Origin::Transport, "{failure:?}");
    // What may have happened is to be looked up, and nothing else is.
    let looks_up = failure.advice == Advice::LookUp;
    assert_eq!(failure.may_have_acted, looks_up, "{failure:?}");
    failure
}

/// However short the time was: who has read the request may carry it out.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_the_server_has_read_is_never_said_to_be_unsent() {
    let (mut creates, mut read) = (0, 0);
    for host in hosts() {
        let mut ms = 1;
        // On a slow machine the first of these end before there is a connection.
        loop {
            let server = Scripted::always(vec![Step::Hang]).await;
            let failure = create_within(&host, &server.url(), ms).await;
            let was_read = !server.received().is_empty();
            assert!(failure.may_have_acted || !was_read, "{ms} ms: {failure:?}");
            creates += 1;
            read += usize::from(was_read);
            if was_read && ms > 500 {
                break;
            }
            ms += 1 + ms / 8;
        }
    }
    println!(
        "{creates} creates that nobody answered, {read} of them read, 0 of those said to be unsent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_reached_a_server_has_not_happened() {
    for host in hosts() {
        let refused = create_within(&host, "http://127.0.0.1:1", 60_000).await;
        assert!(!refused.may_have_acted, "{refused:?}");
    }
    let (fake, c) = start(Options::default()).await;
    let denied = Host::denying().create(&c, &fast_ticket()).await.unwrap_err();
    let authority = fake.url().replace("http://", "");
    assert_eq!((denied.advice, denied.may_have_acted), (Advice::AllowHost(authority), false));
    assert!(fake.exchanges().is_empty());
    let mut ticket = fast_ticket();
    ticket.title = "too long".repeat(20);
    let host = Host::new();
    let failure = host.create(&c, &ticket).await.unwrap_err();
    assert_eq!(
        (failure.advice, failure.origin),
        (Advice::FixArgument("ticket.title".to_owned()), Origin::Argument)
    );
    assert!(host.sent().is_empty());
}

/// A listener whose queue is full lets a connection wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_comes_before_the_connection_proves_that_nothing_was_sent() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _fills_the_queue = TcpStream::connect(address).await.unwrap();
    for host in hosts() {
        let failure = create_within(&host, &format!("http://{address}"), 300).await;
        assert!(!failure.may_have_acted, "{failure:?}");
    }
}

/// A server that closes each connection, at once or when it has read the head of a request.
async fn closing(reads_the_head: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while reads_the_head && !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_closes_early_is_a_failure_that_says_what_to_do() {
    for host in hosts() {
        // What the host had taken by then depends on the moment, so either may be said.
        for reads_the_head in [false, true] {
            create_within(&host, &closing(reads_the_head).await, 60_000).await;
        }
        for steps in [vec![], vec![Step::Reset]] {
            let server = Scripted::always(steps.clone()).await;
            let failure = create_within(&host, &server.url(), 60_000).await;
            assert!(failure.may_have_acted, "{steps:?}: {failure:?}");
            assert_eq!(server.received().len(), 1);
        }
    }
}
