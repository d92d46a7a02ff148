//! How long a rate limit asks to wait, in every form that HTTP knows.

use crate::set_up::write;
use component_tests::wit_types::Advice;
use component_tests::{Host, Scripted, answer, gateway};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a failed create says of an answer with these headers: how long to wait, and that nothing was done.
async fn told(status: u16, headers: &[(&str, &str)], body: &str) -> u32 {
    let server = Scripted::always(vec![answer(status, headers, body)]).await;
    let c = gateway(&server.url());
    let failure = write(&Host::new(), &c, "create", "bob").await.unwrap_err();
    assert!(!failure.may_have_acted, "{headers:?}: {failure:?}");
    match failure.advice {
        Advice::WaitMs(ms) => ms,
        other => panic!("{headers:?}: {other:?}"),
    }
}

const NEVER_CONNECTED: &str =
    r#"{"result": false, "message": "m", "upstream_error": "connection refused"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn each_form_of_retry_after_is_read_wherever_it_stands() {
    let noon = "Wed, 25 Nov 2026 12:00:00 GMT";
    let mut forms = 0;
    for (value, date, ms) in [
        ("0", None, 1_000),
        ("1", None, 1_000),
        ("7", None, 7_000),
        (" 7 ", None, 7_000),
        ("0007", None, 7_000),
        ("1.5", None, 1_500),
        ("2.0005", None, 2_000),
        ("0.2", None, 1_000),
        ("600", None, 600_000),
        // The longest is ten minutes, ITSM's own limit.
        ("601", None, 600_000),
        ("4294967", None, 600_000),
        ("4294967296", None, 600_000),
        ("18446744073709551616", None, 600_000),
        // A date counts from the clock of the server that names it.
        ("Wed, 25 Nov 2026 12:00:30 GMT", Some(noon), 30_000),
        ("Wednesday, 25-Nov-26 12:00:30 GMT", Some(noon), 30_000),
        ("Wed Nov 25 12:00:30 2026", Some(noon), 30_000),
        ("Wed, 25 Nov 2026 12:10:00 GMT", Some(noon), 600_000),
        ("Wed, 25 Nov 2026 13:00:00 GMT", Some(noon), 600_000),
        ("Wed, 25 Nov 2026 12:00:00 GMT", Some(noon), 1_000),
        ("Wed, 25 Nov 2026 11:00:00 GMT", Some(noon), 1_000),
        // Without one it counts from the host's.
        ("Fri, 31 Dec 9999 23:59:59 GMT", None, 600_000),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None, 1_000),
        // What can't be read is not there.
        ("", None, 1_000),
        ("soon", None, 1_000),
        ("-5", None, 1_000),
        ("+5", None, 1_000),
        ("1,5", None, 1_000),
        ("0x7", None, 1_000),
        ("7 s", None, 1_000),
        ("Wed, 25 Nov 2026", Some(noon), 1_000),
    ] {
        let mut headers = vec![("Retry-After", value)];
        headers.extend(date.map(|date| ("Date", date)));
        let limited = [&headers[..], &[("X-Bkapi-Error-Code", "1642902")]].concat();
        let refused = [&headers[..], &[("X-Bkapi-Error-Code", "1650200")]].concat();
        for (status, headers, body) in [
            (429, &headers, ""),
            (429, &headers, "<html>slow down</html>"),
            (429, &limited, "{}"),
            // Behind a gateway that rewrites its own errors.
            (200, &limited, "{}"),
            (502, &refused, NEVER_CONNECTED),
        ] {
            assert_eq!(told(status, headers, body).await, ms, "{headers:?}");
            forms += 1;
        }
    }
    println!("{forms} answers with Retry-After");
}

/// What only reads may be asked again after a gateway's failure, and is, where there is time.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_as_long_as_it_is_told_and_only_within_its_deadline() {
    for status in [429, 502, 503, 504] {
        for (retry_after, deadline_ms, ms, requests) in
            [("2", 1_500, 2_000, 1), ("0", 20_000, 1_000, 3)]
        {
            let headers = [("Retry-After", retry_after), ("Content-Type", "text/html")];
            let server = Scripted::always(vec![answer(status, &headers, "<html>")]).await;
            let mut c = gateway(&server.url());
            c.deadline_ms = Some(deadline_ms);
            let failure = Host::new().confirm_own(&c, "S").await.unwrap_err();
            assert_eq!(
                (failure.advice, failure.may_have_acted),
                (Advice::WaitMs(ms), false),
                "{status}"
            );
            assert_eq!(server.received().len(), requests, "{status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_own_header_stands_in_for_retry_after() {
    let reset = ("X-Bkapi-RateLimit-Reset", "9");
    assert_eq!(told(429, &[reset], "{}").await, 9_000);
    let both = [reset, ("Retry-After", "2")];
    assert_eq!(told(429, &both, "{}").await, 2_000);
    let unreadable = [reset, ("Retry-After", "soon")];
    assert_eq!(told(429, &unreadable, "{}").await, 9_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_without_the_servers_own_counts_from_the_hosts_clock() {
    let until = SystemTime::now() + Duration::from_secs(300);
    let ms = told(429, &[("Retry-After", &http_date(until))], "").await;
    assert!((200_000..=300_000).contains(&ms), "{ms}");
}

fn http_date(at: SystemTime) -> String {
    const MONTHS: [(&str, u64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let seconds = at.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut days = seconds / 86_400;
    let weekday = DAYS[(days % 7) as usize];
    let is_leap = |year: u64| year.is_multiple_of(4);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    for (month, length) in MONTHS {
        let length = length + u64::from(month == "Feb" && is_leap(year));
        if days < length {
            let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
            let day = days + 1;
            return format!(
                "{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT"
            );
        }
        days -= length;
    }
    panic!("no day of a year")
}
