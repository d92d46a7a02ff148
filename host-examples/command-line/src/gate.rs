//! A step of a pipeline that goes on only after an approval.

use crate::configuration::{Configuration, Flags};
use crate::exit::Exit;
use crate::resume::Progress;
use crate::show::Shown;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rust_host::durable::Durable;
use rust_host::{
    Advice, Confirmation, Event, Failure, Field, FieldValue, Itsm, Language, LookedUp, NewTicket,
    Recovery, Service, fast_approval,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Asks for an approval, waits for it, and exits with 0 only if it is given.
#[derive(Args)]
pub struct Gate {
    /// What is to be approved.
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// Who approves. Can be given several times: one approval is enough.
    #[arg(long = "approver", value_name = "USER", required_unless_present = "service")]
    approvers: Vec<String>,
    /// The service, by its id. Without it, ITSM's built-in service for fast approvals.
    #[arg(long, value_name = "ID", conflicts_with = "approvers")]
    service: Option<u64>,
    /// A field of the service's form. Can be given several times. Several people are separated by commas.
    #[arg(long = "field", value_name = "KEY=VALUE", value_parser = key_and_value)]
    fields: Vec<(String, String)>,
    /// How long to wait, such as 2h. Without it, until the ticket has ended.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// What becomes of the ticket when the time is over.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Then::Leave)]
    on_timeout: Then,
    /// What becomes of the ticket on Ctrl-C or SIGTERM.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Then::Leave)]
    on_cancel: Then,
    /// How often to ask ITSM.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    interval: Duration,
    /// A file for the progress: a gate that was killed goes on with the same ticket.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Then {
    /// It is withdrawn.
    Withdraw,
    /// It stays open.
    Leave,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

impl Gate {
    pub async fn run(self, flags: &Flags) -> Result<Exit> {
        let configuration = flags.configuration()?;
        let progress = Arc::new(match &self.resume {
            Some(file) => Progress::in_file(file)?,
            None => Progress::in_memory(),
        });
        let itsm = configuration.itsm(Arc::new(drop))?;
        let (events, heard) = unbounded_channel();
        // Nobody listens any more once the gate is through.
        let watch = move |_: &str, event: &Event| drop(events.send(event.clone()));
        let durable = Durable::new(itsm.clone(), progress.clone(), Arc::new(now_s));
        let durable = durable.watched(Arc::new(watch));
        let endpoint = Endpoint::serve(&configuration, &durable).await?;
        let mut waiting = Waiting {
            shown: Shown::new(flags.json, itsm.clone(), configuration.language),
            language: configuration.language,
            gate: self,
            itsm,
            durable,
            progress,
            heard,
            working: None,
            waits_for: None,
            not_created: None,
        };
        let exit = waiting.run(&configuration).await;
        // What is under way ends before the program does: a request that makes a ticket must not be cut off.
        let worked = waiting.finish().await;
        endpoint.close().await;
        worked.and(exit)
    }

    /// The ticket that is asked for.
    async fn ticket(&self, configuration: &Configuration, itsm: &Itsm) -> Result<NewTicket> {
        let approvers: Vec<_> = self.approvers.iter().map(String::as_str).collect();
        let ticket = fast_approval(configuration.operator()?, &self.title, &approvers);
        let Some(service) = self.service else {
            if !self.fields.is_empty() {
                bail!("--field belongs to a --service: the built-in service has no other fields");
            }
            return Ok(ticket);
        };
        let form = itsm.form(service).await?;
        let mut fields = Vec::new();
        for (key, value) in &self.fields {
            let field = form.fields.iter().find(|field| field.key == *key).with_context(|| {
                let known: Vec<_> = form.fields.iter().map(|field| field.key.as_str()).collect();
                let known = itsm.redacted(&known.join(", "));
                format!("the form of service {service} has no field {key}. It has: {known}")
            })?;
            let value = match field.kind.as_str() {
                "MEMBER" | "MEMBERS" => {
                    FieldValue::People(value.split(',').map(|it| it.trim().to_owned()).collect())
                }
                "TABLE" | "CUSTOMTABLE" | "CUSTOM-FORM" => FieldValue::Json(value.clone()),
                _ => FieldValue::Text(value.clone()),
            };
            fields.push(Field { key: key.clone(), value, extra_json: None });
        }
        Ok(NewTicket { service: Service::Id(service), fields, ..ticket })
    }
}

/// Where ITSM calls back, if it can: a callback tells the end sooner than the next question would.
struct Endpoint {
    close: oneshot::Sender<()>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
}

impl Endpoint {
    async fn serve(configuration: &Configuration, durable: &Durable) -> Result<Self> {
        let (close, closed) = oneshot::channel::<()>();
        let callback = &configuration.settings.callback;
        let (Some(listen), Some(_)) = (&configuration.listen, callback) else {
            return Ok(Self { close, serving: None });
        };
        let listener = TcpListener::bind(listen).await;
        let listener = listener.with_context(|| format!("{listen} can't be listened on"))?;
        let serving = axum::serve(listener, durable.callback_endpoint())
            .with_graceful_shutdown(async { drop(closed.await) });
        Ok(Self { close, serving: Some(tokio::spawn(serving.into_future())) })
    }

    /// ITSM is still to hear that the outcome was taken, if it waits for that.
    async fn close(self) {
        drop(self.close);
        if let Some(serving) = self.serving {
            let _ = tokio::time::timeout(Duration::from_secs(5), serving).await;
        }
    }
}

struct Waiting {
    gate: Gate,
    language: Language,
    itsm: Itsm,
    durable: Durable,
    progress: Arc<Progress>,
    heard: UnboundedReceiver<Event>,
    /// The step that is under way.
    working: Option<JoinHandle<Result<()>>>,
    shown: Shown,
    /// Whom the ticket waited for when last looked at.
    waits_for: Option<String>,
    /// How the last attempt to make the ticket failed.
    not_created: Option<Failure>,
}

impl Waiting {
    async fn run(&mut self, configuration: &Configuration) -> Result<Exit> {
        let resumed = self.resumed()?;
        let began_s = resumed.unwrap_or_else(now_s);
        let ends_s = self.gate.timeout.map(|timeout| began_s.saturating_add(timeout.as_secs()));
        let durable = self.durable.clone();
        if resumed.is_some() {
            self.tick();
        } else {
            let ticket = self.gate.ticket(configuration, &self.itsm).await?;
            let decide_by_s = ends_s.filter(|_| self.gate.on_timeout == Then::Withdraw);
            let begin = async move { durable.begin(ticket, decide_by_s).await };
            self.working = Some(tokio::spawn(begin));
        }
        let mut cancelled = std::pin::pin!(cancelled());
        let mut next = Instant::now() + self.gate.interval;
        loop {
            if let Some(exit) = self.settled(ends_s).await? {
                return Ok(exit);
            }
            tokio::select! {
                () = &mut cancelled => return self.cancelled().await,
                () = self.progress.delivered() => {}
                Some(event) = self.heard.recv() => {
                    if let Some(exit) = self.take(event).await? {
                        return Ok(exit);
                    }
                }
                worked = finished(&mut self.working) => {
                    self.working = None;
                    worked?;
                }
                () = tokio::time::sleep_until(next), if self.working.is_none() => {
                    self.tick();
                    next = Instant::now() + self.gate.interval;
                }
            }
        }
    }

    /// When the gate began that is gone on with, if one is.
    fn resumed(&self) -> Result<Option<u64>> {
        let Some(begun) = self.progress.begun() else { return Ok(None) };
        if begun.title != self.gate.title {
            let title = self.itsm.redacted(&begun.title);
            bail!("the file of --resume belongs to another gate: {title}");
        }
        self.shown.resumed(begun.sn.as_deref());
        Ok(Some(begun.began_s))
    }

    fn tick(&mut self) {
        let durable = self.durable.clone();
        self.working = Some(tokio::spawn(async move { durable.tick(true).await }));
    }

    async fn finish(&mut self) -> Result<()> {
        match self.working.take() {
            Some(working) => working.await?,
            None => Ok(()),
        }
    }

    /// Whether the gate is through. What has happened is told first.
    async fn settled(&mut self, ends_s: Option<u64>) -> Result<Option<Exit>> {
        // Whoever stores an outcome has sent the events before it.
        let outcome = self.progress.outcome();
        while let Ok(event) = self.heard.try_recv() {
            if let Some(exit) = self.take(event).await? {
                return Ok(Some(exit));
            }
        }
        for report in self.progress.reports() {
            self.shown.report(&report);
        }
        if let Some(outcome) = outcome {
            self.shown.ended(&outcome);
            return Ok(Some(outcome.verdict.into()));
        }
        let is_given_up = self.progress.begun().is_some_and(|begun| begun.is_given_up);
        if is_given_up && self.working.is_none() {
            return Ok(Some(Exit::Undecided));
        }
        let is_late = ends_s.is_some_and(|ends_s| now_s() >= ends_s);
        if !is_late || self.working.is_some() {
            return Ok(None);
        }
        if self.progress.begun().is_none_or(|begun| begun.sn.is_none()) {
            return self.without_ticket().await.map(Some);
        }
        if self.gate.on_timeout == Then::Leave {
            self.shown.timed_out();
            return Ok(Some(Exit::TimedOut));
        }
        Ok(None)
    }

    /// The end of a gate that has no ticket yet. Where that is proven, the next run begins anew.
    async fn without_ticket(&mut self) -> Result<Exit> {
        self.finish().await?;
        match &self.not_created {
            Some(failure) if !failure.may_have_acted => {
                self.progress.forget()?;
                self.shown.not_created();
                Ok(failure.into())
            }
            _ => {
                self.shown.maybe_created();
                Ok(Exit::Unknown)
            }
        }
    }

    /// Tells what happened, and whether it ends the gate.
    async fn take(&mut self, event: Event) -> Result<Option<Exit>> {
        match event {
            Event::Created(ticket)
            | Event::Recovered(LookedUp { recovery: Recovery::Found(ticket), .. }) => {
                self.progress.has_ticket(&ticket.sn)?;
                self.shown.created(&ticket);
            }
            Event::NotCreated(failure) => {
                self.failed(&failure).await;
                let is_passing = matches!(failure.advice, Advice::WaitMs(_) | Advice::CallOperator);
                self.not_created = Some(failure);
                if !is_passing {
                    return self.without_ticket().await.map(Some);
                }
            }
            Event::MaybeCreated(failure) => {
                self.failed(&failure).await;
                self.not_created = Some(failure);
            }
            Event::NotWithdrawn(failure) => {
                let exit = self.failed(&failure).await;
                if !failure.may_have_acted && exit != Exit::Unreachable {
                    self.shown.timed_out();
                    return Ok(Some(Exit::TimedOut));
                }
            }
            Event::Callback(callback) => self.shown.called_back(&callback.status),
            Event::Confirmed(Confirmation::Open(ticket)) => self.look(&ticket.sn).await,
            Event::Recovered(_) | Event::Confirmed(_) | Event::Delivered | Event::Tick => {}
        }
        Ok(None)
    }

    /// Whom the ticket waits for, told when it changes. What can't be read is read the next time. A node that nobody has
    /// to handle, such as the one where tickets are made, is ITSM's own work.
    async fn look(&mut self, sn: &str) {
        let Ok(status) = self.itsm.status(sn).await else { return };
        let nodes = status.running.iter().filter(|node| !node.processors.is_empty());
        let nodes = nodes.map(|node| format!("{} ({})", node.processors.join(", "), node.name));
        let whom = nodes.collect::<Vec<_>>().join("; ");
        if !whom.is_empty() && self.waits_for.as_ref() != Some(&whom) {
            self.shown.waits_for(&status, &whom);
            self.waits_for = Some(whom);
        }
    }

    async fn failed(&self, failure: &Failure) -> Exit {
        self.shown.failed(failure, &self.itsm.describe(failure).await);
        failure.into()
    }

    /// Takes the ticket back, where that is wished for. A decision that came before wins.
    async fn cancelled(&mut self) -> Result<Exit> {
        let withdraws = self.gate.on_cancel == Then::Withdraw;
        if withdraws {
            self.shown.withdrawing();
        }
        // The answer to a request that is under way tells whether there is a ticket.
        self.finish().await?;
        if let Some(exit) = self.settled(None).await? {
            return Ok(exit);
        }
        let begun = self.progress.begun();
        let ticket = begun.and_then(|begun| Some((begun.sn?, begun.creator)));
        if let (Some((sn, creator)), true) = (ticket, withdraws) {
            let why = say!(self.language, "the step was cancelled", "发起审批的步骤已取消");
            let withdrawn = self.itsm.withdraw(&sn, &creator, &why).await;
            // Also where it failed: somebody may have decided before.
            self.durable.tick(true).await?;
            if let Some(exit) = self.settled(None).await? {
                return Ok(exit);
            }
            withdrawn?;
        }
        if self.progress.begun().is_none_or(|begun| begun.sn.is_none()) {
            return self.without_ticket().await;
        }
        self.shown.interrupted();
        Ok(Exit::Interrupted)
    }
}

/// What came of the step that is under way. Without one, nothing ever does.
async fn finished(working: &mut Option<JoinHandle<Result<()>>>) -> Result<()> {
    match working {
        Some(working) => working.await?,
        None => std::future::pending().await,
    }
}

/// Ends with the first Ctrl-C or SIGTERM.
pub async fn cancelled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
