//! Creates six tickets on a fake ITSM and shows, as it happens, what became of each.
//!
//! Everything it prints comes from the component's answers. `--stay` keeps the fake open, with the tickets on its
//! pages. `--seed N` changes numbers and order. `--flip` makes the fake decide one ticket the other way, and then the
//! demo fails.
#![expect(clippy::indexing_slicing, reason = "serde_json has null for a member that is missing")]

mod thief;

use anyhow::{Context, Result, bail};
use fake_itsm::{CallbackAttempt, FakeItsm, Fault, HttpClient, Options};
use rust_host::{
    Callback, Confirmation, Endpoint, Itsm, Network, Outcome, Settings, Verdict, callback_endpoint,
    env, fast_approval,
};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::mpsc::Receiver;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Story {
    Approved,
    Refused,
    Withdrawn,
    Forged,
    Stolen,
    Lost,
}

impl Story {
    const ALL: [Self; 6] =
        [Self::Approved, Self::Refused, Self::Withdrawn, Self::Forged, Self::Stolen, Self::Lost];

    fn title(self) -> &'static str {
        match self {
            Self::Approved => "gets approved",
            Self::Refused => "gets refused",
            Self::Withdrawn => "gets withdrawn",
            Self::Forged => "gets a forged callback, then is refused",
            Self::Stolen => "has its header stolen, then is refused",
            Self::Lost => "gets approved, and its callback is lost",
        }
    }

    fn expected(self) -> Verdict {
        match self {
            Self::Approved | Self::Lost => Verdict::Approved,
            Self::Refused | Self::Forged | Self::Stolen => Verdict::Rejected,
            Self::Withdrawn => Verdict::Withdrawn,
        }
    }
}

struct Demo {
    fake: FakeItsm,
    itsm: Itsm,
    inbox: Receiver<(String, Outcome)>,
    callback_url: String,
    flip: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Arguments { seed, flip, stay } = arguments()?;
    let mut demo = Demo::start(seed, flip).await?;
    let mut rows = Vec::new();
    for story in order(seed) {
        let (sn, verdict) = demo.play(story).await?;
        rows.push((story, sn, verdict));
    }
    println!("{:<18} {:<42} {:<10} verdict", "ticket", "story", "expected");
    let mut wrong = 0;
    for (story, sn, verdict) in rows {
        let mark = if verdict == Some(story.expected()) { "" } else { "  <- wrong" };
        wrong += usize::from(!mark.is_empty());
        let verdict = verdict.map_or("none".to_owned(), |verdict| verdict.to_string());
        let expected = story.expected();
        println!("{sn:<18} {:<42} {expected:<10} {verdict}{mark}", story.title());
    }
    let all = Story::ALL.len();
    println!("{} of {all} verdicts are as expected", all - wrong);
    if stay {
        println!("\nTheir pages are at {}/ until you press Ctrl-C.", demo.fake.url());
        tokio::signal::ctrl_c().await?;
    } else {
        println!("\n`cargo xtask demo --stay` shows their pages in a browser.");
    }
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

struct Arguments {
    seed: u64,
    flip: bool,
    stay: bool,
}

fn arguments() -> Result<Arguments> {
    let (mut seed, mut flip, mut stay) = (1, false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--flip" => flip = true,
            "--stay" => stay = true,
            "--seed" => {
                let value = arguments.next().context("--seed wants a number")?;
                seed = value.parse().context("--seed wants a number")?;
            }
            other => bail!("{other} is no option: there are --stay, --seed N and --flip"),
        }
    }
    Ok(Arguments { seed, flip, stay })
}

/// The stories in an order that the seed decides. A forger needs another's approved ticket first.
fn order(seed: u64) -> Vec<Story> {
    let mut left = Story::ALL.to_vec();
    let mut order = Vec::new();
    let mut state = seed;
    while !left.is_empty() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.push(left.remove((state >> 33) as usize % left.len()));
    }
    let place = |story| order.iter().position(|at| *at == story).unwrap_or_default();
    let (approved, forged) = (place(Story::Approved), place(Story::Forged));
    if forged < approved {
        order.swap(approved, forged);
    }
    order
}

impl Demo {
    async fn start(seed: u64, flip: bool) -> Result<Self> {
        let fake = FakeItsm::start(Options { seed, page: true, ..Options::default() }).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let callback_url = format!("http://{}/itsm/callback", listener.local_addr()?);
        let settings = Settings {
            endpoint: Endpoint::Gateway(fake.gateway_url()),
            app_code: "demo".to_owned(),
            app_secret: "the demo's app secret".to_owned(),
            access_token: None,
            tenant_id: None,
            callback: Some(Callback {
                url: callback_url.clone(),
                keys: vec![format!("itsm-key.demo.{}", "5eed".repeat(16))],
            }),
            network: Network::default(),
        };
        let component = Path::new(&env("ITSM_WASM_DIR")?).join("itsm.wasm");
        if !component.is_file() {
            bail!("itsm.wasm is not built: run `cargo xtask build`");
        }
        let itsm = Itsm::load(&component, settings, Arc::new(|line| println!("{line}")))?;
        let (outcomes, inbox) = tokio::sync::mpsc::channel(16);
        let endpoint = callback_endpoint(itsm.clone(), outcomes);
        tokio::spawn(async move { axum::serve(listener, endpoint).await });
        println!("fake ITSM at {}, host's endpoint at {callback_url}\n", fake.url());
        Ok(Self { fake, itsm, inbox, callback_url, flip })
    }

