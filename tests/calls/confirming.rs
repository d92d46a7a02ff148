//! What became of a ticket: `confirm`, `confirm_own`, `reconcile` and `recover`.

use crate::scripted::*;
use blueking_itsm::domain::confirmation::{Confirmation, Recovery};
use blueking_itsm::domain::failure::{Advice, Origin};
use blueking_itsm::domain::new_ticket::{NewTicket, Service};
use blueking_itsm::domain::secret::Secret;
use blueking_itsm::domain::verdict::Evidence::{self, ApprovalResult, Decisions, Status};
use blueking_itsm::domain::verdict::Verdict::{self, *};
use serde_json::{Value, json};

fn tag() -> Secret {
    Secret::new("thetagofthisticket".into())
}

/// A confirmation in a word.
fn word(confirmation: &Confirmation) -> &'static str {
    match confirmation {
        Confirmation::Ended(_) => "ended",
        Confirmation::Open(_) => "open",
        Confirmation::Undecided(_) => "undecided",
        Confirmation::Undecidable(..) => "undecidable",
        Confirmation::Foreign => "foreign",
        Confirmation::Missing => "missing",
        Confirmation::Ambiguous(_) => "ambiguous",
        Confirmation::Untraceable => "untraceable",
    }
}

const NONE: &[Value] = &[];

#[test]
fn a_ticket_that_somebody_names_is_found_by_its_tag_alone() {
    // The tag's tickets, then those of a tag that nobody has.
    for (tagged, of_nobody, expected) in [
        (vec![], NONE, "untraceable"),
        (vec![], &[open("S")], "untraceable"),
        (vec![open("S")], &[open("S")], "untraceable"),
        (vec![open("S")], NONE, "open"),
        // ITSM compares numbers without regard to case.
        (vec![open("s")], NONE, "open"),
        (vec![open("T")], NONE, "foreign"),
        (vec![open("S"), open("T")], NONE, "ambiguous"),
        (vec![open("S"), open("S")], NONE, "ambiguous"),
    ] {
        let mut client = client(vec![page(&tagged), page(of_nobody)]);
        assert_eq!(word(&client.confirm("S", &tag()).unwrap()), expected, "{tagged:?}");
        assert_eq!(events(&client), ["get_tickets + get_tickets"], "{tagged:?}");
        let Event::Request { parameters, .. } = &client.transport.events[0] else { panic!() };
        assert!(parameters.contains("thetagofthisticket"), "{parameters}");
        assert!(!parameters.contains("sn"), "the number narrows nothing: {parameters}");
    }
}

type Ended = (Verdict, Evidence, usize);

