//! The running server behind its addresses: its worker, its callbacks, and what people do on its pages.

use crate::actions::After;
use crate::callback::{self, CallbackAttempt};
use crate::clock;
use crate::fault::{ALWAYS, CALLBACK, Fault, Switch};
use crate::filling;
use crate::flow::Service;
use crate::http_client::HttpClient;
use crate::ticket::{Ended, Stage, Ticket};
use crate::token;
use crate::world::World;
use crate::{Exchange, Options, TicketView};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub(crate) struct Site {
    pub options: Options,
    world: Mutex<World>,
    faults: Mutex<Vec<Switch>>,
    exchanges: Mutex<Vec<Exchange>>,
    callbacks: Mutex<Vec<CallbackAttempt>>,
    listeners: Mutex<Vec<UnboundedSender<Bytes>>>,
    client: HttpClient,
    /// The site's address.
    pub url: String,
}

/// The world, held by one alone. Whoever looks at the pages hears when it was changed.
pub(crate) struct Held<'a> {
    world: MutexGuard<'a, World>,
    site: &'a Site,
    is_changed: bool,
}

impl Deref for Held<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut World {
        self.is_changed = true;
        &mut self.world
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.is_changed {
            self.site.tell("change", "tickets");
        }
    }
}

impl Site {
    /// A site with services of its own beside the built-in ones.
    pub fn new(options: Options, services: &[&'static Service], url: String) -> Self {
        Self {
            world: Mutex::new(World::new(&options, services, &url)),
            options,
            faults: Mutex::default(),
            exchanges: Mutex::default(),
            callbacks: Mutex::default(),
            listeners: Mutex::default(),
            client: HttpClient::default(),
            url,
        }
    }

    pub fn world(&self) -> Held<'_> {
        Held { world: lock(&self.world), site: self, is_changed: false }
    }

    /// What happens from now on, as lines of server-sent events.
    pub fn listen(&self) -> UnboundedReceiver<Bytes> {
        let (sender, receiver) = unbounded_channel();
        // The answer begins with it, so that whoever asked knows that he hears.
        let _ = sender.send(Bytes::from_static(b": listening\n\n"));
        lock(&self.listeners).push(sender);
        receiver
    }

    fn tell(&self, event: &str, what: &str) {
        let line = Bytes::from(format!("event: {event}\ndata: {what}\n\n"));
        lock(&self.listeners).retain(|listener| listener.send(line.clone()).is_ok());
    }

    /// Writes a request down, and gives its place in the list.
    pub fn record(&self, exchange: Exchange) -> usize {
        let what = format!("{} {}", exchange.method, exchange.action);
        let mut exchanges = lock(&self.exchanges);
        exchanges.push(exchange);
        self.tell("request", &what);
        exchanges.len() - 1
    }

