//! The fake answers as the recorded server did.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use fake_itsm::{FakeItsm, Fault, HttpClient, Options, Stage, Tags};
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const FAST: &str = r#"{"creator": "admin", "fast_approval": true, "fields": [{"key": "title", "value": "cap"}, {"key": "APPROVER", "value": "admin"}, {"key": "APPROVAL_CONTENT", "value": "content"}]}"#;

async fn start() -> FakeItsm {
    FakeItsm::start(Options::default()).await.unwrap()
}

async fn post(fake: &FakeItsm, path: &str, body: &Value) -> Value {
    let url = format!("{}/openapi/{path}/", fake.url());
    let answer = HttpClient::default().post(&url, &[], &body.to_string()).await.unwrap().body;
    serde_json::from_str(&answer).unwrap_or(Value::String(answer))
}

async fn get(fake: &FakeItsm, path_and_query: &str) -> Value {
    let url = format!("{}/openapi/{path_and_query}", fake.url());
    let answer = HttpClient::default().get(&url).await.unwrap().body;
    serde_json::from_str(&answer).unwrap_or(Value::String(answer))
}

/// Makes a ticket of a service whose form holds the title alone, and waits until its flow runs.
async fn running(fake: &FakeItsm, service: u64) -> String {
    let fields = json!([{"key": "title", "value": "t"}]);
    let body = json!({"service_id": service, "creator": "carol", "fields": fields});
    let sn =
        post(fake, "ticket/create_ticket", &body).await["data"]["sn"].as_str().unwrap().to_owned();
    fake.started(&sn).await.unwrap();
    sn
}

async fn status(fake: &FakeItsm, sn: &str) -> Value {
    get(fake, &format!("ticket/get_ticket_status/?sn={sn}")).await["data"].clone()
}

/// Waits until something holds.
async fn until(holds: impl AsyncFn() -> bool) {
    for _ in 0..1_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never holds");
}

/// The fast approval of the recordings, with one thing changed.
fn fast(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = serde_json::from_str(FAST).unwrap();
    change(&mut body);
    body
}

#[tokio::test]
async fn create_ticket_refuses_and_accepts_what_the_recorded_server_did() {
    let fake = start().await;
    let long = |n: usize| "x".repeat(n);
    for (body, code, message) in [
        (fast(|b| b["fields"][1]["value"] = json!("")), 3_900_003, "提单失败: 【审批人】为必填项"),
        (
            fast(|b| b["fields"][2]["value"] = json!("")),
            3_900_003,
            "提单失败: 【审批内容】为必填项",
        ),
        (
            fast(|b| b["fields"][0]["value"] = json!(long(129))),
            3_900_003,
            "提单失败: 标题不能超过120个字符",
        ),
        (
            fast(|b| b["fields"][0]["value"] = json!(123)),
            3_900_003,
            "提单失败: object of type 'int' has no len()",
        ),
        (fast(|b| b["fields"] = json!([])), 3_900_004, "接口异常，请检查请求参数: 'title'"),
        (
            fast(|b| b["fields"] = json!(null)),
            3_900_004,
            "接口异常，请检查请求参数: 'NoneType' object is not iterable",
        ),
        (
            fast(|b| b["tag"] = json!("")),
            3_900_004,
            "接口异常，请检查请求参数: {'tag': [ErrorDetail(string='该字段不能为空。', code='blank')]}",
        ),
        (
            fast(|b| b["tag"] = json!(long(33))),
            3_900_004,
            "接口异常，请检查请求参数: (1406, \"Data too long for column 'tag' at row 1\")",
        ),
        (
            fast(|b| b["creator"] = json!(null)),
            3_900_004,
            "接口异常，请检查请求参数: {'creator': [ErrorDetail(string='该字段不能为 null。', code='null')]}",
        ),
        (
            fast(|b| b["meta"] = json!("x")),
            3_900_004,
            "接口异常，请检查请求参数: 'str' object has no attribute 'get'",
        ),
        (
            fast(|b| b["meta"] = json!({"state_processors": {"999999": "bob"}})),
            3_900_004,
            "接口异常，请检查请求参数: {'state_processors': ErrorDetail(string='服务:内置审批服务, 节点(999999)不存在', code='invalid')}",
        ),
        (json!("x"), 3_900_004, "接口异常，请检查请求参数: 'str' object has no attribute 'pop'"),
        (fast(|b| b["fields"][0]["value"] = json!("")), 3_900_003, "提单失败: 【标题】为必填项"),
        (
            fast(|b| b["fields"].as_array_mut().unwrap().push(json!({"key": "ZZ", "value": "z"}))),
            3_900_003,
            "提单失败: 【ZZ】字段不存在，请联系管理员",
        ),
    ] {
        let answer = post(&fake, "ticket/create_ticket", &body).await;
        assert_eq!(
            answer,
            json!({"result": false, "code": code, "data": null, "message": message})
        );
    }
    assert!(fake.tickets().is_empty());
    for body in [
        fast(|_| ()),
        fast(|b| b["fast_approval"] = json!("false")),
        fast(|b| b["fields"][0]["value"] = json!(long(128))),
        fast(|b| b["creator"] = json!(5)),
        fast(|b| b["meta"] = json!({"foo": {"bar": 1}})),
    ] {
        let answer = post(&fake, "ticket/create_ticket", &body).await;
        assert_eq!(answer["result"], true, "{answer}");
    }
}

