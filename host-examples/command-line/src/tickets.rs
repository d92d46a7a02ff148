//! Looking at tickets, and acting on them: tables for people, JSON for programs.

use crate::configuration::{Configuration, Flags};
use crate::exit::Exit;
use crate::view::{decision, decisions, ending_word, facts, node, nodes, pairs, table, ticket};
use crate::words;
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use comfy_table::{Table, presets};
use rust_host::{
    Assignees, CallbackTarget, CallbackUrlError, Confirmation, Itsm, Language, ServiceFilter,
    TicketFilter,
};
use serde_json::{Value, json};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Subcommand)]
pub enum Command {
    /// Says how a ticket stands or ended: who decided, when and why, and whom it waits for.
    Explain {
        /// The ticket's number.
        sn: String,
    },
    /// A ticket's status, and its running nodes.
    Status {
        /// The ticket's number.
        sn: String,
    },
    /// A ticket's log.
    Log {
        /// The ticket's number.
        sn: String,
    },
    /// Finds tickets, newest first.
    Search {
        /// Who created them.
        #[arg(long, value_name = "USER")]
        creator: Option<String>,
        /// Their status, such as RUNNING. Can be given several times.
        #[arg(long = "status", value_name = "STATUS")]
        statuses: Vec<String>,
        /// Whom they wait for.
        #[arg(long, value_name = "USER")]
        waiting_for: Option<String>,
        /// Created then or later, such as "2026-11-01 00:00:00".
        #[arg(long, value_name = "TIME")]
        created_from: Option<String>,
        /// Created then or earlier.
        #[arg(long, value_name = "TIME")]
        created_to: Option<String>,
        /// Which page, from 1.
        #[arg(long, value_name = "N", default_value_t = 1)]
        page: u32,
        /// How many a page.
        #[arg(long, value_name = "N", default_value_t = 20)]
        page_size: u32,
    },
    /// The services that tickets can be created for.
    Services,
    /// The form of a service.
    Form {
        /// The service's id.
        service: u64,
    },
    /// Approves, as somebody whom the ticket waits for.
    Approve(Decided),
    /// Refuses, as somebody whom the ticket waits for.
    Refuse(Decided),
    /// Claims a node that several people may handle.
    Claim(OfNode),
    /// Hands a node over to somebody else.
    HandOver {
        #[command(flatten)]
        node: OfNode,
        /// To whom.
        #[arg(long, value_name = "USER", required = true)]
        to: Vec<String>,
        /// Why.
        #[arg(long, short, value_name = "TEXT")]
        message: String,
    },
    /// Withdraws a ticket, as its creator.
    Withdraw(OfTicket),
    /// Terminates a ticket, as somebody who handles it.
    Terminate(OfTicket),
    /// Suspends a ticket.
    Suspend(OfTicket),
    /// Resumes a suspended ticket.
    Resume(OfTicket),
    /// Asks ITSM about the tickets in a file, a number a line. Made for cron.
    Reconcile {
        /// The file; - is the standard input.
        file: PathBuf,
    },
    /// Checks the settings: each action of ITSM is tried once, and nothing is changed.
    Diagnose {
        /// Checks as well whether this callback address answers as ITSM wants.
        #[arg(long, value_name = "URL")]
        callback: Option<String>,
    },
}

#[derive(clap::Args)]
pub struct OfTicket {
    /// The ticket's number.
    sn: String,
    /// Why.
    #[arg(long, short, value_name = "TEXT", default_value = "")]
    message: String,
}

#[derive(clap::Args)]
pub struct OfNode {
    /// The ticket's number.
    sn: String,
    /// The node's id. Not needed where one node runs.
    #[arg(long, value_name = "ID")]
    node: Option<u64>,
}

#[derive(clap::Args)]
pub struct Decided {
    #[command(flatten)]
    node: OfNode,
    /// A remark.
    #[arg(long, short, value_name = "TEXT", default_value = "")]
    message: String,
}

/// What a command prints: rows for people, a value for programs.
struct Answer {
    tables: Vec<Table>,
    value: Value,
}

