//! Callbacks to try one's own endpoint with: a ticket of a fake site comes to the end that is asked for, and the site
//! calls back.

use crate::configuration::{Configuration, Flags};
use crate::exit::Exit;
use anyhow::{Context, Result, bail};
use axum::http::Uri;
use clap::{Args, ValueEnum};
use fake_itsm::HttpClient;
use rust_host::{Callback, Endpoint, Itsm, Language, fast_approval};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Lets a fake site send callbacks to an endpoint.
#[derive(Args)]
pub struct Trigger {
    /// What becomes of the ticket, or what is wrong with the callback.
    #[arg(value_enum)]
    what: What,
    /// The endpoint, which has to have the same keys in ITSM_BINDING_KEYS.
    #[arg(long, value_name = "URL")]
    to: String,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// Somebody approves the ticket.
    Approved,
    /// Somebody refuses the ticket.
    Rejected,
    /// The creator withdraws the ticket.
    Withdrawn,
    /// The ticket is approved, and the callback comes twice.
    Twice,
    /// The ticket is approved, and the callback comes five seconds later.
    Late,
    /// The ticket is open. Somebody who has stolen the header says that it was approved.
    Forged,
}

const LATE: Duration = Duration::from_secs(5);
/// Longer than a late callback takes.
const MOST_LOOKS: u32 = 600;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

impl Trigger {
    pub async fn run(self, flags: &Flags) -> Result<Exit> {
        let mut configuration = flags.configuration()?;
        let Some(Callback { url, .. }) = &mut configuration.settings.callback else {
            bail!(
                "ITSM_CALLBACK_URL and ITSM_BINDING_KEYS are not set: without a key no callback can be bound"
            );
        };
        url.clone_from(&self.to);
        let site = Site::of(&configuration).await?;
        let itsm = configuration.itsm(Arc::new(drop))?;
        let language = configuration.language;
        let operation = itsm.prepare(fast_approval("carol", "itsm trigger", &["admin"])).await?;
        let header = operation.callback_headers().first().cloned().context("no callback")?;
        let sn = itsm.create(&operation).await?.sn;
        let id = &operation.id;
        println!(
            "{}",
            say!(language, "ticket   {sn}, for operation {id}", "单据     {sn}，操作 {id}")
        );
        let sent = match self.what {
            What::Forged => vec![site.forge(&self.to, &sn, &header).await?],
            what => {
                site.bring_to_an_end(&sn, what).await?;
                site.callbacks(&sn, if what == What::Twice { 2 } else { 1 }).await?
            }
        };
        let mut exit = Exit::Done;
        for callback in sent {
            let is_right = callback.delivered != (self.what == What::Forged);
            if !is_right {
                exit = Exit::Refused;
            }
            println!("{}", callback.told(&itsm, is_right, language));
        }
        Ok(exit)
    }
}

/// What came of a callback.
struct Sent {
    status: Option<u64>,
    answer: String,
    delivered: bool,
}

impl Sent {
    fn told(&self, itsm: &Itsm, is_right: bool, language: Language) -> String {
        let status = self.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let answer = itsm.redacted(&self.answer);
        let taken = if self.delivered {
            say!(language, "ITSM takes that for delivered", "ITSM 视为已送达")
        } else {
            say!(language, "ITSM takes that for a failure", "ITSM 视为失败")
        };
        let right = if is_right {
            say!(language, "as it should be", "符合预期")
        } else {
            say!(language, "WRONG", "不符合预期")
        };
        say!(
            language,
            "answer   {status} {answer}: {taken}, {right}",
            "应答     {status} {answer}：{taken}，{right}"
        )
    }
}

/// The fake site, by the door that no real one has.
struct Site {
    address: String,
    client: HttpClient,
}

