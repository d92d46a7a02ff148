//! What is done with a ticket that exists: the parameters of the writes.

use super::failure::Failure;
use super::new_ticket::{Field, FieldValue, check_text, check_user, join_users};
use serde_json::{Map, Value, json};

type Checked<T> = Result<T, Failure>;

/// What operate_ticket can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketOperation {
    /// Its creator takes it back.
    Withdraw,
    /// A handler or a manager ends it.
    Terminate,
    /// A handler or a manager holds it.
    Suspend,
    /// A handler or a manager lets it go on.
    Resume,
}

/// Who gets a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignees {
    /// Users.
    People(Vec<String>),
    /// A group that ITSM resolves.
    Others {
        /// Its kind, in ITSM's word.
        kind: String,
        /// Its id.
        id: String,
    },
}

/// The longest message: the column's length (recorded).
const MAX_MESSAGE_CHARS: usize = 255;
const MAX_COMMENTER_CHARS: usize = 16;

/// The parameters of operate_ticket. The server fails without a message, even where it documents
/// none (recorded).
pub fn operate_ticket(
    sn: &str,
    operation: TicketOperation,
    operator: &str,
    message: &str,
) -> Checked<Map<String, Value>> {
    check_user("operator", operator)?;
    check_text("message", message, MAX_MESSAGE_CHARS)?;
    let action_type = match operation {
        TicketOperation::Withdraw => "WITHDRAW",
        TicketOperation::Terminate => "TERMINATE",
        TicketOperation::Suspend => "SUSPEND",
        TicketOperation::Resume => "UNSUSPEND",
    };
    Ok(members(json!({
        "sn": sn,
        "operator": operator,
        "action_type": action_type,
        "action_message": message,
    })))
}

/// The parameters of approve.
///
/// Only the text "true" approves: a boolean true, and any other text, is answered with success and
/// refuses (recorded).
pub fn approve(
    sn: &str,
    node_id: u64,
    approver: &str,
    approved: bool,
    remark: &str,
) -> Checked<Map<String, Value>> {
    check_user("approver", approver)?;
    if !remark.is_empty() {
        check_text("remark", remark, usize::MAX)?;
    }
    Ok(members(json!({
        "sn": sn,
        "state_id": node_id,
        "approver": approver,
        "action": approved.to_string(),
        "remark": remark,
    })))
}

/// The parameters of operate_node for submitting a node's form.
pub fn transition(
    sn: &str,
    node_id: u64,
    operator: &str,
    fields: &[Field],
) -> Checked<Map<String, Value>> {
    check_user("operator", operator)?;
    if fields.is_empty() {
        return Err(Failure::argument("fields", "must hold at least one field"));
    }
    Ok(members(json!({
        "sn": sn,
        "state_id": node_id,
        "operator": operator,
        "action_type": "TRANSITION",
        "fields": field_list(fields, TextOnly::Yes)?,
    })))
}

/// The parameters of operate_node for claiming a node: its new processor is the operator.
pub fn claim(sn: &str, node_id: u64, operator: &str) -> Checked<Map<String, Value>> {
    let to = Assignees::People(vec![operator.to_owned()]);
    assign("CLAIM", sn, node_id, operator, &to, None)
}

/// The parameters of operate_node for distributing a node to others.
pub fn distribute(
    sn: &str,
    node_id: u64,
    operator: &str,
    to: &Assignees,
) -> Checked<Map<String, Value>> {
    assign("DISTRIBUTE", sn, node_id, operator, to, None)
}

/// The parameters of operate_node for handing a node over to others. The server wants to know why.
pub fn hand_over(
    sn: &str,
    node_id: u64,
    operator: &str,
    to: &Assignees,
    message: &str,
) -> Checked<Map<String, Value>> {
    check_text("message", message, MAX_MESSAGE_CHARS)?;
    assign("DELIVER", sn, node_id, operator, to, Some(message))
}

/// The parameters of comment.
pub fn rate(sn: &str, operator: &str, stars: u8, comments: &str) -> Checked<Map<String, Value>> {
    check_user("operator", operator)?;
    if operator.chars().count() > MAX_COMMENTER_CHARS {
        return Err(Failure::argument(
            "operator",
            "must have at most 16 characters here",
        ));
    }
    if !(1..=5).contains(&stars) {
        return Err(Failure::argument("stars", "must be 1 to 5"));
    }
    if !comments.is_empty() {
        check_text("comments", comments, MAX_MESSAGE_CHARS)?;
    }
    Ok(members(json!({
        "sn": sn,
        "operator": operator,
        "stars": stars,
        "comments": comments,
    })))
}

/// The parameters of add_follower, for following and for no longer following.
pub fn follow(sn: &str, users: &[String], follow: bool) -> Checked<Map<String, Value>> {
    let users = join_users("users", users)?;
    Ok(members(
        json!({"sn": sn, "users": users, "attention": follow}),
    ))
}

/// The parameters of edit_field.
pub fn edit_fields(sn: &str, operator: &str, fields: &[Field]) -> Checked<Map<String, Value>> {
    check_user("operator", operator)?;
    if fields.is_empty() {
        return Err(Failure::argument("fields", "must hold at least one field"));
    }
    Ok(members(json!({
        "sn": sn,
        "operator": operator,
        "fields": field_list(fields, TextOnly::No)?,
    })))
}

