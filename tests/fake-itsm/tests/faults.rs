//! What each fault does to whoever asks, and to the ticket.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use fake_itsm::{ALWAYS, FakeItsm, Fault, Flow, HttpAnswer, HttpClient, Options, Switch};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

async fn started(fault: &str) -> FakeItsm {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    fake.switch_on(Switch::parse(fault).unwrap());
    fake
}

async fn post(fake: &FakeItsm, action: &str, body: &Value) -> anyhow::Result<HttpAnswer> {
    let url = format!("{}/openapi/ticket/{action}/", fake.url());
    HttpClient::default().post(&url, &[], &body.to_string()).await
}

fn ticket() -> Value {
    let fields = json!([
        {"key": "title", "value": "t"}, {"key": "APPROVER", "value": "bob"},
        {"key": "APPROVAL_CONTENT", "value": "c"},
    ]);
    // Nobody listens there: the attempt is what counts.
    let meta = json!({"callback_url": "http://127.0.0.1:9/"});
    json!({"service_id": 2, "creator": "carol", "fields": fields, "tag": "t-1", "meta": meta})
}

async fn made(fake: &FakeItsm) -> String {
    let answer = post(fake, "create_ticket", &ticket()).await.unwrap();
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["data"]["sn"].as_str().unwrap().to_owned()
}

async fn eventually(is_so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come true");
}

/// What whoever asks sees: a status, or that no whole answer comes.
#[tokio::test]
async fn a_fault_shows_in_the_answer_and_the_action_is_carried_out_or_not() {
    const BROKEN: Option<u16> = None;
    // The fault, the answer's status, whether the answer comes whole, how many tickets there are then.
    let cases = [
        ("slow:1", Some(200), true, 1),
        ("drop-after-executing", BROKEN, false, 1),
        ("drop-before-executing", BROKEN, false, 0),
        ("reset-after-executing", BROKEN, false, 1),
        ("reset-before-executing", BROKEN, false, 0),
        ("executed-late:60000", BROKEN, false, 0),
        ("truncated", Some(200), false, 1),
        ("cut-at:in-headers", Some(200), false, 1),
        ("html", Some(200), true, 0),
        ("answer:503,busy", Some(503), true, 0),
        ("redirect:http://127.0.0.1:9/", Some(302), false, 0),
        ("gateway:502,1650200,x", Some(502), true, 0),
        ("rate-limit:7", Some(429), true, 0),
        ("permission-expired", Some(403), true, 0),
        ("esb:1306000,x", Some(200), true, 0),
        ("huge:9", Some(200), true, 1),
        ("tag-not-stored", Some(200), true, 1),
        ("early-callback", Some(200), true, 1),
        ("duplicate-sn", Some(200), true, 1),
        ("never-starts", Some(200), true, 1),
        ("stuck-start", Some(200), true, 1),
    ];
    for (fault, status, is_whole, tickets) in cases {
        let fake = started(&format!("create_ticket={fault}")).await;
        let answer = post(&fake, "create_ticket", &ticket()).await;
        assert_eq!(answer.is_ok(), is_whole, "{fault}: {answer:?}");
        assert_eq!(fake.tickets().len(), tickets, "{fault}");
        let seen = fake.exchanges().remove(0);
        assert_eq!(seen.status, status, "{fault}");
        assert_eq!(seen.fault, fault.split(':').next(), "{fault}");
        assert!(fake.faults().is_empty(), "{fault}");
    }
    let elsewhere = [
        "hang",
        "tags-ignored",
        "result-not-visible",
        "lost-callback",
        "doubled-callback",
        "late-callback",
    ];
    for line in Fault::help().lines() {
        let (_, name) = line.split_once('=').unwrap();
        let name = name.split([':', ' ']).next().unwrap();
        let is_driven = cases.iter().any(|case| case.0.split(':').next() == Some(name));
        assert!(is_driven || elsewhere.contains(&name), "{name} is driven nowhere");
    }
}

#[tokio::test]
async fn a_request_that_hangs_has_no_answer_and_does_nothing() {
    let fake = started("create_ticket=hang").await;
    let url = format!("{}/openapi/ticket/create_ticket/", fake.url());
    let asking =
        tokio::spawn(
            async move { HttpClient::default().post(&url, &[], &ticket().to_string()).await },
        );
    eventually(|| fake.exchanges().iter().any(|seen| seen.fault == Some("hang"))).await;
    assert_eq!((fake.exchanges()[0].status, fake.tickets().len()), (None, 0));
    assert!(!asking.is_finished());
}