    /// Says more of a request that was written down.
    pub fn annotate(&self, place: usize, change: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = lock(&self.exchanges).get_mut(place) {
            change(exchange);
            self.tell("change", "requests");
        }
    }

    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.exchanges).clone()
    }

    pub fn callbacks(&self) -> Vec<CallbackAttempt> {
        lock(&self.callbacks).clone()
    }

    pub fn add_fault(&self, switch: Switch) {
        lock(&self.faults).push(switch);
        self.tell("change", "faults");
    }

    pub fn faults(&self) -> Vec<Switch> {
        lock(&self.faults).clone()
    }

    pub fn clear_faults(&self) {
        lock(&self.faults).clear();
        self.tell("change", "faults");
    }

    pub fn next_fault(&self, action: &str) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let index = faults.iter().position(|switch| switch.action == action)?;
        let switch = &mut faults[index];
        let fault = switch.fault.clone();
        if switch.times != ALWAYS {
            switch.times = switch.times.saturating_sub(1);
        }
        if switch.times == 0 {
            faults.remove(index);
        }
        self.tell("change", "faults");
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
        let view = |ticket: &Ticket| TicketView {
            sn: ticket.sn.clone(),
            title: ticket.title.clone(),
            creator: ticket.creator.clone(),
            service_id: ticket.service.id,
            status: ticket.status.clone(),
            tag: ticket.tag.clone(),
            meta: ticket.meta.clone(),
            fields: ticket.fields.clone().into_iter().collect(),
            approve_result: world.approve_result(ticket),
            ended: ticket.is_ended(),
            started: ticket.stage == Stage::Started,
        };
        world.tickets.iter().map(view).collect()
    }

    /// Changes a ticket in a way that doesn't end it.
    pub fn change(&self, sn: &str, change: impl FnOnce(&mut Ticket)) -> Result<()> {
        let mut world = self.world();
        let ticket = world.ticket_mut(sn).with_context(|| format!("no ticket {sn}"))?;
        change(ticket);
        Ok(())
    }

    /// Somebody fills in the form of a node that waits for him.
    pub fn decide(
        self: &Arc<Self>,
        sn: &str,
        who: &str,
        approved: bool,
        remark: &str,
        own: &[(String, Value)],
    ) -> Result<()> {
        let mut world = self.world();
        let ticket = world.ticket(sn).with_context(|| format!("no ticket {sn}"))?;
        let visit = ticket.visits.iter().find(|visit| visit.waits_for(who));
        let visit = visit.filter(|_| ticket.parent.is_none());
        let node = visit.with_context(|| format!("{who} can't decide about {sn} now"))?.node;
        let values = filling::on_page(node, approved, remark, own);
        let ended = world.act(sn, |ticket| ticket.handle(node.id, who, &values, "WEB"));
        self.call_back_if(ended, sn);
        Ok(())
    }

    pub fn hand_over(&self, sn: &str, from: &str, to: &str, why: &str) -> Result<()> {
        let mut world = self.world();
        let ticket = world.ticket_mut(sn).with_context(|| format!("no ticket {sn}"))?;
        let mut visits = ticket.visits.iter();
        let visit = visits.find(|visit| visit.waits_for(from) && visit.node.may_be_handed_over);
        let node = visit.with_context(|| format!("{from} can't hand {sn} over"))?.node;
        ticket.hand_over(node, from, to, why, "WEB");
        Ok(())
    }

    pub fn claim(&self, sn: &str, who: &str) -> Result<()> {
        let mut world = self.world();
        let ticket = world.ticket_mut(sn).with_context(|| format!("no ticket {sn}"))?;
        let visit = ticket.to_be_claimed_by(who);
        let node = visit.with_context(|| format!("{who} can't claim {sn} now"))?.node;
        ticket.claim(node, who, "WEB");
        Ok(())
    }

    pub async fn withdraw(&self, sn: &str, who: &str) -> Result<()> {
        let why_not = {
            let world = self.world();
            let ticket = world.ticket(sn).with_context(|| format!("no ticket {sn}"))?;
            ticket.why_not_withdrawn(who)
        };
        if let Some(why) = why_not {
            bail!("{sn}: {why}");
        }
        self.end(sn, |ticket| ticket.withdraw(who, "WEB")).await
    }

    pub async fn close(&self, sn: &str, status: &str, who: &str, why: &str) -> Result<()> {
        self.end(sn, |ticket| ticket.close(status, who, why)).await
    }

    async fn end(&self, sn: &str, end: impl FnOnce(&mut Ticket) -> Ended) -> Result<()> {
        self.change(sn, |_| ())?;
        let ended = self.world().act(sn, end);
        if ended == Ended::No {
            bail!("{sn} has ended before");
        }
        self.call_back(sn).await;
        Ok(())
    }

    pub fn merge(&self, child: &str, parent: &str) -> Result<()> {
        let mut world = self.world();
        let above = world.ticket(parent).filter(|ticket| !ticket.is_ended());
        let above = above.with_context(|| format!("no open ticket {parent}"))?.sn.clone();
        let below = world.ticket_mut(child).filter(|ticket| !ticket.is_ended());
        below.with_context(|| format!("no open ticket {child}"))?.parent = Some(above);
        Ok(())
    }

    pub fn delete_node(&self, node: u64) -> Result<()> {
        let mut world = self.world();
        if !world.services.iter().any(|service| service.node(node).is_some()) {
            bail!("no flow has a node {node} that can be deleted");
        }
        world.deleted_nodes.insert(node);
        Ok(())
    }

    pub fn retry_automatic(self: &Arc<Self>, sn: &str) -> Result<()> {
        let mut retried = None;
        let ended = self.world().act(sn, |ticket| {
            retried = ticket.retry_automatic();
            retried.unwrap_or(Ended::No)
        });
        if retried.is_none() {
            bail!("{sn} has no automatic node that failed");
        }
        self.call_back_if(ended, sn);
        Ok(())
    }

    pub fn edit_title(&self, sn: &str, who: &str, title: &str) -> Result<()> {
        self.change(sn, |ticket| {
            if let Some(field) = ticket.service.form().first() {
                ticket.edit(who, field, title.into());
            }
        })
    }

    /// The whole life of a ticket, before its maker hears of it.
    pub fn finish_at_once(&self, sn: &str) {
        let mut world = self.world();
        let rewrites_texts = world.rewrites_texts;
        let _ = world.act(sn, |ticket| {
            ticket.take_up(rewrites_texts);
            let ended = ticket.start();
            let Some(visit) = ticket.running().next() else {
                return ended;
            };
            let who = visit.processors.split(',').next().unwrap_or_default().to_owned();
            let node = visit.node;
            ticket.handle(node.id, &who, &filling::on_page(node, true, "", &[]), "WEB")
        });
    }

    /// The worker takes the ticket up, and starts its flow.
    pub fn start_later(self: Arc<Self>, sn: String) {
        tokio::spawn(async move {
            tokio::time::sleep(self.options.start_after).await;
            let _ = self.change(&sn, |ticket| ticket.take_up(self.options.rewrites_texts));
            tokio::time::sleep(self.options.in_creation).await;
            let ended = self.world().act(&sn, Ticket::start);
            self.call_back_if(ended, &sn);
        });
    }

    pub fn take_up(self: &Arc<Self>, sn: &str) -> Result<()> {
        self.change(sn, |ticket| ticket.take_up(self.options.rewrites_texts))?;
        let ended = self.world().act(sn, Ticket::start);
        self.call_back_if(ended, sn);
        Ok(())
    }

    fn call_back_if(self: &Arc<Self>, ended: Ended, sn: &str) {
        if ended == Ended::Yes {
            self.clone().call_back_later(sn.to_owned());
        }
    }

    pub fn call_back_later(self: Arc<Self>, sn: String) {
        tokio::spawn(async move { self.call_back(&sn).await });
    }

    /// Posts the callback of an ended ticket, once.
    pub async fn call_back(&self, sn: &str) {
        let token = self.token();
        let (url, headers, body) = {
            let world = self.world();
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
            (url, headers, ticket.callback_body(&token, &world.deleted_nodes))
        };
        let mut times = 1;
        match self.next_fault(CALLBACK) {
            Some(Fault::LostCallback) => {
                lock(&self.callbacks).push(CallbackAttempt {
                    sn: sn.to_owned(),
                    url,
                    headers,
                    body,
                    status: None,
                    answer: String::new(),
                    delivered: false,
                    lost: true,
                    at: clock::now(),
                });
                self.tell("change", "callbacks");
                return;
            }
            Some(Fault::DoubledCallback) => times = 2,
            Some(Fault::LateCallback(wait)) => tokio::time::sleep(wait).await,
            _ => {}
        }
        for _ in 0..times {
            let (url, headers, body) = (url.clone(), headers.clone(), body.clone());
            let sent = callback::send(&self.client, sn.to_owned(), url, headers, body).await;
            if !sent.delivered {
                self.world().failed.insert(sn.to_owned());
            }
            lock(&self.callbacks).push(sent);
            self.tell("change", "callbacks");
        }
    }

    /// What follows an action, beside its answer.
    pub async fn follow(self: &Arc<Self>, after: After, fault: Option<&Fault>) {
        match after {
            After::Nothing => {}
            After::Start(sn) if fault == Some(&Fault::EarlyCallback) => {
                self.finish_at_once(&sn);
                self.call_back(&sn).await;
            }
            After::Start(_) if fault == Some(&Fault::NeverStarts) => {}
            After::Start(sn) => self.clone().start_later(sn),
            After::CallBack(sn) => self.clone().call_back_later(sn),
            // The caller's own request waits for it.
            After::CallBackInside(sn) => self.call_back(&sn).await,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked holds no half-made state here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
