//! `itsm listen` and `itsm trigger`: callbacks that are looked at, and callbacks to try an endpoint with.

use crate::set_up::{KEY, PAGE, ended, fake, itsm};
use fake_itsm::FakeItsm;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};

struct Listening {
    program: Child,
    address: String,
}

impl Listening {
    fn start(fake: &FakeItsm, forward: Option<&str>) -> Self {
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let address = format!("http://{listen}/itsm/callback");
        let mut listening = itsm(fake, &["listen"]);
        listening.env("ITSM_LISTEN", listen.to_string());
        with_key(&mut listening, &address);
        if let Some(url) = forward {
            listening.args(["--forward", url]);
        }
        let mut program = listening.spawn().unwrap();
        let mut line = [0; 9];
        program.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
        assert_eq!(&line, b"listening");
        Self { program, address }
    }

    /// What it has printed.
    fn stop(mut self) -> String {
        let killed = Command::new("kill").arg(self.program.id().to_string()).status();
        assert!(killed.unwrap().success());
        let lines = BufReader::new(self.program.stdout.take().unwrap()).lines();
        let printed: Vec<_> = lines.map_while(Result::ok).collect();
        self.program.wait().unwrap();
        printed.join("\n")
    }
}

fn with_key(program: &mut Command, address: &str) {
    program.env("ITSM_CALLBACK_URL", address).env("ITSM_BINDING_KEYS", KEY);
}

async fn trigger(fake: &FakeItsm, what: &str, to: &str) -> (i32, String) {
    let mut trigger = itsm(fake, &["trigger", what, "--to", to]);
    with_key(&mut trigger, to);
    ended(trigger.spawn().unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_callback_is_taken_apart_and_only_what_itsm_confirms_is_accepted() {
    for (what, says) in [
        ("approved", &["binding  holds", "is FINISHED", "ITSM     says: approved"][..]),
        ("rejected", &["ITSM     says: rejected"]),
        ("withdrawn", &["is REVOKED", "ITSM     says: withdrawn"]),
        ("twice", &["ITSM     says: approved"]),
        ("forged", &["is FINISHED", "ITSM     says: open", "not confirmed"]),
    ] {
        let fake = fake().await;
        let listening = Listening::start(&fake, None);
        let (exit, printed) = trigger(&fake, what, &listening.address).await;
        assert_eq!(exit, 0, "{what}: {printed}");
        assert!(printed.contains("as it should be"), "{what}: {printed}");
        let lines = listening.stop();
        for text in says {
            assert!(lines.contains(text), "{what}: {text}: {lines}");
        }
        let times = if what == "twice" { 2 } else { 1 };
        assert_eq!(lines.matches("POST /itsm/callback").count(), times, "{what}: {lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_that_reads_callbacks_is_beside_the_endpoint() {
    let fake = fake().await;
    let listening = Listening::start(&fake, None);
    let page = listening.address.replace("/itsm/callback", "/reader/");
    let client = fake_itsm::HttpClient::default();
    assert_eq!(client.get(&page).await.unwrap().body, PAGE);
    // A callback that goes there by mistake is looked at like any other.
    assert_ne!(client.post(&page, &[], "{}").await.unwrap().body, PAGE);
    let printed = listening.stop();
    assert!(printed.contains(&page) && printed.contains("POST /reader/"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_believes_a_forged_callback_is_told() {
    let fake = fake().await;
    let believing = axum::Router::new().fallback(async || {
        (
            [("content-type", "application/json")],
            r#"{"result":true,"code":0,"message":"","data":null}"#,
        )
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, believing).await });
    let (exit, printed) = trigger(&fake, "forged", &url).await;
    assert_eq!(exit, 34, "{printed}");
    assert!(printed.contains("WRONG"), "{printed}");

    // What is forwarded there gets its answer, and what the callback proves is printed all the same.
    let listening = Listening::start(&fake, Some(&url));
    let (exit, _) = trigger(&fake, "forged", &listening.address).await;
    assert_eq!(exit, 34);
    let lines = listening.stop();
    assert!(lines.contains("ITSM     says: open"), "{lines}");
    assert!(lines.contains("answered 200: ITSM takes that for delivered"), "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_real_site_is_triggered() {
    let fake = fake().await;
    let mut trigger = itsm(&fake, &["trigger", "approved", "--to", "http://127.0.0.1:9/x"]);
    with_key(&mut trigger, "http://127.0.0.1:9/x");
    trigger.env("ITSM_GATEWAY", "http://127.0.0.1:1/prod");
    let (exit, printed) = ended(trigger.spawn().unwrap()).await;
    assert_eq!(exit, 2);
    assert!(printed.contains("127.0.0.1:1 is no fake site"), "{printed}");
    assert!(fake.tickets().is_empty());
}
