//! Planted secrets, looked for in everything that the component says.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use component_tests::wit_types::Connection;
use component_tests::{
    ACCESS_TOKEN, APP_SECRET, CANARIES, Host, TOKEN, callback_target, fast_ticket, gateway,
};
use fake_itsm::{FakeItsm, Fault, Options};

async fn start() -> (FakeItsm, Connection) {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let connection = gateway(&fake.url());
    (fake, connection)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_component_says_of_any_fault_holds_a_secret() {
    let faults = [
        Fault::Html,
        Fault::Truncated,
        Fault::DropBeforeExecuting,
        Fault::DropAfterExecuting,
        Fault::Redirect(format!("http://h/?{APP_SECRET}")),
        Fault::needs_verified_user(),
        Fault::Gateway {
            status: 403,
            code: 1_640_301,
            message: format!("app secret {APP_SECRET}, token {ACCESS_TOKEN}"),
        },
        Fault::Esb {
            code: 1_306_000,
            message: format!("wrong secret {APP_SECRET} for {ACCESS_TOKEN}"),
        },
    ];
    let (mut said, mut calls) = (String::new(), 0);
    for fault in faults {
        for action in [
            "create_ticket",
            "get_tickets",
            "token/verify",
            "ticket_approval_result",
            "callback_failed_ticket",
        ] {
            let (fake, c) = start().await;
            fake.fault(action, fault.clone(), 9);
            let host = Host::new();
            let mut ticket = fast_ticket();
            ticket.callback = Some(callback_target("http://127.0.0.1:1/"));
            said += &format!("{:?}", host.create(&c, &ticket).await);
            said += &format!("{:?}", host.confirm(&c, "S", Some("op")).await);
            said += &format!("{:?}", host.verify_token(&c, TOKEN).await);
            said += &format!("{:?}", host.approval_results(&c, &["S"]).await);
            said += &format!("{:?}", host.failed_callbacks(&c, &["S"]).await);
            calls += 5;
        }
    }
    for canary in CANARIES {
        assert!(!said.contains(canary), "{canary} was said");
    }
    println!("{calls} calls, {} bytes said, 0 secrets", said.len());
}
