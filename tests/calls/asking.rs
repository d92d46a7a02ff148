//! Questions: searches, explanations, services, and what is wrong with a set-up.

use crate::scripted::*;
use blueking_itsm::calls::{CallbackUrlError, check_callback_url};
use blueking_itsm::domain::callback_target::CallbackTarget;
use blueking_itsm::domain::explanation::Ending;
use blueking_itsm::domain::failure::{Advice, Failure, Origin};
use blueking_itsm::domain::http::NoAnswer;
use blueking_itsm::domain::search::{Filter, UserFilter, View};
use blueking_itsm::domain::secret::Secret;
use blueking_itsm::domain::service::{NamedProcessors, ResolveError, ServiceFilter};
use serde_json::{Value, json};

const NONE: &[Value] = &[];

/// The argument that is to be fixed.
fn argument(failure: Failure) -> String {
    match failure.advice {
        Advice::FixArgument(name) => name,
        other => panic!("{other:?}: {}", failure.message),
    }
}

#[test]
fn a_page_beyond_the_last_has_no_tickets_and_is_no_failure() {
    let beyond = || refusal(json!("SERVER_500_ERROR"), "invalid page");
    for (page, steps, expected) in [
        (1, vec![paged(1, 1, &[open("S")])], Ok(1)),
        (3, vec![beyond(), paged(1, 2, &[open("S")])], Ok(0)),
        (2, vec![beyond(), paged(1, 2, &[open("S")])], Err(Origin::Itsm)),
        (1, vec![beyond()], Err(Origin::Itsm)),
        // Another page than asked for.
        (2, vec![paged(1, 2, &[open("S")])], Err(Origin::Answer)),
    ] {
        let mut client = client(steps);
        let found = client.search(&Filter::default(), page, 10);
        let told = found.map(|found| found.tickets.len()).map_err(|failure| failure.origin);
        assert_eq!(told, expected, "{page}");
        events(&client);
    }
}

#[test]
fn a_filter_that_the_server_ignores_is_named_and_its_tickets_are_not_given() {
    let tag = || Filter { tag: Some(Secret::new("tag1".into())), ..Filter::default() };
    let project = || Filter { project_key: Some("p".into()), ..Filter::default() };
    let status = || Filter { statuses: vec!["REVOKED".into()], ..Filter::default() };
    let one = || page(&[open("S")]);
    let none = || page(NONE);
    for (filter, steps, expected) in [
        (tag(), vec![one(), none()], Ok(1)),
        (tag(), vec![one(), one()], Err("filter.tag")),
        (tag(), vec![none(), none()], Ok(0)),
        (project(), vec![one(), none()], Ok(1)),
        (project(), vec![one(), one()], Err("filter.project-key")),
        (status(), vec![one()], Err("filter.statuses")),
    ] {
        let mut client = client(steps);
        let found = client.search(&filter, 1, 10);
        let told = found.map(|found| found.tickets.len()).map_err(argument);
        assert_eq!(told, expected.map_err(str::to_owned));
        events(&client);
    }
}

#[test]
fn pages_and_their_sizes_are_checked_before_anything_is_asked() {
    for (page, size, name) in [(0, 10, "page"), (1, 0, "page-size"), (1, 10_001, "page-size")] {
        let mut client = client(vec![]);
        let failure = client.search(&Filter::default(), page, size).unwrap_err();
        assert_eq!(argument(failure), name);
        let by_user = client.search_by_user("bob", View::Todo, &UserFilter::default(), page, size);
        assert_eq!(argument(by_user.err().unwrap()), name);
        assert!(events(&client).is_empty());
    }
}

#[test]
fn the_failed_list_is_read_only_for_numbers_in_question() {
    let list = json!(["A", "X", "B"]);
    for (among, steps, expected) in
        [(vec![], vec![], vec![]), (vec!["B", "A", "C"], vec![data(list)], vec!["B", "A"])]
    {
        let among: Vec<_> = among.into_iter().map(str::to_owned).collect();
        let mut client = client(steps);
        assert_eq!(client.failed_callbacks(&among).unwrap(), expected);
        events(&client);
    }
}

