//! The fake ITSM as a program: serves until it is stopped.

use anyhow::{Context, Result, bail};
use fake_itsm::{FakeItsm, Fault, Flow, Options, Switch, Tags};
use std::time::Duration;

const HELP: &str = "fake-itsm [--port N] [--seed N] [--credentials CODE:SECRET] [--verified-users] [--legacy-esb]
          [--tags stored|filtered|ignored] [--wants-token] [--fault ACTION=KIND[:VALUE][*TIMES]]...
          [--flows FILE-OR-NAME]... [--page] [--in-creation MS]

Serves a fake BlueKing ITSM on 127.0.0.1 until it is stopped. With --page, a browser shows it there. POST
/fake/approve, refuse, hand-over, claim, suspend, resume, withdraw, terminate, close, end-with, set-status,
edit-title, merge, delete-node, fail-automatic, retry-automatic, take-up, mark-failed, fault and clear-faults with JSON such as {\"sn\": \"...\", \"who\": \"admin\"} do what people do; GET /fake/tickets, callbacks, exchanges, faults, failed and token show what is there.";

#[tokio::main]
async fn main() -> Result<()> {
    let mut options = Options::default();
    let mut faults = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--help" => {
                println!(
                    "{HELP}\n\nFaults, of which *TIMES strike as often, and *always until they are cleared:\n{}",
                    Fault::help()
                );
                return Ok(());
            }
            "--port" => options.port = value()?.parse().context("--port wants a number")?,
            "--seed" => options.seed = value()?.parse().context("--seed wants a number")?,
            "--credentials" => {
                let given = value()?;
                let (code, secret) =
                    given.split_once(':').context("--credentials wants CODE:SECRET")?;
                options.credentials = Some((code.to_owned(), secret.to_owned()));
            }
            "--verified-users" => options.verified_users = true,
            "--legacy-esb" => options.legacy_esb = true,
            "--wants-token" => options.wants_token = true,
            "--fault" => faults.push(Switch::parse(&value()?)?),
            "--flows" => options.flows.push(Flow::find(&value()?)?),
            "--page" => options.page = true,
            "--in-creation" => {
                let ms = value()?.parse().context("--in-creation wants milliseconds")?;
                options.in_creation = Duration::from_millis(ms);
            }
            "--tags" => {
                options.tags = match value()?.as_str() {
                    "stored" => Tags::Stored,
                    "filtered" => Tags::FilteredNotStored,
                    "ignored" => Tags::Ignored,
                    other => bail!("--tags wants stored, filtered or ignored, not {other}"),
                }
            }
            other => bail!("{other} is no option; --help lists them"),
        }
    }
    let has_page = options.page;
    let fake = FakeItsm::start(options).await?;
    for fault in faults {
        fake.switch_on(fault);
    }
    println!("fake ITSM listens on {}", fake.url());
    for (name, id) in fake.services() {
        println!("service {id}: {name}");
    }
    if has_page {
        println!("open {}/ in a browser", fake.url());
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
