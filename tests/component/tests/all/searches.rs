//! Finding tickets: what a server can't read is not asked, what it ignores is told, and what it half fills is read.

use crate::answers::{asked_page, row};
use crate::set_up::{any_of_a_user, create, fix, start, ticket};
use component_tests::wit_tickets::{
    TicketFilter, TicketPage, UserFilter, UserTicketPage, UserView,
};
use component_tests::wit_types::{Advice, Connection, Failure, Origin};
use component_tests::{Host, Received, Scripted, Step, any_ticket, call, envelope, gateway};
use fake_itsm::{Fault, Options, Tags};
use serde_json::{Value, json};

async fn search(host: &Host, c: &Connection, filter: &TicketFilter) -> Result<TicketPage, Failure> {
    call!(host => blueking_itsm_tickets.call_search(c, filter, 1, 10))
}

async fn search_by_user(
    host: &Host,
    c: &Connection,
    filter: &UserFilter,
) -> Result<UserTicketPage, Failure> {
    let view = UserView::Created;
    call!(host => blueking_itsm_tickets.call_search_by_user(c, "alice", view, filter, 1, 10))
}

fn page(rows: &[Value]) -> Value {
    json!({"page": 1, "total_page": 1, "count": rows.len(), "items": rows})
}

/// A wrong time is an error of the server's that has no code of its own.
#[tokio::test(flavor = "multi_thread")]
async fn only_times_that_itsm_reads_are_sent() {
    type Set<F> = fn(&mut F, Option<String>);
    let of_tickets: [(&str, Set<TicketFilter>); 4] = [
        ("filter.created-from", |filter, at| filter.created_from = at),
        ("filter.created-to", |filter, at| filter.created_to = at),
        ("filter.ended-from", |filter, at| filter.ended_from = at),
        ("filter.ended-to", |filter, at| filter.ended_to = at),
    ];
    let of_users: [(&str, Set<UserFilter>); 2] = [
        ("filter.created-from", |filter, at| filter.created_from = at),
        ("filter.created-to", |filter, at| filter.created_to = at),
    ];
    let (host, c) = (Host::denying(), gateway("http://127.0.0.1:1"));
    for (time, is_read) in [
        ("2026-11-24", true),
        ("2026-11-24 07:26", true),
        ("2026-11-24 07:26:12", true),
        ("2026-11-24T07:26:12.123456", true),
        ("2028-02-29 00:00:00", true),
        ("", false),
        (" ", false),
        ("nope", false),
        ("20261124", false),
        ("2026-11", false),
        ("2026-11-24 ", false),
        (" 2026-11-24", false),
        ("2026-13-01", false),
        ("2026-02-29", false),
        ("2026-11-24 24:00:00", false),
        ("2026-11-24 07:60:00", false),
        ("2026-11-24 07:26:60", false),
        ("2026-11-24 07:26:12Z", false),
        ("2026-11-24 07:26:12+08:00", false),
        ("24.11.2026", false),
        ("1795608000", false),
        ("２０２６-11-24", false),
    ] {
        let expected = |name: &str| {
            if is_read { Advice::AllowHost("127.0.0.1:1".to_owned()) } else { fix(name) }
        };
        for (name, set) in of_tickets {
            let mut filter = any_ticket();
            set(&mut filter, Some(time.to_owned()));
            let failure = search(&host, &c, &filter).await.unwrap_err();
            assert_eq!(failure.advice, expected(name), "{time}");
        }
        for (name, set) in of_users {
            let right = || Some("2026-11-24 00:00:00".to_owned());
            let mut filter =
                UserFilter { created_from: right(), created_to: right(), ..any_of_a_user() };
            set(&mut filter, Some(time.to_owned()));
            let failure = search_by_user(&host, &c, &filter).await.unwrap_err();
            assert_eq!(failure.advice, expected(name), "{time}");
        }
    }
    // ITSM ignores one of a user's two times without the other.
    for ((given, set), (missing, _)) in [(of_users[0], of_users[1]), (of_users[1], of_users[0])] {
        let mut filter = any_of_a_user();
        set(&mut filter, Some("2026-11-24".to_owned()));
        let failure = search_by_user(&host, &c, &filter).await.unwrap_err();
        assert_eq!((failure.advice, failure.origin), (fix(missing), Origin::Argument), "{given}");
    }
}