impl Command {
    pub async fn run(self, flags: &Flags) -> Result<Exit> {
        let configuration = flags.configuration()?;
        let itsm = configuration.itsm(Arc::new(drop))?;
        let asked = Asked { itsm, configuration, json: flags.json };
        asked.run(self).await
    }
}

struct Asked {
    itsm: Itsm,
    configuration: Configuration,
    json: bool,
}

impl Asked {
    async fn run(&self, command: Command) -> Result<Exit> {
        let language = self.configuration.language;
        let itsm = &self.itsm;
        match command {
            Command::Explain { sn } => {
                let it = itsm.explain(&sn).await?;
                let ending = words::ending(it.ending, language);
                let mut facts = facts(&it.ticket, language);
                facts.push((say!(language, "ending", "结局"), ending));
                if !it.words.is_empty() {
                    facts.push((say!(language, "why", "原因"), it.words.clone()));
                }
                let mut tables = vec![pairs(facts)];
                if !it.decisions.is_empty() {
                    tables.push(decisions(&it.decisions, language));
                }
                if !it.waiting_for.is_empty() {
                    tables.push(nodes(&it.waiting_for, language));
                }
                let value = json!({
                    "ticket": ticket(&it.ticket),
                    "ending": ending_word(it.ending),
                    "why": it.words,
                    "decisions": it.decisions.iter().map(decision).collect::<Vec<_>>(),
                    "waiting_for": it.waiting_for.iter().map(node).collect::<Vec<_>>(),
                });
                self.print(Answer { tables, value });
            }
            Command::Status { sn } => {
                let it = itsm.status(&sn).await?;
                let facts = vec![
                    (say!(language, "status", "状态"), it.status.clone()),
                    (say!(language, "page", "页面"), it.ticket_url.clone()),
                ];
                let value = json!({
                    "status": it.status,
                    "running": it.running.iter().map(node).collect::<Vec<_>>(),
                    "ticket_url": it.ticket_url,
                });
                let tables = vec![pairs(facts), nodes(&it.running, language)];
                self.print(Answer { tables, value });
            }
            Command::Log { sn } => {
                let log = itsm.ticket_log(&sn).await?;
                let heads = [
                    say!(language, "at", "时间"),
                    say!(language, "who", "操作人"),
                    say!(language, "what", "内容"),
                    say!(language, "source", "来源"),
                ];
                let rows = log.iter().map(|it| {
                    [it.at.clone(), it.operator.clone(), it.message.clone(), it.source.clone()]
                });
                let value = log.iter().map(|it| {
                    json!({"at": it.at, "operator": it.operator, "message": it.message, "source": it.source})
                });
                let value = value.collect();
                self.print(Answer { tables: vec![table(heads, rows)], value });
            }
            Command::Search {
                creator,
                statuses,
                waiting_for,
                created_from,
                created_to,
                page,
                page_size,
            } => {
                let filter = TicketFilter {
                    sns: Vec::new(),
                    creator,
                    tag: None,
                    project_key: None,
                    service_ids: Vec::new(),
                    bk_biz_ids: Vec::new(),
                    statuses,
                    created_from,
                    created_to,
                    ended_from: None,
                    ended_to: None,
                    waiting_for,
                };
                let found = itsm.search(&filter, page, page_size).await?;
                let heads = [
                    say!(language, "number", "单号"),
                    say!(language, "title", "标题"),
                    say!(language, "creator", "提单人"),
                    say!(language, "status", "状态"),
                    say!(language, "created", "创建时间"),
                ];
                let rows = found.tickets.iter().map(|it| {
                    [&it.sn, &it.title, &it.creator, &it.status, &it.created_at].map(Clone::clone)
                });
                let (page, pages, total) = (found.page, found.pages, found.total);
                let of = say!(
                    language,
                    "page {page} of {pages}, {total} tickets",
                    "第 {page} 页，共 {pages} 页，{total} 张单据"
                );
                let mut end = Table::new();
                end.load_preset(presets::NOTHING).add_row([of]);
                let value = json!({
                    "tickets": found.tickets.iter().map(ticket).collect::<Vec<_>>(),
                    "page": page, "pages": pages, "total": total,
                });
                self.print(Answer { tables: vec![table(heads, rows), end], value });
            }
            Command::Services => {
                let every_service = ServiceFilter {
                    catalog_id: None,
                    kind: None,
                    display_type: None,
                    display_role: None,
                };
                let services = itsm.services(&every_service).await?;
                let heads = [say!(language, "id", "id"), say!(language, "name", "名称")];
                let rows = services.iter().map(|it| [it.id.to_string(), it.name.clone()]);
                let value =
                    services.iter().map(|it| json!({"id": it.id, "name": it.name})).collect();
                self.print(Answer { tables: vec![table(heads, rows)], value });
            }
            Command::Form { service } => {
                let form = itsm.form(service).await?;
                let heads = [
                    say!(language, "key", "键"),
                    say!(language, "name", "名称"),
                    say!(language, "type", "类型"),
                    say!(language, "required", "必填"),
                    say!(language, "choices", "选项"),
                ];
                let rows = form.fields.iter().map(|it| {
                    let required = if it.required { "*" } else { "" };
                    let choices: Vec<_> = it.choices.iter().map(|it| it.key.as_str()).collect();
                    [
                        it.key.clone(),
                        it.name.clone(),
                        it.kind.clone(),
                        required.to_owned(),
                        choices.join(", "),
                    ]
                });
                let value = form.fields.iter().map(|it| {
                    let choices: Vec<_> = it.choices.iter().map(|it| &it.key).collect();
                    json!({"key": it.key, "name": it.name, "type": it.kind, "required": it.required, "choices": choices})
                });
                let value = value.collect();
                self.print(Answer { tables: vec![table(heads, rows)], value });
            }
            Command::Approve(it) => self.decide(it, true).await?,
            Command::Refuse(it) => self.decide(it, false).await?,
            Command::Claim(it) => {
                let (node, who) = (self.node(&it).await?, self.configuration.operator()?);
                itsm.claim(&it.sn, node, who).await?;
                self.done(&it.sn);
            }
            Command::HandOver { node: it, to, message } => {
                let (node, who) = (self.node(&it).await?, self.configuration.operator()?);
                itsm.hand_over(&it.sn, node, who, &Assignees::People(to), &message).await?;
                self.done(&it.sn);
            }
            Command::Withdraw(it) => {
                itsm.withdraw(&it.sn, self.configuration.operator()?, &it.message).await?;
                self.done(&it.sn);
            }
            Command::Terminate(it) => {
                itsm.terminate(&it.sn, self.configuration.operator()?, &it.message).await?;
                self.done(&it.sn);
            }
            Command::Suspend(it) => {
                itsm.suspend(&it.sn, self.configuration.operator()?, &it.message).await?;
                self.done(&it.sn);
            }
            Command::Resume(it) => {
                itsm.resume(&it.sn, self.configuration.operator()?, &it.message).await?;
                self.done(&it.sn);
            }
            Command::Reconcile { file } => return self.reconcile(&file).await,
            Command::Diagnose { callback } => return self.diagnose(callback).await,
        }
        Ok(Exit::Done)
    }