fn assign(
    action_type: &str,
    sn: &str,
    node_id: u64,
    operator: &str,
    to: &Assignees,
    message: Option<&str>,
) -> Checked<Map<String, Value>> {
    check_user("operator", operator)?;
    let (kind, processors) = match to {
        Assignees::People(users) => ("PERSON", join_users("to", users)?),
        Assignees::Others { kind, id } => {
            check_text("to.kind", kind, MAX_MESSAGE_CHARS)?;
            check_text("to.id", id, MAX_MESSAGE_CHARS)?;
            (kind.as_str(), id.clone())
        }
    };
    let mut parameters = members(json!({
        "sn": sn,
        "state_id": node_id,
        "operator": operator,
        "action_type": action_type,
        "processors_type": kind,
        "processors": processors,
    }));
    if let Some(message) = message {
        parameters.insert("action_message".to_owned(), message.into());
    }
    Ok(parameters)
}

#[derive(PartialEq)]
enum TextOnly {
    /// operate_node's serializer takes text alone.
    Yes,
    No,
}

fn field_list(fields: &[Field], text_only: TextOnly) -> Checked<Value> {
    let mut list = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let name = format!("fields[{index}]");
        if text_only == TextOnly::Yes && matches!(field.value, FieldValue::Json(_)) {
            return Err(Failure::argument(&name, "must be text or people here"));
        }
        list.push(field.parameter(&name)?);
    }
    Ok(list.into())
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_the_text_true_and_a_refusal_the_text_false() {
        for (approved, action) in [(true, "true"), (false, "false")] {
            let parameters = approve("S", 15, "bob", approved, "why").unwrap();
            assert_eq!(
                Value::Object(parameters),
                json!({"sn": "S", "state_id": 15, "approver": "bob", "action": action, "remark": "why"})
            );
        }
    }

    #[test]
    fn each_operation_on_a_ticket_has_its_word_and_always_a_message() {
        for (operation, word) in [
            (TicketOperation::Withdraw, "WITHDRAW"),
            (TicketOperation::Terminate, "TERMINATE"),
            (TicketOperation::Suspend, "SUSPEND"),
            (TicketOperation::Resume, "UNSUSPEND"),
        ] {
            assert_eq!(
                Value::Object(operate_ticket("S", operation, "bob", "m").unwrap()),
                json!({"sn": "S", "operator": "bob", "action_type": word, "action_message": "m"})
            );
            let blank = operate_ticket("S", operation, "bob", " ").unwrap_err();
            assert_eq!(blank.message, "message must not be blank");
        }
        let long = operate_ticket("S", TicketOperation::Suspend, "bob", &"m".repeat(256));
        assert_eq!(
            long.unwrap_err().message,
            "message must have at most 255 characters"
        );
    }

    #[test]
    fn nodes_are_submitted_with_text_and_handed_over_to_people() {
        let field = |value| Field {
            key: "k".into(),
            value,
            extra_json: None,
        };
        let people =
            |users: &[&str]| Assignees::People(users.iter().map(|&user| user.into()).collect());
        assert_eq!(
            Value::Object(
                transition("S", 15, "bob", &[field(FieldValue::Text("true".into()))]).unwrap()
            ),
            json!({"sn": "S", "state_id": 15, "operator": "bob", "action_type": "TRANSITION",
                   "fields": [{"key": "k", "value": "true"}]})
        );
        let number = transition("S", 15, "bob", &[field(FieldValue::Json("1".into()))]);
        assert_eq!(
            number.unwrap_err().message,
            "fields[0] must be text or people here"
        );
        assert_eq!(
            Value::Object(hand_over("S", 15, "bob", &people(&["x", "y"]), "ill").unwrap()),
            json!({"sn": "S", "state_id": 15, "operator": "bob", "action_type": "DELIVER",
                   "processors_type": "PERSON", "processors": "x,y", "action_message": "ill"})
        );
        let role = Assignees::Others {
            kind: "GENERAL".into(),
            id: "7".into(),
        };
        assert_eq!(
            Value::Object(distribute("S", 15, "bob", &role).unwrap()),
            json!({"sn": "S", "state_id": 15, "operator": "bob", "action_type": "DISTRIBUTE",
                   "processors_type": "GENERAL", "processors": "7"})
        );
        assert_eq!(
            claim("S", 15, "bob").unwrap().get("processors"),
            Some(&json!("bob"))
        );
    }

    #[test]
    fn what_the_server_would_refuse_is_refused_by_name() {
        for (result, name) in [
            (
                approve("S", 1, "", true, ""),
                "approver must not hold a blank user name",
            ),
            (
                transition("S", 1, "bob", &[]),
                "fields must hold at least one field",
            ),
            (
                distribute("S", 1, "bob", &Assignees::People(vec![])),
                "to must name at least one user",
            ),
            (
                hand_over("S", 1, "bob", &Assignees::People(vec!["x".into()]), ""),
                "message must not be blank",
            ),
            (rate("S", "bob", 0, ""), "stars must be 1 to 5"),
            (
                rate("S", &"b".repeat(17), 5, ""),
                "operator must have at most 16 characters here",
            ),
            (follow("S", &[], true), "users must name at least one user"),
        ] {
            assert_eq!(result.unwrap_err().message, name);
        }
    }
}
