//! The host in C, built by its Makefile.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use command_tests::{SECRET, component, said, ticket};
use fake_itsm::{FakeItsm, Fault, Options};
use serde_json::Value;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Child {
    let host = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/c/host");
    Command::new(host)
        .args(arguments)
        .env("ITSM_WASM_DIR", component("itsm.wasm").parent().unwrap())
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("`make` in host-examples/c has built it")
}

fn approval(fake: &FakeItsm) -> Child {
    start(
        &["approval", "carol", "bob", "open an account"],
        &[
            ("ITSM_GATEWAY", &fake.gateway_url()),
            ("ITSM_APP_CODE", "gate"),
            ("ITSM_APP_SECRET", SECRET),
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_approval_ends_with_0() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let running = approval(&fake);
    let sn = ticket(&fake).await;
    fake.approve(&sn, "bob").await.unwrap();
    let (code, stdout, stderr) = said(running).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "approved\n"), "{stderr}");
    let tag = fake.tickets().last().unwrap().tag.clone().unwrap();
    assert_eq!(stderr, format!("operation {tag}\nwaiting for {sn}\n"));

    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let running = approval(&fake);
    let sn = ticket(&fake).await;
    fake.refuse(&sn, "bob", "no").await.unwrap();
    let (code, stdout, stderr) = said(running).await;
    assert_eq!((code, stdout.as_str()), (Some(1), "rejected\n"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_whether_itsm_may_have_acted_and_what_to_do_next() {
    let denied = Fault::Gateway {
        status: 403,
        code: 1_640_301,
        message: "App has no permission".to_owned(),
    };
    for (fault, tickets, acted, next) in [
        (
            Fault::DropAfterExecuting,
            1,
            "ITSM may have acted",
            "look-up",
        ),
        (denied, 0, "ITSM did nothing", "ask-permission"),
    ] {
        let fake = FakeItsm::start(Options::default()).await.unwrap();
        fake.fault("create_ticket", fault, 1);
        let (code, stdout, stderr) = said(approval(&fake)).await;
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert_eq!(fake.tickets().len(), tickets);
        assert!(stderr.contains(&format!("\n{acted}\nnext: {next}, tag ")));
    }
}

/// The published vector, which holds until 2033, and what a callback of that operation may say.
#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_read_after_its_binding_and_claims_only() {
    const BODY: &str = r#"{"sn":"REQ20261124000001","title":"open an account","ticket_url":"",
        "current_status":"FINISHED","updated_by":"admin","update_at":"2026-11-24 07:26:12.000000",
        "approve_result":true,"token":"canary-app-secret"}"#;
    let vectors = include_str!("../../vectors/binding.json");
    let vector = &serde_json::from_str::<Value>(vectors).unwrap()[0];
    let of = |name: &str| vector[name].as_str().unwrap();
    let claims = "operation abcdefghijklmnopqrstuvwxyz\nclaims that REQ20261124000001 is approved: confirm it before acting\n";
    let forged = of("header").replace("abcdef", "abcdeg");
    for (header, body, code, stdout, stderr) in [
        (of("header"), BODY, 0, claims, ""),
        (&forged, BODY, 1, "", "the binding does not hold: forged\n"),
        (
            of("header"),
            "[]",
            1,
            "operation abcdefghijklmnopqrstuvwxyz\n",
            "the body is no callback: ",
        ),
    ] {
        let mut host = start(
            &["callback", header],
            &[
                ("ITSM_BINDING_KEY", of("key")),
                ("ITSM_CALLBACK_URL", of("callback_url")),
            ],
        );
        let mut stdin = host.stdin.take().unwrap();
        // A host that has ended does not read.
        let _ = stdin.write_all(body.as_bytes()).await;
        drop(stdin);
        let (its_code, its_stdout, its_stderr) = said(host).await;
        assert_eq!(
            (its_code, its_stdout.as_str()),
            (Some(code), stdout),
            "{its_stderr}"
        );
        assert!(its_stderr.starts_with(stderr), "{its_stderr}");
    }
}
