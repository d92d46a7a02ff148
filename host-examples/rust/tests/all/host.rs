//! The host against the fake ITSM, through its HTTP endpoint.

use crate::set_up::{LONGEST, Logged, SECRET, itsm, key, settings};
use crate::thief;
use component_tests::Callbacks;
use component_tests::wit_callbacks::Claims;
use fake_itsm::{FakeItsm, Fault, HttpClient, Options};
use rust_host::{
    Confirmation, Endpoint, Itsm, Outcome, Settings, Verdict, callback_endpoint, fast_approval,
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::Receiver;

struct Set {
    fake: FakeItsm,
    itsm: Itsm,
    inbox: Receiver<(String, Outcome)>,
    callback_url: String,
    logged: Logged,
}

async fn set_up() -> Set {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback_url = format!("http://{}/itsm/callback", listener.local_addr().unwrap());
    let (itsm, logged) = itsm(settings(fake.gateway_url(), callback_url.clone()));
    let (outcomes, inbox) = tokio::sync::mpsc::channel(16);
    let endpoint = callback_endpoint(itsm.clone(), outcomes);
    tokio::spawn(async move { axum::serve(listener, endpoint).await });
    Set { fake, itsm, inbox, callback_url, logged }
}

impl Set {
    async fn create(&self) -> (String, String) {
        let prepared = self.itsm.prepare(fast_approval("carol", "扩容", &["admin"])).await;
        let operation = prepared.unwrap();
        let created = self.itsm.create(&operation).await;
        (operation.id, created.unwrap().sn)
    }

    async fn post(&self, headers: &[(&str, &str)], body: &str) -> String {
        let client = HttpClient::default();
        let posted = client.post(&self.callback_url, headers, body).await;
        let answer = posted.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "application/json");
        answer.body
    }

    /// What the endpoint hands over next, and for which operation.
    async fn outcome(&mut self) -> (String, Outcome) {
        let handed_over = tokio::time::timeout(LONGEST, self.inbox.recv()).await;
        handed_over.expect("an outcome").expect("an endpoint")
    }

    /// The header of a ticket's callback.
    fn header(&self, sn: &str) -> String {
        let ticket = self.fake.ticket(sn).unwrap();
        ticket.meta["headers"]["X-Itsm-Binding"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_reaches_the_host_through_its_endpoint() {
    let mut set = set_up().await;
    let (operation, sn) = set.create().await;
    set.fake.approve(&sn, "admin").await.unwrap();
    let (of, outcome) = set.outcome().await;
    assert_eq!(of, operation);
    assert_eq!(outcome.ticket.sn, sn);
    assert_eq!(outcome.verdict, Verdict::Approved);
    assert!(set.fake.called_back(&sn).await.unwrap().delivered);
    assert!(set.fake.failed_callbacks().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_comes_inside_the_withdrawal_is_answered() {
    let mut set = set_up().await;
    let (_, sn) = set.create().await;
    set.fake.started(&sn).await.unwrap();
    set.fake.withdraw(&sn, "carol").await.unwrap();
    let (_, outcome) = set.outcome().await;
    assert_eq!(outcome.verdict, Verdict::Withdrawn);
}

/// All of it in one thread: ITSM, the host's own call, and the callback that comes before the call has its answer.
#[tokio::test]
async fn a_host_of_one_thread_withdraws_and_answers_the_callback_that_comes_meanwhile() {
    let mut set = set_up().await;
    let (operation, sn) = set.create().await;
    set.fake.started(&sn).await.unwrap();
    let withdrawn = set.itsm.withdraw(&sn, "carol", "no longer needed");
    tokio::time::timeout(LONGEST, withdrawn).await.unwrap().unwrap();
    let (of, outcome) = set.outcome().await;
    assert_eq!((of, outcome.verdict), (operation, Verdict::Withdrawn));
    assert!(set.fake.called_back(&sn).await.unwrap().delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_server_is_served_and_only_the_oldest_gets_credentials_in_the_body() {
    for (kind, path) in [
        ("gateway", "/api/bk-itsm/prod/v2/itsm/create_ticket/"),
        ("esb", "/api/c/compapi/v2/itsm/create_ticket/"),
        ("esb-legacy", "/api/c/compapi/v2/itsm/create_ticket/"),
    ] {
        let options = Options {
            credentials: Some(("app".to_owned(), SECRET.to_owned())),
            legacy_esb: kind == "esb-legacy",
            ..Options::default()
        };
        let fake = FakeItsm::start(options).await.unwrap();
        let endpoint = match kind {
            "gateway" => Endpoint::Gateway(fake.gateway_url()),
            "esb" => Endpoint::Esb(fake.url()),
            _ => Endpoint::EsbLegacy(fake.url()),
        };
        let settings = settings(fake.gateway_url(), "http://127.0.0.1:9/callback".into());
        let (itsm, _) = itsm(Settings { endpoint, ..settings });
        let operation = itsm.prepare(fast_approval("carol", "t", &["admin"])).await.unwrap();
        let sn = itsm.create(&operation).await.unwrap().sn;
        fake.approve(&sn, "admin").await.unwrap();
        let confirmed = itsm.confirm_own(&sn).await.unwrap();
        assert!(
            matches!(&confirmed, Confirmation::Ended(it) if it.verdict == Verdict::Approved),
            "{kind}: {confirmed:?}"
        );
        let sent = fake.exchanges_of("create_ticket").pop().unwrap();
        assert_eq!(sent.path, path);
        let in_header = sent.header("x-bkapi-authorization").is_some_and(|it| it.contains(SECRET));
        let in_body = sent.body.contains(SECRET);
        assert_eq!((in_header, in_body), (kind != "esb-legacy", kind == "esb-legacy"), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_approval_under_a_genuine_header_is_refused_and_handed_to_nobody() {
    let mut set = set_up().await;
    let (_, approved) = set.create().await;
    let (_, victim) = set.create().await;
    set.fake.approve(&approved, "admin").await.unwrap();
    set.outcome().await;
    let header = set.header(&victim);
    let token = set.fake.token();
    for body in [
        format!(
            r#"{{"sn":"{approved}","current_status":"FINISHED","approve_result":true,"token":"{token}"}}"#
        ),
        format!(
            r#"{{"sn":"{victim}","current_status":"FINISHED","approve_result":true,"token":"{token}"}}"#
        ),
        r#"{"sn":"NOBODYS","current_status":"FINISHED","approve_result":true}"#.to_owned(),
    ] {
        let answer = set.post(&[("X-Itsm-Binding", &header)], &body).await;
        assert!(answer.contains(r#""code":1"#), "{answer}");
    }
    assert!(set.inbox.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_a_thief_of_headers_approves_is_refused_as_foreign() {
    let mut set = set_up().await;
    let (operation, sn) = set.create().await;
    let victim = set.fake.ticket(&sn).unwrap();
    let sent = thief::approve_in_place_of(&set.fake, &victim).await.unwrap();
    assert!(!sent.delivered && sent.status == Some(200), "{sent:?}");
    let log = set.logged.all();
    assert!(log.contains("that ticket is not this operation's"), "{log}");
    assert!(set.inbox.try_recv().is_err());
    let answer = set.itsm.confirm_own(&sn).await;
    assert!(matches!(answer, Ok(Confirmation::Open(_))), "{answer:?}");

    set.fake.refuse(&sn, "admin", "no").await.unwrap();
    let (of, outcome) = set.outcome().await;
    assert_eq!((of, outcome.ticket.sn), (operation, sn));
    assert_eq!(outcome.verdict, Verdict::Rejected);
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_leads_to_no_outgoing_call() {
    let set = set_up().await;
    let (_, sn) = set.create().await;
    let (tried, seen) = (set.itsm.outgoing_requests(), set.fake.exchanges().len());
    let long = "x".repeat(70_000);
    let huge = "x".repeat(300_000);
    let body = format!(r#"{{"sn":"{sn}","current_status":"FINISHED","approve_result":true}}"#);
    let forged = format!("v1.t.abc.9999999999.{}", "0".repeat(64));
    for (header, body) in [
        (None, body.as_str()),
        (Some("junk"), body.as_str()),
        (Some(forged.as_str()), body.as_str()),
        (None, ""),
        (None, "{"),
        (None, long.as_str()),
        (None, huge.as_str()),
    ] {
        let headers: Vec<_> = header.iter().map(|value| ("x-itsm-binding", *value)).collect();
        let answer = set.post(&headers, body).await;
        assert!(answer.contains(r#""code":1"#), "{answer}");
    }
    assert_eq!(set.itsm.outgoing_requests(), tried);
    assert_eq!(set.fake.exchanges().len(), seen);
}

/// Sends bytes; the answer, until the connection ends.
async fn sent(url: &str, request: &[u8]) -> String {
    let address = url.split('/').nth(2).unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(LONGEST, stream.read_to_end(&mut answer)).await;
    ended.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_the_endpoint_is_judged_before_it_is_read_and_the_log_says_why() {
    let set = set_up().await;
    let (_, sn) = set.create().await;
    let header = set.header(&sn);
    let check = r#"{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}"#;
    let chunked = format!(
        "transfer-encoding: chunked\r\n\r\n20\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        &check[..32],
        check.len() - 32,
        &check[32..]
    );
    let whole = format!("content-length: {}\r\n\r\n{check}", check.len());
    let slow = "content-length: 10\r\n\r\n{".to_owned();
    let bound = format!("X-Itsm-Binding: {header}\r\n").into_bytes();
    let twice = bound.repeat(2);
    let blank = format!("X-Itsm-Binding:  \t{header} \r\n").into_bytes();
    let binding = async |url: &str, expires_s| {
        let claims = Claims { operation_id: "op1".into(), callback_url: url.into(), expires_s };
        let key = key();
        let (name, value) = Callbacks::alone().bind(&key, &claims).await.unwrap().header;
        format!("{name}: {value}\r\n").into_bytes()
    };
    let expired = binding(&set.callback_url, 1).await;
    let other_address = binding("https://gate.example.com/itsm/callback", u64::MAX).await;
    let not_utf8 = [b"X-Itsm-Binding: ", &b"\xff\xfe"[..], b"\r\n"].concat();
    let here = "/itsm/callback";
    let (elsewhere, form) =
        ("callbacks are received at the path", "there twice, or is not of its form");
    for (what, path, headers, body, status, code, line) in [
        ("in chunks", here, &bound, &chunked, 200, 0, "a self-check is accepted"),
        ("a blank before the value", here, &blank, &whole, 200, 0, "a self-check is accepted"),
        ("a query", "/itsm/callback?a=b", &bound, &whole, 200, 0, "a self-check is accepted"),
        ("another path", "/itsm", &bound, &whole, 404, 1, elsewhere),
        ("a longer path", "/itsm/callback/", &bound, &whole, 404, 1, elsewhere),
        ("another path, unread", "/", &bound, &slow, 404, 1, elsewhere),
        ("the header twice", here, &twice, &whole, 200, 1, form),
        ("a header that is no text", here, &not_utf8, &whole, 200, 1, form),
        (
            "an expired binding",
            here,
            &expired,
            &whole,
            200,
            1,
            "the binding of operation op1 has expired",
        ),
        ("another address", here, &other_address, &whole, 200, 1, "compare the address"),
        ("a slow body", here, &bound, &slow, 200, 1, "the body came too slowly"),
    ] {
        let before = set.logged.all().len();
        let request = [
            format!("POST {path} HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n").as_bytes(),
            headers,
            body.as_bytes(),
        ]
        .concat();
        let answer = sent(&set.callback_url, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer}");
        assert!(answer.contains(&format!(r#""code":{code}"#)), "{what}: {answer}");
        let log = set.logged.all()[before..].to_owned();
        assert!(log.contains(line), "{what}: {log}");
        assert!(!log.contains(&header) && !answer.contains(&header), "{what}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_callback_says_of_itself_stands_on_one_line_of_the_log() {
    let set = set_up().await;
    let (_, sn) = set.create().await;
    let header = set.header(&sn);
    let body = r#"{"sn":"a\nb\u001b[31m","current_status":"FINISHED","approve_result":true}"#;
    set.post(&[("X-Itsm-Binding", &header)], body).await;
    let log = set.logged.all();
    assert!(!log.contains('\u{1b}') && !log.contains("a\nb"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_junk_callbacks_lead_to_no_outgoing_call() {
    let set = set_up().await;
    let (_, sn) = set.create().await;
    let (tried, seen) = (set.itsm.outgoing_requests(), set.fake.exchanges().len());
    let body = format!(r#"{{"sn":"{sn}","current_status":"FINISHED","approve_result":true}}"#);
    let client = HttpClient::default();
    let mut refused = 0;
    for batch in 0..100 {
        let mut posts = tokio::task::JoinSet::new();
        for index in 0..100 {
            let forged =
                format!("v1.t.op{index}.{}.{:064x}", 9_999_999_999_u64, batch * 100 + index);
            let (client, url, body) = (client.clone(), set.callback_url.clone(), body.clone());
            posts.spawn(async move {
                let headers = [("X-Itsm-Binding", forged.as_str())];
                client.post(&url, &headers, &body).await
            });
        }
        while let Some(answer) = posts.join_next().await {
            let answer = answer.unwrap().unwrap().body;
            refused += usize::from(answer.contains(r#""code":1"#));
        }
    }
    assert_eq!(refused, 10_000);
    assert_eq!(set.itsm.outgoing_requests(), tried);
    assert_eq!(set.fake.exchanges().len(), seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_reported_and_not_followed() {
    let set = set_up().await;
    let redirect = Fault::Redirect("http://127.0.0.1:9/".into());
    set.fake.fault("create_ticket", redirect, 1);
    let operation = set.itsm.prepare(fast_approval("carol", "t", &["admin"])).await.unwrap();
    let error = set.itsm.create(&operation).await.unwrap_err().to_string();
    assert!(error.contains("redirect"), "{error}");
    assert_eq!(set.itsm.outgoing_requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_secret_and_the_tag_are_on_the_requests_and_in_no_text() {
    let mut set = set_up().await;
    let (_, sn) = set.create().await;
    let sent = set.fake.exchanges_of("create_ticket");
    let credentials = sent[0].header("x-bkapi-authorization").unwrap();
    assert!(credentials.contains(SECRET));
    let tag = set.fake.ticket(&sn).unwrap().tag.unwrap();
    assert!(sent[0].body.contains(&tag));

    let answer = set.itsm.confirm_own(&sn).await;
    assert!(matches!(answer, Ok(Confirmation::Open(_))));
    let mut all = format!("{answer:?}");
    set.fake.approve(&sn, "admin").await.unwrap();
    all.push_str(&format!("{:?}", set.outcome().await));
    let itsm = set.itsm.within(Duration::from_secs(5));
    for fault in [Fault::Html, Fault::DropBeforeExecuting, Fault::Truncated] {
        set.fake.fault("get_tickets", fault, 3);
        let error = itsm.confirm_own(&sn).await.unwrap_err();
        all.push_str(&format!("{error:?} {error}"));
    }
    all.push_str(&set.logged.all());
    assert!(!all.contains(SECRET) && !all.contains(&tag), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_check_is_accepted_only_with_a_binding_that_holds() {
    let mut set = set_up().await;
    let (_, sn) = set.create().await;
    let header = set.header(&sn);
    let body = r#"{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}"#;
    let tried = set.itsm.outgoing_requests();
    assert!(set.post(&[("X-Itsm-Binding", &header)], body).await.contains(r#""code":0"#));
    assert!(set.post(&[], body).await.contains(r#""code":1"#));
    assert_eq!(set.itsm.outgoing_requests(), tried);
    assert!(set.inbox.try_recv().is_err());
}
