//! The durable host is killed at its writes, over and over, while ITSM misbehaves: each outcome arrives
//! exactly once. The judge is the fake ITSM's own list of tickets.
//!
//! KILL_RUNS sets how many runs there are; `cargo xtask prove` makes 100 of them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use fake_itsm::{FakeItsm, Fault, Options, TicketView};
use rust_host::durable::{Durable, Entry};
use rust_host::{Itsm, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ORDERS: usize = 3;
/// Every durable write, on either side of it.
const WRITES: [&str; 16] = [
    "start: before the write",
    "start: after the write",
    "created: before the write",
    "created: after the write",
    "unclear: before the write",
    "unclear: after the write",
    "recovered: before the write",
    "recovered: after the write",
    "callback: before the write",
    "callback: after the write",
    "confirmed: before the write",
    "confirmed: after the write",
    "delivered: before the write",
    "delivered: after the write",
    "tick: before the write",
    "tick: after the write",
];
const LONGEST: Duration = Duration::from_secs(60);

struct Run {
    fake: FakeItsm,
    settings: Settings,
    listen: String,
    database: PathBuf,
}

fn wasm_folder() -> PathBuf {
    let folder = std::env::var_os("ITSM_WASM_DIR").map(PathBuf::from);
    let built = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/itsm"));
    let folder = folder.unwrap_or_else(built);
    assert!(
        folder.join("itsm.wasm").is_file(),
        "run `cargo xtask build` first"
    );
    folder
}

impl Run {
    async fn start(seed: u64) -> Self {
        let fake = FakeItsm::start(Options {
            seed: seed + 1,
            ..Options::default()
        })
        .await
        .unwrap();
        // A port that stays the same over the host's lives.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap().to_string();
        let settings = Settings {
            gateway: fake.gateway_url(),
            app_code: "app".into(),
            app_secret: "secret".into(),
            callback_url: format!("http://{listen}/itsm/callback"),
            binding_key: format!("itsm-key.t.{}", "0f".repeat(32)),
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("killed-{seed}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self {
            fake,
            settings,
            listen,
            database: folder.join("host.sqlite"),
        }
    }

    /// The faults of a run: those without which its write is never come to, or any.
    fn misbehave(&self, seed: u64, write: &str) {
        let kind = match write.split(':').next() {
            Some("unclear" | "recovered") => 3 * (seed / 16 % 2),
            Some("tick") => 2,
            _ => seed / 16 % 6,
        };
        match kind {
            0 => self
                .fake
                .fault("create_ticket", Fault::DropAfterExecuting, 1),
            1 => self.fake.fault("create_ticket", Fault::EarlyCallback, 1),
            2 => self.fake.fault("callback", Fault::LostCallback, 2),
            3 => self.fake.fault("create_ticket", Fault::Truncated, 2),
            4 => self
                .fake
                .fault("get_tickets", Fault::DropBeforeExecuting, 2),
            _ => {
                self.fake
                    .fault("ticket_approval_result", Fault::ResultNotVisible, 1);
                self.fake
                    .fault("create_ticket", Fault::DropAfterExecuting, 1);
                self.fake.fault("callback", Fault::LostCallback, 1);
            }
        }
    }

    fn host(&self, kill_at: Option<String>) -> Child {
        let mut host = Command::new(env!("CARGO_BIN_EXE_durable"));
        host.env("ITSM_WASM_DIR", wasm_folder())
            .env("ITSM_GATEWAY", &self.settings.gateway)
            .env("ITSM_APP_CODE", &self.settings.app_code)
            .env("ITSM_APP_SECRET", &self.settings.app_secret)
            .env("ITSM_CALLBACK_URL", &self.settings.callback_url)
            .env("ITSM_BINDING_KEY", &self.settings.binding_key)
            .env("ITSM_LISTEN", &self.listen)
            .env("ITSM_DATABASE", &self.database)
            .env("ITSM_ORDERS", ORDERS.to_string())
            .env("CLOCK_RATE", "200")
            .stdout(Stdio::null());
        if let Some(write) = kill_at {
            host.env("KILL_AT", write);
        }
        host.spawn().unwrap()
    }

    /// People decide, as tickets come: every second order is refused.
    async fn decide(&self) {
        for ticket in self.fake.tickets() {
            if ticket.started && !ticket.ended {
                let decided = if ticket.title.ends_with('1') {
                    self.fake.refuse(&ticket.sn, "admin", "no").await
                } else {
                    self.fake.approve(&ticket.sn, "admin").await
                };
                decided.unwrap();
            }
        }
    }

    async fn ledger(&self) -> Vec<Entry> {
        if !self.database.is_file() {
            return Vec::new();
        }
        let itsm = Itsm::load(
            &wasm_folder().join("itsm.wasm"),
            self.settings.clone(),
            Arc::new(|_| ()),
        );
        let host = Durable::open(
            itsm.unwrap(),
            &self.database,
            Arc::new(|| 0),
            Arc::new(|_| ()),
        );
        host.unwrap().ledger().unwrap_or_default()
    }
}

/// One run: the host lives, is killed at a write, and lives again until all is settled or time is up.
async fn run(seed: u64) -> (Option<String>, Vec<TicketView>, Vec<Entry>) {
    let write = WRITES[seed as usize % WRITES.len()];
    let run = Run::start(seed).await;
    run.misbehave(seed, write);
    // What comes once in a run is killed at its first time, the rest at any order's.
    let often = !write.starts_with("unclear")
        && !write.starts_with("recovered")
        && !write.starts_with("tick");
    let time = if often { seed / 16 % ORDERS as u64 } else { 0 };
    let mut host = run.host(Some(format!("{write}#{time}")));
    let begun = Instant::now();
    let mut killed = false;
    let mut settled = 0;
    while settled < ORDERS && begun.elapsed() < LONGEST {
        tokio::time::sleep(Duration::from_millis(30)).await;
        run.decide().await;
        if !killed && host.try_wait().unwrap().is_some() {
            killed = true;
            host = run.host(None);
        }
        settled = settled_orders(&run.database);
        // Not killed at all: there were fewer writes.
        if settled == ORDERS && !killed {
            killed = true;
            settled = 0;
            host.kill().unwrap();
            host.wait().unwrap();
            host = run.host(None);
        }
    }
    // Whatever would come twice comes now.
    tokio::time::sleep(Duration::from_millis(150)).await;
    let _ = host.kill();
    let _ = host.wait();
    let note = run.database.with_extension("sqlite.killed");
    (
        std::fs::read_to_string(note).ok(),
        run.fake.tickets(),
        run.ledger().await,
    )
}

fn settled_orders(database: &Path) -> usize {
    let counted =
        rusqlite::Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
            .and_then(|database| {
                database.query_row("SELECT count(DISTINCT title) FROM ledger", [], |row| {
                    row.get::<_, i64>(0)
                })
            });
    counted.unwrap_or_default() as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn each_outcome_arrives_exactly_once_wherever_the_host_is_killed() {
    let runs: u64 = std::env::var("KILL_RUNS").map_or(16, |runs| runs.parse().unwrap());
    let mut writes = BTreeMap::<String, u64>::new();
    let (mut lost, mut twice, mut doubled, mut tickets) = (0, 0, 0, 0);
    for seed in 0..runs {
        let (killed_at, all, ledger) = run(seed).await;
        if let Some(write) = killed_at {
            *writes.entry(write).or_default() += 1;
        }
        tickets += all.len();
        for title in (0..ORDERS).map(|index| format!("order {index}")) {
            let made: Vec<_> = all.iter().filter(|ticket| ticket.title == title).collect();
            doubled += made.len().saturating_sub(1);
            let entries: Vec<_> = ledger.iter().filter(|entry| entry.title == title).collect();
            twice += entries.len().saturating_sub(1);
            let right = entries.iter().any(|entry| {
                made.iter().any(|ticket| {
                    let result = if ticket.approve_result {
                        "approved"
                    } else {
                        "rejected"
                    };
                    ticket.ended && ticket.sn == entry.sn && entry.verdict == result
                })
            });
            if !right {
                lost += 1;
                println!("seed {seed}: {title} has tickets {made:?} and entries {entries:?}");
            }
        }
    }
    for (write, times) in &writes {
        println!("killed {times:>3} times at {write}");
    }
    println!(
        "{runs} runs, {tickets} tickets: lost {lost}, delivered twice {twice}, created twice {doubled}"
    );
    assert_eq!((lost, twice, doubled), (0, 0, 0));
    let least = (runs / 20).max(u64::from(runs >= 16));
    for write in WRITES {
        let times = writes.get(write).copied().unwrap_or_default();
        assert!(times >= least, "killed only {times} times at {write}");
    }
}
