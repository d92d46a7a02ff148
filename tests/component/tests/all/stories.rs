//! What people do to tickets, and what the component then says of them: no verdict is kinder than what happened,
//! and all functions that tell an ending tell the same.

use crate::set_up::{create, start, ticket, ticket_of, word};
use component_tests::wit_tickets::{Ending, Explanation};
use component_tests::wit_types::{Confirmation, Connection, Evidence};
use component_tests::{Host, app, call, text};
use fake_itsm::{FakeItsm, Options};

/// A service of the fake's, what is done to a ticket of it, and the verdict for a verified user and for an app alone.
/// The tickets are alice's.
const STORIES: [(u64, &str, &str, &str); 41] = [
    (2, "", "open", "open"),
    (2, "bob approves", "approved", "approved"),
    (2, "bob refuses", "rejected", "rejected"),
    (2, "a trigger writes FINISHED", "open", "open"),
    (2, "alice withdraws", "withdrawn", "withdrawn"),
    (2, "bob terminates", "terminated", "terminated"),
    (2, "admin ends it with DONE_OK", "closed", "closed"),
    (2, "alice renames it, bob approves", "approved", "approved"),
    (2, "bob suspends, bob resumes, bob approves", "approved", "approved"),
    (2, "bob approves with an emoji", "undecidable", "undecidable"),
    (4, "bob refuses", "terminated", "terminated"),
    // Nobody is asked.
    (5, "bob handles", "completed", "completed"),
    // Two approvals. Whoever refuses at one of them is not outvoted at the other.
    (6, "bob approves", "open", "open"),
    (6, "bob approves, admin approves", "approved", "approved"),
    (6, "bob refuses, admin approves", "rejected", "rejected"),
    (6, "bob approves, admin refuses", "rejected", "rejected"),
    // ITSM's result is over the nodes that the flow has now.
    (6, "admin deletes node 55, bob refuses, admin approves", "rejected", "rejected"),
    // A countersign of mixed answers: its condition decides, which the log does not tell.
    (3, "bob approves, carol approves", "approved", "approved"),
    (3, "bob refuses, carol refuses", "rejected", "rejected"),
    (3, "bob approves, carol refuses", "rejected", "undecidable"),
    (3, "bob refuses, carol approves", "rejected", "undecidable"),
    (7, "bob approves, dave approves", "approved", "approved"),
    (7, "bob refuses, dave approves, erin approves", "rejected", "undecidable"),
    // Parallel branches.
    (8, "bob approves, dave approves", "approved", "approved"),
    (8, "dave refuses, bob approves", "rejected", "rejected"),
    // Loops: what counts is the last visit.
    (9, "bob refuses, alice handles, dave approves", "approved", "approved"),
    (
        9,
        "bob refuses, alice handles, dave hands over to erin, erin approves",
        "approved",
        "approved",
    ),
    (10, "bob approves, dave refuses, bob approves, dave approves", "approved", "approved"),
    // A failed automatic node looks like a ticket without nodes, until somebody tries it again.
    (11, "bob approves", "approved", "approved"),
    (11, "the webhook fails, bob approves", "open", "open"),
    (11, "the webhook fails, bob approves, admin retries the webhook", "approved", "approved"),
    // A choice of the flow's author is no decision.
    (12, "bob approves and says not urgent", "approved", "approved"),
    (12, "bob refuses and says urgent", "rejected", "rejected"),
    // Who signs off decides nothing.
    (13, "bob approves, dave approves, erin approves", "approved", "approved"),
    (13, "bob refuses, dave approves, erin approves", "approved", "approved"),
    (14, "bob hands over to dave, dave approves", "approved", "approved"),
    // The flow itself approves: for nobody, and for the creator.
    (15, "", "approved", "approved"),
    (16, "", "approved", "approved"),
    // A status of the site's own ends the ticket.
    (17, "bob approves", "closed", "closed"),
    // A manager closes it on the page as FINISHED: ITSM's result is yes before the approval was entered.
    (18, "admin closes it", "closed", "closed"),
    (18, "bob handles, admin closes it", "closed", "closed"),
];

