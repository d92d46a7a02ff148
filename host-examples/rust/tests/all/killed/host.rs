//! The program that is killed: the durable host, with a store that kills it, and a clock that runs faster.

use rust_host::durable::{Durable, Sqlite, Store};
use rust_host::{Itsm, Operation, Outcome, Settings, Step, env, fast_approval};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Result<T> = anyhow::Result<T>;

/// The write at which the program dies: `WRITE#N` is the N-th time, from 0, that this write is come to.
pub const KILL_AT: &str = "KILL_AT";
/// When set, an operation is stored only after its ticket has been created.
pub const ONE_WRITE_REMOVED: &str = "ONE_WRITE_REMOVED";

const CLOCK_RATE: u64 = 200;

/// The program is this test program, which then runs the one test below.
pub fn program() -> Command {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["killed::host::is_a_program", "--exact", "--ignored", "--nocapture"]);
    program
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the program that the kill test starts"]
async fn is_a_program() {
    let component = Path::new(&env("ITSM_WASM_DIR").unwrap()).join("itsm.wasm");
    let itsm = Itsm::load(&component, Settings::from_env().unwrap(), Arc::new(|_| ())).unwrap();
    let host = Durable::new(itsm, Arc::new(Killing::from_env()), Arc::new(now_s));
    let listener = tokio::net::TcpListener::bind(env("ITSM_LISTEN").unwrap()).await.unwrap();
    let endpoint = host.callback_endpoint();
    tokio::spawn(async move { axum::serve(listener, endpoint).await });
    host.tick(true).await.unwrap();
    let decide_within_s =
        env("ITSM_DECIDE_WITHIN_S").ok().map(|value| value.parse::<u64>().unwrap());
    for index in 0..super::ORDERS {
        let title = format!("{} {index}", super::TITLE);
        let decide_by_s = decide_within_s.map(|within| now_s() + within);
        host.begin(fast_approval("carol", &title, &["admin"]), decide_by_s).await.unwrap();
    }
    host.run(Duration::from_millis(50)).await;
}

fn now_s() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since_epoch.as_millis() as u64 * CLOCK_RATE / 1_000
}

/// An operation that is not yet stored.
type Unstored = (Operation, Step);

/// A store that kills the program before or after one of its writes, as a power cut would.
struct Killing {
    store: Sqlite,
    kill_at: Option<String>,
    /// How often the write has been come to at which the program dies.
    seen: AtomicU64,
    /// Where to note at which write it died.
    note: String,
    /// With one write removed: what is stored with the next write of its operation.
    unstored: Option<Mutex<Vec<Unstored>>>,
}

impl Killing {
    fn from_env() -> Self {
        let database = env("ITSM_DATABASE").unwrap();
        Self {
            store: Sqlite::open(Path::new(&database)).unwrap(),
            kill_at: env(KILL_AT).ok(),
            seen: AtomicU64::new(0),
            note: format!("{database}.killed"),
            unstored: env(ONE_WRITE_REMOVED).ok().map(|_| Mutex::default()),
        }
    }

    fn write<T>(&self, event: &str, write: impl FnOnce() -> Result<T>) -> Result<T> {
        self.come_to(&format!("{event}: before the write"));
        let written = write()?;
        self.come_to(&format!("{event}: after the write"));
        Ok(written)
    }

    fn come_to(&self, write: &str) {
        let kill_at = self.kill_at.as_ref().and_then(|kill_at| kill_at.split_once('#'));
        let Some((_, count)) = kill_at.filter(|(name, _)| *name == write) else {
            return;
        };
        if self.seen.fetch_add(1, Ordering::SeqCst).to_string() == count {
            let noted = std::fs::write(&self.note, write);
            let pid = std::process::id().to_string();
            let killed = Command::new("kill").args(["-9", &pid]).status();
            unreachable!("still alive after {noted:?} and {killed:?}");
        }
    }

    /// What is not yet stored of an operation.
    fn unstored<T>(&self, id: &str, read: impl FnOnce(&Unstored) -> T) -> Option<T> {
        let unstored = self.unstored.as_ref()?.lock().unwrap();
        unstored.iter().find(|(operation, ..)| operation.id == id).map(read)
    }

    /// Stores what is not yet stored of an operation.
    fn catch_up(&self, id: &str) -> Result<()> {
        let Some(unstored) = &self.unstored else { return Ok(()) };
        let mut unstored = unstored.lock().unwrap();
        if let Some(place) = unstored.iter().position(|(operation, ..)| operation.id == id) {
            let (operation, step) = unstored.remove(place);
            self.store.insert(&operation, &step)?;
        }
        Ok(())
    }
}

impl Store for Killing {
    fn insert(&self, operation: &Operation, step: &Step) -> Result<()> {
        if let Some(unstored) = &self.unstored {
            // An operation has no `clone`, as a secret should have none.
            let copy = serde_json::from_value(serde_json::to_value(operation)?)?;
            unstored.lock().unwrap().push((copy, step.clone()));
            return Ok(());
        }
        self.write("start", || self.store.insert(operation, step))
    }

    fn advance(&self, id: &str, event: &str, record: &str, step: &Step) -> Result<bool> {
        self.write(event, || {
            self.catch_up(id)?;
            self.store.advance(id, event, record, step)
        })
    }

    fn deliver(&self, id: &str, outcome: &Outcome, record: &str, step: &Step) -> Result<bool> {
        self.write("delivered", || self.store.deliver(id, outcome, record, step))
    }

    fn operation(&self, id: &str) -> Result<Operation> {
        let copy = |(operation, ..): &Unstored| {
            Ok(serde_json::from_value(serde_json::to_value(operation)?)?)
        };
        self.unstored(id, copy).unwrap_or_else(|| self.store.operation(id))
    }

    fn record(&self, id: &str) -> Result<Option<String>> {
        let record = self.unstored(id, |(.., step)| step.record_json.clone());
        record.map_or_else(|| self.store.record(id), |record| Ok(Some(record)))
    }

    fn is_known(&self, title: &str) -> Result<bool> {
        self.store.is_known(title)
    }

    fn is_delivered(&self, id: &str) -> Result<bool> {
        self.store.is_delivered(id)
    }

    fn due(&self, until_s: u64) -> Result<Vec<String>> {
        self.store.due(until_s)
    }

    fn report(&self, id: &str, why: &str) -> Result<()> {
        self.store.report(id, why)
    }
}
