//! Every action through the built component, over each kind of server.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use component_tests::wit_diagnosis::Unfit;
use component_tests::wit_services::{NamedProcessors, ServiceFilter, Unresolved};
use component_tests::wit_tickets::{Ending, Service, TicketFilter, UserView};
use component_tests::wit_types::{
    Advice, Authorization, Confirmation, Connection, Evidence, Origin, Verdict,
};
use component_tests::{
    APP_CODE, APP_SECRET, Host, Scripted, Step, app, callback_target, esb, esb_legacy, fast_ticket,
    gateway, text,
};
use fake_itsm::{FakeItsm, Fault, Options};

/// Calls a function of an interface in a fresh instance.
macro_rules! call {
    ($interface:ident . $function:ident ( $($argument:expr),* )) => {{
        let (mut store, instance) = Host::new().instance().await;
        instance.$interface().$function(&mut store, $($argument),*).await.expect("no trap")
    }};
}

async fn start(legacy_esb: bool) -> FakeItsm {
    FakeItsm::start(Options {
        credentials: Some((APP_CODE.to_owned(), APP_SECRET.to_owned())),
        legacy_esb,
        ..Options::default()
    })
    .await
    .unwrap()
}

/// Creates a ticket of a service, decided by bob and carol.
async fn create(fake: &FakeItsm, connection: &Connection, service: u64) -> String {
    let mut ticket = fast_ticket();
    if service != 2 {
        ticket.service = Service::Id(service);
        ticket.fields = vec![text("APPROVER", "bob,carol")];
    }
    ticket.operation_id = format!("op{}", fake.tickets().len());
    let created = Host::new().create(connection, &ticket).await.unwrap();
    fake.started(&created.sn).await.unwrap();
    created.sn
}

fn none() -> TicketFilter {
    TicketFilter {
        sns: vec![],
        creator: None,
        tag: None,
        project_key: None,
        service_ids: vec![],
        bk_biz_ids: vec![],
        statuses: vec![],
        created_from: None,
        created_to: None,
        ended_from: None,
        ended_to: None,
        waiting_for: None,
    }
}