#[tokio::test]
async fn wrong_dynamic_fields_leave_a_ghost() {
    let fake = start().await;
    let body = fast(|b| b["dynamic_fields"] = json!([{"name": "n", "type": "TEXT", "value": "v"}]));
    let answer = post(&fake, "ticket/create_ticket", &body).await;
    assert_eq!(answer["code"], 3_900_004);
    assert_eq!(fake.tickets().len(), 1);
    assert!(!fake.tickets()[0].started);
}

#[tokio::test]
async fn only_the_text_true_approves_and_all_else_is_answered_with_success_and_refuses() {
    for (action, approved) in
        [(json!("true"), true), (json!(true), false), (json!("maybe"), false), (json!(""), false)]
    {
        let fake = start().await;
        let sn = post(&fake, "ticket/create_ticket", &fast(|_| ())).await["data"]["sn"]
            .as_str()
            .unwrap()
            .to_owned();
        fake.started(&sn).await.unwrap();
        let body =
            json!({"sn": sn, "state_id": 15, "approver": "admin", "action": action, "remark": "r"});
        let answer = post(&fake, "ticket/approve", &body).await;
        assert_eq!(answer, json!({"result": true, "code": 0, "message": "success", "data": []}));
        let results = post(&fake, "ticket/ticket_approval_result", &json!({"sn": [sn]})).await;
        assert_eq!(results["data"][0]["approve_result"], approved, "{action}");
        assert_eq!(results["data"][0]["current_status"], "FINISHED");
    }
}

#[tokio::test]
async fn results_want_a_list_and_erase_the_marks_of_whoever_they_are_asked_for() {
    let fake = start().await;
    fake.mark_failed(["FOREIGN".to_owned(), "OTHER".to_owned()]);
    for (sn, answer) in [
        (
            json!([]),
            json!({"result": false, "data": null, "code": "SERVER_500_ERROR", "message": "wrong number of arguments for 'hdel' command"}),
        ),
        (json!("FOREIGN"), json!({"result": true, "code": 0, "message": "success", "data": []})),
        (
            json!([true]),
            json!({"result": false, "data": null, "code": "SERVER_500_ERROR", "message": "Invalid input of type: 'bool'. Convert to a bytes, string, int or float first."}),
        ),
    ] {
        assert_eq!(post(&fake, "ticket/ticket_approval_result", &json!({"sn": sn})).await, answer);
        assert_eq!(fake.failed_callbacks().len(), 2);
    }
    post(&fake, "ticket/ticket_approval_result", &json!({"sn": ["FOREIGN"]})).await;
    assert_eq!(fake.failed_callbacks(), ["OTHER"]);
}

#[tokio::test]
async fn odd_pages_are_errors_and_odd_page_sizes_bare_lists() {
    let fake = start().await;
    post(&fake, "ticket/create_ticket", &fast(|_| ())).await;
    for page in [json!(0), json!(999), json!("abc")] {
        let answer = post(&fake, "ticket/get_tickets", &json!({"page": page})).await;
        assert_eq!(
            answer,
            json!({"result": false, "data": null, "code": "SERVER_500_ERROR", "message": "无效页。"})
        );
    }
    for size in [json!(0), json!(-1), json!("abc")] {
        let answer = post(&fake, "ticket/get_tickets", &json!({"page_size": size})).await;
        assert!(answer["data"].is_array(), "{size}");
    }
    let unknown = post(&fake, "ticket/get_tickets", &json!({"tag": "zzz"})).await;
    assert_eq!(unknown["data"]["count"], 0);
    let empty = post(&fake, "ticket/get_tickets", &json!({"tag": ""})).await;
    assert_eq!(empty["data"]["count"], 1);
}

