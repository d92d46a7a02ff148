//! Creating is sent once, and says what became of it.

use crate::scripted::*;
use blueking_itsm::calls::new_id;
use blueking_itsm::domain::callback_target::CallbackTarget;
use blueking_itsm::domain::failure::{Advice, Origin};
use blueking_itsm::domain::http::NoAnswer;
use blueking_itsm::domain::new_ticket::{NewTicket, Service};
use blueking_itsm::domain::secret::Secret;
use serde_json::json;

const TAG: &str = "thetagofthisticket";
const BINDING: &str = "v1.the-binding-of-this-ticket";

fn ticket() -> NewTicket {
    NewTicket {
        tag: Secret::new(TAG.into()),
        service: Service::FastApproval { approvers: vec!["bob".into()], content: "please".into() },
        creator: "carol".into(),
        title: "Deploy".into(),
        fields: vec![],
        processors: vec![],
        callback: Some(CallbackTarget {
            url: "https://gate.example.com/itsm".into(),
            headers: vec![("X-Binding".into(), Secret::new(BINDING.into()))],
        }),
        extra_json: None,
    }
}

#[test]
fn a_created_ticket_has_the_number_that_itsm_gave() {
    let created = json!({"sn": "S", "id": 30, "ticket_url": "http://itsm.example.com/30"});
    let mut client = client(vec![data(created)]);
    let created = client.create(&ticket()).unwrap();
    assert_eq!((created.sn.as_str(), created.id.as_str()), ("S", "30"));
    assert_eq!(events(&client), ["create_ticket"]);
}

#[test]
fn a_create_that_fails_is_never_sent_again_and_says_whether_itsm_may_have_acted() {
    let mapping = "{'title': [ErrorDetail(string='no', code='max_length')]}";
    let broken = |unsent| NoAnswer::Broken { why: "reset".into(), unsent };
    for (step, may_have_acted, origin) in [
        (refusal(json!(3_900_003), "no such service"), false, Origin::Itsm),
        (refusal(json!(3_900_004), mapping), false, Origin::Itsm),
        (refusal(json!(3_900_004), "KeyError"), true, Origin::Itsm),
        (refusal(json!("SERVER_500_ERROR"), "no"), true, Origin::Itsm),
        (says(503, &[], "sorry"), true, Origin::Answer),
        (says(502, &[], "<html>"), true, Origin::Answer),
        (says(302, &[("Location", "/login")], ""), true, Origin::Answer),
        (data(json!({"id": 30})), true, Origin::Answer),
        (user_wanted(), false, Origin::Gateway),
        (no_answer(NoAnswer::Denied), false, Origin::Transport),
        (no_answer(broken(true)), false, Origin::Transport),
        (no_answer(broken(false)), true, Origin::Transport),
        (no_answer(NoAnswer::DeadlineReached { unsent: true }), false, Origin::Transport),
        (no_answer(NoAnswer::DeadlineReached { unsent: false }), true, Origin::Transport),
        (no_answer(NoAnswer::NoSuchHost { unsent: true }), false, Origin::Transport),
        (no_answer(NoAnswer::TooLarge), true, Origin::Transport),
    ] {
        let mut client = client(vec![step]);
        let failure = client.create(&ticket()).unwrap_err();
        assert_eq!(
            (failure.may_have_acted, failure.origin),
            (may_have_acted, origin),
            "{failure:?}"
        );
        assert_eq!(failure.advice == Advice::LookUp, may_have_acted, "{failure:?}");
        assert_eq!(events(&client), ["create_ticket"], "{failure:?}");
    }
}

#[test]
fn a_refusal_of_a_ticket_with_dynamic_fields_may_have_left_it_behind() {
    let extra = r#"{"dynamic_fields":[{"name":"n","type":"STRING","value":"v"}]}"#;
    for (extra_json, may_have_acted) in [(None, false), (Some(extra.to_owned()), true)] {
        let mut client = client(vec![refusal(json!(3_900_003), "no")]);
        let failure = client.create(&NewTicket { extra_json, ..ticket() }).unwrap_err();
        assert_eq!(failure.may_have_acted, may_have_acted);
        events(&client);
    }
}

#[test]
fn a_ticket_that_itsm_would_refuse_or_strand_is_never_sent() {
    type Change = fn(&mut NewTicket);
    let wrong: [(&str, Change); 6] = [
        ("ticket.tag", |ticket| ticket.tag = Secret::new("No Tag".into())),
        ("ticket.title", |ticket| ticket.title = "🚀".into()),
        ("ticket.creator", |ticket| ticket.creator = "a,b".into()),
        ("ticket.service.approvers", |ticket| {
            ticket.service = Service::FastApproval { approvers: vec![], content: "c".into() };
        }),
        ("ticket.callback.url", |ticket| {
            ticket.callback = Some(CallbackTarget { url: "ftp://x".into(), headers: vec![] });
        }),
        ("ticket.extra-json", |ticket| ticket.extra_json = Some("[]".into())),
    ];
    for (name, change) in wrong {
        let mut ticket = ticket();
        change(&mut ticket);
        let mut client = client(vec![]);
        let failure = client.create(&ticket).unwrap_err();
        assert_eq!(failure.advice, Advice::FixArgument(name.into()));
        assert!(!failure.may_have_acted);
        assert!(events(&client).is_empty());
    }
}

/// Whatever a server repeats of what it was sent.
#[test]
fn no_secret_of_the_connection_or_the_ticket_is_repeated_by_a_failure() {
    for secret in [APP_SECRET, USER_TOKEN, TAG, BINDING] {
        let text = format!("before {secret} after");
        let long = format!("{}{secret}", "x".repeat(250));
        for step in [
            refusal(json!(3_900_004), &text),
            refusal(json!(secret), &text),
            refusal(json!(3_900_004), &long),
            says(401, &[("X-Bkapi-Error-Code", secret), ("X-Bkapi-Request-ID", secret)], "{}"),
            says(200, &[], format!(r#"{{"result":true,"code":0,"data":{{"sn":["{secret}"]}}}}"#)),
            no_answer(NoAnswer::Broken { why: text.clone(), unsent: false }),
            no_answer(NoAnswer::Tls { why: text.clone(), unsent: true }),
        ] {
            let mut client = client(vec![step]);
            let failure = client.create(&ticket()).unwrap_err();
            let shown = format!("{failure:?}");
            // Half a secret is one too.
            assert!(!shown.contains(&secret[..6]), "{shown}");
            events(&client);
        }
    }
}

#[test]
fn a_new_id_is_of_random_bits() {
    let mut client = client(vec![]);
    let id = new_id(&mut client.transport);
    assert_eq!(id.len(), 26);
    assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{id}");
}
