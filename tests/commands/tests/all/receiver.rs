//! The receiver, composed with its sinks and served, as ITSM and strangers meet it.

use crate::set_up::{self, KEY, OLD_KEY, fast};
use command_tests::{SECRET, Served};
use component_tests::wit_callbacks::Binding;
use component_tests::wit_tickets::{CallbackTarget, Confirmation, NewTicket, Service};
use component_tests::wit_types::{FieldValue, Verdict};
use component_tests::{Host, Scripted, Step, answer, field, gateway};
use fake_itsm::{FakeItsm, Fault, HttpClient, Options, Tags};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const README: &str = include_str!("../../../../receiver/README.md");
/// A service of the fake whose flow has a handler and no approval.
const WITHOUT_APPROVAL: u64 = 5;
const HOUR: Duration = Duration::from_secs(3_600);

/// A fake ITSM, and a receiver that asks it.
struct Site {
    fake: FakeItsm,
    receiver: Served,
    callback_url: String,
}

impl Site {
    async fn new(options: Options, component: &str, more: &[(&str, &str)]) -> Self {
        let fake = FakeItsm::start(options).await.unwrap();
        let port = Served::free_port();
        let callback_url = format!("http://127.0.0.1:{port}/itsm/callback");
        let keys = format!("{OLD_KEY},{KEY}");
        let itsm = fake.gateway_url();
        let mut settings = vec![
            ("ITSM_GATEWAY", itsm.as_str()),
            ("ITSM_APP_CODE", "gate"),
            ("ITSM_APP_SECRET", SECRET),
            ("ITSM_CALLBACK_URL", &callback_url),
            ("ITSM_BINDING_KEYS", &keys),
        ];
        settings.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        settings.extend(more);
        let receiver = Served::start(component, port, &settings).await;
        Self { fake, receiver, callback_url }
    }

    async fn to_stdout() -> Self {
        Self::of(Options::default()).await
    }

    /// A receiver that asks somebody else.
    async fn asking(itsm: &str) -> Self {
        let options = Options::default();
        Self::new(options, "itsm-receiver-stdout.wasm", &[("ITSM_GATEWAY", itsm)]).await
    }

    async fn of(options: Options) -> Self {
        Self::new(options, "itsm-receiver-stdout.wasm", &[]).await
    }

    async fn forwarding(more: &[(&str, &str)]) -> Self {
        Self::new(Options::default(), "itsm-receiver-forward.wasm", more).await
    }

    /// The header and the tag that the ticket of this operation gets.
    async fn binding(&self, operation: &str) -> Binding {
        set_up::binding(operation, &self.callback_url).await
    }

    /// Makes a ticket whose callback carries this header.
    async fn make(&self, mut ticket: NewTicket, header: (String, String)) -> String {
        ticket.callback =
            Some(CallbackTarget { url: self.callback_url.clone(), headers: vec![header] });
        set_up::make(&self.fake, &ticket).await
    }

    /// The ticket of this operation, which waits for bob's approval.
    async fn ticket(&self, operation: &str) -> String {
        let Binding { header, tag } = self.binding(operation).await;
        self.make(fast(&tag, "bob"), header).await
    }

    /// Somebody approves, and ITSM calls back: its message to ITSM, none if it was accepted.
    async fn approve(&self, sn: &str, approver: &str) -> Option<String> {
        self.fake.approve(sn, approver).await.unwrap();
        let called = self.fake.called_back(sn).await.unwrap();
        let listed = self.fake.failed_callbacks().contains(&sn.to_owned());
        assert_eq!(called.delivered, !listed, "{}", called.answer);
        let answer: Value = serde_json::from_str(&called.answer).unwrap();
        listed.then(|| answer["message"].as_str().unwrap().to_owned())
    }

    /// What the host that made the ticket learns when it asks for what was refused.
    async fn reconciled(&self, sn: &str) -> Verdict {
        let (mut store, instance) = Host::new().instance().await;
        let tickets = instance.blueking_itsm_tickets();
        let connection = gateway(&self.fake.url());
        let sns = [sn.to_owned()];
        let answer = tickets.call_reconcile(&mut store, &connection, &sns);
        let confirmed = answer.await.unwrap().unwrap().remove(0);
        match confirmed.confirmation {
            Confirmation::Ended(outcome) => outcome.verdict,
            other => panic!("{other:?}"),
        }
    }