#[test]
fn a_blank_token_is_not_asked_about_and_no_token_is_repeated() {
    let token = |text: &str| Secret::new(text.to_owned());
    for blank in ["", " ", "\n"] {
        let mut client = client(vec![]);
        assert_eq!(argument(client.verify_token(&token(blank)).unwrap_err()), "token");
        events(&client);
    }
    let mut client = client(vec![data(json!({"is_passed": true}))]);
    assert!(client.verify_token(&token("c2VjcmV0")).unwrap());
    events(&client);
    let mut client = crate::scripted::client(vec![refusal(json!(3_900_004), "c2VjcmV0 is bad")]);
    let failure = client.verify_token(&token("c2VjcmV0")).unwrap_err();
    assert!(!format!("{failure:?}").contains("c2Vj"), "{failure:?}");
}

fn info(row: &Value, steps: Value) -> Step {
    let mut info = row.clone();
    info["fields"] = json!([]);
    info["current_steps"] = steps;
    data(info)
}

fn step() -> Value {
    json!({"state_id": 4, "name": "Approve", "status": "RUNNING", "processors": "bob", "operations": [], "fields": []})
}

fn status() -> Step {
    data(
        json!({"current_status": "RUNNING", "current_steps": [step()], "operations": [], "ticket_url": ""}),
    )
}

#[test]
fn an_open_ticket_without_a_running_node_gets_a_second_look() {
    const INFO: &str = "get_ticket_info";
    const LOG: &str = "get_ticket_logs";
    let running = || json!([step()]);
    let cases: Vec<(Vec<Step>, Ending, &[&str])> = vec![
        (
            vec![info(&open("S"), running()), status(), log("S", &[])],
            Ending::Open,
            &[INFO, "get_ticket_status + get_ticket_logs"],
        ),
        (
            vec![info(&open("S"), json!([])), info(&open("S"), running()), status(), log("S", &[])],
            Ending::Open,
            &[INFO, "3000 ms", INFO, "get_ticket_status + get_ticket_logs"],
        ),
        (
            vec![info(&open("S"), json!([])), info(&open("S"), json!([])), log("S", &[])],
            Ending::Stuck,
            &[INFO, "3000 ms", INFO, LOG],
        ),
        (
            vec![info(&finished("S"), json!([])), results(&[("S", true)]), log("S", &[true])],
            Ending::Approved,
            &[INFO, "ticket_approval_result + get_ticket_logs"],
        ),
        (
            vec![info(&finished("S"), json!([])), results(&[]), log("S", &[true])],
            Ending::Undetermined,
            &[INFO, "ticket_approval_result + get_ticket_logs"],
        ),
        (
            vec![info(&row("S", "REVOKED", Some(ENDED_AT)), json!([])), log("S", &[])],
            Ending::Withdrawn,
            &[INFO, LOG],
        ),
    ];
    for (steps, ending, asked) in cases {
        let mut client = client(steps);
        let explained = client.explain("S").unwrap();
        assert_eq!(explained.ending, ending);
        assert_eq!(explained.waiting_for.is_empty(), ending != Ending::Open);
        assert_eq!(events(&client), asked);
    }
}

/// A ticket between two nodes has none running, either, so that one look alone can't call it stuck.
#[test]
fn no_ticket_is_called_stuck_where_the_deadline_leaves_no_time_for_a_second_look() {
    for (deadline_ms, refused) in [(3_000, true), (3_001, false)] {
        let look = || info(&open("S"), json!([]));
        let mut steps = vec![look()];
        if !refused {
            steps.extend([look(), log("S", &[])]);
        }
        let mut client = client(steps);
        client.connection.deadline_ms = Some(deadline_ms);
        match client.explain("S") {
            Ok(explained) => assert!(!refused && explained.ending == Ending::Stuck),
            Err(failure) => assert!(refused && argument(failure) == "connection.deadline-ms"),
        }
        events(&client);
    }
}

