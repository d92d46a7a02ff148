//! Every action through the built component, over each kind of server.

use crate::set_up::{any_of_a_user, create, fix, start, ticket, ticket_of, word};
use blueking_itsm::domain::action::{
    ADD_FOLLOWER, ALL, Action, CREATE_SERVICE_CATALOG, EDIT_FIELD, Entry, Esb,
    GET_APPROVE_NODE_RESULT, GET_APPROVER, GET_TICKETS_BY_USER, IMPORT_SERVICE, UPDATE_SERVICE,
};
use component_tests::wit_diagnosis::CallbackUrlError;
use component_tests::wit_handling::{AssigneeGroup, Assignees};
use component_tests::wit_services::{NamedProcessors, ResolveError, ServiceFilter};
use component_tests::wit_tickets::{Ending, UserFilter, UserView};
use component_tests::wit_types::{
    Advice, Authorization, Confirmation, Connection, Failure, Field, Origin, Recovery,
};
use component_tests::{
    APP_CODE, APP_SECRET, Host, Scripted, answer, any_ticket, app, call, callback_target, envelope,
    esb, esb_legacy, gateway, text,
};
use fake_itsm::{Exchange, FakeItsm, Fault, Options};
use serde_json::{Value, json};
use std::fmt::Debug;
use std::io::{Read, Write};

/// A server that knows the app.
fn known() -> Options {
    Options {
        credentials: Some((APP_CODE.to_owned(), APP_SECRET.to_owned())),
        ..Options::default()
    }
}

/// What stands in front of ITSM.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Front {
    Gateway,
    Esb,
    OldestEsb,
}

impl Front {
    fn publishes(self, action: &Action) -> bool {
        match action.esb {
            Esb::Missing => self == Self::Gateway,
            Esb::NotTheOldest => self != Self::OldestEsb,
            Esb::Same | Esb::At(_) => true,
        }
    }

    /// The path of a published action.
    fn path(self, action: &Action) -> String {
        match self {
            Self::Gateway => {
                let slash = if action.ends_with_slash_at_a_gateway() { "/" } else { "" };
                format!("/api/bk-itsm/prod/v2/itsm/{}{slash}", action.path)
            }
            Self::Esb | Self::OldestEsb => {
                format!("/api/c/compapi/v2/itsm/{}/", action.esb_path())
            }
        }
    }

    /// What a function gave, where its action is published here. Else it must have failed as an action that is
    /// not there does, and there is nothing.
    fn given<T: Debug>(self, action: &Action, result: Result<T, Failure>) -> Option<T> {
        let name = action.esb_path();
        if self.publishes(action) {
            return Some(result.unwrap_or_else(|why| panic!("{self:?}, {name}: {why:?}")));
        }
        let failure = result.unwrap_err();
        assert_eq!(
            (failure.origin, failure.code.as_deref(), failure.may_have_acted),
            (Origin::Esb, Some("1306404"), false),
            "{name}"
        );
        let words = format!("this ESB has no action {name}: ");
        assert!(failure.message.starts_with(&words), "{}", failure.message);
        None
    }
}

/// A service with all that a site exports of it.
const SERVICE: &str = r#"{
    "name": "s", "key": "request", "is_valid": true, "display_type": "OPEN", "display_role": "",
    "project_key": "cmdb", "source": "custom", "workflow": {}"#;

/// Services of the fake, and a node of each.
const BUILT_IN: (u64, u64) = (2, 15);
const COUNTERSIGNED: (u64, u64) = (3, 25);
const HANDLED: (u64, u64) = (5, 45);

/// Calls every function; each must succeed where its action is published.
async fn drive(front: Front, fake: &FakeItsm, c: &Connection) {
    let host = &Host::new();
    drive_tickets(front, fake, host, c).await;
    drive_operations(front, fake, host, c).await;
    drive_handling(front, fake, host, c).await;
    drive_services(front, host, c).await;
    drive_administration(front, host, c).await;
}

