//! Answers about another ticket, or another page, than asked for: each function that can tell fails.

use component_tests::wit_tickets::{Connection, Failure, TicketFilter, UserFilter, UserView};
use component_tests::wit_types::{Advice, Origin};
use component_tests::{
    Host, Received, Scripted, Step, TAG, answer, any_ticket, call, envelope, gateway,
};
use serde_json::{Value, json};

const ASKED: &str = "REQ20261124000002";
const OTHER: &str = "REQ20261124000003";

/// An answer of a server with one ticket, which was approved.
fn answered(action: &str, sn: &str, request: &Received) -> Step {
    let row = json!({
        "id": 2, "sn": sn, "title": "t", "creator": "alice", "service_id": 2, "current_status": "FINISHED",
        "create_at": "2026-11-24 07:26:12", "end_at": "2026-11-24 07:36:12", "updated_by": "alice,bob",
        "update_at": "2026-11-24 07:36:12", "ticket_url": "u", "approve_result": true,
    });
    let page = |rows: Vec<&Value>| json!({"page": 1, "total_page": 3, "count": 21, "items": rows});
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

/// A server whose answer to the action `wrong` is about the other ticket.
async fn server(wrong: &'static str) -> Scripted {
    Scripted::start(move |_, request| {
        let target = request.head.split_whitespace().nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let action = path
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let sn = if action == wrong { OTHER } else { ASKED };
        vec![answered(action, sn, request)]
    })
    .await
}

async fn ask(function: &str, c: &Connection, sn: &str) -> Result<(), Failure> {
    let host = Host::new();
    let sns = [sn.to_owned()];
    let of_number = TicketFilter {
        sns: sns.to_vec(),
        ..any_ticket()
    };
    let any = UserFilter {
        service_id: None,
        catalog_id: None,
        created_from: None,
        created_to: None,
    };
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
    let mut failures = 0;
    for (function, actions) in [
        ("info", &["get_ticket_info"][..]),
        ("log", &["get_ticket_logs"]),
        (
            "explain",
            &[
                "get_ticket_info",
                "get_ticket_logs",
                "ticket_approval_result",
            ],
        ),
        ("approval-results", &["ticket_approval_result"]),
        ("confirm", &["get_ticket_logs", "ticket_approval_result"]),
        (
            "confirm-own",
            &["get_tickets", "get_ticket_logs", "ticket_approval_result"],
        ),
        (
            "reconcile",
            &["get_tickets", "get_ticket_logs", "ticket_approval_result"],
        ),
        ("search", &["get_tickets"]),
        ("search-by-user", &[]),
        // The server answers with its first page.
        ("search, page 2", &[""]),
        ("search-by-user, page 2", &[""]),
    ] {
        if !function.ends_with("page 2") {
            let right = server("").await;
            // ITSM compares numbers without regard to case, and so does the component.
            for sn in [ASKED, &ASKED.to_lowercase()] {
                let answer = ask(function, &gateway(&right.url()), sn).await;
                assert!(answer.is_ok(), "{function}, {sn}: {answer:?}");
            }
        }
        for action in actions {
            let wrong = server(action).await;
            let failure = ask(function, &gateway(&wrong.url()), ASKED)
                .await
                .unwrap_err();
            assert_eq!(
                (failure.origin, failure.advice, failure.may_have_acted),
                (Origin::Answer, Advice::CallOperator, false),
                "{function}, {action}: {}",
                failure.message
            );
            failures += 1;
        }
    }
    println!("{failures} answers about another ticket or page, {failures} failures");
}