#[test]
fn a_name_leads_to_one_node_that_takes_the_users_named_for_it() {
    let node = |id: u64, name: &str| json!({"id": id, "name": name, "processors": "bob", "processors_type": "PERSON", "sign_type": "or"});
    let roles = |nodes: &[Value]| data(Value::from(nodes));
    let form = || {
        data(
            json!({"service_id": 2, "name": "s", "service_type": "request", "desc": "", "workflow_id": 9, "fields": []}),
        )
    };
    let flow = |distribute: &str| {
        let state =
            json!({"id": 4, "name": "Approve", "type": "APPROVAL", "distribute_type": distribute});
        data(json!({"states": [state]}))
    };
    const ASKED: [&str; 2] = ["get_service_roles + get_service_detail", "get_workflow_detail"];
    let cases: Vec<(Vec<Step>, &str, &[&str])> = vec![
        (vec![roles(&[node(4, "Approve")]), form(), flow("PROCESS")], "4", &ASKED),
        (vec![roles(&[node(5, "Other")]), form(), flow("PROCESS")], "unknown", &ASKED),
        (
            vec![roles(&[node(4, "Approve"), node(5, "Approve")]), form(), flow("PROCESS")],
            "ambiguous",
            &ASKED,
        ),
        (
            vec![roles(&[node(4, "Approve")]), form(), flow("CLAIM_THEN_PROCESS")],
            "ignoring",
            &ASKED,
        ),
        // A user who may not read the flow still gets the node.
        (vec![roles(&[node(4, "Approve")]), form(), user_wanted()], "4", &ASKED),
        (vec![roles(&[node(4, "Approve")]), user_wanted()], "4", &ASKED[..1]),
        (vec![user_wanted(), form()], "failed", &ASKED[..1]),
    ];
    for (steps, expected, asked) in cases {
        let mut client = client(steps);
        let named = vec![NamedProcessors { name: "Approve".into(), users: vec!["bob".into()] }];
        let told = match client.resolve_processors(2, named) {
            Ok(nodes) => nodes.iter().map(|node| node.node_id.to_string()).collect(),
            Err(ResolveError::Failed(_)) => "failed".to_owned(),
            Err(ResolveError::Unknown(..)) => "unknown".to_owned(),
            Err(ResolveError::Ambiguous(..)) => "ambiguous".to_owned(),
            Err(ResolveError::Ignoring(..)) => "ignoring".to_owned(),
        };
        assert_eq!(told, expected);
        assert_eq!(events(&client), asked);
    }
}

#[test]
fn only_what_narrows_is_asked_about_services() {
    let all = || ServiceFilter::default();
    let some = || ServiceFilter { catalog_id: Some(3), kind: Some("request".into()), ..all() };
    for (filter, query) in [(all(), ""), (some(), "catalog_id=3&service_type=request")] {
        let mut client = client(vec![data(json!([]))]);
        assert!(client.list_services(filter).unwrap().is_empty());
        assert_eq!(events(&client), ["get_services"]);
        let Event::Request { parameters, .. } = &client.transport.events[0] else { panic!() };
        assert_eq!(parameters, query);
    }
    for (only_with_services, query) in [(false, ""), (true, "has_service=true")] {
        let mut client = client(vec![data(json!([]))]);
        assert!(client.list_catalogs(None, only_with_services).unwrap().is_empty());
        events(&client);
        let Event::Request { parameters, .. } = &client.transport.events[0] else { panic!() };
        assert_eq!(parameters, query);
    }
}

