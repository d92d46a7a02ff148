//! The fake answers as the recorded server did.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use fake_itsm::{FakeItsm, Options};
use serde_json::{Value, json};

const FAST: &str = r#"{"creator": "admin", "fast_approval": true, "fields": [{"key": "title", "value": "cap"}, {"key": "APPROVER", "value": "admin"}, {"key": "APPROVAL_CONTENT", "value": "content"}]}"#;

async fn start() -> FakeItsm {
    FakeItsm::start(Options::default()).await.unwrap()
}

async fn post(fake: &FakeItsm, path: &str, body: &Value) -> Value {
    let url = format!("{}/openapi/{path}/", fake.url());
    let sent = reqwest::Client::new().post(url).body(body.to_string());
    let answer = sent.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&answer).unwrap_or(Value::String(answer))
}

async fn get(fake: &FakeItsm, path_and_query: &str) -> Value {
    let url = format!("{}/openapi/{path_and_query}", fake.url());
    let answer = reqwest::get(url).await.unwrap().text().await.unwrap();
    serde_json::from_str(&answer).unwrap_or(Value::String(answer))
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
        (
            fast(|b| b["fields"][1]["value"] = json!("")),
            3_900_003,
            "提单失败: 【审批人】为必填项",
        ),
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
        (
            fast(|b| b["fields"] = json!([])),
            3_900_004,
            "接口异常，请检查请求参数: 'title'",
        ),
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
        (
            json!("x"),
            3_900_004,
            "接口异常，请检查请求参数: 'str' object has no attribute 'pop'",
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
    for (action, approved) in [
        (json!("true"), true),
        (json!(true), false),
        (json!("maybe"), false),
        (json!(""), false),
    ] {
        let fake = start().await;
        let sn = post(&fake, "ticket/create_ticket", &fast(|_| ())).await["data"]["sn"]
            .as_str()
            .unwrap()
            .to_owned();
        fake.started(&sn).await.unwrap();
        let body =
            json!({"sn": sn, "state_id": 15, "approver": "admin", "action": action, "remark": "r"});
        let answer = post(&fake, "ticket/approve", &body).await;
        assert_eq!(
            answer,
            json!({"result": true, "code": 0, "message": "success", "data": []})
        );
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
        (
            json!("FOREIGN"),
            json!({"result": true, "code": 0, "message": "success", "data": []}),
        ),
        (
            json!([true]),
            json!({"result": false, "data": null, "code": "SERVER_500_ERROR", "message": "Invalid input of type: 'bool'. Convert to a bytes, string, int or float first."}),
        ),
    ] {
        assert_eq!(
            post(&fake, "ticket/ticket_approval_result", &json!({"sn": sn})).await,
            answer
        );
        assert_eq!(fake.failed_callbacks().len(), 2);
    }
    post(
        &fake,
        "ticket/ticket_approval_result",
        &json!({"sn": ["FOREIGN"]}),
    )
    .await;
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
    assert_eq!(
        (&row["current_status"], &row["end_at"]),
        (&json!("FINISHED"), &json!(null))
    );
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
    assert_eq!(
        get(&fake, "ticket/no_such_action/").await["code"],
        "OBJECT_NOT_EXIST"
    );
    assert!(
        get(&fake, "nope/")
            .await
            .as_str()
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
    assert_eq!(
        get(&fake, "ticket/get_ticket_status/?sn=x").await["code"],
        3_900_022
    );
    assert_eq!(
        post(&fake, "ticket/operate_ticket", &json!({})).await["code"],
        3_900_022
    );
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
    let client = reqwest::Client::new();
    let ask = |path: &str, header: &str| {
        let url = format!("{}{path}", fake.url());
        client
            .post(url)
            .header("x-bkapi-authorization", header)
            .body("{}")
            .send()
    };
    let good = r#"{"bk_app_code":"cli","bk_app_secret":"s"}"#;
    let bad = r#"{"bk_app_code":"cli","bk_app_secret":"t"}"#;
    let refused = ask("/api/bk-itsm/prod/v2/itsm/get_tickets/", bad)
        .await
        .unwrap();
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.headers()["x-bkapi-error-code"], "1640001");
    let unknown = ask("/prod/v2/itsm/nope/", good).await.unwrap();
    assert_eq!(
        (
            unknown.status().as_u16(),
            unknown.headers()["x-bkapi-error-code"].to_str().unwrap()
        ),
        (404, "1640401")
    );
    let esb = ask("/api/c/compapi/v2/itsm/get_tickets/", bad)
        .await
        .unwrap();
    assert_eq!(esb.status(), 200);
    let body: Value = serde_json::from_str(&esb.text().await.unwrap()).unwrap();
    assert_eq!(body["code"], 1_306_000);
    let passed = ask("/api/c/compapi/v2/itsm/get_tickets/", good)
        .await
        .unwrap();
    let body: Value = serde_json::from_str(&passed.text().await.unwrap()).unwrap();
    assert_eq!(body["result"], true);
}