#[tokio::test]
async fn a_trigger_sets_a_status_and_ends_nothing() {
    let fake = start().await;
    let sn = post(&fake, "ticket/create_ticket", &fast(|_| ())).await["data"]["sn"]
        .as_str()
        .unwrap()
        .to_owned();
    fake.started(&sn).await.unwrap();
    fake.set_status(&sn, "FINISHED").unwrap();
    let row = &post(&fake, "ticket/get_tickets", &json!({"sns": [sn]})).await["data"]["items"][0];
    assert_eq!((&row["current_status"], &row["end_at"]), (&json!("FINISHED"), &json!(null)));
    let result = post(&fake, "ticket/ticket_approval_result", &json!({"sn": [sn]})).await;
    assert_eq!(result["data"][0]["approve_result"], false);
    assert!(fake.callbacks().is_empty());
}

#[tokio::test]
async fn addresses_verbs_and_bodies_that_are_wrong_get_their_recorded_answers() {
    let fake = start().await;
    assert_eq!(
        get(&fake, "ticket/create_ticket/").await,
        json!({"result": false, "data": null, "code": "METHOD_NOT_ALLOWED", "message": "方法 “GET” 不被允许。"})
    );
    assert_eq!(get(&fake, "ticket/no_such_action/").await["code"], "OBJECT_NOT_EXIST");
    assert!(get(&fake, "nope/").await.as_str().unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(get(&fake, "ticket/get_ticket_status/?sn=x").await["code"], 3_900_022);
    assert_eq!(post(&fake, "ticket/operate_ticket", &json!({})).await["code"], 3_900_022);
}

#[tokio::test]
async fn suspended_twice_a_ticket_needs_two_resumptions_though_each_answers_success() {
    let fake = start().await;
    let sn = post(&fake, "ticket/create_ticket", &fast(|_| ())).await["data"]["sn"]
        .as_str()
        .unwrap()
        .to_owned();
    fake.started(&sn).await.unwrap();
    let operate = |action: &str| json!({"sn": sn, "operator": "admin", "action_type": action, "action_message": "m"});
    for (action, status) in [
        ("SUSPEND", "SUSPENDED"),
        ("SUSPEND", "SUSPENDED"),
        ("UNSUSPEND", "SUSPENDED"),
        ("UNSUSPEND", "RUNNING"),
    ] {
        let answer = post(&fake, "ticket/operate_ticket", &operate(action)).await;
        assert_eq!(answer["result"], true);
        assert_eq!(fake.ticket(&sn).unwrap().status, status);
    }
}

#[tokio::test]
async fn the_gateway_and_the_esb_answer_their_own_errors() {
    let fake = FakeItsm::start(Options {
        credentials: Some(("cli".into(), "s".into())),
        ..Options::default()
    })
    .await
    .unwrap();
    let client = HttpClient::default();
    let ask = async |path: &str, secret: &str| {
        let url = format!("{}{path}", fake.url());
        let header = json!({"bk_app_code": "cli", "bk_app_secret": secret}).to_string();
        client.post(&url, &[("x-bkapi-authorization", &header)], "{}").await.unwrap()
    };
    let refused = ask("/api/bk-itsm/prod/v2/itsm/get_tickets/", "t").await;
    assert_eq!(
        (refused.status, &refused.headers["x-bkapi-error-code"]),
        (400, &HeaderValue::from_static("1640001"))
    );
    let unknown = ask("/prod/v2/itsm/nope/", "s").await;
    assert_eq!(
        (unknown.status, &unknown.headers["x-bkapi-error-code"]),
        (404, &HeaderValue::from_static("1640401"))
    );
    for (secret, member, value) in [("t", "code", json!(1_306_000)), ("s", "result", json!(true))] {
        let esb = ask("/api/c/compapi/v2/itsm/get_tickets/", secret).await;
        let body: Value = serde_json::from_str(&esb.body).unwrap();
        assert_eq!((esb.status, &body[member]), (200, &value));
    }
}

/// What a front answers to a request: the status, and the code in the body.
async fn code_of(fake: &FakeItsm, method: &str, path: &str) -> (u16, Value) {
    let header = json!({"bk_app_code": "cli", "bk_app_secret": "s"}).to_string();
    // The oldest ESB reads them beside the parameters alone.
    let url = format!("{}{path}?bk_app_code=cli&bk_app_secret=s", fake.url());
    let headers = [("x-bkapi-authorization", header.as_str())];
    let answer = HttpClient::default().send(method, &url, &headers, "").await.unwrap();
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    (answer.status, body["code"].clone())
}

#[tokio::test]
async fn an_esb_has_a_table_of_its_own_and_the_oldest_a_shorter_one() {
    for (legacy_esb, missing) in [
        (false, vec![]),
        (true, vec!["create_service_catalog", "import_service", "update_service"]),
    ] {
        let fake = FakeItsm::start(Options {
            credentials: Some(("cli".into(), "s".into())),
            legacy_esb,
            ..Options::default()
        })
        .await
        .unwrap();
        let never = [
            "approve",
            "add_follower",
            "edit_field",
            "get_approver",
            "get_approve_node_result",
            "get_tickets_by_user",
            "comment",
            "proceed_approval",
            "nope",
        ];
        for action in never.into_iter().chain(missing) {
            let path = format!("/api/c/compapi/v2/itsm/{action}/");
            let answer = code_of(&fake, "POST", &path).await;
            assert_eq!(answer, (200, json!(1_306_404)), "{action} {legacy_esb}");
        }
        for (method, action) in [
            ("POST", "comment_ticket"),
            ("POST", "create_ticket"),
            ("POST", "operate_node"),
            ("GET", "get_ticket_status"),
            ("GET", "get_workflow_detail"),
        ] {
            let path = format!("/api/c/compapi/v2/itsm/{action}/");
            let (_, code) = code_of(&fake, method, &path).await;
            assert!(
                code.as_u64().is_none_or(|code| code == 0 || code > 3_900_000),
                "{action} {legacy_esb}: {code}"
            );
        }
    }
}

#[tokio::test]
async fn the_gateway_knows_its_addresses_by_method_and_slash() {
    let fake = start().await;
    let prefix = "/api/bk-itsm/prod/v2/itsm";
    let unknown = (404, json!(1_640_401));
    for (method, path, answer) in [
        ("GET", "get_tickets/", unknown.clone()),
        ("POST", "get_tickets", unknown.clone()),
        ("POST", "get_tickets/", (200, json!(0))),
        ("POST", "nope/", unknown.clone()),
        ("POST", "get_all_tickets/", unknown.clone()),
        ("POST", "proceed_approval/", (200, json!(3_900_004))),
        ("GET", "get_fast_approval_summary/", (200, json!(3_900_005))),
        // It was published without a slash, and leads nowhere.
        ("GET", "get_workflow_detail/", unknown),
        ("GET", "get_workflow_detail", (200, Value::Null)),
    ] {
        let came = code_of(&fake, method, &format!("{prefix}/{path}")).await;
        assert_eq!(came, answer, "{method} {path}");
    }
}

#[tokio::test]
async fn a_field_that_is_edited_needs_its_type_and_one_that_is_wrong_undoes_the_others() {
    let fake = start().await;
    let sn = running(&fake, 14).await;
    let edit = async |fields: Value| {
        let body = json!({"sn": sn, "operator": "carol", "fields": fields});
        post(&fake, "ticket/edit_field", &body).await["code"].clone()
    };
    let title = |title: &str| json!({"key": "title", "value": title, "type": "STRING"});
    for (fields, code) in [
        (json!([{"key": "title", "value": "x"}]), json!("SERVER_500_ERROR")),
        (json!([title("x"), {"key": "nope", "value": "x"}]), json!("FORM_VALIDATE_ERROR")),
    ] {
        assert_eq!(edit(fields).await, code);
        assert_eq!(fake.ticket(&sn).unwrap().title, "t");
    }
    assert_eq!(edit(json!([title("x")])).await, 0);
    assert_eq!(fake.ticket(&sn).unwrap().title, "x");
    fake.approve(&sn, "bob").await.unwrap();
    assert_eq!(edit(json!([title("y")])).await, "VALIDATE_ERROR");
}

#[tokio::test]
async fn a_finished_node_that_is_no_approval_has_a_result_too_and_it_is_no() {
    let fake = start().await;
    let made = post(&fake, "ticket/create_ticket", &fast(|_| ())).await;
    let fast = made["data"]["sn"].as_str().unwrap().to_owned();
    fake.started(&fast).await.unwrap();
    let handled = running(&fake, 32).await;
    fake.approve(&handled, "bob").await.unwrap();
    for (sn, node, name, who) in [(&fast, 14, "提单", "admin"), (&handled, 325, "处理", "bob")]
    {
        let query = format!("ticket/get_approve_node_result/?sn={sn}&state_id={node}");
        let result = get(&fake, &query).await["data"].clone();
        assert_eq!(
            (&result["name"], &result["processed_user"], &result["approve_result"]),
            (&json!(name), &json!(who), &json!(false))
        );
    }
}

#[tokio::test]
async fn a_rating_is_checked_before_the_ticket() {
    let fake = start().await;
    for (stars, code) in [
        (json!(0), 3_900_004),
        (json!(7), 3_900_004),
        (json!(null), 3_900_004),
        (json!("many"), 3_900_004),
        (json!(5), 3_900_005),
    ] {
        let body = json!({"sn": "NOPE", "operator": "carol", "stars": stars});
        let answer = post(&fake, "ticket/comment", &body).await;
        assert_eq!(answer["code"], code, "{stars}");
    }
}

#[tokio::test]
async fn a_row_of_a_user_is_half_filled_right_after_creation_and_lists_what_waits_as_dealt_with() {
    let fake = FakeItsm::start(Options {
        start_after: Duration::from_secs(100_000),
        ..Options::default()
    })
    .await
    .unwrap();
    let made = post(&fake, "ticket/create_ticket", &fast(|_| ())).await;
    let sn = made["data"]["sn"].as_str().unwrap().to_owned();
    let row = async |view: &str| {
        let query = format!("ticket/get_tickets_by_user/?user=admin&view_type={view}");
        get(&fake, &query).await["data"]["items"][0].clone()
    };
    let half = row("my_created").await;
    assert_eq!((&half["sn"], half.get("waiting_approve")), (&json!(sn), None));
    fake.take_up(&sn).unwrap();
    let whole = row("my_dealt").await;
    assert_eq!(
        (&whole["waiting_approve"], &whole["current_steps"][0]["name"]),
        (&json!(true), &json!("内置审批节点"))
    );
}

#[tokio::test]
async fn releases_store_tags_or_only_filter_by_them_or_ignore_them() {
    for (tags, found, found_by_project, shown) in [
        (Tags::Stored, [1, 0], 1, Some("abc")),
        (Tags::FilteredNotStored, [0, 0], 2, None),
        (Tags::Ignored, [2, 2], 2, None),
    ] {
        let options = Options { tags, ..Options::default() };
        let fake = FakeItsm::start(options).await.unwrap();
        post(&fake, "ticket/create_ticket", &fast(|b| b["tag"] = json!("abc"))).await;
        let fields = json!([{"key": "title", "value": "t"}, {"key": "APPROVER", "value": "bob"}]);
        let other = json!({"service_id": 6, "creator": "carol", "fields": fields});
        post(&fake, "ticket/create_ticket", &other).await;
        let count = async |filter: Value| {
            post(&fake, "ticket/get_tickets", &filter).await["data"]["count"].as_u64().unwrap()
        };
        let counted =
            [count(json!({"tag": "ABC"})).await, count(json!({"tag": "of nobody"})).await];
        assert_eq!(counted, found, "{tags:?}");
        assert_eq!(count(json!({"project_key": "cmdb"})).await, found_by_project, "{tags:?}");
        assert_eq!(fake.tickets()[0].tag.as_deref(), shown, "{tags:?}");
    }
}

#[tokio::test]
async fn numbers_are_compared_without_case() {
    let fake = start().await;
    let sn = running(&fake, 14).await.to_lowercase();
    assert_eq!(status(&fake, &sn).await["current_status"], "RUNNING");
    let rows = post(&fake, "ticket/get_tickets", &json!({"sns": [sn]})).await;
    assert_eq!(rows["data"]["items"][0]["sn"], sn.to_uppercase());
    let results = post(&fake, "ticket/ticket_approval_result", &json!({"sn": [sn]})).await;
    assert_eq!(results["data"][0]["sn"], sn.to_uppercase());
}

#[tokio::test]
async fn a_new_ticket_has_no_node_and_then_the_one_where_it_is_made_without_processors() {
    let for_ever = Duration::from_secs(100_000);
    let options = Options { start_after: for_ever, ..Options::default() };
    let fake = FakeItsm::start(options).await.unwrap();
    let make = async |fake: &FakeItsm| {
        let made = post(fake, "ticket/create_ticket", &fast(|_| ())).await;
        made["data"]["sn"].as_str().unwrap().to_owned()
    };
    let sn = make(&fake).await;
    let new = status(&fake, &sn).await;
    assert_eq!(
        (&new["current_steps"], new["operations"].as_array().unwrap().len()),
        (&json!([]), 1)
    );
    let info = get(&fake, &format!("ticket/get_ticket_info/?sn={sn}")).await;
    assert_eq!(info["data"]["fields"], json!([]));
    let withdraw = |sn: &str| json!({"sn": sn, "operator": "admin", "action_type": "WITHDRAW", "action_message": "m"});
    let refused = post(&fake, "ticket/operate_ticket", &withdraw(&sn)).await;
    assert_eq!(
        refused["message"],
        "接口异常，请检查请求参数: [ErrorDetail(string='抱歉，单据执行中，无法撤销', code='invalid')]"
    );

    let options =
        Options { start_after: Duration::ZERO, in_creation: for_ever, ..Options::default() };
    let fake = FakeItsm::start(options).await.unwrap();
    let sn = make(&fake).await;
    until(async || status(&fake, &sn).await["current_steps"] != json!([])).await;
    let step = status(&fake, &sn).await["current_steps"][0].clone();
    let keys: Vec<_> =
        step["fields"].as_array().unwrap().iter().map(|field| field["key"].clone()).collect();
    assert_eq!(
        json!([step["name"], step["state_id"], step["processors_type"], step["processors"], keys]),
        json!(["提单", 14, "OPEN", "", ["title", "APPROVER", "APPROVAL_CONTENT"]])
    );
    assert_eq!(post(&fake, "ticket/operate_ticket", &withdraw(&sn)).await["result"], true);
}

#[tokio::test]
async fn the_worker_rewrites_titles_and_all_texts_but_those_of_many_lines() {
    let title = "refused 'quotes' <ops@example.com>";
    for (rewrites_texts, stored) in [(true, "refused &#039;quotes&#039; "), (false, title)] {
        let options = Options { rewrites_texts, ..Options::default() };
        let fake = FakeItsm::start(options).await.unwrap();
        let body = fast(|b| {
            b["fields"][0]["value"] = json!(title);
            b["fields"][2]["value"] = json!("\"as it is\"");
        });
        let sn = post(&fake, "ticket/create_ticket", &body).await["data"]["sn"]
            .as_str()
            .unwrap()
            .to_owned();
        fake.started(&sn).await.unwrap();
        let row =
            &post(&fake, "ticket/get_tickets", &json!({"sns": [sn]})).await["data"]["items"][0];
        assert_eq!(row["title"], stored);
        let log = get(&fake, &format!("ticket/get_ticket_logs/?sn={sn}&show_type=complex")).await;
        let form = &log["data"]["logs"][1]["form_data"];
        assert_eq!(
            (&form[0]["value"], &form[2]["value"]),
            (&json!(stored), &json!("\"as it is\""))
        );
    }
    let options = Options { start_after: Duration::from_secs(100_000), ..Options::default() };
    let fake = FakeItsm::start(options).await.unwrap();
    post(&fake, "ticket/create_ticket", &fast(|b| b["fields"][0]["value"] = json!(title))).await;
    assert_eq!(fake.tickets()[0].title, title, "the answer comes before the worker");
}

#[tokio::test]
async fn a_handled_ticket_is_not_given_back() {
    let fake = start().await;
    // A hand-over, or some of a countersign's words, is no end of the first node.
    let sn = running(&fake, 14).await;
    fake.hand_over(&sn, "bob", "dave", "ill").await.unwrap();
    fake.withdraw(&sn, "carol").await.unwrap();
    let sn = running(&fake, 7).await;
    fake.refuse(&sn, "bob", "no").await.unwrap();
    assert_eq!(status(&fake, &sn).await["operations"][0]["key"], "WITHDRAW");

    let sn = running(&fake, 8).await;
    fake.approve(&sn, "bob").await.unwrap();
    assert_eq!(status(&fake, &sn).await["operations"][0]["key"], "SUSPEND");
    let refused = fake.withdraw(&sn, "carol").await.unwrap_err();
    assert!(refused.to_string().contains("单据执行中，无法撤销"), "{refused}");
    let body =
        json!({"sn": sn, "operator": "carol", "action_type": "WITHDRAW", "action_message": "m"});
    assert_eq!(post(&fake, "ticket/operate_ticket", &body).await["code"], 3_900_004);
}

#[tokio::test]
async fn a_node_s_result_is_any_choice_that_holds_a_yes_and_a_countersign_s_last_word() {
    let fake = start().await;
    let result = async |sn: &str, node: u64| {
        let query = format!("ticket/get_approve_node_result/?sn={sn}&state_id={node}");
        get(&fake, &query).await["data"].clone()
    };
    let sn = running(&fake, 7).await;
    fake.refuse(&sn, "bob", "no").await.unwrap();
    fake.approve_saying(&sn, "dave", "fine").await.unwrap();
    assert_eq!(result(&sn, 65).await, json!(null), "it runs");
    fake.approve(&sn, "erin").await.unwrap();
    assert_eq!(result(&sn, 65).await["approve_result"], true);
    assert_eq!(result(&sn, 65).await["processed_user"], "erin,dave,bob");
    assert!(!fake.ticket(&sn).unwrap().approve_result);

    let sn = running(&fake, 12).await;
    let step = status(&fake, &sn).await["current_steps"][0].clone();
    let fields: Vec<_> = step["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| {
            json!([
                field["name"],
                field["type"],
                field["validate_type"],
                field["choice"][0]["name"],
                field["meta"]["code"]
            ])
        })
        .collect();
    assert_eq!(
        json!(fields),
        json!([
            ["是否紧急", "RADIO", "REQUIRE", "是", null],
            ["审批意见", "RADIO", "REQUIRE", "通过", "APPROVE_RESULT"],
            ["备注", "TEXT", "OPTION", null, null],
            ["备注", "TEXT", "REQUIRE", null, null],
        ])
    );
    let keys: Vec<_> =
        step["fields"].as_array().unwrap().iter().map(|field| field["key"].clone()).collect();
    let fill = |fields: Value| {
        json!({
            "sn": sn, "state_id": 115, "operator": "bob", "action_type": "TRANSITION", "fields": fields,
        })
    };
    let lacking =
        post(&fake, "ticket/operate_node", &fill(json!([{"key": keys[1], "value": "true"}]))).await;
    assert_eq!(lacking["code"], 3_900_005);
    let value = |n: usize, value: &str| json!({"key": keys[n], "value": value});
    let no_choice = fill(json!([value(0, "true"), value(1, "maybe"), value(3, "r")]));
    let message = post(&fake, "ticket/operate_node", &no_choice).await["message"].clone();
    assert!(message.as_str().unwrap().contains("【审批意见】选项不匹配，请重新选择"), "{message}");
    let whole = fill(json!([value(0, "true"), value(1, "false"), value(3, "r")]));
    assert_eq!(post(&fake, "ticket/operate_node", &whole).await["code"], 0);
    assert_eq!(result(&sn, 115).await["approve_result"], true, "the author's choice said yes");
}

