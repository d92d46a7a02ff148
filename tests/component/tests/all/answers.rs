//! Answers about another ticket, or another page, than asked for: each function that can tell fails.

use crate::set_up::word;
use component_tests::wit_tickets::{Connection, Failure, TicketFilter, UserFilter, UserView};
use component_tests::wit_types::{Advice, Origin};
use component_tests::{
    Host, Received, Scripted, Step, TAG, answer, any_ticket, call, envelope, gateway,
};
use serde_json::{Value, json};

const ASKED: &str = "REQ20261124000002";
const OTHER: &str = "REQ20261124000003";

/// What is wrong with the answers of a server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    /// Those of this action are about another ticket.
    Ticket(&'static str),
    /// Each page is the first of three.
    Page,
}

/// An answer of a server with one ticket, which was approved.
fn answered(action: &str, sn: &str, request: &Received, wrong: Wrong) -> Step {
    let row = json!({
        "id": 2, "sn": sn, "title": "t", "creator": "alice", "service_id": 2, "current_status": "FINISHED",
        "create_at": "2026-11-24 07:26:12", "end_at": "2026-11-24 07:36:12", "updated_by": "alice,bob",
        "update_at": "2026-11-24 07:36:12", "ticket_url": "u", "approve_result": true,
    });
    let pages = if wrong == Wrong::Page { 3 } else { 1 };
    let page =
        |rows: Vec<&Value>| json!({"page": 1, "total_page": pages, "count": 21, "items": rows});
    let line = |operator: &str, source: &str, kind: &str, form: Value| {
        json!({
            "operator": operator, "operate_at": "2026-11-24 07:36:12", "message": "m", "source": source,
            "from_state_type": kind, "form_data": form,
        })
    };
    let decision = json!([{
        "key": "ab544e65785a16a6fa9dd04600000019", "type": "RADIO", "name": "审批意见", "value": "true",
    }]);
    envelope(&match action {
        "get_tickets" => {
            let is_found = !request.body.contains("\"tag\"") || request.body.contains(TAG);
            page(Vec::from_iter(is_found.then_some(&row)))
        }
        "get_tickets_by_user" => page(vec![]),
        "ticket_approval_result" => json!([row]),
        "get_ticket_logs" => json!({"sn": sn, "logs": [
            line("alice", "WEB", "", json!({})),
            line("bob", "API", "APPROVAL", decision),
            line("", "SYS", "", json!({})),
        ]}),
        "get_ticket_info" => {
            let mut info = row;
            info["fields"] = json!([]);
            info["current_steps"] = json!([]);
            info
        }
        _ => return answer(404, &[], action),
    })
}

async fn server(wrong: Wrong) -> Scripted {
    Scripted::start(move |_, request| {
        let action = request.action();
        let sn = if matches!(wrong, Wrong::Ticket(of) if of == action) { OTHER } else { ASKED };
        vec![answered(action, sn, request, wrong)]
    })
    .await
}

