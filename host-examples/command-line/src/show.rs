//! What a gate prints: lines for people, with a spinner where a terminal shows it, or JSON for programs.

use crate::view;
use crate::words::verdict;
use indicatif::{ProgressBar, ProgressStyle};
use rust_host::{CreatedTicket, Failure, Itsm, Language, Outcome, TicketStatus};
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::time::Duration;

/// Prints each thing that happens, as it happens.
pub struct Shown {
    form: Form,
    itsm: Itsm,
    language: Language,
}

enum Form {
    /// One JSON object a line.
    Json,
    /// One line of text for each change.
    Lines,
    /// The same, and a spinner for the time between.
    Terminal(ProgressBar),
}

impl Shown {
    pub fn new(json: bool, itsm: Itsm, language: Language) -> Self {
        let form = if json {
            Form::Json
        } else if std::io::stdout().is_terminal() && std::io::stderr().is_terminal() {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(120));
            Form::Terminal(spinner)
        } else {
            Form::Lines
        };
        Self { form, itsm, language }
    }

    pub fn resumed(&self, sn: Option<&str>) {
        let ticket = sn.unwrap_or("?");
        self.line(
            &say!(self.language, "resumed    {ticket}", "继续等待   {ticket}"),
            json!({"event": "resumed", "sn": sn}),
        );
    }

    pub fn created(&self, ticket: &CreatedTicket) {
        let CreatedTicket { sn, ticket_url, .. } = ticket;
        self.line(
            &say!(self.language, "created    {sn}  {ticket_url}", "已提单     {sn}  {ticket_url}"),
            json!({"event": "created", "sn": sn, "ticket_url": ticket_url}),
        );
    }

    pub fn waits_for(&self, status: &TicketStatus, whom: &str) {
        if let Form::Terminal(spinner) = &self.form {
            let whom = self.itsm.redacted(whom);
            spinner.set_message(say!(self.language, "waiting for {whom}", "等待 {whom}"));
        }
        let nodes: Vec<_> = status.running.iter().map(view::node).collect();
        self.line(
            &say!(self.language, "waiting    for {whom}", "等待处理   {whom}"),
            json!({"event": "waiting", "nodes": nodes}),
        );
    }

    pub fn called_back(&self, status: &str) {
        self.line(
            &say!(
                self.language,
                "callback   claims {status}; ITSM is asked",
                "收到回调   声称 {status}，正在向 ITSM 核实"
            ),
            json!({"event": "callback", "claims": status}),
        );
    }

    pub fn ended(&self, outcome: &Outcome) {
        for decision in &outcome.decisions {
            let decided = view::decided(decision, self.language);
            let (who, at, remark) = (&decision.operator, &decision.at, &decision.remark);
            self.text(&say!(
                self.language,
                "decision   {decided} by {who} at {at}  {remark}",
                "审批意见   {who} 于 {at} {decided}  {remark}"
            ));
        }
        let (sn, word) = (&outcome.ticket.sn, verdict(outcome.verdict, self.language));
        let decisions: Vec<_> = outcome.decisions.iter().map(view::decision).collect();
        let verdict = outcome.verdict.to_string();
        self.line(
            &say!(self.language, "ended      {sn} {word}", "已结束     {sn} {word}"),
            json!({"event": "ended", "sn": sn, "verdict": verdict, "decisions": decisions}),
        );
    }

    /// What went wrong, in the component's words.
    pub fn failed(&self, failure: &Failure, why: &str) {
        self.line(
            &say!(self.language, "failed     {why}", "失败       {why}"),
            json!({
                "event": "failed", "code": failure.code, "may_have_acted": failure.may_have_acted,
                "message": why,
            }),
        );
    }

    /// What a person has to know.
    pub fn report(&self, why: &str) {
        self.line(
            &say!(self.language, "attention  {why}", "请注意     {why}"),
            json!({"event": "report", "message": why}),
        );
    }

    pub fn timed_out(&self) {
        self.line(
            &say!(
                self.language,
                "timed out  nobody has decided, and the ticket stays open",
                "已超时     还没有人审批，单据保留"
            ),
            json!({"event": "timed-out"}),
        );
    }

    pub fn not_created(&self) {
        self.line(
            &say!(self.language, "stopped    no ticket was made", "已停止     没有提单"),
            json!({"event": "not-created"}),
        );
    }

    pub fn maybe_created(&self) {
        self.line(
            &say!(
                self.language,
                "stopped    ITSM may have made the ticket: run the same command with --resume FILE, or search for its title",
                "已停止     ITSM 可能已经提单：请用同一个 --resume 文件重新运行，或按提单人查找"
            ),
            json!({"event": "maybe-created"}),
        );
    }

    pub fn withdrawing(&self) {
        self.line(
            &say!(self.language, "cancelled  the ticket is being withdrawn", "已取消     正在撤单"),
            json!({"event": "withdrawing"}),
        );
    }

    pub fn interrupted(&self) {
        self.line(
            &say!(self.language, "cancelled  the ticket stays open", "已取消     单据保留"),
            json!({"event": "interrupted"}),
        );
    }

    fn line(&self, text: &str, value: Value) {
        match self.form {
            Form::Json => println!("{}", self.itsm.redacted(&value.to_string())),
            Form::Lines | Form::Terminal(_) => self.text(text),
        }
    }

    /// A server can repeat the credentials, and can send what steers a terminal.
    fn text(&self, text: &str) {
        let text = self.itsm.redacted(text);
        match &self.form {
            Form::Json => {}
            Form::Lines => println!("{text}"),
            Form::Terminal(spinner) => spinner.suspend(|| println!("{text}")),
        }
    }
}
