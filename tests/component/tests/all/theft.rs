//! Another app that may create tickets has read a header of ours. It makes a ticket of its own with all that it then
//! knows, approves it itself, and lets ITSM post a genuine callback.

use crate::set_up::{create, start, ticket, word};
use component_tests::wit_callbacks::{BoundCallback, Claims, Reception};
use component_tests::wit_tickets::{CallbackTarget, FastApproval, NewTicket, Service};
use component_tests::wit_types::Recovery;
use component_tests::{Callbacks, Host, Scripted, answer};
use fake_itsm::{FakeItsm, Options};

const KEY: &str = "itsm-key.a1.000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// What the operation's owner gets for the callback of this ticket.
async fn received(fake: &FakeItsm, endpoint: &Scripted, url: &str, sn: &str) -> BoundCallback {
    assert!(fake.called_back(sn).await.unwrap().delivered);
    let posted = endpoint.received();
    let posted = posted.iter().find(|posted| posted.body.contains(sn)).unwrap();
    let reception = Callbacks::alone()
        .receive(&[KEY.to_owned()], &posted.headers(), url, 10, posted.body.as_bytes())
        .await;
    match reception {
        Reception::Genuine(genuine) => genuine,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_of_headers_gets_nothing_approved() {
    let (fake, c) = start(Options::default()).await;
    let endpoint = Scripted::always(vec![answer(200, &[], r#"{"code": 0}"#)]).await;
    let url = format!("{}/itsm/callback", endpoint.url());
    let claims = Claims {
        operation_id: "thevictimsoperation".to_owned(),
        callback_url: url.clone(),
        expires_s: 1_000,
    };
    let ours = Callbacks::alone().bind(KEY, &claims).await.unwrap();
    let callback = Some(CallbackTarget { url: url.clone(), headers: vec![ours.header.clone()] });
    let victim = NewTicket { callback: callback.clone(), ..ticket(&ours.tag) };
    let sn = create(&fake, &c, &victim).await;

    // The header tells the operation, and whoever reads it knows the address.
    let stolen = ours.header.1.split('.').nth(2).unwrap();
    assert_eq!(stolen, claims.operation_id);
    let theirs = NewTicket {
        creator: "mallory".to_owned(),
        service: Service::FastApproval(FastApproval {
            approvers: vec!["mallory".to_owned()],
            content: "as you like it".to_owned(),
        }),
        callback,
        ..ticket(stolen)
    };
    let thief = create(&fake, &c, &theirs).await;
    fake.approve(&thief, "mallory").await.unwrap();

    let genuine = received(&fake, &endpoint, &url, &thief).await;
    assert_eq!(genuine.callback.sn, thief);
    assert!(genuine.callback.approve_result);
    assert_eq!(genuine.bound.claims, claims);
    let host = Host::new();
    let confirm = async |sn: &str, tag: &str| word(&host.confirm(&c, sn, tag).await.unwrap());
    assert_eq!(confirm(&thief, &genuine.bound.tag).await, "foreign");

    // The victim's own ticket is what it was, by its tag and by the host's own record.
    assert_eq!(confirm(&sn, &ours.tag).await, "open");
    assert_eq!(word(&host.confirm_own(&c, &sn).await.unwrap()), "open");
    let found = host.recover(&c, &victim).await.unwrap();
    assert!(matches!(&found, Recovery::Found(found) if found.sn == sn), "{found:?}");

    fake.approve(&sn, "bob").await.unwrap();
    let genuine = received(&fake, &endpoint, &url, &sn).await;
    assert_eq!(confirm(&genuine.callback.sn, &genuine.bound.tag).await, "approved");
}
