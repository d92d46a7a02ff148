//! What ITSM says of tickets.

use super::json::{self, Object};
use super::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A ticket that has just been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTicket {
    /// Its number.
    pub sn: String,
    /// Its id in ITSM's database.
    pub id: String,
    /// Its page.
    pub ticket_url: String,
}

/// A row of get_tickets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// Its number.
    pub sn: String,
    /// Its id in ITSM's database.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who it was made for.
    pub creator: String,
    /// Its service. Empty when the server does not tell.
    pub service: String,
    /// ITSM's word for its status.
    pub status: String,
    /// When it was made, in the server's local time.
    pub created_at: String,
    /// When it ended: the only evidence of an ending.
    pub ended_at: Option<String>,
    /// Who handled it.
    pub updated_by: Vec<String>,
    /// When it last changed.
    pub updated_at: String,
    /// Its page.
    pub ticket_url: String,
}

/// A row of ticket_approval_result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalResult {
    /// The ticket's number.
    pub sn: String,
    /// Its title.
    pub title: String,
    /// ITSM's word for its status.
    pub status: String,
    /// ITSM's result over all approvals.
    pub approve_result: bool,
    /// Its page.
    pub ticket_url: String,
    /// Who handled it.
    pub updated_by: Vec<String>,
    /// When it last changed.
    pub updated_at: String,
}

impl CreatedTicket {
    /// The data of create_ticket's answer.
    pub fn read(data: &Value) -> Result<Self, String> {
        let row = Object::of(data, "`data`")?;
        Ok(Self {
            sn: sn(&row)?,
            id: id(&row)?,
            ticket_url: row.optional_text("ticket_url")?.unwrap_or_default(),
        })
    }
}

impl Ticket {
    /// One row, or the data of get_ticket_info's answer.
    pub fn read(row: &Value) -> Result<Self, String> {
        let row = Object::of(row, "a ticket")?;
        Ok(Self {
            sn: sn(&row)?,
            id: id(&row)?,
            title: row.text("title")?,
            creator: row.optional_text("creator")?.unwrap_or_default(),
            service: row.optional_text("service_id")?.unwrap_or_default(),
            status: row.text("current_status")?,
            created_at: row.text("create_at")?,
            // Not optional: a server that does not tell would make each ticket look open.
            ended_at: match row.get("end_at")? {
                Value::Null => None,
                Value::String(at) => Some(at.clone()).filter(|at| text::is_time(at)),
                other => return Err(format!("`end_at` is {}, not a time", json::kind(other))),
            },
            updated_by: text::users(&row.optional_text("updated_by")?.unwrap_or_default()),
            updated_at: row.optional_text("update_at")?.unwrap_or_default(),
            ticket_url: row.optional_text("ticket_url")?.unwrap_or_default(),
        })
    }
}

impl Ticket {
    /// The ticket, if it is the one that was asked for.
    pub fn named(self, sn: &str) -> Result<Self, String> {
        same_sn(&self.sn, sn).map(|()| self)
    }
}

impl ApprovalResult {
    /// The data of ticket_approval_result's answer for the tickets `sns`.
    pub fn read_all(data: &Value, sns: &[String]) -> Result<Vec<Self>, String> {
        let read = |row: &Value| {
            let row = Object::of(row, "a result")?;
            let sn = sn(&row)?;
            if !sns.iter().any(|asked| same_sn(&sn, asked).is_ok()) {
                return Err("about another ticket than asked for".to_owned());
            }
            Ok(Self {
                sn,
                title: row.text("title")?,
                status: row.text("current_status")?,
                approve_result: row.boolean("approve_result")?,
                ticket_url: row.optional_text("ticket_url")?.unwrap_or_default(),
                updated_by: text::users(&row.optional_text("updated_by")?.unwrap_or_default()),
                updated_at: row.optional_text("update_at")?.unwrap_or_default(),
            })
        };
        json::rows(data, "`data`")?.iter().map(read).collect()
    }
}

/// The numbers in callback_failed_ticket's answer.
pub fn read_failed_list(data: &Value) -> Result<Vec<&str>, String> {
    json::rows(data, "`data`")?
        .iter()
        .map(|row| {
            row.as_str()
                .ok_or_else(|| format!("a row is {}, not a number of a ticket", json::kind(row)))
        })
        .collect()
}

/// The data of token/verify's answer.
pub fn read_is_passed(data: &Value) -> Result<bool, String> {
    Object::of(data, "`data`")?.boolean("is_passed")
}

/// Whether an answer is about the ticket that was asked for. ITSM compares numbers without case.
pub(super) fn same_sn(answered: &str, asked: &str) -> Result<(), String> {
    if answered.eq_ignore_ascii_case(asked) {
        Ok(())
    } else {
        Err("about another ticket than asked for".to_owned())
    }
}

/// A number or text: opaque, and never empty.
fn id(row: &Object) -> Result<String, String> {
    let id = row.text("id")?;
    if id.is_empty() {
        return Err("`id` is empty".to_owned());
    }
    Ok(id)
}

fn sn(row: &Object) -> Result<String, String> {
    let sn = row.text("sn")?;
    if sn.is_empty() {
        return Err("`sn` is empty".to_owned());
    }
    Ok(sn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_ticket_that_a_trigger_finished_is_known_by_its_missing_end() {
        let row = |end_at: Value| {
            json!({
                "id": 111, "sn": "REQ20261124000114", "title": "x", "service_id": 2,
                "current_status": "FINISHED", "updated_by": "carol", "update_at": "2026-11-24 07:51:11",
                "end_at": end_at, "creator": "carol", "create_at": "2026-11-24 07:51:08", "ticket_url": "u",
            })
        };
        let ended = |end_at| Ticket::read(&row(end_at)).map(|ticket| ticket.ended_at);
        assert_eq!(ended(Value::Null), Ok(None));
        assert_eq!(
            ended(json!("2026-11-24 07:51:11")),
            Ok(Some("2026-11-24 07:51:11".into()))
        );
        for no_time in ["", " ", "x", "None", "2026-11-24", "0"] {
            assert_eq!(ended(json!(no_time)), Ok(None), "{no_time}");
        }
        for (wrong, kind) in [
            (json!(0), "a number"),
            (json!(1.5), "a number"),
            (json!(true), "a boolean"),
        ] {
            assert_eq!(ended(wrong), Err(format!("`end_at` is {kind}, not a time")));
        }
    }

    #[test]
    fn data_of_another_shape_is_named_not_guessed() {
        for (data, why) in [
            (json!([]), "a ticket is an array, not an object"),
            (json!({}), "`sn` is missing"),
            (json!({"sn": ""}), "`sn` is empty"),
        ] {
            assert_eq!(Ticket::read(&data), Err(why.into()));
        }
        for (data, why) in [
            (json!({}), "`data` is an object, not a list"),
            (
                json!([{"sn": "S", "title": "", "current_status": "X", "approve_result": "true"}]),
                "`approve_result` is a string, not a boolean",
            ),
        ] {
            assert_eq!(
                ApprovalResult::read_all(&data, &["S".to_owned()]),
                Err(why.into())
            );
        }
        assert_eq!(
            CreatedTicket::read(&json!({"sn": "S", "id": ""})),
            Err("`id` is empty".into())
        );
        assert_eq!(
            read_failed_list(&json!(["A", 1])),
            Err("a row is a number, not a number of a ticket".into())
        );
        assert_eq!(
            read_is_passed(&json!({"is_passed": 1})),
            Err("`is_passed` is a number, not a boolean".into())
        );
    }
}