async fn ask(function: &str, c: &Connection, sn: &str) -> Result<(), Failure> {
    let host = Host::new();
    let sns = [sn.to_owned()];
    let of_number = TicketFilter { sns: sns.to_vec(), ..any_ticket() };
    let any =
        UserFilter { service_id: None, catalog_id: None, created_from: None, created_to: None };
    let mine = async |page| call!(host => blueking_itsm_tickets.call_search_by_user(c, "alice", UserView::Created, &any, page, 10));
    match function {
        "info" => call!(host => blueking_itsm_tickets.call_info(c, sn)).map(drop),
        "log" => call!(host => blueking_itsm_tickets.call_log(c, sn)).map(drop),
        "explain" => call!(host => blueking_itsm_tickets.call_explain(c, sn)).map(drop),
        "approval-results" => host.approval_results(c, &[sn]).await.map(drop),
        "confirm" => host.confirm(c, sn, TAG).await.map(drop),
        "confirm-own" => host.confirm_own(c, sn).await.map(drop),
        "reconcile" => call!(host => blueking_itsm_tickets.call_reconcile(c, &sns)).map(drop),
        "search" => {
            call!(host => blueking_itsm_tickets.call_search(c, &of_number, 1, 10)).map(drop)
        }
        "search, page 2" => {
            call!(host => blueking_itsm_tickets.call_search(c, &of_number, 2, 10)).map(drop)
        }
        "search-by-user" => mine(1).await.map(drop),
        "search-by-user, page 2" => mine(2).await.map(drop),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_another_ticket_or_page_is_a_failure_in_every_function_that_can_tell() {
    const INFO: Wrong = Wrong::Ticket("get_ticket_info");
    const LOG: Wrong = Wrong::Ticket("get_ticket_logs");
    const RESULT: Wrong = Wrong::Ticket("ticket_approval_result");
    const ROW: Wrong = Wrong::Ticket("get_tickets");
    let mut failures = 0;
    for (function, wrongs) in [
        ("info", &[INFO][..]),
        ("log", &[LOG]),
        ("explain", &[INFO, LOG, RESULT]),
        ("approval-results", &[RESULT]),
        ("confirm", &[LOG, RESULT]),
        // The first page again is not the second one, which could hold another ticket of this number.
        ("confirm-own", &[ROW, LOG, RESULT, Wrong::Page]),
        ("reconcile", &[ROW, LOG, RESULT, Wrong::Page]),
        ("search", &[ROW]),
        ("search-by-user", &[]),
        ("search, page 2", &[Wrong::Page]),
        ("search-by-user, page 2", &[Wrong::Page]),
    ] {
        if !function.ends_with("page 2") {
            let right = server(Wrong::Nothing).await;
            // ITSM compares numbers without regard to case, and so does the component.
            for sn in [ASKED, &ASKED.to_lowercase()] {
                let answer = ask(function, &gateway(&right.url()), sn).await;
                assert!(answer.is_ok(), "{function}, {sn}: {answer:?}");
            }
        }
        for wrong in wrongs {
            let server = server(*wrong).await;
            let failure = ask(function, &gateway(&server.url()), ASKED).await.unwrap_err();
            assert_eq!(
                (failure.origin, failure.advice, failure.may_have_acted),
                (Origin::Answer, Advice::CallOperator, false),
                "{function}, {wrong:?}: {}",
                failure.message
            );
            failures += 1;
        }
    }
    println!("{failures} answers about another ticket or page, {failures} failures");
}

/// A ticket as it is listed: what `changed` says, and the rest as it always is.
pub fn row(changed: Value) -> Value {
    let mut row = json!({
        "id": 2, "sn": ASKED, "title": "t", "creator": "alice", "service_id": 2, "current_status": "RUNNING",
        "create_at": "2026-11-24 07:26:12", "end_at": null, "updated_by": "alice",
        "update_at": "2026-11-24 07:36:12", "ticket_url": "u",
    });
    for (name, value) in changed.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

/// The number of the page that a request asks for.
pub fn asked_page(request: &Received) -> u64 {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    body["page"].as_u64().unwrap()
}

/// A ticket that stands on the second page would be missing otherwise, and one of two be the only one.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_ones_own_are_looked_for_on_every_page() {
    let asked = ["REQ1", "REQ2", "REQ3"].map(str::to_owned);
    for (second_page, words) in [
        (json!({"sn": "REQ2", "id": 7}), ["open", "open", "missing"]),
        (json!({"sn": "REQ1", "id": 7}), ["ambiguous", "missing", "missing"]),
        // A ticket made meanwhile moves a row on to the next page.
        (json!({"sn": "REQ1", "id": 1}), ["open", "missing", "missing"]),
    ] {
        let second = row(second_page);
        let server = Scripted::start(move |_, request| {
            let page = asked_page(request);
            let found = match page {
                1 => row(json!({"sn": "REQ1", "id": 1})),
                _ => second.clone(),
            };
            vec![envelope(&json!({"page": page, "total_page": 2, "count": 2, "items": [found]}))]
        })
        .await;
        let c = gateway(&server.url());
        let reconciled =
            call!(Host::new() => blueking_itsm_tickets.call_reconcile(&c, &asked)).unwrap();
        let said: Vec<_> = reconciled.iter().map(|row| word(&row.confirmation)).collect();
        assert_eq!(said, words);
        assert_eq!(server.received().len(), 2);
    }
    // A server that always has one page more is not followed for ever.
    let endless = Scripted::start(|_, request| {
        let page = asked_page(request);
        let found = row(json!({"sn": "REQ1", "id": page}));
        vec![envelope(&json!({"page": page, "total_page": page + 1, "count": 2, "items": [found]}))]
    })
    .await;
    let failure = Host::new().confirm_own(&gateway(&endless.url()), "REQ1").await.unwrap_err();
    assert_eq!((failure.origin, failure.advice), (Origin::Answer, Advice::CallOperator));
    assert!(endless.received().len() <= 10);
}

/// What stands as the time of an ending ends a ticket only if it is a time.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_time_ends_a_ticket() {
    for (end_at, said) in [
        (json!("2026-11-24 07:36:12"), Ok("withdrawn")),
        (json!("2026-11-24T07:36:12.000001"), Ok("withdrawn")),
        (Value::Null, Ok("open")),
        (json!(""), Ok("open")),
        (json!(" "), Ok("open")),
        (json!("x"), Ok("open")),
        (json!("None"), Ok("open")),
        (json!("2026-11-24"), Ok("open")),
        (json!(0), Err(Origin::Answer)),
        (json!(1.5), Err(Origin::Answer)),
        (json!(true), Err(Origin::Answer)),
        (json!([]), Err(Origin::Answer)),
    ] {
        let found = row(json!({"end_at": end_at, "current_status": "REVOKED"}));
        let page = json!({"page": 1, "total_page": 1, "count": 1, "items": [found]});
        let server = Scripted::always(vec![envelope(&page)]).await;
        let confirmed = Host::new().confirm_own(&gateway(&server.url()), ASKED).await;
        let confirmed = confirmed.map(|confirmed| word(&confirmed));
        assert_eq!(
            confirmed.map_err(|failure| failure.origin),
            said.map(str::to_owned),
            "{end_at}"
        );
    }
}
