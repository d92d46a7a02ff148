//! A site to try everything on: the fake ITSM with its pages.

use crate::configuration::Flags;
use crate::exit::Exit;
use crate::{packed, scenario, words};
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use fake_itsm::{FakeItsm, Flow, Options, Switch, Tags};

/// Serves a fake site on this machine, with pages for a browser.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Fake {
    #[command(subcommand)]
    play: Option<Play>,
    /// The port on 127.0.0.1. 0 takes a free one.
    #[arg(long, value_name = "N", default_value_t = 8790)]
    port: u16,
    /// Where numbers begin. The same seed gives the same ones.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Services with their flows: a TOML file, or the name of one that is built in. Can be given several times.
    #[arg(long, value_name = "FILE-OR-NAME")]
    flows: Vec<String>,
    /// A fault, such as create_ticket=drop-after-executing*2. Can be given several times. The page /faults lists
    /// them all.
    #[arg(long = "fault", value_name = "ACTION=KIND[:VALUE][*TIMES]")]
    faults: Vec<String>,
    /// What the site does with tags. Its release says so.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Tag::Stored)]
    tags: Tag,
    /// The gateway wants a verified user where its published resources say so.
    #[arg(long)]
    verified_users: bool,
    /// The ESB is the oldest one, which ignores the header with the credentials.
    #[arg(long)]
    oldest_esb: bool,
}

#[derive(Subcommand)]
enum Play {
    /// Plays a scenario on a fake site, and exits with 0 only if all came as the scenario says.
    Run(scenario::Run),
}

#[derive(Clone, Copy, ValueEnum)]
enum Tag {
    /// From V2.6.3 on.
    Stored,
    /// V2.6.1.394 to V2.6.2: filtered by, and not stored.
    Filtered,
    /// Before V2.6.1.394.
    Ignored,
}

impl Fake {
    pub async fn run(self, flags: &Flags) -> Result<Exit> {
        if let Some(Play::Run(run)) = self.play {
            return run.run().await;
        }
        let language = words::language(|name| std::env::var(name).ok());
        let flows: Result<Vec<_>> = self.flows.iter().map(|flow| Flow::find(flow)).collect();
        let faults: Result<Vec<_>> = self.faults.iter().map(|fault| Switch::parse(fault)).collect();
        let options = Options {
            seed: self.seed,
            port: self.port,
            verified_users: self.verified_users,
            legacy_esb: self.oldest_esb,
            tags: match self.tags {
                Tag::Stored => Tags::Stored,
                Tag::Filtered => Tags::FilteredNotStored,
                Tag::Ignored => Tags::Ignored,
            },
            flows: flows?,
            page: true,
            reader: packed::reader()?,
            ..Options::default()
        };
        let own = options.flows.len();
        let fake = FakeItsm::start(options).await?;
        for fault in faults? {
            fake.switch_on(fault);
        }
        let (url, gateway) = (fake.url(), fake.gateway_url());
        if flags.json {
            println!(
                "{}",
                serde_json::json!({"event": "listening", "url": url, "gateway": gateway})
            );
        } else {
            println!("{}", say!(language, "Open {url}/ in a browser.", "请用浏览器打开 {url}/。"));
            println!(
                "{}",
                say!(language, "Paste this in another shell:", "在另一个 shell 中粘贴：")
            );
            println!(
                "\nexport ITSM_GATEWAY={gateway} ITSM_APP_CODE=demo ITSM_APP_SECRET=demo ITSM_OPERATOR=carol\n"
            );
            if own > 0 {
                println!("{}", say!(language, "Services of your own:", "你的服务："));
                for (name, id) in fake.services().iter().filter(|(_, id)| *id > 1_000) {
                    println!("  --service {id}  {name}");
                }
            }
        }
        crate::gate::cancelled().await;
        Ok(Exit::Done)
    }
}