#[tokio::test]
async fn a_child_is_not_operated_and_an_ended_ticket_not_edited() {
    let fake = start().await;
    let (child, parent) = (running(&fake, 14).await, running(&fake, 14).await);
    fake.merge_under(&child, &parent).unwrap();
    let body = json!({"sn": child, "operator": "admin", "action_type": "TERMINATE", "action_message": "m"});
    let refused = post(&fake, "ticket/operate_ticket", &body).await;
    assert!(refused["message"].as_str().unwrap().contains("子单为只读状态，无法操作"), "{refused}");
    assert!(fake.approve(&child, "bob").await.is_err());
    fake.withdraw(&parent, "carol").await.unwrap();
    assert_eq!(fake.ticket(&child).unwrap().status, "REVOKED");
    let field = json!({"key": "title", "type": "STRING", "value": "n"});
    let body = json!({"sn": child, "operator": "carol", "fields": [field]});
    assert_eq!(post(&fake, "ticket/edit_field", &body).await["code"], "VALIDATE_ERROR");
    for (stars, words) in [(0, "大于或者等于 1"), (7, "小于或者等于 6")] {
        let body = json!({"sn": child, "operator": "carol", "stars": stars});
        let refused = post(&fake, "ticket/comment", &body).await;
        assert!(refused["message"].as_str().unwrap().contains(words), "{refused}");
    }
}

