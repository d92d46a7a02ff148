//! Tickets, nodes and decisions: as rows for people, as JSON for programs.

use comfy_table::{ContentArrangement, Table, TableComponent, presets};
use rust_host::{Decision, Ending, Language, RunningNode, Ticket};
use serde_json::{Value, json};
use terminal_size::{Width, terminal_size};

pub fn facts(ticket: &Ticket, language: Language) -> Vec<(String, String)> {
    let mut facts = vec![
        (say!(language, "ticket", "单号"), ticket.sn.clone()),
        (say!(language, "title", "标题"), ticket.title.clone()),
        (say!(language, "creator", "提单人"), ticket.creator.clone()),
        (say!(language, "status", "状态"), ticket.status.clone()),
        (say!(language, "created", "创建时间"), ticket.created_at.clone()),
    ];
    if let Some(ended_at) = &ticket.ended_at {
        facts.push((say!(language, "ended", "结束时间"), ended_at.clone()));
    }
    facts.push((say!(language, "page", "页面"), ticket.ticket_url.clone()));
    facts
}

pub fn pairs(facts: Vec<(String, String)>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for (name, value) in facts {
        table.add_row([name, value]);
    }
    table
}

pub fn decisions(decisions: &[Decision], language: Language) -> Table {
    let heads = [
        say!(language, "decision", "审批结果"),
        say!(language, "who", "审批人"),
        say!(language, "when", "时间"),
        say!(language, "why", "意见"),
    ];
    let rows = decisions
        .iter()
        .map(|it| [decided(it, language), it.operator.clone(), it.at.clone(), it.remark.clone()]);
    table(heads, rows)
}

/// Yes or no.
pub fn decided(decision: &Decision, language: Language) -> String {
    if decision.approved {
        say!(language, "approved", "同意")
    } else {
        say!(language, "refused", "拒绝")
    }
}

pub fn nodes(nodes: &[RunningNode], language: Language) -> Table {
    let heads = [
        say!(language, "waits for", "等待"),
        say!(language, "node", "节点"),
        say!(language, "id", "id"),
        say!(language, "status", "状态"),
    ];
    let rows = nodes.iter().map(|it| {
        [it.processors.join(", "), it.name.clone(), it.node_id.to_string(), it.status.clone()]
    });
    table(heads, rows)
}

pub fn table<const N: usize>(
    heads: [String; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(heads);
    if let Some((Width(columns), _)) = terminal_size() {
        table.set_width(columns);
    }
    for row in rows {
        table.add_row(row);
    }
    table
}

pub fn ticket(it: &Ticket) -> Value {
    json!({
        "sn": it.sn, "title": it.title, "creator": it.creator, "status": it.status,
        "created_at": it.created_at, "ended_at": it.ended_at, "ticket_url": it.ticket_url,
    })
}

pub fn decision(it: &Decision) -> Value {
    json!({"operator": it.operator, "approved": it.approved, "remark": it.remark, "at": it.at})
}

pub fn node(it: &RunningNode) -> Value {
    json!({
        "node_id": it.node_id, "name": it.name, "status": it.status, "processors": it.processors,
        "allowed_actions": it.allowed_actions,
    })
}

/// An ending in the word of the WIT.
pub fn ending_word(ending: Ending) -> &'static str {
    match ending {
        Ending::Open => "open",
        Ending::Stuck => "stuck",
        Ending::Approved => "approved",
        Ending::Completed => "completed",
        Ending::Rejected => "rejected",
        Ending::RejectedAndTerminated => "rejected-and-terminated",
        Ending::Terminated => "terminated",
        Ending::Withdrawn => "withdrawn",
        Ending::Closed => "closed",
        Ending::Undetermined => "undetermined",
    }
}
