//! Every action through the built component, over each kind of server.

use crate::set_up::{create, start, ticket, ticket_of, word};
use component_tests::wit_diagnosis::Unfit;
use component_tests::wit_handling::{AssigneeGroup, Assignees};
use component_tests::wit_services::{NamedProcessors, ServiceFilter, Unresolved};
use component_tests::wit_tickets::{UserFilter, UserView};
use component_tests::wit_types::{Advice, Authorization, Connection, Field, Origin};
use component_tests::{
    APP_CODE, APP_SECRET, Host, Scripted, answer, any_ticket, app, call, callback_target, esb,
    esb_legacy, gateway, text,
};
use fake_itsm::{FakeItsm, Fault, Options};

/// A server that knows the app.
fn known() -> Options {
    Options {
        credentials: Some((APP_CODE.to_owned(), APP_SECRET.to_owned())),
        ..Options::default()
    }
}

/// All of a user's tickets.
fn any() -> UserFilter {
    UserFilter {
        service_id: None,
        catalog_id: None,
        created_from: None,
        created_to: None,
    }
}

/// Calls every function once; each must succeed.
async fn drive(fake: &FakeItsm, c: &Connection) {
    let host = Host::new();
    let users = ["dave".to_owned()];
    let dave = Assignees::People(users.to_vec());
    let sn = create(fake, c, &ticket("op1")).await;
    let status = call!(host => blueking_itsm_tickets.call_status(c, &sn)).unwrap();
    let node = &status.running[0];
    assert_eq!((status.running.len(), node.node_id), (1, 15));
    assert_eq!(status.allowed_actions, ["WITHDRAW", "SUSPEND"]);
    let kinds: Vec<_> = node
        .fields
        .iter()
        .map(|field| field.kind.as_str())
        .collect();
    assert_eq!(kinds, ["RADIO", "TEXT", "TEXT"]);
    let choices = node.fields[0].choices.iter();
    let choices: Vec<_> = choices
        .map(|choice| (choice.key.as_str(), choice.name.as_str()))
        .collect();
    assert_eq!(choices, [("true", "通过"), ("false", "拒绝")]);
    let info = call!(host => blueking_itsm_tickets.call_info(c, &sn)).unwrap();
    assert_eq!(
        (info.ticket.sn, info.ticket.service.as_str()),
        (sn.clone(), "2")
    );
    assert_eq!((info.running.len(), info.fields.len()), (1, 3));
    let log = call!(host => blueking_itsm_tickets.call_log(c, &sn)).unwrap();
    assert_eq!(log[0].operator, "alice");
    let page = call!(host => blueking_itsm_tickets.call_search(c, &any_ticket(), 1, 50)).unwrap();
    assert_eq!((page.page, page.pages, page.total), (1, 1, 1));
    let of_service = |service_id| UserFilter {
        service_id: Some(service_id),
        ..any()
    };
    let todo = UserView::Todo;
    let mine = call!(host => blueking_itsm_tickets.call_search_by_user(c, "carol", todo, &of_service(2), 1, 50));
    let mine = mine.unwrap().tickets;
    assert!(mine[0].sn == sn && mine[0].waiting_approve, "{mine:?}");

    call!(host => blueking_itsm_operations.call_suspend(c, &sn, "bob", "wait")).unwrap();
    call!(host => blueking_itsm_operations.call_resume(c, &sn, "bob", "go on")).unwrap();
    call!(host => blueking_itsm_operations.call_follow(c, &sn, &users)).unwrap();
    call!(host => blueking_itsm_operations.call_unfollow(c, &sn, &users)).unwrap();
    // The server wants the field's type, too.
    let title = [Field {
        extra_json: Some(r#"{"type": "STRING"}"#.to_owned()),
        ..text("title", "another title")
    }];
    call!(host => blueking_itsm_handling.call_edit_fields(c, &sn, "alice", &title)).unwrap();
    let approvers =
        async || call!(host => blueking_itsm_operations.call_approvers(c, &sn, 15)).unwrap();
    assert!(approvers().await.is_empty());
    call!(host => blueking_itsm_handling.call_approve(c, &sn, 15, "bob", true, "good")).unwrap();
    assert_eq!(approvers().await, ["bob"]);
    let decided = call!(host => blueking_itsm_operations.call_node_result(c, &sn, 15)).unwrap();
    assert!(decided.approved && decided.remark == "good");
    call!(host => blueking_itsm_operations.call_rate(c, &sn, "alice", 5, "quick")).unwrap();
    let results = host.approval_results(c, &[&sn]).await.unwrap();
    assert!(results[0].approve_result);
    assert_eq!(word(&host.confirm_own(c, &sn).await.unwrap()), "approved");
    assert_eq!(
        word(&host.confirm(c, &sn, "op1").await.unwrap()),
        "approved"
    );
    assert!(host.verify_token(c, &fake.token()).await.unwrap());
    assert!(host.failed_callbacks(c, &[&sn]).await.unwrap().is_empty());

    let sn = create(fake, c, &ticket("op2")).await;
    call!(host => blueking_itsm_operations.call_withdraw(c, &sn, "alice", "no need")).unwrap();
    let sn = create(fake, c, &ticket("op3")).await;
    call!(host => blueking_itsm_operations.call_terminate(c, &sn, "bob", "stop")).unwrap();
    let sn = create(fake, c, &ticket_of(5, "op4")).await;
    call!(host => blueking_itsm_handling.call_distribute(c, &sn, 45, "bob", &dave)).unwrap();
    let group = Assignees::Others(AssigneeGroup {
        kind: "GENERAL".to_owned(),
        id: "7".to_owned(),
    });
    call!(host => blueking_itsm_handling.call_hand_over(c, &sn, 45, "dave", &dave, "ill")).unwrap();
    let form = [text("CHULIJIEGUO", "done")];
    call!(host => blueking_itsm_handling.call_transition(c, &sn, 45, "dave", &form)).unwrap();
    let sn = create(fake, c, &ticket_of(5, "op5")).await;
    call!(host => blueking_itsm_handling.call_hand_over(c, &sn, 45, "bob", &group, "ill")).unwrap();
    let sent = fake.exchanges_of("operate_node").pop().unwrap().body;
    assert!(sent.contains(r#""processors_type":"GENERAL""#), "{sent}");
    let sn = create(fake, c, &ticket("op6")).await;
    let refused = call!(host => blueking_itsm_handling.call_claim(c, &sn, 15, "bob")).unwrap_err();
    assert_eq!(
        (refused.code.as_deref(), refused.may_have_acted),
        (Some("3900005"), false)
    );

    let in_catalog = ServiceFilter {
        catalog_id: Some(11),
        kind: None,
        display_type: None,
        display_role: None,
    };
    let services =
        call!(host => blueking_itsm_services.call_list_services(c, &in_catalog)).unwrap();
    let ids: Vec<_> = services.iter().map(|service| service.id).collect();
    assert_eq!(ids, [2, 3, 4, 5]);
    let form = call!(host => blueking_itsm_services.call_form(c, 1)).unwrap();
    assert_eq!(
        (form.service.id, form.fields.len(), form.fields[0].required),
        (1, 4, true)
    );
    let catalogs =
        call!(host => blueking_itsm_services.call_list_catalogs(c, Some("cmdb"), false)).unwrap();
    assert_eq!((catalogs[1].id, catalogs[1].parent_id), (21, Some(20)));
    let nodes = call!(host => blueking_itsm_services.call_nodes(c, 3, None)).unwrap();
    assert_eq!(
        (nodes[0].id, nodes[1].id, nodes[1].all_sign),
        (24, 25, true)
    );
    call!(host => blueking_itsm_services.call_workflow_detail(c, 1)).unwrap();
    let json = r#"{"name":"CMDB","parent__id":1,"project_key":"cmdb"}"#;
    call!(host => blueking_itsm_administration.call_create_catalog(c, json)).unwrap();
    call!(host => blueking_itsm_administration.call_import_service(c, r#"{"name":"s"}"#)).unwrap();
    let updated = call!(host => blueking_itsm_administration.call_update_service(c, r#"{"id":7,"name":"s"}"#));
    assert!(updated.unwrap().contains("\"id\":7"));
}

/// The functions that use each action, in the order of the table.
const USED_BY: [(&str, &str); 25] = [
    ("create_ticket", "tickets.create"),
    (
        "get_tickets",
        "tickets.search, confirm, confirm-own, reconcile, recover",
    ),
    ("get_tickets_by_user", "tickets.search-by-user"),
    ("get_ticket_status", "tickets.status, explain"),
    ("get_ticket_info", "tickets.info, explain"),
    (
        "get_ticket_logs",
        "tickets.log, confirm, confirm-own, reconcile, explain",
    ),
    (
        "ticket_approval_result",
        "tickets.approval-results, confirm, confirm-own, reconcile, explain",
    ),
    ("token/verify", "tickets.verify-token"),
    ("callback_failed_ticket", "tickets.failed-callbacks"),
    (
        "operate_ticket",
        "operations.withdraw, terminate, suspend, resume",
    ),
    (
        "operate_node",
        "handling.transition, claim, distribute, hand-over",
    ),
    ("approve", "handling.approve"),
    ("get_approve_node_result", "operations.node-result"),
    ("get_approver", "operations.approvers"),
    ("comment", "operations.rate"),
    ("add_follower", "operations.follow, unfollow"),
    ("edit_field", "handling.edit-fields"),
    ("get_services", "services.list-services"),
    ("get_service_detail", "services.form"),
    ("get_service_catalogs", "services.list-catalogs"),
    ("get_service_roles", "services.nodes, resolve-processors"),
    ("get_workflow_detail", "services.workflow-detail"),
    ("create_service_catalog", "administration.create-catalog"),
    ("import_service", "administration.import-service"),
    ("update_service", "administration.update-service"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_action_works_over_each_kind_of_server_as_the_table_says() {
    let mut seen = Vec::new();
    for (legacy, connect) in [
        (false, gateway as fn(&str) -> Connection),
        (false, esb),
        (true, esb_legacy),
    ] {
        let (fake, _) = start(Options {
            legacy_esb: legacy,
            ..known()
        })
        .await;
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
async fn an_app_without_a_proven_user_is_told_what_it_can_not_use() {
    let (_fake, mut c) = start(Options {
        verified_users: true,
        ..Options::default()
    })
    .await;
    c.authorization = app(None);
    let host = Host::new();
    let failure = host.approval_results(&c, &["S"]).await.unwrap_err();
    assert_eq!(
        (failure.advice, failure.origin),
        (Advice::SendVerifiedUser, Origin::Gateway)
    );
    let findings = call!(host => blueking_itsm_diagnosis.call_diagnose(&c)).unwrap();
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
    let (fake, c) = start(known()).await;
    let host = Host::new();
    let diagnose =
        async |c: &Connection| call!(host => blueking_itsm_diagnosis.call_diagnose(c)).unwrap();
    let sn = create(&fake, &c, &ticket("op1")).await;
    let good = diagnose(&c).await;
    assert_eq!(good.len(), 8);
    assert!(good.iter().all(|found| found.failure.is_none()), "{good:?}");
    assert_eq!(good[0].words, "works, and tickets are found by their tag");
    assert_eq!(fake.tickets().len(), 1);
    assert!(!fake.ticket(&sn).unwrap().ended);

    let permission = Fault::Gateway {
        status: 403,
        code: 1_640_301,
        message: "App has no permission to the resource".to_owned(),
    };
    fake.fault("create_ticket", permission, 1);
    let unpermitted = diagnose(&c).await;
    assert!(
        unpermitted[2]
            .words
            .contains("apply for the permission to call create_ticket")
    );

    let mut wrong = c.clone();
    wrong.authorization = Authorization::AddedByHost;
    let refused = diagnose(&wrong).await;
    assert!(
        refused[0].words.contains("app code"),
        "{}",
        refused[0].words
    );

    let nowhere = diagnose(&gateway("http://127.0.0.1:1")).await;
    assert_eq!(nowhere.len(), 1);

    let no_address = call!(host => blueking_itsm_diagnosis.call_diagnose(&gateway("127.0.0.1")));
    let advice = no_address.unwrap_err().advice;
    assert!(matches!(advice, Advice::FixArgument(name) if name == "connection.endpoint"));
}

#[tokio::test(flavor = "multi_thread")]
async fn processors_are_named_by_node_and_an_unclear_name_lists_the_candidates() {
    let (fake, c) = start(known()).await;
    let host = Host::new();
    let named = |name: &str| {
        [NamedProcessors {
            name: name.to_owned(),
            users: vec!["dave".to_owned()],
        }]
    };
    let nodes = named("管理员审批");
    let nodes =
        call!(host => blueking_itsm_services.call_resolve_processors(&c, 1, &nodes)).unwrap();
    assert_eq!(nodes[0].node_id, 5);
    let mut ticket = ticket_of(1, "op1");
    ticket.fields = vec![
        text("apply_content", "c"),
        text("apply_reason", "r"),
        text("ZHIDINGSHENPIREN", "bob"),
    ];
    ticket.processors = nodes;
    let sn = host.create(&c, &ticket).await.unwrap().sn;
    fake.approve(&sn, "bob").await.unwrap();
    fake.approve(&sn, "dave").await.unwrap();

    match call!(host => blueking_itsm_services.call_resolve_processors(&c, 1, &named("总监"))) {
        Err(Unresolved::UnknownName(candidates)) => assert_eq!(candidates.nodes.len(), 3),
        other => panic!("{other:?}"),
    }
    match call!(host => blueking_itsm_services.call_resolve_processors(&c, 6, &named("审批"))) {
        Err(Unresolved::AmbiguousName(candidates)) => {
            let ids: Vec<_> = candidates.nodes.iter().map(|node| node.id).collect();
            assert_eq!(ids, [55, 56]);
        }
        other => panic!("{other:?}"),
    }
    let unknown =
        call!(host => blueking_itsm_services.call_resolve_processors(&c, 99, &named("x")));
    match unknown {
        Err(Unresolved::Failed(failure)) => assert_eq!(failure.code.as_deref(), Some("3900042")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_beyond_the_last_are_empty_and_odd_sizes_can_not_be_asked_for() {
    let (fake, c) = start(known()).await;
    let host = Host::new();
    for tag in ["op0", "op1", "op2"] {
        create(&fake, &c, &ticket(tag)).await;
    }
    for (page, rows) in [(1, 2), (2, 1), (3, 0), (99, 0)] {
        let found =
            call!(host => blueking_itsm_tickets.call_search(&c, &any_ticket(), page, 2)).unwrap();
        assert_eq!(
            (found.tickets.len(), found.page, found.pages, found.total),
            (rows, page, 2, 3)
        );
    }
    let created = UserView::Created;
    let beyond = call!(host => blueking_itsm_tickets.call_search_by_user(&c, "alice", created, &any(), 9, 2));
    assert!(beyond.unwrap().tickets.is_empty());
    for (page, size) in [(0, 2), (1, 0), (1, 10_001)] {
        let refused =
            call!(host => blueking_itsm_tickets.call_search(&c, &any_ticket(), page, size))
                .unwrap_err();
        assert_eq!(refused.origin, Origin::Argument);
    }
    let mut filter = any_ticket();
    filter.creator = Some("alice".to_owned());
    filter.statuses = vec!["RUNNING".to_owned()];
    filter.service_ids = vec![2];
    filter.project_key = Some("0".to_owned());
    filter.waiting_for = Some("bob".to_owned());
    filter.tag = Some("op1".to_owned());
    let found = call!(host => blueking_itsm_tickets.call_search(&c, &filter, 1, 10)).unwrap();
    assert_eq!(found.total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_address_is_fit_only_if_it_answers_as_itsm_wants() {
    let host = Host::new();
    for (answered, fit) in [
        (answer(200, &[], r#"{"code": 0}"#), Ok(())),
        (answer(201, &[], r#"{"code": 0.0}"#), Ok(())),
        (answer(202, &[], r#"{"code": 0}"#), Err(Unfit::Status(202))),
        (answer(204, &[], ""), Err(Unfit::Status(204))),
        (
            answer(302, &[("location", "/login")], ""),
            Err(Unfit::Redirect(302)),
        ),
        (answer(200, &[], "<html>log in</html>"), Err(Unfit::NotJson)),
        (
            answer(200, &[], r#"{"result": true}"#),
            Err(Unfit::NoZeroCode),
        ),
        (answer(200, &[], r#"{"code": "0"}"#), Err(Unfit::NoZeroCode)),
        (
            answer(
                200,
                &[],
                r#"{"code": 1, "message": "not for this receiver"}"#,
            ),
            Err(Unfit::Refused("not for this receiver".to_owned())),
        ),
    ] {
        let server = Scripted::always(vec![answered.clone()]).await;
        let target = callback_target(&format!("{}/itsm/callback?a=1", server.url()));
        let checked = call!(host => blueking_itsm_diagnosis.call_check_callback_url(&target));
        assert_eq!(checked, fit, "{answered:?}");
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
    let unreachable = call!(host => blueking_itsm_diagnosis.call_check_callback_url(&target));
    assert!(
        matches!(unreachable, Err(Unfit::Unreachable(_))),
        "{unreachable:?}"
    );
}
