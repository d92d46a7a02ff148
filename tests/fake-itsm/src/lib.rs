//! A small BlueKing ITSM server, for trying and testing an integration without a site.
//!
//! It behaves as recordings of a real server do, traps included, and so do the API gateway and the ESB
//! in front of it. Everything is in memory; the same seed gives the same numbers.
#![expect(clippy::indexing_slicing, reason = "a test's server may panic")]

mod actions;
mod callback;
mod clock;
mod connection;
mod control;
mod deed;
mod fault;
mod filling;
mod flow;
mod flow_file;
mod form;
mod http_client;
mod log;
mod page;
mod python;
mod server;
mod site;
mod text;
mod ticket;
mod token;
mod visit;
mod world;

pub use callback::{CallbackAttempt, Undelivered, is_delivered};
pub use fault::{ALWAYS, Fault, Stage, Switch};
pub use flow_file::Flow;
pub use http_client::{HttpAnswer, HttpClient};
pub use page::Reader;

use anyhow::{Context, Result, bail};
use connection::{Connection, Scissors};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use site::Site;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where numbers begin. The same seed gives the same ones.
    pub seed: u64,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The app code and secret that the gateway and the ESB accept. `None` accepts any.
    pub credentials: Option<(String, String)>,
    /// Whether the gateway wants a verified user where its published resources say so.
    pub verified_users: bool,
    /// Whether the server itself wants the gateway's signed token.
    pub wants_token: bool,
    /// Whether the ESB is the oldest: it drops the authorization header.
    pub legacy_esb: bool,
    /// What the server does with tags. Its release says so.
    pub tags: Tags,
    /// Whether the worker sends titles and texts through the server's HTML filter, as releases from V2.6.28
    /// on do.
    pub rewrites_texts: bool,
    /// How long after create_ticket's answer the worker takes the ticket up. Until then it has no log and no
    /// fields, and no node of it runs.
    pub start_after: Duration,
    /// How long the worker is then busy with the node where tickets are made, before the flow starts.
    pub in_creation: Duration,
    /// Services beside the built-in ones. The first has the id 1001.
    pub flows: Vec<Flow>,
    /// Whether it has pages for people, and leads to them in `ticket_url`.
    pub page: bool,
    /// The page that reads callbacks, for the pages to lead to.
    pub reader: Reader,
}

/// What a server does with tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags {
    /// It stores them and finds tickets by them (from V2.6.3 on).
    Stored,
    /// It filters by them, and stores none: nothing is found (V2.6.1.394 to V2.6.2). It ignores the filter by
    /// project.
    FilteredNotStored,
    /// It ignores them, and the filter by project, too (before V2.6.1.394).
    Ignored,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            port: 0,
            credentials: None,
            verified_users: false,
            wants_token: false,
            legacy_esb: false,
            tags: Tags::Stored,
            rewrites_texts: true,
            start_after: Duration::from_millis(20),
            in_creation: Duration::ZERO,
            flows: Vec::new(),
            page: false,
            reader: Reader::default(),
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
    /// When it came.
    pub at: String,
    /// The status of the answer. None yet, or never where the connection broke.
    pub status: Option<u16>,
    /// The name of the fault that struck it.
    pub fault: Option<&'static str>,
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
    /// Its tag, where the server stores tags.
    pub tag: Option<String>,
    /// Its meta.
    pub meta: Map<String, Value>,
    /// Its fields.
    pub fields: Map<String, Value>,
    /// ITSM's result over its approvals.
    pub approve_result: bool,
    /// Whether it has ended.
    pub ended: bool,
    /// Whether its flow has started.
    pub started: bool,
}

/// A running server. Dropping it stops it.
pub struct FakeItsm {
    site: Arc<Site>,
    accepting: tokio::task::JoinHandle<()>,
}

const FIRST_OF_FLOWS: u64 = 1_001;

/// What is waited for comes at once on an idle machine. A minute is for one that is not.
const MOST_LOOKS: u32 = 6_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

