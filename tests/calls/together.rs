//! Reads that do not depend on each other go together: how many, what is repeated, which failure is told.

use crate::scripted::*;
use blueking_itsm::calls::Client;
use blueking_itsm::domain::failure::{Advice, Failure, Origin};
use blueking_itsm::domain::http::NoAnswer;
use blueking_itsm::domain::search::Filter;
use blueking_itsm::domain::secret::Secret;
use serde_json::json;

const BOTH: &str = "ticket_approval_result + get_ticket_logs";
const RESULT: &str = "ticket_approval_result";
const LOG: &str = "get_ticket_logs";

/// Asks about a finished ticket, whose result and log are read together.
fn confirm(result_and_log: Vec<Step>) -> (Result<(), Failure>, Client<Script>) {
    let steps = [page(&[finished("S")])].into_iter().chain(result_and_log);
    let mut client = client(steps.collect());
    let told = client.confirm_own("S").map(drop);
    (told, client)
}

fn result() -> Step {
    results(&[("S", true)])
}

fn whole_log() -> Step {
    log("S", &[true])
}

fn denied() -> Step {
    no_answer(NoAnswer::Denied)
}

fn refused() -> Step {
    refusal(json!(3_900_022), "no such ticket")
}

fn busy(seconds: &str) -> Step {
    says(503, &[("Retry-After", seconds)], "sorry")
}

#[test]
fn what_failed_in_passing_is_repeated_alone_and_the_other_answer_is_kept() {
    let cases: Vec<(Vec<Step>, &[&str])> = vec![
        (vec![result(), whole_log()], &[BOTH]),
        (vec![down(), whole_log(), result()], &[BOTH, "1007 ms", RESULT]),
        (vec![result(), down(), whole_log()], &[BOTH, "1007 ms", LOG]),
        (vec![down(), down(), result(), whole_log()], &[BOTH, "1007 ms", BOTH]),
        (
            vec![down(), down(), result(), down(), whole_log()],
            &[BOTH, "1007 ms", BOTH, "1007 ms", LOG],
        ),
        // One pause for both, as long as the more patient server wants.
        (vec![busy("2"), busy("5"), result(), whole_log()], &[BOTH, "5007 ms", BOTH]),
    ];
    for (steps, expected) in cases {
        let (told, client) = confirm(steps);
        told.unwrap();
        assert_eq!(events(&client)[1..], *expected);
    }
}

#[test]
fn of_two_failures_the_first_requests_is_told_whichever_came_first() {
    let cases: Vec<(Vec<Step>, Origin, &[&str])> = vec![
        (vec![denied(), refused()], Origin::Transport, &[BOTH]),
        (vec![refused(), denied()], Origin::Itsm, &[BOTH]),
        (vec![refused().after(900), denied()], Origin::Itsm, &[BOTH]),
        (vec![result(), denied()], Origin::Transport, &[BOTH]),
        (vec![denied(), whole_log()], Origin::Transport, &[BOTH]),
        (
            vec![result(), down(), down(), down()],
            Origin::Answer,
            &[BOTH, "1007 ms", LOG, "1007 ms", LOG],
        ),
    ];
    for (steps, origin, expected) in cases {
        let (told, client) = confirm(steps);
        assert_eq!(told.unwrap_err().origin, origin, "{expected:?}");
        assert_eq!(events(&client)[1..], *expected);
    }
}

#[test]
fn requests_that_go_together_take_as_long_as_the_slowest_and_share_the_deadline() {
    let late = || no_answer(NoAnswer::DeadlineReached { unsent: false }).after(30_000);
    for (steps, took_ms) in [
        (vec![result().after(20), whole_log().after(30)], 30),
        (vec![result().after(30), whole_log().after(20)], 30),
        // No pause and no second try reach beyond the deadline.
        (vec![late(), late()], 30_000),
        (vec![result(), late()], 30_000),
        (vec![late(), whole_log()], 30_000),
    ] {
        let (told, mut client) = confirm(steps);
        assert_eq!(told.is_err(), took_ms == 30_000);
        assert_eq!(events(&client)[1..], [BOTH]);
        assert_eq!(
            blueking_itsm::transport::Transport::now(&mut client.transport),
            1_000_000 + took_ms
        );
        for event in &client.transport.events {
            let Event::Request { deadline, .. } = event else { panic!("{event:?}") };
            assert_eq!(*deadline, 1_030_000);
        }
    }
}

#[test]
fn the_logs_of_many_tickets_are_read_four_at_once_and_none_that_is_not_needed() {
    let sns: Vec<_> = ('A'..='G').map(String::from).collect();
    let rows: Vec<_> = sns.iter().map(|sn| finished(sn)).collect();
    // ITSM gives no result of G yet.
    let known: Vec<_> = sns[..6].iter().map(|sn| (sn.as_str(), true)).collect();
    let mut steps = vec![page(&rows), results(&known)];
    steps.extend(sns[..6].iter().map(|sn| log(sn, &[true])));
    let mut client = client(steps);
    assert_eq!(client.reconcile(&sns).unwrap().len(), 7);
    let four = [LOG; 4].join(" + ");
    assert_eq!(events(&client), ["get_tickets", RESULT, &four, &[LOG; 2].join(" + ")]);

    // A log that can't be read fails the call, and those that would come later are not asked for.
    let mut steps = vec![page(&rows), results(&known), log("A", &[true]), denied(), refused()];
    steps.push(log("D", &[true]));
    let mut client = crate::scripted::client(steps);
    let failure = client.reconcile(&sns).unwrap_err();
    assert_eq!(failure.advice, Advice::AllowHost("bk-itsm.example.com".into()));
    assert_eq!(events(&client), ["get_tickets", RESULT, &four]);
}

/// Whether the server knows a filter is asked beside the tickets: rows tell neither their tag nor their project.
#[test]
fn a_search_takes_as_long_as_one_request_whatever_its_filter() {
    let filter = |tag: bool, project: bool| Filter {
        tag: tag.then(|| Secret::new("tag1".to_owned())),
        project_key: project.then(|| "p".to_owned()),
        ..Filter::default()
    };
    let one = || page(&[open("S")]);
    let none = || page(&[]);
    let two = &["get_tickets + get_tickets"][..];
    let three = &["get_tickets + get_tickets + get_tickets"][..];
    let lone = &["get_tickets"][..];
    let cases = [
        (filter(false, false), vec![one()], Ok(1), lone),
        (filter(true, false), vec![one(), none()], Ok(1), two),
        (filter(false, true), vec![one(), none()], Ok(1), two),
        (filter(true, true), vec![one(), none(), none()], Ok(1), three),
        (filter(true, true), vec![one(), none(), one()], Err(Origin::Answer), three),
        // Where there are no tickets, nothing hangs on the rest.
        (filter(true, true), vec![none(), one(), denied()], Ok(0), three),
        (filter(true, false), vec![denied(), none()], Err(Origin::Transport), two),
        (filter(true, false), vec![one(), denied()], Err(Origin::Transport), two),
        (
            filter(true, false),
            vec![one(), down(), none()],
            Ok(1),
            &["get_tickets + get_tickets", "1007 ms", "get_tickets"][..],
        ),
    ];
    for (filter, steps, expected, asked) in cases {
        let mut client = client(steps.into_iter().map(|step| step.after(20)).collect());
        let found = client.search(&filter, 1, 10).map(|found| found.tickets.len());
        assert_eq!(found.map_err(|failure| failure.origin), expected, "{asked:?}");
        assert_eq!(events(&client), *asked);
    }
}
