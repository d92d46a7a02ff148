//! What to do and whether ITSM may have acted never contradict: a write that may have acted is to be looked up, and
//! one with any other advice is proven undone. And what only reads has never acted.

use crate::answers::row;
use crate::set_up::{READS, WRITES, fix, read, write};
use component_tests::wit_types::{Advice, Connection};
use component_tests::{Host, Scripted, Step, answer, call, envelope, gateway};
use serde_json::{Value, json};

/// What a failed write says.
#[derive(Clone, Debug)]
enum Says {
    /// That it may have acted.
    LookUp,
    /// That the arguments of its action are wrong, and nothing was done.
    OwnArgument,
    /// The same of the argument that names the ticket.
    Sn,
    /// The same of the argument that names the service.
    Service,
    /// This, and that nothing was done.
    Undone(Advice),
}
use Says::{LookUp, OwnArgument, Service, Sn, Undone};

const GATEWAY: &str = "X-Bkapi-Error-Code";

/// Answers that refuse, or are none.
fn answers() -> Vec<(Step, Says)> {
    let code = |code: Value, message: &str| {
        let body = json!({"result": false, "code": code, "message": message, "data": null});
        answer(200, &[], &body.to_string())
    };
    let coded = |number: u32, says: Says| (code(json!(number), "told"), says);
    let told = |message: &str, says: Says| (code(json!(3_900_004), message), says);
    let word = |word: &str, says: Says| (code(json!(word), "told"), says);
    let by_gateway = |status: u16, number: &str, upstream: &str, says: Says| {
        let body =
            json!({"result": false, "code": 1, "message": "told", "upstream_error": upstream});
        let headers = [(GATEWAY, number)];
        (answer(status, &headers, &body.to_string()), says)
    };
    let framework =
        |status: u16, body: &str, advice: Advice| (answer(status, &[], body), Undone(advice));
    let page = |status: u16| {
        let html = [("Content-Type", "Text/HTML; charset=utf-8"), ("Location", "/login")];
        (answer(status, &html, "<html>sorry</html>"), LookUp)
    };
    let endpoint = || Undone(fix("connection.endpoint"));
    vec![
        coded(3_900_003, OwnArgument),
        coded(3_900_005, OwnArgument),
        coded(3_900_008, OwnArgument),
        coded(3_900_015, LookUp),
        coded(3_900_022, Sn),
        coded(3_900_035, OwnArgument),
        coded(3_900_042, Service),
        coded(3_900_046, OwnArgument),
        coded(3_900_404, OwnArgument),
        coded(3_900_499, LookUp),
        coded(3_900_500, LookUp),
        coded(4_711, LookUp),
        // What the checks refuse that stand before each change, of a member and of the whole operation.
        told(
            "接口异常，请检查请求参数: {'服务': ErrorDetail(string='服务未启用', code='invalid')}",
            OwnArgument,
        ),
        told(
            "接口异常，请检查请求参数: {'stars': [ErrorDetail(string='m', code='min_value')]}",
            OwnArgument,
        ),
        told(
            "接口异常，请检查请求参数: [ErrorDetail(string='抱歉，单据执行中，无法撤销', code='invalid')]",
            Undone(Advice::GiveUp),
        ),
        // Any other exception can come at any moment.
        told("接口异常，请检查请求参数: 'title'", LookUp),
        told("单据操作失败: callback error", LookUp),
        word("VALIDATE_ERROR", OwnArgument),
        word("FORM_VALIDATE_ERROR", OwnArgument),
        word("SERVER_500_ERROR", LookUp),
        word("OBJECT_NOT_EXIST", endpoint()),
        word("METHOD_NOT_ALLOWED", endpoint()),
        framework(
            403,
            r#"{"result":false,"code":"UNAUTHORIZED","detail":"log in"}"#,
            Advice::FixCredentials,
        ),
        framework(403, r#"{"code":"UNAUTHORIZED","detail":"log in"}"#, Advice::FixCredentials),
        framework(403, r#"{"code":"PERMISSION_DENIED"}"#, Advice::AskPermission),
        framework(499, r#"{"code":"PERMISSION_DENIED"}"#, Advice::AskPermission),
        framework(499, r#"{"result":false,"code":9900403,"message":"m"}"#, Advice::AskPermission),
        framework(429, "", Advice::WaitMs(1_000)),
        framework(
            403,
            "This API can only be accessed through API gateway",
            fix("connection.endpoint"),
        ),
        page(200),
        page(301),
        page(302),
        page(303),
        page(307),
        page(308),
        page(403),
        page(404),
        page(500),
        page(502),
        page(503),
        page(504),
        (answer(200, &[], ""), LookUp),
        (answer(200, &[], "[]"), LookUp),
        (answer(200, &[], r#"{"result":true,"code":true,"data":{"sn":"S"}}"#), LookUp),
        (answer(200, &[], r#"{"result":true,"code":[],"data":{"sn":"S"}}"#), LookUp),
        (answer(200, &[], r#"{"result":true,"code":"","data":{"sn":"S"}}"#), LookUp),
        (answer(500, &[], r#"{"result":true,"code":0,"data":{"sn":"S"}}"#), LookUp),
        // The ESB answers most codes before it calls ITSM.
        coded(1_306_000, Undone(Advice::FixCredentials)),
        (
            code(json!(1_306_000), "User authentication failed: bk_token is wrong"),
            Undone(Advice::SendVerifiedUser),
        ),
        (code(json!(1_306_000), "Component error, please contact the component developer"), LookUp),
        coded(1_306_201, LookUp),
        coded(1_306_203, LookUp),
        coded(1_306_206, Undone(Advice::CallOperator)),
        coded(1_306_208, LookUp),
        coded(1_306_401, Undone(Advice::SendVerifiedUser)),
        (code(json!("1306402"), "told"), Undone(Advice::AskPermission)),
        coded(1_306_403, Undone(Advice::AskPermission)),
        coded(1_306_404, endpoint()),
        coded(1_306_405, endpoint()),
        coded(1_306_406, OwnArgument),
        coded(1_306_429, Undone(Advice::WaitMs(1_000))),
        by_gateway(400, "1640001", "", Undone(Advice::FixCredentials)),
        by_gateway(401, "1640101", "", Undone(Advice::FixCredentials)),
        by_gateway(401, "1640102", "", Undone(Advice::SendVerifiedUser)),
        by_gateway(403, "1640301", "", Undone(Advice::AskPermission)),
        by_gateway(404, "1640401", "", endpoint()),
        by_gateway(413, "1641301", "", OwnArgument),
        by_gateway(414, "1641401", "", endpoint()),
        by_gateway(429, "1642902", "", Undone(Advice::WaitMs(1_000))),
        by_gateway(500, "1650000", "", LookUp),
        by_gateway(502, "1650200", "connection refused", Undone(Advice::WaitMs(1_000))),
        by_gateway(502, "1650200", "cannot read header from upstream", LookUp),
        by_gateway(504, "1650401", "", LookUp),
        by_gateway(
            504,
            "1650401",
            "connection timed out while connecting to upstream",
            Undone(Advice::WaitMs(1_000)),
        ),
    ]
}

/// A server that answers so, but tells what a ticket's form is.
async fn server(answer: &Step) -> Scripted {
    let answer = answer.clone();
    Scripted::start(move |_, request| {
        let form = json!([{"key": "title", "name": "t", "type": "STRING", "value": "", "display_value": ""}]);
        let info = json!({"sn": "S", "fields": form, "current_steps": []});
        vec![match request.action() {
            "get_ticket_info" => envelope(&row(info)),
            _ => answer.clone(),
        }]
    })
    .await
}

/// With so little time that nothing is tried again.
fn hasty(server: &Scripted) -> Connection {
    let mut c = gateway(&server.url());
    c.deadline_ms = Some(1_000);
    c
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_either_proven_undone_or_to_be_looked_up() {
    let (mut unclear, mut undone) = (0, 0);
    for (answer, says) in answers() {
        let server = server(&answer).await;
        let c = gateway(&server.url());
        for (function, argument) in WRITES {
            let host = Host::new();
            let failure = write(&host, &c, function, "bob").await.unwrap_err();
            let expected = match &says {
                LookUp => (Advice::LookUp, true),
                OwnArgument => (fix(argument), false),
                Sn if ["node-id", "fields"].contains(&argument) => (fix("sn"), false),
                Service if function == "create" => (fix("ticket.service"), false),
                Sn | Service => (fix(argument), false),
                Undone(advice) => (advice.clone(), false),
            };
            assert_eq!(
                (&failure.advice, failure.may_have_acted),
                (&expected.0, expected.1),
                "{function}, {answer:?}: {failure:?}"
            );
            // Sent once; fields are edited after one look at the form.
            let requests = if function == "edit-fields" { 2 } else { 1 };
            assert_eq!(host.sent().len(), requests, "{function}, {answer:?}");
            unclear += usize::from(failure.may_have_acted);
            undone += usize::from(!failure.may_have_acted);
        }
    }
    println!(
        "{} failed writes: {unclear} to be looked up, {undone} proven undone, 0 contradict themselves",
        unclear + undone
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_has_never_acted() {
    let (mut reads, mut found) = (0, 0);
    for (answer, _) in answers() {
        let server = Scripted::always(vec![answer.clone()]).await;
        let c = hasty(&server);
        let host = Host::new();
        for function in READS {
            let failure = read(&host, &c, function).await.unwrap_err();
            assert!(
                !failure.may_have_acted && failure.advice != Advice::LookUp,
                "{function}, {answer:?}: {failure:?}"
            );
            reads += 1;
        }
        // What diagnosis sends to actions that write harms nothing, whatever becomes of it.
        for finding in call!(host => blueking_itsm_diagnosis.call_diagnose(&c)).unwrap() {
            let Some(failure) = finding.failure else {
                continue;
            };
            assert!(
                !failure.may_have_acted && failure.advice != Advice::LookUp,
                "{}, {answer:?}: {failure:?}",
                finding.action
            );
            found += 1;
        }
    }
    println!("{reads} failed reads and {found} findings, 0 that may have acted");
}

/// Only dynamic fields are checked after the ticket was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_with_dynamic_fields_may_have_been_left_behind_by_every_refusal_of_itsm() {
    let refusals = [
        (3_900_003, "创建失败"),
        (
            3_900_004,
            "接口异常，请检查请求参数: {'服务': ErrorDetail(string='服务未启用', code='invalid')}",
        ),
        (
            3_900_004,
            "接口异常，请检查请求参数: [{'name': [ErrorDetail(string='m', code='max_length')]}]",
        ),
        (
            3_900_004,
            "接口异常，请检查请求参数: {'params_error': [ErrorDetail(string='m', code='not_a_list')]}",
        ),
        (3_900_005, "参数验证失败"),
    ];
    for (code, message) in refusals {
        let body = json!({"result": false, "code": code, "message": message, "data": null});
        let server = Scripted::always(vec![answer(200, &[], &body.to_string())]).await;
        let c = gateway(&server.url());
        for extra in [
            r#"{"dynamic_fields": [{"name": "n", "type": "STRING", "value": "v"}]}"#,
            r#"{"dynamic\u005ffields": [{"name": "n", "type": "STRING", "value": "v"}]}"#,
        ] {
            let mut ticket = crate::set_up::ticket("op1");
            ticket.extra_json = Some(extra.to_owned());
            let failure = Host::new().create(&c, &ticket).await.unwrap_err();
            assert_eq!(
                (failure.advice, failure.may_have_acted),
                (Advice::LookUp, true),
                "{extra}, {message}"
            );
        }
    }
}

/// The words come from wherever the refusal has them.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_gives_its_words() {
    for (status, body, words) in [
        (403, r#"{"code":"UNAUTHORIZED","detail":"log in first"}"#, "log in first"),
        (403, r#"{"code":"PERMISSION_DENIED","message":"no right"}"#, "no right"),
        (499, r#"{"code":"PERMISSION_DENIED","message":"no right"}"#, "no right"),
        (499, r#"{"detail":"no right"}"#, "no right"),
        (
            200,
            r#"{"code":1306404,"message":"gone","result":false}"#,
            "this ESB has no action create_ticket: compare the address with the site's ESB. gone",
        ),
    ] {
        let server = Scripted::always(vec![answer(status, &[], body)]).await;
        let failure =
            write(&Host::new(), &gateway(&server.url()), "create", "bob").await.unwrap_err();
        assert!(failure.message.ends_with(words), "{body}: {}", failure.message);
    }
}
