//! Where a ticket stands: its running steps, its form, its log, its approvals.

use super::json::{self, Object};
use super::text;
use super::ticket::Ticket;
use serde_json::Value;

/// A step that is running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The node's id.
    pub state_id: u64,
    /// The node's name.
    pub name: String,
    /// ITSM's word for the node's status.
    pub status: String,
    /// Who may handle it.
    pub processors: Vec<String>,
    /// What they can do, in ITSM's words.
    pub operations: Vec<String>,
}

/// What get_ticket_status tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketStatus {
    /// ITSM's word for the ticket's status.
    pub status: String,
    /// The running steps.
    pub steps: Vec<Step>,
    /// What can be done with the ticket, in ITSM's words.
    pub operations: Vec<String>,
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
    /// The running steps, without what can be done there.
    pub steps: Vec<Step>,
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

/// A decision at an approval, from the complex log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The key of the node's decision field, which tells the nodes apart.
    pub field_key: String,
    /// Who decided.
    pub operator: String,
    /// Yes or no.
    pub approved: bool,
    /// Why, in their words.
    pub remark: String,
    /// When.
    pub at: String,
}

/// The complex log: only what is structured in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// Whether each entry of an approval told its decision: else nothing may be concluded.
    pub complete: bool,
    /// Who the last entry names.
    pub last_operator: String,
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
    /// The data of get_ticket_status's answer.
    pub fn read(data: &Value) -> Result<Self, String> {
        let row = Object::of(data, "`data`")?;
        Ok(Self {
            status: row.text("current_status")?,
            steps: steps(&row)?,
            operations: operations(&row)?,
            ticket_url: row.optional_text("ticket_url")?.unwrap_or_default(),
        })
    }
}

impl TicketInfo {
    /// The data of get_ticket_info's answer.
    pub fn read(data: &Value) -> Result<Self, String> {
        let row = Object::of(data, "`data`")?;
        let fields = json::rows(row.get("fields")?, "`fields`")?;
        Ok(Self {
            ticket: Ticket::read(data)?,
            steps: steps(&row)?,
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
    /// The data of get_ticket_logs's answer.
    pub fn read_all(data: &Value) -> Result<Vec<Self>, String> {
        let read = |row: &Value| {
            let row = Object::of(row, "a log entry")?;
            Ok(Self {
                operator: row.optional_text("operator")?.unwrap_or_default(),
                at: row.text("operate_at")?,
                message: row.optional_text("message")?.unwrap_or_default(),
                source: row.optional_text("source")?.unwrap_or_default(),
            })
        };
        log_rows(data)?.iter().map(read).collect()
    }
}

impl History {
    /// The data of get_ticket_logs's answer with `show_type=complex`.
    ///
    /// An entry whose node is an approval carries the node's form: the decision is its choice field
    /// with the value "true" or "false", the same rule by which ITSM reads its own results (read in
    /// the server's source). The messages are prose in the server's language and are not looked at.
    pub fn read(data: &Value) -> Result<Self, String> {
        let mut history = Self {
            complete: true,
            ..Self::default()
        };
        for row in log_rows(data)? {
            let row = Object::of(row, "a log entry")?;
            history.last_operator = row.optional_text("operator")?.unwrap_or_default();
            let Some(kind) = row.optional_text("from_state_type")? else {
                // A server that ignored `show_type`: nothing here tells an approval from the rest.
                history.complete = false;
                continue;
            };
            if matches!(kind.as_str(), "APPROVAL" | "SIGN") {
                match decision(&row)? {
                    Some(decision) => history.decisions.push(decision),
                    None => history.complete = false,
                }
            }
        }
        Ok(history)
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

fn decision(row: &Object) -> Result<Option<Decision>, String> {
    let form = match row.get("form_data") {
        Ok(Value::Array(form)) => form.as_slice(),
        _ => &[],
    };
    let mut decided = None;
    let mut remark = String::new();
    for field in form {
        let field = Object::of(field, "a form's field")?;
        let value = field.optional_text("value").ok().flatten();
        match (field.optional_text("type")?.as_deref(), value.as_deref()) {
            (Some("RADIO"), Some(choice @ ("true" | "false"))) if decided.is_none() => {
                decided = Some((field.text("key")?, choice == "true"));
            }
            (Some("TEXT"), Some(text)) if remark.is_empty() => remark = text.to_owned(),
            _ => {}
        }
    }
    let Some((field_key, approved)) = decided else {
        return Ok(None);
    };
    Ok(Some(Decision {
        field_key,
        operator: row.optional_text("operator")?.unwrap_or_default(),
        approved,
        remark,
        at: row.optional_text("operate_at")?.unwrap_or_default(),
    }))
}

fn log_rows(data: &Value) -> Result<&[Value], String> {
    json::rows(Object::of(data, "`data`")?.get("logs")?, "`logs`")
}

fn steps(row: &Object) -> Result<Vec<Step>, String> {
    let read = |row: &Value| {
        let row = Object::of(row, "a step")?;
        Ok(Step {
            state_id: row.number("state_id")?,
            name: row.text("name")?,
            status: row.optional_text("status")?.unwrap_or_default(),
            processors: users(&row, "processors")?,
            operations: match row.get("operations") {
                Ok(_) => operations(&row)?,
                Err(_) => Vec::new(),
            },
        })
    };
    json::rows(row.get("current_steps")?, "`current_steps`")?
        .iter()
        .map(read)
        .collect()
}

fn operations(row: &Object) -> Result<Vec<String>, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(kind: &str, operator: &str, form: Value) -> Value {
        json!({"operator": operator, "operate_at": "t", "message": "m", "source": "API",
               "from_state_type": kind, "form_data": form})
    }

    fn history(entries: Vec<Value>) -> History {
        History::read(&json!({"sn": "S", "logs": entries})).unwrap()
    }

    #[test]
    fn an_approvals_entry_tells_the_decision_its_remark_and_its_operator() {
        let form = json!([
            {"id": 1, "key": "k", "type": "RADIO", "value": "false"},
            {"id": 2, "key": "r", "type": "TEXT", "value": null},
            {"id": 3, "key": "s", "type": "TEXT", "value": "too dear"},
        ]);
        let read = history(vec![
            entry(
                "NORMAL",
                "carol",
                json!([{"key": "k", "type": "RADIO", "value": "true"}]),
            ),
            entry("APPROVAL", "bob", form),
            entry("", "system", json!([])),
        ]);
        assert_eq!(
            read,
            History {
                decisions: vec![Decision {
                    field_key: "k".into(),
                    operator: "bob".into(),
                    approved: false,
                    remark: "too dear".into(),
                    at: "t".into(),
                }],
                complete: true,
                last_operator: "system".into(),
            }
        );
    }

    #[test]
    fn a_log_that_does_not_tell_each_decision_is_not_complete() {
        for form in [
            json!([]),
            json!({}),
            json!([{"key": "k", "type": "RADIO", "value": "maybe"}]),
            json!([{"key": "k", "type": "RADIO", "value": null}]),
            json!([{"key": "k", "type": "STRING", "value": "true"}]),
        ] {
            assert!(!history(vec![entry("APPROVAL", "bob", form)]).complete);
        }
        let simple = json!({"operator": "a", "operate_at": "t", "message": "m", "source": "WEB"});
        assert!(!history(vec![simple]).complete);
        assert!(history(vec![]).complete);
    }
}
