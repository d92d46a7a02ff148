//! Where a ticket stands: its running nodes, its form, its log, its approvals.

use super::json::{Json, Mismatch, Object};
use super::service::FormField;
use super::ticket::{self, Ticket};

/// A node that is running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningNode {
    /// The node's id.
    pub node_id: u64,
    /// The node's name.
    pub name: String,
    /// ITSM's word for the node's status.
    pub status: String,
    /// Who may handle it.
    pub processors: Vec<String>,
    /// What they can do, in ITSM's words. Only get_ticket_status tells.
    pub allowed_actions: Vec<String>,
    /// What it wants to be filled in. Only get_ticket_status tells.
    pub fields: Vec<FormField>,
}

/// What get_ticket_status tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketStatus {
    /// ITSM's word for the ticket's status.
    pub status: String,
    /// The running nodes.
    pub running: Vec<RunningNode>,
    /// What can be done with the ticket, in ITSM's words.
    pub allowed_actions: Vec<String>,
    /// The ticket's page.
    pub ticket_url: String,
}

/// One field of a ticket's form, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledField {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its type, in ITSM's word.
    pub kind: String,
    /// Its value, as JSON text.
    pub value_json: String,
    /// Its value for people.
    pub display: String,
}

/// What get_ticket_info tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketInfo {
    /// The ticket.
    pub ticket: Ticket,
    /// The running nodes, without what can be done there.
    pub running: Vec<RunningNode>,
    /// The form.
    pub fields: Vec<FilledField>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Who acted. Empty for the system.
    pub operator: String,
    /// When.
    pub at: String,
    /// For people.
    pub message: String,
    /// Where from, in ITSM's word: WEB, API, SYS.
    pub source: String,
}

/// What get_approve_node_result tells of a finished approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeResult {
    /// The node's name.
    pub name: String,
    /// Who decided.
    pub processed_by: Vec<String>,
    /// Yes or no.
    pub approved: bool,
    /// Why.
    pub remark: String,
}

impl TicketStatus {
    /// The data of get_ticket_status's answer, which does not tell its number.
    pub fn decode(data: Json) -> Result<Self, Mismatch> {
        let row = data.object("`data`")?;
        Ok(Self {
            status: row.text("current_status")?,
            running: running(&row)?,
            allowed_actions: allowed_actions(&row)?,
            ticket_url: row.text_or_nothing("ticket_url")?,
        })
    }
}

impl TicketInfo {
    /// The data of get_ticket_info's answer for the ticket `sn`.
    pub fn decode(data: Json, sn: &str) -> Result<Self, Mismatch> {
        let row = data.object("`data`")?;
        Ok(Self {
            ticket: Ticket::decode(data)?.named(sn)?,
            running: running(&row)?,
            fields: row.get("fields")?.rows("`fields`", FilledField::decode)?,
        })
    }
}

impl FilledField {
    fn decode(row: Json) -> Result<Self, Mismatch> {
        let row = row.object("a field")?;
        let display = match row.get("display_value")? {
            nothing if nothing.is_null() => String::new(),
            value => match value.string() {
                Some(text) => text.into_owned(),
                None => value.text().to_owned(),
            },
        };
        Ok(Self {
            key: row.text("key")?,
            name: row.text_or_nothing("name")?,
            kind: row.text_or_nothing("type")?,
            value_json: row.get("value")?.text().to_owned(),
            display,
        })
    }
}

impl LogEntry {
    /// The data of get_ticket_logs's answer for the ticket `sn`.
    pub fn decode_all(data: Json, sn: &str) -> Result<Vec<Self>, Mismatch> {
        log(data, sn)?.rows("`logs`", |row| {
            let row = row.object("a log entry")?;
            Ok(Self {
                operator: row.text_or_nothing("operator")?,
                at: row.text("operate_at")?,
                message: row.text_or_nothing("message")?,
                source: row.text_or_nothing("source")?,
            })
        })
    }
}

impl NodeResult {
    /// The data of get_approve_node_result's answer.
    pub fn decode(data: Json) -> Result<Self, Mismatch> {
        let row = data.object("`data`")?;
        Ok(Self {
            name: row.text("name")?,
            processed_by: row.users("processed_user")?,
            approved: row.boolean("approve_result")?,
            remark: row.text_or_nothing("approve_remark")?,
        })
    }
}

/// The data of get_approver's answer.
pub fn decode_approvers(data: Json) -> Result<Vec<String>, Mismatch> {
    data.object("`data`")?.users("approver")
}

/// The list of a log's entries, of this ticket and no other.
pub(super) fn log<'a>(data: Json<'a>, sn: &str) -> Result<Json<'a>, Mismatch> {
    let data = data.object("`data`")?;
    ticket::same_sn(&data.text("sn")?, sn)?;
    data.get("logs")
}

fn running(row: &Object) -> Result<Vec<RunningNode>, Mismatch> {
    row.get("current_steps")?.rows("`current_steps`", |row| {
        let row = row.object("a step")?;
        Ok(RunningNode {
            node_id: row.number("state_id")?,
            name: row.text("name")?,
            status: row.text_or_nothing("status")?,
            processors: row.users("processors")?,
            allowed_actions: match row.find("operations") {
                Some(_) => allowed_actions(&row)?,
                None => Vec::new(),
            },
            fields: match row.find("fields") {
                Some(fields) => fields.rows("`fields`", FormField::decode)?,
                None => Vec::new(),
            },
        })
    })
}

fn allowed_actions(row: &Object) -> Result<Vec<String>, Mismatch> {
    let keys = row.get("operations")?.rows("`operations`", |operation| {
        let operation = operation.object("an operation")?;
        let key = operation.text("key")?;
        Ok(operation.boolean("can_operate")?.then_some(key))
    })?;
    Ok(keys.into_iter().flatten().collect())
}