impl Site {
    async fn of(configuration: &Configuration) -> Result<Self> {
        let (Endpoint::Gateway(url) | Endpoint::Esb(url) | Endpoint::EsbLegacy(url)) =
            &configuration.settings.endpoint;
        let uri: Uri = url.parse().context("ITSM's address")?;
        let authority = uri.authority().context("ITSM's address has no host")?;
        let site = Self { address: format!("http://{authority}"), client: HttpClient::default() };
        let token = site.client.get(&format!("{}/fake/token", site.address)).await;
        if !token.is_ok_and(|answer| answer.status == 200) {
            bail!(
                "{authority} is no fake site: start one with `itsm fake`, and paste the lines that it prints"
            );
        }
        Ok(site)
    }

    async fn act(&self, verb: &str, asked: Value) -> Result<()> {
        let url = format!("{}/fake/{verb}", self.address);
        let answer = self.client.post(&url, &[], &asked.to_string()).await?;
        if answer.status != 200 {
            bail!("the fake site refuses {verb}: {}", answer.body);
        }
        Ok(())
    }

    async fn show(&self, verb: &str) -> Result<Value> {
        let answer = self.client.get(&format!("{}/fake/{verb}", self.address)).await?;
        Ok(serde_json::from_str(&answer.body)?)
    }

    async fn bring_to_an_end(&self, sn: &str, what: What) -> Result<()> {
        let fault = |fault: Value| self.act("fault", fault);
        match what {
            What::Twice => {
                fault(json!({"action": "callback", "fault": "doubled-callback"})).await?
            }
            What::Late => {
                let ms = LATE.as_millis() as u64;
                fault(json!({"action": "callback", "fault": "late-callback", "ms": ms})).await?;
            }
            _ => {}
        }
        self.started(sn).await?;
        match what {
            What::Rejected => {
                self.act("refuse", json!({"sn": sn, "who": "admin", "remark": "no"})).await
            }
            What::Withdrawn => self.act("withdraw", json!({"sn": sn, "who": "carol"})).await,
            _ => self.act("approve", json!({"sn": sn, "who": "admin"})).await,
        }
    }

    async fn started(&self, sn: &str) -> Result<()> {
        for _ in 0..MOST_LOOKS {
            let tickets = self.show("tickets").await?;
            let mut tickets = tickets.as_array().into_iter().flatten();
            let is_started = |it: &Value| {
                it.get("sn") == Some(&json!(sn)) && it.get("started") == Some(&json!(true))
            };
            if tickets.any(is_started) {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        bail!("the flow of {sn} does not start")
    }

    async fn callbacks(&self, sn: &str, wanted: usize) -> Result<Vec<Sent>> {
        for _ in 0..MOST_LOOKS {
            let callbacks = self.show("callbacks").await?;
            let of_ticket = callbacks.as_array().into_iter().flatten();
            let sent: Vec<_> = of_ticket
                .filter(|it| it.get("sn") == Some(&json!(sn)))
                .map(|it| Sent {
                    status: it.get("status").and_then(Value::as_u64),
                    answer: it.get("answer").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    delivered: it.get("delivered") == Some(&json!(true)),
                })
                .collect();
            if sent.len() >= wanted {
                return Ok(sent);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        bail!("no callback for {sn} was sent")
    }

    /// What somebody posts who has seen the header once.
    async fn forge(&self, to: &str, sn: &str, (name, value): &(String, String)) -> Result<Sent> {
        let token = self.show("token").await?;
        let body = json!({
            "title": "itsm trigger", "current_status": "FINISHED", "sn": sn, "approve_result": true,
            "ticket_url": "", "update_at": "", "updated_by": ",admin,", "last_approver": "admin",
            "token": token,
        });
        let headers = [("content-type", "application/json"), (name.as_str(), value.as_str())];
        let answer = self.client.post(to, &headers, &body.to_string()).await;
        let answer = answer.with_context(|| format!("{to} gave no answer"))?;
        Ok(Sent {
            status: Some(answer.status.into()),
            delivered: fake_itsm::is_delivered(answer.status, &answer.body),
            answer: answer.body,
        })
    }
}
