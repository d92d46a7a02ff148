//! A host whose outcomes arrive exactly once: each record is stored before anything is done about it.
//!
//! The rule is `tracking`'s: store the step, carry its actions out, take in what came of them. A crash in
//! between costs nothing: at the next start every record gets a tick.

pub use crate::store::{Entry, Sqlite, Store};

use crate::bindings::exports::blueking::itsm::callbacks::BoundCallback;
use crate::endpoint::{CONFIRM_WITHIN, answer};
use crate::{Action, Error, Event, Itsm, LookedUp, NewTicket, Operation, Outcome};
use anyhow::Result;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use std::collections::VecDeque;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::time::Duration;

/// Seconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Hears of each event of an operation before the event is taken in.
pub type Watch = Arc<dyn Fn(&str, &Event) + Send + Sync>;

/// The durable host. Clones share everything.
#[derive(Clone)]
pub struct Durable {
    itsm: Itsm,
    store: Arc<dyn Store>,
    clock: Clock,
    watch: Watch,
}

impl Durable {
    /// A host that keeps its operations in a store.
    pub fn new(itsm: Itsm, store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { itsm, store, clock, watch: Arc::new(|_, _| {}) }
    }

    /// The same, with somebody who hears of each event.
    pub fn watched(self, watch: Watch) -> Self {
        Self { watch, ..self }
    }

    /// Begins an operation, unless one with this title has begun: stores it, then creates its ticket. Unless
    /// somebody has decided by `decide_by_s`, in seconds since 1970, the ticket is withdrawn.
    pub async fn begin(&self, ticket: NewTicket, decide_by_s: Option<u64>) -> Result<()> {
        if self.store.is_known(&ticket.title)? {
            return Ok(());
        }
        let operation = self.itsm.prepare(ticket).await?;
        let step = self.itsm.start_tracking(&operation.id, decide_by_s, (self.clock)()).await?;
        self.store.insert(&operation, &step)?;
        self.carry_out(&operation.id, step.actions).await
    }

    /// Ticks what is due; with `all`, as at a start, whatever is not settled.
    pub async fn tick(&self, all: bool) -> Result<()> {
        let until_s = if all { i64::MAX as u64 } else { (self.clock)() };
        for operation in self.store.due(until_s)? {
            self.take_in(&operation, Event::Tick).await?;
        }
        Ok(())
    }

    /// Takes an event in, and carries out all that follows from it.
    pub async fn take_in(&self, operation: &str, event: Event) -> Result<()> {
        let actions = self.advance(operation, event).await?;
        self.carry_out(operation, actions).await
    }

    async fn carry_out(&self, operation: &str, actions: Vec<Action>) -> Result<()> {
        let mut waiting = VecDeque::from(actions);
        while let Some(action) = waiting.pop_front() {
            if let Some(event) = self.act(operation, action).await? {
                waiting.extend(self.advance(operation, event).await?);
            }
        }
        Ok(())
    }

    /// Advances the stored record. Events of one operation can meet, as a callback and a tick do: the one that
    /// finds the record changed begins again.
    async fn advance(&self, operation: &str, event: Event) -> Result<Vec<Action>> {
        (self.watch)(operation, &event);
        loop {
            let Some(record) = self.store.record(operation)? else {
                self.report(operation, "an event for an operation that was never stored")?;
                return Ok(Vec::new());
            };
            let step = self.itsm.advance(&record, &event, (self.clock)()).await?;
            if self.store.advance(operation, name(&event), &record, &step)? {
                return Ok(step.actions);
            }
        }
    }

    /// Carries one action out; what came of it is the next event. A question that failed is no news: the
    /// next tick asks again.
    async fn act(&self, id: &str, action: Action) -> Result<Option<Event>> {
        Ok(match action {
            Action::Create => Some(self.create(&self.store.operation(id)?).await?),
            Action::Recover => {
                let asked_s = (self.clock)();
                let recovery = self.itsm.recover(&self.store.operation(id)?).await;
                self.unless_failed(id, recovery)?
                    .map(|recovery| Event::Recovered(LookedUp { asked_s, recovery }))
            }
            Action::Confirm(sn) => {
                let confirmation = self.itsm.within(CONFIRM_WITHIN).confirm_own(&sn).await;
                self.unless_failed(id, confirmation)?.map(Event::Confirmed)
            }
            Action::Withdraw(sn) => {
                let operation = self.store.operation(id)?;
                let why = "nobody decided in time";
                match self.itsm.withdraw(&sn, operation.creator(), why).await {
                    Ok(()) => Some(Event::Tick),
                    Err(Error::Failed { failure, .. }) => Some(Event::NotWithdrawn(failure)),
                    Err(error) => return Err(error.into()),
                }
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
        match self.itsm.create(operation).await {
            Ok(ticket) => Ok(Event::Created(ticket)),
            Err(Error::Failed { failure, .. }) if failure.may_have_acted => {
                Ok(Event::MaybeCreated(failure))
            }
            Err(Error::Failed { failure, .. }) => Ok(Event::NotCreated(failure)),
            Err(error) => Err(error.into()),
        }
    }

    fn unless_failed<T>(&self, operation: &str, answer: Result<T, Error>) -> Result<Option<T>> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(error @ Error::Failed { .. }) => {
                self.itsm.log(format!("operation {operation}: {error}"));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn deliver(&self, operation: &str, outcome: &Outcome) -> Result<()> {
        let Some(record) = self.store.record(operation)? else {
            return Ok(());
        };
        let step = self.itsm.advance(&record, &Event::Delivered, (self.clock)()).await?;
        // Else somebody else delivered meanwhile.
        if step.record_json != record {
            self.store.deliver(operation, outcome, &record, &step)?;
        }
        Ok(())
    }

    fn report(&self, operation: &str, why: &str) -> Result<()> {
        self.itsm.log(format!("operation {operation}: {why}"));
        self.store.report(operation, why)
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
                self.itsm.log(format!("tick: {error:#}"));
            }
            tokio::time::sleep(every).await;
        }
    }
}

async fn receive(State(host): State<Durable>, request: Request) -> Response {
    let reply = async {
        let BoundCallback { bound, callback } = match host.itsm.receive(request).await? {
            Continue(callback) => callback,
            Break(reply) => return Ok(reply),
        };
        let operation = bound.claims.operation_id;
        host.take_in(&operation, Event::Callback(callback)).await?;
        if host.store.is_delivered(&operation)? {
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
        Event::MaybeCreated(_) => "maybe created",
        Event::Recovered(_) => "recovered",
        Event::Callback(_) => "callback",
        Event::Confirmed(_) => "confirmed",
        Event::Delivered => "delivered",
        Event::NotWithdrawn(_) => "not withdrawn",
        Event::Tick => "tick",
    }
}
