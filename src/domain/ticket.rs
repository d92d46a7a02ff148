//! What ITSM says of tickets.

use super::json::{Json, Mismatch, Object};
use super::text;

/// A ticket that has just been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTicket {
    /// Its number.
    pub sn: String,
    /// Its id in ITSM's database. Empty when the server does not tell.
    pub id: String,
    /// Its page. Empty when the server does not tell.
    pub ticket_url: String,
}

/// A row of get_tickets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

const ANOTHER: Mismatch = Mismatch::words("about another ticket than asked for");

impl CreatedTicket {
    /// The data of create_ticket's answer.
    ///
    /// The number is all that counts: a ticket must not be lost for want of the rest.
    pub fn decode(data: Json) -> Result<Self, Mismatch> {
        let row = data.object("`data`")?;
        Ok(Self {
            sn: sn(&row)?,
            id: row.text_or_nothing("id").unwrap_or_default(),
            ticket_url: row.text_or_nothing("ticket_url").unwrap_or_default(),
        })
    }
}

impl Ticket {
    /// One row, or the data of get_ticket_info's answer.
    pub fn decode(row: Json) -> Result<Self, Mismatch> {
        let row = row.object("a ticket")?;
        Ok(Self {
            sn: sn(&row)?,
            id: id(&row)?,
            title: row.text("title")?,
            creator: row.text_or_nothing("creator")?,
            service: row.text_or_nothing("service_id")?,
            status: row.text("current_status")?,
            created_at: row.text("create_at")?,
            // Not optional: a server that does not tell would make each ticket look open.
            ended_at: match row.get("end_at")? {
                nothing if nothing.is_null() => None,
                at => match at.string() {
                    Some(at) => text::is_time(&at).then(|| at.into_owned()),
                    None => return Err(Mismatch::kind("end_at", at, "a time")),
                },
            },
            updated_by: row.users("updated_by")?,
            updated_at: row.text_or_nothing("update_at")?,
            ticket_url: row.text_or_nothing("ticket_url")?,
        })
    }
}

impl Ticket {
    /// The ticket, if it is the one that was asked for.
    pub fn named(self, sn: &str) -> Result<Self, Mismatch> {
        same_sn(&self.sn, sn).map(|()| self)
    }
}

impl ApprovalResult {
    /// The data of ticket_approval_result's answer for the tickets `sns`.
    pub fn decode_all(data: Json, sns: &[String]) -> Result<Vec<Self>, Mismatch> {
        data.rows("`data`", |row| {
            let row = row.object("a result")?;
            let sn = sn(&row)?;
            if !sns.iter().any(|asked| is_same_sn(&sn, asked)) {
                return Err(ANOTHER);
            }
            Ok(Self {
                sn,
                title: row.text("title")?,
                status: row.text("current_status")?,
                approve_result: row.boolean("approve_result")?,
                ticket_url: row.text_or_nothing("ticket_url")?,
                updated_by: row.users("updated_by")?,
                updated_at: row.text_or_nothing("update_at")?,
            })
        })
    }
}

/// Which of `among` are in callback_failed_ticket's answer. That is everybody's list and can be long, so
/// nothing else of it is kept.
pub fn decode_failed_list(data: Json, among: &[String]) -> Result<Vec<String>, Mismatch> {
    let mut failed = vec![false; among.len()];
    data.each_row("`data`", |row| {
        let Some(sn) = row.string() else {
            return Err(Mismatch::of("a row", "is no number of a ticket"));
        };
        for (asked, failed) in among.iter().zip(&mut failed) {
            *failed |= *asked == sn;
        }
        Ok(())
    })?;
    let listed = among.iter().zip(failed);
    Ok(listed.filter(|(_, failed)| *failed).map(|(sn, _)| sn.clone()).collect())
}

/// The data of token/verify's answer.
pub fn decode_is_passed(data: Json) -> Result<bool, Mismatch> {
    data.object("`data`")?.boolean("is_passed")
}

/// Whether two numbers are one ticket's. ITSM compares them without case. They are compared from their ends: there the
/// numbers of a day differ.
pub fn is_same_sn(one: &str, other: &str) -> bool {
    let mut both = one.bytes().rev().zip(other.bytes().rev());
    one.len() == other.len() && both.all(|(one, other)| one.eq_ignore_ascii_case(&other))
}

