//! Planted secrets, looked for in everything that the component says: the harness looks into each value.

use crate::set_up::start;
use component_tests::{
    ACCESS_TOKEN, APP_SECRET, Host, TAG, TOKEN, call, callback_target, fast_ticket,
};
use fake_itsm::{Fault, Options};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_component_says_of_any_fault_holds_a_secret() {
    let repeated = format!("secret {APP_SECRET}, token {ACCESS_TOKEN}");
    let faults = [
        Fault::Html,
        Fault::Truncated,
        Fault::DropBeforeExecuting,
        Fault::DropAfterExecuting,
        Fault::Redirect(format!("http://h/?{APP_SECRET}")),
        Fault::needs_verified_user(),
        Fault::Gateway { status: 403, code: 1_640_301, message: repeated.clone() },
        Fault::Esb { code: 1_306_000, message: repeated },
    ];
    let actions = [
        "create_ticket",
        "get_tickets",
        "get_ticket_logs",
        "token/verify",
        "ticket_approval_result",
        "callback_failed_ticket",
    ];
    // All at once: most of the time goes by between one try and the next.
    let mut asking = JoinSet::new();
    for fault in faults {
        for action in actions {
            asking.spawn(ask(action, fault.clone()));
        }
    }
    let asked = asking.join_all().await.into_iter();
    let (failures, calls) = asked.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    println!("{calls} calls, {failures} failures, 0 secrets");
}

/// Calls everything that holds a secret while an action fails. Gives the failures and the calls.
async fn ask(action: &str, fault: Fault) -> (usize, usize) {
    let (fake, c) = start(Options::default()).await;
    let host = Host::new();
    let mut ticket = fast_ticket();
    ticket.callback = Some(callback_target("http://127.0.0.1:1/"));
    let sn = host.create(&c, &ticket).await.unwrap().sn;
    fake.approve(&sn, "bob").await.unwrap();
    fake.fault(action, fault, 99);
    let failed = [
        host.create(&c, &ticket).await.is_err(),
        host.confirm(&c, &sn, TAG).await.is_err(),
        host.confirm_own(&c, &sn).await.is_err(),
        host.recover(&c, &ticket).await.is_err(),
        call!(host => blueking_itsm_tickets.call_explain(&c, &sn)).is_err(),
        host.verify_token(&c, TOKEN).await.is_err(),
        host.approval_results(&c, &[&sn]).await.is_err(),
        host.failed_callbacks(&c, &[&sn]).await.is_err(),
    ];
    let failures = failed.iter().filter(|failed| **failed).count();
    assert!(failures > 0, "no call needs {action}");
    (failures, failed.len())
}