async fn act(fake: &FakeItsm, c: &Connection, sn: &str, what: &str) {
    let words: Vec<_> = what.split(' ').collect();
    let host = Host::new();
    let done = match words[..] {
        [who, "approves" | "handles"] => fake.approve(sn, who).await,
        [who, "approves", "with", "an", "emoji"] => fake.approve_saying(sn, who, "🎉").await,
        [who, "approves", "and", "says", "not", "urgent"] => {
            fake.approve_with(sn, who, &[("URGENT", "false")]).await
        }
        [who, "refuses"] => fake.refuse(sn, who, "no").await,
        [who, "refuses", "and", "says", "urgent"] => {
            // Only a form says more than yes or no, and the running node tells which fields it has.
            let status = call!(host => blueking_itsm_tickets.call_status(c, sn)).unwrap();
            let node = &status.running[0];
            let field = |kind: &str, required: bool, value: &str| {
                let mut fields = node.fields.iter();
                let found = fields.find(|field| {
                    field.kind == kind && field.required == required && field.key != "URGENT"
                });
                text(&found.unwrap().key, value)
            };
            let form =
                [text("URGENT", "true"), field("RADIO", true, "false"), field("TEXT", true, "no")];
            call!(host => blueking_itsm_handling.call_transition(c, sn, node.node_id, who, &form))
                .unwrap();
            Ok(())
        }
        [from, "hands", "over", "to", whom] => fake.hand_over(sn, from, whom, "ill").await,
        [who, "suspends"] => {
            call!(host => blueking_itsm_operations.call_suspend(c, sn, who, "wait")).unwrap();
            Ok(())
        }
        [who, "resumes"] => {
            call!(host => blueking_itsm_operations.call_resume(c, sn, who, "go on")).unwrap();
            Ok(())
        }
        [who, "renames", "it"] => fake.edit_title(sn, who, "another title"),
        [who, "withdraws"] => fake.withdraw(sn, who).await,
        [who, "terminates"] => fake.terminate(sn, who).await,
        ["admin", "closes", "it"] => fake.close_on_page(sn, "admin").await,
        ["admin", "ends", "it", "with", status] => fake.end_with(sn, status).await,
        ["admin", "deletes", "node", node] => fake.delete_node(node.parse().unwrap()),
        ["admin", "retries", "the", "webhook"] => fake.retry_automatic(sn),
        ["the", "webhook", "fails"] => fake.fail_automatic(sn),
        ["a", "trigger", "writes", status] => fake.set_status(sn, status),
        _ => panic!("nobody can do this: {what}"),
    };
    done.unwrap_or_else(|error| panic!("{what}: {error}"));
}

/// What an explanation says, in the word of the verdict that it stands for.
fn ending(explained: &Explanation) -> &'static str {
    match explained.ending {
        Ending::Open | Ending::Stuck => "open",
        Ending::Approved => "approved",
        Ending::Completed => "completed",
        Ending::Rejected => "rejected",
        Ending::RejectedAndTerminated | Ending::Terminated => "terminated",
        Ending::Withdrawn => "withdrawn",
        Ending::Closed => "closed",
        Ending::Undetermined => "undecidable",
    }
}

/// What each function that tells an ending says of a ticket: all say the same.
async fn told(c: &Connection, sn: &str, tag: &str, story: &str) -> (Confirmation, Explanation) {
    let host = Host::new();
    let own = host.confirm_own(c, sn).await.unwrap();
    let tagged = host.confirm(c, sn, tag).await.unwrap();
    assert_eq!(own, tagged, "{story}");
    let sns = [sn.to_owned()];
    let reconciled = call!(host => blueking_itsm_tickets.call_reconcile(c, &sns)).unwrap();
    assert_eq!(own, reconciled[0].confirmation, "{story}");
    let explained = call!(host => blueking_itsm_tickets.call_explain(c, sn)).unwrap();
    assert_eq!(word(&own), ending(&explained), "{story}");
    if let Confirmation::Ended(outcome) = &own
        && outcome.evidence != Evidence::Status
    {
        assert_eq!(outcome.decisions, explained.decisions, "{story}");
    }
    (own, explained)
}