#[test]
fn diagnosing_tries_each_action_of_the_main_job_and_ends_where_nothing_is_reached() {
    let refused = || refusal(json!(3_900_005), "no");
    // The tag's two questions, then seven actions.
    let mut steps = vec![page(NONE), page(NONE)];
    steps.extend((0..7).map(|_| refused()));
    let mut client = client(steps);
    let findings = client.diagnose().unwrap();
    assert_eq!(findings.len(), 8);
    assert!(findings.iter().all(|finding| finding.failure.is_none()), "{findings:?}");
    assert_eq!(events(&client).len(), 9);

    let mut client = crate::scripted::client(vec![no_answer(NoAnswer::Denied)]);
    let findings = client.diagnose().unwrap();
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    let advice = finding.failure.as_ref().map(|failure| &failure.advice);
    assert_eq!(advice, Some(&Advice::AllowHost("bk-itsm.example.com".into())));
    assert!(finding.words.contains("allow it there"), "{}", finding.words);
    events(&client);

    // Without a verified user one of them is refused, and what is lost then is said. An answer that is lost
    // on the way back is no sign that something was done.
    let mut steps = vec![page(NONE), page(NONE)];
    steps.extend([refused(), says(200, &[], "<html>"), says(200, &[], "<html>"), user_wanted()]);
    steps.extend((0..3).map(|_| refused()));
    let mut client = crate::scripted::client(steps);
    let findings = client.diagnose().unwrap();
    let failed: Vec<_> = findings.iter().filter(|finding| finding.failure.is_some()).collect();
    let [create, operate, results] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!(
        [create.action, operate.action, results.action],
        ["create_ticket", "operate_ticket", "ticket_approval_result"]
    );
    for finding in failed.iter() {
        assert!(!finding.failure.as_ref().unwrap().may_have_acted, "{finding:?}");
    }
    assert!(results.words.contains("by their log alone"), "{}", results.words);
    events(&client);

    let mut client = crate::scripted::client(vec![]);
    client.connection.deadline_ms = Some(0);
    assert_eq!(argument(client.diagnose().unwrap_err()), "connection.deadline-ms");
}

#[test]
fn an_address_is_fit_for_callbacks_only_if_it_answers_as_itsm_wants() {
    let accepted = r#"{"result":true,"code":0,"message":"success","data":null}"#;
    let headers: &[(&str, &str)] = &[];
    for (step, expected) in [
        (says(200, headers, accepted), "fit"),
        (says(201, headers, accepted), "fit"),
        (says(202, headers, accepted), "status 202"),
        (says(204, headers, ""), "status 204"),
        (says(404, headers, accepted), "status 404"),
        (says(302, headers, ""), "redirect 302"),
        (says(307, headers, ""), "other"),
        (says(200, headers, "<html>"), "not JSON"),
        (says(200, headers, "[]"), "not JSON"),
        (says(200, headers, "{}"), "no code 0"),
        (says(200, headers, r#"{"code":"0"}"#), "no code 0"),
        (says(200, headers, r#"{"code":false}"#), "fit"),
        (says(200, headers, r#"{"code":-0.0}"#), "fit"),
        (
            says(200, headers, r#"{"code":1,"message":"v1.bind is no binding"}"#),
            "refused: [secret] is no binding",
        ),
        (no_answer(NoAnswer::TooLarge), "not JSON"),
        (no_answer(NoAnswer::Denied), "unreachable"),
        (no_answer(NoAnswer::DeadlineReached { unsent: false }), "unreachable"),
    ] {
        let target = CallbackTarget {
            url: "https://gate.example.com/itsm".into(),
            headers: vec![("X-Binding".into(), Secret::new("v1.bind".into()))],
        };
        let mut client = client(vec![step]);
        let told = match check_callback_url(&mut client.transport, &target) {
            Ok(()) => "fit".to_owned(),
            Err(CallbackUrlError::Unreachable(failure)) => {
                assert!(!failure.may_have_acted);
                "unreachable".to_owned()
            }
            Err(CallbackUrlError::Redirect(status)) => format!("redirect {status}"),
            Err(CallbackUrlError::Status(status)) => format!("status {status}"),
            Err(CallbackUrlError::NotJson) => "not JSON".to_owned(),
            Err(CallbackUrlError::NoZeroCode) => "no code 0".to_owned(),
            Err(CallbackUrlError::Refused(message)) => format!("refused: {message}"),
            Err(CallbackUrlError::Other(_)) => "other".to_owned(),
        };
        assert_eq!(told, expected);
        let Event::Request { deadline, .. } = client.transport.events[0] else { panic!() };
        assert_eq!(deadline, 1_010_000);
        events(&client);
    }
}
