//! Cases from public code and issues of this field, by their ids in the list that was made of them.
//!
//! Those that other tests show already:
//!
//! | id | shown by |
//! | --- | --- |
//! | A01 | `recovery::what_a_server_does_with_tags_decides_what_can_be_said` |
//! | B23 | `proofs::a_refusal_gives_its_words`, `proofs::a_write_is_either_proven_undone_or_to_be_looked_up` |
//! | C14 | `waits::each_form_of_retry_after_is_read_wherever_it_stands` |
//! | C25 | `arguments::what_is_wrong_with_a_connection_is_named` |
//! | G02, G04, G05 | `arguments::a_callback_address_is_the_same_to_create_and_to_the_check` |
//! | G03 | `words::a_receiver_that_repeats_the_header_gets_it_into_no_word` |
//! | H01, H02, H05 | `arguments::each_text_of_users_holds_one_name_that_somebody_can_have` |
//! | I01 | `create::a_field_takes_more_members_but_not_those_that_the_record_owns` |
//! | I07 | `arguments::dynamic_fields_that_would_leave_a_ghost_are_refused_however_they_are_spelled` |
//! | J01 | `searches::a_users_rows_may_be_half_filled` |
//! | J02 | `searches::rows_that_a_filter_leaves_out_are_no_answer` |
//! | J04, J05 | `actions::every_action_is_called_where_the_table_says_that_a_server_has_it` |
//! | J06 | `tests/actions.rs` of the whole project, which makes the table of all published actions |
//! | D01, D03, D09, F01 | not of this component: of the JavaScript host, and of the receiver |

use crate::answers::row;
use crate::set_up::{any_of_a_user, create, start, ticket, word};
use component_tests::wit_callbacks::ParseError;
use component_tests::wit_diagnosis::CallbackUrlError;
use component_tests::wit_handling::{AssigneeGroup, Assignees};
use component_tests::wit_tickets::{NewTicket, UserFilter, UserView};
use component_tests::wit_tracking::{Action, Event, LookedUp, Step};
use component_tests::wit_types::{Callback, Connection, Evidence, Outcome, Recovery, Verdict};
use component_tests::{
    Callbacks, Host, Scripted, answer, call, callback_target, envelope, gateway,
};
use fake_itsm::{Fault, Options, Tags};
use serde_json::{Value, json};

/// A title comes back changed, and the ticket is found all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ticket_is_found_whatever_itsm_made_of_its_title() {
    for (id, title, stored_as) in [
        ("A06", "Grant \"admin\" on host-1", "Grant &quot;admin&quot; on host-1"),
        ("A07", "CPU<4核 扩容", "CPU&lt;4核 扩容"),
        ("A09", "扩容 3 台 -> 5 台", "扩容 3 台 -&gt; 5 台"),
    ] {
        let (fake, c) = start(Options::default()).await;
        let lost = NewTicket { title: title.to_owned(), ..ticket("op1") };
        fake.fault("create_ticket", Fault::DropAfterExecuting, 1);
        let failure = Host::new().create(&c, &lost).await.unwrap_err();
        assert!(failure.may_have_acted, "{id}");
        let sn = fake.tickets()[0].sn.clone();
        fake.started(&sn).await.unwrap();
        assert_eq!(fake.ticket(&sn).unwrap().title, stored_as, "{id}");
        let recovered = Host::new().recover(&c, &lost).await.unwrap();
        assert!(
            matches!(&recovered, Recovery::Found(found) if found.sn == sn),
            "{id}: {recovered:?}"
        );
    }
}

/// A host that does as tracking says.
struct Follower {
    host: Host,
    c: Connection,
    ticket: NewTicket,
    record: String,
    creates: usize,
    sn: Option<String>,
    delivered: Vec<Outcome>,
    reported: Vec<String>,
}

impl Follower {
    async fn start(c: &Connection, ticket: NewTicket) -> Self {
        let mut follower = Self {
            host: Host::new(),
            c: c.clone(),
            ticket,
            record: String::new(),
            creates: 0,
            sn: None,
            delivered: Vec::new(),
            reported: Vec::new(),
        };
        let host = &follower.host;
        let first = call!(host => blueking_itsm_tracking.call_start("op1", None, 0)).unwrap();
        follower.follow(first, 0).await;
        follower
    }

    async fn tell(&mut self, event: Event, now_s: u64) {
        let (host, record) = (&self.host, self.record.clone());
        let step = call!(host => blueking_itsm_tracking.call_advance(&record, &event, now_s));
        self.follow(step.unwrap(), now_s).await;
    }