/// A client tells a reset from a connection that closes.
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_is_a_reset_and_a_close_is_a_close() {
    for (fault, expected) in [
        ("reset-after-executing", Err(ErrorKind::ConnectionReset)),
        ("reset-before-executing", Err(ErrorKind::ConnectionReset)),
        ("drop-after-executing", Ok(0)),
        ("drop-before-executing", Ok(0)),
    ] {
        let fake = started(&format!("get_services={fault}")).await;
        let mut stream = TcpStream::connect(fake.url().trim_start_matches("http://")).unwrap();
        stream
            .write_all(b"GET /openapi/service/get_services/ HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        let read = stream.read(&mut [0; 9]).map_err(|error| error.kind());
        assert_eq!(read, expected, "{fault}");
    }
}

#[tokio::test]
async fn an_action_can_be_carried_out_after_its_answer_was_lost() {
    let fake = started("create_ticket=executed-late:30").await;
    let asked_at = Instant::now();
    assert!(post(&fake, "create_ticket", &ticket()).await.is_err());
    eventually(|| fake.tickets().len() == 1).await;
    assert!(asked_at.elapsed() >= Duration::from_millis(30));
    fake.started(&fake.tickets()[0].sn).await.unwrap();
}

#[tokio::test]
async fn a_gateway_refuses_as_the_real_one_does() {
    for (fault, status, code, headers) in [
        (
            "rate-limit:7",
            429,
            1_642_902,
            &[
                ("retry-after", "7"),
                ("x-bkapi-ratelimit-reset", "7"),
                ("x-bkapi-error-code", "1642902"),
            ][..],
        ),
        ("rate-limit", 429, 1_642_902, &[("x-bkapi-ratelimit-remaining", "0")]),
        ("permission-expired", 403, 1_640_301, &[("x-bkapi-error-code", "1640301")]),
    ] {
        let fake = started(&format!("get_tickets={fault}")).await;
        let answer = post(&fake, "get_tickets", &json!({})).await.unwrap();
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &body["code"], &body["result"]),
            (status, &json!(code), &json!(false))
        );
        for (name, value) in headers {
            assert_eq!(answer.headers[*name], *value, "{fault}");
        }
        assert_eq!(answer.headers.contains_key("retry-after"), fault == "rate-limit:7");
    }
}

#[tokio::test]
async fn tags_can_be_lost_or_ignored_while_the_server_runs() {
    let count = async |fake: &FakeItsm, tag: &str| {
        let answer = post(fake, "get_tickets", &json!({"tag": tag})).await.unwrap();
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        answer["data"]["count"].as_u64().unwrap()
    };
    let fake = started("create_ticket=tag-not-stored").await;
    made(&fake).await;
    assert_eq!(count(&fake, "t-1").await, 0);
    made(&fake).await;
    assert_eq!(count(&fake, "t-1").await, 1);
    fake.switch_on(Switch::parse("get_tickets=tags-ignored*always").unwrap());
    assert_eq!((count(&fake, "other").await, count(&fake, "other").await), (2, 2));
    assert_eq!(fake.faults()[0].times, ALWAYS);
    fake.clear_faults();
    assert_eq!(count(&fake, "other").await, 0);
}

#[tokio::test]
async fn a_ticket_whose_start_failed_stays_without_steps_until_somebody_terminates_it() {
    let fake = started("create_ticket=stuck-start").await;
    let sn = made(&fake).await;
    let get = async |action: &str| {
        let url = format!("{}/openapi/ticket/{action}/?sn={sn}", fake.url());
        let answer = HttpClient::default().get(&url).await.unwrap();
        serde_json::from_str::<Value>(&answer.body).unwrap()["data"].clone()
    };
    fake.take_up(&sn).unwrap();
    assert_eq!(get("get_ticket_logs").await["logs"].as_array().unwrap().len(), 1);
    let status = get("get_ticket_status").await;
    assert_eq!(
        (&status["current_status"], &status["current_steps"]),
        (&json!("RUNNING"), &json!([]))
    );
    let operate = |action: &str, who: &str| {
        let body = json!({"sn": sn, "action_type": action, "operator": who, "action_message": "x"});
        let fake = &fake;
        async move {
            let answer = post(fake, "operate_ticket", &body).await.unwrap();
            serde_json::from_str::<Value>(&answer.body).unwrap()["result"].clone()
        }
    };
    assert_eq!(operate("WITHDRAW", "carol").await, false);
    assert!(fake.callbacks().is_empty());
    assert_eq!(operate("TERMINATE", "admin").await, true);
    fake.called_back(&sn).await.unwrap();
}

