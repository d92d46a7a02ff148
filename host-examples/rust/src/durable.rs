//! A host whose outcomes arrive exactly once: each record is in SQLite before anything is done about it.
//!
//! The rule is `tracking`'s: store the step, carry its actions out, take in what came of them. A crash in
//! between costs nothing: at the next start every record gets a tick.

use crate::bindings::exports::blueking::itsm::callbacks::BoundCallback;
use crate::endpoint::{CONFIRM_WITHIN, answer};
use crate::{Action, Event, Failure, Itsm, LookedUp, Operation, Outcome, Step, word};
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What one ticket is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// In whose name.
    pub creator: String,
    /// For what. One order for each title.
    pub title: String,
    /// Who approves.
    pub approver: String,
    /// By when somebody must have decided, in seconds since 1970: else the ticket is withdrawn.
    pub decide_by_s: Option<u64>,
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

/// What a test wants to know, and to interfere with: called at each durable write, before and after.
pub type Checkpoint = Arc<dyn Fn(&str) + Send + Sync>;
/// Seconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The durable host. Clones share everything.
#[derive(Clone)]
pub struct Durable {
    itsm: Itsm,
    database: Arc<Mutex<Connection>>,
    clock: Clock,
    checkpoint: Checkpoint,
}

/// The ticket's text holds its tag, which is a secret, as the whole file so is.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS operation (
        id TEXT PRIMARY KEY, title TEXT NOT NULL UNIQUE, ticket TEXT NOT NULL, record TEXT NOT NULL,
        due_s INTEGER
    );
    CREATE TABLE IF NOT EXISTS ledger (
        operation TEXT NOT NULL, title TEXT NOT NULL, sn TEXT NOT NULL, verdict TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS report (operation TEXT NOT NULL, why TEXT NOT NULL);
";

impl Durable {
    /// Opens the database, and creates it when there is none.
    pub fn open(itsm: Itsm, path: &Path, clock: Clock, checkpoint: Checkpoint) -> Result<Self> {
        let database = Connection::open(path).context("the database can't be opened")?;
        // A write that returned is on the disk.
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute_batch(SCHEMA)?;
        Ok(Self { itsm, database: Arc::new(Mutex::new(database)), clock, checkpoint })
    }

    /// Begins an order, unless it has been begun: stores it, then creates its ticket.
    pub async fn begin(&self, order: &Order) -> Result<()> {
        let known = self
            .database()
            .query_row("SELECT 1 FROM operation WHERE title = ?1", [&order.title], |_| Ok(()))
            .optional()?;
        if known.is_some() {
            return Ok(());
        }
        let approvers = [order.approver.as_str()];
        let prepared = self.itsm.prepare(&order.creator, &order.title, &approvers);
        let operation = prepared.await?;
        let id = &operation.id;
        let started = self.itsm.start_tracking(id, order.decide_by_s, (self.clock)());
        let step = started.await?;
        (self.checkpoint)("start: before the write");
        if cfg!(not(feature = "one-write-removed")) {
            self.insert(&operation, order, &step)?;
            (self.checkpoint)("start: after the write");
            self.carry_out(id, step.actions).await
        } else {
            let created = self.create(&operation).await?;
            (self.checkpoint)("start: after the write");
            self.insert(&operation, order, &step)?;
            self.take_in(id, created).await
        }
    }

    fn insert(&self, operation: &Operation, order: &Order, step: &Step) -> Result<()> {
        let Operation { id, ticket } = operation;
        let ticket = serde_json::to_string(ticket)?;
        self.database().execute(
            "INSERT INTO operation VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, order.title, ticket, step.state_json, step.due_s],
        )?;
        Ok(())
    }

    /// Ticks what is due; with `all`, as at a start, whatever is not settled.
    pub async fn tick(&self, all: bool) -> Result<()> {
        let due_until = if all { i64::MAX as u64 } else { (self.clock)() };
        let due: Vec<String> = self
            .database()
            .prepare("SELECT id FROM operation WHERE due_s <= ?1 ORDER BY due_s")?
            .query_map([due_until], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for operation in due {
            self.take_in(&operation, Event::Tick).await?;
        }
        Ok(())
    }

    /// Takes an event in, and carries out all that follows from it.
    pub async fn take_in(&self, operation: &str, event: Event) -> Result<()> {
        let actions = self.store(operation, event).await?;
        self.carry_out(operation, actions).await
    }

    async fn carry_out(&self, operation: &str, actions: Vec<Action>) -> Result<()> {
        let mut waiting = VecDeque::from(actions);
        while let Some(action) = waiting.pop_front() {
            if let Some(event) = self.act(operation, action).await? {
                waiting.extend(self.store(operation, event).await?);
            }
        }
        Ok(())
    }

    /// Advances the record in the database. Events of one operation can meet, as a callback and a tick
    /// do: the one that finds the record changed begins again.
    async fn store(&self, operation: &str, event: Event) -> Result<Vec<Action>> {
        let name = name(&event);
        loop {
            let Some(record) = self.record(operation)? else {
                self.report(operation, "an event for an operation that was never stored")?;
                return Ok(Vec::new());
            };
            let step = self.itsm.advance(&record, &event, (self.clock)()).await?;
            (self.checkpoint)(&format!("{name}: before the write"));
            let stored = self.database().execute(
                "UPDATE operation SET record = ?1, due_s = ?2 WHERE id = ?3 AND record = ?4",
                params![step.state_json, step.due_s, operation, record],
            )?;
            (self.checkpoint)(&format!("{name}: after the write"));
            if stored == 1 {
                return Ok(step.actions);
            }
        }
    }

    /// Carries one action out; what came of it is the next event. A question that failed is no news: the
    /// next tick asks again.
    async fn act(&self, id: &str, action: Action) -> Result<Option<Event>> {
        Ok(match action {
            Action::Create => Some(self.create(&self.operation(id)?).await?),
            Action::Recover => {
                let asked_s = (self.clock)();
                let found = self.itsm.recover(&self.operation(id)?).await?;
                self.told(id, found)
                    .map(|recovery| Event::Recovered(LookedUp { asked_s, recovery }))
            }
            Action::Confirm(sn) => {
                let asking = self.itsm.within(CONFIRM_WITHIN);
                let confirmed = asking.confirm_own(&sn).await?;
                self.told(id, confirmed).map(Event::Confirmed)
            }
            Action::Withdraw(sn) => {
                let operation = self.operation(id)?;
                let why = "nobody decided in time";
                Some(match self.itsm.withdraw(&operation, &sn, why).await? {
                    Ok(()) => Event::Tick,
                    Err(failure) => Event::NotWithdrawn(failure),
                })
            }
            Action::Deliver(outcome) => {
                self.deliver(id, &outcome).await?;
                None
            }
            Action::Report(why) | Action::Other(why) => {
                self.report(id, &why)?;
                None
            }
        })
    }

    async fn create(&self, operation: &Operation) -> Result<Event> {
        Ok(match self.itsm.create(operation).await? {
            Ok(ticket) => Event::Created(ticket),
            Err(failure) if failure.may_have_acted => Event::Unclear(failure),
            Err(failure) => Event::NotCreated(failure),
        })
    }

    fn told<T>(&self, operation: &str, answer: Result<T, Failure>) -> Option<T> {
        let failed =
            |failure: Failure| self.itsm.say(format!("operation {operation}: {}", failure.message));
        answer.map_err(failed).ok()
    }

    /// The ledger and the record change in one transaction, so that neither is ahead of the other.
    async fn deliver(&self, operation: &str, outcome: &Outcome) -> Result<()> {
        let Some(record) = self.record(operation)? else {
            return Ok(());
        };
        let now_s = (self.clock)();
        let step = self.itsm.advance(&record, &Event::Delivered, now_s).await?;
        (self.checkpoint)("delivered: before the write");
        {
            let mut database = self.database();
            let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let settled = transaction.execute(
                "UPDATE operation SET record = ?1, due_s = ?2 WHERE id = ?3 AND record = ?4",
                params![step.state_json, step.due_s, operation, record],
            )?;
            // Else somebody else delivered meanwhile.
            if settled == 1 && step.state_json != record {
                transaction.execute(
                    "INSERT INTO ledger SELECT id, title, ?2, ?3 FROM operation WHERE id = ?1",
                    params![operation, outcome.ticket.sn, word(outcome.verdict)],
                )?;
            }
            transaction.commit()?;
        }
        (self.checkpoint)("delivered: after the write");
        Ok(())
    }

    fn report(&self, operation: &str, why: &str) -> Result<()> {
        self.itsm.say(format!("operation {operation}: {why}"));
        self.database().execute("INSERT INTO report VALUES (?1, ?2)", params![operation, why])?;
        Ok(())
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

    /// What people were told.
    pub fn reports(&self) -> Result<Vec<String>> {
        let database = self.database();
        let mut rows = database.prepare("SELECT why FROM report")?;
        let reports = rows.query_map([], |row| row.get(0))?;
        Ok(reports.collect::<Result<_, _>>()?)
    }

    /// Serves ITSM's callbacks at the path of the callback address, and answers `accepted` only to what is in
    /// the ledger.
    pub fn callback_endpoint(&self) -> Router {
        Router::new().fallback(receive).with_state(self.clone())
    }

    /// Ticks until the program ends.
    pub async fn run(&self, every: Duration) {
        loop {
            if let Err(error) = self.tick(false).await {
                self.itsm.say(format!("tick: {error:#}"));
            }
            tokio::time::sleep(every).await;
        }
    }

    fn record(&self, operation: &str) -> Result<Option<String>> {
        let asked = "SELECT record FROM operation WHERE id = ?1";
        let database = self.database();
        let found = database.query_row(asked, [operation], |row| row.get(0));
        Ok(found.optional()?)
    }

    fn operation(&self, id: &str) -> Result<Operation> {
        let asked = "SELECT ticket FROM operation WHERE id = ?1";
        let ticket: String = self.database().query_row(asked, [id], |row| row.get(0))?;
        Ok(Operation {
            id: id.to_owned(),
            // serde's own words could quote the tag.
            ticket: serde_json::from_str(&ticket).ok().context("a ticket that can't be read")?,
        })
    }

    fn is_delivered(&self, operation: &str) -> Result<bool> {
        let asked = "SELECT 1 FROM ledger WHERE operation = ?1";
        let database = self.database();
        let found = database.query_row(asked, [operation], |_| Ok(()));
        Ok(found.optional()?.is_some())
    }

    fn database(&self) -> MutexGuard<'_, Connection> {
        // Every write is one statement or one transaction: a panic leaves nothing half done.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(State(host): State<Durable>, request: Request) -> Response {
    let reply = async {
        let BoundCallback { bound, callback } = match host.itsm.receive(request).await? {
            Ok(callback) => callback,
            Err(reply) => return Ok(reply),
        };
        let operation = bound.claims.operation_id;
        host.take_in(&operation, Event::Callback(callback)).await?;
        if host.is_delivered(&operation)? {
            host.itsm.accept().await
        } else {
            host.itsm.refuse("not settled yet").await
        }
    };
    answer(&host.itsm, reply.await)
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Created(_) => "created",
        Event::NotCreated(_) => "not created",
        Event::Unclear(_) => "unclear",
        Event::Recovered(_) => "recovered",
        Event::Callback(_) => "callback",
        Event::Confirmed(_) => "confirmed",
        Event::Delivered => "delivered",
        Event::NotWithdrawn(_) => "not withdrawn",
        Event::Tick => "tick",
    }
}