/// Whether an answer is about the ticket that was asked for.
pub(super) fn same_sn(answered: &str, asked: &str) -> Result<(), Mismatch> {
    if is_same_sn(answered, asked) { Ok(()) } else { Err(ANOTHER) }
}

/// A number or text: opaque, and never empty.
fn id(row: &Object) -> Result<String, Mismatch> {
    let id = row.text("id")?;
    if id.is_empty() {
        return Err(Mismatch::member("id", "is empty"));
    }
    Ok(id)
}

fn sn(row: &Object) -> Result<String, Mismatch> {
    let sn = row.text("sn")?;
    if sn.is_empty() {
        return Err(Mismatch::member("sn", "is empty"));
    }
    Ok(sn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of<T>(data: Value, read: impl Fn(Json) -> Result<T, Mismatch>) -> Result<T, String> {
        Ok(read(Json::parse(data.to_string().as_bytes())?)?)
    }

    #[test]
    fn a_ticket_that_a_trigger_finished_is_known_by_its_missing_end() {
        let row = |end_at: Value| {
            json!({
                "id": 111, "sn": "REQ20261124000114", "title": "x", "service_id": 2,
                "current_status": "FINISHED", "updated_by": "carol", "update_at": "2026-11-24 07:51:11",
                "end_at": end_at, "creator": "carol", "create_at": "2026-11-24 07:51:08", "ticket_url": "u",
            })
        };
        let ended = |end_at| of(row(end_at), Ticket::decode).map(|ticket| ticket.ended_at);
        assert_eq!(ended(Value::Null), Ok(None));
        assert_eq!(ended(json!("2026-11-24 07:51:11")), Ok(Some("2026-11-24 07:51:11".into())));
        for no_time in ["", " ", "x", "None", "2026-11-24", "0"] {
            assert_eq!(ended(json!(no_time)), Ok(None), "{no_time}");
        }
        for (wrong, kind) in
            [(json!(0), "a number"), (json!(1.5), "a number"), (json!(true), "a boolean")]
        {
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
            assert_eq!(of(data, Ticket::decode), Err(why.into()));
        }
        for (data, why) in [
            (json!({}), "`data` is an object, not a list"),
            (
                json!([{"sn": "S", "title": "", "current_status": "X", "approve_result": "true"}]),
                "`approve_result` is a string, not a boolean",
            ),
        ] {
            let sns = ["S".to_owned()];
            let read = of(data, |data| ApprovalResult::decode_all(data, &sns));
            assert_eq!(read, Err(why.into()));
        }
        assert_eq!(
            of(json!(["A", 1]), |data| decode_failed_list(data, &[])),
            Err("a row is no number of a ticket".into())
        );
        assert_eq!(
            of(json!({"is_passed": 1}), decode_is_passed),
            Err("`is_passed` is a number, not a boolean".into())
        );
    }

    #[test]
    fn a_ticket_that_was_made_is_kept_by_its_number_whatever_else_the_answer_lacks() {
        for (data, id, url) in [
            (json!({"sn": "REQ1", "id": 7, "ticket_url": "u"}), "7", "u"),
            (json!({"sn": "REQ1", "id": "7"}), "7", ""),
            (json!({"sn": "REQ1"}), "", ""),
            (json!({"sn": "REQ1", "id": null, "ticket_url": null}), "", ""),
            (json!({"sn": "REQ1", "id": [], "ticket_url": 1.5}), "", "1.5"),
        ] {
            let created = of(data, CreatedTicket::decode).unwrap();
            assert_eq!(
                (created.sn.as_str(), created.id.as_str(), created.ticket_url.as_str()),
                ("REQ1", id, url)
            );
        }
        for no_number in [json!({}), json!({"sn": ""}), json!({"sn": null}), json!([])] {
            assert!(of(no_number, CreatedTicket::decode).is_err());
        }
    }

    #[test]
    fn the_failed_list_is_read_for_the_numbers_that_are_asked_for() {
        let among = ["A", "B", "C"].map(str::to_owned);
        let listed = of(json!(["x", "C", "A", "A"]), |data| decode_failed_list(data, &among));
        assert_eq!(listed, Ok(vec!["A".to_owned(), "C".to_owned()]));
    }
}
