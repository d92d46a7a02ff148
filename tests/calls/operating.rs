//! What is done with a ticket is sent once, and nothing that ITSM would refuse is sent.

use crate::scripted::*;
use blueking_itsm::calls::Client;
use blueking_itsm::domain::connection::Endpoint;
use blueking_itsm::domain::failure::{Advice, Failure};
use blueking_itsm::domain::handling::{Assignees, TicketOperation};
use blueking_itsm::domain::new_ticket::{Field, FieldValue};
use serde_json::{Value, json};

type Call = fn(&mut Client<Script>) -> Result<(), Failure>;

fn text(key: &str, value: &str) -> Field {
    Field { key: key.into(), value: FieldValue::Text(value.into()), extra_json: None }
}

fn bob() -> Assignees {
    Assignees::People(vec!["bob".into()])
}

/// The parameters of the only request.
fn sent(client: &Client<Script>) -> Value {
    let [Event::Request { parameters, .. }] = client.transport.events.as_slice() else { panic!() };
    serde_json::from_str(parameters).unwrap()
}

#[test]
fn each_write_is_one_request_of_its_action() {
    let cases: [(&str, Call, &str); 11] = [
        (
            "operate_ticket",
            |c| c.operate_ticket("S", TicketOperation::Withdraw, "carol", "why"),
            "WITHDRAW",
        ),
        (
            "operate_ticket",
            |c| c.operate_ticket("S", TicketOperation::Terminate, "admin", "why"),
            "TERMINATE",
        ),
        (
            "operate_ticket",
            |c| c.operate_ticket("S", TicketOperation::Suspend, "admin", "why"),
            "SUSPEND",
        ),
        (
            "operate_ticket",
            |c| c.operate_ticket("S", TicketOperation::Resume, "admin", "why"),
            "UNSUSPEND",
        ),
        ("operate_node", |c| c.transition("S", 4, "bob", &[text("k", "v")]), "TRANSITION"),
        ("operate_node", |c| c.claim("S", 4, "bob"), "CLAIM"),
        ("operate_node", |c| c.distribute("S", 4, "admin", &bob()), "DISTRIBUTE"),
        ("operate_node", |c| c.hand_over("S", 4, "admin", &bob(), "why"), "DELIVER"),
        ("comment", |c| c.rate("S", "carol", 5, "fine"), "5"),
        ("add_follower", |c| c.follow("S", &["bob".into()], true), "true"),
        ("add_follower", |c| c.follow("S", &["bob".into()], false), "false"),
    ];
    for (action, call, word) in cases {
        let mut client = client(vec![data(json!(null))]);
        call(&mut client).unwrap();
        assert_eq!(events(&client), [action]);
        let sent = sent(&client);
        assert_eq!(sent["sn"], "S");
        let told = ["action_type", "stars", "attention"].map(|name| &sent[name]);
        let told = told.into_iter().find(|value| !value.is_null()).unwrap();
        assert_eq!(told.to_string().trim_matches('"'), word);

        // Whatever fails in passing, it is not sent again.
        let mut client = crate::scripted::client(vec![down()]);
        let failure = call(&mut client).unwrap_err();
        assert_eq!((failure.advice, failure.may_have_acted), (Advice::LookUp, true), "{word}");
        assert_eq!(events(&client), [action]);
    }
}

#[test]
fn what_itsm_would_refuse_is_not_sent() {
    let cases: [(&str, Call); 12] = [
        ("sn", |c| c.operate_ticket("", TicketOperation::Withdraw, "carol", "why")),
        ("operator", |c| c.operate_ticket("S", TicketOperation::Withdraw, "a b", "why")),
        ("message", |c| c.operate_ticket("S", TicketOperation::Withdraw, "carol", " ")),
        ("fields", |c| c.transition("S", 4, "bob", &[])),
        ("fields[0]", |c| {
            let value = FieldValue::Json("[1]".into());
            c.transition("S", 4, "bob", &[Field { key: "k".into(), value, extra_json: None }])
        }),
        ("sn", |c| c.claim(" S", 4, "bob")),
        ("to", |c| c.distribute("S", 4, "admin", &Assignees::People(vec![]))),
        ("message", |c| c.hand_over("S", 4, "admin", &bob(), "")),
        ("stars", |c| c.rate("S", "carol", 6, "")),
        ("users", |c| c.follow("S", &[], true)),
        ("approver", |c| c.approve("S", 4, "", true, "")),
        ("operator", |c| c.edit_fields("S", "", &[text("k", "v")])),
    ];
    for (name, call) in cases {
        let mut client = client(vec![]);
        let failure = call(&mut client).unwrap_err();
        assert_eq!(failure.advice, Advice::FixArgument(name.into()));
        assert!(events(&client).is_empty(), "{name}");
    }
}