impl FakeItsm {
    /// Starts a server.
    pub async fn start(options: Options) -> Result<Self> {
        let read = |(flow, id): (&Flow, u64)| flow.read(id);
        let services = options.flows.iter().zip(FIRST_OF_FLOWS..).map(read);
        let services: Vec<_> = services.collect::<Result<_>>()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .with_context(|| format!("port {} of 127.0.0.1 can't be listened on", options.port))?;
        let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let site = Arc::new(Site::new(options, &services, url));
        let accepting = tokio::spawn(accept(listener, site.clone()));
        Ok(Self { site, accepting })
    }

    /// Its address: the ESB's site, and the prefix of all else.
    pub fn url(&self) -> String {
        self.site.url.clone()
    }

    /// The services of `Options::flows`: each flow's name and the service's id.
    pub fn services(&self) -> Vec<(String, u64)> {
        let flows = self.site.options.flows.iter().map(|flow| flow.name().to_owned());
        flows.zip(FIRST_OF_FLOWS..).collect()
    }

    /// The address of its gateway with a stage.
    pub fn gateway_url(&self) -> String {
        format!("{}/api/bk-itsm/prod", self.url())
    }

    /// Waits until a ticket's flow runs.
    pub async fn started(&self, sn: &str) -> Result<()> {
        for _ in 0..MOST_LOOKS {
            if self.ticket(sn).is_some_and(|ticket| ticket.started) {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        bail!("the ticket {sn} does not start")
    }

    /// The worker takes a ticket up now, and starts its flow.
    pub fn take_up(&self, sn: &str) -> Result<()> {
        self.site.take_up(sn)
    }

    /// Somebody approves at a running approval, or handles another node that waits for him. The callback, if
    /// one is due, follows later.
    pub async fn approve(&self, sn: &str, approver: &str) -> Result<()> {
        self.approve_saying(sn, approver, "").await
    }

    /// The same with a remark. With an emoji in it, the log loses this line and all that would follow.
    pub async fn approve_saying(&self, sn: &str, approver: &str, remark: &str) -> Result<()> {
        self.started(sn).await?;
        self.site.decide(sn, approver, true, remark, &[])
    }

    /// The same with values, as keys with texts, for the fields that the flow's author has put into the form.
    pub async fn approve_with(
        &self,
        sn: &str,
        approver: &str,
        fields: &[(&str, &str)],
    ) -> Result<()> {
        self.started(sn).await?;
        let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
        self.site.decide(sn, approver, true, "", &fields.collect::<Vec<_>>())
    }

    /// Somebody refuses at a running approval, with a remark. Where the flow says so, that sends the ticket
    /// back.
    pub async fn refuse(&self, sn: &str, approver: &str, remark: &str) -> Result<()> {
        self.started(sn).await?;
        self.site.decide(sn, approver, false, remark, &[])
    }

    /// Somebody hands a node that waits for him over to somebody else.
    pub async fn hand_over(&self, sn: &str, from: &str, to: &str, why: &str) -> Result<()> {
        self.started(sn).await?;
        self.site.hand_over(sn, from, to, why)
    }

    /// Somebody claims a node that has to be claimed first.
    pub async fn claim(&self, sn: &str, who: &str) -> Result<()> {
        self.started(sn).await?;
        self.site.claim(sn, who)
    }

    /// Somebody suspends the ticket, with a reason.
    pub fn suspend(&self, sn: &str, who: &str, why: &str) -> Result<()> {
        self.site.change(sn, |ticket| ticket.suspend(who, why))
    }

    /// Somebody resumes a suspended ticket.
    pub fn resume(&self, sn: &str, who: &str) -> Result<()> {
        self.site.change(sn, |ticket| ticket.resume(who))
    }

    /// The creator takes the ticket back, if the flow lets him. Answers after the callback.
    pub async fn withdraw(&self, sn: &str, operator: &str) -> Result<()> {
        self.started(sn).await?;
        self.site.withdraw(sn, operator).await
    }

    /// A handler ends the ticket. Answers after the callback.
    pub async fn terminate(&self, sn: &str, operator: &str) -> Result<()> {
        self.site.close(sn, "TERMINATED", operator, "").await
    }

    /// A manager closes the running ticket as finished. Answers after the callback.
    pub async fn close_on_page(&self, sn: &str, manager: &str) -> Result<()> {
        self.site.close(sn, "FINISHED", manager, "管理员关单").await
    }

    /// A manager closes the ticket with a status of the site's own. Answers after the callback.
    pub async fn end_with(&self, sn: &str, status: &str) -> Result<()> {
        self.site.close(sn, status, ticket::MANAGER, "").await
    }

    /// A trigger writes a status: nothing ends, and nobody is called back.
    pub fn set_status(&self, sn: &str, status: &str) -> Result<()> {
        self.site.change(sn, |ticket| ticket.status = status.to_owned())
    }

    /// A manager merges a ticket under another one. It ends with that, and nobody is called back for it.
    pub fn merge_under(&self, child: &str, parent: &str) -> Result<()> {
        self.site.merge(child, parent)
    }

    /// An administrator deletes a node from its flow, for good. Open tickets pass it all the same.
    pub fn delete_node(&self, node: u64) -> Result<()> {
        self.site.delete_node(node)
    }

    /// Lets the ticket's next automatic node fail.
    pub fn fail_automatic(&self, sn: &str) -> Result<()> {
        self.site.change(sn, |ticket| ticket.automatic_fails = true)
    }

    /// A manager tries the automatic node that failed again. It succeeds.
    pub fn retry_automatic(&self, sn: &str) -> Result<()> {
        self.site.retry_automatic(sn)
    }

    /// Somebody changes the title on the page.
    pub fn edit_title(&self, sn: &str, who: &str, title: &str) -> Result<()> {
        self.site.edit_title(sn, who, title)
    }

    /// Switches a fault on for an action's next `times` requests, or with `callback` for ITSM's own
    /// next callbacks. Faults of one action follow each other.
    pub fn fault(&self, action: &str, fault: Fault, times: u32) {
        self.switch_on(Switch { action: action.to_owned(), fault, times });
    }

    /// The same, with the fault, its action and how often in one value.
    pub fn switch_on(&self, switch: Switch) {
        self.site.add_fault(switch);
    }

    /// The faults that have not struck yet.
    pub fn faults(&self) -> Vec<Switch> {
        self.site.faults()
    }

    /// Switches all faults off.
    pub fn clear_faults(&self) {
        self.site.clear_faults();
    }

    /// Every request so far, in order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.site.exchanges()
    }

    /// The requests for one action so far.
    pub fn exchanges_of(&self, action: &str) -> Vec<Exchange> {
        let mut exchanges = self.exchanges();
        exchanges.retain(|exchange| exchange.action == action);
        exchanges
    }

    /// Every callback so far, in order.
    pub fn callbacks(&self) -> Vec<CallbackAttempt> {
        self.site.callbacks()
    }

    /// Waits until the callback of a ticket was sent, or lost.
    pub async fn called_back(&self, sn: &str) -> Result<CallbackAttempt> {
        for _ in 0..MOST_LOOKS {
            if let Some(sent) = self.callbacks().into_iter().find(|sent| sent.sn == sn) {
                return Ok(sent);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        bail!("no callback for {sn} was sent")
    }

    /// A token that passes.
    pub fn token(&self) -> String {
        self.site.token()
    }

    /// The tickets, oldest first.
    pub fn tickets(&self) -> Vec<TicketView> {
        self.site.tickets()
    }

    /// The ticket of this number.
    pub fn ticket(&self, sn: &str) -> Option<TicketView> {
        self.tickets().into_iter().find(|ticket| ticket.sn == sn)
    }

    /// The failed list.
    pub fn failed_callbacks(&self) -> Vec<String> {
        self.site.world().failed.iter().cloned().collect()
    }

    /// Puts numbers on the failed list, as others' failures do.
    pub fn mark_failed(&self, sns: impl IntoIterator<Item = String>) {
        self.site.world().failed.extend(sns);
    }
}

impl Drop for FakeItsm {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>) {
    // Connections end with the server, and not after it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let site = site.clone();
        connections.spawn(async move {
            let scissors = Scissors::default();
            let connection = Connection { stream, scissors: scissors.clone() };
            let service =
                service_fn(|request| server::serve(site.clone(), scissors.clone(), request));
            // A broken connection is the client's affair, or a fault on purpose.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}
