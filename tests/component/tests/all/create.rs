//! What a created ticket looks like on the wire and in ITSM.

use crate::set_up::{start, ticket, ticket_of};
use component_tests::wit_tickets::{NewTicket, NodeProcessors};
use component_tests::wit_types::{Advice, Authorization, Endpoint, FieldValue, Origin};
use component_tests::{APP_SECRET, BINDING, Host, callback_target, connection, field, text};
use fake_itsm::Options;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_arrives_with_all_that_it_was_given() {
    let (fake, c) = start(Options::default()).await;
    let mut ticket = ticket_of(1, "op7");
    ticket.fields = vec![
        text("apply_content", "more memory"),
        field("apply_reason", FieldValue::Json(r#"{"hosts": [1, 2]}"#.to_owned())),
        field("ZHIDINGSHENPIREN", FieldValue::People(vec!["bob".to_owned(), "carol".to_owned()])),
    ];
    ticket.processors = vec![NodeProcessors { node_id: 5, users: vec!["dave".to_owned()] }];
    ticket.callback = Some(callback_target("http://127.0.0.1:1/itsm"));
    ticket.extra_json = Some(r#"{"bk_biz_id": 2, "meta": {"envs": {"A": "b"}}}"#.to_owned());
    let created = Host::new().create(&c, &ticket).await.unwrap();

    let made = fake.ticket(&created.sn).unwrap();
    assert_eq!(
        (made.tag.as_deref(), made.creator.as_str(), made.service_id),
        (Some("op7"), "alice", 1)
    );
    assert_eq!(made.title, ticket.title);
    assert_eq!(made.fields["apply_reason"], json!({"hosts": [1, 2]}));
    assert_eq!(made.fields["ZHIDINGSHENPIREN"], "bob,carol");
    assert_eq!(
        json!(made.meta),
        json!({
            "callback_url": "http://127.0.0.1:1/itsm",
            "headers": {"X-Itsm-Binding": BINDING},
            "state_processors": {"5": "dave"},
            "envs": {"A": "b"},
        })
    );
    assert!(created.ticket_url.ends_with(&format!("id={}", created.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_have_a_length_one_place_for_credentials_and_the_address_of_their_server() {
    let (fake, _) = start(Options::default()).await;
    let url = fake.url();
    for (endpoint, path) in [
        (
            Endpoint::Gateway(format!("{url}/api/bk-itsm/prod")),
            "/api/bk-itsm/prod/v2/itsm/create_ticket/",
        ),
        (Endpoint::Gateway(format!("{url}/stage/")), "/stage/v2/itsm/create_ticket/"),
        (Endpoint::Esb(url.clone()), "/api/c/compapi/v2/itsm/create_ticket/"),
    ] {
        let mut c = connection(endpoint);
        c.headers = vec![("X-Bk-Tenant-Id".to_owned(), "system".to_owned())];
        Host::new().create(&c, &ticket("op7")).await.unwrap();
        let sent = fake.exchanges_of("create_ticket").pop().unwrap();
        assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", path));
        assert_eq!(sent.header("content-length"), Some(sent.body.len().to_string().as_str()));
        assert_eq!(sent.header("transfer-encoding"), None);
        assert_eq!(sent.header("content-type"), Some("application/json"));
        assert_eq!(sent.header("x-bk-tenant-id"), Some("system"));
        assert!(sent.header("x-bkapi-authorization").unwrap().contains(APP_SECRET));
        assert!(!sent.body.contains(APP_SECRET));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_added_by_host_the_component_sends_no_credentials_of_its_own() {
    let (_fake, mut c) = start(Options::default()).await;
    c.authorization = Authorization::AddedByHost;
    let host = Host::new();
    let failure = host.create(&c, &ticket("op7")).await.unwrap_err();
    assert_eq!((failure.advice, failure.origin), (Advice::FixCredentials, Origin::Gateway));
    assert!(host.sent()[0].header("x-bkapi-authorization").is_empty());
    let header = r#"{"bk_app_code":"a","bk_app_secret":"b"}"#;
    let adding = Host::new().adding("x-bkapi-authorization", header);
    adding.create(&c, &ticket("op7")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_itsm_would_refuse_or_strand_is_not_sent_at_all() {
    let (fake, c) = start(Options::default()).await;
    let host = Host::new();
    let mut refused = 0;
    for (name, change) in [
        ("ticket.tag", (|t| t.tag = "Not lower".into()) as fn(&mut NewTicket)),
        ("ticket.creator", |t| t.creator = "u".repeat(65)),
        ("ticket.title", |t| t.title = "x".repeat(129)),
        ("ticket.title", |t| t.title = "🚀".into()),
        ("ticket.fields[0]", |t| t.fields = vec![text("APPROVER", "x")]),
        ("ticket.fields[0]", |t| t.fields = vec![text("note", "🚀")]),
        ("ticket.callback.url", |t| t.callback = Some(callback_target("callback"))),
        ("ticket.callback.headers[0]", |t| {
            t.callback = Some(callback_target("http://h/"));
            t.callback.as_mut().unwrap().headers[0].1 = "a\r\nHost: b".into();
        }),
        ("ticket.extra-json", |t| t.extra_json = Some(r#"{"tag":"x"}"#.into())),
        ("ticket.extra-json", |t| t.extra_json = Some("[".repeat(100_000))),
    ] {
        let mut ticket = ticket("op7");
        change(&mut ticket);
        let failure = host.create(&c, &ticket).await.unwrap_err();
        assert_eq!(failure.advice, Advice::FixArgument(name.to_owned()), "{failure:?}");
        assert!(!failure.may_have_acted);
        refused += 1;
    }
    assert_eq!((refused, host.sent().len(), fake.exchanges().len()), (10, 0, 0));
}

/// A field of choices needs its choices in the request, or approvers see keys instead of names.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_takes_more_members_but_not_those_that_the_record_owns() {
    let (fake, c) = start(Options::default()).await;
    let mut ticket = ticket_of(3, "op7");
    let choice = r#"{"choice": [{"key": "bob", "name": "Bob"}]}"#;
    ticket.fields[0].extra_json = Some(choice.to_owned());
    Host::new().create(&c, &ticket).await.unwrap();
    let sent = fake.exchanges_of("create_ticket").pop().unwrap();
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(
        body["fields"][1],
        json!({"key": "APPROVER", "value": "bob,carol", "choice": [{"key": "bob", "name": "Bob"}]})
    );
    for owned in [r#"{"value": "eve"}"#, r#"{"key": "title"}"#, "[]", "{"] {
        ticket.fields[0].extra_json = Some(owned.to_owned());
        let failure = Host::new().create(&c, &ticket).await.unwrap_err();
        assert_eq!(failure.origin, Origin::Argument, "{owned}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operation_ids_and_tags_are_fresh_and_of_the_form_that_a_tag_has() {
    let host = Host::new();
    let mut ids = BTreeSet::new();
    for _ in 0..20 {
        for id in [host.new_operation_id().await, host.new_tag().await] {
            let is_of_the_form = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            assert!(id.len() == 26 && id.bytes().all(is_of_the_form), "{id}");
            ids.insert(id);
        }
    }
    assert_eq!(ids.len(), 40);
}