    async fn decide(&self, Decided { node: it, message }: Decided, approved: bool) -> Result<()> {
        let (node, who) = (self.node(&it).await?, self.configuration.operator()?);
        self.itsm.approve(&it.sn, node, who, approved, &message).await?;
        self.done(&it.sn);
        Ok(())
    }

    /// The node that is named, or the one that runs.
    async fn node(&self, of: &OfNode) -> Result<u64> {
        if let Some(node) = of.node {
            return Ok(node);
        }
        let running = self.itsm.status(&of.sn).await?.running;
        match running.as_slice() {
            [node] => Ok(node.node_id),
            [] => bail!("no node of {} runs: nobody has to act", of.sn),
            several => {
                let nodes: Vec<_> =
                    several.iter().map(|it| format!("{} {}", it.node_id, it.name)).collect();
                bail!(
                    "several nodes run, name one by --node: {}",
                    self.itsm.redacted(&nodes.join(", "))
                )
            }
        }
    }

    /// Asks about all numbers, and prints one answer each. What an answer says is no failure of the command.
    async fn reconcile(&self, file: &std::path::Path) -> Result<Exit> {
        let language = self.configuration.language;
        let mut text = String::new();
        if file.as_os_str() == "-" {
            std::io::stdin().read_to_string(&mut text)?;
        } else {
            text = std::fs::read_to_string(file)
                .with_context(|| format!("{} can't be read", file.display()))?;
        }
        let sns: Vec<String> = text
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let mut rows = Vec::new();
        let mut values = Vec::new();
        for sns in sns.chunks(50) {
            for it in self.itsm.reconcile(sns).await? {
                let (word, verdict) = match &it.confirmation {
                    Confirmation::Ended(outcome) => {
                        (words::verdict(outcome.verdict, language), outcome.verdict.to_string())
                    }
                    other => (words::confirmation(other, language), "none".to_owned()),
                };
                rows.push([it.sn.clone(), word]);
                values.push(json!({
                    "sn": it.sn,
                    "verdict": verdict,
                    "confirmation": words::confirmation(&it.confirmation, Language::English),
                }));
            }
        }
        let heads = [say!(language, "number", "单号"), say!(language, "answer", "结果")];
        self.print(Answer { tables: vec![table(heads, rows)], value: values.into() });
        Ok(Exit::Done)
    }

