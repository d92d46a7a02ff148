//! `itsm fake run`: what a scenario says, and what its report says.

use crate::set_up::{KEY, ended, folder, program};

const LOST: &str = r#"
title = "the answer to create is lost"
[[step]]
fault = "create_ticket=drop-after-executing"
[[step]]
run = ["ITSM", "gate", "--title", "t", "--approver", "admin", "--operator", "carol", "--interval", "100ms"]
[[step]]
ticket = "t"
[[step]]
approve = { who = "admin" }
[[step]]
expect = { status = "FINISHED", tickets = 1, requests = { create_ticket = 1 }, exit = 0 }
"#;

/// Callbacks go to an address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:1/itsm/callback";

async fn play(test: &str, scenario: &str) -> (i32, String) {
    let file = folder(test).join("scenario.toml");
    let itsm = program().get_program().to_str().unwrap().to_owned();
    std::fs::write(&file, scenario.replace("\"ITSM\"", &format!("{itsm:?}"))).unwrap();
    let mut run = program();
    run.args(["fake", "run"]).arg(&file);
    run.env("ITSM_CALLBACK_URL", NOBODY).env("ITSM_BINDING_KEYS", KEY);
    ended(run.spawn().unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_0_only_if_all_came_as_it_says() {
    let (exit, printed) = play("as-it-says", LOST).await;
    assert_eq!(exit, 0, "{printed}");
    assert!(printed.contains("5 ok     as expected"), "{printed}");
    for (from, to, says) in [
        ("exit = 0", "exit = 10", "the exit code is 0, and not 10"),
        ("tickets = 1", "tickets = 2", "the number of tickets is 1, and not 2"),
        ("create_ticket = 1", "create_ticket = 2", "the number of requests for create_ticket is 1"),
        ("FINISHED", "REVOKED", "the status is FINISHED, and not REVOKED"),
        ("exit = 0", "callback = \"delivered\"", "the callback is failed, and not delivered"),
        ("exit = 0", "callback = \"lost\"", "the callback is failed, and not lost"),
        ("who = \"admin\"", "who = \"nobody\"", "nobody can't decide"),
        ("ticket = \"t\"", "ticket = \"u\"", "there is no ticket u"),
    ] {
        let scenario = format!("within = \"2s\"\n{}", LOST.replace(from, to));
        let (exit, printed) = play("as-it-says", &scenario).await;
        assert_eq!(exit, 34, "{printed}");
        assert!(printed.contains("WRONG") && printed.contains(says), "{says}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scenario_says_wrongly_is_named_with_its_line() {
    for (from, to, line) in [
        ("ticket = \"t\"", "tickets = \"t\"", ":8: "),
        ("approve = { who = \"admin\" }", "approve = { who = 1 }", ":10: "),
        ("title = \"the", "titel = \"the", ":2: "),
    ] {
        let (exit, printed) = play("said-wrongly", &LOST.replace(from, to)).await;
        assert_eq!(exit, 2, "{printed}");
        assert!(printed.contains(line), "{line}: {printed}");
    }
}
