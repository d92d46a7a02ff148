//! `itsm gate` killed with SIGKILL at one point after another, and started again with the same file: one ticket, and
//! the exit code that its end deserves.
#![cfg(unix)]

use crate::set_up::{ended, fake, folder, itsm, ticket, until};
use fake_itsm::{FakeItsm, Fault};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// Where the first run is killed.
struct Point {
    name: &'static str,
    /// The action whose answer takes long from then on.
    slow: Option<&'static str>,
    /// What happens on ITSM's pages before the program is killed.
    before: Option<Decided>,
    /// Whether the program is told to stop, and is killed while it withdraws.
    is_cancelled: bool,
    is_there: fn(&FakeItsm, &Path) -> bool,
}

#[derive(Clone, Copy)]
enum Decided {
    Yes,
    No,
}

fn asked(fake: &FakeItsm, action: &str) -> bool {
    !fake.exchanges_of(action).is_empty()
}

fn stored(file: &Path, text: &str) -> bool {
    std::fs::read_to_string(file).is_ok_and(|state| state.contains(text))
}

const POINTS: [Point; 11] = [
    Point {
        name: "ITSM has made the ticket, and its answer is on the way",
        slow: Some("create_ticket"),
        before: None,
        is_cancelled: false,
        is_there: |fake, _| !fake.tickets().is_empty(),
    },
    Point {
        name: "the number is stored",
        slow: None,
        before: None,
        is_cancelled: false,
        is_there: |_, file| stored(file, "\"sn\":\"REQ"),
    },
    Point {
        name: "ITSM is asked whether it has ended",
        slow: Some("get_tickets"),
        before: None,
        is_cancelled: false,
        is_there: |fake, _| asked(fake, "get_tickets"),
    },
    Point {
        name: "ITSM is asked whom it waits for",
        slow: Some("get_ticket_status"),
        before: None,
        is_cancelled: false,
        is_there: |fake, _| asked(fake, "get_ticket_status"),
    },
    Point {
        name: "somebody has approved, and nobody was told",
        slow: Some("get_tickets"),
        before: Some(Decided::Yes),
        is_cancelled: false,
        is_there: |fake, _| fake.tickets()[0].ended,
    },
    Point {
        name: "somebody has refused, and nobody was told",
        slow: Some("get_tickets"),
        before: Some(Decided::No),
        is_cancelled: false,
        is_there: |fake, _| fake.tickets()[0].ended,
    },
    Point {
        name: "ITSM is asked for its result",
        slow: Some("ticket_approval_result"),
        before: Some(Decided::Yes),
        is_cancelled: false,
        is_there: |fake, _| asked(fake, "ticket_approval_result"),
    },
    Point {
        name: "ITSM is asked for its log",
        slow: Some("get_ticket_logs"),
        before: Some(Decided::Yes),
        is_cancelled: false,
        is_there: |fake, _| asked(fake, "get_ticket_logs"),
    },
    Point {
        name: "the approval is stored",
        slow: None,
        before: Some(Decided::Yes),
        is_cancelled: false,
        is_there: |_, file| stored(file, "\"outcome\":{"),
    },
    Point {
        name: "the refusal is stored",
        slow: None,
        before: Some(Decided::No),
        is_cancelled: false,
        is_there: |_, file| stored(file, "\"outcome\":{"),
    },
    Point {
        name: "it is told to withdraw, and ITSM has done so",
        slow: Some("operate_ticket"),
        before: None,
        is_cancelled: true,
        is_there: |fake, _| fake.tickets()[0].ended,
    },
];

fn signal(program: &Child, signal: &str) {
    let killed = Command::new("kill").args([signal, &program.id().to_string()]).status();
    assert!(killed.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_was_killed_goes_on_with_the_same_ticket() {
    for point in POINTS {
        let fake = fake().await;
        let file = folder("killed").join("gate.json");
        let gate = || {
            let mut gate = itsm(&fake, &["gate", "--title", "t", "--approver", "admin"]);
            gate.args(["--interval", "100ms", "--on-cancel", "withdraw"]);
            gate.args(["--resume", file.to_str().unwrap()]);
            gate.spawn().unwrap()
        };
        if let Some(action) = point.slow.filter(|_| point.before.is_none()) {
            fake.fault(action, Fault::Slow(Duration::from_secs(60)), 1);
        }
        let mut first = gate();
        if let Some(decided) = point.before {
            let sn = ticket(&fake).await;
            until("the number", || stored(&file, "\"sn\":\"REQ")).await;
            if let Some(action) = point.slow {
                fake.fault(action, Fault::Slow(Duration::from_secs(60)), 1);
            }
            match decided {
                Decided::Yes => fake.approve(&sn, "admin").await.unwrap(),
                Decided::No => fake.refuse(&sn, "admin", "no").await.unwrap(),
            }
        }
        if point.is_cancelled {
            ticket(&fake).await;
            until("the number", || stored(&file, "\"sn\":\"REQ")).await;
            signal(&first, "-TERM");
        }
        until(point.name, || (point.is_there)(&fake, &file)).await;
        first.kill().unwrap();
        first.wait().unwrap();

        let second = gate();
        let sn = ticket(&fake).await;
        if !fake.tickets()[0].ended {
            fake.approve(&sn, "admin").await.unwrap();
        }
        let code = match (point.before, point.is_cancelled) {
            (Some(Decided::No), _) => 10,
            (_, true) => 11,
            _ => 0,
        };
        let (exit, printed) = ended(second).await;
        assert_eq!(exit, code, "{}: {printed}", point.name);
        assert!(printed.contains("resumed "), "{}: {printed}", point.name);
        assert_eq!(fake.tickets().len(), 1, "{}", point.name);
        assert_eq!(fake.exchanges_of("create_ticket").len(), 1, "{}", point.name);
    }
}

/// Whether ITSM has read the request is not known then: a second ticket would be a worse answer than none.
#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_was_killed_while_it_asked_for_the_ticket_makes_no_second_one() {
    let fake = fake().await;
    let file = folder("killed-asking").join("gate.json");
    let gate = || {
        let mut gate = itsm(&fake, &["gate", "--title", "t", "--approver", "admin"]);
        gate.args(["--interval", "100ms", "--timeout", "2s"]);
        gate.args(["--resume", file.to_str().unwrap()]);
        gate.spawn().unwrap()
    };
    fake.fault("create_ticket", Fault::Hang, 1);
    let mut first = gate();
    until("the request", || asked(&fake, "create_ticket")).await;
    first.kill().unwrap();
    first.wait().unwrap();
    let (exit, printed) = ended(gate()).await;
    assert_eq!(exit, 33, "{printed}");
    assert!(printed.contains("ITSM may have made the ticket"), "{printed}");
    assert_eq!(fake.exchanges_of("create_ticket").len(), 1);
}