/// What narrows, what a server gives all the same, and which filter it ignores.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_filter_leaves_out_are_no_answer() {
    let text = |text: &str| Some(text.to_owned());
    let statuses = || TicketFilter {
        statuses: vec!["RUNNING".to_owned(), "SUSPENDED".to_owned()],
        ..any_ticket()
    };
    let creator = || TicketFilter { creator: text("alice"), ..any_ticket() };
    let services = || TicketFilter { service_ids: vec![2, 3], ..any_ticket() };
    for (filter, changed, ignored) in [
        (any_ticket(), json!({"current_status": "X", "creator": "x"}), None),
        (statuses(), json!({}), None),
        (statuses(), json!({"current_status": "suspended"}), None),
        (statuses(), json!({"current_status": "FINISHED"}), Some("filter.statuses")),
        (creator(), json!({}), None),
        (creator(), json!({"creator": "Alice"}), None),
        (creator(), json!({"creator": "bob"}), Some("filter.creator")),
        (services(), json!({"service_id": 3}), None),
        (services(), json!({"service_id": "3"}), None),
        // A server that does not tell a ticket's service gives no reason to doubt it.
        (services(), json!({"service_id": null}), None),
        (services(), json!({"service_id": 4}), Some("filter.service-ids")),
    ] {
        let rows = [row(json!({})), row(changed.clone())];
        let server = Scripted::always(vec![envelope(&page(&rows))]).await;
        let found = search(&Host::new(), &gateway(&server.url()), &filter).await;
        match ignored {
            None => assert_eq!(found.unwrap().tickets.len(), 2, "{changed}"),
            Some(name) => {
                let failure = found.unwrap_err();
                assert_eq!(
                    (failure.advice, failure.origin),
                    (fix(name), Origin::Answer),
                    "{changed}"
                );
                let words = format!("this server ignores {name}");
                assert!(failure.message.contains(&words), "{}", failure.message);
            }
        }
        assert_eq!(server.received().len(), 1);
    }
    let of_service = UserFilter { service_id: Some(2), ..any_of_a_user() };
    for (service, is_of_it) in
        [(json!(2), true), (json!("2"), true), (Value::Null, true), (json!(3), false)]
    {
        let server =
            Scripted::always(vec![envelope(&page(&[row(json!({"service_id": service}))]))]).await;
        let found = search_by_user(&Host::new(), &gateway(&server.url()), &of_service).await;
        let told = found.map_err(|failure| failure.advice).map(drop);
        let expected = if is_of_it { Ok(()) } else { Err(fix("filter.service-id")) };
        assert_eq!(told, expected, "{service}");
    }
}

/// Rows tell neither their tag nor their project, so that is asked with a value that nobody has.
#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_rows_do_not_show_is_checked_with_a_fresh_value() {
    type Set = fn(&mut TicketFilter, String);
    let by_tag: (&str, &str, Set) = ("tag", "op1", |filter, tag| filter.tag = Some(tag));
    let by_project: (&str, &str, Set) =
        ("project_key", "0", |filter, key| filter.project_key = Some(key));
    let mut values = Vec::new();
    for ((name, own, set), tags, found) in [
        (by_tag, Tags::Stored, Ok(1)),
        (by_project, Tags::Stored, Ok(1)),
        // No ticket was found, so nobody is misled.
        (by_tag, Tags::FilteredNotStored, Ok(0)),
        (by_project, Tags::FilteredNotStored, Err("filter.project-key")),
        (by_tag, Tags::Ignored, Err("filter.tag")),
        (by_project, Tags::Ignored, Err("filter.project-key")),
    ] {
        let (fake, c) = start(Options { tags, ..Options::default() }).await;
        create(&fake, &c, &ticket("op1")).await;
        let mut filter = any_ticket();
        set(&mut filter, own.to_owned());
        let told = search(&Host::new(), &c, &filter).await;
        match found {
            Ok(rows) => assert_eq!(told.unwrap().tickets.len(), rows, "{name}, {tags:?}"),
            Err(argument) => {
                let failure = told.unwrap_err();
                assert_eq!(
                    (failure.advice, failure.origin),
                    (fix(argument), Origin::Answer),
                    "{name}, {tags:?}"
                );
            }
        }
        // The two go together, and either can come first.
        let asked = fake.exchanges_of("get_tickets");
        let mut asked = Vec::from_iter(asked.iter().map(|exchange| {
            let asked: Value = serde_json::from_str(&exchange.body).unwrap();
            asked[name].as_str().unwrap().to_owned()
        }));
        asked.retain(|value| value != own);
        let [fresh] = <[String; 1]>::try_from(asked).unwrap();
        assert!(fresh.len() > 20 && !values.contains(&fresh), "{fresh}");
        values.push(fresh);
    }
}

