//! Planted secrets, looked for in the component's own memory, while it waits and afterwards.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use component_tests::wit_types::{Authorization, Connection};
use component_tests::{
    ACCESS_TOKEN, APP_SECRET, Host, Watched, callback_target, fast_ticket, gateway,
};
use fake_itsm::{FakeItsm, Options};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const HEADER: &str = r#"{"bk_app_code":"gate","bk_app_secret":"canary-app-secret-5f2c","access_token":"canary-access-token-91be"}"#;

/// Creates and confirms a ticket, and counts how often each secret was in memory as a request left.
async fn search(fake: &FakeItsm, connection: &Connection, adding: bool) -> (usize, usize, Watched) {
    let watched = Watched::default();
    let (leaving, found) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (memory, counts) = (watched.memory(), (leaving.clone(), found.clone()));
    let mut host = Host::new().watching(move || {
        counts.0.fetch_add(1, Ordering::SeqCst);
        let holds = memory.holds(APP_SECRET) || memory.holds(ACCESS_TOKEN);
        counts.1.fetch_add(usize::from(holds), Ordering::SeqCst);
    });
    if adding {
        host = host.adding("x-bkapi-authorization", HEADER);
    }
    let (mut store, instance) = watched.instance(&host).await;
    let tickets = instance.blueking_itsm_tickets();
    let mut ticket = fast_ticket();
    ticket.callback = Some(callback_target("http://127.0.0.1:1/"));
    let created = tickets.call_create(&mut store, connection, &ticket).await;
    let sn = created.expect("no trap").expect("a ticket").sn;
    fake.approve(&sn, "bob").await.unwrap();
    let confirmed = tickets
        .call_confirm(&mut store, connection, &sn, Some("op7"))
        .await;
    confirmed.expect("no trap").expect("an answer");
    (
        leaving.load(Ordering::SeqCst),
        found.load(Ordering::SeqCst),
        watched,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn with_credentials_added_by_the_host_none_is_ever_in_memory() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let mut c = gateway(&fake.url());
    c.authorization = Authorization::AddedByHost;
    let (leaving, found, watched) = search(&fake, &c, true).await;
    assert_eq!((leaving, found), (4, 0));
    for secret in [APP_SECRET, ACCESS_TOKEN] {
        assert!(!watched.memory().holds(secret), "{secret}");
    }
    // The secret was on the request, and the search finds what is there.
    let sent = fake.exchanges_of("create_ticket");
    assert!(
        sent[0]
            .header("x-bkapi-authorization")
            .unwrap()
            .contains(APP_SECRET)
    );
    assert!(watched.memory().holds("get_tickets"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_search_finds_credentials_that_the_component_was_given() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let (leaving, found, _) = search(&fake, &gateway(&fake.url()), false).await;
    assert_eq!((leaving, found), (4, 4));
}
