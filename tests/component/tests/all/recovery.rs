//! What is lost, foreign, doubled or not yet there: each has its own answer, and none is an outcome.

use crate::set_up::{create, start, ticket, word};
use component_tests::wit_tickets::NewTicket;
use component_tests::wit_types::{Confirmation, Evidence, Origin, Recovery};
use component_tests::{Host, call};
use fake_itsm::{Fault, Options, Tags};

#[tokio::test(flavor = "multi_thread")]
async fn confirming_ties_the_number_to_the_operation_by_its_tag_alone() {
    let (fake, c) = start(Options::default()).await;
    let ours = create(&fake, &c, &ticket("ours")).await;
    let theirs = create(&fake, &c, &ticket("theirs")).await;
    let twice = create(&fake, &c, &ticket("twice")).await;
    create(&fake, &c, &ticket("twice")).await;
    fake.approve(&theirs, "bob").await.unwrap();
    let (ours_in_lower_case, nobodys) = (ours.to_lowercase(), "REQ20261124999999");
    for (sn, tag, expected) in [
        (ours.as_str(), "ours", "open"),
        (&ours_in_lower_case, "ours", "open"),
        (&theirs, "theirs", "approved"),
        (&theirs, "ours", "foreign"),
        (nobodys, "ours", "foreign"),
        (&twice, "twice", "ambiguous"),
        (&ours, "twice", "ambiguous"),
        (&ours, "nobodys", "untraceable"),
        (nobodys, "nobodys", "untraceable"),
    ] {
        let confirmed = Host::new().confirm(&c, sn, tag).await.unwrap();
        assert_eq!(word(&confirmed), expected, "{sn} with the tag {tag}");
    }
    for tag in ["", " ours", "Ours", "a tag"] {
        let refused = Host::new().confirm(&c, &ours, tag).await.unwrap_err();
        assert_eq!(refused.origin, Origin::Argument, "{tag}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_number_needs_no_tag() {
    let (fake, c) = start(Options::default()).await;
    let sn = create(&fake, &c, &ticket("op1")).await;
    let confirm = async |sn: &str| word(&Host::new().confirm_own(&c, sn).await.unwrap());
    assert_eq!(confirm("REQ20261124999999").await, "missing");
    assert_eq!(confirm(&sn.to_lowercase()).await, "open");

    // Finished by a trigger, on a running ticket: the result is not even asked for.
    fake.set_status(&sn, "FINISHED").unwrap();
    assert_eq!(confirm(&sn).await, "open");
    assert!(fake.exchanges_of("ticket_approval_result").is_empty());

    // The result is not visible yet.
    fake.approve(&sn, "bob").await.unwrap();
    fake.fault("ticket_approval_result", Fault::ResultNotVisible, 1);
    assert_eq!(confirm(&sn).await, "undecided");
    assert_eq!(confirm(&sn).await, "approved");

    // Two rows for one number. The tag still tells whose it is.
    fake.fault("create_ticket", Fault::DuplicateSn, 1);
    let doubled = Host::new().create(&c, &ticket("op2")).await.unwrap().sn;
    assert_eq!(doubled, sn);
    assert_eq!(confirm(&sn).await, "ambiguous");
    let second = Host::new().confirm(&c, &doubled, "op2").await.unwrap();
    assert_eq!(word(&second), "open");
}

/// A recovery in a word.
fn found(recovery: &Recovery) -> &str {
    match recovery {
        Recovery::Found(_) => "found",
        Recovery::Ambiguous(_) => "ambiguous",
        Recovery::Mismatched(_) => "mismatched",
        Recovery::Absent => "absent",
        Recovery::Untraceable => "untraceable",
        Recovery::Other(words) => words,
    }
}

/// No ticket is taken for one's own, and none for absent, where nothing can be found.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_with_tags_decides_what_can_be_said() {
    for (tags, confirmed, lost, absent, diagnosed) in [
        (Tags::Stored, "approved", "found", "absent", "tickets are found by their tag"),
        (
            Tags::FilteredNotStored,
            "untraceable",
            "untraceable",
            "untraceable",
            "does not store them",
        ),
        (Tags::Ignored, "untraceable", "untraceable", "untraceable", "ignores tags"),
    ] {
        let (fake, c) = start(Options { tags, ..Options::default() }).await;
        let sn = create(&fake, &c, &ticket("ours")).await;
        fake.approve(&sn, "bob").await.unwrap();
        let host = Host::new();
        let said = async |tag: &str| word(&host.confirm(&c, &sn, tag).await.unwrap());
        assert_eq!(said("ours").await, confirmed, "{tags:?}");
        assert_eq!(said("nobodys").await, "untraceable", "{tags:?}");
        let recover = async |tag: &str| host.recover(&c, &ticket(tag)).await.unwrap();
        assert_eq!(found(&recover("ours").await), lost, "{tags:?}");
        assert_eq!(found(&recover("nobodys").await), absent, "{tags:?}");
        // A number of one's own needs no tag.
        let own = host.confirm_own(&c, &sn).await.unwrap();
        assert_eq!(word(&own), "approved", "{tags:?}");
        let findings = call!(host => blueking_itsm_diagnosis.call_diagnose(&c)).unwrap();
        let about_tags = &findings[0].words;
        assert!(about_tags.contains(diagnosed), "{tags:?}: {about_tags}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_operation_is_found_by_its_tag_and_nothing_else_is_taken_for_it() {
    let (fake, c) = start(Options::default()).await;
    let recover = async |ticket: &NewTicket| Host::new().recover(&c, ticket).await.unwrap();
    let lost = NewTicket { title: "给 O'Brien <ops@x> 开户".to_owned(), ..ticket("op1") };
    assert_eq!(recover(&lost).await, Recovery::Absent);

    fake.fault("create_ticket", Fault::DropAfterExecuting, 1);
    let failure = Host::new().create(&c, &lost).await.unwrap_err();
    assert!(failure.may_have_acted);
    assert_eq!(fake.exchanges_of("create_ticket").len(), 1);
    let sn = fake.tickets()[0].sn.clone();
    fake.started(&sn).await.unwrap();
    let made = fake.ticket(&sn).unwrap();
    assert_ne!(made.title, lost.title, "the server was to rewrite it");
    match recover(&lost).await {
        Recovery::Found(created) => assert_eq!(created.sn, sn),
        other => panic!("{other:?}"),
    }
    fake.edit_title(&sn, "alice", "another title").unwrap();
    assert_eq!(found(&recover(&lost).await), "found");

    let of_another = NewTicket { creator: "mallory".to_owned(), ..lost.clone() };
    match recover(&of_another).await {
        Recovery::Mismatched(tickets) => assert_eq!(tickets[0].sn, sn),
        other => panic!("{other:?}"),
    }
    create(&fake, &c, &of_another).await;
    assert_eq!(found(&recover(&lost).await), "mismatched");

    create(&fake, &c, &ticket("op2")).await;
    create(&fake, &c, &ticket("op2")).await;
    match recover(&ticket("op2")).await {
        Recovery::Ambiguous(tickets) => assert_eq!(tickets.len(), 2),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_ending_has_its_verdict_and_only_finished_ones_are_asked_for_their_result() {
    let (fake, c) = start(Options::default()).await;
    let endings = ["approved", "rejected", "withdrawn", "terminated", "closed", "open"];
    let mut sns = Vec::new();
    for (index, ending) in endings.into_iter().enumerate() {
        let tag = format!("op{index}");
        let sn = create(&fake, &c, &ticket(&tag)).await;
        match ending {
            "approved" => fake.approve(&sn, "bob").await.unwrap(),
            "rejected" => fake.refuse(&sn, "bob", "no").await.unwrap(),
            "withdrawn" => fake.withdraw(&sn, "alice").await.unwrap(),
            "terminated" => fake.terminate(&sn, "bob").await.unwrap(),
            "closed" => fake.end_with(&sn, "DONE_OK").await.unwrap(),
            _ => fake.set_status(&sn, "SUSPENDED").unwrap(),
        }
        let confirmed = Host::new().confirm(&c, &sn, &tag).await.unwrap();
        assert_eq!(word(&confirmed), ending);
        if let Confirmation::Ended(outcome) = confirmed {
            let by_result = matches!(ending, "approved" | "rejected");
            let (evidence, decisions) =
                if by_result { (Evidence::ApprovalResult, 1) } else { (Evidence::Status, 0) };
            assert_eq!((outcome.evidence, outcome.decisions.len()), (evidence, decisions));
        }
        sns.push(sn);
    }
    // The same for all at once, with strangers among them, in the order given.
    fake.mark_failed(sns.clone());
    sns.insert(2, "REQ20261124999999".to_owned());
    let seen = fake.exchanges().len();
    let reconciled = call!(Host::new() => blueking_itsm_tickets.call_reconcile(&c, &sns)).unwrap();
    let asked: Vec<_> =
        fake.exchanges()[seen..].iter().map(|exchange| exchange.action.clone()).collect();
    // One for the tickets, one for the results, and one for the log of each that is FINISHED.
    assert_eq!(
        asked,
        ["get_tickets", "ticket_approval_result", "get_ticket_logs", "get_ticket_logs"]
    );
    let words: Vec<_> = reconciled.iter().map(|row| word(&row.confirmation)).collect();
    assert_eq!(
        words,
        ["approved", "rejected", "missing", "withdrawn", "terminated", "closed", "open"]
    );
    let answered: Vec<_> = reconciled.iter().map(|row| row.sn.clone()).collect();
    assert_eq!(answered, sns);
    // Only the two that are FINISHED were taken off the failed list.
    assert_eq!(fake.failed_callbacks(), [&sns[3], &sns[4], &sns[5], &sns[6]].map(Clone::clone));
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciling_takes_one_to_fifty_of_ones_own_and_a_huge_failed_list_changes_nothing() {
    let (fake, c) = start(Options::default()).await;
    let own = create(&fake, &c, &ticket("own")).await;
    fake.approve(&own, "bob").await.unwrap();
    fake.mark_failed((0..100_000).map(|index| format!("REQ1999{index:09}")));
    fake.mark_failed([own.clone()]);
    let host = Host::new();
    let reconcile =
        async |sns: &[String]| call!(host => blueking_itsm_tickets.call_reconcile(&c, sns));
    let reconciled = reconcile(std::slice::from_ref(&own)).await.unwrap();
    assert_eq!(word(&reconciled[0].confirmation), "approved");
    assert!(fake.exchanges_of("callback_failed_ticket").is_empty());
    assert_eq!(fake.failed_callbacks().len(), 100_000);
    let among = host.failed_callbacks(&c, &[&own, "REQ1999000000042"]).await.unwrap();
    assert_eq!(among, ["REQ1999000000042"]);
    for count in [0, 51] {
        let refused = reconcile(&vec![own.clone(); count]).await.unwrap_err();
        assert_eq!(refused.origin, Origin::Argument);
    }
    assert_eq!(reconcile(&vec![own; 50]).await.unwrap().len(), 50);
}
