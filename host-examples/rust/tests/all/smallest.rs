//! The smallest host, run as a program against the fake ITSM.

use crate::set_up::{until, wasm_folder};
use fake_itsm::{FakeItsm, Fault, Options};
use std::process::{Command, Output};

/// The first question fails.
async fn decided(approve: bool) -> Output {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let denied = Fault::Gateway {
        status: 403,
        code: 1_640_301,
        message: "App has no permission".to_owned(),
    };
    fake.fault("get_tickets", denied, 1);
    let host = Command::new(env!("CARGO_BIN_EXE_smallest"))
        .env("ITSM_WASM_DIR", wasm_folder())
        .env("ITSM_GATEWAY", fake.gateway_url())
        .env("ITSM_APP_CODE", "app")
        .env("ITSM_APP_SECRET", "canary-app-secret")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until("a ticket", || !fake.tickets().is_empty()).await;
    let sn = fake.tickets()[0].sn.clone();
    if approve {
        fake.approve(&sn, "bob").await.unwrap();
    } else {
        fake.refuse(&sn, "bob", "no").await.unwrap();
    }
    let output = tokio::task::spawn_blocking(|| host.wait_with_output());
    output.await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_exit_code_0_and_nothing_else_is() {
    for (approve, code, ending) in [(true, 0, " was approved\n"), (false, 1, " was not approved\n")]
    {
        let output = decided(approve).await;
        assert_eq!(output.status.code(), Some(code));
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.ends_with(ending), "{stdout}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.matches("App has no permission").count(), 1, "{stderr}");
        assert!(!stderr.contains("canary"), "{stderr}");
    }
}
