//! What each event leads to, and the texts that are stored between events.

use super::record::VERSION;
use super::reports::{Remedy, word};
use super::stored::{EvidenceText, VerdictText};
use super::*;
use crate::domain::failure::{Advice, Origin};
use crate::domain::history::Decision;
use crate::domain::ticket::Ticket;
use crate::domain::verdict::Evidence;
use Verdict::{Approved, Closed, Completed, Rejected, Terminated, Withdrawn};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

fn ticket(sn: &str) -> Ticket {
    Ticket {
        sn: sn.into(),
        id: "1".into(),
        title: "t".into(),
        creator: "carol".into(),
        service: "2".into(),
        status: "FINISHED".into(),
        created_at: "t".into(),
        ended_at: Some("t".into()),
        updated_by: vec![],
        updated_at: "t".into(),
        ticket_url: "u".into(),
    }
}

fn made(sn: &str) -> CreatedTicket {
    CreatedTicket { sn: sn.into(), id: "1".into(), ticket_url: "u".into() }
}

fn created(sn: &str) -> Event {
    Event::Created(made(sn))
}

fn outcome(sn: &str, verdict: Verdict) -> Outcome {
    Outcome { ticket: ticket(sn), verdict, evidence: Evidence::ApprovalResult, decisions: vec![] }
}

fn ended(sn: &str, verdict: Verdict) -> Event {
    Event::Confirmed(Confirmation::Ended(outcome(sn, verdict)))
}

fn open() -> Event {
    Event::Confirmed(Confirmation::Open(ticket("A")))
}

fn undecidable(why: &str) -> Event {
    Event::Confirmed(Confirmation::Undecidable(ticket("A"), why.into()))
}

fn callback(sn: &str) -> Event {
    Event::Callback(Callback {
        sn: sn.into(),
        id: None,
        title: String::new(),
        status: "FINISHED".into(),
        approve_result: true,
        ticket_url: String::new(),
        updated_by: vec![],
        updated_at: String::new(),
        last_approvers: vec![],
    })
}

fn recovered(asked_s: u64, recovery: Recovery) -> Event {
    Event::Recovered(LookedUp { asked_s, recovery })
}

fn found(sn: &str) -> Event {
    recovered(0, Recovery::Found(made(sn)))
}

fn failure(origin: Origin, advice: Advice, may_have_acted: bool, code: &str) -> Failure {
    Failure {
        advice,
        may_have_acted,
        origin,
        code: Some(code.to_owned()).filter(|code| !code.is_empty()),
        message: "no luck.".into(),
        request_id: Some("r-1".into()),
    }
}

fn broken() -> Failure {
    failure(Origin::Transport, Advice::LookUp, true, "")
}

fn refused_by_itsm() -> Failure {
    failure(Origin::Itsm, Advice::LookUp, true, "3900004")
}

fn unreachable() -> Failure {
    failure(Origin::Transport, Advice::WaitMs(1_000), false, "")
}

fn proven(advice: Advice) -> Event {
    Event::NotCreated(failure(Origin::Gateway, advice, false, "16"))
}

/// A record between two events, whose text is what is kept of it.
struct Tracked {
    step: Step,
    now_s: u64,
}

impl Tracked {
    fn since(now_s: u64, decide_by_s: Option<u64>) -> Self {
        let step = start("op1", decide_by_s, now_s).unwrap();
        Self { step, now_s }
    }

    fn waiting(decide_by_s: Option<u64>) -> Self {
        let mut tracked = Self::since(0, decide_by_s);
        assert_eq!(tracked.at(0, created("A")), "");
        tracked
    }

    /// What the host stores.
    fn text(&self) -> String {
        self.step.record.to_json().unwrap()
    }

    /// Takes an event in, and tells the actions.
    fn at(&mut self, now_s: u64, event: Event) -> String {
        self.now_s = now_s;
        let record = Record::from_json(&self.text()).unwrap();
        assert_eq!(record, self.step.record);
        self.step = record.advance(event, now_s);
        actions(&self.step)
    }

    /// The host wakes in time.
    fn when_due(&mut self, event: Event) -> String {
        self.at(self.step.due_s.unwrap(), event)
    }

    /// Ticks when due, and has each lookup answered at once, up to the first that leads to something.
    fn absent(&mut self, recovery: Recovery) -> String {
        for _ in 0..20 {
            assert_eq!(self.when_due(Event::Tick), "recover");
            let actions = self.at(self.now_s, recovered(self.now_s, recovery.clone()));
            if !actions.is_empty() {
                return actions;
            }
        }
        String::new()
    }

    fn wait_s(&self) -> u64 {
        self.step.due_s.unwrap() - self.now_s
    }
}

fn actions(step: &Step) -> String {
    let words = |action: &Action| match action {
        Action::Create => "create".to_owned(),
        Action::Recover => "recover".to_owned(),
        Action::Confirm(sn) => format!("confirm {sn}"),
        Action::Withdraw(sn) => format!("withdraw {sn}"),
        Action::Deliver(outcome) => {
            format!("deliver {} {}", outcome.ticket.sn, word(outcome.verdict))
        }
        Action::Report(why) => format!("report: {why}"),
    };
    let all: Vec<_> = step.actions.iter().map(words).collect();
    all.join("; ")
}

