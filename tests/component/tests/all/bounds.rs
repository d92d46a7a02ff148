//! How much memory an answer costs: near its own size, whatever it holds. Hosts set limits, and beyond them is a trap.

use crate::set_up::{read, ticket, write};
use component_tests::{Host, Scripted, Step, answer_of_bytes, call, envelope, gateway};
use serde_json::json;

const MIB: usize = 1 << 20;
const MANY_ROWS: &str = "as many rows as are read";

/// `opening`, as often `piece` as fits, and `closing`: so many bytes, or a few less.
fn filled(opening: &str, piece: &str, closing: &str, bytes: usize) -> Vec<u8> {
    let room = bytes.saturating_sub(opening.len() + closing.len());
    let times = room / piece.len();
    let mut body = Vec::with_capacity(bytes);
    body.extend_from_slice(opening.as_bytes());
    body.extend_from_slice(piece.repeat(times).as_bytes());
    body.extend_from_slice(closing.as_bytes());
    body
}

/// A success with a list of equal rows.
fn rows(opening: &str, row: &str, closing: &str, bytes: usize) -> Vec<u8> {
    let opening = format!(r#"{{"result":true,"code":0,"data":{opening}[{row}"#);
    filled(&opening, &format!(",{row}"), &format!("]{closing}}}"), bytes)
}

/// The same without a length: in chunks of 16 KiB.
fn in_chunks(body: &[u8]) -> Step {
    let mut answer =
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(16 * 1024) {
        answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        answer.extend_from_slice(chunk);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    Step::Send(answer)
}

/// What answers hold, who asks for them, and how many bytes they have.
fn cases() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let four = 4 * MIB;
    let data = |opening: &str, piece: &str, closing: &str| {
        let opening = format!(r#"{{"result":true,"code":0,"data":{opening}"#);
        filled(&opening, piece, &format!("{closing}}}"), four)
    };
    let failed = |opening: &str, piece: &str| {
        let opening = format!(r#"{{"result":false,{opening}""#);
        filled(&opening, piece, "\"}", four)
    };
    let function = "create";
    let mut cases = vec![
        ("members without names", function, filled("{\"\":0", ",\"\":0", "}", four)),
        ("members of the data", function, data("{\"\":0", ",\"\":0", "}")),
        ("brackets", function, filled("", "[", "", four)),
        ("brackets in the data", function, data("", "[", "")),
        ("objects in objects", function, filled("", "{\"a\":", "", four)),
        ("one text", function, filled("\"", "a", "\"", four)),
        ("one text as the data", function, data("\"", "a", "\"")),
        ("one text of escapes as the data", function, data("\"", "\\u0061", "\"")),
        ("numbers", function, data("[0", ",0", "]")),
        ("empty objects", function, data("[{}", ",{}", "]")),
        ("blanks", function, filled("{", " ", "}", four)),
        ("a message", function, failed(r#""code":3900004,"message":"#, "a")),
        ("a message of escapes", function, failed(r#""code":3900004,"message":"#, "\\u4e00")),
        (
            "a message of control characters",
            function,
            failed(r#""code":3900004,"message":"#, "\\n"),
        ),
        ("a code", function, failed(r#""message":"m","code":"#, "9")),
        ("a request id", function, failed(r#""code":1306404,"request_id":"#, "a")),
    ];
    let line = r#"{"operator":"alice","operate_at":"2026-11-24 07:26:12","message":"流程开始","source":"WEB"}"#;
    let ticket = r#"{"id":2,"sn":"REQ20261124000002","title":"t","creator":"alice","service_id":2,"current_status":"RUNNING","create_at":"2026-11-24 07:26:12","end_at":null,"updated_by":"alice","update_at":"2026-11-24 07:26:12","ticket_url":"http://itsm.example.com/#/ticket/detail?id=2"}"#;
    let opening = r#"{"page":1,"total_page":1,"count":9,"items":"#;
    cases.extend([
        (
            "lines of a log",
            "log",
            rows(r#"{"sn":"S","logs":"#, line, "}", four),
        ),
        (
            "the shortest lines of a log",
            "log",
            rows(r#"{"sn":"S","logs":"#, r#"{"operate_at":""}"#, "}", four),
        ),
        ("tickets", "search", rows(opening, ticket, "}", four)),
        (
            "the shortest tickets",
            "search",
            rows(
                opening,
                r#"{"id":1,"sn":"S","title":"","current_status":"","create_at":"","end_at":null}"#,
                "}",
                four,
            ),
        ),
        (
            "the shortest tickets of a user",
            "search-by-user",
            rows(
                opening,
                r#"{"id":1,"sn":"S","title":"","current_status":"","create_at":""}"#,
                "}",
                four,
            ),
        ),
        (
            "services",
            "list-services",
            rows(
                "",
                r#"{"id":1,"name":"账号开通申请","service_type":"request","desc":"内置审批服务"}"#,
                "",
                four,
            ),
        ),
        (
            "the shortest services",
            "list-services",
            rows("", r#"{"id":1,"name":""}"#, "", four),
        ),
        (
            "the shortest catalogues",
            "list-catalogs",
            rows("", r#"{"id":1,"name":""}"#, "", four),
        ),
        (
            "the shortest nodes",
            "nodes",
            rows("", r#"{"id":1,"name":""}"#, "", four),
        ),
        (
            "the shortest results",
            "approval-results",
            rows(
                "",
                r#"{"sn":"S","title":"","current_status":"","approve_result":true}"#,
                "",
                four,
            ),
        ),
        (
            "the shortest operations",
            "status",
            rows(
                r#"{"current_status":"R","current_steps":[],"operations":"#,
                r#"{"key":"","can_operate":true}"#,
                "}",
                four,
            ),
        ),
        (
            "the shortest steps",
            "status",
            rows(
                r#"{"current_status":"R","operations":[],"current_steps":"#,
                r#"{"state_id":1,"name":""}"#,
                "}",
                four,
            ),
        ),
        (
            "the shortest fields",
            "info",
            rows(
                r#"{"id":1,"sn":"S","title":"","current_status":"","create_at":"","end_at":null,"current_steps":[],"fields":"#,
                r#"{"key":"","value":0,"display_value":""}"#,
                "}",
                four,
            ),
        ),
        (
            "the shortest choices",
            "form",
            rows(
                r#"{"service_id":1,"workflow_id":1,"name":"","fields":[{"key":"","name":"","type":"","choice":"#,
                r#"{"key":"","name":""}"#,
                "}]}",
                four,
            ),
        ),
        ("users", "approvers", data(r#"{"approver":"a"#, ",a", "\"}")),
        (
            "a flow",
            "workflow-detail",
            rows(r#"{"states":"#, r#"{"id":1,"name":"审批"}"#, "}", four),
        ),
        (
            "a failed list",
            "failed-callbacks",
            rows("", r#""REQ20261124000002""#, "", 16 * MIB),
        ),
        (
            "a failed list of nothing",
            "failed-callbacks",
            rows("", r#""""#, "", 16 * MIB),
        ),
        (
            "a failed list of escapes",
            "failed-callbacks",
            rows("", r#""\u0053""#, "", 16 * MIB),
        ),
        (
            "a failed list of numbers",
            "failed-callbacks",
            rows("", "1", "", 16 * MIB),
        ),
        (
            "a failed list that never ends",
            "failed-callbacks",
            filled(r#"{"result":true,"code":0,"data":["#, "\"\",", "", 16 * MIB),
        ),
        (
            "a failed list with another member of this size",
            "failed-callbacks",
            filled(
                r#"{"result":true,"code":0,"data":[],"x":[0"#,
                ",0",
                "]}",
                16 * MIB,
            ),
        ),
    ]);
    // As many rows as are read, each as short as can be: what is made of them is larger than they are.
    for (function, opening, row, closing) in [
        ("log", r#"{"sn":"S","logs":"#, r#"{"operate_at":""}"#, "}"),
        (
            "search",
            opening,
            r#"{"id":1,"sn":"S","title":"","current_status":"","create_at":"","end_at":null}"#,
            "}",
        ),
        (
            "search-by-user",
            opening,
            r#"{"id":1,"sn":"S","title":"","current_status":"","create_at":""}"#,
            "}",
        ),
        ("list-services", "", r#"{"id":1,"name":""}"#, ""),
        ("list-catalogs", "", r#"{"id":1,"name":""}"#, ""),
        ("nodes", "", r#"{"id":1,"name":""}"#, ""),
        (
            "status",
            r#"{"current_status":"R","operations":[],"current_steps":"#,
            r#"{"state_id":1,"name":""}"#,
            "}",
        ),
        (
            "info",
            r#"{"id":1,"sn":"S","title":"","current_status":"","create_at":"","end_at":null,"current_steps":[],"fields":"#,
            r#"{"key":"","value":0,"display_value":""}"#,
            "}",
        ),
    ] {
        let around = rows(opening, row, closing, 0).len();
        let most = around + 9_999 * (row.len() + 1);
        cases.push((MANY_ROWS, function, rows(opening, row, closing, most)));
    }
    let users =
        format!(r#"{{"result":true,"code":0,"data":{{"approver":"a{}"}}}}"#, ",a".repeat(10_000));
    cases.push(("as many users as are read", "approvers", users.into_bytes()));
    cases
}

/// What an answer may cost. Rows that say nothing are the exception: what is made of them is larger than they are.
fn limit(name: &str, answer: usize) -> usize {
    4 * answer + if name == MANY_ROWS { 3 * MIB } else { MIB }
}

/// Asks in a host with so much memory. Gives the most that was asked for, and whether that was too much.
async fn ask(function: &'static str, step: &Step, most: usize) -> (usize, bool) {
    let server = Scripted::always(vec![step.clone()]).await;
    let c = gateway(&server.url());
    let host = Host::new().with_memory(most);
    let asking = host.clone();
    // In a task of its own, whose panic is a trap: the others are to be counted, too.
    let asked = tokio::spawn(async move {
        match function {
            "create" => write(&asking, &c, function, "bob").await,
            _ => read(&asking, &c, function).await,
        }
    });
    let trapped = asked.await.is_err();
    (host.memory(), trapped)
}

/// One answer, with its length and without. Gives the names of those that took too much.
async fn measure(name: &'static str, function: &'static str, body: Vec<u8>) -> Vec<String> {
    let mut beyond = Vec::new();
    for (way, step) in
        [("with its length", answer_of_bytes(200, &[], &body)), ("in chunks", in_chunks(&body))]
    {
        let (mut guest, trapped) = ask(function, &step, limit(name, body.len())).await;
        if trapped {
            (guest, _) = ask(function, &step, 1 << 30).await;
            beyond.push(format!("{function}, {name}, {way}"));
        }
        let multiple = guest as f64 / body.len() as f64;
        let answer = body.len();
        let trap = if trapped { ", beyond the limit" } else { "" };
        println!(
            "memory: answer {answer} bytes, guest {guest} bytes, multiple {multiple:.2}: {function}, {name}, {way}{trap}"
        );
    }
    beyond
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_takes_little_more_memory_than_its_own_size() {
    let mut measuring = tokio::task::JoinSet::new();
    let mut beyond = Vec::new();
    for (name, function, body) in cases() {
        // Two at a time: the answers themselves take memory, too.
        if measuring.len() == 2 {
            beyond.extend(measuring.join_next().await.unwrap().unwrap());
        }
        measuring.spawn(measure(name, function, body));
    }
    beyond.extend(measuring.join_all().await.concat());
    assert!(beyond.is_empty(), "beyond the limit: {beyond:#?}");
}

/// The stack of an instance is smaller than is usual: what takes most of it is JSON that is nested deep.
#[tokio::test(flavor = "multi_thread")]
async fn json_as_deep_as_is_read_has_room_on_the_stack() {
    let host = Host::new();
    let server = Scripted::always(vec![envelope(&json!({"sn": "REQ1"}))]).await;
    let c = gateway(&server.url());
    for (open, close, levels) in [("[", "]", 126), ("{\"a\":", "}", 126)] {
        let nested = format!("{}1{}", open.repeat(levels), close.repeat(levels));
        let mut ticket = ticket("deep");
        ticket.extra_json = Some(format!("{{\"a\":{nested}}}"));
        host.create(&c, &ticket).await.unwrap();
    }

    let mut catalogs = json!([]);
    for id in 1..=32 {
        catalogs = json!([{"id": id, "name": "n", "children": catalogs}]);
    }
    let server = Scripted::always(vec![envelope(&catalogs)]).await;
    let c = gateway(&server.url());
    let found = call!(host => blueking_itsm_services.call_list_catalogs(&c, None, false)).unwrap();
    assert_eq!(found.len(), 32);
}

/// A length that an answer only says is not taken for granted.
#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_is_only_said_costs_no_more_than_the_limit() {
    for length in ["4194304", "99999999999", "18446744073709551615"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{");
        let server = Scripted::always(vec![Step::Send(head.into_bytes())]).await;
        let mut c = gateway(&server.url());
        c.deadline_ms = Some(1_000);
        let host = Host::new().with_memory(6 * MIB);
        let failure = host.confirm_own(&c, "S").await.unwrap_err();
        assert!(!failure.may_have_acted, "{failure:?}");
    }
}

/// One byte more than the limit is not read.
#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_exact() {
    for (bytes, fits) in [(4 * MIB, true), (4 * MIB + 1, false)] {
        let mut body = json!({"result": true, "code": 0, "data": []}).to_string().into_bytes();
        body.resize(bytes, b' ');
        for step in [answer_of_bytes(200, &[], &body), in_chunks(&body)] {
            let server = Scripted::always(vec![step]).await;
            let c = gateway(&server.url());
            let read = read(&Host::new(), &c, "list-services").await;
            assert_eq!(read.is_ok(), fits, "{bytes}: {read:?}");
        }
    }
}
