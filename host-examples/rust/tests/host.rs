//! The host against the fake ITSM, through its HTTP endpoint.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use fake_itsm::{FakeItsm, Options};
use rust_host::{Confirmation, Itsm, Outcome, Settings, Verdict, callback_endpoint};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

const SECRET: &str = "canary-of-the-app-secret";

struct Set {
    fake: FakeItsm,
    itsm: Itsm,
    inbox: Receiver<(String, Outcome)>,
    callback_url: String,
    said: Arc<Mutex<Vec<String>>>,
}

fn wasm() -> PathBuf {
    let folder = std::env::var_os("ITSM_WASM_DIR").map(PathBuf::from);
    let built = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/itsm"));
    let wasm = folder.unwrap_or_else(built).join("itsm.wasm");
    assert!(wasm.is_file(), "run `cargo xtask build` first");
    wasm
}

async fn set_up() -> Set {
    let fake = FakeItsm::start(Options {
        credentials: Some(("app".into(), SECRET.into())),
        ..Options::default()
    })
    .await
    .unwrap();
    set_up_with(fake, None).await
}

async fn set_up_with(fake: FakeItsm, gateway: Option<String>) -> Set {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback_url = format!("http://{}/itsm/callback", listener.local_addr().unwrap());
    let settings = Settings {
        gateway: gateway.unwrap_or_else(|| fake.gateway_url()),
        app_code: "app".into(),
        app_secret: SECRET.into(),
        callback_url: callback_url.clone(),
        binding_key: format!("itsm-key.t.{}", "0f".repeat(32)),
    };
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = said.clone();
    let watch = Arc::new(move |words| heard.lock().unwrap().push(words));
    let itsm = Itsm::load(&wasm(), settings, watch).unwrap();
    let (outcomes, inbox) = tokio::sync::mpsc::channel(16);
    let endpoint = callback_endpoint(itsm.clone(), outcomes);
    tokio::spawn(async move { axum::serve(listener, endpoint).await });
    Set {
        fake,
        itsm,
        inbox,
        callback_url,
        said,
    }
}

impl Set {
    async fn create(&self) -> (String, String) {
        let operation = self.itsm.new_operation_id().await.unwrap();
        let created = self
            .itsm
            .create(&operation, "carol", "扩容", &["admin"])
            .await;
        (operation, created.unwrap().unwrap().sn)
    }

