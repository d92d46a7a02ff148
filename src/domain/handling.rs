//! What is done with a ticket that exists: the parameters of the writes.

use super::argument::{
    Checked, check_not_blank, check_sn, check_text, check_user, join_users, refuse,
};
use super::history::is_made_by_itsm;
use super::new_ticket::{Field, FieldValue, text_field};
use super::parameters::{Parameters, parameters};
use super::progress::{FilledField, RunningNode};
use super::service::FormField;
use serde_json::Value;

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
) -> Checked<Parameters> {
    check_sn("sn", sn)?;
    check_user("operator", operator)?;
    check_text("message", message, MAX_MESSAGE_CHARS)?;
    let action_type = match operation {
        TicketOperation::Withdraw => "WITHDRAW",
        TicketOperation::Terminate => "TERMINATE",
        TicketOperation::Suspend => "SUSPEND",
        TicketOperation::Resume => "UNSUSPEND",
    };
    Ok(parameters([
        ("sn", sn.into()),
        ("operator", operator.into()),
        ("action_type", action_type.into()),
        ("action_message", message.into()),
    ]))
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
) -> Checked<Parameters> {
    check_sn("sn", sn)?;
    check_user("approver", approver)?;
    if !remark.is_empty() {
        check_not_blank("remark", remark)?;
    }
    Ok(parameters([
        ("sn", sn.into()),
        ("state_id", node_id.into()),
        ("approver", approver.into()),
        ("action", approved.to_string().into()),
        ("remark", remark.into()),
    ]))
}

/// The parameters of operate_node for submitting a node's form.
pub fn transition(sn: &str, node_id: u64, operator: &str, fields: &[Field]) -> Checked<Parameters> {
    check_sn("sn", sn)?;
    check_user("operator", operator)?;
    // operate_node's serializer takes text alone.
    let is_json = |field: &Field| matches!(field.value, FieldValue::Json(_));
    if let Some(index) = fields.iter().position(is_json) {
        return refuse(&nth_field(index), "must be text or people here");
    }
    Ok(parameters([
        ("sn", sn.into()),
        ("state_id", node_id.into()),
        ("operator", operator.into()),
        ("action_type", "TRANSITION".into()),
        ("fields", field_list(fields)?),
    ]))
}

/// The parameters of operate_node for deciding an approval by its form, where a server has no action for it.
///
/// An approval has a field for the decision and one remark for each of its values; ITSM wants all that are
/// required, also the one that the page hides (recorded). What the flow's author added is not known here.
pub fn approve_by_form(
    sn: &str,
    node: &RunningNode,
    approver: &str,
    approved: bool,
    remark: &str,
) -> Checked<Parameters> {
    if !approved && remark.trim().is_empty() {
        return refuse(
            "remark",
            "must not be blank for a refusal over an ESB, whose form wants one",
        );
    }
    let not_so = |why: String| refuse("node-id", &why);
    let mut decisions = node.fields.iter().filter(|field| field.decides);
    let (Some(decision), None) = (decisions.next(), decisions.next()) else {
        return not_so("is no approval that runs: its form has no decision".to_owned());
    };
    let is_remark = |field: &&FormField| field.kind == "TEXT" && is_made_by_itsm(&field.key);
    let own: Vec<_> = node
        .fields
        .iter()
        .filter(|field| field.required && !field.decides && !is_remark(field))
        .map(|field| field.key.as_str())
        .collect();
    if !own.is_empty() {
        return not_so(format!(
            "wants more than a decision and a remark ({}): use `handling.transition` with all of its fields",
            own.join(", ")
        ));
    }
    let mut fields = vec![text_field(&decision.key, &approved.to_string())];
    let (mut for_yes, mut for_no) = (approved.then_some(remark), (!approved).then_some(remark));
    for field in node.fields.iter().filter(is_remark) {
        let given = if field.required { &mut for_no } else { &mut for_yes };
        let value = given.take().unwrap_or_default();
        fields.push(text_field(&field.key, value));
    }
    Ok(parameters([
        ("sn", sn.into()),
        ("state_id", node.node_id.into()),
        ("operator", approver.into()),
        ("action_type", "TRANSITION".into()),
        ("fields", fields.into()),
    ]))
}

/// The parameters of operate_node for claiming a node: its new processor is the operator.
pub fn claim(sn: &str, node_id: u64, operator: &str) -> Checked<Parameters> {
    let to = Assignees::People(vec![operator.to_owned()]);
    assign("CLAIM", sn, node_id, operator, &to, None)
}

/// The parameters of operate_node for distributing a node to others.
pub fn distribute(sn: &str, node_id: u64, operator: &str, to: &Assignees) -> Checked<Parameters> {
    assign("DISTRIBUTE", sn, node_id, operator, to, None)
}

