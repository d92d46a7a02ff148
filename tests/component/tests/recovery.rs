//! What is lost, foreign, doubled or not yet there: each has its own answer, and none is an outcome.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use component_tests::wit_tickets::NewTicket;
use component_tests::wit_types::{Confirmation, Connection, Evidence, Origin, Recovery, Verdict};
use component_tests::{Host, fast_ticket, gateway};
use fake_itsm::{FakeItsm, Fault, Options};

macro_rules! call {
    ($interface:ident . $function:ident ( $($argument:expr),* )) => {{
        let (mut store, instance) = Host::new().instance().await;
        instance.$interface().$function(&mut store, $($argument),*).await.expect("no trap")
    }};
}

async fn start() -> (FakeItsm, Connection) {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let connection = gateway(&fake.url());
    (fake, connection)
}

fn ticket(operation: &str) -> NewTicket {
    NewTicket {
        operation_id: operation.to_owned(),
        ..fast_ticket()
    }
}

async fn create(fake: &FakeItsm, connection: &Connection, operation: &str) -> String {
    let created = Host::new()
        .create(connection, &ticket(operation))
        .await
        .unwrap();
    fake.started(&created.sn).await.unwrap();
    created.sn
}

/// A confirmation in a word.
fn word(confirmation: &Confirmation) -> String {
    match confirmation {
        Confirmation::Ended(outcome) => match outcome.verdict {
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
            Verdict::Withdrawn => "withdrawn",
            Verdict::Terminated => "terminated",
            Verdict::Closed => "closed",
            Verdict::Open => "open, as an outcome",
        },
        Confirmation::Open(_) => "open",
        Confirmation::Undecided(_) => "undecided",
        Confirmation::Foreign => "foreign",
        Confirmation::Missing => "missing",
        Confirmation::Ambiguous(_) => "ambiguous",
        Confirmation::TagsIgnored => "tags ignored",
        Confirmation::Other(words) => words,
    }
    .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn confirming_ties_the_number_to_the_operation() {
    let (fake, c) = start().await;
    let ours = create(&fake, &c, "ours").await;
    let theirs = create(&fake, &c, "theirs").await;
    fake.approve(&theirs, "bob").await.unwrap();
    let confirm = async |sn: &str, operation: Option<&str>| {
        word(&Host::new().confirm(&c, sn, operation).await.unwrap())
    };
    assert_eq!(confirm(&ours, Some("ours")).await, "open");
    assert_eq!(confirm(&theirs, Some("ours")).await, "foreign");
    assert_eq!(confirm("REQ20261124999999", Some("ours")).await, "missing");
    assert_eq!(confirm("REQ20261124999999", None).await, "missing");
    assert_eq!(confirm(&theirs, Some("theirs")).await, "approved");

    // Finished by a trigger, on a running ticket: the result is not even asked for.
    let asked = fake.exchanges_of("ticket_approval_result").len();
    fake.set_status(&ours, "FINISHED").unwrap();
    assert_eq!(confirm(&ours, Some("ours")).await, "open");
    assert_eq!(fake.exchanges_of("ticket_approval_result").len(), asked);

    // The result is not visible yet.
    fake.approve(&ours, "bob").await.unwrap();
    fake.fault("ticket_approval_result", Fault::ResultNotVisible, 1);
    assert_eq!(confirm(&ours, Some("ours")).await, "undecided");
    assert_eq!(confirm(&ours, Some("ours")).await, "approved");

    // A server that ignores tags would confirm anybody's ticket.
    fake.fault("get_tickets", Fault::TagsIgnored, 2);
    assert_eq!(confirm(&theirs, Some("ours")).await, "tags ignored");
    assert_eq!(confirm(&theirs, None).await, "approved");

    // Two rows for one number.
    fake.fault("create_ticket", Fault::DuplicateSn, 1);
    let doubled = Host::new().create(&c, &ticket("third")).await.unwrap().sn;
    assert_eq!(doubled, theirs);
    assert_eq!(confirm(&doubled, None).await, "ambiguous");
    assert_eq!(confirm(&doubled, Some("third")).await, "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_ending_has_its_verdict_and_only_finished_ones_are_asked_for_their_result() {
    let (fake, c) = start().await;
    let mut sns = Vec::new();
    for (index, verdict) in [
        "approved",
        "rejected",
        "withdrawn",
        "terminated",
        "closed",
        "open",
    ]
    .into_iter()
    .enumerate()
    {
        let sn = create(&fake, &c, &format!("op{index}")).await;
        match verdict {
            "approved" => fake.approve(&sn, "bob").await.unwrap(),
            "rejected" => fake.refuse(&sn, "bob", "no").await.unwrap(),
            "withdrawn" => fake.withdraw(&sn, "alice").await.unwrap(),
            "terminated" => fake.terminate(&sn, "bob").await.unwrap(),
            "closed" => fake.end_with(&sn, "DONE_OK").await.unwrap(),
            _ => fake.set_status(&sn, "SUSPENDED").unwrap(),
        }
        let confirmed = Host::new()
            .confirm(&c, &sn, Some(&format!("op{index}")))
            .await
            .unwrap();
        assert_eq!(word(&confirmed), verdict);
        if let Confirmation::Ended(outcome) = confirmed {
            let by_result = matches!(verdict, "approved" | "rejected");
            let expected = if by_result {
                Evidence::ApprovalResult
            } else {
                Evidence::Status
            };
            assert_eq!(outcome.evidence, expected);
        }
        sns.push(sn);
    }
    // The same for all at once, with strangers among them, in the order given.
    fake.mark_failed(sns.clone());
    sns.insert(2, "REQ20261124999999".to_owned());
    let seen = fake.exchanges().len();
    let reconciled = call!(blueking_itsm_tickets.call_reconcile(&c, &sns)).unwrap();
    assert_eq!(fake.exchanges().len() - seen, 2);
    let words: Vec<_> = reconciled
        .iter()
        .map(|row| word(&row.confirmation))
        .collect();
    assert_eq!(
        words,
        [
            "approved",
            "rejected",
            "missing",
            "withdrawn",
            "terminated",
            "closed",
            "open"
        ]
    );
    let answered: Vec<_> = reconciled.iter().map(|row| row.sn.clone()).collect();
    assert_eq!(answered, sns);
    // Only the two that are FINISHED were taken off the failed list.
    assert_eq!(
        fake.failed_callbacks(),
        [&sns[3], &sns[4], &sns[5], &sns[6]].map(Clone::clone)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciling_takes_one_to_fifty_of_ones_own_and_a_huge_failed_list_changes_nothing() {
    let (fake, c) = start().await;
    let own = create(&fake, &c, "own").await;
    fake.approve(&own, "bob").await.unwrap();
    fake.mark_failed((0..100_000).map(|index| format!("REQ1999{index:09}")));
    fake.mark_failed([own.clone()]);
    let reconciled =
        call!(blueking_itsm_tickets.call_reconcile(&c, std::slice::from_ref(&own))).unwrap();
    assert_eq!(word(&reconciled[0].confirmation), "approved");
    assert!(fake.exchanges_of("callback_failed_ticket").is_empty());
    assert_eq!(fake.failed_callbacks().len(), 100_000);
    let among = Host::new()
        .failed_callbacks(&c, &[&own, "REQ1999000000042"])
        .await
        .unwrap();
    assert_eq!(among, ["REQ1999000000042"]);
    for count in [0, 51] {
        let sns = vec![own.clone(); count];
        let refused = call!(blueking_itsm_tickets.call_reconcile(&c, &sns)).unwrap_err();
        assert_eq!(refused.origin, Origin::Argument);
    }
    let fifty = vec![own; 50];
    assert_eq!(
        call!(blueking_itsm_tickets.call_reconcile(&c, &fifty))
            .unwrap()
            .len(),
        50
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_operation_is_found_by_its_tag_and_nothing_else_is_taken_for_it() {
    let (fake, c) = start().await;
    let recover =
        async |ticket: &NewTicket| call!(blueking_itsm_tickets.call_recover(&c, ticket)).unwrap();
    assert_eq!(recover(&ticket("op1")).await, Recovery::Absent);

    fake.fault("create_ticket", Fault::DropAfterExecuting, 1);
    let failure = Host::new().create(&c, &ticket("op1")).await.unwrap_err();
    assert!(failure.may_have_acted);
    assert_eq!(fake.exchanges_of("create_ticket").len(), 1);
    let sn = fake.tickets()[0].sn.clone();
    match recover(&ticket("op1")).await {
        Recovery::Found(created) => assert_eq!(created.sn, sn),
        other => panic!("{other:?}"),
    }
    let another = NewTicket {
        title: "another title".to_owned(),
        ..ticket("op1")
    };
    assert!(matches!(recover(&another).await, Recovery::Another(tickets) if tickets.len() == 1));

    fake.fault("get_tickets", Fault::TagsIgnored, 1);
    assert_eq!(recover(&ticket("op1")).await, Recovery::TagsIgnored);

    create(&fake, &c, "op1").await;
    assert!(
        matches!(recover(&ticket("op1")).await, Recovery::Several(tickets) if tickets.len() == 2)
    );
}
