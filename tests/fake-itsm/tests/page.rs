//! What a person sees and does on the site's pages.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use fake_itsm::{FakeItsm, Fault, Flow, HttpAnswer, HttpClient, Options, Reader, Switch};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const APP_SECRET: &str = "app-secret-5c1f";
const ACCESS_TOKEN: &str = "access-token-77aa";
const USER_TOKEN: &str = "bk-token-90ff";
const TAG: &str = "tag-of-the-binding-31";
const PROOF: &str = "8f3a8f3a8f3a8f3a8f3a8f3a8f3a8f3a";
const NASTY: &str = "<script>alert(1)</script>\u{7}\u{202e}";

/// Names with values.
type Form = [(&'static str, &'static str)];

async fn site() -> FakeItsm {
    let flows = Flow::embedded().map(|name| Flow::find(name).unwrap()).collect();
    // What a browser would take for a tag stays as it was sent.
    let options = Options { page: true, flows, rewrites_texts: false, ..Options::default() };
    FakeItsm::start(options).await.unwrap()
}

async fn get(fake: &FakeItsm, path: &str, headers: &[(&str, &str)]) -> HttpAnswer {
    HttpClient::default().send("GET", &format!("{}{path}", fake.url()), headers, "").await.unwrap()
}

/// A page in a language.
async fn page(fake: &FakeItsm, path: &str, language: &str) -> String {
    let answer = get(fake, path, &[("accept-language", language)]).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.body
}

/// Sends a form as a browser on the site's own page does. The answer is that of the page where it leads.
async fn send(fake: &FakeItsm, path: &str, form: &[(&str, &str)]) -> HttpAnswer {
    let origin = fake.url();
    send_from(fake, path, form, &[("origin", origin.as_str()), ("sec-fetch-site", "same-origin")])
        .await
}

