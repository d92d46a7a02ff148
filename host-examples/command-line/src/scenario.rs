//! A play for a team's own tests: a fake site, the program that is tried, what people do, and what must come of it.

use crate::exit::Exit;
use crate::words;
use anyhow::{Context, Result, bail};
use clap::Args;
use fake_itsm::{CallbackAttempt, FakeItsm, Flow, Options, Switch};
use rust_host::Language;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// Plays a scenario on a fake site, and exits with 0 only if all came as the scenario says.
#[derive(Args)]
pub struct Run {
    /// The scenario, a TOML file.
    scenario: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Scenario {
    /// What it shows.
    title: String,
    /// Services with their flows, as `itsm fake --flows` takes them.
    #[serde(default)]
    flows: Vec<String>,
    /// How long to wait for what a step waits for.
    #[serde(default = "ten_seconds")]
    within: String,
    /// What happens, in its order.
    step: Vec<Step>,
}

fn ten_seconds() -> String {
    "10s".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Step {
    /// Switches a fault on, as `itsm fake --fault` takes it.
    Fault(String),
    /// Starts a program, with the site in ITSM_GATEWAY, ITSM_APP_CODE and ITSM_APP_SECRET.
    Run(Vec<String>),
    /// Waits for the ticket with this title, with which all later steps deal.
    Ticket(String),
    Approve(Act),
    Refuse(Act),
    Withdraw(Act),
    Terminate(Act),
    Close(Act),
    /// Lets time pass.
    Wait(String),
    /// What must be so, soon at the latest.
    Expect(Expect),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Act {
    who: String,
    #[serde(default)]
    remark: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Expect {
    /// The status of the ticket.
    status: Option<String>,
    /// How many tickets there are.
    tickets: Option<usize>,
    /// What became of the ticket's last callback.
    callback: Option<Callback>,
    /// How many requests came for an action.
    #[serde(default)]
    requests: BTreeMap<String, usize>,
    /// The exit code of the program that was started last.
    exit: Option<i32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Callback {
    Delivered,
    Failed,
    Lost,
}

impl Callback {
    fn of(attempt: &CallbackAttempt) -> Self {
        match (attempt.lost, attempt.delivered) {
            (true, _) => Self::Lost,
            (false, true) => Self::Delivered,
            (false, false) => Self::Failed,
        }
    }

    /// Its name as a scenario says it.
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }
}

impl Run {
    pub async fn run(self) -> Result<Exit> {
        let language = words::language(|name| std::env::var(name).ok());
        let name = self.scenario.display();
        let text = std::fs::read_to_string(&self.scenario)
            .with_context(|| format!("{name} can't be read"))?;
        let scenario: Scenario = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            anyhow::anyhow!("{name}:{line}: {}", error.message())
        })?;
        let flows: Result<Vec<_>> = scenario.flows.iter().map(|flow| Flow::find(flow)).collect();
        let options = Options { flows: flows?, ..Options::default() };
        let mut play = Play {
            fake: FakeItsm::start(options).await?,
            within: humantime::parse_duration(&scenario.within).context("within")?,
            ticket: None,
            program: None,
        };
        println!("{}", scenario.title);
        for (number, step) in (1..).zip(&scenario.step) {
            let what = step.told(language);
            if let Err(why) = play.step(step).await {
                println!(
                    "{}",
                    say!(
                        language,
                        "  {number} WRONG  {what}: {why:#}",
                        "  {number} 不符  {what}：{why:#}"
                    )
                );
                return Ok(Exit::Refused);
            }
            println!("{}", say!(language, "  {number} ok     {what}", "  {number} 通过  {what}"));
        }
        Ok(Exit::Done)
    }
}

struct Play {
    fake: FakeItsm,
    within: Duration,
    /// The number of the ticket that the steps deal with.
    ticket: Option<String>,
    program: Option<Child>,
}

impl Play {
    async fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Fault(fault) => self.fake.switch_on(Switch::parse(fault)?),
            Step::Run(command) => self.start(command)?,
            Step::Ticket(title) => {
                let sn = self.soon(|play| {
                    let tickets = play.fake.tickets();
                    let ticket = tickets.into_iter().find(|it| it.title == *title && it.started);
                    ticket.map(|it| it.sn).with_context(|| format!("there is no ticket {title}"))
                });
                self.ticket = Some(sn.await?);
            }
            Step::Approve(act) => {
                self.fake.approve_saying(self.ticket()?, &act.who, &act.remark).await?;
            }
            Step::Refuse(act) => self.fake.refuse(self.ticket()?, &act.who, &act.remark).await?,
            Step::Withdraw(act) => self.fake.withdraw(self.ticket()?, &act.who).await?,
            Step::Terminate(act) => self.fake.terminate(self.ticket()?, &act.who).await?,
            Step::Close(act) => self.fake.close_on_page(self.ticket()?, &act.who).await?,
            Step::Wait(time) => sleep(humantime::parse_duration(time)?).await,
            Step::Expect(expected) => self.soon(|play| play.check(expected)).await?,
        }
        Ok(())
    }