async fn drive_tickets(front: Front, fake: &FakeItsm, host: &Host, c: &Connection) {
    let ticket = ticket("op1");
    let sn = call!(host => blueking_itsm_tickets.call_create(c, &ticket)).unwrap().sn;
    fake.started(&sn).await.unwrap();
    let status = call!(host => blueking_itsm_tickets.call_status(c, &sn)).unwrap();
    let node = &status.running[0];
    assert_eq!((status.running.len(), node.node_id), (1, BUILT_IN.1));
    assert_eq!(status.allowed_actions, ["WITHDRAW", "SUSPEND"]);
    let kinds: Vec<_> = node.fields.iter().map(|field| field.kind.as_str()).collect();
    assert_eq!(kinds, ["RADIO", "TEXT", "TEXT"]);
    let choices = node.fields[0].choices.iter();
    let choices: Vec<_> =
        choices.map(|choice| (choice.key.as_str(), choice.name.as_str())).collect();
    assert_eq!(choices, [("true", "通过"), ("false", "拒绝")]);
    let info = call!(host => blueking_itsm_tickets.call_info(c, &sn)).unwrap();
    assert_eq!((&info.ticket.sn, info.ticket.service), (&sn, BUILT_IN.0.to_string()));
    assert_eq!(info.running.len(), 1);
    let value = |key: &str| {
        let field = info.fields.iter().find(|field| field.key == key);
        field.map(|field| field.value_json.as_str())
    };
    assert_eq!(value("APPROVER"), Some("\"carol,bob\""));
    let log = call!(host => blueking_itsm_tickets.call_log(c, &sn)).unwrap();
    assert_eq!(log[0].operator, "alice");
    let page = call!(host => blueking_itsm_tickets.call_search(c, &any_ticket(), 1, 50)).unwrap();
    assert_eq!((page.page, page.pages, page.total), (1, 1, 1));
    let of_service = UserFilter { service_id: Some(BUILT_IN.0), ..any_of_a_user() };
    let todo = UserView::Todo;
    let mine = call!(host => blueking_itsm_tickets.call_search_by_user(c, "carol", todo, &of_service, 1, 50));
    if let Some(mine) = front.given(&GET_TICKETS_BY_USER, mine) {
        let mine = mine.tickets;
        assert!(mine[0].sn == sn && mine[0].waiting_approve, "{mine:?}");
    }
    let recovered = call!(host => blueking_itsm_tickets.call_recover(c, &ticket)).unwrap();
    assert!(matches!(recovered, Recovery::Found(found) if found.sn == sn));

    let node = BUILT_IN.1;
    call!(host => blueking_itsm_handling.call_approve(c, &sn, node, "bob", true, "good")).unwrap();
    let sns = [sn.clone()];
    let results = call!(host => blueking_itsm_tickets.call_approval_results(c, &sns)).unwrap();
    assert!(results[0].approve_result);
    let confirmed = call!(host => blueking_itsm_tickets.call_confirm_own(c, &sn)).unwrap();
    assert_eq!(word(&confirmed), "approved");
    let confirmed = call!(host => blueking_itsm_tickets.call_confirm(c, &sn, "op1")).unwrap();
    assert_eq!(word(&confirmed), "approved");
    let reconciled = call!(host => blueking_itsm_tickets.call_reconcile(c, &sns)).unwrap();
    assert_eq!(word(&reconciled[0].confirmation), "approved");
    let explained = call!(host => blueking_itsm_tickets.call_explain(c, &sn)).unwrap();
    assert_eq!(explained.ending, Ending::Approved);
    assert!(call!(host => blueking_itsm_tickets.call_verify_token(c, &fake.token())).unwrap());
    let failed = call!(host => blueking_itsm_tickets.call_failed_callbacks(c, &sns)).unwrap();
    assert!(failed.is_empty());
}