    /// Stores the record, carries the actions out, and tells what came of each.
    async fn follow(&mut self, step: Step, now_s: u64) {
        self.record = step.record_json;
        let mut actions = step.actions;
        while !actions.is_empty() {
            let Some(event) = self.carry_out(actions.remove(0), now_s).await else {
                continue;
            };
            let (host, record) = (&self.host, self.record.clone());
            let step = call!(host => blueking_itsm_tracking.call_advance(&record, &event, now_s));
            let step = step.unwrap();
            self.record = step.record_json;
            actions.extend(step.actions);
        }
    }

    async fn carry_out(&mut self, action: Action, now_s: u64) -> Option<Event> {
        Some(match action {
            Action::Create => {
                self.creates += 1;
                match self.host.create(&self.c, &self.ticket).await {
                    Ok(created) => Event::Created(created),
                    Err(failure) if failure.may_have_acted => Event::MaybeCreated(failure),
                    Err(failure) => Event::NotCreated(failure),
                }
            }
            Action::Recover => Event::Recovered(LookedUp {
                asked_s: now_s,
                recovery: self.host.recover(&self.c, &self.ticket).await.unwrap(),
            }),
            Action::Confirm(sn) => {
                let confirmed = self.host.confirm_own(&self.c, &sn).await.unwrap();
                self.sn = Some(sn);
                Event::Confirmed(confirmed)
            }
            Action::Deliver(outcome) => {
                self.delivered.push(outcome);
                Event::Delivered
            }
            Action::Report(why) => {
                self.reported.push(why);
                return None;
            }
            other => panic!("{other:?}"),
        })
    }
}

/// A02: the server filters by tags and stores none, and the answer to create was lost.
#[tokio::test(flavor = "multi_thread")]
async fn no_second_ticket_is_made_without_a_proof_that_there_is_none() {
    for (tags, lost) in [
        (Tags::FilteredNotStored, Fault::DropAfterExecuting),
        (Tags::FilteredNotStored, Fault::DropBeforeExecuting),
        (Tags::Ignored, Fault::DropAfterExecuting),
        (Tags::Stored, Fault::DropAfterExecuting),
    ] {
        let (fake, c) = start(Options { tags, ..Options::default() }).await;
        let other = create(&fake, &c, &ticket("anothers")).await;
        fake.fault("create_ticket", lost.clone(), 1);
        let mut follower = Follower::start(&c, ticket("op1")).await;
        for now_s in [10, 100, 400, 599, 605, 1_300, 5_000, 100_000] {
            follower.tell(Event::Tick, now_s).await;
        }
        assert_eq!(follower.creates, 1, "{tags:?}, {lost:?}");
        assert_ne!(follower.sn.as_ref(), Some(&other), "{tags:?}, {lost:?}");
        match tags {
            Tags::Stored => assert!(follower.sn.is_some()),
            // It can't be found: a person has to know.
            _ => assert!(!follower.reported.is_empty(), "{tags:?}, {lost:?}"),
        }
    }
    // Where it would be found, its absence after ITSM's own limit is the proof.
    let (fake, c) = start(Options::default()).await;
    fake.fault("create_ticket", Fault::DropBeforeExecuting, 1);
    let mut follower = Follower::start(&c, ticket("op1")).await;
    for (now_s, creates) in [(10, 1), (250, 1), (490, 1), (599, 1), (1_500, 2)] {
        follower.tell(Event::Tick, now_s).await;
        assert!(follower.creates <= creates, "{now_s}");
    }
    assert!(fake.tickets().len() <= 1);
}

/// A11: the title was rewritten and the answer lost, and a callback comes for the ticket's number.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_title_was_rewritten_is_taken_as_ours_and_its_outcome_delivered() {
    let (fake, c) = start(Options::default()).await;
    fake.fault("create_ticket", Fault::DropAfterExecuting, 1);
    let titled = NewTicket { title: "Grant \"admin\" on host-1".to_owned(), ..ticket("op1") };
    let mut follower = Follower::start(&c, titled).await;
    let sn = fake.tickets()[0].sn.clone();
    fake.approve(&sn, "bob").await.unwrap();
    follower.tell(Event::Tick, 100).await;
    let callback = Callback {
        sn: sn.clone(),
        id: None,
        title: "Grant &quot;admin&quot; on host-1".to_owned(),
        status: "FINISHED".to_owned(),
        approve_result: true,
        ticket_url: String::new(),
        updated_by: vec![],
        updated_at: String::new(),
        last_approvers: vec![],
    };
    follower.tell(Event::Callback(callback), 101).await;
    let delivered: Vec<_> = follower
        .delivered
        .iter()
        .map(|outcome| (outcome.ticket.sn.as_str(), outcome.verdict))
        .collect();
    assert_eq!(delivered, [(sn.as_str(), Verdict::Approved)]);
    assert!(follower.reported.is_empty(), "{:?}", follower.reported);
}

