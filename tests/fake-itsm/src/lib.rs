//! A small BlueKing ITSM server, for trying and testing an integration without a site.
//!
//! It behaves as recordings of a real server do, traps included, and so do the API gateway and the ESB
//! in front of it. Everything is in memory; the same seed gives the same numbers.

mod actions;
mod callback;
mod clock;
mod control;
mod fault;
mod python;
mod server;
mod token;
mod world;

pub use callback::{CallbackAttempt, is_delivered};
pub use fault::Fault;

use anyhow::{Context, Result, bail};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use world::{Ended, World};

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where numbers begin. The same seed gives the same ones.
    pub seed: u64,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The app code and secret that the gateway and the ESB accept. `None` accepts any.
    pub credentials: Option<(String, String)>,
    /// Whether the gateway wants a proven user where its published resources say so.
    pub verified_users: bool,
    /// Whether the ESB is the oldest: it drops the authorization header.
    pub legacy_esb: bool,
    /// How long after create_ticket's answer the flow starts.
    pub start_after: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            port: 0,
            credentials: None,
            verified_users: false,
            legacy_esb: false,
            start_after: Duration::from_millis(20),
        }
    }
}

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The action it is for.
    pub action: String,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, as sent.
    pub query: String,
    /// The headers, credentials included: this is a tool for tests.
    pub headers: Vec<(String, String)>,
    /// The body, as sent.
    pub body: String,
}

impl Exchange {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A ticket, as far as a test wants to know.
#[derive(Clone, Debug)]
pub struct TicketView {
    /// Its number.
    pub sn: String,
    /// Its title.
    pub title: String,
    /// Its creator.
    pub creator: String,
    /// Its service.
    pub service_id: u64,
    /// Its status.
    pub status: String,
    /// Its tag.
    pub tag: Option<String>,
    /// Its meta.
    pub meta: Map<String, Value>,
    /// Its fields.
    pub fields: Map<String, Value>,
    /// ITSM's result over its approvals.
    pub approve_result: bool,
    /// Whether it has ended.
    pub ended: bool,
    /// Whether its flow runs.
    pub started: bool,
}

/// A running server. Dropping it stops it.
pub struct FakeItsm {
    inner: Arc<Inner>,
    port: u16,
    accepting: tokio::task::JoinHandle<()>,
}

pub(crate) struct Inner {
    pub options: Options,
    world: Mutex<World>,
    faults: Mutex<HashMap<String, Vec<(Fault, u32)>>>,
    exchanges: Mutex<Vec<Exchange>>,
    callbacks: Mutex<Vec<CallbackAttempt>>,
    client: reqwest::Client,
}

impl FakeItsm {
    /// Starts a server.
    pub async fn start(options: Options) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .with_context(|| format!("port {} of 127.0.0.1 can't be listened on", options.port))?;
        let port = listener.local_addr()?.port();
        let inner = Arc::new(Inner {
            world: Mutex::new(World::new(options.seed)),
            options,
            faults: Mutex::default(),
            exchanges: Mutex::default(),
            callbacks: Mutex::default(),
            client: reqwest::Client::builder().no_proxy().build()?,
        });
        let accepting = tokio::spawn(accept(listener, inner.clone()));
        Ok(Self {
            inner,
            port,
            accepting,
        })
    }

    /// Its address: the ESB's site, and the prefix of all else.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of its gateway with a stage.
    pub fn gateway_url(&self) -> String {
        format!("{}/api/bk-itsm/prod", self.url())
    }

