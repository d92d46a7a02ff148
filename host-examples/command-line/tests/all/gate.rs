//! `itsm gate`: what it prints and how it exits, for each way in which a ticket or a call can end.

use crate::set_up::{KEY, ended, fake, folder, itsm, program, ticket, until};
use fake_itsm::{FakeItsm, Fault, Options};
use std::process::Command;
use std::time::Duration;

const GATE: [&str; 7] = ["gate", "--title", "扩容", "--approver", "admin", "--interval", "100ms"];

fn gate(fake: &FakeItsm, more: &[&str]) -> Command {
    let mut gate = itsm(fake, &GATE);
    gate.args(more);
    gate
}

/// What somebody does on ITSM's pages.
#[derive(Clone, Copy, Debug)]
enum Act {
    Approve,
    Refuse,
    Withdraw,
    Terminate,
    Close,
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_approval_is_exit_code_0_and_each_other_ending_has_its_own() {
    for (act, code, word) in [
        (Act::Approve, 0, "approved"),
        (Act::Refuse, 10, "rejected"),
        (Act::Withdraw, 11, "withdrawn"),
        (Act::Terminate, 12, "terminated"),
        (Act::Close, 13, "closed"),
    ] {
        let fake = fake().await;
        let gate = gate(&fake, &[]).spawn().unwrap();
        let sn = ticket(&fake).await;
        match act {
            Act::Approve => fake.approve_saying(&sn, "admin", "fine").await.unwrap(),
            Act::Refuse => fake.refuse(&sn, "admin", "too big").await.unwrap(),
            Act::Withdraw => fake.withdraw(&sn, "carol").await.unwrap(),
            Act::Terminate => fake.terminate(&sn, "admin").await.unwrap(),
            Act::Close => fake.close_on_page(&sn, "admin").await.unwrap(),
        }
        let (exit, printed) = ended(gate).await;
        assert_eq!(exit, code, "{act:?}: {printed}");
        assert!(printed.contains(&format!("ended      {sn} {word}")), "{printed}");
        let remark = match act {
            Act::Approve => "approved by admin",
            Act::Refuse => "refused by admin",
            _ => "created    ",
        };
        assert!(printed.contains(remark), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_nobody_has_to_handle_is_not_waited_for() {
    let options = Options { in_creation: Duration::from_secs(1), ..Options::default() };
    let fake = FakeItsm::start(options).await.unwrap();
    let gate = gate(&fake, &[]).spawn().unwrap();
    let sn = ticket(&fake).await;
    // Some were asked while the ticket was at the node where tickets are made.
    let asked = fake.exchanges_of("get_ticket_status").len();
    until("a later question", || fake.exchanges_of("get_ticket_status").len() > asked + 1).await;
    fake.approve(&sn, "admin").await.unwrap();
    let (exit, printed) = ended(gate).await;
    assert_eq!((exit, printed.matches("waiting  ").count()), (0, 1), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_of_failure_has_its_exit_code_and_says_whether_there_is_a_ticket() {
    let by_gateway = |status, code| Fault::Gateway { status, code, message: "no".into() };
    let refused = |code: u32| Fault::Answer {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: format!(r#"{{"result":false,"code":{code},"message":"no","data":null}}"#),
    };
    for (fault, code, says) in [
        (refused(3_900_003), 30, "no ticket was made"),
        (by_gateway(403, 1_640_301), 31, "no ticket was made"),
        (by_gateway(400, 1_640_001), 31, "no ticket was made"),
        (by_gateway(429, 1_642_902), 32, "no ticket was made"),
    ] {
        let fake = fake().await;
        fake.fault("create_ticket", fault.clone(), 1_000);
        let file = folder("failures").join("gate.json");
        let file = file.to_str().unwrap();
        let gate = gate(&fake, &["--timeout", "1s", "--resume", file]).spawn().unwrap();
        let (exit, printed) = ended(gate).await;
        assert_eq!(exit, code, "{fault:?}: {printed}");
        assert!(printed.contains(says), "{printed}");
        assert!(fake.tickets().is_empty());
        assert!(!std::path::Path::new(file).exists(), "the next run begins anew");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_makes_no_second_ticket() {
    let fake = fake().await;
    fake.fault("create_ticket", Fault::DropAfterExecuting, 1);
    let gate = gate(&fake, &[]).spawn().unwrap();
    let sn = ticket(&fake).await;
    fake.approve(&sn, "admin").await.unwrap();
    let (exit, printed) = ended(gate).await;
    assert_eq!(exit, 0, "{printed}");
    assert_eq!(fake.tickets().len(), 1);
    let place = |text: &str| printed.find(text).unwrap_or_else(|| panic!("{text}: {printed}"));
    assert!(place("failed ") < place("created ") && place("created ") < place("ended "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_ends_the_gate_before_its_next_question() {
    let fake = fake().await;
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut gate =
        itsm(&fake, &["gate", "--title", "t", "--approver", "admin", "--interval", "1h", "--json"]);
    gate.env("ITSM_LISTEN", address.to_string())
        .env("ITSM_CALLBACK_URL", format!("http://{address}/itsm/callback"))
        .env("ITSM_BINDING_KEYS", KEY);
    let gate = gate.spawn().unwrap();
    let sn = ticket(&fake).await;
    fake.approve(&sn, "admin").await.unwrap();
    let (exit, printed) = ended(gate).await;
    assert_eq!(exit, 0, "{printed}");
    assert!(fake.called_back(&sn).await.unwrap().delivered, "ITSM heard that it was taken");
    let events: Vec<serde_json::Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["created", "callback", "ended"]);
    assert_eq!(events[2]["verdict"], "approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_over_leaves_the_ticket_or_withdraws_it_as_asked_for() {
    for (then, code, status) in [("leave", 20, "RUNNING"), ("withdraw", 11, "REVOKED")] {
        let fake = fake().await;
        // The seconds of a clock are counted, so one second can be over before the ticket is asked for.
        let gate = gate(&fake, &["--timeout", "3s", "--on-timeout", then]).spawn().unwrap();
        let (exit, printed) = ended(gate).await;
        assert_eq!(exit, code, "{printed}");
        assert_eq!(fake.tickets()[0].status, status);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_leaves_the_ticket_or_withdraws_it_as_asked_for() {
    for (then, signal, code, status) in [
        ("leave", "-INT", 21, "RUNNING"),
        ("leave", "-TERM", 21, "RUNNING"),
        ("withdraw", "-INT", 11, "REVOKED"),
        ("withdraw", "-TERM", 11, "REVOKED"),
    ] {
        let fake = fake().await;
        let gate = gate(&fake, &["--on-cancel", then]).spawn().unwrap();
        ticket(&fake).await;
        until("a question", || !fake.exchanges_of("get_ticket_status").is_empty()).await;
        let killed = Command::new("kill").args([signal, &gate.id().to_string()]).status();
        assert!(killed.unwrap().success());
        let (exit, printed) = ended(gate).await;
        assert_eq!(exit, code, "{printed}");
        assert!(printed.contains("cancelled  "), "{printed}");
        assert_eq!(fake.tickets()[0].status, status);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_came_before_the_withdrawal_wins() {
    let fake = fake().await;
    let gate = itsm(
        &fake,
        &[
            "gate",
            "--title",
            "t",
            "--approver",
            "admin",
            "--interval",
            "1h",
            "--on-cancel",
            "withdraw",
        ],
    )
    .spawn()
    .unwrap();
    let sn = ticket(&fake).await;
    fake.approve(&sn, "admin").await.unwrap();
    let killed = Command::new("kill").args(["-TERM", &gate.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let (exit, printed) = ended(gate).await;
    assert_eq!(exit, 0, "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_a_service_are_checked_by_its_form() {
    let fake = fake().await;
    let asked = ["gate", "--title", "t", "--service", "3", "--interval", "100ms", "--field"];
    let with = |field: &'static str| itsm(&fake, &[&asked[..], &[field]].concat());
    let (exit, printed) = ended(with("NOPE=x").spawn().unwrap()).await;
    assert_eq!(exit, 2, "{printed}");
    assert!(printed.contains("no field NOPE. It has: title, APPROVER"), "{printed}");
    assert!(fake.tickets().is_empty());

    let gate = with("APPROVER=bob, dave").spawn().unwrap();
    let sn = ticket(&fake).await;
    fake.approve(&sn, "bob").await.unwrap();
    fake.approve(&sn, "dave").await.unwrap();
    assert_eq!(ended(gate).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn chinese_is_spoken_where_the_locale_is_chinese() {
    let fake = fake().await;
    let gate = gate(&fake, &[]).env("LANG", "zh_CN.UTF-8").spawn().unwrap();
    let sn = ticket(&fake).await;
    fake.refuse(&sn, "admin", "不行").await.unwrap();
    let (exit, printed) = ended(gate).await;
    assert_eq!(exit, 10);
    assert!(printed.contains(&format!("已结束     {sn} 审批拒绝")), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_missing_doubled_or_misspelt_are_named_before_anything_is_sent() {
    let both = [("ITSM_GATEWAY", "http://a/prod"), ("ITSM_ESB", "http://b")];
    for (settings, says) in [
        (&[][..], "ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY"),
        (&both[..], "only one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY can be set"),
        (&both[..1], "ITSM_APP_CODE is not set"),
        (&[("ITSM_GATEWY", "x")][..], "ITSM_GATEWY is no setting. Is ITSM_GATEWAY meant?"),
    ] {
        let mut gate = program();
        gate.args(GATE).envs(settings.iter().copied());
        let (exit, printed) = ended(gate.spawn().unwrap()).await;
        assert_eq!(exit, 2, "{printed}");
        assert!(printed.contains(says), "{printed}");
    }
}

/// A second gate with the same file would share the ticket.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_serves_one_gate_at_a_time_and_one_title() {
    let fake = fake().await;
    let file = folder("one-gate").join("gate.json");
    let resume = ["--resume", file.to_str().unwrap()];
    let first = gate(&fake, &resume).spawn().unwrap();
    let sn = ticket(&fake).await;
    until("the file", || file.exists()).await;
    let (exit, printed) = ended(gate(&fake, &resume).spawn().unwrap()).await;
    assert_eq!(exit, 2, "{printed}");
    assert!(printed.contains("another gate runs with"), "{printed}");
    fake.approve(&sn, "admin").await.unwrap();
    assert_eq!(ended(first).await.0, 0);

    let other = ["gate", "--title", "other", "--approver", "admin"];
    let (exit, printed) =
        ended(itsm(&fake, &[&other[..], &resume].concat()).spawn().unwrap()).await;
    assert_eq!(exit, 2, "{printed}");
    assert!(printed.contains("belongs to another gate: 扩容"), "{printed}");
    // The end is told again, and nothing is asked for again.
    let asked = fake.exchanges().len();
    assert_eq!(ended(gate(&fake, &resume).spawn().unwrap()).await.0, 0);
    assert_eq!((fake.exchanges().len(), fake.tickets().len()), (asked, 1));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it holds the ticket's tag");
    }
}