/// A17: a server without tags, and the number from the host's own record.
#[tokio::test(flavor = "multi_thread")]
async fn without_tags_an_outcome_comes_by_ones_own_number() {
    let (fake, c) = start(Options { tags: Tags::Ignored, ..Options::default() }).await;
    let mut follower = Follower::start(&c, ticket("op1")).await;
    let sn = fake.tickets()[0].sn.clone();
    fake.withdraw(&sn, "alice").await.unwrap();
    for now_s in [100, 400, 2_000, 100_000] {
        follower.tell(Event::Tick, now_s).await;
    }
    let delivered: Vec<_> = follower
        .delivered
        .iter()
        .map(|outcome| (outcome.ticket.sn.as_str(), outcome.verdict))
        .collect();
    assert_eq!(delivered, [(sn.as_str(), Verdict::Withdrawn)]);
}

const OWN: &str = "a0000000000000000000000000000001";
const DECISION: &str = "ab544e65785a16a6fa9dd04600000019";

/// A line of the log: who, at which kind of node, and the fields' keys, types and values.
fn line(operator: &str, kind: &str, form: &[(&str, &str, &str)]) -> Value {
    let source = if operator.is_empty() { "SYS" } else { "API" };
    let fields: Vec<_> = form
        .iter()
        .map(|(key, kind, value)| json!({"key": key, "type": kind, "name": "n", "value": value}))
        .collect();
    let form = match (kind, fields.is_empty()) {
        ("", true) => json!({}),
        _ => fields.into(),
    };
    json!({
        "operator": operator, "operate_at": "2026-11-24 07:30:00", "message": "m", "source": source,
        "from_state_type": kind, "form_data": form,
    })
}

/// A finished ticket whose result this user may not read: the log alone says what was decided.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_says_what_was_decided_and_nothing_else_in_it_does() {
    type Line<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str, &'a str)]);
    let table: [(&str, &[Line], &str); 7] = [
        (
            "B01",
            &[("bob", "APPROVAL", &[(OWN, "RADIO", "true"), (DECISION, "RADIO", "false")])],
            "undecidable",
        ),
        (
            "B01, the other way round",
            &[("bob", "APPROVAL", &[(DECISION, "RADIO", "true"), (OWN, "RADIO", "false")])],
            "undecidable",
        ),
        (
            "B01, with a key made of words",
            &[("bob", "APPROVAL", &[("URGENT", "RADIO", "true"), (DECISION, "RADIO", "false")])],
            "rejected",
        ),
        (
            "B04",
            &[
                ("bob", "SIGN", &[(OWN, "SELECT", "true")]),
                ("dave", "APPROVAL", &[(DECISION, "RADIO", "true")]),
            ],
            "approved",
        ),
        (
            "B04, who signs off refuses",
            &[
                ("bob", "SIGN", &[(OWN, "SELECT", "false")]),
                ("dave", "APPROVAL", &[(DECISION, "RADIO", "true")]),
            ],
            "approved",
        ),
        (
            "B07",
            &[("bob", "APPROVAL", &[]), ("dave", "APPROVAL", &[(DECISION, "RADIO", "true")])],
            "approved",
        ),
        ("B07, nothing more", &[("bob", "APPROVAL", &[])], "completed"),
    ];
    for (id, lines, expected) in table {
        let mut log = vec![line("alice", "", &[])];
        log.extend(lines.iter().map(|(who, kind, form)| line(who, kind, form)));
        log.push(line("", "", &[]));
        let server = Scripted::start(move |_, request| {
            vec![match request.action() {
                "get_tickets" => {
                    let ended = row(json!({"sn": "S", "current_status": "FINISHED", "end_at": "2026-11-24 07:36:12"}));
                    envelope(&json!({"page": 1, "total_page": 1, "count": 1, "items": [ended]}))
                }
                "get_ticket_logs" => envelope(&json!({"sn": "S", "logs": log})),
                _ => {
                    let no = r#"{"result": false, "code": 1640102, "message": "m"}"#;
                    answer(401, &[("X-Bkapi-Error-Code", "1640102")], no)
                }
            }]
        })
        .await;
        let confirmed = Host::new().confirm_own(&gateway(&server.url()), "S").await.unwrap();
        assert_eq!(word(&confirmed), expected, "{id}");
        if let component_tests::wit_types::Confirmation::Ended(outcome) = confirmed {
            assert_eq!(outcome.evidence, Evidence::Decisions, "{id}");
        }
    }
}