/// The parameters of operate_node for handing a node over to others. The server wants to know why.
pub fn hand_over(
    sn: &str,
    node_id: u64,
    operator: &str,
    to: &Assignees,
    message: &str,
) -> Checked<Parameters> {
    check_sn("sn", sn)?;
    check_text("message", message, MAX_MESSAGE_CHARS)?;
    assign("DELIVER", sn, node_id, operator, to, Some(message))
}

/// The parameters of comment.
pub fn rate(sn: &str, operator: &str, stars: u8, comments: &str) -> Checked<Parameters> {
    check_sn("sn", sn)?;
    check_user("operator", operator)?;
    if operator.chars().count() > MAX_COMMENTER_CHARS {
        return refuse("operator", "must have at most 16 characters here");
    }
    if !(1..=5).contains(&stars) {
        return refuse("stars", "must be 1 to 5");
    }
    if !comments.is_empty() {
        check_text("comments", comments, MAX_MESSAGE_CHARS)?;
    }
    Ok(parameters([
        ("sn", sn.into()),
        ("operator", operator.into()),
        ("stars", stars.into()),
        ("comments", comments.into()),
    ]))
}

/// The parameters of add_follower, for following and for no longer following.
pub fn follow(sn: &str, users: &[String], follow: bool) -> Checked<Parameters> {
    check_sn("sn", sn)?;
    let users = join_users("users", users)?;
    Ok(parameters([("sn", sn.into()), ("users", users.into()), ("attention", follow.into())]))
}

/// The parameters of edit_field, without the fields' types.
pub fn edit_fields(sn: &str, operator: &str, fields: &[Field]) -> Checked<Parameters> {
    check_sn("sn", sn)?;
    check_user("operator", operator)?;
    Ok(parameters([
        ("sn", sn.into()),
        ("operator", operator.into()),
        ("fields", field_list(fields)?),
    ]))
}

/// Adds to edit_field's parameters each field's type, as the ticket's form tells it: the server fails without
/// it, in words that say nothing (recorded).
pub fn add_types(parameters: &mut Parameters, form: &[FilledField]) -> Checked<()> {
    let Some(Value::Array(fields)) = parameters.get_mut("fields") else {
        return Ok(());
    };
    for (index, field) in fields.iter_mut().enumerate() {
        let key = field.get("key").and_then(Value::as_str).unwrap_or_default();
        let Some(known) = form.iter().find(|known| known.key == key) else {
            return refuse(&nth_field(index), "has a key that the ticket's form has not");
        };
        if let Value::Object(field) = field {
            let kind = known.kind.as_str();
            field.entry("type").or_insert_with(|| kind.into());
        }
    }
    Ok(())
}

fn assign(
    action_type: &str,
    sn: &str,
    node_id: u64,
    operator: &str,
    to: &Assignees,
    message: Option<&str>,
) -> Checked<Parameters> {
    check_sn("sn", sn)?;
    check_user("operator", operator)?;
    let (kind, processors) = match to {
        Assignees::People(users) => ("PERSON", join_users("to", users)?),
        Assignees::Others { kind, id } => {
            check_text("to.kind", kind, MAX_MESSAGE_CHARS)?;
            check_text("to.id", id, MAX_MESSAGE_CHARS)?;
            (kind.as_str(), id.clone())
        }
    };
    let mut assigned = parameters([
        ("sn", sn.into()),
        ("state_id", node_id.into()),
        ("operator", operator.into()),
        ("action_type", action_type.into()),
        ("processors_type", kind.into()),
        ("processors", processors.into()),
    ]);
    if let Some(message) = message {
        assigned.insert("action_message".to_owned(), message.into());
    }
    Ok(assigned)
}

fn field_list(fields: &[Field]) -> Checked<Value> {
    if fields.is_empty() {
        return refuse("fields", "must hold at least one field");
    }
    let parameters =
        fields.iter().enumerate().map(|(index, field)| field.parameter(&nth_field(index)));
    Ok(parameters.collect::<Checked<Vec<_>>>()?.into())
}