#[tokio::test]
async fn a_callback_can_be_lost_come_twice_or_come_late() {
    for (fault, sent, lost) in
        [("doubled-callback", 2, false), ("late-callback:80", 1, false), ("lost-callback", 1, true)]
    {
        let fake = started(&format!("callback={fault}")).await;
        let sn = made(&fake).await;
        fake.started(&sn).await.unwrap();
        let decided_at = Instant::now();
        fake.approve(&sn, "bob").await.unwrap();
        eventually(|| fake.callbacks().len() == sent).await;
        assert_eq!(fake.callbacks()[0].lost, lost, "{fault}");
        assert_eq!(fake.failed_callbacks().is_empty(), lost, "{fault}");
        if fault.starts_with("late") {
            assert!(decided_at.elapsed() >= Duration::from_millis(80));
        }
    }
}

#[tokio::test]
async fn faults_strike_as_often_as_was_said_each_action_for_itself() {
    let fake = started("get_tickets=html*2").await;
    fake.switch_on(Switch::parse("get_services=html").unwrap());
    let kinds = async || {
        let answer = post(&fake, "get_tickets", &json!({})).await.unwrap();
        answer.headers["content-type"].to_str().unwrap().starts_with("text/html")
    };
    assert_eq!((kinds().await, kinds().await, kinds().await), (true, true, false));
    let left: Vec<_> = fake.faults().iter().map(Switch::to_string).collect();
    assert_eq!(left, ["get_services=html"]);
}

#[tokio::test]
async fn the_program_switches_faults_on_and_refuses_what_is_none() {
    let program = env!("CARGO_BIN_EXE_fake-itsm");
    let run =
        |arguments: &[&str]| std::process::Command::new(program).args(arguments).output().unwrap();
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    assert!(help.contains(&Fault::help()));
    for line in Fault::help().lines() {
        let (said, _) = line.split_once("  ").unwrap();
        let said = said.replace("ACTION", "approve");
        let said = said.split(':').next().unwrap();
        // What is wrong comes last, so what stands before is taken.
        let refused = run(&["--fault", said, "--fault", "approve=lame"]);
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(error.contains("no such fault: \"lame\""), "{said}: {error}");
    }
}

/// What programs in any language ask for over HTTP.
#[tokio::test]
async fn faults_are_switched_listed_and_cleared_over_http_and_tickets_claimed_and_suspended() {
    let flow = Flow::find("people-field").unwrap();
    let fake = FakeItsm::start(Options { flows: vec![flow], ..Options::default() }).await.unwrap();
    let tell = async |verb: &str, body: Value| {
        let url = format!("{}/fake/{verb}", fake.url());
        HttpClient::default().post(&url, &[], &body.to_string()).await.unwrap()
    };
    let show = async |what: &str| {
        let url = format!("{}/fake/{what}", fake.url());
        let answer = HttpClient::default().get(&url).await.unwrap();
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let slow = json!({"action": "approve", "fault": "slow", "ms": 3, "times": 2});
    assert_eq!(tell("fault", slow).await.status, 200);
    let refused = tell("fault", json!({"action": "approve", "fault": "lost-callback"})).await;
    assert!(refused.status == 400 && refused.body.contains("is for callback alone"));
    assert_eq!(show("faults").await, json!(["approve=slow:3*2"]));
    tell("clear-faults", json!({})).await;
    assert_eq!(show("faults").await, json!([]));

    let people = json!([
        {"key": "title", "value": "t"}, {"key": "APPROVERS", "value": "bob"}, {"key": "OPERATOR", "value": "erin"},
    ]);
    let body = json!({"service_id": 1001, "creator": "carol", "fields": people});
    fake.fault("create_ticket", Fault::Slow(Duration::ZERO), 1);
    let answer: Value =
        serde_json::from_str(&post(&fake, "create_ticket", &body).await.unwrap().body).unwrap();
    let sn = answer["data"]["sn"].as_str().unwrap();
    fake.started(sn).await.unwrap();
    let seen = show("exchanges").await;
    assert_eq!((&seen[0]["status"], &seen[0]["fault"]), (&json!(200), &json!("slow")));
    let who = json!({"sn": sn, "who": "bob", "why": "x"});
    for (verb, status, then) in [
        ("approve", 400, "RUNNING"),
        ("claim", 200, "RUNNING"),
        ("claim", 400, "RUNNING"),
        ("suspend", 200, "SUSPENDED"),
        ("resume", 200, "RUNNING"),
        ("approve", 200, "RUNNING"),
    ] {
        assert_eq!(tell(verb, who.clone()).await.status, status, "{verb}");
        assert_eq!(fake.ticket(sn).unwrap().status, then, "{verb}");
    }
}