/// A site where results are for verified users, a connection of one, and one of an app alone.
async fn site() -> (FakeItsm, Connection, Connection) {
    let (fake, proven) = start(Options { verified_users: true, ..Options::default() }).await;
    let alone = Connection { authorization: app(None), ..proven.clone() };
    (fake, proven, alone)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_story_is_told_more_kindly_than_it_went() {
    for (service, acts, by_proven, by_app) in STORIES {
        // One site for each: an administrator changes flows for good.
        let (fake, proven, alone) = site().await;
        let story = format!("service {service}: {acts}");
        let sn = create(&fake, &proven, &ticket_of(service, "op1")).await;
        for what in acts.split(", ").filter(|what| !what.is_empty()) {
            act(&fake, &proven, &sn, what).await;
        }
        for (c, expected, evidence) in
            [(&proven, by_proven, Evidence::ApprovalResult), (&alone, by_app, Evidence::Decisions)]
        {
            let (confirmation, _) = told(c, &sn, "op1", &story).await;
            assert_eq!(word(&confirmation), expected, "{story}");
            if let Confirmation::Ended(outcome) = confirmation {
                let by_status = outcome.ticket.status != "FINISHED";
                let evidence = if by_status { Evidence::Status } else { evidence };
                assert_eq!(outcome.evidence, evidence, "{story}");
            }
        }
    }
    println!("{} stories, each told twice, 0 more kindly than it went", STORIES.len());
}

/// A manager merges a ticket under another, whose end also ends it. Its log then ends as a flow's own does, and
/// does not show the approval that was entered and never decided: this is the limit of evidence `decisions`.
#[tokio::test(flavor = "multi_thread")]
async fn a_merged_ticket_is_not_approved_by_its_parent_and_an_app_alone_is_told_its_limit() {
    for (service, acts, parent_is_approved, by_proven, by_app) in [
        (2, "", true, "rejected", "completed"),
        (6, "bob approves", true, "rejected", "approved"),
        (6, "bob refuses", true, "rejected", "rejected"),
        // Its approval was never entered, and ITSM's result is yes although the parent was refused.
        (18, "", false, "completed", "completed"),
    ] {
        let (fake, proven, alone) = site().await;
        let child = create(&fake, &proven, &ticket_of(service, "child")).await;
        let parent = create(&fake, &proven, &ticket("parent")).await;
        for what in acts.split(", ").filter(|what| !what.is_empty()) {
            act(&fake, &proven, &child, what).await;
        }
        fake.merge_under(&child, &parent).unwrap();
        if parent_is_approved {
            fake.approve(&parent, "bob").await.unwrap();
        } else {
            fake.refuse(&parent, "bob", "no").await.unwrap();
        }
        let story = format!("service {service}: {acts}, merged");
        let (confirmation, _) = told(&proven, &child, "child", &story).await;
        assert_eq!(word(&confirmation), by_proven, "{story}");
        match told(&alone, &child, "child", &story).await.0 {
            Confirmation::Ended(outcome) => {
                let said = word(&Confirmation::Ended(outcome.clone()));
                assert_eq!((said.as_str(), outcome.evidence), (by_app, Evidence::Decisions));
            }
            other => panic!("{story}: {other:?}"),
        }
    }
}

/// Who decided and why, what an open ticket waits for, and why there is nothing to say.
#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_names_who_decided_and_what_is_waited_for() {
    for (service, acts, ending, decided, waiting_for, words) in [
        (2, "", Ending::Open, "", "内置审批节点", ""),
        (2, "bob refuses", Ending::Rejected, "bob no: no", "", ""),
        (4, "bob refuses", Ending::RejectedAndTerminated, "bob no: no", "", ""),
        (4, "bob terminates", Ending::Terminated, "", "", ""),
        (8, "bob approves", Ending::Open, "bob yes: ", "分支乙", ""),
        (
            10,
            "bob approves, dave refuses, bob approves, dave approves",
            Ending::Approved,
            "bob yes: , dave no: no, bob yes: , dave yes: ",
            "",
            "",
        ),
        (14, "bob hands over to dave, dave approves", Ending::Approved, "dave yes: ", "", ""),
        (11, "the webhook fails, bob approves", Ending::Stuck, "bob yes: ", "", "no node runs"),
        (2, "bob approves with an emoji", Ending::Undetermined, "", "", "its log does not end"),
    ] {
        let (fake, proven, _) = site().await;
        let story = format!("service {service}: {acts}");
        let sn = create(&fake, &proven, &ticket_of(service, "op1")).await;
        for what in acts.split(", ").filter(|what| !what.is_empty()) {
            act(&fake, &proven, &sn, what).await;
        }
        let explained = told(&proven, &sn, "op1", &story).await.1;
        let decisions: Vec<_> = explained
            .decisions
            .iter()
            .map(|decision| {
                let said = if decision.approved { "yes" } else { "no" };
                format!("{} {said}: {}", decision.operator, decision.remark)
            })
            .collect();
        let waiting: Vec<_> = explained.waiting_for.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(
            (explained.ending, decisions.join(", "), waiting.join(", ")),
            (ending, decided.to_owned(), waiting_for.to_owned()),
            "{story}"
        );
        assert!(explained.words.contains(words), "{story}: {}", explained.words);
    }
}