/// Calls every function once; each must succeed.
async fn drive(fake: &FakeItsm, c: &Connection) {
    let users = ["dave".to_owned()];
    let sn = create(fake, c, 2).await;
    let status = call!(blueking_itsm_tickets.call_status(c, &sn)).unwrap();
    assert_eq!((status.steps.len(), status.steps[0].state_id), (1, 15));
    assert_eq!(status.operations, ["WITHDRAW", "SUSPEND"]);
    let info = call!(blueking_itsm_tickets.call_info(c, &sn)).unwrap();
    assert_eq!(
        (info.ticket.sn, info.steps.len(), info.fields.len()),
        (sn.clone(), 1, 3)
    );
    let log = call!(blueking_itsm_tickets.call_log(c, &sn)).unwrap();
    assert_eq!(log[0].operator, "alice");
    let page = call!(blueking_itsm_tickets.call_list(c, &none(), 1, 50)).unwrap();
    assert_eq!(
        (page.page, page.pages, page.total),
        (1, 1, fake.tickets().len() as u64)
    );
    let mine = call!(blueking_itsm_tickets.call_list_by_user(c, "carol", UserView::Todo, 1, 50));
    assert!(
        mine.unwrap()
            .tickets
            .iter()
            .any(|ticket| ticket.sn == sn && ticket.waiting_approve)
    );

    call!(blueking_itsm_operations.call_suspend(c, &sn, "bob", "wait")).unwrap();
    call!(blueking_itsm_operations.call_resume(c, &sn, "bob", "go on")).unwrap();
    call!(blueking_itsm_operations.call_follow(c, &sn, &users)).unwrap();
    call!(blueking_itsm_operations.call_unfollow(c, &sn, &users)).unwrap();
    let title = [text("title", "another title")];
    call!(blueking_itsm_operations.call_edit_fields(c, &sn, "alice", &title)).unwrap();
    assert!(
        call!(blueking_itsm_operations.call_approvers(c, &sn, 15))
            .unwrap()
            .is_empty()
    );
    call!(blueking_itsm_operations.call_approve(c, &sn, 15, "bob", true, "good")).unwrap();
    assert_eq!(
        call!(blueking_itsm_operations.call_approvers(c, &sn, 15)).unwrap(),
        ["bob"]
    );
    let decided = call!(blueking_itsm_operations.call_node_result(c, &sn, 15)).unwrap();
    assert!(decided.approved && decided.remark == "good");
    call!(blueking_itsm_operations.call_comment(c, &sn, "alice", 5, "quick")).unwrap();
    let results = Host::new().approval_results(c, &[&sn]).await.unwrap();
    assert!(results[0].approve_result);
    let confirmed = Host::new().confirm(c, &sn, None).await.unwrap();
    assert!(
        matches!(confirmed, Confirmation::Ended(outcome) if outcome.verdict == Verdict::Approved)
    );
    assert!(Host::new().verify_token(c, &fake.token()).await.unwrap());
    assert!(
        Host::new()
            .failed_callbacks(c, &[&sn])
            .await
            .unwrap()
            .is_empty()
    );

    let sn = create(fake, c, 2).await;
    call!(blueking_itsm_operations.call_withdraw(c, &sn, "alice", "no need")).unwrap();
    let sn = create(fake, c, 2).await;
    call!(blueking_itsm_operations.call_terminate(c, &sn, "bob", "stop")).unwrap();
    let sn = create(fake, c, 5).await;
    call!(blueking_itsm_operations.call_distribute(c, &sn, 45, "bob", &users)).unwrap();
    call!(blueking_itsm_operations.call_deliver(c, &sn, 45, "dave", &users, "ill")).unwrap();
    let form = [text("note", "done")];
    call!(blueking_itsm_operations.call_transition(c, &sn, 45, "dave", &form)).unwrap();
    let sn = create(fake, c, 2).await;
    let refused = call!(blueking_itsm_operations.call_claim(c, &sn, 15, "bob")).unwrap_err();
    assert_eq!(
        (refused.code.as_deref(), refused.may_have_acted),
        (Some("3900005"), false)
    );

    let any = ServiceFilter {
        catalog_id: None,
        kind: None,
        display_type: None,
        display_role: None,
    };
    assert_eq!(
        call!(blueking_itsm_services.call_services(c, &any))
            .unwrap()
            .len(),
        6
    );
    let detail = call!(blueking_itsm_services.call_detail(c, 1)).unwrap();
    assert_eq!(
        (
            detail.service.id,
            detail.fields.len(),
            detail.fields[0].required
        ),
        (1, 4, true)
    );
    let catalogs = call!(blueking_itsm_services.call_catalogs(c, Some("cmdb"), false)).unwrap();
    assert_eq!((catalogs[1].id, catalogs[1].parent_id), (21, Some(20)));
    let roles = call!(blueking_itsm_services.call_roles(c, 3, None)).unwrap();
    assert_eq!(
        (roles[0].state_id, roles[1].state_id, roles[1].all_sign),
        (24, 25, true)
    );
    call!(blueking_itsm_services.call_workflow_detail(c, 1)).unwrap();
    let json = r#"{"name":"CMDB","parent__id":1,"project_key":"cmdb"}"#;
    call!(blueking_itsm_services.call_create_catalog(c, json)).unwrap();
    call!(blueking_itsm_services.call_import_service(c, r#"{"name":"s"}"#)).unwrap();
    let updated = call!(blueking_itsm_services.call_update_service(c, r#"{"id":7,"name":"s"}"#));
    assert!(updated.unwrap().contains("\"id\":7"));
}

/// The functions that use each action, in the order of the table.
const USED_BY: [(&str, &str); 25] = [
    ("create_ticket", "tickets.create"),
    ("get_tickets", "tickets.list, tickets.confirm"),
    ("get_tickets_by_user", "tickets.list-by-user"),
    ("get_ticket_status", "tickets.status"),
    ("get_ticket_info", "tickets.info, tickets.explain"),
    ("get_ticket_logs", "tickets.log, tickets.explain"),
    (
        "ticket_approval_result",
        "tickets.approval-results, tickets.confirm",
    ),
    ("token/verify", "tickets.verify-token"),
    ("callback_failed_ticket", "tickets.failed-callbacks"),
    (
        "operate_ticket",
        "operations.withdraw, terminate, suspend, resume",
    ),
    (
        "operate_node",
        "operations.transition, claim, distribute, deliver",
    ),
    ("approve", "operations.approve"),
    ("get_approve_node_result", "operations.node-result"),
    ("get_approver", "operations.approvers"),
    ("comment", "operations.comment"),
    ("add_follower", "operations.follow, unfollow"),
    ("edit_field", "operations.edit-fields"),
    ("get_services", "services.services"),
    ("get_service_detail", "services.detail"),
    ("get_service_catalogs", "services.catalogs"),
    ("get_service_roles", "services.roles, resolve-processors"),
    ("get_workflow_detail", "services.workflow-detail"),
    ("create_service_catalog", "services.create-catalog"),
    ("import_service", "services.import-service"),
    ("update_service", "services.update-service"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_action_works_over_each_kind_of_server_as_the_table_says() {
    let mut seen = Vec::new();
    for (legacy, connect) in [
        (false, gateway as fn(&str) -> Connection),
        (false, esb),
        (true, esb_legacy),
    ] {
        let fake = start(legacy).await;
        drive(&fake, &connect(&fake.url())).await;
        for exchange in fake.exchanges() {
            let in_header = exchange.header("x-bkapi-authorization").is_some();
            let beside = format!("{}{}", exchange.query, exchange.body).contains(APP_SECRET);
            assert!(
                in_header != beside,
                "credentials in both places or none: {exchange:?}"
            );
            assert_eq!(beside, legacy);
        }
        seen.push(fake.exchanges());
    }
    let mut table = String::from(
        "| action | method | function | gateway | ESB | oldest ESB |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for (action, functions) in USED_BY {
        let method = &seen[0]
            .iter()
            .find(|seen| seen.action == action)
            .expect(action)
            .method;
        let cells = seen.iter().map(|exchanges| {
            let seen = exchanges.iter().any(|exchange| exchange.action == action);
            if seen { "yes" } else { "no" }
        });
        let cells = cells.collect::<Vec<_>>().join(" | ");
        table.push_str(&format!(
            "| {action} | {method} | {functions} | {cells} |\n"
        ));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/actions.md");
    let page = std::fs::read_to_string(path).expect("docs/actions.md");
    assert!(
        page.contains(&table),
        "docs/actions.md should hold:\n{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_flow_is_explained_with_who_decided_and_why() {
    let fake = start(false).await;
    let c = gateway(&fake.url());
    let explain = async |sn: &str| {
        let explained = call!(blueking_itsm_tickets.call_explain(&c, sn)).unwrap();
        let decided: Vec<_> = explained
            .decisions
            .iter()
            .map(|made| format!("{}{}", made.operator, if made.approved { "+" } else { "-" }))
            .collect();
        (
            explained.ending,
            decided.join(" "),
            explained.waiting_for.len(),
        )
    };
    let told = |ending, decided: &str, waiting| (ending, decided.to_owned(), waiting);

    let sn = create(&fake, &c, 2).await;
    assert_eq!(explain(&sn).await, told(Ending::Open, "", 1));
    fake.set_status(&sn, "FINISHED").unwrap();
    assert_eq!(explain(&sn).await, told(Ending::Open, "", 1));
    fake.refuse(&sn, "bob", "too dear").await.unwrap();
    assert_eq!(explain(&sn).await, told(Ending::Refused, "bob-", 0));
    let explained = call!(blueking_itsm_tickets.call_explain(&c, &sn)).unwrap();
    assert_eq!(explained.decisions[0].remark, "too dear");

    let sn = create(&fake, &c, 6).await;
    fake.refuse(&sn, "bob", "no").await.unwrap();
    fake.approve(&sn, "admin").await.unwrap();
    assert_eq!(explain(&sn).await, told(Ending::Refused, "bob- admin+", 0));

    let sn = create(&fake, &c, 3).await;
    fake.approve(&sn, "bob").await.unwrap();
    assert_eq!(explain(&sn).await, told(Ending::Open, "bob+", 1));
    fake.approve(&sn, "carol").await.unwrap();
    assert_eq!(explain(&sn).await, told(Ending::Approved, "bob+ carol+", 0));

    let sn = create(&fake, &c, 4).await;
    fake.refuse(&sn, "bob", "no").await.unwrap();
    assert_eq!(
        explain(&sn).await,
        told(Ending::RefusedAndTerminated, "bob-", 0)
    );

    let sn = create(&fake, &c, 5).await;
    let form = [text("note", "done")];
    call!(blueking_itsm_operations.call_transition(&c, &sn, 45, "bob", &form)).unwrap();
    assert_eq!(explain(&sn).await, told(Ending::ApprovedByNobody, "", 0));

    let sn = create(&fake, &c, 2).await;
    fake.terminate(&sn, "bob").await.unwrap();
    assert_eq!(explain(&sn).await, told(Ending::TerminatedByHandler, "", 0));
    let sn = create(&fake, &c, 2).await;
    fake.withdraw(&sn, "alice").await.unwrap();
    assert_eq!(explain(&sn).await, told(Ending::Withdrawn, "", 0));
    let sn = create(&fake, &c, 2).await;
    fake.end_with(&sn, "DONE_OK").await.unwrap();
    assert_eq!(explain(&sn).await, told(Ending::Closed, "", 0));

    fake.fault("create_ticket", Fault::NeverStarts, 1);
    let sn = Host::new().create(&c, &fast_ticket()).await.unwrap().sn;
    assert_eq!(explain(&sn).await, told(Ending::Stuck, "", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_a_proven_user_learns_endings_from_the_log_and_the_evidence_says_so() {
    let fake = FakeItsm::start(Options {
        verified_users: true,
        ..Options::default()
    })
    .await
    .unwrap();
    let mut c = gateway(&fake.url());
    c.authorization = app(None);
    for (approved, verdict) in [(true, Verdict::Approved), (false, Verdict::Rejected)] {
        let sn = create(&fake, &c, 2).await;
        if approved {
            fake.approve(&sn, "bob").await.unwrap();
        } else {
            fake.refuse(&sn, "bob", "no").await.unwrap();
        }
        match Host::new().confirm(&c, &sn, None).await.unwrap() {
            Confirmation::Ended(outcome) => {
                assert_eq!(
                    (outcome.verdict, outcome.evidence),
                    (verdict, Evidence::Logs)
                );
            }
            other => panic!("{other:?}"),
        }
    }
    let failure = Host::new().approval_results(&c, &["S"]).await.unwrap_err();
    assert_eq!(
        (failure.advice, failure.origin),
        (Advice::SendVerifiedUser, Origin::Gateway)
    );

    // Two people who contradict at one node: a countersign or a loop, the log does not tell.
    let sn = create(&fake, &c, 3).await;
    fake.refuse(&sn, "bob", "no").await.unwrap();
    fake.approve(&sn, "carol").await.unwrap();
    let confirmed = Host::new().confirm(&c, &sn, None).await.unwrap();
    assert!(
        matches!(confirmed, Confirmation::Undecided(_)),
        "{confirmed:?}"
    );

    let findings = call!(blueking_itsm_diagnosis.call_diagnose(&c)).unwrap();
    let blocked: Vec<_> = findings
        .iter()
        .filter(|found| found.failure.is_some())
        .collect();
    let names: Vec<_> = blocked.iter().map(|found| found.action.as_str()).collect();
    assert_eq!(
        names,
        [
            "ticket_approval_result",
            "callback_failed_ticket",
            "get_service_roles"
        ]
    );
    assert!(
        blocked[1].words.contains("give an access token"),
        "{}",
        blocked[1].words
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn diagnosis_says_what_is_wrong_and_changes_nothing() {
    let fake = start(false).await;
    let diagnose = async |c: &Connection| call!(blueking_itsm_diagnosis.call_diagnose(c)).unwrap();
    let good = diagnose(&gateway(&fake.url())).await;
    assert_eq!(good.len(), 8);
    assert!(good.iter().all(|found| found.failure.is_none()), "{good:?}");
    assert_eq!(good[0].words, "works, and tags are honoured");
    assert!(fake.tickets().is_empty());

    let sn = create(&fake, &gateway(&fake.url()), 2).await;
    fake.fault("get_tickets", Fault::TagsIgnored, 1);
    let ignored = diagnose(&gateway(&fake.url())).await;
    assert!(
        ignored[0].words.contains("ignores tags"),
        "{}",
        ignored[0].words
    );
    assert!(!fake.ticket(&sn).unwrap().ended);

    let permission = Fault::Gateway {
        status: 403,
        code: 1_640_301,
        message: "App has no permission to the resource".to_owned(),
    };
    fake.fault("create_ticket", permission, 1);
    let unpermitted = diagnose(&gateway(&fake.url())).await;
    assert!(
        unpermitted[2]
            .words
            .contains("apply for the permission to call create_ticket")
    );

    let mut wrong = gateway(&fake.url());
    wrong.authorization = Authorization::AddedByHost;
    let refused = diagnose(&wrong).await;
    assert!(
        refused[0].words.contains("app code"),
        "{}",
        refused[0].words
    );

    let nowhere = diagnose(&gateway("http://127.0.0.1:1")).await;
    assert_eq!(nowhere.len(), 1);

    let no_address = call!(blueking_itsm_diagnosis.call_diagnose(&gateway("127.0.0.1")));
    let advice = no_address.unwrap_err().advice;
    assert!(matches!(advice, Advice::FixArgument(name) if name == "connection.endpoint"));
}

#[tokio::test(flavor = "multi_thread")]
async fn processors_are_named_by_node_and_an_unclear_name_lists_the_candidates() {
    let fake = start(false).await;
    let c = gateway(&fake.url());
    let named = |name: &str| {
        [NamedProcessors {
            name: name.to_owned(),
            users: vec!["dave".to_owned()],
        }]
    };
    let nodes = named("管理员审批");
    let nodes = call!(blueking_itsm_services.call_resolve_processors(&c, 1, &nodes)).unwrap();
    assert_eq!(nodes[0].state_id, 5);
    let mut ticket = fast_ticket();
    ticket.service = Service::Id(1);
    ticket.fields = vec![
        text("apply_content", "c"),
        text("apply_reason", "r"),
        text("ZHIDINGSHENPIREN", "bob"),
    ];
    ticket.processors = nodes;
    let sn = Host::new().create(&c, &ticket).await.unwrap().sn;
    fake.approve(&sn, "bob").await.unwrap();
    fake.approve(&sn, "dave").await.unwrap();

    match call!(blueking_itsm_services.call_resolve_processors(&c, 1, &named("总监"))) {
        Err(Unresolved::UnknownName(candidates)) => assert_eq!(candidates.roles.len(), 3),
        other => panic!("{other:?}"),
    }
    match call!(blueking_itsm_services.call_resolve_processors(&c, 6, &named("审批"))) {
        Err(Unresolved::AmbiguousName(candidates)) => {
            let ids: Vec<_> = candidates.roles.iter().map(|role| role.state_id).collect();
            assert_eq!(ids, [55, 56]);
        }
        other => panic!("{other:?}"),
    }
    let unknown = call!(blueking_itsm_services.call_resolve_processors(&c, 99, &named("x")));
    match unknown {
        Err(Unresolved::Failed(failure)) => assert_eq!(failure.code.as_deref(), Some("3900042")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_beyond_the_last_are_empty_and_odd_sizes_can_not_be_asked_for() {
    let fake = start(false).await;
    let c = gateway(&fake.url());
    for _ in 0..3 {
        create(&fake, &c, 2).await;
    }
    for (page, rows) in [(1, 2), (2, 1), (3, 0), (99, 0)] {
        let found = call!(blueking_itsm_tickets.call_list(&c, &none(), page, 2)).unwrap();
        assert_eq!(
            (found.tickets.len(), found.page, found.pages, found.total),
            (rows, page, 2, 3)
        );
    }
    let beyond =
        call!(blueking_itsm_tickets.call_list_by_user(&c, "alice", UserView::Created, 9, 2));
    assert!(beyond.unwrap().tickets.is_empty());
    for (page, size) in [(0, 2), (1, 0), (1, 10_001)] {
        let refused = call!(blueking_itsm_tickets.call_list(&c, &none(), page, size)).unwrap_err();
        assert_eq!(refused.origin, Origin::Argument);
    }
    let mut filter = none();
    filter.creator = Some("alice".to_owned());
    filter.statuses = vec!["RUNNING".to_owned()];
    filter.service_ids = vec![2];
    filter.project_key = Some("0".to_owned());
    filter.waiting_for = Some("bob".to_owned());
    filter.tag = Some("op1".to_owned());
    let found = call!(blueking_itsm_tickets.call_list(&c, &filter, 1, 10)).unwrap();
    assert_eq!(found.total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_address_is_fit_only_if_it_answers_as_itsm_wants() {
    let http = |status: &str, headers: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    for (answer, fit) in [
        (http("200 OK", "", r#"{"code": 0}"#), Ok(())),
        (http("201 Created", "", r#"{"code": 0.0}"#), Ok(())),
        (
            http("202 Accepted", "", r#"{"code": 0}"#),
            Err(Unfit::Status(202)),
        ),
        (http("204 No Content", "", ""), Err(Unfit::Status(204))),
        (
            http("302 Found", "location: /login\r\n", ""),
            Err(Unfit::Redirect(302)),
        ),
        (http("200 OK", "", "<html>log in</html>"), Err(Unfit::Page)),
        (http("200 OK", "", r#"{"result": true}"#), Err(Unfit::Code)),
        (http("200 OK", "", r#"{"code": "0"}"#), Err(Unfit::Code)),
        (
            http(
                "200 OK",
                "",
                r#"{"code": 1, "message": "not for this receiver"}"#,
            ),
            Err(Unfit::Refused("not for this receiver".to_owned())),
        ),
    ] {
        let server = Scripted::always(vec![Step::Send(answer.clone().into_bytes())]).await;
        let target = callback_target(&format!("{}/itsm/callback?a=1", server.url()));
        let checked = call!(blueking_itsm_diagnosis.call_check_callback_url(&target));
        assert_eq!(checked, fit, "{answer}");
        let seen = format!("{}{}", server.received()[0].head, server.received()[0].body);
        assert!(
            seen.starts_with("POST /itsm/callback?a=1 HTTP/1.1"),
            "{seen}"
        );
        assert!(
            seen.contains("ITSM-SELF-CHECK") && seen.contains("canary-binding"),
            "{seen}"
        );
    }
    let target = callback_target("http://127.0.0.1:1/");
    let unreachable = call!(blueking_itsm_diagnosis.call_check_callback_url(&target));
    assert!(
        matches!(unreachable, Err(Unfit::Unreachable(_))),
        "{unreachable:?}"
    );
}
