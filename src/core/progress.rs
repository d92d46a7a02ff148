//! Where a ticket stands: its running nodes, its form, its log, its approvals.

use super::json::{self, Object};
use super::service::FormField;
use super::text;
use super::ticket::{self, Ticket};
use serde_json::Value;

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
    pub fn read(data: &Value) -> Result<Self, String> {
        let row = Object::of(data, "`data`")?;
        Ok(Self {
            status: row.text("current_status")?,
            running: running(&row)?,
            allowed_actions: allowed_actions(&row)?,
            ticket_url: row.optional_text("ticket_url")?.unwrap_or_default(),
        })
    }
}

impl TicketInfo {
    /// The data of get_ticket_info's answer for the ticket `sn`.
    pub fn read(data: &Value, sn: &str) -> Result<Self, String> {
        let row = Object::of(data, "`data`")?;
        let fields = json::rows(row.get("fields")?, "`fields`")?;
        Ok(Self {
            ticket: Ticket::read(data)?.named(sn)?,
            running: running(&row)?,
            fields: fields
                .iter()
                .map(FilledField::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl FilledField {
    fn read(row: &Value) -> Result<Self, String> {
        let row = Object::of(row, "a field")?;
        let display = match row.get("display_value")? {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        Ok(Self {
            key: row.text("key")?,
            name: row.optional_text("name")?.unwrap_or_default(),
            kind: row.optional_text("type")?.unwrap_or_default(),
            value_json: row.get("value")?.to_string(),
            display,
        })
    }
}

impl LogEntry {
    /// The data of get_ticket_logs's answer for the ticket `sn`.
    pub fn read_all(data: &Value, sn: &str) -> Result<Vec<Self>, String> {
        let read = |row: &Value| {
            let row = Object::of(row, "a log entry")?;
            Ok(Self {
                operator: row.optional_text("operator")?.unwrap_or_default(),
                at: row.text("operate_at")?,
                message: row.optional_text("message")?.unwrap_or_default(),
                source: row.optional_text("source")?.unwrap_or_default(),
            })
        };
        log_rows(data, sn)?.iter().map(read).collect()
    }
}

impl NodeResult {
    /// The data of get_approve_node_result's answer.
    pub fn read(data: &Value) -> Result<Self, String> {
        let row = Object::of(data, "`data`")?;
        Ok(Self {
            name: row.text("name")?,
            processed_by: users(&row, "processed_user")?,
            approved: row.boolean("approve_result")?,
            remark: row.optional_text("approve_remark")?.unwrap_or_default(),
        })
    }
}

/// The data of get_approver's answer.
pub fn read_approvers(data: &Value) -> Result<Vec<String>, String> {
    users(&Object::of(data, "`data`")?, "approver")
}

/// The rows of a log, of this ticket and no other.
pub(super) fn log_rows<'a>(data: &'a Value, sn: &str) -> Result<&'a [Value], String> {
    let data = Object::of(data, "`data`")?;
    ticket::same_sn(&data.text("sn")?, sn)?;
    json::rows(data.get("logs")?, "`logs`")
}

fn running(row: &Object) -> Result<Vec<RunningNode>, String> {
    let read = |row: &Value| {
        let row = Object::of(row, "a step")?;
        Ok(RunningNode {
            node_id: row.number("state_id")?,
            name: row.text("name")?,
            status: row.optional_text("status")?.unwrap_or_default(),
            processors: users(&row, "processors")?,
            allowed_actions: match row.get("operations") {
                Ok(_) => allowed_actions(&row)?,
                Err(_) => Vec::new(),
            },
            fields: match row.get("fields") {
                Ok(fields) => json::rows(fields, "`fields`")?
                    .iter()
                    .map(FormField::read)
                    .collect::<Result<_, _>>()?,
                Err(_) => Vec::new(),
            },
        })
    };
    json::rows(row.get("current_steps")?, "`current_steps`")?
        .iter()
        .map(read)
        .collect()
}

fn allowed_actions(row: &Object) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    for operation in json::rows(row.get("operations")?, "`operations`")? {
        let operation = Object::of(operation, "an operation")?;
        if operation.boolean("can_operate")? {
            keys.push(operation.text("key")?);
        }
    }
    Ok(keys)
}

fn users(row: &Object, name: &str) -> Result<Vec<String>, String> {
    Ok(text::users(&row.optional_text(name)?.unwrap_or_default()))
}