/// The server sends a row half filled when it could not compute all of it: always so right after a ticket was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_users_rows_may_be_half_filled() {
    let full = json!({
        "sn": "REQ1", "id": 1, "title": "t", "creator": "alice", "service_id": 2, "service_name": "s",
        "project_key": "0", "current_status": "RUNNING", "create_at": "2026-11-25 11:00:00",
        "current_processors": ",bob,carol,", "waiting_approve": true,
    });
    let half = json!({
        "sn": "REQ2", "id": 2, "title": "t", "current_status": "RUNNING", "create_at": "2026-11-25 11:00:01",
    });
    let server = Scripted::always(vec![envelope(&page(&[full.clone(), half.clone()]))]).await;
    let found = search_by_user(&Host::new(), &gateway(&server.url()), &any_of_a_user()).await;
    let rows = found.unwrap().tickets;
    assert_eq!(
        (rows[0].sn.as_str(), rows[0].waiting_approve, rows[0].processors.as_slice()),
        ("REQ1", true, &["bob".to_owned(), "carol".to_owned()][..])
    );
    let second = &rows[1];
    assert_eq!((second.sn.as_str(), second.waiting_approve), ("REQ2", false));
    assert!(second.processors.is_empty() && second.service_name.is_empty());
    // What stands in the database is always there.
    for column in ["sn", "id", "title", "current_status", "create_at"] {
        let mut row = half.clone();
        row.as_object_mut().unwrap().remove(column);
        let server = Scripted::always(vec![envelope(&page(&[full.clone(), row]))]).await;
        let found = search_by_user(&Host::new(), &gateway(&server.url()), &any_of_a_user()).await;
        assert_eq!(found.unwrap_err().origin, Origin::Answer, "{column}");
    }
    // And on the fake, which does so.
    let (fake, c) =
        start(Options { start_after: std::time::Duration::from_secs(600), ..Options::default() })
            .await;
    let sn = Host::new().create(&c, &ticket("op1")).await.unwrap().sn;
    let found = search_by_user(&Host::new(), &c, &any_of_a_user()).await;
    assert_eq!(found.unwrap().tickets[0].sn, sn);
    drop(fake);
}

/// Fewer rows make a shorter answer in these two, and nothing does in others.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_for_whoever_chose_its_size() {
    let (fake, c) = start(Options::default()).await;
    for action in ["get_tickets", "get_tickets_by_user", "get_ticket_logs", "get_services"] {
        fake.fault(action, Fault::Huge(5 << 20), 99);
    }
    let sn = create(&fake, &c, &ticket("op1")).await;
    for (function, advice) in [
        ("search", fix("page-size")),
        ("search-by-user", fix("page-size")),
        ("list-services", Advice::CallOperator),
    ] {
        let failure = crate::set_up::read(&Host::new(), &c, function).await.unwrap_err();
        assert_eq!((failure.advice, failure.origin), (advice, Origin::Transport), "{function}");
        assert!(failure.message.contains("more than 4194304 bytes"), "{}", failure.message);
    }
    let failure = call!(Host::new() => blueking_itsm_tickets.call_log(&c, &sn)).unwrap_err();
    assert_eq!(failure.advice, Advice::CallOperator);
    // These choose no size: there is nothing for their caller to fix.
    for function in ["confirm", "confirm-own", "reconcile", "recover"] {
        let failure = crate::set_up::read(&Host::new(), &c, function).await.unwrap_err();
        assert_eq!(failure.advice, Advice::CallOperator, "{function}");
    }
}

/// A server with this many tickets, in rows as long as ITSM's.
fn full_page(count: usize) -> impl Fn(usize, &Received) -> Vec<Step> {
    move |_, request| {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let size = body["page_size"].as_u64().unwrap() as usize;
        let title = "单".repeat(100);
        let rows: Vec<_> = (0..size.min(count))
            .map(|id| row(json!({"id": id, "sn": format!("REQ{id:014}"), "title": title})))
            .collect();
        let page = json!({
            "page": asked_page(request), "total_page": count.div_ceil(size), "count": count, "items": rows,
        });
        vec![envelope(&page)]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_size_that_fits_can_be_used() {
    let server = Scripted::start(full_page(20_000)).await;
    let c = gateway(&server.url());
    let host = Host::new();
    let asked =
        async |size| call!(host => blueking_itsm_tickets.call_search(&c, &any_ticket(), 1, size));
    let failure = asked(10_000).await.unwrap_err();
    assert_eq!(failure.advice, fix("page-size"));
    let page = asked(5_000).await.unwrap();
    assert_eq!((page.tickets.len(), page.total), (5_000, 20_000));
}
