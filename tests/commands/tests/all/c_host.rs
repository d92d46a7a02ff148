//! The host in C, built by its Makefile.

use crate::set_up::{self, KEY, OLD_KEY};
use command_tests::{SECRET, component, output, ticket};
use component_tests::wit_callbacks::Binding;
use fake_itsm::{FakeItsm, Fault, Options};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

const CALLBACK_URL: &str = "https://gate.example.com/itsm/callback";

fn built() -> PathBuf {
    component("itsm.wasm").parent().unwrap().to_owned()
}

fn start(gateway: &str, components: &Path, arguments: &[&str]) -> Child {
    let host = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/c/host");
    Command::new(host)
        .args(arguments)
        .env("ITSM_WASM_DIR", components)
        .env("ITSM_GATEWAY", gateway)
        .env("ITSM_APP_CODE", "gate")
        .env("ITSM_APP_SECRET", SECRET)
        .env("ITSM_BINDING_KEYS", format!("{OLD_KEY}, {KEY}"))
        .env("ITSM_CALLBACK_URL", CALLBACK_URL)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("`make` in host-examples/c has built it")
}

/// Starts the host that asks for bob's approval, with the components in a folder.
pub fn approval(fake: &FakeItsm, components: &Path) -> Child {
    let arguments = ["approval", "carol", "bob", "open an account"];
    start(&fake.gateway_url(), components, &arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_approval_ends_with_0() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let running = approval(&fake, &built());
    let sn = ticket(&fake).await;
    fake.approve(&sn, "bob").await.unwrap();
    let (code, stdout, stderr) = output(running).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "approved\n"), "{stderr}");
    assert_eq!(stderr, format!("waiting for {sn}\n"));

    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let running = approval(&fake, &built());
    let sn = ticket(&fake).await;
    fake.refuse(&sn, "bob", "no").await.unwrap();
    let (code, stdout, stderr) = output(running).await;
    assert_eq!((code, stdout.as_str()), (Some(1), "rejected\n"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_to_create_says_that_itsm_did_nothing_and_what_to_do_next() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let denied = Fault::Gateway {
        status: 403,
        code: 1_640_301,
        message: "App has no permission".to_owned(),
    };
    fake.fault("create_ticket", denied, 1);
    let (code, stdout, stderr) = output(approval(&fake, &built())).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(fake.tickets().is_empty());
    assert!(stderr.contains("apply for it in the developer centre"), "{stderr}");
    assert!(stderr.contains(" ITSM has changed nothing."), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_answer_was_lost_is_found_by_its_tag_and_not_made_again() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    fake.fault("create_ticket", Fault::DropAfterExecuting, 1);
    let running = approval(&fake, &built());
    let sn = ticket(&fake).await;
    fake.approve(&sn, "bob").await.unwrap();
    let (code, stdout, stderr) = output(running).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "approved\n"), "{stderr}");
    assert_eq!(fake.tickets().len(), 1);
    let end = format!(" ITSM may have acted.\nwaiting for {sn}\n");
    assert!(stderr.ends_with(&end), "{stderr}");
    let tag = fake.tickets()[0].tag.clone().unwrap();
    assert!(!stderr.contains(&tag));
}

/// What the host says of a callback.
async fn callback(gateway: &str, header: &str, body: &str) -> (Option<i32>, String, String) {
    let mut host = start(gateway, &built(), &["callback", header]);
    let mut stdin = host.stdin.take().unwrap();
    // A host that has ended does not read.
    let _ = stdin.write_all(body.as_bytes()).await;
    drop(stdin);
    output(host).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_answer_never_ends_is_given_up_at_the_deadline() {
    let header = set_up::binding("op1", CALLBACK_URL).await.header.1;
    let mut running = tokio::task::JoinSet::new();
    for (what, server) in set_up::never_ending().await {
        let header = header.clone();
        running.spawn(async move {
            let begun = Instant::now();
            let body = set_up::callback_with("a token", "REQ1");
            let (code, _, stderr) =
                callback(&format!("{}/prod", server.url()), &header, &body).await;
            assert_eq!(code, Some(1), "{what}: {stderr}");
            assert!(stderr.contains("\nasking failed: "), "{what}: {stderr}");
            assert!(!server.received().is_empty(), "{what}: {stderr}");
            // This host leaves the deadline at 30 seconds.
            assert!(begun.elapsed() < Duration::from_secs(150), "{what}");
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_worth_what_itsm_says_of_the_ticket_with_the_operations_tag() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let Binding { header, tag } = set_up::binding("op1", CALLBACK_URL).await;
    let real = set_up::make(&fake, &set_up::fast(&tag, "bob")).await;
    // A thief of the header made this one: the operation id stands in the header, the tag does not.
    let stolen = set_up::make(&fake, &set_up::fast("op1", "mallory")).await;
    fake.approve(&stolen, "mallory").await.unwrap();

    let body = |sn: &str| set_up::callback(&fake, sn);
    let gateway = fake.gateway_url();
    let call = async |header: &str, body: &str| callback(&gateway, header, body).await;
    let forged = header.1.replace("op1", "op2");
    for (header, body, start) in [
        (&header.1, body(&stolen), "operation op1\na person must look, ITSM says foreign\n"),
        (
            &header.1,
            body(&real),
            "operation op1\nnot to be acted on now: answer `refused`, and ask again later\n",
        ),
        (&forged, body(&real), "the binding's header was not made with the configured key"),
        (&header.1, "[]".to_owned(), "the body is no callback: "),
        (&header.1, body("ITSM-SELF-CHECK"), "a self-check, and its binding holds\n"),
    ] {
        let (code, stdout, stderr) = call(header, &body).await;
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.starts_with(start), "{stderr}");
        assert!(!stderr.contains(&tag), "{stderr}");
    }
    fake.approve(&real, "bob").await.unwrap();
    let (code, stdout, stderr) = call(&header.1, &body(&real)).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "approved\n"), "{stderr}");
    assert_eq!(stderr, "operation op1\n");
}
