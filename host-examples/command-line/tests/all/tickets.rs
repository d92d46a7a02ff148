//! The commands that look at tickets and act on them.

use crate::set_up::{ended, fake, folder, itsm, program, ticket};
use fake_itsm::{FakeItsm, Fault};
use serde_json::{Value, json};

async fn run(fake: &FakeItsm, arguments: &[&str]) -> (i32, String) {
    ended(itsm(fake, arguments).spawn().unwrap()).await
}

/// A ticket that waits for admin.
async fn waiting(fake: &FakeItsm) -> String {
    let asked = ["gate", "--title", "扩容", "--approver", "admin", "--timeout", "0s"];
    let (exit, printed) = run(fake, &asked).await;
    assert_eq!(exit, 20, "{printed}");
    ticket(fake).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_looked_at_and_decided_from_the_command_line() {
    let fake = fake().await;
    let sn = waiting(&fake).await;
    for (arguments, says) in [
        (&["status", &sn][..], &["RUNNING", "admin", "内置审批节点"][..]),
        (&["explain", &sn], &["扩容", "open: somebody has to act", "admin"]),
        (&["log", &sn], &["carol 处理【提单】"]),
        (&["search", "--creator", "carol"], &[&sn, "page 1 of 1, 1 tickets"]),
        (&["search", "--creator", "dave"], &["page 1 of 1, 0 tickets"]),
        (&["services"], &["会签审批"]),
        (&["form", "3"], &["APPROVER", "MEMBERS"]),
        (&["-u", "admin", "approve", &sn, "-m", "fine"], &["done: "]),
        (&["explain", &sn], &["ending   approved", "admin", "fine"]),
        (&["diagnose"], &["works, and tickets are found by their tag"]),
    ] {
        let (exit, printed) = run(&fake, arguments).await;
        assert_eq!(exit, 0, "{arguments:?}: {printed}");
        for text in says {
            assert!(printed.contains(text), "{arguments:?}: {text}: {printed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_json() {
    let fake = fake().await;
    let sn = waiting(&fake).await;
    fake.approve_saying(&sn, "admin", "fine").await.unwrap();
    for (arguments, pointer, expected) in [
        (&["explain", &sn][..], "/ending", json!("approved")),
        (&["explain", &sn], "/decisions/0/remark", json!("fine")),
        (&["status", &sn], "/status", json!("FINISHED")),
        (&["log", &sn], "/0/operator", json!("carol")),
        (&["search", "--creator", "carol"], "/tickets/0/sn", json!(sn)),
        (&["diagnose"], "/0/works", json!(true)),
    ] {
        let (_, printed) = run(&fake, &[arguments, &["--json"]].concat()).await;
        let value: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(value.pointer(pointer), Some(&expected), "{arguments:?}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tickets_are_asked_about_from_a_file() {
    let fake = fake().await;
    let sn = waiting(&fake).await;
    fake.refuse(&sn, "admin", "no").await.unwrap();
    let file = folder("reconcile").join("numbers");
    std::fs::write(&file, format!("# yesterday's\n{sn}\n\nREQ20200101000001\n")).unwrap();
    let (exit, printed) = run(&fake, &["reconcile", file.to_str().unwrap(), "--json"]).await;
    assert_eq!(exit, 0, "{printed}");
    let answers: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(answers[0]["verdict"], "rejected");
    assert_eq!(answers[1]["confirmation"], "no such ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_what_to_do_and_has_its_exit_code() {
    let fake = fake().await;
    let (exit, printed) = run(&fake, &["explain", "REQ20200101000001"]).await;
    assert_eq!(exit, 30);
    assert!(printed.contains("Correct sn, then call again"), "{printed}");
    let denied = Fault::Gateway { status: 403, code: 1_640_301, message: "no".into() };
    fake.fault("get_ticket_status", denied, 1);
    assert_eq!(run(&fake, &["status", "REQ20200101000001"]).await.0, 31);
    let (exit, printed) = run(&fake, &["approve", "REQ20200101000001", "--nope"]).await;
    assert_eq!(exit, 2, "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environments_proxy_and_ca_are_used_and_named_where_they_fail() {
    for (name, value, code, says) in [
        ("HTTPS_PROXY", "http://127.0.0.1:9", 32, "the proxy 127.0.0.1:9: "),
        (
            "HTTPS_PROXY",
            "socks5://canary@proxy",
            2,
            "HTTPS_PROXY is no proxy that this host can use",
        ),
        ("SSL_CERT_FILE", "absent.pem", 2, "SSL_CERT_FILE, absent.pem"),
    ] {
        let mut status = program();
        status
            .args(["status", "REQ20200101000001", "--deadline", "1s"])
            .env("ITSM_GATEWAY", "https://itsm.example.com/prod")
            .env("ITSM_APP_CODE", "app")
            .env("ITSM_APP_SECRET", "canary")
            .env(name, value);
        let (exit, printed) = ended(status.spawn().unwrap()).await;
        assert!(printed.contains(says), "{printed}");
        assert_eq!(exit, code, "{printed}");
    }
}

/// No flag takes a secret: other users of a machine see a command line.
#[tokio::test(flavor = "multi_thread")]
async fn no_flag_takes_a_secret() {
    let fake = fake().await;
    for flag in ["--app-secret", "--access-token", "--binding-keys"] {
        let (exit, _) = run(&fake, &["services", flag, "x"]).await;
        assert_eq!(exit, 2, "{flag}");
    }
}