/// What comes back from a request until the server closes.
async fn raw_answer(fake: &FakeItsm) -> String {
    let mut stream = TcpStream::connect(fake.url().trim_start_matches("http://")).await.unwrap();
    let request = format!(
        "POST /openapi/ticket/create_ticket/ HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n{FAST}",
        FAST.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn an_answer_breaks_off_at_the_stage_that_was_asked_for() {
    let fake = start().await;
    for (stage, is_right) in [
        (Stage::AfterStatusLine, (|answer| answer == "HTTP/1.1 200 OK\r\n") as fn(&str) -> bool),
        (Stage::InHeaders, |answer| {
            answer.contains("OK\r\ncontent") && !answer.contains("\r\n\r\n")
        }),
        (Stage::AfterHeaders, |answer| {
            answer.ends_with("\r\n\r\n") && answer.contains("content-length: 1")
        }),
        (Stage::InBody, |answer| answer.contains("\r\n\r\n{\"") && !answer.ends_with('}')),
    ] {
        let before = fake.tickets().len();
        fake.fault("create_ticket", Fault::CutAt(stage), 1);
        let answer = raw_answer(&fake).await;
        assert!(is_right(&answer), "{stage:?}: {answer}");
        assert_eq!(fake.tickets().len(), before + 1, "it is carried out");
    }
}

#[tokio::test]
async fn a_server_that_hangs_has_read_the_request_and_does_nothing() {
    let fake = start().await;
    fake.fault("create_ticket", Fault::Hang, 1);
    let url = format!("{}/openapi/ticket/create_ticket/", fake.url());
    let client = HttpClient::default();
    tokio::select! {
        answer = client.post(&url, &[], FAST) => panic!("it answers {answer:?}"),
        () = until(async || !fake.exchanges_of("create_ticket").is_empty()) => {}
    }
    assert_eq!(fake.exchanges_of("create_ticket")[0].body, FAST);
    assert!(fake.tickets().is_empty());
}

#[tokio::test]
async fn programs_in_any_language_do_over_http_what_people_do_on_the_pages() {
    let fake = start().await;
    let tell = async |verb: &str, what: Value| {
        let url = format!("{}/fake/{verb}", fake.url());
        HttpClient::default().post(&url, &[], &what.to_string()).await.unwrap().status
    };
    let log = async |sn: &str| {
        let log = get(&fake, &format!("ticket/get_ticket_logs/?sn={sn}")).await;
        let last = log["data"]["logs"].as_array().unwrap().last().unwrap();
        last["message"].as_str().unwrap().to_owned()
    };
    for (service, acts, last, status) in [
        (
            14,
            vec![("hand-over", json!({"who": "bob", "to": "dave", "why": "ill"}))],
            "bob 转单【可转审批】给 dave(戴夫)(ill).",
            "RUNNING",
        ),
        (
            14,
            vec![("edit-title", json!({"who": "bob", "title": "n"}))],
            "bob 修改字段【标题】.",
            "RUNNING",
        ),
        (14, vec![("close", json!({"who": "admin"}))], "admin 关闭了单据：管理员关单.", "FINISHED"),
        (14, vec![("end-with", json!({"status": "DONE"}))], "admin 关闭了单据.", "DONE"),
        (14, vec![("withdraw", json!({"who": "carol"}))], "carol 撤销单据.", "REVOKED"),
        (14, vec![("terminate", json!({"who": "bob"}))], "bob 关闭了单据.", "TERMINATED"),
        (14, vec![("set-status", json!({"status": "FINISHED"}))], "carol 处理【提单】", "FINISHED"),
        (14, vec![("approve", json!({"who": "bob", "remark": "ok"}))], "流程结束.", "FINISHED"),
        (
            12,
            vec![("refuse", json!({"who": "bob", "fields": {"URGENT": "true"}}))],
            "流程结束.",
            "FINISHED",
        ),
        (
            11,
            vec![("fail-automatic", json!({})), ("approve", json!({"who": "bob"}))],
            "WebHook任务【通知】执行失败，失败信息 返回状态码非200, response=oops",
            "RUNNING",
        ),
        (
            11,
            vec![
                ("fail-automatic", json!({})),
                ("approve", json!({"who": "bob"})),
                ("retry-automatic", json!({})),
            ],
            "流程结束.",
            "FINISHED",
        ),
    ] {
        let sn = running(&fake, service).await;
        for (verb, mut what) in acts {
            what["sn"] = json!(sn);
            assert_eq!(tell(verb, what).await, 200, "{verb}");
        }
        assert_eq!(
            (log(&sn).await.as_str(), fake.ticket(&sn).unwrap().status.as_str()),
            (last, status)
        );
    }
    let (child, parent) = (running(&fake, 14).await, running(&fake, 14).await);
    assert_eq!(tell("merge", json!({"sn": child, "under": parent})).await, 200);
    assert_eq!(tell("delete-node", json!({"node": 135})).await, 200);
    assert_eq!(tell("refuse", json!({"sn": parent, "who": "bob"})).await, 200);
    let ended = fake.ticket(&child).unwrap();
    assert_eq!((ended.status.as_str(), ended.approve_result), ("FINISHED", true));
    for (verb, what, status) in [
        ("approve", json!({"sn": parent, "who": "bob"}), 400),
        ("delete-node", json!({"node": 1}), 400),
        ("fault", json!({"action": "create_ticket", "fault": "no such"}), 400),
        ("fault", json!({"action": "create_ticket", "fault": "cut-at", "stage": "in-body"}), 200),
        ("sing", json!({}), 404),
    ] {
        assert_eq!(tell(verb, what).await, status, "{verb}");
    }
    let answer = raw_answer(&fake).await;
    assert!(!answer.ends_with('}'), "{answer}");
}