fn nth_field(index: usize) -> String {
    format!("fields[{index}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
        assert_eq!(long.unwrap_err().message, "message must have at most 255 characters");
    }

    #[test]
    fn nodes_are_submitted_with_text_and_handed_over_to_people() {
        let field = |value| Field { key: "k".into(), value, extra_json: None };
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
        assert_eq!(number.unwrap_err().message, "fields[0] must be text or people here");
        assert_eq!(
            Value::Object(hand_over("S", 15, "bob", &people(&["x", "y"]), "ill").unwrap()),
            json!({"sn": "S", "state_id": 15, "operator": "bob", "action_type": "DELIVER",
                   "processors_type": "PERSON", "processors": "x,y", "action_message": "ill"})
        );
        let role = Assignees::Others { kind: "GENERAL".into(), id: "7".into() };
        assert_eq!(
            Value::Object(distribute("S", 15, "bob", &role).unwrap()),
            json!({"sn": "S", "state_id": 15, "operator": "bob", "action_type": "DISTRIBUTE",
                   "processors_type": "GENERAL", "processors": "7"})
        );
        assert_eq!(claim("S", 15, "bob").unwrap().get("processors"), Some(&json!("bob")));
    }

    #[test]
    fn what_the_server_would_refuse_is_refused_by_name() {
        for (result, name) in [
            (approve("S", 1, "", true, ""), "approver must not hold a blank user name"),
            (transition("S", 1, "bob", &[]), "fields must hold at least one field"),
            (
                distribute("S", 1, "bob", &Assignees::People(vec![])),
                "to must name at least one user",
            ),
            (
                hand_over("S", 1, "bob", &Assignees::People(vec!["x".into()]), ""),
                "message must not be blank",
            ),
            (rate("S", "bob", 0, ""), "stars must be 1 to 5"),
            (rate("S", &"b".repeat(17), 5, ""), "operator must have at most 16 characters here"),
            (follow("S", &[], true), "users must name at least one user"),
        ] {
            assert_eq!(result.unwrap_err().message, name);
        }
    }

    /// The form of a running approval, as recorded, with more fields of the author's.
    fn approval(own: &[(&str, bool)]) -> RunningNode {
        let field = |key: &str, kind: &str, required: bool, decides: bool| FormField {
            key: key.into(),
            name: String::new(),
            kind: kind.into(),
            required,
            choices: vec![],
            decides,
        };
        let made = |first: char| format!("{first}{}", "0".repeat(31));
        let mut fields: Vec<_> =
            own.iter().map(|&(key, required)| field(key, "STRING", required, false)).collect();
        fields.extend([
            field(&made('Z'), "RADIO", true, true),
            field(&made('d'), "TEXT", false, false),
            field(&made('c'), "TEXT", true, false),
        ]);
        RunningNode {
            node_id: 15,
            name: "内置审批节点".into(),
            status: "RUNNING".into(),
            processors: vec!["bob".into()],
            allowed_actions: vec![],
            fields,
        }
    }

    #[test]
    fn an_approvals_form_gets_the_decision_and_the_remark_where_each_belongs() {
        let keys = ["Z", "d", "c"].map(|first| format!("{first}{}", "0".repeat(31)));
        for (approved, remark, values) in [
            (true, "fine", ["true", "fine", ""]),
            (true, "", ["true", "", ""]),
            (false, "too dear", ["false", "", "too dear"]),
        ] {
            let node = approval(&[("SHUOMING", false)]);
            let parameters = approve_by_form("S", &node, "bob", approved, remark).unwrap();
            let fields: Vec<_> = keys
                .iter()
                .zip(values)
                .map(|(key, value)| json!({"key": key, "value": value}))
                .collect();
            assert_eq!(
                Value::Object(parameters),
                json!({"sn": "S", "state_id": 15, "operator": "bob", "action_type": "TRANSITION", "fields": fields})
            );
        }
    }

    #[test]
    fn what_an_approvals_form_does_not_settle_is_refused() {
        let no_approval = RunningNode { fields: vec![], ..approval(&[]) };
        for (node, approved, remark, why) in [
            (no_approval, true, "", "node-id is no approval that runs: its form has no decision"),
            (
                approval(&[("JIAGE", true), ("SHUOMING", false)]),
                true,
                "",
                "node-id wants more than a decision and a remark (JIAGE): use `handling.transition` with all of its fields",
            ),
            (
                approval(&[]),
                false,
                " ",
                "remark must not be blank for a refusal over an ESB, whose form wants one",
            ),
        ] {
            let refused = approve_by_form("S", &node, "bob", approved, remark).unwrap_err();
            assert_eq!((refused.message.as_str(), refused.may_have_acted), (why, false));
        }
    }

    #[test]
    fn edited_fields_get_the_types_of_the_form() {
        let known = |key: &str, kind: &str| FilledField {
            key: key.into(),
            name: String::new(),
            kind: kind.into(),
            value_json: String::new(),
            display: String::new(),
        };
        let form = [known("title", "STRING"), known("who", "MEMBERS"), known("title", "TEXT")];
        let field = |key: &str, extra: Option<&str>| Field {
            key: key.into(),
            value: FieldValue::Text("v".into()),
            extra_json: extra.map(str::to_owned),
        };
        let fields = [field("who", None), field("title", Some(r#"{"type":"OWN"}"#))];
        let mut parameters = edit_fields("S", "bob", &fields).unwrap();
        add_types(&mut parameters, &form).unwrap();
        assert_eq!(
            parameters.get("fields"),
            Some(&json!([
                {"key": "who", "value": "v", "type": "MEMBERS"},
                {"key": "title", "value": "v", "type": "OWN"},
            ]))
        );
        let mut unknown =
            edit_fields("S", "bob", &[field("title", None), field("x", None)]).unwrap();
        assert_eq!(
            add_types(&mut unknown, &form).unwrap_err().message,
            "fields[1] has a key that the ticket's form has not"
        );
    }
}