    async fn post(&self, headers: &[(&str, &str)], body: &str) -> String {
        let mut request = reqwest::Client::new().post(&self.callback_url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/json");
        answer.text().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_reaches_the_host_through_its_endpoint() {
    let mut set = set_up().await;
    let (operation, sn) = set.create().await;
    set.fake.approve(&sn, "admin").await.unwrap();
    let (of, outcome) = set.inbox.recv().await.unwrap();
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
    let (_, outcome) = set.inbox.recv().await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_approval_under_a_genuine_header_is_refused_and_handed_to_nobody() {
    let mut set = set_up().await;
    let (_, approved) = set.create().await;
    let (_, victim) = set.create().await;
    set.fake.approve(&approved, "admin").await.unwrap();
    set.inbox.recv().await.unwrap();
    let ticket = set.fake.ticket(&victim).unwrap();
    let header = ticket.meta["headers"]["X-Itsm-Binding"]
        .as_str()
        .unwrap()
        .to_owned();
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
        let headers: Vec<_> = header
            .iter()
            .map(|value| ("x-itsm-binding", *value))
            .collect();
        let answer = set.post(&headers, body).await;
        assert!(answer.contains(r#""code":1"#), "{answer}");
    }
    assert_eq!(set.itsm.outgoing_requests(), tried);
    assert_eq!(set.fake.exchanges().len(), seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_junk_callbacks_lead_to_no_outgoing_call() {
    let set = set_up().await;
    let (_, sn) = set.create().await;
    let (tried, seen) = (set.itsm.outgoing_requests(), set.fake.exchanges().len());
    let body = format!(r#"{{"sn":"{sn}","current_status":"FINISHED","approve_result":true}}"#);
    let client = reqwest::Client::new();
    let mut refused = 0;
    for batch in 0..100 {
        let mut posts = tokio::task::JoinSet::new();
        for index in 0..100 {
            let forged = format!(
                "v1.t.op{index}.{}.{:064x}",
                9_999_999_999_u64,
                batch * 100 + index
            );
            let post = client
                .post(&set.callback_url)
                .header("X-Itsm-Binding", forged);
            posts.spawn(post.body(body.clone()).send());
        }
        while let Some(answer) = posts.join_next().await {
            let answer = answer.unwrap().unwrap().text().await.unwrap();
            refused += usize::from(answer.contains(r#""code":1"#));
        }
    }
    assert_eq!(refused, 10_000);
    assert_eq!(set.itsm.outgoing_requests(), tried);
    assert_eq!(set.fake.exchanges().len(), seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_reported_and_not_followed() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    fake.fault(
        "create_ticket",
        fake_itsm::Fault::Redirect("http://127.0.0.1:9/".into()),
        1,
    );
    let set = set_up_with(fake, None).await;
    let operation = set.itsm.new_operation_id().await.unwrap();
    let failure = set
        .itsm
        .create(&operation, "carol", "t", &["admin"])
        .await
        .unwrap()
        .unwrap_err();
    assert!(failure.message.contains("redirect"), "{}", failure.message);
    assert_eq!(set.itsm.outgoing_requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_on_the_requests_and_in_nothing_that_the_component_says() {
    let set = set_up().await;
    let (_, sn) = set.create().await;
    let sent = set.fake.exchanges_of("create_ticket");
    assert!(
        sent[0]
            .header("x-bkapi-authorization")
            .unwrap()
            .contains(SECRET)
    );
    let told = set
        .itsm
        .confirm(&sn, None, Duration::from_secs(5))
        .await
        .unwrap();
    assert!(matches!(told, Ok(Confirmation::Open(_))));
    let mut all = format!("{told:?}");
    for fault in [
        fake_itsm::Fault::Html,
        fake_itsm::Fault::DropBeforeExecuting,
        fake_itsm::Fault::Truncated,
    ] {
        set.fake.fault("get_tickets", fault, 3);
        let failure = set
            .itsm
            .confirm(&sn, None, Duration::from_secs(5))
            .await
            .unwrap();
        assert!(failure.is_err());
        all.push_str(&format!("{failure:?}"));
    }
    all.push_str(&set.said.lock().unwrap().join("\n"));
    assert!(!all.contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_check_is_accepted_only_with_a_binding_that_holds() {
    let mut set = set_up().await;
    let (_, sn) = set.create().await;
    let ticket = set.fake.ticket(&sn).unwrap();
    let header = ticket.meta["headers"]["X-Itsm-Binding"].as_str().unwrap();
    let body = r#"{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}"#;
    let tried = set.itsm.outgoing_requests();
    assert!(
        set.post(&[("X-Itsm-Binding", header)], body)
            .await
            .contains(r#""code":0"#)
    );
    assert!(set.post(&[], body).await.contains(r#""code":1"#));
    assert_eq!(set.itsm.outgoing_requests(), tried);
    assert!(set.inbox.try_recv().is_err());
}

fn demo(arguments: &[&str]) -> Output {
    let folder = wasm().parent().unwrap().to_owned();
    Command::new(env!("CARGO_BIN_EXE_demo"))
        .args(arguments)
        .env("ITSM_WASM_DIR", folder)
        .output()
        .unwrap()
}

#[test]
fn the_demo_ends_well_in_any_order_and_shows_what_a_flipped_decision_changes() {
    for seed in ["1", "2", "7"] {
        let run = demo(&["--seed", seed]);
        let printed = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{printed}");
        assert!(
            printed.contains("5 of 5 verdicts are as expected"),
            "{printed}"
        );
    }
    let run = demo(&["--flip"]);
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(run.status.code(), Some(1), "{printed}");
    assert!(
        printed.contains("4 of 5 verdicts are as expected"),
        "{printed}"
    );
    assert!(
        printed.contains("approved   rejected  <- wrong"),
        "{printed}"
    );
    assert_eq!(demo(&["--sed"]).status.code(), Some(1));
}
