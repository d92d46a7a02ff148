//! What the durable host must not lose, and where it keeps it.

use crate::{Operation, Outcome, Step};
use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the durable host keeps its operations. [`Sqlite`] is given; implement it for a database of your own.
///
/// When a function that writes has returned, a crash no longer undoes its write.
pub trait Store: Send + Sync + 'static {
    /// Stores an operation that begins, with its first record.
    fn insert(&self, operation: &Operation, step: &Step) -> Result<()>;

    /// Whether an operation with this title has been stored.
    fn is_known(&self, title: &str) -> Result<bool>;

    /// The operation with this id, which has been stored.
    fn operation(&self, id: &str) -> Result<Operation>;

    /// The record of an operation. None when it was never stored.
    fn record(&self, id: &str) -> Result<Option<String>>;

    /// Replaces `record` by the one that `event` led to. False, and nothing is written, when the stored record is
    /// not `record`: then another event came first.
    fn advance(&self, id: &str, event: &str, record: &str, step: &Step) -> Result<bool>;

    /// The same for the outcome's delivery, and enters the outcome in the ledger. Both happen in one transaction,
    /// so that neither is ahead of the other.
    fn deliver(&self, id: &str, outcome: &Outcome, record: &str, step: &Step) -> Result<bool>;

    /// Whether the outcome of an operation is in the ledger.
    fn is_delivered(&self, id: &str) -> Result<bool>;

    /// The operations whose next tick is due until then, in seconds since 1970.
    fn due(&self, until_s: u64) -> Result<Vec<String>>;

    /// Stores what a person must look at.
    fn report(&self, id: &str, why: &str) -> Result<()>;
}

/// A line of the ledger: what the gated action goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The operation.
    pub operation_id: String,
    /// What it was for.
    pub title: String,
    /// Its ticket.
    pub sn: String,
    /// How that ended.
    pub verdict: String,
}

/// A file of SQLite. It holds the tickets' tags, so it is as secret as passwords.
pub struct Sqlite(Mutex<Connection>);

/// `last_event` is for a person who looks into the file.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS operation (
        id TEXT PRIMARY KEY, title TEXT NOT NULL UNIQUE, operation TEXT NOT NULL, record TEXT NOT NULL,
        last_event TEXT NOT NULL, due_s INTEGER
    );
    CREATE TABLE IF NOT EXISTS ledger (
        operation TEXT NOT NULL, title TEXT NOT NULL, sn TEXT NOT NULL, verdict TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS report (operation TEXT NOT NULL, why TEXT NOT NULL);
";

impl Sqlite {
    /// Opens the file, and creates it when there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let database = Connection::open(path).context("the database can't be opened")?;
        // A write that returned is on the disk.
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute_batch(SCHEMA)?;
        Ok(Self(Mutex::new(database)))
    }

    /// The ledger.
    pub fn ledger(&self) -> Result<Vec<Entry>> {
        let database = self.database();
        let mut rows = database.prepare("SELECT operation, title, sn, verdict FROM ledger")?;
        let entries = rows.query_map([], |row| {
            Ok(Entry {
                operation_id: row.get(0)?,
                title: row.get(1)?,
                sn: row.get(2)?,
                verdict: row.get(3)?,
            })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// What a person must look at.
    pub fn reports(&self) -> Result<Vec<String>> {
        let database = self.database();
        let mut rows = database.prepare("SELECT why FROM report")?;
        let reports = rows.query_map([], |row| row.get(0))?;
        Ok(reports.collect::<Result<_, _>>()?)
    }

    fn database(&self) -> MutexGuard<'_, Connection> {
        // Every write is one statement or one transaction: a panic leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exists(&self, query: &str, value: &str) -> Result<bool> {
        let found = self.database().query_row(query, [value], |_| Ok(())).optional()?;
        Ok(found.is_some())
    }
}

impl Store for Sqlite {
    fn insert(&self, operation: &Operation, step: &Step) -> Result<()> {
        let json = serde_json::to_string(operation)?;
        self.database().execute(
            "INSERT INTO operation VALUES (?1, ?2, ?3, ?4, 'start', ?5)",
            params![operation.id, operation.title(), json, step.record_json, step.due_s],
        )?;
        Ok(())
    }

    fn is_known(&self, title: &str) -> Result<bool> {
        self.exists("SELECT 1 FROM operation WHERE title = ?1", title)
    }

    fn operation(&self, id: &str) -> Result<Operation> {
        let query = "SELECT operation FROM operation WHERE id = ?1";
        let json: String = self.database().query_row(query, [id], |row| row.get(0))?;
        // serde's own words could quote the tag.
        serde_json::from_str(&json).ok().context("an operation that can't be read")
    }

    fn record(&self, id: &str) -> Result<Option<String>> {
        let query = "SELECT record FROM operation WHERE id = ?1";
        Ok(self.database().query_row(query, [id], |row| row.get(0)).optional()?)
    }

    fn advance(&self, id: &str, event: &str, record: &str, step: &Step) -> Result<bool> {
        replace(&self.database(), id, event, record, step)
    }

    fn deliver(&self, id: &str, outcome: &Outcome, record: &str, step: &Step) -> Result<bool> {
        let mut database = self.database();
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let replaced = replace(&transaction, id, "delivered", record, step)?;
        if replaced {
            transaction.execute(
                "INSERT INTO ledger SELECT id, title, ?2, ?3 FROM operation WHERE id = ?1",
                params![id, outcome.ticket.sn, outcome.verdict.to_string()],
            )?;
        }
        transaction.commit()?;
        Ok(replaced)
    }

    fn is_delivered(&self, id: &str) -> Result<bool> {
        self.exists("SELECT 1 FROM ledger WHERE operation = ?1", id)
    }

    fn due(&self, until_s: u64) -> Result<Vec<String>> {
        let database = self.database();
        let query = "SELECT id FROM operation WHERE due_s <= ?1 ORDER BY due_s";
        let mut rows = database.prepare(query)?;
        let due = rows.query_map([until_s], |row| row.get(0))?;
        Ok(due.collect::<Result<_, _>>()?)
    }

    fn report(&self, id: &str, why: &str) -> Result<()> {
        self.database().execute("INSERT INTO report VALUES (?1, ?2)", params![id, why])?;
        Ok(())
    }
}

fn replace(
    database: &Connection,
    id: &str,
    event: &str,
    record: &str,
    step: &Step,
) -> Result<bool> {
    let rows = database.execute(
        "UPDATE operation SET record = ?1, last_event = ?2, due_s = ?3 WHERE id = ?4 AND record = ?5",
        params![step.record_json, event, step.due_s, id, record],
    )?;
    Ok(rows == 1)
}
