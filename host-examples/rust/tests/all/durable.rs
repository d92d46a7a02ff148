//! The durable host while time passes and ITSM refuses, forgets and rewrites.

use crate::set_up::{Logged, folder, free_address, itsm, settings, until, with_settings};
use crate::thief;
use fake_itsm::{FakeItsm, Fault, Options, Tags};
use rust_host::durable::{Durable, Entry, Sqlite};
use rust_host::fast_approval;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BEGINNING: u64 = 1_800_000_000;
const QUARTER_OF_AN_HOUR: u64 = 900;
/// ITSM rewrites it after creation.
const TITLE: &str = "给 O'Brien <ops@example.com> 开户";

struct Set {
    fake: FakeItsm,
    host: Durable,
    store: Arc<Sqlite>,
    now: Arc<AtomicU64>,
    logged: Logged,
}

async fn set_up(test: &str, options: Options) -> Set {
    let fake = FakeItsm::start(options).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback_url = format!("http://{}/itsm/callback", listener.local_addr().unwrap());
    let (itsm, logged) = itsm(settings(fake.gateway_url(), callback_url));
    let now = Arc::new(AtomicU64::new(BEGINNING));
    let clock = now.clone();
    let clock = Arc::new(move || clock.load(Ordering::SeqCst));
    let store = Arc::new(Sqlite::open(&folder(test).join("host.sqlite")).unwrap());
    let host = Durable::new(itsm, store.clone(), clock);
    let endpoint = host.callback_endpoint();
    tokio::spawn(async move { axum::serve(listener, endpoint).await });
    Set { fake, host, store, now, logged }
}

impl Set {
    /// Begins an operation, with a time for the decision.
    async fn begin(&self, decide_by_s: Option<u64>) {
        let ticket = fast_approval("carol", TITLE, &["admin"]);
        self.host.begin(ticket, decide_by_s).await.unwrap();
    }

    /// The operation's ticket, when its flow runs.
    async fn ticket(&self) -> String {
        let sn = self.fake.tickets()[0].sn.clone();
        self.fake.started(&sn).await.unwrap();
        sn
    }

    /// Half a day passes.
    async fn wait(&self) {
        for _ in 0..48 {
            self.now.fetch_add(QUARTER_OF_AN_HOUR, Ordering::SeqCst);
            self.host.tick(false).await.unwrap();
        }
    }

    fn verdicts(&self) -> Vec<String> {
        let ledger = self.store.ledger().unwrap();
        ledger.into_iter().map(|entry| entry.verdict).collect()
    }

    async fn delivered(&self) {
        let is_there = || !self.store.ledger().unwrap().is_empty();
        until("an outcome in the ledger", is_there).await;
    }

    fn withdrawals(&self) -> usize {
        self.fake.exchanges_of("operate_ticket").len()
    }
}