/// C09: the number is all that counts, and a ticket must not be lost for want of the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_created_ticket_is_known_by_its_number_alone() {
    for (data, sn, id, url) in [
        (json!({"sn": "REQ1"}), "REQ1", "", ""),
        (json!({"sn": "REQ1", "id": null, "ticket_url": null}), "REQ1", "", ""),
        (json!({"sn": "REQ1", "id": [], "ticket_url": {}}), "REQ1", "", ""),
        (json!({"sn": "REQ1", "id": 7}), "REQ1", "7", ""),
        (json!({"sn": "REQ1", "id": "7", "ticket_url": "u", "more": 1}), "REQ1", "7", "u"),
    ] {
        let server = Scripted::always(vec![envelope(&data)]).await;
        let created = Host::new().create(&gateway(&server.url()), &ticket("op1")).await.unwrap();
        assert_eq!(
            (created.sn.as_str(), created.id.as_str(), created.ticket_url.as_str()),
            (sn, id, url),
            "{data}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nodes_news_is_read_in_the_forms_that_templates_write() {
    let callbacks = Callbacks::alone();
    for (id, body, title, output) in [
        ("E16", r#"{"sn": "S", "result": true}"#, "", "true"),
        ("E16", r#"{"sn": "S", "result": 1}"#, "", "1"),
        ("E16", r#"{"sn": "S", "result": "true"}"#, "", "true"),
        ("E17, tojson", r#"{"sn": "S", "title": "a \"b\"\n\\c"}"#, "a \"b\"\n\\c", ""),
        ("E17, HTML", r#"{"sn": "S", "title": "a &quot;b&quot;"}"#, "a &quot;b&quot;", ""),
    ] {
        let event = callbacks.parse_node_event(body.as_bytes()).await.unwrap();
        assert_eq!((event.title.as_str(), event.output.as_str()), (title, output), "{id}");
    }
    // A template that only puts quotation marks around a title makes no JSON of some, and that is told.
    for title in ["a \"b\"", "a\nb", "a\\"] {
        let body = format!(r#"{{"sn": "S", "title": "{title}"}}"#);
        let unreadable = callbacks.parse_node_event(body.as_bytes()).await.unwrap_err();
        assert!(matches!(unreadable, ParseError::Malformed(_)), "E17: {unreadable:?}");
    }
}

/// G07: ITSM's client keeps its POST for these two, so that it is not known what comes of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_that_keeps_the_method_is_told_in_words() {
    for (status, keeps) in [(301, false), (302, false), (303, false), (307, true), (308, true)] {
        let elsewhere = Scripted::always(vec![answer(200, &[], r#"{"code": 0}"#)]).await;
        let to = [("Location", elsewhere.url())];
        let to = to.each_ref().map(|(name, value)| (*name, value.as_str()));
        let server = Scripted::always(vec![answer(status, &to, "")]).await;
        let target = callback_target(&server.url());
        match call!(Host::new() => blueking_itsm_diagnosis.call_check_callback_url(&target)) {
            Err(CallbackUrlError::Other(words)) => {
                assert!(keeps && words.contains(&status.to_string()), "{words}");
            }
            Err(CallbackUrlError::Redirect(told)) => assert!(!keeps && told == status, "{told}"),
            other => panic!("{status}: {other:?}"),
        }
        // It is not followed: the header is for the one address.
        assert!(elsewhere.received().is_empty(), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_send_can_be_sent() {
    let (fake, c) = start(Options::default()).await;
    let host = Host::new();
    let sn = create(&fake, &c, &ticket("op1")).await;

    // I03
    let at = |time: &str| Some(format!("2026-11-2{time}"));
    let filter = UserFilter {
        service_id: Some(2),
        catalog_id: Some(11),
        created_from: at("1 00:00:00"),
        created_to: at("9 00:00:00"),
    };
    assert_ne!(filter, any_of_a_user());
    let view = UserView::Created;
    call!(host => blueking_itsm_tickets.call_search_by_user(&c, "alice", view, &filter, 1, 10))
        .unwrap();
    let query = fake.exchanges_of("get_tickets_by_user").pop().unwrap().query;
    for sent in [
        "service_id=2",
        "catalog_id=11",
        "create_at__gte=2026-11-21%2000%3A00%3A00",
        "create_at__lte=2026-11-29%2000%3A00%3A00",
        "view_type=my_created",
    ] {
        assert!(query.split('&').any(|pair| pair == sent), "{sent}: {query}");
    }

    // I04
    let group =
        Assignees::Others(AssigneeGroup { kind: "GENERAL".to_owned(), id: "12".to_owned() });
    let _ = call!(host => blueking_itsm_handling.call_distribute(&c, &sn, 15, "bob", &group));
    let body = fake.exchanges_of("operate_node").pop().unwrap().body;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["processors_type"], &body["processors"]), (&json!("GENERAL"), &json!("12")));
}