    async fn diagnose(&self, callback: Option<String>) -> Result<Exit> {
        let language = self.configuration.language;
        let findings = self.itsm.diagnose().await?;
        let mut exit = Exit::Done;
        let mut rows = Vec::new();
        for finding in &findings {
            if let Some(failure) = &finding.failure {
                exit = failure.into();
            }
            let mark = if finding.failure.is_none() { "✓" } else { "✗" };
            rows.push([mark.to_owned(), finding.action.clone(), finding.words.clone()]);
        }
        if let Some(url) = callback {
            let target = CallbackTarget { url: url.clone(), headers: Vec::new() };
            let (mark, words) = match self.itsm.check_callback_url(&target).await? {
                Ok(()) => ("✓", say!(language, "answers as ITSM wants", "应答符合 ITSM 的要求")),
                Err(error) => {
                    exit = Exit::Unreachable;
                    ("✗", callback_error(&error, language))
                }
            };
            rows.push([mark.to_owned(), url, words]);
        }
        let values = rows
            .iter()
            .map(|[mark, what, words]| json!({"what": what, "works": mark == "✓", "words": words}));
        let value = values.collect();
        let heads =
            [String::new(), say!(language, "what", "项目"), say!(language, "finding", "结果")];
        self.print(Answer { tables: vec![table(heads, rows)], value });
        Ok(exit)
    }

    fn done(&self, sn: &str) {
        let language = self.configuration.language;
        if self.json {
            println!("{}", json!({"sn": sn, "done": true}));
        } else {
            println!("{}", say!(language, "done: {sn}", "已完成：{sn}"));
        }
    }

    /// A server can repeat the credentials, and can send what steers a terminal.
    fn print(&self, Answer { tables, value }: Answer) {
        if self.json {
            println!("{}", self.itsm.redacted(&value.to_string()));
            return;
        }
        for table in tables {
            for line in table.to_string().lines() {
                println!("{}", self.itsm.redacted(line));
            }
        }
    }
}

fn callback_error(error: &CallbackUrlError, language: Language) -> String {
    match error {
        CallbackUrlError::Unreachable(failure) => failure.message.clone(),
        CallbackUrlError::Redirect(status) => say!(
            language,
            "redirects with {status}: ITSM would follow, and its POST would become a GET",
            "以 {status} 重定向：ITSM 会跟随，POST 会变成 GET"
        ),
        CallbackUrlError::Status(status) => say!(
            language,
            "answers with status {status}, which ITSM takes for a failure",
            "返回状态码 {status}，ITSM 视为失败"
        ),
        CallbackUrlError::NotJson => say!(
            language,
            "does not answer with a JSON object: often a login page stands in front",
            "应答不是 JSON 对象：多半是前面有登录页"
        ),
        CallbackUrlError::NoZeroCode => {
            say!(language, "its answer has no code 0", "应答中没有等于 0 的 code")
        }
        CallbackUrlError::Refused(why) => {
            say!(language, "answers as a receiver, and refuses: {why}", "是接收方，但拒绝了：{why}")
        }
        CallbackUrlError::Other(words) => words.clone(),
    }
}