    fn ticket(&self) -> Result<&str> {
        self.ticket.as_deref().context("no step before has waited for a ticket")
    }

    fn start(&mut self, command: &[String]) -> Result<()> {
        let Some((program, arguments)) = command.split_first() else {
            bail!("there is no program");
        };
        let started = Command::new(program)
            .args(arguments)
            .env("ITSM_GATEWAY", self.fake.gateway_url())
            .env("ITSM_APP_CODE", "app")
            .env("ITSM_APP_SECRET", "secret")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        self.program = Some(started.with_context(|| format!("{program} can't be started"))?);
        Ok(())
    }

    /// What comes of a look, looked again until the time is over.
    async fn soon<T>(&mut self, mut look: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let end = Instant::now() + self.within;
        loop {
            match look(self) {
                Err(_) if Instant::now() < end => sleep(Duration::from_millis(20)).await,
                looked => return looked,
            }
        }
    }

    fn check(&mut self, expected: &Expect) -> Result<()> {
        let is = |what: &str, there: &str, expected: &str| {
            if there == expected { Ok(()) } else { bail!("{what} is {there}, and not {expected}") }
        };
        if let Some(status) = &expected.status {
            let sn = self.ticket()?;
            let ticket = self.fake.ticket(sn).context("the ticket is gone")?;
            is("the status", &ticket.status, status)?;
        }
        if let Some(tickets) = expected.tickets {
            is(
                "the number of tickets",
                &self.fake.tickets().len().to_string(),
                &tickets.to_string(),
            )?;
        }
        if let Some(callback) = expected.callback {
            let sn = self.ticket()?;
            let callbacks = self.fake.callbacks();
            let sent = callbacks.iter().rfind(|sent| sent.sn == sn);
            let there = Callback::of(sent.context("no callback was sent")?);
            is("the callback", there.name(), callback.name())?;
        }
        for (action, count) in &expected.requests {
            let there = self.fake.exchanges_of(action).len();
            is(
                &format!("the number of requests for {action}"),
                &there.to_string(),
                &count.to_string(),
            )?;
        }
        if let Some(exit) = expected.exit {
            let program = self.program.as_mut().context("no program was started")?;
            let status = program.try_wait()?.context("the program still runs")?;
            let there = status.code().map_or_else(|| status.to_string(), |code| code.to_string());
            is("the exit code", &there, &exit.to_string())?;
        }
        Ok(())
    }
}

impl Step {
    fn told(&self, language: Language) -> String {
        let by = |act: &Act| act.who.clone();
        match self {
            Self::Fault(fault) => say!(language, "fault {fault}", "故障 {fault}"),
            Self::Run(command) => say!(language, "run {}", "运行 {}", command.join(" ")),
            Self::Ticket(title) => say!(language, "ticket {title}", "单据 {title}"),
            Self::Approve(act) => say!(language, "approved by {}", "{} 同意", by(act)),
            Self::Refuse(act) => say!(language, "refused by {}", "{} 拒绝", by(act)),
            Self::Withdraw(act) => say!(language, "withdrawn by {}", "{} 撤单", by(act)),
            Self::Terminate(act) => say!(language, "terminated by {}", "{} 终止", by(act)),
            Self::Close(act) => say!(language, "closed by {}", "{} 关闭", by(act)),
            Self::Wait(time) => say!(language, "wait {time}", "等待 {time}"),
            Self::Expect(_) => say!(language, "as expected", "检查预期"),
        }
    }
}