#[test]
fn stories_end_with_one_delivery_whatever_came_twice_late_or_never() {
    type Story = Vec<(u64, Event, &'static str)>;
    let stories: Vec<Story> = vec![
        // The plain way.
        vec![
            (1, created("A"), ""),
            (9, callback("A"), "confirm A"),
            (9, ended("A", Approved), "deliver A approved"),
            (9, Event::Delivered, ""),
        ],
        // The callback is lost: a tick asks.
        vec![
            (1, created("A"), ""),
            (31, Event::Tick, "confirm A"),
            (31, ended("A", Rejected), "deliver A rejected"),
            (31, Event::Delivered, ""),
        ],
        // The callback comes first: its number is not asked for, the tag is.
        vec![
            (1, callback("X"), "recover"),
            (1, found("A"), "confirm A"),
            (2, created("A"), ""),
            (3, Event::Tick, "confirm A"),
        ],
        // A crash after storing the outcome: handed over again, then settled for good.
        vec![
            (1, created("A"), ""),
            (2, Event::Tick, "confirm A"),
            (2, ended("A", Approved), "deliver A approved"),
            (3, Event::Tick, "deliver A approved"),
            (4, Event::Delivered, ""),
            (5, Event::Tick, ""),
            (6, callback("A"), ""),
            (7, ended("A", Approved), ""),
        ],
        // Not ended, whatever the callback says; and a number has no case.
        vec![
            (1, created("A"), ""),
            (2, callback("a"), "confirm A"),
            (2, open(), ""),
            (3, Event::Confirmed(Confirmation::Undecided(ticket("A"))), ""),
            (4, ended("a", Verdict::Completed), "deliver a completed"),
        ],
        // The answer is lost, and the ticket appears late.
        vec![
            (5, Event::MaybeCreated(broken()), "recover"),
            (6, recovered(5, Recovery::Absent), ""),
            (900, Event::Tick, "recover"),
            (900, found("A"), "confirm A"),
        ],
    ];
    for story in stories {
        let mut tracked = Tracked::since(0, None);
        assert_eq!(actions(&tracked.step), "create");
        for (now_s, event, expected) in story {
            assert_eq!(tracked.at(now_s, event), expected);
        }
    }
}

#[test]
fn an_absence_is_final_when_it_was_asked_for_after_the_servers_limit_and_one_wait_more() {
    let absent = |asked_s| recovered(asked_s, Recovery::Absent);
    // It was sent at 30 at the latest, so 840 counted seconds end at 870. The answer may come late.
    for (asked_s, action) in [(0, ""), (869, ""), (870, "create"), (960, "create")] {
        let mut tracked = Tracked::since(0, None);
        for due_s in [30, 60, 120, 240, 480, 720, 960] {
            assert_eq!(tracked.when_due(Event::Tick), "recover");
            assert_eq!(tracked.now_s, due_s);
            let old_s = due_s.saturating_sub(100);
            assert_eq!(tracked.at(due_s, absent(old_s)), "");
        }
        assert_eq!(tracked.at(5_000, absent(asked_s)), action);
    }
    // What is asked for before the request is lost proves nothing.
    let mut tracked = Tracked::since(0, None);
    assert_eq!(tracked.at(5_000, absent(5_000)), "");
}

#[test]
fn a_clock_that_jumps_makes_no_second_ticket() {
    // Forward, at any moment, by any time: it adds one wait at most, and the rest is waited for.
    for before in 0..8 {
        for jump_s in [240, 600, 86_400, u64::MAX / 2] {
            let mut tracked = Tracked::since(0, None);
            tracked.at(0, Event::MaybeCreated(broken()));
            let mut real_s = 0;
            let mut jumped_s = 0;
            let mut actions = String::new();
            for step in 0..12 {
                if step == before {
                    jumped_s = jump_s;
                } else {
                    real_s = real_s.max(tracked.step.due_s.unwrap().saturating_sub(jumped_s));
                }
                let now_s = real_s + jumped_s;
                tracked.at(now_s, Event::Tick);
                actions = tracked.at(now_s, recovered(now_s, Recovery::Absent));
                if actions == "create" {
                    break;
                }
            }
            assert_eq!(actions, "create");
            assert!(real_s >= ABSENT_IS_FINAL_S, "{before}, {jump_s}: {real_s}");
        }
    }
    // Backward: it adds nothing, and the next tick is not put off until the clock is there again.
    let mut tracked = Tracked::since(100_000, None);
    tracked.at(100_000, Event::MaybeCreated(broken()));
    assert_eq!(tracked.at(50, Event::Tick), "recover");
    assert_eq!(tracked.step.due_s, Some(950));
}

#[test]
fn a_creation_that_proved_to_have_done_nothing_is_tried_again_or_given_up_by_its_advice() {
    for (advice, report, wait_s) in [
        (Advice::WaitMs(1_000), "", Some(30)),
        (Advice::WaitMs(300_001), "", Some(301)),
        (Advice::WaitMs(u32::MAX), "", Some(900)),
        (
            Advice::FixCredentials,
            "report: The app code, the secret or the user's token has to be fixed. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
            Some(30),
        ),
        (
            Advice::AskPermission,
            "report: The app or its user needs a permission. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
            Some(30),
        ),
        (
            Advice::SendVerifiedUser,
            "report: The server wants a verified user. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
            Some(30),
        ),
        (
            Advice::AllowHost("h:1".into()),
            "report: The component has to be allowed to reach the server. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
            Some(30),
        ),
        (
            Advice::CallOperator,
            "report: Something between the host and ITSM has to be fixed. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
            Some(30),
        ),
        (
            Advice::Other("w".into()),
            "report: Somebody has to look. Until then creating the ticket fails, and is tried again: the API gateway says 16, no luck.",
            Some(30),
        ),
        (
            Advice::FixArgument("ticket.title".into()),
            "report: ITSM made no ticket, and asking again will not help: the API gateway says 16, no luck.",
            None,
        ),
        (
            Advice::GiveUp,
            "report: ITSM made no ticket, and asking again will not help: the API gateway says 16, no luck.",
            None,
        ),
    ] {
        let mut tracked = Tracked::since(0, None);
        assert_eq!(tracked.at(7, proven(advice.clone())), report, "{advice:?}");
        assert_eq!(tracked.step.due_s.map(|due_s| due_s - 7), wait_s, "{advice:?}");
        if wait_s.is_some() {
            // Early ticks, as after a crash, do not send it again.
            assert_eq!(tracked.at(8, Event::Tick), "");
            assert_eq!(tracked.when_due(Event::Tick), "create");
            assert_eq!(tracked.at(2_000, proven(advice)), "");
            assert_eq!(tracked.when_due(Event::Tick), "create");
        }
    }
}

#[test]
fn a_refusal_that_repeats_itself_is_reported_once_and_sent_ever_more_rarely() {
    let mut tracked = Tracked::since(0, None);
    let mut reports = vec![];
    let mut waits = vec![];
    for _ in 0..8 {
        reports.push(tracked.at(tracked.now_s, Event::NotCreated(unreachable())));
        waits.push(tracked.wait_s());
        assert_eq!(tracked.when_due(Event::Tick), "create");
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
    let told =
        "report: 3 times in a row creating the ticket failed, and it is tried again: no luck.";
    assert_eq!(reports, ["", "", told, "", "", "", "", ""]);
    // Another reason is another report.
    let other = tracked.at(tracked.now_s, proven(Advice::FixCredentials));
    assert!(other.starts_with("report: The app code"), "{other}");
}

#[test]
fn the_same_answer_to_two_requests_that_came_to_nothing_ends_the_operation() {
    let mut tracked = Tracked::since(0, None);
    assert_eq!(tracked.at(1, Event::MaybeCreated(refused_by_itsm())), "recover");
    assert_eq!(tracked.absent(Recovery::Absent), "create");
    assert_eq!(tracked.at(tracked.now_s, Event::MaybeCreated(refused_by_itsm())), "recover");
    assert_eq!(
        tracked.absent(Recovery::Absent),
        "report: ITSM made no ticket, and asking again will not help: ITSM says 3900004, no luck."
    );
    assert_eq!(tracked.step.due_s, None);
    // Connections that break may do so for ever; a person hears of it once.
    let mut tracked = Tracked::since(0, None);
    let mut told = vec![];
    for _ in 0..5 {
        told.push(tracked.at(tracked.now_s, Event::MaybeCreated(broken())));
        assert_eq!(tracked.absent(Recovery::Absent), "create");
    }
    let third = "recover; report: 3 times in a row creating the ticket failed, and it is tried again: no luck.";
    assert_eq!(told, ["recover", "recover", third, "recover", "recover"]);
    // What can't help is not sent again, and what somebody can fix is reported at once.
    let unclear = |advice| Event::MaybeCreated(failure(Origin::Itsm, advice, true, "39"));
    let mut tracked = Tracked::since(0, None);
    assert_eq!(tracked.at(1, unclear(Advice::FixArgument("ticket".into()))), "recover");
    assert_eq!(
        tracked.absent(Recovery::Absent),
        "report: ITSM made no ticket, and asking again will not help: ITSM says 39, no luck."
    );
    let mut tracked = Tracked::since(0, None);
    let told = "recover; report: The app or its user needs a permission. Until then creating the ticket fails, and is tried again: ITSM says 39, no luck.";
    for told in [told, "recover", "recover"] {
        assert_eq!(tracked.at(tracked.now_s, unclear(Advice::AskPermission)), told);
        assert_eq!(tracked.absent(Recovery::Absent), "create");
    }
    // What is said to have done nothing, and may have acted, is looked up.
    let mut tracked = Tracked::since(0, None);
    assert_eq!(tracked.at(1, Event::NotCreated(refused_by_itsm())), "recover");
}

#[test]
fn a_server_that_cannot_be_asked_by_tag_is_waited_for_and_never_leads_to_a_second_ticket() {
    let untraceable = |now_s| recovered(now_s, Recovery::Untraceable);
    // A callback before the answer, and an answer that takes longer than the first tick.
    let mut tracked = Tracked::since(0, None);
    assert_eq!(tracked.at(1, callback("A")), "recover");
    assert_eq!(tracked.at(2, untraceable(2)), "");
    assert_eq!(tracked.at(31, Event::Tick), "recover");
    assert_eq!(tracked.at(32, untraceable(31)), "");
    assert_eq!(tracked.at(50, created("A")), "");
    assert_eq!(tracked.at(50, ended("A", Approved)), "deliver A approved");
    // The answer is lost.
    let mut tracked = Tracked::since(0, None);
    tracked.at(1, Event::MaybeCreated(broken()));
    assert_eq!(
        tracked.absent(Recovery::Untraceable),
        "report: It is unknown whether ITSM made the ticket, and this server can't be asked by tag: no luck."
    );
    assert_eq!(tracked.step.due_s, None);
}

#[test]
fn an_operation_without_a_ticket_of_its_own_is_given_up_and_a_person_told() {
    let both = vec![ticket("A"), ticket("B")];
    for (recovery, report) in [
        (Recovery::Ambiguous(both.clone()), "report: One operation has several tickets: A, B."),
        (
            Recovery::Mismatched(both),
            "report: The tag of this operation is on a ticket of another creator: A, B.",
        ),
    ] {
        let mut tracked = Tracked::since(0, None);
        assert_eq!(tracked.at(1, Event::Tick), "recover");
        assert_eq!(tracked.at(1, recovered(1, recovery)), report);
        assert_eq!(tracked.step.due_s, None);
        assert_eq!(tracked.at(2, Event::Tick), "");
        assert_eq!(
            tracked.at(3, callback("A")),
            "report: A callback names A, for an operation that was given up."
        );
        assert_eq!(tracked.at(3, callback("B")), "");
        assert_eq!(
            tracked.at(4, created("C")),
            "report: The ticket C was made by an operation that had been given up."
        );
        assert_eq!(tracked.at(4, found("D")), "");
        assert_eq!(tracked.step.due_s, None);
    }
}

#[test]
fn contradictions_are_reported_once_and_change_nothing() {
    let settled = || {
        let mut tracked = Tracked::waiting(None);
        tracked.at(2, ended("A", Approved));
        tracked.at(2, Event::Delivered);
        tracked
    };
    for (event, report) in [
        (created("B"), "report: One operation has two tickets: A and B."),
        (
            recovered(3, Recovery::Ambiguous(vec![ticket("A"), ticket("B")])),
            "report: One operation has several tickets: A, B.",
        ),
        // What a server says stands on one line, and steers no terminal.
        (
            recovered(3, Recovery::Ambiguous(vec![ticket("A\u{1b}[31m"), ticket("B\r\n")])),
            "report: One operation has several tickets: A [31m, B  .",
        ),
        (callback("B"), "report: A callback for the ticket A names B."),
        (
            ended("A", Withdrawn),
            "report: The ticket A was settled as approved, and ITSM now says withdrawn.",
        ),
        (
            proven(Advice::GiveUp),
            "report: The ticket A exists, and its creation was reported to have failed.",
        ),
    ] {
        let mut tracked = settled();
        let phase = tracked.step.record.phase.clone();
        assert_eq!(tracked.at(3, event.clone()), report);
        assert_eq!(tracked.at(4, event), "");
        assert_eq!(tracked.step.due_s, None);
        assert_eq!(tracked.step.record.phase, phase);
    }
}

#[test]
fn an_answer_about_the_own_number_that_leads_nowhere_is_reported_once_and_asked_for_again() {
    for (confirmation, report) in [
        (
            Confirmation::Ended(outcome("B", Approved)),
            "report: ITSM says that the ticket A has an outcome that is not its own.",
        ),
        (
            Confirmation::Ended(outcome("A", Verdict::Open)),
            "report: ITSM says that the ticket A has an outcome that is not its own.",
        ),
        (
            Confirmation::Foreign,
            "report: ITSM says that the ticket A was not made by this operation.",
        ),
        (Confirmation::Missing, "report: ITSM says that the ticket A does not exist."),
        (
            Confirmation::Ambiguous(vec![]),
            "report: ITSM says that the ticket A exists several times.",
        ),
        (
            Confirmation::Untraceable,
            "report: ITSM says that the ticket A can't be found by its tag; ask for it with confirm-own.",
        ),
    ] {
        let mut tracked = Tracked::waiting(None);
        for expected in [report, "", ""] {
            assert_eq!(tracked.when_due(Event::Tick), "confirm A");
            let answer = Event::Confirmed(confirmation.clone());
            assert_eq!(tracked.at(tracked.now_s, answer), expected);
        }
        assert_eq!(tracked.at(tracked.now_s, ended("A", Approved)), "deliver A approved");
    }
}

#[test]
fn an_end_that_cannot_be_decided_is_reported_once_a_reason_and_asked_for_rarely_until_it_can() {
    let mut tracked = Tracked::waiting(None);
    let mut told = vec![];
    for why in ["the log is cut", "the log is cut", "it was merged", "the log is cut"] {
        assert_eq!(tracked.when_due(Event::Tick), "confirm A");
        told.push(tracked.at(tracked.now_s, undecidable(why)));
        assert_eq!(tracked.wait_s(), 900);
    }
    let report = |why: &str| {
        format!(
            "report: The ticket A has ended, and it can't be told how: {why}. A verified user or a person has to look."
        )
    };
    assert_eq!(
        told,
        [report("the log is cut"), String::new(), report("it was merged"), String::new()]
    );
    // A verified user is configured.
    assert_eq!(tracked.when_due(Event::Tick), "confirm A");
    assert_eq!(tracked.at(tracked.now_s, ended("A", Rejected)), "deliver A rejected");
}

#[test]
fn questions_without_news_become_rarer_up_to_a_quarter_of_an_hour_and_nobody_can_put_them_off() {
    let mut tracked = Tracked::waiting(None);
    let mut waits = vec![tracked.wait_s()];
    for _ in 0..7 {
        tracked.when_due(Event::Tick);
        // Neither answers, nor crashes, nor other events change when it is due.
        let due_s = tracked.step.due_s;
        for event in [open(), callback("B"), Event::Tick] {
            tracked.at(tracked.now_s + 1, event);
        }
        tracked.now_s -= 3;
        assert_eq!(tracked.step.due_s, due_s);
        waits.push(tracked.wait_s());
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
    // A callback is news, but one after the other does not put the question off.
    let now_s = tracked.now_s;
    for later_s in [1, 2, 29, 40] {
        assert_eq!(tracked.at(now_s + later_s, callback("A")), "confirm A");
        assert_eq!(tracked.step.due_s, Some(now_s + 31));
    }
}

#[test]
fn past_its_time_a_ticket_is_asked_for_once_more_and_then_taken_back() {
    let overdue = || {
        let mut tracked = Tracked::waiting(Some(100));
        assert_eq!(tracked.at(30, Event::Tick), "confirm A");
        assert_eq!(tracked.at(30, open()), "");
        assert_eq!(tracked.when_due(Event::Tick), "confirm A");
        assert_eq!(tracked.at(90, open()), "");
        // The time for the decision is when it is due, and what was asked before does not count.
        assert_eq!(tracked.step.due_s, Some(100));
        assert_eq!(tracked.at(101, open()), "");
        assert_eq!(tracked.when_due(Event::Tick), "confirm A");
        tracked
    };
    // The decision came first.
    assert_eq!(overdue().at(100, ended("A", Approved)), "deliver A approved");
    let withdrawing = || {
        let mut tracked = overdue();
        assert_eq!(tracked.at(100, open()), "withdraw A");
        // Nobody is asked to do it twice.
        assert_eq!(tracked.at(100, open()), "");
        assert_eq!(tracked.at(101, Event::Tick), "confirm A");
        assert_eq!(tracked.at(101, open()), "");
        tracked
    };
    // It worked, and the host ticks.
    let mut tracked = withdrawing();
    assert_eq!(tracked.at(102, Event::Tick), "confirm A");
    assert_eq!(tracked.at(102, ended("A", Withdrawn)), "deliver A withdrawn");
    // ITSM refused, because the decision came meanwhile.
    let mut tracked = withdrawing();
    assert_eq!(tracked.at(102, Event::NotWithdrawn(refused_by_itsm())), "confirm A");
    assert_eq!(tracked.at(102, ended("A", Rejected)), "deliver A rejected");
    // ITSM refused, and the ticket goes on.
    let mut tracked = withdrawing();
    assert_eq!(tracked.at(102, Event::NotWithdrawn(refused_by_itsm())), "confirm A");
    assert_eq!(
        tracked.at(102, open()),
        "report: The time for a decision has passed, and ITSM does not let the ticket be taken back; it goes on being awaited: ITSM says 3900004, no luck."
    );
    for _ in 0..3 {
        assert_eq!(tracked.when_due(Event::Tick), "confirm A");
        assert_eq!(tracked.at(tracked.now_s, open()), "");
        assert_eq!(tracked.at(tracked.now_s, Event::NotWithdrawn(refused_by_itsm())), "");
    }
    assert_eq!(tracked.at(tracked.now_s, ended("A", Approved)), "deliver A approved");
    // A crash interrupted it, or its answer was lost, or it can't be reached: it is ordered again,
    // rarely, and a person hears of it.
    let mut tracked = withdrawing();
    let mut told = vec![];
    for failure in [None, Some(broken()), Some(unreachable()), Some(broken()), Some(broken())] {
        if let Some(failure) = failure {
            assert_eq!(tracked.at(tracked.now_s, Event::NotWithdrawn(failure)), "confirm A");
            told.push(tracked.at(tracked.now_s, open()));
        }
        assert!(tracked.wait_s() >= 800);
        assert_eq!(tracked.when_due(Event::Tick), "confirm A");
        assert_eq!(tracked.at(tracked.now_s, open()), "withdraw A");
    }
    let third =
        "report: 3 times in a row taking the ticket back failed, and it is tried again: no luck.";
    assert_eq!(told, ["", "", third, ""]);
    // Somebody has to fix something first.
    let mut tracked = withdrawing();
    let failure = failure(Origin::Esb, Advice::FixCredentials, false, "1306000");
    assert_eq!(
        tracked.at(102, Event::NotWithdrawn(failure.clone())),
        "report: The app code, the secret or the user's token has to be fixed. Until then taking the ticket back fails, and is tried again: the ESB says 1306000, no luck."
    );
    assert_eq!(tracked.when_due(Event::Tick), "confirm A");
    assert_eq!(tracked.at(tracked.now_s, open()), "withdraw A");
    assert_eq!(tracked.at(tracked.now_s, Event::NotWithdrawn(failure)), "");
}

#[test]
fn past_its_time_no_ticket_is_made_but_one_that_was_made_is_taken_back() {
    let too_late = |why: &str| {
        format!("report: The time for a decision passed before there was a ticket{why}.")
    };
    assert_eq!(
        start("op1", Some(5), 5).map(|step| step.due_s),
        Err("the time by which a decision must have come has passed".to_owned())
    );
    // Refused until then.
    let mut tracked = Tracked::since(0, Some(50));
    assert_eq!(tracked.at(20, Event::NotCreated(unreachable())), "");
    assert_eq!(tracked.step.due_s, Some(50));
    assert_eq!(tracked.when_due(Event::Tick), too_late(": no luck"));
    let mut tracked = Tracked::since(0, Some(50));
    assert_eq!(tracked.at(60, Event::NotCreated(unreachable())), too_late(": no luck"));
    // Lost until then.
    let mut tracked = Tracked::since(0, Some(50));
    assert_eq!(tracked.when_due(Event::Tick), "recover");
    assert_eq!(tracked.absent(Recovery::Absent), too_late(""));
    assert_eq!(tracked.step.due_s, None);
    let mut tracked = Tracked::since(0, Some(50));
    assert_eq!(tracked.when_due(Event::Tick), "recover");
    assert_eq!(tracked.at(60, found("A")), "confirm A");
    assert_eq!(tracked.at(60, open()), "");
    assert_eq!(tracked.when_due(Event::Tick), "confirm A");
    assert_eq!(tracked.at(tracked.now_s, open()), "withdraw A");
}

#[test]
fn an_unknown_event_is_reported_once_and_changes_nothing_else() {
    let waiting = Tracked::waiting(None).step;
    let told = waiting.record.clone().unchanged("a new word".into(), 5);
    assert_eq!(
        actions(&told),
        "report: Tracking was told of something that it does not know: a new word."
    );
    assert_eq!((told.due_s, &told.record.phase), (waiting.due_s, &waiting.record.phase));
    assert_eq!(actions(&told.record.unchanged("another".into(), 6)), "");
}

/// The texts that tracking stored, by their version, and the SHA-256 of each file.
///
/// A host that has stored a text of one version may have stored any of them. So no file here changes: what
/// changes a text, or adds a case, gets the next version and a file of its own.
const STORED: [(u32, &str, &str); 2] = [
    (
        2,
        include_str!("../../../tests/vectors/records/2.jsonl"),
        "1a8f7b8e1ee5a93377a524a874ba77f9c519be9ed1806646f18638bd24c03874",
    ),
    (
        3,
        include_str!("../../../tests/vectors/records/3.jsonl"),
        "228172cdc47c152f3babef21c5164a2a4b5bbb60cd027cca102a85be6108040f",
    ),
];

/// A line of such a file.
#[derive(Deserialize)]
struct Stored<'a> {
    name: &'a str,
    #[serde(borrow)]
    record: &'a RawValue,
}

fn stored(version: u32) -> Vec<Stored<'static>> {
    let (_, lines, _) = STORED[usize::try_from(version).unwrap() - 2];
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn recorded_outcome(verdict: Verdict, evidence: Evidence) -> Event {
    let decided = |operator: &str, at: &str| Decision {
        operator: operator.into(),
        approved: verdict == Approved,
        remark: "同意 \"now\"".into(),
        at: at.into(),
        node_key: "a1b2".into(),
    };
    let decisions = match evidence {
        Evidence::Status => vec![],
        _ => vec![decided("bob", "2026-11-24 07:30:00"), decided("张三", "2026-11-24 07:35:37")],
    };
    let ticket = Ticket {
        sn: "REQ20261124000052".into(),
        id: "49".into(),
        title: "上线 \"orders\"".into(),
        creator: "carol".into(),
        service: "2".into(),
        status: "FINISHED".into(),
        created_at: "2026-11-24 07:26:12".into(),
        ended_at: Some("2026-11-24 07:35:37".into()).filter(|_| verdict != Terminated),
        updated_by: vec!["carol".into(), "bob".into()],
        updated_at: "2026-11-24 07:35:37".into(),
        ticket_url: "https://itsm.example.com/#/ticket/49/".into(),
    };
    Event::Confirmed(Confirmation::Ended(Outcome { ticket, verdict, evidence, decisions }))
}

/// How a record comes about.
type Past = fn(&mut Tracked);

/// A record in each phase, and with each word that is stored.
const PASTS: [(&str, Past); 23] = [
    ("asked to create", |_| {}),
    ("the answer to create is lost", |record| {
        record.at(1_005, Event::MaybeCreated(broken()));
        record.at(1_015, open());
    }),
    ("no ticket was made, for want of credentials", |record| {
        record.at(1_005, proven(Advice::FixCredentials));
    }),
    ("waiting", |record| {
        record.at(1_005, created(SN));
    }),
    ("waiting without a time for the decision", |record| {
        *record = Tracked::since(1_000, None);
        record.at(1_005, created(SN));
    }),
    ("too late, and asked whether the ticket is open", |record| {
        record.at(1_005, created(SN));
        record.at(9_000, Event::Tick);
    }),
    ("taking the ticket back failed", |record| {
        record.at(1_005, created(SN));
        record.at(9_000, Event::NotWithdrawn(broken()));
    }),
    ("taking the ticket back was denied", |record| {
        record.at(1_005, created(SN));
        record.at(9_000, Event::NotWithdrawn(refused_by_itsm()));
    }),
    ("the ticket can't be taken back", |record| {
        record.at(1_005, created(SN));
        record.at(9_000, Event::NotWithdrawn(refused_by_itsm()));
        record.at(9_000, open());
    }),
    ("everything was reported before the ticket", |record| {
        for (now_s, advice) in (1_001..).zip([
            Advice::FixCredentials,
            Advice::AskPermission,
            Advice::SendVerifiedUser,
            Advice::AllowHost("h:1".into()),
            Advice::CallOperator,
            Advice::Other("w".into()),
            Advice::WaitMs(1),
        ]) {
            record.at(now_s, proven(advice));
        }
    }),
    ("everything was reported of the ticket", |record| {
        record.at(1_001, created(SN));
        record.step = record.step.record.clone().unchanged("a new word".into(), 1_002);
        for confirmation in [
            Confirmation::Foreign,
            Confirmation::Missing,
            Confirmation::Ambiguous(vec![]),
            Confirmation::Untraceable,
            Confirmation::Ended(outcome("B", Approved)),
            Confirmation::Undecidable(ticket(SN), "its log can't be read".into()),
        ] {
            record.at(1_003, Event::Confirmed(confirmation));
        }
        record.at(1_004, created("B"));
        record.at(1_005, callback("B"));
        record.at(1_006, proven(Advice::GiveUp));
        record.at(9_000, Event::NotWithdrawn(refused_by_itsm()));
        record.at(9_000, open());
        record.at(9_001, recorded_outcome(Approved, Evidence::ApprovalResult));
        record.at(9_002, recorded_outcome(Rejected, Evidence::ApprovalResult));
    }),
    ("delivering an approval", |record| delivering(record, Approved, Evidence::ApprovalResult)),
    ("delivering a rejection", |record| delivering(record, Rejected, Evidence::Decisions)),
    ("delivering a completion", |record| delivering(record, Completed, Evidence::Decisions)),
    ("delivering a withdrawal", |record| delivering(record, Withdrawn, Evidence::Status)),
    ("delivering a ticket without an end", |record| {
        delivering(record, Terminated, Evidence::Status)
    }),
    ("delivered, approved", |record| delivered(record, Approved)),
    ("delivered, rejected", |record| delivered(record, Rejected)),
    ("delivered, completed", |record| delivered(record, Completed)),
    ("delivered, withdrawn", |record| delivered(record, Withdrawn)),
    ("delivered, terminated", |record| delivered(record, Terminated)),
    ("delivered, closed", |record| delivered(record, Closed)),
    ("abandoned", |record| {
        record.at(1_005, proven(Advice::GiveUp));
    }),
];

const SN: &str = "REQ20261124000052";

fn delivering(record: &mut Tracked, verdict: Verdict, evidence: Evidence) {
    record.at(1_005, created(SN));
    record.at(1_007, recorded_outcome(verdict, evidence));
}

fn delivered(record: &mut Tracked, verdict: Verdict) {
    delivering(record, verdict, Evidence::Decisions);
    record.at(1_008, Event::Delivered);
}

#[test]
fn each_record_is_written_and_read_as_this_version_always_did() {
    let stored = stored(VERSION);
    let names = |names: &[&str]| names.join("\n");
    assert_eq!(
        names(&PASTS.map(|(name, _)| name)),
        names(&stored.iter().map(|stored| stored.name).collect::<Vec<_>>())
    );
    for ((name, past), Stored { record: text, .. }) in PASTS.into_iter().zip(stored) {
        let mut tracked = Tracked::since(1_000, Some(9_000));
        past(&mut tracked);
        assert_eq!(tracked.text(), text.get(), "{name}");
        assert_eq!(Record::from_json(text.get()).as_ref(), Ok(&tracked.step.record), "{name}");
    }
}

#[test]
fn a_stored_text_never_changes_within_its_version() {
    for (version, lines, expected) in STORED {
        let hash = crate::domain::text::hex(&Sha256::digest(lines));
        assert_eq!(
            hash, expected,
            "hosts have stored records of version {version} as this file had them: \
             leave it, raise VERSION, and write the new texts into a file of their own"
        );
    }
    assert_eq!(STORED.map(|(version, ..)| version).last(), Some(&VERSION));
}

/// The cases of an enum as they are stored, which serde tells of itself.
fn cases<T: DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<T>("\"?\"").err().unwrap().to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

#[test]
fn each_case_that_a_record_can_hold_is_among_the_stored_texts() {
    #[derive(Deserialize)]
    struct StoredVerdict(
        #[serde(with = "VerdictText")]
        #[expect(dead_code)]
        Verdict,
    );
    #[derive(Deserialize)]
    struct StoredEvidence(
        #[serde(with = "EvidenceText")]
        #[expect(dead_code)]
        Evidence,
    );

    let texts: String = stored(VERSION).iter().map(|stored| stored.record.get()).collect();
    let mut missing = BTreeSet::new();
    for (what, number, cases) in [
        ("phases", 5, cases::<Phase>()),
        ("requests", 3, cases::<Request>()),
        ("withdrawals", 5, cases::<Withdrawal>()),
        ("reasons", 13, cases::<Reason>()),
        ("outlooks", 3, cases::<Outlook>()),
        ("remedies", 6, cases::<Remedy>()),
        ("verdicts", 6, cases::<StoredVerdict>()),
        ("evidence", 3, cases::<StoredEvidence>()),
    ] {
        assert!(cases.len() >= number, "{what}: {cases:?}");
        let is_missing = |case: &String| !texts.contains(&format!("\"{case}\""));
        missing.extend(cases.into_iter().filter(is_missing));
    }
    assert!(missing.is_empty(), "write texts with {missing:?}, as the next version");
}

#[test]
fn records_of_version_2_go_on_from_what_still_means_the_same() {
    let sent = || Phase::Creating(Request::Sent);
    let lost = || Phase::Creating(Request::Lost { waited_s: 0 });
    let waiting = || Phase::waiting(SN.to_owned());
    let delivered = |verdict| Phase::Delivered { sn: SN.to_owned(), verdict };
    let expected = [
        ("asked to create", sent(), "recover"),
        ("the answer to create is lost", lost(), "recover"),
        ("looked up, and not there so far", lost(), "recover"),
        ("waiting", waiting(), "confirm REQ20261124000052"),
        ("waiting, without news", waiting(), "confirm REQ20261124000052"),
        // A verdict of weaker rules is never handed over on that word.
        ("delivering an approval", waiting(), "confirm REQ20261124000052"),
        ("delivering a rejection", waiting(), "confirm REQ20261124000052"),
        ("delivering a withdrawal", waiting(), "confirm REQ20261124000052"),
        ("delivered, approved", delivered(Approved), ""),
        ("delivered, rejected", delivered(Rejected), ""),
        ("delivered, withdrawn", delivered(Withdrawn), ""),
        ("delivered, terminated", delivered(Terminated), ""),
        ("delivered, closed", delivered(Closed), ""),
        ("abandoned", Phase::Abandoned { why: "ITSM made no ticket".to_owned() }, ""),
    ];
    let stored = stored(2);
    assert_eq!(stored.len(), expected.len());
    for (Stored { name, record }, (expected_name, phase, first)) in stored.iter().zip(expected) {
        assert_eq!(*name, expected_name);
        let record = Record::from_json(record.get()).unwrap();
        assert_eq!(record, Record::new("op1".to_owned(), None, phase), "{name}");
        // Stored as this version's, and asked for at once.
        let step = record.advance(Event::Tick, 100_000);
        let text = step.record.to_json().unwrap();
        assert_eq!(Record::from_json(&text).as_ref(), Ok(&step.record), "{name}");
        assert_eq!(actions(&step), first, "{name}");
    }
}

#[test]
fn a_newer_components_record_is_refused_with_the_word_to_use_that_component() {
    let stored = |version: u32, name: &str| {
        let stored = stored(version).into_iter().find(|stored| stored.name == name).unwrap();
        stored.record.get().to_owned()
    };
    let next = format!(r#"{{"version":{},"what":"ever"}}"#, VERSION + 1);
    let newer =
        "the record has version 4, and this component knows only up to 3: use the newer component";
    assert_eq!(Record::from_json(&next).unwrap_err(), newer);
    for (version, name, from, to) in [
        (3, "delivered, approved", "approved", "escalated"),
        (3, "delivered, approved", "approved", "open"),
        (3, "delivered, approved", "delivered", "archived"),
        (3, "delivered, approved", r#""sn":"#, r#""number":"#),
        (3, "delivered, approved", r#","reported":[]"#, ""),
        (3, "delivering an approval", r#""creator":"#, r#""made_by":"#),
        (3, "delivering an approval", r#""remark":"#, r#""level":1,"remark":"#),
        (3, "delivering an approval", "approval-result", "signature"),
        (3, "waiting", "not-yet", "planned"),
        (3, "waiting", r#""reported":[]"#, r#""reported":["weather"]"#),
        (2, "delivered, approved", "approved", "escalated"),
        (2, "waiting", "waiting", "pausing"),
    ] {
        let text = stored(version, name);
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let why = format!(
            "the record has version {version}, but not the form that this component knows: use the newer component that wrote it"
        );
        assert_eq!(Record::from_json(&changed), Err(why), "{changed}");
    }
}

#[test]
fn a_text_that_no_component_wrote_is_refused() {
    let half = &stored(VERSION)[0].record.get()[..40];
    for junk in
        ["", "{}", "[]", "3", half, r#"{"version":-1}"#, r#"{"version":0}"#, r#"{"version":1}"#]
    {
        let why = Record::from_json(junk).unwrap_err();
        assert_eq!(why, "the record is not one that tracking wrote", "{junk}");
    }
}
