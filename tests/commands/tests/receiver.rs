//! The receiver, composed with its sinks and served, as ITSM and strangers meet it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use command_tests::Served;
use component_tests::wit_callbacks::Claims;
use component_tests::wit_tickets::CallbackTarget;
use component_tests::{Callbacks, Host, Scripted, Step, answer, fast_ticket, gateway};
use fake_itsm::{FakeItsm, Fault, Options};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const KEY: &str = "itsm-key.k1.00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OLD_KEY: &str =
    "itsm-key.k0.ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

/// A fake ITSM, and a receiver that asks it.
struct Site {
    fake: FakeItsm,
    receiver: Served,
    callback_url: String,
}

impl Site {
    async fn new(component: &str, more: &[(&str, &str)]) -> Self {
        let fake = FakeItsm::start(Options::default()).await.unwrap();
        let port = Served::free_port();
        let callback_url = format!("http://127.0.0.1:{port}/itsm/callback");
        let keys = format!("{OLD_KEY},{KEY}");
        let itsm = fake.gateway_url();
        let mut settings = vec![
            ("ITSM_GATEWAY", itsm.as_str()),
            ("ITSM_APP_CODE", "gate"),
            ("ITSM_APP_SECRET", "canary-app-secret"),
            ("ITSM_CALLBACK_URL", &callback_url),
            ("ITSM_BINDING_KEYS", &keys),
        ];
        settings.extend(more);
        let receiver = Served::start(component, port, &settings).await;
        Self {
            fake,
            receiver,
            callback_url,
        }
    }

    async fn to_stdout() -> Self {
        Self::new("itsm-receiver-stdout.wasm", &[]).await
    }

    /// The header that a ticket of this operation gets.
    async fn header(&self, operation: &str) -> (String, String) {
        let claims = Claims {
            operation_id: operation.to_owned(),
            callback_url: self.callback_url.clone(),
            expires_at: u64::MAX,
        };
        let callbacks = Callbacks::alone();
        callbacks.bind(KEY, &claims).await.unwrap()
    }

    /// A ticket of this operation that waits for bob's approval.
    async fn ticket(&self, operation: &str) -> String {
        let mut ticket = fast_ticket();
        ticket.operation_id = operation.to_owned();
        ticket.callback = Some(CallbackTarget {
            url: self.callback_url.clone(),
            headers: vec![self.header(operation).await],
        });
        let (host, connection) = (Host::new(), gateway(&self.fake.url()));
        let sn = host.create(&connection, &ticket).await.unwrap().sn;
        self.fake.started(&sn).await.unwrap();
        sn
    }

    /// Posts a body under this operation's header, as anybody who has seen it can.
    async fn post(&self, operation: &str, body: String) -> Value {
        let (name, value) = self.header(operation).await;
        let sent = reqwest::Client::new()
            .post(&self.callback_url)
            .header(name, value)
            .body(body)
            .send();
        let answer = sent.await.unwrap().text().await.unwrap();
        serde_json::from_str(&answer)
            .unwrap_or_else(|_| panic!("{answer:?}\n{}", self.receiver.stderr()))
    }

    /// A whole callback, with a token that passes.
    fn body(&self, sn: &str, status: &str) -> String {
        serde_json::json!({
            "sn": sn, "title": "t", "current_status": status, "approve_result": true, "ticket_url": "u",
            "update_at": "", "updated_by": ",bob,", "last_approver": "bob", "token": self.fake.token(),
        })
        .to_string()
    }