    /// Waits until a ticket's flow runs.
    pub async fn started(&self, sn: &str) -> Result<()> {
        for _ in 0..500 {
            if self.ticket(sn).is_some_and(|ticket| ticket.started) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the ticket {sn} does not start")
    }

    /// Somebody approves at the running approval. The callback, if one is due, follows later.
    pub async fn approve(&self, sn: &str, approver: &str) -> Result<()> {
        self.started(sn).await?;
        self.inner.decide(sn, approver, true, "")
    }

    /// Somebody refuses at the running approval, with a remark.
    pub async fn refuse(&self, sn: &str, approver: &str, remark: &str) -> Result<()> {
        self.started(sn).await?;
        self.inner.decide(sn, approver, false, remark)
    }

    /// The creator takes the ticket back. Answers after the callback.
    pub async fn withdraw(&self, sn: &str, operator: &str) -> Result<()> {
        self.inner.end(sn, "REVOKED", operator).await
    }

    /// A handler ends the ticket. Answers after the callback.
    pub async fn terminate(&self, sn: &str, operator: &str) -> Result<()> {
        self.inner.end(sn, "TERMINATED", operator).await
    }

    /// The ticket ends with a status of the site's own. Answers after the callback.
    pub async fn end_with(&self, sn: &str, status: &str) -> Result<()> {
        self.inner.end(sn, status, "admin").await
    }

    /// A trigger writes a status: nothing ends, and nobody is called back.
    pub fn set_status(&self, sn: &str, status: &str) -> Result<()> {
        self.inner.set_status(sn, status)
    }

    /// Switches a fault on for an action's next `times` requests, or with `callback` for ITSM's own
    /// next callbacks. Faults of one action follow each other.
    pub fn fault(&self, action: &str, fault: Fault, times: u32) {
        self.inner.add_fault(action, fault, times);
    }

    /// Every request so far, in order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.inner.exchanges()
    }

    /// The requests for one action so far.
    pub fn exchanges_of(&self, action: &str) -> Vec<Exchange> {
        let mut exchanges = self.exchanges();
        exchanges.retain(|exchange| exchange.action == action);
        exchanges
    }

    /// Every callback so far, in order.
    pub fn callbacks(&self) -> Vec<CallbackAttempt> {
        self.inner.callbacks()
    }

