//! Reads are repeated while that can help and time remains; every wait ends at the call's own deadline.

use crate::scripted::*;
use blueking_itsm::domain::failure::{Advice, Origin};
use blueking_itsm::domain::http::NoAnswer;
use serde_json::json;

fn broken() -> Step {
    no_answer(NoAnswer::Broken { why: "reset".into(), unsent: false })
}

fn retry_after(seconds: &str) -> Step {
    says(503, &[("Retry-After", seconds)], "sorry")
}

fn status() -> Step {
    data(json!({
        "current_status": "RUNNING", "current_steps": [], "operations": [], "ticket_url": "",
    }))
}

#[test]
fn a_read_is_tried_three_times_with_pauses_that_grow_and_vary() {
    const ASKED: &str = "get_ticket_status";
    // The random part is 7 ms here, of at most 400 and 800 ms.
    let cases: Vec<(Vec<Step>, bool, &[&str])> = vec![
        (vec![status()], true, &[ASKED]),
        (vec![broken(), status()], true, &[ASKED, "1007 ms", ASKED]),
        (vec![broken(), down(), status()], true, &[ASKED, "1007 ms", ASKED, "1007 ms", ASKED]),
        (vec![broken(), broken(), broken()], false, &[ASKED, "1007 ms", ASKED, "1007 ms", ASKED]),
        // A server that says how long to wait is obeyed.
        (vec![retry_after("5"), status()], true, &[ASKED, "5007 ms", ASKED]),
        // Longer than there is time: the caller is told now.
        (vec![retry_after("30")], false, &[ASKED]),
        (vec![retry_after("99999999999999999999")], false, &[ASKED]),
        // Nothing that a moment changes.
        (vec![user_wanted()], false, &[ASKED]),
        (vec![refusal(json!(3_900_022), "no such ticket")], false, &[ASKED]),
        (vec![no_answer(NoAnswer::Denied)], false, &[ASKED]),
        (vec![no_answer(NoAnswer::NoSuchHost { unsent: true })], false, &[ASKED]),
        (vec![says(200, &[], "<html>login</html>")], false, &[ASKED]),
    ];
    for (steps, succeeds, expected) in cases {
        let mut client = client(steps);
        let asked = client.status("S");
        assert_eq!(asked.is_ok(), succeeds, "{asked:?}");
        assert_eq!(events(&client), expected, "{asked:?}");
    }
}

#[test]
fn all_requests_of_a_call_share_one_deadline_and_no_pause_reaches_beyond_it() {
    let mut client = client(vec![broken().after(900), broken().after(900)]);
    client.connection.deadline_ms = Some(3_000);
    let failure = client.status("S").unwrap_err();
    assert_eq!(failure.advice, Advice::WaitMs(1_000));
    // After 900 + 1007 + 900 ms, another second would be too late.
    assert_eq!(events(&client), ["get_ticket_status", "1007 ms", "get_ticket_status"]);
    for event in &client.transport.events {
        if let Event::Request { deadline, .. } = event {
            assert_eq!(*deadline, 1_003_000);
        }
    }
}

#[test]
fn a_deadline_is_1_to_600_000_ms_and_30_000_where_none_is_given() {
    for (given, deadline) in [(None, 30_000), (Some(1), 1), (Some(600_000), 600_000)] {
        let mut client = client(vec![status()]);
        client.connection.deadline_ms = given;
        client.status("S").unwrap();
        let Event::Request { deadline: told, .. } = client.transport.events[0] else { panic!() };
        assert_eq!(told, 1_000_000 + deadline);
    }
    for given in [0, 600_001, u32::MAX] {
        let mut client = client(vec![]);
        client.connection.deadline_ms = Some(given);
        let failure = client.status("S").unwrap_err();
        assert_eq!(failure.advice, Advice::FixArgument("connection.deadline-ms".into()));
        assert!(events(&client).is_empty());
    }
}

#[test]
fn an_answer_with_other_data_than_asked_for_is_for_the_operator() {
    for answer in [json!(null), json!([]), json!({"current_status": 5}), json!("text")] {
        let mut client = client(vec![data(answer.clone())]);
        let failure = client.status("S").unwrap_err();
        assert_eq!((failure.advice, failure.origin), (Advice::CallOperator, Origin::Answer));
        assert!(!failure.may_have_acted);
        assert!(failure.message.contains("get_ticket_status"), "{}", failure.message);
        events(&client);
    }
}