#[test]
fn an_approval_is_decided_by_its_action_and_over_an_esb_by_the_nodes_form() {
    let gateway = || Endpoint::Gateway("https://bk-itsm.example.com/prod".into());
    let esb = || Endpoint::Esb("https://paas.example.com".into());
    let field = |key: &str, kind: &str, meta: Value| json!({"key": key, "name": key, "type": kind, "validate_type": "REQUIRE", "choice": [], "meta": meta});
    let node = |fields: Vec<Value>| {
        let step = json!({
            "state_id": 4, "name": "Approve", "status": "RUNNING", "processors": "bob",
            "operations": [], "fields": fields,
        });
        data(
            json!({"current_status": "RUNNING", "current_steps": [step], "operations": [], "ticket_url": ""}),
        )
    };
    let decision = || field("d0", "RADIO", json!({"code": "APPROVE_RESULT"}));
    const STATUS: &str = "get_ticket_status";
    const REFUSED: Result<(), &str> = Err("node-id");
    let done = || data(json!(null));
    type Case = (Endpoint, u64, Vec<Step>, Result<(), &'static str>, &'static [&'static str]);
    let cases: Vec<Case> = vec![
        (gateway(), 4, vec![done()], Ok(()), &["approve"]),
        (esb(), 4, vec![node(vec![decision()]), done()], Ok(()), &[STATUS, "operate_node"]),
        (esb(), 5, vec![node(vec![decision()])], REFUSED, &[STATUS]),
        (esb(), 4, vec![node(vec![])], REFUSED, &[STATUS]),
        (esb(), 4, vec![node(vec![decision(), decision()])], REFUSED, &[STATUS]),
        // What the flow's author wants beside the decision, nobody gave.
        (
            esb(),
            4,
            vec![node(vec![decision(), field("own", "STRING", json!({}))])],
            REFUSED,
            &[STATUS],
        ),
    ];
    for (endpoint, node_id, steps, expected, asked) in cases {
        let mut client = client(steps);
        client.connection.endpoint = endpoint;
        let decided = client.approve("S", node_id, "bob", true, "");
        let told = decided.map_err(|failure| match failure.advice {
            Advice::FixArgument(name) => name,
            other => panic!("{other:?}"),
        });
        assert_eq!(told, expected.map_err(str::to_owned));
        assert_eq!(events(&client), asked);
    }
}

#[test]
fn an_edited_field_has_the_type_that_the_ticket_tells() {
    let info = || {
        let mut info = open("S");
        info["current_steps"] = json!([]);
        info["fields"] = json!([{"key": "reason", "name": "", "type": "TEXT", "value": "a", "display_value": "a"}]);
        data(info)
    };
    let mut client = client(vec![info(), data(json!(null))]);
    client.edit_fields("S", "carol", &[text("reason", "b")]).unwrap();
    assert_eq!(events(&client), ["get_ticket_info", "edit_field"]);
    let Event::Request { parameters, .. } = &client.transport.events[1] else { panic!() };
    assert!(parameters.contains(r#""type":"TEXT""#), "{parameters}");

    let mut client = crate::scripted::client(vec![info()]);
    let failure = client.edit_fields("S", "carol", &[text("unknown", "b")]).unwrap_err();
    assert_eq!(failure.advice, Advice::FixArgument("fields[0]".into()));
    assert_eq!(events(&client), ["get_ticket_info"]);
}

#[test]
fn an_administrators_json_must_be_an_object() {
    type Administer = fn(&mut Client<Script>, &str) -> Result<String, Failure>;
    let cases: [(&str, &str, Administer); 3] = [
        ("create_service_catalog", "catalog-json", |c, json| c.create_catalog(json)),
        ("import_service", "service-json", |c, json| c.import_service(json)),
        ("update_service", "service-json", |c, json| c.update_service(json)),
    ];
    for (action, argument, call) in cases {
        let mut client = client(vec![data(json!({"id": 7}))]);
        assert_eq!(call(&mut client, r#"{"name":"n"}"#).unwrap(), r#"{"id":7}"#);
        assert_eq!(events(&client), [action]);
        for json in ["", "[]", "null", "{", r#"{"a":1,"a":2}"#] {
            let mut client = crate::scripted::client(vec![]);
            let failure = call(&mut client, json).unwrap_err();
            assert_eq!(failure.advice, Advice::FixArgument(argument.into()), "{json}");
            assert!(events(&client).is_empty());
        }
    }
}