async fn drive_operations(front: Front, fake: &FakeItsm, host: &Host, c: &Connection) {
    let (node, users) = (BUILT_IN.1, ["dave".to_owned()]);
    let sn = create(fake, c, &ticket("op2")).await;
    call!(host => blueking_itsm_operations.call_suspend(c, &sn, "bob", "wait")).unwrap();
    call!(host => blueking_itsm_operations.call_resume(c, &sn, "bob", "go on")).unwrap();
    let followed = call!(host => blueking_itsm_operations.call_follow(c, &sn, &users));
    front.given(&ADD_FOLLOWER, followed);
    let unfollowed = call!(host => blueking_itsm_operations.call_unfollow(c, &sn, &users));
    front.given(&ADD_FOLLOWER, unfollowed);
    let approvers = async || {
        let approvers = call!(host => blueking_itsm_operations.call_approvers(c, &sn, node));
        front.given(&GET_APPROVER, approvers)
    };
    assert!(approvers().await.is_none_or(|names| names.is_empty()));
    call!(host => blueking_itsm_handling.call_approve(c, &sn, node, "bob", true, "good")).unwrap();
    assert!(approvers().await.is_none_or(|names| names == ["bob"]));
    let decided = call!(host => blueking_itsm_operations.call_node_result(c, &sn, node));
    if let Some(decided) = front.given(&GET_APPROVE_NODE_RESULT, decided) {
        assert!(decided.approved && decided.remark == "good");
    }
    call!(host => blueking_itsm_operations.call_rate(c, &sn, "alice", 5, "quick")).unwrap();

    let sn = create(fake, c, &ticket("op3")).await;
    call!(host => blueking_itsm_operations.call_withdraw(c, &sn, "alice", "no need")).unwrap();
    let sn = create(fake, c, &ticket("op4")).await;
    call!(host => blueking_itsm_operations.call_terminate(c, &sn, "bob", "stop")).unwrap();
}