    /// Waits until the callback of a ticket was sent, or lost.
    pub async fn called_back(&self, sn: &str) -> Result<CallbackAttempt> {
        for _ in 0..1_000 {
            if let Some(sent) = self.callbacks().into_iter().find(|sent| sent.sn == sn) {
                return Ok(sent);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("no callback for {sn} was sent")
    }

    /// A token that passes.
    pub fn token(&self) -> String {
        self.inner.token()
    }

    /// The tickets, oldest first.
    pub fn tickets(&self) -> Vec<TicketView> {
        self.inner.tickets()
    }

    /// The ticket of this number.
    pub fn ticket(&self, sn: &str) -> Option<TicketView> {
        self.tickets().into_iter().find(|ticket| ticket.sn == sn)
    }

    /// The failed list.
    pub fn failed_callbacks(&self) -> Vec<String> {
        self.inner.world().failed.iter().cloned().collect()
    }

    /// Puts numbers on the failed list, as others' failures do.
    pub fn mark_failed(&self, sns: impl IntoIterator<Item = String>) {
        self.inner.world().failed.extend(sns);
    }
}

impl Drop for FakeItsm {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    // Connections end with the server, and not after it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let inner = inner.clone();
        connections.spawn(async move {
            let service = service_fn(|request| server::serve(inner.clone(), request));
            // A broken connection is the client's affair, or a fault on purpose.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

impl Inner {
    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    pub fn record(&self, exchange: Exchange) {
        lock(&self.exchanges).push(exchange);
    }

    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.exchanges).clone()
    }

    pub fn callbacks(&self) -> Vec<CallbackAttempt> {
        lock(&self.callbacks).clone()
    }

    pub fn add_fault(&self, action: &str, fault: Fault, times: u32) {
        let mut faults = lock(&self.faults);
        faults
            .entry(action.to_owned())
            .or_default()
            .push((fault, times));
    }

    pub fn next_fault(&self, action: &str) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let waiting = faults.get_mut(action)?;
        let (fault, times) = waiting.first_mut()?;
        let fault = fault.clone();
        *times = times.saturating_sub(1);
        if *times == 0 {
            waiting.remove(0);
        }
        Some(fault)
    }

    pub fn knows(&self, given: &Map<String, Value>) -> bool {
        let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
        let (code, secret) = (text("bk_app_code"), text("bk_app_secret"));
        match &self.options.credentials {
            Some((known_code, known_secret)) => code == known_code && secret == known_secret,
            None => !code.is_empty() && !secret.is_empty(),
        }
    }

    pub fn token(&self) -> String {
        token::make(self.world().random.block())
    }

    pub fn tickets(&self) -> Vec<TicketView> {
        let world = self.world();
        let view = |ticket: &world::Ticket| TicketView {
            sn: ticket.sn.clone(),
            title: ticket.title.clone(),
            creator: ticket.creator.clone(),
            service_id: ticket.service_id,
            status: ticket.status.clone(),
            tag: ticket.tag.clone(),
            meta: ticket.meta.clone(),
            fields: ticket.fields.clone().into_iter().collect(),
            approve_result: ticket.approve_result(),
            ended: ticket.is_ended(),
            started: ticket.at_node.is_some(),
        };
        world.tickets.iter().map(view).collect()
    }

    pub fn set_status(&self, sn: &str, status: &str) -> Result<()> {
        let mut world = self.world();
        let ticket = world
            .ticket(sn)
            .with_context(|| format!("no ticket {sn}"))?;
        ticket.status = status.to_owned();
        Ok(())
    }

    pub fn decide(
        self: &Arc<Self>,
        sn: &str,
        who: &str,
        approved: bool,
        remark: &str,
    ) -> Result<()> {
        let mut world = self.world();
        let ticket = world
            .ticket(sn)
            .with_context(|| format!("no ticket {sn}"))?;
        if !ticket.may_handle(who) {
            bail!("{who} can't decide about {sn} now");
        }
        let remark = (!remark.is_empty()).then(|| remark.to_owned());
        if ticket.decide(who, approved, remark) == Ended::Yes {
            self.clone().call_back_later(sn.to_owned());
        }
        Ok(())
    }

    pub async fn end(&self, sn: &str, status: &str, who: &str) -> Result<()> {
        let ended = {
            let mut world = self.world();
            let ticket = world
                .ticket(sn)
                .with_context(|| format!("no ticket {sn}"))?;
            ticket.end(status, who)
        };
        if ended == Ended::No {
            bail!("{sn} has ended before");
        }
        self.call_back(sn).await;
        Ok(())
    }

    pub fn finish_at_once(&self, sn: &str) {
        if let Some(ticket) = self.world().ticket(sn) {
            let _ = ticket.start();
            if let Some(who) = ticket.node().map(|node| ticket.processors(node)) {
                let who = who.split(',').next().unwrap_or_default().to_owned();
                let _ = ticket.decide(&who, true, None);
            }
        }
    }

    pub fn start_later(self: Arc<Self>, sn: String) {
        tokio::spawn(async move {
            tokio::time::sleep(self.options.start_after).await;
            if let Some(ticket) = self.world().ticket(&sn) {
                let _ = ticket.start();
            }
        });
    }

    pub fn call_back_later(self: Arc<Self>, sn: String) {
        tokio::spawn(async move { self.call_back(&sn).await });
    }

    /// Posts the callback of an ended ticket, once.
    pub async fn call_back(&self, sn: &str) {
        let token = self.token();
        let (url, headers, body) = {
            let mut world = self.world();
            let Some(ticket) = world.ticket(sn) else {
                return;
            };
            let url = ticket.meta.get("callback_url").and_then(Value::as_str);
            let Some(url) = url.filter(|url| !url.is_empty()).map(str::to_owned) else {
                return;
            };
            let headers = match ticket.meta.get("headers") {
                Some(Value::Object(headers)) => headers
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                    .collect(),
                _ => Vec::new(),
            };
            (url, headers, ticket.callback_body(&token))
        };
        if self.next_fault("callback") == Some(Fault::LostCallback) {
            lock(&self.callbacks).push(CallbackAttempt {
                sn: sn.to_owned(),
                url,
                headers,
                body,
                status: None,
                answer: String::new(),
                delivered: false,
                lost: true,
            });
            return;
        }
        let sent = callback::send(&self.client, sn.to_owned(), url, headers, body).await;
        if !sent.delivered {
            self.world().failed.insert(sn.to_owned());
        }
        lock(&self.callbacks).push(sent);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked holds no half-made state here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