    fn handed_over(&self) -> Vec<Value> {
        let lines = self.receiver.stdout();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_ending_becomes_one_line_of_what_itsm_itself_says() {
    let site = Site::to_stdout().await;
    let approved = site.ticket("op1").await;
    site.fake.approve(&approved, "bob").await.unwrap();
    assert!(site.fake.called_back(&approved).await.unwrap().delivered);
    let refused = site.ticket("op2").await;
    site.fake.refuse(&refused, "bob", "no").await.unwrap();
    assert!(site.fake.called_back(&refused).await.unwrap().delivered);
    // ITSM waits for the receiver inside the withdrawal.
    let withdrawn = site.ticket("op3").await;
    site.fake.withdraw(&withdrawn, "alice").await.unwrap();
    assert!(site.fake.called_back(&withdrawn).await.unwrap().delivered);
    site.receiver
        .until(|served| served.stdout().lines().count() == 3)
        .await;
    let lines = site.handed_over();
    for (line, sn, operation, verdict, evidence) in [
        (&lines[0], &approved, "op1", "approved", "approval-result"),
        (&lines[1], &refused, "op2", "rejected", "approval-result"),
        (&lines[2], &withdrawn, "op3", "withdrawn", "status"),
    ] {
        assert_eq!(line["ticket"]["sn"], **sn);
        assert_eq!(line["operation_id"], operation);
        assert_eq!(line["verdict"], verdict);
        assert_eq!(line["evidence"], evidence);
    }
    assert!(site.fake.failed_callbacks().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_itsm_does_not_confirm_is_refused_with_a_reason_and_handed_over_to_nobody() {
    let site = Site::to_stdout().await;
    let open = site.ticket("op1").await;
    let foreign = site.ticket("op2").await;
    site.fake.approve(&foreign, "bob").await.unwrap();
    site.fake.called_back(&foreign).await.unwrap();
    for (sn, message) in [
        (open.as_str(), "the ticket has not ended"),
        (&foreign, "the number is not this operation's"),
        ("REQ20260101999999", "the number is not this operation's"),
    ] {
        let refused = site.post("op1", site.body(sn, "FINISHED")).await;
        assert_eq!(
            (&refused["code"], &refused["message"]),
            (&1.into(), &message.into())
        );
    }
    // A trigger wrote it.
    site.fake.set_status(&open, "FINISHED").unwrap();
    let refused = site.post("op1", site.body(&open, "FINISHED")).await;
    assert_eq!(refused["message"], "the ticket has not ended");
    for body in [
        "",
        "[]",
        r#"{"sn":"a","sn":"b"}"#,
        r#"{"sn":"<script>","<b>":1,"<b>":2}"#,
    ] {
        let refused = site.post("op1", body.to_owned()).await;
        assert_eq!(refused["message"], "the body is no callback");
    }
    assert_eq!(site.handed_over().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ignores_tags_is_refused() {
    let site = Site::to_stdout().await;
    let sn = site.ticket("op1").await;
    site.fake.fault("get_tickets", Fault::TagsIgnored, 9);
    site.fake.approve(&sn, "bob").await.unwrap();
    let called = site.fake.called_back(&sn).await.unwrap();
    assert!(!called.delivered && called.answer.contains("this server ignores tags"));
    assert!(site.handed_over().is_empty());
    assert_eq!(site.fake.failed_callbacks(), [sn]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_itsm_is_left_for_the_failed_list_and_not_waited_for() {
    let site = Site::to_stdout().await;
    let sn = site.ticket("op1").await;
    let slow = Duration::from_secs(3_600);
    site.fake.fault("get_tickets", Fault::Slow(slow), 1);
    site.fake.approve(&sn, "bob").await.unwrap();
    let called = site.fake.called_back(&sn).await.unwrap();
    let answer = called.answer;
    assert!(
        !called.delivered && answer.contains("before the deadline"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_make_no_call_leave_and_learn_nothing() {
    let site = Site::to_stdout().await;
    let (name, genuine) = site.header("op1").await;
    let mut answers = std::collections::BTreeSet::new();
    let client = reqwest::Client::new();
    for count in 0..1_000 {
        let forged = match count % 4 {
            0 => None,
            1 => Some("v1.k1.op1".to_owned()),
            2 => Some(genuine.replace("op1", "op2")),
            _ => Some(genuine.replace(".k1.", ".k9.")),
        };
        let mut request = client
            .post(&site.callback_url)
            .body(site.body("S", "FINISHED"));
        if let Some(forged) = forged {
            request = request.header(&name, forged);
        }
        let answer = request.send().await.unwrap();
        answers.insert((answer.status().as_u16(), answer.text().await.unwrap()));
    }
    for method in [reqwest::Method::GET, reqwest::Method::PUT] {
        client
            .request(method, &site.callback_url)
            .send()
            .await
            .unwrap();
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(site.fake.exchanges().is_empty());
    assert_eq!(
        site.receiver
            .stderr()
            .lines()
            .filter(|line| line.contains("refused"))
            .count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_break_off_dawdle_or_send_too_much_cost_nothing() {
    let site = Site::to_stdout().await;
    let (name, value) = site.header("op1").await;
    let head = |length: usize| {
        format!(
            "POST /itsm/callback HTTP/1.1\r\nhost: gate\r\n{name}: {value}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let address = site.receiver.url();
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    // One after the other, so by one instance: if it kept a part of each, its memory would run out.
    let junk = "x".repeat(60_000);
    let client = reqwest::Client::new();
    for _ in 0..1_000 {
        let post = client.post(&site.callback_url).header(&name, &value);
        let answer = post.body(junk.clone()).send().await.unwrap();
        assert!(
            answer
                .text()
                .await
                .unwrap()
                .contains("the body is no callback")
        );
    }
    let piece = "x".repeat(32 * 1024);
    let broken_off = |served: &Served| served.stderr().matches("the body broke off").count();
    for round in 1..=10 {
        // wasmtime has places for a thousand instances, and a request takes several.
        for _ in 0..100 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(head(60_000).as_bytes()).await.unwrap();
            client.write_all(piece.as_bytes()).await.unwrap();
        }
        site.receiver
            .until(|served| broken_off(served) == 100 * round)
            .await;
    }
    let too_large = site.post("op1", "x".repeat(1 << 20)).await;
    assert_eq!(too_large["message"], "the body is too large");
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(head(100).as_bytes()).await.unwrap();
    let mut answered = String::new();
    client.read_to_string(&mut answered).await.unwrap();
    assert!(answered.contains("the body came too slowly"), "{answered}");

    let sn = site.ticket("op1").await;
    site.fake.approve(&sn, "bob").await.unwrap();
    assert!(site.fake.called_back(&sn).await.unwrap().delivered);
    let log = site.receiver.stderr();
    assert!(!log.contains("trap") && !log.contains("panic"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarding_is_repeated_under_the_same_key_until_the_target_takes_it() {
    let status = Arc::new(AtomicU16::new(503));
    let told = status.clone();
    let target =
        Scripted::start(move |_, _| vec![answer(told.load(Ordering::SeqCst), &[], "")]).await;
    let url = target.url();
    let settings = [
        ("ITSM_FORWARD_URL", url.as_str()),
        ("ITSM_FORWARD_TOKEN", "canary-token"),
    ];
    let site = Site::new("itsm-receiver-forward.wasm", &settings).await;
    let sn = site.ticket("op1").await;
    site.fake.approve(&sn, "bob").await.unwrap();
    let called = site.fake.called_back(&sn).await.unwrap();
    assert!(!called.delivered && called.answer.contains("not taken: status 503"));
    for (answered, code, message) in [
        (422, 1, "never taken: status 422"),
        (302, 1, "not taken: status 302"),
        (201, 0, "success"),
        (200, 0, "success"),
    ] {
        status.store(answered, Ordering::SeqCst);
        let reply = site.post("op1", site.body(&sn, "FINISHED")).await;
        assert_eq!(
            (&reply["code"], &reply["message"]),
            (&code.into(), &message.into())
        );
    }
    let received = target.received();
    assert_eq!(received.len(), 5);
    for request in received {
        assert_eq!(request.header("idempotency-key"), ["op1"]);
        assert_eq!(request.header("authorization"), ["Bearer canary-token"]);
        let object: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(object["verdict"], "approved");
        assert_eq!(object["ticket"]["sn"], *sn);
    }
    assert!(!site.receiver.stderr().contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_gives_no_answer_is_asked_again_another_time() {
    for (steps, message) in [
        (vec![Step::Hang], "not taken: no answer in time"),
        (vec![Step::Reset], "not taken: no answer"),
    ] {
        let target = Scripted::always(steps).await;
        let address = format!("{}/canary?secret", target.url());
        let settings = [("ITSM_FORWARD_URL", address.as_str())];
        let site = Site::new("itsm-receiver-forward.wasm", &settings).await;
        let sn = site.ticket("op1").await;
        site.fake.approve(&sn, "bob").await.unwrap();
        let called = site.fake.called_back(&sn).await.unwrap();
        assert!(!called.delivered && called.answer.contains(message));
        assert!(
            target.received()[0]
                .head
                .starts_with("POST /canary?secret ")
        );
        assert!(!site.receiver.stderr().contains("canary"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_check_is_accepted_and_handed_over_to_nobody() {
    let site = Site::to_stdout().await;
    let (mut store, instance) = Host::new().instance().await;
    let target = CallbackTarget {
        url: site.callback_url.clone(),
        headers: vec![site.header("op1").await],
    };
    let diagnosis = instance.blueking_itsm_diagnosis();
    let fit = diagnosis.call_check_callback_url(&mut store, &target).await;
    assert!(fit.unwrap().is_ok());
    assert!(site.handed_over().is_empty() && site.fake.exchanges().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_missing_or_wrong_are_said_in_a_sentence_without_their_value() {
    let good = [
        ("ITSM_GATEWAY", "http://127.0.0.1:1/prod"),
        ("ITSM_CALLBACK_URL", "http://gate/itsm/callback"),
        ("ITSM_BINDING_KEYS", KEY),
        ("ITSM_FORWARD_URL", "http://127.0.0.1:1/"),
    ];
    for (changed, value, status, message) in [
        ("ITSM_TENANT_ID", "tenant", 200, "success"),
        (
            "ITSM_GATEWAY",
            "",
            503,
            "set one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY",
        ),
        ("ITSM_APP_SECRET", "canary", 503, "ITSM_APP_CODE is not set"),
        ("ITSM_CALLBACK_URL", "", 503, "ITSM_CALLBACK_URL is not set"),
        (
            "ITSM_BINDING_KEYS",
            "itsm-key.k1.canary",
            503,
            "ITSM_BINDING_KEYS, key 1: the key's HEX is not 64 to 128 lower-case hex digits",
        ),
        ("ITSM_FORWARD_URL", "", 503, "ITSM_FORWARD_URL is not set"),
        (
            "ITSM_FORWARD_URL",
            "canary",
            503,
            "ITSM_FORWARD_URL must begin with https:// or http://",
        ),
    ] {
        let mut settings: Vec<_> = good
            .iter()
            .copied()
            .filter(|(name, _)| *name != changed)
            .collect();
        settings.push((changed, value));
        let served =
            Served::start("itsm-receiver-forward.wasm", Served::free_port(), &settings).await;
        let ready = reqwest::get(served.url()).await.unwrap();
        assert_eq!(ready.status().as_u16(), status, "{changed}");
        let said: Value = serde_json::from_str(&ready.text().await.unwrap()).unwrap();
        assert_eq!(said["message"], message);
        assert!(!served.stderr().contains("canary"));
        served.stop().await;
    }
}