async fn send_from(
    fake: &FakeItsm,
    path: &str,
    form: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> HttpAnswer {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let pairs: Vec<_> =
        form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    let url = format!("{}{path}", fake.url());
    HttpClient::default().post(&url, &all, &pairs.join("&")).await.unwrap()
}

async fn post(fake: &FakeItsm, action: &str, body: &Value) -> Value {
    let url = format!("{}/v2/itsm/{action}/", fake.gateway_url());
    let credentials =
        json!({"bk_app_code": "demo", "bk_app_secret": APP_SECRET, "access_token": ACCESS_TOKEN});
    let headers = [("x-bkapi-authorization", &*credentials.to_string())];
    let answer = HttpClient::default().post(&url, &headers, &body.to_string()).await.unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

/// A ticket of a service, or of a flow that comes with the program. Its flow runs.
async fn made(fake: &FakeItsm, service: &str, callback_url: &str) -> String {
    let sn = made_new(fake, service, callback_url).await;
    fake.started(&sn).await.unwrap();
    sn
}

async fn made_new(fake: &FakeItsm, service: &str, callback_url: &str) -> String {
    let named = fake.services().into_iter().find(|(name, _)| name == service);
    let id = named.map_or_else(|| service.parse().unwrap(), |(_, id)| id);
    let detail =
        get(fake, &format!("/openapi/service/get_service_detail/?service_id={id}"), &[]).await;
    let detail: Value = serde_json::from_str(&detail.body).unwrap();
    let fields = detail["data"]["fields"].as_array().unwrap().iter().map(|field| {
        let value = if field["key"] == "title" { NASTY } else { "bob" };
        json!({"key": field["key"], "value": value})
    });
    let body = json!({
        "service_id": id, "creator": "carol", "fields": fields.collect::<Vec<_>>(), "tag": TAG,
        "meta": {
            "callback_url": callback_url,
            "headers": {"X-Itsm-Binding": format!("v1.k1.op1.1800000000.{PROOF}")},
        },
    });
    let answer = post(fake, "create_ticket", &body).await;
    answer["data"]["sn"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// A receiver that answers every callback with a status and what it makes of the callback's head and body.
fn receiver(status: &'static str, answer: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/itsm", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut sent, mut length) = (String::new(), 0);
            loop {
                let start = sent.len();
                reader.read_line(&mut sent).unwrap();
                let line = sent[start..].trim().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            sent.push_str(&String::from_utf8(body).unwrap());
            let answer = answer(&sent);
            let length = answer.len();
            let whole = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
            );
            stream.write_all(whole.as_bytes()).unwrap();
        }
    });
    url
}

/// A ticket in each state that there is: a name with a number.
async fn all_states(fake: &FakeItsm) -> Vec<(&'static str, String)> {
    let ok = receiver("200 OK", |_| r#"{"code": 0}"#.into());
    let mut states = Vec::new();
    for (fault, name) in [(Fault::NeverStarts, "new"), (Fault::StuckStart, "stuck")] {
        fake.fault("create_ticket", fault, 1);
        let sn = made_new(fake, "2", NOWHERE).await;
        if name == "stuck" {
            fake.take_up(&sn).unwrap();
        }
        states.push((name, sn));
    }
    for (name, service) in [
        ("running", "2"),
        ("half signed", "countersign-all"),
        ("to be claimed", "people-field"),
        ("own fields", "own-radio-field"),
        ("handler", "handler-only"),
        ("sign-off", "13"),
        ("nobody", "15"),
        ("suspended", "2"),
        ("sent back", "9"),
        ("failed automatic", "webhook-node"),
        ("parallel", "parallel"),
        ("approved", "2"),
        ("accepted", "2"),
        ("refused", "2"),
        ("terminated", "terminate-on-refusal"),
        ("withdrawn", "19"),
        ("custom", "custom-ending"),
        ("closed", "two-levels"),
        ("child", "2"),
    ] {
        let sn = made(fake, service, &ok).await;
        match name {
            "half signed" | "parallel" | "approved" => {
                fake.approve_saying(&sn, "bob", NASTY).await.unwrap()
            }
            "suspended" => fake.suspend(&sn, "bob", NASTY).unwrap(),
            "sent back" | "refused" | "terminated" => fake.refuse(&sn, "bob", NASTY).await.unwrap(),
            "failed automatic" => {
                fake.fail_automatic(&sn).unwrap();
                fake.approve(&sn, "bob").await.unwrap();
            }
            "accepted" => {
                fake.approve(&sn, "bob").await.unwrap();
                fake.called_back(&sn).await.unwrap();
            }
            "withdrawn" => fake.withdraw(&sn, "carol").await.unwrap(),
            "custom" => {
                fake.approve(&sn, "bob").await.unwrap();
                fake.approve(&sn, "dave").await.unwrap();
            }
            "closed" => fake.close_on_page(&sn, "admin").await.unwrap(),
            "child" => {
                let parent = made(fake, "2", NOWHERE).await;
                fake.merge_under(&sn, &parent).unwrap();
            }
            _ => {}
        }
        states.push((name, sn));
    }
    states
}

/// The values of an attribute, in their order.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    page.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// What every page is: labelled, in order, escaped, and of one language.
fn check_page(path: &str, language: &str, page: &str) {
    let place = format!("{path} in {language}");
    assert!(page.contains(&format!("<html lang=\"{language}\"")), "{place}");
    assert!(!page.contains("<script>") && !page.contains(['\u{7}', '\u{202e}', '\0']), "{place}");
    let mut ids = attributes(page, "id");
    let labels = attributes(page, "for");
    for control in ["<input ", "<select ", "<textarea "] {
        for control in page.split(control).skip(1).map(|rest| rest.split('>').next().unwrap()) {
            let control = format!(" {control}");
            let id = attributes(&control, "id").first().copied().unwrap_or_default();
            assert!(
                control.contains("type=\"hidden\"") || labels.contains(&id),
                "{place}: {control}"
            );
        }
    }
    for described in attributes(page, "aria-describedby") {
        assert!(ids.contains(&described), "{place}: nothing has the id {described}");
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{place}: an id stands there twice");
    let mut before = 0;
    for heading in page.split("<h").skip(1) {
        if let Some(level) = heading.chars().next().and_then(|digit| digit.to_digit(10)) {
            assert!(level <= before + 1, "{place}: a heading {level} follows a heading {before}");
            before = level;
        }
    }
    for landmark in ["<header>", "<nav ", "<main ", "<footer>"] {
        assert!(page.contains(landmark), "{place}: no {landmark}");
    }
    assert_eq!(page.matches("<h1>").count(), 1, "{place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_shows_each_state_in_both_languages() {
    let fake = site().await;
    fake.switch_on(Switch::parse("approve=answer:500,<script>").unwrap());
    fake.mark_failed(["<script>".to_owned()]);
    let states = all_states(&fake).await;
    // What is the ticket's own, in Chinese and in English.
    let expected = |name: &str| match name {
        "new" => ("后台任务启动流程", "the worker to start the flow"),
        "stuck" => ("启动失败", "its start failed, and no node will run"),
        "running" => ("▶ 进行中", "▶ running"),
        "half signed" => ("dave, erin (会签", "dave, erin (会签"),
        "to be claimed" => ("必须先认领这个节点。", "Somebody has to claim the node first."),
        "own fields" => ("是否紧急", "是否紧急"),
        "handler" => ("提交</button>", "Submit</button>"),
        "suspended" => ("SUSPENDED (挂起)", "SUSPENDED"),
        "sent back" => ("✗ 已拒绝", "✗ refused"),
        "failed automatic" => ("! 失败", "! failed"),
        "parallel" => ("dave (财务审批", "dave (财务审批"),
        "approved" => ("FINISHED (已完成)", "FINISHED"),
        "accepted" => ("✓ 已接受", "✓ accepted"),
        "refused" => ("FINISHED (已完成)", "FINISHED"),
        "terminated" => ("TERMINATED (已终止)", "TERMINATED"),
        "withdrawn" => ("REVOKED (已撤销)", "REVOKED (withdrawn)"),
        "custom" => ("站点自定义", "the site&#39;s own"),
        "child" => {
            ("合并到母单下的子单", "The ticket is merged under another one and can only be read.")
        }
        _ => ("工单", "Tickets"),
    };
    for (name, sn) in &states {
        let path = format!("/tickets/{sn}");
        let (chinese, english) = expected(name);
        for (language, words) in [("zh-CN", chinese), ("en", english)] {
            let page = page(&fake, &path, language).await;
            check_page(&path, language, &page);
            let page = page.replace("'", "&#39;");
            assert!(page.contains(words), "{name} in {language} does not say {words}:\n{page}");
            assert!(page.contains("&lt;script&gt;"), "{name} in {language}");
            assert!(
                page.contains("<title id=\"flow-title\">")
                    && page.contains("<desc id=\"flow-description\">")
            );
        }
    }
    for (path, chinese, english) in [
        ("/", "等待", "Waits for"),
        ("/failed", "别的接入方的回调", "a callback of another integrator"),
        ("/requests", "最新的在最前面", "The newest come first."),
        ("/faults", "等待触发的故障", "Faults that wait to strike"),
    ] {
        for (language, words) in [("zh-CN", chinese), ("en", english)] {
            let page = page(&fake, path, language).await;
            check_page(path, language, &page);
            assert!(page.contains(words), "{path} in {language}");
        }
    }
    let list = page(&fake, "/", "en").await;
    let order: Vec<_> =
        states.iter().map(|(_, sn)| list.find(&format!("/tickets/{sn}\"")).unwrap()).collect();
    assert!(order.is_sorted_by(|older, newer| older > newer), "the newest come first");
    let path = format!("/tickets/{}?user=%3Cscript%3E%07%E2%80%AE%22", states[2].1);
    check_page(&path, "en", &page(&fake, &path, "en").await);
    assert_eq!(get(&fake, "/tickets/REQ1", &[]).await.status, 404);
    let empty = site().await;
    for path in ["/", "/failed", "/requests", "/faults"] {
        check_page(path, "en", &page(&empty, path, "en").await);
    }
}

/// What a button does to a ticket of a service, and what is seen then.
#[tokio::test(flavor = "multi_thread")]
async fn each_button_does_what_it_says() {
    let fake = site().await;
    type Seen = fn(&FakeItsm, &str) -> bool;
    let status = |fake: &FakeItsm, sn: &str| fake.ticket(sn).unwrap().status;
    let cases: &[(&str, &str, &Form, Seen)] = &[
        ("2", "approve", &[("user", "bob"), ("remark", "")], |fake, sn| {
            fake.ticket(sn).unwrap().approve_result
        }),
        ("2", "refuse", &[("user", "bob"), ("remark", "太贵")], |fake, sn| {
            let ticket = fake.ticket(sn).unwrap();
            ticket.ended && !ticket.approve_result
        }),
        ("handler-only", "approve", &[("user", "bob"), ("own-RESULT", "完成")], |fake, sn| {
            fake.ticket(sn).unwrap().ended
        }),
        ("own-radio-field", "approve", &[("user", "bob"), ("own-URGENT", "false")], |fake, sn| {
            fake.ticket(sn).unwrap().approve_result
        }),
        ("people-field", "claim", &[("user", "bob")], |fake, sn| !fake.ticket(sn).unwrap().ended),
        (
            "two-levels",
            "hand-over",
            &[("user", "bob"), ("to", "erin"), ("why", "休假")],
            |fake, sn| !fake.ticket(sn).unwrap().ended,
        ),
        ("2", "suspend", &[("user", "bob"), ("why", "等")], |fake, sn| {
            fake.ticket(sn).unwrap().status == "SUSPENDED"
        }),
        ("2", "withdraw", &[("user", "carol")], |fake, sn| {
            fake.ticket(sn).unwrap().status == "REVOKED"
        }),
        ("2", "terminate", &[("user", "bob")], |fake, sn| {
            fake.ticket(sn).unwrap().status == "TERMINATED"
        }),
        ("2", "close", &[("user", "admin")], |fake, sn| {
            fake.ticket(sn).unwrap().status == "FINISHED"
        }),
    ];
    for (service, deed, form, is_done) in cases {
        let sn = made(&fake, service, NOWHERE).await;
        let user = form[0].1;
        let before = page(&fake, &format!("/tickets/{sn}?user={user}"), "en").await;
        assert!(is_enabled(&before, deed), "{deed} of {service} is not enabled");
        let answer = send(&fake, &format!("/tickets/{sn}/{deed}"), form).await;
        assert_eq!(answer.status, 200, "{deed} of {service}: {}", answer.body);
        assert!(is_done(&fake, &sn), "{deed} of {service}");
        let after = page(&fake, &format!("/tickets/{sn}?user={user}"), "en").await;
        assert!(!is_enabled(&after, deed) || *deed == "claim", "{deed} of {service} stays enabled");
    }
    let sn = made(&fake, "2", NOWHERE).await;
    fake.suspend(&sn, "bob", "x").unwrap();
    send(&fake, &format!("/tickets/{sn}/resume"), &[("user", "admin")]).await;
    assert_eq!(status(&fake, &sn), "RUNNING");
    // Who claimed it decides, and whoever was handed it.
    let sn = made(&fake, "people-field", NOWHERE).await;
    let act = async |deed: &str, form: &[(&str, &str)]| {
        send(&fake, &format!("/tickets/{sn}/{deed}"), form).await.status
    };
    assert_eq!(act("approve", &[("user", "bob")]).await, 409);
    assert_eq!(act("claim", &[("user", "bob")]).await, 200);
    assert_eq!(act("approve", &[("user", "bob")]).await, 200);
    let sn = made(&fake, "two-levels", NOWHERE).await;
    let act = async |deed: &str, form: &[(&str, &str)]| {
        send(&fake, &format!("/tickets/{sn}/{deed}"), form).await.status
    };
    assert_eq!(act("hand-over", &[("user", "bob"), ("to", "erin"), ("why", "x")]).await, 200);
    assert_eq!(act("approve", &[("user", "bob")]).await, 409);
    assert_eq!(act("approve", &[("user", "erin")]).await, 200);
    assert_eq!(act("approve", &[("user", "dave")]).await, 200);
    assert!(fake.ticket(&sn).unwrap().approve_result);
}

fn is_enabled(page: &str, deed: &str) -> bool {
    let button = page.split(&format!("<button id=\"do-{deed}\"")).nth(1);
    let button = button.map(|rest| rest.split('>').next().unwrap());
    button.is_some_and(|button| !button.contains(" disabled"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sites_rules_forbid_is_said_in_a_sentence_and_not_done() {
    let fake = site().await;
    let ended = made(&fake, "2", NOWHERE).await;
    fake.terminate(&ended, "bob").await.unwrap();
    let child = made(&fake, "2", NOWHERE).await;
    fake.merge_under(&child, &made(&fake, "2", NOWHERE).await).unwrap();
    let touched = made(&fake, "two-levels", NOWHERE).await;
    fake.approve(&touched, "bob").await.unwrap();
    let [plain, handler, own, suspended] = [
        made(&fake, "2", NOWHERE).await,
        made(&fake, "handler-only", NOWHERE).await,
        made(&fake, "own-radio-field", NOWHERE).await,
        made(&fake, "2", NOWHERE).await,
    ];
    fake.suspend(&suspended, "bob", "x").unwrap();
    let failed = made(&fake, "11", NOWHERE).await;
    fake.fail_automatic(&failed).unwrap();
    fake.approve(&failed, "bob").await.unwrap();
    let cases: &[(&str, &str, &Form, &str, &str)] = &[
        (&ended, "approve", &[("user", "bob")], "工单已经结束。", "The ticket has ended."),
        (&child, "approve", &[("user", "bob")], "只能查看", "can only be read."),
        (
            &failed,
            "approve",
            &[("user", "bob")],
            "没有节点在等待人处理。",
            "No node waits for anybody.",
        ),
        (
            &plain,
            "approve",
            &[("user", "dave")],
            "没有节点在等待 dave。",
            "No node waits for dave.",
        ),
        (
            &plain,
            "refuse",
            &[("user", "bob"), ("remark", " ")],
            "请填写",
            "Please fill in &quot;Remark&quot;.",
        ),
        (&plain, "claim", &[("user", "bob")], "没有可以认领的节点。", "There is no node to claim."),
        (
            &plain,
            "hand-over",
            &[("user", "bob"), ("to", "erin"), ("why", "x")],
            "流程不允许转单。",
            "The flow lets nobody hand the node over.",
        ),
        (
            &touched,
            "hand-over",
            &[("user", "bob"), ("to", "erin"), ("why", "x")],
            "没有节点在等待 bob。",
            "No node waits for bob.",
        ),
        (
            &plain,
            "suspend",
            &[("user", "bob")],
            "请填写“原因”。",
            "Please fill in &quot;Reason&quot;.",
        ),
        (
            &plain,
            "suspend",
            &[("user", "carol"), ("why", "x")],
            "carol 既不是当前处理人",
            "carol is neither a current processor nor a manager.",
        ),
        (&plain, "resume", &[("user", "bob")], "工单没有挂起。", "The ticket is not suspended."),
        (
            &suspended,
            "suspend",
            &[("user", "bob"), ("why", "x")],
            "工单已经挂起。",
            "The ticket is suspended already.",
        ),
        (&plain, "withdraw", &[("user", "bob")], "bob 不是提单人。", "bob is not the creator."),
        (
            &touched,
            "withdraw",
            &[("user", "carol")],
            "现在不允许撤单。",
            "allow no withdrawal now.",
        ),
        (
            &plain,
            "terminate",
            &[("user", "carol")],
            "carol 既不是当前处理人",
            "carol is neither a current processor nor a manager.",
        ),
        (&plain, "close", &[("user", "bob")], "bob 不是管理员。", "bob is not a manager."),
        (
            &handler,
            "refuse",
            &[("user", "bob"), ("remark", "x")],
            "不是审批",
            "nothing can be refused there.",
        ),
        (
            &handler,
            "approve",
            &[("user", "bob")],
            "请填写“处理结果”。",
            "Please fill in &quot;处理结果&quot;.",
        ),
        (
            &own,
            "approve",
            &[("user", "bob"), ("own-URGENT", "maybe")],
            "没有这个选项",
            "has no such choice.",
        ),
    ];
    let states =
        || fake.tickets().into_iter().map(|ticket| format!("{ticket:?}")).collect::<Vec<_>>();
    for (sn, deed, form, chinese, english) in cases {
        let before = states();
        for (language, words) in [("zh", chinese), ("en", english)] {
            let origin = fake.url();
            let headers = [("origin", origin.as_str()), ("accept-language", language)];
            let answer = send_from(&fake, &format!("/tickets/{sn}/{deed}"), form, &headers).await;
            assert_eq!(answer.status, 409, "{deed}: {words}");
            let alert = answer.body.split("role=\"alert\"").nth(1).unwrap();
            let alert = alert.split("</p>").next().unwrap();
            assert!(alert.contains(words), "{deed} says {alert}, not {words}");
            check_page(deed, if language == "zh" { "zh-CN" } else { "en" }, &answer.body);
        }
        assert_eq!(states(), before, "{deed}");
    }
    // The address of a refusal leads to the ticket, where it is asked for again.
    let asked_again = get(&fake, &format!("/tickets/{plain}/approve"), &[]).await;
    assert!(asked_again.status == 200 && !asked_again.body.contains("role=\"alert\""));
    assert_eq!(
        send(&fake, &format!("/tickets/{plain}/dance"), &[("user", "bob")]).await.status,
        404
    );
    assert_eq!(send(&fake, "/tickets/REQ1/approve", &[("user", "bob")]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_site_can_press_a_button_or_read_a_page() {
    let fake = site().await;
    let sn = made(&fake, "two-levels", NOWHERE).await;
    let deeds = [
        "approve",
        "refuse",
        "claim",
        "hand-over",
        "suspend",
        "resume",
        "withdraw",
        "terminate",
        "close",
    ];
    let mut paths: Vec<_> = deeds.iter().map(|deed| format!("/tickets/{sn}/{deed}")).collect();
    paths.extend(
        ["/faults", "/faults/clear", "/fake/approve", "/fake/fault", "/openapi/ticket/approve/"]
            .map(str::to_owned),
    );
    fake.switch_on(Switch::parse("approve=html").unwrap());
    let before = || (format!("{:?}", fake.tickets()), fake.faults());
    let form = [
        ("user", "bob"),
        ("remark", "x"),
        ("why", "x"),
        ("to", "erin"),
        ("fault", "html"),
        ("action", "approve"),
        ("times", "1"),
    ];
    let own = fake.url();
    for path in &paths {
        let was = before();
        for headers in [
            &[("origin", "http://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:1")],
            &[("sec-fetch-site", "cross-site")],
            &[("origin", &own), ("sec-fetch-site", "same-site")],
            &[("host", "evil.example"), ("origin", "http://evil.example")],
        ] {
            let answer = send_from(&fake, path, &form, headers).await;
            assert_eq!((answer.status, before()), (403, was.clone()), "{path} {headers:?}");
        }
    }
    for path in [
        "/",
        "/failed",
        "/requests",
        "/faults",
        "/events",
        "/fake/exchanges",
        "/fake/token",
        &format!("/tickets/{sn}"),
    ] {
        assert_eq!(get(&fake, path, &[("host", "evil.example")]).await.status, 403, "{path}");
    }
    let answer = get(&fake, "/", &[]).await;
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(send_from(&fake, &paths[0], &form, &[("origin", &own)]).await.status, 200);
}

/// Two receivers send back what they were sent.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_a_secret() {
    let fake = site().await;
    let echo = receiver("500 Oops", |sent| sent.to_owned());
    let in_json = receiver("200 OK", |sent| json!({"code": 1, "message": sent}).to_string());
    let mut sns = Vec::new();
    for url in [&echo, &in_json] {
        let sn = made(&fake, "2", &format!("{url}?token={USER_TOKEN}")).await;
        fake.approve(&sn, "bob").await.unwrap();
        fake.called_back(&sn).await.unwrap();
        sns.push(sn);
    }
    let token = fake.token();
    post(&fake, "token/verify", &json!({"token": token})).await;
    post(&fake, "get_tickets", &json!({"tag": TAG})).await;
    let esb = format!(
        "{}/api/c/compapi/v2/itsm/get_ticket_status/?sn={}&bk_app_code=demo&bk_app_secret={APP_SECRET}&bk_token={USER_TOKEN}",
        fake.url(),
        sns[0]
    );
    HttpClient::default().get(&esb).await.unwrap();
    HttpClient::default()
        .post(
            &format!("{}/openapi/ticket/approve/", fake.url()),
            &[("cookie", USER_TOKEN)],
            APP_SECRET,
        )
        .await
        .unwrap();
    let sent: Vec<Value> =
        fake.callbacks().iter().map(|sent| serde_json::from_str(&sent.body).unwrap()).collect();
    let mut secrets = vec![APP_SECRET, ACCESS_TOKEN, USER_TOKEN, TAG, PROOF, token.as_str()];
    secrets.extend(sent.iter().map(|body| body["token"].as_str().unwrap()));
    let mut paths: Vec<_> = sns.iter().map(|sn| format!("/tickets/{sn}")).collect();
    paths.extend(["/", "/failed", "/requests", "/faults"].map(str::to_owned));
    for path in paths {
        for language in ["zh", "en"] {
            let page = page(&fake, &path, language).await;
            for secret in &secrets {
                assert!(!page.contains(secret), "{path} shows {secret}");
            }
        }
    }
    let requests = page(&fake, "/requests", "en").await;
    assert!(
        requests.contains("v1.k1.op1.1800000000.••••")
            && requests.contains("named by a token alone")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_failed_list_and_the_ticket_say_why_a_callback_failed() {
    let fake = site().await;
    let wrong: &[(String, &str, &str)] = &[
        (NOWHERE.to_owned(), "没有收到应答", "no answer came"),
        (
            receiver("202 Accepted", |_| r#"{"code": 0}"#.into()),
            "应答状态是 202",
            "its answer has the status 202",
        ),
        (receiver("200 OK", |_| "<b>OK".into()), "不是 JSON 对象", "its answer is no JSON object"),
        (receiver("200 OK", |_| "{}".into()), "没有 code", "its answer has no member code"),
        (receiver("200 OK", |_| r#"{"code": "0"}"#.into()), "不是数字 0", "and not the number 0"),
    ];
    for (url, chinese, english) in wrong {
        let sn = made(&fake, "2", url).await;
        fake.approve(&sn, "bob").await.unwrap();
        fake.called_back(&sn).await.unwrap();
        for (language, words) in [("zh", chinese), ("en", english)] {
            for path in ["/failed", &format!("/tickets/{sn}")] {
                let page = page(&fake, path, language).await;
                assert!(page.contains(words), "{path} does not say {words}");
            }
        }
    }
    fake.fault("callback", Fault::LostCallback, 1);
    let sn = made(&fake, "2", NOWHERE).await;
    fake.approve(&sn, "bob").await.unwrap();
    fake.called_back(&sn).await.unwrap();
    assert!(
        page(&fake, &format!("/tickets/{sn}"), "en").await.contains("never sent: a fault lost it")
    );
    assert!(!page(&fake, "/failed", "en").await.contains(&sn));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_that_reads_callbacks_is_led_to_where_it_is_given() {
    let without = site().await;
    assert!(!page(&without, "/", "en").await.contains("/reader/"));
    assert_eq!(get(&without, "/reader/", &[]).await.status, 404);

    let files = [("index.html", "<title>reads</title>"), ("page.js", "read()")];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let options = Options { page: true, reader: Reader(files.into()), ..Options::default() };
    let fake = FakeItsm::start(options).await.unwrap();
    assert!(page(&fake, "/", "en").await.contains(r#"href="/reader/""#));
    assert_eq!(page(&fake, "/reader/", "en").await, "<title>reads</title>");
    let script = get(&fake, "/reader/page.js", &[]).await;
    assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");

    let sn = made(&fake, "2", "http://127.0.0.1:1/itsm?secret=s3cret").await;
    fake.approve(&sn, "bob").await.unwrap();
    fake.called_back(&sn).await.unwrap();
    let ticket = page(&fake, &format!("/tickets/{sn}"), "zh").await;
    let link =
        attributes(&ticket, "href").into_iter().find(|it| it.starts_with("/reader/#")).unwrap();
    assert!(link.starts_with("/reader/#lang=zh&amp;body=%7B"), "{link}");
    assert!(link.contains(&format!("%22{sn}%22")) && !link.contains("s3cret"), "{link}");
}

/// The page's way to each fault leads to the same as the program's flag.
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_has_a_switch_on_its_page() {
    let fake = site().await;
    let page_before = page(&fake, "/faults", "en").await;
    for line in Fault::help().lines() {
        let (said, _) = line.split_once("  ").unwrap();
        let (action, rest) = said.split_once('=').unwrap();
        let action = if action == "ACTION" { "operate_node" } else { action };
        let (name, arguments) = rest.split_once(':').unwrap_or((rest, ""));
        let form = page_before
            .split("<form ")
            .find(|form| form.contains(&format!("value=\"{name}\"")))
            .unwrap();
        assert!(form.contains(&format!("<option value=\"{action}\">")), "{name}");
        for argument in arguments.split(',').filter(|argument| !argument.is_empty()) {
            assert!(
                form.contains(&format!("name=\"with-{argument}\"")),
                "{name} does not ask for {argument}"
            );
        }
        let sent = [("fault", name), ("action", action), ("times", "2")];
        assert_eq!(send(&fake, "/faults", &sent).await.status, 200, "{name}");
        let expected = Switch::parse(&format!("{action}={name}*2")).unwrap();
        assert_eq!(fake.faults().last(), Some(&expected));
        assert!(page(&fake, "/faults", "en").await.contains(&format!("{name}-times")));
    }
    send(
        &fake,
        "/faults",
        &[("fault", "slow"), ("action", "approve"), ("with-ms", "7"), ("times", "")],
    )
    .await;
    assert_eq!(fake.faults().last().unwrap().to_string(), "approve=slow:7*always");
    for (form, why) in [
        ([("fault", "lame"), ("action", "approve"), ("times", "1")], "no such fault"),
        (
            [("fault", "slow"), ("action", "callback"), ("times", "1")],
            "is for actions, not for callback",
        ),
        ([("fault", "slow"), ("action", "approve"), ("times", "-1")], "is no fit number"),
    ] {
        let answer = send(&fake, "/faults", &form).await;
        assert!(answer.status == 400 && answer.body.contains(why), "{why}");
    }
    send(&fake, "/faults/clear", &[]).await;
    assert!(fake.faults().is_empty());
    fake.switch_on(Switch::parse("get_tickets=rate-limit").unwrap());
    post(&fake, "get_tickets", &json!({})).await;
    let requests = page(&fake, "/requests", "en").await;
    assert!(
        requests
            .contains("POST get_tickets</strong> → 429, <strong class=\"bad\">fault rate-limit"),
        "{requests}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_changes_are_told_as_they_happen() {
    let fake = site().await;
    let mut stream = TcpStream::connect(fake.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == ": listening"));
    post(&fake, "get_tickets", &json!({})).await;
    assert!(lines.any(|line| line == "event: request"));
    assert_eq!(lines.next().unwrap(), "data: POST get_tickets");
    let sn = made(&fake, "2", NOWHERE).await;
    fake.approve(&sn, "bob").await.unwrap();
    assert!(lines.any(|line| line == "data: tickets"));
    assert!(lines.any(|line| line == "data: callbacks"));
    fake.switch_on(Switch::parse("approve=html").unwrap());
    assert!(lines.any(|line| line == "data: faults"));
}

#[tokio::test]
async fn the_language_that_was_chosen_is_kept() {
    let fake = site().await;
    let chosen = get(&fake, "/faults?lang=zh", &[("accept-language", "en")]).await;
    let cookie = chosen.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("lang=zh;") && cookie.contains("SameSite=Lax"), "{cookie}");
    let kept = get(&fake, "/", &[("accept-language", "en"), ("cookie", "lang=zh")]).await;
    assert!(kept.body.contains("<html lang=\"zh-CN\"") && !kept.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn ticket_urls_lead_to_the_tickets_page_where_there_are_pages() {
    for has_page in [true, false] {
        let fake = FakeItsm::start(Options { page: has_page, ..Options::default() }).await.unwrap();
        let sn = made(&fake, "2", NOWHERE).await;
        let page = format!("{}/tickets/{sn}", fake.url());
        let status = get(&fake, &format!("/openapi/ticket/get_ticket_status/?sn={sn}"), &[]).await;
        let status: Value = serde_json::from_str(&status.body).unwrap();
        let row = post(&fake, "get_tickets", &json!({})).await;
        let result = post(&fake, "ticket_approval_result", &json!({"sn": [sn]})).await;
        fake.approve(&sn, "bob").await.unwrap();
        let sent: Value = serde_json::from_str(&fake.called_back(&sn).await.unwrap().body).unwrap();
        for url in [
            &status["data"]["ticket_url"],
            &row["data"]["items"][0]["ticket_url"],
            &result["data"][0]["ticket_url"],
            &sent["ticket_url"],
        ] {
            assert_eq!(url == &json!(page), has_page, "{url}");
        }
        let answer = get(&fake, "/", &[]).await;
        assert_eq!(answer.body.contains("<nav "), has_page);
        assert_eq!(get(&fake, &format!("/tickets/{sn}"), &[]).await.body.contains(&sn), has_page);
    }
}

/// The left edges of a drawing's nodes with the words in them, from the creation to the end.
fn drawn(page: &str) -> Vec<(u32, String)> {
    let drawing = page.split("<svg ").nth(1).unwrap().split("</svg>").next().unwrap();
    let nodes = drawing.split("<rect ").skip(1).map(|node| {
        let left = attributes(node, "x")[0].parse().unwrap();
        let texts = node
            .split("<text ")
            .skip(1)
            .map(|text| text.split('>').nth(1).unwrap().split('<').next().unwrap());
        (left, texts.collect::<Vec<_>>().join(" "))
    });
    nodes.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_drawn_in_columns_with_a_word_for_how_far_each_node_is() {
    let fake = site().await;
    let sn = made(&fake, "parallel", NOWHERE).await;
    fake.refuse(&sn, "dave", "x").await.unwrap();
    let parallel = drawn(&page(&fake, &format!("/tickets/{sn}"), "en").await);
    let words: Vec<_> = parallel.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(
        words,
        ["creation ✓ done", "技术审批 ▶ running", "财务审批 ✗ refused", "end ○ not reached"]
    );
    let left: Vec<_> = parallel.iter().map(|(left, _)| *left).collect();
    assert!(left[0] < left[1] && left[1] == left[2] && left[2] < left[3], "{left:?}");
    let sn = made(&fake, "two-levels", NOWHERE).await;
    fake.approve(&sn, "bob").await.unwrap();
    fake.terminate(&sn, "dave").await.unwrap();
    let one_by_one = drawn(&page(&fake, &format!("/tickets/{sn}"), "zh").await);
    let words: Vec<_> = one_by_one.iter().map(|(_, words)| words.as_str()).collect();
    // Seven Chinese characters fit.
    assert_eq!(
        words,
        ["提单 ✓ 已处理", "直接上级审批 ✓ 已处理", "总监审批 ■ 已停止", "结束 ✓ 已处理"]
    );
    assert!(one_by_one.is_sorted_by(|one, other| one.0 < other.0), "{one_by_one:?}");
}

#[tokio::test]
async fn the_program_shows_the_pages_and_the_services_of_its_flows() {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_fake-itsm"))
        .args(["--page", "--flows", "two-levels", "--flows", "parallel"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let next = || receiver.recv_timeout(Duration::from_secs(60)).unwrap_or_default();
    let url = next().trim_start_matches("fake ITSM listens on ").to_owned();
    let said = [next(), next(), next()];
    let answer = HttpClient::default().get(&format!("{url}/")).await;
    program.kill().unwrap();
    program.wait().unwrap();
    let open = format!("open {url}/ in a browser");
    assert_eq!(said, ["service 1001: two-levels", "service 1002: parallel", &*open]);
    assert!(answer.unwrap().body.contains("<nav "));
}
