//! Planted secrets, looked for in the component's own memory, while it waits and afterwards.

use crate::set_up::{start, ticket};
use component_tests::wit_types::{Authorization, Connection};
use component_tests::{ACCESS_TOKEN, APP_SECRET, Memory, callback_target, watched};
use fake_itsm::{FakeItsm, Options};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const HEADER: &str = r#"{"bk_app_code":"gate","bk_app_secret":"canary-app-secret-5f2c","access_token":"canary-access-token-91be"}"#;

/// Creates and confirms a ticket in one instance, and counts the requests, and those at whose leaving a
/// secret was in memory.
async fn search(fake: &FakeItsm, connection: &Connection, adding: bool) -> (usize, usize, Memory) {
    let (mut host, memory) = watched();
    let found = Arc::new(AtomicUsize::new(0));
    let (searched, counted) = (memory.clone(), found.clone());
    host = host.watching(move || {
        let holds = searched.holds(APP_SECRET) || searched.holds(ACCESS_TOKEN);
        counted.fetch_add(usize::from(holds), Ordering::SeqCst);
    });
    if adding {
        host = host.adding("x-bkapi-authorization", HEADER);
    }
    let (mut store, instance) = host.instance().await;
    let tickets = instance.blueking_itsm_tickets();
    let mut ticket = ticket("searched");
    ticket.callback = Some(callback_target("http://127.0.0.1:1/"));
    let created = tickets.call_create(&mut store, connection, &ticket).await;
    let sn = created.expect("no trap").expect("a ticket").sn;
    fake.approve(&sn, "bob").await.unwrap();
    let confirmed = tickets.call_confirm(&mut store, connection, &sn, &ticket.tag).await;
    confirmed.expect("no trap").expect("an answer");
    (host.sent().len(), found.load(Ordering::SeqCst), memory)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_credentials_added_by_the_host_none_is_ever_in_memory() {
    let (fake, mut c) = start(Options::default()).await;
    c.authorization = Authorization::AddedByHost;
    let (leaving, found, memory) = search(&fake, &c, true).await;
    assert_eq!((leaving, found), (5, 0));
    for secret in [APP_SECRET, ACCESS_TOKEN] {
        assert!(!memory.holds(secret), "{secret}");
    }
    // The secret was on the request, and the search finds what is there.
    let sent = fake.exchanges_of("create_ticket");
    let header = sent[0].header("x-bkapi-authorization").unwrap();
    assert!(header.contains(APP_SECRET));
    assert!(memory.holds("get_tickets"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_search_finds_credentials_that_the_component_was_given() {
    let (fake, c) = start(Options::default()).await;
    let (leaving, found, _) = search(&fake, &c, false).await;
    assert_eq!((leaving, found), (5, 5));
}