fn denied() -> Fault {
    Fault::Gateway { status: 403, code: 1_640_301, message: "App has no permission".to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_about_which_nobody_decides_is_withdrawn_once_and_in_time() {
    let set = set_up("undecided-in-time", Options::default()).await;
    set.begin(Some(BEGINNING + 3_600)).await;
    let sn = set.ticket().await;
    set.now.fetch_add(3_000, Ordering::SeqCst);
    set.host.tick(true).await.unwrap();
    assert_eq!(set.withdrawals(), 0, "it is not time yet");
    set.wait().await;
    assert_eq!(set.verdicts(), ["withdrawn"]);
    assert_eq!(set.withdrawals(), 1);
    assert!(set.fake.called_back(&sn).await.unwrap().delivered);
    assert_eq!(set.store.reports().unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_came_first_wins_over_the_time_for_it() {
    let set = set_up("decided-in-time", Options::default()).await;
    set.fake.fault("callback", Fault::LostCallback, 1);
    set.begin(Some(BEGINNING + 3_600)).await;
    let sn = set.ticket().await;
    set.fake.approve(&sn, "admin").await.unwrap();
    set.fake.called_back(&sn).await.unwrap();
    set.wait().await;
    assert_eq!(set.verdicts(), ["approved"]);
    assert_eq!(set.withdrawals(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_itsm_refuses_is_reported_and_the_ticket_awaited() {
    let set = set_up("not-withdrawn", Options::default()).await;
    let refusal = Fault::Answer {
        status: 200,
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: r#"{"result":false,"code":3900004,"message":"no","data":null}"#.into(),
    };
    set.fake.fault("operate_ticket", refusal, 1);
    set.begin(Some(BEGINNING + 3_600)).await;
    let sn = set.ticket().await;
    set.wait().await;
    let reports = set.store.reports().unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
    let why = "does not let the ticket be taken back";
    assert!(reports[0].contains(why), "{reports:?}");
    assert_eq!((set.withdrawals(), set.verdicts().len()), (1, 0));
    set.fake.approve(&sn, "admin").await.unwrap();
    set.delivered().await;
    assert_eq!(set.verdicts(), ["approved"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_repeats_itself_is_reported_once() {
    let set = set_up("refused", Options::default()).await;
    set.fake.fault("create_ticket", denied(), 1_000);
    set.begin(None).await;
    set.wait().await;
    let reports = set.store.reports().unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("App has no permission"), "{reports:?}");
    assert_eq!(set.fake.tickets().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_cannot_find_tickets_by_tag_deliver_too() {
    for tags in [Tags::Ignored, Tags::FilteredNotStored] {
        let options = Options { tags, ..Options::default() };
        let set = set_up(&format!("tags-{tags:?}"), options).await;
        set.begin(None).await;
        let sn = set.ticket().await;
        set.fake.approve(&sn, "admin").await.unwrap();
        set.delivered().await;
        assert_eq!(set.verdicts(), ["approved"]);
        assert_eq!(set.store.reports().unwrap(), [""; 0]);
    }
}

/// The app may not read ITSM's result, and the log lacks whatever follows an emoji.
#[tokio::test(flavor = "multi_thread")]
async fn an_ending_that_cannot_be_told_is_reported_once_and_never_guessed() {
    let options = Options { verified_users: true, ..Options::default() };
    let set = set_up("undecidable", options).await;
    set.begin(None).await;
    let sn = set.ticket().await;
    set.fake.approve_saying(&sn, "admin", "好 👍").await.unwrap();
    set.fake.called_back(&sn).await.unwrap();
    set.wait().await;
    assert_eq!(set.verdicts(), [""; 0]);
    let reports = set.store.reports().unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_itsm_rewrites_and_a_lost_answer_lose_nothing() {
    let set = set_up("rewritten", Options::default()).await;
    let lost = Fault::DropAfterExecuting;
    set.fake.fault("create_ticket", lost, 1);
    set.begin(None).await;
    let sn = set.ticket().await;
    until("the title is rewritten", || set.fake.ticket(&sn).unwrap().title != TITLE).await;
    set.fake.approve(&sn, "admin").await.unwrap();
    set.fake.called_back(&sn).await.unwrap();
    set.wait().await;
    assert_eq!(set.verdicts(), ["approved"]);
    assert_eq!(set.fake.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_a_thief_of_headers_approves_changes_nothing_and_no_tag_is_told() {
    let set = set_up("thief", Options::default()).await;
    set.begin(None).await;
    let sn = set.ticket().await;
    let victim = set.fake.ticket(&sn).unwrap();
    let sent = thief::approve_in_place_of(&set.fake, &victim).await.unwrap();
    assert!(!sent.delivered && sent.status == Some(200), "{sent:?}");
    assert_eq!(set.verdicts(), [""; 0]);
    set.fake.refuse(&sn, "admin", "no").await.unwrap();
    set.delivered().await;
    assert_eq!(set.verdicts(), ["rejected"]);

    let texts = set.logged.all() + &set.store.reports().unwrap().concat();
    assert!(!texts.contains(&victim.tag.unwrap()), "{texts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_asks_for_its_approvals_and_keeps_their_outcomes() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let listen = free_address(0);
    let settings = settings(fake.gateway_url(), format!("http://{listen}/itsm/callback"));
    let database = folder("program").join("host.sqlite");
    let mut program = Command::new(env!("CARGO_BIN_EXE_durable"));
    let mut program = with_settings(&mut program, &settings)
        .env("ITSM_LISTEN", &listen)
        .env("ITSM_DATABASE", &database)
        .env("ITSM_ORDERS", "2")
        .env("ITSM_TITLE", "an account")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("two tickets", || fake.tickets().len() == 2).await;
    let store = Sqlite::open(&database).unwrap();
    for ticket in fake.tickets() {
        fake.started(&ticket.sn).await.unwrap();
        fake.approve(&ticket.sn, "admin").await.unwrap();
    }
    until("two outcomes", || store.ledger().unwrap().len() == 2).await;
    program.kill().unwrap();
    program.wait().unwrap();
    let mut ledger = store.ledger().unwrap();
    ledger.sort_by(|one, other| one.title.cmp(&other.title));
    let titles =
        ledger.iter().map(|Entry { title, verdict, .. }| (title.as_str(), verdict.as_str()));
    assert_eq!(
        titles.collect::<Vec<_>>(),
        [("an account 0", "approved"), ("an account 1", "approved")]
    );
}