    /// Creates a ticket and lets its story happen; gives the ticket's number and the verdict.
    async fn play(&mut self, story: Story) -> Result<(String, Option<Verdict>)> {
        println!("A ticket that {}", story.title());
        let title = format!("open an account: {}", story.title());
        let operation = self.itsm.prepare(fast_approval("carol", &title, &["admin"])).await?;
        let sn = self.itsm.create(&operation).await.context("create")?.sn;
        println!("  create    {sn}, for operation {}", operation.id);
        if story == Story::Lost {
            self.fake.fault("callback", Fault::LostCallback, 1);
        }
        self.fake.started(&sn).await?;
        match story {
            Story::Forged => self.forge(&sn).await?,
            Story::Stolen => self.steal(&sn).await?,
            _ => {}
        }
        match story {
            Story::Approved if self.flip => self.fake.refuse(&sn, "admin", "flipped").await?,
            Story::Approved | Story::Lost => self.fake.approve(&sn, "admin").await?,
            Story::Refused | Story::Forged | Story::Stolen => {
                self.fake.refuse(&sn, "admin", "no").await?;
            }
            Story::Withdrawn => self.fake.withdraw(&sn, "carol").await?,
        }
        let sent = self.fake.called_back(&sn).await?;
        let verdict = if sent.lost {
            println!("  callback  none came");
            self.ask(&sn).await?
        } else {
            println!("  callback  ITSM counts it as {}", counted(&sent));
            self.handed_over(&operation.id)
        };
        match verdict {
            Some(verdict) => println!("  verdict   {verdict}\n"),
            None => println!("  verdict   none\n"),
        }
        Ok((sn, verdict))
    }

    /// What the endpoint handed over for an operation. Anything for another one is a defect.
    fn handed_over(&mut self, operation: &str) -> Option<Verdict> {
        let (of, outcome) = self.inbox.try_recv().ok()?;
        (of == operation).then_some(outcome.verdict)
    }

    /// A lost callback: the host asks about a number from its own record.
    async fn ask(&self, sn: &str) -> Result<Option<Verdict>> {
        let verdict = match self.itsm.confirm_own(sn).await? {
            Confirmation::Ended(outcome) => Some(outcome.verdict),
            _ => None,
        };
        println!("  confirm   asked about {sn} from the host's own record");
        Ok(verdict)
    }

    /// An attacker who has seen the headers of this ticket's callback posts another's approval, with a
    /// token that ITSM really issued.
    async fn forge(&mut self, sn: &str) -> Result<()> {
        let victim = self.fake.ticket(sn).context("the ticket")?;
        let tickets = self.fake.tickets();
        let other = tickets.iter().find(|ticket| ticket.ended).context("another's ticket")?;
        let token = self.fake.token();
        let genuine = self.itsm.verify_token(&token).await?;
        println!("  forged    {} as FINISHED and approved, with this ticket's header", other.sn);
        println!("  token     ITSM says it is genuine: {genuine}; that proves nothing");
        let body = serde_json::json!({
            "sn": other.sn, "title": other.title, "current_status": "FINISHED", "approve_result": true,
            "ticket_url": "", "update_at": "", "updated_by": ",admin,", "last_approver": "admin", "token": token,
        });
        let header = victim.meta["headers"]["X-Itsm-Binding"].as_str();
        let headers = [("X-Itsm-Binding", header.context("the header")?)];
        let answer =
            HttpClient::default().post(&self.callback_url, &headers, &body.to_string()).await?;
        if answer.body.contains(r#""code":0"#) {
            println!("  forged    was accepted");
        }
        self.nothing_was_handed_over()
    }

    /// Another app approves a ticket of its own under this ticket's header: the callback is ITSM's own.
    async fn steal(&mut self, sn: &str) -> Result<()> {
        println!("  thief     makes a ticket with this operation's id and header, and approves it");
        let victim = self.fake.ticket(sn).context("the ticket")?;
        let sent = thief::approve_in_place_of(&self.fake, &victim).await?;
        let still = match self.itsm.confirm_own(sn).await? {
            Confirmation::Open(_) => "still",
            _ => "no longer",
        };
        let counted = counted(&sent);
        println!(
            "  thief     its callback is counted as {counted}, and this ticket is {still} open"
        );
        self.nothing_was_handed_over()
    }

    fn nothing_was_handed_over(&mut self) -> Result<()> {
        if let Ok((_, outcome)) = self.inbox.try_recv() {
            bail!("an attacker's callback was handed over as {}", outcome.verdict);
        }
        Ok(())
    }
}

fn counted(sent: &CallbackAttempt) -> &'static str {
    if sent.delivered { "delivered" } else { "failed" }
}