/// A ticket, what the server says of it, what follows, and what was asked for it.
type Case = (Value, Vec<Step>, Result<Ended, &'static str>, &'static [&'static str]);

#[test]
fn the_status_settles_every_ending_but_finished_which_rests_on_result_and_log() {
    const BOTH: &[&str] = &["ticket_approval_result + get_ticket_logs"];
    let ended = |status| row("S", status, Some(ENDED_AT));
    let cases: Vec<Case> = vec![
        (open("S"), vec![], Err("open"), &[]),
        // A trigger wrote the status on a running ticket.
        (row("S", "FINISHED", None), vec![], Err("open"), &[]),
        (ended("REVOKED"), vec![], Ok((Withdrawn, Status, 0)), &[]),
        (ended("TERMINATED"), vec![], Ok((Terminated, Status, 0)), &[]),
        (ended("SHELVED"), vec![], Ok((Closed, Status, 0)), &[]),
        (finished("S"), vec![results(&[]), log("S", &[true])], Err("undecided"), BOTH),
        // A log that can't be read is of no account before there is a result.
        (finished("S"), vec![results(&[]), user_wanted()], Err("undecided"), BOTH),
        // Two rows of one number: which is ours, nobody knows.
        (
            finished("S"),
            vec![results(&[("S", true), ("S", true)]), log("S", &[true])],
            Err("undecided"),
            BOTH,
        ),
        (
            finished("S"),
            vec![results(&[("S", true)]), log("S", &[true])],
            Ok((Approved, ApprovalResult, 1)),
            BOTH,
        ),
        (
            finished("S"),
            vec![results(&[("S", false)]), log("S", &[true])],
            Ok((Rejected, ApprovalResult, 1)),
            BOTH,
        ),
        (
            finished("S"),
            vec![results(&[("S", true)]), log("S", &[true, false])],
            Ok((Rejected, ApprovalResult, 2)),
            BOTH,
        ),
        (
            finished("S"),
            vec![results(&[("S", true)]), log("S", &[])],
            Ok((Completed, ApprovalResult, 0)),
            BOTH,
        ),
        (finished("S"), vec![user_wanted(), log("S", &[true])], Ok((Approved, Decisions, 1)), BOTH),
        (
            finished("S"),
            vec![results(&[("S", true)]), data(json!({"sn": "S", "logs": []}))],
            Err("undecidable"),
            BOTH,
        ),
    ];
    for (ticket, steps, expected, asked) in cases {
        let steps = [page(std::slice::from_ref(&ticket))].into_iter().chain(steps).collect();
        let mut client = client(steps);
        let confirmation = client.confirm_own("S").unwrap();
        let told = match &confirmation {
            Confirmation::Ended(outcome) => {
                Ok((outcome.verdict, outcome.evidence, outcome.decisions.len()))
            }
            other => Err(word(other)),
        };
        assert_eq!(told, expected, "{ticket}");
        assert_eq!(events(&client), [&["get_tickets"], asked].concat(), "{ticket}");
    }
}

#[test]
fn ones_own_number_is_missing_or_ambiguous_where_not_one_ticket_has_it() {
    for (rows, expected) in [
        (vec![], "missing"),
        (vec![open("S")], "open"),
        (vec![open("S"), row("S", "REVOKED", Some(ENDED_AT))], "ambiguous"),
    ] {
        // Two tickets differ by their ids.
        let mut rows = rows;
        for (id, row) in rows.iter_mut().enumerate() {
            row["id"] = id.into();
        }
        let mut client = client(vec![page(&rows)]);
        assert_eq!(word(&client.confirm_own("S").unwrap()), expected);
        assert_eq!(events(&client), ["get_tickets"]);
    }
}

#[test]
fn reconciling_answers_each_number_in_its_order_and_reads_results_once() {
    let sns = ["A", "b", "C", "D", "A"].map(str::to_owned);
    let steps = vec![
        page(&[finished("D"), open("A"), finished("B"), open("E-of-nobody")][..3]),
        results(&[("B", true), ("D", false)]),
        log("B", &[true]),
        log("D", &[false]),
    ];
    let mut client = client(steps);
    let answers = client.reconcile(&sns).unwrap();
    let told: Vec<_> = answers
        .iter()
        .map(|(sn, confirmation)| match confirmation {
            Confirmation::Ended(outcome) => (sn.as_str(), format!("{:?}", outcome.verdict)),
            other => (sn.as_str(), word(other).to_owned()),
        })
        .collect();
    let expected =
        [("A", "open"), ("b", "Approved"), ("C", "missing"), ("D", "Rejected"), ("A", "open")];
    assert_eq!(told, expected.map(|(sn, word)| (sn, word.to_owned())));
    assert_eq!(
        events(&client),
        ["get_tickets", "ticket_approval_result", "get_ticket_logs + get_ticket_logs"]
    );
}

#[test]
fn a_page_of_other_tickets_is_a_failure_and_never_takes_one_for_missing() {
    for rows in [vec![open("T")], vec![open("S"), open("T")]] {
        let mut client = client(vec![page(&rows)]);
        let failure = client.confirm_own("S").unwrap_err();
        assert_eq!(failure.origin, Origin::Answer);
        assert!(failure.message.contains("other numbers"), "{}", failure.message);
        events(&client);
    }
}

#[test]
fn each_page_of_many_tickets_is_read_and_a_row_that_moved_counts_once() {
    let mut other = open("S");
    other["id"] = 31.into();
    for (second, expected) in [(vec![open("S")], "open"), (vec![open("S"), other], "ambiguous")] {
        let mut client = client(vec![paged(1, 2, &[open("S")]), paged(2, 2, &second)]);
        assert_eq!(word(&client.confirm_own("S").unwrap()), expected);
        assert_eq!(events(&client), ["get_tickets", "get_tickets"]);
    }
}

#[test]
fn a_server_that_gives_another_page_than_asked_for_is_a_failure() {
    for answers in
        [vec![paged(2, 2, &[])], vec![paged(1, 2, &[open("S")]), paged(1, 2, &[open("S")])]]
    {
        let failure = client(answers).confirm_own("S").unwrap_err();
        assert_eq!(failure.origin, Origin::Answer);
        assert!(failure.message.contains("another page"), "{}", failure.message);
    }
}

#[test]
fn what_is_no_number_and_no_tag_is_refused_before_anything_is_asked() {
    let long = "x".repeat(65);
    for sn in ["", " S", "S\n", long.as_str()] {
        let mut client = client(vec![]);
        for failure in [
            client.confirm(sn, &tag()).unwrap_err(),
            client.confirm_own(sn).unwrap_err(),
            client.reconcile(&[sn.to_owned()]).unwrap_err(),
            client.explain(sn).unwrap_err(),
        ] {
            assert!(matches!(failure.advice, Advice::FixArgument(_)), "{sn:?}");
            assert!(!failure.may_have_acted);
        }
        assert!(events(&client).is_empty());
    }
    for tag in ["", "UPPER", "with blank", &"x".repeat(33)] {
        let mut client = client(vec![]);
        let failure = client.confirm("S", &Secret::new(tag.into())).unwrap_err();
        assert_eq!(failure.advice, Advice::FixArgument("tag".into()));
        assert!(tag.is_empty() || !failure.message.contains(tag), "a tag is a secret");
        assert!(events(&client).is_empty());
    }
    for count in [0, 51] {
        let mut client = client(vec![]);
        let failure = client.reconcile(&vec!["S".to_owned(); count]).unwrap_err();
        assert_eq!(failure.advice, Advice::FixArgument("sns".into()));
        assert!(events(&client).is_empty());
    }
}

fn ticket() -> NewTicket {
    NewTicket {
        tag: tag(),
        service: Service::Id(2),
        creator: "carol".into(),
        title: "Deploy".into(),
        fields: vec![],
        processors: vec![],
        callback: None,
        extra_json: None,
    }
}

#[test]
fn a_lost_ticket_is_absent_only_on_a_server_that_would_have_found_it() {
    let by_another = || {
        let mut row = open("T");
        row["creator"] = "mallory".into();
        row
    };
    let one = || page(&[open("S")]);
    let none = || page(NONE);
    const BOTH: &str = "get_tickets + get_tickets";
    // Tickets of the operation's tag, of a tag that nobody has, of a project that nobody has.
    for (steps, expected) in [
        (vec![one(), one()], "untraceable"),
        (vec![none(), one()], "untraceable"),
        (vec![none(), none(), none()], "absent"),
        (vec![none(), none(), one()], "untraceable"),
        (vec![one(), none()], "found"),
        (vec![page(&[open("S"), open("T")]), none()], "ambiguous"),
        (vec![page(&[by_another()]), none()], "mismatched"),
        (vec![page(&[open("S"), by_another()]), none()], "mismatched"),
    ] {
        let asked: &[&str] = if steps.len() == 2 { &[BOTH] } else { &[BOTH, "get_tickets"] };
        let mut client = client(steps);
        let told = match client.recover(&ticket()).unwrap() {
            Recovery::Found(created) => {
                assert_eq!((created.sn.as_str(), created.id.as_str()), ("S", "30"));
                "found"
            }
            Recovery::Ambiguous(_) => "ambiguous",
            Recovery::Mismatched(_) => "mismatched",
            Recovery::Absent => "absent",
            Recovery::Untraceable => "untraceable",
        };
        assert_eq!(told, expected);
        assert_eq!(events(&client), asked);
    }
}

#[test]
fn a_failure_on_the_way_to_a_lost_ticket_is_never_its_absence() {
    for (refused, asked) in [(0, 2), (1, 2), (2, 3)] {
        let answer = |place| match place == refused {
            true => refusal(json!("SERVER_500_ERROR"), "no"),
            false => page(NONE),
        };
        let mut client = client((0..asked).map(answer).collect());
        assert_eq!(client.recover(&ticket()).unwrap_err().origin, Origin::Itsm);
        events(&client);
    }
    let mut client = client(vec![]);
    let failure = client.recover(&NewTicket { title: " ".into(), ..ticket() }).unwrap_err();
    assert_eq!(failure.advice, Advice::FixArgument("ticket.title".into()));
    assert!(events(&client).is_empty());
}