async fn drive_handling(front: Front, fake: &FakeItsm, host: &Host, c: &Connection) {
    let sn = create(fake, c, &ticket("op5")).await;
    let title = [text("title", "another title")];
    let edited = call!(host => blueking_itsm_handling.call_edit_fields(c, &sn, "alice", &title));
    if front.given(&EDIT_FIELD, edited).is_some() {
        assert_eq!(fake.ticket(&sn).unwrap().title, "another title");
    }
    let node = BUILT_IN.1;
    let refused =
        call!(host => blueking_itsm_handling.call_claim(c, &sn, node, "bob")).unwrap_err();
    assert_eq!((refused.code.as_deref(), refused.may_have_acted), (Some("3900005"), false));
    // Where no action is published for it, it goes by the node's own form.
    call!(host => blueking_itsm_handling.call_approve(c, &sn, node, "bob", true, "good")).unwrap();
    assert_eq!(word(&host.confirm_own(c, &sn).await.unwrap()), "approved");

    let (service, node) = HANDLED;
    let dave = Assignees::People(vec!["dave".to_owned()]);
    let sn = create(fake, c, &ticket_of(service, "op6")).await;
    call!(host => blueking_itsm_handling.call_distribute(c, &sn, node, "bob", &dave)).unwrap();
    call!(host => blueking_itsm_handling.call_hand_over(c, &sn, node, "dave", &dave, "ill"))
        .unwrap();
    let form = [text("CHULIJIEGUO", "done")];
    call!(host => blueking_itsm_handling.call_transition(c, &sn, node, "dave", &form)).unwrap();
    let sn = create(fake, c, &ticket_of(service, "op7")).await;
    let group = Assignees::Others(AssigneeGroup { kind: "GENERAL".to_owned(), id: "7".to_owned() });
    call!(host => blueking_itsm_handling.call_hand_over(c, &sn, node, "bob", &group, "ill"))
        .unwrap();
    let sent = fake.exchanges_of("operate_node").pop().unwrap().body;
    assert!(sent.contains(r#""processors_type":"GENERAL""#), "{sent}");
}

async fn drive_services(front: Front, host: &Host, c: &Connection) {
    let (service, node) = COUNTERSIGNED;
    let in_catalog =
        ServiceFilter { catalog_id: Some(11), kind: None, display_type: None, display_role: None };
    let services =
        call!(host => blueking_itsm_services.call_list_services(c, &in_catalog)).unwrap();
    let ids: Vec<_> = services.iter().map(|service| service.id).collect();
    assert_eq!(ids, [2, 3, 4, 5]);
    let form = call!(host => blueking_itsm_services.call_form(c, 1)).unwrap();
    assert_eq!((form.service.id, form.fields.len(), form.fields[0].required), (1, 4, true));
    let catalogs =
        call!(host => blueking_itsm_services.call_list_catalogs(c, Some("cmdb"), false)).unwrap();
    assert_eq!(catalogs[1].parent_id, Some(catalogs[0].id));
    let nodes = call!(host => blueking_itsm_services.call_nodes(c, service, None)).unwrap();
    assert!(nodes.iter().any(|one| one.id == node && one.all_sign), "{nodes:?}");
    let named = [NamedProcessors { name: nodes[1].name.clone(), users: vec!["dave".to_owned()] }];
    let resolved =
        call!(host => blueking_itsm_services.call_resolve_processors(c, service, &named)).unwrap();
    assert_eq!(resolved[0].node_id, node);
    let flow = call!(host => blueking_itsm_services.call_workflow_detail(c, 1));
    if front == Front::Gateway {
        // The resource was published with an address that the server does not have.
        let failure = flow.unwrap_err();
        assert_eq!((failure.origin, failure.may_have_acted), (Origin::Answer, false));
    } else {
        assert!(flow.unwrap().contains("\"states\""));
    }
}

async fn drive_administration(front: Front, host: &Host, c: &Connection) {
    let json = r#"{"name":"CMDB","parent__id":1,"project_key":"cmdb"}"#;
    let made = call!(host => blueking_itsm_administration.call_create_catalog(c, json));
    front.given(&CREATE_SERVICE_CATALOG, made);
    let json = format!("{SERVICE}}}");
    let imported = call!(host => blueking_itsm_administration.call_import_service(c, &json));
    front.given(&IMPORT_SERVICE, imported);
    let json = format!("{SERVICE}, \"id\": 7}}");
    let updated = call!(host => blueking_itsm_administration.call_update_service(c, &json));
    let updated = front.given(&UPDATE_SERVICE, updated);
    assert!(updated.is_none_or(|row| row.contains("\"id\":7")));
}

/// What the table says of an action is what was sent, over each kind of server: `docs/actions.md` is made of it.
#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_called_where_the_table_says_that_a_server_has_it() {
    for (front, connect) in [
        (Front::Gateway, gateway as fn(&str) -> Connection),
        (Front::Esb, esb),
        (Front::OldestEsb, esb_legacy),
    ] {
        let is_oldest = front == Front::OldestEsb;
        let (fake, _) = start(Options { legacy_esb: is_oldest, ..known() }).await;
        drive(front, &fake, &connect(&fake.url())).await;
        let seen = fake.exchanges();
        for exchange in &seen {
            let in_header = exchange.header("x-bkapi-authorization").is_some();
            let beside = format!("{}{}", exchange.query, exchange.body).contains(APP_SECRET);
            assert!(in_header != beside, "credentials in both places or none: {exchange:?}");
            assert_eq!(beside, is_oldest);
        }
        let mut published = 0;
        for Entry { action, .. } in ALL.iter().filter(|entry| front.publishes(entry.action)) {
            published += 1;
            let path = front.path(action);
            let method = format!("{:?}", action.method).to_uppercase();
            let is_it = |seen: &&Exchange| seen.path == path;
            let called = seen.iter().find(is_it);
            let called = called.unwrap_or_else(|| panic!("{front:?}: nobody called {path}"));
            assert_eq!(called.method, method, "{path}");
        }
        println!("{front:?}: {published} of {} actions", ALL.len());
    }
}

/// Deciding needs no action of its own: a running approval shows its form, and submitting that decides.
#[tokio::test(flavor = "multi_thread")]
async fn over_an_esb_an_approval_is_decided_by_the_nodes_own_form() {
    for (service, node, approved, remark, decided) in [
        (2, 15, true, "good", Ok("approved")),
        (2, 15, true, "", Ok("approved")),
        (2, 15, false, "no", Ok("rejected")),
        (2, 15, false, "", Err("remark")),
        (2, 15, false, " ", Err("remark")),
        // It does not run, or there is none.
        (2, 14, true, "", Err("node-id")),
        (2, 99, true, "", Err("node-id")),
        // A handler's form holds no decision.
        (5, 45, true, "", Err("node-id")),
        // The flow's author asks something more.
        (12, 115, true, "", Err("node-id")),
    ] {
        let case = format!("service {service}, node {node}, {approved}, {remark:?}");
        let (fake, _) = start(known()).await;
        let c = esb(&fake.url());
        let host = Host::new();
        let sn = create(&fake, &c, &ticket_of(service, "op1")).await;
        let told = call!(host => blueking_itsm_handling.call_approve(&c, &sn, node, "bob", approved, remark));
        let written = fake.exchanges_of("operate_node");
        match decided {
            Ok(verdict) => {
                told.unwrap();
                assert_eq!(written.len(), 1, "{case}");
                let confirmed = host.confirm_own(&c, &sn).await.unwrap();
                assert_eq!(word(&confirmed), verdict, "{case}");
                let Confirmation::Ended(outcome) = confirmed else {
                    panic!("{case}");
                };
                let decision = &outcome.decisions[0];
                assert_eq!((decision.operator.as_str(), decision.remark.as_str()), ("bob", remark));
            }
            Err(argument) => {
                let failure = told.unwrap_err();
                assert_eq!(
                    (failure.advice, failure.may_have_acted),
                    (fix(argument), false),
                    "{case}: {}",
                    failure.message
                );
                assert!(written.is_empty(), "{case}");
            }
        }
        assert!(fake.exchanges_of("approve").is_empty(), "{case}");
    }
}

/// The server fails without the types, in words that say nothing.
#[tokio::test(flavor = "multi_thread")]
async fn fields_are_edited_with_the_types_that_the_form_tells() {
    let (fake, c) = start(known()).await;
    let host = Host::new();
    let sn = create(&fake, &c, &ticket("op1")).await;
    let edit = async |fields: &[Field]| call!(host => blueking_itsm_handling.call_edit_fields(&c, &sn, "alice", fields));
    let of_its_own = Field {
        extra_json: Some(r#"{"type": "TEXT"}"#.to_owned()),
        ..text("APPROVAL_CONTENT", "c")
    };
    edit(&[text("title", "t"), text("APPROVER", "dave"), of_its_own]).await.unwrap();
    let sent = fake.exchanges_of("edit_field").pop().unwrap().body;
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(
        sent["fields"],
        json!([
            {"key": "title", "value": "t", "type": "STRING"},
            {"key": "APPROVER", "value": "dave", "type": "MEMBERS"},
            {"key": "APPROVAL_CONTENT", "value": "c", "type": "TEXT"},
        ])
    );
    let failure = edit(&[text("title", "u"), text("nobodys", "x")]).await.unwrap_err();
    assert_eq!((failure.advice, failure.origin), (fix("fields[1]"), Origin::Argument));
    assert_eq!(fake.exchanges_of("edit_field").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_a_proven_user_is_told_what_it_can_not_use() {
    let (_fake, mut c) = start(Options { verified_users: true, ..Options::default() }).await;
    c.authorization = app(None);
    let host = Host::new();
    let failure = host.approval_results(&c, &["S"]).await.unwrap_err();
    assert_eq!((failure.advice, failure.origin), (Advice::SendVerifiedUser, Origin::Gateway));
    let findings = call!(host => blueking_itsm_diagnosis.call_diagnose(&c)).unwrap();
    let blocked: Vec<_> = findings.iter().filter(|found| found.failure.is_some()).collect();
    let names: Vec<_> = blocked.iter().map(|found| found.action.as_str()).collect();
    assert_eq!(names, ["ticket_approval_result", "callback_failed_ticket", "get_service_roles"]);
    assert!(blocked[1].words.contains("give an access token"), "{}", blocked[1].words);
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
    assert!(unpermitted[2].words.contains("apply for it in the developer centre"));

    let mut wrong = c.clone();
    wrong.authorization = Authorization::AddedByHost;
    let refused = diagnose(&wrong).await;
    assert!(refused[0].words.contains("app code"), "{}", refused[0].words);

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
    let named =
        |name: &str| [NamedProcessors { name: name.to_owned(), users: vec!["dave".to_owned()] }];
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
        Err(ResolveError::UnknownName(candidates)) => assert_eq!(candidates.nodes.len(), 3),
        other => panic!("{other:?}"),
    }
    match call!(host => blueking_itsm_services.call_resolve_processors(&c, 6, &named("审批"))) {
        Err(ResolveError::AmbiguousName(candidates)) => {
            let ids: Vec<_> = candidates.nodes.iter().map(|node| node.id).collect();
            assert_eq!(ids, [55, 56]);
        }
        other => panic!("{other:?}"),
    }
    let unknown =
        call!(host => blueking_itsm_services.call_resolve_processors(&c, 99, &named("x")));
    match unknown {
        Err(ResolveError::Failed(failure)) => assert_eq!(failure.code.as_deref(), Some("3900042")),
        other => panic!("{other:?}"),
    }
}

/// At some nodes ITSM ignores in silence who is named for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_would_ignore_its_processors_is_told() {
    const NODES: [(&str, &str, &str, bool); 9] = [
        ("提单", "NORMAL", "PROCESS", true),
        ("审批", "APPROVAL", "PROCESS", true),
        ("先认领", "APPROVAL", "CLAIM_THEN_PROCESS", false),
        ("先派单", "APPROVAL", "DISTRIBUTE_THEN_PROCESS", false),
        ("派单再认领", "NORMAL", "DISTRIBUTE_THEN_CLAIM", false),
        ("签字", "SIGN", "PROCESS", false),
        ("通知", "WEBHOOK", "PROCESS", false),
        ("自动", "TASK", "PROCESS", false),
        ("标准运维", "TASK-SOPS", "PROCESS", false),
    ];
    /// How a server answers one of the two questions about a flow.
    #[derive(Clone, Copy, Debug)]
    enum Flow {
        Told,
        Page,
        Refused,
    }
    for flow in [Flow::Told, Flow::Page, Flow::Refused] {
        let server = Scripted::start(move |_, request| {
            let numbered = || (1..).zip(NODES);
            vec![match (request.action(), flow) {
                ("get_service_roles", _) => {
                    let roles = numbered().map(|(id, (name, ..))| json!({"id": id, "name": name}));
                    envelope(&roles.collect())
                }
                ("get_service_detail", _) => envelope(
                    &json!({"service_id": 7, "workflow_id": 70, "name": "s", "fields": []}),
                ),
                (_, Flow::Told) => {
                    assert!(request.head.contains("workflow_id=70 "));
                    let states = numbered().map(|(id, (name, kind, distribute, _))| {
                        json!({"id": id, "name": name, "type": kind, "distribute_type": distribute})
                    });
                    envelope(&json!({"states": states.collect::<Vec<_>>()}))
                }
                (_, Flow::Page) => answer(200, &[("content-type", "text/html")], "<html>"),
                (_, Flow::Refused) => {
                    let no = r#"{"result": false, "code": 1640102, "message": "m"}"#;
                    answer(401, &[("X-Bkapi-Error-Code", "1640102")], no)
                }
            }]
        })
        .await;
        let c = gateway(&server.url());
        for ((id, (name, .., counts)), seen) in (1..).zip(NODES).zip(1..) {
            let named = [NamedProcessors { name: name.to_owned(), users: vec!["dave".to_owned()] }];
            let resolved =
                call!(Host::new() => blueking_itsm_services.call_resolve_processors(&c, 7, &named));
            assert_eq!(server.received().len(), 3 * seen, "{name}, {flow:?}");
            match resolved {
                Ok(nodes) => {
                    // What is not told is not held against a node.
                    assert!(counts || !matches!(flow, Flow::Told), "{name}, {flow:?}");
                    assert_eq!(nodes[0].node_id, id, "{name}, {flow:?}");
                }
                Err(ResolveError::IgnoresProcessors(candidates)) => {
                    assert!(!counts && matches!(flow, Flow::Told), "{name}, {flow:?}");
                    assert_eq!(candidates.name, name);
                    assert_eq!(candidates.nodes[0].id, id);
                }
                other => panic!("{name}, {flow:?}: {other:?}"),
            }
        }
    }
}

/// A project's own root can lie deeper than where the answer begins.
#[tokio::test(flavor = "multi_thread")]
async fn catalogues_are_as_deep_as_itsm_says_and_else_as_they_stand() {
    let tree = json!([{"id": 1, "name": "n", "level": 3, "children": [
        {"id": 2, "name": "n", "level": 4, "children": []},
        {"id": 3, "name": "n"},
    ]}]);
    let server = Scripted::always(vec![envelope(&tree)]).await;
    let c = gateway(&server.url());
    let catalogs =
        call!(Host::new() => blueking_itsm_services.call_list_catalogs(&c, None, false)).unwrap();
    let levels: Vec<_> =
        catalogs.iter().map(|catalog| (catalog.id, catalog.parent_id, catalog.level)).collect();
    assert_eq!(levels, [(1, None, 3), (2, Some(1), 4), (3, Some(1), 1)]);
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
        assert_eq!((found.tickets.len(), found.page, found.pages, found.total), (rows, page, 2, 3));
    }
    let created = UserView::Created;
    let beyond = call!(host => blueking_itsm_tickets.call_search_by_user(&c, "alice", created, &any_of_a_user(), 9, 2));
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
        (answer(202, &[], r#"{"code": 0}"#), Err(CallbackUrlError::Status(202))),
        (answer(204, &[], ""), Err(CallbackUrlError::Status(204))),
        (answer(302, &[("location", "/login")], ""), Err(CallbackUrlError::Redirect(302))),
        (answer(301, &[("location", "/cb/")], ""), Err(CallbackUrlError::Redirect(301))),
        (answer(200, &[], "<html>log in</html>"), Err(CallbackUrlError::NotJson)),
        (answer(200, &[], r#"{"result": true}"#), Err(CallbackUrlError::NoZeroCode)),
        (answer(200, &[], r#"{"code": "0"}"#), Err(CallbackUrlError::NoZeroCode)),
        (
            answer(200, &[], r#"{"code": 1, "message": "not for this receiver"}"#),
            Err(CallbackUrlError::Refused("not for this receiver".to_owned())),
        ),
    ] {
        let server = Scripted::always(vec![answered.clone()]).await;
        let target = callback_target(&format!("{}/itsm/callback?a=1", server.url()));
        let checked = call!(host => blueking_itsm_diagnosis.call_check_callback_url(&target));
        assert_eq!(checked, fit, "{answered:?}");
        let seen = format!("{}{}", server.received()[0].head, server.received()[0].body);
        assert!(seen.starts_with("POST /itsm/callback?a=1 HTTP/1.1"), "{seen}");
        assert!(seen.contains("ITSM-SELF-CHECK") && seen.contains("canary-binding"), "{seen}");
    }
    let target = callback_target("http://127.0.0.1:1/");
    let unreachable = call!(host => blueking_itsm_diagnosis.call_check_callback_url(&target));
    assert!(matches!(unreachable, Err(CallbackUrlError::Unreachable(_))), "{unreachable:?}");
}

/// A proxy in front of a receiver does that.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_comes_with_the_head_is_heard() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            // One read, as servers make it for the head.
            let read = connection.read(&mut [0; 8192]).unwrap();
            assert_ne!(read, 0);
            let _ = connection.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let host = Host::new();
    for _ in 0..100 {
        let target = callback_target(&format!("http://{address}/itsm/callback"));
        let checked = call!(host => blueking_itsm_diagnosis.call_check_callback_url(&target));
        assert_eq!(checked, Err(CallbackUrlError::Status(403)));
    }
}