    /// Posts a body under this operation's header, as anybody who has seen it can.
    async fn post(&self, operation: &str, body: &str) -> Value {
        let (name, value) = self.binding(operation).await.header;
        let headers = [(name.as_str(), value.as_str())];
        let client = HttpClient::default();
        let posted = client.post(&self.callback_url, &headers, body);
        let answer = posted.await.unwrap().body;
        serde_json::from_str(&answer)
            .unwrap_or_else(|_| panic!("{answer:?}\n{}", self.receiver.stderr()))
    }

    fn handed_over(&self) -> Vec<Value> {
        let lines = self.receiver.stdout();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until the log says so of an operation.
    async fn logged(&self, operation: &str, message: &str) {
        let line = format!("operation {operation}: {message}\n");
        self.receiver.until(|served| served.stderr().contains(&line)).await;
    }
}

/// A JSON value with the names of types instead of texts, numbers and booleans.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), shape(member))).collect()
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_ending_becomes_one_line_of_what_itsm_itself_says() {
    let site = Site::to_stdout().await;
    let approved = site.ticket("op1").await;
    assert_eq!(site.approve(&approved, "bob").await, None);
    let refused = site.ticket("op2").await;
    site.fake.refuse(&refused, "bob", "no").await.unwrap();
    assert!(site.fake.called_back(&refused).await.unwrap().delivered);
    // ITSM waits for the receiver inside the withdrawal.
    let withdrawn = site.ticket("op3").await;
    site.fake.withdraw(&withdrawn, "alice").await.unwrap();
    assert!(site.fake.called_back(&withdrawn).await.unwrap().delivered);
    let Binding { header, tag } = site.binding("op4").await;
    let unasked = NewTicket {
        service: Service::Id(WITHOUT_APPROVAL),
        fields: vec![field("APPROVER", FieldValue::People(vec!["bob".to_owned()]))],
        ..fast(&tag, "bob")
    };
    let unasked = site.make(unasked, header).await;
    assert_eq!(site.approve(&unasked, "bob").await, None);
    let closed = site.ticket("op5").await;
    site.fake.close_on_page(&closed, "admin").await.unwrap();
    assert!(site.fake.called_back(&closed).await.unwrap().delivered);
    site.receiver.until(|served| served.stdout().lines().count() == 5).await;
    let lines = site.handed_over();
    for (line, sn, operation, verdict, evidence, decided) in [
        (&lines[0], &approved, "op1", "approved", "approval-result", Some((true, ""))),
        (&lines[1], &refused, "op2", "rejected", "approval-result", Some((false, "no"))),
        (&lines[2], &withdrawn, "op3", "withdrawn", "status", None),
        (&lines[3], &unasked, "op4", "completed", "approval-result", None),
        (&lines[4], &closed, "op5", "closed", "approval-result", None),
    ] {
        assert_eq!(line["ticket"]["sn"], **sn);
        assert_eq!(line["operation_id"], operation);
        assert_eq!(line["verdict"], verdict);
        assert_eq!(line["evidence"], evidence);
        let decisions = line["decisions"].as_array().unwrap();
        assert_eq!(decisions.len(), usize::from(decided.is_some()), "{line}");
        if let Some((yes, remark)) = decided {
            assert_eq!(decisions[0]["operator"], "bob");
            assert_eq!(decisions[0]["approved"], yes);
            assert_eq!(decisions[0]["remark"], remark);
        }
        site.logged(operation, &format!("{sn} {verdict}, handed over")).await;
    }
    assert!(site.fake.failed_callbacks().is_empty());

    let (_, example) = README.split_once("```json\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    assert_eq!(shape(&lines[0]), shape(&example));
}

/// Whoever may create tickets, and has read an operation's header, makes one of his own.
#[tokio::test(flavor = "multi_thread")]
async fn a_thief_of_the_header_approves_his_own_ticket_and_gets_nothing() {
    let site = Site::to_stdout().await;
    let real = site.ticket("op1").await;
    let stolen = site.binding("op1").await.header;
    let sentence = "the number is not that of this operation's ticket";
    // The header shows him the operation id, and not the tag.
    let his = site.make(fast("op1", "mallory"), stolen).await;
    let message = site.approve(&his, "mallory").await;
    assert_eq!(message.as_deref(), Some(sentence));
    site.logged("op1", &format!("refused: {sentence}")).await;
    assert!(site.handed_over().is_empty());
    assert!(!site.fake.ticket(&real).unwrap().ended);

    assert_eq!(site.approve(&real, "bob").await, None);
    site.receiver.until(|served| served.stdout().lines().count() == 1).await;
    let line = &site.handed_over()[0];
    assert_eq!(line["ticket"]["sn"], *real);
    assert_eq!(line["verdict"], "approved");
    assert_eq!(line["decisions"][0]["operator"], "bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_itsm_does_not_confirm_is_refused_with_a_reason_and_handed_over_to_nobody() {
    let site = Site::to_stdout().await;
    let open = site.ticket("op1").await;
    let other = site.ticket("op2").await;
    assert_eq!(site.approve(&other, "bob").await, None);
    let foreign = "the number is not that of this operation's ticket";
    for (sn, message) in [
        (open.as_str(), "the ticket has not ended"),
        (&other, foreign),
        ("REQ20260101999999", foreign),
    ] {
        let refused = site.post("op1", &set_up::callback(&site.fake, sn)).await;
        assert_eq!((&refused["code"], &refused["message"]), (&1.into(), &message.into()));
        site.logged("op1", &format!("refused: {message}")).await;
    }
    // A trigger wrote it.
    site.fake.set_status(&open, "FINISHED").unwrap();
    let refused = site.post("op1", &set_up::callback(&site.fake, &open)).await;
    assert_eq!(refused["message"], "the ticket has not ended");
    for body in ["", "[]", r#"{"sn":"a","sn":"b"}"#, r#"{"sn":"<script>","<b>":1,"<b>":2}"#] {
        let refused = site.post("op1", body).await;
        assert_eq!(refused["message"], "the body is no callback");
    }
    assert_eq!(site.handed_over().len(), 1);
}

/// What keeps the receiver from an outcome, given the ticket's number, and the message about it.
struct Obstacle {
    options: Options,
    put_up: fn(&FakeItsm, &str),
    message: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_cannot_settle_is_listed_by_itsm_and_settled_by_who_made_the_ticket() {
    let untraceable = "this server finds no ticket by its tag, and this receiver can't do without";
    let tags = |tags| Options { tags, ..Options::default() };
    for (number, obstacle) in [
        Obstacle { options: tags(Tags::Ignored), put_up: |_, _| (), message: untraceable },
        Obstacle {
            options: tags(Tags::FilteredNotStored),
            put_up: |_, _| (),
            message: untraceable,
        },
        Obstacle {
            options: Options::default(),
            put_up: |fake, _| fake.fault("ticket_approval_result", Fault::ResultNotVisible, 1),
            message: "the ticket has ended, and ITSM does not give its result yet",
        },
        Obstacle {
            options: Options { verified_users: true, ..Options::default() },
            put_up: |fake, sn| {
                let data = json!({"sn": sn, "logs": []});
                let body = json!({"result": true, "code": 0, "message": "success", "data": data});
                let empty =
                    Fault::Answer { status: 200, headers: Vec::new(), body: body.to_string() };
                fake.fault("get_ticket_logs", empty, 1);
            },
            message: "a person must look: ",
        },
        Obstacle {
            options: Options::default(),
            put_up: |fake, _| fake.fault("get_tickets", Fault::Slow(HOUR), 1),
            message: "ITSM could not be asked: ",
        },
    ]
    .into_iter()
    .enumerate()
    {
        let site = Site::of(obstacle.options).await;
        let sn = site.ticket("op1").await;
        (obstacle.put_up)(&site.fake, &sn);
        let message = site.approve(&sn, "bob").await.expect("it is refused");
        assert!(message.starts_with(obstacle.message), "{number}: {message}");
        site.logged("op1", &format!("refused: {message}")).await;
        assert!(site.handed_over().is_empty(), "{number}");
        assert_eq!(site.reconciled(&sn).await, Verdict::Approved, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tickets_with_one_tag_are_for_a_person_to_look_at() {
    let site = Site::to_stdout().await;
    let Binding { header, tag } = site.binding("op1").await;
    let one = site.make(fast(&tag, "bob"), header.clone()).await;
    let other = site.make(fast(&tag, "mallory"), header).await;
    for (sn, approver) in [(&other, "mallory"), (&one, "bob")] {
        let message = site.approve(sn, approver).await.unwrap();
        assert!(message.starts_with("a person must look at "), "{message}");
        assert!(message.contains(&one) && message.contains(&other), "{message}");
        site.logged("op1", &format!("refused: {message}")).await;
    }
    assert!(site.handed_over().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_make_no_call_leave_and_learn_nothing() {
    let site = Site::to_stdout().await;
    let (name, genuine) = site.binding("op1").await.header;
    let mut answers = std::collections::BTreeSet::new();
    let client = HttpClient::default();
    let body = set_up::callback(&site.fake, "S");
    for count in 0..1_000 {
        let forged = match count % 4 {
            0 => None,
            1 => Some("v1.k1.op1".to_owned()),
            2 => Some(genuine.replace("op1", "op2")),
            _ => Some(genuine.replace(".k1.", ".k9.")),
        };
        let forged = forged.as_ref().map(|forged| (name.as_str(), forged.as_str()));
        let posted = client.post(&site.callback_url, forged.as_slice(), &body);
        let answer = posted.await.unwrap();
        answers.insert((answer.status, answer.body));
    }
    for method in ["GET", "PUT"] {
        client.send(method, &site.callback_url, &[], "").await.unwrap();
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(site.fake.exchanges().is_empty());
    // A line for each of four reasons, and so for each instance: the runtime may start some.
    let log = site.receiver.stderr();
    let lines = log.lines().filter(|line| line.contains("refused")).count();
    assert!((3..100).contains(&lines), "{log}");
    assert!(!log.contains(&genuine), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_judged_before_it_is_read_and_the_log_says_why() {
    let site = Site::to_stdout().await;
    let (name, genuine) = site.binding("op1").await.header;
    let expired = set_up::binding_until(1, "op2", &site.callback_url).await;
    let other_address = set_up::binding("op3", "https://gate.example.com/itsm/callback").await;
    let check = r#"{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}"#;
    let (some, more) = check.split_at(20);
    let chunked = format!(
        "transfer-encoding: chunked\r\n\r\n{:x}\r\n{some}\r\n{:x}\r\n{more}\r\n0\r\n\r\n",
        some.len(),
        more.len()
    );
    let whole = format!("content-length: {}\r\n\r\n{check}", check.len());
    let begun = "content-length: 10\r\n\r\n{".to_owned();
    let header = |value: &[u8]| [name.as_bytes(), b": ", value, b"\r\n"].concat();
    let bound = header(genuine.as_bytes());
    let blank = header(format!(" \t{genuine} ").as_bytes());
    let twice = bound.repeat(2);
    // Which of the two counts must be nobody's choice.
    let once_as_text = [bound.clone(), header(b"\xff")].concat();
    let no_text = header(b"\xff\xfe");
    let [expired, other_address] =
        [expired, other_address].map(|it| header(it.header.1.as_bytes()));
    let (here, done) = ("/itsm/callback", "operation op1: a self-check\n");
    let elsewhere = "refused: a request came to another path than that of ITSM_CALLBACK_URL\n";
    let form = "refused: a request has a binding's header twice, or one that is not of its form\n";
    for (what, path, headers, body, status, code, line) in [
        ("in chunks", here, &bound, &chunked, 200, 0, done),
        ("a blank before the value", here, &blank, &whole, 200, 0, done),
        ("a query", "/itsm/callback?a=/b", &bound, &whole, 200, 0, done),
        ("another path", "/itsm", &bound, &whole, 404, 1, elsewhere),
        ("a longer path", "/itsm/callback/", &bound, &whole, 404, 1, elsewhere),
        ("another path, unread", "/", &bound, &begun, 404, 1, elsewhere),
        ("the header twice", here, &twice, &begun, 200, 1, form),
        ("once as text", here, &once_as_text, &begun, 200, 1, form),
        ("no text", here, &no_text, &begun, 200, 1, form),
        (
            "an expired binding",
            here,
            &expired,
            &begun,
            200,
            1,
            "operation op2: refused: its binding has expired\n",
        ),
        (
            "another ITSM_CALLBACK_URL",
            here,
            &other_address,
            &begun,
            200,
            1,
            "refused: a request has a header that was not made with this key for this ITSM_CALLBACK_URL",
        ),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n");
        let request = [head.as_bytes(), headers, body.as_bytes()].concat();
        let mut stream = TcpStream::connect(site.receiver.address()).await.unwrap();
        stream.write_all(&request).await.unwrap();
        let mut answered = String::new();
        stream.read_to_string(&mut answered).await.unwrap();
        let status = format!("HTTP/1.1 {status} ");
        assert!(answered.starts_with(&status), "{what}: {answered}");
        let code = format!(r#""code":{code}"#);
        assert!(answered.contains(&code), "{what}: {answered}");
        let logged = |served: &Served| served.stderr().contains(line);
        site.receiver.until(logged).await;
        assert!(!site.receiver.stderr().contains(&genuine), "{what}");
    }
    assert!(site.fake.exchanges().is_empty());
}

/// ITSM waits for the receiver, and whoever withdraws the ticket waits for ITSM.
#[tokio::test(flavor = "multi_thread")]
async fn an_itsm_whose_answer_never_ends_is_given_up_in_good_time() {
    for (what, itsm) in set_up::never_ending().await {
        let site = Site::asking(&format!("{}/prod", itsm.url())).await;
        let begun = Instant::now();
        let body = set_up::callback(&site.fake, "REQ1");
        let reply = site.post("op1", &body).await;
        let message = reply["message"].as_str().unwrap();
        assert!(message.starts_with("ITSM could not be asked: "), "{what}: {message}");
        assert!(!itsm.received().is_empty(), "{what}: {message}");
        // It asks for two seconds.
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_break_off_dawdle_or_send_too_much_cost_nothing() {
    let site = Site::to_stdout().await;
    let (name, value) = site.binding("op1").await.header;
    let head = |length: usize| {
        format!(
            "POST /itsm/callback HTTP/1.1\r\nhost: gate\r\n{name}: {value}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let address = site.receiver.address();
    // One after the other, so by one instance: if it kept a part of each, its memory would run out.
    let junk = "x".repeat(60_000);
    let client = HttpClient::default();
    let headers = [(name.as_str(), value.as_str())];
    for _ in 0..1_000 {
        let posted = client.post(&site.callback_url, &headers, &junk);
        let answer = posted.await.unwrap();
        assert!(answer.body.contains("the body is no callback"));
    }
    let piece = "x".repeat(32 * 1024);
    let broken_off = |served: &Served| served.stderr().matches("the body broke off").count();
    for round in 1..=10 {
        // wasmtime has places for a thousand instances, and a request takes several.
        for _ in 0..100 {
            let mut client = TcpStream::connect(&address).await.unwrap();
            client.write_all(head(60_000).as_bytes()).await.unwrap();
            client.write_all(piece.as_bytes()).await.unwrap();
        }
        site.receiver.until(|served| broken_off(served) == 100 * round).await;
    }
    let too_large = site.post("op1", &"x".repeat(1 << 20)).await;
    assert_eq!(too_large["message"], "the body is too large");
    let mut client = TcpStream::connect(&address).await.unwrap();
    client.write_all(head(100).as_bytes()).await.unwrap();
    let mut answered = String::new();
    client.read_to_string(&mut answered).await.unwrap();
    assert!(answered.contains("the body came too slowly"), "{answered}");

    let sn = site.ticket("op1").await;
    assert_eq!(site.approve(&sn, "bob").await, None);
    let log = site.receiver.stderr();
    assert!(!log.contains("trap") && !log.contains("panic"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarding_is_repeated_under_the_same_key_until_the_target_takes_it() {
    let status = Arc::new(AtomicU16::new(503));
    let next = status.clone();
    let target =
        Scripted::start(move |_, _| vec![answer(next.load(Ordering::SeqCst), &[], "")]).await;
    let url = target.url();
    let settings = [("ITSM_FORWARD_URL", url.as_str()), ("ITSM_FORWARD_TOKEN", "canary-token")];
    let site = Site::forwarding(&settings).await;
    let sn = site.ticket("op1").await;
    let message = site.approve(&sn, "bob").await;
    assert_eq!(message.as_deref(), Some("not taken: status 503"));
    site.logged("op1", "refused: not taken: status 503").await;
    for (answered, code, message) in [
        (422, 1, "never taken: status 422"),
        (302, 1, "not taken: status 302"),
        (201, 0, "success"),
        (200, 0, "success"),
    ] {
        status.store(answered, Ordering::SeqCst);
        let reply = site.post("op1", &set_up::callback(&site.fake, &sn)).await;
        assert_eq!((&reply["code"], &reply["message"]), (&code.into(), &message.into()));
    }
    let received = target.received();
    assert_eq!(received.len(), 5);
    for request in received {
        assert_eq!(request.header("idempotency-key"), ["op1"]);
        assert_eq!(request.header("authorization"), ["Bearer canary-token"]);
        let object: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(object["verdict"], "approved");
        assert_eq!(object["ticket"]["sn"], *sn);
    }
    assert!(!site.receiver.stderr().contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_gives_no_answer_is_asked_again_another_time() {
    for (steps, message) in [
        (vec![Step::Hang], "not taken: no answer in time"),
        (vec![Step::Reset], "not taken: no answer"),
    ] {
        let target = Scripted::always(steps).await;
        let address = format!("{}/canary?secret", target.url());
        let settings = [("ITSM_FORWARD_URL", address.as_str())];
        let site = Site::forwarding(&settings).await;
        let sn = site.ticket("op1").await;
        assert_eq!(site.approve(&sn, "bob").await.as_deref(), Some(message));
        assert!(target.received()[0].head.starts_with("POST /canary?secret "));
        assert!(!site.receiver.stderr().contains("canary"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_check_is_accepted_and_handed_over_to_nobody() {
    let site = Site::to_stdout().await;
    let (mut store, instance) = Host::new().instance().await;
    let target = CallbackTarget {
        url: site.callback_url.clone(),
        headers: vec![site.binding("op1").await.header],
    };
    let diagnosis = instance.blueking_itsm_diagnosis();
    let fit = diagnosis.call_check_callback_url(&mut store, &target).await;
    assert!(fit.unwrap().is_ok());
    assert!(site.handed_over().is_empty() && site.fake.exchanges().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_missing_or_wrong_are_said_in_a_sentence_without_their_value() {
    let good = [
        ("ITSM_GATEWAY", "http://127.0.0.1:1/prod"),
        ("ITSM_CALLBACK_URL", "http://gate/itsm/callback"),
        ("ITSM_BINDING_KEYS", KEY),
        ("ITSM_FORWARD_URL", "http://127.0.0.1:1/"),
    ];
    for (changed, value, status, message) in [
        ("ITSM_TENANT_ID", "tenant", 200, "success"),
        (
            "ITSM_GATEWAY",
            "",
            503,
            "ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY: one of them says where ITSM is",
        ),
        ("ITSM_GATWAY", "canary", 503, "ITSM_GATWAY is no setting. Is ITSM_GATEWAY meant?"),
        ("ITSM_APP_SECRET", "canary", 503, "ITSM_APP_CODE is not set"),
        ("ITSM_CALLBACK_URL", "", 503, "ITSM_CALLBACK_URL is not set"),
        (
            "ITSM_CALLBACK_URL",
            "canary",
            503,
            "ITSM_CALLBACK_URL must begin with https:// or http://",
        ),
        (
            "ITSM_BINDING_KEYS",
            "itsm-key.k1.canary",
            503,
            "ITSM_BINDING_KEYS, key 1: the key's HEX is not 64 to 128 lower-case hex digits",
        ),
        ("ITSM_FORWARD_URL", "", 503, "ITSM_FORWARD_URL is not set"),
        ("ITSM_FORWARD_URL", "canary", 503, "ITSM_FORWARD_URL must begin with https:// or http://"),
        (
            "ITSM_FORWARD_URL",
            "http://canary@127.0.0.1:1/",
            503,
            "ITSM_FORWARD_URL must not hold a user or a password",
        ),
    ] {
        let mut settings: Vec<_> =
            good.iter().copied().filter(|(name, _)| *name != changed).collect();
        settings.push((changed, value));
        let served =
            Served::start("itsm-receiver-forward.wasm", Served::free_port(), &settings).await;
        let url = format!("http://{}/", served.address());
        let ready = HttpClient::default().get(&url).await.unwrap();
        assert_eq!(ready.status, status, "{changed}");
        let reply: Value = serde_json::from_str(&ready.body).unwrap();
        assert_eq!(reply["message"], message);
        assert!(!served.stderr().contains("canary"));
        served.stop().await;
    }
}
